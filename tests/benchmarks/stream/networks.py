# SPDX-License-Identifier: Apache-2.0
"""Whole networks as streams: what the planner says beside simulation.

Efficiency is the share of its multipliers that a network uses: products of a sample over units
times cycles, those of folded layers; taps in the padding count as products, as every unit makes
them. The balanced network is a chain whose layers fold evenly at 1,024 cycles.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import hwgen.demo
from hwgen.api.build import build
from hwgen.design.types import Design, UnitRef
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.graph import Graph
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, SimResult, simulate
from tests.benchmarks.stream.folding import Net
from tests.plan.branches import branchy
from tests.plan.test_stream_fifos import jittering
from tests.plan.test_stream_joins import unet

BAR = 0.96  # efficiency of the balanced network
SAMPLES = 4
CLAIMS = ("matches_reference", "latency_is_as_claimed", "interval_is_as_claimed")
DIGITS = Path(hwgen.demo.__path__[0]) / "mnist"


@dataclass(frozen=True)
class Row:
    """Network, board and the cycles of a sample that are allowed.

    Attributes:
        name: in the table.
        model: file, or a graph.
        board: that it is for.
        interval: cycles of a sample, at most.
        bar: of its efficiency; 0 where there is none.
        design: of a graph, where it is not the one that is planned.
    """

    name: str
    model: Path | Graph
    board: str
    interval: int
    bar: float = 0.0
    design: Design | None = None


def balanced() -> Graph:
    """Return the balanced network: five convolutions and two dense layers, random weights."""
    net = Net(8, 3, 6).conv(16, 3, 1, 6).conv(16, 3, 1, 6).conv(32, 3, 2, 6)
    return net.conv(32, 3, 1, 6).conv(64, 3, 2, 6).dense(64, 6).dense(16, 6).graph()


def rows() -> tuple[Row, ...]:
    """Return the networks of the table."""
    uneven, alternates = jittering()
    return (
        Row("balanced", balanced(), "vcu118", 1_024, BAR),
        Row("MNIST, residual", DIGITS / "mnist_residual.h5", "ulx3s", 784),
        Row("MNIST, residual", DIGITS / "mnist_residual.h5", "ulx3s", 6_272),
        Row("MNIST, separable", DIGITS / "mnist_separable.h5", "ulx3s", 6_272),
        Row("U-Net, 16x16", unet(16, 4), "vcu118", 1_024),
        Row("branches", branchy(5), "vcu118", 144),
        Row("branches, results 32 and 36 apart in turn", uneven, "vcu118", 34, design=alternates),
    )


def efficiency(design: Design, interval: float) -> float:
    """Return the share of the multipliers of folded layers that work, 0 where none is folded."""
    used = there = 0.0
    for stage in design.stages:
        for part in stage.parts:
            if isinstance(part, UnitRef) and part.unit == "hwg_matvec":
                units = part.params["PE"] * part.params["SIMD"]
                used += units * stage.interval
                there += units * interval
    return used / there if there else 0.0


def made(row: Row, out: Path) -> tuple[Graph, Design]:
    """Write the RTL of a network, and return its graph and its design."""
    if row.design is None:
        found = build(row.model, out, board=row.board, style="stream", interval=row.interval)
        return found.graph, found.design
    assert isinstance(row.model, Graph)
    emit_rtl(row.design).write(out)
    return row.model, row.design


def simulated(graph: Graph, out: Path) -> SimResult:
    """Return what a simulation of some samples measures; a difference is an error."""
    every = make_vectors(graph, SAMPLES, 1)
    vectors = every.rows(len(every) - SAMPLES, len(every))
    return simulate(out, vectors, BenchSettings(tests=CLAIMS))


def main() -> tuple[list[str], bool]:
    """Print the table; return its lines, and whether the bars are held."""
    lines = [
        "| network | board | allowed | interval | latency | efficiency |",
        "|---|---|---|---|---|---|",
    ]
    good = True
    for row in rows():
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            graph, design = made(row, out)
            seen = simulated(graph, out)
            assert seen.interval is not None
            share = efficiency(design, seen.interval)
            good &= (seen.latency_cycles, seen.interval) == (design.latency, design.interval)
            good &= share >= row.bar
            lines.append(
                f"| {row.name} | {row.board} | {row.interval:,} | {design.interval:,} / "
                f"{seen.interval:,.10g} | {design.latency:,} / {seen.latency_cycles:,} | "
                f"{f'{share:.1%}' if share else '-'} |"
            )
            print(lines[-1], flush=True)
    lines += ["", f"The balanced network's bar: {BAR:.0%}."]
    return lines, good
