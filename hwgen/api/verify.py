# SPDX-License-Identifier: Apache-2.0
"""Verification of a build: the integer reference against the model's own forward pass."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api.folder import BuildFolder
from hwgen.api.results import record
from hwgen.api.samples import _vectors
from hwgen.errors import ConfigError, Mismatch
from hwgen.ir.graph import Graph
from hwgen.progress import Say, silent
from hwgen.verify.vectors import Vectors


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
    from hwgen.frontends.keras.live import oracle

    if against != "qkeras":
        raise ConfigError(f"unknown oracle {against!r}", "--against", "there is qkeras")
    opened = BuildFolder.open(Path(out))
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
