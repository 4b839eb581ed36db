# SPDX-License-Identifier: Apache-2.0
"""From a graph, a board and a goal to a design."""

from __future__ import annotations

from collections.abc import Mapping

from hwgen.cost.calibration import calibrated
from hwgen.cost.matmul import check_parallel
from hwgen.design.types import Design, Heading
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation, check_mapping
from hwgen.plan.parallel.schedule import schedule
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.target.board import Board


def plan(
    graph: Graph,
    board: Board,
    goal: Goal,
    name: str,
    mapping: Mapping[str, Realisation] | None = None,
) -> Design:
    """Return the design of a graph for a board and a goal.

    Args:
        graph: what to build.
        board: what to build for.
        goal: clock, latency cap, and the effort and seed of the search.
        name: of the design.
        mapping: how layers shall be realised; the cheaper way where it does not say.

    Raises:
        ConfigError: the mapping asks for what the graph has not or what cannot be built.
        DoesNotFit: too large for the board, or too slow for the goal.
    """
    mapping = mapping or {}
    check_mapping(graph, mapping)
    check_parallel(graph, board)
    return schedule(
        graph,
        Heading(name, board.name, goal.clock_mhz, digest(graph), board.data_width),
        board.family,
        max_cycles=goal.max_cycles,
        effort=goal.effort,
        seed=goal.seed,
        tables=Prices(board.family.lut_inputs, calibrated(board.family).factors),
        mapping=mapping,
    )
