# SPDX-License-Identifier: Apache-2.0
"""Heaps of all outputs of a matrix product: each by itself, or with parts that outputs share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hwgen.ir.fixed import bits_for
from hwgen.logic.builder import Builder
from hwgen.logic.cmvm.columns import Matrix
from hwgen.logic.heap.compare import NARROW, WIDE, Fabric, luts, reached, small_luts
from hwgen.logic.heap.matrix import Input, Product, span_of, terms_of
from hwgen.logic.heap.problem import Options
from hwgen.logic.heap.share import Bits, direct, shared
from hwgen.logic.heap.sums import Heap, Term, built, heap_of
from hwgen.logic.nodes import Wire

SIZES = (2, 5, 6)  # bits of the groups that outputs may share, one after the other


@dataclass(frozen=True)
class Output:
    """Output of a product: the sum of some terms and a constant.

    Attributes:
        terms: what is added.
        constant: and this.
        lo, hi: interval of the sum.
    """

    terms: tuple[Term, ...]
    constant: int
    lo: int
    hi: int


@dataclass(frozen=True)
class Layer:
    """Outputs of a product as heaps, not built yet.

    Attributes:
        outputs: in order.
        shared: look-up tables of parts that are there already.
        before: chains in a row of those.
        options: of the search.
        compared: whether nothing but a comparison with constants reads the outputs.
    """

    outputs: tuple[Output, ...]
    shared: int
    before: int
    options: Options
    compared: bool

    @cached_property
    def heaps(self) -> tuple[Heap, ...]:
        """The heap of every output."""
        options = replace(self.options, tries=1) if self.compared else self.options
        return tuple(heap_of(o.terms, o.constant, o.lo, o.hi, options) for o in self.outputs)

    @property
    def cost(self) -> int:
        """Look-up tables in all."""
        if self.compared:
            return self.shared + sum(luts(_sizes(output.terms)) for output in self.outputs)
        return self.shared + sum(heap.cost for heap in self.heaps)

    @property
    def depth(self) -> int:
        """Chains in a row."""
        return self.before + max(heap.depth for heap in self.heaps)

    def built(self, b: Builder) -> list[Wire]:
        """Enter the heaps, and how each is compared with constants for less than its word takes."""
        wires = [built(b, heap) for heap in self.heaps]
        if self.compared:
            for wire, output in zip(wires, self.outputs, strict=True):
                b.compared.setdefault(wire, _Compared(output, self.options, b.layer, WIDE))
        return wires

    @property
    def small(self) -> int:
        """Look-up tables of four inputs, where only one constant is compared with each output."""
        return sum(small_luts(_sizes(output.terms)) for output in self.outputs)

    def enter(self, b: Builder, wires: Sequence[Wire]) -> None:
        """Enter how sums that are there are compared with a constant by tables of four inputs."""
        for wire, output in zip(wires, self.outputs, strict=True):
            b.compared.setdefault(wire, _Compared(output, self.options, b.layer, NARROW))


def _sizes(terms: Sequence[Term]) -> list[int]:
    """Return how many terms there are of every column."""
    found = [0] * (max((term.column for term in terms), default=0) + 1)
    for term in terms:
        found[term.column] += 1
    return found


@dataclass(frozen=True)
class _Compared:
    """A sum that is only compared with constants: neither it nor its own constant is needed.

    Attributes:
        output: the sum.
        options: of the search.
        layer: that it belongs to.
        fabric: what a comparison is made of.
    """

    output: Output
    options: Options
    layer: str
    fabric: Fabric

    def __call__(self, b: Builder, thresholds: Sequence[int], values: Sequence[int]) -> Wire | None:
        """Return the step function of the sum; None where its word is as good."""
        own = self.output
        bounds = [threshold - own.constant for threshold in thresholds]
        top = own.hi - own.constant
        shorter = self.fabric.chains and bits_for(0, top) <= bits_for(0, own.hi - own.lo)
        if len(bounds) > 1 and not shorter:
            return None
        layer, b.layer = b.layer, self.layer
        if len(bounds) == 1:
            slack = int(not self.options.levels)
            ends = values[0], values[1]
            found = reached(b, own.terms, bounds[0], ends, slack, self.fabric)
        else:
            word = built(b, heap_of(own.terms, 0, 0, top, self.options))
            found = b.thresh(word, bounds, values)
        b.layer = layer
        return found


def layers(
    b: Builder, inputs: Sequence[Input], matrix: Matrix, bias: Sequence[int], options: Options
) -> Iterator[Layer]:
    """Yield ways to sum a matrix product in heaps; what outputs share is entered already.

    Args:
        b: what the shared parts are entered into.
        inputs: as many as the matrix has rows.
        matrix: of integers, (inputs, outputs).
        bias: of every output.
        options: of the search.
    """
    alike, rest = _parted(inputs, matrix)
    ends = [span_of(inputs, w, int(c)) for w, c in zip(matrix.T, bias, strict=True)]
    outputs = [
        _output(inputs, column, constant, end)
        for column, constant, end in zip(matrix.T, bias, ends, strict=True)
    ]
    yield _layer(b, outputs, 0, 0, options)
    last: tuple[Output, ...] = ()
    for size in SIZES if alike else ():
        parts = [shared(b, bits, size, options) or direct(bits) for bits in alike]
        if not any(part.cost for part in parts):
            break
        found = []
        for j, (column, constant, end) in enumerate(zip(rest.T, bias, ends, strict=True)):
            own = _output(inputs, column, constant, end)
            terms = [*own.terms, *(term for part in parts for term in part.terms[j])]
            whole = own.constant + sum(part.constants[j] for part in parts)
            # Of bits whose weights were taken out of the matrix, what never changes stays.
            whole += sum(
                one.rest * int(w - r)
                for one, w, r in zip(inputs, matrix[:, j], column, strict=True)
            )
            found.append(Output(tuple(terms), whole, *end))
        if tuple(found) == last:
            break
        last = tuple(found)
        cost, before = sum(part.cost for part in parts), max(part.depth for part in parts)
        yield _layer(b, found, cost, before, options)


def _layer(
    b: Builder, outputs: Sequence[Output], cost: int, before: int, options: Options
) -> Layer:
    return Layer(tuple(outputs), cost, before, options, b.compares)


def _output(
    inputs: Sequence[Input], column: Sequence[int], constant: int, ends: tuple[int, int]
) -> Output:
    read = [(one, int(w)) for one, w in zip(inputs, column, strict=True) if w]
    of = Product(tuple(weight for _, weight in read), int(constant), *ends)
    terms, total = terms_of([one for one, _ in read], of)
    return Output(tuple(terms), total, *ends)


def _parted(inputs: Sequence[Input], matrix: Matrix) -> tuple[list[Bits], Matrix]:
    """Return the inputs of weights +-2**k and 0 alone, bit by bit, and the matrix of the others."""
    rest, by_column = matrix.copy(), dict[int, list[tuple[int, int]]]()
    for i, row in enumerate(matrix):
        sizes = {abs(int(w)) for w in row if w}
        if len(sizes) == 1 and not (size := sizes.pop()) & (size - 1):
            rest[i] = 0
            for k, worth in enumerate(inputs[i].worth):
                column = abs(worth).bit_length() - 1 + size.bit_length() - 1
                by_column.setdefault(column, []).append((i, k))
    found = []
    for column, places in sorted(by_column.items()):
        signals = tuple(inputs[i].bits[k] for i, k in places)
        signs = np.array(
            [[np.sign(int(w) * inputs[i].worth[k]) for w in matrix[i]] for i, k in places], np.int8
        )
        found.append(Bits(signals, signs, column))
    return found, rest
