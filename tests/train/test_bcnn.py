# SPDX-License-Identifier: Apache-2.0
"""Training of binary networks: what is refused, and runs that are killed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.errors import ConfigError
from hwgen.ops.reference import Reference
from hwgen.train.bcnn import Recipe, Trained, train
from hwgen.train.binary_network import CNN, MLP, for_file, make

KERAS = pytest.mark.keras
SMALL = replace(MLP, name="small", bits=1, pool=4, hidden=(6,))
SHORT = Recipe(epochs=(1, 1, 2), batch=32)


def pictures(count: int, seed: int = 1) -> dict[str, Any]:
    """Bright squares, one of four places a class."""
    rng, made = np.random.default_rng(seed), {}
    for part, size in (("train", count), ("test", count // 2)):
        y = rng.integers(0, 10, size).astype(np.uint8)
        x = rng.integers(0, 90, (size, 28, 28))
        for picture, at in zip(x, y, strict=True):
            picture[(at % 4) * 7 : (at % 4) * 7 + 7, (at // 4) * 7 : (at // 4) * 7 + 7] += 160
        made |= {f"x_{part}": x.astype(np.uint8), f"y_{part}": y}
    return made


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x_train": None}, "x_train is missing"),
        ({"x_test": np.zeros((20, 28, 27), np.uint8)}, "x_test is uint8(20, 28, 27)"),
        ({"x_train": np.zeros((40, 28, 28), np.float32)}, "x_train is float32"),
        ({"y_train": np.zeros(39, np.uint8)}, "x_train has 40 pictures, and its classes"),
        ({"y_train": np.array(3, np.uint8)}, "x_train has 40 pictures, and its classes"),
        ({"y_test": np.full(20, 10)}, "y_test reaches from 10 to 10"),
        ({"x_train": np.full((40, 28, 28), -1)}, "x_train reaches from -1 to -1"),
    ],
)
def test_data_that_do_not_fit(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    data = {k: v for k, v in {**pictures(40), **change}.items() if v is not None}
    with pytest.raises(ConfigError) as caught:
        train(data, tmp_path / "out", SMALL, SHORT)
    assert said in caught.value.what
    assert not (tmp_path / "out").exists()


def test_a_step_without_an_epoch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without an epoch"):
        train(pictures(40), tmp_path, SMALL, replace(SHORT, epochs=(1, 0, 2)))


class Killed(BaseException):
    """Stands for what ends a process."""


@KERAS
@pytest.mark.ci
def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    data = pictures(160)
    stages: list[str] = []
    whole = train(data, tmp_path / "whole", SMALL, SHORT, lambda stage, _: stages.append(stage))
    assert stages == ["float 1/1", "activations 1/1", "weights 1/2", "weights 2/2"]

    def until(last: str, *, stored: bool) -> Trained:
        """Run until a stage is told, or the one before if what it made shall have been stored."""
        seen: list[str] = []

        def watch(stage: str, _: str) -> None:
            if (stored and last in seen) or (not stored and stage == last):
                raise Killed
            seen.append(stage)

        return train(data, tmp_path / "parts", SMALL, SHORT, watch)

    for last, stored in (("float 1/1", False), ("activations 1/1", True), ("weights 1/2", True)):
        with pytest.raises(Killed):
            until(last, stored=stored)
    again: list[str] = []
    parts = train(data, tmp_path / "parts", SMALL, SHORT, lambda stage, _: again.append(stage))
    assert again == ["weights 2/2"]
    assert parts == whole
    for name in ("small.state.npz", "small.json"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    graphs = [hwgen.load(tmp_path / part / "small.h5") for part in ("whole", "parts")]
    codes = {node.name: data["x_test"][..., None].astype(np.int64) for node in graphs[0].inputs}
    first, second = (Reference(graph).run(codes)["classes"] for graph in graphs)
    assert (first == second).all()
    assert np.ptp(first) > 0
    with pytest.raises(ConfigError, match="of a training with another network"):
        train(data, tmp_path / "parts", SMALL, replace(SHORT, seed=1))


@KERAS
@pytest.mark.ci
def test_the_file_is_the_network_that_was_trained(rng: np.random.Generator) -> None:
    network = replace(CNN, bits=3, stem=4, blocks=(4, 8))
    trained = make(network, "weights")
    for layer in trained.layers:  # as after training
        drawn = [rng.normal(0, 0.7, w.shape).astype(np.float32) for w in layer.get_weights()]
        if drawn and (layer.name.endswith("_prelu") or layer.name.endswith("_bn")):
            drawn = [np.abs(w) * (9 if i == 3 else 1) for i, w in enumerate(drawn)]
        layer.set_weights(drawn)
    stored = for_file(network, trained)
    graph = hwgen.from_keras(stored)
    x = rng.integers(0, 256, (40, 28, 28, 1))
    wanted = trained.predict(x.astype(np.float32), verbose=0)
    assert (stored.predict(x.astype(np.float32), verbose=0) == wanted).all()
    (out,) = graph.outputs
    codes = Reference(graph).run({graph.inputs[0].name: x})[out.name]
    assert (codes * np.array(out.scale) == wanted).all()
    assert np.ptp(codes) > 0
    for node in graph.nodes:  # every product has weights and operands of one bit
        weight = getattr(node.op, "weight", None)
        if weight is not None:
            (source,) = (other for other in graph.nodes if other.name == node.inputs[0])
            assert set(np.unique(weight)) == {-1, 1}
            assert set(np.unique([source.type.lo, source.type.hi])) == {-1, 1}
