# SPDX-License-Identifier: Apache-2.0
"""Small QKeras models as files, made without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.keras_files import full_h5, json_file, layer, weights_h5

Config = dict[str, Any]
WEIGHT = "quantized_bits(5,0,1,alpha=1)"
GRID = "quantized_bits(6,2,1,alpha=1)"
ACT = "quantized_relu(4,1)"


def source(name: str = "x", shape: tuple[int, ...] = (4,)) -> Config:
    return layer("InputLayer", name, batch_input_shape=[None, *shape], dtype="float32")


def act(name: str, quantizer: Any = ACT) -> Config:
    return layer("QActivation", name, activation=quantizer)


def dense(name: str, units: int, kernel: Any = WEIGHT, bias: Any = WEIGHT, **more: Any) -> Config:
    settings = {"activation": "linear", "use_bias": True, **more}
    return layer(
        "QDense", name, units=units, kernel_quantizer=kernel, bias_quantizer=bias, **settings
    )


def sequential(*layers: Config, name: str = "tiny") -> Config:
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def functional(
    calls: list[tuple[Config, list[str]]], outputs: list[str], name: str = "branchy"
) -> Config:
    """Return a functional model from layers and the names of the layers they read."""
    layers = [
        {
            **made,
            "name": made["config"]["name"],
            "inbound_nodes": [[[source, 0, 0, {}] for source in reads]] if reads else [],
        }
        for made, reads in calls
    ]
    inputs = [made["config"]["name"] for made, _ in calls if made["class_name"] == "InputLayer"]
    config = {
        "name": name,
        "layers": layers,
        "input_layers": [[n, 0, 0] for n in inputs],
        "output_layers": [[n, 0, 0] for n in outputs],
    }
    return {"class_name": "Functional", "config": config}


def grid(shape: tuple[int, ...], seed: int, peak: int = 15) -> Any:
    """Return float32 weights on the grid of `WEIGHT`, a third of them zero."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(-peak, peak + 1, shape) * (rng.random(shape) > 1 / 3)
    return (codes / 16).astype(np.float32)


def variables(sizes: Mapping[str, tuple[int, int]], **given: Any) -> dict[str, dict[str, Any]]:
    """Return kernels and biases by layer; *given* replaces those of single layers."""
    made = {}
    for seed, (name, (n_in, n_out)) in enumerate(sizes.items()):
        kernel, bias = given.get(name, (grid((n_in, n_out), seed), grid((n_out,), seed + 50)))
        made[name] = {f"{name}/kernel:0": kernel, f"{name}/bias:0": bias}
    return made


SIZES = {"fc1": (4, 5), "fc2": (5, 3)}
TINY = sequential(source(), act("q", GRID), dense("fc1", 5), act("relu1"), dense("fc2", 3))
# The same without a quantizer at the input.
OPEN = sequential(source(), dense("fc1", 5), act("relu1"), dense("fc2", 3))


def tiny_h5(path: Path, config: Config = TINY, **given: Any) -> Path:
    """Write two dense layers, 4 -> 5 -> 3, with their input quantizer, as a full .h5."""
    return full_h5(path, config, variables(SIZES, **given))


def pair(folder: Path, config: Config = TINY, **given: Any) -> tuple[Path, Path]:
    """Write the same as an architecture in JSON and a file of weights."""
    weights = weights_h5(folder / "tiny_weights.h5", variables(SIZES, **given))
    return json_file(folder / "tiny.json", config), weights


def branchy_h5(path: Path) -> Path:
    """Write a model of two inputs and two outputs."""
    config = functional(
        [
            (source("x", (4,)), []),
            (source("z", (3,)), []),
            (act("qx", GRID), ["x"]),
            (act("qz", "quantized_bits(3,0,1,alpha=1)"), ["z"]),
            (dense("fx", 5), ["qx"]),
            (dense("fz", 5), ["qz"]),
            (act("rx"), ["fx"]),
            (act("rz"), ["fz"]),
            (layer("Add", "sum"), ["rx", "rz"]),
            (dense("head", 2), ["sum"]),
        ],
        ["head", "rz"],
    )
    sizes = {"fx": (4, 5), "fz": (3, 5), "head": (5, 2)}
    return full_h5(path, config, variables(sizes))
