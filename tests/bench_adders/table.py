# SPDX-License-Identifier: Apache-2.0
"""The rows of the benchmark, their ratios, and what the model is worth, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench_adders.measure import TERNARY, Result

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


def of_case(rows: Iterable[Row], case: str) -> list[Row]:
    """Return the rows of one case."""
    return [row for row in rows if row.case == case]


def best(rows: Iterable[Row], tool: str) -> Row | None:
    """Return the row of a tool's settings that takes the fewest sites."""
    return min((r for r in rows if r.by.startswith(tool)), key=lambda r: r.lut, default=None)


def quickest(rows: Iterable[Row], tool: str) -> Row | None:
    """Return the row of a tool's settings that has the shortest path."""
    return min((r for r in rows if r.by.startswith(tool)), key=lambda r: _ns(r), default=None)


def _ns(row: Row, which: int = TERNARY.index(None)) -> float:
    return row.result.paths[which]


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
            f"{row.result.latency} | {_ns(row):.2f} | {row.seconds:.2f} | {model} |"
        )
    return "\n".join(lines)


def ratios_text(rows: Sequence[Row], rival: str = "alkaid") -> str:
    """Return ours against the rival's area-best row, case by case, and the medians."""
    lines = [
        f"| case | LUT | | path, {' / '.join(_assumed())} | | FF |",
        "|---|--:|---|--:|---|--:|",
    ]
    luts, paths = [], []
    for case in dict.fromkeys(row.case for row in rows):
        mine, other = best(of_case(rows, case), "hwgen"), best(of_case(rows, case), rival)
        if mine is None or other is None:
            continue
        lut = mine.lut / other.lut
        ns = [_ns(mine, i) / _ns(other, i) for i in range(len(TERNARY))]
        luts.append(lut)
        paths.append(ns)
        ff = mine.result.measured.ff / other.result.measured.ff if other.result.measured.ff else 0.0
        lines.append(
            f"| {mine.title} | {lut:.2f} | {_said(lut)} | {' / '.join(f'{v:.2f}' for v in ns)} | "
            f"{_said(ns[TERNARY.index(None)])} | {f'{ff:.2f}' if ff else ''} |"
        )
    if luts:
        middle = " / ".join(f"{median(p):.2f}" for p in zip(*paths, strict=True))
        lines.append(f"| **median of {len(luts)}** | **{median(luts):.2f}** | | **{middle}** | | |")
    return "\n".join(lines)


def _assumed() -> list[str]:
    return ["family" if t is None else f"{t:g}x" for t in TERNARY]


def _said(ratio: float) -> str:
    if abs(ratio - 1) < TIE:
        return "tie"
    return "better" if ratio < 1 else "worse"


def drifts(rows: Sequence[Row], limit: float) -> list[str]:
    """Return the designs whose cost model is further off the mapped count than *limit*."""
    return [
        f"{row.case}: model {row.model}, mapped {row.lut} ({100 * row.drift:+.1f} %)"
        for row in rows
        if row.model is not None and abs(row.drift) > limit
    ]
