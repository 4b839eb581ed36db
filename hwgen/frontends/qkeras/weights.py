# SPDX-License-Identifier: Apache-2.0
"""A layer's weights as integers, and the matrix products they go into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer, UnsupportedQuantizer
from hwgen.frontends.exact.steps import F32, Affine, Value, f32
from hwgen.frontends.keras.topology import Layer
from hwgen.frontends.qkeras.quantizers import Codes, parse_quantizer
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes as IntArray
from hwgen.ops.base import Op

if TYPE_CHECKING:
    from hwgen.frontends.qkeras.convert import Converter

Make = Callable[[IntArray, IntArray, int], Op]
PTQ = (
    "train it with QKeras quantizers (QDense, QConv2D, QActivation), or quantize it afterwards "
    "(post-training quantization)"
)
# A float32 sum is exact while it stays below this many least significant bits.
FLOAT32_EXACT = 1 << 24
# A kernel without a quantizer passes when its values are integers of so many bits on one grid.
_GRID_BITS = 16
# So do the values of a bias; it may have so many fraction bits more than the products.
_BIAS_GRID_BITS = 24
_BIAS_EXTRA_BITS = 16

KERNELS = {
    "kernel": ("kernel_quantizer",),
    "depthwise_kernel": ("depthwise_quantizer", "kernel_quantizer"),
    "pointwise_kernel": ("pointwise_quantizer",),
}


def weight(c: Converter, layer: Layer, name: str) -> F32:
    """Return a weight array of a layer."""
    found = c.model.weights.get(layer.key, {})
    if name not in found:
        raise ModelError(
            f"the weight {name!r} is missing (the file has {sorted(found) or 'none'})",
            layer.where,
            "give the weights file that belongs to this architecture",
        )
    array = f32(found[name])
    if not np.isfinite(array).all():
        raise ModelError(
            f"the weight {name!r} holds NaN or infinity",
            layer.where,
            "the training diverged: load an earlier checkpoint",
        )
    return array


def kernel(c: Converter, layer: Layer, name: str, values: F32 | None = None) -> Codes:
    """Quantize a kernel as QKeras does; pruned weights are kept at zero or refused.

    Args:
        c: the conversion.
        layer: the layer.
        name: its variable.
        values: the float kernel, if not the stored one (batch normalisation folded in).
    """
    floats = weight(c, layer, name) if values is None else values
    spec = next((layer.config[k] for k in KERNELS[name] if layer.config.get(k)), None)
    if spec is None:
        return _on_grid(floats, layer, name)
    q = parse_quantizer(spec, layer.where).for_kernel()
    codes = q.quantize(floats)
    if q.keeps_zero:
        return codes
    mask = _mask(c, layer, name)
    zeros = int(np.count_nonzero(floats == 0))
    if mask is None and zeros:
        raise ModelError(
            f"{zeros} weights are exactly zero, which {q} turns into non-zero values; they look "
            "pruned",
            layer.where,
            "give the pruning mask (--masks FILE.npz with one array a layer: 0 pruned, 1 kept; "
            "all ones if no weight is pruned), or save the model with its pruning wrappers",
        )
    if mask is None:
        return codes
    if mask.shape != floats.shape:
        raise ModelError(
            f"the pruning mask has shape {mask.shape}, the kernel {floats.shape}",
            layer.where,
            "give the mask in the shape of the kernel",
        )
    dropped = int(np.count_nonzero(mask == 0))
    if dropped:
        c.note(
            f"{layer.name}: {dropped} pruned weights are zero by the mask; Keras' own forward "
            f"pass gives them the value that {q} makes of zero"
        )
    return Codes(np.where(mask != 0, codes.codes, 0), codes.frac, codes.scale)


def _mask(c: Converter, layer: Layer, name: str) -> IntArray | None:
    masks, stored = c.options.masks, c.model.weights.get(layer.key, {})
    for key in (f"{layer.key}/{name}", layer.key, layer.name):
        if key in masks:
            return np.asarray(masks[key])
    return np.asarray(stored["mask"]) if "mask" in stored else None


def _on_grid(floats: F32, layer: Layer, name: str) -> Codes:
    """Take an unquantized kernel whose values happen to be small integers on one grid."""
    made = integers(floats, _GRID_BITS)
    if made is None:
        raise UnsupportedLayer(
            f"the {name} is float: no quantizer, and its values are on no grid of "
            f"{_GRID_BITS} bits",
            layer.where,
            PTQ,
        )
    return Codes(*made)


def integers(floats: F32, bits: int) -> tuple[IntArray, int] | None:
    """Return (codes, frac) where every value is ``code * 2**-frac`` within *bits*, else None."""
    if not np.any(floats):
        return np.zeros(floats.shape, np.int64), 0
    mantissa, power = np.frexp(floats[floats != 0].astype(np.float64))
    whole = np.abs(mantissa * (1 << 24)).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    frac = int((24 - power - trailing).max())
    if int(power.max()) + frac > bits - 1:
        return None
    return np.ldexp(floats.astype(np.float64), frac).astype(np.int64), frac


def bias_of(c: Converter, layer: Layer) -> F32 | None:
    """Return the float bias of a layer, None without one."""
    return weight(c, layer, "bias") if layer.config.get("use_bias", True) else None


def linear(
    c: Converter,
    layer: Layer,
    value: Value,
    codes: Codes,
    make: Make,
    channels: int,
    bias: F32 | None,
    name: str,
) -> Value:
    """Emit a matrix product with bias; what is not on the integer grid waits as steps.

    Args:
        c: the conversion.
        layer: the layer, for names and the bias quantizer.
        value: the input.
        codes: the quantized kernel, its scale one number or one an output channel.
        make: (weight codes, bias codes, fraction bits of the weights) to operation.
        channels: number of output channels, the last axis.
        bias: float bias, or None.
        name: of the node.
    """
    value = c.exact(value, layer)
    op, rest = _with_bias(layer, value, codes, make, channels, bias)
    width = Fixed.covering(int(codes.codes.min()), int(codes.codes.max()), codes.frac)
    done = c.emit(name, op, [value], layer, f"weights {width}")
    if not codes.exact:
        done = done.after(Affine(mul=f32(codes.scale).reshape(-1)))
        c.note(
            f"{layer.name}: its weight scale is no power of two, so Keras' float32 sums round; "
            "hwgen applies the scale to the exact integer sum"
        )
    return done if rest is None else done.after(Affine(add=rest))


def _with_bias(
    layer: Layer, value: Value, codes: Codes, make: Make, channels: int, bias: F32 | None
) -> tuple[Op, F32 | None]:
    """Return the product, and the bias where it stays float32."""
    none = np.zeros(channels, np.int64)
    if bias is not None and bias.shape != (channels,):
        raise ModelError(
            f"a bias of shape {bias.shape} for {channels} output channels",
            layer.where,
            "give the weights file that belongs to this architecture",
        )
    if bias is None or not np.any(bias):
        return make(codes.codes, none, codes.frac), None
    made = _bias(layer, bias)
    floats = bias if made is None else f32(np.ldexp(made[0].astype(np.float64), -made[1]))
    if made is None or not codes.exact:
        return make(codes.codes, none, codes.frac), floats
    bias_codes, bias_frac = made
    frac = value.type.frac + codes.frac
    if bias_frac <= frac:
        shifted = bias_codes.astype(object) << (frac - bias_frac)
        return make(codes.codes, shifted, codes.frac), None
    # The bias has the finer grid: weights move up, which costs no logic. Where Keras' own float32
    # addition would round, the bias stays float32 and the quantizer behind it decides.
    up = bias_frac - frac
    op = make(codes.codes.astype(object) << up, bias_codes, codes.frac + up)
    if up <= _BIAS_EXTRA_BITS and op.infer([value.type]).peak < FLOAT32_EXACT:
        return op, None
    return make(codes.codes, none, codes.frac), floats


def _bias(layer: Layer, bias: F32) -> tuple[IntArray, int] | None:
    spec = layer.config.get("bias_quantizer")
    if not spec:
        return integers(bias, _BIAS_GRID_BITS)
    made = parse_quantizer(spec, layer.where).quantize(bias)
    if not made.exact:
        return integers(f32(made.value()), _BIAS_GRID_BITS)
    return made.codes, made.frac


def per_channel(codes: Codes, layer: Layer) -> Codes:
    """Return codes whose scale, if any, is one number or one an output channel.

    Raises:
        UnsupportedQuantizer: the scale varies along another axis.
    """
    scale = f32(codes.scale)
    if codes.exact or scale.size == 1 or scale.shape[-1] == scale.size:
        return codes
    raise UnsupportedQuantizer(
        f"the fitted weight scale has shape {scale.shape}: it varies along another axis than the "
        "output channels",
        layer.where,
        "leave scale_axis out, or use alpha='auto_po2', whose scales are shifts",
    )
