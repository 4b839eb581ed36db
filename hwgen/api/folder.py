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

_EDITABLE = ("rtl/", "hls/", "sim/")  # what people change and hold against the reference


@dataclass(frozen=True)
class BuildFolder:
    """Build folder opened again.

    Attributes:
        folder: where it lies.
        graph: what was built.
        design: what was planned for it.
        version: the hwgen that built it.
        changed: files of the RTL and of the bench that were edited after the build.
    """

    folder: Path
    graph: Graph
    design: Design
    version: str
    changed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<BuildFolder: {self.design.name} in {self.folder}, for {self.design.target}>"

    @classmethod
    def open(cls, folder: Path, allow_changed: bool = False) -> BuildFolder:
        """Read a folder that `build` wrote, and compare every file with its digest.

        Results may have entered the report. With *allow_changed*, RTL and bench may have been
        edited; what they are held against, the design and the model, never.

        Raises:
            ConfigError: it is no such folder, one of another version's form, or a file in it was
                changed.
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
        changed = []
        for path, expected in sorted(known.items()):
            if path.startswith("report."):
                continue
            problem = _problem(folder, path, expected)
            if problem and path.startswith(_EDITABLE) and allow_changed:
                changed.append(path)
            elif problem:
                edited = path.startswith(_EDITABLE)
                hint = f"--allow-changed takes it as it is; or {AGAIN}" if edited else AGAIN
                raise ConfigError(f"{path} {problem}", str(folder), hint)
        design = read_design(folder)
        graph = load_bundle(folder / "model" / "graph.json")
        if design.model != digest(graph):
            raise ConfigError("design.json and model/ do not belong together", str(folder), AGAIN)
        return cls(folder, graph, design, str(manifest["hwgen"]), tuple(changed))


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


def _problem(folder: Path, path: str, expected: object) -> str:
    """Return what is wrong with a file of the build; nothing where it is as it was written."""
    try:
        content = (folder / path).read_bytes()
    except (OSError, ValueError):
        return "is missing from the build"
    same = hashlib.sha256(content).hexdigest() == expected
    return "" if same else "was changed after the build"
