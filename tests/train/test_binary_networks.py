# SPDX-License-Identifier: Apache-2.0
"""Binary networks that ship: their figures, QKeras' own numbers, and their RTL in both styles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen import paths
from hwgen.api.build import build
from hwgen.api.load import load
from hwgen.frontends.keras import live
from hwgen.ir.graph import Graph
from hwgen.ops.base import Matmul
from hwgen.ops.reference import Reference
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, simulate
from tests.train.digits import MNIST

NAMES = ("bcnn", "bmlp")
HAVE = pytest.mark.skipif(not MNIST.is_file(), reason="the pictures are not beside this checkout")
KERAS = pytest.mark.keras
SIM = pytest.mark.sim


def network(name: str) -> tuple[Path, Graph, dict[str, Any]]:
    """A shipped network: its file, its graph, and its figures."""
    path = paths.binary_networks() / f"{name}.h5"
    return path, load(path), json.loads(path.with_suffix(".json").read_text("utf-8"))


def drawn(count: int, rng: np.random.Generator) -> np.ndarray:
    """Pictures with strokes, not MNIST's, and two of noise."""
    y, x = np.mgrid[0:28, 0:28]
    made = []
    for _ in range(count - 2):
        angle, across = rng.uniform(0, np.pi), rng.uniform(2, 9)
        far = (x - 14) * np.cos(angle) + (y - 14) * np.sin(angle)
        ring = np.abs(np.hypot(x - rng.uniform(9, 19), y - rng.uniform(9, 19)) - across)
        stroke = np.minimum(np.abs(far + rng.uniform(-5, 5)), ring)
        made.append(np.clip(255 - 90 * np.maximum(stroke - 0.8, 0), 0, 255))
    noise = rng.integers(0, 256, (2, 28, 28))
    return np.concatenate([np.array(made), noise]).astype(np.int64)[..., None]


def logits(graph: Graph, pictures: np.ndarray) -> np.ndarray:
    """The integers of the last layer."""
    return np.asarray(Reference(graph).run({graph.inputs[0].name: pictures})[graph.outputs[0].name])


@pytest.mark.parametrize("name", NAMES)
def test_every_product_is_of_single_bits(name: str) -> None:
    _, graph, figures = network(name)
    nodes = {node.name: node for node in graph.nodes}
    weights = 0
    for node in graph.nodes:
        if isinstance(node.op, Matmul):
            weight, source = np.asarray(node.op.weight), nodes[node.inputs[0]].type
            assert set(np.unique(weight)) == {-1, 1}
            assert set(np.unique([source.lo, source.hi])) <= {-1, 1}
            weights += weight.size
    assert weights == figures["weights"]


@pytest.mark.parametrize("name", NAMES)
def test_files_are_small_and_their_figures_are_written_down(name: str) -> None:
    path, _, figures = network(name)
    assert path.stat().st_size < 300_000
    notice = (path.parent / "NOTICE").read_text("utf-8")
    for right in (figures["right"], figures["float_right"]):
        assert f"{right:,} of the 10,000" in notice
    assert name != "bcnn" or figures["right"] >= 9_700


def same_as_qkeras(name: str, pictures: np.ndarray) -> np.ndarray:
    """Compare all logits, and return hwgen's."""
    path, graph, _ = network(name)
    (wanted,) = live.oracle(path, None, {graph.inputs[0].name: pictures.astype(np.float32)}, 1)
    codes, (out,) = logits(graph, pictures), graph.outputs
    assert (codes * np.array(out.scale) == wanted).all()
    return codes


@KERAS
@pytest.mark.ci
@pytest.mark.parametrize("name", NAMES)
def test_integers_are_those_of_qkeras(name: str, rng: np.random.Generator) -> None:
    assert len(np.unique(same_as_qkeras(name, drawn(200, rng)).argmax(-1))) > 3


@KERAS
@HAVE
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_all_of_mnist_is_as_qkeras_has_it_and_as_written_down(name: str) -> None:
    with np.load(MNIST) as file:
        x, y = file["x_test"].astype(np.int64)[..., None], file["y_test"]
    assert (same_as_qkeras(name, x).argmax(-1) == y).sum() == network(name)[2]["right"]


def simulated(name: str, out: Path, settings: dict[str, Any], pictures: np.ndarray) -> None:
    """Build a network and compare its RTL with the reference on pictures."""
    path, graph, _ = network(name)
    made = build(path, out, **settings)
    vectors = make_vectors(graph, 1, 1, {graph.inputs[0].name: pictures}, corners=0)
    vectors = vectors.rows(len(vectors) - len(pictures), len(vectors))
    tests = ["matches_reference", "latency_is_as_claimed"]
    result = simulate(out, vectors, BenchSettings(tests=tests))
    assert (result.samples, result.mismatches) == (len(pictures), 0)
    assert result.latency_cycles == made.design.latency


STREAM = {"board": "ulx3s", "style": "stream", "clock": "50MHz"}
BUILDS = {
    "bcnn, 10,000 a second": ("bcnn", {**STREAM, "interval": 5000}),
    "bmlp, 30,000 a second": ("bmlp", {**STREAM, "interval": 1600}),
    "bmlp, parallel": ("bmlp", {"board": "vcu118", "clock": "200MHz"}),
}


@SIM
@pytest.mark.slow
@pytest.mark.parametrize("case", BUILDS)
def test_rtl_gives_the_integers_of_200_pictures(
    case: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    pictures = drawn(200, rng)
    if MNIST.is_file():
        with np.load(MNIST) as file:
            pictures = file["x_test"][:200].astype(np.int64)[..., None]
    name, settings = BUILDS[case]
    simulated(name, tmp_path / "out", settings, pictures)


@SIM
@pytest.mark.ci
def test_rtl_of_the_dense_network_in_the_stream_style(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    simulated("bmlp", tmp_path / "out", {**STREAM, "interval": 1600}, drawn(4, rng))
