# SPDX-License-Identifier: Apache-2.0
"""Simulation of a build: its RTL against the integer reference."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hwgen.api.folder import BuildFolder
from hwgen.api.results import VerbResult, record
from hwgen.api.samples import _vectors
from hwgen.errors import ConfigError, VerifyError
from hwgen.progress import Progress, silent
from hwgen.verify.simulate import BenchSettings, simulate, trace_of


@dataclass(frozen=True, repr=False)
class Simulated(VerbResult):
    """Simulation of a build without a difference.

    Attributes:
        samples, mismatches: how many were compared on the flow top, how many differ (none).
        latency_cycles, interval: as measured.
        simulator: that ran.
        seed: of the random samples.
        waves: paths of waveforms, where they were asked for.
    """

    samples: int
    mismatches: int
    latency_cycles: int | None
    interval: int | None
    simulator: str
    seed: int
    waves: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the figures; ``waves`` only where there are some."""
        return {key: value for key, value in asdict(self).items() if key != "waves" or value}

    def text(self) -> str:
        """Return the result in a line, and the waveforms."""
        text = (
            f"{self.samples - self.mismatches}/{self.samples} samples match, latency "
            f"{self.latency_cycles} cycles, interval {self.interval} "
            f"({self.simulator}, seed {self.seed})"
        )
        return text + "".join(f"\nwaveform: {path}" for path in self.waves)


def sim(
    out: Path | str,
    *,
    samples: int = 1000,
    data: Path | None = None,
    simulator: str = "verilator",
    waves: bool = False,
    seed: int = 1,
    only: int | None = None,
    progress: Progress = silent,
) -> Simulated:
    """Simulate a build against the integer reference, through every claim of the bench.

    Args:
        out: folder of the build.
        samples: random ones, besides the corners.
        data: file of samples to add.
        simulator: ``verilator`` or ``icarus``.
        waves: write waveforms.
        seed: of the random samples.
        only: one sample to replay.
        progress: called with every step.

    Raises:
        Mismatch, ProtocolViolation: with layer, index, expected, got, seed and what replays it.
        ToolMissing, ToolFailed: of the simulator.
        ConfigError: no build there, data that do not fit, or a folder that cannot be written.
    """
    opened = BuildFolder.open(Path(out))
    vectors = _vectors(opened.graph, samples, seed, data)
    if only is not None:
        vectors = vectors.only(only)
    progress("vectors", f"{len(vectors)} samples, seed {seed}")
    again = ["hwgen", "sim", str(out), f"--samples={samples}", f"--seed={seed}"]
    again += [f"--data={data}"] * (data is not None)
    again += [f"--simulator={simulator}"] * (simulator != "verilator")
    bench = BenchSettings(simulator, waves, seed, replay=shlex.join(again))
    try:
        result = simulate(opened.folder, vectors, bench, trace=trace_of(opened.design))
    except VerifyError as error:
        if only is None:
            figures = {"samples": len(vectors), "mismatches": getattr(error, "mismatches", 0)}
            how = {"simulator": simulator, "seed": seed, "failed": error.what}
            record(opened.folder, "sim", {**figures, **how})
        raise
    except OSError as error:  # it compiles in the build folder
        raise ConfigError(
            f"the simulation cannot write its files ({error.strerror or error})",
            str(out),
            "make the folder writable, or copy it to where you can write",
        ) from error
    progress("simulate", f"{simulator}, {result.samples} samples")
    made = Simulated(
        result.samples, result.mismatches, result.latency_cycles, result.interval, simulator, seed
    )
    if only is None:
        record(opened.folder, "sim", made.as_dict())
    return replace(made, waves=tuple(map(str, result.waves)))
