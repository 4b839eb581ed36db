# SPDX-License-Identifier: Apache-2.0
"""Weights of nested models whose variables' names say little or the wrong: what Keras gives them.

Keras goes by the place of a variable in the file. Each model is stored in every form, loaded by
Keras itself and read by us: equal, or refused where name and place contradict.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hwgen.errors import ModelError
from hwgen.frontends.keras.file import KerasModel, read_keras
from hwgen.frontends.keras.live import saved
from tests.frontends.test_keras_file_live import fill, leaves, short
from tests.fuzz.compare_models import keras_roof, save

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning"),
]
Inner = Callable[[SimpleNamespace], Any]


@pytest.fixture(scope="module")
def k() -> SimpleNamespace:
    return keras_roof()


def dense(k: SimpleNamespace, name: str, **settings: Any) -> Any:
    return k.Dense(4, name=name, **settings)


def swap(model: Any, one: str, other: str) -> None:
    a, b = model.get_layer(one), model.get_layer(other)
    a._name, b._name = other, one


def swapped(k: SimpleNamespace) -> Any:
    model = k.Sequential([k.Input((4,)), dense(k, "a"), dense(k, "b")], name="inner")
    swap(model, "a", "b")
    return model


def swapped_apart(k: SimpleNamespace) -> Any:
    """The exchanged layers stand in different parts of the row."""
    first = k.Input((4,))
    x = dense(k, "a", use_bias=False, trainable=False)(first)
    x = dense(k, "c", use_bias=False)(k.BatchNormalization(name="n")(x))
    model = k.Model(first, dense(k, "b", use_bias=False)(x), name="inner")
    swap(model, "a", "b")
    return model


def swapped_deep(k: SimpleNamespace) -> Any:
    deep = k.Sequential([k.Input((4,)), dense(k, "a"), dense(k, "b")], name="deep")
    model = k.Sequential([k.Input((4,)), dense(k, "c"), deep, dense(k, "d")], name="inner")
    deep.get_layer("a")._name, model.get_layer("d")._name = "d", "a"
    return model


def anew(k: SimpleNamespace) -> Any:
    """Names that the variables do not know, slashes among them."""
    parts = [dense(k, "a"), k.BatchNormalization(), dense(k, "f", trainable=False), dense(k, "b")]
    model = k.Sequential([k.Input((4,)), *parts], name="inner")
    for layer, name in zip(parts, ("first", "x/y", "y/x", "last"), strict=True):
        layer._name = name
    return model


def slashes(k: SimpleNamespace) -> Any:
    parts = [dense(k, "b"), dense(k, "a/b"), k.BatchNormalization(name="b/a"), dense(k, "a")]
    return k.Sequential([k.Input((4,)), *parts], name="in/ner")


def frozen(k: SimpleNamespace) -> Any:
    """Layers frozen before, after and inside a wrapper, and one made trainable again."""
    first = k.Input((3, 4))
    x = dense(k, "a", trainable=False)(first)
    x = k.TimeDistributed(dense(k, "t", trainable=False), name="u")(x)
    x = k.TimeDistributed(dense(k, "v"), name="w", trainable=False)(x)
    x = k.BatchNormalization(name="n", trainable=False)(x)
    x = k.BatchNormalization(name="m", scale=False)(x)
    model = k.Model(first, dense(k, "b")(dense(k, "c")(x)), name="inner")
    model.get_layer("c").trainable = False
    return model


def thawed(k: SimpleNamespace) -> Any:
    deep = k.Sequential([k.Input((4,)), dense(k, "a"), dense(k, "b")], name="deep")
    model = k.Sequential([k.Input((4,)), dense(k, "c"), deep, dense(k, "d")], name="inner")
    deep.trainable = False
    deep.get_layer("b").trainable = True
    return model


def wrapped(k: SimpleNamespace) -> Any:
    bits = "quantized_bits(6,0,alpha=1)"
    first = k.Input((4, 4, 2))
    pruned = k.prune_low_magnitude
    schedule = {"pruning_schedule": k.ConstantSparsity(0.5, begin_step=0, frequency=1)}
    x = pruned(k.QConv2D(2, 1, kernel_quantizer=bits, name="c"), **schedule)(first)
    x = k.QConv2DBatchnorm(2, 1, kernel_quantizer=bits, name="cb")(x)
    x = k.QDepthwiseConv2DBatchnorm(1, depthwise_quantizer=bits, name="db", trainable=False)(x)
    x = k.SeparableConv2D(2, 1, name="s")(x)
    x = k.BatchNormalization(name="r", renorm=True)(x)
    x = pruned(k.QDense(3, kernel_quantizer=bits, name="d", trainable=False), **schedule)(x)
    return k.Model(first, k.PReLU(name="p")(x), name="inner")


FORMS = ("h5", "json", "keras", "live")
NAMED = ("h5", "json")
# Model, and the forms in which names and places contradict.
CASES: tuple[tuple[Inner, tuple[str, ...]], ...] = (
    *((make, NAMED) for make in (swapped, swapped_apart, swapped_deep)),
    *((make, ()) for make in (anew, slashes, frozen, wrapped)),
    (thawed, NAMED),  # Keras forgets that the model inside was frozen
)


def loaded(k: SimpleNamespace, path: Path, weights: Path | None) -> Any:
    from qkeras.utils import _add_supported_quantized_objects

    objects: dict[str, Any] = {"PruneLowMagnitude": type(k.prune_low_magnitude)}
    _add_supported_quantized_objects(objects)
    with k.prune_scope():
        if weights is None:
            return k.tf.keras.models.load_model(path, custom_objects=objects, compile=False)
        model = k.tf.keras.models.model_from_json(path.read_text(), custom_objects=objects)
        model.load_weights(weights)
    return model


def read_form(form: str, model: Any, path: Path, weights: Path | None) -> KerasModel:
    return saved(model).model if form == "live" else read_keras(path, weights)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("make", "refused"), CASES, ids=[c.__name__ for c, _ in CASES])
def test_nested_weights_are_those_of_keras(
    k: SimpleNamespace,
    tmp_path: Path,
    rng: np.random.Generator,
    make: Inner,
    refused: tuple[str, ...],
    form: str,
) -> None:
    inner = make(k)
    first = k.Input(inner.input_shape[1:])
    model = k.Model(first, inner(k.Dense(inner.input_shape[-1], name="front")(first)), name="m")
    fill(model, rng)
    path, weights = save(model, "h5" if form == "live" else form, tmp_path)
    if form in refused:
        with pytest.raises(ModelError, match="has the name of") as caught:
            read_form(form, model, path, weights)
        assert ".keras" in caught.value.hint
        return
    read = read_form(form, model, path, weights)
    keras = leaves(model if form == "live" else loaded(k, path, weights))
    assert list(read.weights) == list(keras)
    for name, layer in keras.items():
        wanted = {short(v): np.asarray(v) for v in layer.weights}
        assert len(read.weights[name]) == len(wanted), name
        for variable, array in read.weights[name].items():
            if not variable.isdecimal():  # what renormalisation adds, in an archive
                assert array.tobytes() == wanted[variable].tobytes(), (name, variable)
