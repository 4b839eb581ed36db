# SPDX-License-Identifier: Apache-2.0
"""Random float Keras models, as people have them: no quantizer anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np


def float_model(keras: Any, seed: int) -> Any:
    """Return a small random float model, its weights and statistics as after training."""
    rng = np.random.default_rng(seed)
    image = bool(rng.random() < 0.5)
    shape = (int(rng.integers(5, 8)), int(rng.integers(5, 8)), 2) if image else (
        int(rng.integers(4, 9)),
    )  # fmt: skip
    layers = keras.layers
    source = x = keras.Input(shape, name="x")
    x, flat = _first(layers, x, rng)
    if image and not flat:
        x = _images(layers, x, rng)
    for i in range(int(rng.integers(1, 3))):
        before = x
        x = layers.Dense(int(rng.integers(3, 7)), use_bias=bool(rng.random() < 0.8),
                         name=f"fc{i}")(x)  # fmt: skip
        x = _behind(layers, x, rng, f"fc{i}")
        if rng.random() < 0.3 and before.shape[-1] == x.shape[-1]:
            x = layers.Add(name=f"sum{i}")([before, x])
        elif rng.random() < 0.2:
            x = layers.Concatenate(name=f"cat{i}")([before, x])
    last = rng.choice(["softmax", "linear", "sigmoid"])
    x = layers.Dense(3, activation=str(last), name="top")(x)
    model = keras.Model(source, x)
    _trained(model, rng)
    return model


def _first(layers: Any, x: Any, rng: np.random.Generator) -> tuple[Any, bool]:
    """Return what models do to their input, one thing or two, and whether they flatten it."""
    if rng.random() < 0.2:
        x = layers.Rescaling(float(rng.uniform(0.1, 2)), 0.25, name="rescale")(x)
    flat = bool(rng.random() < 0.2)
    if flat:
        x = layers.Flatten(name="flat_in")(x)
    kind = rng.random()
    if kind < 0.35:
        x = layers.BatchNormalization(name="bn_in")(x)
    elif kind < 0.55:
        x = layers.Normalization(name="norm_in")(x)
    return x, flat


def _behind(layers: Any, x: Any, rng: np.random.Generator, name: str) -> Any:
    if rng.random() < 0.5:
        x = layers.BatchNormalization(name=f"{name}_bn", scale=bool(rng.random() < 0.8))(x)
    kind = int(rng.integers(7))
    if kind == 5:
        shared = list(range(1, len(x.shape) - 1)) if rng.random() < 0.7 else None
        return layers.PReLU(shared_axes=shared, name=f"{name}_prelu")(x)
    if kind == 6:
        return layers.ELU(float(rng.choice([1.0, 0.5])), name=f"{name}_elu")(x)
    if kind == 0:
        return layers.LeakyReLU(float(rng.choice([0.3, 0.1])), name=f"{name}_leaky")(x)
    if kind == 1:
        return layers.ReLU(6.0, name=f"{name}_relu6")(x)
    if kind == 2:
        return layers.Activation("tanh", name=f"{name}_tanh")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _images(layers: Any, x: Any, rng: np.random.Generator) -> Any:
    for i in range(int(rng.integers(1, 3))):
        kind, name = int(rng.integers(3)), f"conv{i}"
        padding = str(rng.choice(["same", "valid"]))
        if kind == 0:
            x = layers.Conv2D(3, 3, padding=padding, strides=int(rng.integers(1, 3)), name=name)(x)
        elif kind == 1:
            x = layers.DepthwiseConv2D(2, padding=padding, name=name)(x)
        else:
            x = layers.SeparableConv2D(3, 2, padding=padding, name=name)(x)
        x = _behind(layers, x, rng, name)
        if min(x.shape[1:3]) < 4:
            break
    ends = (
        lambda t: layers.Flatten(name="flat")(
            layers.MaxPooling2D(2, name="max", padding="same")(t)
        ),
        lambda t: layers.GlobalAveragePooling2D(name="mean")(t),
        lambda t: layers.Flatten(name="flat")(
            layers.AveragePooling2D(3, 2, padding="same", name="avg")(t)
        ),
        lambda t: layers.Flatten(name="flat")(t),
    )
    return ends[int(rng.integers(len(ends)))](x)


def _trained(model: Any, rng: np.random.Generator) -> None:
    for layer in model.layers:
        made = []
        for variable in layer.weights:
            shape, name = tuple(variable.shape), variable.name
            if "variance" in name:
                value = rng.uniform(0.2, 2, shape)
            elif "gamma" in name:
                value = rng.uniform(-1.5, 1.5, shape)
            elif "count" in name:
                made.append(np.asarray(5))
                continue
            elif "kernel" in name:
                value = rng.normal(0, 1 / np.sqrt(max(np.prod(shape[:-1]), 1)), shape)
                value *= rng.random(shape) < 0.8
            else:
                value = rng.normal(0, 0.3, shape)
            made.append(value.astype(np.float32))
        if made:
            layer.set_weights(made)
