# SPDX-License-Identifier: Apache-2.0
"""Step functions of integers, computed at every value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwgen.errors import Unproven

Ints = npt.NDArray[np.int64]
MOST = 1 << 24  # values of a variable that one function is tabulated at
STEPS = 1 << 16  # of a function that is found by halving


@dataclass(frozen=True, eq=False)
class Steps:
    """Function of a variable that is constant between steps.

    Attributes:
        starts: ascending; where each piece begins, the first at the variable's lowest value.
        values: of each piece.
    """

    starts: Ints
    values: Ints

    @classmethod
    def of(cls, starts: Ints, values: Ints) -> Steps:
        """Return the function with neighbouring pieces of one value joined."""
        kept = np.concatenate([[True], values[1:] != values[:-1]])
        return cls(starts[kept], values[kept])

    def at(self, points: Ints) -> Ints:
        """Return the values at some points."""
        found: Ints = self.values[np.searchsorted(self.starts, points, side="right") - 1]
        return found


NO_STEPS = Steps(np.zeros(1, np.int64), np.zeros(1, np.int64))


def tabulated(run: Callable[[Ints], Ints], lo: int, hi: int) -> Steps:
    """Return a function of integers as steps, computed at every one from *lo* to *hi*.

    Raises:
        Unproven: there are too many.
    """
    if hi - lo >= MOST or max(-lo, hi) >= 1 << 62:
        raise Unproven(f"a function of the {hi - lo + 1} integers from {lo} to {hi} is too wide")
    starts, values = [], []
    for first in range(lo, hi + 1, 1 << 16):
        points = np.arange(first, min(first + (1 << 16), hi + 1), dtype=np.int64)
        part = Steps.of(points, np.asarray(run(points), np.int64))
        starts.append(part.starts)
        values.append(part.values)
    return Steps.of(np.concatenate(starts), np.concatenate(values))


def halved(run: Callable[[Ints], Ints], lo: int, hi: int) -> Steps | None:
    """Return a function that never falls, or never rises, as steps; None where there are many.

    Args:
        run: the function, of int64 numbers.
        lo: the first number that it is asked for.
        hi: the last.
    """
    first, last = (int(run(np.array([end]))[0]) for end in (lo, hi))
    if abs(last - first) > STEPS:
        return None
    sign = 1 if last >= first else -1
    wanted = np.arange(sign * first + 1, sign * last + 1)
    # The least number at which each value is reached lies in (below, at].
    below, at = np.full(wanted.shape, lo), np.full(wanted.shape, hi)
    while (at - below > 1).any():
        middle = below + (at - below) // 2
        reached = sign * run(middle) >= wanted
        below, at = np.where(reached, below, middle), np.where(reached, middle, at)
    starts = np.unique(np.concatenate([[lo], at]))
    return Steps.of(starts, np.asarray(run(starts), np.int64))
