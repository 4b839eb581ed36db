# SPDX-License-Identifier: Apache-2.0
"""From a graph, a board and an interval to a serial design, whole words between where they must."""

from __future__ import annotations

from collections.abc import Mapping

from hwgen.cost.calibration import calibrated
from hwgen.design.assemble import ports_of
from hwgen.design.types import Design, Heading
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import SERIAL, Realisation
from hwgen.plan.parallel import schedule as parallel
from hwgen.plan.parallel.lower import lower
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.plan.serial.compose import composed
from hwgen.plan.serial.regions import Region, regions
from hwgen.plan.serial.schedule import Search, schedule
from hwgen.plan.serial.unread import without_unread
from hwgen.target.board import Board


def plan_serial(
    graph: Graph,
    board: Board,
    goal: Goal,
    name: str,
    interval: int,
    mapping: Mapping[str, Realisation],
) -> Design:
    """Return the serial design of a graph that takes a sample every so many cycles, or fewer.

    Args:
        graph: what to build.
        board: what to build for.
        goal: clock, and the effort and seed of the search.
        name: of the design.
        interval: cycles between two samples, at most; 2 or more.
        mapping: how layers shall be realised; serial where it does not say.

    Raises:
        ModelError: a layer shall be serial and has no serial form.
        ConfigError: a layer shall be of tables and cannot.
        DoesNotFit: a layer on whole words is too slow for the clock.
    """
    heading = Heading(name, board.name, goal.clock_mhz, digest(graph), board.data_width)
    search = Search(goal.effort, goal.seed)
    lean = without_unread(graph)
    logic = lower(lean, 2, goal.effort, goal.seed, alike=True).logic
    parts = regions(lean, logic, mapping)
    made = [_part(region, heading, board, goal, interval, mapping, search) for region in parts]
    if len(made) == 1:
        return made[0]
    return composed(heading, *ports_of(graph), made)


def _part(
    region: Region,
    heading: Heading,
    board: Board,
    goal: Goal,
    interval: int,
    mapping: Mapping[str, Realisation],
    search: Search,
) -> Design:
    if region.serial:
        return schedule(region.graph, heading, board.family, interval, search)
    known = {node.name for node in region.graph.nodes}
    wanted = {k: v for k, v in mapping.items() if k in known and v.kind != SERIAL}
    prices = Prices(board.family.lut_inputs, calibrated(board.family).factors)
    return parallel.schedule(
        region.graph,
        heading,
        board.family,
        effort=goal.effort,
        seed=goal.seed,
        tables=prices,
        mapping=wanted,
    )
