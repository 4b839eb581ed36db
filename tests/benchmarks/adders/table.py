# SPDX-License-Identifier: Apache-2.0
"""The rows of the benchmark, their ratios, and what the model is worth, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.adders.ecp5 import Placed
from tests.benchmarks.adders.measure import TERNARY, Result

TIE = 0.05


@dataclass(frozen=True)
class Row:
    """One design of one case."""

    case: str
    title: str
    by: str
    result: Result
    seconds: float
    model: int | None = None
    adders: int | None = None

    @property
    def lut(self) -> int:
        """Return the sites it takes."""
        return self.result.measured.plut

    @property
    def drift(self) -> float:
        """Return how far our cost model is off, as a share of the mapped count."""
        assert self.model is not None
        return self.model / self.lut - 1


@dataclass(frozen=True)
class Pair:
    """Our row of a case and the rival's row of the fewest sites, as ratios: below 1 ours is less.

    Attributes:
        own, other: the rows.
        lut: sites.
        paths: longest path, under every assumption of `TERNARY`.
        ff: flip-flops; None where the rival has none.
    """

    own: Row
    other: Row

    @property
    def lut(self) -> float:
        return self.own.lut / self.other.lut

    @property
    def paths(self) -> tuple[float, ...]:
        both = zip(self.own.result.paths, self.other.result.paths, strict=True)
        return tuple(a / b for a, b in both)

    @property
    def path(self) -> float:
        return self.paths[TERNARY.index(None)]

    @property
    def ff(self) -> float | None:
        theirs = self.other.result.measured.ff
        return self.own.result.measured.ff / theirs if theirs else None


def pairs(rows: Sequence[Row], by: str = "hwgen", rival: str = "alkaid") -> list[Pair]:
    """Return ours (the rows by that very name) beside the rival's best setting, case by case."""
    found = []
    for case in dict.fromkeys(row.case for row in rows):
        here = [row for row in rows if row.case == case]
        own = next((row for row in here if row.by == by), None)
        theirs = [row for row in here if row.by.startswith(rival)]
        if own is not None and theirs:
            found.append(Pair(own, min(theirs, key=lambda row: row.lut)))
    return found


def rows_text(rows: Sequence[Row]) -> str:
    """Return every row as measured."""
    lines = [
        "| case | by | LUT sites | unpaired | carry | FF | latency | path ns | text s | model |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        m = row.result.measured
        model = "" if row.model is None else f"{row.model} ({100 * row.drift:+.1f} %)"
        lines.append(
            f"| {row.title} | {row.by} | {m.plut} | {m.lut} | {m.carry} | {m.ff} | "
            f"{row.result.latency} | {m.ns:.2f} | {row.seconds:.2f} | {model} |"
        )
    return "\n".join(lines)


def ratios_text(rows: Sequence[Row], by: str = "hwgen", rival: str = "alkaid") -> str:
    """Return ours against the rival's area-best row, case by case, and the medians."""
    lines = [
        f"| case | LUT | | path, {' / '.join(_assumed())} | | FF |",
        "|---|--:|---|--:|---|--:|",
    ]
    found = pairs(rows, by, rival)
    for pair in found:
        lines.append(
            f"| {pair.own.title} | {pair.lut:.2f} | {_said(pair.lut)} | "
            f"{' / '.join(f'{v:.2f}' for v in pair.paths)} | {_said(pair.path)} | "
            f"{'' if pair.ff is None else f'{pair.ff:.2f}'} |"
        )
    if found:
        middle = " / ".join(
            f"{median(pair.paths[i] for pair in found):.2f}" for i in range(len(TERNARY))
        )
        area = median(pair.lut for pair in found)
        lines.append(f"| **median of {len(found)}** | **{area:.2f}** | | **{middle}** | | |")
    return "\n".join(lines)


def _assumed() -> list[str]:
    return ["family" if t is None else f"{t:g}x" for t in TERNARY]


def _said(ratio: float) -> str:
    if abs(ratio - 1) < TIE:
        return "tie"
    return "better" if ratio < 1 else "worse"


def drifts(rows: Sequence[Row | Placed], limit: float) -> list[str]:
    """Return the designs whose cost model is further off the mapped count than *limit*."""
    return [
        f"{row.case}: model {row.model}, mapped {row.lut} ({100 * row.drift:+.1f} %)"
        for row in rows
        if row.model is not None and abs(row.drift) > limit
    ]
