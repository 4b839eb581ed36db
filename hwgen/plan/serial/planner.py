# SPDX-License-Identifier: Apache-2.0
"""From a graph, a board and an interval to a serial design, whole words between where they must."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hwgen.design.assemble import ports_of
from hwgen.design.types import Design, Heading
from hwgen.ir.graph import Graph
from hwgen.logic.links import NO_REGISTERS, LinkRegisters
from hwgen.plan.goal import Goal
from hwgen.plan.heading import heading_of
from hwgen.plan.mapping import SERIAL, Realisation
from hwgen.plan.parallel import schedule as parallel
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.plan.serial.compose import composed
from hwgen.plan.serial.regions import Region, regions
from hwgen.plan.serial.schedule import lowered, schedule
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
    heading = heading_of(graph, board, goal, name)
    lean = without_unread(graph)
    parts = regions(lean, lowered(lean, 2, goal.search), mapping)
    ports = {node.name for node in graph.inputs}
    inner = dict.fromkeys(n.name for r in parts for n in r.graph.inputs if n.name not in ports)
    links = (
        LinkRegisters(goal.register_links, tuple(inner)) if goal.register_links else NO_REGISTERS
    )
    how = _How(heading, board, goal, interval, mapping, links)
    made = [how.part(region) for region in parts]
    if len(made) == 1:
        return made[0]
    return composed(heading, *ports_of(graph), made)


@dataclass(frozen=True)
class _How:
    """Settings of all regions."""

    heading: Heading
    board: Board
    goal: Goal
    interval: int
    mapping: Mapping[str, Realisation]
    links: LinkRegisters

    def part(self, region: Region) -> Design:
        """Return the design of a region."""
        heading, family, search = self.heading, self.board.family, self.goal.search
        if region.serial:
            return schedule(region.graph, heading, family, self.interval, search, self.links)
        known = {node.name for node in region.graph.nodes}
        wanted = {k: v for k, v in self.mapping.items() if k in known and v.kind != SERIAL}
        return parallel.schedule(
            region.graph,
            heading,
            family,
            search=search,
            tables=Prices.on(family),
            mapping=wanted,
            links=self.links,
        )
