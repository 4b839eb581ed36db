# SPDX-License-Identifier: Apache-2.0
"""Nodes that choose: requantizers, selects, step functions, truth tables."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from hwgen.ir.fixed import bits_for
from hwgen.ir.tensor import Codes
from hwgen.logic import truth_tables
from hwgen.logic.nodes.base import Interval, Node, Wire, Wired, round_half_even
from hwgen.logic.timing import Timing


@dataclass(frozen=True, slots=True)
class Requant(Node):
    """``clip(round_half_even(a / 2**shift), lo, hi)``; ``shift >= 0``.

    With *half*, ``a`` is half a step, ``2**(shift - 1)``, above the number that is meant: a sum
    that has it among its terms leaves next to nothing to do.
    """

    a: Wire
    shift: int
    lo: int
    hi: int
    half: bool = False

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The number to round."""
        return (self.a,)

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the requantizer of another wire."""
        return replace(self, a=new[self.a])

    def rounded(self, value: int) -> int:
        """Return the quotient of one value of the operand, not yet clipped."""
        meant = value - (1 << self.shift >> 1) * self.half
        return round_half_even(meant, self.shift)

    def apply(self, value: int) -> int:
        """Return the result for one value of the operand."""
        return min(max(self.rounded(value), self.lo), self.hi)

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the results for both ends: the function ascends."""
        ((lo, hi),) = operands
        return self.apply(lo), self.apply(hi)

    def reach(self, peaks: Sequence[int]) -> int:
        """Return the largest of the rounding sum and the bounds."""
        return max(peaks[0] + (2 << self.shift), abs(self.lo), abs(self.hi))

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Round and clip."""
        x = ins[0] - (1 << self.shift >> 1) if self.half else ins[0]
        if self.shift:
            x = (x + ((1 << (self.shift - 1)) - 1) + ((x >> self.shift) & 1)) >> self.shift
        return np.minimum(np.maximum(x, self.lo), self.hi)

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of the rounding, if bits fall off, and of a saturation, if it binds.

        Both start at once; the choice between what they give is one table.
        """
        low, high = map(self.rounded, (logic.lo[self.a], logic.hi[self.a]))
        # The builder stores the bounds as they bind: an equal bound cuts nothing off.
        cuts = low < self.lo or high > self.hi
        choice = timing.logic_ns(1) if cuts or self.half else 0.0
        rounding = self._rounding_ns(low, high, timing)
        return max(rounding, self._saturation_ns(low, high, timing)) + choice

    def _rounding_ns(self, low: int, high: int, timing: Timing) -> float:
        shift = self.shift
        if self.half:  # only the last bit depends on the bits that fall off: whether any is set
            return timing.logic_ns(0 if shift <= 3 else 1 if shift <= 18 else 2)
        if not shift:
            return 0.0
        # The tables of the chain's first position see five of them.
        decision = timing.logic_ns(0 if shift <= 5 else 1 if shift <= 30 else 2)
        return timing.adder_ns(bits_for(low, high)) + decision

    def _saturation_ns(self, low: int, high: int, timing: Timing) -> float:
        lo, hi = self.lo, self.hi
        cuts_low, cuts_high = low < lo, high > hi
        whole_low = not cuts_low or lo == 0 or (lo < 0 and -lo & (-lo - 1) == 0)
        whole_high = not cuts_high or (hi >= 0 and hi & (hi + 1) == 0)
        if not (whole_low and whole_high):
            return timing.adder_ns(bits_for(low, high))
        if cuts_high or (cuts_low and lo):  # the bits above the kept word decide, or the sign
            above = bits_for(low, high) - bits_for(lo, hi) + 1
            return timing.logic_ns(0 if above <= 4 else 1 if above <= 24 else 2)
        return 0.0


@dataclass(frozen=True, slots=True)
class Select(Node):
    """``on_neg`` where ``a < 0``, else ``on_pos``."""

    a: Wire
    on_neg: Wire
    on_pos: Wire

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The sign that decides, and both choices."""
        return (self.a, self.on_neg, self.on_pos)

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the choice between other wires."""
        return type(self)(new[self.a], new[self.on_neg], new[self.on_pos])

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the interval that covers both choices."""
        _, on_neg, on_pos = operands
        return min(on_neg[0], on_pos[0]), max(on_neg[1], on_pos[1])

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Choose by the sign."""
        return np.where(ins[0] < 0, ins[1], ins[2])

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of one table."""
        return timing.logic_ns(1)


@dataclass(frozen=True, slots=True)
class Thresh(Node):
    """``values[n]`` with n the number of *thresholds* (ascending) that are ``<= a``."""

    a: Wire
    thresholds: tuple[int, ...]
    values: tuple[int, ...]

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The number to compare."""
        return (self.a,)

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the step function of another wire."""
        return type(self)(new[self.a], self.thresholds, self.values)

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the least and the greatest value that is reached."""
        ((lo, hi),) = operands
        first, last = bisect_right(self.thresholds, lo), bisect_right(self.thresholds, hi)
        reached = self.values[first : last + 1]
        return min(reached), max(reached)

    def reach(self, peaks: Sequence[int]) -> int:
        """Return the largest magnitude of the operand, the thresholds and the values."""
        return max(peaks[0], *map(abs, self.thresholds), *map(abs, self.values))

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Search and look up."""
        count = np.searchsorted(np.array(self.thresholds, dtype), ins[0], side="right")
        out: Codes = np.array(self.values, dtype)[count]
        return out

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of comparators side by side, and of the selection behind them."""
        width, count = logic.width(self.a), len(self.thresholds)
        if width <= 6:  # one look-up table a bit
            return timing.logic_ns(1)
        # A table level cuts the selection to a quarter.
        levels = 0 if count == 1 else max(1, (count.bit_length() + 1) // 2)
        return timing.adder_ns(width) + (timing.logic_ns(levels) if levels else 0.0)


@dataclass(frozen=True, slots=True)
class Table(Node):
    """``values[address]``; an address bit, lowest first, is a pick: (place in *ins*, bit of it)."""

    ins: tuple[Wire, ...]
    picks: tuple[tuple[int, int], ...]
    values: tuple[int, ...]
    note: str = field(default="", compare=False)  # what is computed, for a reader

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The wires that address bits are taken from."""
        return self.ins

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the table of other wires."""
        return replace(self, ins=tuple(new[w] for w in self.ins))

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the least and the greatest value."""
        return min(self.values), max(self.values)

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Put the address together and look up."""
        address = np.zeros(len(ins[0]) if ins else 1, np.int64)
        for k, (place, bit) in enumerate(self.picks):
            address |= (ins[place] >> bit & 1).astype(np.int64) << k
        out: Codes = np.array(self.values, dtype)[address]
        return out

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of the table's levels."""
        return timing.logic_ns(truth_tables.levels(self.values, timing.lut_inputs))


@dataclass(frozen=True, slots=True)
class PlacedTable(Table):
    """Table whose bits are look-up tables as they stand: synthesis shall not take them apart."""
