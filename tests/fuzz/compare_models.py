# SPDX-License-Identifier: Apache-2.0
"""One random model, stored, read, converted and held against Keras."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from hwgen.errors import HwgenError, ToolFailed
from hwgen.frontends import read
from hwgen.frontends.keras.live import from_keras, logits, opened
from hwgen.frontends.options import Options
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.reference import Reference
from hwgen.verify.announced import differing, reasons
from tests.fuzz.random_models import Maker

FORMS = ("h5", "keras", "json", "live")
SAMPLES = 120


@dataclass(frozen=True)
class Outcome:
    """How a model fared.

    Attributes:
        built: it has an exact integer form.
        said: the refusal, or the first difference.
        wrong: outputs differ, and no note of the graph says why.
        announced: they differ as its notes say.
        made: Keras itself can make and load it.
    """

    built: bool
    said: str = ""
    wrong: bool = False
    announced: bool = False
    made: bool = True


def keras_roof() -> SimpleNamespace:
    """Return Keras, QKeras and the pruning toolkit under one roof."""
    import qkeras
    import tensorflow as tf
    from tensorflow_model_optimization.sparsity import keras as sparsity

    layers = {n: getattr(tf.keras.layers, n) for n in dir(tf.keras.layers) if n[0].isupper()}
    quantized = {n: getattr(qkeras, n) for n in dir(qkeras) if n.startswith("Q")}
    return SimpleNamespace(
        **layers,
        **quantized,
        tf=tf,
        Model=tf.keras.Model,
        Sequential=tf.keras.Sequential,
        prune_low_magnitude=sparsity.prune_low_magnitude,
        ConstantSparsity=sparsity.ConstantSparsity,
        prune_scope=sparsity.prune_scope,
    )


def codes_of(graph: Graph, seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Return input codes: the ends of the interval, zeros, noise."""
    rng = np.random.default_rng(seed)
    found = {}
    for node in graph.inputs:
        lo, hi = int(node.type.lo.min()), int(node.type.hi.max())
        x = rng.integers(lo, hi + 1, (SAMPLES, *node.type.shape))
        x[: SAMPLES // 3] = np.clip(rng.normal(0, (hi - lo) / 12, x[: SAMPLES // 3].shape), lo, hi)
        x[0], x[1], x[2] = lo, hi, 0
        found[node.name] = x
    return found


def save(model: Any, form: str, folder: Path) -> tuple[Path, Path | None]:
    """Store a model; return its file and its weights file."""
    path = folder / f"m.{'json' if form == 'json' else form}"
    weights = folder / "m_weights.h5" if form == "json" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if weights is None:
            model.save(path, include_optimizer=False) if form == "h5" else model.save(path)
        else:
            path.write_text(model.to_json(), "utf-8")
            model.save_weights(weights)
    return path, weights


def outcome(k: SimpleNamespace, seed: int, form: str, folder: Path, strange: float) -> Outcome:
    """Make the model of a seed, store it in that form, and compare.

    Any exception but a refusal is a crash, and is raised.
    """
    k.tf.keras.backend.clear_session()
    k.tf.keras.utils.set_random_seed(seed)
    maker = Maker(k, seed, strange)
    try:
        model = maker.model()
    except (TypeError, ValueError, k.tf.errors.OpError) as error:  # mostly of a float format
        return Outcome(False, f"Keras cannot make it: {error}"[:200], made=False)
    maker.draw(model)
    try:
        path, weights = save(model, "h5" if form == "live" else form, folder)
    except ValueError as error:
        return Outcome(False, f"Keras cannot store it: {error}", made=False)
    try:
        # An input that no layer reads has no quantizer behind it.
        formats = {"": Fixed.parse("s7.4")} if len(model.inputs) > 1 else {}
        options = Options(formats, weights=weights)
        graph = from_keras(model, options) if form == "live" else read(path, options)
    except HwgenError as error:
        return Outcome(False, str(error))
    codes = codes_of(graph, seed)
    got = Reference(graph).run(codes)
    floats = {n.name: codes[n.name] * 2.0**-n.type.frac for n in graph.inputs}
    try:
        model = opened(path, weights)
    except ToolFailed as error:
        return Outcome(False, f"Keras cannot load it: {error}", made=False)
    wants = logits(model, floats)
    for out, want in zip(graph.outputs, wants, strict=True):
        if got[out.name].shape != want.shape:
            have = got[out.name].shape
            return Outcome(True, f"{out.name}: shape {have}, Keras {want.shape}", True)
    differs = differing(graph.outputs, got, wants)
    announced = bool(differs.any())
    if announced:
        rows = np.flatnonzero(differs)
        some = {name: each[rows] for name, each in codes.items()}
        told = reasons(model, options, graph.notes, some, [want[rows] for want in wants])
        differs[rows] = ~told.rows
    if differs.any():
        row, first = int(np.argmax(differs)), graph.outputs[0].name
        said = f"{first}[{row}]: {got[first][row].tolist()}, Keras {wants[0][row].tolist()}"
        notes = "; ".join(graph.notes) or "no note"
        said = f"{said[:300]} ({int(differs.sum())} of {len(differs)} samples; {notes})"
        return Outcome(True, said, True)
    return Outcome(True, announced=announced)
