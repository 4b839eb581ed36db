# SPDX-License-Identifier: Apache-2.0
"""Planner of the stream style: a pipeline of units with valid and ready between them."""

from __future__ import annotations

from collections.abc import Mapping

from hwgen.design.check import check
from hwgen.design.types import Design, Heading, Port
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation
from hwgen.plan.stream.adders import Settings
from hwgen.plan.stream.build import Builder
from hwgen.plan.stream.fifos import with_fifos
from hwgen.plan.stream.tokens import pace
from hwgen.target.board import Board


def plan_stream(
    graph: Graph, board: Board, goal: Goal, name: str, mapping: Mapping[str, Realisation]
) -> Design:
    """Return the stream design of a graph for a board and a goal.

    Args:
        graph: what to build.
        board: what to build for.
        goal: clock, interval, and the effort and seed of the search.
        name: of the design.
        mapping: how layers shall be realised.

    Raises:
        ConfigError: the mapping asks for what cannot be built.
        DoesNotFit: too slow for the goal.
    """
    heading = Heading(name, board.name, goal.clock_mhz, digest(graph), board.data_width)
    made = Builder(graph, Settings(heading, board, goal, mapping))
    for node in graph.inputs:
        made.input(node, node.type.shape[-1])
    for segment in made.cut.segments:
        made.adder_stage(segment)
    outputs = made.outputs()
    inputs = tuple(
        Port(n.name, n.type.shape, n.type.fixed, (n.type.fixed.lsb,), link=made.inputs[n.name])
        for n in graph.inputs
    )
    interval = max(stage.interval for stage in made.stages)
    design = Design(
        name, board.name, goal.clock_mhz, heading.model, inputs, outputs,
        tuple(made.links.values()), tuple(made.stages), 1, interval, board.data_width,
    )  # fmt: skip
    design = pace(with_fifos(design))
    check(design)
    return design
