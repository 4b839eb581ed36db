# SPDX-License-Identifier: Apache-2.0
"""`make bench-adders`: our adder graphs beside alkaid's and da4ml's, all mapped by one script."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hwgen.errors import HwgenError
from hwgen.plan.board import load_board
from hwgen.synth.path import PathModel
from hwgen.synth.yosys import script_for, version
from tests.bench_adders import table
from tests.bench_adders.cases import Case, matrices, networks
from tests.bench_adders.designs import BOARD, PINNED, Text, environment, ours, rival
from tests.bench_adders.measure import FAMILY, TERNARY, measure

ROOT = Path(__file__).parents[2]
OUT = ROOT / "out" / "bench-adders"
DOCUMENT, MARK = ROOT / "docs" / "adders.md", "<!-- bench-adders -->"
CUTOFF = 5.0
MODEL_LIMIT = 0.10

# What the rivals are asked for: the label and the solver's options.
SETTINGS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("alkaid", "alkaid", {"hard_dc": -1}),
    ("alkaid, delay-limited", "alkaid", {"hard_dc": 2}),
    ("da4ml", "da4ml", {"hard_dc": -1}),
)
# With single-bit inputs alkaid is better without its tables; both are measured.
TABLES_OFF = ("alkaid, tables off", "alkaid", {"hard_dc": -1, "binary_lut": False})

MATRICES = frozenset(case.name for case in matrices())


def cases() -> dict[str, Callable[[], Case]]:
    """Return everything there is to measure, by name."""
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


def texts(case: Case, tools: set[str]) -> Iterator[tuple[str, Callable[[], Text]]]:
    """Yield the generators of a case."""
    if "hwgen" in tools:
        yield "hwgen", partial(ours, case)
    settings = [*SETTINGS, *([TABLES_OFF] if case.bits == 1 else [])]
    for label, tool, options in settings:
        if tool in tools:
            python = environment(OUT / "venv")
            yield label, partial(rival, case, tool, options, OUT / "rivals", python)


def main() -> int:
    """Measure, print, and say with the exit code whether the cost model holds."""
    known = cases()
    parser = argparse.ArgumentParser(prog="bench-adders", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of: {','.join(known)}")
    parser.add_argument("--tools", default="hwgen,alkaid,da4ml", help="who takes part")
    parser.add_argument("--bless", action="store_true", help="write the report into the docs")
    given = parser.parse_args()
    if given.bless and (given.only or given.tools != parser.get_default("tools")):
        parser.error("--bless wants every case and everybody")
    wanted = [name for name in given.only.split(",") if name] or list(known)
    for name in wanted:
        if name not in known:
            parser.error(f"no case {name!r}; there are {', '.join(known)}")
    rows: list[table.Row] = []
    failures: list[str] = []
    for name in wanted:
        case = known[name]()
        for label, make in texts(case, set(given.tools.split(","))):
            start = time.perf_counter()
            try:
                text = make()
                result = measure(case, text, OUT / "mapped")
            except HwgenError as error:
                failures.append(f"{name}, {label}: {error}")
                print(f"{name:14} {label:22} FAILED: {error.what.splitlines()[0]}", flush=True)
                continue
            row = table.Row(name, case.title, label, result, text.seconds, text.model, text.adders)
            rows.append(row)
            took = time.perf_counter() - start
            m = result.measured
            print(
                f"{name:14} {label:22} {m.plut:6} LUT {m.ff:6} FF {m.ns:6.2f} ns "
                f"latency {result.latency}, {result.samples} samples right [{took:.1f} s]",
                flush=True,
            )
    report = _report(rows)
    print("\n" + report)
    if given.bless:
        head, _, _ = DOCUMENT.read_text().partition(MARK)
        DOCUMENT.write_text(f"{head}{MARK}\n\n{report}")
    drifted = table.drifts(rows, MODEL_LIMIT)
    for line in (*failures, *drifted):
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failures or drifted else 0


def _report(rows: list[table.Row]) -> str:
    family = load_board(BOARD).family
    pins = ", ".join(f"{tool} {number}" for tool, number in PINNED.items())
    models = [
        f"- three-operand adder {'as the family says' if t is None else f'{t:g}x'}: "
        f"{PathModel.of(family, t)}"
        for t in TERNARY
    ]
    script = "\n".join(script_for(FAMILY, ["SOURCE"], "TOP"))
    parts = [
        f"{version()}; {pins}. Written by `make bench-adders BLESS=1`.",
        table.rows_text(rows),
        "Ours over alkaid's row of the fewest sites; paths under three assumed adders of three:",
        table.ratios_text([row for row in rows if row.case in MATRICES]),
        table.ratios_text([row for row in rows if row.case not in MATRICES]),
        "Path models:",
        "\n".join(models),
        f"Script:\n\n```\n{script}\n```",
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
