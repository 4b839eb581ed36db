# SPDX-License-Identifier: Apache-2.0
"""Compile the adder-graph core when the package is installed or built.

Without a C++17 compiler the package still works: hwgen/logic/cmvm/search.py then gives the same
graphs, some fifty times slower.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared")
NAME = {"win32": "core.dll", "darwin": "core.dylib"}.get(sys.platform, "core.so")


class CoreHook(BuildHookInterface):
    """Builds hwgen/logic/cmvm/core/core.so."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and put the library into the wheel."""
        if self.target_name != "wheel":
            return
        compiler = next(filter(shutil.which, [os.environ.get("CXX", ""), "g++", "clang++"]), None)
        if compiler is None:
            self.app.display_warning("no C++ compiler: large layers will be solved slowly")
            return
        folder = Path(self.root) / "hwgen" / "logic" / "cmvm" / "core"
        target = folder / NAME
        fresh = target.with_suffix(".new")
        # No -march: a wheel runs on every machine of its kind. No -ffast-math: integers only.
        subprocess.run(
            [compiler, *FLAGS, "-o", fresh, *sorted(folder.glob("*.cpp"))],
            check=True,
        )
        fresh.replace(target)
        build_data["artifacts"].append(f"hwgen/logic/cmvm/core/{NAME}")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
