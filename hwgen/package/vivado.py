# SPDX-License-Identifier: Apache-2.0
"""The Tcl script with which Vivado packages the core for its IP catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.files import fill_template
from hwgen.package.bench import template
from hwgen.package.core import ADDRESS_WIDTH, Core
from hwgen.package.registers import Register
from hwgen.target.board import Board

# Of Vivado's names for families, by ours.
_FAMILIES = {
    "series7": "zynq artix7 kintex7 virtex7 spartan7",
    "ultrascale": "kintexu virtexu",
    "ultrascale_plus": "zynquplus kintexuplus virtexuplus virtexuplusHBM artixuplus",
}
_ANY_PART = "xc7z020clg400-1"  # a project needs a part, whatever the core was planned for


def families() -> str:
    """Return the families that a core is for, as Vivado takes them."""
    return " ".join(f"{name} Production" for name in " ".join(_FAMILIES.values()).split())


def part_of(board: Board | None) -> str:
    """Return the part of the project in which a core is packaged."""
    return board.part if board is not None and board.family.vendor == "amd" else _ANY_PART


def register_lines(registers: Sequence[Register]) -> str:
    """Return the commands that add registers to an address block."""
    lines = []
    for register in registers:
        lines.append(f"set register [ipx::add_register {register.name} $block]")
        lines.append(f"set_property address_offset 0x{register.offset:02X} $register")
        lines.append("set_property size 32 $register")
        lines.append(f"set_property description {{{register.text}}} $register")
    return "\n".join(lines)


def package_script(
    core: Core, registers: Sequence[Register], sources: Sequence[str], constraints: Sequence[str]
) -> str:
    """Return ``package_ip.tcl``.

    Args:
        core: what is packaged.
        registers: its map.
        sources: of the packaged module, in compile order, beside component.xml.
        constraints: XDC files, likewise; may be empty.
    """
    text = fill_template(
        template("package_ip.tcl.in"),
        ip=core.ip,
        part=part_of(core.board),
        files="\n".join(sources),
        constraints=" ".join(constraints),
        version=core.release,
        title=f"hwgen {core.name}",
        description=f"Neural network {core.name}: latency {core.latency} cycles, interval "
        f"{core.interval}. Model {core.model}, hwgen {core.version}.",
        families=families(),
        streams=" ".join(s.prefix for s in (*core.inputs, *core.outputs)),
        hertz=str(core.clock_khz * 1000),
        range=str(1 << ADDRESS_WIDTH),
        registers=register_lines(registers),
        facts=f"MODEL_DIGEST {core.model}\nLATENCY {core.latency}\nINTERVAL {core.interval}",
    )
    return core.banner("#") + text
