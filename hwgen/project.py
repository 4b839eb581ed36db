# SPDX-License-Identifier: Apache-2.0
"""Loading, building and estimating: the straight line from a model file to an output folder.

A build folder is self-contained: the graph it was made from, the model file, the RTL, the vectors and the
benches. Everything here but the writing of that folder is pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen import __version__
from hwgen.emit.files import FileSet, json_bytes, npz_bytes
from hwgen.emit.loose import write_files
from hwgen.emit.rtl import emit_rtl
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.frontends.bundle import load_bundle
from hwgen.frontends.keras_file import read_keras, sniff
from hwgen.frontends.qkeras import Options, convert, identifier
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.serial import graph_to_json
from hwgen.passes import run_passes
from hwgen.paths import sim as sim_folder
from hwgen.plan.board import Board, load_board
from hwgen.plan.cost import Estimate, bops, ebops, logic_terms, zeros
from hwgen.plan.cost import estimate as estimate_design
from hwgen.plan.design import Design
from hwgen.plan.goal import Goal, goal_for
from hwgen.plan.planner import plan
from hwgen.progress import Say, silent
from hwgen.proofs import SELF_CHECK, make_vectors, self_check
from hwgen.report.text import build_report
from hwgen.verify.vectors import Vectors


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


def options(
    input_format: str | Mapping[str, str] | None = None,
    masks: Path | None = None,
    scaler: Path | None = None,
) -> Options:
    """Return the front end's options from what a user writes.

    Args:
        input_format: ``s8.4`` for every input, ``name=s8.4,other=u8.0``, or a table of them.
        masks: ``.npz`` with a pruning mask a layer.
        scaler: ``.npz`` with ``mean`` and ``std`` of the training data.
    """
    formats: dict[str, Fixed] = {}
    if isinstance(input_format, str):
        for part in input_format.split(","):
            name, _, text = part.rpartition("=")
            formats[name.strip()] = Fixed.parse(text)
    elif input_format is not None:
        formats = {name: Fixed.parse(text) for name, text in input_format.items()}
    loaded = _npz(masks, "--masks") if masks else {}
    pair = None
    if scaler:
        found = _npz(scaler, "--scaler")
        if not {"mean", "std"} <= set(found):
            raise ConfigError(
                f"the arrays are {sorted(found)}", str(scaler), "it needs 'mean' and 'std'"
            )
        pair = (
            [float(v) for v in found["mean"].reshape(-1)],
            [float(v) for v in found["std"].reshape(-1)],
        )
    return Options(formats, loaded, pair)


def _npz(path: Path, option: str) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"{path} cannot be read as .npz ({error})", option, "write it with numpy.savez"
        ) from error


def load(
    model: Path | str, weights: Path | str | None = None, options: Options | None = None
) -> Graph:
    """Read a model and return its integer graph, passes done.

    Args:
        model: ``.h5``, ``.keras``, architecture ``.json`` with *weights*, or a hwgen bundle.
        weights: weights file of an architecture in JSON.
        options: input formats, masks, scaler.

    Raises:
        ConfigError, ModelError: with every problem of the model.
    """
    path = Path(model)
    if path.exists() and sniff(path) == "bundle":
        if weights is not None:
            raise ConfigError("a bundle has its weights inside", "--weights", "leave it out")
        if options is not None and (options.input_formats or options.masks):
            raise ConfigError("a bundle is converted already", path.name, "give the Keras model")
        return load_bundle(path)
    stored = read_keras(path, None if weights is None else Path(weights))
    return run_passes(convert(stored, options or Options()))


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
    name: str | None = None,
    seed: int = 1,
    say: Say = silent,
) -> Build:
    """Build the IP core of a model; written to *out* if given, whole or not at all.

    Raises:
        ConfigError, ModelError, DoesNotFit: see `hwgen.errors`.
    """
    target = load_board(board)
    goal = goal_for(target, clock, latency, style)
    graph = model if isinstance(model, Graph) else load(model, weights, options)
    counts = zeros(graph)
    total = sum(n for _, n in counts.values())
    none = sum(z for z, _ in counts.values())
    say("load", f"{len(graph.nodes)} nodes, {total:,} weights, {none:,} zero")
    planned = plan(graph, target, goal, name or _top_name(model, graph))
    estimate = estimate_design(planned, target.family)
    say("schedule", f"{planned.latency} cycles, {estimate.lut:,} LUT, {estimate.ff:,} FF (modelled)")
    if estimate.lut > target.budget.lut or estimate.ff > target.budget.ff:
        raise DoesNotFit(
            f"the design takes about {estimate.lut:,} LUT and {estimate.ff:,} FF; {target.name} has "
            f"{target.budget.lut:,} and {target.budget.ff:,}",
            graph.name,
            "prune more, use fewer bits, or take a larger board",
        )
    vectors = make_vectors(graph, 64, seed)
    self_check(graph, planned, seed)
    say("check", f"logic equals the reference on {SELF_CHECK} samples")
    facts = figures(graph, planned, estimate, target, goal)
    files = _files(model, weights, graph, planned, target, goal, vectors, facts)
    say("emit", f"{len(files.paths)} files")
    if out is not None:
        files.write(Path(out))
        say("write", str(out))
    return Build(graph, planned, estimate, target, goal, files, facts)


def figures(
    graph: Graph, design: Design, estimate: Estimate, board: Board, goal: Goal
) -> dict[str, Any]:
    """Return the figures of a design: latency, terms, zeros, bit operations, modelled resources."""
    counts = zeros(graph)
    return {
        "name": design.name,
        "model": design.model,
        "style": design.style,
        "board": board.name,
        "part": board.part,
        "clock_mhz": goal.clock_mhz,
        "latency_cycles": design.latency,
        "latency_ns": round(design.latency_ns, 3),
        "interval": design.interval,
        "terms": logic_terms(design),
        "weights": sum(n for _, n in counts.values()),
        "zeros": sum(z for z, _ in counts.values()),
        "layers": {name: {"zeros": z, "weights": n} for name, (z, n) in counts.items()},
        "bops": round(bops(graph)),
        "ebops": ebops(graph),
        "modelled": {"lut": estimate.lut, "ff": estimate.ff, "dsp": estimate.dsp, "bram": estimate.bram},
        "notes": list(graph.notes),
    }


def estimate(
    model: Path | str | Graph,
    *,
    board: str,
    weights: Path | str | None = None,
    clock: str | None = None,
    latency: str | None = None,
    style: str = "parallel",
    options: Options | None = None,
) -> tuple[dict[str, Any], str]:
    """Return (figures, report text) of a model on a board, writing nothing."""
    target = load_board(board)
    goal = goal_for(target, clock, latency, style)
    graph = model if isinstance(model, Graph) else load(model, weights, options)
    planned = plan(graph, target, goal, _top_name(model, graph))
    taken = estimate_design(planned, target.family)
    facts = figures(graph, planned, taken, target, goal)
    return facts, build_report(facts, planned, target)


# -------------------------------------------------------------------- the output folder


def write_bundle(graph: Graph, path: Path) -> None:
    """Write a graph as ``NAME.json`` and ``NAME.npz``, both or neither.

    Raises:
        ConfigError: the place cannot be written, or the name does not end in .json.
    """
    if path.suffix != ".json":
        raise ConfigError(f"a bundle is named NAME.json, not {path.name}", "--out")
    document, arrays = graph_to_json(graph)
    write_files(
        {path: json_bytes(document), path.with_suffix(".npz"): npz_bytes(arrays)}, "--out"
    )


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
    files = emit_rtl(design, board.data_width) | FileSet.of(
        {
            "model/graph.json": json_bytes(document),
            "model/graph.npz": npz_bytes(arrays),
            "vectors.npz": vectors.to_bytes(),
            "report.json": json_bytes(facts),
            "report.txt": build_report(facts, design, board),
            "config.toml": _config(design, board, goal),
            **{f"sim/{p.name}": p.read_bytes() for p in _benches()},
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


def _benches() -> list[Path]:
    return [sim_folder() / name for name in ("bench_design.py", "stream.py")]


def _sources(model: Path | str | Graph, weights: Path | str | None) -> dict[str, bytes]:
    """Return the model file as it came, so that Keras itself can be asked later."""
    if isinstance(model, Graph):
        return {}
    path = Path(model)
    if sniff(path) == "bundle":
        return {}
    made = {"model": path.name}
    files = {f"model/{path.name}": path.read_bytes()}
    if weights is not None:
        made["weights"] = Path(weights).name
        if made["weights"] == path.name:
            raise ConfigError("model and weights have one file name", "--weights", "rename one")
        files[f"model/{made['weights']}"] = Path(weights).read_bytes()
    return {**files, "model/source.json": json_bytes(made)}


def _config(design: Design, board: Board, goal: Goal) -> str:
    rows = {
        "name": design.name,
        "board": board.name,
        "part": board.part,
        "style": goal.style,
        "clock_mhz": goal.clock_mhz,
        "data_width": board.data_width,
    }
    if goal.max_latency_ns is not None:
        rows["max_latency_ns"] = goal.max_latency_ns
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in rows.items())


def _top_name(model: Path | str | Graph, graph: Graph) -> str:
    return identifier(graph.name if isinstance(model, Graph) else Path(model).stem)
