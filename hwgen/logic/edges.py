# SPDX-License-Identifier: Apache-2.0
"""Edge sums: tables of one wire each, added up and clipped, as logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwgen.ir.fixed import bits_for
from hwgen.ir.tensor import Codes
from hwgen.logic.builder import GRAPHS_ALONE, Builder
from hwgen.logic.decompose import decomposed, direct
from hwgen.logic.enumeration import Word, table, word
from hwgen.logic.heap.problem import Options
from hwgen.logic.heap.sums import TRIES, Signal, Term, built, heap_of
from hwgen.logic.matvec import matvec
from hwgen.logic.nodes import PlacedTable, Shl, Wire
from hwgen.logic.nodes.heap import INVERTED, PLAIN
from hwgen.logic.pieces import Base, Gate, Piece, Read, price
from hwgen.logic.truth_tables import Function

_WIDTH = (1, 2, 3, 5)  # of the search for parts of a table, by effort
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
class _Edge:
    """Table of one word.

    Attributes:
        word: the wire and those of its bits that are the address.
        values: of the table.
        label: for a reader.
    """

    word: Word
    values: tuple[int, ...]
    label: str


def edge_sum(b: Builder, wires: Sequence[Wire], edges: EdgeSum) -> Wire:
    """Return the sum of some edges as a wire; *wires* are as many as there are tables.

    Every table starts at zero, so that no term needs a sign; what that takes away is one constant.
    Where adders take three operands the sum is a heap of bits, and a table is taken apart where
    bits of smaller ones cost less.
    """
    found, constant = _edges(b, wires, edges)
    lo = constant + sum(min(edge.values) for edge in found)
    hi = constant + sum(max(edge.values) for edge in found)
    span = edges.hi - edges.lo + 1
    if span & (span - 1) == 0 and lo < edges.lo and edges.hi < hi:
        lift = edges.lo + (lo - edges.lo) // span * span  # no sum is below it
        width = (hi - lift).bit_length()
        if width <= _BITS:
            total = _sum(b, found, constant - lift, lo - lift, hi - lift)
            return b.table(_clip(total, width, lift, edges))
    return b.requant(_sum(b, found, constant, lo, hi), 0, edges.lo, edges.hi)


def _sum(b: Builder, edges: Sequence[_Edge], constant: int, lo: int, hi: int) -> Wire:
    """Return the sum of some tables and a constant, as much of it as they have room for in them."""
    if not edges:
        return b.const(constant)
    if b.arity == 3 and b.haste != GRAPHS_ALONE:
        return _heap(b, edges, constant, lo, hi)
    wires = []
    for edge in edges:
        least = min(edge.values)
        base = Base(tuple(v - least for v in edge.values), tuple(range(len(edge.word.bits))))
        part = _room(base, constant + least)
        made = table([edge.word], [v + part for v in base.values], edge.label)
        wires.append(b.table(PlacedTable(made.ins, made.picks, made.values, made.note)))
        constant += least - part
    (total,) = matvec(b, np.ones((len(wires), 1), np.int64), wires, [constant])
    return total


def _heap(b: Builder, edges: Sequence[_Edge], constant: int, lo: int, hi: int) -> Wire:
    """Return the sum as a heap of the bits of all tables."""
    apart = [
        direct(edge.values) if b.haste > 1 else decomposed(edge.values, _WIDTH[b.effort])
        for edge in edges
    ]
    constant += sum(parts.constant for parts in apart)
    rooms = [0] * len(edges)
    bases = [(parts.base, i) for i, parts in enumerate(apart) if parts.base]
    for base, i in sorted(bases, key=lambda pair: -pair[0].shift):  # multiples of much first
        rooms[i] = _room(base, constant)
        constant -= rooms[i] << base.shift
    terms: list[Term] = []
    for edge, parts, room in zip(edges, apart, rooms, strict=True):
        pieces = [*parts.pieces, *(parts.base.pieces(room) if parts.base else ())]
        ones = [piece for piece in pieces if not piece.reads]
        constant += sum(piece.truth << piece.place for piece in ones)
        terms += _terms(b, edge, [piece for piece in pieces if piece.reads])
    options = Options(TRIES[b.effort], b.haste > 0, b.seed)
    return built(b, heap_of(terms, constant % (1 << bits_for(lo, hi)), lo, hi, options))


def _terms(b: Builder, edge: _Edge, pieces: Sequence[Piece]) -> list[Term]:
    """Return the bits of one table as terms: its own bits, and those of tables of them."""
    wire, bits = edge.word.wire, edge.word.bits
    codes = list(
        dict.fromkeys(r for piece in pieces for r in piece.reads if isinstance(r, Function))
    )
    coded = _looked_up(b, edge, [(one.reads, one.truth) for one in codes], f"{edge.label}, rows")
    own = list(dict.fromkeys((p.reads, p.truth) for p in pieces if len(p.reads) > 1))
    names = {one: (coded, k) for k, one in enumerate(codes)}
    plain = [one for one in own if not any(isinstance(read, Function) for read in one[0])]
    mixed = [one for one in own if one not in plain]
    made: dict[tuple[tuple[Read, ...], int], Signal] = {}
    looked = _looked_up(b, edge, plain, edge.label)
    made.update((one, (looked, k)) for k, one in enumerate(plain))
    for one in mixed:
        signals = [names[r] if isinstance(r, Function) else (wire, bits[r]) for r in one[0]]
        ins = tuple(dict.fromkeys(at for at, _ in signals))
        picks = tuple((ins.index(at), bit) for at, bit in signals)
        values = tuple(one[1] >> at & 1 for at in range(1 << len(signals)))
        made[one] = b.table(PlacedTable(ins, picks, values, f"{edge.label}, of its row")), 0
    terms = []
    for piece in pieces:
        if len(piece.reads) == 1:
            (read,) = piece.reads
            x = names[read] if isinstance(read, Function) else (wire, bits[read])
            truth = PLAIN if piece.truth == 0b10 else INVERTED
        else:
            x, truth = made[piece.reads, piece.truth], PLAIN
        gate: Signal | None = None
        if piece.gate:
            gate = wire, bits[piece.gate.x]
            truth = _gated(truth, piece.gate)
        terms.append(Term(piece.place, x, truth, gate))
    return terms


def _gated(truth: int, gate: Gate) -> int:
    """Return the truth of a term behind a gate."""
    found = 0
    for at in range(4):
        held = (truth >> (at & 1) & 1) & ((at >> 1) == gate.level)
        found |= (held ^ gate.flip) << at
    return found


def _looked_up(
    b: Builder, edge: _Edge, own: Sequence[tuple[tuple[Read, ...], int]], label: str
) -> Wire:
    """Return a table whose bits are functions of one word, as many as there are; -1 of none."""
    if not own:
        return -1
    address = np.arange(1 << len(edge.word.bits))
    values = np.zeros(len(address), object)
    for k, (reads, truth) in enumerate(own):
        places = [read for read in reads if isinstance(read, int)]
        at = sum(((address >> read & 1) << place for place, read in enumerate(places)), 0 * address)
        column = np.array([truth >> i & 1 for i in range(1 << len(places))], object)
        values += column[at] << k
    made = table([edge.word], values.tolist(), label)
    return b.table(PlacedTable(made.ins, made.picks, made.values, label))


def _room(base: Base, constant: int) -> int:
    """Return the part of a constant that a table takes for nothing.

    A table of range r in w bits takes up to ``2**w - 1 - r`` more.
    """
    most = max(base.values)
    part = min(constant >> base.shift, (1 << most.bit_length()) - 1 - most)
    least = price(base.pieces())
    while part > 0 and price(base.pieces(part)) > least:
        part -= 1
    return max(part, 0)


def _clip(total: Wire, width: int, lift: int, edges: EdgeSum) -> PlacedTable:
    """Return the clip of a sum of *width* bits that is *lift* too low, as a table of its word.

    The bounds are ends of a block of bits, so that what is above the block decides, and a bit of
    the result reads that and its own bit.
    """
    values = np.clip(np.arange(1 << width) + lift, edges.lo, edges.hi).tolist()
    picks = tuple((0, bit) for bit in range(width))
    return PlacedTable((total,), picks, tuple(values), f"{edges.label} saturates")


def _edges(b: Builder, wires: Sequence[Wire], edges: EdgeSum) -> tuple[list[_Edge], int]:
    """Return the tables that change, and the constant that the others are."""
    constant = edges.bias
    found = []
    for i, (wire, values) in enumerate(zip(wires, edges.tables, strict=True)):
        source = b.nodes[wire]
        inner, shift = (source.a, source.shift) if isinstance(source, Shl) else (wire, 0)
        address = word(b, inner, _BITS)
        assert address is not None, "an address of too many bits"
        own = tuple(int(values[(code << shift) - edges.first]) for code in address.codes)
        if min(own) == max(own):
            constant += own[0]
        else:
            found.append(_Edge(address, own, f"{edges.label} of input {i}"))
    return found, constant
