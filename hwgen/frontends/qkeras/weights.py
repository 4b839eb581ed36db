# SPDX-License-Identifier: Apache-2.0
"""Weights of a layer as integers: kernels, biases, pruning masks."""

from __future__ import annotations

import numpy as np

from hwgen.errors import ModelError, UnsupportedLayer, UnsupportedQuantizer, count_of
from hwgen.frontends.exact.codes import F32, Codes, on_grid
from hwgen.frontends.exact.product import Bias
from hwgen.frontends.exact.steps import f32
from hwgen.frontends.formats import rule_of
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.precision import FLOAT32, variable_format
from hwgen.frontends.keras.variables import mask_names
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.frontends.qkeras.quantizers_base import round_clip
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes as IntArray

PTQ = (
    "hwgen quantize MODEL --data calib.npz -o NAME.json (post-training quantization), or round it "
    "yourself: --weight-format '*=s16.12' --format '*=s16.9'; or train it with QKeras quantizers "
    "(QDense, QConv2D, QActivation)"
)
# A bias beside a kernel that takes a format of the user keeps so many bits more than that has.
_BIAS_MORE = 8
# Classes that quantize their kernel in a way of their own, as a quantizer of QKeras does it.
OWN_QUANTIZER = {
    "BinaryDense": "binary(alpha=1)",
    "TernaryDense": "ternary(alpha=1,threshold=0.5000001)",
}
# A bias passes when its values are integers of so many bits on one grid.
_BIAS_GRID_BITS = 24


def weight(c: Conversion, layer: Layer, name: str) -> F32:
    """Return a weight array of a layer as the float32 that Keras makes of it when it loads it.

    Raises:
        ModelError: it is missing, not finite, or of a layer that computes with more bits.
    """
    found = c.model.weights.get(layer.key, {})
    if name not in found:
        raise ModelError(
            f"the weight {name!r} is missing (the file has {sorted(found) or 'none'})",
            layer.where,
            "give the weights file that belongs to this architecture",
        )
    with np.errstate(over="ignore", under="ignore"):
        array = f32(found[name])
    lost = int(np.count_nonzero(array != found[name]))
    if lost and variable_format(layer.config.get("dtype"), layer.where).bits > FLOAT32.bits:
        raise ModelError(
            f"the weight {name!r} is {found[name].dtype}; {lost} of "
            f"{count_of(array.size, 'value')} {'is' if lost == 1 else 'are'} no exact float32",
            layer.where,
            "convert the model to float32 and check it there",
        )
    if not np.isfinite(array).all():
        raise ModelError(
            f"the weight {name!r} holds NaN or infinity",
            layer.where,
            "the training diverged: load an earlier checkpoint",
        )
    return array


def pruned(c: Conversion, layer: Layer, name: str) -> F32:
    """Return a float kernel with its pruned weights at zero, by a mask given or stored.

    Raises:
        ModelError: as `weight`, or the mask does not fit.
    """
    floats = weight(c, layer, name)
    return _kept(floats, _mask(c, layer, name, floats.shape)[0])


def _kept(floats: F32, mask: IntArray | None) -> F32:
    return floats if mask is None else f32(np.where(mask != 0, floats, np.float32(0)))


def kernel(c: Conversion, layer: Layer, name: str, values: F32 | None = None) -> Codes:
    """Quantize a kernel as QKeras does, pruned weights kept at zero.

    A kernel that cannot be quantized is told, and zeros of its shape stand in for it.

    Args:
        c: the conversion.
        layer: the layer.
        name: its variable.
        values: the float kernel, if not the stored one (batch normalisation folded in).
    """
    floats = weight(c, layer, name) if values is None else values
    try:
        codes = _kernel(c, layer, name, floats)
    except ModelError as error:
        c.problem(error)
        c.unquantized.add(layer.key)
        return Codes(np.zeros(floats.shape, np.int64), 0)
    if not np.any(codes.codes):
        part = "" if len(CLASSES[layer.cls].kernels) == 1 else f" of its {name}"
        c.note(f"{layer.name}: all weights{part} are zero")
    return codes


def _kernel(c: Conversion, layer: Layer, name: str, floats: F32) -> Codes:
    mask, stored = _mask(c, layer, name, floats.shape)
    kept = _kept(floats, mask)
    lost = int(np.count_nonzero(kept != floats))
    if lost and not stored:
        c.note(
            f"{layer.name}: {count_of(lost, 'weight is', 'weights are')} not zero in the file, and "
            "zero by the mask that was given; Keras does not know the mask and computes without it"
        )
    keys = CLASSES[layer.cls].kernels[name]
    spec = next((layer.config[k] for k in keys if layer.config.get(k)), None)
    spec = OWN_QUANTIZER.get(layer.cls, spec)
    if spec is None:
        rule = rule_of(c.options.weight_formats, (layer.name, layer.key))
        if rule is not None:
            return _rounded(c, layer, kept, rule[0])
        return _on_grid(kept, layer, name, c.options.grid_bits)
    q = parse_quantizer(spec, layer.where).for_kernel()
    codes = q.quantize(kept)
    if q.keeps_zero:
        return codes
    zeros = int(np.count_nonzero(kept == 0))
    if c.options.root is not None:
        return codes  # as the framework itself has it
    if mask is None and zeros:
        raise ModelError(
            f"{count_of(zeros, 'weight is', 'weights are')} exactly zero, which {q} turns into "
            "another value; this looks like pruning",
            layer.where,
            "give the pruning mask (--masks FILE.npz with one array a layer: 0 pruned, 1 kept; "
            "all ones if no weight is pruned), or save the model with its pruning wrappers",
        )
    if mask is None:
        return codes
    dropped = int(np.count_nonzero(mask == 0))
    if dropped:
        c.note(
            f"{layer.name}: {count_of(dropped, 'pruned weight is', 'pruned weights are')} zero by "
            f"the mask; Keras' own forward pass gives the value that {q} makes of zero"
        )
    return Codes(np.where(mask != 0, codes.codes, 0), codes.frac, codes.scale)


def _mask(
    c: Conversion, layer: Layer, name: str, shape: tuple[int, ...]
) -> tuple[IntArray | None, bool]:
    """Return the pruning mask of a kernel, and whether the file itself holds it.

    Keras multiplies by the stored mask in every forward pass: a checkpoint written between a
    gradient step and the next mask holds pruned weights that are not zero.
    """
    given = c.options.masks if c.options.root is None else {}
    stored = c.model.weights.get(layer.key, {})
    keys = (f"{layer.key}/{name}", layer.key, layer.name)
    found = next((np.asarray(given[key]) for key in keys if key in given), None)
    own = found is None
    if own:
        masks = [np.asarray(stored[key]) for key in mask_names(stored)]
        kernels = [k for k in CLASSES[layer.cls].kernels if k in stored]
        found = masks[kernels.index(name)] if len(masks) == len(kernels) else None
        if masks and found is None:
            raise ModelError(
                f"{count_of(len(masks), 'pruning mask is', 'pruning masks are')} stored for "
                f"{count_of(len(kernels), 'kernel')}",
                layer.where,
                "remove the pruning wrappers (strip_pruning) and save the model again",
            )
    if found is not None and found.shape != shape:
        raise ModelError(
            f"the pruning mask has shape {found.shape}, the kernel {shape}",
            layer.where,
            "give the mask in the shape of the kernel",
        )
    if found is not None and not np.all((found == 0) | (found == 1)):
        raise ModelError(
            "the pruning mask holds other values than 0 and 1",
            layer.where,
            "remove the pruning wrappers (strip_pruning) and save the model again",
        )
    return found, own


def _on_grid(floats: F32, layer: Layer, name: str, bits: int) -> Codes:
    """Take an unquantized kernel whose values happen to be small integers on one grid."""
    codes = on_grid(floats, bits)
    if codes is None:
        raise UnsupportedLayer(
            f"the {name} is float: no quantizer, and its values are on no grid of {bits} bits",
            layer.where,
            PTQ,
        )
    return codes


def _rounded(c: Conversion, layer: Layer, floats: F32, fixed: Fixed) -> Codes:
    """Return a float kernel in the format that the user gave, and tell of what saturates."""
    codes = round_clip(floats, fixed.frac, fixed.lo, fixed.hi)
    c.rounded.setdefault(str(fixed), []).append(layer.name)
    beyond = np.rint(np.ldexp(floats.astype(np.float64), fixed.frac)) != codes
    if beyond.any():
        c.note(
            f"{layer.name}: saturated in {fixed}: {int(beyond.sum())} of "
            f"{count_of(floats.size, 'weight')}"
        )
    return Codes(codes, fixed.frac)


def bias_of(c: Conversion, layer: Layer) -> Bias:
    """Return the quantized bias of a layer: codes, float32 on no grid, or None without one."""
    if not layer.config.get("use_bias", True):
        return None
    floats = weight(c, layer, "bias")
    if layer.key in c.unquantized and not layer.config.get("bias_quantizer"):
        return None
    rule = rule_of(c.options.weight_formats, (layer.name, layer.key))
    if rule is None or layer.config.get("bias_quantizer") or not _float_kernels(layer):
        return quantized_bias(layer, floats)
    frac = rule[0].frac + _BIAS_MORE
    scaled = np.rint(np.ldexp(floats.astype(np.float64), frac))
    return Codes(scaled.astype(np.int64), frac)


def _float_kernels(layer: Layer) -> bool:
    if layer.cls in OWN_QUANTIZER:
        return False
    keys = [key for keys in CLASSES[layer.cls].kernels.values() for key in keys]
    return not any(layer.config.get(key) for key in keys)


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
