# SPDX-License-Identifier: Apache-2.0
"""Drivers of the engine: C for bare metal, Python for PYNQ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hwgen.codec.tables import Tables
from hwgen.emit.holes import fill
from hwgen.package.bench import template
from hwgen.package.codec_core import CodecCore, TableSet
from hwgen.package.codec_tables import DEPTHS, Memory, c_tables, memories
from hwgen.package.registers import Register, field_lines, offset_lines


def codec_class(core: CodecCore) -> str:
    """Return the name of the Python driver's class."""
    return "".join(part.capitalize() for part in core.base.split("_"))


def _constants(core: CodecCore, registers: Sequence[Register]) -> dict[str, str]:
    resets = {r.name: r.reset for r in registers}

    def word(name: str) -> str:
        value = resets[name]
        assert value is not None
        return f"{value:08x}"

    return {
        "ip": core.ip,
        "lanes": str(core.lanes),
        "bits": str(core.bits),
        "coder": str(int(core.coder)),
        "sets": str(core.sets),
        "address": str(core.address_bits),
        "bytes": str(core.container // 8),
        "config": word("config"),
        "limits": word("limits"),
    }


def _memories(core: CodecCore) -> list[Memory]:
    """Return the memories that the core has, whatever they hold."""
    return memories(core, TableSet(Tables.generic()))


def codec_c(core: CodecCore, registers: Sequence[Register]) -> dict[str, str]:
    """Return header and sources of the bare-metal driver, without the register header."""
    names = {"name": core.base, "NAME": core.base.upper()}
    externs = []
    if core.table_sets:
        externs.append(
            f"extern const {core.base}_set {core.base}_sets[{names['NAME']}_TABLE_SETS];"
        )
    if core.maps:
        externs.append(f"extern const {core.base}_map {core.base}_maps[{names['NAME']}_MAPS];")
    header = fill(
        template("codec.h.in"), **names, guard=f"{names['NAME']}_H", externs="\n".join(externs),
        table_sets=str(len(core.table_sets)), maps=str(len(core.maps)),
        **_constants(core, registers),
    )  # fmt: skip
    loads = []
    for memory in _memories(core):
        depth, kind = DEPTHS[memory.kind], "bytes" if memory.rom.width <= 8 else "words"
        loads.append(
            f"load_{kind}(core, {memory.kind}, number * {depth}u, set->{memory.name}, {depth}u);"
        )
    source = fill(template("codec.c.in"), **names, loads="\n".join(loads))
    made = {
        f"{core.base}.h": core.banner("//") + header,
        f"{core.base}.c": core.banner("//") + source,
    }
    if core.table_sets:
        made[f"{core.base}_tables.c"] = c_tables(core)
    return made


def codec_pynq(core: CodecCore, registers: Sequence[Register]) -> str:
    """Return the PYNQ driver."""
    resets: Mapping[str, int | None] = {r.name: r.reset for r in registers}
    kinds = ", ".join(str(memory.kind) for memory in _memories(core))
    text = fill(
        template("codec.py.in"), module=core.base, klass=codec_class(core),
        kinds=f"{kinds}," if "," not in kinds else kinds, magic=f"{resets['id']:08x}",
        registers=offset_lines(registers), fields=field_lines(registers),
        **_constants(core, registers),
    )  # fmt: skip
    return core.banner("#") + text
