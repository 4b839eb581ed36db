# SPDX-License-Identifier: Apache-2.0
"""What can be said against a layer whose input could not be converted: its own settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hwgen.errors import ModelError
from hwgen.frontends.keras.topology import Layer
from hwgen.frontends.qkeras.activations import read_activation
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.frontends.qkeras.weights import KERNELS, kernel

if TYPE_CHECKING:
    from hwgen.frontends.qkeras.convert import Converter


def problems_of(c: Converter, layer: Layer) -> list[ModelError]:
    """Return what is wrong with a layer whatever its input is."""
    checks: list[Callable[[], object]] = []
    stored = c.model.weights.get(layer.key, {})
    folded = layer.cls.endswith("Batchnorm")
    for name in KERNELS:
        if name in stored and not folded:
            checks.append(partial(kernel, c, layer, name))
    for key, spec in layer.config.items():
        is_kernel = any(key in keys for keys in KERNELS.values())
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
