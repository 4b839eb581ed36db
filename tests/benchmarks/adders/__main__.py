# SPDX-License-Identifier: Apache-2.0
"""`make bench-adders`: our adder graphs beside alkaid's and da4ml's, all mapped by one script."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hwgen.errors import HwgenError
from tests.benchmarks.adders import bars, ecp5, graphs, speed, table
from tests.benchmarks.adders.cases import Case, few_bits, matrices, networks
from tests.benchmarks.adders.designs import (
    AREA,
    Asked,
    Text,
    environment,
    ours,
    rival,
    searched,
)
from tests.benchmarks.adders.measure import measure
from tests.benchmarks.adders.parts import Found, mark, report
from tests.benchmarks.page import write_marked

ROOT = Path(__file__).parents[3]
OUT = ROOT / "out" / "bench-adders"
DOCUMENT = ROOT / "docs" / "measurements" / "adders.md"
CUTOFF = 5.0
TOOLS = ("hwgen", "alkaid", "da4ml")

# What the rivals are asked for: the label and the solver's options, every search they know.
SETTINGS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("alkaid", "alkaid", AREA),
    ("alkaid, delay-limited", "alkaid", {**AREA, "hard_dc": 2}),
    ("da4ml", "da4ml", AREA),
)
# With single-bit inputs alkaid is better without its tables; both are measured.
TABLES_OFF = ("alkaid, tables off", "alkaid", {**AREA, "binary_lut": False})
EQUAL = "alkaid, stages as ours"


def cases() -> dict[str, dict[str, Callable[[], Case]]]:
    """Return everything there is to map: by part, then by name."""
    made = networks(ROOT.parent / "shared" / "models")
    return {
        "matrices": {c.name: partial(_same, c) for c in matrices()},
        "few": {c.name: partial(_same, c) for c in few_bits()},
        "networks": dict(made),
        "cut": {f"{name}_5ns": partial(_cut, make) for name, make in made.items()},
    }


def _same(case: Case) -> Case:
    return case


def _cut(make: Callable[[], Case]) -> Case:
    case = make()
    title = f"{case.title}, cut near {CUTOFF:g} ns"
    return replace(case, name=f"{case.name}_5ns", title=title, cutoff=CUTOFF)


def groups() -> dict[str, list[str]]:
    """Return the names of what is measured, by part of the page."""
    return {
        **{part: list(found) for part, found in cases().items()},
        "search": [f"search_{case.name}" for case in matrices()],
        "graphs": [*graphs.SHAPES, *graphs.counts()],
        "speed": speed.names(),
        "ecp5": list(ecp5.cases()),
    }


def texts(case: Case, tools: set[str]) -> Iterator[tuple[str, Callable[[], Text]]]:
    """Yield the generators of a case.

    A case with registers is asked of alkaid in as many stages of logic as ours has; da4ml takes no
    number of stages, and is not asked.
    """
    python = environment(OUT / "venv") if tools - {"hwgen"} else Path()
    if case.cutoff:
        text = ours(case)
        if "hwgen" in tools:
            yield "hwgen", lambda: text
        if "alkaid" in tools:
            assert text.latency is not None
            asked = Asked("alkaid", AREA, stages=text.latency)
            yield EQUAL, partial(rival, replace(case, cutoff=0.0), asked, OUT / "rivals", python)
        return
    if "hwgen" in tools:
        yield "hwgen", partial(ours, case)
    for label, tool, options in [*SETTINGS, *([TABLES_OFF] if case.bits == 1 else [])]:
        if tool in tools:
            yield label, partial(rival, case, Asked(tool, options), OUT / "rivals", python)


def _map(
    found: Found, part: str, case: Case, makers: Iterator[tuple[str, Callable[[], Text]]]
) -> None:
    """Map, check and count every generator's design of a case."""
    for label, make in makers:
        start = time.perf_counter()
        try:
            text = make()
            result = measure(case, text, OUT / "mapped")
        except HwgenError as error:
            _failed(found, case.name, label, error)
            continue
        found.rows.setdefault(part, []).append(
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


def _count(found: Found, name: str, tools: set[str]) -> None:
    if "hwgen" in tools:
        for row in graphs.count(name):
            found.counted.append(row)
            print(f"{name:14} {row.by:22} {row.adders:.1f} adders, {row.seconds:.2f} s", flush=True)


def _searched(found: Found, name: str, tools: set[str]) -> None:
    case = cases()["matrices"][name.removeprefix("search_")]()
    own = [(bars.SEARCH, partial(searched, case, 3, OUT / "texts"))] if "hwgen" in tools else []
    _map(found, "search", case, iter([*own, *texts(case, tools & {"alkaid"})]))


def run(wanted: list[str], tools: set[str]) -> Found:
    """Measure what is wanted; what fails is noted, and the rest goes on."""
    known, found, kinds = cases(), Found(), groups()
    others = {"search": _searched, "speed": _time, "ecp5": _place, "graphs": _solve}
    for name in wanted:
        part = next(part for part, names in kinds.items() if name in names)
        try:
            if part in known:
                case = known[part][name]()
                _map(found, part, case, texts(case, tools))
            elif name in graphs.counts():
                _count(found, name, tools)
            else:
                others[part](found, name, tools)
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
    wanted = list(dict.fromkeys(wanted)) or every
    touched = [part for part, names in kinds.items() if set(names) & set(wanted)]
    if given.bless and not all(set(kinds[part]) <= set(wanted) for part in touched):
        parser.error(f"--bless writes whole parts of the page: {', '.join(kinds)}")
    found = run(wanted, set(given.tools.split(",")))
    for part in touched:
        print(f"\n{part}\n\n{report(part, found, given.only)}")
    drifted = found.drifts()
    for line in (*found.failures, *drifted):
        print(f"FAILED: {line}", file=sys.stderr)
    if found.failures or drifted:
        return 1
    for part in touched if given.bless else ():
        write_marked(DOCUMENT, mark(part), f"\n{report(part, found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
