# SPDX-License-Identifier: Apache-2.0
"""The harness of C++ twins: a program of one function a case, compiled and run once, compared."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hwgen import paths
from hwgen.errors import ToolFailed
from hwgen.tools import run
from hwgen.verify.compile_hls import integers

Array = npt.NDArray[np.int64]
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-pedantic", "-Werror")


def listed(values: Any) -> str:
    """Return numbers with commas between them; those of 64 bits without sign as such."""
    flat = np.asarray(values).reshape(-1)
    return ", ".join(f"0x{v:x}ULL" if flat.dtype == np.uint64 else str(v) for v in flat.tolist())


def vendor_flags() -> list[list[str]]:
    """Return the flags of every kind of integers with headers of a vendor."""
    kinds = [kind for kind in integers() if kind.include is not None]
    assert {kind.define for kind in kinds} == {"HWG_AP", "HWG_AC"}
    return [[f"-D{kind.define}", "-isystem", str(kind.include)] for kind in kinds]


def loop(count: int, body: str) -> str:
    """Return a loop over ``n``."""
    return f"  for (int n = 0; n < {count}; ++n) {{\n{body}\n  }}\n"


def feed(kind: str, words: int, width: int, source: str = "x") -> str:
    """Return what fills the stream ``in`` with words of lanes."""
    word = f"    lanes<{kind}, {width}> w;\n"
    word += f"    for (int i = 0; i < {width}; ++i) w.at[i] = {kind}({source}[n * {width} + i]);\n"
    return f"  stream<lanes<{kind}, {width}> > in;\n" + loop(words, word + "    in.write(w);")


def drain(kind: str, words: int, width: int) -> str:
    """Return what prints words of lanes from the stream ``out``, and whether there are more."""
    body = f"    const lanes<{kind}, {width}> w = out.read();\n"
    body += f"    for (int i = 0; i < {width}; ++i) put(w.at[i]);"
    return loop(words, body) + '  if (hwg::waiting(out)) std::printf("more ");\n'


class Program:
    """A program of one function a case; each prints its results in a line."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.wanted: list[Array] = []
        self.shared = ""

    def share(self, **arrays: Any) -> None:
        """Add arrays that all cases see."""
        self.shared += "".join(map(_table, arrays, arrays.values()))

    def case(self, body: str, wanted: Any, **arrays: Any) -> None:
        """Add a case: its arrays are there as ``long long``; ``put(x)`` prints a number."""
        tables = "".join(map(_table, arrays, arrays.values()))
        self.parts.append(f"static void case{len(self.parts)}() {{\n{tables}{body}\n}}\n")
        self.wanted.append(np.asarray(wanted, np.int64).reshape(-1))

    def text(self) -> str:
        """Return the program; it includes the twins that its cases name."""
        whole = self.shared + "".join(self.parts)
        folder = paths.hls_templates() / "include" / "hwg"
        units = sorted(
            {n for n in re.findall(r"\bhwg::(\w+)", whole) if (folder / f"{n}.h").is_file()}
        )
        lines = ["#include <cstdio>", '#include "hwg/lang/stream.h"']
        lines += [f'#include "hwg/{unit}.h"' for unit in units]
        lines += ["using hwg::si;", "using hwg::ui;", "using hwg::stream;"]
        if "lanes<" in whole:
            lines.insert(2, '#include "hwg/lang/words.h"')
            lines.append("using hwg::lanes;")
        lines += ['template <class T> inline void put(const T& x) { std::printf("%lld ",']
        lines += ["                                                      hwg::number(x)); }"]
        calls = "".join(f'  case{i}();\n  std::puts("");\n' for i in range(len(self.parts)))
        lines += [self.shared, *self.parts, f"int main() {{\n{calls}  return 0;\n}}\n"]
        return "\n".join(lines)

    def check(self, folder: Path, flags: Sequence[str]) -> None:
        """Compile, run and compare."""
        (folder / "twins.cpp").write_text(self.text())
        include = str(paths.hls_templates() / "include")
        command = ["g++", "-std=c++11", "-O0", *flags, "-I", include, "twins.cpp", "-o", "twins"]
        run(command, folder)
        rows = run(["./twins"], folder).splitlines()
        for index, (row, wanted) in enumerate(zip(rows, self.wanted, strict=True)):
            got = np.array(row.split(), np.int64)
            assert np.array_equal(got, wanted), self.parts[index][-700:]


def _table(name: str, values: Any) -> str:
    kind = "unsigned long long" if np.asarray(values).dtype == np.uint64 else "long long"
    return f"  static const {kind} {name}[] = {{{listed(values)}}};\n"


def check_fault(
    program: Program, header: str, edit: tuple[str, str], folder: Path, patch: pytest.MonkeyPatch
) -> None:
    """Edit a twin, and assert that the program finds it or does not compile."""
    copy = folder / "templates"
    shutil.copytree(paths.hls_templates(), copy)
    file = copy / "include" / "hwg" / header
    assert edit[0] in file.read_text()
    file.write_text(file.read_text().replace(*edit))
    patch.setattr(paths, "hls_templates", lambda: copy)
    with pytest.raises((AssertionError, ToolFailed)):
        program.check(folder, [])
