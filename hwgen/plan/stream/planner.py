# SPDX-License-Identifier: Apache-2.0
"""Planner of the stream style: a pipeline of units with valid and ready between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hwgen.design.assemble import ports_of
from hwgen.design.check import check
from hwgen.design.types import Design, Heading
from hwgen.ir.graph import Graph
from hwgen.ops.pool import Pool
from hwgen.ops.serial import digest
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation
from hwgen.plan.stream.adders import Settings
from hwgen.plan.stream.build import Builder
from hwgen.plan.stream.choose import chosen
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
    picked = chosen(graph, parts, board, goal, mapping)
    made = Builder(graph, parts, Settings(heading, board, goal, mapping, picked.taken.lut))
    for node in graph.inputs:
        made.input(node, picked.inputs[node.name])
    for segment in made.cut.segments:
        choice = picked.choices[segment.name]
        if choice.fold is not None:
            made.folded_stage(segment, choice.fold, choice.lanes)
        elif isinstance(segment.head.op, Pool) and segment.head.op.blocks:
            made.pool_stage(segment, choice.lanes)
        else:
            made.adder_stage(segment, choice.lanes)
    outputs = made.outputs()
    ports, _ = ports_of(graph)
    inputs = tuple(replace(port, link=made.inputs[port.name]) for port in ports)
    design = Design(
        name, board.name, goal.clock_mhz, heading.model, inputs, outputs,
        tuple(made.links.values()), tuple(made.stages), 1,
        max(stage.interval for stage in made.stages), board.data_width,
    )  # fmt: skip
    design = pace(with_fifos(design))
    check(design)
    return design
