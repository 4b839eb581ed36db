# SPDX-License-Identifier: Apache-2.0
"""Loading and building: the straight line from a model file to an output folder.

A build folder is self-contained: the graph it was made from, the model file, the board, the RTL,
the vectors and the benches. Everything here but the writing of that folder is pure.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.emit.files import FileSet, json_bytes, npz_bytes, refuse_foreign
from hwgen.emit.loose import write_files
from hwgen.emit.rtl import emit_rtl
from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.bundle import load_bundle
from hwgen.frontends.keras_file import read_keras, sniff
from hwgen.frontends.qkeras import Options, convert, identifier
from hwgen.ir.graph import Graph
from hwgen.opened import scaler_fits
from hwgen.ops.serial import graph_to_json
from hwgen.options import settled
from hwgen.passes import run_passes
from hwgen.paths import sim as sim_folder
from hwgen.plan.board import Board, load_board
from hwgen.plan.cost import Estimate, zeros
from hwgen.plan.cost import estimate as estimate_design
from hwgen.plan.design import Design
from hwgen.plan.goal import Goal, goal_for
from hwgen.plan.nearest import too_large
from hwgen.plan.planner import plan
from hwgen.progress import Say, silent
from hwgen.proofs import SELF_CHECK, check_counts, make_vectors, self_check
from hwgen.report.figures import figures
from hwgen.report.page import render
from hwgen.report.sheet import build_sheet
from hwgen.report.text import build_report
from hwgen.verify.vectors import Vectors

MAX_NAME = 64
BENCHES = ("bench_design", "job", "rim_axis", "rim_flow", "stream")
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


def load(
    model: Path | str, weights: Path | str | None = None, options: Options | None = None,
    input_format: str | Mapping[str, str] | None = None,
) -> Graph:  # fmt: skip
    """Read a model and return its integer graph, passes done.

    Args:
        model: ``.h5``, ``.keras``, architecture ``.json`` with *weights*, or a hwgen bundle.
        weights: weights file of an architecture in JSON.
        options: input formats, masks, scaler.
        input_format: ``s8.4``, as `options` takes it.

    Raises:
        ConfigError, ModelError: with every problem of the model.
    """
    path = Path(model)
    options = settled(options, input_format)
    if sniff(path) == "bundle":
        if weights is not None:
            raise ConfigError("a bundle has its weights inside", "--weights", "leave it out")
        if options.input_formats or options.masks or options.scaler:
            raise ConfigError(
                "a bundle is converted already",
                path.name,
                "give the Keras model, or leave out --input-format, --masks and --scaler",
            )
        return load_bundle(path)
    stored = read_keras(path, None if weights is None else Path(weights))
    graph = run_passes(convert(stored, options))
    if not graph.inputs:
        raise ModelError("the model lists no input layer", path.name, "save it again with Keras")
    shape = graph.inputs[0].type.shape
    if graph.scaler_mean and not scaler_fits(len(graph.scaler_mean), shape):
        raise ConfigError(
            f"{len(graph.scaler_mean)} figures do not fit an input of shape {shape}",
            "--scaler",
            "one for all, one a channel (last axis), or one an element",
        )
    return graph


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
    given = settled(options, input_format)
    graph = run_passes(model) if isinstance(model, Graph) else load(model, weights, given)
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
    files = _files(model, weights, graph, planned, target, goal, vectors, facts)
    say("emit", f"{len(files.paths)} files")
    if out is not None:
        files.write(Path(out))
        say("write", str(out))
    return Build(graph, planned, taken, target, goal, files, facts)


# -------------------------------------------------------------------- the output folder


def write_bundle(*graphs: tuple[Graph, Path]) -> None:
    """Write graphs, each as ``NAME.json`` and ``NAME.npz``, all or none.

    Raises:
        ConfigError: a place cannot be written or holds another file, or a name does not end
            in .json.
    """
    files: dict[Path, bytes] = {}
    for graph, path in graphs:
        if path.suffix != ".json":
            hint = "its arrays go to NAME.npz"
            raise ConfigError(f"a bundle is named NAME.json, not {path.name}", "--out", hint)
        if path.is_file() and sniff(path) != "bundle":
            raise ConfigError(
                f"{path} exists and is no bundle, so it is not overwritten",
                "--out",
                "take another name",
            )
        document, arrays = graph_to_json(graph)
        files |= {path: json_bytes(document), path.with_suffix(".npz"): npz_bytes(arrays)}
    write_files(files, "--out")


def _files(
    model: Path | str | Graph,
    weights: Path | str | None,
    graph: Graph,
    design: Design,
    board: Board,
    goal: Goal,
    vectors: Vectors,
    facts: dict[str, Any],
) -> FileSet:
    document, arrays = graph_to_json(graph)
    sheet = build_sheet(facts, graph, design, board)
    benches = [sim_folder() / f"{name}.py" for name in BENCHES]
    files = emit_rtl(design, board.data_width) | FileSet.of(
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
            **_sources(model, weights),
        }
    )
    manifest = {
        "hwgen": __version__,
        "schema": 1,
        "name": design.name,
        "model": design.model,
        "files": {path: hashlib.sha256(content).hexdigest() for path, content in files},
    }
    return files | FileSet.of({"manifest.json": json_bytes(manifest)})


def _sources(model: Path | str | Graph, weights: Path | str | None) -> dict[str, bytes]:
    """Return the model file as it came, so that Keras itself can be asked later."""
    if isinstance(model, Graph):
        return {}
    path = Path(model)
    if sniff(path) == "bundle":
        return {}
    made = {"model": _plain(path)}
    files = {f"model/keras/{made['model']}": path.read_bytes()}
    if weights is not None:
        made["weights"] = _plain(Path(weights))
        if made["weights"] == made["model"]:
            raise ConfigError("model and weights have one file name", "--weights", "rename one")
        files[f"model/keras/{made['weights']}"] = Path(weights).read_bytes()
    return {**files, "model/source.json": json_bytes(made)}


def _plain(path: Path) -> str:
    """Return a file's name without what a path on another system could not hold."""
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", path.name)


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


def top_name(model: Path | str | Graph) -> str:
    """Return what the design of a model is called unless told otherwise."""
    return identifier(model.name if isinstance(model, Graph) else Path(model).stem)[:MAX_NAME]


def _checked(name: str) -> str:
    if name != identifier(name) or len(name) > MAX_NAME:
        raise ConfigError(
            f"{name!r} is no name for a Verilog module",
            "--name",
            f"letters, digits and underscores, a letter first, {MAX_NAME} at most",
        )
    return name
