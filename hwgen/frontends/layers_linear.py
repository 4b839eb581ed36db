# SPDX-License-Identifier: Apache-2.0
"""Handlers of the layers with weights: dense, convolutions, and batch normalisation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.activate import activate
from hwgen.frontends.chain import F32, Affine, Normalise, Value, f32
from hwgen.frontends.qkeras import Converter, handles
from hwgen.frontends.quantizers import Codes, parse_quantizer
from hwgen.frontends.topology import Layer
from hwgen.frontends.weights import bias_of, kernel, linear, per_channel, weight
from hwgen.ir.tensor import Codes as IntArray
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv

Pairs = tuple[tuple[int, int], ...]


@handles("Dense", "QDense")
def dense(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Matrix product on the last axis."""
    codes = per_channel(kernel(c, layer, "kernel"), layer)
    (value,) = ins
    if codes.codes.ndim != 2 or value.type.shape[-1] != codes.codes.shape[0]:
        raise _shapes(layer, value, codes.codes)
    out = linear(
        c, layer, value, codes, lambda w, b, f: Dense(w, b, f), codes.codes.shape[1],
        bias_of(c, layer), layer.name,
    )  # fmt: skip
    return activate(c, out, layer.config.get("activation"), layer)


def _shapes(layer: Layer, value: Value, array: Any) -> ModelError:
    return ModelError(
        f"a kernel of shape {array.shape} does not fit the input {value.type.shape}",
        layer.where,
        "give the weights file that belongs to this architecture",
    )


# -------------------------------------------------------------------- convolutions


def per_axis(setting: Any, rank: int) -> tuple[int, ...]:
    """Return a Keras setting such as strides as one number per spatial axis."""
    items = setting if isinstance(setting, (list, tuple)) else [setting] * rank
    return tuple(int(i) for i in items)


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
    strides = per_axis(layer.config.get("strides", 1), rank)
    dilation = per_axis(layer.config.get("dilation_rate", 1), rank)
    pads = padding(layer, value.type.shape[:-1], window, strides, dilation)
    return {"strides": strides, "padding": pads, "dilation": dilation}


def _conv(c: Converter, layer: Layer, value: Value, codes: Codes, bias: F32 | None) -> Value:
    weights = codes.codes
    if weights.ndim < 3:
        raise _shapes(layer, value, weights)
    codes = per_channel(codes, layer)
    groups = int(layer.config.get("groups", 1))
    if value.type.shape[-1] != weights.shape[-2] * groups:
        raise _shapes(layer, value, weights)
    if groups > 1:
        codes = Codes(_block_diagonal(weights, groups), codes.frac, codes.scale)
    geometry = _geometry(layer, value, weights.shape[:-2])
    out = linear(
        c, layer, value, codes, lambda w, b, f: Conv(w, b, frac=f, **geometry),
        weights.shape[-1], bias, layer.name,
    )  # fmt: skip
    return activate(c, out, layer.config.get("activation"), layer)


def _block_diagonal(weights: IntArray, groups: int) -> IntArray:
    """Return the full kernel of a grouped convolution; the zeros outside the blocks cost nothing."""
    *window, cin, cout = weights.shape
    full = np.zeros((*window, cin * groups, cout), np.int64)
    per = cout // groups
    for g in range(groups):
        outs = slice(g * per, (g + 1) * per)
        full[..., g * cin : (g + 1) * cin, outs] = weights[..., outs]
    return full


@handles("Conv1D", "Conv2D", "QConv1D", "QConv2D")
def conv(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Convolution over one or two spatial axes."""
    return _conv(c, layer, ins[0], kernel(c, layer, "kernel"), bias_of(c, layer))


def _depthwise(
    c: Converter, layer: Layer, value: Value, codes: Codes, bias: F32 | None, name: str
) -> Value:
    weights = codes.codes
    if weights.ndim < 3 or value.type.shape[-1] != weights.shape[-2]:
        raise _shapes(layer, value, weights)
    geometry = _geometry(layer, value, weights.shape[:-2])
    scale = per_channel(codes, layer).scale
    if scale.size > 1:  # one a multiplier, so output channel c * mult + m has that of m
        scale = np.tile(scale.reshape(-1), weights.shape[-2])
    return linear(
        c, layer, value, Codes(weights, codes.frac, scale),
        lambda w, b, f: DepthwiseConv(w, b, frac=f, **geometry),
        weights.shape[-2] * weights.shape[-1], bias, name,
    )  # fmt: skip


@handles("DepthwiseConv2D", "QDepthwiseConv2D", "DepthwiseConv1D")
def depthwise(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Depthwise convolution."""
    codes = kernel(c, layer, "depthwise_kernel")
    out = _depthwise(c, layer, ins[0], codes, bias_of(c, layer), layer.name)
    return activate(c, out, layer.config.get("activation"), layer)


@handles("SeparableConv1D", "SeparableConv2D", "QSeparableConv1D", "QSeparableConv2D")
def separable(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Depthwise, then pointwise convolution, with nothing in between."""
    first, second = kernel(c, layer, "depthwise_kernel"), kernel(c, layer, "pointwise_kernel")
    middle = _depthwise(c, layer, ins[0], first, None, f"{layer.name}_depthwise")
    waiting, middle = middle.steps, Value(middle.node, middle.type)
    if any(np.size(a) > 1 for step in waiting for a in step.arrays()):
        raise UnsupportedLayer(
            "the fitted scales of the depthwise kernel differ between channels, and the pointwise "
            "kernel sums over them",
            layer.where,
            "use alpha='auto_po2' or alpha=1 in the depthwise quantizer",
        )
    channels = second.codes.shape[-1]
    ones = (1,) * (second.codes.ndim - 2)
    none = ((0, 0),) * len(ones)
    out = linear(
        c, layer, middle, per_channel(second, layer),
        lambda w, b, f: Conv(w, b, ones, none, ones, f), channels, None, f"{layer.name}_pointwise",
    )  # fmt: skip
    for step in waiting:  # one factor for all commutes with the sum
        out = out.after(step)
    bias = bias_of(c, layer)
    XX
    return activate(c, out, layer.config.get("activation"), layer)


# -------------------------------------------------------------------- batch normalisation


def rsqrt(x: F32) -> F32:
    """Return ``1 / sqrt(x)`` rounded once to float32."""
    return f32(1.0 / np.sqrt(x.astype(np.float64)))


def _normaliser(c: Converter, layer: Layer, fused: bool = False) -> Normalise:
    """Return the float32 normalisation of a layer's stored parameters."""
    eps = np.float32(layer.config.get("epsilon", 1e-3))
    mean, var = weight(c, layer, "moving_mean"), weight(c, layer, "moving_variance")
    total = f32(var + eps)
    if np.any(total <= 0):
        raise ModelError("a moving variance is negative", layer.where, "the file is damaged")
    inv = f32(np.float32(1) / np.sqrt(total)) if fused else rsqrt(total)
    gamma = weight(c, layer, "gamma") if layer.config.get("scale", True) else np.ones_like(mean)
    beta = weight(c, layer, "beta") if layer.config.get("center", True) else np.zeros_like(mean)
    return Normalise(inv, gamma, beta, mean, fused)


def _folded(c: Converter, layer: Layer, name: str) -> tuple[Codes, F32]:
    """Return the kernel with the normalisation folded in, quantized, and the folded bias.

    Both folding modes of QKeras are the same at inference: ``inv * W`` and ``inv * (b - mean) + beta``.
    """
    norm = _normaliser(c, layer)
    inv = norm.inv * norm.gamma
    floats = weight(c, layer, name)
    bias = weight(c, layer, "bias") if layer.config.get("use_bias", True) else np.float32(0)
    by = inv.reshape(floats.shape[-2:]) if name == "depthwise_kernel" else inv
    codes = kernel(c, layer, name, by * floats)
    for other in (np.nextafter(by, f32(np.inf)), np.nextafter(by, f32(-np.inf))):
        moved = int(np.count_nonzero(kernel(c, layer, name, other * floats).codes != codes.codes))
        if moved:
            c.notes.append(
                f"{layer.name}: {moved} folded weights sit so close to a rounding edge that the last float32 "
                "bit of 1/sqrt(variance) decides them"
            )
            break
    return codes, inv * (bias - norm.mean) + norm.beta


@handles("QConv2DBatchnorm")
def conv_batchnorm(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Convolution with the normalisation folded into the quantized kernel."""
    codes, bias = _folded(c, layer, "kernel")
    return _conv(c, layer, ins[0], codes, bias)


@handles("QDepthwiseConv2DBatchnorm")
def depthwise_batchnorm(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Depthwise convolution with the normalisation folded into the quantized kernel."""
    codes, bias = _folded(c, layer, "depthwise_kernel")
    out = _depthwise(c, layer, ins[0], codes, bias, layer.name)
    return activate(c, out, layer.config.get("activation"), layer)


def _last_axis(layer: Layer, value: Value) -> None:
    axis = layer.config.get("axis", -1)
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    if [int(a) % (len(value.type.shape) + 1) for a in axes] != [len(value.type.shape)]:
        raise UnsupportedLayer(
            f"normalisation along axis {axis}; only the last axis is supported", layer.where
        )


@handles("BatchNormalization")
def batch_norm(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Batch normalisation; waits for the quantizer behind it."""
    (value,) = ins
    _last_axis(layer, value)
    # Keras runs its fused kernel on images only.
    return value.after(_normaliser(c, layer, fused=len(value.type.shape) == 3))


@handles("QBatchNormalization")
def q_batch_norm(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Batch normalisation whose four parameters are quantized one by one."""
    (value,) = ins
    _last_axis(layer, value)
    mean, var = _parameter(c, layer, "mean"), _parameter(c, layer, "variance")
    gamma = _parameter(c, layer, "gamma") if layer.config.get("scale", True) else np.ones_like(mean)
    beta = _parameter(c, layer, "beta") if layer.config.get("center", True) else np.zeros_like(mean)
    total = f32(var + np.float32(layer.config.get("epsilon", 1e-3)))
    if np.any(total <= 0):
        raise ModelError("a quantized variance is negative", layer.where)
    return value.after(Normalise(rsqrt(total), gamma, beta, mean))


def _parameter(c: Converter, layer: Layer, name: str) -> F32:
    stored = weight(c, layer, {"mean": "moving_mean", "variance": "moving_variance"}.get(name, name))
    spec = layer.config.get(f"{name}_quantizer")
    if not spec:
        return stored
    q = parse_quantizer(spec, layer.where)
    return f32(q.quantize(stored, kernel=name in ("gamma", "variance")).value())
