# SPDX-License-Identifier: Apache-2.0
"""Equality from ports to ports of small designs: every input tried, or asked of a solver (z3).

A second way beside the forms of the text, which shares with them the reading of the Verilog: the
text is computed with the registers left out. Where inputs are tried it is held against the integer
reference, and where a solver is asked against the forms of the graph.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwgen.errors import count_of
from hwgen.ir.graph import Graph
from hwgen.ops.input_ import Input
from hwgen.ops.reference import run_reference
from hwgen.verify.prove.arrays import Arrays, masked
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.solver import Term, Terms
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.spec import Spec
from hwgen.verify.prove.syntax import ports
from hwgen.verify.prove.walk import Value, W, Walk

TRIED = 1 << 22  # inputs that are tried one by one
WORK = 1 << 26  # and how many of them times nets
_ONCE = 1 << 13
ASKED = 48  # input bits of a design that a solver is asked about
WIRES = 400  # and its nets
WIDEST = 256  # bits of the numbers that its outputs are computed from
MILLISECONDS = 10_000  # that a solver may take


@dataclass(frozen=True)
class Whole:
    """Answer of a comparison from ports to ports.

    Attributes:
        equal: whether all outputs are equal at every input; None where nobody tells in time.
        how: what was done, for a reader.
        where: an input at which they differ, or nothing.
    """

    equal: bool | None
    how: str
    where: str = ""


def tried(top: Any, graph: Graph, wires: int) -> Whole | None:
    """Compare a design of so many nets with its graph at every input; None if those are many."""
    types = {n.name: n.type for n in graph.nodes if isinstance(n.op, Input)}
    lows = np.concatenate([t.lo.reshape(-1) for t in types.values()]).astype(object)
    highs = np.concatenate([t.hi.reshape(-1) for t in types.values()]).astype(object)
    sizes = [int(b) - int(a) + 1 for a, b in zip(lows, highs, strict=True)]
    total = math.prod(sizes)
    if total > min(TRIED, WORK // max(wires, 1)):
        return None
    inside = ports(top)
    walk = Walk(Arrays(), top, through, lambda word: word)
    how = f"{count_of(total, 'input')} tried, one by one: every one there is"
    for first in range(0, total, _ONCE):
        points = np.arange(first, min(first + _ONCE, total), dtype=np.int64)
        codes, step = np.empty((len(points), len(sizes)), np.int64), 1
        for i, size in enumerate(sizes):
            codes[:, i] = points // step % size + int(lows[i])
            step *= size
        walk.forget()
        given, at = {}, 0
        for name, t in types.items():
            part = codes[:, at : at + t.size]
            at += t.size
            given[name] = part.reshape(len(points), *t.shape)
            words = [masked(part[:, i], t.fixed.width) for i in range(t.size)]
            walk.give(inside[f"{name}_data_i"], words)
        wanted = run_reference(graph, given)
        for out in graph.outputs:
            port, t = inside[f"{out.name}_data_o"], graph[out.node].type
            flat = wanted[out.name].reshape(len(points), -1)
            for i in range(t.size):
                width = t.fixed.width
                made = walk.whole(walk.value(port, i * width, width)).bits
                wrong = np.flatnonzero(
                    np.broadcast_to(made, points.shape)
                    != masked(flat[:, i].astype(np.int64), width).bits
                )
                if len(wrong):
                    return Whole(False, how, f"{out.name}[{i}] at input {codes[wrong[0]].tolist()}")
    return Whole(True, how)


def asked(top: Any, graph: Graph, wires: int) -> Whole | None:
    """Ask a solver for an input at which a design differs; None where it is too large to ask."""
    sources = [n for n in graph.nodes if isinstance(n.op, Input)]
    if wires > WIRES or sum(n.type.size * n.type.fixed.width for n in sources) > ASKED:
        return None
    terms, space = Terms(), Space()
    walk = Walk(terms, top, through, lambda word: word)
    inside, spec = ports(top), Spec(graph, space)
    free: dict[int, Term] = {}
    given: list[Any] = []
    for node in sources:
        width, signed = node.type.fixed.width, node.type.fixed.signed
        words = []
        ends = zip(node.type.lo.reshape(-1), node.type.hi.reshape(-1), strict=True)
        for i, (form, (lo, hi)) in enumerate(zip(spec.forms(node.name), ends, strict=True)):
            words.append(terms.free(f"{node.name}[{i}]", width))
            long = terms.extend(words[-1], width + 1, signed)
            given += long.within(int(lo), int(hi))
            free |= dict.fromkeys(form.terms, (words[-1], signed))  # type: ignore[arg-type]
        walk.give(inside[f"{node.name}_data_i"], words)
    pairs = []
    wanted = [spec.forms(out.node) for out in graph.outputs]
    wide = _widest(space, [form for forms in wanted for form in forms])
    if wide > WIDEST:
        return None
    meant = _Meant(terms, space, free, wide)
    for out, forms in zip(graph.outputs, wanted, strict=True):
        width = graph[out.node].type.fixed.width
        for i, form in enumerate(forms):
            made = walk.whole(walk.value(inside[f"{out.name}_data_o"], i * width, width))
            pairs.append((made, terms.slice(meant.sum(form), 0, width)))
    how = f"SAT from ports to ports (z3), {count_of(len(pairs), 'output')}"
    where = terms.differs(pairs, given, MILLISECONDS)
    if where is None:
        return Whole(None, f"{how}: not decided in {MILLISECONDS // 1000} s")
    return Whole(not where, how, where)


def through(walk: Walk[W], instance: Any) -> Mapping[str, Value[W]] | None:
    """Return what leaves a chain of registers that are left out; None of all other units."""
    if instance.definition.name != "hwg_delay":
        return None
    (given,) = (c for c in instance.portConnections if c.port.name == "data_i")
    return {"data_o": walk.expression(given.expression)}


def _widest(space: Space, forms: Sequence[Form]) -> int:
    """Return the bits that hold every number from which some forms are computed."""
    most, seen, waiting = 1, set[int](), list(forms)
    while waiting:
        form = waiting.pop()
        size = abs(form.const)
        for atom, factor in form.terms.items():
            size += abs(factor) * max(abs(space.lo[atom]), abs(space.hi[atom]), 1)
            if atom not in seen:
                seen.add(atom)
                made = space.made_of(atom)
                waiting += made.forms
                most = max(most, 1 << made.shift)  # a rounding adds less than that
        most = max(most, size)
    return most.bit_length() + 3


class _Meant:
    """Forms of a graph as terms of a solver."""

    def __init__(self, terms: Terms, space: Space, free: Mapping[int, Any], width: int) -> None:
        self.terms, self.space, self.free, self.width = terms, space, free, width
        self._known: dict[int, Term] = {}

    def const(self, value: int) -> Term:
        """Return a number."""
        return self.terms.const(value % (1 << self.width), self.width)

    def sum(self, form: Form) -> Term:
        """Return a form."""
        total = self.const(form.const)
        for atom, factor in form.terms.items():
            part = self.terms.binary("mul", self.atom(atom), self.const(factor), True)
            total = self.terms.binary("add", total, part, True)
        return total

    def atom(self, atom: int) -> Term:
        """Return an atom."""
        if atom not in self._known:
            self._known[atom] = self._made(atom)
        return self._known[atom]

    def _made(self, atom: int) -> Term:
        terms = self.terms
        if atom in self.free:
            word, signed = self.free[atom]
            return terms.extend(word, self.width, signed)
        made = self.space.made_of(atom)
        ins = [self.sum(form) for form in made.forms]
        match made.kind:
            case "table":
                found = self.const(int(made.steps.values[0]))
                rows = zip(made.steps.starts[1:], made.steps.values[1:], strict=True)
                for start, value in rows:
                    reached = terms.binary("ge", ins[0], self.const(int(start)), True)
                    found = terms.mux(reached, self.const(int(value)), found)
                return found
            case "floor":
                return terms.shift("arithmetic", ins[0], made.shift, True)
            case "rounded":
                return terms.half_even(ins[0], made.shift)
            case "product":
                return terms.binary("mul", ins[0], ins[1], True)
            case _:
                found = ins[0]
                for other in ins[1:]:
                    found = terms.mux(terms.binary("gt", other, found, True), other, found)
                return found
