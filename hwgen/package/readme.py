# SPDX-License-Identifier: Apache-2.0
"""The README of a package: ports, formats, registers, how to use it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from hwgen.files import fill_template
from hwgen.package.bench import template
from hwgen.package.core import AxisPort, Core, counted
from hwgen.package.drivers import klass
from hwgen.package.registers import Register, table

_FOLDERS = (
    ("hdl/", "", "the sources, in the order of `hdl/files.f`"),
    ("regs/", "", "the registers in SystemRDL"),
    ("sim/", "", "self-checking benches with the vectors of the build"),
    ("constraints/", "", "the planned clock"),
    ("component.xml", "ip-xact", "IP-XACT, IEEE 1685-2014"),
    ("*.core", "fusesoc", "FuseSoC core file"),
    ("vivado/package_ip.tcl", "vivado", "packages the core for Vivado's IP catalogue"),
    ("drivers/pynq/", "pynq", "Python driver for PYNQ"),
    ("drivers/c/", "c", "bare-metal driver in C"),
)


def _ports(title: str, streams: Sequence[AxisPort]) -> list[str]:
    return [
        f"| {title} | bus | shape | format | container | a sample |",
        "|---|---|---|---|---|---|",
        *(
            f"| `{s.name}` | `{s.prefix}` | {s.dims} | {s.fixed} | {s.container} bits | "
            f"{s.bytes} bytes, {counted(s.beats, 'beat')} |"
            for s in streams
        ),
    ]


def _sections(core: Core, formats: Collection[str]) -> Iterator[str]:
    """Yield the sections on the formats."""
    if "fusesoc" in formats:
        more = ", `sim_trigger` the trigger wrapper" if "trigger" in formats else ""
        yield fill_template(
            template("readme_fusesoc.md.in"), base=core.base, vlnv=core.vlnv, trigger=more
        )
    if "vivado" in formats:
        yield fill_template(template("readme_vivado.md.in"), ip=core.ip)
    if "pynq" in formats:
        yield fill_template(template("readme_pynq.md.in"), base=core.base, klass=klass(core))
    if "c" in formats:
        source, sink = core.inputs[0].label, core.outputs[0].label
        yield fill_template(
            template("readme_c.md.in"), base=core.base, BASE=core.base.upper(), source=source,
            SOURCE=source.upper(), sink=sink, SINK=sink.upper(),
        )  # fmt: skip
    if "trigger" in formats:
        yield fill_template(
            template("readme_trigger.md.in"), trigger=core.trigger, clock=f"{core.clock_mhz:g}",
            latency=counted(core.latency, "cycle"),
            ns=f"{core.latency * 1000 / core.clock_mhz:.1f}",
        )  # fmt: skip


def readme(core: Core, registers: tuple[Register, ...], formats: Collection[str]) -> str:
    """Return ``README.md`` for a package with the given formats."""
    folders = [
        f"| `{path.replace('*', core.base)}` | {what} |"
        for path, kind, what in _FOLDERS
        if not kind or kind in formats
    ]
    text = fill_template(
        template("readme.md.in"),
        ip=core.ip,
        name=core.name,
        version=core.version,
        model=core.model,
        latency=counted(core.latency, "cycle"),
        interval=str(core.interval),
        board=core.board.name,
        part=core.board.part,
        clock=f"{core.clock_mhz:g}",
        folders="\n".join(folders),
        data_width=str(core.data_width),
        ports="\n".join([*_ports("input", core.inputs), "", *_ports("output", core.outputs)]),
        registers="\n".join(table(registers)),
        sections="\n".join(_sections(core, formats)),
    )
    return text.rstrip("\n") + "\n"
