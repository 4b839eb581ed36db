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
from hwgen.plan.stream.build import Builder, pools_blocks
from hwgen.plan.stream.choose import Choice, chosen
from hwgen.plan.stream.fifos import with_fifos
from hwgen.plan.stream.segments import cut
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
    parts = cut(graph)
    choices = chosen(graph, parts, board, goal, mapping)
    around = sum(choice.taken.lut for choice in choices.values())
    made = Builder(graph, parts, Settings(heading, board, goal, mapping, around))
    for node in graph.inputs:
        made.input(node, _lanes_in(made, node.name, choices))
    for segment in made.cut.segments:
        choice = choices[segment.name]
        if choice.fold is not None:
            made.folded_stage(segment, choice.fold, choice.lanes)
        elif pools_blocks(segment.head.op):
            made.pool_stage(segment)
        else:
            made.adder_stage(segment)
    outputs = made.outputs()
    inputs = tuple(
        Port(n.name, n.type.shape, n.type.fixed, (n.type.fixed.lsb,), link=made.inputs[n.name])
        for n in graph.inputs
    )
    design = Design(
        name, board.name, goal.clock_mhz, heading.model, inputs, outputs,
        tuple(made.links.values()), tuple(made.stages), 1,
        max(stage.interval for stage in made.stages), board.data_width,
    )  # fmt: skip
    design = pace(with_fifos(design))
    check(design)
    return design


def _lanes_in(made: Builder, name: str, choices: Mapping[str, Choice]) -> int:
    """Return the elements of a word in which an input enters: what its only reader wants."""
    channels: int = made.graph[name].type.shape[-1]
    readers = [
        segment
        for segment in made.cut.segments
        for source in segment.head.inputs
        if made.cut.behind(source) == name
    ]
    if len(readers) != 1 or choices[readers[0].name].fold is None:
        return channels
    return choices[readers[0].name].lanes
