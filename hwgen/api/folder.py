# SPDX-License-Identifier: Apache-2.0
"""Build folder opened again: its graph and design, held against the digests of the build."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.design.serial import AGAIN, SCHEMA, read_design
from hwgen.design.types import Design
from hwgen.errors import ConfigError
from hwgen.frontends.bundle import load_bundle
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest


@dataclass(frozen=True)
class BuildFolder:
    """Build folder opened again.

    Attributes:
        folder: where it lies.
        graph: what was built.
        design: what was planned for it.
        version: the hwgen that built it.
    """

    folder: Path
    graph: Graph
    design: Design
    version: str

    @classmethod
    def open(cls, folder: Path) -> BuildFolder:
        """Read a folder that `build` wrote.

        The RTL may have been edited (that is what a simulation is for), and results may have
        entered the report; what the RTL is held against may not have changed.

        Raises:
            ConfigError: it is no such folder, one of another version's form, or the design or the
                model in it was changed.
        """
        manifest = _json(folder, "manifest.json")
        known = manifest.get("files")
        if "hwgen" not in manifest or not isinstance(known, dict):
            raise ConfigError("manifest.json is not one of hwgen's", str(folder), AGAIN)
        if manifest.get("schema") != SCHEMA:
            raise ConfigError(
                f"hwgen {manifest['hwgen']} built this with schema {manifest.get('schema')}, and "
                f"this hwgen ({__version__}) reads {SCHEMA}",
                str(folder),
                AGAIN,
            )
        for path, expected in sorted(known.items()):
            if not path.startswith(("rtl/", "sim/", "report.")):
                _unchanged(folder, path, expected)
        design = read_design(folder)
        graph = load_bundle(folder / "model" / "graph.json")
        if design.model != digest(graph):
            raise ConfigError("design.json and model/ do not belong together", str(folder), AGAIN)
        return cls(folder, graph, design, str(manifest["hwgen"]))


def open(folder: Path | str) -> BuildFolder:
    """Open a folder that `hwgen.build` wrote.

    Raises:
        ConfigError: as `BuildFolder.open`.
    """
    return BuildFolder.open(Path(folder))


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"this is no folder that hwgen built ({name}: {reason})", str(folder), AGAIN
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(f"{name} is not one of hwgen's", str(folder), AGAIN)
    return found


def _unchanged(folder: Path, path: str, expected: object) -> None:
    try:
        content = (folder / path).read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is missing from the build", str(folder), AGAIN) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise ConfigError(f"{path} was changed after the build", str(folder), AGAIN)
