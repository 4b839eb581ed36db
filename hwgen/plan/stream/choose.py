# SPDX-License-Identifier: Apache-2.0
"""Choice of a realisation for every segment of a stream design.

For an interval the choice is separable but for the converters between neighbours: each layer takes
the cheapest way that keeps the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from hwgen.cost.units import UnitCost, unit_cost
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.ir.graph import Graph
from hwgen.ops.base import Matmul
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import ADDERS, TABLES, Realisation
from hwgen.plan.stream.folded import can_fold, columns_of, simds, sums_of
from hwgen.plan.stream.maps import Map
from hwgen.plan.stream.segments import Cut, Segment
from hwgen.plan.stream.units import Fold, matvec_cycles, matvec_params
from hwgen.target.board import Board

DSP_WORTH, BLOCK_WORTH = 100, 600  # tables that a DSP block and a memory of 36 kbit are worth
LONGEST = 1 << 40  # cycles
ROOM = 0.7  # share of a board that layers may take by their formulas
OPERAND_BITS = 16  # of an operand of a folded unit
PAIR_BITS = 25  # of a DSP block's wide operand, in all families


@dataclass(frozen=True)
class Choice:
    """Realisation of a segment.

    Attributes:
        fold: of a matrix-vector unit; None for adder graphs.
        lanes: channels of a word of the input.
        interval: cycles of a sample.
        taken: what it takes.
    """

    fold: Fold | None
    lanes: int
    interval: int
    taken: UnitCost

    @cached_property
    def cost(self) -> float:
        """Worth of what it takes, in tables."""
        return worth(self.taken)


def worth(cost: UnitCost) -> float:
    """Return a cost in tables."""
    return cost.lut + cost.ff / 8 + DSP_WORTH * cost.dsp + BLOCK_WORTH * cost.bram


def chosen(
    graph: Graph, parts: Cut, board: Board, goal: Goal, mapping: Mapping[str, Realisation]
) -> dict[str, Choice]:
    """Return the choice of every segment, by name.

    Raises:
        ConfigError: a realisation that was asked for is not possible.
        DoesNotFit: a layer cannot keep the interval.
    """
    blocks = board.budget.dsp > 0
    if goal.pace.interval is not None:
        limit = goal.pace.interval
        ways = _ways(graph, parts, limit, blocks, mapping)
        return {name: _cheapest(every, name, limit) for name, every in ways.items()}
    ways = _ways(graph, parts, LONGEST, blocks, mapping)
    every = sorted({choice.interval for found in ways.values() for choice in found})
    fits = [n for n in every if all(_kept(found, n) for found in ways.values())]
    low, high = 0, len(fits) - 1
    while low < high:  # a longer interval never costs more
        middle = (low + high) // 2
        picked = [_cheapest(found, name, fits[middle]) for name, found in ways.items()]
        if _affordable(picked, board):
            high = middle
        else:
            low = middle + 1
    return {name: _cheapest(found, name, fits[high]) for name, found in ways.items()}


def _affordable(picked: Sequence[Choice], board: Board) -> bool:
    """Tell whether a board has room for what was picked, and for what lies between."""
    whole = sum((choice.taken for choice in picked), UnitCost())
    room = board.budget
    return all(
        getattr(whole, key) <= ROOM * getattr(room, key) for key in ("lut", "ff", "dsp", "bram")
    )


def _ways(
    graph: Graph, parts: Cut, limit: int, blocks: bool, mapping: Mapping[str, Realisation]
) -> dict[str, list[Choice]]:
    """Return the ways to build every segment that were not ruled out."""
    return {
        segment.name: _asked(
            list(choices(graph, segment, limit, blocks)),
            segment.head.name,
            mapping.get(segment.head.name),
        )
        for segment in parts.segments
    }


def _asked(every: list[Choice], name: str, asked: Realisation | None) -> list[Choice]:
    found = [choice for choice in every if _is(choice, asked)]
    if not found:
        assert asked is not None
        ways = sorted({(c.fold.pe, c.fold.simd) for c in every if c.fold is not None})
        near = min(ways, key=lambda way: abs(way[0] * way[1] - asked.pe * asked.simd), default=None)
        other = f"such as pe {near[0]} and simd {near[1]}" if near else "and this layer cannot fold"
        raise ConfigError(
            f"layer {name} cannot be folded with pe {asked.pe}, simd {asked.simd}, dsp {asked.dsp}",
            f"layers.{name}",
            f"pe divides the outputs and simd the inputs of the matrix, {other}; two products in a "
            "DSP block (dsp 2) need 25 bits for two weights and an activation, and an even pe",
        )
    return found


def _kept(found: Sequence[Choice], limit: int) -> list[Choice]:
    return [choice for choice in found if choice.interval <= limit]


def _cheapest(found: Sequence[Choice], name: str, limit: int) -> Choice:
    kept = _kept(found, limit)
    if not kept:
        least = min(found, key=lambda c: (c.interval, c.cost))
        raise DoesNotFit(
            f"layer {name} takes {least.interval:,} cycles a sample at best, {limit:,} are allowed",
            name,
            f"--interval {least.interval} can be built",
        )
    return min(kept, key=lambda c: (c.cost, c.interval))


def _is(choice: Choice, asked: Realisation | None) -> bool:
    if asked is None:
        return True
    if asked.kind in (ADDERS, TABLES):
        return choice.fold is None
    fold = choice.fold
    if fold is None or (fold.pe, fold.simd, fold.dsp) != (asked.pe, asked.simd, asked.dsp):
        return False
    return asked.memory in ("", fold.memory)


def choices(graph: Graph, segment: Segment, limit: int, blocks: bool) -> Iterator[Choice]:
    """Yield the ways to build a segment: as adder graphs, and folded in every way.

    Args:
        graph: that it is part of.
        segment: what to build.
        limit: cycles of a sample that are allowed.
        blocks: whether the board has DSP blocks.
    """
    head = segment.head
    kinds = graph.types(head)
    source = kinds[0]
    words = max(head.type.size // head.type.shape[-1], *(t.size // t.shape[-1] for t in kinds))
    lanes = source.shape[-1]
    if not isinstance(head.op, Matmul):
        yield Choice(None, lanes, words, UnitCost())
        return
    weight = np.asarray(head.op.weight)
    nonzero = np.count_nonzero(weight)
    w_bits = int(np.abs(weight).max()).bit_length() + 1
    adders = 0.5 * nonzero * (source.fixed.width + w_bits)
    yield Choice(None, lanes, words, UnitCost(adders, adders / 5))
    if not can_fold(head):
        return
    layer = columns_of(head, source)
    matrix = sums_of(head, layer, Map("", source, source.fixed, lanes), lanes)
    if max(matrix.bits, matrix.weight_bits) > OPERAND_BITS:
        return
    for simd, width in simds(layer, max(limit, layer.pixels)):
        entering = layer.pixels * (layer.channels // width)
        for pe in range(1, layer.rows + 1):
            if layer.rows % pe:
                continue
            pairs = blocks and pe % 2 == 0 and matrix.bits + 2 * matrix.weight_bits + 1 <= PAIR_BITS
            products = (0, 1, 2) if pairs else (0, 1) if blocks else (0,)
            for dsp, memory in product(products, ("lut", "block")):
                fold = Fold(pe, simd, dsp, memory)
                cost = unit_cost("hwg_matvec", matvec_params(matrix, fold))
                cycles = layer.positions * matvec_cycles(matrix, fold)
                yield Choice(fold, width, max(cycles, entering), cost)
