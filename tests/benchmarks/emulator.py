# SPDX-License-Identifier: Apache-2.0
"""Benchmark of the emulator: beside hls4ml's compiled ``predict`` and the numpy reference, one run.

``python -m tests.benchmarks.emulator [--only jet,rn06] [--vectors avx2|plain]``, after ``make
bench``. One thread, samples a CPU second, the best of several rounds that take turns. It ends with
1 where a bar is missed; the bars are those of the processor's vectors (AVX-512, AVX2 or plain
x86-64). ``--vectors`` compiles the emulator, and chooses numpy's matrix products, for narrower
ones.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import hwgen
from hwgen.api.load import load
from hwgen.frontends.options import options
from hwgen.interop.hls4ml import Emulation
from hwgen.ops.reference import Reference
from hwgen.paths import beside_checkout
from hwgen.verify import compile_emulator
from hwgen.verify.compile_hls import integers
from hwgen.verify.emulation import emulator_of

ROUNDS = 7


@dataclass(frozen=True)
class Subject:
    """A model and its bars: times hls4ml and times numpy, by the processor's vectors."""

    model: str
    weights: str | None
    form: str
    samples: int
    rival_samples: int
    bars: dict[str, tuple[float, float]]
    compiled: float  # CPU seconds of the HLS C++ with plain integers
    style: str = "parallel"  # of the HLS C++
    interval: int | None = None


SUBJECTS = {
    "jet": Subject(
        "qkeras_3layer.json", "qkeras_3layer_weights.h5", "s16.10", 200_000, 10_000,
        {"avx512": (1500, 7.5), "avx2": (900, 4.5), "plain": (400, 2.0)},
        3.0,
    ),
    "rn06": Subject(
        "RN06_resnet_cifar10_8b.h5", None, "s8.7", 1000, 60,
        {"avx512": (800, 3.5), "avx2": (300, 1.5), "plain": (0, 0)},
        10.0, "stream", 8192,
    ),
}  # fmt: skip


# Flags of an emulator that is compiled for narrower vectors than those of this machine.
NARROWER = {"avx2": ("-march=x86-64-v3",), "plain": ("-march=x86-64",)}
BLAS = {"avx2": "Haswell", "plain": "Prescott"}  # OPENBLAS_CORETYPE


def vectors() -> str:
    """Return the widest vectors that the emulator is compiled for."""
    for kind, flags in NARROWER.items():
        if flags == compile_emulator.NATIVE:
            return kind
    text = compile_emulator.processor()
    return "avx512" if "avx512bw" in text else "avx2" if "avx2" in text else "plain"


def rate(work: Callable[[], object], samples: int, best: float) -> float:
    """Return samples a CPU second, or the best so far."""
    start = time.process_time_ns()
    work()
    return max(best, samples / max(time.process_time_ns() - start, 1) * 1e9)


def child_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that child processes took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(name: str, subject: Subject, folder: Path, models: Path) -> list[tuple[str, bool]]:
    """Print the figures of a model, and return its bars and whether they hold."""
    weights = models / subject.weights if subject.weights else None
    graph = load(models / subject.model, weights, options(subject.form))
    node = graph.inputs[0]
    made = hwgen.build(
        models / subject.model, folder / name, board="vu9p", weights=weights,
        input_format=subject.form, hls=True, style=subject.style, interval=subject.interval,
    )  # fmt: skip
    library = emulator_of(graph, made.design)
    compiling = child_seconds(lambda: compile_emulator.compiled(library))
    emulator = compile_emulator.Loaded(library, compile_emulator.compiled(library))
    reference = Reference(graph)
    rng = np.random.default_rng(1)
    peak = int(node.type.hi.max()) + 1
    codes = np.rint(rng.normal(0, peak / 16, (subject.samples, *node.type.shape)))
    codes = np.clip(codes, -peak, peak - 1).astype(np.int64)
    short = codes.astype(np.int16)
    floats = np.ldexp(codes.astype(np.float32), -node.type.frac)
    few = np.ascontiguousarray(floats[: subject.rival_samples])
    with contextlib.redirect_stdout(io.StringIO()):
        rival = Emulation(models / subject.model, weights, folder / f"{name}_hls4ml")
    want = reference.run({node.name: codes})[graph.outputs[0].name]
    key = f"{node.name}_in"
    got = emulator.run({key: short})[f"{graph.outputs[0].name}_out"]
    assert np.array_equal(got, want), f"{name}: the emulator differs"
    ours = values = numpy = predict = theirs = 0.0
    for _ in range(ROUNDS):
        theirs = rate(lambda: rival.predict(few), len(few), theirs)
        numpy = rate(lambda: reference.run({node.name: codes}), len(codes), numpy)
        predict = rate(lambda: hwgen.predict(graph, floats), len(codes), predict)
        ours = rate(lambda: emulator.run({key: short}), len(codes), ours)
        values = rate(lambda: emulator.predict({key: floats}), len(codes), values)
    kind = vectors()
    flags = " ".join([*compile_emulator.FLAGS, *compile_emulator.NATIVE])
    print(f"{name} ({kind}; {flags}; compiled in {compiling:.1f} CPU s), samples a CPU second:")
    for title, figure in (
        ("hls4ml predict", theirs), ("numpy reference", numpy), ("hwgen.predict, floats", predict),
        ("emulator, codes", ours), ("emulator, float32", values),
    ):  # fmt: skip
        print(f"  {title:<22} {figure:>14,.0f}  x hls4ml {figure / theirs:>7,.1f}", end="")
        print(f"  x numpy {figure / numpy:>6.2f}")
    of_rival, of_numpy = subject.bars[kind]
    found = [
        (f"{name}: {of_rival:g} times hls4ml", ours >= of_rival * theirs),
        (f"{name}: {of_numpy:g} times numpy", ours >= of_numpy * numpy),
        (f"{name}: floats at 0.8 of codes", values >= 0.8 * ours),
        *compile_bars(name, subject.compiled, folder / name / "hls"),
    ]
    if name == "jet":
        found += [
            ("jet: floats at 8 times hwgen.predict", values >= 8 * predict),
            loads(library.name, compile_emulator.compiled(library)),
        ]
    return found


def compile_bars(name: str, plain: float, hls: Path) -> list[tuple[str, bool]]:
    """Return the bars of compiling the HLS C++ of a model, in CPU seconds."""
    others = ("_bench", "_axis")
    sources = [p for p in sorted(hls.glob("*.cpp")) if not any(word in p.name for word in others)]
    found = []
    for kind in integers():
        bar = plain if kind.include is None else 10.0
        speed = "-Og" if kind.define == "HWG_AP" else "-O2"
        given = [f"-D{kind.define}", "-isystem", str(kind.include)] if kind.include else []
        command = ["g++", "-std=c++11", speed, *given, "-I", str(hls), "-c", "-o"]
        commands = [[*command, str(hls / "made.o"), str(source)] for source in sources]
        took = sum(child_seconds(partial(subprocess.run, one, check=True)) for one in commands)
        print(f"  g++ {speed} with {kind.name}: {took:.1f} CPU s")
        found.append((f"{name}: {kind.name} compiled in {bar:g} CPU s", took <= bar))
    return found


def loads(name: str, path: Path) -> tuple[str, bool]:
    """Return the bar of loading, running and unloading the emulator 10,000 times."""
    import _ctypes

    x, y = np.zeros((1, 16), np.int16), np.zeros((1, 5), np.int32)

    def turn() -> None:
        handle = ctypes.CDLL(str(path))
        handle[f"{name}_run"](
            ctypes.c_size_t(1), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data)
        )
        _ctypes.dlclose(handle._handle)

    for _ in range(500):
        turn()
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for _ in range(10_000):
        turn()
    took = time.process_time() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"  10,000 loads: {took:.2f} CPU s, {grown} KiB more")
    return "jet: 10,000 loads in 2 CPU s and 1 MiB", took <= 2 and grown <= 1024


def main() -> int:
    """Measure, print, and return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(SUBJECTS))
    parser.add_argument("--vectors", choices=NARROWER)
    given = parser.parse_args()
    if given.vectors and os.environ.get("OPENBLAS_CORETYPE") != BLAS[given.vectors]:
        os.environ["OPENBLAS_CORETYPE"] = BLAS[given.vectors]  # read when numpy is loaded
        os.execv(sys.executable, [sys.executable, "-m", "tests.benchmarks.emulator", *sys.argv[1:]])
    if given.vectors:
        compile_emulator.NATIVE = NARROWER[given.vectors]
    chosen = given.only.split(",")
    shared = beside_checkout("shared")
    if shared is None:
        print("the models are not beside the checkout: nothing to measure", file=sys.stderr)
        return 1
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            for bar, holds in measure(name, SUBJECTS[name], Path(folder), shared / "models"):
                print(f"  {'holds ' if holds else 'MISSED'}  {bar}")
                missed += [] if holds else [bar]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
