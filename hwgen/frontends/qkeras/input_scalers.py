# SPDX-License-Identifier: Apache-2.0
"""Input scalers: a normalisation, scale or mean right behind a network input, outside the core.

Float arithmetic on the raw input has no integer form, and drivers of a core can do it as well. So
it becomes the scaler of that input, unless its own quantizer follows and the format of the raw
input is given, or the user names a format for the layer (``--format bn0=s16.9``): then it stays in.
A mean over n becomes a scale of ``2**k / n`` in front of a sum in the core.
"""

from __future__ import annotations

import math

import numpy as np

from hwgen.frontends.exact.steps import Affine, Divide, Normalise, Value
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Call
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.ir.graph import InputScaler

SCALES = ("BatchNormalization", "SyncBatchNormalization", "Rescaling")
MEANS = (
    "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
)  # fmt: skip


def find_outside(c: Conversion) -> None:
    """Note which tensors are behind a layer that becomes the scaler of an input."""
    outputs = c.network.leaving
    for name, tensor in c.network.inputs:
        call = _only_reader(c, tensor)
        if call is None or call.layer.cls not in (*SCALES, *MEANS) or call.output in outputs:
            continue
        if call.layer.name in c.options.formats or call.layer.key in c.options.formats:
            continue
        given = name in c.options.input_formats or "" in c.options.input_formats
        if given and _quantized_next(c, call.output):
            continue
        c.outside.add(call.output)


def _only_reader(c: Conversion, tensor: str) -> Call | None:
    """Return the call that alone reads a tensor, behind what does nothing at inference."""
    calls = c.readers.get(tensor, [])
    if len(calls) != 1 or len(calls[0].inputs) != 1:
        return None
    known = CLASSES.get(calls[0].layer.cls)
    if known is not None and known.transparent and known.trains:  # noise
        return _only_reader(c, calls[0].output)
    return calls[0]


def _quantized_next(c: Conversion, tensor: str) -> bool:
    found = []
    for call in c.readers.get(tensor, ()):
        known = CLASSES.get(call.layer.cls)
        follows = known is not None and known.transparent
        found.append(
            _quantized_next(c, call.output) if follows else call.layer.cls == "QActivation"
        )
    return bool(found) and all(found)


def put_outside(c: Conversion, call: Call, value: Value) -> Value:
    """Return what a layer behind an input leaves to the core; the rest becomes the scaler."""
    if call.output not in c.outside:
        return value
    step = value.steps[-1] if value.steps else None
    source = next(
        (node for node in c.nodes if not node.inputs and _feeds(c, node.name, value)), None
    )
    if source is None or not isinstance(step, Affine | Normalise | Divide):
        c.outside.discard(call.output)
        return value
    done = Value(value.node, value.type, value.steps[:-1])
    if isinstance(step, Divide):
        if step.count.size != 1:
            c.outside.discard(call.output)
            return value
        count = float(step.count)
        power = math.floor(math.log2(count))
        scale, offset = np.array(2.0**power / count), np.zeros(())
        done = c.scaled(done, -power, call.layer.at)
        cost = "the sum stays in the core"
    else:
        scale, offset = step.line()
        cost = "inside it would be a constant multiplication and a rounding a value"
    layer, size = call.layer.name, source.type.size
    c.input_scalers.append(InputScaler(source.name, layer, _figures(scale), _figures(offset)))
    c.note(
        f"{layer}: computed outside the core, as the scaler of input {source.name} ({size} "
        f"multiplications and additions a sample, by drivers and predict; {cost}); to have it "
        f"inside, give --format {layer}=s16.9 and the --input-format of the raw input"
    )
    return done


def _feeds(c: Conversion, name: str, value: Value) -> bool:
    """Tell whether a node is the input that a value comes from, by single steps."""
    at = value.node
    table = {node.name: node for node in c.nodes}
    while at in table and len(table[at].inputs) == 1:
        (at,) = table[at].inputs
    return at == name


def _figures(values: np.ndarray) -> tuple[float, ...]:  # type: ignore[type-arg]
    flat = np.unique(values)
    if flat.size == 1:
        return (float(flat[0]),)
    return tuple(float(v) for v in np.asarray(values).reshape(-1))
