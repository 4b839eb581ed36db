# SPDX-License-Identifier: Apache-2.0
"""Verification of a build: the integer reference against the model's own forward pass."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.config import read_config, with_config
from hwgen.api.folder import BuildFolder
from hwgen.api.guard import at_work
from hwgen.api.load import load
from hwgen.api.results import VerbResult, record
from hwgen.api.samples import _vectors
from hwgen.errors import ConfigError, Mismatch, ModelError
from hwgen.frontends.keras import live
from hwgen.frontends.options import Options
from hwgen.ir.graph import Graph, Output
from hwgen.ir.tensor import Codes
from hwgen.ops.reference import Reference
from hwgen.progress import Progress, silent
from hwgen.verify.self_check import reached
from hwgen.verify.vectors import Vectors

# Words of notes that announce what the framework computes on one machine, or without a mask.
_MACHINE = re.compile(r"last (float32 )?bit|by the mask")
# Words of notes that announce rounding of the model's own float32, which flips a code by one.
_ROUNDING = ("float32 sums round", "float32 rounds", "straight-through sum", "last bit of")


@dataclass(frozen=True, repr=False)
class Verdict(VerbResult):
    """Verdict of a comparison with the model's own forward pass.

    Attributes:
        samples: how many were compared.
        mismatches: how many differ, and nothing announced it.
        seed: of the random samples.
        source: name of the model file.
        announced: how many differ as the notes of the build said they may.
        because: these notes.
    """

    samples: int
    mismatches: int
    seed: int
    source: str
    announced: int = 0
    because: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the figures; those of announced differences only where there are some."""
        plain = {"samples": self.samples, "mismatches": self.mismatches, "seed": self.seed}
        apart = {"announced": self.announced, "because": list(self.because)}
        return {**plain, **(apart if self.announced else {})}

    def text(self) -> str:
        """Return the result in a line, and what was announced."""
        equal = self.samples - self.mismatches - self.announced
        lines = [
            f"{equal}/{self.samples} samples equal the float32 forward pass of {self.source} "
            f"(seed {self.seed})"
        ]
        if self.announced:
            lines.append(f"{self.announced} samples differ as the build announced:")
            lines += [f"  {note}" for note in self.because]
        return "\n".join(lines)


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
    found = live.oracle(folder / "keras" / source["model"], weights, floats, len(graph.outputs))
    progress("qkeras", "float32 forward pass done")
    differs = _differences(graph, vectors, vectors.outputs, found)
    because: tuple[str, ...] = ()
    announced = np.zeros(len(vectors), bool)
    if differs.rows.any() and graph.notes:
        announced, because = _announced(opened, vectors, found, differs)
        progress("notes", f"{int(announced.sum())} differences were announced by the build")
    faults = differs.rows & ~announced
    wrong = int(faults.sum())
    verdict = Verdict(
        len(vectors), wrong, seed, source["model"], int(announced.sum()), because
    )  # fmt: skip
    with at_work(opened.folder, "hwgen verify"):
        shares = {"reached": reached(graph, vectors.inputs)}
        record(opened.folder, "verify", {**verdict.as_dict(), **shares})
    if wrong:
        hint = f"replay with --samples {samples} --seed {seed}"
        what = f"{verdict.text()}\n  {_first(graph, vectors, found, faults)}"
        raise Mismatch(what, str(opened.folder), hint, verdict.samples, wrong).carrying(verdict)
    return verdict


@dataclass(frozen=True)
class _Differences:
    """Samples that differ, and those of them where every wrong code is off by one."""

    rows: npt.NDArray[np.bool_]
    by_one: npt.NDArray[np.bool_]


def _codes_of(out: Output, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the codes of float32 outputs, a row a sample.

    On a power-of-two grid float32 says the code itself; elsewhere its rounding is taken off.
    """
    exact = (values.astype(np.float64) - np.array(out.offset)) / np.array(out.scale)
    codes: npt.NDArray[np.float64] = exact.reshape(len(values), -1)
    return codes if out.exact else np.rint(codes)


def _differences(
    graph: Graph, vectors: Vectors, expected: Mapping[str, Codes], found: list[Any]
) -> _Differences:
    rows, far = np.zeros(len(vectors), bool), np.zeros(len(vectors), bool)
    for out, values in zip(graph.outputs, found, strict=True):
        codes = expected[out.name].reshape(len(vectors), -1)
        off = np.abs(_codes_of(out, values) - codes)
        rows |= (off != 0).any(axis=1)
        far |= ~(off <= 1).all(axis=1)
    return _Differences(rows, rows & ~far)


def _announced(
    opened: BuildFolder, vectors: Vectors, found: list[Any], differs: _Differences
) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Return which differences the build's notes announced, and these notes.

    The model is converted once more as the framework itself computes it on this machine: with its
    own last bit of ``1 / sqrt(x)``, and without masks that it does not know. Samples that agree
    with that graph differ for these reasons alone. Where a note says that float32 rounds or that
    its last bit decides, codes that are off by one are announced as well: TensorFlow rounds a
    normalisation differently when it compiles it into other kernels.
    """
    graph, folder = opened.graph, opened.folder
    source = json.loads((folder / "model" / "source.json").read_text("utf-8"))
    options = with_config(Options(), read_config(folder / "config.toml"))
    weights = folder / "model" / "keras" / source["weights"] if "weights" in source else None
    own = replace(options, weights=weights, root=live.own_root)
    try:
        theirs = load(folder / "model" / "keras" / source["model"], options=own)
        codes = Reference(theirs).run(vectors.inputs)
    except (ModelError, ConfigError):  # it has no exact form that way
        explained = np.zeros(len(vectors), bool)
    else:
        explained = differs.rows & ~_differences(theirs, vectors, codes, found).rows
    rounding = tuple(n for n in graph.notes if any(words in n for words in _ROUNDING))
    machine = tuple(n for n in graph.notes if _MACHINE.search(n))
    by_one = differs.by_one & ~explained if rounding else np.zeros(len(vectors), bool)
    because = (machine if explained.any() else ()) + (rounding if by_one.any() else ())
    return explained | by_one, tuple(dict.fromkeys(because))


def _first(graph: Graph, vectors: Vectors, found: list[Any], faults: npt.NDArray[np.bool_]) -> str:
    """Return a line about the first difference that nothing announced."""
    row = int(np.flatnonzero(faults)[0])
    for out, values in zip(graph.outputs, found, strict=True):
        codes = vectors.outputs[out.name].reshape(len(vectors), -1)[row]
        exact = _codes_of(out, values)[row]
        wrong = np.flatnonzero(exact != codes)
        if len(wrong):
            element = int(wrong[0])
            return (
                f"first: output {out.name}, sample {row} ({vectors.label(row)}), element {element}:"
                f" the model gives {exact[element]:g}, the reference {codes[element]}"
            )
    raise AssertionError("a sample that differs has an output that differs")
