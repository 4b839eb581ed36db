# SPDX-License-Identifier: Apache-2.0
"""Input scalers: a normalisation, scale or mean right behind a network input, outside the core.

Float arithmetic on the raw input has no integer form, and drivers of a core can do it as well. So
it becomes the scaler of that input, unless its own quantizer follows and the format of the raw
input is given, or the user names a format for the layer (``--format bn0=s16.9``): then it stays in.
A mean over n becomes a scale of ``2**k / n`` in front of a sum in the core.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.frontends.exact.steps import Affine, Divide, Normalise, Value
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Call
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.ir.graph import InputScaler

SCALES = ("BatchNormalization", "SyncBatchNormalization", "Rescaling", "Normalization")
MEANS = (
    "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
)  # fmt: skip
_FLAT = ("Flatten", "Reshape")  # elements stay in their order


def find_outside(c: Conversion) -> None:
    """Note which tensors are behind layers that become the scaler of an input.

    Several may follow each other; behind a mean the core begins.
    """
    outputs = c.network.leaving
    for name, tensor in c.network.inputs:
        given = name in c.options.input_formats or "" in c.options.input_formats
        call = _only_reader(c, tensor)
        while call is not None and call.layer.cls in (*SCALES, *MEANS):
            named = {call.layer.name, call.layer.key} & set(c.options.formats)
            if named or call.output in outputs or (given and _quantized_next(c, call.output)):
                break
            c.outside.add(call.output)
            call = _only_reader(c, call.output) if call.layer.cls in SCALES else None


def outside_of(c: Conversion, tensor: str) -> list[Call]:
    """Return the calls behind an input that its scaler computes, in order."""
    found = []
    call = _only_reader(c, tensor)
    while call is not None and call.output in c.outside:
        found.append(call)
        call = _only_reader(c, call.output)
    return found


def _only_reader(c: Conversion, tensor: str) -> Call | None:
    """Return the call that alone reads a tensor, behind what keeps its elements at inference."""
    calls = c.readers.get(tensor, [])
    if len(calls) != 1 or len(calls[0].inputs) != 1 or tensor in c.network.leaving:
        return None
    known = CLASSES.get(calls[0].layer.cls)
    noise = known is not None and known.transparent and known.trains
    if noise or calls[0].layer.cls in _FLAT:
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
    source = next(
        (node for node in c.nodes if not node.inputs and _feeds(c, node.name, value)), None
    )
    lines = [s for s in value.steps if isinstance(s, Affine | Normalise | Divide)]
    plain = len(lines) == len(value.steps)
    mean = call.layer.cls in MEANS
    if source is None or not value.steps or not plain or (mean and _uneven(value)):
        c.outside.discard(call.output)
        return value
    done = Value(value.node, value.type)
    scale, offset = np.ones(()), np.zeros(())
    if mean:
        (count,) = [float(step.count) for step in lines if isinstance(step, Divide)]
        power = math.floor(math.log2(count))
        scale = np.array(2.0**power / count)
        done = c.scaled(done, -power, call.layer.at)
        cost = "the sum stays in the core"
    else:
        for step in lines:
            mul, add = step.line()
            scale, offset = scale * mul, offset * mul + add
        cost = "inside it would be a constant multiplication and a rounding a value"
    layer, size = call.layer.name, source.type.size
    figures = (_figures(part, value.type.shape, source.type.shape) for part in (scale, offset))
    c.input_scalers.append(InputScaler(source.name, layer, *figures))
    c.note(
        f"{layer}: computed outside the core, as the scaler of input {source.name} ({size} "
        f"multiplications and additions a sample, by drivers and predict; {cost}); to have it "
        f"inside, give --format {layer}=s16.9 and the --input-format of the raw input"
    )
    return done


def _uneven(value: Value) -> bool:
    """Tell whether a mean is over another number of values at the edges."""
    return any(isinstance(step, Divide) and step.count.size != 1 for step in value.steps)


def _feeds(c: Conversion, name: str, value: Value) -> bool:
    """Tell whether a node is the input that a value comes from, by single steps."""
    at = value.node
    table = {node.name: node for node in c.nodes}
    while at in table and len(table[at].inputs) == 1:
        (at,) = table[at].inputs
    return at == name


def _figures(
    values: npt.NDArray[Any], shape: tuple[int, ...], source: tuple[int, ...]
) -> tuple[float, ...]:
    """Return one figure, or one a channel of the input, or one an element, whichever suffices.

    Args:
        values: that broadcast to *shape*.
        shape: of the tensor that is scaled: the input's elements in order.
        source: of the input.
    """
    flat = np.unique(values)
    if flat.size == 1:
        return (float(flat[0]),)
    rows = np.broadcast_to(values, shape).reshape(-1, source[-1])
    same = bool(np.all(rows == rows[0]))
    return tuple(float(v) for v in (rows[0] if same else rows.reshape(-1)))
