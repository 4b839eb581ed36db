# SPDX-License-Identifier: Apache-2.0
"""Runs a cocotb bench of sim/ on units of rtl/ under a test bench module."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hwgen import paths
from hwgen.errors import ProtocolViolation, ToolFailed
from hwgen.units.library import with_uses
from hwgen.verify import compile_rtl

PATIENCE = 3600.0  # seconds that a simulation may take


def simulate(
    folder: Path,
    bench: str,
    text: str,
    ports: Sequence[str],
    modules: Sequence[str],
    facts: Mapping[str, Any],
    claims: Collection[str],
    edit: Callable[[Path], None] | None = None,
    others: bool = False,
) -> set[str]:
    """Run claims of a bench and return the names of those that fail.

    Args:
        folder: to work in.
        bench: module of sim/.
        text: of the module ``tb``.
        ports: of it.
        modules: units that it instantiates.
        facts: the job; ``seed`` is one of them.
        claims: names of the bench's tests, all of which must have run.
        edit: breaks something in the folder of the units.
        others: the bench has more tests, which have nothing to do with these facts.
    """
    units = folder / "units"
    units.mkdir()
    files = []
    for unit in with_uses(modules):
        files.append(units / f"{unit.module}.sv")
        files[-1].write_bytes(unit.path.read_bytes())
    if edit is not None:
        edit(units)
    (folder / "tb.sv").write_text(text)
    source = compile_rtl.Source("tb", (*files, folder / "tb.sv"), tuple(ports))
    verdicts = run(folder, bench, source, facts, claims if others else ())
    assert verdicts.keys() == set(claims)
    return {name for name, held in verdicts.items() if not held}


def checkers(modules: Iterable[str]) -> list[Path]:
    """Return the protocol checkers of sim/checks that watch some units, and what binds them."""
    home = paths.sim() / "checks"
    binds = [file for file in (home / f"bind_{module}.sv" for module in modules) if file.is_file()]
    return [home / "checks.sv", *sorted(home.glob("hwg_*.sv")), *binds] if binds else []


def run(
    folder: Path, bench: str, source: compile_rtl.Source, facts: Mapping[str, Any],
    only: Collection[str] = (),
) -> dict[str, bool]:  # fmt: skip
    """Run a bench on a design and return by name whether each of its tests passed.

    Args:
        folder: to work in.
        bench: module of sim/.
        source: of the design.
        facts: the job; ``seed`` is one of them.
        only: tests to run; all if empty.
    """
    build = folder / "build"
    build.mkdir()
    files = (*checkers(file.stem for file in source.files), *source.files)
    watched = replace(source, files=files)
    compile_rtl.verilate(watched, build, waves=False, rows=100, timeout=900)
    job = folder / "job.json"
    job.write_text(json.dumps(facts))
    how = compile_rtl.BenchRun("verilator", False, int(facts["seed"]), bench)
    with suppress(ToolFailed, ProtocolViolation):  # the verdicts are in the results, or none are
        compile_rtl.run_bench(
            watched, build, how, build=None, claims=list(only), job=job, timeout=PATIENCE
        )
    print((build / "sim.log").read_text(errors="replace"))
    results = build / "results.xml"
    assert results.is_file(), "the simulation broke off"
    return {
        str(case.get("name")).rpartition(".")[2]: case.find("failure") is None
        and case.find("error") is None
        for case in ElementTree.parse(results).getroot().iter("testcase")
        if case.find("skipped") is None
    }


def planted(module: str, good: str, bad: str) -> Callable[[Path], None]:
    """Return what puts a fault into a unit of a folder, at the only place that reads so."""

    def edit(units: Path) -> None:
        text = (units / f"{module}.sv").read_text()
        assert text.count(good) == 1
        (units / f"{module}.sv").write_text(text.replace(good, bad))

    return edit
