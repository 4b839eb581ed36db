# SPDX-License-Identifier: Apache-2.0
"""Functions of the layers with weights, in float64: products and normalisations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.settings import number, whole, wholes
from hwgen.frontends.qkeras.layers_linear import padding
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.frontends.qkeras.weights import pruned, weight
from hwgen.quantize.registry import F64, Stored, computes

# -------------------------------------------------------------------- products


@computes("Dense", "QDense", "BinaryDense", "TernaryDense")
def _dense(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.asarray(ins[0] @ f.weight(layer, "kernel") + f.bias(layer))


def windows(
    layer: Layer, x: F64, window: tuple[int, ...], strides: tuple[int, ...], fill: float = 0.0
) -> F64:
    """Return ``(samples, *places, channels, *window)``."""
    rank = len(window)
    dilation = wholes(layer, "dilation_rate", 1, rank)
    pads = padding(layer, x.shape[1:-1], window, strides, dilation)
    padded = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    reach = tuple((k - 1) * d + 1 for k, d in zip(window, dilation, strict=True))
    axes = tuple(range(1, rank + 1))
    views: Any = sliding_window_view(padded, reach, axis=axes)  # type: ignore[call-overload]
    picks = [slice(None), *(slice(None, None, s) for s in strides), slice(None)]
    picks += [slice(None, None, d) for d in dilation]
    return np.asarray(views[tuple(picks)])


def _product(f: Stored, layer: Layer, x: F64, kernel: F64) -> F64:
    *window, cin, cout = kernel.shape
    rank = len(window)
    views = windows(layer, x, tuple(window), wholes(layer, "strides", 1, rank))
    groups = whole(layer, "groups", 1)
    axes = [rank + 1 + i for i in range(rank + 1)]  # channels, then the window
    turned = np.moveaxis(kernel, -2, 0)
    parts = []
    for g in range(groups):
        part: Any = (..., slice(g * cin, (g + 1) * cin), *[slice(None)] * rank)
        own = views[part]
        outs = slice(g * (cout // groups), (g + 1) * (cout // groups))
        parts.append(np.tensordot(own, turned[..., outs], (axes, list(range(rank + 1)))))
    return np.concatenate(parts, axis=-1)


@computes("Conv1D", "Conv2D", "QConv1D", "QConv2D")
def _conv(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    return np.asarray(_product(f, layer, ins[0], f.weight(layer, "kernel")) + f.bias(layer))


def _per_channel(layer: Layer, x: F64, kernel: F64) -> F64:
    """Return the depthwise product."""
    *window, cin, multiplier = kernel.shape
    rank = len(window)
    views = windows(layer, x, tuple(window), wholes(layer, "strides", 1, rank))
    turned = np.moveaxis(kernel, -2, 0)  # channels, *window, multiplier
    letters = "uvw"[:rank]
    made = np.einsum(f"...c{letters},c{letters}m->...cm", views, turned, optimize=True)
    return np.asarray(made.reshape(*made.shape[:-2], cin * multiplier))


@computes("DepthwiseConv1D", "DepthwiseConv2D", "QDepthwiseConv2D")
def _depthwise(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    made = _per_channel(layer, ins[0], f.weight(layer, "depthwise_kernel"))
    return np.asarray(made + f.bias(layer))


@computes("SeparableConv1D", "SeparableConv2D", "QSeparableConv1D", "QSeparableConv2D")
def _separable(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    middle = _per_channel(layer, ins[0], f.weight(layer, "depthwise_kernel"))
    pointwise = f.weight(layer, "pointwise_kernel")
    return np.asarray(middle @ pointwise.reshape(pointwise.shape[-2:]) + f.bias(layer))


# -------------------------------------------------------------------- products with a normalisation


def _folded_kernel(f: Stored, layer: Layer, name: str) -> tuple[F64, F64]:
    """Return kernel and bias with the layer's own normalisation folded in, quantized.

    Raises:
        UnsupportedLayer: the layer does not quantize its kernel.
    """
    quantizer = f.quantizer(layer, name)
    if quantizer is None:
        raise UnsupportedLayer(
            f"a {layer.cls} without a kernel quantizer cannot be calibrated",
            layer.where,
            "use the layer without Batchnorm in its name and a BatchNormalization behind it",
        )
    factor, term = norm_line(f, layer)
    floats = pruned(f.conversion, layer, name)
    shape = floats.shape[-2:] if name == "depthwise_kernel" else floats.shape[-1:]
    kernel = quantizer.quantize(floats * factor.reshape(shape), kernel=True).value()
    if layer.config.get("use_bias", True):
        term = term + factor * weight(f.conversion, layer, "bias")
    q = f.quantizer(layer, "bias")
    return kernel, term if q is None else q.quantize(term).value()


@computes("QDenseBatchnorm")
def _dense_norm(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    kernel, bias = _folded_kernel(f, layer, "kernel")
    return np.asarray(ins[0] @ kernel + bias)


@computes("QConv2DBatchnorm")
def _conv_norm(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    kernel, bias = _folded_kernel(f, layer, "kernel")
    return np.asarray(_product(f, layer, ins[0], kernel) + bias)


@computes("QDepthwiseConv2DBatchnorm")
def _depthwise_norm(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    kernel, bias = _folded_kernel(f, layer, "depthwise_kernel")
    return np.asarray(_per_channel(layer, ins[0], kernel) + bias)


# -------------------------------------------------------------------- normalisation, activations


def norm_line(f: Stored, layer: Layer) -> tuple[F64, F64]:
    """Return factor and term of a batch normalisation."""
    mean, variance = f.weight(layer, "moving_mean"), f.weight(layer, "moving_variance")
    gamma = f.weight(layer, "gamma") if layer.config.get("scale", True) else np.ones_like(mean)
    beta = f.weight(layer, "beta") if layer.config.get("center", True) else np.zeros_like(mean)
    factor = gamma / np.sqrt(variance + number(layer, "epsilon", 1e-3))
    return factor, beta - mean * factor


@computes("BatchNormalization", "SyncBatchNormalization")
def _norm(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    factor, term = norm_line(f, layer)
    return np.asarray(ins[0] * factor + term)


@computes("QBatchNormalization")
def _quantized_norm(f: Stored, layer: Layer, ins: Sequence[F64]) -> F64:
    made = {}
    for name, stored, default in (
        ("mean", "moving_mean", 0.0), ("variance", "moving_variance", 1.0),
        ("gamma", "gamma", 1.0), ("beta", "beta", 0.0),
    ):  # fmt: skip
        left_out = {"gamma": "scale", "beta": "center"}.get(name, "")
        if left_out and not layer.config.get(left_out, True):
            made[name] = np.asarray(default)
            continue
        floats, spec = weight(f.conversion, layer, stored), layer.config.get(f"{name}_quantizer")
        q = parse_quantizer(spec, layer.where) if spec else None
        kernel = name in ("gamma", "variance")
        value = floats if q is None else q.quantize(floats, kernel=kernel).value()
        made[name] = np.asarray(value, np.float64)
    root = np.sqrt(made["variance"] + number(layer, "epsilon", 1e-3))
    return np.asarray((ins[0] - made["mean"]) * made["gamma"] / root + made["beta"])
