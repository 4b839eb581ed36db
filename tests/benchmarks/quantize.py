# SPDX-License-Identifier: Apache-2.0
"""Ladder of post-training quantization on digits: methods, with and without bias correction.

``make bench-quantize`` prints it; with BLESS=1 it goes to docs/formats.md. Networks are trained by
scikit-learn; five seeds, a new split and network each.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from hwgen.api.samples import to_codes
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.qkeras.convert import convert
from hwgen.ops.reference import run_reference
from hwgen.passes import run_passes
from hwgen.quantize.model import Recipe, quantize
from tests.benchmarks.page import write_marked

SEEDS = range(5)
BITS = ((4, 4), (3, 4), (3, 3), (2, 4))
COLUMNS = (("minmax", False), ("aciq", False), ("mse", False), ("minmax", True), ("aciq", True),
           ("mse", True))  # fmt: skip
PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"


def layer(cls: str, name: str, **settings: Any) -> dict[str, Any]:
    return {"class_name": cls, "config": {"name": name, **settings}}


def network(seed: int) -> tuple[KerasModel, Any, Any, Any, float]:
    """Return a trained network as a Keras model, its calibration and test data, its accuracy."""
    x, y = load_digits(return_X_y=True)
    parts = train_test_split(x / 16, y, test_size=0.4, random_state=seed, stratify=y)
    train, test, train_y, test_y = parts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        made = MLPClassifier((64, 32), max_iter=120, random_state=seed).fit(train, train_y)
    sizes, acts = (64, 32, 10), ("relu", "relu", "softmax")
    layers = [layer("InputLayer", "x", batch_input_shape=[None, 64])]
    weights = {}
    for i, (kernel, bias) in enumerate(zip(made.coefs_, made.intercepts_, strict=True)):
        layers.append(layer("Dense", f"fc{i}", units=sizes[i], activation=acts[i]))
        weights[f"fc{i}"] = {"kernel": np.float32(kernel), "bias": np.float32(bias)}
    config = {"class_name": "Sequential", "config": {"name": "digits", "layers": layers}}
    return KerasModel(config, weights, "digits", "2"), train, test, test_y, made.score(test, test_y)


def table() -> str:
    """Return the ladder as a table."""
    nets = [network(seed) for seed in SEEDS]
    scores = [net[4] for net in nets]
    head = " | ".join(f"{m}{' + bias' if bias else ''}" for m, bias in COLUMNS)
    lines = [
        f"Float: {np.mean(scores):.2%}, standard deviation over the seeds {np.std(scores):.2%}.",
        "",
        f"| weights/activations | {head} |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for w, a in BITS:
        cells = []
        for method, bias in COLUMNS:
            found = []
            for model, train, test, truth, _ in nets:
                done = quantize(model, {"x": train}, Recipe(w, a, 8, method, bias))
                graph = run_passes(convert(done.model, done.options))
                codes, _ = to_codes(graph, {"x": test})
                (out,) = graph.outputs
                values = run_reference(graph, codes)[out.name] * np.array(out.scale) + out.offset
                found.append(float(np.mean(values.argmax(1) == truth)))
            cells.append(f"{np.mean(found):.1%}")
        lines.append(f"| {w}/{a} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    made = table()
    print(made)
    if "--bless" in sys.argv:
        write_marked(PAGE, "ladder", made)


if __name__ == "__main__":
    main()
