# SPDX-License-Identifier: Apache-2.0
"""Building: the straight line from a model file to an output folder.

A build folder is self-contained: the graph it was made from, the model file, the board, the RTL,
the vectors and the benches. Everything here but the writing of that folder is pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.api.load import _checked, load, top_name, with_weights
from hwgen.cost.estimate import Estimate, zeros
from hwgen.cost.estimate import estimate as estimate_design
from hwgen.design.serial import SCHEMA
from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.files import FileSet, json_bytes, npz_bytes, refuse_foreign
from hwgen.frontends import sources
from hwgen.frontends.options import Options, settled
from hwgen.ir.graph import Graph
from hwgen.ops.serial import graph_to_json
from hwgen.passes import run_passes
from hwgen.paths import sim as sim_folder
from hwgen.plan.alternatives import too_large
from hwgen.plan.goal import Goal, goal_for
from hwgen.plan.planner import plan
from hwgen.progress import Say, silent
from hwgen.report.figures import figures
from hwgen.report.page import render
from hwgen.report.sheet import build_sheet
from hwgen.report.text import build_report
from hwgen.target.board import Board, load_board
from hwgen.verify.self_check import SELF_CHECK, check_counts, make_vectors, self_check
from hwgen.verify.vectors import Vectors

# Of sim/: what simulates a design. In a build they lie side by side.
BENCHES = (
    "design/bench_design.py",
    "design/axis_driver.py",
    "design/flow_driver.py",
    "lib/axis.py",
    "lib/bench_job.py",
)
VECTORS = 64  # random samples in vectors.npz, besides the corners


@dataclass(frozen=True)
class Build:
    """What a build made.

    Attributes:
        graph, design, estimate, board, goal: the stations of the line.
        files: everything below the output folder.
        facts: the figures of the report.
    """

    graph: Graph
    design: Design
    estimate: Estimate
    board: Board
    goal: Goal
    files: FileSet
    facts: dict[str, Any]


def build(
    model: Path | str | Graph,
    out: Path | str | None = None,
    *,
    board: str,
    weights: Path | str | None = None,
    clock: str | None = None,
    latency: str | None = None,
    style: str = "parallel",
    options: Options | None = None,
    input_format: str | Mapping[str, str] | None = None,
    name: str | None = None,
    effort: int = 1,
    seed: int = 1,
    say: Say = silent,
) -> Build:
    """Build the IP core of a model; written to *out* if given, whole or not at all.

    *effort* and *seed* are as `goal_for` takes them; *seed* is of the random vectors too.

    Raises:
        ConfigError, ModelError, DoesNotFit: see `hwgen.errors`.
    """
    if out is not None:
        refuse_foreign(Path(out).absolute())
    target = load_board(board)
    goal = goal_for(target, clock, latency, style, effort, seed)
    title = _checked(name) if name else top_name(model)
    given = with_weights(settled(options, input_format), weights)
    graph = run_passes(model) if isinstance(model, Graph) else load(model, options=given)
    check_counts(graph, VECTORS, seed)
    counts = zeros(graph)
    total = sum(n for _, n in counts.values())
    none = sum(z for z, _ in counts.values())
    say("load", f"{len(graph.nodes)} nodes, {total:,} weights, {none:,} zero")
    planned = plan(graph, target, goal, title)
    taken = estimate_design(planned, target.family)
    say("schedule", f"{planned.latency} cycles, {taken.lut:,} LUT, {taken.ff:,} FF (modelled)")
    refused = too_large(graph, taken, target, goal)
    if refused is not None:
        raise refused
    vectors = make_vectors(graph, VECTORS, seed)
    self_check(graph, planned, seed)
    say("check", f"logic equals the reference on {SELF_CHECK} samples")
    facts = figures(graph, planned, taken, target, goal)
    files = _files(model, given, graph, planned, target, goal, vectors, facts)
    say("emit", f"{len(files.paths)} files")
    if out is not None:
        files.write(Path(out))
        say("write", str(out))
    return Build(graph, planned, taken, target, goal, files, facts)


def _files(
    model: Path | str | Graph,
    options: Options,
    graph: Graph,
    design: Design,
    board: Board,
    goal: Goal,
    vectors: Vectors,
    facts: dict[str, Any],
) -> FileSet:
    document, arrays = graph_to_json(graph)
    sheet = build_sheet(facts, graph, design, board)
    benches = [sim_folder() / name for name in BENCHES]
    files = emit_rtl(design) | FileSet.of(
        {
            "model/graph.json": json_bytes(document),
            "model/graph.npz": npz_bytes(arrays),
            "vectors.npz": vectors.to_bytes(),
            "report.json": json_bytes(sheet),
            "report.html": render(sheet),
            "report.txt": build_report(facts),
            "config.toml": _config(design, board, goal),
            "board.json": json_bytes(asdict(board)),
            **{f"sim/{p.name}": p.read_bytes() for p in benches},
            **({} if isinstance(model, Graph) else sources(Path(model), options)),
        }
    )
    manifest = {
        "hwgen": __version__,
        "schema": SCHEMA,
        "name": design.name,
        "model": design.model,
        "files": {path: hashlib.sha256(content).hexdigest() for path, content in files},
    }
    return files | FileSet.of({"manifest.json": json_bytes(manifest)})


def _config(design: Design, board: Board, goal: Goal) -> str:
    rows = {
        "name": design.name,
        "board": board.name,
        "part": board.part,
        "style": goal.style,
        "clock_mhz": goal.clock_mhz,
        "data_width": board.data_width,
        "effort": goal.effort,
        "seed": goal.seed,
    }
    if goal.max_latency_ns is not None:
        rows["max_latency_ns"] = goal.max_latency_ns
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in rows.items()
    )
