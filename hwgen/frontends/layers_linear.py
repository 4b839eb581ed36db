# SPDX-License-Identifier: Apache-2.0
"""Handlers of the layers with weights: dense, convolutions, and batch normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer
from hwgen.frontends.chain import F32, Affine, Normalise, Value, f32
from hwgen.frontends.qkeras import Converter, handles, where
from hwgen.frontends.quantizers import Codes, parse_quantizer
from hwgen.frontends.topology import Layer
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes as IntArray
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv

PTQ = (
    "train it with QKeras quantizers (QDense, QConv2D, QActivation), or quantize it afterwards "
    "(post-training quantization)"
)
# A kernel without a quantizer passes when all its values are integers of at most this many bits on one grid.
_GRID_BITS = 16
# An unquantized bias joins the integers when that widens the accumulator by at most this many bits.
_BIAS_BITS = 16

_KERNELS = {
    "kernel": ("kernel_quantizer",),
    "depthwise_kernel": ("depthwise_quantizer", "kernel_quantizer"),
    "pointwise_kernel": ("pointwise_quantizer",),
}


def check_weights(c: Converter, layer: Layer) -> None:
    """Raise what is wrong with a layer's own weights, whatever its input is."""
    for name in _KERNELS:
        if name in c.model.weights.get(layer.key, {}) and not layer.cls.endswith("Batchnorm"):
            kernel(c, layer, name)


def weight(c: Converter, layer: Layer, name: str) -> F32:
    """Return a weight array of a layer."""
    found = c.model.weights.get(layer.key, {})
    if name not in found:
        raise ModelError(
            f"the weight {name!r} is missing (the file has {sorted(found) or 'none'})",
            where(layer),
            "give the weights file that belongs to this architecture",
        )
    return f32(found[name])


def kernel(c: Converter, layer: Layer, name: str, values: F32 | None = None) -> Codes:
    """Quantize a kernel as QKeras does, pruned weights kept at zero or refused.

    Args:
        c: the conversion.
        layer: the layer.
        name: its variable.
        values: the float kernel, if it is not the stored one (batch normalisation folded in).
    """
    floats = weight(c, layer, name) if values is None else values
    spec = next((layer.config[k] for k in _KERNELS[name] if layer.config.get(k)), None)
    if spec is None:
        return _on_grid(floats, layer, name)
    q = parse_quantizer(spec, where(layer)).for_kernel()
    codes = q.quantize(floats)
    if q.keeps_zero:
        return codes
    mask = c.options.masks.get(layer.name, c.model.weights.get(layer.key, {}).get("mask"))
    zeros = int(np.count_nonzero(floats == 0))
    if mask is None and zeros:
        raise ModelError(
            f"{zeros} weights are exactly zero, which {q} turns into non-zero values; they look pruned",
            where(layer),
            "give the pruning mask (--masks FILE.npz with one array a layer: 0 pruned, 1 kept; all ones if "
            "they are no pruned weights), or save the model with its pruning wrappers",
        )
    if mask is None:
        return codes
    mask = np.asarray(mask)
    if mask.shape != floats.shape:
        raise ModelError(
            f"the pruning mask has shape {mask.shape}, the kernel {floats.shape}", where(layer)
        )
    dropped = int(np.count_nonzero(mask == 0))
    if dropped:
        c.notes.append(
            f"{layer.name}: {dropped} pruned weights are zero by the mask; Keras' own forward pass gives them "
            f"the value that {q} makes of zero"
        )
    return Codes(np.where(mask != 0, codes.codes, 0), codes.frac, codes.scale)


def _on_grid(floats: F32, layer: Layer, name: str) -> Codes:
    """Take an unquantized kernel whose values happen to be small integers on one grid."""
    made = integers(floats, _GRID_BITS)
    if made is None:
        raise UnsupportedLayer(
            f"the {name} is float: no quantizer, and its values are on no grid of {_GRID_BITS} bits",
            where(layer),
            PTQ,
        )
    return Codes(*made)


def integers(floats: F32, bits: int) -> tuple[IntArray, int] | None:
    """Return (codes, frac) where every value is ``code * 2**-frac`` within *bits*, else None."""
    if not np.any(floats):
        return np.zeros(floats.shape, np.int64), 0
    mantissa, power = np.frexp(floats[floats != 0].astype(np.float64))
    whole = (mantissa * (1 << 24)).astype(np.int64)
    trailing = np.array([(int(w) & -int(w)).bit_length() - 1 for w in np.abs(whole)])
    frac = int((24 - power - trailing).max())
    if int(power.max()) + frac > bits - 1:
        return None
    return np.ldexp(floats.astype(np.float64), frac).astype(np.int64), frac


def linear(
    c: Converter,
    layer: Layer,
    value: Value,
    codes: Codes,
    make: Callable[[IntArray, IntArray, int], Op],
    channels: int,
    bias: F32 | None,
    name: str,
) -> Value:
    """Emit a matrix product with bias; what is not on the integer grid waits as steps.

    Args:
        c: the conversion.
        layer: the layer, for names and the bias quantizer.
        value: the input.
        codes: the quantized kernel.
        make: (weight codes, bias codes, fraction bits of the weights) to operation.
        channels: number of output channels, the last axis.
        bias: float bias, or None.
        name: of the node.
    """
    value = c.exact(value, layer)
    weights = codes.codes
    frac = value.type.frac + codes.frac
    bias_codes = np.zeros(channels, np.int64)
    floating = None
    if bias is not None and np.any(bias):
        made = _bias(layer, bias)
        scaled = not codes.exact
        if made is None or scaled or made[1] - frac > _BIAS_BITS:
            floating = bias if made is None else f32(np.ldexp(made[0].astype(np.float64), -made[1]))
        else:
            bias_codes, bias_frac = made
            if bias_frac > frac:  # the bias has the finer grid: weights move up, which costs no logic
                weights = weights << (bias_frac - frac)
                frac = bias_frac
            bias_codes = bias_codes << (frac - bias_frac)
    op = make(weights, bias_codes, frac - value.type.frac)
    note = f"weights {_format(weights, frac - value.type.frac)}"
    done = c.emit(name, op, [value], layer, note)
    if not codes.exact:
        done = done.after(Affine(mul=_along_channels(codes.scale, channels)))
        c.notes.append(
            f"{layer.name}: its weight scale is no power of two, so Keras' float32 sums round; hwgen applies the "
            "scale to the exact integer sum"
        )
    if floating is not None:
        done = done.after(Affine(add=floating))
    return done


def _format(weights: IntArray, frac: int) -> Fixed:
    return Fixed.covering(int(weights.min()), int(weights.max()), frac)


def _along_channels(scale: F32, channels: int) -> F32:
    flat = f32(scale).reshape(-1)
    if flat.size not in (1, channels):
        raise ModelError(f"weight scale of shape {np.shape(scale)} for {channels} channels")
    return flat


def _bias(layer: Layer, bias: F32) -> tuple[IntArray, int] | None:
    spec = layer.config.get("bias_quantizer")
    if not spec:
        return integers(bias, 24)
    made = parse_quantizer(spec, where(layer)).quantize(bias)
    if not made.exact:
        return integers(f32(made.value()), 24)
    return made.codes, made.frac


def bias_of(c: Converter, layer: Layer) -> F32 | None:
    """Return the float bias of a layer, None without one."""
    return weight(c, layer, "bias") if layer.config.get("use_bias", True) else None


@handles("Dense", "QDense")
def dense(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Matrix product on the last axis."""
    codes = kernel(c, layer, "kernel")
    (value,) = ins
    if codes.codes.ndim != 2 or value.type.shape[-1] != codes.codes.shape[0]:
        raise _shapes(layer, value, codes.codes)
    out = linear(
        c, layer, value, codes, Dense, codes.codes.shape[1], bias_of(c, layer), layer.name
    )
    return c.activate(out, layer.config.get("activation"), layer)


def _shapes(layer: Layer, value: Value, array: Any) -> ModelError:
    return ModelError(
        f"a kernel of shape {array.shape} does not fit the input {value.type.shape}",
        where(layer),
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
            where(layer),
            "save the model with channels_last",
        )


def padding(
    layer: Layer, sizes: tuple[int, ...], window: tuple[int, ...], strides: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:  # fmt: skip
    """Return the padding in front of and behind every spatial axis, as TensorFlow places it."""
    mode = layer.config.get("padding", "valid")
    pads = []
    for size, k, stride, d in zip(sizes, window, strides, dilation, strict=True):
        reach = (k - 1) * d + 1
        if mode == "valid":
            total, front = 0, 0
            if size < reach:
                raise ModelError(f"a window of {reach} does not fit an axis of {size}", where(layer))
        elif mode == "same":
            total = max((-(-size // stride) - 1) * stride + reach - size, 0)
            front = total // 2
        elif mode == "causal":
            total = front = reach - 1
        else:
            raise UnsupportedLayer(f"padding={mode!r} is not supported", where(layer))
        pads.append((front, total - front))
    return tuple(pads)


def _geometry(layer: Layer, value: Value, window: tuple[int, ...]) -> dict[str, Any]:
    channels_last(layer)
    rank = len(window)
    if len(value.type.shape) != rank + 1:
        raise ModelError(
            f"input of shape {value.type.shape}, but the layer needs {rank} spatial axes and channels",
            where(layer),
        )
    strides = per_axis(layer.config.get("strides", 1), rank)
    dilation = per_axis(layer.config.get("dilation_rate", 1), rank)
    pads = padding(layer, value.type.shape[:-1], window, strides, dilation)
    return {"strides": strides, "padding": pads, "dilation": dilation}


def _conv(c: Converter, layer: Layer, value: Value, codes: Codes, bias: F32 | None) -> Value:
    weights = codes.codes
    groups = int(layer.config.get("groups", 1))
    if value.type.shape[-1] != weights.shape[-2] * groups:
        raise _shapes(layer, value, weights)
    if groups > 1:
        codes = Codes(_block_diagonal(weights, groups), codes.frac, codes.scale)
    geometry = _geometry(layer, value, weights.shape[:-2])
    out = linear(
        c, layer, value, codes, lambda w, b, f: Conv(w, b, frac=f, **geometry), weights.shape[-1], bias, layer.name
    )
    return c.activate(out, layer.config.get("activation"), layer)


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
    if value.type.shape[-1] != weights.shape[-2]:
        raise _shapes(layer, value, weights)
    geometry = _geometry(layer, value, weights.shape[:-2])
    channels = weights.shape[-1] * weights.shape[-2]
    scale = codes.scale
    if not codes.exact and scale.size > 1:  # (.., cin, mult) to output channels c * mult + m
        scale = np.broadcast_to(
            scale.reshape((1,) * (weights.ndim - scale.ndim) + scale.shape), (*(1,) * (weights.ndim - 2), *weights.shape[-2:])
        ).reshape(-1)
    return linear(
        c, layer, value, Codes(weights, codes.frac, scale),
        lambda w, b, f: DepthwiseConv(w, b, frac=f, **geometry), channels, bias, name,
    )  # fmt: skip


@handles("DepthwiseConv2D", "QDepthwiseConv2D", "DepthwiseConv1D")
def depthwise(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Depthwise convolution."""
    codes = kernel(c, layer, "depthwise_kernel")
    out = _depthwise(c, layer, ins[0], codes, bias_of(c, layer), layer.name)
    return c.activate(out, layer.config.get("activation"), layer)


@handles("SeparableConv1D", "SeparableConv2D", "QSeparableConv1D", "QSeparableConv2D")
def separable(c: Converter, layer: Layer, ins: list[Value]) -> Value:
    """Depthwise, then pointwise convolution, with nothing in between."""
    first, second = kernel(c, layer, "depthwise_kernel"), kernel(c, layer, "pointwise_kernel")
    middle = _depthwise(c, layer, ins[0], first, None, f"{layer.name}_depthwise")
    channels = second.codes.shape[-1]
    ones = (1,) * (second.codes.ndim - 2)
    geometry = {"strides": ones, "padding": ((0, 0),) * len(ones), "dilation": ones}
    out = linear(
        c, layer, middle, second, lambda w, b, f: Conv(w, b, frac=f, **geometry), channels,
        bias_of(c, layer), f"{layer.name}_pointwise",
    )  # fmt: skip
    return c.activate(out, layer.config.get("activation"), layer)


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
        raise ModelError("a moving variance is negative", where(layer), "the file is damaged")
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
    return c.activate(out, layer.config.get("activation"), layer)


def _last_axis(layer: Layer, value: Value) -> None:
    axis = layer.config.get("axis", -1)
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    if [int(a) % (len(value.type.shape) + 1) for a in axes] != [len(value.type.shape)]:
        raise UnsupportedLayer(
            f"normalisation along axis {axis}; only the last axis is supported", where(layer)
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
        raise ModelError("a quantized variance is negative", where(layer))
    return value.after(Normalise(rsqrt(total), gamma, beta, mean))


def _parameter(c: Converter, layer: Layer, name: str) -> F32:
    stored = weight(c, layer, {"mean": "moving_mean", "variance": "moving_variance"}.get(name, name))
    spec = layer.config.get(f"{name}_quantizer")
    if not spec:
        return stored
    q = parse_quantizer(spec, where(layer))
    return f32(q.quantize(stored, kernel=name in ("gamma", "variance")).value())
