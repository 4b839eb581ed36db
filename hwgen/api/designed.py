# SPDX-License-Identifier: Apache-2.0
"""Design of what is asked for, and its figures: the steps that estimate and build share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hwgen.api.deviation import Deviation
from hwgen.api.original import measure
from hwgen.api.scalers import scaler_lines
from hwgen.api.settings import Ask
from hwgen.cost.estimate import Estimate
from hwgen.cost.estimate import estimate as estimate_design
from hwgen.cost.figures import Figures
from hwgen.cost.packaged import crossed_lines
from hwgen.errors import DoesNotFit, count_of
from hwgen.ir.graph import Graph
from hwgen.plan.alternatives import missed_clock, too_large
from hwgen.plan.goal import Goal
from hwgen.plan.planner import Planned, reached_mhz
from hwgen.progress import Progress, silent
from hwgen.report.figures import figures
from hwgen.target.board import Board


@dataclass(frozen=True)
class Designed:
    """Design of a model on a board, and what is known of it before a file is written.

    Attributes:
        graph, board: what is built, and for what.
        goal: with the style that was chosen.
        planned: the design.
        taken: what it takes, by the model.
        figures: of the report.
        refusal: why it cannot be built; None if it can.
        deviation: from the model itself, where data were given.
    """

    graph: Graph
    board: Board
    goal: Goal
    planned: Planned
    taken: Estimate
    figures: Figures
    refusal: DoesNotFit | None
    deviation: Deviation | None


def designed(
    ask: Ask, graph: Graph, board: Board, goal: Goal, name: str, progress: Progress = silent
) -> Designed:
    """Return the design of a graph, its figures, and why it cannot be built.

    Args:
        ask: with the model itself, the data and the realisations that were asked for.
        graph: of it.
        board: to build for.
        goal: to plan for.
        name: of the design.
        progress: called with every step.

    Raises:
        ConfigError: data that do not fit, or a realisation that a layer cannot have.
        DoesNotFit: there is no design to tell anything about.
    """
    off = measure(ask, graph)
    if off is not None:
        progress("data", f"compared with the model itself on {count_of(off.samples, 'sample')}")
    planned = ask.planned(graph, board, goal, name)
    design, goal = planned.design, planned.settled(goal)
    if planned.why:
        progress("style", f"{design.style}: {planned.why}")
    taken = estimate_design(design, board.family)
    progress("schedule", f"{design.latency} cycles, {taken.lut:,} LUT, {taken.ff:,} FF (modelled)")
    refusal = too_large(graph, design, taken, board, goal)
    if refusal is None and not ask.best_effort:
        reached = reached_mhz(design, board)
        refusal = missed_clock(graph, design, reached, board, goal, ask.realisations())
    told = figures(graph, design, taken, board, goal)
    more = (*scaler_lines(graph, board), *crossed_lines(design, board.family))
    told = replace(told, notes=(*told.notes, *more))
    refusal = planned.explained(refusal)
    return Designed(graph, board, goal, planned, taken, told, refusal, off)
