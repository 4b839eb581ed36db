# SPDX-License-Identifier: Apache-2.0
"""Planner of the stream style: a pipeline of units with valid and ready between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hwgen.cost.estimate import estimate, layer_luts
from hwgen.design.assemble import ports_of
from hwgen.design.check import check
from hwgen.design.types import Design
from hwgen.errors import DoesNotFit
from hwgen.ir.graph import Graph
from hwgen.ops.pool import Pool
from hwgen.plan.clock import holds_clock, reached_mhz
from hwgen.plan.goal import Goal
from hwgen.plan.heading import heading_of
from hwgen.plan.mapping import Realisation
from hwgen.plan.stream.adders import Settings
from hwgen.plan.stream.binary import as_bits, signs_in_front
from hwgen.plan.stream.build import Builder
from hwgen.plan.stream.choose import Picked, affordable, chosen, ways_of
from hwgen.plan.stream.fifos import with_fifos
from hwgen.plan.stream.memories import with_memories
from hwgen.plan.stream.moves import in_walks
from hwgen.plan.stream.segments import Cut, cut
from hwgen.plan.stream.tokens import pace
from hwgen.target.board import Board

_STEP, _MOST = 1.4, 12.0  # factors on the formulas of layers that are tried


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
    heading = heading_of(graph, board, goal, name)
    graph = in_walks(graph)
    parts, factor = cut(graph), 1.0
    ways = ways_of(graph, parts, board, goal, mapping)
    made: Picked | None = None
    while True:
        picked = chosen(graph, parts, ways, board, goal, factor)
        if picked != made:  # else the design is made already
            made, settings = picked, Settings(heading, board, goal, mapping, picked.taken.lut)
            design = _assembled(graph, parts, settings, picked)
        factor *= _STEP
        if goal.pace.interval is not None or factor > _MOST:
            break
        if affordable(estimate(design, board.family), board, goal):
            break
    _check_interval(design, goal)
    reached = reached_mhz(design, board)
    if not holds_clock(reached, goal.clock_mhz):
        # Wires are as long as the whole is large, which is known only now.
        whole = sum(layer_luts(design, board.family).values())
        again = _assembled(graph, parts, replace(settings, around=whole), picked)
        design = again if reached_mhz(again, board) > reached else design
    design = with_memories(pace(with_fifos(design)), board, goal)
    check(design)
    return design


def _check_interval(design: Design, goal: Goal) -> None:
    """Refuse a design whose converters of words take longer than allowed."""
    allowed = goal.pace.interval
    if allowed is not None and design.interval > allowed:
        slow = max(design.stages, key=lambda stage: stage.interval)
        raise DoesNotFit(
            f"{slow.name} ({slow.note}) takes {slow.interval:,} cycles a sample, {allowed:,} are "
            "allowed: words of two layers have few elements in common",
            slow.name,
            f"--interval {design.interval} can be built",
        )


def _assembled(graph: Graph, parts: Cut, settings: Settings, picked: Picked) -> Design:
    """Return the stages and links of the ways that were picked, without FIFOs."""
    made = Builder(graph, parts, settings)
    for node in graph.inputs:
        made.input(node, picked.inputs[node.name])
    bits = {
        name
        for segment in parts.segments
        if (fold := picked.choices[segment.name].fold) is not None and fold.xnor
        for name in signs_in_front(parts, segment)
    }
    for segment in made.cut.segments:
        choice = picked.choices[segment.name]
        if choice.fold is not None and choice.fold.xnor:
            made.binary_stage(segment, choice.fold, choice.lanes, segment.name in bits)
            continue
        segment = as_bits(segment) if segment.name in bits else segment
        if choice.fold is not None:
            made.folded_stage(segment, choice.fold, choice.lanes)
        elif choice.moves:
            made.move_stage(segment, choice.lanes)
        elif isinstance(segment.head.op, Pool) and segment.head.op.in_blocks(
            segment.head.type.shape
        ):
            made.pool_stage(segment, choice.lanes)
        else:
            made.adder_stage(segment, choice.lanes)
    outputs = made.outputs()
    ports, _ = ports_of(graph)
    inputs = tuple(replace(port, link=made.inputs[port.name]) for port in ports)
    heading = settings.heading
    return Design(
        heading.name, heading.target, heading.clock_mhz, heading.model, inputs, outputs,
        tuple(made.links.values()), tuple(made.stages), 1,
        max(stage.interval for stage in made.stages), heading.data_width, heading.axi_mhz,
    )  # fmt: skip
