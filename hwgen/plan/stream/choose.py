# SPDX-License-Identifier: Apache-2.0
"""Choice of a realisation for every segment of a stream design.

For an interval the choice is separable but for the converters between neighbours: each layer takes
the cheapest way that keeps the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hwgen.cost.units import UnitCost, product_cost, unit_cost
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.ir.graph import Graph
from hwgen.ops.base import Matmul
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import ADDERS, FOLDED, TABLES, Realisation
from hwgen.plan.stream.folded import FoldedLayer, can_fold, columns_of, sums_of, simds
from hwgen.plan.stream.maps import Map
from hwgen.plan.stream.segments import Cut, Segment
from hwgen.plan.stream.units import Fold, matvec_cycles, matvec_params
from hwgen.target.board import Board

DSP_WORTH, BLOCK_WORTH = 100, 600  # tables that a DSP block and a memory of 36 kbit are worth
LONGEST = 1 << 40  # cycles


@dataclass(frozen=True)
class Choice:
    """Realisation of a segment.

    Attributes:
        fold: of a matrix-vector unit; None for adder graphs.
        lanes: channels of a word of the input.
        interval: cycles of a sample.
        cost: in tables.
    """

    fold: Fold | None
    lanes: int
    interval: int
    cost: float


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
    limit = goal.pace.interval or LONGEST
    return {
        segment.name: _best(graph, segment, limit, mapping.get(segment.head.name))
        for segment in parts.segments
    }


def _best(graph: Graph, segment: Segment, limit: int, asked: Realisation | None) -> Choice:
    found = [c for c in choices(graph, segment, limit) if _is(c, asked)]
    name = segment.head.name
    if not found:
        assert asked is not None
        raise ConfigError(
            f"layer {name} cannot be folded with pe {asked.pe} and simd {asked.simd}",
            f"layers.{name}",
            "pe divides the outputs and simd the inputs of the matrix; or leave the layer out",
        )
    kept = [c for c in found if c.interval <= limit]
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
    return fold is not None and (fold.pe, fold.simd) == (asked.pe, asked.simd)


def choices(graph: Graph, segment: Segment, limit: int) -> Iterator[Choice]:
    """Yield the ways to build a segment: as adder graphs, and folded in every way."""
    head = segment.head
    kinds = graph.types(head)
    source = kinds[0]
    words = max(head.type.size // head.type.shape[-1], *(t.size // t.shape[-1] for t in kinds))
    lanes = source.shape[-1]
    if not isinstance(head.op, Matmul):
        yield Choice(None, lanes, words, 0.0)
        return
    weight = np.asarray(head.op.weight)
    nonzero = np.count_nonzero(weight)
    w_bits = int(np.abs(weight).max()).bit_length() + 1
    adders = 0.5 * nonzero * (source.fixed.width + w_bits)
    yield Choice(None, lanes, words, adders)
    if not can_fold(head):
        return
    layer = columns_of(head, source)
    matrix = sums_of(head, layer, Map("", source, source.fixed, lanes), lanes)
    for simd, width in simds(layer, max(limit, layer.pixels)):
        entering = layer.pixels * (layer.channels // width)
        for pe in range(1, layer.rows + 1):
            if layer.rows % pe:
                continue
            for memory in ("lut", "block"):
                fold = Fold(pe, simd, 0, memory)
                cost = worth(unit_cost("hwg_matvec", matvec_params(matrix, fold)))
                cycles = layer.positions * matvec_cycles(matrix, fold)
                yield Choice(fold, width, max(cycles, entering), cost)
