# SPDX-License-Identifier: Apache-2.0
"""Float formats in which a Keras layer may compute, and whether integers survive in them.

A layer states a dtype or a policy. Keras casts its inputs and its variables to the compute dtype;
as long as every code and every partial sum has no more bits than that format's fraction, nothing is
rounded and the integer result stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.keras.layer_classes import PACKAGES, package_of
from hwgen.ir.tensor import TensorType


@dataclass(frozen=True)
class FloatFormat:
    """A binary float format.

    Attributes:
        name: as Keras writes it.
        bits: of the significand, the hidden one included.
        least: exponent of the smallest normal number.
        most: the largest number is below two to this.
    """

    name: str
    bits: int
    least: int
    most: int

    def holds(self, peak: int, frac: int) -> bool:
        """Tell whether all multiples of ``2**-frac`` up to *peak* of them are exact."""
        return (
            peak <= 1 << self.bits
            and -frac >= self.least
            and (peak == 0 or math.frexp(peak)[1] - frac <= self.most)
        )

    def fits(self, kind: TensorType) -> bool:
        """Tell whether every value of a tensor is exact in this format."""
        return self.holds(kind.peak, kind.frac)


FORMATS = {
    f.name: f
    for f in (
        FloatFormat("float16", 11, -14, 15),
        FloatFormat("bfloat16", 8, -126, 127),
        FloatFormat("float32", 24, -126, 127),
        FloatFormat("float64", 53, -1022, 1023),
    )
}
FLOAT32 = FORMATS["float32"]
_POLICIES = ("Policy", "DTypePolicy", "FloatDTypePolicy", "PolicyV1")
_HINT = "save the model with dtype float32"


def compute_format(spec: Any, where: str) -> FloatFormat:
    """Return the format in which a layer of that dtype or policy computes.

    Raises:
        UnsupportedLayer: it is no float format that hwgen knows.
    """
    return _format(_name(spec, where).removeprefix("mixed_"), where)


def variable_format(spec: Any, where: str) -> FloatFormat:
    """Return the format of a layer's variables, which is that of an input it makes.

    Raises:
        UnsupportedLayer: it is no float format that hwgen knows.
    """
    name = _name(spec, where)
    return FLOAT32 if name.startswith("mixed_") else _format(name, where)


def _name(spec: Any, where: str) -> str:
    while isinstance(spec, Mapping):
        config = spec.get("config")
        known = spec.get("class_name") in _POLICIES and package_of(spec) in PACKAGES
        if not known or not isinstance(config, Mapping):
            raise UnsupportedLayer(
                f"the dtype policy {spec.get('class_name')} is not supported", where, _HINT
            )
        spec = config.get("name")
    return "float32" if spec is None or spec == "_infer" else str(spec)


def _format(name: str, where: str) -> FloatFormat:
    if name not in FORMATS:
        raise UnsupportedLayer(f"dtype {name} is not supported", where, _HINT)
    return FORMATS[name]
