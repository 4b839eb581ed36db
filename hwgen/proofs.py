# SPDX-License-Identifier: Apache-2.0
"""Proofs of a build: logic against reference, RTL against reference, reference against Keras."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.errors import ConfigError, Mismatch
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.logic.evaluate import evaluate, evaluate_wires
from hwgen.opened import Output, read_data, to_codes
from hwgen.plan.board import load_board
from hwgen.plan.design import Design
from hwgen.plan.goal import Goal
from hwgen.plan.planner import plan
from hwgen.progress import Say, silent
from hwgen.verify.reference import Reference
from hwgen.verify.simulate import simulate
from hwgen.verify.vectors import Vectors, corner_vectors, data_vectors, join, random_vectors

SELF_CHECK = 256  # samples on which every build compares its logic with the reference


def make_vectors(
    graph: Graph, samples: int, seed: int, data: Mapping[str, Codes] | None = None
) -> Vectors:
    """Return corner, seeded random and data vectors with the reference's outputs."""
    types = {node.name: node.type for node in graph.inputs}
    parts = [corner_vectors(types), random_vectors(types, samples, seed)]
    if data is not None:
        parts.append(data_vectors(types, data))
    inputs = join(parts)
    return inputs.with_outputs(Reference(graph).run(inputs.inputs))


def self_check(graph: Graph, design: Design, seed: int) -> None:
    """Compare the design's logic with the reference on random samples.

    Raises:
        Mismatch: they differ, which is a bug in hwgen; the message names the layer.
    """
    types = {node.name: node.type for node in graph.inputs}
    vectors = random_vectors(types, SELF_CHECK, seed).inputs
    expected = Reference(graph).run(vectors)
    got = evaluate(design.logic, vectors, check=True)
    for out in graph.outputs:
        want = np.asarray(expected[out.name]).reshape(SELF_CHECK, -1)
        differs = np.argwhere(want != got[out.name])
        if len(differs):
            row, element = (int(i) for i in differs[0])
            raise Mismatch(
                f"the lowered logic gives {got[out.name][row, element]} for element {element} of sample {row}, "
                f"the reference {want[row, element]}",
                out.name,
                f"this is a bug in hwgen; replay with --seed {seed}",
            )


def sim(
    out: Path | str,
    *,
    samples: int = 1000,
    data: Path | None = None,
    simulator: str = "verilator",
    waves: bool = False,
    seed: int = 1,
    only: int | None = None,
    say: Say = silent,
) -> dict[str, Any]:
    """Simulate a build against the integer reference, through every claim of the bench.

    Raises:
        Mismatch, ProtocolViolation: with layer, index, expected, got, seed and the line that replays it.
        ToolMissing, ToolFailed: of the simulator.
    """
    opened = Output.open(Path(out))
    graph = opened.graph
    codes = to_codes(graph, read_data(graph, data))[0] if data else None
    vectors = make_vectors(graph, samples, seed, codes)
    if only is not None:
        vectors = vectors.only(only)
    say("vectors", f"{len(vectors)} samples, seed {seed}")
    result = simulate(
        opened.folder, vectors, simulator=simulator, waves=waves, seed=seed, trace=_trace(opened)
    )
    say("simulate", f"{simulator}, {result.samples} samples")
    facts = {
        "samples": result.samples,
        "mismatches": result.mismatches,
        "latency_cycles": result.latency_cycles,
        "interval": result.interval,
        "simulator": simulator,
        "seed": seed,
    }
    text = (
        f"{result.samples - result.mismatches}/{result.samples} samples match, latency "
        f"{result.latency_cycles} cycles, interval {result.interval} ({simulator}, seed {seed})"
    )
    if result.waves:
        facts["waves"] = [str(w) for w in result.waves]
        text += "".join(f"\nwaveform: {w}" for w in result.waves)
    return {**facts, "text": text}


def _trace(opened: Output) -> Callable[[Mapping[str, Codes]], dict[str, Codes]]:
    """Return the function that gives every stage's link, to name the first wrong layer."""

    def trace(inputs: Mapping[str, Codes]) -> dict[str, Codes]:
        config = tomllib.loads((opened.folder / "config.toml").read_text("utf-8"))
        goal = Goal(config["clock_mhz"], config.get("max_latency_ns"), config["style"])
        design = plan(opened.graph, load_board(config["board"]), goal, config["name"])
        return {
            stage.name: evaluate_wires(design.logic, inputs, stage.exports) for stage in design.stages
        }

    return trace


def verify(
    out: Path | str,
    *,
    against: str = "qkeras",
    samples: int = 10000,
    data: Path | None = None,
    seed: int = 1,
    say: Say = silent,
) -> dict[str, Any]:
    """Compare the integer reference with the model's own float32 forward pass.

    Raises:
        ConfigError: the build was not made from a Keras file.
        Mismatch: outputs differ; the first is named.
    """
    from hwgen.frontends.keras_live import oracle

    if against != "qkeras":
        raise ConfigError(f"unknown oracle {against!r}", "--against", "there is qkeras")
    opened = Output.open(Path(out))
    graph = opened.graph
    try:
        source = json.loads((opened.folder / "model" / "source.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            "the folder holds no Keras model to compare with",
            str(opened.folder),
            "build from the .h5, .keras or .json file instead of a bundle",
        ) from error
    codes = to_codes(graph, read_data(graph, data))[0] if data else None
    vectors = make_vectors(graph, samples, seed, codes)
    floats = {
        node.name: np.ldexp(vectors.inputs[node.name].astype(np.float64), -node.type.frac)
        for node in graph.inputs
    }
    say("vectors", f"{len(vectors)} samples, seed {seed}")
    folder = opened.folder / "model"
    weights = folder / source["weights"] if "weights" in source else None
    found = oracle(folder / source["model"], weights, floats, len(graph.outputs))
    say("qkeras", "float32 forward pass done")
    wrong = _compare(graph, vectors, found)
    text = f"{len(vectors) - wrong[0]}/{len(vectors)} samples equal the float32 forward pass of {source['model']}"
    result = {"samples": len(vectors), "mismatches": wrong[0], "seed": seed, "text": text}
    if wrong[0]:
        raise Mismatch(f"{text}\n{wrong[1]}", str(opened.folder), f"replay with --seed {seed}")
    return result


def _compare(graph: Graph, vectors: Vectors, found: list[Any]) -> tuple[int, str]:
    """Return how many samples differ, and a line about the first."""
    bad = np.zeros(len(vectors), bool)
    first = ""
    for out, values in zip(graph.outputs, found, strict=True):
        codes = vectors.outputs[out.name]
        exact = (values.astype(np.float64) - np.array(out.offset)) / np.array(out.scale)
        # On a power-of-two grid float32 says the code itself; elsewhere its rounding is taken off.
        want = exact if out.exact else np.rint(exact)
        differs = (want != codes).reshape(len(vectors), -1)
        rows = np.flatnonzero(differs.any(axis=1))
        if len(rows) and not first:
            element = int(np.flatnonzero(differs[rows[0]])[0])
            first = (
                f"first: output {out.name}, sample {rows[0]} ({vectors.label(int(rows[0]))}), element {element}: "
                f"the model gives {exact.reshape(len(vectors), -1)[rows[0], element]:g}, the reference "
                f"{codes.reshape(len(vectors), -1)[rows[0], element]}"
            )
        bad[rows] = True
    return int(bad.sum()), first
