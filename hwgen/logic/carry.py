# SPDX-License-Identifier: Apache-2.0
"""Carry positions: the exact length of an adder's carry chain, which is what an adder costs.

The one place for this figure. The solver minimises it, the delay model and the cost model count
with it, and synthesis is checked against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hwgen.ir.fixed import bits_for


class Operand(NamedTuple):
    """Term of a sum: an interval, how far it is shifted left, and whether it is subtracted."""

    lo: int
    hi: int
    shift: int
    negative: bool


def carry_positions(operands: Sequence[Operand], lo: int, hi: int) -> int:
    """Return the carry positions of an adder of two or three operands.

    The chain reaches up to the top of the result, whose interval is ``[lo, hi]``. It starts where
    the second operand joins in: below, the lowest one passes unchanged. A lowest operand that is
    subtracted starts it at once. The carry out of two unsigned operands, or the borrow, takes none.
    Zero when nothing is added, only put side by side.
    """
    live = [op for op in operands if op.lo or op.hi]
    if not live:
        return 0
    low, *rest = sorted(live, key=lambda op: (op.shift, op.negative))
    top = bits_for(lo, hi)
    if len(rest) == 1 and low.lo >= 0:
        passes = bits_for(low.lo, low.hi) + low.shift <= rest[0].shift
        if passes and not (low.negative or rest[0].negative):
            return 0
        peak = max(bits_for(op.lo, op.hi) + op.shift for op in live)
        if rest[0].lo >= 0 and top > peak:
            top -= 1  # the topmost bit is the carry that leaves the chain, or the borrow
    if low.negative:
        return max(top - low.shift, 0)
    return max(top - rest[0].shift, 0) if rest else 0
