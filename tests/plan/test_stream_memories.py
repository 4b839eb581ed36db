# SPDX-License-Identifier: Apache-2.0
"""Memories of stream designs: chosen by price, within the budget, and alike in every cycle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hwgen.cost.estimate import estimate
from hwgen.cost.units import cells_of, fifo_cost
from hwgen.design.flow_core import BUFFER
from hwgen.design.names import ModuleNames
from hwgen.design.source_list import read_list
from hwgen.design.types import Design, UnitRef
from hwgen.emit.verilog.design import emit_rtl
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.stream.memories import with_memories
from hwgen.plan.stream.planner import plan_stream
from hwgen.plan.trigger_budget import parse_conditions
from hwgen.synth.count import count
from hwgen.synth.netlist import Netlist
from hwgen.synth.yosys import write_netlist
from hwgen.target.board import load_board
from hwgen.units.memories import RamStyle
from tests.plan.branches import branchy
from tests.plan.nets import holds_in_simulation, planned

REGISTERS, DISTRIBUTED, BLOCK = RamStyle.REGISTERS, RamStyle.DISTRIBUTED, RamStyle.BLOCK


def memories(design: Design) -> list[tuple[int, int, int]]:
    """Return bits, words and memory of every FIFO and of every buffer."""
    buffers = (
        part
        for stage in design.stages
        for part in stage.parts
        if isinstance(part, UnitRef) and part.unit == BUFFER
    )
    return [
        *((link.bits, link.depth, link.ram_style) for link in design.links if link.depth),
        *((p.params["Width"], p.params["Depth"], p.params["RamStyle"]) for p in buffers),
    ]


def deep(design: Design, words: int) -> Design:
    """Return the design with longer FIFOs."""
    links = (replace(x, depth=words * x.depth) for x in design.links)
    return replace(design, links=tuple(links))


def test_a_memory_is_what_costs_least() -> None:
    board, goal = load_board("vcu118"), Goal(200.0, style="stream", pace=Pace(300))
    design = with_memories(deep(planned(branchy(7), 300), 200), board, goal)
    cells, found = cells_of(board.family), memories(design)
    assert {style for _, _, style in found} == {REGISTERS, DISTRIBUTED, BLOCK}
    for bits, words, chosen in found:
        worth = {}
        for style in cells.styles:
            cost = fifo_cost(bits, words, style, cells)
            worth[style] = cost.lut + cost.ff / 8 + 600 * cost.bram
        assert chosen == min(worth, key=lambda style: worth[style])


def test_blocks_are_given_back_where_there_are_too_few() -> None:
    board, goal = load_board("vcu118"), Goal(200.0, style="stream", pace=Pace(300))
    rich = deep(planned(branchy(7), 300), 200)
    free = with_memories(rich, board, goal)
    there = estimate(free, board.family).bram
    assert there > 1
    for limit in (there - 1, 0):
        few = parse_conditions(f"bram<={limit}", "--budget")
        made = with_memories(rich, board, replace(goal, pace=Pace(300, few)))
        assert estimate(made, board.family).bram <= limit
        kept = sum(style == BLOCK for _, _, style in memories(made))
        assert kept > 0 if limit else kept == 0


def test_a_family_without_memory_in_tables_gets_none(tmp_path: Path) -> None:
    goal = Goal(24.0, style="stream", pace=Pace(1000))
    board, graph = load_board("icebreaker"), branchy(1)
    design = plan_stream(graph, board, goal, "net", {})
    assert {style for _, _, style in memories(design)} <= {REGISTERS, BLOCK}
    params = [
        (name, value)
        for stage in design.stages
        for part in stage.parts
        if isinstance(part, UnitRef)
        for name, value in part.params.items()
        if "Ram" in name
    ]
    assert {value for _, value in params} <= {REGISTERS, BLOCK}
    assert params


@pytest.mark.ci
def test_such_a_design_is_mapped(tmp_path: Path) -> None:
    goal = Goal(24.0, style="stream", pace=Pace(1000))
    board = load_board("icebreaker")
    design = plan_stream(branchy(1), board, goal, "net", {})
    emit_rtl(design).write(tmp_path)
    files = [tmp_path / "rtl" / x for x in read_list((tmp_path / "rtl/files.f").read_text())]
    top, netlist = ModuleNames.of(design).top, tmp_path / "netlist.json"
    write_netlist(files, top, board.family.name, netlist)
    found, said = (
        count(Netlist.read(netlist, top, board.family.name)),
        estimate(design, board.family),
    )
    assert abs(said.lut / found.lut - 1) < 0.15
    assert abs(said.ff / found.ff - 1) < 0.05
    assert said.bram == found.bram


@pytest.mark.ci
@pytest.mark.sim
@pytest.mark.parametrize("style", [REGISTERS, BLOCK], ids=lambda style: style.name.lower())
def test_every_memory_works_alike(style: RamStyle, tmp_path: Path) -> None:
    graph = branchy(1)
    design = planned(graph, 100)
    links = tuple(replace(link, ram_style=int(style)) for link in design.links)

    def kept(part: object) -> object:
        if isinstance(part, UnitRef) and part.unit == BUFFER:
            return replace(part, params={**part.params, "RamStyle": int(style)})
        return part

    stages = tuple(
        stage
        if isinstance(stage.body, UnitRef)
        else replace(stage, body=tuple(kept(part) for part in stage.parts))
        for stage in design.stages
    )
    made = replace(design, links=links, stages=stages)
    assert {found for _, _, found in memories(made)} == {style}
    holds_in_simulation(graph, made, tmp_path)
