# SPDX-License-Identifier: Apache-2.0
"""Trained models of the shared folder, where it is there: the graph against Keras' own forward."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from hwgen.api.quantize import quantize
from hwgen.errors import ModelProblems
from hwgen.frontends.keras.file import read_keras
from hwgen.frontends.keras.live import oracle
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.reference import Reference

pytestmark = [
    pytest.mark.ci,
    pytest.mark.keras,
    # Of QKeras' own initialisers.
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
]

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models"
QUANTIZED = [
    (model, weights, text, samples)
    for model, weights, text, samples in (
        ("qkeras_3layer.json", "qkeras_3layer_weights.h5", "s8.4", 100_000),
        ("qkeras_3layer.json", "qkeras_3layer_weights.h5", "s16.10", 100_000),
        ("QKERAS_3layer.h5", None, "s8.4", 100_000),
        ("QKERAS_3layer.h5", None, "s16.10", 100_000),
        ("RN06_resnet_cifar10_8b.h5", None, "u8.8", 1_000),
    )
    if (SHARED / model).is_file()
]
FLOAT = [
    (path, weights)
    for path in sorted([*SHARED.glob("KERAS_*.json"), *SHARED.glob("jetTagger*.json")])
    for weights in sorted(SHARED.glob(f"{path.stem}_weights.h5"))
]


def load(model: str, weights: str | None, text: str) -> Graph:
    stored = read_keras(SHARED / model, None if weights is None else SHARED / weights)
    return convert(stored, Options({"": Fixed.parse(text)}))


def codes_for(graph: Graph, samples: int, seed: int) -> npt.NDArray[np.int64]:
    """Uniform noise, small values, corners and sparse samples."""
    rng = np.random.default_rng(seed)
    (node,) = graph.inputs
    lo, hi = int(node.type.lo.min()), int(node.type.hi.max())
    x = rng.integers(lo, hi + 1, (samples, *node.type.shape))
    half = samples // 2
    x[:half] = np.clip(rng.normal(0, (hi - lo) / 8, x[:half].shape).astype(np.int64), lo, hi)
    x[: half // 2][rng.random(x[: half // 2].shape) < 0.7] = max(lo, 0)
    x[0], x[1], x[2] = lo, hi, max(lo, 0)
    return x


@pytest.mark.parametrize(("model", "weights", "text", "samples"), QUANTIZED)
def test_logits_equal_keras(model: str, weights: str | None, text: str, samples: int) -> None:
    graph = load(model, weights, text)
    (node,), (out,) = graph.inputs, graph.outputs
    x = codes_for(graph, samples, 7)
    floats = np.ldexp(x.astype(np.float64), -node.type.frac).astype(np.float32)
    path = None if weights is None else SHARED / weights
    (want,) = oracle(SHARED / model, path, {node.name: floats}, 1)
    got = Reference(graph).run({node.name: x})[out.name]
    assert out.exact
    assert np.count_nonzero(got * np.array(out.scale) != want) == 0
    assert len(np.unique(np.argmax(got, 1))) > 1
    assert [n for n in graph.notes if "is dropped; the outputs are the logits" in n]


SIGNED = ("binary", "ternary")


@pytest.mark.parametrize(("model", "weights"), FLOAT, ids=lambda p: p.stem)
def test_every_model_gets_a_graph(model: Path, weights: Path) -> None:
    """Those of scripts' classes as they are, float ones through quantization."""
    if any(word in model.name for word in SIGNED):
        assert convert(read_keras(model, weights), Options({"": Fixed.parse("s8.4")}))
        return
    stored = read_keras(model, weights)
    shape = stored.config["config"]
    layers = shape if isinstance(shape, list) else shape["layers"]
    size = next(
        c["config"]["batch_input_shape"] for c in layers if "batch_input_shape" in c["config"]
    )
    x = np.random.default_rng(1).normal(0.3, 1, (100, *size[1:]))
    made = quantize(model, x, weights=weights)
    assert made.graph.outputs


@pytest.mark.parametrize(
    ("model", "weights"),
    [f for f in FLOAT if not any(word in f[0].name for word in SIGNED)],
    ids=lambda p: p.stem,
)
def test_float_models_are_refused(model: Path, weights: Path) -> None:
    with pytest.raises(ModelProblems) as caught:
        convert(read_keras(model, weights), Options({"": Fixed.parse("s8.4")}))
    text = str(caught.value)
    assert text.startswith(model.name)
    assert "post-training quantization" in text
    assert len(caught.value.problems) >= 2 or "_1layer" in model.name
