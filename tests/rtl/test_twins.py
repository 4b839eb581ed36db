# SPDX-License-Identifier: Apache-2.0
"""C++ twins of small units, held against the nodes of the logic that the units are held against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hwgen.ir.fixed import bits_for
from hwgen.ir.tensor import Codes
from hwgen.logic.nodes import Add3, Max, Mul, Node, Requant, Thresh
from tests.rtl.twins import STRICT, Program, listed, vendor_flags

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
        found.append(Case(f"requant<{listed(params)}>::of(a)", node, [(width, signed)]))
    for a, b, least in (((7, 1), (4, 0), 0), ((4, 0), (7, 1), 1), ((12, 0), (12, 0), 1)):
        text = f"max<{listed([*a, *b, 13, least])}>::of(a, b)"
        found.append(Case(text, Max(0, 1, bool(least)), [a, b]))
    for a, b in (((7, 1), (4, 0)), ((4, 0), (7, 1)), ((16, 1), (16, 1)), ((15, 0), (15, 0))):
        width = a[0] + b[0]
        found.append(Case(f"mul<{listed([*a, *b, width])}>::of(a, b)", Mul(0, 1), [a, b]))
    for sub_b in (0, 1):
        for sub_c in (0, 1):
            params = [6, 1, 2, 9, 0, 0, sub_b, 4, 1, 5, sub_c, 12]
            node3 = Add3(0, 1, 2, 2, 0, 5, bool(sub_b), bool(sub_c))
            formats = [(6, 1), (9, 0), (4, 1)]
            found.append(Case(f"add3<{listed(params)}>::of(a, b, c)", node3, formats))
    for width, signed, limits, levels in (
        (8, 1, (-100, -3, 0, 77), (5, 0, 3, 2, 7)), (8, 0, (1, 200, 255), (-1, 1, -1, 0)),
        (12, 1, (-2048, 2047), (0, 1, 2)), (1, 0, (1,), (3, 1)),
    ):  # fmt: skip
        out = bits_for(min(levels), max(levels))
        kind = f"{'si' if signed else 'ui'}<{width}>"
        tables = f"static const {kind} T[] = {{{listed(limits)}}};\n"
        tables += f"  static const si<{out + 1}> V[] = {{{listed(levels)}}};"
        text = f"thresholds<{width}, {signed}, {len(limits)}, {out}>::of(a, T, V)"
        found.append(Case(text, Thresh(0, limits, levels), [(width, signed)], tables))
    return found


def whole(rng: np.random.Generator) -> Program:
    """Return a program of all cases; each says what its twin makes of all operands."""
    program = Program()
    for case in cases():
        columns = case.values(rng)
        lines = [f"  {case.tables}"]
        lines.append(f"  for (int i = 0; i < {len(columns[0])}; ++i) {{")
        for name, (width, signed) in zip("abc", case.formats, strict=False):
            kind = f"{'si' if signed else 'ui'}<{width}>"
            lines.append(f"    const {kind} {name} = {kind}({name}s[i]);")
        lines.append(f"    put(hwg::{case.call});\n  }}")
        given = {f"{name}s": column for name, column in zip("abc", columns, strict=False)}
        program.case("\n".join(lines), case.node.run(columns, INT64), **given)
    return program


def test_twins_equal_the_nodes(tmp_path: Path, rng: np.random.Generator) -> None:
    whole(rng).check(tmp_path, STRICT)


@pytest.mark.ci
def test_twins_equal_the_nodes_with_vendor_integers(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    for flags in vendor_flags():
        whole(rng).check(tmp_path, flags)


def test_table_looks_up_its_bit(tmp_path: Path, rng: np.random.Generator) -> None:
    program = Program()
    for bits in (1, 5, 6, 7, 8):
        truth = [int(v) for v in rng.integers(0, 2, 1 << bits)]
        parts = [truth[at : at + 64] for at in range(0, len(truth), 64)]
        words = [f"0x{sum(bit << i for i, bit in enumerate(part)):x}ULL" for part in parts]
        call = f"hwg::table<{bits}>::of(hwg::ui<{bits}>(i), {', '.join(words)})"
        program.case(f"  for (int i = 0; i < {1 << bits}; ++i) put({call});", truth)
    program.check(tmp_path, STRICT)
