# SPDX-License-Identifier: Apache-2.0
"""Nodes of the logic as C++ statements on words of their own width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hwgen.emit.hls import cpp
from hwgen.emit.verilog.formula import formula
from hwgen.emit.verilog.wires import Wires
from hwgen.errors import ConfigError
from hwgen.ir.fixed import bits_for
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Gather,
    Max,
    Mul,
    Requant,
    Select,
    Shl,
    Table,
    Thresh,
    Wire,
)
from hwgen.logic.nodes.arithmetic import Term
from hwgen.logic.nodes.heap import ABSENT, ALWAYS, PLAIN, Pick
from hwgen.logic.truth_tables import PLACED, Function, columns

_WORD = 64  # bits of a truth table in one argument
_MOST = 61  # bits of a requantizer's constants in C++ template arguments


class Nodes:
    """Writer of statements.

    Args:
        wires: names and widths, in one cycle.
        constants: of threshold nodes, the names of thresholds and values.
    """

    def __init__(self, wires: Wires, constants: Mapping[Wire, tuple[str, str]]) -> None:
        self.wires, self.logic, self.constants = wires, wires.logic, constants

    def units(self, wire: Wire) -> str:
        """Return the twin that a node takes; empty where an expression does."""
        match self.logic.nodes[wire]:
            case Max():
                return "max"
            case Mul():
                return "mul"
            case Requant():
                return "requant"
            case Thresh():
                return "thresholds"
            case Table():
                return "table"
            case Chain():
                return "chain"
            case _:
                return ""

    def kind(self, wire: Wire) -> str:
        """Return the type of a wire."""
        return cpp.word(self.logic.lo[wire], self.logic.hi[wire])

    def statement(self, wire: Wire) -> Iterator[str]:
        """Yield the lines that compute a wire, with formula and interval."""
        node, name, kind = self.logic.nodes[wire], self.wires.names[wire], self.kind(wire)
        ends = f"[{self.logic.lo[wire]}, {self.logic.hi[wire]}]"
        said = formula(self.wires, wire)
        note = f"{said}   {ends}" if said else ends
        if isinstance(node, Table):
            yield from self._table(node, name, kind, ends)
            return
        if isinstance(node, Chain):
            yield from self._chain(node, name, kind)
            return
        if isinstance(node, Gather):
            made = [self._single(node, pick) for pick in node.picks[: self.wires.width[wire]]]
            yield from cpp.statement(f"const {kind} {name} = {_together(kind, made)};", ends)
            return
        yield from cpp.statement(f"const {kind} {name} = {kind}({self._value(wire)});", note)

    def operand(self, wire: Wire) -> str:
        """Return a wire by its name, a constant by its value."""
        value = self.wires.const(wire)
        return self.wires.names[wire] if value is None else cpp.literal(value)

    def cast(self, wire: Wire, kind: str) -> str:
        """Return a wire converted to a type that holds it."""
        value = self.wires.const(wire)
        if value is not None:
            return f"{kind}({cpp.number(value)})"
        same = self.kind(wire) == kind
        return self.wires.names[wire] if same else f"{kind}({self.wires.names[wire]})"

    def _value(self, wire: Wire) -> str:
        node, width = self.logic.nodes[wire], self.wires.width[wire]
        match node:
            case Add() | Add3():
                return self._sum(node.terms)
            case Shl(a, shift):
                return self._term(a, shift)
            case Select(a, on_neg, on_pos):
                kind = self.kind(wire)
                zero = cpp.word(self.logic.lo[a], self.logic.hi[a])
                choice = f"{self.cast(on_neg, kind)} : {self.cast(on_pos, kind)}"
                return f"{self.operand(a)} < {zero}(0) ? {choice}"
            case Mul(a, b):
                params = [*self._format(a), *self._format(b), width]
                return f"{_unit('mul', params)}::of({self.operand(a)}, {self.operand(b)})"
            case Max(a, b, least):
                params = [*self._format(a), *self._format(b), width, int(least)]
                return f"{_unit('max', params)}::of({self.operand(a)}, {self.operand(b)})"
            case Requant(a):
                return f"{_unit('requant', self._requant(wire, node))}::of({self.operand(a)})"
            case Thresh(a, thresholds, _):
                params = [*self._format(a), len(thresholds), width]
                limits, values = self.constants[wire]
                called = f"{self.operand(a)}, {limits}, {values}"
                return f"{_unit('thresholds', params)}::of({called})"
            case _:
                raise AssertionError(f"no C++ for {type(node).__name__}")

    def _requant(self, wire: Wire, node: Requant) -> list[int]:
        low, high = map(node.rounded, (self.logic.lo[node.a], self.logic.hi[node.a]))
        if max(node.shift, bits_for(node.lo, node.hi)) >= _MOST:
            raise ConfigError(
                f"rounding off {node.shift} bits, or to bounds of "
                f"{bits_for(node.lo, node.hi)} bits, is more than HLS C++ holds ({_MOST})",
                self.logic.layers[wire],
                "build without --hls, or give the layer a narrower format",
            )
        return [
            *self._format(node.a),
            node.shift,
            int(node.half),
            self.wires.width[wire],
            int(low < node.lo),
            int(high > node.hi),
            node.lo,
            node.hi,
        ]

    def _format(self, wire: Wire) -> list[int]:
        return [self.wires.width[wire], int(self.logic.lo[wire] < 0)]

    def _sum(self, terms: Sequence[Term]) -> str:
        """Return a sum; what is added before what is subtracted, zeros left out."""
        parts = []
        for wire, shift, sub in terms:
            value = self.wires.const(wire)
            if value is None:
                parts.append((sub, self._term(wire, shift)))
            elif value:
                value = -(value << shift) if sub else value << shift
                parts.append((value < 0, cpp.literal(abs(value))))
        parts.sort(key=lambda part: part[0])
        text = "".join(f" {'-' if sub else '+'} {term}" for sub, term in parts)
        return text[3:] if text.startswith(" + ") else f"-{text[3:]}"

    def _term(self, wire: Wire, shift: int) -> str:
        if not shift:
            return self.operand(wire)
        signed, width = self.logic.lo[wire] < 0, self.wires.width[wire]
        return f"hwg::shl_{'s' if signed else 'u'}<{width + shift}, {shift}>({self.operand(wire)})"

    # Tables: a bit each, put together

    def _table(self, node: Table, name: str, kind: str, ends: str) -> Iterator[str]:
        bits = len(node.picks)
        read = ", ".join(self.wires.names[w] for w in node.ins)
        said = f"a table of {bits} bit{'s' if bits > 1 else ''} of {read}"
        yield f"  // {cpp.comment(node.note)}: {said}" if node.note else f"  // {said}"
        made: list[str] = []
        for bit, column in enumerate(columns(node.values)):
            if column.same >= 0:
                made.append(made[column.same])
                continue
            text = f"const ui<1> {name}_{bit} = {self._bit(node, column.whole)};"
            yield from cpp.statement(text)
            made.append(f"{name}_{bit}")
        yield from cpp.statement(f"const {kind} {name} = {_together(kind, made)};", ends)

    # Single bits: a word of all first terms, of all second ones and of all third ones

    def _chain(self, node: Chain, name: str, kind: str) -> Iterator[str]:
        width, words = node.positions, []
        for k, letter in enumerate("abc"):
            made = [
                self._one_term(node, node.truths[3 * i + k], node.picks[4 * i + k], i)
                for i in range(width)
            ]
            if all(truth == ABSENT for truth in node.truths[k::3]):
                words.append(f"ui<{width}>(0)")
                continue
            word = f"ui<{width}>"
            yield from cpp.statement(f"const {word} {name}_{letter} = {_together(word, made)};")
            words.append(f"{name}_{letter}")
        words += [self._single(node, pick) for pick in node.enter]
        called = _unit("chain", [width, int(node.majorities[-1]), node.leave])
        text = f"const {kind} {name} = {called}::of({', '.join(words)});"
        yield from cpp.statement(text, f"chain of {width} positions")

    def _one_term(self, node: Chain, truth: int, pick: Pick, position: int) -> str:
        if truth in (ABSENT, ALWAYS):
            return f"ui<1>({truth & 1})"
        own = self._single(node, pick)
        if truth == PLAIN:
            return own
        gate = node.picks[4 * position + 3]
        if gate[0] < 0:
            return f"hwg::table<1>::of({own}, 0x{truth & 3:x}ULL)"
        both = f"ui<2>({own} + hwg::shl_u<2, 1>({self._single(node, gate)}))"
        return f"hwg::table<2>::of({both}, 0x{truth:x}ULL)"

    def _single(self, node: Chain | Gather, pick: Pick) -> str:
        place, at = pick
        if place < 0:
            return f"ui<1>({at})"
        wire = node.ins[place]
        value = self.wires.const(wire)
        if value is not None:
            return f"ui<1>({value >> at & 1})"
        if self.wires.width[wire] == 1 and self.logic.lo[wire] >= 0:
            return self.operand(wire)
        return f"hwg::bits<{at}, 1>({self.operand(wire)})"

    def _bit(self, node: Table, one: Function) -> str:
        """Return a function of address bits; above eight of them the highest one selects."""
        if one.fixed:
            return f"ui<1>({one.truth})"
        if len(one.reads) > PLACED:
            *rest, top = one.reads
            half = 1 << len(rest)
            low = Function(tuple(rest), one.truth & ((1 << half) - 1))
            high = Function(tuple(rest), one.truth >> half)
            place, bit = node.picks[top]
            return (
                f"{self._picked(node, place, bit, 1)} == ui<1>(0) ? "
                f"{self._bit(node, low)} : {self._bit(node, high)}"
            )
        count = len(one.reads)
        words = [
            f"0x{one.truth >> at & ((1 << _WORD) - 1):x}ULL" for at in range(0, 1 << count, _WORD)
        ]
        return f"hwg::table<{count}>::of({self._address(node, one.reads)}, {', '.join(words)})"

    def _address(self, node: Table, reads: Sequence[int]) -> str:
        """Return address bits as one word; neighbours in an operand are one part of it."""
        runs: list[tuple[int, int, int]] = []  # place, lowest bit, bits
        for read in reads:
            place, bit = node.picks[read]
            if runs and runs[-1][0] == place and sum(runs[-1][1:]) == bit:
                runs[-1] = (*runs[-1][:2], runs[-1][2] + 1)
            else:
                runs.append((place, bit, 1))
        terms, at = [], 0
        for place, low, bits in runs:
            part = self._picked(node, place, low, bits)
            terms.append(f"hwg::shl_u<{at + bits}, {at}>({part})" if at else part)
            at += bits
        return terms[0] if len(terms) == 1 else f"ui<{at}>({' + '.join(terms)})"

    def _picked(self, node: Table, place: int, low: int, bits: int) -> str:
        wire = node.ins[place]
        if low == 0 and bits == self.wires.width[wire] and self.logic.lo[wire] >= 0:
            return self.operand(wire)
        return f"hwg::bits<{low}, {bits}>({self.operand(wire)})"


def _together(kind: str, made: Sequence[str]) -> str:
    """Return bits as one word, the lowest first; the topmost of a signed one is negative."""
    signed, width = kind.startswith("si"), len(made)
    terms = [
        f"{'- ' if signed and bit == width - 1 else '+ '}"
        + (f"hwg::shl_u<{bit + 1}, {bit}>({one})" if bit else one)
        for bit, one in enumerate(made)
    ]
    text = " ".join(terms).removeprefix("+ ")
    text = f"-{text[2:]}" if text.startswith("- ") else text
    return f"{kind}({text})"


def _unit(name: str, params: Sequence[int]) -> str:
    return f"hwg::{name}<{', '.join(map(cpp.number, params))}>"
