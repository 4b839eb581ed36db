# SPDX-License-Identifier: Apache-2.0
"""Placed tables side by side: what those of several nodes have in common.

The price of a placed table (`hwgen.logic.truth_tables.placed_luts`) looks at its own bits. Tables
of one input that belong to several outputs read the same bits: a function that is there twice is
built once, and two that are left over share a look-up table where they read five bits together.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from hwgen.logic.builder import Logic
from hwgen.logic.nodes import PlacedTable, Wire
from hwgen.logic.truth_tables import PLACED, Function, alone, columns, pairs

_Bits: TypeAlias = tuple[tuple[Wire, int], ...]  # wire and bit of it


def in_common(logic: Logic, wires: Iterable[Wire]) -> int:
    """Return how many look-up tables of six inputs placed tables take less than each by itself."""
    seen: set[tuple[_Bits, int]] = set()
    left: list[frozenset[tuple[Wire, int]]] = []
    saved = 0
    for wire in wires:
        node = logic.nodes[wire]
        if not isinstance(node, PlacedTable):
            continue
        for one in _left_over(node.values):
            bits = tuple((node.ins[node.picks[at][0]], node.picks[at][1]) for at in one.reads)
            if (bits, one.truth) in seen:
                saved += alone(len(bits))
            else:
                seen.add((bits, one.truth))
                left.append(frozenset(bits))
    return saved + len(pairs(left, near=True))


@lru_cache(maxsize=1 << 14)
def _left_over(values: tuple[int, ...]) -> tuple[Function, ...]:
    """Return the functions of a table that share no look-up table inside of it."""
    functions = {c.whole for c in columns(values) if not c.wired and len(c.whole.reads) <= PLACED}
    ordered = sorted(functions, key=lambda one: (one.reads, one.truth))
    inside = {place for pair in pairs([one.reads for one in ordered]) for place in pair}
    return tuple(one for place, one in enumerate(ordered) if place not in inside)
