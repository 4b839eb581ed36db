# SPDX-License-Identifier: Apache-2.0
"""The module of one layer of a serial design: a unit a node, grouped by the cycle it begins in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Layer, SerialPipeline
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.layout import banner
from hwgen.emit.verilog.serial_lanes import Lanes, Phases
from hwgen.emit.verilog.serial_links import places_of
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import (
    Bank,
    Fixed,
    Round,
    SerialGraph,
    Sum,
    banks,
    fill_lanes,
)
from hwgen.logic.serial.lines import (
    LaneRead,
    bank_reads,
    layer_reads,
    operand_reads,
)
from hwgen.logic.serial.offsets import table_term

Params = list[tuple[str, str]]


@dataclass(frozen=True)
class SerialLayerText:
    """A layer's module.

    Attributes:
        text: the file.
        first: the first and the last bit of the chain of firsts that it takes; None for none.
        chained: whether the bit that it takes begins a chain of its own, which is reset.
        units: hand-written units it instantiates.
    """

    text: str
    first: tuple[int, int] | None
    chained: bool
    units: frozenset[str]


class _Writer:
    def __init__(
        self,
        design: Design,
        part: SerialPipeline,
        layer: Layer,
        names: ModuleNames,
        wires: Mapping[Wire, str],
    ) -> None:
        self.design, self.layer, self.names, self.wires = design, layer, names, wires
        self.graph: SerialGraph = part.graph
        self.offsets = part.offsets
        self.digit = self.graph.digit_bits
        own = set(layer.wires)
        self.banks: dict[int, Bank] = {
            place: bank
            for place, bank in enumerate(banks(self.graph))
            if own.issuperset(bank.wires)
        }
        reads = layer_reads(self.graph, self.offsets, layer.wires, self.banks)
        self.lanes = Lanes(wires, self.digit, reads)
        self.phases = Phases()
        self.units: set[str] = {"hwg_serial_delay", "hwg_serial_phase"}
        self.chained = self.offsets.links.count > 0  # with registers on links: a chain of its own
        self.units |= {"hwg_link_delay", "hwg_serial_first"} if self.chained else set()
        self.counts: dict[int, str] = {}

    # Text of one node

    def _gates(self, wire: Wire, row: list[LaneRead]) -> list[str]:
        cycle = self.offsets.of[wire] - 1
        return [self.phases.over(cycle, r.gated) if r.gated else "1'b0" for r in row]

    def _fill(self, fill: int, shift: int) -> str:
        lanes = fill_lanes(fill, shift, self.digit)
        assert lanes is not None
        value = sum(1 << b for b, one in enumerate(lanes) if one)
        return sv.literal(value, self.digit)

    def _sum(self, wire: Wire, node: Sum) -> Iterator[str]:
        rows = operand_reads(self.graph, self.offsets, wire)
        begin = self.offsets.of[wire] - 1
        gate = table_term(node)
        params: Params = [("Digit", str(self.digit))]
        subs = [term.sub for term in node.terms]
        operands = [self._operand(wire, node, at, row) for at, row in enumerate(rows)]
        for lines, _ in operands:
            yield from lines
        texts = [text for _, text in operands]
        order = list(range(len(texts)))
        if len(texts) == 2 and subs[0]:
            order = [1, 0]
        if len(texts) == 1:
            texts.append(sv.literal(0, self.digit))
            subs.append(False)
            order = [1, 0] if subs[0] else [0, 1]
        both = len(texts) == 2 and all(subs)
        if both:  # -a - b takes an adder of three, whose third operand is nothing
            texts.append(sv.literal(0, self.digit))
            subs.append(False)
            order = [0, 1, 2]
        three = len(texts) == 3
        if three:
            mask = sum(1 << i for i, sub in enumerate(subs) if sub)
            if mask:
                params.append(("Sub", sv.literal(mask, 3)))
        elif subs[order[1]]:
            params.append(("Sub", "1"))
        gates = sv.literal(0, self.digit)
        if gate is not None:
            params.append(("Gate", str(order.index(gate) + 1)))
            gates = sv.concat(self._gates(wire, rows[gate]), "    ")
            term = node.terms[gate]
            if term.fill:
                params.append(("Fill", self._fill(term.fill, term.shift)))
        if node.carry:
            params.append(("Start", str(node.carry)))
        name = self.wires[wire]
        module = "hwg_serial_add3" if three else "hwg_serial_add"
        self.units.add(module)
        ports = [("clk_i", "clk_i"), ("ahead_i", self.phases.first(begin - 1))]
        ports += [] if three else [("first_i", self.phases.first(begin))]
        ports.append(("gate_i", gates))
        ports += [(f"{'abc'[i]}_i", texts[at]) for i, at in enumerate(order)]
        yield f"  logic {sv.span(self.digit)} {name};  // {self._remark(wire)}"
        yield from sv.unit(module, f"u_{name}", params, [*ports, ("sum_o", name)])

    def _operand(
        self, wire: Wire, node: Sum, at: int, row: list[LaneRead]
    ) -> tuple[list[str], str]:
        """Return the lines that an operand needs, and its text."""
        if not any(read.own and read.gated for read in row):
            return [], self.lanes.word(row)
        term, begin = node.terms[at], self.offsets.of[wire] - 2
        fill = fill_lanes(term.fill, term.shift, self.digit)
        assert fill is not None
        name = f"{self.wires[wire]}_{'abc'[at]}"
        lines = [f"  logic {sv.span(self.digit)} {name};"]
        self.units.add("hwg_serial_gate")
        groups: dict[int, list[int]] = defaultdict(list)
        for lane, read in enumerate(row):
            groups[read.gated].append(lane)
        for gated, lanes in groups.items():  # neighbours: a shift turns the lanes once
            low, width = lanes[0], len(lanes)
            source = sv.concat(
                [self.lanes.bit(r.wire, r.lane, r.shared) for r in (row[b] for b in lanes)], "    "
            )
            target = sv.bits(name, low, width, self.digit)
            if not gated:
                lines.append(f"  assign {target} = {source};")
                continue
            value = sum(1 << i for i, b in enumerate(lanes) if fill[b])
            params: Params = [("Width", str(width))]
            if value:
                params.append(("Fill", sv.literal(value, width)))
            suffix = f"_{low}" if len(groups) > 1 else ""
            lines += sv.unit(
                "hwg_serial_gate",
                f"u_{name}{suffix}",
                params,
                [
                    ("clk_i", "clk_i"),
                    ("gate_i", self.phases.over(begin, gated)),
                    ("data_i", source),
                    ("data_o", target),
                ],
            )
        return lines, name

    def _fixed(self, wire: Wire, node: Fixed) -> Iterator[str]:
        graph, cycle = self.graph, self.offsets.of[wire] - 1
        count = max(1, (graph.digits - 1).bit_length())
        if cycle not in self.counts:
            self.counts[cycle] = f"digit{cycle}"
            before = self.counts.get(cycle - 1)
            yield f"  logic {sv.span(count)} digit{cycle};  // number of the digit that comes next"
            if before:
                yield f"  always_ff @(posedge clk_i) digit{cycle} <= {before};"
            else:
                self.units.add("hwg_serial_count")
                yield from sv.unit(
                    "hwg_serial_count",
                    f"u_digit{cycle}",
                    [("Count", str(count))],
                    [
                        ("clk_i", "clk_i"),
                        ("first_i", self.phases.first(cycle)),
                        ("digit_o", f"digit{cycle}"),
                    ],
                )
        self.units.add("hwg_serial_const")
        bits, name = graph.digits * self.digit, self.wires[wire]
        params: Params = [
            ("Digit", str(self.digit)),
            ("Digits", str(graph.digits)),
            ("Count", str(count)),
            ("Value", sv.literal(node.value % (1 << bits), bits)),
        ]
        yield f"  logic {sv.span(self.digit)} {name};  // {node.value}"
        ports = [("clk_i", "clk_i"), ("digit_i", self.counts[cycle]), ("data_o", name)]
        yield from sv.unit("hwg_serial_const", f"u_{name}", params, ports)

    def _bank(self, place: int, bank: Bank, number: int) -> Iterator[str]:
        self.units.add("hwg_serial_requant")
        self.units.add("hwg_delay")
        begin = self.offsets.bank[place] - bank.before(self.digit)
        span = bank.span(self.digit)
        count, width = len(bank.wires), bank.out_width
        params: Params = [
            ("N", str(count)),
            ("Digit", str(self.digit)),
            ("Shift", str(bank.shift)),
            ("Half", str(int(bank.half))),
            ("Width", str(bank.width)),
            ("Signed", str(int(bank.signed))),
            ("OutWidth", str(width)),
            ("SatLo", str(int(bank.sat_lo))),
            ("SatHi", str(int(bank.sat_hi))),
            ("Lo", sv.signed_literal(bank.lo, width + 1)),
            ("Hi", sv.signed_literal(bank.hi, width + 1)),
        ]
        rows = bank_reads(self.graph, self.offsets, place, bank)
        bits = [self.lanes.word(row) for row in rows]
        name = f"{self.layer.link}_bank{number}"
        read = (
            f"round((x - {1 << (bank.shift - 1)}) / {1 << bank.shift})"
            if bank.half
            else (f"round(x / {1 << bank.shift})" if bank.shift else "x")
        )
        clipped = ", clipped" if bank.sat_lo or bank.sat_hi else ""
        yield f"  // {read}{clipped}   [{bank.lo}, {bank.hi}], {count} side by side"
        yield f"  logic {sv.span(count * self.digit)} {name};"
        ports = [
            ("clk_i", "clk_i"),
            ("first_i", self.phases.span(begin, begin + span)),
            ("data_i", sv.concat(bits, "    ")),
            ("data_o", name),
        ]
        yield from sv.instance("hwg_serial_requant", f"u_{name}", params, ports)
        for i, wire in enumerate(bank.wires):
            part = sv.bits(name, i * self.digit, self.digit, count * self.digit)
            yield f"  wire {sv.span(self.digit)} {self.wires[wire]} = {part};"

    def _remark(self, wire: Wire) -> str:
        node, graph = self.graph.nodes[wire], self.graph
        assert isinstance(node, Sum)
        parts = []
        for term in sorted(node.terms, key=lambda t: t.sub):
            source = graph.nodes[term.wire]
            text = str(source.value) if isinstance(source, Fixed) else self.wires[term.wire]
            if term.shift:
                text = f"({text} << {term.shift})"
            if isinstance(source, Fixed) and text.startswith("-"):
                parts.append(f"- {text[1:]}")
            else:
                parts.append(f"{'-' if term.sub else '+'} {text}")
        if node.extra:
            parts.append(f"{'-' if node.extra < 0 else '+'} {abs(node.extra)}")
        said = " ".join(parts).removeprefix("+ ")
        return f"{said}   [{graph.lo[wire]}, {graph.hi[wire]}]"

    # Text of the layer

    def _inputs(self) -> Iterator[str]:
        for source in self.layer.sources:
            total = len(self.design.link(source.link).fields) * self.digit
            read = []
            for place, wire in self._places(source.link):
                if wire in {tap.wire for tap in source.taps}:
                    part = sv.bits(f"{source.link}_i", place * self.digit, self.digit, total)
                    yield f"  wire {sv.span(self.digit)} {self.wires[wire]} = {part};"
                    read.append(place)
            rest = [p for p in range(total // self.digit) if p not in read]
            if rest:
                bits = [
                    sv.bits(f"{source.link}_i", p * self.digit, self.digit, total) for p in rest
                ]
                yield from sv.unused(f"{source.link}", bits)

    def _places(self, link: str) -> list[tuple[int, Wire]]:
        """Return the fields of a link that are wires of the graph."""
        return places_of(self.design, self.graph, link)

    def write(self) -> SerialLayerText:
        body: list[str] = []
        by_cycle: dict[int, list[Wire]] = defaultdict(list)
        for wire in self.layer.wires:
            if not isinstance(self.graph.nodes[wire], Round):
                by_cycle[self.offsets.of[wire]].append(wire)
        for source in self.layer.sources:
            for tap in source.taps:
                body += self.lanes.registers(tap.wire)
        for cycle in sorted(by_cycle):
            body += ["", f"  // first digits in cycle {cycle}"]
            for wire in by_cycle[cycle]:
                node = self.graph.nodes[wire]
                body += self._sum(wire, node) if isinstance(node, Sum) else []
                body += self._fixed(wire, node) if isinstance(node, Fixed) else []
                body += self.lanes.registers(wire)
        for number, (place, bank) in enumerate(self.banks.items()):
            body += ["", *self._bank(place, bank, number)]
            for wire in bank.wires:
                body += self.lanes.registers(wire)
        outs = [self.wires[tap.wire] for tap in self.layer.exports]
        if outs:
            body += ["", f"  assign {self.layer.link}_o = {sv.concat(outs)};"]
        head, taken = self.phases.text(self.offsets.links.count)
        return SerialLayerText(
            self._file([*self._inputs(), *head, *body]),
            taken,
            self.chained and bool(self.phases.used),
            frozenset(self.units),
        )

    def _file(self, body: list[str]) -> str:
        layer = self.layer
        ports = [sv.PortDecl("input", None, "clk_i")]
        if self.phases.used and self.chained:
            ports += [sv.PortDecl("input", None, name) for name in ("rst_ni", "first_i")]
        elif self.phases.used:
            low, high = self.phases.ends
            ports.append(sv.PortDecl("input", high - low + 1, "first_i"))
        for source in layer.sources:
            link = self.design.link(source.link)
            ports.append(sv.PortDecl("input", len(link.fields) * self.digit, f"{source.link}_i"))
        link = self.design.link(layer.link)
        count = len(link.fields)
        ports.append(
            sv.PortDecl(
                "output",
                count * self.digit,
                f"{layer.link}_o",
                f"{count} value{'s' if count > 1 else ''}, {self.digit} bit"
                f"{'s' if self.digit > 1 else ''} of each",
            )
        )
        header = [
            *banner(self.design, sv.plain(f"{layer.name}: {layer.note}")),
            "Values travel a digit a cycle, the lowest bits first; a cycle counts from the sample.",
            "`n7_q2` is `n7` two cycles later, `n7_q2_0` its lane 0; `phase5_3` is high from cycle "
            "5 on, for 3 digits.",
            "Comments tell what is computed and its range.",
        ]
        return sv.file(header, sv.module(self.names.layers[layer.link], ports, body))


def serial_layer(
    design: Design,
    part: SerialPipeline,
    layer: Layer,
    names: ModuleNames,
    wires: Mapping[Wire, str],
) -> SerialLayerText:
    """Return the module of a layer of a serial design.

    *wires* names every wire of the graph.
    """
    return _Writer(design, part, layer, names, wires).write()
