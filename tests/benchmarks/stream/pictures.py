# SPDX-License-Identifier: Apache-2.0
"""RN06 on pictures: the RTL at three rates beside the reference, and beside QKeras itself.

Three pictures, two crops of photographs and one of noise, go through the RTL back to back, alone,
and under random pauses of both sides. The claims of the build hold them against the integer
reference; here the reference is held against QKeras' own float32 forward pass.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import numpy as np

from hwgen.api.build import Build, build
from hwgen.api.deviation import own_outputs
from hwgen.frontends.keras import live
from hwgen.frontends.options import Options
from hwgen.ir.graph import Graph
from hwgen.verify import compile_rtl
from hwgen.verify.announced import differing, floats_of
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, SimResult, simulate
from hwgen.verify.vectors import Vectors
from tests.benchmarks.codec.data import crops, photographs

RN06 = Path(__file__).parents[4] / "shared" / "models" / "RN06_resnet_cifar10_8b.h5"
RATES = (1_280, 4_096, 18_432)  # cycles of a sample that are allowed
CLAIMS = ("matches_reference", "latency_is_as_claimed", "interval_is_as_claimed",
          "matches_under_stalls")  # fmt: skip
COMPILE, SIMULATE = 90.0, 30.0  # CPU seconds: of compiling, and of three images at the fastest rate


def pictures(graph: Graph) -> Vectors:
    """Return two crops of photographs and a picture of noise, with the reference's outputs."""
    (node,) = graph.inputs
    rng = np.random.default_rng(16)
    natural = crops(photographs(), 2, rng, left=False)
    noise = rng.integers(0, 256, (1, *node.type.shape))
    every = make_vectors(graph, 1, 1, {node.name: np.concatenate([natural, noise])})
    return every.rows(len(every) - 3, len(every))


def unlike_qkeras(graph: Graph, vectors: Vectors) -> int:
    """Return how many samples of the reference differ from QKeras' own forward pass."""
    found = own_outputs(live.opened(RN06, None), Options(), floats_of(graph, vectors.inputs))
    return int(differing(graph.outputs, vectors.outputs, found).sum())


@contextmanager
def _compiling(seconds: list[float]) -> Iterator[None]:
    """Add the CPU seconds of what Verilator and the compiler do meanwhile."""
    real = compile_rtl.verilate

    def timed(*given: object, **named: object) -> None:
        began = _children()
        real(*given, **named)  # type: ignore[arg-type]
        seconds.append(_children() - began)

    compile_rtl.verilate = timed
    try:
        yield
    finally:
        compile_rtl.verilate = real


def _children() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def simulated(made: Build, out: Path, claims: tuple[str, ...]) -> tuple[SimResult, float, float]:
    """Return what a simulation measures, and the CPU seconds of compiling and of the rest."""
    compiled = list[float]()
    began = _children()
    with _compiling(compiled):
        result = simulate(out, pictures(made.graph), BenchSettings(tests=claims))
    whole = _children() - began
    return result, sum(compiled), whole - sum(compiled)


def main() -> tuple[list[str], bool]:
    """Print the table; return its lines, and whether the bars are held."""
    if not RN06.is_file():
        return ["The network is not beside this checkout."], True
    lines = [
        "| cycles allowed | interval | latency | wrong of 3 | unlike QKeras | build | compile | "
        "three images | all claims |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    good = True
    for rate in RATES:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            began = time.process_time()
            made = build(
                RN06, out, board="vcu118", style="stream", interval=rate, input_format="u8.8"
            )
            built = time.process_time() - began
            design, vectors = made.design, pictures(made.graph)
            three = simulated(made, out, CLAIMS[:1])[2] if rate == RATES[0] else 0.0
            seen, compiled, rest = simulated(made, out, CLAIMS)
            unlike = unlike_qkeras(made.graph, vectors)
        assert seen.interval is not None
        assert seen.samples == 3
        good &= (seen.latency_cycles, seen.interval) == (design.latency, design.interval)
        good &= design.interval <= rate and seen.mismatches == unlike == 0
        good &= compiled <= COMPILE and three <= SIMULATE
        lines.append(
            f"| {rate:,} | {design.interval:,} / {seen.interval:,g} | {design.latency:,} / "
            f"{seen.latency_cycles:,} | {seen.mismatches} | {unlike} | {built:.0f} s | "
            f"{compiled:.0f} s | {f'{three:.0f} s' if three else '-'} | {rest:.0f} s |"
        )
        print(lines[-1], flush=True)
    return lines, good
