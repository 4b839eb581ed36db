# SPDX-License-Identifier: Apache-2.0
"""Tables of serial requantizers, beside what requantizers alone took when they were mapped.

Counted with Yosys from 16 side by side less 4, a twelfth; shift registers are left out. Numbers are
signed; results have six bits.
"""

from __future__ import annotations

from typing import TypeAlias

import pytest

from hwgen.cost.serial_requant import requant_tables
from hwgen.logic.serial.graph import Bank

Counted: TypeAlias = dict[tuple[str, int], tuple[float, float, float]]

# Width of the rounded number, and whether the result is signed: with overflow or without.
KINDS = {"relu over": (11, False), "relu": (7, False), "clip": (6, True), "clip over": (10, True)}
# By kind and bits a cycle: half step in the sum, rounded, nothing dropped.
ECP5: Counted = {
    ("relu over", 1): (4, 6, 2),
    ("relu over", 2): (6, 9, 4),
    ("relu over", 3): (8, 12, 5),
    ("relu over", 4): (9, 15, 6),
    ("relu over", 6): (12, 19, 8),
    ("relu", 1): (3, 5, 1),
    ("relu", 2): (4, 7, 2),
    ("relu", 3): (6, 10, 3),
    ("relu", 4): (7, 13, 4),
    ("clip", 1): (3, 5, 1),
    ("clip", 2): (4, 7, 2),
    ("clip", 3): (6, 10, 3),
    ("clip", 4): (7, 13, 4),
    ("clip", 6): (9, 16, 5),
    ("clip over", 1): (7, 8, 5),
    ("clip over", 2): (11, 13, 9),
    ("clip over", 3): (14, 17, 11),
    ("clip over", 4): (16, 22, 13),
}
AMD: Counted = {
    ("relu over", 1): (2, 3, 1),
    ("relu over", 2): (4, 6, 3),
    ("relu over", 3): (5.5, 8, 4),
    ("relu", 1): (1.5, 2.5, 0.5),
    ("relu", 2): (1.92, 3.92, 1),
    ("relu", 3): (3, 5.5, 1.5),
    ("clip", 1): (1.5, 2.5, 0.5),
    ("clip", 2): (2, 4, 1),
    ("clip", 3): (3, 5.58, 1.58),
    ("clip over", 1): (3, 4, 2),
    ("clip over", 2): (5, 7, 4),
    ("clip over", 3): (7.5, 9, 6),
}


@pytest.mark.parametrize("small", [False, True])
def test_tables_are_those_that_were_counted(small: bool) -> None:
    for (kind, digit), counted in (ECP5 if small else AMD).items():
        width, signed = KINDS[kind]
        lo, hi = (-32, 31) if signed else (0, 63)
        over = "over" in kind
        for (shift, half), tables in zip(((5, True), (5, False), (0, False)), counted, strict=True):
            bank = Bank((0,), shift, half, width, True, lo, hi, over or not signed, over)
            found = requant_tables(bank, digit, small)
            assert abs(found - tables) <= 1, (kind, digit, shift, half, found, tables)


def test_bounds_that_are_no_word_take_more() -> None:
    word = Bank((0,), 5, True, 10, True, 0, 63, True, True)
    other = Bank((0,), 5, True, 10, True, 0, 60, True, True)
    for small in (False, True):
        assert requant_tables(other, 2, small) > requant_tables(word, 2, small) + 2
