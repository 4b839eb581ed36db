# SPDX-License-Identifier: Apache-2.0
"""The flow top of a serial design: words are taken apart, layers follow, words are put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from hwgen.design.names import ModuleNames
from hwgen.design.stage_core import digit_links
from hwgen.design.types import Design, Layer, Port, SerialPipeline
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.layout import banner
from hwgen.emit.verilog.serial_lanes import Lanes
from hwgen.emit.verilog.serial_layer import SerialLayerText, serial_layer
from hwgen.emit.verilog.serial_links import places_of
from hwgen.emit.verilog.top import flow_ports
from hwgen.ir.fixed import bits_for
from hwgen.ir.names import element
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import Result, Word
from hwgen.logic.serial.lines import result_reads

ERROR = "interval_error_o"  # a sample came too early


def serial_files(design: Design, names: ModuleNames) -> tuple[dict[str, str], set[str]]:
    """Return the files of a serial design's layers and of its flow top, and the units they use."""
    part = design.serial
    assert part is not None
    wires = wire_names(design, part)
    layers = {layer.link: serial_layer(design, part, layer, names, wires) for layer in part.layers}
    files = {f"{names.layers[link]}.sv": made.text for link, made in layers.items()}
    files[f"{names.top}.sv"] = _Top(design, part, names, wires, layers).write()
    units = {
        "hwg_serial_admit",
        "hwg_serial_first",
        "hwg_serial_unpack",
        "hwg_serial_pack",
        "hwg_serial_delay",
    }
    return files, units.union(*(made.units for made in layers.values()))


def wire_names(design: Design, part: SerialPipeline) -> dict[Wire, str]:
    """Return the names of all wires: ``x3`` of an input, ``fc1_y7`` of an output, else ``n33``."""
    graph = part.graph
    links = {layer.name: layer.link for layer in part.layers}
    shapes = {port.link: port.shape for port in design.inputs}
    alone = len(shapes) == 1
    made: dict[Wire, str] = {}
    taken: set[str] = set()
    for wire, node in enumerate(graph.nodes):
        name = f"n{wire}"
        if isinstance(node, Word):
            place = np.unravel_index(node.index, shapes[node.link]) if shapes[node.link] else ()
            prefix = "x" if alone else f"{node.link}_x"
            name = prefix + "_".join(map(str, place))
        elif graph.labels[wire]:
            layer, _, index = graph.labels[wire].removesuffix("]").rpartition("[")
            own = f"{links.get(layer, layer)}_y{index.replace(', ', '_').replace(',', '_')}"
            if layer in links and own not in taken:
                name = own
        taken.add(name)
        made[wire] = name
    return made


def admission(names: ModuleNames) -> Iterator[str]:
    """Yield the unit that admits samples: ``sample_valid`` and ``sample_free`` are declared."""
    yield from sv.instance(
        "hwg_serial_admit",
        "u_admit",
        [("Interval", f"{names.package}::INTERVAL")],
        [
            ("clk_i", "clk_i"),
            ("rst_ni", "rst_ni"),
            ("valid_i", "in_valid_i"),
            ("valid_o", "sample_valid"),
            ("free_o", "sample_free"),
            ("error_o", ERROR),
        ],
    )


class _Top:
    def __init__(
        self,
        design: Design,
        part: SerialPipeline,
        names: ModuleNames,
        wires: Mapping[Wire, str],
        layers: Mapping[str, SerialLayerText],
    ) -> None:
        self.design, self.part, self.names = design, part, names
        self.wires, self.layers = wires, layers
        self.graph, self.digit = part.graph, part.graph.digit_bits
        self.lanes = Lanes(wires, self.digit, result_reads(part.graph, part.offsets))
        self.read = [r.wire for _, rs in self.graph.outputs for r in rs if r.wire >= 0]

    def _control(self) -> Iterator[str]:
        latency = f"{self.names.package}::LATENCY"
        yield "  // first[k] is high k cycles behind a sample"
        yield "  logic sample_valid, sample_free;"
        yield f"  logic [{self.design.latency}:0] first;"
        yield from admission(self.names)
        yield from sv.instance(
            "hwg_serial_first",
            "u_first",
            [("Cycles", latency)],
            [
                ("clk_i", "clk_i"),
                ("rst_ni", "rst_ni"),
                ("valid_i", "sample_valid"),
                ("first_o", "first"),
            ],
        )
        yield f"  assign out_valid_o = first[{self.design.latency}];"
        ends = [made.first for made in self.layers.values() if made.first]
        read = {self.design.latency, 0}.union(*(range(low, high + 1) for low, high in ends))
        rest = [f"first[{k}]" for k in range(self.design.latency + 1) if k not in read]
        yield from sv.unused("first", rest) if rest else ()
        if not digit_links(self.part):
            yield from sv.unused("free", ["sample_free"])

    def _input(self, port: Port) -> Iterator[str]:
        link = digit_links(self.part).get(port.link)
        if link is None:
            yield ""
            yield from sv.unused(f"{port.name}", [f"{port.name}_data_i"])
            return
        fixed = port.fixed
        total = port.size * self.digit
        yield ""
        yield f"  // input {port.name}: {port.size} x {fixed}, taken apart"
        yield f"  logic {sv.span(total)} {link};"
        yield from sv.instance(
            "hwg_serial_unpack",
            f"u_{link}",
            [
                ("N", str(port.size)),
                ("Width", str(fixed.width)),
                ("Signed", str(int(fixed.signed))),
                ("Digit", str(self.digit)),
            ],
            [
                ("clk_i", "clk_i"),
                ("load_i", "sample_free"),
                ("data_i", f"{port.name}_data_i"),
                ("data_o", link),
            ],
        )
        yield from self._unread(link, port.size)

    def _layer(self, layer: Layer) -> Iterator[str]:
        made = self.layers[layer.link]
        count = len(layer.exports)
        yield ""
        yield f"  // {sv.plain(f'{layer.name}: {layer.note}')}"
        yield f"  logic {sv.span(count * self.digit)} {layer.link};"
        wired = [("clk_i", "clk_i")]
        if made.chained:
            wired.append(("rst_ni", "rst_ni"))
        if made.first:
            low, high = made.first
            wired.append(("first_i", sv.bits("first", low, high - low + 1, 0)))
        wired += [(f"{source.link}_i", source.link) for source in layer.sources]
        wired.append((f"{layer.link}_o", layer.link))
        yield from sv.instance(self.names.layers[layer.link], f"u_{layer.link}", [], wired)
        yield from self._unread(layer.link, count)

    def _unread(self, link: str, count: int) -> Iterator[str]:
        """Yield a sink for a link that no layer takes and of which not all leaves."""
        if any(link == s.link for layer in self.part.layers for s in layer.sources):
            return
        used = {
            place for place, wire in places_of(self.design, self.graph, link) if wire in self.read
        }
        rest = [
            sv.bits(link, place * self.digit, self.digit, count * self.digit)
            for place in range(count)
            if place not in used
        ]
        yield from sv.unused(link, rest) if rest else ()

    def _results(self) -> Iterator[str]:
        """Yield the words that leave, and what delays their digits."""
        wires = list(dict.fromkeys(self.read))
        if not wires:
            return
        links = list(digit_links(self.part).values())
        links += [layer.link for layer in self.part.layers]
        where = {
            wire: (link, place)
            for link in links
            for place, wire in places_of(self.design, self.graph, link)
        }
        yield ""
        yield f"  // results: their first digits side by side in cycle {self.part.offsets.end}"
        for wire in wires:
            link, place = where[wire]
            total = len(self.design.link(link).fields) * self.digit
            part = sv.bits(link, place * self.digit, self.digit, total)
            yield f"  wire {sv.span(self.digit)} {self.wires[wire]} = {part};"
            yield from self.lanes.registers(wire)
        reads = result_reads(self.graph, self.part.offsets)
        rows = [reads[i : i + self.digit] for i in range(0, len(reads), self.digit)]
        bits = len(wires) * self.digit
        word = self.part.out_digits * self.digit
        yield f"  logic {sv.span(bits)} result_digits;"
        yield f"  assign result_digits = {sv.concat([self.lanes.word(row) for row in rows])};"
        yield f"  logic {sv.span(len(wires) * word)} result_words;"
        yield from sv.instance(
            "hwg_serial_pack",
            "u_result",
            [
                ("N", str(len(wires))),
                ("Digit", str(self.digit)),
                ("Digits", str(self.part.out_digits)),
            ],
            [("clk_i", "clk_i"), ("data_i", "result_digits"), ("data_o", "result_words")],
        )
        spare = []
        for i, wire in enumerate(wires):
            width = self.graph.width(wire)
            name, low = f"{self.wires[wire]}_word", i * word
            part = sv.bits("result_words", low, width, len(wires) * word)
            yield f"  wire {sv.span(width)} {name} = {part};"
            if width < word:
                rest = sv.bits("result_words", low + width, word - width, len(wires) * word)
                spare.append(rest)
        yield from sv.unused("result", spare) if spare else ()

    def _element(self, result: Result, width: int) -> str:
        if result.wire < 0:
            return sv.literal(result.value, width)
        lo, hi = self.graph.lo[result.wire], self.graph.hi[result.wire]
        name = f"{self.wires[result.wire]}_word"
        own = bits_for(lo, hi)
        text = f"{{{name}, {result.value}'d0}}" if result.value else name
        own += result.value
        assert own <= width, f"{name} is wider than its port"
        if own == width:
            return text
        return f"{width}'($signed({text}))" if lo < 0 else f"{width}'({text})"

    def _output(self, port: Port) -> Iterator[str]:
        results = dict(self.graph.outputs)[port.name]
        labels = [element(port.name, index) for index in np.ndindex(port.shape)]
        yield ""
        yield f"  // output {port.name}: {port.size} x {port.fixed}, whole for one cycle"
        elements = [self._element(result, port.fixed.width) for result in results]
        if len(elements) == 1:
            yield f"  assign {port.name}_data_o = {elements[0]};  // {labels[0]}"
            return
        widest = max(map(len, elements)) + 1
        yield f"  assign {port.name}_data_o = {{"
        for index in range(len(elements) - 1, -1, -1):
            text = f"{elements[index]}{',' if index else ''}"
            yield f"    {text:<{widest}}  // {labels[index]}"
        yield "  };"

    def write(self) -> str:
        design = self.design
        body = [*self._control()]
        for port in design.inputs:
            body += self._input(port)
        for layer in self.part.layers:
            body += self._layer(layer)
        body += self._results()
        for port in design.outputs:
            body += self._output(port)
        digit = f"{self.digit} bit{'s' if self.digit > 1 else ''}"
        header = [
            *banner(design, f"{design.name}: flow links, {digit} of every value a cycle."),
            f"Latency in cycles: {design.latency}. Interval: {design.interval} or more, of any "
            f"spacing. Planned for {design.target} at {design.clock_mhz:g} MHz.",
        ]
        ports = [
            *flow_ports(design),
            sv.PortDecl("output", None, ERROR, "a sample came too early and was dropped"),
        ]
        return sv.file(header, sv.module(self.names.top, ports, body))
