# SPDX-License-Identifier: Apache-2.0
"""Nodes of heaps of bits: a carry chain over single bits, and a word gathered from single bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.nodes.base import Interval, Node, Wire, Wired
from hwgen.logic.timing import Timing

Pick: TypeAlias = tuple[int, int]  # place in the operands, bit of it; place -1: a constant bit
NOTHING, ONE = (-1, 0), (-1, 1)
OPERANDS = 3  # of a position
# Truths of a term, bit ``2 * gate + x`` being its value for the bit x and its gate.
ABSENT, PLAIN, INVERTED, ALWAYS = 0b0000, 0b1010, 0b0101, 0b1111


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Sum of bits on one carry chain: up to three terms a position, and two bits at the lowest.

    A term is a bit, that bit and the gate of its position, or either one inverted. The result is a
    word of bits, not a number: the sum modulo ``2**positions``, above it the carry that leaves the
    chain, and above that the majority of the last position. Both are worth ``2**positions``.

    A position that meets three bits or more, the majority from below included, gives the majority
    of its own terms to the position above; any other one does not. A chain of few terms therefore
    ends in a carry alone.

    Attributes:
        ins: wires that bits are taken from.
        picks: four a position, the lowest first: its three bits and its gate.
        truths: three a position: of each of its terms; 0 where there is none, and none before it.
        enter: the two bits that enter at the lowest position, `NOTHING` for none.
        leave: bits above the sum: 0, 1 (the carry) or 2 (and the majority).
    """

    ins: tuple[Wire, ...]
    picks: tuple[tuple[int, int], ...]
    truths: tuple[int, ...]
    enter: tuple[tuple[int, int], ...] = (NOTHING, NOTHING)
    leave: int = 0

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The wires that bits are taken from."""
        return self.ins

    @property
    def positions(self) -> int:
        """Bits of the sum."""
        return len(self.truths) // OPERANDS

    @property
    def width(self) -> int:
        """Bits of the result."""
        return self.positions + self.leave

    @property
    def majorities(self) -> tuple[bool, ...]:
        """Tell of every position, and behind the last, whether a majority comes from below."""
        found = [self.enter[1] != NOTHING]
        for i in range(self.positions):
            found.append(found[-1] + sum(map(bool, self.terms(i))) > 2)
        return tuple(found)

    @property
    def luts(self) -> int:
        """Look-up tables: one a position at which anything is added."""
        majorities = self.majorities
        return sum(majorities[i] or any(self.terms(i)) for i in range(self.positions))

    def terms(self, position: int) -> tuple[int, ...]:
        """Return the truths of a position."""
        return self.truths[OPERANDS * position : OPERANDS * (position + 1)]

    def bits(self) -> Iterator[Pick]:
        """Yield the bits that are read; constants are not."""
        for i in range(self.positions):
            truths = self.terms(i)
            *own, gate = self.picks[4 * i : 4 * i + 4]
            for pick, truth in zip(own, truths, strict=True):
                if truth not in (ABSENT, ALWAYS) and pick[0] >= 0:
                    yield pick
            if gate[0] >= 0:
                yield gate
        yield from (pick for pick in self.enter if pick[0] >= 0)

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the chain over bits of other wires."""
        return replace(self, ins=tuple(new[w] for w in self.ins))

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the range of the word, which is no number."""
        return 0, (1 << self.width) - 1

    def reach(self, peaks: Sequence[int]) -> int:
        """Return a bound on the sum of all terms."""
        return max(4 << self.positions, *peaks) if peaks else 4 << self.positions

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Add the terms, and split what leaves at the top into carry and majority."""

        def bit(pick: Pick) -> Codes:
            place, at = pick
            return np.array(at, dtype) if place < 0 else (ins[place] >> at) & 1

        total = bit(self.enter[0]) + bit(self.enter[1])
        last: list[Codes] = []
        for i in range(self.positions):
            *own, gate = self.picks[4 * i : 4 * i + 4]
            above = bit(gate) << 1
            last = [
                (np.array(truth, dtype) >> (bit(pick) | above)) & 1
                for pick, truth in zip(own, self.terms(i), strict=True)
            ]
            total = total + (sum(last, np.array(0, dtype)) << i)
        low: Codes = total & ((1 << self.positions) - 1)
        if not self.leave:
            return low
        high = total >> self.positions
        majority = np.array(0, dtype)
        if self.majorities[-1]:
            majority = (sum(last, np.array(0, dtype)) >> 1) & 1
        above = high - majority
        if self.leave > 1:
            above = above | (majority << 1)
        word: Codes = low | (above << self.positions)
        return word

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of the carry chain, of three operands where any position has them."""
        return timing.adder_ns(self.positions, 3 if any(self.majorities) else 2)


@dataclass(frozen=True, slots=True)
class Gather(Node):
    """Word of single bits of other wires, lowest first; two's complement when *signed*: wiring."""

    ins: tuple[Wire, ...]
    picks: tuple[tuple[int, int], ...]
    signed: bool = False

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The wires that bits are taken from."""
        return self.ins

    def bits(self) -> Iterator[Pick]:
        """Yield the bits that are read; constants are not."""
        yield from (pick for pick in self.picks if pick[0] >= 0)

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the word of bits of other wires."""
        return replace(self, ins=tuple(new[w] for w in self.ins))

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the ends that independent bits reach."""
        lo = hi = 0
        top = len(self.picks) - 1
        for i, (place, bit) in enumerate(self.picks):
            least, most = (bit, bit) if place < 0 else (0, 1)
            if self.signed and i == top:
                least, most = -most, -least
            lo, hi = lo + (least << i), hi + (most << i)
        return lo, hi

    def reach(self, peaks: Sequence[int]) -> int:
        """Return the largest operand, and the weight of the topmost bit."""
        return max(1 << len(self.picks), *peaks) if peaks else 1 << len(self.picks)

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Put the bits side by side."""
        total: Codes = np.array(0, dtype)
        top = len(self.picks) - 1
        for i, (place, at) in enumerate(self.picks):
            bit = np.array(at, dtype) if place < 0 else (ins[place] >> at) & 1
            total = total - (bit << i) if self.signed and i == top else total + (bit << i)
        return total
