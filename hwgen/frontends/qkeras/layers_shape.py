# SPDX-License-Identifier: Apache-2.0
"""Handlers of the layers without weights: activations, pooling, merging and moving of elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.exact.steps import Affine, Divide, Leak, Rectify, Value, exponent, f32
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.settings import number, pairs, whole, wholes
from hwgen.frontends.qkeras.activations import activate, final
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.layers_linear import channels_last, padding
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.frontends.qkeras.registry import handles
from hwgen.frontends.qkeras.weights import weight
from hwgen.ops.base import Op
from hwgen.ops.crop import Crop
from hwgen.ops.merge import Add, Concat, Maximum, Multiply
from hwgen.ops.pool import MaxPool, SumPool
from hwgen.ops.shape import Pad, Permute, Reshape, Upsample


@handles(
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout",
    "GaussianNoise", "ActivityRegularization",
)  # fmt: skip
def nothing(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Does nothing at inference."""
    return ins[0]


# -------------------------------------------------------------------- activations


@handles("QActivation", "Activation")
def activation(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """An activation as a layer of its own."""
    return activate(c, ins[0], layer.config.get("activation"), layer, layer.name)


@handles("Softmax")
def softmax(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Softmax: dropped at the end of the network; a head can take its place along the last axis."""
    axis: Any = layer.config.get("axis", -1)
    axes = axis if isinstance(axis, list | tuple) else (axis,)
    head = c.options.head or "logits"
    if head != "logits" and {*axes} - {-1, len(ins[0].type.shape)}:
        raise UnsupportedLayer(
            f"softmax along axis {axis}, and --head {head} chooses along the last one",
            layer.where,
            "leave --head out, then the outputs are the logits; or put a Permute in front that "
            "moves the classes to the last axis",
        )
    return final(c, ins[0], "softmax", layer)


@handles("ReLU")
def relu(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """ReLU; waits for the quantizer behind it."""
    if number(layer, "threshold", 0.0):
        raise UnsupportedLayer(
            "ReLU with a threshold is not supported", layer.where, "use a quantized_relu"
        )
    slope, ceiling = number(layer, "negative_slope", 0.0), number(layer, "max_value", math.inf)
    return _rectified(layer, ins[0], slope, ceiling)


@handles("LeakyReLU")
def leaky_relu(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Leaky ReLU; waits for the quantizer behind it."""
    key = "alpha" if "alpha" in layer.config else "negative_slope"
    return _rectified(layer, ins[0], number(layer, key, 0.3), math.inf)


def _rectified(layer: Layer, value: Value, slope: float, ceiling: float) -> Value:
    if slope < 0 or ceiling < 0:
        raise UnsupportedLayer(
            "a negative slope or ceiling makes the activation fall",
            layer.where,
            "use a slope from 0 to 1",
        )
    return value.after(Rectify(slope, ceiling, layer.name, layer.where))


@handles("PReLU")
def prelu(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """ReLU with a trained slope below zero; waits for the quantizer behind it."""
    (value,) = ins
    slope, shape = weight(c, layer, "alpha"), value.type.shape
    fits = slope.ndim == len(shape)
    if not fits or any(n not in (1, m) for n, m in zip(slope.shape, shape, strict=True)):
        raise ModelError(
            f"slopes of shape {slope.shape} do not fit an input of shape {shape}",
            layer.where,
            "give the weights file that belongs to this architecture",
        )
    if all(n == 1 for n in slope.shape[:-1]):
        slope = slope.reshape(-1)  # one a channel, wherever it stands
    return value.after(Leak(slope, layer.where))


# -------------------------------------------------------------------- pooling


def _windows(layer: Layer, value: Value, rank: int) -> dict[str, Any]:
    channels_last(layer)
    if len(value.type.shape) != rank + 1:
        raise ModelError(
            f"input of shape {value.type.shape}, but the layer needs {rank} spatial axes and "
            "channels",
            layer.where,
            "the model does not fit its own input shape",
        )
    pool = wholes(layer, "pool_size", 2, rank)
    steps = wholes(layer, "strides", pool, rank)
    pads = padding(layer, value.type.shape[:-1], pool, steps, (1,) * rank)
    return {"pool": pool, "strides": steps, "padding": pads}


def _whole(layer: Layer, value: Value) -> dict[str, Any]:
    channels_last(layer)
    sizes = value.type.shape[:-1]
    return {"pool": sizes, "strides": (1,) * len(sizes), "padding": ((0, 0),) * len(sizes)}


def _max(c: Conversion, layer: Layer, value: Value, window: dict[str, Any]) -> Value:
    spread = any(a.ndim > 1 for s in value.steps for a in s.arrays())
    if value.steps and (spread or not all(s.increasing for s in value.steps)):
        leaks = any(isinstance(s, Leak) and not s.increasing for s in value.steps)
        norm = "a batch normalisation with a negative factor"
        what = "a PReLU with a negative slope" if leaks else norm
        raise UnsupportedLayer(
            f"{what} stands in front of the maximum",
            layer.where,
            "put the QActivation in front of the pooling",
        )
    # Increasing steps commute with a maximum, so they go on waiting behind it.
    done = c.emit(layer.name, MaxPool(**window), [Value(value.node, value.type)], layer.at)
    return Value(done.node, done.type, value.steps)


def _mean(c: Conversion, layer: Layer, value: Value, window: dict[str, Any]) -> Value:
    """Sum the window; a mean over a power of two is exact, any other waits for a quantizer."""
    value = c.settled(value, layer.at)
    shape = value.type.shape
    counts = SumPool(**window, gain=0).run([np.ones((1, *shape), np.int64)])[0]
    sizes = np.unique(counts)
    power = exponent(float(sizes[0])) if sizes.size == 1 else None
    quantizer = layer.config.get("average_quantizer")
    gain = power if power is not None and not quantizer else 0
    done = c.emit(layer.name, SumPool(**window, gain=gain), [value], layer.at)
    c.note_rounding(done, layer.at)
    if power is not None and not quantizer:
        return done
    count = f32(counts if sizes.size > 1 else sizes[0])
    done = done.after(Divide(count, layer.where))
    if quantizer:
        area = int(np.prod(window["pool"]))
        q = parse_quantizer(quantizer, layer.where)
        factor = f32(q.quantize(f32([1.0 / area])).value()).reshape(())
        for mul in (f32(area), factor):
            done = done.after(Affine(mul, where=layer.where))
    return done


@handles("MaxPooling1D")
def max_pool_1d(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Maximum over windows of one axis."""
    return _max(c, layer, ins[0], _windows(layer, ins[0], 1))


@handles("MaxPooling2D")
def max_pool_2d(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Maximum over windows of two axes."""
    return _max(c, layer, ins[0], _windows(layer, ins[0], 2))


@handles("AveragePooling1D")
def mean_pool_1d(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Mean over windows of one axis."""
    return _mean(c, layer, ins[0], _windows(layer, ins[0], 1))


@handles("AveragePooling2D", "QAveragePooling2D")
def mean_pool_2d(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Mean over windows of two axes."""
    out = _mean(c, layer, ins[0], _windows(layer, ins[0], 2))
    return activate(c, out, layer.config.get("activation"), layer)


def _dropped(c: Conversion, layer: Layer, value: Value) -> Value:
    """Remove the spatial axes of a global pooling unless the layer keeps them."""
    if layer.config.get("keepdims"):
        return value
    return _moved(c, layer, value, Reshape((value.type.shape[-1],)), f"{layer.name}_flat")


@handles("GlobalMaxPooling1D", "GlobalMaxPooling2D")
def global_max(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Maximum over all positions."""
    return _dropped(c, layer, _max(c, layer, ins[0], _whole(layer, ins[0])))


@handles("GlobalAveragePooling1D", "GlobalAveragePooling2D", "QGlobalAveragePooling2D")
def global_mean(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Mean over all positions."""
    out = _dropped(c, layer, _mean(c, layer, ins[0], _whole(layer, ins[0])))
    return activate(c, out, layer.config.get("activation"), layer)


# -------------------------------------------------------------------- moving elements


def _moved(c: Conversion, layer: Layer, value: Value, op: Op, name: str = "") -> Value:
    """Emit an operation that only moves elements; waiting steps move with them."""
    done = c.emit(name or layer.name, op, [Value(value.node, value.type)], layer.at)
    if not value.steps:
        return done
    return value.moved(done.node, done.type, lambda a: op.run([a[None]])[0])


@handles("Flatten")
def flatten(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """All elements in one axis."""
    channels_last(layer)
    (value,) = ins
    if len(value.type.shape) == 1:
        return value
    return _moved(c, layer, value, Reshape((value.type.size,)))


@handles("Reshape")
def reshape(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """The same elements in another shape."""
    (value,) = ins
    given = wholes(layer, "target_shape", (), least=-1)
    target = list(given)
    if target.count(-1) == 1:
        known = -math.prod(target)
        target[target.index(-1)] = value.type.size // known if known else 0
    if math.prod(target) != value.type.size or min(target, default=1) < 1:
        raise ModelError(
            f"target shape {given} does not hold {value.type.size} elements",
            layer.where,
            "the model does not fit its own input shape",
        )
    return _moved(c, layer, value, Reshape(tuple(target)))


@handles("Permute")
def permute(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Axes in another order."""
    return _moved(c, layer, ins[0], Permute(tuple(d - 1 for d in wholes(layer, "dims", ()))))


@handles("ZeroPadding1D", "ZeroPadding2D")
def zero_padding(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Zeros around the spatial axes."""
    channels_last(layer)
    pads = pairs(layer, "padding", len(ins[0].type.shape) - 1)
    return c.emit(layer.name, Pad((*pads, (0, 0))), [c.settled(ins[0], layer.at)], layer.at)


@handles("Cropping1D", "Cropping2D")
def cropping(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Spatial axes without their ends."""
    channels_last(layer)
    ends = pairs(layer, "cropping", len(ins[0].type.shape) - 1)
    return _moved(c, layer, ins[0], Crop(ends))


@handles("UpSampling1D", "UpSampling2D")
def upsampling(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Every element repeated along the spatial axes."""
    channels_last(layer)
    mode = layer.config.get("interpolation", "nearest")
    if mode != "nearest":
        raise UnsupportedLayer(
            f"interpolation={mode!r} is not supported", layer.where, "use interpolation='nearest'"
        )
    factors = wholes(layer, "size", 2, len(ins[0].type.shape) - 1)
    return _moved(c, layer, ins[0], Upsample((*factors, 1)))


# -------------------------------------------------------------------- merging


@handles("Add")
def add(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Sum of tensors on one grid."""
    return _sum(c, layer, ins, (1,) * len(ins))


@handles("Subtract")
def subtract(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Difference of two tensors on one grid."""
    return _sum(c, layer, ins, (1, -1))


def _sum(c: Conversion, layer: Layer, ins: list[Value], signs: tuple[int, ...]) -> Value:
    total = c.emit(layer.name, Add(signs), c.aligned(ins, layer.at), layer.at)
    c.note_rounding(total, layer.at)
    return total


@handles("Average")
def average(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Mean of tensors; exact for a power of two of them."""
    total = _sum(c, layer, ins, (1,) * len(ins))
    power = exponent(float(len(ins)))
    return (
        total.after(Divide(f32(len(ins)), layer.where))
        if power is None
        else c.scaled(total, -power, layer.at)
    )


@handles("Multiply")
def multiply(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Product of tensors, element by element."""
    done = c.settled(ins[0], layer.at)
    for i, value in enumerate(ins[1:]):
        name = layer.name if i == len(ins) - 2 else f"{layer.name}_{i}"
        done = c.emit(name, Multiply(), [done, c.settled(value, layer.at)], layer.at)
        c.note_rounding(done, layer.at)
    return done


@handles("Maximum")
def maximum(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Larger of tensors on one grid, element by element."""
    return _fold(c, layer, ins, Maximum(False))


@handles("Minimum")
def minimum(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Smaller of tensors on one grid, element by element."""
    return _fold(c, layer, ins, Maximum(True))


def _fold(c: Conversion, layer: Layer, ins: list[Value], op: Op) -> Value:
    values = c.aligned(ins, layer.at)
    done = values[0]
    for i, value in enumerate(values[1:]):
        name = layer.name if i == len(ins) - 2 else f"{layer.name}_{i}"
        done = c.emit(name, op, [done, value], layer.at)
    return done


@handles("Concatenate")
def concatenate(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Tensors one behind the other along an axis."""
    rank = len(ins[0].type.shape)
    axis = whole(layer, "axis", -1, None)
    axis = axis % rank if axis < 0 else axis - 1
    if not 0 <= axis < rank:
        raise UnsupportedLayer(
            "concatenation along the batch axis",
            layer.where,
            "samples cannot be joined; use axis=-1",
        )
    return c.emit(layer.name, Concat(axis), c.aligned(ins, layer.at), layer.at)
