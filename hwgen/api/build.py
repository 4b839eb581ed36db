# SPDX-License-Identifier: Apache-2.0
"""Build of a model: the straight line from its file to an output folder.

A build folder is self-contained: the graph it was made from, the model file, the board, the RTL,
the vectors and the benches. Everything here but the writing of that folder is pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.api.config import config_files
from hwgen.api.designed import designed
from hwgen.api.deviation import Deviation
from hwgen.api.guard import check_place, write_build
from hwgen.api.load import KerasGraph, checked_name, top_name, with_weights
from hwgen.api.results import VerbResult
from hwgen.api.settings import Ask
from hwgen.cost.estimate import Estimate, zeros
from hwgen.cost.figures import Figures
from hwgen.design.serial import SCHEMA
from hwgen.design.types import Design
from hwgen.emit.hls.design import emit_hls
from hwgen.emit.hls.project import Device
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import count_of
from hwgen.files import FileSet, json_bytes, npz_bytes
from hwgen.frontends import sources
from hwgen.frontends.options import Options
from hwgen.ir.graph import Graph
from hwgen.ops.integers_only import integers_only
from hwgen.ops.serial import graph_to_json
from hwgen.paths import sim as sim_folder
from hwgen.plan.goal import Goal
from hwgen.plan.planner import Planned
from hwgen.plan.serial.choice import kept_whole
from hwgen.progress import Progress, silent
from hwgen.report.page import render
from hwgen.report.sheet import build_sheet
from hwgen.report.text import build_report
from hwgen.target.board import Board
from hwgen.verify.self_check import SELF_CHECK, check_counts, make_vectors, self_check
from hwgen.verify.vectors import Vectors

# Of sim/: what simulates a design. In a build they lie side by side.
BENCHES = (
    "design/bench_design.py",
    "design/bench_words.py",
    "design/words_driver.py",
    "design/axis_driver.py",
    "design/flow_driver.py",
    "lib/axis.py",
    "lib/bench_job.py",
)
CROSSED = ("design/bench_clocks.py", "design/clocks_driver.py")  # where AXI has its own clock
VECTORS = 64  # random samples in vectors.npz, besides the corners


@dataclass(frozen=True, repr=False)
class Build(VerbResult):
    """Build of a model.

    Attributes:
        graph, design, estimate, board, goal: the stations of the line.
        files: everything below the output folder.
        figures: of the report.
        out: folder that was written; None where none was asked for.
        deviation: from the model itself, where data were given.
        why: the style was chosen; empty where it was asked for or is the parallel one.
    """

    graph: Graph
    design: Design
    estimate: Estimate
    board: Board
    goal: Goal
    files: FileSet
    figures: Figures
    out: Path | None = None
    deviation: Deviation | None = None
    why: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the figures of the report, the deviation and the folder."""
        off = {} if self.deviation is None else {"deviation": self.deviation.as_dict()}
        return self.figures.as_dict() | off | ({} if self.out is None else {"out": str(self.out)})

    def text(self) -> str:
        """Return the report, the deviation and the notes of the front end."""
        told = (*self.figures.notes, *kept_whole(self.design, self.goal))
        notes = [f"note: {note}" for note in told]
        report = self.files["report.txt"].decode().rstrip()
        off = [] if self.deviation is None else self.deviation.lines()
        return "\n".join([report, integers_only(self.graph), *off, *notes])


def build(
    model: Any,
    out: Path | str | None = None,
    *,
    board: str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
    **settings: Any,
) -> Build:
    """Build the IP core of a model; written to *out* if given, whole or not at all.

    ``hwgen.build("jet.h5", "out/jet", board="vcu118", clock="200MHz", input_format="s8.4")``

    Args:
        model: ``.h5``, ``.keras``, architecture ``.json``, a hwgen bundle, a graph, or a Keras
            model in memory, which takes its name from *out*.
        out: folder to write.
        board: name or file of the board; None where ``config`` names it.
        overwrite: lose edited files and results of another design in *out*, instead of refusing;
            files that are not hwgen's stay in any case.
        progress: called with every step.
        settings: ``weights``, ``clock``, ``latency``, ``style``, ``effort``, ``seed``,
            ``options``, ``input_format``, ``name``, ``mapping``, ``config``, ``best_effort``,
            ``hls``, ``data``: see `hwgen.api.settings.Ask`.

    Raises:
        ConfigError, ModelError, DoesNotFit: see `hwgen.errors`.
    """
    ask = Ask.of(model, board, settings)
    if out is not None:
        check_place(Path(out).absolute())
    target, goal = ask.target()
    title = checked_name(ask.name) if ask.name else top_name(ask.model, out)
    graph = ask.load()
    check_counts(graph, VECTORS, ask.seed)
    counts = zeros(graph)
    total = sum(n for _, n in counts.values())
    none = sum(z for z, _ in counts.values())
    progress(
        "load", f"{count_of(len(graph.nodes), 'node')}, {count_of(total, 'weight')}, {none:,} zero"
    )
    found = designed(ask, graph, target, goal, title, progress)
    if found.refusal is not None:
        raise found.refusal
    planned, design = found.planned, found.planned.design
    vectors = make_vectors(graph, VECTORS, ask.seed)
    self_check(graph, design, ask.seed)
    progress("check", f"logic equals the reference on {SELF_CHECK} samples")
    made = Build(
        graph,
        design,
        found.taken,
        target,
        found.goal,
        FileSet(),
        found.figures,
        deviation=found.deviation,
        why=planned.why,
    )
    files = _files(ask, made, planned, vectors)
    progress("emit", f"{count_of(len(files.paths), 'file')}")
    if out is not None:
        write_build(files, Path(out), overwrite)
        progress("write", str(out))
    return replace(made, files=files, out=None if out is None else Path(out))


def _files(ask: Ask, made: Build, found: Planned, vectors: Vectors) -> FileSet:
    design, board, model = made.design, made.board, ask.model
    document, arrays = graph_to_json(made.graph)
    sheet = build_sheet(made.figures, made.graph, design, board)
    if made.deviation is not None:
        sheet = replace(sheet, results={"deviation": made.deviation.as_dict()})
    options = with_weights(ask.options or Options(), ask.weights)
    given: dict[str, object] = {"name": design.name, "board": board.name, "style": design.style}
    given |= {key: True for key in ("best_effort", "hls") if getattr(ask, key)}
    crossed = CROSSED if design.axi_mhz is not None else ()
    benches = [sim_folder() / name for name in (*BENCHES, *crossed)]
    files = emit_rtl(design)
    if ask.hls:
        device = Device(board.part, made.goal.clock_mhz)
        files |= emit_hls(design, device, vectors.inputs, vectors.outputs)
    files |= FileSet.of(
        {
            "model/graph.json": json_bytes(document),
            "model/graph.npz": npz_bytes(arrays),
            "vectors.npz": vectors.to_bytes(),
            "report.json": json_bytes(sheet.as_dict()),
            "report.html": render(sheet),
            "report.txt": build_report(made.figures),
            "board.json": json_bytes(asdict(board)),
            **{f"sim/{p.name}": p.read_bytes() for p in benches},
            **config_files(given, made.goal, options, found),
            **_sources(model, options),
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


def _sources(model: Path | str | Graph, options: Options) -> Mapping[str, bytes]:
    """Return the model file as it came, so that Keras itself can be asked later."""
    if isinstance(model, KerasGraph) and model.source[0]:
        name, content = model.source
        named = json_bytes({"model": name})
        return {f"model/keras/{name}": content, "model/source.json": named}
    return {} if isinstance(model, Graph) else sources(Path(model), options)
