# SPDX-License-Identifier: Apache-2.0
"""The logic of a design as C++: a function a layer, a loop over samples, scalar statements.

Compilers turn the loop into vectors of 8 to 32 samples. This form is the hardware's own graph: the
same nodes under the same names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from hwgen.design.types import Design
from hwgen.emit.emulator.lanes import BLOCK, Body, Side, lane_of
from hwgen.emit.hls import cpp
from hwgen.emit.hls.layers import LayerCode, layer_codes, untimed
from hwgen.emit.verilog.formula import formula
from hwgen.emit.verilog.wires import Wires
from hwgen.errors import ConfigError
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Gather,
    In,
    Max,
    Mul,
    Requant,
    Select,
    Shl,
    Table,
    Thresh,
    Wire,
)
from hwgen.logic.nodes.heap import ABSENT, ALWAYS, INVERTED, NOTHING, PLAIN, Pick

_SEARCHED = 24  # thresholds that are compared one by one; more are looked up
_LOOKED_UP = 1 << 16  # entries of a table of steps


class GraphForm:
    """Writer of the graph form.

    Args:
        design: in the parallel style.
        inputs, outputs: its ports.
    """

    def __init__(self, design: Design, inputs: Sequence[Side], outputs: Sequence[Side]) -> None:
        self.design, self.inputs, self.outputs = design, inputs, outputs
        self.wires = Wires(untimed(design))
        self.logic = self.wires.logic
        self.codes = layer_codes(design.pipeline)
        self.ports = {p.link: s for p, s in zip(design.inputs, inputs, strict=True)}
        self.maker = {wire: code for code in self.codes for wire in code.gives}
        self.rows = {code.link: self._rows(code) for code in self.codes}
        self.tables: list[str] = []
        self.named: dict[tuple[int, ...], str] = {}

    def body(self) -> Body:
        """Return the code."""
        scratch = [f"{s.ctype} {s.name}_rows[{s.size} * BLOCK]" for s in self.inputs]
        for code in self.codes:
            for lane, wires in self.rows[code.link].items():
                scratch.append(f"int{lane}_t {code.link}_{lane}[{len(wires)} * BLOCK]")
        functions = [list(self._layer(code)) for code in self.codes]
        return Body(BLOCK, scratch, self.tables, functions, list(self._calls()))

    def lane(self, wire: Wire) -> int:
        """Return the bits of a wire's lane.

        Raises:
            ConfigError: a value or a step towards it is wider than 64 bits.
        """
        lane = lane_of(self.logic.lo[wire], self.logic.hi[wire])
        return self._fits(lane, wire)

    def _fits(self, lane: int, wire: Wire) -> int:
        if lane > 64:
            raise ConfigError(
                "numbers of more than 64 bits; the emulator holds no wider ones",
                self.logic.layers[wire],
                "use hwgen.predict, which computes with integers of any width",
            )
        return lane

    def _rows(self, code: LayerCode) -> Mapping[int, list[Wire]]:
        rows: dict[int, list[Wire]] = defaultdict(list)
        for wire in code.gives:
            rows[self.lane(wire)].append(wire)
        return dict(sorted(rows.items()))

    # A layer

    def _layer(self, code: LayerCode) -> Iterator[str]:
        given = [f"int{lane}_t* __restrict {code.link}_{lane}" for lane in self.rows[code.link]]
        taken: list[str] = []
        for read in code.reads:
            if read.link in self.ports:
                port = self.ports[read.link]
                taken.append(f"const {port.ctype}* __restrict {port.name}_rows")
            else:
                lanes = sorted({self.lane(w) for w in read.wires})
                taken += [f"const int{n}_t* __restrict {read.link}_{n}" for n in lanes]
        head = f"HWG_LANES static void {code.link}_layer"
        yield f"// {cpp.comment(f'{code.name}: {code.note}')}"
        yield from _wrapped(head, ["int groups", *taken, *given])
        yield "  for (int g = 0; g < groups; ++g)"
        yield "  HWG_INDEPENDENT"
        yield "  for (int s = g * GROUP; s < g * GROUP + GROUP; ++s) {"
        for read in code.reads:
            for wire in read.wires:
                kind, name = f"int{self.lane(wire)}_t", self.wires.names[wire]
                yield f"    const {kind} {name} = {self.place(wire)};"
        for wire in code.wires:
            yield from self._statement(wire)
        for lane, wires in self.rows[code.link].items():
            for index, wire in enumerate(wires):
                yield f"    {code.link}_{lane}[{index} * BLOCK + s] = {self.wires.names[wire]};"
        yield "  }"
        yield "}"

    def place(self, wire: Wire, scratch: str = "") -> str:
        """Return where a wire lies outside of its own layer."""
        node = self.logic.nodes[wire]
        if isinstance(node, In):
            return f"{scratch}{self.ports[node.port].name}_rows[{node.index} * BLOCK + s]"
        link, lane = self.maker[wire].link, self.lane(wire)
        return f"{scratch}{link}_{lane}[{self.rows[link][lane].index(wire)} * BLOCK + s]"

    def _calls(self) -> Iterator[str]:
        yield "const int groups = int((samples + GROUP - 1) / GROUP);"
        for side in self.inputs:
            rows = f"scratch.{side.name}_rows"
            yield f"transpose<{side.size}, BLOCK>({side.name}, {rows}, samples);"
        for code in self.codes:
            read: list[str] = []
            for one in code.reads:
                if one.link in self.ports:
                    read.append(f"scratch.{self.ports[one.link].name}_rows")
                else:
                    lanes = sorted({self.lane(w) for w in one.wires})
                    read += [f"scratch.{one.link}_{n}" for n in lanes]
            given = [f"scratch.{code.link}_{n}" for n in self.rows[code.link]]
            call = f"{code.link}_layer({', '.join(['groups', *read, *given])});"
            yield from cpp.statement(call, indent="")
        wires = dict(self.logic.outputs)
        yield "for (size_t s = 0; s < samples; ++s) {"
        for port, side in zip(self.design.outputs, self.outputs, strict=True):
            for index, wire in enumerate(wires[port.name]):
                value = self.wires.const(wire)
                text = self.place(wire, "scratch.") if value is None else cpp.number(value)
                yield f"  {side.name}[s * {side.size} + {index}] = {text};"
        yield "}"

    # A node

    def _statement(self, wire: Wire) -> Iterator[str]:
        node, name, lane = self.logic.nodes[wire], self.wires.names[wire], self.lane(wire)
        ends = f"[{self.logic.lo[wire]}, {self.logic.hi[wire]}]"
        said = formula(self.wires, wire)
        note = f"{said}   {ends}" if said else ends
        kind = f"int{lane}_t"
        if isinstance(node, Requant):
            yield from self._requant(wire, node, note)
        elif isinstance(node, Thresh):
            yield from self._thresh(wire, node, note)
        elif isinstance(node, Chain):
            yield from self._chain(wire, node)
        else:
            text = f"const {kind} {name} = {kind}({self._value(wire)});"
            yield from cpp.statement(text, note, "    ")

    def _step(self, wire: Wire) -> int:
        """Return the bits of the type in which a node computes: 32, or 64."""
        node = self.logic.nodes[wire]
        peaks = [max(-self.logic.lo[w], self.logic.hi[w]) for w in node.operands]
        reach = max(node.reach(peaks), -self.logic.lo[wire], self.logic.hi[wire])
        return self._fits(lane_of(-reach, reach, 32), wire)

    def operand(self, wire: Wire, bits: int) -> str:
        """Return an operand, promoted where it has to compute with more than an int."""
        value = self.wires.const(wire)
        if value is not None:
            return cpp.number(value)
        name = self.wires.names[wire]
        return f"int64_t({name})" if bits == 64 and self.lane(wire) < 64 else name

    def _value(self, wire: Wire) -> str:
        node, bits = self.logic.nodes[wire], self._step(wire)
        match node:
            case Add() | Add3():
                return self._sum(node, bits)
            case Shl(a, shift):
                return f"{self.operand(a, bits)} * {cpp.number(1 << shift)}"
            case Mul(a, b):
                return f"{self.operand(a, bits)} * {self.operand(b, bits)}"
            case Max(a, b, least):
                one, other = self.operand(a, bits), self.operand(b, bits)
                return f"{one} {'<' if least else '>'} {other} ? {one} : {other}"
            case Select(a, on_neg, on_pos):
                choice = f"{self.operand(on_neg, bits)} : {self.operand(on_pos, bits)}"
                return f"{self.operand(a, 32)} < 0 ? {choice}"
            case Table():
                return f"{self._values(wire, node.values)}[{self._address(node)}]"
            case Gather(_, picks, signed):
                top, width = len(picks) - 1, self.wires.width[wire]
                return (
                    "".join(
                        f"{'-' if signed and at == top else '+'} {self._single(node, pick, bits)}"
                        f" * {cpp.number(1 << at)} "
                        for at, pick in enumerate(picks)
                        if at < width or signed
                    )
                    .removeprefix("+ ")
                    .rstrip()
                )
            case _:
                raise AssertionError(f"no C++ for {type(node).__name__}")

    def _sum(self, node: Add | Add3, bits: int) -> str:
        parts: list[tuple[bool, str]] = []
        total = 0
        for wire, shift, sub in node.terms:
            value = self.wires.const(wire)
            if value is not None:
                total += -(value << shift) if sub else value << shift
                continue
            text = self.operand(wire, bits)
            parts.append((sub, f"{text} * {cpp.number(1 << shift)}" if shift else text))
        if total:
            parts.append((total < 0, cpp.number(abs(total))))
        parts.sort(key=lambda part: part[0])
        text = "".join(f" {'-' if sub else '+'} {term}" for sub, term in parts)
        return text[3:] if text.startswith(" + ") else f"-{text[3:]}"

    def _chain(self, wire: Wire, node: Chain) -> Iterator[str]:
        """Yield a sum of single bits, and what leaves it at the top."""
        name, step, width = self.wires.names[wire], self._step(wire), node.positions
        kind, lane = f"int{step}_t", f"int{self.lane(wire)}_t"
        parts = [self._single(node, pick, step) for pick in node.enter if pick != NOTHING]
        last: list[str] = []
        for i in range(width):
            last = [
                self._one_term(node, truth, node.picks[4 * i + k], i, step)
                for k, truth in enumerate(node.terms(i))
                if truth != ABSENT
            ]
            parts += [f"{one} * {cpp.number(1 << i)}" if i else one for one in last]
        text = f"const {kind} {name}_t = {kind}({' + '.join(parts) or '0'});"
        yield from cpp.statement(text, f"chain of {width} positions", "    ")
        word = f"({name}_t & {cpp.number((1 << width) - 1)})"
        if node.leave:
            majority = f"(({' + '.join(last)}) >> 1)" if node.majorities[-1] else "0"
            yield from cpp.statement(f"const {kind} {name}_m = {majority};", indent="    ")
            word += f" + (({name}_t >> {width}) - {name}_m) * {cpp.number(1 << width)}"
            if node.leave > 1:
                word += f" + {name}_m * {cpp.number(2 << width)}"
        yield from cpp.statement(f"const {lane} {name} = {lane}({word});", indent="    ")

    def _one_term(self, node: Chain, truth: int, pick: Pick, position: int, bits: int) -> str:
        if truth == ALWAYS:
            return "1"
        own, gate = self._single(node, pick, bits), node.picks[4 * position + 3]
        if truth == PLAIN:
            return own
        if truth == INVERTED or gate[0] < 0:
            return f"({own} ^ 1)" if truth & 3 == INVERTED & 3 else own
        return f"(({truth} >> ({own} + 2 * {self._single(node, gate, bits)})) & 1)"

    def _single(self, node: Chain | Gather, pick: Pick, bits: int) -> str:
        place, at = pick
        if place < 0:
            return str(at)
        value = self.wires.const(node.ins[place])
        if value is not None:
            return str(value >> at & 1)
        name = self.operand(node.ins[place], bits)
        return f"(({name} >> {at}) & 1)" if at else f"({name} & 1)"

    def _requant(self, wire: Wire, node: Requant, note: str) -> Iterator[str]:
        """Yield the steps of a requantizer, in the shortest lane that holds all of them."""
        logic, name, lane = self.logic, self.wires.names[wire], self.lane(wire)
        peak = max(-logic.lo[node.a], logic.hi[node.a])
        step = self._fits(lane_of(-node.reach([peak]), node.reach([peak])), wire)
        kind, half = f"int{step}_t", 1 << node.shift >> 1
        yield from cpp.statement(f"// {name}: {note}", indent="    ")
        text = self.operand(node.a, step)
        if node.half:
            yield f"    const {kind} {name}_h = {kind}({text} - {cpp.number(half)});"
            text = f"{name}_h"
        if node.shift:
            odd = f"(({text} >> {node.shift}) & 1)"
            rest = f" + {cpp.number(half - 1)}" if half > 1 else ""
            yield f"    const {kind} {name}_t = {kind}({text}{rest} + {odd});"
            yield f"    const {kind} {name}_r = {kind}({name}_t >> {node.shift});"
            text = f"{name}_r"
        low, high = map(node.rounded, (logic.lo[node.a], logic.hi[node.a]))
        if low < node.lo:
            bound = cpp.number(node.lo)
            yield f"    const {kind} {name}_l = {kind}({text} < {bound} ? {bound} : {text});"
            text = f"{name}_l"
        if high > node.hi:
            bound = cpp.number(node.hi)
            text = f"{text} > {bound} ? {bound} : {text}"
        yield f"    const int{lane}_t {name} = int{lane}_t({text});"

    def _thresh(self, wire: Wire, node: Thresh, note: str) -> Iterator[str]:
        """Yield a step function: comparisons, or a table of all codes where there are many."""
        name, lane, source = self.wires.names[wire], self.lane(wire), self.operand(node.a, 32)
        kind = f"int{lane}_t"
        lo, hi = self.logic.lo[node.a], self.logic.hi[node.a]
        many = len(node.thresholds) > _SEARCHED and hi - lo < _LOOKED_UP
        if many:
            values, at = [], 0
            for code in range(lo, hi + 1):
                while at < len(node.thresholds) and node.thresholds[at] <= code:
                    at += 1
                values.append(node.values[at])
            table = self._values(wire, tuple(values))
            index = f"{source} - {cpp.number(lo)}" if lo > 0 else f"{source} + {cpp.number(-lo)}"
            yield from cpp.statement(
                f"const {kind} {name} = {kind}({table}[{index}]);", note, "    "
            )
            return
        reach = max(map(abs, (*node.values, *node.thresholds, lo, hi)))
        bits = self._fits(lane_of(-reach, reach, 32), wire)
        steps = f"int{bits}_t"
        yield from cpp.statement(f"// {name}: {note}", indent="    ")
        text = cpp.number(node.values[0])
        yield f"    {steps} {name}_v = {text};"
        for limit, value in zip(node.thresholds, node.values[1:], strict=True):
            chosen = f"{source} >= {cpp.number(limit)} ? {steps}({cpp.number(value)}) : {name}_v"
            yield f"    {name}_v = {chosen};"
        yield f"    const {kind} {name} = {kind}({name}_v);"

    def _values(self, wire: Wire, values: tuple[int, ...]) -> str:
        """Return the name of an array of constants; equal ones are one."""
        if values not in self.named:
            name = f"TABLE_{len(self.named)}"
            lane = self._fits(lane_of(min(values), max(values), 8), wire)
            head = f"const int{lane}_t {name}[{len(values)}]"
            self.tables += cpp.table(f"static {head}", map(cpp.number, values))
            self.named[values] = name
        return self.named[values]

    def _address(self, node: Table) -> str:
        """Return the address of a table; neighbours in an operand are one part of it."""
        runs: list[list[int]] = []  # place, lowest bit, bits, position in the address
        for at, (place, bit) in enumerate(node.picks):
            if runs and runs[-1][0] == place and runs[-1][1] + runs[-1][2] == bit:
                runs[-1][2] += 1
            else:
                runs.append([place, bit, 1, at])
        terms = []
        for place, low, bits, at in runs:
            name = self.operand(node.ins[place], 32)
            text = f"({name} >> {low})" if low else name
            text = f"({text} & {(1 << bits) - 1})"
            terms.append(f"{text} * {1 << at}" if at else text)
        return " + ".join(terms)


def _wrapped(head: str, arguments: Sequence[str]) -> Iterator[str]:
    """Yield the head of a function, an argument a line where one line does not hold them."""
    line = f"{head}({', '.join(arguments)}) {{"
    if len(line) <= cpp.LINE:
        yield line
        return
    yield f"{head}("
    yield from (f"    {one}," for one in arguments[:-1])
    yield f"    {arguments[-1]}) {{"
