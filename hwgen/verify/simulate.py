# SPDX-License-Identifier: Apache-2.0
"""Simulation of a written design against its vectors; every sample that passes was counted."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from hwgen import tools
from hwgen.design.names import ModuleNames
from hwgen.design.ranges import types_of
from hwgen.design.serial import DOCUMENT, read_design
from hwgen.design.types import Design
from hwgen.errors import (
    ConfigError,
    HwgenError,
    Mismatch,
    ProtocolViolation,
    VerifyError,
)
from hwgen.files import npz_bytes
from hwgen.verify import compile_rtl, simulators
from hwgen.verify.trace import Trace, explaining, traced
from hwgen.verify.vectors import Vectors

FLOW_CLAIMS = (
    "matches_reference",
    "latency_is_as_claimed",
    "interval_is_as_claimed",
    "matches_with_bubbles",
    "recovers_from_reset_midstream",
)
SERIAL_CLAIMS = ("matches_at_any_spacing", "flags_samples_too_early")  # of a serial flow top
AXIS_CLAIMS = (
    "axis_matches_reference",
    "axis_holds_data_while_stalled",
    "axis_drops_broken_frames",
    "axis_recovers_from_reset_midstream",
)

WORDS_CLAIMS = (
    "matches_reference",
    "latency_is_as_claimed",
    "interval_is_as_claimed",
    "matches_under_stalls",
    "recovers_from_reset_midstream",
)
WORDS_AXIS_CLAIMS = (
    "axis_matches_reference",
    "axis_holds_data_while_stalled",
    "axis_survives_broken_frames",
    "axis_recovers_from_reset_midstream",
)
CROSSED_CLAIMS = (  # on the AXI-Stream top with two clocks
    "crossed_matches_reference",
    "crossed_holds_data_while_stalled",
    "crossed_survives_broken_frames",
    "crossed_recovers_from_any_reset",
)
_CROSSED_BENCH = "bench_clocks"
# By style, the bench, the claims on the core and those on the AXI-Stream top.
_BENCHES = {
    "flow": ("bench_design", FLOW_CLAIMS, AXIS_CLAIMS),
    "stream": ("bench_words", WORDS_CLAIMS, WORDS_AXIS_CLAIMS),
}

Record = dict[str, Any]


@dataclass(frozen=True)
class SimResult:
    """Result of a simulation without any difference.

    Attributes:
        samples: vectors whose every output bit was compared on the flow top.
        mismatches: samples that differ; always 0, since a difference is an error.
        latency_cycles, interval: as measured; None if their claims were not run.
        axis_samples: vectors compared on the AXI-Stream top.
        axis_cycles_per_sample: as measured back to back; None if not run.
        seconds: wall time, builds included.
        simulator: which one.
        claims: claim to samples checked under it, stalls and resets included.
        waves: waveform files, if asked for.
    """

    samples: int
    mismatches: int
    latency_cycles: int | None
    interval: int | None
    axis_samples: int
    axis_cycles_per_sample: float | None
    seconds: float
    simulator: str
    claims: Mapping[str, int]
    waves: tuple[Path, ...] = ()


@dataclass(frozen=True)
class BenchSettings:
    """Settings of a simulation.

    Attributes:
        simulator: ``verilator`` or ``icarus``.
        waves: also write waveforms (VCD from Verilator, FST from Icarus).
        seed: of gaps, stalls and resets.
        tests: claims to run; all if empty.
        build_dir: where to compile; ``OUT/sim/build`` if None.
        timeout: seconds for each build and each run.
        replay: the command that makes these vectors again and simulates them; without it, one that
            does for corners and random rows.
    """

    simulator: str = "verilator"
    waves: bool = False
    seed: int = 1
    tests: Sequence[str] = ()
    build_dir: Path | None = None
    timeout: float = 1800.0
    replay: str = ""


@dataclass(frozen=True)
class _Run:
    """Folders and settings of one simulation."""

    out: Path
    design: Design
    build: Path
    settings: BenchSettings
    replay: str

    @property
    def simulator(self) -> str:
        return self.settings.simulator

    @property
    def seed(self) -> int:
        return self.settings.seed

    @property
    def kind(self) -> str:
        """Kind of the links of the core."""
        return ModuleNames.of(self.design).kind


def simulate(
    out: Path,
    vectors: Vectors,
    settings: BenchSettings = BenchSettings(),
    trace: Trace | None = None,
) -> SimResult:
    """Run the bench on the flow top and on the AXI-Stream tops of a written design.

    Args:
        out: the folder that `emit` wrote (``design.json``, ``rtl/files.f``).
        vectors: inputs with the reference's outputs.
        settings: of the run.
        trace: of `hwgen.verify.trace.trace_of`; with it a mismatch names the first wrong layer.

    Raises:
        Mismatch: an output differs; says where, what, and how to see it again.
        ProtocolViolation: latency, interval or a handshake differs from the claim.
        ToolMissing, ToolFailed: no simulator, or it failed.
        ConfigError: no design there, or vectors of another design.
    """
    began = time.monotonic()
    simulators.cocotb_present()
    simulator = settings.simulator
    if simulator not in ("verilator", "icarus"):
        raise ConfigError(f"no simulator {simulator!r}", "--simulator", "verilator or icarus")
    design = read_design(out)
    _check_vectors(design, vectors)
    build = (settings.build_dir or out / "sim" / "build").resolve()
    replay = settings.replay or _replay(out, vectors, simulator, settings.seed)
    run = _Run(out.resolve(), design, build, settings, replay)
    wanted = _wanted(settings.tests, run)
    build.mkdir(parents=True, exist_ok=True)
    vectors.save(build / "vectors.npz")

    def one(top: str) -> dict[str, Record]:
        file = build / "vectors.npz"
        return _run_top(run, top, wanted[top], build / top, file, len(vectors))

    records: dict[str, Record] = {}
    problems: list[HwgenError] = []
    # Several tops, several cores; one after the other where the first compiles the library of all.
    # The flow top is judged first: what it shows explains the others.
    alone = simulator == "verilator" and not compile_rtl.library_ready(settings.waves)
    with ThreadPoolExecutor(1 if alone else min(len(wanted), os.cpu_count() or 1)) as pool:
        for future in [pool.submit(one, top) for top in wanted]:
            try:
                records.update(future.result())
            except HwgenError as problem:
                problems.append(problem)
    if problems:
        raise problems[0]
    around = (*_BENCHES[run.kind][2], *CROSSED_CLAIMS)  # claims on what is around the core
    for name, record in records.items():
        if "first" in record:
            where, why = _explain(run, vectors, record, None if name in around else trace)
            raise _mismatch(run, name, record, vectors, where, why)
        if record.get("violation"):
            raise ProtocolViolation(
                f"{record['violation']} ({name}, {simulator}, seed {run.seed})",
                design.name,
                f"replay: {run.replay}",
            )
    return _result(run, records, time.monotonic() - began)


def _check_vectors(design: Design, vectors: Vectors) -> None:
    if not len(vectors):
        raise ConfigError("no samples to simulate", "vectors")
    inputs, outputs = types_of(design)
    sides = (("inputs", vectors.inputs, inputs), ("outputs", vectors.outputs, outputs))
    for kind, given, types in sides:
        if set(types) != set(given):
            raise ConfigError(
                f"vectors have {kind} {sorted(given)}, the design {sorted(types)}", "vectors"
            )
        for name, tensor in types.items():
            if given[name].shape[1:] != tensor.shape:
                raise ConfigError(
                    f"samples of shape {given[name].shape[1:]}, expected {tensor.shape}", name
                )
            if given[name].min() < tensor.fixed.lo or given[name].max() > tensor.fixed.hi:
                raise ConfigError(f"a code of the vectors does not fit {tensor.fixed}", name)


def _wanted(tests: Sequence[str], run: _Run) -> dict[str, tuple[str, ...]]:
    _, core, axis = _BENCHES[run.kind]
    serial = run.design.style == "serial"
    more = SERIAL_CLAIMS[: 1 + (run.design.interval > 1)] if serial else ()
    known = {run.kind: (*core, *more), "axis": axis}
    if run.design.axi_mhz is not None:
        known["cdc"] = CROSSED_CLAIMS
    unknown = set(tests) - {name for names in known.values() for name in names}
    if unknown:
        raise ConfigError(f"no claim {', '.join(sorted(unknown))}", "tests")
    chosen = {
        top: tuple(n for n in names if not tests or n in tests) for top, names in known.items()
    }
    return {top: names for top, names in chosen.items() if names}


def _run_top(
    run: _Run, top: str, claims: Sequence[str], folder: Path, vectors: Path, rows: int,
    links: Path | None = None,
) -> dict[str, Record]:  # fmt: skip
    """Build one top, run *claims* on it, and return their records."""
    settings = run.settings
    signals = compile_rtl.port_names(run.design, top)
    signals += [] if links is None else traced(run.design)
    files = compile_rtl.files(run.out)
    module = ModuleNames.of(run.design).tops[top]
    source = compile_rtl.Source(module, files, tuple(signals))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    build: Mapping[str, object] | None = None
    if run.simulator == "verilator":
        compile_rtl.verilate(
            source, folder, waves=run.settings.waves, rows=rows, timeout=run.settings.timeout
        )
    else:
        simulators.icarus()
        build = compile_rtl.icarus_job(source, folder, waves=settings.waves)
    bench = _CROSSED_BENCH if top == "cdc" else _BENCHES[run.kind][0]
    job = folder / "job.json"
    facts = {
        "design": str(run.out / DOCUMENT), "vectors": str(vectors), "seed": run.seed,
        "result": str(folder / "result.json"), "links": str(links) if links else None,
    }  # fmt: skip
    job.write_text(json.dumps(facts), encoding="utf-8")
    log = compile_rtl.run_bench(
        source, folder,
        compile_rtl.BenchRun(run.simulator, settings.waves, run.seed, bench),
        build=build, claims=claims, job=job, timeout=settings.timeout,
    )  # fmt: skip
    return _judge(claims, folder, log)


def _judge(claims: Sequence[str], folder: Path, log: str) -> dict[str, Record]:
    """Hold results.xml and the bench's own record together; both must name every claim."""
    command = ["bench", *claims]
    try:
        records = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        cases = {
            str(case.get("name")).rpartition(".")[2]: case
            for case in ElementTree.parse(folder / "results.xml").getroot().iter("testcase")
        }
    except (OSError, ValueError, ElementTree.ParseError):
        raise tools.failed("the bench ended without a result", command, log, "simulation") from None
    judged: dict[str, Record] = {}
    for name in claims:
        case, record = cases.get(name), records.get(name)
        if case is None or record is None or case.find("skipped") is not None:
            raise tools.failed(f"{name} was not run", command, log, "simulation")
        told = bool(record.get("first") or record.get("violation") or record.get("layer"))
        bad = case.find("failure") is not None or case.find("error") is not None
        if bad != told:  # the bench itself broke, or a failure was lost
            raise tools.failed(f"{name} ended with an error of its own", command, log, "simulation")
        if not told and (record["mismatches"] or not 0 < record["sent"] == record["checked"]):
            raise VerifyError(f"{record['checked']} of {record['sent']} samples were checked", name)
        judged[name] = record
    return judged


def _explain(run: _Run, vectors: Vectors, record: Record, trace: Trace | None) -> tuple[str, str]:
    """Return the first wrong layer of the failing sample, and what is wrong in it."""
    if trace is None:
        return run.design.name, ""
    few = vectors.only(int(record["first"]["row"]))
    folder = run.build / "trace"
    folder.mkdir(parents=True, exist_ok=True)
    links = {f"link_{stage}": np.asarray(a, np.int64) for stage, a in trace(few.inputs).items()}
    (folder / "links.npz").write_bytes(npz_bytes(links))
    few.save(folder / "vectors.npz")
    asked = explaining(run.design)
    found = _run_top(
        run, run.kind, (asked,), folder / run.kind, folder / "vectors.npz", len(few),
        folder / "links.npz",
    )[asked].get("layer")  # fmt: skip
    if found is None:
        return "outputs", "every layer is right for this sample: look at the output registers"
    why = f"first wrong value: {found['value']}, expected {found['expected']}, got {found['got']}"
    return f"layer {found['layer']}", why


def _mismatch(
    run: _Run, name: str, record: Record, vectors: Vectors, where: str, why: str
) -> Mismatch:
    first = record["first"]
    row, width = int(first["row"]), int(first["width"])
    element = "".join(f"[{i}]" for i in first["element"])
    expected = int(first["expected"])
    got = "X" if first["got"] is None else first["got"]
    wanted_bits = format(expected & ((1 << width) - 1), f"0{width}b")
    what = (
        f"sample {vectors.first + row} ({vectors.label(row)}), output {first['port']}{element}:"
        f" expected {expected} ({wanted_bits}), got {got} ({first['got_bits']});"
        f" {record['mismatches']} of {record['sent']} samples differ"
        f" ({name}, {run.simulator}, seed {run.seed})"
    )
    hint = f"replay: {run.replay} --only {vectors.first + row}"
    what = f"{what}\n  {why}" if why else what
    return Mismatch(what, where, hint, int(record["sent"]), int(record["mismatches"]))


def _replay(out: Path, vectors: Vectors, simulator: str, seed: int) -> str:
    drawn = 0 if vectors.first else dict(vectors.origin).get("random", 0)
    samples = f" --samples {drawn}" if drawn else ""
    icarus = " --simulator icarus" if simulator == "icarus" else ""
    return f"hwgen sim {out}{samples}{icarus} --seed {seed}"


def _result(run: _Run, records: Mapping[str, Record], seconds: float) -> SimResult:
    axis = records.get("axis_matches_reference")
    kinds = ("*/dump.vcd", "*/*.fst") if run.settings.waves else ()  # of Verilator, of Icarus
    waves = sorted(path for kind in kinds for path in run.build.glob(kind))
    return SimResult(
        samples=int(records.get("matches_reference", {}).get("checked", 0)),
        mismatches=0,
        latency_cycles=records.get("latency_is_as_claimed", {}).get("latency"),
        interval=records.get("interval_is_as_claimed", {}).get("interval"),
        axis_samples=int(axis["checked"]) if axis else 0,
        axis_cycles_per_sample=axis["cycles"] / axis["checked"] if axis else None,
        seconds=round(seconds, 3),
        simulator=run.simulator,
        claims={name: int(record["checked"]) for name, record in records.items()},
        waves=tuple(waves),
    )
