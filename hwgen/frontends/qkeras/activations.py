# SPDX-License-Identifier: Apache-2.0
"""Activations: a quantizer turns exact codes and waiting steps into codes on its own grid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.exact.staircase import changes, tabulate
from hwgen.frontends.exact.steps import Normalise, Rectify, Value, exponent, f32
from hwgen.frontends.keras.topology import Layer
from hwgen.frontends.qkeras.quantizers import Quantizer, parse_quantizer
from hwgen.frontends.qkeras.weights import FLOAT32_EXACT
from hwgen.ir.tensor import TensorType
from hwgen.ops.merge import Add
from hwgen.ops.requantize import Requantize

if TYPE_CHECKING:
    from hwgen.frontends.qkeras.convert import Converter

_STEPS = {"relu": Rectify(), "relu6": Rectify(ceiling=6.0)}
_FINAL = ("softmax", "sigmoid")
_NO_INTEGER_FORM = {
    "tanh": "quantized_tanh (hard)",
    "hard_sigmoid": "quantized_sigmoid (hard)",
    "log_softmax": "a final softmax, which is dropped",
    "elu": "quantized_relu with a negative slope",
    "selu": "quantized_relu with a negative slope",
    "leaky_relu": "quantized_relu with a negative slope, or a LeakyReLU layer",
    "gelu": "quantized_relu",
    "mish": "quantized_relu",
    "silu": "quantized_relu",
    "swish": "quantized_relu",
    "softplus": "quantized_relu",
    "softsign": "quantized_tanh (hard)",
    "exponential": "quantized_relu",
}


def activate(c: Converter, value: Value, spec: Any, layer: Layer, name: str = "") -> Value:
    """Apply what a config calls an activation: none, a plain function, or a quantizer.

    Args:
        c: the conversion.
        value: the input.
        spec: as stored.
        layer: the layer.
        name: of the node; by default the layer's with ``_act``.
    """
    made = read_activation(spec, layer)
    if made is None:
        return value
    name = name or f"{layer.name}_act"
    if isinstance(made, Rectify):
        return value.after(Rectify(made.slope, made.ceiling, name))
    return (
        final(c, value, made, layer)
        if isinstance(made, str)
        else quantize(c, value, made, layer, name)
    )


def read_activation(spec: Any, layer: Layer) -> Quantizer | Rectify | str | None:
    """Return the quantizer, the step, or the name of a function that may only be the last.

    Raises:
        UnsupportedLayer, UnsupportedQuantizer: it has no exact integer form.
    """
    if isinstance(spec, Mapping) and spec.get("class_name") == "function":  # Keras 3
        spec = spec.get("config")
    if spec is None or spec == "linear":
        return None
    if isinstance(spec, str) and spec in _STEPS:
        return _STEPS[spec]
    if isinstance(spec, str) and spec in _FINAL:
        return spec
    if isinstance(spec, str) and spec in _NO_INTEGER_FORM:
        raise UnsupportedLayer(
            f"activation {spec!r} has no exact integer form",
            layer.where,
            f"use {_NO_INTEGER_FORM[spec]}",
        )
    q = parse_quantizer(spec, layer.where)
    q.check_activation(layer.where)
    return q


def final(c: Converter, value: Value, kind: str, layer: Layer) -> Value:
    """Drop a softmax or sigmoid at the very end; refuse it anywhere else."""
    outputs = {tensor for _, tensor in c.network.outputs}
    ours = [call.output for call in c.network.calls if call.layer.key == layer.key]
    if any(t not in outputs or t in c.readers for t in ours):
        raise UnsupportedLayer(
            f"{kind} inside the network has no exact integer form",
            layer.where,
            "only a final one can be dropped; use quantized_sigmoid (hard)",
        )
    c.note(f"{layer.name}: the final {kind} is dropped; the outputs are the logits in front of it")
    c.dropped.update(ours)
    return value


def quantize(c: Converter, value: Value, q: Quantizer, layer: Layer, name: str) -> Value:
    """Apply an activation quantizer to exact codes with waiting steps."""
    kind = value.type
    _note_float32(c, value, q, layer)
    done = Value(value.node, kind)
    op = _requantize(value, q)
    if op is None:
        done = _tabulated(c, value, q, layer, name)
    elif not _is_identity(op, kind):
        done = c.emit(name, op, [done], layer, str(q))
    return c.scaled(done, exponent(q.alpha) or 0, layer)


def _requantize(value: Value, q: Quantizer) -> Requantize | None:
    """Return the quantizer as a shift with rounding, where that is all it is."""
    kind = value.type
    shift = kind.frac - q.frac
    if not q.affine_for(kind.frac) and q.neg_shift is None:
        return None
    if q.neg_shift is not None:
        return None if value.steps else Requantize(shift, 0, q.hi, shift + q.neg_shift, q.neg_lo)
    lo, hi = q.lo, q.hi
    for step in value.steps:
        if not isinstance(step, Rectify) or step.slope:
            return None
        lo = max(lo, 0)  # rounding and clipping rise, so they may change places with a ReLU
        if math.isfinite(step.ceiling):
            hi = min(hi, int(q.code(f32([step.ceiling]))[0]))
    return Requantize(shift, lo, hi)


def _is_identity(op: Requantize, kind: TensorType) -> bool:
    inside = op.lo <= int(kind.lo.min()) and int(kind.hi.max()) <= op.hi
    return op.shift == 0 and op.neg_shift is None and inside


def _tabulated(c: Converter, value: Value, q: Quantizer, layer: Layer, name: str) -> Value:
    table = tabulate(value, q.code, q.frac, layer.where)
    if any(isinstance(step, Normalise) for step in value.steps):
        moved, edges = changes(value, q.code, layer.where)
        if moved:
            c.note(
                f"{layer.name}: {moved} of {edges} thresholds lie so close to an accumulator value "
                "that the last bit of TensorFlow's float32 batch normalisation decides them; that "
                "bit differs from machine to machine, so single codes may differ from Keras by one"
            )
    source = done = Value(value.node, value.type)
    for i, op in enumerate(table.stages):
        last = i == len(table.stages) - 1
        done = c.emit(name if last else f"{name}_scaled", op, [done], layer, str(q))
        if i == 0 and table.correction is not None:
            fix = c.emit(
                f"{name}_fix", table.correction, [source], layer, "float32 rounding of Keras"
            )
            done = c.emit(f"{name}_fixed", Add((1, 1)), [done, fix], layer)
    return done


def _note_float32(c: Converter, value: Value, q: Quantizer, layer: Layer) -> None:
    kind = value.type
    if kind.peak >= FLOAT32_EXACT:
        c.note(
            f"{layer.name}: accumulators reach {kind.peak.bit_length()} bits; beyond 24 Keras' own "
            "float32 sums round, hwgen stays exact"
        )
    ends = [value.evaluate(bound.astype(np.float64)) for bound in (kind.lo, kind.hi)]
    if float(np.abs(ends).max()) >= q.limit:
        c.note(
            f"{layer.name}: inputs may exceed {q.limit:g}, where Keras' straight-through sum "
            f"leaves the grid of {q}; hwgen saturates"
        )
