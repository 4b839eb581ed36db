# SPDX-License-Identifier: Apache-2.0
"""Stages of a serial design as HLS C++: a file each, serial ones and parallel ones, and a top."""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.design.names import ModuleNames
from hwgen.design.stage_core import stage_cores
from hwgen.design.types import Design
from hwgen.emit.hls import cpp, ports
from hwgen.emit.hls.flow import FlowCore
from hwgen.emit.hls.serial import SerialCore
from hwgen.emit.hls.stream_units import element


class SerialText:
    """Text of a serial design: its stages, serial and parallel ones, and a top that calls them.

    Args:
        design: in the serial style.

    Attributes:
        top: the function of a sample.
        units: twins that it takes.
        sources: names of its C++ files.
        statements: of a sample.

    Raises:
        ConfigError: numbers that C++ does not hold.
    """

    def __init__(self, design: Design) -> None:
        self.design, self.top = design, ModuleNames.of(design).top
        self.cores = {
            name: SerialCore(core, False) if core.serial is not None else FlowCore(core, False)
            for name, core in stage_cores(design).items()
        }
        self.units = {unit for core in self.cores.values() for unit in core.units}
        own = (name for core in self.cores.values() for name in core.sources)
        self.sources = (f"{self.top}.cpp", *own)
        self.statements = sum(core.statements for core in self.cores.values())

    def files(self) -> dict[str, bytes | str]:
        """Return header and source of the top, and those of the stages."""
        found: dict[str, bytes | str] = {
            f"{self.top}.h": ports.header(self.design, self.top),
            f"{self.top}.cpp": "\n".join(self._source()),
        }
        for core in self.cores.values():
            found |= core.files()
        return found

    def _source(self) -> Iterator[str]:
        design = self.design
        what = [f"{design.name}: its stages; between them are words of all elements."]
        yield from cpp.banner(design.model, what)
        yield f'#include "{self.top}.h"'
        yield '#include "hwg/lang/pragmas.h"'
        yield from (f'#include "{core.top}.h"' for core in self.cores.values())
        yield ""
        yield "HWG_TOP"
        yield f"{ports.signature(design, self.top)} {{"
        names = {port.link: ports.input_name(port) for port in design.inputs}
        names |= {port.link: ports.output_name(port) for port in design.outputs}
        for name in names.values():
            yield f"  HWG_ARRAY({name})"
        for stage in design.stages:
            for link in stage.writes:
                if link not in names:
                    names[link] = f"{link}_data"
                    kind, count = element(design.link(link)), len(design.link(link).fields)
                    yield f"  {kind} {link}_data[{count}];"
                    yield f"  HWG_SPREAD({link}_data)"
            given = ", ".join(names[link] for link in (*stage.reads, *stage.writes))
            yield f"  // {cpp.comment(f'{stage.name}: {stage.note}')}"
            yield f"  {self.cores[stage.name].top}({given});"
        for port in design.outputs:  # a port that leaves as it came
            source = next((p for p in design.inputs if p.link == port.link), None)
            if source is not None:
                copy = f"{ports.output_name(port)}[i] = {ports.input_name(source)}[i];"
                yield f"  for (int i = 0; i < {port.size}; ++i) {copy}"
        yield "}"
        yield ""


def serial_code(design: Design) -> SerialCore | SerialText:
    """Return the text of a serial design: of one pipeline, or of several stages."""
    return SerialCore(design) if design.serial is not None else SerialText(design)
