# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import pairwise

import pytest

from hwgen.logic.cmvm.columns import signed_digits


@pytest.mark.parametrize("value", [*range(-300, 301), 1 << 70, -(1 << 70) + 1, 0x5555, 0x7FFF])
def test_digits_sum_to_the_value_and_are_never_neighbours(value: int) -> None:
    digits = signed_digits(value)
    assert sum(sign << s for s, sign in digits) == value
    assert all(b - a >= 2 for (a, _), (b, _) in pairwise(digits))


def test_known_forms() -> None:
    assert signed_digits(0) == ()
    assert signed_digits(7) == ((0, -1), (3, 1))
    assert signed_digits(-1) == ((0, -1),)
