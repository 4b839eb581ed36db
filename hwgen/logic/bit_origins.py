# SPDX-License-Identifier: Apache-2.0
"""Bit origins: bits of a wire that are only bits of another one, and bits that a node reads.

A shift moves bits, an adder passes low bits that only one operand reaches, bits of a table may be
equal. However often such a bit is written down, tools keep one register of it; so registers are
counted by bit here, and the pipeline is placed for the bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from hwgen.logic.builder import Logic
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Const,
    Gather,
    Select,
    Shl,
    Table,
    Thresh,
    Wire,
    adder_positions,
)
from hwgen.logic.truth_tables import columns

NOTHING = -1  # origin of bits that never change


class Span(NamedTuple):
    """Span of bits: *bits* bits of wire *origin* from bit *low* on, the lowest first."""

    origin: Wire
    low: int
    bits: int


class _Term(NamedTuple):
    """An operand of a sum, *low* bits up in it."""

    low: int
    negative: bool
    wire: Wire
    shift: int


def origins(logic: Logic) -> list[tuple[Span, ...]]:
    """Return of every wire where its bits come from, from the lowest bit up.

    A wire is the origin of the bits that its own node computes.
    """
    spans_of: list[tuple[Span, ...]] = []
    for wire, node in enumerate(logic.nodes):
        width = logic.width(wire)
        match node:
            case Const():
                spans = [Span(NOTHING, 0, width)]
            case Shl(a, shift):
                spans = [Span(NOTHING, 0, shift), *spans_of[a]]
            case Add() | Add3():
                spans = _sum(logic, wire, node, width, spans_of)
            case Thresh(_, _, values):
                spans = _columns(wire, values, width)
            case Table():
                spans = _looked_up(wire, node, spans_of)
            case Gather(ins, picks):
                spans = _gathered(ins, picks[:width], spans_of)
            case _:
                lo, hi = logic.lo[wire], logic.hi[wire]
                vary = (lo ^ hi).bit_length() if lo >= 0 or hi < 0 else width
                spans = [Span(wire, 0, vary), Span(NOTHING, 0, width - vary)]
        spans_of.append(tuple(span for span in spans if span.bits))
    return spans_of


def _sum(
    logic: Logic, wire: Wire, node: Add | Add3, width: int, spans_of: Sequence[tuple[Span, ...]]
) -> list[Span]:
    low, *rest = _terms(logic, node)
    start = _start(low, rest, width)
    passed = _extended(logic, low, spans_of, 0, start)
    if _side_by_side(logic, wire, rest):
        return passed + _extended(logic, rest[0], spans_of, start, width)
    # Below the first bit of an operand that varies the sum never changes, whatever is carried.
    varying = [t for t in (low, *rest) if not isinstance(logic.nodes[t.wire], Const)]
    first = min((_varies(term, spans_of) for term in varying), default=width)
    vary = min(max(start, first), width)
    return [*passed, Span(NOTHING, 0, vary - start), Span(wire, vary, width - vary)]


def _varies(term: _Term, spans_of: Sequence[tuple[Span, ...]]) -> int:
    """Return the position in the sum of the lowest bit of a term that varies."""
    at = term.shift
    for span in spans_of[term.wire]:
        if span.origin != NOTHING:
            break
        at += span.bits
    return at


def _columns(wire: Wire, values: Sequence[int], width: int) -> list[Span]:
    """Return the bits of a table's output; some are fixed, some equal each other."""
    first: dict[tuple[int, ...], int] = {}
    spans = []
    for bit in range(width):
        column = tuple(v >> bit & 1 for v in values)
        fixed = len(set(column)) == 1
        spans.append(Span(NOTHING if fixed else wire, first.setdefault(column, bit), 1))
    return spans


def _looked_up(wire: Wire, node: Table, spans_of: Sequence[tuple[Span, ...]]) -> list[Span]:
    """Return the bits of a truth table; some are fixed, some are a bit of an operand."""
    spans: list[Span] = []
    for bit, column in enumerate(columns(node.values)):
        if column.whole.fixed:
            spans.append(Span(NOTHING, 0, 1))
        elif column.whole.plain:
            place, low = node.picks[column.whole.reads[0]]
            spans += part(spans_of[node.ins[place]], low, 1)
        else:
            spans.append(Span(wire, bit if column.same < 0 else column.same, 1))
    return spans


def _gathered(
    ins: Sequence[Wire], picks: Sequence[tuple[int, int]], spans_of: Sequence[tuple[Span, ...]]
) -> list[Span]:
    """Return the bits of a gathered word, each where its wire has it from."""
    spans: list[Span] = []
    for place, bit in picks:
        spans += [Span(NOTHING, 0, 1)] if place < 0 else part(spans_of[ins[place]], bit, 1)
    return spans


def _terms(logic: Logic, node: Add | Add3) -> list[_Term]:
    """Return the operands that are not zero, in the order in which they join the sum."""
    terms = [(node.a, node.shift_a, False)]
    if isinstance(node, Add):
        terms.append((node.b, node.shift_b, node.sub))
    else:
        terms += [(node.b, node.shift_b, node.sub_b), (node.c, node.shift_c, node.sub_c)]
    out = []
    for wire, shift, negative in terms:
        source = logic.nodes[wire]
        if isinstance(source, Const):
            if source.value:
                zeros = (source.value & -source.value).bit_length() - 1
                out.append(_Term(shift + zeros, negative, wire, shift))
        else:
            out.append(_Term(shift, negative, wire, shift))
    return sorted(out)


def _side_by_side(logic: Logic, wire: Wire, rest: Sequence[_Term]) -> bool:
    """Tell whether a sum is wiring, where its operands do not overlap."""
    return len(rest) == 1 and not rest[0].negative and not adder_positions(logic, wire)


def _start(low: _Term, rest: Sequence[_Term], width: int) -> int:
    """Return the first bit that a sum computes; those below are the lowest operand's."""
    if low.negative:
        return low.low
    return min(rest[0].low, width) if rest else width


def _extended(
    logic: Logic, term: _Term, spans_of: Sequence[tuple[Span, ...]], start: int, stop: int
) -> list[Span]:
    """Return bits *start* to *stop* of a term in the sum, its sign extended."""
    if start >= stop:
        return []
    spans = [Span(NOTHING, 0, term.shift), *spans_of[term.wire]]
    top = sum(span.bits for span in spans)
    if stop > top:
        last = spans[-1]
        sign = Span(last.origin, last.low + last.bits - 1, 1)
        fill = sign if logic.signed(term.wire) else Span(NOTHING, 0, 1)
        spans += [fill] * (stop - top)
    return part(spans, start, stop - start)


def part(spans: Sequence[Span], low: int, count: int) -> list[Span]:
    """Return *count* bits of *spans* from bit *low* on."""
    out, at, stop = [], 0, low + count
    for span in spans:
        first, last = max(low, at), min(stop, at + span.bits)
        if first < last:
            out.append(Span(span.origin, span.low + first - at, last - first))
        at += span.bits
    return out


def reads(logic: Logic, wire: Wire) -> Iterator[Span]:
    """Yield the bits of its operands that a node computes with; bits it passes on are not read."""
    node, width = logic.nodes[wire], logic.width(wire)
    match node:
        case Shl() | Gather():
            return
        case Chain(ins):
            for place, bit in sorted(set(node.bits())):
                yield Span(ins[place], bit, 1)
        case Add() | Add3():
            terms = _terms(logic, node)
            if _side_by_side(logic, wire, terms[1:]):
                return
            start = _start(terms[0], terms[1:], width)
            for term in terms:
                own = logic.width(term.wire)
                low, high = max(start - term.shift, 0), min(width - term.shift, own)
                if logic.signed(term.wire):
                    low = min(low, own - 1)
                yield Span(term.wire, low, max(high - low, 0))
        case Select(a, on_neg, on_pos):
            yield Span(a, logic.width(a) - 1, 1)
            for source in (on_neg, on_pos):
                yield Span(source, 0, min(width, logic.width(source)))
        case Thresh(a, thresholds):
            low = min(((t & -t).bit_length() - 1 for t in thresholds if t), default=0)
            low = min(low, logic.width(a) - 1)
            yield Span(a, low, logic.width(a) - low)
        case Table(ins, picks, values):
            every = [c.whole.reads for c in columns(values) if not c.wired]
            for at in sorted({picks[bit] for bits in every for bit in bits}):
                yield Span(ins[at[0]], at[1], 1)
        case _:  # all bits of all operands
            for source in node.operands:
                yield Span(source, 0, logic.width(source))


def read_origins(
    logic: Logic, spans_of: Sequence[tuple[Span, ...]]
) -> dict[Wire, dict[Span, list[Wire | None]]]:
    """Return of every origin which of its bits are read, and by which nodes; None is an output."""
    out: dict[Wire, dict[Span, list[Wire | None]]] = {}

    def note(span: Span, reader: Wire | None) -> None:
        for bits in part(spans_of[span.origin], span.low, span.bits):
            if bits.origin != NOTHING:
                out.setdefault(bits.origin, {}).setdefault(bits, []).append(reader)

    for wire in range(len(logic.nodes)):
        for span in reads(logic, wire):
            note(span, wire)
    for _, wires in logic.outputs:
        for wire in wires:
            note(Span(wire, 0, logic.width(wire)), None)
    return out


def groups(table: dict[Span, list[Wire | None]]) -> list[tuple[int, frozenset[Wire | None]]]:
    """Return the bits of one origin by who reads them: (number of bits, readers)."""
    if len(table) == 1:
        ((span, names),) = table.items()
        return [(span.bits, frozenset(names))]
    sets = {span: frozenset(names) for span, names in table.items()}
    edges = sorted({b for span in sets for b in (span.low, span.low + span.bits)})
    found: dict[frozenset[Wire | None], int] = {}
    for low, high in pairwise(edges):
        over = [r for span, r in sets.items() if span.low <= low and high <= span.low + span.bits]
        if over:
            readers = frozenset().union(*over)
            found[readers] = found.get(readers, 0) + high - low
    return [(bits, readers) for readers, bits in found.items()]


def register_bits(logic: Logic, cycle: Sequence[int], latency: int) -> list[int]:
    """Return the register bits behind every wire, without the rank that outputs leave through.

    Args:
        logic: the graph.
        cycle: of every wire.
        latency: cycle of the outputs; they are read one cycle before.
    """
    out = [0] * len(logic.nodes)
    for wire, table in read_origins(logic, origins(logic)).items():
        last = [cycle[wire]] * logic.width(wire)
        for span, readers in table.items():
            needed = max(latency - 1 if r is None else cycle[r] for r in readers)
            for bit in range(span.low, span.low + span.bits):
                last[bit] = max(last[bit], needed)
        out[wire] = sum(last) - len(last) * cycle[wire]
    return out


def output_bits(logic: Logic) -> int:
    """Return the registers of the rank that outputs leave through: one for every distinct bit."""
    spans_of = origins(logic)
    leaving = {
        (span.origin, bit)
        for _, wires in logic.outputs
        for wire in wires
        for span in spans_of[wire]
        if span.origin != NOTHING
        for bit in range(span.low, span.low + span.bits)
    }
    return len(leaving)
