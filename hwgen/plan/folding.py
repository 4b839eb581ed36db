# SPDX-License-Identifier: Apache-2.0
"""Folding that makes a network fit: the way out of what is too large side by side, or too quick."""

from __future__ import annotations

from dataclasses import replace

from hwgen.cost.estimate import estimate, zeros
from hwgen.cost.figures import exceeded
from hwgen.errors import DoesNotFit, HwgenError
from hwgen.ir.graph import Graph
from hwgen.plan.clock import holds_clock, reached_mhz
from hwgen.plan.goal import Goal
from hwgen.plan.serial.choice import checked
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import Board

_MANY = 300_000  # weights beyond which a plan takes a minute, and a refusal should not


def shortest(graph: Graph, board: Board, goal: Goal) -> int | None:
    """Return the shortest interval at which a network fits a board in the stream style, in cycles.

    It was planned, and holds the clock, the latency and the budget of the goal. None where none
    does however long a sample may take, or it cannot be built in this style.

    Args:
        graph: what shall be built.
        board: what for.
        goal: clock, latency, budget, effort and seed.
    """
    if goal.register_links:
        return None
    pace = replace(goal.pace.of_style("stream"), interval=None)
    wanted = replace(goal, style="stream", pace=pace)
    try:
        found = checked(plan_stream(graph, board, wanted, graph.name, {}), board, wanted)
    except HwgenError:
        return None
    fits = not exceeded(estimate(found, board.family), board.budget)
    return (
        found.interval if fits and holds_clock(reached_mhz(found, board), goal.clock_mhz) else None
    )


def way(graph: Graph, board: Board, goal: Goal) -> str:
    """Return the settings that make a network fit, as a user writes them; nothing without any."""
    style = "" if goal.style == "stream" else "--style stream "
    if sum(count for _, count in zeros(graph).values()) > _MANY:
        return (
            f"{style}--interval auto reuses hardware over time; it was not tried, which takes long"
        )
    cycles = shortest(graph, board, goal)
    if cycles is None:
        return ""
    return f"{style}--interval {cycles} fits on {board.name}"


def with_way(refusal: DoesNotFit, graph: Graph, board: Board, goal: Goal) -> DoesNotFit:
    """Return a refusal whose hint begins with the folding that works, where one does."""

    def hint() -> str:  # planned when it is read
        found = way(graph, board, goal)
        return f"{found}; {refusal.hint}" if found else refusal.hint

    return DoesNotFit(refusal.what, refusal.where, hint)
