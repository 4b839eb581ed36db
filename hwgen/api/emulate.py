# SPDX-License-Identifier: Apache-2.0
"""Emulation: a network compiled to machine code, and kept for the next time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwgen.api.emulator import Emulator
from hwgen.api.folder import BuildFolder
from hwgen.api.results import VerbResult
from hwgen.errors import ConfigError
from hwgen.files import FileSet
from hwgen.ir.graph import Graph
from hwgen.verify.emulation import emulator_of


def emulate(graph: Graph | Path | str, allow_changed: bool = False) -> Emulator:
    """Return the emulator of a network; compiled once, and kept for the next time.

    ``hwgen.emulate("out/jet").predict(x)`` gives what ``hwgen.predict("out/jet", x)`` gives.

    Args:
        graph: a graph, or a folder that `build` wrote. Of a design in the parallel style it is the
            logic of the hardware itself.
        allow_changed: go on where RTL or bench were edited; neither takes part here.

    Raises:
        ConfigError: no such folder, or numbers that the emulator does not hold.
        ToolMissing, ToolFailed: there is no C++ compiler, or it refuses the emulator.
    """
    if isinstance(graph, Graph):
        return Emulator(graph, emulator_of(graph))
    opened = BuildFolder.open(Path(graph), allow_changed)
    return Emulator(opened.graph, emulator_of(opened.graph, opened.design))


@dataclass(frozen=True, repr=False)
class Written(VerbResult):
    """Emulator that was written as a library in C.

    Attributes:
        name: what its functions begin with.
        to: folder of its files.
        files: their names.
    """

    name: str
    to: str
    files: tuple[str, ...]

    def text(self) -> str:
        """Return the folder, and what builds it."""
        return f"{self.to}: {', '.join(self.files)}\n  cmake -S {self.to} -B build"


def write_library(out: Path, to: Path, allow_changed: bool = False) -> Written:
    """Write the emulator of a build as a library: C++ source, C header, CMake and an example in C.

    Args:
        out: folder of the build.
        to: folder to write, new or empty.
        allow_changed: go on where RTL or bench were edited; neither takes part here.

    Raises:
        ConfigError: no such build, numbers that the emulator does not hold, or a folder that is not
            empty.
    """
    opened = BuildFolder.open(out, allow_changed)
    library = emulator_of(opened.graph, opened.design)
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ConfigError("the folder is not empty", str(to), "name a new one with -o")
    FileSet(library.files.files).write(to)
    return Written(library.name, str(to), library.files.paths)
