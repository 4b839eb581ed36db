# SPDX-License-Identifier: Apache-2.0
"""`make bench-serial`: networks at several intervals, mapped for UltraScale+ and simulated.

Every design is simulated on 2,000 samples against the reference, its RTL mapped by Yosys, and both
held against the bars of docs/measurements/serial.md. Beside it stands the same network in parallel,
and the estimate. Adder graphs of other tools at interval 1 are in `make bench-adders`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import hwgen
from hwgen import paths
from hwgen.cost.estimate import estimate
from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.graph import Graph
from hwgen.logic.serial.graph import Sum
from hwgen.passes import run_passes
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.planner import plan
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design
from hwgen.target.board import load_board
from hwgen.verify.compile_rtl import files
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, simulate

BOARD = "vcu118"
SAMPLES = 2000
OFF = 0.05  # share by which the estimate may be off


@dataclass(frozen=True)
class Bar:
    """Most that a network may take at an interval; 0 where there is no bar."""

    lut: int
    ff: int = 0
    cycles: int = 0


BARS = {
    ("jet", 16): Bar(3_000, 7_500, 95),
    ("jet", 8): Bar(3_800, 9_400, 58),
    ("jet", 4): Bar(7_200, 14_400, 44),
    ("jet", 2): Bar(13_000, 22_500, 36),
    ("magic", 16): Bar(2_500),
    ("magic", 4): Bar(5_700),
}


@dataclass(frozen=True)
class Found:
    """One network at one interval: what was mapped, what was claimed, and what misses its bar."""

    name: str
    asked: int
    design: Design
    lut: int
    ff: int
    modelled: int
    missed: tuple[str, ...]


def jet() -> Graph:
    """Return the jet tagger, whose input has the format s8.4."""
    folder = paths.rtl().parent.parent / "shared" / "models"
    model, weights = folder / "qkeras_3layer.json", folder / "qkeras_3layer_weights.h5"
    return run_passes(hwgen.load(model, weights, input_format="s8.4"))


def magic() -> Graph:
    """Return the shipped network of the MAGIC telescope."""
    import hwgen.demo.magic as folder

    return run_passes(hwgen.load(Path(next(iter(folder.__path__))) / "magic.h5"))


NETWORKS: dict[str, Callable[[], Graph]] = {"jet": jet, "magic": magic}


def measure(name: str, graph: Graph, interval: int, simulated: bool = True) -> Found:
    """Plan, simulate, map and count one network at one interval.

    Raises:
        Mismatch: a sample differs from the reference.
    """
    board = load_board(BOARD)
    style = "serial" if interval > 1 else "parallel"
    design = plan(graph, board, Goal(200.0, style=style, pace=Pace(interval)), name)
    with tempfile.TemporaryDirectory() as folder:
        out = emit_rtl(design).write(Path(folder) / "out")
        if simulated:
            vectors = make_vectors(graph, SAMPLES, 1)
            simulate(out, vectors, BenchSettings(tests=("matches_reference",)))
        netlist = map_design(list(files(out)), f"hwg_{name}", board.family.name)
    counted, kinds = count(netlist), Counter(cell.kind for cell in netlist.cells)
    modelled = estimate(design, board.family).lut
    bar = BARS.get((name, interval), Bar(0))
    missed = [
        f"{value:,} {unit}, the bar is {most:,}"
        for value, most, unit in (
            (counted.plut, bar.lut, "LUT"), (counted.ff, bar.ff, "FF"),
            (design.latency, bar.cycles, "cycles"),
        )
        if most and value > most
    ]  # fmt: skip
    if abs(modelled / counted.plut - 1) > OFF:
        missed.append(f"the estimate is {modelled:,}")
    if design.serial is not None:
        graph_ = design.serial.graph
        sums = sum(isinstance(node, Sum) for node in graph_.nodes)
        if kinds["LUT6_2"] != sums * graph_.digit_bits:
            missed.append(f"{sums} adders of {graph_.digit_bits} bits are {kinds['LUT6_2']} LUT6_2")
    return Found(name, interval, design, counted.plut, counted.ff, modelled, tuple(missed))


def table(found: Sequence[Found]) -> str:
    """Return the results as text; shares are of the same network in parallel."""
    whole = {one.name: one.lut for one in found if one.asked == 1}
    lines = [
        "| network | allowed | interval | bits | LUT | of parallel | FF | cycles | estimate |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in found:
        part = one.design.serial
        bits = part.graph.digit_bits if part else "all"
        share = f"{one.lut / whole[one.name]:.2f}" if one.name in whole else ""
        off = one.modelled / one.lut - 1
        lines.append(
            f"| {one.name} | {one.asked} | {one.design.interval} | {bits} | {one.lut:,} | {share} "
            f"| {one.ff:,} | {one.design.latency} | {one.modelled:,} ({off:+.1%}) |"
        )
    return "\n".join(
        [*lines, *(f"MISSED: {o.name} {o.asked}: {m}" for o in found for m in o.missed)]
    )


def main(words: Sequence[str] | None = None) -> int:
    """Run the bench; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench-serial")
    parser.add_argument("--only", default="jet,magic", help="networks")
    parser.add_argument("--intervals", default="16,8,4,2,1")
    parser.add_argument("--no-sim", action="store_true")
    args = parser.parse_args(words)
    found = []
    for name in args.only.split(","):
        graph = NETWORKS[name]()
        for text in args.intervals.split(","):
            found.append(measure(name, graph, int(text), not args.no_sim))
            print(f"{name} {text}: {found[-1].lut:,} LUT", file=sys.stderr, flush=True)
    print(table(found))
    return int(any(one.missed for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
