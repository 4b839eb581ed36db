# SPDX-License-Identifier: Apache-2.0
"""What a model in memory knows and its files drop or write otherwise, against Keras itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hwgen.errors import ModelError
from hwgen.frontends.keras.live import from_keras, saved
from hwgen.frontends.options import Options
from tests.frontends.test_stated_live import Q6, act, graph_of, grid, k, same

__all__ = ["k"]  # the fixture

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
]
LOST = (
    {"is_quantized_clip": False, "relu_upper_bound": 1.5},
    {"use_ste": False},
    {"scale_axis": 0},
)


def quantizer(lost: dict[str, Any]) -> Any:
    """Return a quantizer with settings that QKeras leaves out of its own configuration."""
    from qkeras import quantized_bits, quantized_relu

    if "is_quantized_clip" in lost:
        return quantized_relu(4, 1, **lost)
    alpha = "auto_po2" if "scale_axis" in lost else 1
    return quantized_bits(4, 1, 1, alpha=alpha, **lost)


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: min(lost))
@pytest.mark.parametrize("wrapped", [False, True])
def test_settings_of_weight_quantizers(
    k: SimpleNamespace, lost: dict[str, Any], wrapped: bool
) -> None:
    made = k.QDense(3, kernel_quantizer=quantizer(lost), use_bias=False)
    first = k.Input((2, 4))
    model = k.Model(first, (k.TimeDistributed(made) if wrapped else made)(act(k)(first)))
    kernel = np.random.default_rng(5).normal(0, 1, (4, 3))
    kernel[:2] *= 50.0  # past the range, and past what float32 passes through unharmed
    kernel[3] *= 1.0 if "scale_axis" in lost else 1e8
    made.set_weights([kernel])
    assert same(from_keras(model), model, [grid(1, 50, 2, 4)])


def test_keys_of_calls_and_inner_models(k: SimpleNamespace) -> None:
    ends = [k.Input((4,)) for _ in range(4)]
    difference = k.Subtract()([act(k)(ends[0]), act(k)(ends[1])])
    inner = k.Model({10: ends[0], 2: ends[1]}, difference, name="inner")
    with pytest.raises(ModelError, match="keys that are no text, such as 10"):
        from_keras(k.Model(ends[2:], inner({10: ends[2], 2: ends[3]})))


@pytest.mark.parametrize("form", ["keras", "live"])
def test_a_slash_in_a_name(k: SimpleNamespace, tmp_path: Path, form: str) -> None:
    """Its path is that of a layer of a nested model, whose weights were taken for both."""
    inside, first = k.Input((4,)), k.Input((4,))
    inner = k.Model(
        inside, k.QDense(4, name="b", kernel_quantizer=Q6, bias_quantizer=Q6)(inside), name="a"
    )
    outer = k.QDense(4, name="a/b", kernel_quantizer=Q6, bias_quantizer=Q6)
    model = k.Model(first, act(k)(inner(act(k)(outer(act(k)(first))))))
    with pytest.raises(ModelError, match="two layers have the path 'a/b'"):
        graph_of(model, form, tmp_path, Options())


@pytest.mark.parametrize("form", ["h5", "keras", "live"])
def test_renormalisation(k: SimpleNamespace, tmp_path: Path, form: str) -> None:
    """It has more variables than others; archives number them all."""
    first = k.Input((4,))
    made = k.BatchNormalization(renorm=True, scale=False)
    model = k.Model(first, act(k)(made(act(k)(first))))
    drawn = np.random.default_rng(2).uniform(0.5, 2, (6, 4))
    made.set_weights(
        [w if w.shape == s.shape else s for w, s in zip(drawn, made.get_weights(), strict=True)]
    )
    assert same(graph_of(model, form, tmp_path, Options()), model, [grid(3, 50, 4)])


@pytest.mark.parametrize("form", ["keras", "live"])
def test_two_pruning_masks(k: SimpleNamespace, tmp_path: Path, form: str) -> None:
    """A separable convolution has a mask for either kernel, both of one name."""
    schedule = k.ConstantSparsity(0.5, begin_step=0, frequency=1)
    settings = {"depthwise_quantizer": Q6, "pointwise_quantizer": Q6, "bias_quantizer": Q6}
    made = k.prune_low_magnitude(k.QSeparableConv2D(3, 2, **settings), pruning_schedule=schedule)
    first = k.Input((4, 4, 2))
    model = k.Model(first, act(k, 10, 5)(made(act(k)(first))))
    rng = np.random.default_rng(4)
    for variable in made.variables:
        shape = tuple(variable.shape)
        if shape:
            masks = "mask" in variable.name
            variable.assign(rng.integers(0, 2, shape) if masks else rng.normal(0, 0.5, shape))
    assert same(graph_of(model, form, tmp_path, Options()), model, [grid(5, 30, 4, 4, 2)])


def test_an_activation_that_is_a_layer(k: SimpleNamespace) -> None:
    first = k.Input((4,))
    made = k.QDense(3, kernel_quantizer=Q6, bias_quantizer=Q6, activation=k.ReLU())
    with pytest.raises(ModelError, match="its activation is a ReLU layer"):
        from_keras(k.Model(first, act(k)(made(act(k)(first)))))


def test_an_activation_that_is_a_lambda(k: SimpleNamespace) -> None:
    first = k.Input((4,))
    with pytest.raises(ModelError, match="a function of a script, which is never executed"):
        from_keras(k.Model(first, k.Activation(lambda x: x)(act(k)(first))))


def test_an_input_without_axes(k: SimpleNamespace) -> None:
    first = k.Input(())
    with pytest.raises(ModelError, match=r"one number without an axis") as refused:
        from_keras(k.Model(first, act(k)(first)))
    assert "Input((1,))" in str(refused.value)


def test_a_quantizer_that_was_changed_later(k: SimpleNamespace) -> None:
    """Its layer goes on storing the call string of the script."""
    made = k.QActivation("quantized_bits(6,2,1,alpha=1)")
    first = k.Input((4,))
    model = k.Model(first, made(act(k)(first)))
    made.quantizer.bits, made.quantizer.integer = 4, 1
    assert same(from_keras(model), model, [grid(6, 50, 4)])
    made.quantizer.update_qnoise_factor(0.5)
    with pytest.raises(ModelError, match=r"qnoise_factor=0\.5"):
        from_keras(model)


def test_a_setting_of_numpy(k: SimpleNamespace) -> None:
    from qkeras import quantized_bits

    made = k.QDense(
        3, kernel_quantizer=quantized_bits(4, 1, 1, alpha=np.float32(0.5)), use_bias=False
    )
    first = k.Input((4,))
    model = k.Model(first, made(act(k)(first)))
    assert same(from_keras(model), model, [grid(7, 50, 4)])


def test_a_file_that_says_all_is_kept(k: SimpleNamespace) -> None:
    """Call strings, objects and fitted scales, in other words than the model has them."""
    from qkeras import quantized_bits, quantized_relu

    first = k.Input((4,))
    settings = {"kernel_quantizer": quantized_bits(4, 1), "bias_quantizer": Q6}
    x = k.QDense(3, activation=quantized_relu(4, 1), **settings)(act(k)(first))
    x = k.QDense(3, activation="quantized_relu(4)", **settings)(x)
    x = k.QDense(3, kernel_quantizer="binary", bias_quantizer="quantized_po2(4)")(x)
    model = k.Model(first, act(k)(k.BatchNormalization()(x)))
    found = saved(model)
    assert found.name == "model.h5"
    assert found.content
    model.layers[2].kernel_quantizer_internal.use_ste = False
    assert (saved(model).name, saved(model).content) == ("", b"")
