# SPDX-License-Identifier: Apache-2.0
"""Heaps of a matrix product whose outputs have parts in common (`hwgen.logic.heap.parts`).

What is found for a matrix does not depend on the wires, so that it is found once for all windows of
a convolution: a row of the product is read as a wire of its own, which is not there yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hwgen.logic.builder import Builder
from hwgen.logic.cmvm.columns import Matrix
from hwgen.logic.heap import native, parts
from hwgen.logic.heap.matrix import Input, Product, span_of, terms_of
from hwgen.logic.heap.parts import Columns, Draw
from hwgen.logic.heap.problem import NOTHING, Options
from hwgen.logic.heap.sums import Heap, Signal, built, heap_of
from hwgen.logic.nodes import Wire

# Searches by effort; what each charges for a bit of a part, in turn; and its chance, from then on.
_DRAWS = (1, 6, 24, 120)
_CHARGES = (110, 130, 90, 170)
_NOISE = 15
_WORK = 1 << 18  # steps of a search, beyond which fewer are made; and beyond which none is
_MOST = 1 << 23
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
        sums: of its outputs.
        inputs: what its first rows are.
    """

    sums: Sums
    inputs: tuple[Input, ...]

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
) -> Iterator[Parted]:
    """Yield products with common parts, one a search that found any.

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
        return
    weights = tuple(tuple(int(w) for w in column) for column in matrix.T)
    rows = tuple(
        one._replace(bits=tuple((_wire(row), k) for k in range(len(one.bits))))
        for row, one in enumerate(inputs)
    )
    constants = tuple(map(int, bias))
    draws = _DRAWS[effort]
    for k in range(min(draws, max(draws * _WORK // max(work, 1), 1))):
        charge, noise = _CHARGES[k % len(_CHARGES)], _NOISE * (k >= len(_CHARGES))
        found = _found(
            rows, weights, constants, options, Draw(charge, noise, options.seed * 7919 + k)
        )
        if found:
            yield Parted(found, tuple(inputs))


def _wire(row: int) -> Wire:
    return -1 - row


@lru_cache(maxsize=1 << 9)
def _found(
    rows: tuple[Input, ...],
    weights: tuple[tuple[int, ...], ...],
    bias: tuple[int, ...],
    options: Options,
    draw: Draw,
) -> Sums | None:
    """Return what one search finds; None where nothing is in common."""
    bits, spans = (tuple(f) for f in ([len(r.bits) for r in rows], [r.hi - r.lo for r in rows]))
    columns = _searched(Columns(weights, bits, spans), draw)
    return _Making(rows, columns, len(bias), options).sums(weights, bias)


@lru_cache(maxsize=1 << 10)
def _searched(columns: Columns, draw: Draw) -> tuple[tuple[int, ...], ...]:
    """Return the weights of outputs and parts, by the compiled core if there is one."""
    return native.parts(columns, draw) or parts.run(columns, draw)


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
        self.whole: dict[int, tuple[int, ...]] = {}  # weights of a part, by input alone
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
        lo, hi = span_of(self.inputs, self._over_inputs(row), 0)
        heap = self._heap(self._column(row), -lo, (0, hi - lo))
        self.parts.append((row, heap))
        left = [(k, term) for k, term in enumerate(heap.solution.rest) if term != NOTHING]
        when = tuple(
            heap.terms[term].when if term < len(heap.terms) else heap.depth for _, term in left
        )
        bits = tuple((_wire(row), k) for k, _ in left)
        return Input(bits, tuple(1 << k for k, _ in left), lo, lo, hi, when)

    def _column(self, row: int) -> Sequence[int]:
        return self.columns[self.outputs + row - len(self.inputs)]

    def _over_inputs(self, row: int) -> tuple[int, ...]:
        """Return the weights of a part by input, parts that it reads multiplied out."""
        if row not in self.whole:
            column, first = self._column(row), len(self.inputs)
            total = list(column[:first])
            for other in range(first, len(column)):
                if column[other]:
                    own = self._over_inputs(other)
                    total = [t + column[other] * w for t, w in zip(total, own, strict=True)]
            self.whole[row] = tuple(total)
        return self.whole[row]
