# SPDX-License-Identifier: Apache-2.0
"""Handlers of the layers with weights: dense, convolutions, and batch normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer, count_of
from hwgen.frontends.exact.codes import F32, Codes
from hwgen.frontends.exact.product import Bias, Product, linear
from hwgen.frontends.exact.steps import Affine, Normalise, Value, f32
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.settings import number, whole, wholes
from hwgen.frontends.qkeras.activations import activate
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.frontends.qkeras.registry import handles
from hwgen.frontends.qkeras.weights import bias_of, kernel, per_channel, quantized_bias, weight
from hwgen.ir.tensor import Codes as IntArray
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv

Pairs = tuple[tuple[int, int], ...]


@handles("Dense", "QDense", "BinaryDense", "TernaryDense")
def dense(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Matrix product on the last axis."""
    return _dense(c, layer, ins[0], kernel(c, layer, "kernel"), bias_of(c, layer))


def _dense(c: Conversion, layer: Layer, value: Value, codes: Codes, bias: Bias) -> Value:
    codes = per_channel(codes, layer)
    if codes.codes.ndim != 2 or value.type.shape[-1] != codes.codes.shape[0]:
        raise _shapes(layer, value, codes.codes)
    _check_size(layer, "units", codes.codes.shape[1])
    product = Product(codes, lambda w, b, f: Dense(w, b, f), codes.codes.shape[1], bias)
    out = linear(c, value, product, layer.at)
    return activate(c, out, layer.config.get("activation"), layer)


def _check_size(layer: Layer, key: str, found: int | tuple[int, ...]) -> None:
    """Refuse a kernel with another number of outputs, or another window, than the settings say."""
    said = layer.config.get(key)
    if isinstance(found, tuple) and said is not None:
        said = wholes(layer, key, None, len(found))
    if said is not None and said != found:
        raise ModelError(
            f"{key}={said!r}, but the kernel has {count_of(found, 'output')}"
            if isinstance(found, int)
            else f"{key}={said!r}, but the kernel is stored with a window of {found}",
            layer.where,
            "give the weights file that belongs to this architecture",
        )


def _shapes(layer: Layer, value: Value, array: Any) -> ModelError:
    return ModelError(
        f"a kernel of shape {array.shape} does not fit the input {value.type.shape}",
        layer.where,
        "give the weights file that belongs to this architecture",
    )


# -------------------------------------------------------------------- convolutions


def channels_last(layer: Layer) -> None:
    """Refuse channels_first."""
    if layer.config.get("data_format") == "channels_first":
        raise UnsupportedLayer(
            "data_format='channels_first' is not supported",
            layer.where,
            "save the model with channels_last",
        )


def padding(
    layer: Layer, sizes: tuple[int, ...], window: tuple[int, ...], strides: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Pairs:  # fmt: skip
    """Return the padding in front of and behind every spatial axis, as TensorFlow places it."""
    mode = layer.config.get("padding", "valid")
    pads = []
    for size, k, stride, d in zip(sizes, window, strides, dilation, strict=True):
        reach = (k - 1) * d + 1
        if mode == "valid":
            total, front = 0, 0
            if size < reach:
                raise ModelError(
                    f"a window of {reach} does not fit an axis of {size}",
                    layer.where,
                    "the model does not fit its own input shape",
                )
        elif mode == "same":
            total = max((-(-size // stride) - 1) * stride + reach - size, 0)
            front = total // 2
        elif mode == "causal":
            total = front = reach - 1
        else:
            raise UnsupportedLayer(
                f"padding={mode!r} is not supported", layer.where, "use 'valid' or 'same'"
            )
        pads.append((front, total - front))
    return tuple(pads)


def _geometry(layer: Layer, value: Value, window: tuple[int, ...]) -> dict[str, Any]:
    channels_last(layer)
    rank = len(window)
    if len(value.type.shape) != rank + 1:
        raise ModelError(
            f"input of shape {value.type.shape}, but the layer needs {rank} spatial axes and "
            "channels",
            layer.where,
            "give the weights file that belongs to this architecture",
        )
    _check_size(layer, "kernel_size", window)
    strides = wholes(layer, "strides", 1, rank)
    dilation = wholes(layer, "dilation_rate", 1, rank)
    pads = padding(layer, value.type.shape[:-1], window, strides, dilation)
    return {"strides": strides, "padding": pads, "dilation": dilation}


def _conv(
    c: Conversion, layer: Layer, value: Value, codes: Codes, bias: Codes | F32 | None
) -> Value:
    weights = codes.codes
    if weights.ndim < 3:
        raise _shapes(layer, value, weights)
    _check_size(layer, "filters", weights.shape[-1])
    codes = per_channel(codes, layer)
    groups = whole(layer, "groups", 1)
    if value.type.shape[-1] != weights.shape[-2] * groups:
        raise _shapes(layer, value, weights)
    if groups > 1:
        codes = Codes(_block_diagonal(weights, groups), codes.frac, codes.scale)
    geometry = _geometry(layer, value, weights.shape[:-2])
    product = Product(
        codes, lambda w, b, f: Conv(w, b, frac=f, **geometry), weights.shape[-1], bias
    )
    out = linear(c, value, product, layer.at)
    return activate(c, out, layer.config.get("activation"), layer)


def _block_diagonal(weights: IntArray, groups: int) -> IntArray:
    """Return the full kernel of a grouped convolution; zeros outside the blocks cost nothing."""
    *window, cin, cout = weights.shape
    full = np.zeros((*window, cin * groups, cout), np.int64)
    per = cout // groups
    for g in range(groups):
        outs = slice(g * per, (g + 1) * per)
        full[..., g * cin : (g + 1) * cin, outs] = weights[..., outs]
    return full


@handles("Conv1D", "Conv2D", "QConv1D", "QConv2D")
def conv(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Convolution over one or two spatial axes."""
    return _conv(c, layer, ins[0], kernel(c, layer, "kernel"), bias_of(c, layer))


def _depthwise(
    c: Conversion, layer: Layer, value: Value, codes: Codes, bias: Bias, name: str
) -> Value:
    weights = codes.codes
    if weights.ndim < 3 or value.type.shape[-1] != weights.shape[-2]:
        raise _shapes(layer, value, weights)
    _check_size(layer, "depth_multiplier", weights.shape[-1])
    geometry = _geometry(layer, value, weights.shape[:-2])
    scale = per_channel(codes, layer).scale
    if scale.size > 1:  # one a multiplier, so output channel c * mult + m has that of m
        scale = np.tile(scale.reshape(-1), weights.shape[-2])
    product = Product(
        Codes(weights, codes.frac, scale),
        lambda w, b, f: DepthwiseConv(w, b, frac=f, **geometry),
        weights.shape[-2] * weights.shape[-1],
        bias,
    )
    return linear(c, value, product, layer.at, name)


@handles("DepthwiseConv2D", "QDepthwiseConv2D", "DepthwiseConv1D")
def depthwise(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Depthwise convolution."""
    codes = kernel(c, layer, "depthwise_kernel")
    out = _depthwise(c, layer, ins[0], codes, bias_of(c, layer), layer.name)
    return activate(c, out, layer.config.get("activation"), layer)


@handles("SeparableConv1D", "SeparableConv2D", "QSeparableConv1D", "QSeparableConv2D")
def separable(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Depthwise, then pointwise convolution, with nothing in between."""
    first, second = kernel(c, layer, "depthwise_kernel"), kernel(c, layer, "pointwise_kernel")
    middle = _depthwise(c, layer, ins[0], first, None, f"{layer.name}_depthwise")
    second = per_channel(second, layer)
    _check_size(layer, "filters", second.codes.shape[-1])
    for step in middle.steps:  # a fitted scale; one for all channels commutes with the sum
        factor = step.mul if isinstance(step, Affine) else None
        if factor is None or factor.size > 1:
            raise UnsupportedLayer(
                "the fitted scales of the depthwise kernel differ between channels, and the "
                "pointwise kernel sums over them",
                layer.where,
                "use alpha='auto_po2' or alpha=1 in the depthwise quantizer",
            )
        second = Codes(second.codes, second.frac, f32(second.scale * factor))
    product = Product(
        second, lambda w, b, f: Conv(w, b, frac=f), second.codes.shape[-1], bias_of(c, layer)
    )
    value = Value(middle.node, middle.type)
    out = linear(c, value, product, layer.at, f"{layer.name}_pointwise")
    return activate(c, out, layer.config.get("activation"), layer)


# -------------------------------------------------------------------- batch normalisation


def rsqrt(x: F32) -> F32:
    """Return ``1 / sqrt(x)`` rounded once to float32."""
    return f32(1.0 / np.sqrt(x.astype(np.float64)))


def _root(c: Conversion) -> Callable[[F32], F32]:
    """Return the reciprocal root of a conversion: rounded once, or the framework's own."""
    own = c.options.root
    return rsqrt if own is None else lambda x: f32(own(x))


Form = Literal["plain", "fused", "centred"]


def _normaliser(c: Conversion, layer: Layer, form: Form = "plain") -> Normalise:
    """Return the float32 normalisation of a layer's stored parameters."""
    mean, var = weight(c, layer, "moving_mean"), weight(c, layer, "moving_variance")
    total = _shifted(layer, var)
    # TensorFlow's fused kernel divides; elsewhere it takes its own reciprocal root.
    inv = f32(np.float32(1) / np.sqrt(total)) if form == "fused" else _root(c)(total)
    gamma = weight(c, layer, "gamma") if layer.config.get("scale", True) else np.ones_like(mean)
    beta = weight(c, layer, "beta") if layer.config.get("center", True) else np.zeros_like(mean)
    return Normalise(inv, gamma, beta, mean, form, layer.where, total)


def _shifted(layer: Layer, variance: F32) -> F32:
    total = f32(variance + np.float32(number(layer, "epsilon", 1e-3)))
    if np.any(total <= 0):
        raise ModelError("a variance is negative", layer.where, "the file is damaged")
    return total


def _folded(c: Conversion, layer: Layer, name: str) -> tuple[Codes, Bias]:
    """Return the kernel with the normalisation folded in, quantized, and the folded bias.

    Both folding modes of QKeras are the same at inference: ``inv * W`` and
    ``inv * (b - mean) + beta``.
    """
    _last_axis(layer, 1 if name == "kernel" and "units" in layer.config else 3)
    norm = _normaliser(c, layer)
    inv = norm.inv * norm.gamma
    floats = weight(c, layer, name)
    bias = weight(c, layer, "bias") if layer.config.get("use_bias", True) else np.float32(0)
    shape = floats.shape[-2:] if name == "depthwise_kernel" else floats.shape[-1:]
    if inv.size != int(np.prod(shape)):
        raise ModelError(
            f"{count_of(inv.size, 'normalised channel')} for a kernel of shape {floats.shape}",
            layer.where,
            "give the weights file that belongs to this architecture",
        )
    codes = kernel(c, layer, name, inv.reshape(shape) * floats)
    moved = np.zeros(floats.shape, bool)
    for other in norm.variants():
        again = kernel(c, layer, name, (other.inv * other.gamma).reshape(shape) * floats)
        moved |= again.value() != codes.value()
    if moved.any():
        c.note(
            f"{layer.name}: {int(moved.sum())} of {moved.size} folded weights sit so close to a "
            "rounding edge that the last float32 bit of 1/sqrt(variance) decides them, and "
            "TensorFlow computes that bit differently from machine to machine"
        )
    return codes, quantized_bias(layer, f32(inv * (bias - norm.mean) + norm.beta))


@handles("QConv2DBatchnorm")
def conv_batchnorm(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Convolution with the normalisation folded into the quantized kernel."""
    codes, bias = _folded(c, layer, "kernel")
    return _conv(c, layer, ins[0], codes, bias)


@handles("QDenseBatchnorm")
def dense_batchnorm(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Matrix product with the normalisation folded into the quantized kernel."""
    codes, bias = _folded(c, layer, "kernel")
    return _dense(c, layer, ins[0], codes, bias)


@handles("QDepthwiseConv2DBatchnorm")
def depthwise_batchnorm(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Depthwise convolution with the normalisation folded into the quantized kernel."""
    codes, bias = _folded(c, layer, "depthwise_kernel")
    out = _depthwise(c, layer, ins[0], codes, bias, layer.name)
    return activate(c, out, layer.config.get("activation"), layer)


def _last_axis(layer: Layer, rank: int) -> None:
    axis = wholes(layer, "axis", -1, least=None)
    if axis not in ((-1,), (rank,)):
        named = ", ".join(map(str, axis)) or "none"
        raise UnsupportedLayer(
            f"normalisation along axis {named}; only the last axis is supported",
            layer.where,
            "use axis=-1",
        )


@handles("BatchNormalization", "SyncBatchNormalization")
def batch_norm(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Batch normalisation; waits for the quantizer behind it."""
    (value,) = ins
    _last_axis(layer, len(value.type.shape))
    norm = _normaliser(c, layer, _form(c, layer, len(value.type.shape)))
    return value.after(_fitting(layer, value, norm))


def _form(c: Conversion, layer: Layer, rank: int) -> Form:
    """Return the order of operations: Keras 2 runs its fused kernel on images and volumes only."""
    config = layer.config
    fused = layer.cls == "BatchNormalization" and config.get("fused") is not False
    fused &= not config.get("renorm") and not config.get("synchronized")
    if c.model.keras.startswith("3") or not fused or rank not in (3, 4):
        return "plain"
    return "fused" if rank == 3 else "centred"


def _fitting(layer: Layer, value: Value, norm: Normalise) -> Normalise:
    width = value.type.shape[-1]
    if any(a.shape != (width,) for a in norm.arrays()):
        shapes = ", ".join(str(a.shape) for a in norm.arrays())
        raise ModelError(
            f"parameters of shape {shapes} for {count_of(width, 'channel')}",
            layer.where,
            "give the weights file that belongs to this architecture",
        )
    return norm


@handles("QBatchNormalization")
def q_batch_norm(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Batch normalisation whose four parameters are quantized one by one."""
    (value,) = ins
    _last_axis(layer, len(value.type.shape))
    mean = _parameter(c, layer, "mean")
    total = _shifted(layer, _parameter(c, layer, "variance"))
    inv = _root(c)(total)
    gamma = _parameter(c, layer, "gamma") if layer.config.get("scale", True) else np.ones_like(mean)
    beta = _parameter(c, layer, "beta") if layer.config.get("center", True) else np.zeros_like(mean)
    norm = Normalise(inv, gamma, beta, mean, where=layer.where, total=total)
    return value.after(_fitting(layer, value, norm))


def _parameter(c: Conversion, layer: Layer, name: str) -> F32:
    stored = {"mean": "moving_mean", "variance": "moving_variance"}.get(name, name)
    floats = weight(c, layer, stored)
    spec = layer.config.get(f"{name}_quantizer")
    if not spec:
        return floats
    q = parse_quantizer(spec, layer.where)
    return f32(q.quantize(floats, kernel=name in ("gamma", "variance")).value())


@handles("Rescaling")
def rescaling(c: Conversion, layer: Layer, ins: list[Value]) -> Value:
    """Factor and term, one for all or one a channel; waits for the quantizer behind it."""
    (value,) = ins
    parts = []
    for key, default in (("scale", 1.0), ("offset", 0.0)):
        found = layer.config.get(key, default)
        if isinstance(found, list | tuple):
            array = np.asarray(found)
            fits = array.dtype.kind in "iuf" and array.shape == value.type.shape[-1:]
            if not fits or not np.isfinite(array).all():
                raise ModelError(
                    f"{key} has {count_of(len(found), 'figure')} for "
                    f"{count_of(value.type.shape[-1], 'channel')}",
                    layer.where,
                    "give one for all, or one a channel",
                )
            parts.append(f32(array))
        else:
            parts.append(f32(number(layer, key, default)))
    return value.after(Affine(parts[0], parts[1], layer.where))
