# SPDX-License-Identifier: Apache-2.0
"""Synthesis of a build by real tools: resources of its layers, clock, a bitstream for a board."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median_low
from typing import Any

from hwgen.api.folder import BuildFolder
from hwgen.api.guard import at_work
from hwgen.api.results import VerbResult, read_sheet, record, rtl_digest
from hwgen.api.samples import stored_samples
from hwgen.api.settings import from_names
from hwgen.cost.figures import Resources, exceeded
from hwgen.design.names import ModuleNames
from hwgen.design.source_list import read_list
from hwgen.design.types import UnitRef
from hwgen.errors import ConfigError, DoesNotFit, HwgenError, ToolMissing
from hwgen.files import json_bytes, make_folder, write_files
from hwgen.plan.goal import parse_clock
from hwgen.progress import Progress, silent
from hwgen.report.synth import synth_text
from hwgen.synth import nextpnr, vendor_flow, yosys
from hwgen.synth.bitstream import PACKERS, packer
from hwgen.synth.board.selftest import SelfTest, self_test
from hwgen.synth.cache import Cache
from hwgen.synth.count import Measured
from hwgen.synth.measure import Bench, Setting
from hwgen.synth.placement import Routed
from hwgen.synth.results import Bitstream, Modelled, Routes, Synthesis, Taken
from hwgen.synth.settings import SynthSettings
from hwgen.synth.sources import Part, Sources
from hwgen.synth.vendor_flow import check_vendor, taken
from hwgen.target.board import Board, board_from, boards, load_board

MOST_SEEDS = 64


@dataclass(frozen=True, repr=False)
class Synthesised(VerbResult):
    """Synthesis of a build.

    Attributes:
        found: figures of all tools.
        board: it was synthesised for.
        name: of the design.
    """

    found: Synthesis
    board: Board
    name: str

    def as_dict(self) -> dict[str, object]:
        """Return the figures."""
        return self.found.as_dict()

    def text(self) -> str:
        """Return the table of layers, and what each tool said."""
        return synth_text(self.found, self.board, self.name)


@dataclass(frozen=True)
class _Job:
    """Build, board and tools of one synthesis."""

    out: BuildFolder
    board: Board
    bench: Bench
    sources: Sources
    top: str
    jobs: int
    progress: Progress
    test_mhz: float | None = None  # the most for the self-test's clock
    data: Path | None = None  # samples of the self-test

    @property
    def folder(self) -> Path:
        return self.out.folder / "synth"

    @property
    def mhz(self) -> float:
        return self.out.design.clock_mhz


def synth(
    out: Path | str, *, progress: Progress = silent, cache: Cache | None = None, **settings: Any
) -> Synthesised:
    """Synthesise a build with Yosys, and on request place, route and pack it with open tools.

    Every layer is mapped by itself, in parallel, and the whole flat; what was mapped before is
    taken from the cache. ``synth/synth.json`` and ``synth/synth.txt`` are written into the build,
    and the result enters its report if it is for the build's own board.

    Args:
        out: a folder that `hwgen.api.build.build` wrote.
        progress: called with every step.
        cache: other than the user's.
        settings: as `SynthSettings` has them.

    Raises:
        ConfigError: no build, a wrong board or option.
        DoesNotFit: the board is too small or slow; the error carries the figures.
        ToolMissing, ToolFailed: of Yosys, nextpnr or a packer; where a vendor's tool is missing,
            the error carries the figures of the others.
    """
    wanted = from_names(SynthSettings, settings)
    job = _job(Path(out), wanted, progress, cache)
    _check(job, wanted)
    with at_work(job.out.folder, "hwgen synth"):
        return _synthesised(job, wanted)


def _synthesised(job: _Job, wanted: SynthSettings) -> Synthesised:
    _forget_other_rtl(job)
    found = _mapped(job)
    refusal: HwgenError | None = _too_small(job, found.total)
    files: Mapping[str, bytes] = {}
    if refusal is None:
        if wanted.route:
            found = replace(found, route=_routed(job, wanted.seeds))
        if wanted.bitstream:
            try:
                bitstream, files = _loadable(job, wanted.seeds)
                found = replace(found, bitstream=bitstream)
            except DoesNotFit as error:
                refusal = error
    build, design = job.out.folder, job.out.design
    try:
        if wanted.run_vivado:
            run = vendor_flow.run_vivado(build, design, job.board, job.top, wanted.route)
            found = replace(found, vivado=run)
        if wanted.run_vitis:
            found = replace(found, vitis=vendor_flow.run_vitis(build, design, job.board))
    except ToolMissing as error:
        refusal = refusal or error
    made = Synthesised(found, job.board, design.name)
    _write(job, made, files)
    if refusal is not None:
        raise refusal.carrying(made)
    return made


def _job(out: Path, wanted: SynthSettings, progress: Progress, cache: Cache | None) -> _Job:
    opened = BuildFolder.open(out, wanted.allow_changed)
    if wanted.board is None:
        target = board_from(json.loads((out / "board.json").read_text("utf-8")))
    else:
        target = load_board(wanted.board)
    modules, jobs = ModuleNames.of(opened.design), wanted.jobs
    tops = {"core": modules.top, **modules.tops}
    if wanted.top not in tops:
        listed = ", ".join(tops)
        raise ConfigError(f"the design has no top {wanted.top!r}", "--top", f"one of {listed}")
    if wanted.top == "cdc" and (wanted.route or wanted.run_vivado):
        what = "the harness has one clock, and the top has two"
        raise ConfigError(what, "--top", "leave --route and --vivado out, or choose --top axis")
    if jobs is not None and jobs < 1:
        raise ConfigError(f"{jobs} jobs are not possible", "--jobs", "at least 1")
    listing = out / "rtl" / "files.f"
    try:
        names = read_list(listing.read_text("utf-8"))
        sources = Sources([out / "rtl" / name for name in names])
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the RTL cannot be read ({error})", str(out), "build it again"
        ) from error
    parts = [part for stage in opened.design.stages for part in stage.parts]
    planned = any(isinstance(part, UnitRef) and part.params.get("Dsp") for part in parts)
    setting = Setting(target.family.name, target.device, wanted.dsp or planned)
    bench = Bench(setting, cache or Cache())
    many = jobs or os.cpu_count() or 1
    job = _Job(opened, target, bench, sources, tops[wanted.top], many, progress)
    for option, value in (("--test-clock", wanted.test_clock), ("--data", wanted.data)):
        if value is not None and not wanted.bitstream:
            raise ConfigError("there is no self-test", option, "give --bitstream as well")
    if wanted.test_clock is not None:
        job = replace(job, test_mhz=min(parse_clock(wanted.test_clock), job.mhz))
    return replace(job, data=wanted.data)


def _check(job: _Job, wanted: SynthSettings) -> None:
    """Refuse what cannot end well before the long work begins."""
    family, seeds = job.board.family.name, wanted.seeds
    if not 1 <= seeds <= MOST_SEEDS:
        raise ConfigError(f"{seeds} seeds are not possible", "--seeds", f"1 to {MOST_SEEDS}")
    yosys.version()
    yosys.script_for(family, [], job.top)
    if wanted.route or wanted.bitstream:
        nextpnr.nextpnr(family)
        if job.board.device is None:
            raise ConfigError(
                f"board {job.board.name} does not say how nextpnr names its part",
                "--route",
                "give its file a [device] table",
            )
    if wanted.route:
        nextpnr.harness_pins(family, job.board.pins)
    if wanted.bitstream:
        packer(family)
        _self_test(job)
    for option, asked in (("--vivado", wanted.run_vivado), ("--vitis", wanted.run_vitis)):
        if asked:
            check_vendor(job.out.folder, job.board, option)


def _forget_other_rtl(job: _Job) -> None:
    """Remove results of an RTL that is no more: a bitstream of another core must not stay."""
    kept: object = None
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads((job.folder / "synth.json").read_text("utf-8"))["rtl"]
    if job.folder.is_dir() and kept != rtl_digest(job.out.folder):
        shutil.rmtree(job.folder, ignore_errors=True)


# -------------------------------------------------------------------- mapping


def _parts(job: _Job) -> tuple[dict[str, Part], dict[str, str]]:
    """Return every part by its row in the report, and the rows of the layers by their modules."""
    text = "\n".join(t for t in job.sources.part(job.top).texts)
    layers: dict[str, str] = {}
    design = job.out.design
    rows = {layer.link: layer.name for layer in design.layers}
    if design.style == "stream":  # its cores; units differ by their parameters and stay in the top
        rows = {stage.name: stage.name for stage in design.stages if len(stage.parts) > 1}
        text = job.sources.text(ModuleNames.of(design).top)  # cores have layers of their names
    for instance, row in rows.items():
        found = re.search(rf"^\s*(\w+)\s+u_{re.escape(instance)}\s*\($", text, re.M)
        if found is not None:
            layers[found[1]] = row
    parts = {row: job.sources.part(module) for module, row in layers.items()}
    parts["top"] = job.sources.part(job.top, layers)
    parts["total"] = job.sources.part(job.top)
    return parts, layers


def _mapped(job: _Job) -> Synthesis:
    parts, _ = _parts(job)
    found: dict[str, Measured] = {}
    with ThreadPoolExecutor(job.jobs) as pool:
        # The whole takes longest, so it begins.
        running = {pool.submit(job.bench.measured, parts[row]): row for row in reversed(parts)}
        for future in _ended(running):
            row = running[future]
            found[row] = future.result()
            job.progress("map", f"{row}: {found[row].plut:,} LUT, {found[row].ff:,} FF")
    rows = {row: taken(found[row]) for row in parts}
    total = rows.pop("total")
    return Synthesis(
        tool=yosys.version(),
        board=job.board.name,
        part=job.board.part,
        family=job.board.family.name,
        top=job.top,
        rtl=rtl_digest(job.out.folder),
        dsp=job.bench.setting.dsp,
        stages=rows,
        total=total,
        estimate=_modelled(job),
    )


def _ended(running: Mapping[Future[Any], str]) -> Any:
    """Yield what ends as it ends; the first that fails stops what has not begun."""
    try:
        for future in as_completed(running):
            future.result()
            yield future
    except BaseException:
        for future in running:
            future.cancel()
        raise


def _modelled(job: _Job) -> Modelled | None:
    """Return the build's estimate, by stage; None for another family than the build's."""
    sheet = read_sheet(job.out.folder)
    if sheet.family != job.board.family.name:
        return None
    stages = {s.name: Resources(s.lut, s.ff, s.dsp, s.bram) for s in sheet.figures.stages}
    return Modelled(stages, sheet.figures.modelled)


def _too_small(job: _Job, total: Taken) -> DoesNotFit | None:
    budget = job.board.budget
    over = exceeded(total, budget)
    if not over:
        return None
    said = ", ".join(f"{getattr(total, k):,} {k.upper()} of {getattr(budget, k):,}" for k in over)
    holds = [
        b
        for b in boards()
        if b.family.name == job.board.family.name and not exceeded(total, b.budget)
    ]
    larger = min(holds, key=lambda b: (b.budget.lut, b.name), default=None)
    hint = f"it fits {larger.name}" if larger else "prune more, or use fewer bits"
    return DoesNotFit(f"the design takes {said} of {job.board.name}", job.top, hint)


# -------------------------------------------------------------------- place and route


def _routed(job: _Job, seeds: int) -> Routes:
    part = job.sources.part(job.top)
    job.bench.harness(part)
    made: dict[int, Routed] = {}
    with ThreadPoolExecutor(min(job.jobs, seeds)) as pool:
        running: dict[Future[Any], str] = {
            pool.submit(job.bench.routed, part, job.board.pins, seed, job.mhz): str(seed)
            for seed in range(1, seeds + 1)
        }
        for future in _ended(running):
            routed = future.result()
            made[routed.seed] = routed
            job.progress("route", f"seed {routed.seed}: {routed.fmax_mhz:g} MHz")
    rates = {seed: made[seed].fmax_mhz for seed in sorted(made)}
    middle = median_low(rates.values())
    first = next(made[seed] for seed in rates if rates[seed] == middle)
    return Routes(
        tool=nextpnr.version(job.board.family.name),
        fmax_mhz=middle,
        seeds={str(seed): rate for seed, rate in rates.items()},
        goal_mhz=job.mhz,
        lut=first.lut,
        ff=first.ff,
        dsp=first.dsp,
        bram=first.bram,
        used={kind: (used, there) for kind, used, there in first.used},
    )


def _self_test(job: _Job) -> SelfTest:
    inputs, outputs = stored_samples(job.out.folder, job.out.graph, job.data)
    return self_test(job.out.design, inputs, outputs, job.board, job.sources.modules, job.test_mhz)


def _loadable(job: _Job, seeds: int) -> tuple[Bitstream, dict[str, bytes]]:
    """Return the bitstream's figures and the files that it is made of, by name.

    Raises:
        DoesNotFit: no seed reaches the clock.
    """
    test = _self_test(job)
    texts = {name: test.files[name].decode() for name in test.files.paths}
    whole = job.sources.with_texts({Path(n).stem: texts[n] for n in test.order})
    part = whole.part(test.top)
    mhz, reached = float(test.mhz), 0.0
    for seed in range(1, seeds + 1):
        routed, bits = job.bench.loadable(part, texts[test.constraints], seed, mhz)
        job.progress("bitstream", f"seed {seed}: {routed.fmax_mhz:g} MHz for {mhz:g} MHz")
        reached = max(reached, routed.fmax_mhz)
        if routed.fmax_mhz >= mhz:
            name = f"{job.out.design.name}_{job.board.name}.{PACKERS[job.board.family.name][2]}"
            figures = Bitstream(
                file=f"synth/{name}",
                bytes=len(bits),
                clock_mhz=mhz,
                fmax_mhz=routed.fmax_mhz,
                seed=seed,
                samples=test.samples,
                lut=routed.lut,
                ff=routed.ff,
                bram=routed.bram,
            )
            files = {f"selftest/{path}": content for path, content in test.files}
            return figures, {name: bits, **files}
    raise DoesNotFit(
        f"the self-test reaches {reached:g} MHz on {job.board.name}, and its clock is {mhz:g} MHz",
        job.top,
        f"test it with --test-clock {int(reached)}MHz, build it for a faster clock, or try more "
        "--seeds",
    )


# -------------------------------------------------------------------- results


def _write(job: _Job, made: Synthesised, files: Mapping[str, bytes]) -> None:
    """Write the results into the build."""
    for name in ("synth.json", *files):
        make_folder((job.folder / name).parent)
    found, text = made.as_dict(), f"{made.text()}\n".encode()
    contents = {"synth.json": json_bytes(found), "synth.txt": text, **files}
    write_files({job.folder / name: data for name, data in contents.items()}, str(job.folder))
    design = job.out.design
    if job.board.name == design.target and job.top == ModuleNames.of(design).top:
        edited = {"changed": list(job.out.changed)} if job.out.changed else {}
        kept = {k: v for k, v in found.items() if k != "estimate"}
        record(job.out.folder, "synth", {**kept, **edited})
