# SPDX-License-Identifier: Apache-2.0
"""Trained networks in the stream style: RTL as the reference, at the pace that is claimed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hwgen.demo
from hwgen.api.build import build
from hwgen.api.samples import to_codes
from hwgen.ir.graph import Graph
from hwgen.train.mnist import pixels
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, simulate
from hwgen.verify.vectors import Vectors
from tests.train.digits import images

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models"
RN06 = SHARED / "RN06_resnet_cifar10_8b.h5"
JET = SHARED / "qkeras_3layer.json"
DIGITS = Path(hwgen.demo.__path__[0]) / "mnist"
CORE = ("matches_reference", "latency_is_as_claimed", "interval_is_as_claimed")

pytestmark = pytest.mark.sim


def pictures(graph: Graph) -> Vectors:
    """Return three pictures: noise, a smooth one, and a smooth one with edges."""
    (node,) = graph.inputs
    rng = np.random.default_rng(6)
    height, width, channels = node.type.shape
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(rng.uniform(0.1, 0.5) * x + rng.uniform(0.1, 0.5) * y) for _ in range(channels)]
    smooth = (127 + 120 * np.stack(waves, axis=-1)).astype(np.int64)
    edges = np.where((x + 2 * y)[..., None] % 23 < 9, smooth, 255 - smooth)
    noise = rng.integers(0, 256, node.type.shape)
    data = {node.name: np.stack([noise, smooth, edges])}
    vectors = make_vectors(graph, 1, 1, data)
    return vectors.rows(len(vectors) - 3, len(vectors))


@pytest.mark.slow
@pytest.mark.skipif(not RN06.is_file(), reason="the network is not beside this checkout")
@pytest.mark.parametrize("interval", [1_280, 4_096, 18_432])
def test_rn06_on_pictures(interval: int, tmp_path: Path) -> None:
    made = build(
        RN06, tmp_path / "out", board="vcu118", style="stream", interval=interval,
        input_format="u8.8",
    )  # fmt: skip
    assert made.design.interval <= interval
    tests = [*CORE, "matches_under_stalls"] if interval == 1_280 else CORE
    result = simulate(tmp_path / "out", pictures(made.graph), BenchSettings(tests=tests))
    assert (result.samples, result.mismatches) == (3, 0)
    assert result.latency_cycles == made.design.latency
    assert result.interval == made.design.interval


@pytest.mark.ci
@pytest.mark.skipif(not JET.is_file(), reason="the network is not beside this checkout")
@pytest.mark.parametrize("interval", [64, 1_024])
def test_the_jet_tagger_gives_the_bits_of_the_parallel_style(interval: int, tmp_path: Path) -> None:
    made = build(
        JET, tmp_path / "out", board="vcu118", style="stream", interval=interval,
        weights=JET.with_name("qkeras_3layer_weights.h5"), input_format="s8.4",
    )  # fmt: skip
    assert made.design.interval <= interval
    every = make_vectors(made.graph, 8, 2)
    vectors = every.rows(len(every) - 16, len(every))  # the reference of every style
    result = simulate(tmp_path / "out", vectors, BenchSettings(tests=CORE))
    assert (result.samples, result.mismatches) == (16, 0)
    assert (result.latency_cycles, result.interval) == (made.design.latency, made.design.interval)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("mnist_residual", marks=pytest.mark.ci),
        pytest.param("mnist_separable", marks=pytest.mark.slow),
    ],
)
def test_twenty_digits_on_an_ecp5(name: str, tmp_path: Path) -> None:
    made = build(DIGITS / f"{name}.h5", tmp_path / "out", board="ulx3s")
    assert made.design.style == "stream"
    assert "ulx3s has 83,640" in made.why
    codes, _ = to_codes(made.graph, {"image": pixels(images(20))})
    every = make_vectors(made.graph, 1, 1, codes)
    vectors = every.rows(len(every) - 20, len(every))
    tests = [*CORE, "matches_under_stalls"]
    result = simulate(tmp_path / "out", vectors, BenchSettings(tests=tests))
    assert (result.samples, result.mismatches) == (20, 0)
    assert (result.latency_cycles, result.interval) == (made.design.latency, made.design.interval)
