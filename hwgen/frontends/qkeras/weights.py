# SPDX-License-Identifier: Apache-2.0
"""A layer's weights as integers, and the matrix products they go into."""

from __future__ import annotations

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer, UnsupportedQuantizer
from hwgen.frontends.exact.codes import F32, Codes, on_grid
from hwgen.frontends.exact.product import Bias
from hwgen.frontends.exact.steps import f32
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.topology import Layer
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.ir.tensor import Codes as IntArray

PTQ = (
    "train it with QKeras quantizers (QDense, QConv2D, QActivation), or quantize it afterwards "
    "(post-training quantization)"
)
# A kernel without a quantizer passes when its values are integers of so many bits on one grid.
_GRID_BITS = 16
# So do the values of a bias.
_BIAS_GRID_BITS = 24


def weight(c: Conversion, layer: Layer, name: str) -> F32:
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


def kernel(c: Conversion, layer: Layer, name: str, values: F32 | None = None) -> Codes:
    """Quantize a kernel as QKeras does; pruned weights are kept at zero or refused.

    Args:
        c: the conversion.
        layer: the layer.
        name: its variable.
        values: the float kernel, if not the stored one (batch normalisation folded in).
    """
    floats = weight(c, layer, name) if values is None else values
    keys = CLASSES[layer.cls].kernels[name]
    spec = next((layer.config[k] for k in keys if layer.config.get(k)), None)
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


def _mask(c: Conversion, layer: Layer, name: str) -> IntArray | None:
    masks, stored = c.options.masks, c.model.weights.get(layer.key, {})
    for key in (f"{layer.key}/{name}", layer.key, layer.name):
        if key in masks:
            return np.asarray(masks[key])
    return np.asarray(stored["mask"]) if "mask" in stored else None


def _on_grid(floats: F32, layer: Layer, name: str) -> Codes:
    """Take an unquantized kernel whose values happen to be small integers on one grid."""
    codes = on_grid(floats, _GRID_BITS)
    if codes is None:
        raise UnsupportedLayer(
            f"the {name} is float: no quantizer, and its values are on no grid of "
            f"{_GRID_BITS} bits",
            layer.where,
            PTQ,
        )
    return codes


def bias_of(c: Conversion, layer: Layer) -> Bias:
    """Return the quantized bias of a layer: codes, float32 on no grid, or None without one."""
    if not layer.config.get("use_bias", True):
        return None
    return quantized_bias(layer, weight(c, layer, "bias"))


def quantized_bias(layer: Layer, floats: F32) -> Bias:
    """Return a bias as the layer's quantizer makes it; a zero need not stay zero."""
    spec = layer.config.get("bias_quantizer")
    if not spec:
        made = on_grid(floats, _BIAS_GRID_BITS)
        return floats if made is None else made
    codes = parse_quantizer(spec, layer.where).quantize(floats)
    if codes.exact:
        return codes
    values = f32(codes.value())
    made = on_grid(values, _BIAS_GRID_BITS)
    return values if made is None else made


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
