# SPDX-License-Identifier: Apache-2.0
"""What tells tools and people about the packaged engine: IP-XACT, FuseSoC, Vivado, README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

from hwgen.codec.block_scan import FULL_KLT
from hwgen.files import fill_template
from hwgen.package.bench import template
from hwgen.package.codec_engine.core import PAGE, CodecCore
from hwgen.package.codec_engine.drivers import codec_class
from hwgen.package.codec_engine.tables import DEPTHS, memories
from hwgen.package.codec_engine.top import (
    CONTROL,
    IN,
    MEMORY,
    OUT,
    buses,
    codec_ports,
    stream_ports,
)
from hwgen.package.core import counted
from hwgen.package.fusesoc import file_set, plain_targets, simulation
from hwgen.package.ipxact import REGISTERS, bus, document, node
from hwgen.package.registers import Register, table
from hwgen.package.top import LITE
from hwgen.package.vivado import families, part_of, register_lines

_SPACE = "memory"
_FOLDERS = {
    "hdl/": "the sources, in the order of `hdl/files.f`",
    "tables/": "contents of the memories, and `tables.json`",
    "regs/": "the registers in SystemRDL",
    "sim/": "a bench that writes a tensor and reads it back",
    "constraints/": "the board's clock",
    "component.xml": "IP-XACT, IEEE 1685-2014",
    "vivado/package_ip.tcl": "packages the core for Vivado's IP catalogue",
    "drivers/pynq/": "Python driver for PYNQ",
    "drivers/c/": "bare-metal driver in C",
}


def facts(core: CodecCore) -> dict[str, int]:
    """Return the parameters that a catalogue shows."""
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
        **(
            {
                "TRANSFORM_KINDS": core.turns.kinds,
                "KLT_GROUPS": core.turns.groups,
                "MAP_WIDTH": core.turns.width,
            }
            if core.turns
            else {}
        ),
    }


def _buses(core: CodecCore) -> Iterator[ET.Element]:
    yield bus(
        "aclk", ("signal", "clock"), {"CLK": "aclk"}, node("slave"),
        {"ASSOCIATED_BUSIF": ("", ":".join(buses(core))), "ASSOCIATED_RESET": ("", "aresetn")},
        "times everything",
    )  # fmt: skip
    yield bus(
        "aresetn", ("signal", "reset"), {"RST": "aresetn"}, node("slave"),
        {"POLARITY": ("", "ACTIVE_LOW")}, "synchronous",
    )  # fmt: skip
    yield bus(
        "irq", ("signal", "interrupt"), {"INTERRUPT": "irq"}, node("master"),
        {"SENSITIVITY": ("", "LEVEL_HIGH")}, "an event that was chosen waits",
    )  # fmt: skip
    yield bus(
        CONTROL, ("interface", "aximm"), {n.upper(): f"{CONTROL}_{n}" for n, *_ in LITE},
        node("slave", node("memoryMapRef", memoryMapRef=REGISTERS)),
        {"PROTOCOL": ("", "AXI4LITE"), "DATA_WIDTH": ("int", "32")}, "control and status registers",
    )  # fmt: skip
    names = [port.name for port in codec_ports(core) if port.name.startswith(MEMORY)]
    ways = ("" if core.reader else "WRITE_ONLY") or ("" if core.writer else "READ_ONLY")
    yield bus(
        MEMORY, ("interface", "aximm"), {n.removeprefix(f"{MEMORY}_").upper(): n for n in names},
        node("master", node("addressSpaceRef", addressSpaceRef=_SPACE)),
        {
            "PROTOCOL": ("", "AXI4"),
            "DATA_WIDTH": ("int", str(core.bus)),
            "MAX_BURST_LENGTH": ("int", str(core.burst)),
            "READ_WRITE_MODE": ("", ways or "READ_WRITE"),
        },
        "coded tensors",
    )  # fmt: skip
    for name, ports in stream_ports(core).items():
        wires = {port.name.removeprefix(f"{name}_"): port for port in ports}
        yield bus(
            name, ("interface", "axis"), {n.upper(): port.name for n, port in wires.items()},
            node("slave" if name == IN else "master"),
            {
                "TDATA_NUM_BYTES": ("int", str(core.beat)),
                "TUSER_WIDTH": ("int", str(wires["tuser"].width if "tuser" in wires else 0)),
                "HAS_TKEEP": ("int", "0"),
                "HAS_TLAST": ("int", str(int("tlast" in wires))),
                "HAS_TREADY": ("int", "1"),
            },
            f"{core.lanes} values of {core.container} bits",
        )  # fmt: skip


def codec_component(
    core: CodecCore, registers: Sequence[Register], sets: Mapping[str, Sequence[str]]
) -> str:
    """Return ``component.xml``; arguments as of `hwgen.package.ipxact.component`."""
    space = node(
        "addressSpace",
        node("name", _SPACE),
        node("range", str(1 << core.address_bits)),
        node("width", str(core.bus)),
        node("addressUnitBits", "8"),
    )
    text = f"{core.title}; made by hwgen {core.version}."
    return document(
        (core.ip, core.release, text[0].upper() + text[1:]), tuple(_buses(core)), registers,
        codec_ports(core), sets, {k: ("int", str(v)) for k, v in facts(core).items()}, (space,),
        PAGE,
    )  # fmt: skip


def codec_core_file(core: CodecCore, sets: Mapping[str, Sequence[str]]) -> str:
    """Return the FuseSoC core file; *sets* has ``rtl`` and ``sim``."""
    lines = ["filesets:"]
    for name in ("rtl", "sim"):
        lines += file_set(name, sets[name])
    lines += ["targets:", *plain_targets(core.ip)]
    lines += simulation(
        "sim", "write a tensor and read it back, compare with software", ("rtl", "sim"),
        f"tb_{core.ip}", "verilator",
    )  # fmt: skip
    head = ["CAPI=2:", "", *core.banner("#").splitlines(), f"name: {core.vlnv}",
            f"description: {core.title}"]  # fmt: skip
    return "\n".join([*head, *lines, ""])


def codec_script(
    core: CodecCore, registers: Sequence[Register], sources: Sequence[str], xdc: Sequence[str]
) -> str:
    """Return ``package_ip.tcl``; arguments as of `hwgen.package.vivado.package_script`."""
    constrained = []
    if xdc:
        constrained = [
            f"add_files -fileset constrs_1 -norecurse [file join $root {' '.join(xdc)}]",
            "set_property USED_IN {out_of_context synthesis implementation} "
            "[get_files -filter {NAME =~ *_ooc.xdc}]",
        ]
    text = fill_template(
        template("codec_ip.tcl.in"),
        ip=core.ip,
        part=part_of(core.board),
        files="\n".join(sources),
        constraints="\n".join(constrained),
        version=core.release,
        title=f"hwgen {core.name}",
        description=f"{core.title}. hwgen {core.version}.",
        families=families(),
        buses=" ".join(buses(core)),
        range=str(PAGE),
        registers=register_lines(registers),
        facts="\n".join(f"{name} {value}" for name, value in facts(core).items()),
    )
    return core.banner("#") + text


def _figures(core: CodecCore) -> Iterator[tuple[str, str]]:
    lanes = core.lanes
    yield "coder", f"{core.coder.name.lower()}, values of 1 to {core.bits} bits"
    yield "values a cycle", f"{lanes} each way, where the bus keeps up"
    if core.board:
        mhz = core.board.default_mhz
        yield (
            f"at the {mhz:g} MHz of {core.board.name}",
            f"{lanes * mhz:g} million values a second each way; the bus {core.bus * mhz / 8000:g} "
            "GB/s each way",
        )
    yield (
        "memory bus",
        (
            f"{core.bus} bits, addresses of {core.address_bits}; bursts of {core.burst} beats, "
            f"{core.outstanding} under way each way"
        ),
    )
    yield "blocks", "at most 4096 values"
    words = sum(DEPTHS[m.kind] for m in memories(core, core.table_sets[0]))
    sets = counted(core.sets, "table set")
    yield sets, f"{words} words each, to be loaded with {words} writes"
    if core.turns:
        names = [
            name for i, name in enumerate(("Haar2", "ICT4", "WHT4")) if core.turns.kinds >> i & 1
        ]
        if core.turns.groups:
            names.append(f"KLT over up to {counted(core.turns.groups, 'group')} of 8 channels")
        yield "transforms", f"{', '.join(['quantiser', *names])}; a value a cycle"
        yield "values of maps", f"up to {core.turns.width} bits, two's complement"
    yield "context weights", "yes" if core.weighted else "no: tensors with weights are not for it"


def _streams(core: CodecCore) -> Iterator[str]:
    yield "| stream | | |"
    yield "|---|---|---|"
    beat = f"{counted(core.lanes, 'value')} of {core.container} bits, the first one lowest"
    if core.writer:
        yield f"| `{IN}` | TDATA | {beat} |"
    if core.reader:
        top = core.count_width + 1
        yield f"| `{OUT}` | TDATA | {beat} |"
        yield "| | TUSER 0 | the last beat of a block |"
        yield "| | TUSER 1 | with it: the block was damaged, and is all zeros |"
        places = f"TUSER {top}:2" if top > 2 else "TUSER 2"
        yield f"| | {places} | values of the beat |"
        yield "| | TLAST | the last beat of the tensor |"


def _tables(core: CodecCore) -> Iterator[str]:
    if not core.maps:
        yield "The tables of set 0 were made without data: they suit any map that is mostly small"
        yield "values and zeros. Better ones come of `hwgen codec calibrate`, with `--plan`."
        return
    yield "The tables are the plan's. Its maps, with what each takes in memory at most:"
    yield ""
    yield "| map | height, width, channels | bits | set | key | blocks | index |"
    yield "|---|---|---|---|---|---|---|"
    for each in core.maps:
        d = each.descriptor
        shape = f"{d.height} x {d.width} x {d.channels}"
        yield (
            f"| `{each.name}` | {shape} | {d.bits} | {d.table_set} | {each.key:08x} | "
            f"{8 * d.capacity} bytes | {each.index_bytes} bytes |"
        )
    if core.turns:
        yield ""
        yield "Values of a transformed map are those of the map, block by block: the pixels of its"
        yield "patches, the channels in the order of its KLT (`order` in `tables/tables.json`). The"
        yield "drivers' `pack` and `unpack` (in C `pack_map` and `unpack_map`), given the map's"
        yield "transform, know that order. Before such a map registers `transform0_*` or"
        yield "`transform1_*` and the rows of its KLT are written: by `describe` in Python, in C by"
        yield "`turn`. A damaged block is zeros of the map."
        if any(each.descriptor.transform & FULL_KLT for each in core.maps):
            yield ""
            yield "A KLT over all channels is not done: the values are those behind it."
    elif any(each.descriptor.transform for each in core.maps):
        yield ""
        yield "Of a transformed map the core carries the coefficients; the transform is not in it."


def codec_readme(core: CodecCore, registers: tuple[Register, ...], paths: Sequence[str]) -> str:
    """Return ``README.md``; *paths* are the files of the package."""
    folders = [
        f"| `{name}` | {what} |"
        for name, what in (*_FOLDERS.items(), (f"{core.base}.core", "FuseSoC core file"))
        if any(path.startswith(name) for path in paths)
    ]
    number = "0"
    sections = [
        fill_template(template("readme_codec_uses.md.in"), base=core.base, BASE=core.base.upper(),
             vlnv=core.vlnv, ip=core.ip, klass=codec_class(core), set=number,
             engine="WRITER" if core.writer else "READER")
    ]  # fmt: skip
    made = f"It codes for the model with SHA-256 `{core.model}`." if core.model else ""
    text = fill_template(
        template("readme_codec.md.in"), ip=core.ip, version=core.version, title=core.title,
        purpose=made, folders="\n".join(folders), page=str(PAGE), bus=str(core.bus),
        figures="\n".join(f"| {name} | {what} |" for name, what in _figures(core)),
        burst=str(core.burst), bits=str(core.word), streams="\n".join(_streams(core)),
        tables="\n".join(_tables(core)), registers="\n".join(table(registers)),
        sections="\n".join(sections),
    )  # fmt: skip
    return text.rstrip("\n") + "\n"
