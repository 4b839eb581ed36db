# SPDX-License-Identifier: Apache-2.0
"""Fresh designs kind by kind: requantizers, banks of thresholds, and tables, each by itself.

They stand for what trained networks have: sigmoids and tanhs, hard and smooth, normalisations in
front of 2 to 16 bits, leaky rectifiers, and tables of 6, 7 and 8 bits. They are planned as a build
plans them. A fit has seen half of those of one seed, and none of another.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

import hwgen.ops as ops
from hwgen.design.types import Design
from hwgen.target.board import load_board
from tests.benchmarks.estimate.calibrate import MEDIAN, WORST, Record, described, layer_errors
from tests.benchmarks.estimate.chain import Chain
from tests.benchmarks.estimate.corpus import BOARDS, CLOCKS
from tests.benchmarks.estimate.measure import measure, planned_as_built

Rng: TypeAlias = np.random.Generator
Floats: TypeAlias = npt.NDArray[np.float64]
Make: TypeAlias = Callable[[Chain, Rng], None]
EACH, MANY = 20, 60  # designs of a kind; functions that are fitted
FITTED, HELD_BACK = 1, 3  # seeds of what is fitted, and of what `make test-ci` maps
# Seeds of what judges. A kind whose formula was changed after a look at one takes another.
JUDGED = {"requantizers": 11, "thresholds": 12, "tables": 11}


def _staircase(chain: Chain, rng: Rng, curves: Sequence[Callable[[Floats], Floats]]) -> None:
    """Put a row of channels, each with a curve quantized to some bits over its own scale."""
    width, out, n = int(rng.integers(9, 14)), int(rng.integers(3, 7)), int(rng.integers(1, 3))
    half, top = 1 << (width - 1), 1 << out
    chain.input((n,), f"s{width}.0")
    x = np.arange(-half, half)
    curve = curves[int(rng.integers(len(curves)))](x / half * float(rng.uniform(2, 6)))
    codes = np.clip(np.rint(curve * top), 0, top - 1).astype(int)
    at = np.flatnonzero(np.diff(codes))
    chain.put("act", ops.Thresholds(at + 1 - half, np.concatenate([codes[at], codes[-1:]]), 0))


def sigmoid(chain: Chain, rng: Rng) -> None:
    """A quantized sigmoid: smooth, or a line with two ends."""
    _staircase(chain, rng, [lambda v: 1 / (1 + np.exp(-v)), lambda v: np.clip(v / 6 + 0.5, 0, 1)])


def tanh(chain: Chain, rng: Rng) -> None:
    """A quantized tanh: smooth, or a line with two ends."""
    _staircase(chain, rng, [lambda v: np.tanh(v) / 2 + 0.5, lambda v: np.clip(v + 1, 0, 2) / 2])


def few_bits(chain: Chain, rng: Rng) -> None:
    """A normalisation in front of 2 to 4 bits: thresholds of each channel."""
    n, width, out = int(rng.integers(3, 7)), int(rng.integers(9, 14)), int(rng.integers(2, 5))
    chain.input((n,), f"s{width}.0")
    _even(chain, rng, n, width, out)


def _even(chain: Chain, rng: Rng, n: int, width: int, out: int) -> None:
    levels = (1 << out) - 1
    step = rng.uniform(0.3, 0.9, n) * (1 << width) / (1 << out)
    at = np.rint((np.arange(levels) - levels / 2) * step[:, None] + rng.integers(-9, 9, (n, 1)))
    chain.put("act", ops.Thresholds(at.astype(np.int64), np.arange(levels + 1), 0))


def many_bits(chain: Chain, rng: Rng) -> None:
    """A normalisation in front of 5 to 16 bits: a factor and a term of each channel."""
    n, width, out = int(rng.integers(4, 9)), int(rng.integers(10, 17)), int(rng.integers(5, 17))
    chain.input((n,), f"s{width}.0")
    mult = rng.integers(40, 1 << int(rng.integers(8, 13)), n)
    bits = int(mult.max()).bit_length()
    add = rng.integers(-(1 << (width + bits - 3)), 1 << (width + bits - 3), n)
    shift, half = max(0, width + bits - 1 - out), 1 << (out - 1)
    chain.put("norm", ops.MulShift(mult, add, shift, -half, half - 1, 0))


def leaky(chain: Chain, rng: Rng) -> None:
    """A rectifier with a slope below zero."""
    width, keep, n = int(rng.integers(9, 17)), int(rng.integers(3, 9)), int(rng.integers(4, 9))
    chain.input((n,), f"s{width}.0")
    shift = int(rng.integers(0, max(1, width - keep)))
    slope = shift + int(rng.integers(1, 5))
    chain.put("leaky", ops.Requantize(shift, 0, (1 << keep) - 1, slope, -(1 << (keep - 1))))


def rectifier(chain: Chain, rng: Rng) -> None:
    """A rectifier, or a word with fewer bits."""
    width, keep, n = int(rng.integers(9, 19)), int(rng.integers(2, 9)), int(rng.integers(4, 9))
    chain.input((n,), f"s{width}.0")
    shift, half = int(rng.integers(0, max(1, width - keep))), 1 << (keep - 1)
    low = -half if rng.random() < 0.5 else 0
    chain.put("clip", ops.Requantize(shift, low, low + 2 * half - 1))


def _table(chain: Chain, rng: Rng, codes: npt.NDArray[np.int64], width: int) -> None:
    half, at = 1 << (width - 1), np.flatnonzero(np.diff(codes))
    chain.input((int(rng.integers(2, 4)),), f"s{width}.0")
    chain.put("table", ops.Thresholds(at + 1 - half, np.concatenate([codes[at], codes[-1:]]), 0))


def smooth_table(chain: Chain, rng: Rng) -> None:
    """A curve of 6 to 8 bits as a table."""
    width, out = int(rng.integers(6, 9)), int(rng.integers(4, 8))
    x = np.linspace(-4, 4, 1 << width)
    curve = np.tanh(x * rng.uniform(0.3, 2)) + 0.2 * np.sin(x * rng.uniform(0, 3))
    scaled = (curve - curve.min()) / (curve.max() - curve.min()) * ((1 << out) - 1)
    _table(chain, rng, np.rint(scaled).astype(np.int64), width)


def trained_table(chain: Chain, rng: Rng) -> None:
    """A table as training leaves it: a few waves and noise."""
    width, out = int(rng.integers(6, 9)), int(rng.integers(3, 7))
    x = np.linspace(-1, 1, 1 << width)
    waves = sum(rng.normal() * np.sin(x * k + rng.uniform(0, 6)) for k in range(1, 5))
    curve = np.asarray(waves) + 0.1 * rng.normal(size=x.size)
    scaled = (curve - curve.min()) / (curve.max() - curve.min()) * ((1 << out) - 1)
    _table(chain, rng, np.rint(scaled).astype(np.int64), width)


def curve(chain: Chain, rng: Rng) -> None:
    """One function of any of the kinds above, of 7 to 14 bits: what factors are fitted to."""
    width, out, n = int(rng.integers(7, 15)), int(rng.integers(2, 7)), int(rng.integers(4))
    half, top = 1 << (width - 1), (1 << out) - 1
    chain.input((1,), f"s{width}.0")
    if n == 3:
        _even(chain, rng, 1, width, min(out, 4))
        return
    x = np.arange(-half, half) / half * float(rng.uniform(1.5, 6))
    shapes = 1 / (1 + np.exp(-x)), np.clip(x / 6 + 0.5, 0, 1), np.tanh(x) / 2 + 0.5
    codes = np.clip(np.rint(shapes[n] * (top + 1)), 0, top).astype(int)
    at = np.flatnonzero(np.diff(codes))
    chain.put("act", ops.Thresholds(at + 1 - half, np.concatenate([codes[at], codes[-1:]]), 0))


def symmetric(chain: Chain, rng: Rng) -> None:
    """A word with fewer bits and without the lowest code, as a symmetric quantizer has it."""
    width, keep, n = int(rng.integers(9, 17)), int(rng.integers(3, 9)), int(rng.integers(4, 9))
    chain.input((n,), f"s{width}.0")
    shift, half = int(rng.integers(0, max(1, width - keep))), 1 << (keep - 1)
    chain.put("clip", ops.Requantize(shift, 1 - half, half - 1))


KINDS: Mapping[str, tuple[Make, ...]] = {
    "requantizers": (many_bits, leaky, rectifier, many_bits),
    "thresholds": (sigmoid, tanh, few_bits),
    "tables": (smooth_table, trained_table),
}
CURVES, SYMMETRIC = "curves", "symmetric"  # only fitted
_MAKERS: Mapping[str, tuple[Make, ...]] = {**KINDS, CURVES: (curve,), SYMMETRIC: (symmetric,)}


@dataclass(frozen=True)
class KindError:
    """Error of the estimate on the fresh designs of a kind.

    Attributes:
        family: that they were mapped to.
        kind: requantizers, thresholds or tables.
        seed: of the designs.
        designs: how many.
        median, worst: as shares of what synthesis found.
        at: the worst design.
    """

    family: str
    kind: str
    seed: int
    designs: int
    median: float
    worst: float
    at: str

    @property
    def holds(self) -> bool:
        """Whether both are within what is promised."""
        return self.median <= MEDIAN and self.worst <= WORST


def designs(kind: str, family: str, seed: int, count: int = EACH) -> dict[str, Design]:
    """Return fresh designs of a kind, planned, by name; each seed has others."""
    board, found = load_board(BOARDS[family]), {}
    for n, make in enumerate(islice(cycle(_MAKERS[kind]), count)):
        name = f"{make.__name__}-{seed}-{n:02}"
        chain = Chain(name.replace("-", "_"))
        make(chain, np.random.default_rng(zlib.crc32(f"{kind} {name}".encode())))
        found[name] = planned_as_built(chain.graph(), board, CLOCKS[family][n % 2])
    return found


def records(
    kind: str, family: str, cache: Path, made: Callable[..., Record], seed: int, count: int = EACH
) -> Iterator[Record]:
    """Yield what synthesis finds of the fresh designs of a kind; kept by digest.

    Raises:
        ToolMissing, ToolFailed: from Yosys.
    """
    planned = designs(kind, family, seed, count)
    for name, mapped in measure(planned, family, cache, flat=False):
        yield made(name, kind, planned[name], mapped)


def error(
    kind: str, family: str, seed: int, found: Sequence[Record], factors: Mapping[str, float]
) -> KindError:
    """Return the error of the estimate on some designs of a kind."""
    rows: list[Any] = sorted(layer_errors(found, factors), key=lambda row: -abs(row[-1]))
    median, worst = described([row[-1] for row in rows])
    at = f"{rows[0][0]} {rows[0][-1]:+.0%}"
    return KindError(family, kind, seed, len(rows), median, worst, at)


def table(rows: Sequence[KindError]) -> str:
    """Return one line a family and kind."""
    lines = ["| family | kind | seed | designs | median | worst | at |"]
    lines.append("|---|---|--:|--:|--:|--:|---|")
    for r in rows:
        lines.append(
            f"| {r.family} | {r.kind} | {r.seed} | {r.designs} | {r.median:.1%} | {r.worst:.1%} "
            f"| {r.at} |"
        )
    return "\n".join(lines)
