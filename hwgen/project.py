# SPDX-License-Identifier: Apache-2.0
"""The public functions behind the verbs: load, build, sim, verify, predict, estimate.

A build folder is self-contained: the graph it was made from, the model file, the RTL, the vectors and the
benches. Everything here but the writing of that folder is pure.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen import __version__
from hwgen.emit.files import FileSet, json_bytes, npz_bytes
from hwgen.emit.rtl import emit_rtl
from hwgen.errors import ConfigError, DoesNotFit, Mismatch, ModelError
from hwgen.frontends.bundle import load_bundle
from hwgen.frontends.keras_file import read_keras, sniff
from hwgen.frontends.qkeras import Options, convert
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.logic.evaluate import evaluate
from hwgen.ops.serial import digest, graph_to_json
from hwgen.passes import run_passes
from hwgen.paths import sim as sim_folder
from hwgen.plan.board import Board, load_board
from hwgen.plan.cost import Estimate, bops, ebops, logic_terms, zeros
from hwgen.plan.cost import estimate as estimate_design
from hwgen.plan.design import Design
from hwgen.plan.goal import Goal, goal_for
from hwgen.plan.matmul import check_parallel
from hwgen.plan.schedule import schedule
from hwgen.report.text import build_report
from hwgen.verify.reference import Reference
from hwgen.verify.vectors import Vectors, corner_vectors, random_vectors

Say = Callable[[str, str], None]
_SELF_CHECK = 256  # samples on which every build compares its logic with the reference


def silent(stage: str, headline: str) -> None:
    """Say nothing; the default progress."""


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
    say("check", f"logic equals the reference on {_SELF_CHECK} samples")
    facts = figures(graph, planned, estimate, target, goal)
    files = _files(model, weights, graph, planned, target, goal, vectors, facts)
    say("emit", f"{len(files.paths)} files")
    if out is not None:
        files.write(Path(out))
        say("write", str(out))
    return Build(graph, planned, estimate, target, goal, files, facts)


def plan(graph: Graph, board: Board, goal: Goal, name: str) -> Design:
    """Return the design of a graph for a board and a goal."""
    check_parallel(graph, board)
    return schedule(
        graph,
        name=name,
        board_name=board.name,
        family=board.family,
        clock_mhz=goal.clock_mhz,
        max_cycles=goal.max_cycles,
        model_digest=digest(graph),
        data_width=board.data_width,
    )


def make_vectors(graph: Graph, samples: int, seed: int, data: Path | None = None) -> Vectors:
    """Return corner, random and data vectors with the reference's outputs."""
    corners = corner_vectors(graph)
    parts = [corners, random_vectors(graph, samples, seed)]
    del parts
    raise NotImplementedError
