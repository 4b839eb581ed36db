# SPDX-License-Identifier: Apache-2.0
"""`make bench-estimate`: the estimate against synthesis, on designs that the fit never saw."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hwgen.cost.calibration import FILE as CALIBRATION
from hwgen.cost.estimate import estimate, terms_of_layers
from hwgen.cost.requantizers import FILE as REQUANTS
from hwgen.design.types import Design
from hwgen.errors import ConfigError, HwgenError
from hwgen.files import json_bytes
from hwgen.synth import nextpnr, yosys
from hwgen.target.board import load_board
from tests.benchmarks.estimate import calibrate, clocks, kinds, requants, routes
from tests.benchmarks.estimate.calibrate import Record
from tests.benchmarks.estimate.corpus import BOARDS, PLAIN, Case, cases, fresh
from tests.benchmarks.estimate.measure import Mapped, measure, planned
from tests.benchmarks.page import write_marked

ROOT = Path(__file__).parents[3]
OUT = ROOT / "out" / "bench-estimate"
RECORDS = Path(__file__).with_name("records.json")
DOCUMENT, MARK = ROOT / "docs" / "estimates.md", "bench-estimate"


def main() -> int:
    """Measure, print, and say with the exit code whether the errors are what is promised."""
    parser = argparse.ArgumentParser(prog="bench-estimate", description=__doc__)
    parser.add_argument("--family", default=",".join(BOARDS), help="some of: %(default)s")
    parser.add_argument("--record", action="store_true", help="measure the whole corpus, fit anew")
    parser.add_argument("--only", default="", help="kinds of the corpus that are measured anew")
    parser.add_argument("--routes", action="store_true", help="place and route a part of it")
    parser.add_argument("--clocks", action="store_true", help="route what is planned for a clock")
    parser.add_argument("--seeds", type=int, default=3, help="placements of these, %(default)s")
    parser.add_argument("--kinds", action="store_true", help="fresh designs, kind by kind")
    parser.add_argument("--seed", type=int, help="of these, instead of those that judge")
    parser.add_argument("--refit", action="store_true", help="fit today's terms to it")
    parser.add_argument("--record-kinds", action="store_true", help="map the kinds that are fitted")
    parser.add_argument("--bless", action="store_true", help="write the tables into the docs")
    given = parser.parse_args()
    families = [name for name in given.family.split(",") if name]
    for name in families:
        if name not in BOARDS:
            parser.error(f"no family {name!r}; there are {', '.join(BOARDS)}")
    try:
        if given.record:
            only = [kind for kind in given.only.split(",") if kind]
            if not only:
                record_requants(families)  # terms of designs are made with these
            for family in families:
                store(family, list(recorded(family, only)))
        for family in families:
            if given.routes and family in routes.FAMILIES:
                rows = [asdict(row) for row in routes.measured(family, OUT / "routed")]
                enter(family, {"routes": rows})
        for family in families:
            if given.refit:
                store(family, list(told_anew(family)))
        for family in families:
            if given.record_kinds or (given.record and not given.only):
                enter(family, {"kinds": [r.as_json() for r in recorded_kinds(family)]})
        changed = given.record or given.record_kinds or given.routes or given.refit
        if changed:
            fit_all()
        if given.clocks or given.kinds:
            wrong = clocked([*range(1, given.seeds + 1)], given.bless) if given.clocks else []
            wrong += by_kind(families, given.seed, given.bless) if given.kinds else []
            return told(wrong)
        return 0 if changed and (given.only or not given.record) else compare(families, given.bless)
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


def recorded(family: str, only: Sequence[str] = ()) -> Iterator[Record]:
    """Measure the corpus of a family, or some kinds of it; the others stay as they are recorded."""
    found, designs, held = chosen(family)
    if only:
        known = json.loads(RECORDS.read_text())[family]["designs"]
        yield from (Record.from_json(row) for row in known if row["kind"] not in only)
        designs = {name: design for name, design in designs.items() if found[name].kind in only}
    for name, mapped in measure(designs, family, OUT / "mapped"):
        print(f"{family:16} {name:14} {mapped.lut:6} LUT {mapped.ff:6} FF", flush=True)
        yield record(name, found[name].kind, designs[name], mapped, name in held)


def told_anew(family: str) -> Iterator[Record]:
    """Yield what is recorded of a family, in today's terms; nothing is synthesised.

    Designs whose graphs of adders a search decides keep the terms that they were mapped with.

    Raises:
        ConfigError: the corpus is another one today.
    """
    _, designs, held = chosen(family)
    for data in json.loads(RECORDS.read_text())[family]["designs"]:
        known = Record.from_json(data)
        if known.kind not in PLAIN:
            yield known
            continue
        design = designs.get(known.name)
        if design is None or design.model[:16] != known.digest:
            raise ConfigError("the corpus has changed", known.name, "record it, --record")
        luts = {layer: lut for layer, (_, lut) in known.layers.items()}
        mapped = Mapped(luts, known.lut, known.ff)
        yield record(known.name, known.kind, design, mapped, known.name in held)


def recorded_kinds(family: str) -> list[Record]:
    """Return what synthesis finds of the kinds; half of each is held back, and curves are not.

    Scales are held back all: their adders would decide what an adder costs elsewhere.
    """
    rows: list[Record] = []
    for kind in (*kinds.KINDS, kinds.CURVES, kinds.SYMMETRIC):
        count = kinds.MANY if kind == kinds.CURVES else kinds.EACH
        asked = kind, family, OUT / "mapped", record, kinds.FITTED, count
        rows += kinds.records(*asked)
    held = calibrate.split({r.name: r.digest for r in rows}, {r.name: r.kind for r in rows})
    held = {r.name for r in rows if r.kind != kinds.CURVES and r.name in held}
    held |= {r.name for r in rows if r.name.startswith(kinds.many_bits.__name__)}
    return [replace(row, held=row.name in held) for row in rows]


def record(name: str, kind: str, design: Design, mapped: Mapped, held: bool = True) -> Record:
    """Return what is kept of a design; *held* says that no fit may see it."""
    family, pipeline = load_board(design.target).family, design.pipeline
    layers = {
        layer: (dict(sorted((+terms).items())), mapped.layers[layer])
        for layer, terms in terms_of_layers(pipeline, family, alone=True).items()
    }
    terms = sum(terms_of_layers(pipeline, family).values(), Counter())
    whole, registers = dict(sorted((+terms).items())), estimate(design, family).ff
    digest = design.model[:16]
    return Record(name, kind, digest, held, layers, whole, mapped.lut, mapped.ff, registers)


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
        records = calibrate.records_of(entry)
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


def by_kind(families: Sequence[str], seed: int | None, bless: bool) -> list[str]:
    """Compare estimate and synthesis kind by kind; return the kinds beyond their bar."""
    wrong, rows = [], []
    for family in families:
        factors = json.loads(CALIBRATION.read_text())["families"][family]["factors"]
        title = load_board(BOARDS[family]).family.title
        for kind in kinds.KINDS:
            chosen = kinds.JUDGED[kind] if seed is None else seed
            found = list(kinds.records(kind, family, OUT / "mapped", record, chosen))
            rows.append(kinds.error(kind, title, chosen, found, factors))
            print(kinds.table(rows[-1:]), flush=True)
            if not rows[-1].holds:
                wrong.append(f"{family}: {kind}, {rows[-1].median:.1%}, {rows[-1].worst:.1%}")
    print(kinds.table(rows))
    if bless and seed is None:
        write_marked(DOCUMENT, "kinds", f"\n{yosys.version()}.\n\n{kinds.table(rows)}")
    return wrong


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
            records.append(record(name, found[name].kind, designs[name], mapped))
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
        if median > calibrate.MEDIAN or worst > calibrate.WORST:
            wrong.append(f"{family}: layers are off by {median:.1%} (median), {worst:.1%} (worst)")
        if designs_off[0] > calibrate.MEDIAN or designs_off[1] > calibrate.WHOLE_WORST:
            middle, most = designs_off
            wrong.append(f"{family}: designs are off by {middle:.1%} (median), {most:.1%} (worst)")
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
        lut = made.modelled_whole(factors)
        lines.append(
            f"| {made.name} | {len(made.layers)} | {lut:,} | {made.lut:,} "
            f"| {lut / made.lut - 1:+.1%} | {layer} | {made.ff_model:,} | {made.ff:,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
