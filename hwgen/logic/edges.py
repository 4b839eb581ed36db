# SPDX-License-Identifier: Apache-2.0
"""Edge sums: tables of one wire each, added up and clipped, as logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.builder import Builder
from hwgen.logic.cmvm.solve import matvec
from hwgen.logic.decompose import decomposed
from hwgen.logic.enumeration import table, word
from hwgen.logic.nodes import PlacedTable, Shl, Wire
from hwgen.logic.truth_tables import PART, placed_luts

_BITS = 12  # of the longest address


@dataclass(frozen=True)
class EdgeSum:
    """Sum of tables: ``clip(sum_i tables[i, x[i] - first] + bias, lo, hi)``.

    Attributes:
        tables: (wires, entries).
        first: code whose value is entry 0.
        bias: what is added.
        lo, hi: saturation bounds.
        label: of the sum, for a reader.
    """

    tables: Codes
    first: int
    bias: int
    lo: int
    hi: int
    label: str


@dataclass(frozen=True)
class _Term:
    """Term of a sum: a table, shifted to the left."""

    table: PlacedTable
    shift: int = 0

    @property
    def most(self) -> int:
        """Greatest value; the least is zero."""
        return max(self.table.values) << self.shift


def edge_sum(b: Builder, wires: Sequence[Wire], edges: EdgeSum) -> Wire:
    """Return the sum of some edges as a wire; *wires* are as many as there are tables.

    Every table starts at zero, so that no term needs a sign; what that takes away is one constant.
    """
    terms, constant = _terms(b, wires, edges)
    lo, hi = constant, constant + sum(term.most for term in terms)
    span = edges.hi - edges.lo + 1
    if span & (span - 1) == 0 and lo < edges.lo and edges.hi < hi:
        lift = edges.lo + (constant - edges.lo) // span * span  # no sum is below it
        width = (hi - lift).bit_length()
        if width <= _BITS:
            parts = _parts(terms) if b.arity == 3 else terms
            return b.table(_clip(_sum(b, parts, constant - lift), width, lift, edges))
    return b.requant(_sum(b, terms, constant), 0, edges.lo, edges.hi)


def _parts(terms: Sequence[_Term]) -> list[_Term]:
    """Return terms that add up to the same, each table taken apart where that costs less."""
    found = []
    for term in terms:
        node = term.table
        for part in decomposed(node.values):
            picks = tuple(node.picks[bit] for bit in part.bits)
            found.append(_Term(replace(node, picks=picks, values=part.values), part.shift))
    return found


def _sum(b: Builder, terms: Sequence[_Term], constant: int) -> Wire:
    """Return the sum of some tables and a constant, as much of it as they have room for in them."""
    wires = []
    for term in terms:
        node, part = _filled(term.table, constant >> term.shift)
        constant -= part << term.shift
        wires.append(b.shl(b.table(node), term.shift))
    if not wires:
        return b.const(constant)
    (total,) = matvec(b, np.ones((len(wires), 1), np.int64), wires, [constant])
    return total


def _filled(node: PlacedTable, constant: int) -> tuple[PlacedTable, int]:
    """Return a table with a part of a constant in it that costs nothing, and that part.

    A table of range r in w bits takes up to ``2**w - 1 - r`` more.
    """
    most = max(node.values)
    part = min(constant, (1 << most.bit_length()) - 1 - most)
    price = placed_luts(node.values, PART)
    while part > 0:
        values = tuple(value + part for value in node.values)
        if placed_luts(values, PART) <= price:
            return replace(node, values=values), part
        part -= 1
    return node, 0


def _clip(total: Wire, width: int, lift: int, edges: EdgeSum) -> PlacedTable:
    """Return the clip of a sum of *width* bits that is *lift* too low, as a table of its word.

    The bounds are ends of a block of bits, so that what is above the block decides, and a bit of
    the result reads that and its own bit.
    """
    values = np.clip(np.arange(1 << width) + lift, edges.lo, edges.hi).tolist()
    picks = tuple((0, bit) for bit in range(width))
    return PlacedTable((total,), picks, tuple(values), f"{edges.label} saturates")


def _terms(b: Builder, wires: Sequence[Wire], edges: EdgeSum) -> tuple[list[_Term], int]:
    """Return the tables that change, each less its least value, and the constant that is left."""
    constant = edges.bias
    terms = []
    for i, (wire, values) in enumerate(zip(wires, edges.tables, strict=True)):
        source = b.nodes[wire]
        inner, shift = (source.a, source.shift) if isinstance(source, Shl) else (wire, 0)
        found = word(b, inner, _BITS)
        assert found is not None, "an address of too many bits"
        own = [int(values[(code << shift) - edges.first]) for code in found.codes]
        least = min(own)
        constant += least
        if max(own) > least:
            label = f"{edges.label} of input {i}"
            made = table([found], [v - least for v in own], label)
            node = PlacedTable(made.ins, made.picks, made.values, made.note)
            terms.append(_Term(node))
    return terms, constant
