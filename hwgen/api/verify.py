# SPDX-License-Identifier: Apache-2.0
"""Verification of a build: the integer reference against the model's own forward pass."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api.folder import BuildFolder
from hwgen.api.guard import at_work
from hwgen.api.results import VerbResult, record
from hwgen.api.samples import _vectors
from hwgen.errors import ConfigError, Mismatch
from hwgen.ir.graph import Graph
from hwgen.progress import Progress, silent
from hwgen.verify.vectors import Vectors


@dataclass(frozen=True, repr=False)
class Verdict(VerbResult):
    """Verdict of a comparison with the model's own forward pass.

    Attributes:
        samples, mismatches: how many were compared, how many differ.
        seed: of the random samples.
        source: name of the model file.
    """

    samples: int
    mismatches: int
    seed: int
    source: str

    def as_dict(self) -> dict[str, object]:
        """Return the figures."""
        return {"samples": self.samples, "mismatches": self.mismatches, "seed": self.seed}

    def text(self) -> str:
        """Return the result in a line."""
        return (
            f"{self.samples - self.mismatches}/{self.samples} samples equal the float32 forward "
            f"pass of {self.source} (seed {self.seed})"
        )


def verify(
    out: Path | str,
    *,
    against: str = "qkeras",
    samples: int = 10000,
    data: Path | None = None,
    seed: int = 1,
    allow_changed: bool = False,
    progress: Progress = silent,
) -> Verdict:
    """Compare the integer reference with the model's own float32 forward pass.

    Args:
        out: folder of the build.
        against: ``qkeras``.
        samples: random ones, besides the corners.
        data: file of samples to add.
        seed: of the random samples.
        allow_changed: go on where RTL or bench were edited; neither takes part here.
        progress: called with every step.

    Raises:
        ConfigError: the build was not made from a Keras file, or data that do not fit.
        Mismatch: outputs differ; the first is named, and the error carries the verdict.
        ToolMissing, ToolFailed: TensorFlow or QKeras is absent, or cannot load the model.
    """
    from hwgen.frontends.keras.live import oracle

    if against != "qkeras":
        raise ConfigError(f"unknown oracle {against!r}", "--against", "there is qkeras")
    opened = BuildFolder.open(Path(out), allow_changed)
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
    progress("vectors", f"{len(vectors)} samples, seed {seed}")
    weights = folder / "keras" / source["weights"] if "weights" in source else None
    found = oracle(folder / "keras" / source["model"], weights, floats, len(graph.outputs))
    progress("qkeras", "float32 forward pass done")
    wrong, first = _differences(graph, vectors, found)
    verdict = Verdict(len(vectors), wrong, seed, source["model"])
    with at_work(opened.folder, "hwgen verify"):
        record(opened.folder, "verify", verdict.as_dict())
    if wrong:
        hint = f"replay with --samples {verdict.samples} --seed {seed}"
        what = f"{verdict.text()}\n  {first}"
        raise Mismatch(what, str(opened.folder), hint, verdict.samples, wrong).carrying(verdict)
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
