# SPDX-License-Identifier: Apache-2.0
"""Check of layers that compute in another float format than float32: exact, or refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.exact.steps import Value
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.precision import FLOAT32, FloatFormat
from hwgen.frontends.qkeras.activations import read_activation
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers_base import Quantizer
from hwgen.frontends.qkeras.stated import formats_of

_HINT = "save the model with dtype float32, or use so few bits that every sum is exact"


def other_formats(layer: Layer) -> list[FloatFormat]:
    """Return the float formats besides float32 in which a layer and its wrappers compute."""
    return [form for form in formats_of(layer) if form != FLOAT32]


def settle_inputs(c: Conversion, layer: Layer, ins: Sequence[Value]) -> list[Value]:
    """Return what a layer reads; where it does not compute in float32, nothing waits.

    Raises:
        UnsupportedLayer: what it reads is on no integer grid.
    """
    formats = other_formats(layer)
    if not formats:
        return list(ins)
    try:
        return [c.exact(value, layer.at) for value in ins]
    except ModelError as error:
        names = " and ".join(f.name for f in formats)
        raise UnsupportedLayer(
            f"it computes in {names}, and what it is given is on no integer grid",
            layer.where,
            "save the model with dtype float32, or put a QActivation in front of this layer",
        ) from error


def check_precision(
    c: Conversion, layer: Layer, ins: Sequence[Value], first: int, out: Value
) -> Value:
    """Return a layer's output; where it is not float32, proven to be exact, nothing waiting.

    Args:
        c: the conversion.
        layer: the layer, converted already.
        ins: what it read, see `settle_inputs`.
        first: number of the first node that it emitted.
        out: its output.

    Raises:
        UnsupportedLayer: the layer's own float format would round.
    """
    formats = other_formats(layer)
    if not formats:
        return out
    names = " and ".join(f.name for f in formats)
    if _quantizes(layer):
        raise UnsupportedLayer(
            f"it quantizes in {names}, where other numbers are rounded than in float32",
            layer.where,
            "save the model with dtype float32",
        )
    try:
        done = c.exact(out, layer.at)
    except ModelError as error:
        raise UnsupportedLayer(
            f"it computes in {names}, and its output is on no integer grid", layer.where, _HINT
        ) from error
    for form in formats:
        if not _exact(c, form, ins, first, done):
            raise UnsupportedLayer(
                f"it computes in {form.name}, whose {form.bits} bits do not hold every value",
                layer.where,
                _HINT,
            )
    return done


def _exact(c: Conversion, form: FloatFormat, ins: Sequence[Value], first: int, out: Value) -> bool:
    """Tell whether a format holds the inputs, the weights and every partial sum of a layer."""
    types = {node.name: node.type for node in c.nodes}
    for node in c.nodes[first:]:
        if any(name not in types for name in node.inputs):
            return True  # behind a stand-in for what was refused
        reads = [types[name] for name in node.inputs]
        weights = getattr(node.op, "weight", None)
        peak = 0 if weights is None else int(np.abs(weights).max(initial=0))
        frac = node.type.frac - (reads[0].frac if weights is not None else 0)
        bound = node.op.bound(reads, node.type)
        if not form.holds(peak, frac) or not form.holds(bound, node.type.frac):
            return False
    return all(form.fits(v.type) for v in (*ins, out))


def _quantizes(layer: Layer) -> bool:
    if any(key.endswith("_quantizer") and value for key, value in layer.config.items()):
        return True
    if layer.cls == "InputLayer":
        return False
    try:
        return isinstance(read_activation(layer.config.get("activation"), layer), Quantizer)
    except ModelError:
        return False  # told already
