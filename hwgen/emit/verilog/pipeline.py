# SPDX-License-Identifier: Apache-2.0
"""The module of one layer: its logic, one wire a node, grouped by cycle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Layer, Tap
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.formula import formula
from hwgen.emit.verilog.instances import Instance, instance_of, shared
from hwgen.emit.verilog.layout import Packed, banner, sink
from hwgen.emit.verilog.truth_table import bits_read, looked_up, placed
from hwgen.emit.verilog.wires import Wires
from hwgen.emit.verilog.words import described
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Const,
    Gather,
    PlacedTable,
    Select,
    Shl,
    Table,
    Wire,
)

_COMMENT_COLUMN = 60
KEPT = '(* shreg_extract = "no" *) '  # AMD: no shift register takes the place of these flip-flops


class _Use:
    """Use of a wire by a reader.

    Attributes:
        depth: registers behind the wire.
        reads: what is read behind the last of them: lowest bit, bits.
        sign_depth: the longest delay at which the sign alone is read; -1 if it never is.
    """

    __slots__ = ("depth", "reads", "sign_depth")

    def __init__(self) -> None:
        self.depth, self.sign_depth = 0, -1
        self.reads: set[tuple[int, int]] = set()

    def read(self, delay: int, low: int, bits: int) -> None:
        if delay > self.depth:
            self.depth, self.reads = delay, set()
        if delay == self.depth:
            self.reads.add((low, bits))


@dataclass(frozen=True)
class LayerText:
    """A layer's module.

    Attributes:
        text: the file.
        clocked: whether it has a ``clk_i``.
        units: hand-written units it instantiates.
    """

    text: str
    clocked: bool
    units: frozenset[str]


class _Writer:
    """State of writing one layer."""

    def __init__(
        self,
        design: Design,
        layer: Layer,
        names: ModuleNames,
        links: Mapping[str, Packed],
        wires: Wires,
        constants: Mapping[Wire, tuple[str, str]],
    ) -> None:
        self.design, self.layer, self.names = design, layer, names
        self.pipeline = design.pipeline
        self.logic, self.cycle = self.pipeline.logic, self.pipeline.cycle
        self.wires, self.width = wires, wires.width
        self.links = [(links[source.link], source) for source in layer.sources]
        self.own = sorted(layer.wires, key=lambda w: (self.cycle[w], w))
        self.arriving = {tap for source in layer.sources for tap in source.taps}
        self.uses: dict[Wire, _Use] = {w: _Use() for w in self.own}
        self.taken: dict[Tap, set[tuple[int, int]]] = {tap: set() for tap in self.arriving}
        self.instances: dict[Wire, Instance] = {}
        for wire in self.own:
            found = instance_of(wires, wire, constants)
            if found is not None:
                self.instances[wire] = found
        self.shared = shared(tuple(self.instances.values()))
        self.depth: dict[Wire, int] = {}  # adder levels since the last register
        self._collect()
        self.kept: set[str] = set()  # registers of a link, which stay flip-flops
        self.registers = self._registers()

    def _collect(self) -> None:
        """Find out how each wire is read, hence how long it is kept."""
        for wire in self.own:
            node, width = self.logic.nodes[wire], self.width[wire]
            for i, read in enumerate(node.operands):
                if isinstance(self.logic.nodes[read], Const):
                    continue
                delay = self.cycle[wire] - self.cycle[read]
                assert delay >= 0, f"n{wire} reads n{read} before it exists"
                if isinstance(node, Select) and i == 0:
                    self._read(Tap(read, delay, True), 1)
                elif isinstance(node, Table):
                    for bit in bits_read(node, i):
                        self._read(Tap(read, delay), 1, bit)
                elif isinstance(node, Chain | Gather):
                    for bit in sorted({at for place, at in node.bits() if place == i}):
                        self._read(Tap(read, delay), 1, bit)
                else:
                    some = isinstance(node, Add | Select)
                    bits = min(width, self.width[read]) if some else self.width[read]
                    self._read(Tap(read, delay), bits)
        for tap in self.layer.exports:
            self._read(tap, self.width[tap.wire])

    def _read(self, tap: Tap, bits: int, low: int = 0) -> None:
        use = self.uses.get(tap.wire)
        if use is None:
            self.taken.setdefault(tap, set()).add((low, bits))
        elif tap.sign:
            use.sign_depth = max(use.sign_depth, tap.delay)
        else:
            use.read(tap.delay, low, bits)

    def _negative(self, wire: Wire, cycle: int) -> str:
        """Return the sign bit of a wire."""
        tap = Tap(wire, cycle - self.cycle[wire], True)
        use = self.uses.get(wire)
        alone = tap in self.arriving if use is None else tap.delay > use.depth
        if alone:
            return self.wires.sign(tap)
        return f"{self.wires.at(wire, tap.delay)}[{self.width[wire] - 1}]"

    # Text of one node

    def _node(self, wire: Wire) -> Iterator[str]:
        node, at, width = self.logic.nodes[wire], self.cycle[wire], self.width[wire]
        match node:
            case Add():
                yield from self._wire(wire, self._sum(node, at, width))
            case Shl(a, shift):
                yield from self._wire(wire, f"{{{self.wires.whole(a, at)}, {shift}'d0}}")
            case Select(a, on_neg, on_pos):
                choice = [self.wires.cast(w, at, width) for w in (on_neg, on_pos)]
                yield from self._wire(wire, f"{self._negative(a, at)} ? {' : '.join(choice)}")
            case Gather(_, picks):
                bits = [self.wires.bit(node, pick, at) for pick in picks[:width]]
                yield from self._wire(wire, sv.concat(bits))
            case PlacedTable(ins) | Table(ins):
                yield from self._wire(wire)
                read = [self.wires.whole(w, at) for w in ins]
                name = self.wires.names[wire]
                yield from looked_up(node, name, read, [self.width[w] for w in ins])
            case _:
                unit, name = self.instances[wire], self.wires.names[wire]
                common = self.shared.names
                params = [(k, common.get((unit.module, k, v), v)) for k, v in unit.params]
                yield from self._wire(wire)
                ports = [*unit.ports, ("data_o", name)]
                yield from sv.unit(unit.module, f"u_{name}", params, ports)

    def _sum(self, node: Add, at: int, width: int) -> str:
        (a, shift_a), (b, shift_b), sub = (node.a, node.shift_a), (node.b, node.shift_b), node.sub
        if self.wires.const(a) is not None and not sub:  # n3 + 5, not 5 + n3
            (a, shift_a), (b, shift_b) = (b, shift_b), (a, shift_a)
        right = self.wires.cast(b, at, width, shift_b)
        if sub and self.wires.const(a) == 0:
            # Yosys takes -5'(n3) for a cast to -5 bits.
            return f"-{right}" if right.isidentifier() else f"-({right})"
        left = self.wires.cast(a, at, width, shift_a)
        if right.startswith("-"):  # n3 - 5, not n3 + -5
            magnitude = -((self.wires.const(b) or 0) << shift_b)
            right, sub = sv.literal(magnitude, width), not sub
        return f"{left} {'-' if sub else '+'} {right}"

    def _wire(self, wire: Wire, expression: str = "") -> Iterator[str]:
        """Yield the declaration of a wire, with what it computes and its interval."""
        value = f" = {expression}" if expression else ""
        text = f"  wire {self.wires.kind(wire)} {self.wires.names[wire]}{value};"
        note = self._remark(wire)
        lines = f"{text:<{_COMMENT_COLUMN}}  // {note}", f"{text}  // {note}"
        fitting = [line for line in lines if len(line) <= sv.LINE]
        if fitting:
            yield fitting[0]
        else:
            yield from (f"  // {part}" for part in wrap(note, sv.LINE - 5))
            yield text

    def _remark(self, wire: Wire) -> str:
        """Return the comment of a node: formula, interval and, of an adder, its depth in adders."""
        node, cycle = self.logic.nodes[wire], self.cycle
        levels = [self.depth.get(r, 0) for r in node.operands if cycle[r] == cycle[wire]]
        adds = isinstance(node, Add | Add3 | Chain)
        self.depth[wire] = max(levels, default=0) + int(adds)
        ends = f"[{self.logic.lo[wire]}, {self.logic.hi[wire]}]"
        ends = f"{ends} depth {self.depth[wire]}" if adds else ends
        said = formula(self.wires, wire)
        return f"{said}   {ends}" if said else ends

    # Text of the layer

    def _inputs(self) -> Iterator[str]:
        for link, source in self.links:
            reads: dict[int, list[tuple[int, int]]] = {}
            cycles = [self.pipeline.arrives(tap) for tap in source.taps]
            shown = None
            for cycle, tap in sorted(zip(cycles, source.taps, strict=True)):
                late = link.late(tap)
                low, width = link.at(tap), self.pipeline.width(tap)
                reads.setdefault(late, []).append((low, width))
                if cycle != shown and len(set(cycles)) > 1:
                    yield f"  // values of {link.name} that arrive in cycle {cycle}"
                shown = cycle
                part = sv.bits(f"{link.named(late)}_i", low, width, link.bits)
                kind = f"{self.wires.kind(tap.wire)} " if not tap.sign else ""
                name = self.wires.at(tap.wire, tap.delay)
                name = self.wires.sign(tap) if tap.sign else name
                yield f"  wire {kind}{name} = {part};"
            for late, parts in reads.items():
                yield from sink(f"{link.named(late)}_i", link.named(late), link.bits, parts)

    def _registers(self) -> dict[int, list[tuple[str, str, str]]]:
        """Return (kind, register, value it takes) by the cycle the register belongs to."""
        table: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
        leaving = {tap.wire for tap in self.layer.exports}
        for wire, use in self.uses.items():
            arrives, kind = self.cycle[wire], self.wires.kind(wire)
            for delay in range(1, self.pipeline.links.count + 1 if wire in leaving else 1):
                self.kept.update(
                    (self.wires.at(wire, delay), self.wires.sign(Tap(wire, delay, True)))
                )
            for delay in range(1, use.depth + 1):
                row = (kind, self.wires.at(wire, delay), self.wires.at(wire, delay - 1))
                table[arrives + delay].append(row)
            for delay in range(use.depth + 1, use.sign_depth + 1):
                value = self._negative(wire, arrives + delay - 1)
                name = self.wires.sign(Tap(wire, delay, True))
                table[arrives + delay].append(("", name, value))
        return table

    def _declared(self, kind: str, name: str) -> str:
        kept = KEPT if name in self.kept else ""
        return f"  {kept}logic {f'{kind} ' if kind else ''}{name};"

    def _sinks(self) -> Iterator[str]:
        """Yield sinks for bits that are computed and not read (upper bits that cancel, signs)."""
        for wire, use in self.uses.items():
            width = self.width[wire]
            reads = sorted(use.reads)
            if use.sign_depth >= use.depth:
                reads.append((width - 1, 1))
            name = self.wires.names[wire]
            yield from sink(self.wires.at(wire, use.depth), name, width, reads)
        for tap in sorted(self.arriving):
            width, name = self.width[tap.wire], self.wires.at(tap.wire, tap.delay)
            if not tap.sign:
                reads = sorted(self.taken[tap])
                if Tap(tap.wire, tap.delay, True) in self.taken:
                    reads.append((width - 1, 1))
                yield from sink(name, name, width, reads)

    def write(self) -> LayerText:
        by_cycle: dict[int, list[Wire]] = defaultdict(list)
        for wire in self.own:
            by_cycle[self.cycle[wire]].append(wire)
        body = [*self.shared.lines, *([""] if self.shared.lines else []), *self._inputs()]
        for cycle in range(self.layer.start, self.layer.end + 1):
            rows, wires = self.registers.get(cycle, []), by_cycle.get(cycle, [])
            if rows or wires:
                body += ["", f"  // cycle {cycle}"]
            if rows:
                body += [self._declared(kind, name) for kind, name, _ in rows]
                body.append("  always_ff @(posedge clk_i) begin")
                body += [f"    {name} <= {value};" for _, name, value in rows]
                body.append("  end")
            for wire in wires:
                body += self._node(wire)
        sinks = list(self._sinks())
        if sinks:
            body += ["", "  // bits that nothing reads", *sinks]
        out = [self._export(tap) for tap in self.layer.exports]
        body += ["", f"  assign {self.layer.link}_data_o = {sv.concat(out)};"]
        used = {unit.module for unit in self.instances.values()}
        used |= {unit for wire in self.own for unit in placed(self.logic.nodes[wire])}
        return LayerText(self._file(body), bool(self.registers), frozenset(used))

    def _export(self, tap: Tap) -> str:
        cycle = self.pipeline.arrives(tap)
        return self._negative(tap.wire, cycle) if tap.sign else self.wires.whole(tap.wire, cycle)

    def _raised(self) -> Iterator[str]:
        """Yield a line on outputs that are half a step of a rounding higher than the layer's."""
        wires = {tap.wire for tap in self.layer.exports}
        steps = sorted({self.wires.half[wire] for wire in wires if wire in self.wires.half})
        count = sum(wire in self.wires.half for wire in wires)
        if steps:
            told = " or ".join(map(str, steps))
            which = "every output" if count == len(wires) else f"{count} of {len(wires)} outputs"
            yield f"Half a step of the rounding that follows, {told}, is in {which} already."

    def _file(self, body: list[str]) -> str:
        layer = self.layer
        clock = [sv.PortDecl("input", None, "clk_i")] if self.registers else []
        ins = [
            sv.PortDecl("input", link.bits, f"{link.named(late)}_i")
            for link, source in self.links
            for late in sorted(set(map(link.late, source.taps)))
        ]
        link = self.design.link(layer.link)
        outs = [sv.PortDecl("output", link.bits, f"{layer.link}_data_o", described(link))]
        lines = sv.module(self.names.layers[layer.link], [*clock, *ins, *outs], body)
        header = [
            *banner(self.design, sv.plain(f"{layer.name}: {layer.note}")),
            "Cycles count registers since the network input; links hold their first value in the "
            "lowest bits.",
            "`n7_q2` is `n7` two cycles later, `fc1_y7` output 7 of fc1; comments tell what is "
            "computed and its range.",
            *self._raised(),
        ]
        return sv.file(header, lines)


def layer_module(
    design: Design,
    layer: Layer,
    names: ModuleNames,
    links: Mapping[str, Packed],
    wires: Wires,
    constants: Mapping[Wire, tuple[str, str]],
) -> LayerText:
    """Return the module of *layer*.

    *constants* names, for every threshold node, its two constants in the package.
    """
    return _Writer(design, layer, names, links, wires, constants).write()
