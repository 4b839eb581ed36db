# SPDX-License-Identifier: Apache-2.0
"""A design as SystemVerilog: package, one module a layer, tops, units.

A stream design is its flow cores, each printed as a parallel design is, and a top that joins them
with the hand-written units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hwgen.design.flow_core import flow_cores
from hwgen.design.names import ModuleNames
from hwgen.design.serial import design_files
from hwgen.design.source_list import write_list
from hwgen.design.stage_core import stage_cores
from hwgen.design.types import Design, Layer, cycles_text
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.axis import axis_top, axis_units
from hwgen.emit.verilog.axis_cross import CROSS_UNITS, cross_top
from hwgen.emit.verilog.layout import banner, packed
from hwgen.emit.verilog.pipeline import layer_module
from hwgen.emit.verilog.serial_stages import UNITS, stages_top
from hwgen.emit.verilog.serial_top import serial_files
from hwgen.emit.verilog.stream_axis import WORDS_AXIS_UNITS, words_axis_top
from hwgen.emit.verilog.stream_top import stream_top
from hwgen.emit.verilog.top import flow_top
from hwgen.emit.verilog.wires import Wires
from hwgen.errors import ConfigError
from hwgen.files import FileSet
from hwgen.logic.nodes import Thresh, Wire
from hwgen.units.library import with_uses

DATA_WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024)  # bits of an AXI-Stream beat


def emit_rtl(design: Design) -> FileSet:
    """Return ``rtl/`` of a design, and the files by which the design is opened again.

    ``rtl/files.f`` lists the sources in dependency order, relative to its own folder.

    Raises:
        ConfigError: AXI-Stream has no beats of that many bits.
    """
    if design.data_width not in DATA_WIDTHS:
        raise ConfigError(
            f"an AXI-Stream beat of {design.data_width} bits is not possible",
            hint="the data width is a power of two from 8 to 1024",
        )
    names = ModuleNames.of(design)
    styles = {"stream": _stream, "serial": _serial, "parallel": _flow}
    made = styles[design.style](design, names)
    sources, units = dict(made.sources), made.units
    if design.axi_mhz is not None:
        sources[f"{names.cdc}.sv"] = cross_top(design, names)
        units |= CROSS_UNITS
    copied = {f"units/{unit.module}.sv": unit.path.read_bytes() for unit in with_uses(units)}
    order = [*made.packages, *copied, *(name for name in sources if name not in made.packages)]
    files: dict[str, bytes | str] = {f"rtl/{name}": text for name, text in sources.items()}
    files |= {f"rtl/{name}": content for name, content in copied.items()}
    files["rtl/files.f"] = write_list(order)
    return FileSet.of(files) | design_files(design)


@dataclass(frozen=True)
class _Sources:
    """Generated sources of a design.

    Attributes:
        sources: text by file name, in dependency order.
        packages: which of them are packages; they come before all modules.
        units: hand-written units that are instantiated.
    """

    sources: Mapping[str, str]
    packages: tuple[str, ...]
    units: frozenset[str]


def _core(design: Design, names: ModuleNames) -> _Sources:
    """Return the sources of a flow core: constants, layers, top."""
    links, wires = packed(design), Wires(design)
    package, constants = _package(design, names)
    sources = {f"{names.package}.sv": package}
    units = {"hwg_delay", "hwg_valid"}
    units |= {"hwg_link_delay"} if design.pipeline.links.inner else set()
    clocked = set()
    for layer in design.pipeline.layers:
        made = layer_module(design, layer, names, links, wires, constants)
        sources[f"{names.layers[layer.link]}.sv"] = made.text
        units |= made.units
        if made.clocked:
            clocked.add(layer.link)
    sources[f"{names.top}.sv"] = flow_top(design, names, links, clocked)
    return _Sources(sources, (f"{names.package}.sv",), frozenset(units))


def _flow(design: Design, names: ModuleNames) -> _Sources:
    """Return the sources of a parallel design."""
    core = _core(design, names)
    sources = {**core.sources, f"{names.axis}.sv": axis_top(design, names)}
    return _Sources(sources, core.packages, core.units | axis_units(design))


def _serial(design: Design, names: ModuleNames) -> _Sources:
    """Return the sources of a serial design."""
    if design.serial is not None:
        core = _serial_core(design, names)
        sources = {**core.sources, f"{names.axis}.sv": axis_top(design, names)}
        return _Sources(sources, core.packages, core.units | axis_units(design))
    package, _ = _package(design, names)
    sources = {f"{names.package}.sv": package}
    packages = [f"{names.package}.sv"]
    units = axis_units(design) | UNITS
    cores = stage_cores(design)
    for stage in cores.values():
        printed = _core if stage.serial is None else _serial_core
        part = printed(stage, ModuleNames.of(stage))
        sources |= part.sources
        packages += part.packages
        units |= part.units
    sources[f"{names.top}.sv"] = stages_top(design, names, cores)
    sources[f"{names.axis}.sv"] = axis_top(design, names)
    return _Sources(sources, tuple(packages), frozenset(units))


def _serial_core(design: Design, names: ModuleNames) -> _Sources:
    """Return the sources of a design of one serial stage, without the AXI-Stream top."""
    package, _ = _package(design, names)
    made, units = serial_files(design, names)
    sources = {f"{names.package}.sv": package, **made}
    return _Sources(sources, (f"{names.package}.sv",), frozenset(units))


def _stream(design: Design, names: ModuleNames) -> _Sources:
    """Return the sources of a stream design: its flow cores, memories, and tops."""
    sources: dict[str, str] = {}
    packages: list[str] = []
    units: set[str] = set()
    cores = flow_cores(design)
    for core in cores.values():
        made = _core(core, ModuleNames.of(core))
        sources |= made.sources
        packages += made.packages
        units |= made.units
    top = stream_top(design, names, {name: ModuleNames.of(c).top for name, c in cores.items()})
    sources |= top.sources
    sources[f"{names.axis}.sv"] = words_axis_top(design, names)
    return _Sources(sources, tuple(packages), frozenset(units | top.units | WORDS_AXIS_UNITS))


def _package(design: Design, names: ModuleNames) -> tuple[str, dict[Wire, tuple[str, str]]]:
    """Return the constants package and, by threshold node, the names of its two constants."""
    body = [f"package {names.package};", ""]
    body += [f"  // {line}" for line in _facts(design)]
    body += ["", f"  localparam int LATENCY = {design.latency};  // cycles from input to output"]
    if design.style == "serial":
        body.append(f"  localparam int INTERVAL = {design.interval};  // cycles between samples")
    constants: dict[Wire, tuple[str, str]] = {}
    for layer in () if design.style == "serial" else design.pipeline.layers:
        body += _thresholds(design, names, layer, constants)
    lines = [*body, "", "endpackage"]
    return sv.file(banner(design, f"{design.name}: constants."), lines), constants


def _facts(design: Design) -> Iterator[str]:
    """Yield what a reader wants to know at a glance."""
    yield f"planned for {design.target} at {design.clock_mhz:g} MHz"
    yield f"interval {design.interval}"
    for what, ports in (("input", design.inputs), ("output", design.outputs)):
        for port in ports:
            shape = "x".join(str(n) for n in port.shape)
            yield f"{what} {port.name}: {shape} of {port.fixed}"
    for layer in design.layers:
        link = design.link(layer.link)
        bits = link.digit_bits * len(link.fields) or link.bits
        yield sv.plain(
            f"{layer.name}: {cycles_text(layer.start, layer.end)}, "
            f"{len(layer.exports)} values in {bits} bits"
        )


def _thresholds(
    design: Design, names: ModuleNames, layer: Layer, constants: dict[Wire, tuple[str, str]]
) -> Iterator[str]:
    """Yield the threshold tables of a layer, each distinct one once, and enter their names."""
    logic, seen = design.pipeline.logic, dict[tuple[object, ...], tuple[str, str]]()
    label = layer.link.upper()
    for wire in layer.wires:
        node = logic.nodes[wire]
        if not isinstance(node, Thresh):
            continue
        width_in, width_out = logic.width(node.a), logic.width(wire)
        key = (node.thresholds, node.values, width_in, width_out)
        if key not in seen:
            if not seen:
                yield ""
                what = "thresholds and values, the first in the lowest bits"
                yield f"  // {sv.plain(layer.name)}: {what}"
            seen[key] = f"{label}_T{len(seen)}", f"{label}_V{len(seen)}"
            tables = ((node.thresholds, width_in), (node.values, width_out))
            for name, (table, width) in zip(seen[key], tables, strict=True):
                value = sv.concat([sv.literal(v, width) for v in table])
                yield f"  localparam logic {sv.span(len(table) * width)} {name} = {value};"
        limits, values = seen[key]
        constants[wire] = f"{names.package}::{limits}", f"{names.package}::{values}"
