# SPDX-License-Identifier: Apache-2.0
"""Alternatives to a goal that is out of reach: the nearest one that holds, found by planning."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from hwgen.cost.estimate import Estimate, estimate, estimate_layers, longest_ns
from hwgen.cost.figures import exceeded
from hwgen.cost.matmul import unshared_adders
from hwgen.cost.serial import serial_ns
from hwgen.cost.timing import layer_ns
from hwgen.design.stage_core import stage_cores
from hwgen.design.types import Design
from hwgen.errors import DoesNotFit, count_of
from hwgen.ir.graph import Graph
from hwgen.plan.folding import way
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation
from hwgen.plan.planner import holds_clock, plan, reached_mhz
from hwgen.plan.trigger_budget import Condition, crossings
from hwgen.target.board import Board, boards

# Shares of the clock that a design reaches, tried for one that holds.
_SLOWER = (0.995, 0.97, 0.93, 0.88, 0.8, 0.7, 0.6, 0.5)
# Shares of a board's fastest clock that are tried for a latency.
_CLOCKS = (1.0, 0.8, 0.65, 0.5, 0.4, 0.3, 0.2, 0.1)
# A network with more unshared adders takes long to plan: no other family is tried for it.
_QUICK = 40_000
# A board with so many times fewer tables than a design takes elsewhere is not tried: tables of four
# inputs are at most three times as many as those of six.
_SPREAD = 4


def too_large(
    graph: Graph, design: Design, taken: Estimate, board: Board, goal: Goal
) -> DoesNotFit | None:
    """Return the error of a design that its board cannot hold, with the smallest that can.

    Args:
        graph: what was built.
        design: planned for the board.
        taken: by the design, as modelled.
        board: that it was planned for.
        goal: that it was planned for.
    """
    over = exceeded(taken, board.budget)
    if not over:
        return None
    said = [
        f"{getattr(taken, key):,} {key.upper()} (it has {getattr(board.budget, key):,})"
        for key in over
    ]
    parts = {
        name: getattr(part, over[0]) for name, part in estimate_layers(design, board.family).items()
    }
    most = max(parts, key=lambda name: parts[name])
    share = 100 * parts[most] / max(getattr(taken, over[0]), 1)

    def hint() -> str:  # other boards and intervals are planned when it is read
        other = _smallest(graph, design, board, goal, _holds)
        away = (
            f"the smallest board that holds it is {other}"
            if other
            else _none_holds(graph, board, goal)
        )
        folded = design.style == "stream" and goal.pace.interval is None  # as the board needs it
        found = "" if folded else way(graph, board, goal)
        return f"{found + '; ' if found else ''}{away}; or prune more, or use fewer bits"

    return DoesNotFit(
        f"the design takes about {' and '.join(said)} on {board.name}; layer {most} takes the most "
        f"of it, {share:.0f} % of the {over[0].upper()}",
        most,
        hint,
    )


def _none_holds(graph: Graph, board: Board, goal: Goal) -> str:
    """Return which boards were tried in vain."""
    if _quick(graph, goal):
        return "no known board that reaches this clock holds it"
    return (
        f"no known board with {board.family.name} parts holds it; other families were not tried, "
        "which takes long for so large a network: hwgen estimate MODEL -b BOARD does"
    )


def missed_clock(
    graph: Graph,
    design: Design,
    reached: float,
    board: Board,
    goal: Goal,
    mapping: Mapping[str, Realisation] | None = None,
) -> DoesNotFit | None:
    """Return the error of a design that misses its clock, with the nearest clock that holds.

    Args:
        graph: what was built.
        design: planned for the goal.
        reached: the clock that it reaches, in MHz.
        board: that it was planned for.
        goal: that it was planned for.
        mapping: that was asked for.
    """
    if holds_clock(reached, goal.clock_mhz):
        return None
    slowest = slowest_layer(design, board)
    way = "ask for a slower clock"
    for share in _SLOWER:
        mhz = math.floor(10 * reached * share) / 10
        if mhz <= 0:
            break
        try:
            other = plan(graph, board, replace(goal, clock_mhz=mhz), design.name, mapping)
        except DoesNotFit:
            continue
        if holds_clock(reached_mhz(other, board), mhz):
            cycles = count_of(other.latency, "cycle")
            way = f"--clock {mhz:g}MHz holds, with {cycles} = {other.latency * 1000 / mhz:.4g} ns"
            break
    return DoesNotFit(
        f"the design reaches about {math.floor(10 * reached) / 10:g} MHz on {board.name}, "
        f"not {goal.clock_mhz:g} MHz; its longest path ends in layer {slowest}",
        "--clock",
        f"{way}; --best-effort builds it all the same",
    )


def slowest_layer(design: Design, board: Board) -> str:
    """Return the name of the layer in which the longest path ends."""
    if design.serial is not None:
        paths = serial_ns(design.serial, board.family)
    elif design.style == "serial":
        cores = list(stage_cores(design).values())
        return slowest_layer(max(cores, key=lambda c: longest_ns(c, board.family)), board)
    else:
        paths = {
            layer.name: ns
            for pipeline in design.pipelines
            for ns, layer in zip(layer_ns(pipeline, board.family), pipeline.layers, strict=True)
        }
    return max(paths, key=lambda name: paths[name]) if paths else "its units"


def roomier(graph: Graph, design: Design, board: Board, goal: Goal, condition: Condition) -> str:
    """Return what meets a condition on a resource."""
    if condition.unit != "%":
        return f"prune more or use fewer bits until {condition.key} is low enough"

    def meets(other: Board, need: Estimate) -> bool:
        there = getattr(other.budget, condition.key)
        share = 100.0 * getattr(need, condition.key) / there if there else 100.0
        return _holds(other, need) and condition.holds(share)

    found = _smallest(graph, design, board, goal, meets)
    if found:
        return f"the smallest board that meets {condition.text} is {found}"
    tried = "known board" if _quick(graph, goal) else f"known board with {board.family.name} parts"
    return f"no {tried} meets {condition.text}: prune more, or use fewer bits"


def quicker(graph: Graph, board: Board, goal: Goal, condition: Condition) -> str:
    """Return the clock, nearest to the one asked for, that meets a condition on the latency.

    Where none does, return the least latency that was found.
    """
    least: list[tuple[float, float, str]] = []
    near: list[tuple[float, str]] = []
    for share in _CLOCKS:
        mhz = round(board.max_mhz * share, 1)
        try:
            other = replace(goal, clock_mhz=mhz, max_latency_ns=None)
            made = plan(graph, board, other, graph.name)
        except DoesNotFit:  # too fast for one of its nodes
            continue
        if not holds_clock(reached_mhz(made, board), mhz):
            continue
        cycles = made.latency
        ns = cycles * 1000.0 / mhz
        value = {"ns": ns, "cycles": float(cycles), "bx": float(crossings(ns))}[condition.unit]
        said = f"{count_of(cycles, 'cycle')}, {ns:.4g} ns, at {mhz:g} MHz"
        least.append((value, ns, said))
        if condition.holds(value):
            near.append((abs(mhz - goal.clock_mhz), said))
    if near:
        return f"it takes {min(near)[1]}"
    found = f"the least that was found on {board.name} is {min(least)[2]}; " if least else ""
    return f"{found}prune more, or use fewer bits"


def _holds(board: Board, taken: Estimate) -> bool:
    return not exceeded(taken, board.budget)


def _smallest(
    graph: Graph, design: Design, board: Board, goal: Goal, fits: Callable[[Board, Estimate], bool]
) -> str:
    """Return the board of the fewest tables that fits, with what the design takes there.

    It was planned there, and holds the clock: what is recommended builds.
    """
    made = {board.family.name: design}  # the last that was planned for a family
    least = estimate(design, board.family).lut // _SPREAD
    for other in sorted(boards(), key=lambda b: (b.budget.lut, b.name)):
        family = other.family
        if goal.clock_mhz > other.max_mhz or other.budget.lut < least:
            continue
        if family.name in made and not fits(other, estimate(made[family.name], family)):
            continue
        if family.name != board.family.name:
            if not _quick(graph, goal):
                continue
            try:
                made[family.name] = plan(graph, other, goal, graph.name)
            except DoesNotFit:
                continue
        need = estimate(made[family.name], family)
        slow = not holds_clock(reached_mhz(made[family.name], other), goal.clock_mhz)
        if fits(other, need) and not slow:
            return f"{other.name} (about {need.lut:,} of {other.budget.lut:,} LUT)"
    return ""


def _quick(graph: Graph, goal: Goal) -> bool:
    """Tell whether a network is planned so quickly that other families are tried for it."""
    folded = goal.style == "stream"  # its large layers fold
    return folded or unshared_adders(graph) <= _QUICK
