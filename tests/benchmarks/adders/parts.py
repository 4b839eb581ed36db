# SPDX-License-Identifier: Apache-2.0
"""Parts of the page of the adder benchmark: what was measured, and its report as Markdown.

A part is measured whole and written between marks of its own, so that each says of itself which
command and which versions it is of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hwgen.synth import nextpnr
from hwgen.synth.path import PathModel
from hwgen.synth.yosys import script_for, version
from hwgen.target.board import load_board
from tests.benchmarks.adders import bars, ecp5, graphs, speed, table
from tests.benchmarks.adders.designs import BOARD, PINNED
from tests.benchmarks.adders.measure import FAMILY, TERNARY

MODEL_LIMIT = 0.10


@dataclass
class Found:
    """What was measured, and what went wrong.

    Attributes:
        rows: mapped designs by part.
        timed, placed, solved, counted: the rows of speed, ECP5 and graphs.
        failures: what went wrong.
    """

    rows: dict[str, list[table.Row]] = field(default_factory=dict)
    timed: list[speed.Timed] = field(default_factory=list)
    placed: list[ecp5.Placed] = field(default_factory=list)
    solved: list[graphs.Solved] = field(default_factory=list)
    counted: list[graphs.Counted] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def drifts(self) -> list[str]:
        """Return the designs of ours that the cost model is too far off."""
        mapped = [row for rows in self.rows.values() for row in rows]
        return table.drifts([*mapped, *self.placed], MODEL_LIMIT)


def mark(part: str) -> str:
    """Return the mark of a part in the page."""
    return f"bench-adders-{part}"


def report(part: str, found: Found, only: str = "") -> str:
    """Return a part as Markdown, what was lost included; *only* names what was run of it."""
    tools = [version(), *(f"{tool} {number}" for tool, number in PINNED.items())]
    if part == "graphs":
        del tools[0]
    if part == "ecp5":
        tools.insert(1, f"{nextpnr.version(ecp5.FAMILY)} for ECP5")
    said = f"{', '.join(tools)}. Written by `make bench-adders BLESS=1 ONLY={only or part}`."
    reached, tables = _PARTS[part](found)
    return "\n\n".join([said, bars.text(reached), *tables]) + "\n"


_Part = tuple[Iterable[bars.Bar], list[str]]
_Report = Callable[[Found], _Part]


def _of_rows(part: str, bars_of: Callable[[Sequence[table.Row]], Iterable[bars.Bar]]) -> _Report:
    """Return what reports a part of mapped designs: its bars, and its tables."""

    def report_of(found: Found) -> _Part:
        rows = found.rows.get(part, [])
        return [*bars_of(rows), *bars.of_model(rows, MODEL_LIMIT)], _mapped(rows)

    return report_of


def _matrices(found: Found) -> _Part:
    reached, tables = _of_rows("matrices", bars.of_matrices)(found)
    family = load_board(BOARD).family
    models = [
        f"- three-operand adder {'as the family says' if t is None else f'{t:g}x'}: "
        f"{PathModel.of(family, t)}"
        for t in TERNARY
    ]
    return reached, [*tables, "Path models:", "\n".join(models), _script(FAMILY)]


def _search(found: Found) -> _Part:
    rows = found.rows.get("search", [])
    own = [row for row in rows if row.by == bars.SEARCH]
    tables = [table.rows_text(own)] if own else []
    if table.pairs(rows, bars.SEARCH):
        tables += ["Over alkaid's row of the fewest sites:", table.ratios_text(rows, bars.SEARCH)]
    return [*bars.of_search(rows), *bars.of_model(own, MODEL_LIMIT)], tables


def _graphs(found: Found) -> _Part:
    tables = [graphs.table(found.solved)] if found.solved else []
    tables += [graphs.counts_table(found.counted)] if found.counted else []
    return bars.of_graphs(found.solved, found.counted), tables


def _speed(found: Found) -> _Part:
    return bars.of_speed(found.timed), [speed.table(found.timed)]


def _ecp5(found: Found) -> _Part:
    reached = bars.of_model(found.placed, MODEL_LIMIT)
    return reached, [ecp5.table(found.placed), _script(ecp5.FAMILY)]


_PARTS: Mapping[str, _Report] = {
    "matrices": _matrices,
    "few": _of_rows("few", bars.of_few),
    "networks": _of_rows("networks", bars.of_networks),
    "cut": _of_rows("cut", bars.of_cut),
    "search": _search,
    "graphs": _graphs,
    "speed": _speed,
    "ecp5": _ecp5,
}


def _mapped(rows: list[table.Row]) -> list[str]:
    tables = [table.rows_text(rows)] if rows else []
    if table.pairs(rows):
        said = (
            "Ours over alkaid's row of the fewest sites; paths under three assumed sums of three:"
        )
        tables += [said, table.ratios_text(rows)]
    return tables


def _script(family: str) -> str:
    lines = "\n".join(script_for(family, ["SOURCE"], "TOP"))
    return f"```\n{lines}\n```"
