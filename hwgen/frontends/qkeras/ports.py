# SPDX-License-Identifier: Apache-2.0
"""Ports of a network: number formats of its inputs, scales of its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from hwgen.errors import ConfigError, ModelError, UnsupportedLayer, count_of
from hwgen.frontends.exact.steps import Curve, Leak, Rectify, Value
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.input_scalers import SCALES
from hwgen.frontends.qkeras.quantizers import Quantizer, parse_quantizer
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Output
from hwgen.ir.tensor import int_array
from hwgen.ops.input_ import Input

_GIVE = (
    "give the format: --input-format s8.4 (signed, 8 bits in all, 4 of them fraction bits); or put "
    "a QActivation(quantized_bits(...)) behind the input"
)


def check_options(c: Conversion) -> None:
    """Refuse input formats and masks for inputs and layers that do not exist.

    Raises:
        ConfigError: as said.
    """
    names = [name for name, _ in c.network.inputs]
    for name in c.options.input_formats:
        if name and name not in names:
            raise ConfigError(
                f"the model has no input {name!r}",
                "--input-format",
                f"its inputs are {', '.join(names)}",
            )
    layers = {n for call in c.network.calls for n in (call.layer.name, call.layer.key)}
    for name in c.options.masks:
        if name not in layers and name.rpartition("/")[0] not in layers:
            raise ConfigError(
                f"the model has no layer {name!r}",
                "--masks",
                "name every array after its layer, or layer/variable",
            )


def network_input(c: Conversion, layer: Layer, ins: list[Value], tensor: str) -> Value:
    """Make a network input: its format is given, or that of the quantizer behind it."""
    shape = layer.config.get("batch_input_shape") or layer.config.get("batch_shape")
    if not shape or len(shape) < 2 or any(not isinstance(n, int) or n < 1 for n in shape[1:]):
        one = shape and len(shape) == 1
        raise UnsupportedLayer(
            f"input shape {shape} is not fixed"
            + (": a sample is one number without an axis" if one else ""),
            layer.where,
            "hardware needs fixed sizes: give every dimension but the batch a number"
            + (", and one at least: Input((1,))" if one else ""),
        )
    formats = c.options.input_formats
    fixed = formats.get(layer.name, formats.get(""))
    if fixed is not None:
        lo, hi = fixed.lo, fixed.hi
    else:
        try:
            q = _input_quantizer(c, layer, tensor)
        except ModelError as error:
            c.problem(error)
            return c.stand_in(tuple(shape[1:]))
        fixed, lo, hi = Fixed.covering(q.lo, q.hi, q.frac), q.lo, q.hi
    op = Input(tuple(int(n) for n in shape[1:]), fixed, int_array(lo), int_array(hi))
    value = c.emit(layer.name, op, [], layer.at)
    c.note_rounding(value, layer.at)
    return value


def model_input(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Pass a nested model's input on; Keras would bend another shape to the stated one."""
    (value,) = ins
    stated = layer.config.get("batch_input_shape") or layer.config.get("batch_shape")
    shape = tuple(stated)[1:] if stated else value.type.shape
    if len(shape) != len(value.type.shape) or any(
        n is not None and n != size for n, size in zip(shape, value.type.shape, strict=True)
    ):
        raise UnsupportedLayer(
            f"the nested model expects the shape {shape} and is given {value.type.shape}",
            layer.where,
            "reshape the tensor in front of the nested model (Reshape, Flatten)",
        )
    return value


def _input_quantizer(c: Conversion, layer: Layer, tensor: str) -> Quantizer:
    """Return the quantizer that every reader of an input applies first: one integer grid."""
    found = first_quantizers(c, tensor)
    if not found or None in found:
        raise ModelError(
            "the network input has no quantizer, so its number format is unknown",
            layer.where,
            _GIVE,
        )
    kinds = {str(q): q for q in found if q is not None}
    if len(kinds) > 1:
        raise ModelError(
            f"the network input is quantized in different ways: {', '.join(sorted(kinds))}",
            layer.where,
            _GIVE,
        )
    ((text, q),) = kinds.items()
    if not q.affine or q.neg_shift is not None or q.alpha != 1.0:
        raise ModelError(
            f"the first quantizer, {text}, does more than round to a grid, so the number format of "
            "the network input is unknown",
            layer.where,
            _GIVE,
        )
    return q


def first_quantizers(c: Conversion, tensor: str) -> list[Quantizer | None]:
    """Return what first quantizes a tensor, one a reader; None where that does something else."""
    found: list[Quantizer | None] = []
    for call in c.readers.get(tensor) or c.all_readers.get(tensor) or ():
        known = CLASSES.get(call.layer.cls)
        scales = call.output in c.outside and call.layer.cls in SCALES
        if scales or (known is not None and known.transparent):
            found += first_quantizers(c, call.output)
        elif call.layer.cls == "QActivation":
            found.append(parse_quantizer(call.layer.config.get("activation"), call.layer.where))
        else:
            found.append(None)
    return found


def network_output(c: Conversion, name: str, tensor: str, value: Value) -> Output:
    """Let a value leave: integers, and the scale and offset that make them values."""
    layer = next(call.layer for call in c.network.calls if call.output == tensor)
    steps = value.steps
    cut = next((i for i, s in enumerate(steps) if not isinstance(s, Rectify)), len(steps))
    head = c.exact(Value(value.node, value.type, steps[:cut]), layer.at)
    scale: Any = np.float64(2.0**-head.type.frac)
    offset: Any = np.float64(0)
    for step in steps[cut:]:
        assert not isinstance(step, Curve), "a curve waits for its format alone"
        if not isinstance(step, Rectify | Leak):
            mul, add = step.line()
            scale, offset = scale * mul, offset * mul + add
        elif isinstance(step, Rectify) and step.plain and np.all(scale >= 0) and not np.any(offset):
            head = c.rectify(head, step, layer.at)  # a plain ReLU commutes with a positive factor
        else:
            raise UnsupportedLayer(
                "a PReLU leaves the network unquantized"
                if isinstance(step, Leak)
                else "a ReLU behind a float batch normalisation leaves the network unquantized",
                step.where or layer.where,
                f"put a QActivation at the output{c.way_out(step)}",
            )
    try:
        parts = [_per_channel(part, head.type.shape[-1]) for part in (scale, offset)]
    except ValueError:
        raise UnsupportedLayer(
            "the scale of the output differs between positions",
            layer.where,
            "put a QActivation at the output",
        ) from None
    constant = int(np.count_nonzero(head.type.lo == head.type.hi))
    if constant == head.type.size:
        c.note(f"output {name} is constant: it is the same for every input")
    elif constant:
        c.note(
            f"output {name}: {constant} of {count_of(head.type.size, 'value')} "
            f"{'is' if constant == 1 else 'are'} the same for every input"
        )
    if tensor in c.dropped:  # what leaves is the layer in front, so the port says its name
        name = next((n.layer for n in c.nodes if n.name == head.node), name)
    return Output(c.port(name), head.node, *parts)


def _per_channel(part: Any, width: int) -> tuple[float, ...]:
    array = np.asarray(part, np.float64)
    flat = np.unique(array)
    if flat.size == 1:
        return (float(flat[0]),)
    if array.size != width:
        raise ValueError
    return tuple(float(v) for v in array.reshape(-1))
