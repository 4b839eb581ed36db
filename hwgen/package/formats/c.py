# SPDX-License-Identifier: Apache-2.0
"""Bare-metal driver in C, with the header of the registers as PeakRDL-cheader writes it."""

from __future__ import annotations

from hwgen.files import FileSet
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore
from hwgen.package.registers import c_header_of


def files(core: IpCore) -> FileSet:
    """Return ``drivers/c/``.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    registers = core.registers
    header = "\n" + c_header_of(registers.name, registers.rdl)
    sources = (*core.c.files, (f"{registers.name}.h", header))
    return FileSet.of({f"drivers/c/{name}": core.banner("//") + text for name, text in sources})


def section(core: IpCore) -> str:
    """Return how the driver is used."""
    return core.c.usage


C = Format("c", files, section)
