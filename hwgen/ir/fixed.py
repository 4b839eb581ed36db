# SPDX-License-Identifier: Apache-2.0
"""Number format: the value of an integer code, and the bits it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hwgen.errors import ConfigError

_TEXT = re.compile(r"([su])(\d{1,4})\.(-?\d{1,4})")


def bits_for(lo: int, hi: int) -> int:
    """Return the bits of the smallest word that holds ``[lo, hi]``; unsigned if ``lo >= 0``.

    Zero-width words do not exist: ``bits_for(0, 0) == 1``.
    """
    if lo < 0:
        return max((-lo - 1).bit_length(), hi.bit_length() if hi > 0 else 0) + 1
    return max(hi.bit_length(), 1)


@dataclass(frozen=True)
class Fixed:
    """A fixed-point format: value = code * 2**-frac.

    Rounding and overflow are not part of it; they belong to the ``Requantize`` operation.

    Attributes:
        width: bits of the code, sign bit included, at least 1.
        frac: fraction bits; negative when the least significant bit is worth more than one.
        signed: two's complement when true.
    """

    width: int
    frac: int = 0
    signed: bool = False

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ConfigError(f"a number format needs at least 1 bit, not {self.width}")

    @classmethod
    def parse(cls, text: str) -> Fixed:
        """Read ``s8.4`` (signed, 8 bits in all, 4 of them fraction) or ``u8.0``.

        Raises:
            ConfigError: the text has another form.
        """
        match = _TEXT.fullmatch(text.strip())
        if not match or int(match[2]) < 1:
            raise ConfigError(
                f"{text!r} is no number format",
                hint="write s8.4 (signed, 8 bits in all, 4 of them fraction bits) or u8.0",
            )
        return cls(int(match[2]), int(match[3]), match[1] == "s")

    @classmethod
    def covering(cls, lo: int, hi: int, frac: int = 0) -> Fixed:
        """Return the narrowest format whose codes cover ``[lo, hi]``."""
        return cls(bits_for(lo, hi), frac, lo < 0)

    @property
    def lo(self) -> int:
        """Smallest code."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Largest code."""
        return (1 << (self.width - int(self.signed))) - 1

    @property
    def lsb(self) -> float:
        """Value of the least significant bit."""
        return float(2.0**-self.frac)

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.width}.{self.frac}"
