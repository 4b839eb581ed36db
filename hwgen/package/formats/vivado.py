# SPDX-License-Identifier: Apache-2.0
"""Tcl script with which Vivado packages the core for its IP catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.files import FileSet, fill_template
from hwgen.package.formats import Format
from hwgen.package.formats.constraints import clock_xdc
from hwgen.package.ip_core import Bus, BusKind, IpCore
from hwgen.package.registers import Register
from hwgen.package.text import template
from hwgen.target.board import Board

# Vivado's names of families, by ours.
_FAMILIES = {
    "series7": "zynq artix7 kintex7 virtex7 spartan7",
    "ultrascale": "kintexu virtexu",
    "ultrascale_plus": "zynquplus kintexuplus virtexuplus virtexuplusHBM artixuplus",
}
_ANY_PART = "xc7z020clg400-1"  # a project needs a part, whatever the core was planned for
_TIMED = (BusKind.AXI, BusKind.STREAM)


def _families() -> str:
    return " ".join(f"{name} Production" for name in " ".join(_FAMILIES.values()).split())


def _part(board: Board | None) -> str:
    """Return the part of the project in which a core is packaged."""
    return board.part if board is not None and board.family.vendor == "amd" else _ANY_PART


def _constraints(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    lines = [f"add_files -fileset constrs_1 -norecurse [file join $root {path}]" for path in paths]
    lines.append(
        "set_property USED_IN {out_of_context synthesis implementation} "
        "[get_files -filter {NAME =~ *_ooc.xdc}]"
    )
    if any(path.endswith("_cdc.xdc") for path in paths):  # behind the clocks of the system
        lines.append("set_property PROCESSING_ORDER LATE [get_files -filter {NAME =~ *_cdc.xdc}]")
    return "\n".join(lines)


def _ports(bus: Bus) -> str:
    return f"{bus.name} {{{' '.join(port for _, port in bus.signals)}}}"


def _clock(core: IpCore) -> str:
    """Return the commands that state the planned rate of every clock."""
    lines = []
    for clock in core.buses:
        rate = next((value for name, _, value in clock.parameters if name == "FREQ_HZ"), None)
        if clock.kind is BusKind.CLOCK and rate is not None:
            lines.append(f"set clock [ipx::get_bus_interfaces {clock.name} -of_objects $core]")
            lines.append(f"set_property value {rate} [ipx::add_bus_parameter FREQ_HZ $clock]")
    return "\n".join(lines)


def _registers(registers: Sequence[Register]) -> str:
    """Return the commands that add registers to an address block."""
    lines = []
    for register in registers:
        lines.append(f"set register [ipx::add_register {register.name} $block]")
        lines.append(f"set_property address_offset 0x{register.offset:02X} $register")
        lines.append("set_property size 32 $register")
        lines.append(f"set_property description {{{register.text}}} $register")
    return "\n".join(lines)


def files(core: IpCore) -> FileSet:
    """Return ``vivado/package_ip.tcl``, and the clock's constraint where it is not there yet."""
    made = FileSet(tuple(f for f in clock_xdc(core) if f[0] not in core.packaged))
    paths = sorted({*made.paths, *(p for p in core.packaged if p.endswith(".xdc"))})
    identity = core.identity
    text = fill_template(
        template("package_ip.tcl.in"),
        top=core.top,
        part=_part(core.board),
        files="\n".join(f"hdl/{path}" for path, _ in core.sources),
        constraints=_constraints(paths),
        vendor=identity.vendor,
        library=identity.library,
        name=identity.name,
        version=identity.version,
        revision=str(identity.revision),
        title=f"hwgen {core.name}",
        description=core.description,
        families=_families(),
        streams="\n".join(_ports(bus) for bus in core.streams()),
        buses=" ".join(bus.name for bus in core.buses if bus.kind in _TIMED),
        clock=_clock(core),
        range=str(core.registers.span),
        registers=_registers(core.registers.registers),
        facts="\n".join(
            f"{name} {{{value}}}" if " " in value else f"{name} {value}"
            for name, _, value in core.parameters
        ),
    )
    return made | FileSet.of({"vivado/package_ip.tcl": core.banner("#") + text})


def section(core: IpCore) -> str:
    """Return how Vivado packages the core."""
    return fill_template(template("readme_vivado.md.in"), top=core.top)


VIVADO = Format("vivado", files, section)
