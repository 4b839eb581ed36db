# SPDX-License-Identifier: Apache-2.0
"""A serial design as HLS C++: a function a layer that computes some bits of every value a step.

A layer's function takes whole words and gives whole words. In between it runs a loop over the
digits of a word, the lowest first, with the twins of the units that the Verilog is made of: words
taken apart, adders that keep their carry, lines that keep what a shift needs, words put together.
Rounding needs the whole word (its sign decides about saturation), so a requantizer stands behind
the loop, and sums behind one have a loop of their own. Offsets and delays are the Verilog's: in a
loop all digits of a step are there at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Layer
from hwgen.emit.hls import cpp, ports
from hwgen.emit.verilog.serial_top import wire_names
from hwgen.errors import ConfigError
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import Fixed, Round, Sum, Term, Word, ceil_div

_MOST = 60  # bits of a requantizer's constants in C++ template arguments


@dataclass(frozen=True)
class _Loop:
    """Sums of a layer that are computed in one loop.

    Attributes:
        sums: in order.
        words: values that are read as whole words behind it.
        steps: that it takes.
    """

    sums: tuple[Wire, ...]
    words: tuple[Wire, ...]
    steps: int


class SerialCore:
    """Text of one serial pipeline.

    Args:
        design: of one serial pipeline.
        alone: whether it is the whole design; else another function calls it.

    Attributes:
        top: the function of a sample.
        units: twins that it takes.
        sources: names of its C++ files.
        statements: of a sample.

    Raises:
        ConfigError: numbers that C++ does not hold.
    """

    def __init__(self, design: Design, alone: bool = True) -> None:
        assert design.serial is not None
        self.design, self.alone, self.part = design, alone, design.serial
        self.graph, self.digit = self.part.graph, self.part.graph.digit_bits
        self.names = ModuleNames.of(design)
        self.top = self.names.top
        self.sources = (f"{self.top}.cpp",)
        self.wires = wire_names(design, self.part)
        self.ports = {port.link: port for port in design.inputs}
        self.maker = {w: layer for layer in self.part.layers for w in layer.wires}
        self.level = self._levels()
        self.outside = self._read_outside()
        self.units: set[str] = set()
        self.turn = ""  # behind names of digits: a later loop of a layer has digits of its own
        self.statements = len(self.graph.nodes) * self.graph.digits
        self.text = "\n".join(self._source())

    def files(self) -> dict[str, bytes | str]:
        """Return header and source."""
        return {f"{self.top}.h": self._header(), f"{self.top}.cpp": self.text}

    # ---------------------------------------------------------------- what is computed where

    def _levels(self) -> dict[Wire, int]:
        """Return of every wire how many loops of its own layer come before it."""
        level: dict[Wire, int] = {}
        for wire, node in enumerate(self.graph.nodes):
            own = self.maker.get(wire)
            before = [level[w] for w in node.operands if self.maker.get(w) is own]
            level[wire] = max(before, default=0) + isinstance(node, Round)
        return level

    def _read_outside(self) -> dict[Wire, bool]:
        """Return the wires that are read as whole words: by roundings, later loops, or outside."""
        found: dict[Wire, bool] = {}
        for wire, node in enumerate(self.graph.nodes):
            for operand in node.operands:
                same = self.maker.get(operand) is self.maker.get(wire)
                whole = isinstance(node, Round) or isinstance(self.graph.nodes[operand], Round)
                if whole or not same or self.level[operand] < self.level[wire]:
                    found[operand] = found.get(operand, False) or not same
        for _, results in self.graph.outputs:
            found |= {result.wire: True for result in results if result.wire >= 0}
        return found

    def _loops(self, layer: Layer) -> list[_Loop]:
        nodes = self.graph.nodes
        sums = [w for w in layer.wires if isinstance(nodes[w], Sum)]
        loops = []
        for level in sorted({self.level[w] for w in sums}):
            own = tuple(w for w in sums if self.level[w] == level)
            words = tuple(w for w in own if w in self.outside)
            steps = max((ceil_div(self.graph.width(w), self.digit) for w in words), default=0)
            loops.append(_Loop(own, words, steps))
        return loops

    def kind(self, wire: Wire) -> str:
        """Return the type of a whole word."""
        return cpp.word(self.graph.lo[wire], self.graph.hi[wire])

    # ---------------------------------------------------------------- text

    def _header(self) -> str:
        bits = f"{self.digit} bit{'s' if self.digit > 1 else ''}"
        how = f"codes in and codes out; {bits} of every value a step inside."
        return ports.header(self.design, self.top, f"one sample a call, {how}")

    def _source(self) -> Iterator[str]:
        design = self.design
        layers = [line for layer in self.part.layers for line in ("", *self._layer(layer))]
        yield from cpp.banner(
            design.model,
            [
                f"{design.name}: a function a layer; the names are those of the Verilog in rtl/.",
                f"Planned for {design.target} at {design.clock_mhz:g} MHz: a sample every "
                f"{design.interval} cycles in the Verilog.",
            ],
        )
        yield f'#include "{self.top}.h"'
        yield '#include "hwg/lang/pragmas.h"'
        yield from (f'#include "hwg/{unit}.h"' for unit in sorted(self.units))
        yield ""
        yield "using hwg::si;"
        yield "using hwg::ui;"
        yield from layers
        yield ""
        yield from self._top()
        yield ""

    def _struct(self, layer: Layer) -> str:
        return f"{self.top}_{layer.link}_word"

    def _gives(self, layer: Layer) -> list[Wire]:
        """Return what a layer hands on, ascending."""
        return [w for w in sorted(layer.wires) if self.outside.get(w)]

    def _takes(self, layer: Layer) -> list[Wire]:
        """Return the wires that a layer reads of others."""
        own = set(layer.wires)
        found = {w for wire in own for w in self.graph.nodes[wire].operands}
        return sorted(w for w in found - own if not isinstance(self.graph.nodes[w], Fixed))

    def _from(self, layer: Layer) -> tuple[list[str], list[Layer]]:
        """Return the ports and the layers that a layer reads."""
        links, layers = dict[str, None](), dict[int, Layer]()
        for wire in self._takes(layer):
            node = self.graph.nodes[wire]
            if isinstance(node, Word):
                links.setdefault(node.link)
            else:
                layers.setdefault(id(self.maker[wire]), self.maker[wire])
        return list(links), list(layers.values())

    def _where(self, wire: Wire) -> str:
        """Return where a word is found outside of its own layer."""
        node = self.graph.nodes[wire]
        if isinstance(node, Word):
            return f"{ports.input_name(self.ports[node.link])}[{node.index}]"
        return f"{self.maker[wire].link}_data.{self.wires[wire]}"

    def _layer(self, layer: Layer) -> Iterator[str]:
        """Yield the words that a layer gives, and its function."""
        gives = self._gives(layer)
        if not gives:
            return
        yield f"// {cpp.comment(f'{layer.name}: {layer.note}')}"
        yield f"struct {self._struct(layer)} {{"
        yield from (f"  {self.kind(w)} {self.wires[w]};" for w in gives)
        yield "};"
        yield ""
        links, layers = self._from(layer)
        arguments = [ports.input_argument(self.ports[link]) for link in links]
        arguments += [f"const {self._struct(one)}& {one.link}_data" for one in layers]
        arguments.append(f"{self._struct(layer)}& {layer.link}_data")
        yield f"{cpp.call(f'static void {self.names.layers[layer.link]}', arguments)} {{"
        yield "  HWG_PROCESS"
        for wire in self._takes(layer):
            kind = self.kind(wire)
            yield f"  const {kind} {self.wires[wire]} = {kind}({self._where(wire)});"
        loops = {self.level[loop.sums[0]]: loop for loop in self._loops(layer)}
        rounds = [w for w in layer.wires if isinstance(self.graph.nodes[w], Round)]
        last = max([*loops, *(self.level[w] for w in rounds)], default=0)
        for level in range(last + 1):
            for wire in rounds:
                if self.level[wire] == level and wire in self.outside:
                    yield from self._round(wire)
            self.turn = str(level) if level else ""
            if level in loops and loops[level].words:
                yield from self._loop(loops[level])
        for wire in gives:
            yield f"  {layer.link}_data.{self.wires[wire]} = {self.wires[wire]};"
        yield "}"

    def _round(self, wire: Wire) -> Iterator[str]:
        node = self.graph.nodes[wire]
        assert isinstance(node, Round)
        low, high = node.rounded(self.graph.lo[node.a], self.graph.hi[node.a])
        width = self.graph.width(wire)
        self._held(max(node.shift, width), wire)
        numbers = [
            self.graph.width(node.a), int(self.graph.lo[node.a] < 0), node.shift, int(node.half),
            width, int(low < node.lo), int(high > node.hi), node.lo, node.hi,
        ]  # fmt: skip
        self.units.add("requant")
        given = ", ".join(map(cpp.number, numbers))
        kind, name = self.kind(wire), self.wires[wire]
        text = f"const {kind} {name} = {kind}(hwg::requant<{given}>::of({self.wires[node.a]}));"
        half = "half a step lower, " if node.half else ""
        note = f"{half}/ {1 << node.shift}, rounded, {node.lo} to {node.hi}"
        yield from cpp.statement(text, note)

    def _held(self, bits: int, wire: Wire) -> None:
        if bits > _MOST:
            raise ConfigError(
                f"a number of {bits} bits is more than HLS C++ holds ({_MOST})",
                self.graph.layers[wire],
                "build without --hls, or give the layer a narrower format",
            )

    def _loop(self, loop: _Loop) -> Iterator[str]:
        """Yield one loop over digits: what it keeps, its steps, and the words it puts together."""
        inside, digit = set(loop.sums), self.digit
        nodes = self.graph.nodes
        terms = [term for w in loop.sums for term in _sum(nodes[w]).terms]
        lines = _lines(terms)
        read = [w for w in dict.fromkeys(term.wire for term in terms) if w not in inside]
        for wire in read:
            self.units.add("serial_unpack")
            node = nodes[wire]
            width, signed = self.graph.width(wire), int(self.graph.lo[wire] < 0)
            name = self._digits(wire)
            given = cpp.literal(node.value) if isinstance(node, Fixed) else self.wires[wire]
            yield f"  hwg::serial_unpack<{width}, {signed}, {digit}> {name}_of({given});"
        for (wire, _, fill), bits in lines.items():
            self.units.add("serial_delay")
            start = f"(ui<{bits}>({fill}))" if fill else ""
            yield f"  hwg::serial_delay<{digit}, {bits}> {self._line(wire, bits, fill)}{start};"
        for wire in loop.sums:
            yield f"  {self._unit(wire)} {self.wires[wire]}_sum;"
        for wire in loop.words:
            self.units.add("serial_pack")
            yield f"  hwg::serial_pack<{digit}, {loop.steps}> {self.wires[wire]}_word;"
        yield f"  for (int step = 0; step < {loop.steps}; ++step) {{"
        yield "    HWG_PIPELINE_LOOP"
        for wire in read:
            name = self._digits(wire)
            yield f"    const ui<{digit}> {name} = {name}_of.next();"
        for wire in loop.sums:
            given = ", ".join(self._operands(wire, lines))
            text = f"const ui<{digit}> {self._digits(wire)} = {self.wires[wire]}_sum.of({given});"
            yield from cpp.statement(text, self._formula(wire), "    ")
        for (wire, _, fill), bits in lines.items():
            yield f"    {self._line(wire, bits, fill)}.next({self._digits(wire)});"
        for wire in loop.words:
            yield f"    {self.wires[wire]}_word.take({self._digits(wire)});"
        yield "  }"
        for wire in loop.words:
            width, signed = self.graph.width(wire), int(self.graph.lo[wire] < 0)
            kind, name = self.kind(wire), self.wires[wire]
            text = f"const {kind} {name} = {name}_word.word<{kind}, {width}, {signed}>();"
            yield from cpp.statement(text, f"[{self.graph.lo[wire]}, {self.graph.hi[wire]}]")

    def _digits(self, wire: Wire) -> str:
        return f"{self.wires[wire]}_d{self.turn}"

    def _line(self, wire: Wire, bits: int, fill: int) -> str:
        name = f"{self.wires[wire]}_line{self.turn}"
        return f"{name}_{bits}_{fill}" if fill else name

    def _unit(self, wire: Wire) -> str:
        node = _sum(self.graph.nodes[wire])
        three = node.ways == 3
        kind = "serial_add3" if three else "serial_add"
        self.units.add(kind)
        subs = [term.sub for term in node.terms]
        mask = sum(1 << i for i, sub in enumerate(subs) if sub) if three else int(any(subs))
        return f"hwg::{kind}<{self.digit}, {mask}, {node.carry}>"

    def _operands(self, wire: Wire, lines: Mapping[tuple[Wire, int, int], int]) -> list[str]:
        node, zero = _sum(self.graph.nodes[wire]), f"ui<{self.digit}>(0)"
        texts = []
        for term in node.terms:
            name = self._digits(term.wire)
            if term.shift:
                bits = lines[_line_of(term)]
                name = f"{self._line(term.wire, bits, term.fill)}.of<{term.shift}>({name})"
            texts.append(name)
        texts += [zero] * (node.ways - len(texts))
        if node.ways == 2 and node.terms[0].sub:
            texts.reverse()
        return texts

    def _formula(self, wire: Wire) -> str:
        node = _sum(self.graph.nodes[wire])
        text = ""
        for term in node.terms:
            name = self.wires[term.wire]
            known = self.graph.nodes[term.wire]
            minus = term.sub
            if isinstance(known, Fixed):
                name, minus = str(abs(known.value)), term.sub != (known.value < 0)
            name = f"({name} << {term.shift})" if term.shift else name
            text += f" {'-' if minus else '+'} {name}"
        if node.extra:
            text += f" {'-' if node.extra < 0 else '+'} {abs(node.extra)}"
        return text[3:] if text.startswith(" + ") else f"-{text[3:]}"

    def _top(self) -> Iterator[str]:
        design = self.design
        yield f"// {design.name}: all layers"
        if self.alone:
            yield "HWG_TOP"
        yield f"{ports.signature(design, self.top)} {{"
        for port in (*design.inputs, *design.outputs) if self.alone else ():
            own = port in design.inputs
            yield f"  HWG_ARRAY({ports.input_name(port) if own else ports.output_name(port)})"
        layers = [layer for layer in self.part.layers if self._gives(layer)]
        for layer in layers:
            yield f"  {self._struct(layer)} {layer.link}_data;"
        for layer in layers:
            links, others = self._from(layer)
            read = [ports.input_name(self.ports[link]) for link in links]
            read += [f"{one.link}_data" for one in others]
            arguments = ", ".join([*read, f"{layer.link}_data"])
            yield f"  {self.names.layers[layer.link]}({arguments});"
        outputs = dict(self.graph.outputs)
        for port in design.outputs:
            kind = ports.kind(port)
            labels = [field.label for field in design.link(port.link).fields]
            for index, result in enumerate(outputs[port.name]):
                given = cpp.number(result.value)
                if result.wire >= 0:
                    given = self._where(result.wire)
                    if result.value:
                        signed = self.graph.lo[result.wire] < 0
                        width = self.graph.width(result.wire) + result.value
                        shift = f"hwg::shl_{'s' if signed else 'u'}<{width}, {result.value}>"
                        given = f"{shift}({self.kind(result.wire)}({given}))"
                text = f"{ports.output_name(port)}[{index}] = {kind}({given});"
                yield from cpp.statement(text, cpp.comment(labels[index]))
        yield "}"


def _sum(node: object) -> Sum:
    assert isinstance(node, Sum)
    return node


def _line_of(term: Term) -> tuple[Wire, int, int]:
    """Return which line a shifted term reads: a constant in what comes in needs one of its own."""
    return (term.wire, term.shift, term.fill) if term.fill else (term.wire, 0, 0)


def _lines(terms: Sequence[Term]) -> dict[tuple[Wire, int, int], int]:
    """Return the lines of a loop, and the bits that each keeps."""
    lines: dict[tuple[Wire, int, int], int] = {}
    for term in terms:
        if term.shift:
            key = _line_of(term)
            lines[key] = max(lines.get(key, 0), term.shift)
    return lines
