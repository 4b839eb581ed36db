# SPDX-License-Identifier: Apache-2.0
"""Simulation of a build: its RTL against the integer reference."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from hwgen.api.folder import BuildFolder
from hwgen.api.results import record
from hwgen.api.samples import _vectors
from hwgen.errors import ConfigError, VerifyError
from hwgen.progress import Say, silent
from hwgen.verify.simulate import simulate, trace_of


def sim(
    out: Path | str,
    *,
    samples: int = 1000,
    data: Path | None = None,
    simulator: str = "verilator",
    waves: bool = False,
    seed: int = 1,
    only: int | None = None,
    say: Say = silent,
) -> dict[str, Any]:
    """Simulate a build against the integer reference, through every claim of the bench.

    Returns:
        ``samples``, ``mismatches``, ``latency_cycles``, ``interval``, ``simulator``, ``seed``,
        ``text`` for people, and ``waves`` (paths) if asked for.

    Raises:
        Mismatch, ProtocolViolation: with layer, index, expected, got, seed and what replays it.
        ToolMissing, ToolFailed: of the simulator.
        ConfigError: no build there, data that do not fit, or a folder that cannot be written.
    """
    opened = BuildFolder.open(Path(out))
    vectors = _vectors(opened.graph, samples, seed, data)
    if only is not None:
        vectors = vectors.only(only)
    say("vectors", f"{len(vectors)} samples, seed {seed}")
    again = ["hwgen", "sim", str(out), f"--samples={samples}", f"--seed={seed}"]
    again += [f"--data={data}"] * (data is not None)
    again += [f"--simulator={simulator}"] * (simulator != "verilator")
    try:
        result = simulate(
            opened.folder, vectors, simulator=simulator, waves=waves, seed=seed,
            trace=trace_of(opened.design), replay=shlex.join(again),
        )  # fmt: skip
    except VerifyError as error:
        if only is None:
            told = {"samples": len(vectors), "mismatches": getattr(error, "mismatches", 0)}
            how = {"simulator": simulator, "seed": seed, "failed": error.what}
            record(opened.folder, "sim", {**told, **how})
        raise
    except OSError as error:  # it compiles in the build folder
        raise ConfigError(
            f"the simulation cannot write its files ({error.strerror or error})",
            str(out),
            "make the folder writable, or copy it to where you can write",
        ) from error
    say("simulate", f"{simulator}, {result.samples} samples")
    facts: dict[str, Any] = {
        "samples": result.samples,
        "mismatches": result.mismatches,
        "latency_cycles": result.latency_cycles,
        "interval": result.interval,
        "simulator": simulator,
        "seed": seed,
    }
    if only is None:
        record(opened.folder, "sim", facts)
    text = (
        f"{result.samples - result.mismatches}/{result.samples} samples match, latency "
        f"{result.latency_cycles} cycles, interval {result.interval} ({simulator}, seed {seed})"
    )
    if result.waves:
        facts["waves"] = [str(w) for w in result.waves]
        text += "".join(f"\nwaveform: {w}" for w in result.waves)
    return {**facts, "text": text}
