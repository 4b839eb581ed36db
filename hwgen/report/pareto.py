# SPDX-License-Identifier: Apache-2.0
"""Pareto front of an exploration, as a table, as CSV and as a drawing."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from hwgen.errors import count_of
from hwgen.report.text import aligned

Row = Mapping[str, Any]
_GREATER = ("score",)  # better the greater they are
_SETTINGS = ("model", "input_format", "board", "clock", "latency", "style", "effort")
_FIGURES = (
    "clock_mhz", "latency_cycles", "latency_ns", "latency_crossings", "interval", "lut", "ff",
    "dsp", "bram", "fmax_mhz", "weights", "zeros", "bops", "ebops", "score",
)  # fmt: skip
_TITLES = {"latency_ns": "latency, ns", "latency_cycles": "latency, cycles", "score": "score"}


def front(rows: Sequence[Row], objectives: Sequence[str]) -> list[Row]:
    """Return the rows that no other one beats: as good in all objectives and better in one."""

    def values(row: Row) -> tuple[float, ...]:
        return tuple(-row[name] if name in _GREATER else row[name] for name in objectives)

    points = [values(row) for row in rows]
    return [
        row
        for row, mine in zip(rows, points, strict=True)
        if not any(
            other != mine and all(o <= m for o, m in zip(other, mine, strict=True))
            for other in points
        )
    ]


def _columns(rows: Sequence[Row]) -> list[str]:
    """Return the settings that vary and all figures."""
    varied = [name for name in _SETTINGS if len({str(row[name]) for row in rows}) > 1]
    return [*varied, *(name for name in _FIGURES if any(name in row for row in rows))]


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """Return every point as CSV."""
    text = io.StringIO()
    names = [*_SETTINGS, "fits", "pareto", *_FIGURES, "trigger", "says"]
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def table(rows: Sequence[Row], objectives: Sequence[str]) -> str:
    """Return the front as text, and how many points there are beside it."""
    best = sorted((r for r in rows if r["pareto"]), key=lambda r: [r[o] for o in objectives])
    fit = sum(row["fits"] for row in rows)
    met = [row["trigger"] for row in rows if "trigger" in row]
    said = f"{count_of(len(rows), 'point')}, {fit} {'fits' if fit == 1 else 'fit'}"
    said += f", {count_of(sum(met), 'meets', 'meet')} the trigger" if met else ""
    said += f", {len(best)} on the Pareto front of {', '.join(objectives)}"
    if not best:
        return said
    shown = [
        c for c in _columns(rows) if c not in ("weights", "latency_crossings", "zeros", "bops")
    ]
    lines = [shown, *([_cell(row.get(name)) for name in shown] for row in best)]
    return "\n".join([said, "", *aligned(lines, left=(0,))])


def _cell(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value or "-")


# ------------------------------------------------------------------------------------ the drawing

_WIDE, _HIGH, _LEFT, _LOW, _RIM = 760, 460, 84, 56, 24
_STYLE = (
    "text{font:12px sans-serif;fill:#333}.grid{stroke:#ddd}.line{stroke:#c33;fill:none;"
    "stroke-width:1.5}.all{fill:#9bb}.best{fill:#c33}"
)


def plot(rows: Sequence[Row], objectives: Sequence[str]) -> bytes:
    """Return the first two objectives against each other as SVG, the front joined by a line."""
    across, up = objectives[0], objectives[1] if len(objectives) > 1 else objectives[0]
    fit = [row for row in rows if row["fits"]]
    parts = [f"<style>{_STYLE}</style>", f'<rect width="{_WIDE}" height="{_HIGH}" fill="#fff"/>']
    if fit:
        place_x = _Scale([r[across] for r in fit], _LEFT, _WIDE - _RIM)
        place_y = _Scale([r[up] for r in fit], _HIGH - _LOW, _RIM)
        parts += list(_grid(place_x, place_y))
        best = sorted((r for r in fit if r["pareto"]), key=lambda r: (r[across], r[up]))
        corners = [f"{place_x(r[across]):.1f},{place_y(r[up]):.1f}" for r in best]
        if len(corners) > 1:
            parts.append(f'<polyline class="line" points="{" ".join(corners)}"/>')
        for row in sorted(fit, key=lambda r: r["pareto"]):
            said = ", ".join(f"{name} {_cell(row.get(name))}" for name in _columns(rows))
            parts.append(
                f'<circle class="{"best" if row["pareto"] else "all"}" r="4" '
                f'cx="{place_x(row[across]):.1f}" cy="{place_y(row[up]):.1f}">'
                f"<title>{escape(said)}</title></circle>"
            )
        points = [(place_x(r[across]), place_y(r[up]), _named(r, rows)) for r in best]
        parts += list(_labels(points))
    else:
        parts.append(f'<text x="{_LEFT}" y="{_HIGH / 2:g}">nothing fits</text>')
    title_x, title_y = (_TITLES.get(name, name.upper()) for name in (across, up))
    parts.append(f'<text x="{_WIDE / 2:g}" y="{_HIGH - 12}" text-anchor="middle">{title_x}</text>')
    parts.append(
        f'<text transform="translate(16 {_HIGH / 2:g}) rotate(-90)" text-anchor="middle">'
        f"{title_y}</text>"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}">'
    return "\n".join([head, *parts, "</svg>", ""]).encode()


def _named(row: Row, rows: Sequence[Row]) -> str:
    """Return the settings of a point that tell it from the others."""
    varied = [name for name in _columns(rows) if name in _SETTINGS]
    return ", ".join(str(row[name] or "-") for name in varied)


def _labels(points: Sequence[tuple[float, float, str]]) -> Iterator[str]:
    """Yield the names of points beside them, where no other name stands already."""
    taken: list[tuple[float, float, float]] = []
    for x, y, name in points:
        wide = 6.6 * len(name)
        left = x + 8 if x + 8 + wide < _WIDE else x - 8 - wide
        if left < 0 or any(abs(y - b) < 13 and left < e and a < left + wide for a, e, b in taken):
            continue
        taken.append((left, left + wide, y))
        yield f'<text x="{left:.1f}" y="{y - 6:.1f}">{escape(name)}</text>'


class _Scale:
    """Axis: maps figures to a line of the drawing, from zero to a round number."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        high = max(0.0, *values)
        low = min(0.0, *values)  # an axis that begins elsewhere would show a percent as a mile
        self.step = _round_step((high - low or 1.0) / 5)
        self.low = math.floor(low / self.step) * self.step
        self.high = math.ceil(high / self.step + 1e-9) * self.step
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return the round figures to write down."""
        return [
            self.low + k * self.step for k in range(round((self.high - self.low) / self.step) + 1)
        ]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))


def _grid(across: _Scale, up: _Scale) -> Iterator[str]:
    for value in across.ticks():
        x = across(value)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_RIM}" y2="{_HIGH - _LOW}"/>'
        yield f'<text x="{x:.1f}" y="{_HIGH - _LOW + 18}" text-anchor="middle">{value:,g}</text>'
    for value in up.ticks():
        y = up(value)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDE - _RIM}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,g}</text>'
