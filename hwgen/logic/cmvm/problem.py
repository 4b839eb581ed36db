# SPDX-License-Identifier: Apache-2.0
"""Problem and solution of the adder-graph search, in plain integers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

# A term of a sum: signal, left shift, sign (+1 or -1).
Term = tuple[int, int, int]

NONE = -1  # the operand zero
CONST = -2  # operand CONST - k is constant number k
DELAY2, DELAY3 = 10, 14  # an adder of two or three operands, in tenths of one of two


@dataclass(frozen=True)
class Row:
    """A sum to build: ``sum(sign * signal << shift) + bias``.

    Attributes:
        coefficients: of the inputs, bias aside.
        terms: signals below the number of inputs are inputs, those above are other rows.
        bias: a constant to add.
        fixed: whether the sign of the result matters.
    """

    coefficients: tuple[int, ...]
    terms: tuple[Term, ...]
    bias: int = 0
    fixed: bool = True


@dataclass(frozen=True)
class Problem:
    """Inputs with their intervals and arrivals (tenths of an adder), and the rows to build."""

    lo: tuple[int, ...]
    hi: tuple[int, ...]
    arrival: tuple[int, ...]
    rows: tuple[Row, ...]

    @property
    def peak(self) -> int:
        """A bound on every number that a search meets."""
        spans = [max(h - low, abs(h + low)) for low, h in zip(self.lo, self.hi, strict=True)]
        sizes = [
            2 * abs(row.bias)
            + sum(abs(c) * s for c, s in zip(row.coefficients, spans, strict=True))
            for row in self.rows
        ]
        return max(sizes, default=0)


@dataclass(frozen=True)
class Options:
    """Options of the search.

    Attributes:
        arity: operands an adder may have, 2 or 3.
        lam: how much an operand's lateness weighs against its width in the order of a sum.
        saving: what one term less is worth, in 1/16 carry positions.
        skew: what an adder of unequal arrivals costs more, in 1/16 positions per tenth.
        limit: depth to keep to, in tenths of an adder; 0 for that of the greedy graph.
        relax: tenths by which the last part of the annealing may exceed it.
        budget: work of the annealing, in operations.
        hot, cold: temperatures at its two ends, in 1/256 carry positions.
        seed: of its random numbers.
    """

    arity: int = 3
    lam: int = 8
    saving: int = 160
    skew: int = 4
    limit: int = 0
    relax: int = 0
    budget: int = 0
    hot: int = 160
    cold: int = 64
    seed: int = 1


@dataclass(frozen=True)
class Solution:
    """Adders in order of evaluation, numbered after the inputs, and where every row's sum is.

    A result is a term; its sign may be negative only where the row is not fixed.
    """

    adders: tuple[tuple[Term, ...], ...]
    constants: tuple[int, ...]
    results: tuple[Term, ...]
    cost: int
    depth: int

    @property
    def score(self) -> int:
        """Rank among graphs: an adder more in depth is worth 4 % of the area or so."""
        return self.cost * (200 + self.depth)


def least_delay(terms: int, arity: int) -> int:
    """Return how deep a sum of so many early terms must be, in tenths of an adder of two.

    One adder of two among those of three costs nothing if the number of terms is even.
    """
    if arity == 2:
        return DELAY2 * max(terms - 1, 0).bit_length()
    delays = []
    for twos in (0, 1):
        threes = 0
        while 3**threes * 2**twos < terms:
            threes += 1
        delays.append(DELAY3 * threes + DELAY2 * twos)
    return min(delays)


@cache
def logarithms() -> tuple[int, ...]:
    """Return ``-256 ln((i + 1/2) / 1024)``: how far uphill a move may go, over the temperature."""
    return tuple(round(-256 * math.log((i + 0.5) / 1024)) for i in range(1024))


def flatten(terms: Sequence[Term]) -> list[int]:
    """Return terms as one list of integers."""
    return [value for term in terms for value in term]
