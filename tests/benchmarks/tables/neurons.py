# SPDX-License-Identifier: Apache-2.0
"""`make bench-tables ONLY=neurons`: neurons of few bits as adders and as truth tables.

A row is a layer of eight neurons that read inputs of their own: random weights of four bits, a
bias, and a rounding to a few bits that saturates. It is planned three times, as adders, as tables
and as the planner likes, and every netlist is simulated. Figures are LUT a neuron.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwgen.cost.estimate import estimate
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.requantize import Requantize
from hwgen.plan.goal import goal_for
from hwgen.plan.mapping import ADDERS, TABLES, Realisation
from hwgen.plan.planner import plan
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design, version
from hwgen.target.board import load_board
from hwgen.verify.compile_rtl import files
from tests.benchmarks.page import write_marked
from tests.benchmarks.tables.check import check
from tests.benchmarks.tables.rows import Row

DOCUMENT = Path(__file__).parents[3] / "docs" / "measurements" / "tables.md"
MARK = "bench-tables neurons"
NEURONS = 8  # in a layer
BOARDS = ("vu13p", "ulx3s")
# Inputs of a neuron, bits of each, and bits of its output.
SHAPES = (
    (3, 2, 2), (2, 3, 3), (7, 1, 2), (4, 2, 2), (4, 2, 3), (2, 4, 4), (8, 1, 2), (3, 3, 3),
    (5, 2, 2), (10, 1, 1), (2, 5, 5),
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """LUT a neuron, as mapped and by the estimate."""

    mapped: float
    model: float

    def __str__(self) -> str:
        return f"{self.mapped:.1f} ({self.model:.1f})"


def layer(fan_in: int, bits: int, out: int) -> Graph:
    """Return eight neurons that read inputs of their own."""
    rng = np.random.default_rng((fan_in, bits, out))
    weight = np.zeros((fan_in * NEURONS, NEURONS), np.int64)
    for j in range(NEURONS):
        part = rng.integers(-7, 8, fan_in)
        weight[j * fan_in : (j + 1) * fan_in, j] = np.where(part == 0, 1, part)
    top = (1 << bits) - 1
    reach = int(np.maximum(weight, 0).sum(0).max()) * top
    drop = max(0, reach.bit_length() - out)
    bias = rng.integers(-(reach >> 2), (reach >> 2) + 1, NEURONS)
    chain = GraphBuilder("bench")
    chain.put("x", Input.of((len(weight),), Fixed(bits)))
    chain.put("fc", Dense(weight, bias))
    chain.put("act", Requantize(drop, 0, (1 << out) - 1))
    return chain.graph()


def measured(graph: Graph, board_name: str, kind: str) -> Figure:
    """Build, map, simulate and count a layer; *kind* is how, or empty for what costs less.

    Raises:
        Mismatch: a value of the netlist is another one.
    """
    board = load_board(board_name)
    mapping = {"fc": Realisation(kind)} if kind else None
    design = plan(graph, board, goal_for(board, "10MHz"), "bench", mapping)
    with tempfile.TemporaryDirectory() as folder:
        out = emit_rtl(design).write(Path(folder) / "out")
        sources = [file for file in files(out) if "axi" not in file.name]
        netlist = map_design(sources, "hwg_bench", board.family.name)
    check(Row("neurons", lambda: graph, "10MHz"), graph, design, netlist)
    model = estimate(design, board.family).lut
    return Figure(count(netlist).plut / NEURONS, model / NEURONS)


def table(shapes: Sequence[tuple[int, int, int]]) -> str:
    """Return the figures of layers as Markdown."""
    titles = [load_board(name).family.title for name in BOARDS]
    heads = " | ".join(f"{title}: adders | tables | taken" for title in titles)
    lines = [
        f"| inputs, output | bits | {heads} |",
        f"|---|--:|{'--:|' * 3 * len(BOARDS)}",
    ]
    for fan_in, bits, out in shapes:
        graph = layer(fan_in, bits, out)
        print(f"{fan_in} of {bits}", file=sys.stderr, flush=True)
        cells = [
            str(measured(graph, board, kind)) for board in BOARDS for kind in (ADDERS, TABLES, "")
        ]
        lines.append(f"| {fan_in} of {bits}, {out} | {fan_in * bits} | {' | '.join(cells)} |")
    return "\n".join(lines)


def run(bless: bool) -> int:
    """Measure and print, and write the page where that is asked for."""
    text = f"{version()}. Written by `make bench-tables ONLY=neurons BLESS=1`.\n\n{table(SHAPES)}"
    print(text)
    if bless:
        write_marked(DOCUMENT, MARK, f"\n{text}\n")
    return 0
