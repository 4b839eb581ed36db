# SPDX-License-Identifier: Apache-2.0
"""Demo: one real model, from its file to RTL that is simulated and compared with Keras."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hwgen import paths
from hwgen.api.build import Build, build
from hwgen.api.predict import predict
from hwgen.api.results import VerbResult
from hwgen.api.sim import Simulated, sim
from hwgen.api.verify import Verdict, verify
from hwgen.errors import ToolMissing, count_of
from hwgen.ir.graph import Graph
from hwgen.progress import Progress, silent
from hwgen.report.text import term_count

BOARD, CLOCK = "vcu118", "200MHz"
# The jet tagger's features are standardised, and its file says nothing of their format.
JET_FORMAT = "s16.10"


@dataclass(frozen=True)
class Subject:
    """A model to show.

    Attributes:
        name: of the design.
        title: one line for people.
        model: its file.
        weights: weights file of an architecture in JSON.
        input_format: where the model gives none.
        events: samples on the input grid (``.npy``), added to the random ones.
        labels: their classes (``.npy``), 1 where the only output is to be above zero.
    """

    name: str
    title: str
    model: Path
    weights: Path | None = None
    input_format: str | None = None
    events: Path | None = None
    labels: Path | None = None


def jet_tagger() -> Subject | None:
    """Return the 6-bit jet tagger where a `shared` folder lies beside the checkout, else None."""
    folder = paths.beside_checkout("shared")
    if folder is None:
        return None
    path = folder / "models" / "qkeras_3layer.json"
    weights = folder / "models" / "qkeras_3layer_weights.h5"
    if not (path.is_file() and weights.is_file()):
        return None
    return Subject("jet", "jet tagger, QKeras, 6 bits", path, weights, JET_FORMAT)


def shipped() -> Subject:
    """Return the gamma/hadron model that comes with the package."""
    folder = paths.demo()
    return Subject(
        "magic",
        "gamma/hadron separation of the MAGIC telescope, QKeras, 6 bits",
        folder / "magic.h5",
        events=folder / "events.npy",
        labels=folder / "labels.npy",
    )


@dataclass(frozen=True)
class Accuracy:
    """Accuracy on shipped events: how many the integer reference puts into the right class."""

    right: int
    events: int


@dataclass(frozen=True, repr=False)
class Demo(VerbResult):
    """Demo of one model.

    Attributes:
        subject: the model.
        built, simulated: results of these verbs.
        verified: of the comparison with Keras; None without TensorFlow.
        accuracy: where the model comes with labels.
        absent: how TensorFlow is installed, where it is missing.
    """

    subject: Subject
    built: Build
    simulated: Simulated
    verified: Verdict | None
    accuracy: Accuracy | None
    absent: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the figures of the report, and under ``sim``, ``verify`` and ``accuracy`` more."""
        return {
            **self.built.figures.as_dict(),
            "title": self.subject.title,
            "out": str(self.built.out),
            "sim": self.simulated.as_dict(),
            "verify": self.verified and self.verified.as_dict(),
            "accuracy": self.accuracy and asdict(self.accuracy),
        }

    def text(self) -> str:
        """Return the figures in a few lines, and which files to open next."""
        return _text(self)


def demo(
    out: Path, samples: int, progress: Progress = silent, subject: Subject | None = None
) -> Demo:
    """Build, simulate and verify the jet tagger, or the shipped model where there is none.

    Args:
        out: folder to write.
        samples: random samples for the simulator; the comparison with Keras takes ten times
            as many.
        progress: called with every step.
        subject: the one to show instead.

    Raises:
        HwgenError: whatever building, simulating or comparing meets.
    """
    chosen = subject or jet_tagger() or shipped()
    made = build(
        chosen.model, out, board=BOARD, weights=chosen.weights, clock=CLOCK,
        input_format=chosen.input_format, name=chosen.name, overwrite=True, progress=progress,
    )  # fmt: skip
    simulated = sim(out, samples=samples, data=chosen.events, progress=progress)
    verified, absent = None, ""
    try:
        verified = verify(out, samples=10 * samples, data=chosen.events, progress=progress)
    except ToolMissing as missing:
        absent = missing.hint
    return Demo(chosen, made, simulated, verified, _accuracy(made.graph, chosen), absent)


def _accuracy(graph: Graph, subject: Subject) -> Accuracy | None:
    """Return how many shipped events the integer reference puts into the right class."""
    if subject.events is None or subject.labels is None:
        return None
    logits = predict(graph, np.load(subject.events))
    right = (np.asarray(logits)[:, 0] > 0) == (np.load(subject.labels) == 1)
    return Accuracy(int(right.sum()), len(right))


def _text(made: Demo) -> str:
    facts, out = made.built.figures, made.built.out
    name = facts.name
    terms = {k: n for k, n in facts.terms.items() if n and k != "adder_bits"}
    zero, weights = facts.zeros, facts.weights
    rows = [
        ("board", f"{facts.board} ({facts.part}), {facts.clock_mhz:g} MHz"),
        (
            "latency",
            f"{count_of(facts.latency_cycles, 'cycle')} = {facts.latency_ns:g} ns, "
            f"interval {facts.interval}",
        ),
        ("logic", ", ".join(term_count(n, kind) for kind, n in terms.items())),
        ("weights", f"{weights:,}, {zero:,} of them zero ({100 * zero / weights:.0f} %)"),
        ("BOPs", f"{facts.bops:,}   EBOPs {facts.ebops:,}"),
        ("simulation", f"{_share(made.simulated)} samples: RTL equals the integer reference"),
        (
            "QKeras",
            f"{_share(made.verified)} samples: integer reference equals its float32 forward pass"
            if made.verified
            else f"not compared, TensorFlow is not installed ({made.absent})",
        ),
    ]
    if made.accuracy:
        right, events = made.accuracy.right, made.accuracy.events
        share = f"({100 * right / events:.1f} %)"
        rows.append(("accuracy", f"{right:,} of {events:,} test events right {share}"))
    ahead = [
        (f"{out}/rtl/hwg_{name}.sv", "the core: one instance a layer, in the model's names"),
        (f"{out}/rtl/hwg_{name}_axis.sv", "the same behind AXI-Stream"),
        (f"{out}/report.txt", "latency, logic and modelled resources, layer by layer"),
        (f"hwgen sim {out} --waves", "simulate again and write a waveform"),
    ]
    wide = max(len(what) for what, _ in ahead)
    return "\n".join(
        [
            f"{name}: {made.subject.title}",
            *(f"  {label:<11}{text}" for label, text in rows),
            "open next",
            *(f"  {what:<{wide}}  {why}" for what, why in ahead),
        ]
    )


def _share(result: Simulated | Verdict) -> str:
    return f"{result.samples - result.mismatches:,}/{result.samples:,}"
