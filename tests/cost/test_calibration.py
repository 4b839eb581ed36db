# SPDX-License-Identifier: Apache-2.0
"""The calibration is the fit of what is recorded, and as good as it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hwgen.cost.calibration import FILE, calibrated, path_ns
from hwgen.cost.estimate import terms_of_layers
from hwgen.cost.terms import TERMS
from hwgen.target.board import boards, load_board
from tests.benchmarks.estimate import kinds
from tests.benchmarks.estimate.__main__ import record
from tests.benchmarks.estimate.calibrate import (
    MEDIAN,
    Record,
    calibration,
    described,
    design_errors,
    fit,
    fit_path,
    layer_errors,
    records_of,
    split,
)
from tests.benchmarks.estimate.corpus import BOARDS, KINDS, PLAIN, cases, fresh, held_back
from tests.benchmarks.estimate.measure import measure, planned
from tests.benchmarks.estimate.routes import OWN_GRADE, Route
from tests.benchmarks.estimate.routes import calibration as routes_calibration

RECORDS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "benchmarks" / "estimate" / "records.json").read_text("utf-8")
)
STORED: dict[str, Any] = json.loads(FILE.read_text("utf-8"))["families"]
FAMILIES = sorted(RECORDS)


def records(family: str) -> list[Record]:
    return [Record.from_json(data) for data in RECORDS[family]["designs"]]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_stored_factors_are_the_fit(family: str) -> None:
    made = calibration(records_of(RECORDS[family]), RECORDS[family]["tool"])
    stored = STORED[family]
    assert made["factors"] == pytest.approx(stored["factors"], abs=2e-3)
    for key, value in made["lut"].items():
        expected = value if isinstance(value, str) else pytest.approx(value, abs=5e-3)
        assert stored["lut"][key] == expected, key
    if "routes" in RECORDS[family]:
        assert stored["fmax"] == routes_calibration([Route(**r) for r in RECORDS[family]["routes"]])


@pytest.mark.parametrize("family", FAMILIES)
def test_half_of_every_kind_is_held_back(family: str) -> None:
    rows = records(family)
    assert {r.kind for r in rows} == set(KINDS)
    for kind in KINDS:
        held = [r for r in rows if r.kind == kind and r.held]
        seen = [r for r in rows if r.kind == kind and not r.held]
        assert len(held) in (len(seen), len(seen) + 1)
        if seen:
            assert min(r.digest for r in held) > max(r.digest for r in seen)
    names = {r.name for r in rows}
    assert not names & {case.name for case in fresh(family)}


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_are_within_ten_percent_in_the_middle(family: str) -> None:
    assert STORED[family]["lut"]["layer_median"] < 0.10
    assert STORED[family]["lut"]["median"] < 0.10


@pytest.mark.parametrize("family", FAMILIES)
def test_registers_are_those_that_synthesis_left(family: str) -> None:
    off = sorted(abs(r.ff_model / r.ff - 1) for r in records(family) if r.ff > 50)
    assert off[len(off) // 2] < 0.01
    assert off[len(off) * 9 // 10] < 0.04
    assert off[-1] < 0.25  # equal sums that synthesis finds, or no longer finds


@pytest.mark.parametrize("family", FAMILIES)
def test_the_recorded_terms_are_todays(family: str) -> None:
    # Where this fails the formulas have changed: python -m tests.benchmarks.estimate --record
    made = {r.name: r for r in records(family)}
    found = {c.name: c for c in cases(family) if c.kind in PLAIN and c.name in made}
    # At the slow clock no register parts a layer, however registers are placed.
    found = {name: case for name, case in found.items() if int(name[-2:]) % 2 == 0}
    assert {case.kind for case in found.values()} == set(PLAIN)
    others = []
    for case in found.values():
        design = planned(case)
        assert made[case.name].digest == design.model[:16]
        family = load_board(case.board).family
        for layer, terms in terms_of_layers(design.pipeline, family, alone=True).items():
            recorded = made[case.name].layers[layer][0]
            if set(+terms) != set(recorded):
                others.append(case.kind)
            else:
                assert dict(+terms) == recorded, case.name
    # Prices choose the form of a step function, and are fitted to it: a fit may choose another.
    assert len(others) <= 1
    assert set(others) <= {"steps", "table"}


def made_of(terms: Mapping[str, float], known: Mapping[str, float]) -> int:
    return round(sum(known.get(term, 1) * count for term, count in terms.items()))


def test_factors_that_made_the_figures_are_found() -> None:
    rows = records(FAMILIES[0])
    known = {term: 0.5 + 0.1 * i for i, term in enumerate(TERMS)}
    exact = [
        replace(r, layers={n: (t, made_of(t, known)) for n, (t, _) in r.layers.items()})
        for r in rows
    ]
    found = fit(exact)
    used = {t for r in rows if not r.held for terms, _ in r.layers.values() for t in terms}
    assert {t: found[t] for t in ("add", "order", "requant")} == pytest.approx(
        {t: known[t] for t in ("add", "order", "requant")}, rel=0.05
    )
    assert all(found[t] == 1 for t in TERMS if t not in used)  # as the formula says
    off = [abs(error) for *_, error in layer_errors(exact, found)]
    assert sorted(off)[len(off) // 2] < 0.01


def test_no_factor_is_negative() -> None:
    assert all(f >= 0 for entry in STORED.values() for f in entry["factors"].values())


def test_the_split_goes_by_digest() -> None:
    digests = {"a": "3", "b": "1", "c": "2", "d": "9", "e": "8"}
    kinds = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "y"}
    assert split(digests, kinds) == {"a", "d"}


def test_paths_grow_with_the_side_of_a_design() -> None:
    path = (0.7, 0.1)
    rows = [
        (m, lut, path_ns(path, m, lut)) for m, lut in ((2, 900), (5, 4000), (9, 100), (3, 9000))
    ]
    assert fit_path(rows) == pytest.approx(path, abs=1e-3)
    assert path_ns(path, 10, 4000) == pytest.approx(7 + 0.1 * 40**0.5)


def test_the_error_of_a_route_is_that_of_the_fit_to_all_others() -> None:
    """One design that no other resembles: it counts with what the others say of it."""
    path, sizes = (0.6, 0.25), ((9.0, 1000), (6.0, 300), (12.0, 5000), (15.0, 2000))
    rows = [
        Route(f"d{i}", OWN_GRADE, lut, ns, 1000 / path_ns(path, ns, lut), "tool")
        for i, (ns, lut) in enumerate(sizes)
    ]
    rows += [replace(row, grade="6", mhz=row.mhz / 1.5) for row in rows[:2]]
    exact = routes_calibration(rows)
    assert exact["path"] == pytest.approx(path, abs=2e-4)
    assert exact["grades"] == {OWN_GRADE: 1.0, "6": 1.5}
    assert exact["error"]["worst"] < 1e-3
    slow = replace(rows[2], name="odd", mhz=rows[2].mhz / 1.3)
    odd = routes_calibration([*rows, slow])["error"]
    assert odd["designs"] == 7
    assert odd["worst"] == pytest.approx(0.3, abs=2e-3)


def test_shares_are_rounded_up() -> None:
    assert described([-0.1, 0.02001, 0.0]) == (0.0201, 0.1001)


def test_every_family_has_a_calibration_or_a_kin() -> None:
    for board in boards():
        known = calibrated(board.family)
        assert known.own == (board.family.name in BOARDS)
        assert BOARDS[known.family]
        assert (known.path is None) == (known.fmax is None)
        if not known.own:
            assert known.path is None  # a kin lends no delays


@pytest.mark.ci
@pytest.mark.parametrize("family", FAMILIES)
def test_the_error_that_reports_print_holds_on_designs_mapped_anew(
    family: str, tmp_path: Path
) -> None:
    """A small set that no fit has seen: the bars of the stored calibration, and of the kinds."""
    bar = calibrated(load_board(BOARDS[family]).family).lut
    rows = []
    for kind in kinds.KINDS:
        designs = kinds.designs(kind, family, kinds.HELD_BACK, 3)
        for name, mapped in measure(designs, family, tmp_path, flat=False):
            rows.append(record(name, kind, designs[name], mapped))
    cases = {case.name: case for case in held_back(family)}
    designs = {name: planned(case) for name, case in cases.items()}
    for name, mapped in measure(designs, family, tmp_path):
        rows.append(record(name, cases[name].kind, designs[name], mapped))
    factors = STORED[family]["factors"]
    median, worst = described([error for *_, error in layer_errors(rows, factors)])
    assert median <= MEDIAN
    assert worst <= bar.layer_worst
    median, worst = described(design_errors(rows, factors))
    assert median <= MEDIAN
    assert worst <= bar.worst
    # What is known by digest is not mapped again.
    assert dict(measure(designs, family, tmp_path))[name] == mapped
