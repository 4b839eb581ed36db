# SPDX-License-Identifier: Apache-2.0
"""Comparison of several planned designs: a column each, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hwgen.cost.figures import RESOURCES, Figures
from hwgen.report.text import aligned, share


@dataclass(frozen=True)
class Column:
    """Column of a comparison.

    Attributes:
        variant: what was asked for, in a few words.
        fits: whether it can be built.
        says: why not; empty where it fits.
        figures: of the design; None where none could be planned.
        trigger: whether it meets a trigger's conditions; None where none were given.
    """

    variant: str
    fits: bool
    says: str = ""
    figures: Figures | None = None
    trigger: bool | None = None


def comparison(columns: Sequence[Column]) -> str:
    """Return a table with a column for each variant, and the reasons of those that do not fit."""
    rows: list[list[str]] = [["", *(_cut(c.variant, 24) for c in columns)]]

    def row(title: str, value: Callable[[Figures], str]) -> None:
        rows.append([title, *("-" if c.figures is None else value(c.figures) for c in columns)])

    row("board", lambda f: f.board)
    row("clock, MHz", lambda f: f"{f.clock_mhz:g}")
    row("latency, cycles", lambda f: f"{f.latency_cycles:,}")
    row("latency, ns", lambda f: f"{f.latency_ns:g}")
    row("bunch crossings", lambda f: f"{f.latency_crossings:,}")
    row("interval", lambda f: f"{f.interval:,}")
    for key in RESOURCES:
        row(key.upper(), lambda f, key=key: f"{getattr(f.modelled, key):,}")  # type: ignore[misc]
        if key in ("lut", "ff"):
            row(f"{key.upper()} of the part", lambda f, key=key: _share(f, key))  # type: ignore[misc]
    row("Fmax, MHz", lambda f: f"{f.fmax.mhz:g}")
    row("parameters", lambda f: f"{f.parameters:,}")
    row("zero weights", lambda f: share(f.zeros, f.weights))
    row("BOPs", lambda f: f"{f.bops:,}")
    row("EBOPs", lambda f: f"{f.ebops:,}")
    row("of live weights", lambda f: f"{f.ebops_live:,}")
    rows.append(["fits", *(_yes(c.fits) for c in columns)])
    if any(c.trigger is not None for c in columns):
        rows.append(["trigger", *("-" if c.trigger is None else _yes(c.trigger) for c in columns)])
    lines = aligned(rows)
    lines += [f"{c.variant}: {c.says.splitlines()[0]}" for c in columns if c.says]
    return "\n".join(lines)


def _share(figures: Figures, key: str) -> str:
    return share(getattr(figures.modelled, key), getattr(figures.budget, key))


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
