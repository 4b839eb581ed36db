# SPDX-License-Identifier: Apache-2.0
"""README of a package: folders, ports, registers, and a section of each format; always there."""

from __future__ import annotations

from hwgen.files import FileSet, fill_template
from hwgen.package.formats import Format
from hwgen.package.ip_core import LICENCE, IpCore
from hwgen.package.registers import table
from hwgen.package.text import template

_FOLDERS = {
    "hdl/": "the sources, in the order of `hdl/files.f`",
    "tables/": "contents of the memories, and `tables.json`",
    "regs/": "the registers in SystemRDL",
    "sim/": "self-checking benches with their vectors",
    "constraints/": "the planned clock",
    "component.xml": "IP-XACT, IEEE 1685-2014",
    "*.core": "FuseSoC core file",
    "vivado/package_ip.tcl": "packages the core for Vivado's IP catalogue",
    "drivers/pynq/": "Python driver for PYNQ",
    "drivers/c/": "bare-metal driver in C",
}


_LIMITED = "the planned clocks, and limits of the paths between them"


def files(core: IpCore) -> FileSet:
    """Return ``README.md``."""
    folders = [
        f"| `{place}` | {_LIMITED if name == 'constraints/' and core.crossings else text} |"
        for name, text in _FOLDERS.items()
        if (place := name.replace("*", core.base))
        and any(path.startswith(place) for path in core.packaged)
    ]
    before, behind = core.readme
    text = fill_template(
        template("readme.md.in"),
        top=core.top,
        vlnv=core.identity.vlnv,
        revision=str(core.identity.revision),
        before=before.rstrip("\n"),
        folders="\n".join(folders),
        behind=behind.rstrip("\n"),
        registers="\n".join(table(core.registers.registers)),
        sections="\n".join(core.sections),
    )
    return FileSet.of({"README.md": f"<!-- {LICENCE} -->\n" + text.rstrip("\n") + "\n"})


README = Format("readme", files, optional=False)
