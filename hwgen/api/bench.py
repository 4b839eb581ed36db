# SPDX-License-Identifier: Apache-2.0
"""`make bench`: speed, side by side with hls4ml in one run, as ratios."""

from __future__ import annotations

import contextlib
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api import load
from hwgen.api.demo import BOARD, Subject, jet_tagger, shipped
from hwgen.frontends.options import options
from hwgen.interop.hls4ml import Emulation
from hwgen.ops.reference import Reference
from hwgen.progress import Say
from hwgen.tools import run

_ROUNDS = 5
_SAMPLES = 20_000  # hls4ml takes a few seconds for these
_REFERENCE_SAMPLES = 200_000


def run_bench(say: Say) -> dict[str, Any]:
    """Measure build time, memory and emulation speed of the demo model.

    The two emulations take turns, and the best of several rounds counts for each, so that a busy
    machine hurts both alike.
    """
    source = jet_tagger() or shipped()
    with tempfile.TemporaryDirectory() as folder:
        seconds, peak = _build(source, Path(folder) / "out")
        say("build", f"{source.model.name}: {seconds:.2f} s, {peak:.0f} MB")
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
        say("hls4ml", f"{rival.version}: converted and compiled in {compile_s:.1f} s")
        ours, theirs = 0.0, 0.0
        for _ in range(_ROUNDS):
            theirs = max(theirs, _SAMPLES / _timed(lambda: rival.predict(floats)))
            ours = max(ours, _REFERENCE_SAMPLES / _timed(lambda: reference.run({node.name: codes})))
        made = reference.run({node.name: codes[:_SAMPLES]})[graph.outputs[0].name]
        scale = np.array(graph.outputs[0].scale)
        differing = int(np.count_nonzero(np.any(rival.predict(floats) != made * scale, axis=-1)))
    rows = {
        "model": source.model.name,
        "build_seconds": round(seconds, 2),
        "build_peak_mb": round(peak),
        "hls4ml_version": rival.version,
        "hls4ml_compile_seconds": round(compile_s, 2),
        "reference_samples_per_s": round(ours),
        "hls4ml_samples_per_s": round(theirs),
        "ratio": round(ours / theirs, 1),
        "hls4ml_differing": differing,
        "samples": _SAMPLES,
    }
    text = "\n".join(
        [
            f"model                              {rows['model']}",
            f"load to written RTL                {seconds:.2f} s, peak memory {peak:.0f} MB",
            f"hls4ml {rival.version} convert + compile     {compile_s:.1f} s",
            f"integer reference                  {ours:,.0f} samples/s",
            f"hls4ml compiled emulation          {theirs:,.0f} samples/s",
            f"ratio                              {ours / theirs:.1f}x",
            f"outputs where hls4ml differs       {differing} of {_SAMPLES:,} samples",
        ]
    )
    return {**rows, "text": text}


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
