# SPDX-License-Identifier: Apache-2.0
"""Problems of a layer that is not converted, because nothing is known of its input."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hwgen.errors import ModelError
from hwgen.frontends.keras.layer_classes import CLASSES, LayerClass
from hwgen.frontends.keras.network import Layer
from hwgen.frontends.qkeras.activations import read_activation
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.frontends.qkeras.weights import kernel


def problems_of(c: Conversion, layer: Layer) -> list[ModelError]:
    """Return what is wrong with a layer's weights and quantizers, whatever its input is."""
    checks: list[Callable[[], object]] = []
    stored = c.model.weights.get(layer.key, {})
    folded = layer.cls.endswith("Batchnorm")
    kernels = CLASSES.get(layer.cls, LayerClass()).kernels
    for name in kernels:
        if name in stored and not folded:
            checks.append(partial(kernel, c, layer, name))
    for key, spec in layer.config.items():
        is_kernel = any(key in keys for keys in kernels.values())
        if key.endswith("_quantizer") and spec and (folded or not is_kernel):
            checks.append(partial(parse_quantizer, spec, layer.where))
    checks.append(partial(read_activation, layer.config.get("activation"), layer))
    found = []
    for check in checks:
        try:
            check()
        except ModelError as error:
            found.append(error)
    return found
