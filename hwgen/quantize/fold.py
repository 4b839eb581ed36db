# SPDX-License-Identifier: Apache-2.0
"""Folding of batch normalisations into the kernels in front of them, before these are quantized.

The factor goes into the kernel, so no multiplier is left behind it. What is added stays in the
normalisation, which becomes ``(x - mean) * 1``: a bias.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.keras.settings import number
from hwgen.quantize.forward import Forward
from hwgen.quantize.functions_linear import norm_line
from hwgen.quantize.registry import F64

NORMS = ("BatchNormalization", "SyncBatchNormalization")


@dataclass(frozen=True)
class Folding:
    """Folding of one normalisation.

    Attributes:
        product, norm: the layers.
        changed: weights that take the place of the stored ones.
    """

    product: Layer
    norm: Layer
    changed: dict[str, F64]


def main_kernel(layer: Layer) -> str:
    """Return the kernel whose last axes are the channels out."""
    return list(CLASSES[layer.cls].kernels)[-1]


def channel_axes(layer: Layer) -> int:
    """Return how many last axes of a layer's main kernel count its channels out."""
    return 2 if main_kernel(layer) == "depthwise_kernel" else 1


def is_float_product(forward: Forward, layer: Layer) -> bool:
    """Tell whether a layer has float kernels."""
    kernels = CLASSES[layer.cls].kernels if layer.cls in CLASSES else {}
    return bool(kernels) and all(forward.quantizer(layer, name) is None for name in kernels)


def foldings(forward: Forward) -> list[Folding]:
    """Return the foldings that are possible: one reader, called once, nothing in between."""
    readers = forward.conversion.readers
    uses = Counter(call.layer.key for call in forward.network.calls)
    outputs = forward.network.leaving
    made = []
    for call in forward.network.calls:
        layer, behind = call.layer, readers.get(call.output, [])
        if len(behind) != 1 or behind[0].layer.cls not in NORMS or call.output in outputs:
            continue
        norm = behind[0].layer
        alone = uses[layer.key] == uses[norm.key] == 1
        linear = layer.config.get("activation") in (None, "linear")
        if alone and linear and is_float_product(forward, layer):
            made.append(_fold(forward, layer, norm))
    return made


def _fold(forward: Forward, layer: Layer, norm: Layer) -> Folding:
    factor, term = norm_line(forward, norm)
    name = main_kernel(layer)
    kernel = forward.weight(layer, name)
    shape = kernel.shape[-channel_axes(layer) :]
    changed = {f"{layer.key}/{name}": kernel * factor.reshape(shape)}
    if layer.config.get("use_bias", True):
        term = term + forward.weight(layer, "bias") * factor
        changed[f"{layer.key}/bias"] = np.zeros_like(factor)
    changed |= {
        f"{norm.key}/gamma": np.ones_like(factor),
        f"{norm.key}/beta": np.zeros_like(factor),
        f"{norm.key}/moving_mean": -term,
        f"{norm.key}/moving_variance": np.full(factor.shape, _unit_variance(norm)),
    }
    return Folding(layer, norm, changed)


def _unit_variance(norm: Layer) -> np.float32:
    """Return the float32 variance to which float32 adds epsilon and gets 1."""
    epsilon, one = np.float32(number(norm, "epsilon", 1e-3)), np.float32(1)
    found = np.float32(one - epsilon)
    for _ in range(4):
        total = np.float32(found + epsilon)
        if total == one:
            break
        found = np.nextafter(found, np.float32(2 if total < one else 0))
    return found
