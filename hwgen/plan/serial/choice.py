# SPDX-License-Identifier: Apache-2.0
"""Choice of an interval, and of digits or words: the cheapest, or the quickest in a budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hwgen.cost.estimate import estimate
from hwgen.cost.figures import RESOURCES, Resources, StageFigures, exceeded
from hwgen.cost.serial import blocks
from hwgen.design.types import Design
from hwgen.errors import DoesNotFit
from hwgen.plan.clock import reached_mhz
from hwgen.plan.goal import Goal
from hwgen.plan.trigger_budget import Answer, judge
from hwgen.target.board import Board, Budget

# Intervals that are tried one after the other; between them digits are seldom narrower.
INTERVALS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64)

Plan = Callable[[int], Design]  # of an interval


@dataclass(frozen=True)
class _Judged:
    """Figures of a design that a budget is about."""

    clock_mhz: float
    rate_mhz: float
    latency_cycles: int
    modelled: Resources
    budget: Budget
    stages: tuple[StageFigures, ...] = ()


def answers(design: Design, board: Board, goal: Goal) -> tuple[Answer, ...]:
    """Return what becomes of each condition of the budget."""
    if not goal.pace.budget:
        return ()
    taken = estimate(design, board.family)
    held = min(reached_mhz(design, board), goal.clock_mhz)
    judged = _Judged(
        goal.clock_mhz,
        held / design.interval,
        design.latency,
        Resources(**{key: getattr(taken, key) for key in RESOURCES}),
        board.budget,
    )
    return judge(goal.pace.budget, judged)


def too_late(design: Design, goal: Goal) -> DoesNotFit | None:
    """Return the error of a design whose latency is above the cap."""
    allowed = goal.max_cycles
    if allowed is None or design.latency <= allowed:
        return None
    period = 1000.0 / goal.clock_mhz
    return DoesNotFit(
        f"needs {design.latency} cycles ({design.latency * period:.4g} ns) at "
        f"{goal.clock_mhz:g} MHz and an interval of {design.interval}; {allowed} "
        f"({allowed * period:.4g} ns) are allowed",
        "latency",
        "ask for a shorter interval, which takes more logic and fewer cycles; --interval auto "
        "finds the quickest that fits",
    )


def over_budget(design: Design, board: Board, goal: Goal) -> DoesNotFit | None:
    """Return the error of a design that breaks a condition of the budget."""
    broken = [answer for answer in answers(design, board, goal) if not answer.holds]
    if not broken:
        return None
    said = "; ".join(
        f"{a.condition.key} is {a.shown}, not {a.condition.text.removeprefix(a.condition.key)}"
        for a in broken
    )
    return DoesNotFit(
        f"at an interval of {design.interval}: {said}",
        "--budget",
        "allow a longer interval, or leave it to the planner with --interval auto"
        if goal.pace.interval is not None
        else "no longer interval takes less: allow more of it, prune more, or use fewer bits",
    )


def cheaper(one: Design, other: Design, board: Board) -> Design:
    """Return the design that takes less of a board; the first where both take the same.

    On UltraScale+ that is blocks of logic, of which flip-flops and carry chains can be the scarcer
    part; elsewhere look-up tables.
    """
    costs = [_cost(design, board) for design in (one, other)]
    return one if costs[0] <= costs[1] else other


def kept_whole(design: Design, goal: Goal) -> tuple[str, ...]:
    """Return a note on an interval that is allowed and was not used; none where it was."""
    asked = goal.pace.interval or 1
    if asked == 1 or goal.style == "serial" or design.style != "parallel":
        return ()
    return (
        f"an interval of {asked} cycles is allowed; whole words, a sample a cycle, take less of "
        "this part than digits would, flip-flops counted; for digits all the same: --style serial",
    )


def _cost(design: Design, board: Board) -> tuple[float, int]:
    taken = estimate(design, board.family)
    much = 1e9 if exceeded(taken, board.budget) else 0.0
    return much + blocks(design, taken, board.family), taken.lut


def quickest(at: Plan, board: Board, goal: Goal) -> Design:
    """Return the design of the shortest interval that keeps board, budget and latency.

    Raises:
        DoesNotFit: there is none; it says how near the last one came.
    """
    refused: list[tuple[int, DoesNotFit]] = []
    late: DoesNotFit | None = None  # the quickest that keeps all but the latency
    seen: set[int] = set()
    for interval in INTERVALS:
        try:
            design = at(interval)
        except DoesNotFit as error:
            refused.append((interval, error))
            continue
        if design.interval in seen:
            continue
        seen.add(design.interval)
        large, slow = _too_large(design, board, goal), too_late(design, goal)
        problem = large or slow
        if problem is None:
            return design
        if large is None:
            late = late or slow
        refused.append((design.interval, problem))
        if _narrowest(design):  # a longer interval changes nothing
            break
    if late is not None:
        raise DoesNotFit(
            late.what,
            late.where,
            "no shorter interval keeps board and budget: allow that latency, or take more of "
            "the part",
        )
    interval, last = refused[-1]
    raise _with_way_out(last, interval)


def _with_way_out(error: DoesNotFit, interval: int) -> DoesNotFit:
    """Return an error of the slowest design that was tried, with the way out."""
    hint = f"no interval up to {interval} holds: a larger board, fewer bits or more zeros"
    return DoesNotFit(error.what, error.where, hint)


def _narrowest(design: Design) -> bool:
    part = design.serial
    return part is not None and part.graph.digit_bits == 1


def _too_large(design: Design, board: Board, goal: Goal) -> DoesNotFit | None:
    """Return the error of a design that does not keep the board or the budget."""
    taken = estimate(design, board.family)
    over = exceeded(taken, board.budget)
    if over:
        return DoesNotFit(
            f"at an interval of {design.interval} it takes {getattr(taken, over[0]):,} "
            f"{over[0].upper()}, and {board.name} has {getattr(board.budget, over[0]):,}",
            "--interval",
        )
    return over_budget(design, board, goal)


def checked(design: Design, board: Board, goal: Goal) -> Design:
    """Return a design that keeps latency and budget.

    Raises:
        DoesNotFit: it does not.
    """
    problem = too_late(design, goal) or over_budget(design, board, goal)
    if problem is not None:
        raise problem
    return design
