# SPDX-License-Identifier: Apache-2.0
"""`make bench-adders`: our adder graphs beside alkaid's and da4ml's, all mapped by one script."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from hwgen.errors import HwgenError
from hwgen.synth import nextpnr
from hwgen.synth.path import PathModel
from hwgen.synth.yosys import script_for, version
from hwgen.target.board import load_board
from tests.benchmarks.adders import bars, ecp5, graphs, speed, table
from tests.benchmarks.adders.cases import Case, matrices, networks
from tests.benchmarks.adders.designs import (
    BOARD,
    PINNED,
    Asked,
    Text,
    environment,
    ours,
    rival,
    searched,
)
from tests.benchmarks.adders.measure import FAMILY, TERNARY, measure
from tests.benchmarks.page import write_marked

ROOT = Path(__file__).parents[3]
OUT = ROOT / "out" / "bench-adders"
DOCUMENT, MARK = ROOT / "docs" / "measurements" / "adders.md", "bench-adders"
CUTOFF = 5.0
MODEL_LIMIT = 0.10
TOOLS = ("hwgen", "alkaid", "da4ml")

# What the rivals are asked for: the label and the solver's options.
SETTINGS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("alkaid", "alkaid", {"hard_dc": -1}),
    ("alkaid, delay-limited", "alkaid", {"hard_dc": 2}),
    ("da4ml", "da4ml", {"hard_dc": -1}),
)
# With single-bit inputs alkaid is better without its tables; both are measured.
TABLES_OFF = ("alkaid, tables off", "alkaid", {"hard_dc": -1, "binary_lut": False})

MATRICES = frozenset(case.name for case in matrices())


@dataclass
class Found:
    """What was measured, and what went wrong."""

    rows: list[table.Row] = field(default_factory=list)
    timed: list[speed.Timed] = field(default_factory=list)
    placed: list[ecp5.Placed] = field(default_factory=list)
    solved: list[graphs.Solved] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def cases() -> dict[str, Callable[[], Case]]:
    """Return everything there is to map, by name."""
    found: dict[str, Callable[[], Case]] = {c.name: partial(_same, c) for c in matrices()}
    for name, make in networks(ROOT.parent / "shared" / "models").items():
        found[name] = make
        found[f"{name}_5ns"] = partial(_cut, make)
    return found


def _same(case: Case) -> Case:
    return case


def _cut(make: Callable[[], Case]) -> Case:
    case = make()
    title = f"{case.title}, cut near {CUTOFF:g} ns"
    return replace(case, name=f"{case.name}_5ns", title=title, cutoff=CUTOFF)


def groups() -> dict[str, list[str]]:
    """Return the names of what is measured, by kind."""
    return {
        "map": list(cases()),
        "search": [f"search_{case.name}" for case in matrices()],
        "speed": speed.names(),
        "ecp5": list(ecp5.cases()),
        "graphs": list(graphs.SHAPES),
    }


def texts(case: Case, tools: set[str]) -> Iterator[tuple[str, Callable[[], Text]]]:
    """Yield the generators of a case."""
    if "hwgen" in tools:
        yield "hwgen", partial(ours, case)
    settings = [*SETTINGS, *([TABLES_OFF] if case.bits == 1 else [])]
    for label, tool, options in settings:
        if tool in tools:
            asked, python = Asked(tool, options), environment(OUT / "venv")
            yield label, partial(rival, case, asked, OUT / "rivals", python)


def _map(
    found: Found, name: str, case: Case, makers: Iterator[tuple[str, Callable[[], Text]]]
) -> None:
    """Map, check and count every generator's design of a case."""
    for label, make in makers:
        start = time.perf_counter()
        try:
            text = make()
            result = measure(case, text, OUT / "mapped")
        except HwgenError as error:
            _failed(found, name, label, error)
            continue
        found.rows.append(
            table.Row(case.name, case.title, label, result, text.seconds, text.model, text.adders)
        )
        m = result.measured
        print(
            f"{case.name:14} {label:22} {m.plut:6} LUT {m.ff:6} FF {m.ns:6.2f} ns "
            f"latency {result.latency}, {result.samples} samples right "
            f"[{time.perf_counter() - start:.1f} s]",
            flush=True,
        )


def _failed(found: Found, name: str, label: str, error: HwgenError) -> None:
    found.failures.append(f"{name}, {label}: {error}")
    print(f"{name:14} {label:22} FAILED: {error.what.splitlines()[0]}", flush=True)


def _time(found: Found, name: str, tools: set[str]) -> None:
    for row in speed.run(name, tools, OUT / "rivals", environment(OUT / "venv")):
        found.timed.append(row)
        print(f"{name:14} {row.by:22} {row}", flush=True)


def _place(found: Found, name: str, tools: set[str]) -> None:
    for row in ecp5.run(name, tools, OUT, environment(OUT / "venv")):
        found.placed.append(row)
        speeds = ", ".join(f"{mhz:.0f}" for mhz in row.mhz)
        print(
            f"{name:14} {row.by:22} {row.lut:6} LUT {row.measured.ff:6} FF latency "
            f"{row.latency}, {speeds} MHz",
            flush=True,
        )


def _solve(found: Found, name: str, tools: set[str]) -> None:
    for row in graphs.run(name, tools, OUT / "rivals", environment(OUT / "venv")):
        found.solved.append(row)
        print(f"{name:14} {row.by:22} {row.arity} operands {row.positions}", flush=True)


def run(wanted: list[str], tools: set[str]) -> Found:
    """Measure what is wanted; what fails is noted, and the rest goes on."""
    known, found, kinds = cases(), Found(), groups()
    for name in wanted:
        try:
            if name in kinds["search"]:
                if "hwgen" in tools:
                    case = known[name.removeprefix("search_")]()
                    make = partial(searched, case, 3, OUT / "texts")
                    _map(found, name, case, iter([(bars.SEARCH, make)]))
            elif name in kinds["speed"]:
                _time(found, name, tools)
            elif name in kinds["ecp5"]:
                _place(found, name, tools)
            elif name in kinds["graphs"]:
                _solve(found, name, tools)
            else:
                case = known[name]()
                _map(found, name, case, texts(case, tools))
        except HwgenError as error:
            _failed(found, name, "", error)
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and say with the exit code whether all is right and the cost model holds."""
    kinds = groups()
    every = [name for names in kinds.values() for name in names]
    parser = argparse.ArgumentParser(prog="bench-adders", description=__doc__)
    parser.add_argument("--only", default="", help=f"of {', '.join(kinds)}: {','.join(every)}")
    parser.add_argument("--tools", default=",".join(TOOLS), help="who takes part")
    parser.add_argument("--bless", action="store_true", help="write the report into the docs")
    given = parser.parse_args(words)
    if given.bless and given.tools != parser.get_default("tools"):
        parser.error("--bless wants everybody")
    wanted: list[str] = []
    for word in (word for word in given.only.split(",") if word):
        if word not in kinds and word not in every:
            parser.error(f"no case {word!r}; there are {', '.join([*kinds, *every])}")
        wanted += kinds.get(word, [word])
    found = run(list(dict.fromkeys(wanted)) or every, set(given.tools.split(",")))
    report = report_of(found, given.only)
    print("\n" + report)
    drifted = table.drifts([*found.rows, *found.placed], MODEL_LIMIT)
    for line in (*found.failures, *drifted):
        print(f"FAILED: {line}", file=sys.stderr)
    if found.failures or drifted:
        return 1
    if given.bless:
        write_marked(DOCUMENT, MARK, f"\n{report}")
    return 0


def report_of(found: Found, only: str = "") -> str:
    """Return everything as Markdown, what was lost included; *only* names the part that was run."""
    family = load_board(BOARD).family
    tools = [version(), *(f"{tool} {number}" for tool, number in PINNED.items())]
    if found.placed:
        tools.insert(1, f"{nextpnr.version(ecp5.FAMILY)} for ECP5")
    models = [
        f"- three-operand adder {'as the family says' if t is None else f'{t:g}x'}: "
        f"{PathModel.of(family, t)}"
        for t in TERNARY
    ]
    squares = [row for row in found.rows if row.case in MATRICES]
    others = [row for row in found.rows if row.case not in MATRICES]
    scripts = ["\n".join(script_for(name, ["SOURCE"], "TOP")) for name in (FAMILY, ecp5.FAMILY)]
    parts = [
        f"{', '.join(tools)}. Written by `make bench-adders BLESS=1{only and f' ONLY={only}'}`."
        + (" That was a part; of the rest nothing is said." if only else ""),
        "What was to be reached:",
        bars.text(
            [
                *bars.bars(found.rows, found.timed, found.placed, MATRICES, MODEL_LIMIT),
                *bars.of_graphs(found.solved),
            ]
        ),
    ]
    if found.rows:
        parts += ["### LUT, FF and path on UltraScale+", table.rows_text(found.rows)]
    if table.pairs(found.rows):
        parts += [
            "Ours over alkaid's row of the fewest sites; paths under three assumed sums of three:",
            *(table.ratios_text(rows) for rows in (squares, others) if table.pairs(rows)),
        ]
    if table.pairs(squares, bars.SEARCH):
        parts += [
            "The same after a search (`--effort 3`), still over alkaid's best:",
            table.ratios_text(squares, bars.SEARCH),
        ]
    if found.solved:
        parts += ["### Graphs by themselves", graphs.table(found.solved)]
    if found.timed:
        parts += ["### Seconds to solve", speed.table(found.timed)]
    if found.placed:
        title = f"### Placed and routed on an ECP5 ({ecp5.TITLE})"
        parts += [title, ecp5.table(found.placed)]
    parts += ["### Models and scripts", "Path models:", "\n".join(models)]
    parts += [f"```\n{script}\n```" for script in scripts]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
