# SPDX-License-Identifier: Apache-2.0
"""Ways to build a segment of a stream design: adder graphs, and every folding, with their costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from hwgen.cost.units import LARGE, UnitCost, unit_cost
from hwgen.design.types import UnitRef
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import TensorType
from hwgen.ops.base import Matmul, Windowed
from hwgen.ops.pool import Pool
from hwgen.ops.thresholds import Thresholds
from hwgen.ops.windows import Window
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.plan.stream import stairs
from hwgen.plan.stream.adders import buffer
from hwgen.plan.stream.binary import (
    UNIT,
    as_bits,
    gives_signs,
    params_of,
    reads_signs,
    signs_in_front,
    signs_of,
    step_of,
)
from hwgen.plan.stream.folded import FoldedLayer, can_fold, columns_of, sizes, sum_bits_of, sums_of
from hwgen.plan.stream.maps import Map
from hwgen.plan.stream.moves import lanes_of, moved, walk_of
from hwgen.plan.stream.segments import Cut, Segment
from hwgen.plan.stream.tails import Tail
from hwgen.plan.stream.units import (
    Fold,
    Matrix,
    Plane,
    conversion,
    converter,
    matvec_cycles,
    matvec_params,
    padded,
    windows,
)
from hwgen.plan.stream.words import LARGEST
from hwgen.units.geometry import folds
from hwgen.units.memories import Cells

DSP_WORTH, BLOCK_WORTH = 100, 600  # tables that a DSP block and a memory of 36 kbit are worth
OPERAND_BITS = 16  # of an operand of a folded unit


@dataclass(frozen=True)
class Blocks:
    """Worth of a DSP block and of a block of memory, in tables."""

    dsp: float = DSP_WORTH
    bram: float = BLOCK_WORTH


@dataclass(frozen=True)
class Choice:
    """Way to build a segment.

    Attributes:
        fold: of a matrix-vector unit; None for adder graphs.
        lanes: elements of a word that it reads; 0 where it takes any.
        leaving: elements of a word that it writes; 0 where they are as many as it reads.
        interval: cycles of a sample.
        moves: whether it is a unit that moves words.
        reads: elements of a word that it reads from each input, where they differ from *lanes*.
        reads_bits: whether it reads signs as bits, 1 for +1 and 0 for -1.
        gives_bits: whether it gives signs as bits.
        blocks: what blocks are worth on its board.
        taken: what it takes, window generator and functions included.
    """

    fold: Fold | None
    lanes: int
    leaving: int
    interval: int
    taken: UnitCost
    moves: bool = False
    reads_bits: bool = False
    gives_bits: bool = False
    blocks: Blocks = Blocks()
    reads: tuple[int, ...] = ()

    def read(self, place: int) -> int:
        """Return the elements of a word that it reads from an input."""
        return self.reads[place] if self.reads else self.lanes

    @cached_property
    def cost(self) -> float:
        """Worth of what it takes, in tables."""
        return worth(self.taken, self.blocks)


def worth(cost: UnitCost, blocks: Blocks = Blocks()) -> float:
    """Return a cost in tables."""
    return cost.lut + cost.ff / 8 + blocks.dsp * cost.dsp + blocks.bram * cost.bram


@dataclass(frozen=True)
class Fabric:
    """Fabric of a board, as far as ways differ by it.

    Attributes:
        multiplier: bits of the signed operands of its DSP blocks, the wider first; None where it
            has none.
        cells: of its family.
        prices: of logic on it.
    """

    multiplier: tuple[int, int] | None
    cells: Cells = LARGE
    prices: Prices = Prices(LARGE.lut_inputs, {})  # noqa: RUF009 - frozen

    def cost(self, unit: UnitRef) -> UnitCost:
        """Return the cost of a unit."""
        return unit_cost(unit.unit, unit.params, self.cells)


@lru_cache(maxsize=1 << 16)
def conversion_cost(
    bits: int, before: int, after: int, vector: int = 0, cells: Cells = LARGE
) -> UnitCost:
    """Return the cost of the converters between words of two lengths.

    Args:
        bits: of an element.
        before: elements of a word that comes.
        after: elements of a word that leaves.
        vector: as of `converter`.
        cells: of the board's family.
    """
    whole = UnitCost()
    for step in conversion(before, after):
        unit = converter(bits, before, max(step, 1), step, vector).unit
        whole, before = whole + unit_cost(unit.unit, unit.params, cells), step
    return whole


def between(size: int, before: int, after: int) -> int:
    """Return the most words of a map on its way from words of one length to those of another."""
    return size // math.gcd(before, after)


def every_choice(
    graph: Graph,
    parts: Cut,
    segment: Segment,
    limit: int,
    fabric: Fabric,
    gives: bool,
) -> Iterator[Choice]:
    """Yield the ways to build a segment, those that give signs as bits besides, where it can.

    Whether it does so hangs on its reader: a binary unit reads bits, all others read numbers.

    Args:
        graph: that it is part of.
        parts: all segments.
        segment: what to build.
        limit: cycles of a sample that are allowed.
        fabric: of the board.
        gives: whether it may give signs as bits: whether it is one of the `givers`.
    """
    yield from choices(graph, parts, segment, limit, fabric)
    if not gives:
        return
    passes = not gives_signs(segment)  # a pool: what it reads are bits already
    for choice in choices(graph, parts, segment, limit, fabric, bits=True):
        yield replace(choice, gives_bits=True, reads_bits=choice.reads_bits or passes)


def givers(graph: Graph, parts: Cut) -> set[str]:
    """Return the segments that may give signs as bits: those in front of layers of signs."""
    return {
        name
        for segment in parts.segments
        if reads_signs(graph, parts, segment)
        for name in signs_in_front(parts, segment)
    }


def choices(
    graph: Graph,
    parts: Cut,
    segment: Segment,
    limit: int,
    fabric: Fabric,
    bits: bool = False,
) -> Iterator[Choice]:
    """Yield the ways to build a segment: as adder graphs, and folded in every way.

    Args:
        graph: that it is part of.
        parts: all segments.
        segment: what to build.
        limit: cycles of a sample that are allowed.
        fabric: of the board.
        bits: whether it gives bits where it would give signs.
    """
    head, kinds = segment.head, graph.types(segment.head)
    own, segment = segment, as_bits(segment) if bits else segment
    source, channels = kinds[0], kinds[0].shape[-1]
    words = max(head.type.size // head.type.shape[-1], *(t.size // t.shape[-1] for t in kinds))
    if isinstance(head.op, Windowed):
        words = max(words, math.prod(padded(head.op.window, source.shape[:-1])))
    if (walk := walk_of(head, kinds)) is not None:
        width = head.type.fixed.width
        tail = Tail(segment.tail, head.type, width, fabric.prices)
        for lanes in lanes_of(walk, max(LARGEST, channels)):
            made = moved(walk, width, lanes)
            leaving = lanes if alike_behind(segment, lanes) else head.type.shape[-1]
            cost = fabric.cost(made.unit) + tail.cost(leaving)
            cycles = max(made.interval, between(head.type.size, lanes, leaving))
            yield Choice(None, lanes, leaving, cycles, cost, moves=True)
        if head.op.at_position(kinds) is not None:  # in words of all channels of a position
            yield _wired(head, [t.shape[-1] for t in kinds], head.type.shape[-1], fabric)
        elif sum(t.size for t in kinds) <= LARGEST:  # in a word of the whole tensors
            yield _wired(head, [t.size for t in kinds], head.type.size, fabric)
        return
    if not isinstance(head.op, Matmul):
        free = len(kinds) == 1 and (
            (isinstance(head.op, Pool) and head.op.in_blocks(head.type.shape))
            or head.op.on_word(head.type.shape, 1) is not None
        )
        each = () if len(kinds) == 1 else tuple(t.shape[-1] for t in kinds)
        leaving = 0 if free else head.type.shape[-1]
        yield Choice(None, 0 if free else channels, leaving, words, UnitCost(), reads=each)
        return
    tail = Tail(segment.tail, head.type, sum_bits_of(head), fabric.prices)
    taken = head.op.window if isinstance(head.op, Windowed) else None
    around = _window_cost(taken, source.shape, channels, source.fixed.width, fabric)
    around += tail.cost(head.type.shape[-1])
    yield Choice(None, channels, head.type.shape[-1], words, around + _adders(head, source))
    if not can_fold(head):
        return
    layer = columns_of(head, source)
    matrix = sums_of(head, layer, Map("", source, source.fixed, channels), channels)
    if max(matrix.bits, matrix.weight_bits) <= OPERAND_BITS:
        yield from _foldings(segment, layer, matrix, tail, limit, fabric)
    if reads_signs(graph, parts, own):
        # The unit does a single step itself, where a binary unit reads what it gives.
        step = step_of(own) if bits else None
        yield from _binary(segment, layer, tail, step, limit, fabric)


def _wired(head: Node, reads: Sequence[int], leaving: int, fabric: Fabric) -> Choice:
    """Return a movement as wires of a word, which waits as the result of an adder graph does."""
    width = leaving * head.type.fixed.width
    held = fabric.cost(buffer(width, 1))
    words = head.type.size // leaving
    return Choice(None, reads[0], leaving, words, held + UnitCost(ff=width), reads=tuple(reads))


def products_of(matrix: Matrix, multiplier: tuple[int, int] | None) -> tuple[int, ...]:
    """Return what the products of a matrix can be made of, as ``Dsp`` of ``hwg_dot`` has it.

    A product is in one block where its signed operands fit; two are in one where the pair of
    weights fits beside an activation.
    """
    if multiplier is None:
        return (0,)
    wide, narrow = multiplier
    activation = matrix.bits + (not matrix.signed)
    low, high = sorted((activation, matrix.weight_bits))
    alone = (1,) if low <= narrow and high <= wide else ()
    pair = matrix.bits + 2 * matrix.weight_bits + 1
    packs = not matrix.depthwise and pair <= wide and matrix.bits + 1 <= narrow
    return (0, *alone, *((2,) if packs else ()))


def _foldings(
    segment: Segment,
    layer: FoldedLayer,
    matrix: Matrix,
    tail: Tail,
    limit: int,
    fabric: Fabric,
) -> Iterator[Choice]:
    bits = matrix.bits
    every = products_of(matrix, fabric.multiplier)
    for size in sizes(layer, max(limit, layer.pixels)):
        pe, simd, width = size.pe, size.simd, size.lanes
        entering = layer.pixels * (layer.channels // width)
        around = _window_cost(layer.window, layer.shape, width, bits, fabric)
        group = layer.columns if layer.columns % simd else 0
        entered = layer.entering(pe, simd)
        around += conversion_cost(bits, width * layer.taps, entered, group, fabric.cells)
        products = [dsp for dsp in every if dsp < 2 or pe % 2 == 0]
        behind, leaving = _functions(segment, pe, tail, fabric)
        for dsp, memory in product(products, ("lut", "block")):
            fold = Fold(pe, simd, dsp, memory)
            own = fabric.cost(UnitRef("hwg_matvec", matvec_params(matrix, fold)))
            cycles = layer.positions * matvec_cycles(matrix, fold)
            cycles = max(cycles, entering, layer.cut(pe))
            yield Choice(fold, width, leaving, cycles, own + around + behind)


def _binary(
    segment: Segment,
    layer: FoldedLayer,
    tail: Tail,
    step: Thresholds | None,
    limit: int,
    fabric: Fabric,
) -> Iterator[Choice]:
    """Yield the foldings of a binary unit, whose input is one bit an element.

    With *step*, the one behind its sums, the unit gives the bit of that instead of a sum.
    """
    # Lanes only order the columns, which changes neither parameters nor cost.
    signs = signs_of(segment.head, layer, layer.channels, step, tail.bits)
    for size in sizes(layer, max(limit, layer.pixels)):
        pe, simd, width = size.pe, size.simd, size.lanes
        if layer.rows % pe or layer.columns % simd:
            continue
        entering = layer.pixels * (layer.channels // width)
        around = _window_cost(layer.window, layer.shape, width, 1, fabric)
        if layer.window is not None:
            around += conversion_cost(1, width * layer.taps, simd, 0, fabric.cells)
        behind, leaving = (UnitCost(), pe) if step else _functions(segment, pe, tail, fabric)
        for memory in ("lut", "block"):
            fold = Fold(pe, simd, 0, memory, True)
            params = params_of(signs, fold)
            cycles = max(layer.positions * math.prod(folds(params)), entering)
            own = fabric.cost(UnitRef(UNIT, params))
            whole = own + around + behind
            yield Choice(fold, width, leaving, cycles, whole, reads_bits=True)


def _functions(segment: Segment, pe: int, tail: Tail, fabric: Fabric) -> tuple[UnitCost, int]:
    """Return the cost of the functions behind a folded layer, and the elements of their words."""
    rows, cost, sum_bits = segment.head.type.shape[-1], UnitCost(), tail.bits
    if rows % pe:
        common = math.gcd(rows, pe)
        cost, pe = conversion_cost(sum_bits, pe, common, rows, fabric.cells), common
    if not segment.tail:
        return cost, pe
    if stepped := stairs.takes(segment, pe):
        params = stairs.params_of(segment.tail[0], pe, Fixed(sum_bits, 0, True))
        cost += fabric.cost(UnitRef(stairs.UNIT, params))
        tail = tail.rest
    alike = stepped or alike_behind(segment, pe)
    lanes = pe if alike else rows
    cost += tail.cost(lanes)
    if not alike:
        cost += conversion_cost(sum_bits, pe, rows, 0, fabric.cells)
    return cost, lanes


def alike_behind(segment: Segment, lanes: int) -> bool:
    """Tell whether the functions behind a segment's head act alike on every word of some lanes."""
    return all(n.op.on_word(n.type.shape, lanes) is not None for n in segment.tail)


def _window_cost(
    taken: Window | None, shape: tuple[int, ...], lanes: int, bits: int, fabric: Fabric
) -> UnitCost:
    """Return the cost of what makes windows of a map, *lanes* channels a word."""
    if taken is None or taken.plain:
        return UnitCost()
    plane = Plane.of(shape, lanes, bits)
    return sum((fabric.cost(facts.unit) for facts in windows(plane, taken, 0)), UnitCost())


def _adders(head: Node, source: TensorType) -> UnitCost:
    """Return about what the adder graphs of a layer take."""
    weight = np.asarray(head.op.weight)
    w_bits = int(np.abs(weight).max()).bit_length() + 1
    tables = 0.5 * np.count_nonzero(weight) * (source.fixed.width + w_bits)
    return UnitCost(tables, tables / 5)
