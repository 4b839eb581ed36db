# SPDX-License-Identifier: Apache-2.0
"""Files that Keras, QKeras and tfmot write, read without them and compared with the live layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.frontends.keras.file import KerasModel, read_keras
from hwgen.frontends.keras.h5 import snake_case

pytestmark = pytest.mark.keras

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models"
# The binary and ternary models are of layer classes that no Keras has.
PAIRS = [
    (architecture, weights)
    for architecture in sorted(SHARED.glob("*.json"))
    if "ary" not in architecture.stem
    for weights in sorted(SHARED.glob(f"{architecture.stem}_*weights.h5"))
    if weights.stem in {f"{architecture.stem}{end}" for end in (
        "_weights", "_70pruned_retrained_weights", "_95pruned_retrained_weights")}
]  # fmt: skip
FULL = sorted(p for p in SHARED.glob("*.h5") if not p.stem.endswith("_weights"))

Model = Any


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("tensorflow").keras


@pytest.fixture(scope="module")
def custom() -> dict[str, Any]:
    from qkeras.utils import _add_supported_quantized_objects

    objects: dict[str, Any] = {}
    _add_supported_quantized_objects(objects)
    return objects


def leaves(model: Model, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for layer in model.layers:
        if hasattr(layer, "layers"):
            found |= leaves(layer, f"{prefix}{layer.name}/")
        elif layer.weights:
            found[prefix + layer.name] = layer
    return found


def short(variable: Any) -> str:
    return str(variable.name).rpartition("/")[2].partition(":")[0]


def agree(read: KerasModel, model: Model) -> None:
    """Every layer, every name, every byte, in the order of the live layer."""
    live = leaves(model)
    assert list(read.weights) == list(live)
    for name, layer in live.items():
        stored = read.weights[name]
        assert list(stored) == [short(v) for v in layer.weights], name
        # Not get_weights(): the pruning wrapper hides its own variables there.
        arrays = [np.asarray(v.numpy()) for v in layer.weights]
        for (variable, array), wanted in zip(stored.items(), arrays, strict=True):
            assert array.dtype == wanted.dtype, (name, variable)
            assert array.shape == wanted.shape, (name, variable)
            assert array.tobytes() == wanted.tobytes(), (name, variable)


def fill(model: Model, rng: np.random.Generator) -> None:
    """Give every variable values of its own, so that no exchange of two goes unseen."""
    model.set_weights(
        [
            rng.normal(size=w.shape).astype(w.dtype)
            if w.dtype.kind == "f"
            else rng.integers(0, 99, w.shape, w.dtype)
            for w in (np.asarray(w) for w in model.get_weights())
        ]
    )


@pytest.mark.parametrize(("config", "weights"), PAIRS, ids=[w.stem for _, w in PAIRS])
def test_published_pairs_agree(
    keras: Any, custom: dict[str, Any], config: Path, weights: Path
) -> None:
    model = keras.models.model_from_json(config.read_text(), custom_objects=custom)
    model.load_weights(weights)
    agree(read_keras(config, weights), model)


@pytest.mark.parametrize("path", FULL, ids=[p.stem for p in FULL])
def test_published_models_agree(keras: Any, custom: dict[str, Any], path: Path) -> None:
    model = keras.models.load_model(path, custom_objects=custom, compile=False)
    agree(read_keras(path), model)


def branches(keras: Any) -> Model:
    """Two inputs, a shared layer, wrappers, a nested model, layers out of alphabetic order."""
    from qkeras import QActivation, QBatchNormalization, QConv1D, QDense

    layers = keras.layers
    bits = {"kernel_quantizer": "quantized_bits(6,0,alpha=1)"}
    deep = keras.Sequential([layers.InputLayer((3,)), layers.Dense(2, name="d")], name="deep")
    inner = keras.Sequential(
        [
            layers.InputLayer((8,)),
            layers.Dense(4, name="z"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(3, name="y"),
            deep,
        ],
        name="inner",
    )
    shared = layers.Dense(8, name="shared")
    left, right = layers.Input((6, 4), name="left"), layers.Input((8,), name="right")
    x = layers.TimeDistributed(layers.Dense(5, name="step"), name="td")(left)
    x = layers.TimeDistributed(QDense(5, name="qstep", **bits), name="atd")(x)
    x = layers.BatchNormalization(scale=False, name="noscale")(x)
    x = QConv1D(4, 2, name="qc", **bits)(x)
    x = layers.BatchNormalization(center=False, name="nocenter")(x)
    x = QActivation("quantized_relu(6)", name="act")(x)
    x = layers.Dropout(0.1)(layers.Flatten()(x))
    x = QDense(8, name="qd", **bits)(x)
    y = layers.Add()([x, shared(shared(right))])
    y = QBatchNormalization(name="qbn")(layers.PReLU(name="prelu")(y))
    y = layers.Dense(8, use_bias=False, trainable=False, name="frozen")(y)
    return keras.Model([left, right], [inner(y), x], name="branches")


def folded(keras: Any) -> Model:
    """The convolutions that carry a batch norm inside, and the separable kinds."""
    from qkeras import QConv2DBatchnorm, QDepthwiseConv2D, QDepthwiseConv2DBatchnorm

    layers = keras.layers
    bits, depth = (
        "quantized_bits(6,0,alpha=1)",
        {"depthwise_quantizer": "quantized_bits(6,0,alpha=1)"},
    )
    image = layers.Input((8, 8, 3), name="image")
    x = QConv2DBatchnorm(4, 3, name="b", kernel_quantizer=bits, use_bias=False)(image)
    x = QConv2DBatchnorm(4, 3, name="a", kernel_quantizer=bits)(x)
    x = QDepthwiseConv2DBatchnorm(2, name="d", **depth)(x)
    x = QDepthwiseConv2D(2, name="e", **depth)(x)
    x = layers.SeparableConv2D(3, 1, name="s")(x)
    x = layers.DepthwiseConv2D(1, name="c", use_bias=False)(x)
    return keras.Model(image, x, name="folded")


def pruned(keras: Any) -> Model:
    from qkeras import QDense
    from tensorflow_model_optimization.sparsity.keras import prune_low_magnitude

    layers = keras.layers
    bits = {"kernel_quantizer": "quantized_bits(6,0,alpha=1)"}
    plain = [layers.InputLayer((16,)), layers.Dense(8, name="d"), layers.ReLU(name="r")]
    return prune_low_magnitude(
        keras.Sequential([*plain, QDense(4, name="c", **bits)], name="pruned")
    )


def plain(keras: Any) -> Model:
    layers = keras.layers
    return keras.Sequential(
        [
            layers.InputLayer((16,)),
            layers.Dense(8, name="second"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(4, name="first"),
        ],
        name="plain",
    )


def save_h5(model: Model, folder: Path) -> KerasModel:
    model.save(folder / "model.h5")
    return read_keras(folder / "model.h5")


def save_archive(model: Model, folder: Path) -> KerasModel:
    model.save(folder / "model.keras")
    return read_keras(folder / "model.keras")


def save_pair(model: Model, folder: Path) -> KerasModel:
    (folder / "model.json").write_text(model.to_json())
    model.save_weights(folder / "weights.h5")
    return read_keras(folder / "model.json", folder / "weights.h5")


def save_numbered_pair(model: Model, folder: Path) -> KerasModel:
    (folder / "model.json").write_text(model.to_json())
    model.save_weights(folder / "model.weights.h5")
    return read_keras(folder / "model.json", folder / "model.weights.h5")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("save", [save_h5, save_archive, save_pair, save_numbered_pair])
@pytest.mark.parametrize("build", [branches, folded, pruned, plain])
def test_what_keras_saves_is_what_is_read(
    keras: Any,
    tmp_path: Path,
    rng: np.random.Generator,
    build: Callable[[Any], Model],
    save: Callable[[Model, Path], KerasModel],
) -> None:
    model = build(keras)
    fill(model, rng)
    read = save(model, tmp_path)
    agree(read, model)
    assert read.config["config"]["name"] == model.name
    assert read.keras.startswith("2.14")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_snake_case_is_that_of_keras_for_every_class(keras: Any, custom: dict[str, Any]) -> None:
    from keras.src.utils.generic_utils import to_snake_case

    classes = [n for n in [*dir(keras.layers), *custom] if n[0].isupper()]
    assert len(classes) > 150
    assert {n: snake_case(n) for n in classes} == {n: to_snake_case(n) for n in classes}
