# SPDX-License-Identifier: Apache-2.0
"""Placed tables of several nodes: what they have in common is counted once."""

from __future__ import annotations

import numpy as np

from hwgen.cost.placed import in_common
from hwgen.cost.terms import terms_of
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.nodes import PlacedTable


def saved(*tables: tuple[int, tuple[int, ...]]) -> int:
    """Return what tables, each of a word of five or six bits told by its number, save together."""
    b = Builder(3)
    words = [b.input("x", i, 0, 63) for i in range(3)]
    made = []
    for word, values in tables:
        picks = tuple((0, bit) for bit in range(len(values).bit_length() - 1))
        made.append(b.table(PlacedTable((words[word],), picks, values, "t")))
    logic = Logic.of(b, [("y", made)])
    found = in_common(logic, range(len(logic.nodes)))
    ((_, kept),) = logic.outputs
    whole = sum(terms_of(logic, [wire], 6)["lookup"] for wire in kept)
    assert terms_of(logic, range(len(logic.nodes)), 6)["lookup"] == whole - found
    return found


def test_tables_of_one_word_share_and_those_of_others_do_not() -> None:
    bits = np.random.default_rng(1).integers(0, 2, (4, 64))
    one, other, third = (tuple(row[:32].tolist()) for row in bits[:3])
    assert saved((0, one)) == 0
    assert saved((0, one), (0, other)) == 1  # both in one look-up table
    assert saved((0, one), (1, other)) == 0  # ten bits
    assert saved((0, one), (0, other), (0, third)) == 1
    pair = tuple((bits[0, :32] + 2 * bits[1, :32]).tolist())
    assert saved((0, pair), (0, third)) == 0  # the first two share one already


def test_what_is_there_twice_is_built_once() -> None:
    bits = np.random.default_rng(2).integers(0, 2, (2, 64))
    both = tuple((bits[0] + 2 * bits[1]).tolist())
    assert saved((0, tuple(bits[0].tolist())), (0, both)) == 1
    assert saved((0, tuple(bits[0].tolist())), (1, both)) == 0
