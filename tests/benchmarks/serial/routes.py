# SPDX-License-Identifier: Apache-2.0
"""A serial and a parallel jet tagger, placed and routed on an LFE5U-85F-8.

Each seed's result is kept by the digest of the text, so that a bench that was stopped goes on.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.planner import plan
from hwgen.synth import nextpnr, yosys
from hwgen.synth.measure import flow_digest
from hwgen.synth.placement import Placement
from hwgen.target.board import load_board
from hwgen.verify.compile_rtl import files
from tests.benchmarks.adders.designs import keep
from tests.benchmarks.serial.rows import OUT

BOARD = "orangecrab_85"  # an LFE5U-85F-8
SEEDS = (1, 2, 3)
BAR_MHZ, GOAL_MHZ = 220.0, 250.0
# Name, interval, clock to plan for: the parallel core for a 40 MHz crossing, and as quick as it is.
CASES = (("serial", 64, 250.0), ("parallel, 40 MHz", 1, 40.0), ("parallel, 100 MHz", 1, 100.0))


@dataclass(frozen=True)
class Routed:
    """One design, routed with some seeds."""

    name: str
    interval: int
    cycles: int
    lut: int
    ff: int
    mhz: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Samples a second and LUT4, at the middle clock."""
        return median(self.mhz) * 1e6 / self.interval / self.lut


def routed(
    name: str, graph: Graph, interval: int, clock_mhz: float, seeds: Sequence[int]
) -> Routed:
    """Place and route a network's design with some seeds."""
    board = load_board(BOARD)
    style = "serial" if interval > 1 else "parallel"
    design = plan(graph, board, Goal(clock_mhz, style=style, pace=Pace(interval)), "jet")
    found = [_one(design, seed) for seed in seeds]
    lut, ff, _ = found[0]
    mhz = tuple(clock for *_, clock in found)
    return Routed(name, design.interval, design.latency, int(lut), int(ff), mhz)


def _one(design: Design, seed: int) -> tuple[int, int, float]:
    """Return LUT4, flip-flops and clock of a design; the harness around it is counted."""
    device = load_board(BOARD).device
    assert device is not None
    tools = device, seed, yosys.version(), nextpnr.version("ecp5"), flow_digest()
    state = hashlib.sha256(repr(tools).encode())
    with tempfile.TemporaryDirectory() as folder:
        out = emit_rtl(design).write(Path(folder) / "out")
        sources = [file for file in files(out) if "axi" not in file.name]
        for source in sources:
            state.update(source.read_bytes())
        kept = OUT / "routed" / f"{state.hexdigest()[:20]}.json"
        if not kept.is_file():
            placement = Placement(seed, design.clock_mhz)
            made = nextpnr.place_and_route(sources, f"hwg_{design.name}", device, "ecp5", placement)
            keep(kept, json.dumps([made.lut, made.ff, made.fmax_mhz]).encode())
    lut, ff, mhz = json.loads(kept.read_text())
    return int(lut), int(ff), float(mhz)


def table(found: Sequence[Routed]) -> str:
    """Return the results as text; rates are beside the serial design's."""
    lines = [
        "| jet on LFE5U-85F-8 | interval | cycles | LUT4 | FF | MHz, by seed | M/s | a LUT4 |",
        "|---|--:|--:|--:|--:|---|--:|--:|",
    ]
    for one in found:
        speeds = ", ".join(f"{mhz:.0f}" for mhz in one.mhz)
        lines.append(
            f"| {one.name} | {one.interval} | {one.cycles} | {one.lut:,} | {one.ff:,} | {speeds} "
            f"| {median(one.mhz) / one.interval:.1f} | {one.rate:,.0f}/s |"
        )
    return "\n".join(lines)


def missed(found: Sequence[Routed]) -> list[str]:
    """Return the bars that are missed: the clock, and twice the rate a LUT4 of the 40 MHz core."""
    serial = next(one for one in found if one.interval > 1)
    said = []
    if median(serial.mhz) < BAR_MHZ:
        said.append(f"{median(serial.mhz):.0f} MHz, the bar is {BAR_MHZ:g}")
    for one in found[1:2]:
        if serial.rate < 2 * one.rate:
            said.append(f"{serial.rate / one.rate:.2f} times the rate a LUT4 of {one.name}, not 2")
    return said
