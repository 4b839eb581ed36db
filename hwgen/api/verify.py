# SPDX-License-Identifier: Apache-2.0
"""Verification of a build: the integer reference against the model's own forward pass, or the C++.

The C++ that a build holds beside the Verilog is compiled here in every way this machine has.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.config import read_config, with_config
from hwgen.api.deviation import Deviation, HeadCheck, check_head, measured, own_outputs
from hwgen.api.folder import BuildFolder
from hwgen.api.guard import at_work
from hwgen.api.load import load
from hwgen.api.results import VerbResult, record
from hwgen.api.samples import sample_vectors
from hwgen.errors import ConfigError, Mismatch, count_of
from hwgen.frontends.keras import live, live_double
from hwgen.frontends.options import Options
from hwgen.ir.graph import Graph
from hwgen.progress import Progress, silent
from hwgen.verify.announced import differing, distance, floats_of, output_codes, reasons
from hwgen.verify.compile_hls import Compiled, compilations, samples_for
from hwgen.verify.self_check import reached
from hwgen.verify.vectors import Vectors

_FRAMES = 500  # samples that go through the AXI-Stream top of the C++
_BOUNDED = 20  # samples that go through streams of their own depth, a thread a stage


@dataclass(frozen=True, repr=False)
class Verdict(VerbResult):
    """Verdict of a comparison with the model's own forward pass, or with the HLS C++.

    Attributes:
        samples: how many were compared.
        mismatches: how many differ, and nothing announced it.
        seed: of the random samples.
        source: name of the model file.
        announced: how many differ as the notes of the build said they may.
        because: these notes.
        compilations: of C++: compiler, integers and samples of each.
        deviation: from the original model, where the user gave formats or a layer is outside.
        head: what was found of an arg max or a softmax on the outputs.
    """

    samples: int
    mismatches: int
    seed: int
    source: str
    announced: int = 0
    because: tuple[str, ...] = ()
    compilations: tuple[str, ...] = ()
    deviation: Deviation | None = None
    head: HeadCheck | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the figures; those of one kind of comparison only where there are some."""
        plain = {"samples": self.samples, "mismatches": self.mismatches, "seed": self.seed}
        if self.compilations:
            return {**plain, "compilations": list(self.compilations)}
        apart = {"announced": self.announced, "because": list(self.because)}
        off = {} if self.deviation is None else {"deviation": self.deviation.as_dict()}
        head = {} if self.head is None else {"head": self.head.as_dict()}
        return {**plain, **(apart if self.announced else {}), **off, **head}

    def text(self) -> str:
        """Return the result in a line, and what was announced."""
        equal = self.samples - self.mismatches - self.announced
        if self.compilations:
            head = f"{equal}/{self.samples} samples of the HLS C++ equal the reference"
            told = [f"  {line}" for line in self.compilations]
            return "\n".join([f"{head} (seed {self.seed})", *told])
        own = "the float32 forward pass of"
        if self.deviation is not None:
            own = "Keras' layers, in double precision and rounded as asked for, of"
        lines = [f"{equal}/{self.samples} samples equal {own} {self.source} (seed {self.seed})"]
        if self.announced:
            differ = count_of(self.announced, "sample differs", "samples differ")
            lines.append(f"{differ} as the build announced:")
            lines += [f"  {note}" for note in self.because]
        lines += [] if self.deviation is None else self.deviation.lines()
        lines += [] if self.head is None else [self.head.line()]
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
    """Compare the integer reference with the model's own float32 forward pass, or with HLS C++.

    Args:
        out: folder of the build.
        against: ``qkeras``; or ``hls``: the C++ in ``hls/``, compiled with g++ and clang++, with
            plain integers and, where their headers are here, with ap_int and ac_int.
        samples: random ones, besides the corners.
        data: file of samples to add.
        seed: of the random samples.
        allow_changed: go on where RTL, C++ or bench were edited.
        progress: called with every step.

    Raises:
        ConfigError: the build was not made from a Keras file, or holds no C++; data that do not
            fit.
        Mismatch: outputs differ; the first is named, and the error carries the verdict.
        ToolMissing, ToolFailed: TensorFlow or QKeras is absent, or cannot load the model; there is
            no C++ compiler, or it refuses the C++.
    """
    if against not in ("qkeras", "hls"):
        raise ConfigError(f"unknown oracle {against!r}", "--against", "there are qkeras and hls")
    opened = BuildFolder.open(Path(out), allow_changed)
    if against == "hls":
        return _compiled(
            opened, sample_vectors(opened.graph, samples, seed, data), samples, progress
        )
    graph = opened.graph
    if not (opened.folder / "model" / "source.json").is_file():
        raise ConfigError(
            "the build holds no Keras model to compare with",
            str(opened.folder),
            "build from the .h5, .keras or .json file instead; what is built of a bundle is held "
            "against its integers by hwgen sim, and by hwgen verify --prove",
        )
    path, weights = _source(opened.folder)
    options = with_config(Options(weights=weights), read_config(opened.folder / "config.toml"))
    headed, head = graph, options.head or "logits"
    if head != "logits":  # the model's own outputs are compared, then what is made of them
        options = replace(options, head="")
        graph = load(path, options=options)
    vectors = sample_vectors(graph, samples, seed, data)
    progress("vectors", f"{count_of(len(vectors), 'sample')}, seed {seed}")
    floats = floats_of(graph, vectors.inputs)
    given = bool(options.formats or options.weight_formats or graph.input_scalers)
    model = live.opened(path, options.weights)
    off = None
    if given:
        outside = [scaler.layer for scaler in graph.input_scalers]
        found: list[Any] = [*live_double.outputs_of(model, options, floats, outside)]
        off = measured(graph, model, options, floats, data)
        progress("qkeras", "forward pass in double precision done")
    else:
        found = own_outputs(model, options, floats)
        progress("qkeras", "float32 forward pass done")
    differs = differing(graph.outputs, vectors.outputs, found)
    because: tuple[str, ...] = ()
    announced = np.zeros(len(vectors), bool)
    if differs.any() and graph.notes and not given:
        rows = np.flatnonzero(differs)
        some = {name: codes[rows] for name, codes in vectors.inputs.items()}
        told = reasons(model, options, graph.notes, some, [each[rows] for each in found])
        announced[rows], because = told.rows, told.notes
        progress("notes", f"{int(announced.sum())} of {len(rows)} as the build announced")
    made = None
    if head != "logits":
        made = check_head(headed, graph, vectors.inputs, head)
        differs |= made.flipped
    faults = differs & ~announced
    wrong = int(faults.sum())
    verdict = Verdict(
        len(vectors), wrong, seed, path.name, int(announced.sum()), because, deviation=off,
        head=made
    )  # fmt: skip
    with at_work(opened.folder, "hwgen verify"):
        shares = {"reached": reached(graph, vectors.inputs)}
        record(opened.folder, "verify", {**verdict.as_dict(), **shares})
    if wrong:
        hint = f"replay with --samples {samples} --seed {seed}"
        what = f"{verdict.text()}\n  {_first(graph, vectors, found, faults)}"
        raise Mismatch(what, str(opened.folder), hint, verdict.samples, wrong).carrying(verdict)
    return verdict


def _compiled(opened: BuildFolder, vectors: Vectors, asked: int, progress: Progress) -> Verdict:
    """Return the verdict on the C++ of a build.

    Raises:
        Mismatch: as `verify`.
    """
    wrong, first, told = np.zeros(len(vectors), bool), "", list[str]()
    for how in compilations():
        count = samples_for(opened.design, how.integers, len(vectors))
        # Corners and every kind of random samples are among the first rows.
        some = vectors.rows(0, count)
        with tempfile.TemporaryDirectory() as scratch:
            made = Compiled(opened.folder, opened.design, how, Path(scratch))
            found, more = made.run(some), ""
            if how.integers.include is None and some.equal(found):
                more = _more(made, some)
        rows = np.zeros(count, bool)
        for port, codes in some.outputs.items():
            differs = (found[port] != codes).reshape(count, -1)
            rows |= differs.any(axis=1)
            if not first and differs.any():
                row, element = (int(i) for i in np.argwhere(differs)[0])
                first = (
                    f"first: {how}, output {port}, sample {row} ({vectors.label(row)}), element "
                    f"{element}: {found[port].reshape(count, -1)[row, element]}, the reference "
                    f"{codes.reshape(count, -1)[row, element]}"
                )
        wrong[:count] |= rows
        told.append(f"{how}: {count - int(rows.sum())} of {count_of(count, 'sample')} equal")
        told[-1] += more
        progress("compiled", told[-1])
    mismatches = int(wrong.sum())
    verdict = Verdict(len(vectors), mismatches, vectors.seed, "hls/", compilations=tuple(told))
    with at_work(opened.folder, "hwgen verify"):
        record(opened.folder, "hls", verdict.as_dict())
    if mismatches:
        hint = f"replay with --against hls --samples {asked} --seed {vectors.seed}"
        what, where = f"{verdict.text()}\n  {first}", str(opened.folder)
        raise Mismatch(what, where, hint, len(vectors), mismatches).carrying(verdict)
    return verdict


def _more(made: Compiled, vectors: Vectors) -> str:
    """Return what else is found of C++ that computes the right numbers: its frames, its FIFOs."""
    frames = vectors.rows(0, min(len(vectors), _FRAMES))
    made.run_axis(frames)
    told = f", {len(frames)} in frames"
    if made.design.style == "stream" and made.how.compiler.name == "g++":
        few = vectors.rows(0, min(len(vectors), _BOUNDED))
        if not few.equal(made.run_bounded(few)):
            raise Mismatch("stages in threads give other numbers", made.names.top)
        told += f", {len(few)} with a thread a stage and bounded FIFOs"
    return told


def _source(folder: Path) -> tuple[Path, Path | None]:
    """Return the model file that a build keeps, and its weights file."""
    source = json.loads((folder / "model" / "source.json").read_text("utf-8"))
    kept = folder / "model" / "keras"
    return kept / source["model"], kept / source["weights"] if "weights" in source else None


def _first(graph: Graph, vectors: Vectors, found: list[Any], faults: npt.NDArray[np.bool_]) -> str:
    """Return a line about the first difference that nothing announced."""
    row = int(np.flatnonzero(faults)[0])
    for out, values in zip(graph.outputs, found, strict=True):
        codes = vectors.outputs[out.name][row]
        wrong = np.flatnonzero(distance(out, codes[None], values[row][None])[0])
        if len(wrong):
            element = int(wrong[0])
            theirs = output_codes(out, values[row][None])[0, element]
            return (
                f"first: output {out.name}, sample {row} ({vectors.label(row)}), element {element}:"
                f" the model gives {theirs:g}, the reference {codes.reshape(-1)[element]}"
            )
    raise AssertionError("a sample that differs has an output that differs")
