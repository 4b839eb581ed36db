# SPDX-License-Identifier: Apache-2.0
"""Edge sums: tables of one wire each, added up and clipped, as logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.builder import Builder
from hwgen.logic.cmvm.solve import matvec
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


def edge_sum(b: Builder, wires: Sequence[Wire], edges: EdgeSum) -> Wire:
    """Return the sum of some edges as a wire; *wires* are as many as there are tables.

    Every table starts at zero, so that no term needs a sign; what that takes away is one constant.
    """
    terms, constant = _terms(b, wires, edges)
    lo, hi = constant, constant + sum(max(term.values) for term in terms)
    if not terms or (edges.lo <= lo and hi <= edges.hi):
        return b.requant(_sum(b, terms, constant), 0, edges.lo, edges.hi)
    span = edges.hi - edges.lo + 1
    if span & (span - 1) == 0 and lo < edges.lo and edges.hi < hi:
        lift = edges.lo + (constant - edges.lo) // span * span  # no sum is below it
        total = _sum(b, terms, constant - lift)
        clip = _clip(b, total, lift, edges)
        if clip is not None:
            return b.table(clip)
    return b.requant(_sum(b, terms, constant), 0, edges.lo, edges.hi)


def _sum(b: Builder, terms: Sequence[PlacedTable], constant: int) -> Wire:
    """Return the sum of some tables and a constant, as much of it as they have room for in them."""
    wires = []
    for term in terms:
        term, constant = _filled(term, constant)
        wires.append(b.table(term))
    if not wires:
        return b.const(constant)
    (total,) = matvec(b, np.ones((len(wires), 1), np.int64), wires, [constant])
    return total


def _filled(term: PlacedTable, constant: int) -> tuple[PlacedTable, int]:
    """Return a table with a part of a constant in it that costs nothing, and the rest.

    A table of range r in w bits takes up to ``2**w - 1 - r`` more.
    """
    most = max(term.values)
    part = min(constant, (1 << most.bit_length()) - 1 - most)
    price = placed_luts(term.values, PART)
    while part > 0:
        values = tuple(value + part for value in term.values)
        if placed_luts(values, PART) <= price:
            return replace(term, values=values), constant - part
        part -= 1
    return term, constant


def _clip(b: Builder, total: Wire, lift: int, edges: EdgeSum) -> PlacedTable | None:
    """Return the clip of a sum that is *lift* too low, as a table of its word; None if too long.

    The bounds are ends of a block of bits, so that what is above the block decides, and a bit of
    the result reads that and its own bit.
    """
    width = b.width(total)
    if width > _BITS or b.lo[total] < 0:
        return None
    values = np.clip(np.arange(1 << width) + lift, edges.lo, edges.hi).tolist()
    picks = tuple((0, bit) for bit in range(width))
    return PlacedTable((total,), picks, tuple(values), f"{edges.label} saturates")


def _terms(b: Builder, wires: Sequence[Wire], edges: EdgeSum) -> tuple[list[PlacedTable], int]:
    """Return the tables that change, each less its least value, and the constant that is left."""
    constant = edges.bias
    terms = []
    for i, (wire, values) in enumerate(zip(wires, edges.tables, strict=True)):
        node = b.nodes[wire]
        inner, shift = (node.a, node.shift) if isinstance(node, Shl) else (wire, 0)
        found = word(b, inner, _BITS)
        assert found is not None, "an address of too many bits"
        own = [int(values[(code << shift) - edges.first]) for code in found.codes]
        least = min(own)
        constant += least
        if max(own) > least:
            label = f"{edges.label} of input {i}"
            made = table([found], [v - least for v in own], label)
            terms.append(PlacedTable(made.ins, made.picks, made.values, made.note))
    return terms, constant
