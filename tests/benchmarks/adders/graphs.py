# SPDX-License-Identifier: Apache-2.0
"""Adder graphs by themselves: carry positions, adders and depth, ours beside the rivals' best.

Random matrices of one sign and of both, on signed inputs of eight bits; nothing is synthesised.
Rivals are asked in every setting of their search, and of a matrix the best one counts. Ours is
asked at every effort. Positions are those of one formula (`hwgen.logic.carry`) over exact
intervals, and everybody's sums are proven to be the matrix before they are counted.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.errors import ToolFailed
from hwgen.logic.cmvm.adder_graph import AdderGraph, Maker
from hwgen.logic.cmvm.problem import Solution
from hwgen.logic.cmvm.solve import solve
from tests.benchmarks.adders.designs import METHODS, PINNED, keep

Ints: TypeAlias = npt.NDArray[np.int64]
BITS = 8  # of an input
EFFORTS = (0, 1, 2)
SCRIPT = Path(__file__).with_name("graphs_export.py")
# Adders of square matrices of weights 129 to 255, means of 1,000 without a limit on depth, as
# published by the authors of da4ml for theirs and for H_cmvm (15, 170 and 1,208 seconds).
PUBLISHED = {8: (98.1, 96.3), 12: (203.5, 200.4), 16: (343.2, 338.3)}
BEHIND = 1.03  # of the better rival, what effort 1 may take
# Effort, bits of an input and number of matrices whose adders stand beside the published means.
# Adders of wide inputs cost nearly alike, so that a search for the fewest positions is one for the
# fewest adders.
COUNTED = ((1, BITS, 100), (1, 40, 100), (2, BITS, 5))
SECONDS = 10.0  # that one of them may take


@dataclass(frozen=True)
class Shape:
    """Random matrices of a kind.

    Attributes:
        title: what they are.
        n: rows and columns.
        low, high: bounds of a weight.
        zeros: share of weights that are zero.
        count: matrices, of seeds 0 and up.
        bits: of an input.
    """

    title: str
    n: int
    low: int
    high: int
    count: int
    zeros: float = 0.0
    bits: int = BITS

    @property
    def ends(self) -> tuple[list[int], list[int]]:
        """Least and greatest value of every input."""
        half = 1 << (self.bits - 1)
        return [-half] * self.n, [half - 1] * self.n

    def matrices(self) -> Iterator[Ints]:
        """Yield the matrices."""
        for seed in range(self.count):
            rng = np.random.default_rng((seed, self.n, self.low + 1000, self.high))
            weight = rng.integers(self.low, self.high, (self.n, self.n), endpoint=True)
            yield weight * (rng.random(weight.shape) >= self.zeros)


SHAPES = {
    "graphs_one8": Shape("8x8, 129 to 255", 8, 129, 255, 5),
    "graphs_one12": Shape("12x12, 129 to 255", 12, 129, 255, 5),
    "graphs_one16": Shape("16x16, 129 to 255", 16, 129, 255, 3),
    "graphs_both16": Shape("16x16, -127 to 127", 16, -127, 127, 3),
    "graphs_six16": Shape("16x16, -31 to 31", 16, -31, 31, 3),
    "graphs_both32": Shape("32x32, -127 to 127", 32, -127, 127, 1),
    "graphs_sparse32": Shape("32x32, -31 to 31, 75 % zero", 32, -31, 31, 1, 0.75),
}


@dataclass(frozen=True)
class Solved:
    """One generator on the matrices of a kind.

    Attributes:
        case: name of the kind.
        arity: operands an adder may have.
        by: who, with its effort.
        positions, adders, depth: of each matrix.
        seconds: of the processor, a matrix.
    """

    case: str
    arity: int
    by: str
    positions: tuple[int, ...]
    adders: tuple[int, ...]
    depth: tuple[int, ...]
    seconds: float


def run(name: str, tools: set[str], cache: Path, python: Path) -> Iterator[Solved]:
    """Solve the matrices of a kind by everybody.

    Raises:
        ToolFailed: a rival failed.
    """
    shape = SHAPES[name]
    for arity in (2, 3):
        for effort in EFFORTS if "hwgen" in tools else ():
            yield _ours(name, shape, arity, effort)
    for tool, arities in (("da4ml", (2,)), ("alkaid", (2, 3))):
        if tool in tools:
            rows = _rival(tool, shape, cache, python)
            for arity in arities:
                yield _best(name, shape, arity, tool, rows)


def _ours(name: str, shape: Shape, arity: int, effort: int) -> Solved:
    start, zeros = time.process_time(), [0] * shape.n
    plans = [
        solve(weight, zeros, *shape.ends, arity=arity, effort=effort) for weight in shape.matrices()
    ]
    seconds = (time.process_time() - start) / shape.count
    return _solved(name, arity, f"hwgen, effort {effort}", plans, seconds)


def _solved(name: str, arity: int, by: str, plans: Sequence[AdderGraph], seconds: float) -> Solved:
    positions, adders, depth = zip(*((p.bits, p.adders, p.depth) for p in plans), strict=True)
    return Solved(name, arity, by, positions, adders, depth, seconds)


def _rival(tool: str, shape: Shape, cache: Path, python: Path) -> list[list[Any]]:
    """Return of every matrix what every setting gave; kept by digest."""
    words = {
        "tool": tool,
        "version": PINNED[tool],
        "bits": BITS,
        "methods": METHODS,
        "matrices": [weight.tolist() for weight in shape.matrices()],
    }
    text = json.dumps(words)
    key = hashlib.sha256(text.encode() + SCRIPT.read_bytes()).hexdigest()[:16]
    kept, asked = cache / f"graphs-{key}.json", cache / f"graphs-{key}.case"
    if not kept.is_file():
        keep(asked, text.encode())
        out = kept.with_suffix(".out")
        command = [str(python), str(SCRIPT), str(asked), str(out)]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        if done.returncode:
            raise ToolFailed(f"{tool} failed\n{done.stderr[-1500:]}", shape.title)
        out.replace(kept)
    rows: list[Any] = json.loads(kept.read_text())
    many = len(METHODS)
    return [rows[i : i + many] for i in range(0, len(rows), many)]


def _best(name: str, shape: Shape, arity: int, by: str, tried: Sequence[Sequence[Any]]) -> Solved:
    """Return of every matrix the setting of the fewest positions."""
    plans, seconds = [], 0.0
    for weight, rows in zip(shape.matrices(), tried, strict=True):
        made = [read(shape, weight, arity, row[str(arity)]) for row in rows]
        best = min(range(len(made)), key=lambda k: made[k].bits)
        plans.append(made[best])
        seconds += rows[best]["seconds"] / shape.count
    return _solved(name, arity, by, plans, seconds)


def read(shape: Shape, weight: Ints, arity: int, program: Any) -> AdderGraph:
    """Return a rival's sums as a graph of ours, proven to be the matrix."""
    terms = tuple(tuple(map(tuple, one)) for one in program["sums"])
    outputs = tuple(map(tuple, program["outputs"]))
    maker = Maker(*shape.ends, 1 << 40)
    made = maker.extend(Solution(terms, (), outputs, 0, 0), [(i, 0) for i in range(shape.n)], arity)
    maker.check(made, weight, np.zeros(weight.shape[1], np.int64))
    return maker.plan(made)


def _least(found: Sequence[Solved], case: str, arity: int) -> list[int]:
    """Return of every matrix the fewest positions of a rival; none where none was asked."""
    rows = [
        s.positions for s in found
        if (s.case, s.arity) == (case, arity) and not s.by.startswith("hwgen")
    ]  # fmt: skip
    return [min(column) for column in zip(*rows, strict=True)]


def ratios(found: Sequence[Solved], effort: int) -> Iterator[tuple[float, str]]:
    """Yield what we take over the better rival, matrix by matrix, and of which kind it is."""
    for row in found:
        least = _least(found, row.case, row.arity)
        if row.by == f"hwgen, effort {effort}" and least:
            for own, other in zip(row.positions, least, strict=True):
                yield own / other, f"{row.case}, {row.arity} operands"


def growth(found: Sequence[Solved]) -> Iterator[tuple[float, str]]:
    """Yield what each effort takes over the one below it, matrix by matrix, as above."""
    own = {(s.case, s.arity, s.by): s for s in found if s.by.startswith("hwgen")}
    for (case, arity, by), row in own.items():
        effort = int(by[-1])
        before = own.get((case, arity, f"hwgen, effort {effort - 1}"))
        for more, less in zip(row.positions, before.positions, strict=True) if before else ():
            yield more / less, f"{case}, {arity} operands, effort {effort}"


@dataclass(frozen=True)
class Counted:
    """Adders of two operands of many matrices of one sign, ours beside the published means.

    Attributes:
        case: name of what was counted.
        n: rows and columns.
        by: who, with its effort, and of which inputs if not of eight bits.
        count: matrices.
        adders, depth, seconds: means of them.
    """

    case: str
    n: int
    by: str
    count: int
    adders: float
    depth: float
    seconds: float


def counts() -> list[str]:
    """Return the names of what is counted."""
    return [f"graphs_count{n}" for n in PUBLISHED]


def count(name: str) -> Iterator[Counted]:
    """Count the adders of the matrices of a size."""
    n = int(name.removeprefix("graphs_count"))
    for effort, bits, many in COUNTED:
        row = _ours(name, Shape("", n, 129, 255, many, bits=bits), 2, effort)
        adders, depth = (sum(values) / many for values in (row.adders, row.depth))
        by = row.by if bits == BITS else f"{row.by}, inputs of {bits} bits"
        yield Counted(name, n, by, many, adders, depth, row.seconds)


def published(found: Sequence[Counted]) -> Iterator[tuple[float, str]]:
    """Yield our adders over H_cmvm's, size by size."""
    for row in found:
        yield row.adders / PUBLISHED[row.n][1], f"{row.case}, {row.by.removeprefix('hwgen, ')}"


def counts_table(found: Sequence[Counted]) -> str:
    """Return our means beside the published ones."""
    lines = [
        "| matrices of 129 to 255 | by | adders | depth | seconds | da4ml, published "
        "| H_cmvm, published |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.count} of {row.n}x{row.n} | {row.by} | {row.adders:.1f} | {row.depth:.1f} "
        f"| {row.seconds:.2f} | {PUBLISHED[row.n][0]} | {PUBLISHED[row.n][1]} |"
        for row in found
    ]
    return "\n".join(lines)


def table(found: Sequence[Solved]) -> str:
    """Return one line a kind, arity and generator."""
    lines = [
        "| matrices | operands | by | carry positions | over the better rival | adders | depth "
        "| seconds |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for s in sorted(found, key=lambda s: (list(SHAPES).index(s.case), s.arity)):
        shape, least = SHAPES[s.case], _least(found, s.case, s.arity)
        over = ""
        if least and s.by.startswith("hwgen"):
            shares = [own / other for own, other in zip(s.positions, least, strict=True)]
            over = f"{median(shares):.3f} ({min(shares):.3f} to {max(shares):.3f})"
        many = f", {shape.count} of them" if shape.count > 1 else ""
        lines.append(
            f"| {shape.title}{many} | {s.arity} | {s.by} | {_mean(s.positions)} | {over} "
            f"| {_mean(s.adders)} | {_mean(s.depth)} | {s.seconds:.2f} |"
        )
    return "\n".join(
        [
            *lines,
            "",
            "Means of the matrices, of seeds 0 and up; ratios are median, least and most. A rival "
            f"is asked with `method0` {', '.join(METHODS)} and no limit on depth, and of a matrix "
            "its best one counts; carry positions are counted alike for everybody.",
        ]
    )


def _mean(values: Sequence[int]) -> str:
    mean = sum(values) / len(values)
    return f"{mean:,.1f}" if len(values) > 1 else f"{values[0]:,}"
