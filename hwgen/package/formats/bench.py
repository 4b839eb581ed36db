# SPDX-License-Identifier: Apache-2.0
"""Self-checking bench of the module: in every package. It needs a simulator and nothing else."""

from __future__ import annotations

from hwgen.files import FileSet
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore


def files(core: IpCore) -> FileSet:
    """Return ``sim/``: sources and memories of the bench."""
    return FileSet.of({f"sim/{name}": text for name, text in core.bench.files})


BENCH = Format("bench", files, optional=False)
