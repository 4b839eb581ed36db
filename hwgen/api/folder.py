# SPDX-License-Identifier: Apache-2.0
"""A build folder opened again: its graph and design, held against the digests of the build."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen.errors import ConfigError
from hwgen.frontends.bundle import load_bundle
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest

_AGAIN = "build it again with: hwgen build MODEL -b BOARD -o OUT"


@dataclass(frozen=True)
class BuildFolder:
    """A build folder opened again.

    Attributes:
        folder: where it lies.
        graph: what was built.
        design: the content of ``design.json``.
        version: the hwgen that built it.
    """

    folder: Path
    graph: Graph
    design: dict[str, Any]
    version: str

    @classmethod
    def open(cls, folder: Path) -> BuildFolder:
        """Read a folder that `build` wrote.

        The RTL may have been edited (that is what a simulation is for), and results may have
        entered the report; what the RTL is held against may not have changed.

        Raises:
            ConfigError: it is no such folder, or the design or the model in it was changed.
        """
        manifest = _json(folder, "manifest.json")
        known = manifest.get("files")
        if "hwgen" not in manifest or not isinstance(known, dict):
            raise ConfigError("manifest.json is not one of hwgen's", str(folder), _AGAIN)
        for path, expected in sorted(known.items()):
            if not path.startswith(("rtl/", "sim/", "report.")):
                _unchanged(folder, path, expected)
        design = _json(folder, "design.json")
        graph = load_bundle(folder / "model" / "graph.json")
        if design.get("model") != digest(graph):
            raise ConfigError("design.json and model/ do not belong together", str(folder), _AGAIN)
        return cls(folder, graph, design, str(manifest["hwgen"]))


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"this is no folder that hwgen built ({name}: {reason})", str(folder), _AGAIN
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(f"{name} is not one of hwgen's", str(folder), _AGAIN)
    return found


def _unchanged(folder: Path, path: str, expected: object) -> None:
    try:
        content = (folder / path).read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is missing from the build", str(folder), _AGAIN) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise ConfigError(f"{path} was changed after the build", str(folder), _AGAIN)
