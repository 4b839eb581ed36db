# SPDX-License-Identifier: Apache-2.0
"""EDAM file: the core as Edalize takes it, for any of the tools that Edalize drives."""

from __future__ import annotations

from pathlib import PurePosixPath

from hwgen.files import FileSet, json_bytes
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore

_KINDS = {".sv": "systemVerilogSource", ".v": "verilogSource-2005", ".xdc": "xdc"}


def _name(core: IpCore) -> str:
    return f"{core.base}.eda.yml"


def files(core: IpCore) -> FileSet:
    """Return ``<base>.eda.yml``: top, sources in order, constraints; paths from the package."""
    sets = core.file_sets()
    listed = [
        {"name": path, "file_type": _KINDS[PurePosixPath(path).suffix]}
        for name in ("rtl", "constraints")
        for path in sets.get(name, ())
        if PurePosixPath(path).suffix in _KINDS
    ]
    amd = core.board is not None and core.board.family.vendor == "amd"
    edam = {
        "name": core.base,
        "version": "0.2.1",
        "toplevel": core.top,
        "files": listed,
        "tool_options": {"vivado": {"part": core.board.part}} if core.board and amd else {},
    }
    # JSON is YAML, and YAML has comments.
    return FileSet.of({_name(core): core.banner("#") + json_bytes(edam).decode()})


def section(core: IpCore) -> str:
    """Return what one does with the file."""
    return (
        "## Edalize\n\n"
        f"`{_name(core)}` is an EDAM description. From the package's folder, for Vivado or another "
        "of Edalize's tools:\n\n"
        "```python\n"
        "import yaml\n"
        "from edalize.edatool import get_edatool\n\n"
        f'edam = yaml.safe_load(open("{_name(core)}"))\n'
        'get_edatool("vivado")(edam=edam, work_root=".").configure()\n'
        "```\n"
    )


EDAM = Format("edam", files, section)
