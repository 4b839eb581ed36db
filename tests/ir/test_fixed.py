# SPDX-License-Identifier: Apache-2.0
"""The number format."""

from __future__ import annotations

import pytest

from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed, bits_for


@pytest.mark.parametrize(
    ("lo", "hi", "bits"),
    [(0, 0, 1), (0, 1, 1), (0, 2, 2), (0, 255, 8), (0, 256, 9), (-1, 0, 1), (-1, 1, 2), (-2, 1, 2),
     (-128, 127, 8), (-129, 0, 9), (-1, 128, 9), (-8, -3, 4), (5, 7, 3), (-(1 << 80), 0, 81)],
)  # fmt: skip
def test_bits_are_the_fewest_that_hold_the_interval(lo: int, hi: int, bits: int) -> None:
    assert bits_for(lo, hi) == bits
    made = Fixed.covering(lo, hi, 3)
    assert made.lo <= lo
    assert hi <= made.hi
    assert made == Fixed(bits, 3, lo < 0)


@pytest.mark.parametrize("text", ["s8.4", "u8.0", "s16.10", "u6.-2", "s1.0", "u128.64"])
def test_text_goes_there_and_back(text: str) -> None:
    assert str(Fixed.parse(text)) == text
    assert str(Fixed.parse(f"  {text} ")) == text


def test_limits_and_lsb() -> None:
    assert (Fixed(8, 4, True).lo, Fixed(8, 4, True).hi) == (-128, 127)
    assert (Fixed(8, 4, False).lo, Fixed(8, 4, False).hi) == (0, 255)
    assert (Fixed(1, 0, True).lo, Fixed(1, 0, True).hi) == (-1, 0)
    assert Fixed(8, 4).lsb == 0.0625
    assert Fixed(8, -2).lsb == 4.0


@pytest.mark.parametrize(
    "text", ["", "8.4", "x8.4", "s8", "s8.4.2", "s0.0", "s-8.4", "s8.4x", "S8.4", "s99999.0"]
)
def test_other_text_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ConfigError, match=r"no number format\n  hint: write s8\.4"):
        Fixed.parse(text)


def test_a_format_has_a_bit() -> None:
    with pytest.raises(ConfigError, match="at least 1 bit, not 0"):
        Fixed(0)
