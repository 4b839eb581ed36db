# SPDX-License-Identifier: Apache-2.0
"""Proof of a flow design: its Verilog, read back, against the graph it was built from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hwgen.design.source_list import read_list
from hwgen.errors import Unproven, count_of
from hwgen.ir.graph import Graph
from hwgen.progress import Progress, silent
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.spec import Spec
from hwgen.verify.prove.syntax import elaborate, members, ports
from hwgen.verify.prove.trial import constant
from hwgen.verify.prove.units import Units
from hwgen.verify.prove.walk import Value, Walk
from hwgen.verify.prove.whole import Whole, asked, tried
from hwgen.verify.prove.words import Word, Words

_WIDEST = 64  # bits of a wire that is looked at as one number
_LABEL = re.compile(r"(?P<node>.+)\[(?P<at>\d+)\]")


@dataclass(frozen=True)
class Claims:
    """Claims of a build about itself, which are to be proven.

    Attributes:
        name: of the top module.
        inputs, outputs: ports, and the bits and sign of an element of each.
        labels: by layer instance, the graph's name of every field that it gives, and its bits;
            for messages and as hints, which nothing rests on.
        latency: cycles.
    """

    name: str
    inputs: Mapping[str, tuple[int, bool]]
    outputs: Mapping[str, tuple[int, bool]]
    labels: Mapping[str, Sequence[tuple[str, int]]]
    latency: int


@dataclass
class Found:
    """Outcome of a proof.

    Attributes:
        problems: why the design is not proven; empty of a proven one.
        unequal: outputs that are not shown equal by their forms; none of a proven design, unless
            the comparison from ports to ports decides.
        whole: the comparison from ports to ports; None of a design too large for it.
        elements: of the outputs that were found equal.
        wires: nets of layers whose exact interval was recomputed; none of them wraps.
        values: of functions, compared one by one.
        units: instances met, by module.
        layers: of the design.
        exact: how many fields of layers are elements of the graph as they are, or but for a
            constant.
        apart: the first one that is named as an element and not found equal to it.
    """

    problems: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    whole: Whole | None = None
    elements: int = 0
    wires: int = 0
    values: int = 0
    units: dict[str, int] = field(default_factory=dict)
    layers: int = 0
    exact: int = 0
    apart: str = ""


def prove_flow(rtl: Path, graph: Graph, claims: Claims, progress: Progress = silent) -> Found:
    """Prove that the flow top of a design computes a graph.

    Args:
        rtl: folder with ``files.f``.
        graph: the network, with the integer reference.
        claims: what is to be proven.
        progress: called with every step.

    Raises:
        ToolMissing, ToolFailed: slang or z3 is not there, or refuses the text.
    """
    names = read_list((rtl / "files.f").read_text("utf-8"))
    top, kept = elaborate([rtl / name for name in names], claims.name)
    progress("slang", f"{count_of(len(names), 'file')} read")
    run = _Proof(top, graph, claims, progress)
    run.prove()
    del kept
    return run.found


class _Proof:
    """State of one proof."""

    def __init__(self, top: Any, graph: Graph, claims: Claims, progress: Progress) -> None:
        self.top, self.graph, self.claims, self.progress = top, graph, claims, progress
        self.found = Found()
        self.space = Space()
        self.words = Words(self.space)
        self.units = Units(self.words)
        self.spec = Spec(graph, self.space)
        self.inside = ports(top)
        self.layers = [
            m for m in members(top.body)
            if m.kind.name == "Instance" and m.name.removeprefix("u_") in claims.labels
        ]  # fmt: skip
        self.bodies = {layer.body.hierarchicalPath for layer in self.layers}
        self.walk: Walk[Word] = Walk(self.words, top, self._unit, _later, self._settled)

    def prove(self) -> None:
        for step in (self._follow, self._ports):
            try:
                step()
                continue
            except Unproven as error:
                problem = str(error)
            except RecursionError:
                problem = "the design is too deep to be followed"
            if problem not in self.found.problems:  # neither step may be able to follow it
                self.found.problems.append(problem)
        self.found.values, self.found.units = self.space.points, self.units.kinds
        self.found.layers = len(self.layers)

    def _follow(self) -> None:
        """Follow the design in forms, layer by layer."""
        self._feed()
        for layer in self.layers:
            self._layer(layer)
        self._outputs()

    def _feed(self) -> None:
        for name, (width, _) in self.claims.inputs.items():
            port = self.inside[f"{name}_data_i"]
            words = [self.words.word(form, width, 0) for form in self.spec.forms(name)]
            if port.type.bitWidth != width * len(words):
                raise Unproven(f"port {port.name} has {port.type.bitWidth} bits")
            self.walk.give(port, words)
        self.valid = self.space.input("in_valid_i", 0, 1)
        self.units.reset = self.space.input("rst_ni", 0, 1)
        for name, form in (("in_valid_i", self.valid), ("rst_ni", self.units.reset)):
            self.walk.give(self.inside[name], [self.words.word(form, 1, 0)])

    def _unit(self, walk: Walk[Word], instance: Any) -> Mapping[str, Value[Word]] | None:
        if instance.body.hierarchicalPath in self.bodies:
            return None
        return self.units(walk, instance)

    def _settled(self, symbol: Any, words: Value[Word]) -> Value[Word]:
        """Check that a wire of a layer holds what it computes, and take it for that number."""
        path = symbol.hierarchicalPath
        if path.rpartition(".")[0] not in self.bodies or symbol.name.endswith(("_i", "_o")):
            return words
        if len(words) == 1:
            return [self._held(symbol, words[0])]
        # Bits of a heap, side by side: one number, if nothing is left of the way it was added up.
        if symbol.type.bitWidth > _WIDEST:
            return words
        word = self.words.join(words)
        if self.space.digits(word.form):
            return words
        return [replace(self._held(symbol, word), linear=None, parts=())]

    def _held(self, symbol: Any, word: Word) -> Word:
        path = symbol.hierarchicalPath
        self.found.wires += 1
        signed = symbol.type.isSigned
        if not self.words.fits(word, signed):
            exact = self.words.exact(word, signed)
            if not word.pattern and not exact.form.same(word.form):
                kind = "signed" if signed else "unsigned"
                self.found.problems.append(
                    f"{path.removeprefix(self.top.name + '.')} overflows: it reaches "
                    f"[{word.lo}, {word.hi}] and has {word.width} {kind} bits"
                )
            return exact
        return word

    def _layer(self, layer: Any) -> None:
        """Follow a layer, and compare what leaves it with the graph's elements."""
        name = layer.name.removeprefix("u_")
        (out,) = (s for p, s in ports(layer).items() if p.endswith("_data_o"))
        for connection in layer.portConnections:
            if connection.port.name == out.name:
                symbol = connection.expression.left.symbol
        for label, _ in self.claims.labels[name]:
            self._meant(label)  # before the layer is followed: what it reads is cut by then
        words = self.walk.value(symbol)
        made, at = list[Word](), 0
        for label, width in self.claims.labels[name]:
            some = self.walk.part(words, at, width)
            if sum(word.width for word in some) != width:
                return
            made.append(self._compared(self.walk.whole(some), label))
            at += width
        if at == symbol.type.bitWidth:
            self.walk.give(symbol, made)
        self.progress("layer", f"{name}: {count_of(len(made), 'value')}")

    def _meant(self, label: str) -> Form | None:
        """Return the graph's element that a label names; None where it names none."""
        match = _LABEL.fullmatch(label)
        if match is None or match["node"] not in self.spec.nodes:
            return None
        forms = self.spec.forms(match["node"])
        return forms[int(match["at"])] if int(match["at"]) < len(forms) else None

    def _compared(self, word: Word, label: str) -> Word:
        meant = self._meant(label)
        if meant is None:
            return word
        if word.form.terms == meant.terms:
            self.found.exact += 1
            return word
        lo, hi = self.space.interval(meant)
        if not lo <= word.lo <= word.hi <= hi:
            word = self.words.exact(word, lo < 0)
        off = constant(self.space, word.form.plus(meant, -1))
        if off is None:
            self.found.apart = self.found.apart or label
            return word
        self.found.exact += 1
        form = meant.plus(Form(off))
        lo, hi = self.space.interval(form)
        lo, hi = max(lo, word.lo), min(hi, word.hi)
        return Word(form, lo, hi, word.width, word.cycle, word.pattern)

    def _outputs(self) -> None:
        for out in self.graph.outputs:
            width, signed = self.claims.outputs[out.name]
            port = self.inside[f"{out.name}_data_o"]
            meant = self.spec.forms(out.node)
            if port.type.bitWidth != width * len(meant):
                raise Unproven(f"port {port.name} has {port.type.bitWidth} bits")
            for n, form in enumerate(meant):
                words = self.walk.value(port, n * width, width)
                word = self.words.exact(self.walk.whole(words), signed)
                self._equal(f"{out.name}[{n}]", word, form)
        valid = self.walk.whole(self.walk.value(self.inside["out_valid_o"]))
        if not valid.form.same(self.valid) or valid.cycle != self.claims.latency:
            told = f"comes in cycle {valid.cycle}"
            self.found.problems.append(f"out_valid_o {told}, not in {self.claims.latency}")

    def _equal(self, label: str, word: Word, meant: Form) -> None:
        if word.cycle is not None and word.cycle != self.claims.latency:
            self.found.problems.append(
                f"{label} comes in cycle {word.cycle}, not in {self.claims.latency}"
            )
            return
        if not word.form.same(meant):
            off = constant(self.space, word.form.plus(meant, -1))
            if off != 0:
                self.found.unequal.append(f"{label} {self._difference(word.form, meant)}")
                return
        self.found.elements += 1

    def _ports(self) -> None:
        """Compare from ports to ports, where the design is small; else the forms alone decide."""
        design = self.top, self.graph, self.found.wires
        found = self.found.whole = tried(*design) or asked(*design)
        if found is None or found.equal is None:
            if self.found.unequal and self.found.apart:
                told = f"{self.found.apart} is the first value that is not shown to be the graph's"
                self.found.problems.append(told)
            self.found.problems += self.found.unequal
        elif found.equal:  # what the forms could not follow stays a problem: its cycle is not known
            self.found.elements += len(self.found.unequal)
        else:
            if self.found.unequal or not self.found.problems:
                self.found.problems += self.found.unequal or ["a difference from ports to ports"]
            self.found.problems[-1] += f"; they differ {found.where}"

    def _difference(self, form: Form, meant: Form) -> str:
        apart = form.plus(meant, -1)
        if not apart.terms:
            return f"is {apart.const} more than the graph's"
        return f"is not shown equal to the graph's; between them: {', '.join(self._terms(apart))}"

    def _terms(self, form: Form) -> Iterator[str]:
        for count, (atom, factor) in enumerate(form.key()):
            if count == 3:
                yield "..."
                return
            yield f"{factor} times {self.space.names.get(atom, f'value {atom}')}"


def _later(word: Word) -> Word:
    """Return a word behind a register."""
    return word if word.cycle is None else replace(word, cycle=word.cycle + 1)
