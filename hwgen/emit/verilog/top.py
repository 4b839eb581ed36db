# SPDX-License-Identifier: Apache-2.0
"""The flow top: one instance a layer, in data-flow order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Layer, Port
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.layout import Packed, banner, layer_of, sink
from hwgen.emit.verilog.words import described
from hwgen.logic.nodes import Const, In, Wire


class _Writer:
    """State of writing one top."""

    def __init__(
        self,
        design: Design,
        names: ModuleNames,
        links: Mapping[str, Packed],
        clocked: Collection[str],
    ) -> None:
        self.design, self.names, self.links, self.clocked = design, names, links, clocked
        self.pipeline = design.pipeline
        self.logic = self.pipeline.logic
        self.outputs = dict(self.logic.outputs)
        self.exporter = layer_of(design)
        # Reads as (low, width) of every link, of a port by delay: taps of one chain of registers.
        self.reads: dict[str, dict[int, list[tuple[int, int]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for layer in self.pipeline.layers:
            for source in layer.sources:
                link = links[source.link]
                for late in set(map(link.late, source.taps)):
                    self.reads[source.link][late].append((0, link.bits))
        self.elements = {
            port.name: [self._element(w, port.fixed.width) for w in self.outputs[port.name]]
            for port in design.outputs
        }

    def _signal(self, link: Packed, late: int) -> str:
        return link.named(late) if late else link.signal

    def _element(self, wire: Wire, width: int) -> str:
        """Return an output element, extended to the port's width, one cycle before it leaves."""
        node = self.logic.nodes[wire]
        if isinstance(node, Const):
            return sv.literal(node.value, width)
        text = self._bits(wire)
        own = self.logic.width(wire)
        assert own <= width, f"n{wire} is wider than its port"
        if own == width:
            return text
        return f"{width}'($signed({text}))" if self.logic.lo[wire] < 0 else f"{width}'({text})"

    def _bits(self, wire: Wire) -> str:
        """Return a wire as part of a link, read one cycle before the outputs leave."""
        node, tap = self.logic.nodes[wire], self.pipeline.tap_of(wire)
        source = node.port if isinstance(node, In) else self.exporter[wire].link
        link = self.links[source]
        low, width = link.at(tap), self.logic.width(wire)
        self.reads[source][link.late(tap)].append((low, width))
        return sv.bits(self._signal(link, link.late(tap)), low, width, link.bits)

    def _taps(self, name: str) -> Iterator[str]:
        """Yield the delayed copies of a link and the sinks of bits that nothing reads."""
        link, reads = self.links[name], self.reads[name]
        delays = sorted(reads)
        if not delays or delays[0] != 0:
            delays.insert(0, 0)
        for before, delay in pairwise(delays):
            reads[before].append((0, link.bits))
            signal = self._signal(link, delay)
            yield ""
            yield f"  // {link.name} in cycle {delay}"
            yield f"  logic {sv.span(link.bits)} {signal};"
            crosses = link.port and name in self.pipeline.links.inner
            yield from sv.instance(
                "hwg_link_delay" if crosses else "hwg_delay",
                f"u_{signal}",
                [("Width", str(link.bits)), ("Cycles", str(delay - before))],
                [
                    ("clk_i", "clk_i"),
                    ("data_i", self._signal(link, before)),
                    ("data_o", signal),
                ],
            )
        for delay in delays:
            signal = self._signal(link, delay)
            label = signal.removesuffix("_i")
            yield from sink(signal, label, link.bits, reads[delay])

    def _layer(self, layer: Layer) -> Iterator[str]:
        link = self.links[layer.link]
        yield ""
        yield f"  // {sv.plain(f'{layer.name}: {layer.note}')}"
        word = described(self.design.link(layer.link))
        yield f"  logic {sv.span(link.bits)} {link.signal};  // {word}"
        wired = [("clk_i", "clk_i")] if layer.link in self.clocked else []
        for source in layer.sources:
            read = self.links[source.link]
            for late in sorted(set(map(read.late, source.taps))):
                wired.append((f"{read.named(late)}_i", self._signal(read, late)))
        wired.append((f"{link.name}_data_o", link.signal))
        yield from sv.instance(self.names.layers[layer.link], f"u_{link.name}", [], wired)
        yield from self._taps(layer.link)

    def _concatenation(self, port: Port) -> Iterator[str]:
        """Yield the word of an output, an element a line, the last one first."""
        elements = self.elements[port.name]
        labels = [field.label for field in self.design.link(port.link).fields]
        if len(elements) == 1:
            yield f"  assign {port.link} = {elements[0]};  // {labels[0]}"
            return
        widest = max(map(len, elements)) + 1
        yield f"  assign {port.link} = {{"
        for index in range(len(elements) - 1, -1, -1):
            text = f"{elements[index]}{',' if index else ''}"
            yield f"    {text:<{widest}}  // {labels[index]}"
        yield "  };"

    def _output(self, port: Port) -> Iterator[str]:
        yield ""
        yield f"  // output {port.name}: {port.size} x {port.fixed}, registered"
        yield f"  logic {sv.span(port.bits)} {port.link};"
        yield from self._concatenation(port)
        yield from sv.instance(
            "hwg_delay",
            f"u_{port.link}",
            [("Width", str(port.bits)), ("Cycles", "1")],
            [
                ("clk_i", "clk_i"),
                ("data_i", port.link),
                ("data_o", f"{port.name}_data_o"),
            ],
        )

    def write(self) -> str:
        design = self.design
        body = [
            "  // valid travels beside the data",
            *sv.instance(
                "hwg_valid",
                "u_valid",
                [("Cycles", f"{self.names.package}::LATENCY")],
                [
                    ("clk_i", "clk_i"),
                    ("rst_ni", "rst_ni"),
                    ("valid_i", "in_valid_i"),
                    ("valid_o", "out_valid_o"),
                ],
            ),
        ]
        for port in design.inputs:
            body += self._taps(port.link)
        for layer in self.pipeline.layers:
            body += self._layer(layer)
        for port in design.outputs:
            body += self._output(port)
        header = [
            *banner(design, f"{design.name}: flow links, one sample a clock cycle."),
            f"Latency in cycles: {design.latency}. Interval: {design.interval}. Planned for "
            f"{design.target} at {design.clock_mhz:g} MHz.",
        ]
        return sv.file(header, sv.module(self.names.top, flow_ports(design), body))


def describe(port: Port) -> str:
    """Return a few words on a port, for a comment."""
    shape = "x".join(str(n) for n in port.shape)
    return f"{shape} of {port.fixed}, first element in the lowest bits"


def flow_ports(design: Design) -> list[sv.PortDecl]:
    """Return the ports of the flow top."""
    return [
        sv.PortDecl("input", None, "clk_i"),
        sv.PortDecl("input", None, "rst_ni", "synchronous, active low"),
        sv.PortDecl("input", None, "in_valid_i"),
        *(sv.PortDecl("input", p.bits, f"{p.name}_data_i", describe(p)) for p in design.inputs),
        sv.PortDecl("output", None, "out_valid_o"),
        *(sv.PortDecl("output", p.bits, f"{p.name}_data_o", describe(p)) for p in design.outputs),
    ]


def flow_top(
    design: Design, names: ModuleNames, links: Mapping[str, Packed], clocked: Collection[str]
) -> str:
    """Return the flow top; *clocked* are the links of layers that have a clock."""
    return _Writer(design, names, links, clocked).write()
