# SPDX-License-Identifier: Apache-2.0
"""A stream design as HLS C++: a function a stage, with streams of words between them.

Stages of adder graphs are flow cores in files of their own, called for every word; stages of
hand-written units call their twins. Every stream has the depth of the FIFO that stands there in the
Verilog, and the places of the buffer of a stage that is a flow core.
"""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.design.flow_core import buffer_of, flow_cores, unit_of
from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Link, Port, Stage
from hwgen.emit.hls import cpp, ports
from hwgen.emit.hls.flow import FlowCore
from hwgen.emit.hls.stream_units import call_of, element, word
from hwgen.ir.names import Names

SHALLOWEST = 2  # words of a stream that has no FIFO in the Verilog: what HLS tools make of it


class StreamText:
    """Text of a stream design.

    Args:
        design: in the stream style.

    Attributes:
        top: the function of a sample; it reads and writes streams of words.
        twins: of the stages of hand-written units.
        units: twins that it takes, its flow cores too.
        sources: names of its C++ files.
        statements: how many there are.

    Raises:
        ConfigError: a unit without a twin, or numbers that C++ does not hold.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.top = ModuleNames.of(design).top
        self.cores = {name: FlowCore(core, False) for name, core in flow_cores(design).items()}
        taken = Names(core.top for core in self.cores.values())
        taken.take(self.top)
        self.functions = {
            stage.name: f"{self.top}_{taken.take(stage.name, f'{self.top}_')}"
            for stage in design.stages
        }
        self.constants: list[str] = []
        self.calls = {}
        for stage in design.stages:
            unit = unit_of(stage)
            if unit is None:
                continue
            prefix = self.functions[stage.name].upper()
            call = call_of(design, stage, unit, prefix)
            self.calls[stage.name] = call
            if call.constants:
                self.constants += [f"// {cpp.comment(f'{stage.name}: {stage.note}')}"]
                self.constants += call.constants
        self.twins = {call.unit for call in self.calls.values() if call.unit}
        self.units = self.twins | {unit for core in self.cores.values() for unit in core.units}
        own = (name for core in self.cores.values() for name in core.sources)
        self.sources = (f"{self.top}.cpp", *own)

    @property
    def statements(self) -> int:
        """Statements and products of one sample."""
        total = 0
        for stage in self.design.stages:
            words = self.design.link(stage.writes[0]).words
            core, unit = self.cores.get(stage.name), unit_of(stage)
            if core is not None:
                total += words * core.statements
            elif unit is not None:
                total += words * sum(c.size for c in unit.constants.values()) + words
        return total

    def files(self) -> dict[str, bytes | str]:
        """Return header, constants and source, and those of the flow cores."""
        found: dict[str, bytes | str] = {
            f"{self.top}.h": self._header(),
            f"{self.top}.cpp": "\n".join(self._source()),
        }
        if self.constants:
            what = f"{self.design.name}: weights and other constants of the units."
            top = cpp.banner(self.design.model, [what])
            body = ['#include "hwg/lang/int.h"', "", *self.constants]
            name = f"{self.top}_constants"
            found[f"{name}.h"] = cpp.header(name, top, body)
        for core in self.cores.values():
            found |= core.files()
        return found

    def signature(self) -> str:
        """Return the head of the top function."""
        streams = [
            *(f"hwg::stream<{self.word(port)}>& {ports.input_name(port)}" for port in self.ins),
            *(f"hwg::stream<{self.word(port)}>& {ports.output_name(port)}" for port in self.outs),
        ]
        return cpp.call(f"void {self.top}", streams)

    @property
    def ins(self) -> tuple[Port, ...]:
        """Inputs."""
        return self.design.inputs

    @property
    def outs(self) -> tuple[Port, ...]:
        """Outputs."""
        return self.design.outputs

    def word(self, port: Port) -> str:
        """Return the name of the type of a port's words."""
        return f"{self.top}_{port.name}_word"

    def _header(self) -> str:
        design = self.design
        lines = [f"{design.name}: one sample a call, as streams of words."]
        for what, side in (("input", self.ins), ("output", self.outs)):
            for port in side:
                link = design.link(port.link)
                each = f"{len(link.fields)} a word, {link.words} words a sample"
                lines.append(f"{ports.told(what, port)}, {each}")
        top = cpp.banner(design.model, lines)
        body = ['#include "hwg/lang/stream.h"', '#include "hwg/lang/words.h"', ""]
        for port in (*self.ins, *self.outs):
            body.append(f"typedef {word(design.link(port.link))} {self.word(port)};")
        return cpp.header(self.top, top, [*body, "", f"{self.signature()};"])

    def _source(self) -> Iterator[str]:
        design = self.design
        yield from cpp.banner(
            design.model,
            [
                f"{design.name}: a function a stage; the names are those of the Verilog in rtl/.",
                f"Planned for {design.target} at {design.clock_mhz:g} MHz: a sample every "
                f"{design.interval} cycles in the Verilog.",
            ],
        )
        yield f'#include "{self.top}.h"'
        yield '#include "hwg/lang/pragmas.h"'
        yield from (f'#include "hwg/{unit}.h"' for unit in sorted(self.twins))
        yield from (f'#include "{core.top}.h"' for core in self.cores.values())
        if self.constants:
            yield f'#include "{self.top}_constants.h"'
        ports_of = {port.link for port in (*self.ins, *self.outs)}
        inner = [link for link in self._streams() if link.name not in ports_of]
        yield ""
        yield "// words of the streams between stages"
        yield from (f"typedef {word(link)} {self._type(link)};" for link in inner)
        for stage in design.stages:
            yield ""
            yield from self._stage(stage)
        yield ""
        yield from self._top()
        yield ""

    def _streams(self) -> list[Link]:
        """Return the links that stages write."""
        return [self.design.link(name) for stage in self.design.stages for name in stage.writes]

    def _type(self, link: Link) -> str:
        """Return the name of the type of a link's words."""
        port = next((p for p in (*self.ins, *self.outs) if p.link == link.name), None)
        return self.word(port) if port else f"{self.top}_{link.name}_t"

    def _stage(self, stage: Stage) -> Iterator[str]:
        """Yield the function of a stage."""
        yield f"// {cpp.comment(f'{stage.name}: {stage.note}')}"
        links = [self.design.link(name) for name in (*stage.reads, *stage.writes)]
        streams = [f"hwg::stream<{self._type(link)}>& {link.name}_words" for link in links]
        yield f"{cpp.call(f'static void {self.functions[stage.name]}', streams)} {{"
        yield "  HWG_PROCESS"
        call = self.calls.get(stage.name)
        if call is None:
            yield from self._words(stage, self.cores[stage.name])
        else:
            for name, count in call.words:
                yield f"  HWG_WORDS({name}, {count})"
            for line in call.lines:
                yield from cpp.statement(line)
        yield "}"

    def _words(self, stage: Stage, core: FlowCore) -> Iterator[str]:
        """Yield the loop that calls a flow core for every word."""
        (sink,) = (self.design.link(name) for name in stage.writes)
        yield f"  for (int n = 0; n < {sink.words}; ++n) {{"
        yield "    HWG_PIPELINE_LOOP"
        given = []
        for name in stage.reads:
            link = self.design.link(name)
            count, own = len(link.fields), f"{name}_in"
            yield f"    const {self._type(link)} {name}_word = {name}_words.read();"
            yield f"    {element(link)} {own}[{count}];"
            yield f"    HWG_SPREAD({own})"
            yield f"    for (int i = 0; i < {count}; ++i) {own}[i] = {name}_word.at[i];"
            given.append(own)
        count, own = len(sink.fields), f"{sink.name}_out"
        yield f"    {element(sink)} {own}[{count}];"
        yield f"    HWG_SPREAD({own})"
        yield f"    {core.top}({', '.join([*given, own])});"
        yield f"    {self._type(sink)} {sink.name}_word;"
        yield f"    for (int i = 0; i < {count}; ++i) {sink.name}_word.at[i] = {own}[i];"
        yield f"    {sink.name}_words.write({sink.name}_word);"
        yield "  }"

    def _top(self) -> Iterator[str]:
        design = self.design
        arguments = {port.link: ports.input_name(port) for port in self.ins}
        arguments |= {port.link: ports.output_name(port) for port in self.outs}
        through = {port.link for port in self.ins} & {port.link for port in self.outs}
        yield f"// {design.name}: all stages, each as soon as its words are there"
        yield "HWG_TOP"
        yield f"{self.signature()} {{"
        yield "  HWG_AXIS_BODY"
        for port in self.ins:
            yield f"  HWG_AXIS({ports.input_name(port)})"
        for port in self.outs:
            yield f"  HWG_AXIS({ports.output_name(port)})"
        for stage in design.stages:
            for name in stage.writes:
                if name in arguments:
                    continue
                yield f"  hwg::stream<{self._type(design.link(name))}> {name}_words;"
                yield f"  HWG_DEPTH({name}_words, {self._depth(stage, design.link(name))})"
        yield "  HWG_DATAFLOW"
        for stage in design.stages:
            given = [arguments.get(name, f"{name}_words") for name in (*stage.reads, *stage.writes)]
            yield from cpp.statement(f"HWG_RUN({self.functions[stage.name]}({', '.join(given)}));")
        for port in self.outs:
            if port.link in through:  # a port that leaves as it came
                link = design.link(port.link)
                source = next(ports.input_name(p) for p in self.ins if p.link == port.link)
                copy = f"{ports.output_name(port)}.write({source}.read());"
                yield f"  HWG_RUN(for (int n = 0; n < {link.words}; ++n) {copy});"
        yield "}"

    def _depth(self, stage: Stage, link: Link) -> int:
        """Return the words of a stream."""
        buffered = 0 if unit_of(stage) is not None else buffer_of(stage).params["Depth"]
        return max(link.depth + buffered, SHALLOWEST)
