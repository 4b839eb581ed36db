# SPDX-License-Identifier: Apache-2.0
"""The module of one layer: its logic, one wire a node, grouped by cycle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Layer, Tap
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.layout import Packed, banner, sink
from hwgen.emit.verilog.truth_table import bits_read, looked_up
from hwgen.ir.fixed import bits_for
from hwgen.logic.builder import Logic
from hwgen.logic.nodes import (
    Add,
    Add3,
    Const,
    Max,
    Mul,
    Requant,
    Select,
    Shl,
    Table,
    Thresh,
    Wire,
)

_COMMENT_COLUMN = 60


class _Use:
    """How a wire is read.

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
        constants: Mapping[Wire, tuple[str, str]],
        width: Sequence[int],
    ) -> None:
        self.design, self.layer, self.names = design, layer, names
        self.pipeline = design.pipeline
        self.logic: Logic = self.pipeline.logic
        self.cycle = self.pipeline.cycle
        self.constants, self.width = constants, width
        self.links = [(links[source.link], source) for source in layer.sources]
        self.own = sorted(layer.wires, key=lambda w: (self.cycle[w], w))
        self.arriving = {tap for source in layer.sources for tap in source.taps}
        self.uses: dict[Wire, _Use] = {w: _Use() for w in self.own}
        self.taken: dict[Tap, set[tuple[int, int]]] = {tap: set() for tap in self.arriving}
        self.units: set[str] = set()
        self.depth: dict[Wire, int] = {}  # adder levels since the last register
        self._collect()
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

    # Names and operands

    def _at(self, wire: Wire, delay: int) -> str:
        return f"n{wire}_q{delay}" if delay else f"n{wire}"

    def _kind(self, wire: Wire) -> str:
        sign = "signed " if self.logic.lo[wire] < 0 else ""
        return f"{sign}{sv.span(self.width[wire])}"

    def _const(self, wire: Wire) -> int | None:
        node = self.logic.nodes[wire]
        return node.value if isinstance(node, Const) else None

    def _whole(self, wire: Wire, cycle: int) -> str:
        """Return an operand in its own width and sign."""
        value = self._const(wire)
        if value is None:
            return self._at(wire, cycle - self.cycle[wire])
        return sv.literal(value, self.width[wire])

    def _cast(self, wire: Wire, cycle: int, width: int, shift: int = 0) -> str:
        """Return ``wire << shift`` as a term of *width* bits; exact modulo ``2**width``."""
        value = self._const(wire)
        if value is not None:
            value <<= shift
            fits = -(1 << (width - 1)) <= value < (1 << width)
            return sv.literal(value if fits else value % (1 << width), width)
        name = self._whole(wire, cycle)
        term = name if self.width[wire] == width else f"{width}'({name})"
        return f"({term} << {shift})" if shift else term

    def _negative(self, wire: Wire, cycle: int) -> str:
        """Return the sign bit of a wire."""
        tap = Tap(wire, cycle - self.cycle[wire], True)
        use = self.uses.get(wire)
        alone = tap in self.arriving if use is None else tap.delay > use.depth
        if alone:
            return self._sign(tap)
        return f"{self._at(wire, tap.delay)}[{self.width[wire] - 1}]"

    def _sign(self, tap: Tap) -> str:
        return f"n{tap.wire}_neg" + (f"_q{tap.delay}" if tap.delay else "")

    # Text of one node

    def _node(self, wire: Wire) -> Iterator[str]:
        node, at, width = self.logic.nodes[wire], self.cycle[wire], self.width[wire]
        match node:
            case Add():
                yield self._wire(wire, self._sum(node, at, width))
            case Add3():
                yield from self._sum_of_three(wire, node, at)
            case Shl(a, shift):
                yield self._wire(wire, f"{{{self._whole(a, at)}, {shift}'d0}}")
            case Select(a, on_neg, on_pos):
                picked = f"{self._cast(on_neg, at, width)} : {self._cast(on_pos, at, width)}"
                yield self._wire(wire, f"{self._negative(a, at)} ? {picked}")
            case Mul(a, b) | Max(a, b):
                params = [*self._format("A", a), *self._format("B", b), ("OutWidth", str(width))]
                if isinstance(node, Max):
                    params.append(("Least", str(int(node.least))))
                ports = [("a_i", self._whole(a, at)), ("b_i", self._whole(b, at))]
                module = "hwg_max" if isinstance(node, Max) else "hwg_mul"
                yield from self._unit(module, wire, params, ports)
            case Requant(a, shift, lo, hi, half):
                lowest, highest = map(node.rounded, (self.logic.lo[a], self.logic.hi[a]))
                params = [
                    *self._format("In", a),
                    ("Shift", str(shift)),
                    *([("Half", "1")] if half else []),
                    ("OutWidth", str(width)),
                    ("SatLo", str(int(lowest < lo))),
                    ("SatHi", str(int(highest > hi))),
                    ("Lo", sv.signed_literal(lo, width + 1)),
                    ("Hi", sv.signed_literal(hi, width + 1)),
                ]
                yield from self._unit("hwg_requant", wire, params, [("data_i", self._whole(a, at))])
            case Thresh(a, thresholds, _):
                limits, values = self.constants[wire]
                package = self.names.package
                params = [
                    *self._format("In", a),
                    ("N", str(len(thresholds))),
                    ("OutWidth", str(width)),
                    ("Thresholds", f"{package}::{limits}"),
                    ("Values", f"{package}::{values}"),
                ]
                yield from self._unit("hwg_thresh", wire, params, [("data_i", self._whole(a, at))])
            case Table(ins):
                yield self._wire(wire)
                named = [self._whole(w, at) for w in ins]
                yield from looked_up(node, f"n{wire}", named, [self.width[w] for w in ins])
            case _:  # pragma: no cover
                raise AssertionError(f"no text for {node}")

    def _sum(self, node: Add, at: int, width: int) -> str:
        (a, shift_a), (b, shift_b), sub = (node.a, node.shift_a), (node.b, node.shift_b), node.sub
        if self._const(a) is not None and not sub:  # n3 + 5, not 5 + n3
            (a, shift_a), (b, shift_b) = (b, shift_b), (a, shift_a)
        right = self._cast(b, at, width, shift_b)
        if sub and self._const(a) == 0:
            # Yosys takes -5'(n3) for a cast to -5 bits.
            return f"-{right}" if right.isidentifier() else f"-({right})"
        left = self._cast(a, at, width, shift_a)
        if right.startswith("-"):  # n3 - 5, not n3 + -5
            magnitude = -((self._const(b) or 0) << shift_b)
            right, sub = sv.literal(magnitude, width), not sub
        return f"{left} {'-' if sub else '+'} {right}"

    def _sum_of_three(self, wire: Wire, node: Add3, at: int) -> Iterator[str]:
        params: list[tuple[str, str]] = []
        ports: list[tuple[str, str]] = []
        terms = (
            ("A", node.a, node.shift_a, None),
            ("B", node.b, node.shift_b, node.sub_b),
            ("C", node.c, node.shift_c, node.sub_c),
        )
        for name, term, shift, sub in terms:
            value = self._const(term)
            if value:  # a constant starts at its lowest one: the carry chain may start later
                zeros = (value & -value).bit_length() - 1
                value, shift = value >> zeros, shift + zeros
                width = bits_for(value, value)
                params += [(f"{name}Width", str(width)), (f"{name}Signed", str(int(value < 0)))]
                ports.append((f"{name.lower()}_i", sv.literal(value, width)))
            else:
                params += self._format(name, term)
                ports.append((f"{name.lower()}_i", self._whole(term, at)))
            params.append((f"{name}Shift", str(shift)))
            if sub is not None:
                params.append((f"{name}Sub", str(int(sub))))
        params.append(("OutWidth", str(self.width[wire])))
        yield from self._unit("hwg_add3", wire, params, ports)

    def _format(self, prefix: str, wire: Wire) -> list[tuple[str, str]]:
        signed = int(self.logic.lo[wire] < 0)
        return [(f"{prefix}Width", str(self.width[wire])), (f"{prefix}Signed", str(signed))]

    def _wire(self, wire: Wire, expression: str = "") -> str:
        value = f" = {expression}" if expression else ""
        text = f"  wire {self._kind(wire)} n{wire}{value};"
        return f"{text:<{_COMMENT_COLUMN}}  {self._remark(wire)}"

    def _remark(self, wire: Wire) -> str:
        """Return the comment of a node: its interval and, of an adder, its depth in adders."""
        node, cycle = self.logic.nodes[wire], self.cycle
        levels = [self.depth.get(r, 0) for r in node.operands if cycle[r] == cycle[wire]]
        adds = isinstance(node, Add | Add3)
        self.depth[wire] = max(levels, default=0) + int(adds)
        note = f"// [{self.logic.lo[wire]}, {self.logic.hi[wire]}]"
        return f"{note} depth {self.depth[wire]}" if adds else note

    def _unit(
        self, module: str, wire: Wire, params: list[tuple[str, str]], ports: list[tuple[str, str]]
    ) -> Iterator[str]:
        self.units.add(module)
        yield self._wire(wire)
        yield from sv.unit(module, f"u_n{wire}", params, [*ports, ("data_o", f"n{wire}")])

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
                    yield f"  // {link.name}, what is there in cycle {cycle}"
                shown = cycle
                part = sv.bits(f"{link.named(late)}_i", low, width, link.bits)
                kind = f"{self._kind(tap.wire)} " if not tap.sign else ""
                name = self._sign(tap) if tap.sign else self._at(tap.wire, tap.delay)
                yield f"  wire {kind}{name} = {part};"
            for late, parts in reads.items():
                yield from sink(f"{link.named(late)}_i", link.named(late), link.bits, parts)

    def _registers(self) -> dict[int, list[tuple[str, str, str]]]:
        """Return (kind, register, value it takes) by the cycle the register belongs to."""
        table: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
        for wire, use in self.uses.items():
            arrives, kind = self.cycle[wire], self._kind(wire)
            for delay in range(1, use.depth + 1):
                row = (kind, self._at(wire, delay), self._at(wire, delay - 1))
                table[arrives + delay].append(row)
            for delay in range(use.depth + 1, use.sign_depth + 1):
                value = self._negative(wire, arrives + delay - 1)
                table[arrives + delay].append(("", f"n{wire}_neg_q{delay}", value))
        return table

    def _sinks(self) -> Iterator[str]:
        """Yield sinks for bits that are computed and not read (upper bits that cancel, signs)."""
        for wire, use in self.uses.items():
            width = self.width[wire]
            reads = sorted(use.reads)
            if use.sign_depth >= use.depth:
                reads.append((width - 1, 1))
            yield from sink(self._at(wire, use.depth), f"n{wire}", width, reads)
        for tap in sorted(self.arriving):
            width, name = self.width[tap.wire], self._at(tap.wire, tap.delay)
            if not tap.sign:
                reads = sorted(self.taken[tap])
                if Tap(tap.wire, tap.delay, True) in self.taken:
                    reads.append((width - 1, 1))
                yield from sink(name, name, width, reads)

    def write(self) -> LayerText:
        by_cycle: dict[int, list[Wire]] = defaultdict(list)
        for wire in self.own:
            by_cycle[self.cycle[wire]].append(wire)
        body = list(self._inputs())
        for cycle in range(self.layer.start, self.layer.end + 1):
            rows, wires = self.registers.get(cycle, []), by_cycle.get(cycle, [])
            if rows or wires:
                body += ["", f"  // cycle {cycle}"]
            if rows:
                body += [f"  logic {f'{kind} ' if kind else ''}{name};" for kind, name, _ in rows]
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
        return LayerText(self._file(body), bool(self.registers), frozenset(self.units))

    def _export(self, tap: Tap) -> str:
        cycle = self.pipeline.arrives(tap)
        return self._negative(tap.wire, cycle) if tap.sign else self._whole(tap.wire, cycle)

    def _file(self, body: list[str]) -> str:
        layer = self.layer
        clock = [sv.PortDecl("input", None, "clk_i")] if self.registers else []
        ins = [
            sv.PortDecl("input", link.bits, f"{link.named(late)}_i")
            for link, source in self.links
            for late in sorted(set(map(link.late, source.taps)))
        ]
        width = self.design.link(layer.link).bits
        cycles = sorted(set(map(self.pipeline.arrives, layer.exports)))
        some = "" if len(cycles) == 1 else f", in cycles {', '.join(map(str, cycles))}"
        count = f"{len(layer.exports)} values, first in the lowest bits{some}"
        outs = [sv.PortDecl("output", width, f"{layer.link}_data_o", count)]
        lines = sv.module(self.names.layers[layer.link], [*clock, *ins, *outs], body)
        header = [
            *banner(self.design, sv.plain(f"{layer.name}: {layer.note}")),
            f"Cycle {layer.start} to {layer.end}; a wire nI_qD is nI, D cycles later.",
        ]
        return sv.file(header, lines)


def layer_module(
    design: Design,
    layer: Layer,
    names: ModuleNames,
    links: Mapping[str, Packed],
    constants: Mapping[Wire, tuple[str, str]],
    width: Sequence[int],
) -> LayerText:
    """Return the module of *layer*.

    *constants* names, for every threshold node, its two constants in the package; *width* are the
    bits of every wire of the design.
    """
    return _Writer(design, layer, names, links, constants, width).write()
