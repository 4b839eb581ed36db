# SPDX-License-Identifier: Apache-2.0
"""`make bench-estimate`: the estimate against synthesis, on designs that the fit never saw."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hwgen.cost.calibration import FILE as CALIBRATION
from hwgen.cost.estimate import estimate, terms_of_layer
from hwgen.cost.requantizers import FILE as REQUANTS
from hwgen.design.types import Design
from hwgen.errors import ConfigError, HwgenError
from hwgen.files import json_bytes
from hwgen.synth import nextpnr, yosys
from hwgen.target.board import load_board
from tests.benchmarks.estimate import calibrate, clocks, kinds, requants, routes
from tests.benchmarks.estimate.calibrate import Record
from tests.benchmarks.estimate.corpus import BOARDS, Case, cases, fresh
from tests.benchmarks.estimate.measure import Mapped, measure, planned
from tests.benchmarks.page import write_marked

ROOT = Path(__file__).parents[3]
OUT = ROOT / "out" / "bench-estimate"
RECORDS = Path(__file__).with_name("records.json")
DOCUMENT, MARK = ROOT / "docs" / "estimates.md", "bench-estimate"
MEDIAN, WORST = 0.10, 0.25  # of a layer


def main() -> int:
    """Measure, print, and say with the exit code whether the errors are what is promised."""
    parser = argparse.ArgumentParser(prog="bench-estimate", description=__doc__)
    parser.add_argument("--family", default=",".join(BOARDS), help="some of: %(default)s")
    parser.add_argument("--record", action="store_true", help="measure the whole corpus, fit anew")
    parser.add_argument("--routes", action="store_true", help="place and route a part of it")
    parser.add_argument("--clocks", action="store_true", help="route what is planned for a clock")
    parser.add_argument("--seeds", type=int, default=3, help="placements of these, %(default)s")
    parser.add_argument("--kinds", action="store_true", help="fresh designs, kind by kind")
    parser.add_argument("--seed", type=int, default=kinds.SEED, help="of these; %(default)s")
    parser.add_argument("--refit", action="store_true", help="fit today's terms to it")
    parser.add_argument("--bless", action="store_true", help="write the tables into the docs")
    given = parser.parse_args()
    families = [name for name in given.family.split(",") if name]
    for name in families:
        if name not in BOARDS:
            parser.error(f"no family {name!r}; there are {', '.join(BOARDS)}")
    try:
        if given.record:
            record_requants(families)  # terms of designs are made with these
            for family in families:
                store(family, list(recorded(family)))
        for family in families:
            if given.routes and family in routes.FAMILIES:
                rows = [asdict(row) for row in routes.measured(family, OUT / "routed")]
                enter(family, {"routes": rows})
        for family in families:
            if given.refit:
                store(family, list(told_anew(family)))
        if given.record or given.routes or given.refit:
            fit_all()
        if given.clocks or given.kinds:
            wrong = clocked([*range(1, given.seeds + 1)], given.bless) if given.clocks else []
            wrong += by_kind(families, given.seed) if given.kinds else []
            return told(wrong)
        return (
            0
            if given.refit or (given.routes and not given.record)
            else compare(families, given.bless)
        )
    except HwgenError as error:
        print(f"bench-estimate: {error}", file=sys.stderr)
        return error.exit_code


# ------------------------------------------------------------------------------ the corpus


def chosen(family: str) -> tuple[dict[str, Case], dict[str, Design], set[str]]:
    """Return a family's cases and designs by name, and the names of those held back."""
    found = {case.name: case for case in cases(family)}
    designs = {name: planned(case) for name, case in found.items()}
    kinds = {name: case.kind for name, case in found.items()}
    return found, designs, calibrate.split({n: d.model for n, d in designs.items()}, kinds)


def recorded(family: str) -> Iterator[Record]:
    """Measure the whole corpus of a family."""
    found, designs, held = chosen(family)
    for name, mapped in measure(designs, family, OUT / "mapped"):
        print(f"{family:16} {name:14} {mapped.lut:6} LUT {mapped.ff:6} FF", flush=True)
        yield record(found[name], designs[name], mapped, name in held)


def told_anew(family: str) -> Iterator[Record]:
    """Yield what is recorded of a family, in today's terms; nothing is synthesised.

    Raises:
        ConfigError: the corpus is another one today.
    """
    found, designs, held = chosen(family)
    for data in json.loads(RECORDS.read_text())[family]["designs"]:
        known = Record.from_json(data)
        design = designs.get(known.name)
        if design is None or design.model[:16] != known.digest:
            raise ConfigError("the corpus has changed", known.name, "record it, --record")
        luts = {layer: lut for layer, (_, lut) in known.layers.items()}
        mapped = Mapped(luts, known.lut, known.ff)
        yield record(found[known.name], design, mapped, known.name in held)


def record(case: Case, design: Design, mapped: Mapped, held: bool) -> Record:
    """Return what is kept of a design."""
    family, pipeline = load_board(case.board).family, design.pipeline
    layers = {
        layer.name: (dict(sorted(terms_of_layer(pipeline, layer, family).items())), lut)
        for layer in pipeline.layers
        for lut in [mapped.layers[layer.name]]
    }
    registers = estimate(design, family).ff
    return Record(
        case.name, case.kind, design.model[:16], held, layers, mapped.lut, mapped.ff, registers
    )


def record_requants(families: Sequence[str]) -> None:
    """Write what common requantizers take by themselves."""
    known: dict[str, Any] = json.loads(REQUANTS.read_text()) if REQUANTS.is_file() else {}
    known |= {family: requants.measured(family, OUT / "requants") for family in families}
    REQUANTS.write_bytes(json_bytes(dict(sorted(known.items()))))


def store(family: str, records: Sequence[Record]) -> None:
    """Enter a family's records into the file."""
    enter(family, {"tool": yosys.version(), "designs": [r.as_json() for r in records]})


def enter(family: str, entry: dict[str, Any]) -> None:
    """Write part of what is recorded of a family."""
    known: dict[str, Any] = json.loads(RECORDS.read_text()) if RECORDS.is_file() else {}
    known[family] = {**known.get(family, {}), **entry}
    RECORDS.write_bytes(json_bytes(dict(sorted(known.items()))))


def fit_all() -> None:
    """Write the calibration of every family that is recorded."""
    families = {}
    for family, entry in json.loads(RECORDS.read_text()).items():
        records = [Record.from_json(data) for data in entry["designs"]]
        families[family] = calibrate.calibration(records, entry["tool"])
        if "routes" in entry:
            families[family]["fmax"] = routes.calibration(
                [routes.Route(**row) for row in entry["routes"]]
            )
    CALIBRATION.write_bytes(json_bytes({"families": families}))


def told(wrong: Sequence[str]) -> int:
    """Print what is beyond its bar, and return the exit code."""
    for line in wrong:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0


def clocked(seeds: Sequence[int], bless: bool) -> list[str]:
    """Place and route what is planned for a clock; return the clocks that are missed."""
    rows = []
    for case in clocks.CASES:
        rows += clocks.placed(OUT / "routed", (case,), seeds)
        print(clocks.table(rows[-1:]), flush=True)
    said = f"{nextpnr.version('ecp5')}.\n\n{clocks.table(rows)}\n\n{clocks.margin_cost()}"
    print(said)
    if bless:
        write_marked(DOCUMENT, "clocks", f"\n{said}\n")
    return [f"{r.name}: {r.reached:.1f} of {r.asked:g} MHz" for r in rows if r.reached < r.asked]


def by_kind(families: Sequence[str], seed: int) -> list[str]:
    """Compare estimate and synthesis kind by kind; return the kinds beyond their bar."""
    wrong = []
    for family in families:
        factors = json.loads(CALIBRATION.read_text())["families"][family]["factors"]
        rows = []
        for kind in kinds.KINDS:
            found = list(kinds.records(kind, family, OUT / "mapped", _fresh, seed))
            rows.append(kinds.error(kind, found, factors))
        print(f"{family}\n{kinds.table(rows)}", flush=True)
        wrong += [f"{family}: {r.kind}, {r.median:.1%}, {r.worst:.1%}" for r in rows if not r.holds]
    return wrong


def _fresh(name: str, kind: str, design: Design, mapped: Mapped) -> Record:
    """Return what is kept of a fresh design of a kind."""
    board = load_board(design.target)
    clock = board.name, design.clock_mhz
    return record(Case(name, kind, *clock), design, mapped, True)


# ---------------------------------------------------------------- estimate against synthesis


def compare(families: Sequence[str], bless: bool) -> int:
    """Compare estimate and synthesis on designs that nothing was fitted to."""
    parts, wrong = [], []
    for family in families:
        found = {case.name: case for case in fresh(family)}
        designs = {name: planned(case) for name, case in found.items()}
        known = load_board(BOARDS[family]).family
        factors = json.loads(CALIBRATION.read_text())["families"][family]["factors"]
        records = []
        for name, mapped in measure(designs, family, OUT / "mapped"):
            print(f"{family:16} {name:14} {mapped.lut:6} LUT {mapped.ff:6} FF", flush=True)
            records.append(record(found[name], designs[name], mapped, True))
        layers = [error for *_, error in calibrate.layer_errors(records, factors)]
        median, worst = calibrate.described(layers)
        designs_off = calibrate.described(calibrate.design_errors(records, factors))
        head = f"{known.title}, {yosys.version()}: {len(records)} designs, {len(layers)} layers"
        said = (
            f"Layers of {calibrate.LEAST} LUT or more: median {median:.1%}, worst {worst:.1%}. "
            f"Whole designs: median {designs_off[0]:.1%}, worst {designs_off[1]:.1%}."
        )
        parts += [f"### {head}", said, table(records, factors)]
        print(f"{head}\n{said}\n{parts[-1]}\n", flush=True)
        if median > MEDIAN or worst > WORST:
            wrong.append(f"{family}: layers are off by {median:.1%} (median), {worst:.1%} (worst)")
    if bless:
        write_marked(DOCUMENT, MARK, "\n" + "\n\n".join(parts))
    return told(wrong)


def table(records: Sequence[Record], factors: dict[str, float]) -> str:
    """Return one line a design."""
    lines = [
        "| design | layers | LUT modelled | LUT synthesised | off | worst layer | FF modelled "
        "| FF synthesised |",
        "|---|--:|--:|--:|--:|---|--:|--:|",
    ]
    for made in records:
        errors = sorted(calibrate.layer_errors([made], factors), key=lambda row: -abs(row[-1]))
        layer = f"{errors[0][1]} {errors[0][-1]:+.0%}" if errors else ""
        lut = sum(made.modelled(factors).values())
        lines.append(
            f"| {made.name} | {len(made.layers)} | {lut:,} | {made.lut:,} "
            f"| {lut / made.lut - 1:+.1%} | {layer} | {made.ff_model:,} | {made.ff:,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
