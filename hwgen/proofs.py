# SPDX-License-Identifier: Apache-2.0
"""Proofs of a build: logic against reference, RTL against reference, reference against Keras."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen import __version__
from hwgen.errors import ConfigError, Mismatch, VerifyError
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import Codes
from hwgen.logic.evaluate import evaluate
from hwgen.opened import Output, read_data, to_codes
from hwgen.plan.board import board_from
from hwgen.plan.design import Design
from hwgen.plan.goal import Goal, check_seed
from hwgen.plan.planner import plan
from hwgen.progress import Say, silent
from hwgen.record import record
from hwgen.verify.reference import Reference
from hwgen.verify.simulate import Trace, simulate, trace_of
from hwgen.verify.vectors import Vectors, corner_vectors, data_vectors, join, random_vectors

SELF_CHECK = 256  # samples on which every build compares its logic with the reference
MAX_VALUES = 1 << 28  # of all samples together, inputs and outputs: 2 GiB


def make_vectors(
    graph: Graph, samples: int, seed: int, data: Mapping[str, Codes] | None = None
) -> Vectors:
    """Return corner, seeded random and data vectors with the reference's outputs.

    Raises:
        ConfigError: fewer than one sample, more than memory holds, or a seed out of range.
    """
    check_counts(graph, samples, seed)
    types = {node.name: node.type for node in graph.inputs}
    parts = [corner_vectors(types), random_vectors(types, samples, seed)]
    if data is not None:
        parts.append(data_vectors(types, data))
    inputs = join(parts)
    return inputs.with_outputs(Reference(graph).run(inputs.inputs))


def check_counts(graph: Graph, samples: int, seed: int) -> None:
    """Refuse numbers of samples and seeds that cannot be used.

    Raises:
        ConfigError: they are out of range.
    """
    most = MAX_VALUES // sum(node.type.size for node in (*graph.inputs, *_leaving(graph)))
    if not 1 <= samples <= most:
        raise ConfigError(
            f"{samples} samples: 1 to {most:,} are possible for this model",
            "--samples",
            "ask for another number",
        )
    check_seed(seed)


def _leaving(graph: Graph) -> list[Node]:
    return [graph[out.node] for out in graph.outputs]


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
                f"the lowered logic gives {got[out.name][row, element]} for element {element} of "
                f"sample {row}, the reference {want[row, element]}",
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

    Returns:
        ``samples``, ``mismatches``, ``latency_cycles``, ``interval``, ``simulator``, ``seed``,
        ``text`` for people, and ``waves`` (paths) if asked for.

    Raises:
        Mismatch, ProtocolViolation: with layer, index, expected, got, seed and what replays it.
        ToolMissing, ToolFailed: of the simulator.
        ConfigError: no build there, data that do not fit, or a folder that cannot be written.
    """
    opened = Output.open(Path(out))
    vectors = _vectors(opened.graph, samples, seed, data)
    if only is not None:
        vectors = vectors.only(only)
    say("vectors", f"{len(vectors)} samples, seed {seed}")
    again = ["hwgen", "sim", str(out), f"--samples={samples}", f"--seed={seed}"]
    again += [f"--data={data}"] * (data is not None)
    again += [f"--simulator={simulator}"] * (simulator != "verilator")
    try:
        result = simulate(
            opened.folder, vectors, simulator=simulator, waves=waves, seed=seed,
            trace=_trace(opened), replay=shlex.join(again),
        )  # fmt: skip
    except VerifyError as error:
        if only is None:
            told = {"samples": len(vectors), "mismatches": getattr(error, "mismatches", 0)}
            how = {"simulator": simulator, "seed": seed, "failed": error.what}
            record(opened.folder, "sim", {**told, **how})
        raise
    except OSError as error:  # it compiles in the build folder
        raise ConfigError(
            f"the simulation cannot write its files ({error.strerror or error})",
            str(out),
            "make the folder writable, or copy it to where you can write",
        ) from error
    say("simulate", f"{simulator}, {result.samples} samples")
    facts: dict[str, Any] = {
        "samples": result.samples,
        "mismatches": result.mismatches,
        "latency_cycles": result.latency_cycles,
        "interval": result.interval,
        "simulator": simulator,
        "seed": seed,
    }
    if only is None:
        record(opened.folder, "sim", facts)
    text = (
        f"{result.samples - result.mismatches}/{result.samples} samples match, latency "
        f"{result.latency_cycles} cycles, interval {result.interval} ({simulator}, seed {seed})"
    )
    if result.waves:
        facts["waves"] = [str(w) for w in result.waves]
        text += "".join(f"\nwaveform: {w}" for w in result.waves)
    return {**facts, "text": text}


def _vectors(graph: Graph, samples: int, seed: int, data: Path | None) -> Vectors:
    check_counts(graph, samples, seed)
    codes = to_codes(graph, read_data(graph, data))[0] if data else None
    return make_vectors(graph, samples, seed, codes)


def _trace(opened: Output) -> Trace | None:
    """Return the function that gives every stage's link, to name the first wrong layer.

    The design is planned again for it, which only the hwgen that built it does alike.
    """
    if opened.version != __version__:
        return None

    def trace(inputs: Mapping[str, Codes]) -> Mapping[str, Codes]:
        config = tomllib.loads((opened.folder / "config.toml").read_text("utf-8"))
        board = json.loads((opened.folder / "board.json").read_text("utf-8"))
        goal = Goal(
            config["clock_mhz"], config.get("max_latency_ns"), config["style"],
            config.get("effort", 1), config.get("seed", 1),
        )  # fmt: skip
        return trace_of(plan(opened.graph, board_from(board), goal, config["name"]))(inputs)

    return trace


@dataclass(frozen=True)
class Verdict:
    """What a comparison with the model's own forward pass showed.

    Attributes:
        samples, mismatches: how many were compared, how many differ.
        seed: of the random samples.
        text: the result in a line.
        first: the first difference in a line; empty when there is none.
        folder: the build.
    """

    samples: int
    mismatches: int
    seed: int
    text: str
    first: str
    folder: str

    def figures(self) -> dict[str, Any]:
        """Return what scripts read."""
        return {"samples": self.samples, "mismatches": self.mismatches, "seed": self.seed}

    def error(self) -> Mismatch | None:
        """Return what is raised for it, or None if all is equal."""
        if not self.mismatches:
            return None
        hint = f"replay with --samples {self.samples} --seed {self.seed}"
        return Mismatch(
            f"{self.text}\n  {self.first}", self.folder, hint, self.samples, self.mismatches
        )


def verify_build(
    out: Path | str,
    *,
    against: str = "qkeras",
    samples: int = 10000,
    data: Path | None = None,
    seed: int = 1,
    say: Say = silent,
) -> dict[str, Any]:
    """Compare the integer reference with the model's own float32 forward pass.

    Returns:
        ``samples``, ``mismatches`` (0), ``seed``, and ``text`` for people.

    Raises:
        ConfigError: the build was not made from a Keras file, or data that do not fit.
        Mismatch: outputs differ; the first is named. See `compare` for the figures.
        ToolMissing, ToolFailed: TensorFlow or QKeras is absent, or cannot load the model.
    """
    verdict = compare(out, against=against, samples=samples, data=data, seed=seed, say=say)
    error = verdict.error()
    if error is not None:
        raise error
    return {**verdict.figures(), "text": verdict.text}


def compare(
    out: Path | str,
    *,
    against: str = "qkeras",
    samples: int = 10000,
    data: Path | None = None,
    seed: int = 1,
    say: Say = silent,
) -> Verdict:
    """Do what `verify_build` does, and return what was found when outputs differ, too."""
    from hwgen.frontends.keras_live import oracle

    if against != "qkeras":
        raise ConfigError(f"unknown oracle {against!r}", "--against", "there is qkeras")
    opened = Output.open(Path(out))
    graph, folder = opened.graph, opened.folder / "model"
    if not (folder / "source.json").is_file():
        raise ConfigError(
            "the build holds no Keras model to compare with",
            str(opened.folder),
            "build from the .h5, .keras or .json file instead of a bundle",
        )
    source = json.loads((folder / "source.json").read_text("utf-8"))
    vectors = _vectors(graph, samples, seed, data)
    floats = {
        node.name: np.ldexp(vectors.inputs[node.name].astype(np.float64), -node.type.frac)
        for node in graph.inputs
    }
    say("vectors", f"{len(vectors)} samples, seed {seed}")
    weights = folder / "keras" / source["weights"] if "weights" in source else None
    found = oracle(folder / "keras" / source["model"], weights, floats, len(graph.outputs))
    say("qkeras", "float32 forward pass done")
    wrong, first = _differences(graph, vectors, found)
    text = (
        f"{len(vectors) - wrong}/{len(vectors)} samples equal the float32 forward pass of "
        f"{source['model']} (seed {seed})"
    )
    verdict = Verdict(len(vectors), wrong, seed, text, first, str(opened.folder))
    record(opened.folder, "verify", verdict.figures())
    return verdict


def _differences(graph: Graph, vectors: Vectors, found: list[Any]) -> tuple[int, str]:
    """Return how many samples differ, and a line about the first."""
    bad = np.zeros(len(vectors), bool)
    first = ""
    for out, values in zip(graph.outputs, found, strict=True):
        codes = vectors.outputs[out.name].reshape(len(vectors), -1)
        exact = (values.astype(np.float64) - np.array(out.offset)) / np.array(out.scale)
        exact = exact.reshape(len(vectors), -1)
        # On a power-of-two grid float32 says the code itself; elsewhere its rounding is taken off.
        differs = (exact if out.exact else np.rint(exact)) != codes
        rows = np.flatnonzero(differs.any(axis=1))
        if len(rows) and not first:
            row = int(rows[0])
            element = int(np.flatnonzero(differs[row])[0])
            first = (
                f"first: output {out.name}, sample {row} ({vectors.label(row)}), element {element}:"
                f" the model gives {exact[row, element]:g}, the reference {codes[row, element]}"
            )
        bad[rows] = True
    return int(bad.sum()), first
