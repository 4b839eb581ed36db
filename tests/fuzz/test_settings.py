# SPDX-License-Identifier: Apache-2.0
"""Random damage to settings, classes and weights of a good model: a graph or a refusal."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest

from hwgen.errors import ModelError
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from tests.frontends.test_convert import S8, W4, act, dense, kernel, layer, model, norm

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3.5, "x", "same", [], [1], [1, 2], {}, "channels_first"),
    *("float16", "bfloat16", "float64", "int8", "relu", "tanh", "softmax", "binary"),
    *("quantized_tanh(4)", W4, "quantized_bits(4,0,1,alpha='auto')"),
    {"class_name": "a", "config": {}},
)


def good() -> KerasModel:
    """Return a model with a layer of every kind."""
    conv = {"filters": 3, "kernel_size": [2, 2], "strides": [1, 1], "padding": "same"}
    layers = [
        act("q", "quantized_bits(6,2,1,alpha=1)"),
        layer("QConv2D", "c", **conv, kernel_quantizer=W4, bias_quantizer=W4, activation=None),
        layer("BatchNormalization", "bn", axis=-1, epsilon=1e-3, center=True, scale=True),
        act("r", "quantized_relu(4,1)"),
        layer("AveragePooling2D", "p", pool_size=[2, 2], strides=[2, 2], padding="valid"),
        layer("ReLU", "re", max_value=None, negative_slope=0.0, threshold=0.0, dtype="float32"),
        layer("Dropout", "d", rate=0.5),
        layer("ZeroPadding2D", "z", padding=[[1, 1], [1, 1]]),
        layer("Flatten", "f", data_format="channels_last", dtype="float32"),
        layer("Dense", "g", units=2, use_bias=True, activation="linear", dtype="float32"),
        layer("LeakyReLU", "l", alpha=0.25),
        dense("e", units=3, activation="softmax"),
    ]
    whole = np.rint(np.random.default_rng(1).normal(0, 1, (48, 2)))
    plain = {"kernel": whole, "bias": np.zeros(2)}
    weights = {"c": kernel(2, 2, 2, 3), "bn": norm(3), "g": plain, "e": kernel(2, 3)}
    return model(*layers, weights=weights, shape=(None, 4, 4, 2))


def damage(rng: random.Random, m: KerasModel) -> KerasModel:
    """Return the model with a few settings, classes or weights changed."""
    layers = m.config["config"]["layers"]
    weights = {key: dict(found) for key, found in m.weights.items()}
    if rng.random() < 0.3:
        layers[0]["config"]["dtype"] = rng.choice(VALUES)
    for _ in range(rng.randint(1, 4)):
        spec = rng.choice(layers[1:])
        config, kind = spec["config"], rng.random()
        if kind < 0.6:
            config[rng.choice([k for k in config if k != "name"] or ["dtype"])] = copy.deepcopy(
                rng.choice(VALUES)
            )
        elif kind < 0.75:
            keys = CLASSES[spec["class_name"]].settings if spec["class_name"] in CLASSES else ()
            config[rng.choice(keys or ("dtype",))] = copy.deepcopy(rng.choice(VALUES))
        elif kind < 0.85:
            spec["class_name"] = rng.choice([*CLASSES, "LSTM"])
        elif config["name"] in weights:
            found = weights[config["name"]]
            kept = {k: v for k, v in found.items() if rng.random() < 0.8}
            weights[config["name"]] = {k: v * rng.choice((0, 1)) for k, v in kept.items()}
    return KerasModel(m.config, weights, m.source, m.keras)


def check(seed: int, rounds: int) -> None:
    rng = random.Random(seed)
    built, told = 0, []
    for _ in range(rounds):
        m = damage(rng, good())
        try:
            convert(m, S8 if rng.random() < 0.5 else Options())
            built += 1
        except ModelError as error:
            told += list(getattr(error, "problems", [error]))
    assert 0 < built < rounds
    assert [str(problem) for problem in told if not (problem.what and problem.hint)] == []


def test_damaged_settings() -> None:
    check(1, 200)


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_damaged_settings(seed: int) -> None:
    check(seed, 600)
