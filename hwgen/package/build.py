# SPDX-License-Identifier: Apache-2.0
"""Package of an IP core: all its files, in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from hwgen.files import FileSet, json_bytes
from hwgen.package.formats.bench import BENCH
from hwgen.package.formats.c import C
from hwgen.package.formats.constraints import CONSTRAINTS
from hwgen.package.formats.edam import EDAM
from hwgen.package.formats.fusesoc import FUSESOC
from hwgen.package.formats.ipxact import IPXACT
from hwgen.package.formats.pynq import PYNQ
from hwgen.package.formats.readme import README
from hwgen.package.formats.registers import DESCRIPTION
from hwgen.package.formats.sources import SOURCES
from hwgen.package.formats.trigger import TRIGGER
from hwgen.package.formats.vivado import VIVADO
from hwgen.package.ip_core import IpCore

# In the order of writing: what lists the files of others comes behind them.
FORMATS = (
    TRIGGER,
    SOURCES,
    DESCRIPTION,
    BENCH,
    CONSTRAINTS,
    FUSESOC,
    EDAM,
    VIVADO,
    PYNQ,
    C,
    IPXACT,
    README,
)
CHOICES = tuple(form.name for form in FORMATS if form.optional)
SCHEMA = 1


def choices_of(core: IpCore) -> tuple[str, ...]:
    """Return the formats that a core can have, of `CHOICES`."""
    return tuple(name for name in CHOICES if name != TRIGGER.name or core.flow is not None)


def package(core: IpCore, formats: Collection[str]) -> FileSet:
    """Return the files of a package.

    Sources, bench, registers, constraints, README.md and manifest.json are in every package;
    *formats* adds the rest.

    Args:
        core: what is packaged.
        formats: of `CHOICES`.

    Raises:
        ConfigError: ``trigger`` for a core without flow ports.
        ToolMissing: PeakRDL is not installed.
    """
    files = FileSet()
    for form in FORMATS:
        if form.optional and form.name not in formats:
            continue
        part = form.files(core)
        files |= part
        core = core.with_part(part.paths, form.section(core))
    return files | FileSet.of({"manifest.json": _manifest(core, files, formats)})


def _manifest(core: IpCore, files: FileSet, formats: Collection[str]) -> bytes:
    return json_bytes(
        {
            "hwgen": core.hwgen,
            "schema": SCHEMA,
            "kind": core.kind,
            "name": core.name,
            "vlnv": core.identity.vlnv,
            "model": core.model,
            **dict(core.manifest),
            "formats": [name for name in CHOICES if name in formats],
            "files": {path: hashlib.sha256(content).hexdigest() for path, content in files},
        }
    )
