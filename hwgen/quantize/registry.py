# SPDX-License-Identifier: Apache-2.0
"""Registry of what layers compute in float64, by class, their activation left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.frontends.keras.network import Layer
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.quantizers import Quantizer

F64: TypeAlias = npt.NDArray[np.float64]


class Stored(Protocol):
    """A model's weights as its layers use them; `hwgen.quantize.forward.Forward` is one."""

    @property
    def conversion(self) -> Conversion:
        """Return the conversion that weights are read with."""

    def weight(self, layer: Layer, name: str) -> F64:
        """Return a weight array, quantized where the model quantizes it."""

    def quantizer(self, layer: Layer, name: str) -> Quantizer | None:
        """Return the quantizer of a weight array, None without one."""

    def bias(self, layer: Layer) -> F64 | float:
        """Return the bias of a layer, 0 without one."""


Function: TypeAlias = Callable[[Stored, Layer, Sequence[F64]], F64]
FUNCTIONS: dict[str, Function] = {}


def computes(*classes: str) -> Callable[[Function], Function]:
    """Return a decorator that enters a function for these layer classes."""

    def enter(function: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(classes, function))
        return function

    return enter
