# SPDX-License-Identifier: Apache-2.0
"""Simulation of a build: its RTL against the integer reference."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hwgen.api.folder import BuildFolder
from hwgen.api.guard import at_work
from hwgen.api.results import VerbResult, record
from hwgen.api.samples import sample_vectors
from hwgen.api.settings import from_names
from hwgen.design.types import Design
from hwgen.errors import ConfigError, VerifyError, count_of
from hwgen.progress import Progress, silent
from hwgen.verify.activity import WINDOW, write_saif
from hwgen.verify.self_check import reached
from hwgen.verify.simulate import BenchSettings, simulate
from hwgen.verify.trace import trace_of
from hwgen.verify.vectors import CORNERS, Vectors

_CYCLES = 40_000  # of a simulation, about, where nobody says how many samples


@dataclass(frozen=True, repr=False)
class Simulated(VerbResult):
    """Simulation of a build without a difference.

    Attributes:
        samples, mismatches: how many were compared on the flow top, how many differ (none).
        latency_cycles, interval: as measured.
        simulator: that ran.
        seed: of the random samples.
        changed: files that were edited after the build.
        waves: paths of waveforms, where they were asked for.
        activity: paths of files of switching activity (SAIF), where they were asked for.
    """

    samples: int
    mismatches: int
    latency_cycles: int | None
    interval: float | None
    simulator: str
    seed: int
    changed: tuple[str, ...] = ()
    waves: tuple[str, ...] = ()
    activity: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the figures; ``waves`` and ``changed`` only where there are some."""
        return {key: value for key, value in asdict(self).items() if value != ()}

    def text(self) -> str:
        """Return the result in a line, and the waveforms."""
        late = self.latency_cycles
        latency = "latency not measured" if late is None else f"latency {count_of(late, 'cycle')}"
        every = "not measured" if self.interval is None else f"{self.interval:,.10g}"
        text = (
            f"{self.samples - self.mismatches}/{self.samples} samples match, {latency}, "
            f"interval {every} ({self.simulator}, seed {self.seed})"
        )
        edited = (
            f"\nnote: edited after the build: {', '.join(self.changed)}" if self.changed else ""
        )
        files = [f"\nwaveform: {path}" for path in self.waves]
        files += [f"\nswitching activity ({WINDOW}): {path}" for path in self.activity]
        return text + edited + "".join(files)


@dataclass(frozen=True)
class SimSettings:
    """Settings of a simulation.

    Attributes:
        samples: random ones, besides the corners; None for as many as take a moment, at most
            1,000.
        data: file of samples to add.
        simulator: ``verilator`` or ``icarus``.
        waves: write waveforms.
        activity: write the switching activity of all nets (SAIF), from Verilator's waveform.
        seed: of the random samples.
        only: one sample to replay.
        allow_changed: simulate RTL that was edited after the build.
    """

    samples: int | None = None
    data: Path | None = None
    simulator: str = "verilator"
    waves: bool = False
    activity: bool = False
    seed: int = 1
    only: int | None = None
    allow_changed: bool = False

    def replay(self, out: Path | str) -> str:
        """Return the command that makes the same samples again."""
        words = ["hwgen", "sim", str(out), f"--samples={self.samples}", f"--seed={self.seed}"]
        words += [f"--data={self.data}"] * (self.data is not None)
        words += [f"--simulator={self.simulator}"] * (self.simulator != "verilator")
        return shlex.join(words + ["--allow-changed"] * self.allow_changed)


def sim(out: Path | str, *, progress: Progress = silent, **settings: Any) -> Simulated:
    """Simulate a build against the integer reference, through every claim of the bench.

    Args:
        out: folder of the build.
        progress: called with every step.
        settings: as `SimSettings` has them.

    Raises:
        Mismatch, ProtocolViolation: with layer, index, expected, got, seed and what replays it.
        ToolMissing, ToolFailed: of the simulator.
        ConfigError: no build there, one that was edited, data that do not fit, or a folder that
            cannot be written or that another verb works on.
    """
    asked = from_names(SimSettings, settings)
    if asked.activity and asked.simulator != "verilator":
        raise ConfigError(
            f"switching activity is counted in Verilator's waveform, not in {asked.simulator}'s",
            "--activity",
            "leave --simulator out",
        )
    opened = BuildFolder.open(Path(out), asked.allow_changed)
    most, corners = _affordable(opened.design)
    asked = replace(asked, samples=most if asked.samples is None else asked.samples)
    assert asked.samples is not None
    vectors = sample_vectors(opened.graph, asked.samples, asked.seed, asked.data, corners)
    if asked.only is not None:
        vectors = vectors.only(asked.only)
    progress("vectors", f"{count_of(len(vectors), 'sample')}, seed {asked.seed}")
    with at_work(opened.folder, "hwgen sim"):
        made = _simulated(opened, vectors, asked, asked.replay(out))
    progress("simulate", f"{asked.simulator}, {made.samples} samples")
    return made


def _affordable(design: Design) -> tuple[int, int]:
    """Return random samples, and elements that are extreme alone, for a short simulation."""
    cycles = design.interval if design.style == "stream" else 1
    return max(3, min(1000, _CYCLES // cycles)), min(CORNERS, _CYCLES // (4 * cycles))


def _simulated(opened: BuildFolder, vectors: Vectors, asked: SimSettings, replay: str) -> Simulated:
    """Run the bench and enter what it found into the report."""
    simulator, seed = asked.simulator, asked.seed
    bench = BenchSettings(simulator, asked.waves or asked.activity, seed, replay=replay)
    edited = {"changed": list(opened.changed)} if opened.changed else {}
    try:
        result = simulate(opened.folder, vectors, bench, trace=trace_of(opened.design))
    except VerifyError as error:
        if asked.only is None:
            figures = {"samples": len(vectors), "mismatches": getattr(error, "mismatches", 0)}
            how = {"simulator": simulator, "seed": seed, "failed": error.what, **edited}
            record(opened.folder, "sim", {**figures, **how})
        raise
    except OSError as error:  # it compiles in the build folder
        raise ConfigError(
            f"the simulation cannot write its files ({error.strerror or error})",
            str(opened.folder),
            "make the folder writable, or copy it to where you can write",
        ) from error
    made = Simulated(
        result.samples, result.mismatches, result.latency_cycles, result.interval, simulator, seed,
        opened.changed,
    )  # fmt: skip
    if asked.only is None:
        shares = {"reached": reached(opened.graph, vectors.inputs)}
        record(opened.folder, "sim", {**made.as_dict(), **shares})
    counted = [write_saif(wave) for wave in result.waves] if asked.activity else []
    waves = result.waves if asked.waves else ()
    return replace(made, waves=tuple(map(str, waves)), activity=tuple(map(str, counted)))
