# SPDX-License-Identifier: Apache-2.0
"""The stream top: one unit or flow core a stage, with valid and ready between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hwgen.design.flow_core import BUFFER, buffer_of, unit_of
from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Link, Port, Stage, UnitRef
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.layout import banner
from hwgen.emit.verilog.rom import address_bits, packed_literal, rom
from hwgen.ir.names import Names
from hwgen.units.library import find_unit

FORK, FIFO, CHECK = "hwg_fork", "hwg_fifo", "hwg_stream_check"
_WIDTHS = {  # of an element of a constant vector: the parameter that says it, and what is added
    "Bias": ("AccWidth", 0),
    "Counts": ("", 32),
    "RowKinds": ("KindBits", 0),
    "ColumnKinds": ("KindBits", 0),
    "Thresholds": ("InWidth", 1),
    "Values": ("OutWidth", 0),
}


@dataclass(frozen=True)
class StreamTop:
    """Top of a stream design.

    Attributes:
        sources: text by file name: memories, then the top.
        units: hand-written units that it instantiates.
    """

    sources: Mapping[str, str]
    units: frozenset[str]


def words_text(port: Port, link: Link) -> str:
    """Return a few words on a port that takes a map word by word."""
    shape = "x".join(str(n) for n in port.shape)
    lanes = len(link.fields)
    each = f"{lanes} element{'s' if lanes > 1 else ''} a word"
    return f"{shape} of {port.fixed}, {each}, {link.words} word{'s' if link.words > 1 else ''}"


def stream_ports(design: Design) -> list[sv.PortDecl]:
    """Return the ports of the stream top."""
    ports = [
        sv.PortDecl("input", None, "clk_i"),
        sv.PortDecl("input", None, "rst_ni", "synchronous, active low"),
    ]
    for port in design.inputs:
        link = design.link(port.link)
        ports += [
            sv.PortDecl("input", None, f"{port.name}_valid_i"),
            sv.PortDecl("output", None, f"{port.name}_ready_o"),
            sv.PortDecl("input", link.bits, f"{port.name}_data_i", words_text(port, link)),
        ]
    for port in design.outputs:
        link = design.link(port.link)
        ports += [
            sv.PortDecl("output", None, f"{port.name}_valid_o"),
            sv.PortDecl("input", None, f"{port.name}_ready_i"),
            sv.PortDecl("output", link.bits, f"{port.name}_data_o", words_text(port, link)),
        ]
    return ports


@dataclass(frozen=True)
class _Memory:
    """Memory beside a unit: the lines that declare it, and the ports that the unit reads it by."""

    lines: list[str]
    ports: list[tuple[str, str]]


class _Writer:
    """State of writing one top."""

    def __init__(self, design: Design, names: ModuleNames, cores: Mapping[str, str]) -> None:
        self.design, self.names, self.cores = design, names, cores
        self.units: set[str] = set()
        self.sources: dict[str, str] = {}
        self.memories = Names(cores.values())

    def _put(self, name: str) -> str:
        """Return what the signals of a link begin with on the side of its writer."""
        return f"{name}_put" if self.design.link(name).depth else name

    def _unit(
        self,
        unit: str,
        name: str,
        params: list[tuple[str, str]],
        ports: list[tuple[str, str]],
    ) -> Iterator[str]:
        self.units.add(unit)
        clocks = [("clk_i", "clk_i"), ("rst_ni", "rst_ni")]
        yield from sv.instance(unit, f"u_{name}", params, [*clocks, *ports])

    def _declared(self, link: Link) -> Iterator[str]:
        """Yield the signals of a link, and its FIFO."""
        words = f"{link.words} word{'s' if link.words > 1 else ''} a sample"
        lanes = f"{len(link.fields)} x {link.fields[0].width} bits"
        for prefix in dict.fromkeys((self._put(link.name), link.name)):
            yield f"  logic {prefix}_valid, {prefix}_ready;"
            yield f"  logic {sv.span(link.bits)} {prefix}_data;  // {lanes}, {words}"

    def _queue(self, link: Link) -> Iterator[str]:
        put, name = self._put(link.name), link.name
        if link.depth:
            size = [("Width", str(link.bits)), ("Depth", str(link.depth))]
            size += [("RamStyle", str(link.ram_style))]
            ports = [*_reads("in", put), *_writes("out", name)]
            yield from self._unit(FIFO, f"{name}_fifo", size, ports)

    def _fork(self, stage: Stage, unit: UnitRef) -> Iterator[str]:
        (source,), sinks = stage.reads, [self._put(name) for name in stage.writes]
        for name in sinks:
            yield f"  assign {name}_data = {source}_data;"
        yield from self._unit(
            FORK,
            stage.name,
            [("Sinks", str(unit.params["Sinks"]))],
            [
                ("in_valid_i", f"{source}_valid"),
                ("in_ready_o", f"{source}_ready"),
                ("out_valid_o", sv.concat([f"{name}_valid" for name in sinks])),
                ("out_ready_i", sv.concat([f"{name}_ready" for name in sinks])),
            ],
        )

    def _plain(self, stage: Stage, unit: UnitRef) -> Iterator[str]:
        """Yield a unit with a link in, or several side by side, and one out."""
        (sink,) = stage.writes
        ports = [*_reads("in", *stage.reads), *_writes("out", self._put(sink))]
        if "Weights" in unit.constants:
            memory = self._memory(stage, unit)
            yield from memory.lines
            ports = [*memory.ports, *ports]
        yield from self._unit(unit.unit, stage.name, _given(unit), ports)

    def _memory(self, stage: Stage, unit: UnitRef) -> _Memory:
        """Return the memory beside a matrix-vector unit, whose module is written, too."""
        weights, name = unit.constants["Weights"], stage.name
        module = self.memories.take(f"{name}_weights", f"{self.names.top}_")
        module = f"{self.names.top}_{module}"
        what = f"{self.design.name}: weights of {name}, a word a step."
        text = rom(weights, unit.params["WWidth"], module, bool(unit.params["BlockRom"]))
        self.sources[f"{module}.sv"] = sv.file(banner(self.design, what), text)
        width, address = weights.shape[1] * unit.params["WWidth"], address_bits(len(weights))
        lines = [
            f"  logic {name}_step;",
            f"  logic {sv.span(address)} {name}_address;",
            f"  logic {sv.span(width)} {name}_weights;",
            *sv.instance(
                module,
                f"u_{name}_weights",
                [],
                [
                    ("clk_i", "clk_i"),
                    ("step_i", f"{name}_step"),
                    ("address_i", f"{name}_address"),
                    ("data_o", f"{name}_weights"),
                ],
            ),
        ]
        ports = [
            ("weight_step_o", f"{name}_step"),
            ("weight_address_o", f"{name}_address"),
            ("weight_data_i", f"{name}_weights"),
        ]
        return _Memory(lines, ports)

    def _pipeline(self, stage: Stage) -> Iterator[str]:
        """Yield a flow core behind its credits; it takes a word of every link that it reads."""
        name, sink = stage.name, self._put(stage.writes[0])
        buffer, reads = buffer_of(stage), stage.reads
        width = buffer.params["Width"]
        yield f"  logic {name}_valid, {name}_ready, {name}_launch, {name}_done;"
        yield f"  logic {sv.span(width)} {name}_result;"
        yield f"  assign {name}_valid = {' & '.join(f'{link}_valid' for link in reads)};"
        for link in reads:
            others = [f"{other}_valid" for other in reads if other != link]
            yield f"  assign {link}_ready = {' & '.join([f'{name}_ready', *others])};"
        yield from self._unit(
            BUFFER,
            f"{name}_buffer",
            _given(buffer),
            [
                ("in_valid_i", f"{name}_valid"),
                ("in_ready_o", f"{name}_ready"),
                ("launch_valid_o", f"{name}_launch"),
                ("result_valid_i", f"{name}_done"),
                ("result_data_i", f"{name}_result"),
                *_writes("out", sink),
            ],
        )
        core = [
            ("clk_i", "clk_i"),
            ("rst_ni", "rst_ni"),
            ("in_valid_i", f"{name}_launch"),
            *((f"{link}_data_i", f"{link}_data") for link in reads),
            ("out_valid_o", f"{name}_done"),
            (f"{stage.writes[0]}_data_o", f"{name}_result"),
        ]
        yield from sv.instance(self.cores[name], f"u_{name}", [], core)

    def _stage(self, stage: Stage) -> Iterator[str]:
        yield ""
        yield f"  // {sv.plain(f'{stage.name}: {stage.note}')}"
        for name in stage.writes:
            yield from self._declared(self.design.link(name))
        unit = unit_of(stage)
        if unit is None:
            yield from self._pipeline(stage)
        elif unit.unit == FORK:
            yield from self._fork(stage, unit)
        else:
            yield from self._plain(stage, unit)
        for name in stage.writes:
            yield from self._queue(self.design.link(name))

    def _checks(self) -> Iterator[str]:
        """Yield a checker at both ends of every stream link, for test builds."""
        yield ""
        yield "`ifdef HWG_ASSERT"
        written = {name for stage in self.design.stages for name in stage.writes}
        ports = {port.link for port in self.design.inputs}
        for link in self.design.links:
            if link.name not in written | ports:
                continue
            for prefix in dict.fromkeys((self._put(link.name), link.name)):
                yield from self._unit(
                    CHECK,
                    f"{prefix}_check",
                    [("Width", str(link.bits))],
                    [
                        ("valid_i", f"{prefix}_valid"),
                        ("ready_i", f"{prefix}_ready"),
                        ("data_i", f"{prefix}_data"),
                    ],
                )
        yield "`endif"

    def write(self) -> str:
        design = self.design
        body: list[str] = []
        for port in design.inputs:
            link, put = design.link(port.link), self._put(port.link)
            body += ["", f"  // input {port.name}", *self._declared(link)]
            body += [
                f"  assign {put}_valid = {port.name}_valid_i;",
                f"  assign {put}_data = {port.name}_data_i;",
                f"  assign {port.name}_ready_o = {put}_ready;",
                *self._queue(link),
            ]
        for stage in design.stages:
            body += self._stage(stage)
        for port in design.outputs:
            body += ["", f"  // output {port.name}"]
            body += [
                f"  assign {port.name}_valid_o = {port.link}_valid;",
                f"  assign {port.name}_data_o = {port.link}_data;",
                f"  assign {port.link}_ready = {port.name}_ready_i;",
            ]
        body += self._checks()
        header = [
            *banner(design, f"{design.name}: stream links, words of a map one after the other."),
            f"Latency in cycles, first word in to last word out: {design.latency}. Interval: "
            f"{design.interval}.",
            f"Planned for {design.target} at {design.clock_mhz:g} MHz.",
        ]
        return sv.file(header, sv.module(self.names.top, stream_ports(design), body[1:]))


def _given(unit: UnitRef) -> list[tuple[str, str]]:
    """Return the parameters of a unit, in the order of its header; vectors as one number each."""
    params = []
    for parameter in find_unit(unit.unit).parameters:
        name = parameter.name
        if name in unit.params:
            params.append((name, str(unit.params[name])))
        elif name in unit.constants:
            codes = unit.constants[name]
            word, more = _WIDTHS.get(name, ("", 0))
            if name in _WIDTHS:
                width = (unit.params[word] if word else 0) + more
            else:
                width = unit.params["Width"] // len(codes)
            params.append((name, packed_literal(codes, width)))
    return params


def _reads(side: str, *links: str) -> list[tuple[str, str]]:
    """Return the connections of a side that reads links, the first in the lowest bits."""
    wires = (("valid_i", "valid"), ("ready_o", "ready"), ("data_i", "data"))
    return [
        (f"{side}_{port}", sv.concat([f"{link}_{wire}" for link in links])) for port, wire in wires
    ]


def _writes(side: str, link: str) -> list[tuple[str, str]]:
    return [
        (f"{side}_valid_o", f"{link}_valid"),
        (f"{side}_ready_i", f"{link}_ready"),
        (f"{side}_data_o", f"{link}_data"),
    ]


def stream_top(design: Design, names: ModuleNames, cores: Mapping[str, str]) -> StreamTop:
    """Return the top of a stream design; *cores* are the modules of flow cores by stage."""
    writer = _Writer(design, names, cores)
    text = writer.write()
    sources = {**writer.sources, f"{names.top}.sv": text}
    return StreamTop(sources, frozenset(writer.units))
