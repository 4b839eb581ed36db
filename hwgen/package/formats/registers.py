# SPDX-License-Identifier: Apache-2.0
"""SystemRDL description of the registers: in every package."""

from __future__ import annotations

from hwgen.files import FileSet
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore


def files(core: IpCore) -> FileSet:
    """Return ``regs/<base>_regs.rdl``."""
    registers = core.registers
    return FileSet.of({f"regs/{registers.name}.rdl": core.banner("//") + registers.rdl})


DESCRIPTION = Format("registers", files, optional=False)
