# SPDX-License-Identifier: Apache-2.0
"""Clock of a planned design: the one that it reaches, and designs that reach the one asked for."""

from __future__ import annotations

import math
from collections.abc import Callable

from hwgen.cost.calibration import calibrated
from hwgen.cost.estimate import fmax, layer_luts
from hwgen.design.types import Design
from hwgen.errors import DoesNotFit
from hwgen.target.board import Board

_TRIES = 8  # designs that are planned for a clock


def reached_mhz(design: Design, board: Board, around: float = 0.0) -> float:
    """Return the clock that a design reaches on a board, wires as place and route makes them.

    Args:
        design: the design.
        board: that it is for.
        around: look-up tables that are beside it on the board, where it is a part of a larger one.
    """
    return fmax(design, board, sum(layer_luts(design, board.family).values()) + round(around))


def holds_clock(reached: float, clock_mhz: float) -> bool:
    """Tell whether the clock that is reached is the one that was asked for, or a faster one."""
    return reached >= clock_mhz * (1 - 1e-6)


def margin(board: Board) -> float:
    """Return how much faster than asked a design is to be, by the estimate: 1.0 is not at all.

    Twice the median error of the estimate, where place and route was measured.
    """
    measured = calibrated(board.family).fmax
    return 1.0 + 2 * measured.median if measured else 1.0


def quick_enough(
    at: Callable[[float], Design],
    board: Board,
    clock_mhz: float,
    around: float = 0.0,
    spare: float | None = None,
) -> Design:
    """Return a design that reaches a clock with a margin, or else the quickest that was found.

    The scheduler places registers by the delays of the family alone. Where place and route was
    measured to make longer paths, it is given a faster clock to aim at.

    Args:
        at: plans for a clock in MHz.
        board: what is built for.
        clock_mhz: the clock to reach.
        around: look-up tables beside the design, as `reached_mhz` takes them.
        spare: how much faster it is to be; the board's `margin` where None.
    """
    wished = clock_mhz * (margin(board) if spare is None else spare)
    best, aim, top = at(clock_mhz), clock_mhz, math.inf  # at top, one node alone is too slow
    reached = last = reached_mhz(best, board, around)
    for _ in range(_TRIES):
        if holds_clock(reached, wished):
            break
        wanted = aim * max(1.02 * wished / last, 1.02)
        wanted = wanted if wanted < top else math.sqrt(aim * top)
        try:
            tighter = at(wanted)
        except DoesNotFit:  # too fast for one of its nodes, or later than allowed
            top = wanted
            continue
        aim, last = wanted, reached_mhz(tighter, board, around)
        if last > reached:
            best, reached = tighter, last
    return best
