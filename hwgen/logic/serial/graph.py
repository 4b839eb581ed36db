# SPDX-License-Identifier: Apache-2.0
"""Serial graphs: sums and requantizers whose values travel some bits a cycle, the lowest first.

A value is D lanes with an offset T: its digit t, the bits from t*D on, is there T + t cycles behind
its sample. Arithmetic is modulo 2**(F*D), F digits being a word; inner sums may wrap, since only
results have to fit. A shift to the left is a delay and a turn of the lanes; what it brings in is
the end of an older word, which a gate replaces by zeros, or by a constant that is part of a bias.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from hwgen.ir.fixed import bits_for
from hwgen.logic.nodes import Requant, Wire


def ceil_div(a: int, b: int) -> int:
    """Return ``a / b`` rounded up."""
    return -(-a // b)


@dataclass(frozen=True, slots=True)
class Word:
    """Element *index* of a link of whole words, taken apart into digits."""

    link: str
    index: int

    @property
    def operands(self) -> tuple[Wire, ...]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class Fixed:
    """A constant as a serial signal; all sums of a layer that need it share it."""

    value: int

    @property
    def operands(self) -> tuple[Wire, ...]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class Term:
    """Term of a sum, ``(wire << shift) + fill``, or minus that.

    Attributes:
        wire: the value.
        shift: to the left.
        sub: whether it is subtracted.
        fill: constant in the bits that the shift brings in, below ``2**shift``.
    """

    wire: Wire
    shift: int = 0
    sub: bool = False
    fill: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of one to three terms, and of the carry that it starts with.

    Attributes:
        terms: one is added to nothing, to negate it or to shift it.
        start: added by the carry into the first digit. The ones of subtracted operands, which are
            inverted, are not counted here.
    """

    terms: tuple[Term, ...]
    start: int = 0

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The wires of the terms."""
        return tuple(term.wire for term in self.terms)

    @property
    def ways(self) -> int:
        """Operands of the adder: two or three; two that are both subtracted take one of three."""
        both = len(self.terms) == 2 and all(term.sub for term in self.terms)
        return 3 if both else max(len(self.terms), 2)

    @property
    def carry(self) -> int:
        """The carry into the first digit."""
        return self.start + sum(term.sub for term in self.terms)

    @property
    def extra(self) -> int:
        """Sum of all constants that cost nothing: of the start and of the fills."""
        return self.start + sum(-t.fill if t.sub else t.fill for t in self.terms)


@dataclass(frozen=True, slots=True)
class Round:
    """Requantizer of a wire, as `hwgen.logic.nodes.Requant` defines it."""

    a: Wire
    shift: int
    lo: int
    hi: int
    half: bool = False

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The number to round."""
        return (self.a,)

    @property
    def plain(self) -> Requant:
        """The same function on whole words."""
        return Requant(self.a, self.shift, self.lo, self.hi, self.half)

    def rounded(self, lo: int, hi: int) -> tuple[int, int]:
        """Return the interval of the rounded number, not yet clipped."""
        return self.plain.rounded(lo), self.plain.rounded(hi)


SerialNode: TypeAlias = Word | Fixed | Sum | Round


@dataclass(frozen=True, slots=True)
class Result:
    """Element of a word that leaves: a wire shifted to the left, or a constant.

    Attributes:
        wire: the value; -1 for a constant.
        value: the constant, or the shift.
    """

    wire: Wire
    value: int = 0


@dataclass(frozen=True)
class SerialGraph:
    """Serial graph in topological order.

    Attributes:
        digit_bits: bits of a digit, D.
        digits: of a word, F.
        nodes: the operations.
        lo, hi: exact interval of every value, its constants included.
        layers: name of the layer that made each node.
        labels: of every node, the element of a layer's output that it is; empty if it is none.
        outputs: link of whole words, and its elements.
    """

    digit_bits: int
    digits: int
    nodes: tuple[SerialNode, ...]
    lo: tuple[int, ...]
    hi: tuple[int, ...]
    layers: tuple[str, ...]
    labels: tuple[str, ...]
    outputs: tuple[tuple[str, tuple[Result, ...]], ...]

    def label(self, wire: Wire) -> str:
        """Return the label of a wire, or ``n`` and its number where it is no layer's output."""
        return self.labels[wire] or f"n{wire}"

    def width(self, wire: Wire) -> int:
        """Return the bits of a value."""
        return bits_for(self.lo[wire], self.hi[wire])

    def with_digit(self, digit_bits: int) -> SerialGraph:
        """Return the graph with digits of so many bits, in words that just hold every result."""
        return replace(self, digit_bits=digit_bits, digits=ceil_div(word_bits(self), digit_bits))


def word_bits(graph: SerialGraph) -> int:
    """Return the bits that a word must have so that no result loses any.

    A requantizer needs the bits that it drops and all of the rounded number, a word that leaves its
    own.
    """
    most = 1
    for node in graph.nodes:
        if isinstance(node, Round):
            ends = node.rounded(graph.lo[node.a], graph.hi[node.a])
            most = max(most, node.shift + bits_for(*ends))
    for _, results in graph.outputs:
        for result in results:
            if result.wire >= 0:
                most = max(most, graph.width(result.wire))
    return most


@dataclass(frozen=True)
class Bank:
    """Requantizers that share a unit.

    Attributes:
        wires: of the results.
        shift, half: of all of them.
        width: bits of the widest rounded number, or as many as the word has above the cut.
        signed: whether rounded numbers can be below zero.
        lo, hi: bounds of the results.
        sat_lo, sat_hi: whether one of them meets that bound.
    """

    wires: tuple[Wire, ...]
    shift: int
    half: bool
    width: int
    signed: bool
    lo: int
    hi: int
    sat_lo: bool
    sat_hi: bool

    @classmethod
    def of(cls, graph: SerialGraph, wires: tuple[Wire, ...]) -> Bank:
        """Return the bank of some requantizers of one layer, shift and sign."""
        nodes = [graph.nodes[w] for w in wires]
        rounds = [node for node in nodes if isinstance(node, Round)]
        ends = [node.rounded(graph.lo[node.a], graph.hi[node.a]) for node in rounds]
        first = rounds[0]
        signed = ends[0][0] < 0
        width = max(max(hi.bit_length(), (~lo).bit_length() if lo < 0 else 0) for lo, hi in ends)
        pairs = list(zip(rounds, ends, strict=True))
        return cls(
            wires,
            first.shift,
            first.half,
            max(width, 1 - signed) + signed,
            signed,
            min(node.lo for node in rounds),
            max(node.hi for node in rounds),
            any(lo < node.lo for node, (lo, _) in pairs),
            any(hi > node.hi for node, (_, hi) in pairs),
        )

    @property
    def out_width(self) -> int:
        """Bits of a result."""
        return bits_for(self.lo, self.hi)

    def before(self, digit_bits: int) -> int:
        """Return the cycles from the first digit with dropped bits to the one with bit *shift*."""
        return ceil_div(self.shift, digit_bits)

    def latency(self, digit_bits: int) -> int:
        """Return the cycles from the digit with bit *shift* to the first one of the result."""
        return ceil_div(self.width, digit_bits) + 2

    def span(self, digit_bits: int) -> int:
        """Return the last cycle that a phase of the unit depends on, as `before` counts."""
        kept = ceil_div(self.width, digit_bits) + ceil_div(self.out_width, digit_bits)
        return self.before(digit_bits) + kept


def banks(graph: SerialGraph) -> tuple[Bank, ...]:
    """Return the banks of a graph, in the order of their first requantizers.

    In a bank are requantizers of one layer, shift and sign, none behind another one, whose bounds
    can be the same: a result that never meets its own bounds may have wider ones.
    """
    groups: dict[object, list[list[Wire]]] = {}
    level = [0] * len(graph.nodes)  # requantizers on the way to a value
    for wire, node in enumerate(graph.nodes):
        level[wire] = max((level[w] for w in node.operands), default=0)
        if not isinstance(node, Round):
            continue
        level[wire] += 1
        signed = node.rounded(graph.lo[node.a], graph.hi[node.a])[0] < 0
        key = (graph.layers[wire], level[wire], node.shift, node.half, signed)
        fitting = groups.setdefault(key, [])
        for wires in fitting:
            if _agree(graph, [*wires, wire]):
                wires.append(wire)
                break
        else:
            fitting.append([wire])
    found = sorted(wires for fitting in groups.values() for wires in fitting)
    return tuple(Bank.of(graph, tuple(wires)) for wires in found)


def _agree(graph: SerialGraph, wires: Sequence[Wire]) -> bool:
    """Tell whether one lower and one upper bound will do for some requantizers."""
    bank = Bank.of(graph, tuple(wires))
    for wire in wires:
        node = graph.nodes[wire]
        assert isinstance(node, Round)
        low, high = node.rounded(graph.lo[node.a], graph.hi[node.a])
        if (low < node.lo and node.lo != bank.lo) or (high > node.hi and node.hi != bank.hi):
            return False
        # A bound that another one meets must not cut this one off: it lies beyond its results.
        if (bank.sat_lo and bank.lo > node.lo) or (bank.sat_hi and bank.hi < node.hi):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Read:
    """Lane of a value that something reads.

    Attributes:
        wire, lane: the value and its lane.
        lag: cycles that the digit lies before the reader's own; below zero where it lies behind.
        gated: digits of the reader's word, from its first on, whose lane is a constant instead.
    """

    wire: Wire
    lane: int
    lag: int
    gated: int = 0


def shifted(term: Term, digit_bits: int) -> Iterator[Read]:
    """Yield what each lane of a shifted term reads: of ``x << s``, lane b reads lane b - s of x."""
    for b in range(digit_bits):
        late = ceil_div(term.shift - b, digit_bits)
        yield Read(term.wire, (b - term.shift) % digit_bits, late, max(late, 0))


def above_cut(wire: Wire, shift: int, digit_bits: int) -> Iterator[Read]:
    """Yield what each lane reads of a value from bit *shift* on."""
    for b in range(digit_bits):
        yield Read(wire, (shift + b) % digit_bits, -((shift + b) // digit_bits))


def fill_lanes(fill: int, shift: int, digit_bits: int) -> tuple[bool, ...] | None:
    """Return the bit of every lane that makes a constant in what a shift brings in.

    A lane is gated for some digits and has the same bit in all of them. None where the constant
    needs unlike bits.
    """
    lanes = []
    for b in range(digit_bits):
        bits = {fill >> p & 1 for p in range(b, shift, digit_bits)}
        if len(bits) > 1:
            return None
        lanes.append(bits == {1})
    return tuple(lanes)


def renumbered(node: SerialNode, new: Mapping[Wire, Wire]) -> SerialNode:
    """Return a node that reads other wires."""
    match node:
        case Word() | Fixed():
            return node
        case Sum(terms):
            return replace(node, terms=tuple(replace(t, wire=new[t.wire]) for t in terms))
        case Round(a):
            return replace(node, a=new[a])
