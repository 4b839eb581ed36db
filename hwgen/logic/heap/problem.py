# SPDX-License-Identifier: Apache-2.0
"""A heap of bits as the search sees it, and what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = -1
AGAINST_DEPTH = 100


@dataclass(frozen=True)
class Problem:
    """Sum of terms modulo ``2**top``, a term being worth a power of two.

    Attributes:
        columns: terms by the power that they are worth; as many as the result has bits.
        gates: of every term the signal that it is gated with, `NOTHING` if none.
        plain: of every term whether it is a bit as it stands, or a one: only those enter a chain
            beside its lowest position.
        when: of every term how many chains lie before it.
    """

    columns: tuple[tuple[int, ...], ...]
    gates: tuple[int, ...]
    plain: tuple[bool, ...]
    when: tuple[int, ...]

    @property
    def top(self) -> int:
        """Bits of the result."""
        return len(self.columns)


@dataclass(frozen=True)
class Link:
    """A chain: its place in the sum, and the terms that it adds.

    Its results are new terms, numbered in order: a bit a position, and where it does not reach the
    top, the carry, and the majority of the last position if it gives one.

    Attributes:
        start: column of the lowest position.
        enter: up to two terms beside the lowest position, of which the first one is the carry.
        positions: the terms of each, at most three with one gate among them.
    """

    start: int
    enter: tuple[int, ...]
    positions: tuple[tuple[int, ...], ...]

    @property
    def majority(self) -> bool:
        """Tell whether the last position gives a majority."""
        found = len(self.enter) > 1
        for terms in self.positions:
            found = found + len(terms) > 2
        return found

    @property
    def cost(self) -> int:
        """Look-up tables: one a position at which anything is added."""
        total, majority = 0, len(self.enter) > 1
        for terms in self.positions:
            total += bool(majority + len(terms))
            majority = majority + len(terms) > 2
        return total

    def made(self, top: int) -> int:
        """Return how many terms it results in, *top* being the bits of the sum."""
        bits = len(self.positions)
        return bits if self.start + bits >= top else bits + 1 + self.majority


@dataclass(frozen=True)
class Solution:
    """Chains that leave one term a column at most.

    Attributes:
        chains: in the order in which they are made.
        rest: the term that is left of every column, `NOTHING` where none is.
        cost: look-up tables of all chains.
        depth: chains in a row.
    """

    chains: tuple[Link, ...]
    rest: tuple[int, ...]
    cost: int
    depth: int

    @property
    def score(self) -> int:
        """Rank among sums: a chain more in a row is worth 1 % of the area."""
        return self.cost * (AGAINST_DEPTH + self.depth)


@dataclass(frozen=True)
class Options:
    """Settings of the search.

    Attributes:
        tries: how many sums are made, of which the best is kept.
        levels: only what is there already is added, so that few chains are in a row; else whatever
            is cheapest.
        seed: of the choices.
    """

    tries: int = 60
    levels: bool = False
    seed: int = 1


def flatten(rows: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """Return where each row begins in one list of all, the end included; and that list."""
    flat: list[int] = []
    starts = [0]
    for row in rows:
        flat += row
        starts.append(len(flat))
    return starts, flat
