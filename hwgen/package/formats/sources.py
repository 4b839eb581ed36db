# SPDX-License-Identifier: Apache-2.0
"""Sources of the module, and what else belongs to the core: in every package."""

from __future__ import annotations

from hwgen.design.source_list import write_list
from hwgen.files import FileSet
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore


def files(core: IpCore) -> FileSet:
    """Return ``hdl/``, with the compile order in ``hdl/files.f``, and the core's data."""
    wrappers = [
        path.removeprefix("hdl/")
        for path in core.packaged
        if path.startswith("hdl/") and path.endswith(".v")
    ]
    listing = [*(path for path, _ in core.sources), *wrappers]
    found: dict[str, bytes | str] = {f"hdl/{path}": content for path, content in core.sources}
    found["hdl/files.f"] = write_list(listing)
    return FileSet.of({**found, **dict(core.data)})


SOURCES = Format("sources", files, optional=False)
