# SPDX-License-Identifier: Apache-2.0
"""Heaps of a matrix product whose outputs have parts in common (`hwgen.logic.heap.parts`).

What is found for a matrix does not depend on the wires, so that it is found once for all windows of
a convolution: a row of the product is read as a wire of its own, which is not there yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from hwgen.logic.builder import Builder
from hwgen.logic.cmvm.columns import Matrix
from hwgen.logic.heap import native, parts
from hwgen.logic.heap.matrix import Input, Product, span_of, terms_of
from hwgen.logic.heap.parts import Columns, Draw, heaped, over_inputs
from hwgen.logic.heap.problem import NOTHING, Options
from hwgen.logic.heap.sums import Heap, Signal, built, heap_of
from hwgen.logic.nodes import Wire

# Searches by effort; what each charges for a bit of a part, in turn; and its chance, from then on.
_DRAWS = (1, 6, 24, 120)
_CHARGES = (110, 130, 90, 170)
_BUILT = (1, 6, 12, 24)  # of what is found, those that promise most are built
_NOISE = 15
_WORK = 1 << 18  # steps of a search, beyond which fewer are made,
_LIGHT = 1 << 15  # beyond which fewer of what is found are built,
_MOST = 1 << 23  # and beyond which none is made
_LONGEST = 1 << 24  # weight


@dataclass(frozen=True)
class Sums:
    """Heaps of all outputs, and of the parts that they read, over rows: row r is the wire -1 - r.

    Attributes:
        outputs: in order.
        parts: row and heap of each, those that others read first.
    """

    outputs: tuple[Heap, ...]
    parts: tuple[tuple[int, Heap], ...]

    @property
    def cost(self) -> int:
        """Look-up tables in all."""
        return sum(heap.cost for heap in (*self.outputs, *(heap for _, heap in self.parts)))

    @property
    def depth(self) -> int:
        """Chains in a row."""
        return max(heap.depth for heap in self.outputs)


@dataclass(frozen=True)
class Parted:
    """Product with common parts, not built yet.

    Attributes:
        inputs: what its first rows are.
        rows: the same as wires of their own.
        columns: weights of outputs and parts, as `parts.run` gives them.
        weights: of every output, by input.
        bias: of every output.
        options: of the search for chains.
        bits: in all heaps.
        share: of the bits that heaps of outputs by themselves have.
    """

    inputs: tuple[Input, ...]
    rows: tuple[Input, ...]
    columns: tuple[tuple[int, ...], ...]
    weights: tuple[tuple[int, ...], ...]
    bias: tuple[int, ...]
    options: Options
    bits: int
    share: float

    @cached_property
    def sums(self) -> Sums:
        """The heaps."""
        return _sums(self.rows, self.columns, self.weights, self.bias, self.options)

    @property
    def cost(self) -> int:
        """Look-up tables in all."""
        return self.sums.cost

    @property
    def depth(self) -> int:
        """Chains in a row."""
        return self.sums.depth

    def built(self, b: Builder) -> list[Wire]:
        """Enter parts and outputs."""
        made: dict[Signal, Signal] = {}
        for row, one in enumerate(self.inputs):
            made.update(((_wire(row), k), bit) for k, bit in enumerate(one.bits))
        for row, heap in self.sums.parts:
            wire = built(b, heap.over(made))
            made.update(((_wire(row), k), (wire, k)) for k in range(b.width(wire)))
        return [built(b, heap.over(made)) for heap in self.sums.outputs]


def parted(
    inputs: Sequence[Input], matrix: Matrix, bias: Sequence[int], options: Options, effort: int
) -> list[Parted]:
    """Return the products with common parts that promise most; none where there are none.

    Args:
        inputs: as many as the matrix has rows.
        matrix: of integers, (inputs, outputs).
        bias: of every output.
        options: of the search for chains.
        effort: of the search for parts.
    """
    most = max((abs(int(w)) for w in matrix.flat), default=0)
    work = len(inputs) * matrix.shape[1] ** 2 * most.bit_length()
    if work > _MOST or most >= _LONGEST:
        return []
    weights = tuple(tuple(int(w) for w in column) for column in matrix.T)
    rows = tuple(
        one._replace(bits=tuple((_wire(row), k) for k in range(len(one.bits))))
        for row, one in enumerate(inputs)
    )
    bits, spans = (tuple(f) for f in ([len(r.bits) for r in rows], [r.hi - r.lo for r in rows]))
    given, draws = Columns(weights, bits, spans), _DRAWS[effort]
    found = set[tuple[int, tuple[tuple[int, ...], ...]]]()
    for k in range(_fewer(draws, _WORK, work)):
        charge, noise = _CHARGES[k % len(_CHARGES)], _NOISE * (k >= len(_CHARGES))
        found.add(_searched(given, Draw(charge, noise, options.seed * 7919 + k)))
    whole, constants = heaped(given, weights), tuple(map(int, bias))
    found.discard((whole, weights))
    return [
        Parted(tuple(inputs), rows, columns, weights, constants, options, own, own / whole)
        for own, columns in sorted(found)[: _fewer(_BUILT[effort], _LIGHT, work)]
    ]


def _fewer(many: int, light: int, work: int) -> int:
    """Return how many of what is made for *light* work are made where there is more of it."""
    return min(many, max(many * light // max(work, 1), 1))


def _wire(row: int) -> Wire:
    return -1 - row


@lru_cache(maxsize=1 << 10)
def _searched(columns: Columns, draw: Draw) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """Return the bits in all heaps, and the weights of outputs and parts.

    The compiled core searches if there is one.
    """
    found = native.parts(columns, draw) or parts.run(columns, draw)
    return heaped(columns, found), found


@lru_cache(maxsize=1 << 9)
def _sums(
    rows: tuple[Input, ...],
    columns: tuple[tuple[int, ...], ...],
    weights: tuple[tuple[int, ...], ...],
    bias: tuple[int, ...],
    options: Options,
) -> Sums:
    """Return the heaps of outputs, whose own weights are known, and of parts."""
    return _Making(rows, columns, len(bias), options).sums(weights, bias)


class _Making:
    """Heaps in the making: the rows that are known, and the parts in the order of their use."""

    def __init__(
        self,
        inputs: Sequence[Input],
        columns: Sequence[Sequence[int]],
        outputs: int,
        options: Options,
    ) -> None:
        self.inputs, self.columns, self.outputs, self.options = inputs, columns, outputs, options
        self.rows = dict(enumerate(inputs))
        self.whole = over_inputs(columns, len(inputs))
        self.parts: list[tuple[int, Heap]] = []

    def sums(self, weights: Sequence[Sequence[int]], bias: Sequence[int]) -> Sums:
        """Return the heaps of all outputs, whose own weights are known."""
        outputs = []
        for column, whole, constant in zip(self.columns, weights, bias, strict=False):
            ends = span_of(self.inputs, whole, constant)
            outputs.append(self._heap(column, constant, ends))
        return Sums(tuple(outputs), tuple(self.parts))

    def _heap(self, column: Sequence[int], constant: int, ends: tuple[int, int]) -> Heap:
        """Return the heap of a column, the parts that it reads made before it."""
        rows = [row for row, weight in enumerate(column) if weight]
        for row in rows:
            if row not in self.rows:
                self.rows[row] = self._part(row)
        of = Product(tuple(column[row] for row in rows), constant, *ends)
        terms, total = terms_of([self.rows[row] for row in rows], of)
        return heap_of(terms, total, *ends, self.options)

    def _part(self, row: int) -> Input:
        """Return a part as a row: the word of its sum from the least value on."""
        lo, hi = span_of(self.inputs, self.whole[row - len(self.inputs)], 0)
        heap = self._heap(self.columns[self.outputs + row - len(self.inputs)], -lo, (0, hi - lo))
        self.parts.append((row, heap))
        left = [(k, term) for k, term in enumerate(heap.solution.rest) if term != NOTHING]
        when = tuple(
            heap.terms[term].when if term < len(heap.terms) else heap.depth for _, term in left
        )
        bits = tuple((_wire(row), k) for k, _ in left)
        return Input(bits, tuple(1 << k for k, _ in left), lo, lo, hi, when)
