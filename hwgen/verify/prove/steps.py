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
