# SPDX-License-Identifier: Apache-2.0
"""The flow top of a design of several stages, serial and parallel: words travel between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hwgen.design.names import ModuleNames
from hwgen.design.timing import arrivals
from hwgen.design.types import Design, Stage
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.layout import banner
from hwgen.emit.verilog.serial_top import ERROR, admission
from hwgen.emit.verilog.top import flow_ports

UNITS = frozenset({"hwg_serial_admit", "hwg_delay", "hwg_valid"})


class _Top:
    def __init__(self, design: Design, names: ModuleNames, cores: Mapping[str, Design]) -> None:
        self.design, self.names, self.cores = design, names, cores
        self.at = arrivals(design)
        self.bits = {link.name: link.bits for link in design.links}
        ports = {port.link: f"{port.name}_data_i" for port in design.inputs}
        # Of every flow link: its word and its valid bit, as they leave the stage before.
        self.data = {link: ports.get(link, f"{link}_data") for link in self.at}
        self.valid = {port.link: "sample_valid" for port in design.inputs}
        self.made: set[str] = set()  # delayed words
        self.used: set[str] = set()  # valid bits

    def _word(self, link: str, cycle: int) -> Iterator[str]:
        """Yield what delays a word up to a cycle."""
        late = cycle - self.at[link]
        name = self._late(link, cycle)
        if not late or name in self.made:
            return
        self.made.add(name)
        yield f"  logic {sv.span(self.bits[link])} {name};"
        yield from sv.instance(
            "hwg_delay",
            f"u_{name}",
            [("Width", str(self.bits[link])), ("Cycles", str(late))],
            [("clk_i", "clk_i"), ("data_i", self.data[link]), ("data_o", name)],
        )

    def _late(self, link: str, cycle: int) -> str:
        late = cycle - self.at[link]
        return f"{link}_data_q{late}" if late else self.data[link]

    def _begun(self, name: str, links: tuple[str, ...], cycle: int) -> tuple[list[str], str]:
        """Return the lines that make the valid bit of a cycle, and its name."""
        last = max(links, key=lambda link: self.at[link])
        late = cycle - self.at[last]
        self.used.add(self.valid[last])
        if not late:
            return [], self.valid[last]
        signal = f"{name}_begin"
        lines = [f"  logic {signal};"]
        lines += sv.instance(
            "hwg_valid",
            f"u_{signal}",
            [("Cycles", str(late))],
            [
                ("clk_i", "clk_i"),
                ("rst_ni", "rst_ni"),
                ("valid_i", self.valid[last]),
                ("valid_o", signal),
            ],
        )
        return lines, signal

    def _stage(self, stage: Stage) -> Iterator[str]:
        core = self.cores[stage.name]
        begin = max(self.at[link] for link in stage.reads)
        yield ""
        told = f"{stage.name}: {stage.note}, cycles {begin} to {begin + stage.latency}"
        yield f"  // {sv.plain(told)}"
        for link in stage.reads:
            yield from self._word(link, begin)
        lines, valid = self._begun(stage.name, stage.reads, begin)
        yield from lines
        done = f"{stage.name}_valid"
        yield f"  logic {done};"
        for link in stage.writes:
            yield f"  logic {sv.span(self.bits[link])} {link}_data;"
            self.valid[link] = done
        wired = [("clk_i", "clk_i"), ("rst_ni", "rst_ni"), ("in_valid_i", valid)]
        wired += [(f"{port.name}_data_i", self._late(port.name, begin)) for port in core.inputs]
        wired.append(("out_valid_o", done))
        wired += [
            (f"{port.name}_data_o", f"{link}_data")
            for port, link in zip(core.outputs, stage.writes, strict=True)
        ]
        if core.serial is not None:
            wired.append((ERROR, f"unused_{stage.name}_error"))
            yield f"  logic unused_{stage.name}_error;"
        yield from sv.instance(ModuleNames.of(core).top, f"u_{stage.name}", [], wired)

    def write(self) -> str:
        design = self.design
        body = [
            "  logic sample_valid, sample_free;",
            *admission(self.names),
            *sv.unused("free", ["sample_free"]),
        ]
        for stage in design.stages:
            body += self._stage(stage)
        body += ["", f"  // outputs, all in cycle {design.latency}"]
        for port in design.outputs:
            body += self._word(port.link, design.latency)
            body.append(f"  assign {port.name}_data_o = {self._late(port.link, design.latency)};")
        lines, valid = self._begun("out", tuple(p.link for p in design.outputs), design.latency)
        body += [*lines, f"  assign out_valid_o = {valid};"]
        for stage in design.stages:
            done = f"{stage.name}_valid"
            body += [] if done in self.used else sv.unused(done, [done])
        header = [
            *banner(design, f"{design.name}: flow links, stages of digits and of whole words."),
            f"Latency in cycles: {design.latency}. Interval: {design.interval} or more, of any "
            f"spacing. Planned for {design.target} at {design.clock_mhz:g} MHz.",
        ]
        ports = [
            *flow_ports(design),
            sv.PortDecl("output", None, ERROR, "a sample came too early and was dropped"),
        ]
        return sv.file(header, sv.module(self.names.top, ports, body))


def stages_top(design: Design, names: ModuleNames, cores: Mapping[str, Design]) -> str:
    """Return the flow top of a design of several stages, each a core of its own."""
    return _Top(design, names, cores).write()
