# SPDX-License-Identifier: Apache-2.0
"""A flow core as HLS C++: a function a layer, a top that calls them, and constants.

A parallel design is one flow core, and so is every pipeline of a stream or serial design.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design
from hwgen.emit.hls import cpp, ports
from hwgen.emit.hls.layers import LayerCode, layer_codes, untimed
from hwgen.emit.hls.nodes import Nodes
from hwgen.emit.verilog.wires import Wires
from hwgen.logic.nodes import In, Thresh, Wire


class FlowCore:
    """Text of a flow core.

    Args:
        design: of one pipeline.
        alone: whether it is the whole design; else another function calls it.

    Attributes:
        top: the function of a sample.
        units: twins that it takes.
        sources: names of its C++ files.
        statements: how many there are.
    """

    def __init__(self, design: Design, alone: bool = True) -> None:
        self.design, self.alone = design, alone
        self.names = ModuleNames.of(design)
        self.top = self.names.top
        self.wires = Wires(untimed(design))
        self.logic = design.pipeline.logic
        self.codes = layer_codes(design.pipeline)
        self.ports = {port.link: port for port in design.inputs}
        self.maker = {wire: code for code in self.codes for wire in code.gives}
        self.constants, names = _constants(self.top, self.wires, self.codes)
        self.nodes = Nodes(self.wires, names)
        made = {self.nodes.units(wire) for code in self.codes for wire in code.wires}
        self.units = made - {""}
        self.sources = (f"{self.top}.cpp",)
        self.statements = len(self.logic.nodes)

    def files(self) -> dict[str, bytes | str]:
        """Return header, constants and source."""
        found: dict[str, bytes | str] = {
            f"{self.top}.h": ports.header(self.design, self.top),
            f"{self.top}.cpp": self._source(),
        }
        if self.constants:
            top = cpp.banner(self.design.model, [f"{self.design.name}: constants."])
            body = ['#include "hwg/lang/int.h"', "", *self.constants]
            name = f"{self.top}_constants"
            found[f"{name}.h"] = cpp.header(name, top, body)
        return found

    def _source(self) -> str:
        design = self.design
        top = cpp.banner(
            design.model,
            [
                f"{design.name}: a function a layer; the names are those of the Verilog in rtl/.",
                f"Planned for {design.target} at {design.clock_mhz:g} MHz: {design.latency} cycles "
                "in the Verilog.",
            ],
        )
        includes = [f'#include "{self.top}.h"', '#include "hwg/lang/pragmas.h"']
        includes += [f'#include "hwg/{unit}.h"' for unit in sorted(self.units)]
        includes += [f'#include "{self.top}_constants.h"'] if self.constants else []
        lines = [*top, *includes, "", "using hwg::si;", "using hwg::ui;"]
        for code in self.codes:
            lines += ["", *self._layer(code)]
        return "\n".join([*lines, "", *self._top(), ""])

    def _struct(self, link: str) -> str:
        return f"{self.top}_{link}_word"

    def _layer(self, code: LayerCode) -> Iterator[str]:
        """Yield the word that a layer gives, and its function."""
        said = cpp.comment(f"{code.name}: {code.note}")
        yield f"// {said}"
        yield f"struct {self._struct(code.link)} {{"
        for wire in code.gives:
            yield f"  {self.nodes.kind(wire)} {self.wires.names[wire]};"
        yield "};"
        yield ""
        arguments = []
        for read in code.reads:
            port = self.ports.get(read.link)
            arguments.append(
                ports.input_argument(port)
                if port
                else f"const {self._struct(read.link)}& {read.link}_data"
            )
        arguments.append(f"{self._struct(code.link)}& {code.link}_data")
        yield f"{cpp.call(f'static void {self.names.layers[code.link]}', arguments)} {{"
        yield "  HWG_LAYER"
        for read in code.reads:
            for wire in read.wires:
                yield f"  {self._taken(wire, read.link)}"
        for wire in code.wires:
            yield from self.nodes.statement(wire)
        for wire in code.gives:
            name = self.wires.names[wire]
            yield f"  {code.link}_data.{name} = {name};"
        yield "}"

    def _taken(self, wire: Wire, link: str) -> str:
        """Return the declaration of a wire that comes from a port or from another layer."""
        kind, name = self.nodes.kind(wire), self.wires.names[wire]
        if link in self.ports:
            return f"const {kind} {name} = {kind}({self._source_of(wire)});"
        return f"const {kind} {name} = {self._source_of(wire)};"

    def _source_of(self, wire: Wire) -> str:
        """Return where a wire is found outside of its own layer."""
        node = self.logic.nodes[wire]
        if isinstance(node, In):
            return f"{ports.input_name(self.ports[node.port])}[{node.index}]"
        return f"{self.maker[wire].link}_data.{self.wires.names[wire]}"

    def _top(self) -> Iterator[str]:
        yield f"// {self.design.name}: all layers, a sample every cycle"
        if self.alone:
            yield "HWG_TOP"
        yield f"{ports.signature(self.design, self.top)} {{"
        yield "  HWG_TOP_BODY" if self.alone else "  HWG_CORE"
        for port in self.design.inputs if self.alone else ():
            yield f"  HWG_ARRAY({ports.input_name(port)})"
        for port in self.design.outputs if self.alone else ():
            yield f"  HWG_ARRAY({ports.output_name(port)})"
        for code in self.codes:
            yield f"  {self._struct(code.link)} {code.link}_data;"
            read = [
                ports.input_name(self.ports[r.link]) if r.link in self.ports else f"{r.link}_data"
                for r in code.reads
            ]
            arguments = ", ".join([*read, f"{code.link}_data"])
            yield f"  {self.names.layers[code.link]}({arguments});"
        wires = dict(self.logic.outputs)
        for port in self.design.outputs:
            kind = ports.kind(port)
            labels = [field.label for field in self.design.link(port.link).fields]
            for index, wire in enumerate(wires[port.name]):
                value = self.wires.const(wire)
                given = cpp.number(value) if value is not None else self._source_of(wire)
                text = f"{ports.output_name(port)}[{index}] = {kind}({given});"
                yield from cpp.statement(text, cpp.comment(labels[index]))
        yield "}"


def _constants(
    top: str, wires: Wires, codes: Sequence[LayerCode]
) -> tuple[list[str], dict[Wire, tuple[str, str]]]:
    """Return the tables of thresholds, each distinct one of a layer once, and their names."""
    logic, lines, names = wires.logic, list[str](), dict[Wire, tuple[str, str]]()
    for code in codes:
        seen: dict[tuple[object, ...], tuple[str, str]] = {}
        for wire in code.wires:
            node = logic.nodes[wire]
            if not isinstance(node, Thresh):
                continue
            kind_in = cpp.typed(wires.width[node.a], logic.lo[node.a] < 0)
            kind_out = cpp.word(logic.lo[wire], logic.hi[wire])
            key = (node.thresholds, node.values, kind_in, kind_out)
            if key not in seen:
                if not seen:
                    lines.append(f"// {cpp.comment(code.name)}: thresholds, and a value more")
                base = f"{top}_{code.link}".upper()
                seen[key] = f"{base}_T{len(seen)}", f"{base}_V{len(seen)}"
                tables = ((node.thresholds, kind_in), (node.values, kind_out))
                for name, (values, kind) in zip(seen[key], tables, strict=True):
                    head = f"static const hwg::{kind} {name}[{len(values)}]"
                    lines += cpp.table(head, map(cpp.number, values))
            names[wire] = seen[key]
    return lines, names
