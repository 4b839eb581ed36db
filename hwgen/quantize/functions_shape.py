# SPDX-License-Identifier: Apache-2.0
"""Functions of the layers without weights, in float64: scales, activations, pooling, merging."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hwgen.frontends.exact.steps import Curve, Leak, Rectify, f32, real
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.settings import number, pairs, whole, wholes
from hwgen.frontends.qkeras.layers_float import statistics
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.quantize.functions_linear import windows
from hwgen.quantize.registry import F64, FUNCTIONS, Function, Stored, computes

# -------------------------------------------------------------------- scales and activations


@computes("Rescaling")
def _rescaling(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    scale, offset = (np.asarray(layer.config.get(k, d)) for k, d in (("scale", 1), ("offset", 0)))
    return np.asarray(ins[0] * scale.astype(np.float64) + offset.astype(np.float64))


@computes("ReLU")
def _relu(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    slope, top = number(layer, "negative_slope", 0.0), number(layer, "max_value", np.inf)
    return real(Rectify(slope, top), ins[0])


@computes("LeakyReLU")
def _leaky(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    key = "alpha" if "alpha" in layer.config else "negative_slope"
    return real(Rectify(number(layer, key, 0.3)), ins[0])


@computes("ELU")
def _elu(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return Curve("elu", alpha=number(layer, "alpha", 1.0)).real(ins[0])


@computes("PReLU")
def _prelu(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return real(Leak(f32(f.weight(layer, "alpha"))), ins[0])


@computes("Normalization")
def _normalization(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    mean, variance = statistics(f.conversion, layer, ins[0].shape[1:])
    spread = np.maximum(np.sqrt(variance.astype(np.float64)), 1e-7)
    return np.asarray((ins[0] - mean.astype(np.float64)) / spread)


@computes(
    "Activation", "QActivation", "Softmax", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
    "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization",
)  # fmt: skip
def _same(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return ins[0]


# -------------------------------------------------------------------- pooling


def _pool(layer: Layer, x: F64, fill: float) -> F64:
    rank = x.ndim - 2
    pool = wholes(layer, "pool_size", 2, rank)
    views = windows(layer, x, pool, wholes(layer, "strides", pool, rank), fill)
    return views.reshape(*views.shape[:-rank], -1)


@computes("MaxPooling1D", "MaxPooling2D")
def _max(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.asarray(_pool(layer, ins[0], -np.inf).max(axis=-1))


def _area(layer: Layer, size: int) -> np.float64:
    """Return what a mean of *size* values is multiplied by where its factor is quantized."""
    spec = layer.config.get("average_quantizer")
    if not spec:
        return np.float64(1)
    factor = parse_quantizer(spec, layer.where).quantize(np.array([1.0 / size])).value()
    return np.float64(size * factor[0])


@computes("AveragePooling1D", "AveragePooling2D", "QAveragePooling2D")
def _mean(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    count = _pool(layer, np.ones_like(ins[0][:1]), 0.0).sum(axis=-1)
    pool = wholes(layer, "pool_size", 2, ins[0].ndim - 2)
    total = _pool(layer, ins[0], 0.0).sum(axis=-1)
    return np.asarray(total / count * _area(layer, int(np.prod(pool))))


def _over_all(layer: Layer, x: F64, by: Callable[..., F64]) -> F64:
    keep = bool(layer.config.get("keepdims"))
    return np.asarray(by(x, axis=tuple(range(1, x.ndim - 1)), keepdims=keep))


@computes("GlobalMaxPooling1D", "GlobalMaxPooling2D")
def _global_max(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return _over_all(layer, ins[0], np.max)


@computes("GlobalAveragePooling1D", "GlobalAveragePooling2D", "QGlobalAveragePooling2D")
def _global_mean(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    size = int(np.prod(ins[0].shape[1:-1]))
    return np.asarray(_over_all(layer, ins[0], np.mean) * _area(layer, size))


# -------------------------------------------------------------------- moving and merging


@computes("Flatten")
def _flatten(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return ins[0].reshape(len(ins[0]), -1)


@computes("Reshape")
def _reshape(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return ins[0].reshape(len(ins[0]), *wholes(layer, "target_shape", (), least=-1))


@computes("Permute")
def _permute(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.transpose(ins[0], (0, *wholes(layer, "dims", ())))


@computes("ZeroPadding1D", "ZeroPadding2D")
def _zeros(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.pad(ins[0], [(0, 0), *pairs(layer, "padding", ins[0].ndim - 2), (0, 0)])


@computes("Cropping1D", "Cropping2D")
def _crop(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    ends = pairs(layer, "cropping", ins[0].ndim - 2)
    cuts = [slice(a, n - b) for (a, b), n in zip(ends, ins[0].shape[1:-1], strict=True)]
    return ins[0][(slice(None), *cuts)]


@computes("UpSampling1D", "UpSampling2D")
def _upsample(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    made = ins[0]
    for axis, times in enumerate(wholes(layer, "size", 2, made.ndim - 2), start=1):
        made = np.repeat(made, times, axis=axis)
    return made


def _folded(by: Callable[[F64, F64], F64]) -> Function:
    def merge(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
        made = ins[0]
        for x in ins[1:]:
            made = by(made, x)
        return made

    return merge


for _cls, _by in (
    ("Add", np.add), ("Subtract", np.subtract), ("Multiply", np.multiply),
    ("Maximum", np.maximum), ("Minimum", np.minimum),
):  # fmt: skip
    FUNCTIONS[_cls] = _folded(_by)


@computes("Average")
def _average(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.asarray(sum(ins) / np.float64(len(ins)))


@computes("Concatenate")
def _concatenate(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.concatenate(ins, axis=whole(layer, "axis", -1, None))
