# SPDX-License-Identifier: Apache-2.0
"""C++ twins of small units, held against the nodes of the logic that the units are held against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hwgen import paths
from hwgen.ir.fixed import bits_for
from hwgen.ir.tensor import Codes
from hwgen.logic.nodes import Add3, Max, Mul, Node, Requant, Thresh
from hwgen.tools import run
from hwgen.verify.compile_hls import integers

INT64 = np.dtype(np.int64)


class Case:
    """A twin at some parameters.

    Args:
        call: of the twin, of a, b, c.
        node: that says what comes out.
        formats: width and sign of every operand.
        tables: declarations in front of the call.
    """

    def __init__(
        self, call: str, node: Node, formats: Sequence[tuple[int, int]], tables: str = ""
    ) -> None:
        self.call, self.node, self.formats, self.tables = call, node, formats, tables

    def values(self, rng: np.random.Generator) -> list[Codes]:
        """Return operands: all of a short one, else the ends, ties and random ones."""
        columns = []
        for width, signed in self.formats:
            low, high = (-(1 << (width - 1)), 1 << (width - 1)) if signed else (0, 1 << width)
            if len(self.formats) == 1 and width <= 12:
                return [np.arange(low, high, dtype=np.int64)]
            ends = [low, high - 1, 0]
            columns.append(np.concatenate([ends, rng.integers(low, high, 500)]))
            rng.shuffle(columns[-1])
        return columns


def cases() -> list[Case]:
    found = []
    for width, signed, shift, half, lo, hi in (
        (11, 1, 3, 0, 0, 15), (11, 1, 3, 1, 0, 15), (9, 0, 2, 0, 3, 60), (9, 0, 2, 1, 3, 60),
        (8, 1, 0, 0, -5, 6), (8, 1, 1, 0, -63, 64), (8, 1, 1, 1, -64, 63), (10, 1, 4, 1, -7, 9),
        (10, 1, 4, 0, -7, 9), (10, 1, 4, 1, -8, 10), (3, 1, 6, 0, -1, 0), (1, 0, 9, 1, -1, 0),
        (5, 1, 2, 0, -100, 100), (5, 1, 2, 1, -100, 100), (7, 1, 3, 1, 0, 1), (7, 1, 3, 0, 0, 1),
    ):  # fmt: skip
        node = Requant(0, shift, lo, hi, bool(half))
        ends = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
        low, high = map(node.rounded, ends)
        params = [width, signed, shift, half, bits_for(lo, hi)]
        params += [int(low < lo), int(high > hi), lo, hi]
        found.append(Case(f"requant<{_listed(params)}>::of(a)", node, [(width, signed)]))
    for a, b, least in (((7, 1), (4, 0), 0), ((4, 0), (7, 1), 1), ((12, 0), (12, 0), 1)):
        text = f"max<{_listed([*a, *b, 13, least])}>::of(a, b)"
        found.append(Case(text, Max(0, 1, bool(least)), [a, b]))
    for a, b in (((7, 1), (4, 0)), ((4, 0), (7, 1)), ((16, 1), (16, 1)), ((15, 0), (15, 0))):
        width = a[0] + b[0]
        found.append(Case(f"mul<{_listed([*a, *b, width])}>::of(a, b)", Mul(0, 1), [a, b]))
    for sub_b in (0, 1):
        for sub_c in (0, 1):
            params = [6, 1, 2, 9, 0, 0, sub_b, 4, 1, 5, sub_c, 12]
            node3 = Add3(0, 1, 2, 2, 0, 5, bool(sub_b), bool(sub_c))
            formats = [(6, 1), (9, 0), (4, 1)]
            found.append(Case(f"add3<{_listed(params)}>::of(a, b, c)", node3, formats))
    for width, signed, limits, levels in (
        (8, 1, (-100, -3, 0, 77), (5, 0, 3, 2, 7)), (8, 0, (1, 200, 255), (-1, 1, -1, 0)),
        (12, 1, (-2048, 2047), (0, 1, 2)), (1, 0, (1,), (3, 1)),
    ):  # fmt: skip
        out = bits_for(min(levels), max(levels))
        kind = f"{'si' if signed else 'ui'}<{width}>"
        tables = f"static const {kind} T[] = {{{_listed(limits)}}};\n"
        tables += f"  static const si<{out + 1}> V[] = {{{_listed(levels)}}};"
        text = f"thresholds<{width}, {signed}, {len(limits)}, {out}>::of(a, T, V)"
        found.append(Case(text, Thresh(0, limits, levels), [(width, signed)], tables))
    return found


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def program(found: Sequence[Case], values: Sequence[Sequence[Codes]]) -> str:
    """Return a program that prints what every case gives, a line a case."""
    units = ("add3", "max", "mul", "requant", "table", "thresholds")
    lines = ["#include <cstdio>", *(f'#include "hwg/{unit}.h"' for unit in units)]
    lines.append("using namespace hwg;")
    for index, (case, columns) in enumerate(zip(found, values, strict=True)):
        lines.append(f"static void case{index}() {{\n  {case.tables}")
        for name, column in zip("abc", columns, strict=False):
            lines.append(f"  static const long long {name}s[] = {{{_listed(column.tolist())}}};")
        lines.append(f"  for (int i = 0; i < {len(columns[0])}; ++i) {{")
        for name, (width, signed) in zip("abc", case.formats, strict=False):
            kind = f"{'si' if signed else 'ui'}<{width}>"
            lines.append(f"    const {kind} {name} = {kind}({name}s[i]);")
        lines.append(f'    std::printf("%lld ", number({case.call}));\n  }}\n  std::puts("");\n}}')
    calls = "".join(f"  case{index}();\n" for index in range(len(found)))
    return "\n".join([*lines, f"int main() {{\n{calls}  return 0;\n}}\n"])


def check(folder: Path, flags: Sequence[str], rng: np.random.Generator) -> None:
    found = cases()
    values = [case.values(rng) for case in found]
    (folder / "twins.cpp").write_text(program(found, values))
    include = str(paths.hls_templates() / "include")
    command = ["g++", "-std=c++11", "-O0", *flags, "-I", include, "twins.cpp", "-o", "twins"]
    run(command, folder)
    rows = run(["./twins"], folder).strip().splitlines()
    assert len(rows) == len(found)
    for case, columns, row in zip(found, values, rows, strict=True):
        wanted = case.node.run(columns, INT64)
        assert np.array_equal(np.array(row.split(), np.int64), wanted), case.call


def test_twins_equal_the_nodes(tmp_path: Path, rng: np.random.Generator) -> None:
    check(tmp_path, ["-Wall", "-Wextra", "-Wconversion", "-Werror"], rng)


@pytest.mark.ci
def test_twins_equal_the_nodes_with_vendor_integers(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    kinds = [kind for kind in integers() if kind.include is not None]
    assert {kind.define for kind in kinds} == {"HWG_AP", "HWG_AC"}
    for kind in kinds:
        check(tmp_path, [f"-D{kind.define}", "-isystem", str(kind.include)], rng)


def test_table_looks_up_its_bit(tmp_path: Path, rng: np.random.Generator) -> None:
    lines, wanted = ["#include <cstdio>", '#include "hwg/table.h"', "int main() {"], []
    for bits in (1, 5, 6, 7, 8):
        truth = [int(v) for v in rng.integers(0, 2, 1 << bits)]
        parts = [truth[at : at + 64] for at in range(0, len(truth), 64)]
        words = [f"0x{sum(bit << i for i, bit in enumerate(part)):x}ULL" for part in parts]
        call = f"hwg::table<{bits}>::of(hwg::ui<{bits}>(i), {', '.join(words)})"
        lines.append(f"  for (int i = 0; i < {1 << bits}; ++i)")
        lines.append(f'    std::printf("%lld ", hwg::number({call}));')
        wanted += truth
    (tmp_path / "t.cpp").write_text("\n".join([*lines, "  return 0;\n}\n"]))
    include = str(paths.hls_templates() / "include")
    run(["g++", "-std=c++11", "-O0", "-I", include, "t.cpp", "-o", "t"], tmp_path)
    assert [int(v) for v in run(["./t"], tmp_path).split()] == wanted
