# SPDX-License-Identifier: Apache-2.0
"""Rows of the dial: a network at an interval, by us and by others, mapped and checked.

What a text takes once mapped is kept by the digest of the text and of the script, so that a bench
that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
from hwgen.synth.count import Measured, count
from hwgen.synth.measure import flow_digest
from hwgen.synth.yosys import map_design, script_for, version
from hwgen.target.board import Board, load_board
from hwgen.verify.compile_rtl import files
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, simulate
from tests.benchmarks.adders import designs as rivals
from tests.benchmarks.adders.cases import Case, of_graph
from tests.benchmarks.adders.measure import measure as measure_rival

ROOT = Path(__file__).parents[3]
OUT = ROOT / "out" / "bench-serial"
BOARD = "vcu118"
CLOCK_MHZ = 200.0
SAMPLES = 2000
RIVALS = {"alkaid": {"hard_dc": -1}, "da4ml": {"hard_dc": -1}}


@dataclass(frozen=True)
class Row:
    """One network at one interval.

    Attributes:
        name: of the network.
        by: ``serial``, ``parallel``, ``folded``, or a rival.
        asked: interval that is allowed.
        interval, cycles: claimed, and found in simulation.
        bits: of every value a cycle; 0 for whole words.
        lut, ff, dsp: mapped.
        modelled: LUT of our estimate; 0 for rivals.
        odd: what is wrong with the mapped netlist; empty where nothing is.
    """

    name: str
    by: str
    asked: int
    interval: int
    cycles: int
    bits: int
    lut: int
    ff: int
    dsp: int = 0
    modelled: int = 0
    odd: str = ""


def jet() -> Graph:
    """Return the jet tagger, whose input has the format s8.4."""
    folder = paths.rtl().parent.parent / "shared" / "models"
    model, weights = folder / "qkeras_3layer.json", folder / "qkeras_3layer_weights.h5"
    return run_passes(hwgen.load(model, weights, input_format="s8.4"))


def magic() -> Graph:
    """Return the shipped network of the MAGIC telescope."""
    import hwgen.demo.magic as folder

    return run_passes(hwgen.load(Path(next(iter(folder.__path__))) / "magic.h5"))


NETWORKS: Mapping[str, Callable[[], Graph]] = {"jet": jet, "magic": magic}


def planned(graph: Graph, name: str, board: Board, style: str, interval: int) -> Design:
    """Return the design of a network in a style, a sample every so many cycles."""
    return plan(graph, board, Goal(CLOCK_MHZ, style=style, pace=Pace(interval)), name)


def ours(name: str, graph: Graph, style: str, interval: int, simulated: bool = True) -> Row:
    """Plan, simulate, map and count a network in one of our styles.

    Raises:
        Mismatch: a sample differs from the reference.
    """
    board = load_board(BOARD)
    design = planned(graph, name, board, style, interval)
    with tempfile.TemporaryDirectory() as folder:
        out = emit_rtl(design).write(Path(folder) / "out")
        if simulated:
            vectors = make_vectors(graph, SAMPLES, 1)
            simulate(out, vectors, BenchSettings(tests=("matches_reference",)))
        taken, kinds = mapped(files(out), f"hwg_{name}", board.family.name)
    digit = design.serial.graph.digit_bits if design.serial else 0
    by = {"stream": "folded"}.get(style, style)
    modelled = estimate(design, board.family).lut
    row = Row(
        name, by, interval, design.interval, design.latency, digit, taken.plut, taken.ff,
        taken.dsp, modelled,
    )  # fmt: skip
    return replace(row, odd=_odd(design, kinds))


def _odd(design: Design, kinds: Mapping[str, int]) -> str:
    """Return what is wrong where the adders of a serial design are not D tables each."""
    if design.serial is None:
        return ""
    graph = design.serial.graph
    sums = sum(isinstance(node, Sum) for node in graph.nodes)
    if kinds.get("LUT6_2", 0) == sums * graph.digit_bits:
        return ""
    return f"{sums} adders of {graph.digit_bits} bits are {kinds.get('LUT6_2', 0)} LUT6_2"


def rival(name: str, graph: Graph, tool: str) -> Row:
    """Return another tool's adder graphs, pipelined for our clock, at interval 1.

    Raises:
        Mismatch: an output differs.
        ToolMissing, ToolFailed: from the tool or from Yosys.
    """
    case = _case(name, graph)
    asked = rivals.Asked(tool, RIVALS[tool])
    text = rivals.rival(case, asked, OUT / "rivals", rivals.environment(OUT / "venv"))
    found = measure_rival(case, text, OUT / "mapped")
    taken = found.measured
    return Row(name, tool, 1, 1, found.latency, 0, taken.plut, taken.ff)


def _case(name: str, graph: Graph) -> Case:
    return replace(of_graph(name, name, graph), cutoff=1000.0 / CLOCK_MHZ)


def mapped(
    sources: Sequence[Path], top: str, family: str, device: str = ""
) -> tuple[Measured, Mapping[str, int]]:
    """Return what a design takes once mapped, and how many cells it has of each kind."""
    tools = repr((version(), script_for(family, [], top, dsp=True, device=device), flow_digest()))
    state = hashlib.sha256(tools.encode())
    for source in sources:
        state.update(source.read_bytes())
    kept = OUT / "counted" / f"{state.hexdigest()[:20]}.json"
    if not kept.is_file():
        netlist = map_design(list(sources), top, family, dsp=True, device=device)
        kinds = Counter(cell.kind for cell in netlist.cells)
        rivals.keep(kept, json.dumps([asdict(count(netlist)), kinds]).encode())
    taken, kinds = json.loads(kept.read_text())
    return Measured(**taken), kinds
