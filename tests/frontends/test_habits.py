# SPDX-License-Identifier: Apache-2.0
"""Habits of models as people have them: settings and classes that QKeras' own examples lack."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwgen.errors import ModelProblems, UnsupportedQuantizer
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.ops.reference import run_reference
from tests.frontends.test_convert import S8, act, dense, functional, kernel, layer, model, norm


@pytest.mark.parametrize("bits", [3, 5])
@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_a_number_as_symmetric_moves_the_low_end(bits: int, number: int) -> None:
    x = np.linspace(-3, 3, 601).astype(np.float32)
    hard = np.clip(0.5 * x + 0.5, 0, 1)
    sigmoid = parse_quantizer(f"quantized_sigmoid({bits},symmetric={number})", "z")
    m = 2.0**bits
    assert np.array_equal(sigmoid.code(x), np.clip(np.rint(hard * m), number, m - 1))
    tanh = parse_quantizer(f"quantized_tanh({bits},symmetric={number})", "z")
    m = 2.0 ** (bits - 1)
    assert np.array_equal(tanh.code(x), np.clip(np.rint((2 * hard - 1) * m), number - m, m - 1))
    assert (sigmoid.lo, tanh.lo) == (number, number - 2 ** (bits - 1))


def test_symmetric_off_the_grid_is_refused() -> None:
    with pytest.raises(UnsupportedQuantizer, match=r"symmetric=0\.5"):
        parse_quantizer("quantized_tanh(4,symmetric=0.5)", "z")


def listed(alpha: Any) -> Any:
    spec = {"class_name": "quantized_bits", "config": {"bits": 4, "integer": 0, "alpha": alpha}}
    return parse_quantizer(spec, "z")


def test_alpha_as_a_list_of_powers_of_two() -> None:
    w = np.random.default_rng(1).uniform(-1, 1, (5, 3)).astype(np.float32)
    alphas = np.array([0.5, 2.0, 1.0])
    codes = listed(alphas.tolist()).for_kernel().quantize(w)
    plain = listed(1.0).for_kernel().quantize(w)
    assert np.array_equal(codes.value(), plain.value() * alphas)
    assert codes.exact
    assert np.array_equal(listed([[0.5, 2.0, 1.0]]).quantize(w).value(), codes.value())
    assert listed([2.0, 2.0]).alpha == 2.0


@pytest.mark.parametrize("alpha", [[0.3, 1.0], [], [1.0, -1.0], [1.0, "a"], [True, 1.0]])
def test_other_lists_are_refused(alpha: Any) -> None:
    with pytest.raises(UnsupportedQuantizer, match="expected positive powers of two"):
        listed(alpha)


def test_lists_that_do_not_fit_or_stand_on_an_activation() -> None:
    with pytest.raises(UnsupportedQuantizer, match="2 alphas for 3 channels"):
        listed([0.5, 1.0]).quantize(np.ones((4, 3), np.float32))
    with pytest.raises(UnsupportedQuantizer, match="a list of alphas on an activation"):
        listed([0.5, 1.0]).check_activation("z")


def test_dense_with_a_folded_normalisation() -> None:
    q = "quantized_bits(8,3,1,alpha=1)"
    folded = layer("QDenseBatchnorm", "fc", units=3, kernel_quantizer=q, bias_quantizer=q)
    p, w = norm(3), kernel(4, 3)
    graph = convert(model(folded, weights={"fc": {**p, **w}}), S8)
    inv = p["gamma"] / np.sqrt(p["moving_variance"] + 1e-3)
    wanted = np.clip(np.rint(w["kernel"] * inv * 16), -127, 127)
    bias = np.clip(np.rint((inv * (w["bias"] - p["moving_mean"]) + p["beta"]) * 16), -127, 127)
    (fc,) = [n for n in graph.nodes if n.name == "fc"]
    assert np.array_equal(fc.op.weight, wanted)
    x = np.random.default_rng(1).integers(-128, 128, (50, 4))
    assert np.array_equal(run_reference(graph, {"x": x})["fc"], x @ wanted + bias * 16)


@pytest.mark.parametrize("cls", ["BinaryDense", "TernaryDense"])
def test_the_dense_layers_of_hls4mls_examples(cls: str) -> None:
    rng = np.random.default_rng(2)
    w = rng.uniform(-1, 1, (4, 3)).astype(np.float32)
    kind = cls.removesuffix("Dense").lower()
    settings = {"units": 3, "use_bias": False, "H": 1, "kernel_lr_multiplier": 7.3}
    m = model(
        layer(cls, "fc", **settings), layer("Activation", "a", activation=f"{kind}_tanh"),
        weights={"fc": {"kernel": w}},
    )  # fmt: skip
    graph = convert(m, S8)
    sign = np.where(w >= 0, 1, -1)
    wanted = sign if kind == "binary" else np.where(np.abs(w) > 0.5, sign, 0)
    (fc,) = [n for n in graph.nodes if n.name == "fc"]
    assert np.array_equal(fc.op.weight, wanted)
    x = rng.integers(-20, 20, (300, 4))
    sums = x @ wanted / 16
    codes = np.where(sums >= 0, 1, -1)
    codes = codes if kind == "binary" else np.where(np.abs(sums) > 0.5, codes, 0)
    assert np.array_equal(run_reference(graph, {"x": x})["a"], codes)
    with pytest.raises(ModelProblems, match="H=2 is not supported"):
        convert(model(layer(cls, "fc", **{**settings, "H": 2}), weights={"fc": {"kernel": w}}), S8)


def test_a_functional_model_of_a_class_with_its_own_training_step() -> None:
    m = functional(
        dense("a", "x"), act("q", "quantized_relu(4,1)", "a"), outputs=["q"],
        weights={"a": kernel(4, 3)},
    )  # fmt: skip
    own = {**m.config, "class_name": "my>Trainer", "registered_name": "my>Trainer"}
    graph = convert(type(m)(own, m.weights, m.source, m.keras), Options(S8.input_formats))
    assert [n.name for n in graph.nodes] == ["x", "a", "q"]
    assert any("the model is a Trainer, a class of a script" in note for note in graph.notes)


@pytest.mark.keras
def test_a_live_model_of_such_a_class() -> None:
    import tensorflow as tf

    import hwgen
    from hwgen.errors import ModelError

    keras = tf.keras

    class Trainer(keras.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    class Caller(Trainer):
        def call(self, x: Any, training: Any = None, mask: Any = None) -> Any:
            return super().call(x) + 1

    def made(kind: Any) -> Any:
        x = keras.Input((4,), name="x")
        net = kind(x, keras.layers.Dense(3, name="fc")(x))
        net.set_weights([np.ones((4, 3)), np.zeros(3)])
        return net

    graph = hwgen.from_keras(made(Trainer), input_format="s8.4")
    assert [n.name for n in graph.nodes] == ["x", "fc"]
    with pytest.raises(ModelError, match="has a call"):
        hwgen.from_keras(made(Caller), input_format="s8.4")
