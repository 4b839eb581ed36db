# SPDX-License-Identifier: Apache-2.0
"""Driver in Python for PYNQ."""

from __future__ import annotations

from hwgen.files import FileSet
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore


def files(core: IpCore) -> FileSet:
    """Return ``drivers/pynq/``."""
    sources = core.pynq.files
    return FileSet.of({f"drivers/pynq/{name}": core.banner("#") + text for name, text in sources})


def section(core: IpCore) -> str:
    """Return how the driver is used."""
    return core.pynq.usage


PYNQ = Format("pynq", files, section)
