# SPDX-License-Identifier: Apache-2.0
"""Real synthesis of a build: what its layers take, how fast it is, a bitstream for a board."""

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
from hwgen.api.results import read_sheet, record, rtl_digest
from hwgen.design.names import ModuleNames
from hwgen.errors import ConfigError, DoesNotFit, HwgenError, ToolMissing
from hwgen.files import json_bytes, make_folder, write_files
from hwgen.plan.goal import parse_clock
from hwgen.progress import Say, silent
from hwgen.report.synth import synth_text
from hwgen.synth import nextpnr, vendor_flow, yosys
from hwgen.synth.bitstream import PACKERS, packer
from hwgen.synth.board.selftest import SelfTest, self_test
from hwgen.synth.cache import Cache
from hwgen.synth.count import Measured
from hwgen.synth.measure import Bench, Setting
from hwgen.synth.nextpnr import Routed
from hwgen.synth.sources import Part, Sources
from hwgen.synth.vendor_flow import check_vendor, figures
from hwgen.target.board import Board, board_from, boards, load_board

MOST_SEEDS = 64


@dataclass(frozen=True)
class _Job:
    """What is being synthesised."""

    out: BuildFolder
    board: Board
    bench: Bench
    sources: Sources
    top: str
    jobs: int
    say: Say
    test_mhz: float | None = None  # the most for the self-test's clock

    @property
    def folder(self) -> Path:
        return self.out.folder / "synth"

    @property
    def mhz(self) -> float:
        return self.out.design.clock_mhz


def synth(
    out: Path | str, *, board: str | None = None, top: str = "flow", route: bool = False,
    seeds: int = 1, bitstream: bool = False, run_vivado: bool = False, run_vitis: bool = False,
    test_clock: str | None = None, dsp: bool = False, jobs: int | None = None, say: Say = silent,
    cache: Cache | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Synthesise a build with Yosys, and on request place, route and pack it with open tools.

    Every layer is mapped by itself, in parallel, and the whole flat; what was mapped before is
    taken from the cache. ``synth/synth.json`` and ``synth/synth.txt`` are written into the build,
    and the result enters its report if it is for the build's own board.

    Args:
        out: a folder that `hwgen.api.build.build` wrote.
        board: another one than the build's.
        top: ``flow`` for the core, ``axis`` for the core behind AXI-Stream.
        route: place and route the top in a harness, which gives its clock rate.
        seeds: of the placement, counted from 1.
        bitstream: also build the self-test for the board and its bitstream.
        test_clock: of the self-test, such as ``20MHz``, where it shall be below the build's.
        run_vivado: write scripts for Vivado, and run them.
        run_vitis: write a script for Vitis HLS, and run it on the C++ of the build.
        dsp: let products of two variables take DSP blocks, which the parallel style never asks for.
        jobs: processes at once; as many as there are processors if None.
        say: hears of every step.
        cache: other than the user's.

    Returns:
        The figures, ``text`` for people, and ``failure`` if the board is too small or slow, or if
        the vendor's tool is missing.

    Raises:
        ConfigError: no build, a wrong board or option.
        ToolMissing, ToolFailed: of Yosys, nextpnr or a packer.
    """
    job = _job(Path(out), board, top, dsp, jobs, say, cache)
    if test_clock is not None:
        if not bitstream:
            raise ConfigError("there is no self-test", "--test-clock", "give --bitstream as well")
        job = replace(job, test_mhz=min(parse_clock(test_clock), job.mhz))
    _check(job, route, seeds, bitstream, run_vivado, run_vitis)
    _forget_other_rtl(job)
    found = _mapped(job)
    failure: HwgenError | None = _too_small(job, found["total"])
    files: dict[str, bytes] = {}
    if failure is None:
        if route:
            found["route"] = _routed(job, seeds)
        if bitstream:
            try:
                found["bitstream"], files = _loadable(job, seeds)
            except DoesNotFit as error:
                failure = error
    try:
        if run_vivado:
            found["vivado"] = vendor_flow.run_vivado(
                job.out.folder, job.out.design, job.board, job.top, route
            )
        if run_vitis:
            found["vitis"] = vendor_flow.run_vitis(job.out.folder, job.out.design, job.board)
    except ToolMissing as error:
        failure = failure or error
    text = synth_text(found, job.board, job.out.design)
    return _written(job, found, files, text) | {"failure": failure}


def _job(
    out: Path, board: str | None, top: str, dsp: bool, jobs: int | None, say: Say,
    cache: Cache | None,
) -> _Job:  # fmt: skip
    opened = BuildFolder.open(out)
    if board is None:
        target = board_from(json.loads((out / "board.json").read_text("utf-8")))
    else:
        target = load_board(board)
    tops = ModuleNames.of(opened.design).tops
    if top not in tops:
        raise ConfigError(f"the design has no top {top!r}", "--top", f"one of {', '.join(tops)}")
    if jobs is not None and jobs < 1:
        raise ConfigError(f"{jobs} jobs are not possible", "--jobs", "at least 1")
    listing = out / "rtl" / "files.f"
    try:
        names = listing.read_text("utf-8").split()
        sources = Sources([out / "rtl" / name for name in names])
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the RTL cannot be read ({error})", str(out), "build it again"
        ) from error
    setting = Setting(target.family.name, target.device, dsp)
    bench = Bench(setting, cache or Cache())
    return _Job(opened, target, bench, sources, tops[top], jobs or os.cpu_count() or 1, say)


def _check(
    job: _Job, route: bool, seeds: int, bitstream: bool, run_vivado: bool, run_vitis: bool
) -> None:
    """Refuse what cannot end well before the long work begins."""
    family = job.board.family.name
    if not 1 <= seeds <= MOST_SEEDS:
        raise ConfigError(f"{seeds} seeds are not possible", "--seeds", f"1 to {MOST_SEEDS}")
    yosys.version()
    yosys.script_for(family, [], job.top)
    if route or bitstream:
        nextpnr.nextpnr(family)
        if job.board.device is None:
            raise ConfigError(
                f"board {job.board.name} does not say how nextpnr names its part",
                "--route",
                "give its file a [device] table",
            )
    if route:
        nextpnr.harness_pins(family, job.board.pins)
    if bitstream:
        packer(family)
        _self_test(job)
    for option, wanted in (("--vivado", run_vivado), ("--vitis", run_vitis)):
        if wanted:
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
    for layer in job.out.design.pipeline.layers:
        found = re.search(rf"^\s*(\w+)\s+u_{re.escape(layer.link)}\s*\($", text, re.M)
        if found is not None:
            layers[found[1]] = layer.name
    parts = {row: job.sources.part(module) for module, row in layers.items()}
    parts["top"] = job.sources.part(job.top, layers)
    parts["total"] = job.sources.part(job.top)
    return parts, layers


def _mapped(job: _Job) -> dict[str, Any]:
    parts, _ = _parts(job)
    found: dict[str, Measured] = {}
    with ThreadPoolExecutor(job.jobs) as pool:
        # The whole takes longest, so it begins.
        running = {pool.submit(job.bench.measured, parts[row]): row for row in reversed(parts)}
        for future in _ended(running):
            row = running[future]
            found[row] = future.result()
            job.say("map", f"{row}: {found[row].plut:,} LUT, {found[row].ff:,} FF")
    rows = {row: figures(found[row]) for row in parts}
    total = rows.pop("total")
    made: dict[str, Any] = {
        "tool": yosys.version(),
        "board": job.board.name,
        "part": job.board.part,
        "family": job.board.family.name,
        "top": job.top,
        "rtl": rtl_digest(job.out.folder),
        "dsp": job.bench.setting.dsp,
        "stages": rows,
        "total": total,
    }
    return made | _estimates(job)


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


def _estimates(job: _Job) -> dict[str, Any]:
    """Return what the build expected, by stage; nothing for another family than the build's."""
    sheet = read_sheet(job.out.folder)
    if sheet["family"] != job.board.family.name:
        return {}
    kinds = ("lut", "ff", "dsp", "bram")
    return {
        "estimate": {
            "stages": {s["name"]: {kind: s[kind] for kind in kinds} for s in sheet["stages"]},
            "total": {kind: sheet["modelled"][kind] for kind in kinds},
        }
    }


def _too_small(job: _Job, total: Mapping[str, Any]) -> DoesNotFit | None:
    budget = job.board.budget
    over = [k for k in ("lut", "ff", "dsp", "bram") if total[k] > getattr(budget, k)]
    if not over:
        return None
    said = ", ".join(f"{total[k]:,} {k.upper()} of {getattr(budget, k):,}" for k in over)
    holds = [
        b
        for b in boards()
        if b.family.name == job.board.family.name
        and all(total[k] <= getattr(b.budget, k) for k in ("lut", "ff", "dsp", "bram"))
    ]
    larger = min(holds, key=lambda b: (b.budget.lut, b.name), default=None)
    hint = f"it fits {larger.name}" if larger else "prune more, or use fewer bits"
    return DoesNotFit(f"the design takes {said} of {job.board.name}", job.top, hint)


# -------------------------------------------------------------------- place and route


def _routed(job: _Job, seeds: int) -> dict[str, Any]:
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
            job.say("route", f"seed {routed.seed}: {routed.fmax_mhz:g} MHz")
    rates = {seed: made[seed].fmax_mhz for seed in sorted(made)}
    middle = median_low(rates.values())
    first = next(made[seed] for seed in rates if rates[seed] == middle)
    return {
        "tool": nextpnr.version(job.board.family.name),
        "fmax_mhz": middle,
        "seeds": {str(seed): rate for seed, rate in rates.items()},
        "goal_mhz": job.mhz,
        **{kind: getattr(first, kind) for kind in ("lut", "ff", "dsp", "bram")},
        "used": {kind: [used, there] for kind, used, there in first.used},
    }


def _self_test(job: _Job) -> SelfTest:
    from hwgen.verify.vectors import Vectors

    vectors = Vectors.load(job.out.folder / "vectors.npz")
    return self_test(
        job.out.design, vectors.inputs, vectors.outputs, job.board, job.sources.modules,
        job.test_mhz,
    )  # fmt: skip


def _loadable(job: _Job, seeds: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the facts of the bitstream and the files that it is made of, by name.

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
        job.say("bitstream", f"seed {seed}: {routed.fmax_mhz:g} MHz for {mhz:g} MHz")
        reached = max(reached, routed.fmax_mhz)
        if routed.fmax_mhz >= mhz:
            name = f"{job.out.design.name}_{job.board.name}.{PACKERS[job.board.family.name][2]}"
            facts = {
                "file": f"synth/{name}",
                "bytes": len(bits),
                "clock_mhz": mhz,
                "fmax_mhz": routed.fmax_mhz,
                "seed": seed,
                "samples": test.samples,
                "lut": routed.lut,
                "ff": routed.ff,
                "bram": routed.bram,
            }
            files = {f"selftest/{path}": content for path, content in test.files}
            return facts, {name: bits, **files}
    raise DoesNotFit(
        f"the self-test reaches {reached:g} MHz on {job.board.name}, and its clock is {mhz:g} MHz",
        job.top,
        f"test it with --test-clock {int(reached)}MHz, build it for a faster clock, or try more "
        "--seeds",
    )


# -------------------------------------------------------------------- results


def _written(
    job: _Job, found: dict[str, Any], files: Mapping[str, bytes], text: str
) -> dict[str, Any]:
    """Write the results into the build and return them."""
    for name in ("synth.json", *files):
        make_folder((job.folder / name).parent)
    contents = {"synth.json": json_bytes(found), "synth.txt": f"{text}\n".encode(), **files}
    write_files({job.folder / name: data for name, data in contents.items()}, str(job.folder))
    design = job.out.design
    if job.board.name == design.target and job.top == ModuleNames.of(design).top:
        record(job.out.folder, "synth", {k: v for k, v in found.items() if k != "estimate"})
    return {**found, "text": text}
