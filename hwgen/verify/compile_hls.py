# SPDX-License-Identifier: Apache-2.0
"""HLS C++ of a build, compiled on this machine with its test bench and run.

Plain integers always; ap_int and ac_int where an installed hls4ml brings their headers along.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hwgen import tools
from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Port
from hwgen.emit.hls.bench import vectors_text
from hwgen.emit.hls.design import code_of
from hwgen.emit.hls.project import code_files
from hwgen.errors import ConfigError, Mismatch, ToolFailed, ToolMissing
from hwgen.ir.tensor import Codes
from hwgen.tools import Tool
from hwgen.verify.vectors import Vectors

STANDARD = "c++11"  # what the vendors' tools document
_COMPILERS = (("g++", "g++"), ("clang++", "Clang"))
# Statements times samples that a build with ap_int or ac_int runs, and the least samples.
_VENDOR_WORK, _VENDOR_LEAST = 20_000_000, 200


@dataclass(frozen=True)
class Integers:
    """Headers of one kind of integers.

    Attributes:
        name: such as ``ap_int``.
        define: macro that chooses them; empty for plain integers.
        include: folder of the headers; None for plain integers.
        speed: compiler to the flag with which compiling and running together are shortest.
    """

    name: str
    define: str = ""
    include: Path | None = None
    speed: Mapping[str, str] = field(default_factory=dict)

    def flags(self, compiler: str) -> list[str]:
        """Return the compiler's flags."""
        found = [self.speed.get(compiler, "-O1")]
        if self.include is not None:  # as system headers: their warnings are not ours
            found += [f"-D{self.define}", "-isystem", str(self.include)]
        return found


@dataclass(frozen=True)
class Compilation:
    """One way to compile the C++: compiler and integers."""

    compiler: Tool
    integers: Integers

    def __str__(self) -> str:
        return f"{self.compiler.name} with {self.integers.name}"


def compilations() -> tuple[Compilation, ...]:
    """Return every way that this machine has.

    Raises:
        ToolMissing: there is no C++ compiler.
    """
    hint = "install g++ or clang with your system's packages"
    compilers = [
        Tool(program, tools.on_path(program, name, hint).path)
        for program, name in _COMPILERS
        if shutil.which(program, path=tools.search_path())
    ]
    if not compilers:
        raise ToolMissing("there is no C++ compiler", "g++", hint)
    return tuple(Compilation(c, i) for i in integers() for c in compilers)


def integers() -> tuple[Integers, ...]:
    """Return the kinds of integers whose headers are here."""
    found = [Integers("plain integers")]
    spec = importlib.util.find_spec("hls4ml")  # found, not imported
    for place in (spec.submodule_search_locations or ()) if spec else ():
        home = Path(place) / "templates"
        quick = {"g++": "-Og", "clang++": "-O0"}  # optimised, ap_int compiles for minutes
        for one in (
            Integers("ap_int", "HWG_AP", home / "vivado" / "ap_types", quick),
            Integers("ac_int", "HWG_AC", home / "catapult" / "ac_types" / "include"),
            Integers("ac_int of Intel", "HWG_AC", home / "quartus" / "ac_types"),
        ):
            if one.include is not None and one.include.is_dir():
                found.append(one)
    return tuple(found)


def samples_for(design: Design, integers: Integers, samples: int) -> int:
    """Return how many samples to run: all with plain integers, else fewer of a large network."""
    if integers.include is None:
        return samples
    return min(samples, max(_VENDOR_WORK // code_of(design).statements, _VENDOR_LEAST))


class Compiled:
    """C++ of a build, compiled once in one way; its benches are linked with the same objects.

    Args:
        folder: of the build.
        design: of the build.
        how: compiler and integers.
        scratch: folder for objects, which the caller removes.
        more: flags, behind the others.
        timeout: seconds, of everything that runs.

    Raises:
        ConfigError: the build has no HLS C++.
        ToolFailed: the compiler refuses it.
    """

    def __init__(
        self,
        folder: Path,
        design: Design,
        how: Compilation,
        scratch: Path,
        *,
        more: Sequence[str] = (),
        timeout: float = 1800.0,
    ) -> None:
        self.design, self.how, self.scratch, self.timeout = design, how, scratch, timeout
        self.more, self.names = tuple(more), ModuleNames.of(design)
        self.source = folder / "hls"
        if not (self.source / f"{self.names.top}_bench.cpp").is_file():
            raise ConfigError(
                "the build holds no HLS C++", str(folder), "build it again with --hls"
            )
        self.objects = [self._object(file) for file in code_files(self.source, design)]

    def _flags(self) -> list[str]:
        compiler = self.how.compiler
        own = self.how.integers.flags(compiler.name)
        return [str(compiler.path), f"-std={STANDARD}", *own, *self.more]

    def _object(self, file: Path, *more: str) -> Path:
        made = self.scratch / f"{file.stem}{'_bounded' if more else ''}.o"
        command = [*self._flags(), *more, "-I", str(self.source), "-c", str(file), "-o", str(made)]
        tools.run(command, name=str(self.how), what=file.name, timeout=self.timeout)
        return made

    def _program(self, objects: Sequence[Path], *more: str) -> Path:
        made = self.scratch / "bench"
        command = [*self._flags(), *more, *map(str, objects), "-o", str(made)]
        tools.run(command, name=str(self.how), what=self.names.top, timeout=self.timeout)
        return made

    def run(self, vectors: Vectors) -> dict[str, Codes]:
        """Run the bench on samples, and return the outputs by port.

        Args:
            vectors: samples with the outputs that the bench is to compare with.

        Raises:
            ToolFailed: the program ends in another way than it should; a bench whose verdict is not
                that of its own numbers is such a program.
        """
        return self._ran(vectors, self.objects)

    def run_bounded(self, vectors: Vectors) -> dict[str, Codes]:
        """Run a stream design with a thread a stage and streams of their own depth, as `run` does.

        Raises:
            ToolFailed: as `run`; a deadlock is such an end, too.
        """
        flags = ("-DHWG_BOUNDED", "-pthread")
        top = self._object(self.source / f"{self.names.top}.cpp", *flags)
        rest = [one for one in self.objects if one.stem != self.names.top]
        return self._ran(vectors, [top, *rest], *flags)

    def _ran(self, vectors: Vectors, objects: Sequence[Path], *more: str) -> dict[str, Codes]:
        top = self.names.top
        bench = self._object(self.source / f"{top}_bench.cpp", *more)
        program = self._program([*objects, bench], *more)
        given, got = self.scratch / "vectors.dat", self.scratch / "got.dat"
        given.write_text(vectors_text(self.design, vectors.inputs, vectors.outputs), "utf-8")
        got.unlink(missing_ok=True)
        passed, log = True, ""
        try:
            log = tools.run(
                [str(program), str(given), str(got)],
                name=f"the bench ({self.how})",
                what=top,
                timeout=self.timeout,
            )
        except ToolFailed as error:
            passed, log = False, str(error)
        found = _read(got, self.design.outputs, len(vectors))
        same = found is not None and vectors.equal(found)
        if found is None or passed != same or ("PASS" in log) != passed:
            raise ToolFailed(
                f"the bench ({self.how}) does not say what its numbers say\n{log}", top
            )
        return found

    def run_axis(self, vectors: Vectors) -> str:
        """Run the bench of the AXI-Stream top on samples, and return what it says.

        Raises:
            ToolFailed: the compiler refuses it.
            Mismatch: a frame is wrong, or a broken one is not treated as it should be.
        """
        axis = self.names.axis
        own = [self._object(self.source / f"{one}.cpp") for one in (axis, f"{axis}_bench")]
        program, given = self._program([*self.objects, *own]), self.scratch / "vectors.dat"
        given.write_text(vectors_text(self.design, vectors.inputs, vectors.outputs), "utf-8")
        try:
            return tools.run(
                [str(program), str(given)],
                name=f"the bench of frames ({self.how})",
                what=axis,
                timeout=self.timeout,
            )
        except ToolFailed as error:
            raise Mismatch(error.what, axis, "hwgen verify OUT --against hls") from error


def run_hls(
    folder: Path,
    design: Design,
    vectors: Vectors,
    how: Compilation,
    *,
    more: Sequence[str] = (),
) -> dict[str, Codes]:
    """Compile ``hls/`` with its bench and run it on samples: `Compiled.run`."""
    with tempfile.TemporaryDirectory() as name:
        return Compiled(folder, design, how, Path(name), more=more).run(vectors)


def run_axis(
    folder: Path,
    design: Design,
    vectors: Vectors,
    how: Compilation,
    *,
    more: Sequence[str] = (),
) -> str:
    """Compile the AXI-Stream top with its bench and run it on samples: `Compiled.run_axis`."""
    with tempfile.TemporaryDirectory() as name:
        return Compiled(folder, design, how, Path(name), more=more).run_axis(vectors)


def _read(path: Path, outputs: Sequence[Port], samples: int) -> dict[str, Codes] | None:
    """Return the outputs by port; None where the file does not hold as many."""
    try:
        rows = np.array(path.read_text("utf-8").split(), np.int64)
    except (OSError, ValueError):
        return None
    size = sum(port.size for port in outputs)
    if len(rows) != samples * size:
        return None
    table, found, at = rows.reshape(samples, size), dict[str, Codes](), 0
    for port in outputs:
        found[port.name] = table[:, at : at + port.size].reshape(samples, *port.shape)
        at += port.size
    return found
