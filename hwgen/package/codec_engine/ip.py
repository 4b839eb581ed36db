# SPDX-License-Identifier: Apache-2.0
"""IP core of the feature-map engine."""

from __future__ import annotations

from hwgen.package.codec_engine.bench import codec_bench
from hwgen.package.codec_engine.core import ENGINE, PAGE, CodecCore
from hwgen.package.codec_engine.drivers import codec_c, codec_pynq
from hwgen.package.codec_engine.readme import explanation, introduction
from hwgen.package.codec_engine.tables import table_files
from hwgen.package.codec_engine.top import codec_buses, codec_ports, codec_top, memory_space
from hwgen.package.identity import Identity
from hwgen.package.ip_core import IpCore
from hwgen.package.registers import RegisterMap, filled
from hwgen.package.text import release
from hwgen.units.library import with_uses

CODEC_KIND = "codec"  # in the manifest
DESCRIPTION = "dma/hwg_dma_regs.rdl"


def codec_registers(core: CodecCore) -> RegisterMap:
    """Return the engine's registers.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    name = f"{core.base}_regs"
    return RegisterMap.of(name, filled(DESCRIPTION, name, core.figures), PAGE)


def facts(core: CodecCore) -> dict[str, int]:
    """Return the parameters that a catalogue shows."""
    turns = core.turns
    transforms = {}
    if turns:
        transforms = {
            "TRANSFORM_KINDS": turns.kinds,
            "KLT_GROUPS": turns.groups,
            "MAP_WIDTH": turns.width,
        }
    return {
        "LANES": core.lanes,
        "BITS": core.bits,
        "CODER": int(core.coder),
        "TABLE_SETS": core.sets,
        "WEIGHTED": int(core.weighted),
        "WRITER": int(core.writer),
        "READER": int(core.reader),
        "BUS_WIDTH": core.bus,
        "MAX_BURST": core.burst,
        "OUTSTANDING": core.outstanding,
        **transforms,
    }


def codec_ip(core: CodecCore) -> IpCore:
    """Return the IP core of the engine.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    registers = codec_registers(core)
    title = core.title[0].upper() + core.title[1:]
    return IpCore(
        identity=Identity(core.base, release(core.version)),
        kind=CODEC_KIND,
        name=core.name,
        base=core.base,
        top=core.ip,
        title=core.title,
        description=f"{title}; made by hwgen {core.version}.",
        origin=core.origin,
        hwgen=core.version,
        model=core.model,
        board=core.board,
        clock_mhz=core.board.default_mhz if core.board else None,
        ports=tuple(codec_ports(core)),
        buses=codec_buses(core),
        spaces=(memory_space(core),),
        parameters=tuple((name, "int", str(value)) for name, value in facts(core).items()),
        registers=registers,
        sources=_sources(core),
        data=tuple((f"tables/{name}", text) for name, text in table_files(core).items()),
        bench=codec_bench(core, registers),
        flow=None,
        pynq=codec_pynq(core, registers),
        c=codec_c(core, registers),
        readme=(introduction(core), explanation(core)),
        manifest=(
            ("board", core.board_name),
            ("parameters", facts(core)),
            ("maps", [each.name for each in core.maps]),
        ),
    )


def _sources(core: CodecCore) -> tuple[tuple[str, bytes], ...]:
    """Return the sources of the packaged module in compile order."""
    units = tuple(
        (f"units/{unit.module}.sv", unit.path.read_bytes()) for unit in with_uses([ENGINE])
    )
    return (*units, (f"{core.ip}.v", codec_top(core).encode()))
