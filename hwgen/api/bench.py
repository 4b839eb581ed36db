# SPDX-License-Identifier: Apache-2.0
"""Benchmark of speed: build and emulation, side by side with hls4ml in one run, as ratios."""

from __future__ import annotations

import contextlib
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwgen.api import load
from hwgen.api.demo import BOARD, Subject, jet_tagger, shipped
from hwgen.api.results import VerbResult
from hwgen.frontends.options import options
from hwgen.interop.hls4ml import Emulation
from hwgen.ops.reference import Reference
from hwgen.progress import Progress, silent
from hwgen.tools import run

_ROUNDS = 5
_SAMPLES = 20_000  # hls4ml takes a few seconds for these
_REFERENCE_SAMPLES = 200_000


@dataclass(frozen=True, repr=False)
class Benchmark(VerbResult):
    """Speed of the demo model's build and emulation, beside hls4ml's.

    Attributes:
        model: file name.
        build_seconds, build_peak_mb: from loading to written RTL.
        hls4ml_version: that was compared with.
        hls4ml_compile_seconds: of its conversion and compilation.
        reference_samples_per_s, hls4ml_samples_per_s: of the two emulations.
        ratio: of these two.
        hls4ml_differing: samples whose outputs differ from ours.
        samples: that were compared.
    """

    model: str
    build_seconds: float
    build_peak_mb: int
    hls4ml_version: str
    hls4ml_compile_seconds: float
    reference_samples_per_s: int
    hls4ml_samples_per_s: int
    ratio: float
    hls4ml_differing: int
    samples: int

    def text(self) -> str:
        """Return a line a figure."""
        convert, differing = (
            f"hls4ml {self.hls4ml_version} convert + compile",
            self.hls4ml_differing,
        )
        rows = [
            ("model", self.model),
            (
                "load to written RTL",
                f"{self.build_seconds:.2f} s, peak memory {self.build_peak_mb} MB",
            ),
            (convert, f"{self.hls4ml_compile_seconds:.1f} s"),
            ("integer reference", f"{self.reference_samples_per_s:,} samples/s"),
            ("hls4ml compiled emulation", f"{self.hls4ml_samples_per_s:,} samples/s"),
            ("ratio", f"{self.ratio:.1f}x"),
            ("outputs where hls4ml differs", f"{differing} of {self.samples:,} samples"),
        ]
        return "\n".join(f"{title:<34} {text}" for title, text in rows)


def bench(progress: Progress = silent) -> Benchmark:
    """Measure build time, memory and emulation speed of the demo model.

    The two emulations take turns, and the best of several rounds counts for each, so that a busy
    machine hurts both alike.
    """
    source = jet_tagger() or shipped()
    with tempfile.TemporaryDirectory() as folder:
        seconds, peak = _build(source, Path(folder) / "out")
        progress("build", f"{source.model.name}: {seconds:.2f} s, {peak:.0f} MB")
        graph = load.load(source.model, source.weights, options(source.input_format))
        reference = Reference(graph)
        rng = np.random.default_rng(1)
        node = graph.inputs[0]
        codes = rng.integers(
            node.type.lo, node.type.hi, (_REFERENCE_SAMPLES, *node.type.shape), endpoint=True
        )
        floats = np.ldexp(codes[:_SAMPLES].astype(np.float32), -node.type.frac)
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            rival = Emulation(source.model, source.weights, Path(folder) / "hls4ml")
        compile_s = time.perf_counter() - start
        progress("hls4ml", f"{rival.version}: converted and compiled in {compile_s:.1f} s")
        ours, theirs = 0.0, 0.0
        for _ in range(_ROUNDS):
            theirs = max(theirs, _SAMPLES / _timed(lambda: rival.predict(floats)))
            ours = max(ours, _REFERENCE_SAMPLES / _timed(lambda: reference.run({node.name: codes})))
        made = reference.run({node.name: codes[:_SAMPLES]})[graph.outputs[0].name]
        scale = np.array(graph.outputs[0].scale)
        differing = int(np.count_nonzero(np.any(rival.predict(floats) != made * scale, axis=-1)))
    return Benchmark(
        model=source.model.name,
        build_seconds=round(seconds, 2),
        build_peak_mb=round(peak),
        hls4ml_version=rival.version,
        hls4ml_compile_seconds=round(compile_s, 2),
        reference_samples_per_s=round(ours),
        hls4ml_samples_per_s=round(theirs),
        ratio=round(ours / theirs, 1),
        hls4ml_differing=differing,
        samples=_SAMPLES,
    )


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _build(source: Subject, out: Path) -> tuple[float, float]:
    """Build in a process of its own; return (seconds, peak MB)."""
    command = [sys.executable, "-m", "hwgen.cli", "build", str(source.model), "-b", BOARD]
    command += ["--input-format", source.input_format] if source.input_format else []
    command += ["--weights", str(source.weights)] if source.weights else []
    command += ["-o", str(out), "--quiet"]
    best = min(_timed(lambda: run(command, what="build")) for _ in range(_ROUNDS))
    return best, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
