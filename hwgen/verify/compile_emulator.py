# SPDX-License-Identifier: Apache-2.0
"""Emulators, compiled for this machine, kept in a cache, and called through ctypes."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen import tools
from hwgen.emit.emulator.library import Library
from hwgen.errors import ToolFailed, ToolMissing
from hwgen.tools import Tool

# Comparisons of floats that nobody traps: without AVX-512's masks they are vectorised only so.
FLAGS = ("-std=c++17", "-O3", "-fno-trapping-math", "-fPIC", "-shared", "-DHWG_NATIVE")
# GCC 12 takes half vectors on machines that it does not know yet.
NATIVE = ("-march=native", "-mprefer-vector-width=512")
Array = npt.NDArray[Any]


def compiler() -> Tool:
    """Return g++, which makes the faster code, or clang++.

    Raises:
        ToolMissing: there is neither.
    """
    for program in ("g++", "clang++"):
        found = shutil.which(program, path=tools.search_path())
        if found:
            return Tool(program, Path(found))
    hint = "install g++ with your system's packages, or use hwgen.predict, which needs none"
    raise ToolMissing("there is no C++ compiler", "g++", hint)


@lru_cache(maxsize=1)
def processor() -> str:
    """Return what tells this machine's processor from others: its model and its instructions."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        wanted = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
        if wanted:
            return "\n".join(dict.fromkeys(wanted))
    return f"{platform.machine()} {platform.processor()}"


def cache_folder() -> Path:
    """Return the folder of compiled emulators: ``$XDG_CACHE_HOME/hwgen`` or ``~/.cache/hwgen``."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "hwgen" / "emulator"


def compiled(library: Library) -> Path:
    """Return the shared library of an emulator; compiled once a source, compiler and machine.

    Raises:
        ToolMissing, ToolFailed: there is no compiler, or it refuses the source.
    """
    tool = compiler()
    native = platform.machine() in ("x86_64", "AMD64")
    flags = [*FLAGS, *(NATIVE if native else ())]
    facts = [library.files.digest(), *flags, str(tool.path), tool.version(), processor()]
    key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]
    name = f"{library.name}-{key}.so"
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / name
        if place.is_file():
            return place
        scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    except OSError:  # no home, or one that cannot be written: for this process alone
        scratch = Path(tempfile.mkdtemp(prefix="hwgen-"))
        place = scratch / name
    for path, content in library.files:
        (scratch / path).write_bytes(content)
    made = scratch / "made.so"
    command = [str(tool.path), *flags, str(scratch / library.source), "-o", str(made)]
    try:
        tools.run(command, name=tool.name, what=library.source)
        made.replace(place)  # whole or not at all, whoever else compiles it
    finally:
        if scratch != place.parent:
            shutil.rmtree(scratch, ignore_errors=True)
    return place


@dataclass(frozen=True)
class Moved:
    """Counts of input values that were not on the grid: rounded to it, or saturated."""

    rounded: int
    saturated: int
    not_finite: int


class Loaded:
    """Compiled emulator, loaded into this process. Any number of threads may call it.

    Args:
        library: the emulator.
        path: of its shared library.
    """

    def __init__(self, library: Library, path: Path) -> None:
        self.library = library
        self._library = ctypes.CDLL(str(path))
        self._run = self._library[f"{library.name}_run"]
        self._float = self._library[f"{library.name}_predict"]
        self._double = self._library[f"{library.name}_predict_double"]

    def close(self) -> None:
        """Unload the library; the object cannot be used afterwards."""
        import _ctypes

        handle, self._library._handle = self._library._handle, 0
        if handle and hasattr(_ctypes, "dlclose"):
            _ctypes.dlclose(handle)

    def run(self, codes: Mapping[str, Array], threads: int = 1) -> dict[str, Array]:
        """Return output codes of input codes, both by the names of the C interface.

        Args:
            codes: of shape (samples, *shape), within the intervals of the inputs.
            threads: that share the samples.
        """
        sides = self.library.inputs
        ins = [np.ascontiguousarray(codes[s.name], s.dtype) for s in sides]
        outs = [np.empty((len(ins[0]), *s.type.shape), s.dtype) for s in self.library.outputs]

        def part(first: int, last: int) -> None:
            _check(self._run(*_arguments(ins, outs, first, last)))

        _shared(part, len(ins[0]), threads)
        return {s.name: out for s, out in zip(self.library.outputs, outs, strict=True)}

    def predict(
        self, values: Mapping[str, Array], threads: int = 1
    ) -> tuple[dict[str, Array], Moved]:
        """Return output values of input values, and how many of these had to be moved.

        float32 stays float32, anything else is taken as float64. Outputs are float64.
        """
        single = all(v.dtype == np.float32 for v in values.values())
        kind, call = (np.float32, self._float) if single else (np.float64, self._double)
        ins = [np.ascontiguousarray(values[s.name], kind) for s in self.library.inputs]
        outs = [np.empty((len(ins[0]), *s.type.shape)) for s in self.library.outputs]
        counts: list[Array] = []

        def part(first: int, last: int) -> None:
            moved = np.zeros(3, np.uintp)
            counts.append(moved)
            given = _arguments(ins, outs, first, last)
            _check(call(*given, ctypes.c_void_p(moved.ctypes.data)))

        _shared(part, len(ins[0]), threads)
        total = np.sum(counts, axis=0, dtype=np.int64) if counts else np.zeros(3, np.int64)
        named = {s.name: out for s, out in zip(self.library.outputs, outs, strict=True)}
        return named, Moved(*map(int, total))


def _check(status: int) -> None:
    if status == 1:
        raise ToolFailed("the emulator found no memory for its values", "emulate")


def _arguments(ins: Sequence[Array], outs: Sequence[Array], first: int, last: int) -> Iterator[Any]:
    yield ctypes.c_size_t(last - first)
    for array in (*ins, *outs):
        yield ctypes.c_void_p(array[first:].ctypes.data)


def _shared(work: Callable[[int, int], None], samples: int, threads: int) -> None:
    """Let threads work on contiguous parts of the samples."""
    if not samples:
        return
    parts = max(1, min(threads, samples))
    ends = [samples * k // parts for k in range(parts + 1)]
    if parts == 1:
        work(0, samples)
        return
    with ThreadPoolExecutor(parts) as pool:
        for done in [pool.submit(work, a, b) for a, b in pairwise(ends)]:
            done.result()
