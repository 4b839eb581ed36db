# SPDX-License-Identifier: Apache-2.0
"""Memories of a stream design: what they are made of, registers, tables or blocks.

The planner chooses, never the synthesis tool: for each FIFO, and each buffer behind a flow core,
the kind that costs least on the board, with tables and blocks priced as in the choice of foldings.
Where that takes more blocks than the board or the budget has, those that save least give theirs
back. Units that hold rows or vectors have chosen already; where a family's tables hold no memory,
they choose again. A unit works alike in each, cycle by cycle, so nothing else depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

from hwgen.cost.estimate import estimate
from hwgen.cost.units import cells_of, fifo_cost, unit_cost
from hwgen.design.flow_core import BUFFER, buffer_of, pipeline_of, with_buffer
from hwgen.design.types import Design, Part, UnitRef
from hwgen.plan.goal import Goal
from hwgen.plan.stream.choose import affordable_of, worths
from hwgen.plan.stream.ways import Blocks, worth
from hwgen.target.board import Board
from hwgen.units.library import find_unit
from hwgen.units.memories import Cells, RamStyle


def with_memories(design: Design, board: Board, goal: Goal) -> Design:
    """Return the design with a memory that the board has for whatever holds words.

    Args:
        design: whose FIFOs are sized.
        board: that it is for.
        goal: with the budget.
    """
    cells, worth_of = cells_of(board.family), worths(board)
    if not cells.table_memory:
        design = _without_tables(design, cells, worth_of)
    prices: dict[str, dict[RamStyle, float]] = {}
    for name, (width, depth) in _sizes(design).items():
        prices[name] = {
            style: worth(fifo_cost(width, depth, style, cells), worth_of) for style in cells.styles
        }
    chosen = {name: min(found, key=lambda style: found[style]) for name, found in prices.items()}
    made = _with(design, chosen)
    while RamStyle.BLOCK in chosen.values():
        if affordable_of("bram", estimate(made, board.family).bram, board, goal):
            break
        others = {
            name: min((price, style) for style, price in prices[name].items() if style != kept)
            for name, kept in chosen.items()
            if kept == RamStyle.BLOCK
        }
        name = min(others, key=lambda name: others[name][0] - prices[name][RamStyle.BLOCK])
        chosen[name] = others[name][1]
        made = _with(design, chosen)
    return made


def _sizes(design: Design) -> dict[str, tuple[int, int]]:
    """Return width and depth of every FIFO, by the link behind it."""
    found = {link.name: (link.bits, link.depth) for link in design.links if link.depth}
    for stage in design.stages:
        if pipeline_of(stage):
            params = buffer_of(stage).params
            found[_buffer(stage.writes[0])] = params["Width"], params["Depth"]
    return found


def _buffer(link: str) -> str:
    """Return the key of a buffer, whose link may have a FIFO of its own behind it."""
    return f"{link} buffer"


def _without_tables(design: Design, cells: Cells, worth_of: Blocks) -> Design:
    """Return the design with every memory of a unit in registers or blocks, by price."""

    def changed(part: Part) -> Part:
        if not isinstance(part, UnitRef) or part.unit == BUFFER:
            return part
        given = {p.name: p for p in find_unit(part.unit).parameters}
        names = [name for name in part.params if "Ram" in name and name in given]
        ways = (
            {**part.params, **dict(zip(names, styles, strict=True))}
            for styles in product((0, 2), repeat=len(names))
            if all(
                style >= (given[name].least or 0) for name, style in zip(names, styles, strict=True)
            )
        )
        best = min(ways, key=lambda way: worth(unit_cost(part.unit, way, cells), worth_of))
        return replace(part, params=best)

    stages = tuple(
        replace(
            stage,
            body=changed(stage.body)
            if isinstance(stage.body, UnitRef)
            else tuple(changed(part) for part in stage.parts),
        )
        for stage in design.stages
    )
    return replace(design, stages=stages)


def _with(design: Design, chosen: Mapping[str, RamStyle]) -> Design:
    links = tuple(
        replace(link, ram_style=int(chosen[link.name])) if link.depth else link
        for link in design.links
    )
    stages = tuple(
        with_buffer(stage, RamStyle=int(chosen[_buffer(stage.writes[0])]))
        if pipeline_of(stage)
        else stage
        for stage in design.stages
    )
    return replace(design, links=links, stages=stages)
