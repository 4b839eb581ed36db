# SPDX-License-Identifier: Apache-2.0
"""Comparison of a sum of single bits with a constant, without the sum.

Column by column, from the lowest, only what is carried into the next one matters:

    sum_i 2**c[i] x[i] >= T   is   floor((n + t) / 2) + (bits above) >= ceil(T / 2),

with n the sum of the bits of the lowest column and t = T mod 2. Columns of many bits go through
carry chains, five bits to three a look-up table. Of what a column is left with, one bit goes or
moves up, two are an AND or an OR that the chain above computes, up to five one look-up table of two
outputs. The last six bits are a look-up table.

Where tables have four inputs and a carry position adds two bits, chains gain nothing: three bits
become two in two tables, a full adder, and four bits are read where it is five and six above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hwgen.logic.builder import Builder
from hwgen.logic.heap.sums import Places, Signal, Term, chain_of
from hwgen.logic.nodes import PlacedTable, Table, Wire
from hwgen.logic.nodes.heap import ALWAYS, PLAIN

_FULL, _ENTER = 3, 2  # terms of a position, and bits beside the lowest one
_AND, _OR = 0b1000, 0b1110


@dataclass(frozen=True)
class Fabric:
    """Look-up tables that a comparison is made of.

    Attributes:
        last: bits of the last table.
        left: bits that a table reads of what a column is left with.
        chains: whether a carry position takes five bits; if not, tables add three.
    """

    last: int
    left: int
    chains: bool


WIDE, NARROW = Fabric(6, 5, True), Fabric(4, 4, False)


def luts(sizes: Sequence[int]) -> int:
    """Return about the look-up tables of a comparison on chains, by the bits of every column."""
    total, carried = 0, 0
    for column, size in enumerate(sizes):
        here = size + carried
        if here + sum(sizes[column + 1 :]) <= WIDE.last:
            break
        fives = max(here - 2, 0) // (WIDE.left - 1)
        left = here - fives * (WIDE.left - 1)
        total += fives + (left > 2)
        carried = 2 * fives + (1 if left < 3 else 2)
    while carried > WIDE.last:
        fives = max(carried - 2, 0) // (WIDE.left - 1)
        total, carried = total + fives + 1, 2 * fives + 2
    return total + 1


def small_luts(sizes: Sequence[int]) -> int:
    """Return about the look-up tables of four inputs of a comparison by full adders."""
    total, columns = 1, [*sizes, 0, 0]
    while sum(columns) > NARROW.last:
        here = columns.pop(0)
        columns += [0] * (2 - len(columns))
        adders = max(here - NARROW.left + 1, 0) // 2
        left = here - 2 * adders
        total += 2 * adders + min(left - 1, 2) * (left > 1)
        columns[0] += adders + (left > 1)
        columns[1] += left > 2
    return total


@dataclass(frozen=True, eq=False)
class _Bit:
    """A term that is there, one of equal ones too, and how many chains and tables lie before it."""

    term: Term
    when: int


def reached(
    b: Builder,
    terms: Sequence[Term],
    threshold: int,
    values: tuple[int, int],
    slack: int = 1,
    fabric: Fabric = WIDE,
) -> Wire:
    """Return the wire of one value or another: whether the sum of some terms reaches a threshold.

    Args:
        b: what grows.
        terms: of the sum.
        threshold: that the sum may reach, and may miss.
        values: below the threshold, and from it on.
        slack: how much later the terms above the lowest position of a chain may come.
        fabric: what it is made of.
    """
    if sum(not _plain(term) for term in terms) > len(terms) // 2:
        # What goes in inverted cannot enter beside the lowest position: sum_i ~x = sum_i 1 - x.
        whole = sum(1 << term.column for term in terms)
        terms = [term._replace(truth=~term.truth & ALWAYS) for term in terms]
        threshold, values = whole - threshold + 1, values[::-1]
    return _Comparison(b, terms, threshold, slack, fabric).reached(values)


class _Comparison:
    def __init__(
        self, b: Builder, terms: Sequence[Term], threshold: int, slack: int, fabric: Fabric
    ) -> None:
        self.b, self.threshold, self.slack, self.fabric = b, threshold, slack, fabric
        self.columns: list[list[_Bit]] = [[]]
        for term in terms:
            self._put(term, 0)

    def _put(self, term: Term, when: int) -> None:
        while len(self.columns) <= term.column:
            self.columns.append([])
        self.columns[term.column].append(_Bit(term, when))

    def reached(self, values: tuple[int, int]) -> Wire:
        """Return the wire."""
        while (
            len(_reads([bit.term for column in self.columns for bit in column])) > self.fabric.last
        ):
            lowest = self.columns[0]
            many = len(_reads([bit.term for bit in lowest])) > self.fabric.left
            if many and len(lowest) > 2:
                if self.fabric.chains:
                    self._chain()
                else:
                    self._add()
            else:
                self._carry()
        return self._last(values)

    def _chain(self) -> None:
        """Add five bits of the lowest column on a chain, and bits above while there are three."""
        bits = sorted(self.columns[0], key=lambda bit: (bit.when, _plain(bit.term)))
        enter = [bit for bit in bits if _plain(bit.term)][:_ENTER]
        first = _together([bit for bit in bits if bit not in enter])
        used = [[*enter, *first]]
        latest = max(bit.when for bit in used[0]) + self.slack
        for above in self.columns[1:]:
            early = sorted((x for x in above if x.when <= latest), key=lambda bit: bit.when)
            found = _together(early)
            if len(used[0]) < _ENTER + _FULL or len(found) < _FULL:
                break
            used.append(found)
        for column, gone in enumerate(used):
            self.columns[column] = [bit for bit in self.columns[column] if bit not in gone]
        when = max(bit.when for gone in used for bit in gone) + 1
        rows = [[bit.term for bit in row] for row in (first, *used[1:])]
        wire = self.b.chain(chain_of(rows, [bit.term.x for bit in enter]))
        for k in range(self.b.width(wire)):
            self._put(Term(min(k, len(rows)), (wire, k)), when)

    def _add(self) -> None:
        """Add three bits of the lowest column in a table."""
        bits = sorted(self.columns[0], key=lambda bit: bit.when)[:_FULL]
        self.columns[0] = [bit for bit in self.columns[0] if bit not in bits]
        reads = _reads([bit.term for bit in bits])
        self._table(bits, reads, _values([bit.term for bit in bits], reads), "sum of three bits")

    def _carry(self) -> None:
        """Replace the lowest column by what it carries into the next one."""
        odd, bits = self.threshold & 1, self.columns.pop(0)
        self.threshold = (self.threshold + 1) >> 1
        self.columns = [
            [_Bit(bit.term._replace(column=bit.term.column - 1), bit.when) for bit in column]
            for column in self.columns
        ]
        if len(bits) == 1 and odd:
            self._put(bits[0].term._replace(column=0), bits[0].when)
        elif (
            self.fabric.chains
            and len(bits) == 2
            and (joined := _joined(bits[0], bits[1], _OR if odd else _AND))
        ):
            self._put(joined, max(bit.when for bit in bits))
        elif len(bits) > 1:
            reads = _reads([bit.term for bit in bits])
            sums = _values([bit.term for bit in bits], reads)
            self._table(bits, reads, [(one + odd) >> 1 for one in sums], "carried bits of a sum")

    def _table(
        self, bits: Sequence[_Bit], reads: Sequence[Signal], values: Sequence[int], note: str
    ) -> None:
        """Enter a table of some bits, whose word is worth as much as the lowest column now is."""
        places = Places()
        picks = tuple(places.of(read) for read in reads)
        node = PlacedTable(tuple(places.wires), picks, tuple(values), note)
        wire, when = self.b.table(node), max(bit.when for bit in bits) + 1
        for k in range(max(values).bit_length()):
            self._put(Term(k, (wire, k)), when)

    def _last(self, values: tuple[int, int]) -> Wire:
        terms = [bit.term for column in self.columns for bit in column]
        reads = _reads(terms)
        places = Places()
        picks = tuple(places.of(read) for read in reads)
        found = tuple(values[value >= self.threshold] for value in _values(terms, reads))
        return self.b.table(Table(tuple(places.wires), picks, found, "whether a sum is reached"))


def _plain(term: Term) -> bool:
    return term.truth in (PLAIN, ALWAYS)


def _together(bits: Sequence[_Bit]) -> list[_Bit]:
    """Return the first terms, three at most, that have one gate at most among them."""
    found: list[_Bit] = []
    for bit in bits:
        gates = {one.term.gate for one in (*found, bit)} - {None}
        if len(gates) < 2 and len(found) < _FULL:
            found.append(bit)
    return found


def _joined(a: _Bit, b: _Bit, truth: int) -> Term | None:
    """Return the AND or OR of two terms of a bit each as one that is gated; None of others."""
    for x, gate in ((a.term, b.term), (b.term, a.term)):
        if x.gate is None and gate.gate is None and x.x is not None and gate.x is not None:
            values = [
                truth >> ((x.truth >> (at & 1) & 1) | (gate.truth >> (at >> 1) & 1) << 1) & 1
                for at in range(4)
            ]
            whole = sum(value << at for at, value in enumerate(values))
            return Term(0, x.x, whole, gate.x)
    return None


def _reads(terms: Sequence[Term]) -> list[Signal]:
    found = [read for term in terms for read in (term.x, term.gate) if read is not None]
    return list(dict.fromkeys(found))


def _values(terms: Sequence[Term], reads: Sequence[Signal]) -> list[int]:
    """Return the sum of some terms at every address of what they read."""
    found = []
    for at in range(1 << len(reads)):
        bit = {read: at >> k & 1 for k, read in enumerate(reads)}
        total = 0
        for term in terms:
            x = 0 if term.x is None else bit[term.x]
            gate = 0 if term.gate is None else bit[term.gate]
            total += (term.truth >> (x | gate << 1) & 1) << term.column
        found.append(total)
    return found
