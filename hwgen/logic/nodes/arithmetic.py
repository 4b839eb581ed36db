# SPDX-License-Identifier: Apache-2.0
"""Arithmetic nodes: sums of two or three wires, products, extrema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.carry import Operand, carry_positions
from hwgen.logic.nodes.base import Const, Interval, Node, Wire, Wired
from hwgen.logic.timing import Timing

Term: TypeAlias = tuple[Wire, int, bool]  # wire, shift to the left, whether it is subtracted


@dataclass(frozen=True, slots=True)
class Add(Node):
    """``(a << shift_a) + (b << shift_b)``, or minus the second term when *sub*."""

    a: Wire
    b: Wire
    shift_a: int = 0
    shift_b: int = 0
    sub: bool = False

    @property
    def operands(self) -> tuple[Wire, ...]:
        """Both terms."""
        return (self.a, self.b)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the sum."""
        return ((self.a, self.shift_a, False), (self.b, self.shift_b, self.sub))

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the same sum of other wires."""
        return replace(self, a=new[self.a], b=new[self.b])

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the sums of the ends."""
        (alo, ahi), (blo, bhi) = operands
        if self.sub:
            blo, bhi = -bhi, -blo
        return (
            (alo << self.shift_a) + (blo << self.shift_b),
            (ahi << self.shift_a) + (bhi << self.shift_b),
        )

    def reach(self, peaks: Sequence[int]) -> int:
        """Return the sum of the magnitudes."""
        return (peaks[0] << self.shift_a) + (peaks[1] << self.shift_b)

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Shift and add."""
        left, right = ins
        if self.shift_a:
            left = left << self.shift_a
        if self.shift_b:
            right = right << self.shift_b
        return left - right if self.sub else left + right

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of the carry chain, 0 where nothing is added, only put side by side."""
        bits = adder_positions(logic, wire)
        return timing.adder_ns(bits) if bits else 0.0


@dataclass(frozen=True, slots=True)
class Add3(Node):
    """``(a << shift_a) +- (b << shift_b) +- (c << shift_c)``: one LUT6_2 and carry a bit on AMD."""

    a: Wire
    b: Wire
    c: Wire
    shift_a: int = 0
    shift_b: int = 0
    shift_c: int = 0
    sub_b: bool = False
    sub_c: bool = False

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The three terms."""
        return (self.a, self.b, self.c)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the sum."""
        return (
            (self.a, self.shift_a, False),
            (self.b, self.shift_b, self.sub_b),
            (self.c, self.shift_c, self.sub_c),
        )

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the same sum of other wires."""
        return replace(self, a=new[self.a], b=new[self.b], c=new[self.c])

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the sums of the ends."""
        low = high = 0
        for (lo, hi), (_, shift, negative) in zip(operands, self.terms, strict=True):
            low += (-hi if negative else lo) << shift
            high += (-lo if negative else hi) << shift
        return low, high

    def reach(self, peaks: Sequence[int]) -> int:
        """Return the sum of the magnitudes."""
        shifts = (self.shift_a, self.shift_b, self.shift_c)
        return sum(peak << shift for peak, shift in zip(peaks, shifts, strict=True))

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Shift and add."""
        left, middle, right = ins
        if self.shift_a:
            left = left << self.shift_a
        if self.shift_b:
            middle = middle << self.shift_b
        if self.shift_c:
            right = right << self.shift_c
        left = left - middle if self.sub_b else left + middle
        return left - right if self.sub_c else left + right

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of the carry chain, 0 where nothing is added, only put side by side."""
        bits = adder_positions(logic, wire)
        return timing.adder_ns(bits, 3) if bits else 0.0


@dataclass(frozen=True, slots=True)
class Mul(Node):
    """``a * b`` of two variables."""

    a: Wire
    b: Wire

    @property
    def operands(self) -> tuple[Wire, ...]:
        """Both factors."""
        return (self.a, self.b)

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the product of other wires."""
        return type(self)(new[self.a], new[self.b])

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the extreme products of the ends; a square is not negative."""
        first, second = operands
        corners = [x * y for x in first for y in second]
        square = self.a == self.b and first[0] <= 0 <= first[1]
        return 0 if square else min(corners), max(corners)

    def reach(self, peaks: Sequence[int]) -> int:
        """Return the product of the magnitudes."""
        return peaks[0] * peaks[1]

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Multiply."""
        product: Codes = ins[0] * ins[1]
        return product

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of partial products, and of the adder tree over them."""
        rows = min(logic.width(self.a), logic.width(self.b))
        levels = max(rows - 1, 0).bit_length()
        return timing.logic_ns(1) + levels * timing.adder_ns(logic.width(wire))


@dataclass(frozen=True, slots=True)
class Max(Node):
    """The larger of two, or the smaller when *least*."""

    a: Wire
    b: Wire
    least: bool = False

    @property
    def operands(self) -> tuple[Wire, ...]:
        """Both candidates."""
        return (self.a, self.b)

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the extremum of other wires."""
        return type(self)(new[self.a], new[self.b], self.least)

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the extremum of the low ends and of the high ends."""
        (alo, ahi), (blo, bhi) = operands
        return (min(alo, blo), min(ahi, bhi)) if self.least else (max(alo, blo), max(ahi, bhi))

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Compare and choose."""
        return np.minimum(*ins) if self.least else np.maximum(*ins)

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the delay of a comparator and the choice behind it."""
        widest = max(logic.width(self.a), logic.width(self.b))
        return timing.adder_ns(widest) + timing.logic_ns(1)


def adder_positions(logic: Wired, wire: Wire) -> int:
    """Return the carry positions of an `Add` or `Add3`, 0 for any other node."""
    node = logic.nodes[wire]
    if not isinstance(node, Add | Add3):
        return 0
    operands = []
    for source, shift, negative in node.terms:
        lo, hi = logic.lo[source], logic.hi[source]
        if isinstance(logic.nodes[source], Const) and lo:
            zeros = (lo & -lo).bit_length() - 1  # a constant starts at its lowest one
            lo, hi, shift = lo >> zeros, hi >> zeros, shift + zeros
        operands.append(Operand(lo, hi, shift, negative))
    return carry_positions(operands, logic.lo[wire], logic.hi[wire])
