# SPDX-License-Identifier: Apache-2.0
"""Choice of a way to build every segment of a stream design.

For an interval the choice is exact: the least area over all ways of all segments, the converters
between neighbours included, at forks and joins too. A budget is met by a search over intervals: a
longer one never costs more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.cost.figures import RESOURCES, Takes
from hwgen.cost.units import LARGE, UnitCost, cells_of
from hwgen.errors import ConfigError, DoesNotFit, count_of
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import TensorType
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import ADDERS, TABLES, XNOR, Realisation
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.plan.stream.segments import Cut, Segment
from hwgen.plan.stream.solve import Table, cheapest
from hwgen.plan.stream.ways import (
    Blocks,
    Choice,
    Fabric,
    between,
    conversion_cost,
    every_choice,
    givers,
    worth,
)
from hwgen.target.board import Board
from hwgen.units.memories import Cells

LONGEST = 1 << 40  # cycles
TOO_LATE = 1e9  # worth of what is taken only if nothing else is there
ROOM = 0.7  # share of a board that layers may take by their formulas


@dataclass(frozen=True)
class Picked:
    """Ways that were picked.

    Attributes:
        choices: by segment.
        inputs: elements of a word, by network input.
    """

    choices: Mapping[str, Choice]
    inputs: Mapping[str, int]

    @property
    def taken(self) -> UnitCost:
        """Cost of all, without converters."""
        return sum((choice.taken for choice in self.choices.values()), UnitCost())


def ways_of(
    graph: Graph, parts: Cut, board: Board, goal: Goal, mapping: Mapping[str, Realisation]
) -> dict[str, list[Choice]]:
    """Return the ways to build every segment, by its name.

    Args:
        graph: what to build.
        parts: its segments.
        board: what to build for.
        goal: of the build.
        mapping: how layers shall be realised.

    Raises:
        ConfigError: a realisation that was asked for is not possible.
    """
    limit = LONGEST if goal.pace.interval is None else goal.pace.interval
    multiplier = board.family.dsp_widths if board.budget.dsp else None
    prices = Prices.on(board.family)
    fabric, blocks = Fabric(multiplier, cells_of(board.family), prices), worths(board)
    giving = givers(graph, parts)

    def found(one: Segment) -> list[Choice]:
        every = every_choice(graph, parts, one, limit, fabric, one.name in giving)
        return [replace(choice, blocks=blocks) for choice in every]

    return {
        segment.name: _asked(
            found(segment),
            segment.head.name,
            mapping.get(segment.head.name),
            multiplier,
        )
        for segment in parts.segments
    }


def worths(board: Board) -> Blocks:
    """Return what blocks are worth: on small parts as many tables as there are for each."""
    there = board.budget
    if cells_of(board.family).lut_inputs >= LARGE.lut_inputs:
        return Blocks()
    return Blocks(there.lut / max(there.dsp, 1), there.lut / max(there.bram, 1))


def chosen(
    graph: Graph,
    parts: Cut,
    ways: Mapping[str, Sequence[Choice]],
    board: Board,
    goal: Goal,
    factor: float = 1.0,
) -> Picked:
    """Return the way to build every segment.

    Args:
        graph: what to build.
        parts: its segments.
        ways: to build each.
        board: what to build for.
        goal: of the build.
        factor: by how much the whole is larger than the formulas of its layers say.

    Raises:
        DoesNotFit: a layer cannot keep the interval, or no interval meets the budget.
    """
    cells = cells_of(board.family)
    if goal.pace.interval is not None:
        return picked(graph, parts, ways, goal.pace.interval, cells)
    every = sorted({choice.interval for found in ways.values() for choice in found})
    fits = [n for n in every if all(_kept(found, n) for found in ways.values())]
    low, high = 0, len(fits) - 1
    while low < high:
        middle = (low + high) // 2
        taken = picked(graph, parts, ways, fits[middle], cells).taken
        if affordable(taken, board, goal, ROOM / factor):
            high = middle
        else:
            low = middle + 1
    return picked(graph, parts, ways, fits[high], cells)


def affordable(taken: Takes | UnitCost, board: Board, goal: Goal, room: float = 1.0) -> bool:
    """Tell whether a design fits a board and a budget.

    Args:
        taken: by the design, or by its layers.
        board: that it is for.
        goal: with the budget.
        room: share that *taken* may have.
    """
    return all(affordable_of(key, getattr(taken, key) / room, board, goal) for key in RESOURCES)


def affordable_of(key: str, taken: float, board: Board, goal: Goal) -> bool:
    """Tell whether so much of one resource is within a board and a budget.

    Args:
        key: of the resource, one of `RESOURCES`.
        taken: of it.
        board: that it is taken of.
        goal: with the budget.
    """
    there = getattr(board.budget, key)
    for condition in goal.pace.budget:
        if condition.key == key:
            value = 100.0 * taken / max(there, 1) if condition.unit == "%" else taken
            if not condition.holds(value):
                return False
    return bool(taken <= there)


def _blocks(multiplier: tuple[int, int] | None) -> str:
    """Return what products in DSP blocks need."""
    if multiplier is None:
        return "this board has no DSP blocks (dsp 0)"
    wide, narrow = multiplier
    return (
        f"a DSP block multiplies {wide} by {narrow} bits: a product (dsp 1) must fit; two (dsp 2) "
        "take an even pe, and two weights and an activation in the wider operand"
    )


def _asked(
    every: list[Choice],
    name: str,
    asked: Realisation | None,
    multiplier: tuple[int, int] | None,
) -> list[Choice]:
    found = [choice for choice in every if _is(choice, asked)]
    if not found:
        assert asked is not None
        ways = sorted({(c.fold.pe, c.fold.simd) for c in every if c.fold is not None})
        near = min(ways, key=lambda way: abs(way[0] * way[1] - asked.pe * asked.simd), default=None)
        other = f"such as pe {near[0]} and simd {near[1]}" if near else "and this layer cannot fold"
        if asked.kind == XNOR and not any(c.fold is not None and c.fold.xnor for c in every):
            raise ConfigError(
                f"layer {name} is no binary layer: its weights or its inputs are not -1 and +1, or "
                "others read its inputs too",
                f"layers.{name}",
                "choose folded or adders",
            )
        raise ConfigError(
            f"layer {name} cannot be folded with pe {asked.pe}, simd {asked.simd}, dsp {asked.dsp}",
            f"layers.{name}",
            f"pe and simd are the least for their steps over the matrix, {other}; "
            f"{_blocks(multiplier)}",
        )
    return found


def _is(choice: Choice, asked: Realisation | None) -> bool:
    if asked is None:
        return True
    if asked.kind in (ADDERS, TABLES):
        return choice.fold is None
    fold = choice.fold
    if fold is None or fold.xnor != (asked.kind == XNOR):
        return False
    if (fold.pe, fold.simd, fold.dsp) != (asked.pe, asked.simd, asked.dsp):
        return False
    return asked.memory in ("", fold.memory)


def _kept(found: Sequence[Choice], limit: int) -> list[Choice]:
    return [choice for choice in found if choice.interval <= limit]


def _front(found: Sequence[Choice], limit: int) -> list[Choice]:
    """Return the cheapest way that keeps the interval, for each kind of words in and out."""
    best: dict[tuple[int, int, bool, bool], Choice] = {}
    for choice in _kept(found, limit):
        key = choice.lanes, choice.leaving, choice.reads_bits, choice.gives_bits
        if key not in best or (choice.cost, choice.interval) < (best[key].cost, best[key].interval):
            best[key] = choice
    return list(best.values())


def _check_pace(parts: Cut, ways: Mapping[str, Sequence[Choice]], limit: int) -> None:
    """Refuse an interval that a segment cannot keep, with the least that all of them can."""
    least = {s.head.name: min(choice.interval for choice in ways[s.name]) for s in parts.segments}
    slow = [name for name, cycles in least.items() if cycles > limit]
    if slow:
        worst = max(slow, key=lambda name: least[name])
        more = f"; {count_of(len(slow) - 1, 'more layer')} too" if len(slow) > 1 else ""
        raise DoesNotFit(
            f"layer {worst} takes {least[worst]:,} cycles a sample at best, {limit:,} are allowed"
            f"{more}",
            worst,
            f"--interval {least[worst]} can be built",
        )


def picked(
    graph: Graph,
    parts: Cut,
    ways: Mapping[str, Sequence[Choice]],
    limit: int,
    cells: Cells = LARGE,
) -> Picked:
    """Return the ways of least cost that keep an interval.

    Args:
        graph: what is built.
        parts: its segments.
        ways: to build each.
        limit: cycles of a sample.
        cells: of the board's family.

    Raises:
        DoesNotFit: a segment has no way that keeps it.
    """
    _check_pace(parts, ways, limit)
    domains: dict[str, list[Choice]] = {}
    readers = {name: _readers(parts, name) for name in (n.name for n in graph.inputs)}
    for segment in parts.segments:
        domains[segment.name] = _front(ways[segment.name], limit)
    for segment in parts.segments:  # a way that takes any words gives as many: one for each length
        found = domains[segment.name]
        if any(choice.lanes == 0 for choice in found):
            before = parts.behind(segment.head.inputs[0])
            lengths = {c.leaving for c in domains.get(before, ())} | {segment.head.type.shape[-1]}
            domains[segment.name] = [
                replace(choice, lanes=n, leaving=n)
                for choice in found
                for n in sorted(lengths)
                if n and segment.head.type.shape[-1] % n == 0
            ]
    for name, names in readers.items():
        channels = graph[name].type.shape[-1]
        alone = (
            {c.read(at) for one, at in names for c in domains[one]} if len(names) == 1 else set()
        )
        domains[name] = [
            Choice(None, n, n, graph[name].type.size // n, UnitCost())
            for n in sorted(alone | {channels})
            if graph[name].type.size // n <= limit or n == channels
        ]
    index = {name: i for i, name in enumerate(domains)}
    costs = [np.array([c.cost for c in found]) for found in domains.values()]
    pairs: dict[tuple[int, int], Table] = {}
    for segment in parts.segments:
        for place, source in enumerate(segment.head.inputs):
            before = parts.behind(source)
            kind = graph[source].type
            table = np.array(
                [
                    [_conversion(kind, a, c, place, limit, cells) for c in domains[segment.name]]
                    for a in domains[before]
                ]
            )
            i, j = index[before], index[segment.name]
            (i, j), table = ((i, j), table) if i < j else ((j, i), table.T)
            pairs[i, j] = pairs[i, j] + table if (i, j) in pairs else table
    took = cheapest(costs, pairs)
    picks = {name: found[took[index[name]]] for name, found in domains.items()}
    inputs = {name: picks.pop(name).lanes for name in readers}
    return Picked(picks, inputs)


def _conversion(
    kind: TensorType, writer: Choice, reader: Choice, place: int, limit: int, cells: Cells
) -> float:
    """Return the worth of the converters of a map between two ways.

    Infinite where one gives bits and the other reads numbers, or the other way round; much more
    where they take too long.
    """
    if writer.gives_bits != reader.reads_bits:
        return math.inf
    before, after = writer.leaving, reader.read(place)
    late = between(kind.size, before, after) / limit
    bits = 1 if reader.reads_bits else kind.fixed.width
    cost = worth(conversion_cost(bits, before, after, 0, cells))
    return cost + (TOO_LATE * late if late > 1 else 0)


def _readers(parts: Cut, name: str) -> list[tuple[str, int]]:
    """Return what reads an input, and at which place each has it."""
    return [
        (segment.name, place)
        for segment in parts.segments
        for place, source in enumerate(segment.head.inputs)
        if parts.behind(source) == name
    ]
