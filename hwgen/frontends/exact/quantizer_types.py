# SPDX-License-Identifier: Apache-2.0
"""Quantizer: the protocol of activation quantizers.

A quantizer maps float32 values to integer codes, ``value = code * 2**-frac``.
"""

from __future__ import annotations

from typing import Any, Protocol

from hwgen.frontends.exact.codes import I64


class Quantizer(Protocol):
    """An activation quantizer; its text (``str``) is what messages and nodes say of it."""

    @property
    def frac(self) -> int:
        """Fraction bits of the codes."""

    @property
    def lo(self) -> int:
        """Smallest code."""

    @property
    def hi(self) -> int:
        """Largest code."""

    @property
    def limit(self) -> float:
        """Bound on ``|x|`` below which the framework's own output is on the grid."""

    @property
    def neg_shift(self) -> int | None:
        """K of a negative slope ``2**-k``, or None."""

    @property
    def neg_lo(self) -> int:
        """Lowest code of the negative branch."""

    def affine_for(self, in_frac: int) -> bool:
        """Tell whether, on multiples of ``2**-in_frac``, it is ``clip(rne(x * 2**frac))``."""

    def code(self, x: Any) -> I64:
        """Return the codes of float32 values; monotone."""
