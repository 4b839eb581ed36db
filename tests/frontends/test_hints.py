# SPDX-License-Identifier: Apache-2.0
"""Hints of refused models, followed: each leads to a build, not to the next refusal.

Every hint in the source has a row here, or names the test that follows it; a new one without either
fails by its text.

long because: it is one list, a row a hint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.errors import HwgenError
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.ir.fixed import Fixed
from tests.frontends.hint_texts import hints
from tests.frontends.test_convert import (
    S8,
    W4,
    act,
    dense,
    functional,
    kernel,
    layer,
    model,
    norm,
)

FOLDERS = ("hwgen/frontends/qkeras", "hwgen/frontends/exact", "hwgen/frontends/keras")


@dataclass(frozen=True)
class Way:
    """A refused model, and the same after its hint was followed.

    Attributes:
        hint: words of the hint, as the source has them.
        wrong, right: model and options.
        said: words of the hint as it is told, where the source fills them in.
    """

    hint: str
    wrong: tuple[KerasModel, Options]
    right: tuple[KerasModel, Options]
    said: str = ""


WAYS: list[Way] = []


def way(
    hint: str, wrong: KerasModel, right: KerasModel, options: Options = S8,
    then: Options | None = None, said: str = "",
) -> None:  # fmt: skip
    WAYS.append(Way(hint, (wrong, options), (right, then or options), said))


def fc(quantizer: Any = W4, bias: Any = W4, arrays: Any = None, **more: Any) -> KerasModel:
    """A dense layer, 4 -> 3, with such a kernel quantizer."""
    own = dense("fc", q=None, kernel_quantizer=quantizer, bias_quantizer=bias, **more)
    return model(own, weights={"fc": arrays or kernel(4, 3)})


def acts(quantizer: Any) -> KerasModel:
    return model(dense("fc"), act("a", quantizer), weights={"fc": kernel(4, 3)})


def between(*layers: Any, shape: tuple[int, ...] = (None, 4)) -> KerasModel:
    """Layers without weights between an input quantizer and one at the end."""
    return model(act("q", W4), *layers, act("z", W4), shape=shape)


def turned(*behind: Any) -> KerasModel:
    """A normalisation with a negative factor in front of a maximum."""
    own = {**norm(2), "gamma": np.array([1, -1], np.float32)}
    bn = layer("BatchNormalization", "bn", axis=[-1], epsilon=1e-3)
    pool = layer("MaxPooling2D", "m", pool_size=[2, 2])
    return model(act("q", W4), bn, *behind, pool, act("z", W4), weights={"bn": own}, shape=IMAGE)


def leaking(slope: float) -> KerasModel:
    """A PReLU with one slope that differs."""
    own = {"alpha": np.float32([0.1, slope, 0.5, 0.0])}
    return model(act("q", W4), layer("PReLU", "p"), act("z", W4), weights={"p": own})


IMAGE = (None, 6, 6, 2)
NORM = {"fc": kernel(4, 3), "bn": norm(3)}
BN = layer("BatchNormalization", "bn", axis=[-1], epsilon=1e-3)
ZEROS = {"kernel": np.zeros((4, 3), np.float32), "bias": np.zeros(3, np.float32)}
SOME = {"kernel": np.eye(4, 3, dtype=np.float32), "bias": np.full(3, 0.5, np.float32)}
WIDE = {"kernel": np.float64(1) / 3 * np.ones((4, 3)), "bias": np.zeros(3)}
HALF_WAY = {"kernel": np.full((4, 3), 2**-1.5, np.float32), "bias": np.zeros(3, np.float32)}
BESIDE = {**HALF_WAY, "kernel": HALF_WAY["kernel"] * np.float32(1.0001)}
SICK = {**norm(3), "moving_variance": np.full(3, -1, np.float32)}
ONES = Options(S8.input_formats, {"fc": np.ones((4, 3))})
STEEP = {"max_value": None, "negative_slope": 0.3, "threshold": 0.0}

# --- quantizers -----------------------------------------------------------------------------------
way(
    "use a positive alpha",
    fc("quantized_bits(4,0,1,alpha=-1)"),
    fc("quantized_bits(4,0,1,alpha=1)"),
)
way(
    "alpha may be None, a positive number",
    fc("quantized_bits(4,0,1,alpha='own')"),
    fc("quantized_bits(4,0,1,alpha='auto_po2')"),
)
way(
    "give such a list, a number",
    fc({"class_name": "quantized_bits", "config": {"bits": 4, "alpha": [0.3, 1.0, 1.0]}}),
    fc({"class_name": "quantized_bits", "config": {"bits": 4, "alpha": [0.5, 1.0, 1.0]}}),
)
way(
    "give one alpha an output channel",
    fc({"class_name": "quantized_bits", "config": {"bits": 4, "alpha": [0.5, 1.0]}}),
    fc({"class_name": "quantized_bits", "config": {"bits": 4, "alpha": [0.5, 1.0, 2.0]}}),
)
way(
    "give alpha=1 with the threshold",
    fc("ternary(threshold=0.1)"),
    fc("ternary(alpha=1,threshold=0.1)"),
)
way(
    "use a slope such as 0.25 or 0.125",
    acts("quantized_relu(4,1,negative_slope=0.3)"),
    acts("quantized_relu(4,1,negative_slope=0.25)"),
)
way(
    "use a bound that is a multiple",
    acts("quantized_relu(4,1,relu_upper_bound=0.3,is_quantized_clip=0)"),
    acts("quantized_relu(4,1,relu_upper_bound=0.5,is_quantized_clip=0)"),
)
way(
    "use a power of two as max_value",
    acts("quantized_po2(4,max_value=2.8284271)"),
    acts("quantized_po2(4,max_value=2)"),
)
way(
    "expected a call such as 'quantized_bits(6,0,1,alpha=1)'",
    acts("quantized_relu(4"),
    acts("quantized_relu(4)"),
)
way("expected a call such as 'quantized_relu(6,0)'", acts(7), acts("quantized_relu(6,0)"))
way("write literal values", acts("quantized_relu(four)"), acts("quantized_relu(4)"))
way("give it once", acts("quantized_relu(4,bits=4)"), acts("quantized_relu(4)"))
way(
    "{} takes at most {}",
    acts("quantized_relu(4,1,0,0,0,0,1,1,1,1,1,1)"),
    acts("quantized_relu(4,1)"),
    said="takes at most",
)
way("{}known are {}", acts("quantised_relu(4)"), acts("quantized_relu(4)"), said="quantized_relu")
way(
    "set qnoise_factor to 1",
    acts("quantized_relu(4,qnoise_factor=0.5)"),
    acts("quantized_relu(4,qnoise_factor=1.0)"),
)
way(
    "use log2_rounding='rnd'",
    acts("quantized_po2(4,log2_rounding='floor')"),
    acts("quantized_po2(4,log2_rounding='rnd')"),
)
way(
    "leave max_value out, or make it positive",
    acts("quantized_po2(4,max_value=-1)"),
    acts("quantized_po2(4)"),
)
way(
    "leave quadratic_approximation out",
    acts("quantized_po2(4,quadratic_approximation=1)"),
    acts("quantized_po2(4)"),
)
way(
    "leave the threshold out",
    fc("ternary(alpha='auto',threshold=0.1)"),
    fc("ternary(alpha='auto')"),
)
way(
    "leave it out, or alpha='auto'",
    fc("ternary(alpha=1,use_stochastic_rounding=1)"),
    fc("ternary(alpha=1)"),
)
way(
    "known are {}",
    acts("quantized_relu(4,shine=3)"),
    acts("quantized_relu(4)"),
    said="known are bits",
)
way(
    "correct {} in the model",
    acts("quantized_relu('many')"),
    acts("quantized_relu(4)"),
    said="correct bits",
)
way(
    "retrain with such a {}",
    acts("quantized_relu(0)"),
    acts("quantized_relu(4)"),
    said="retrain with such a bits",
)
way(
    "use one of them",
    acts("quantized_relu(4,1,use_sigmoid=1,negative_slope=0.25)"),
    acts("quantized_relu(4,1,negative_slope=0.25)"),
)
way(
    "use a slope of at least {}, or 0",
    acts("quantized_relu(3,1,negative_slope=0.0625)"),
    acts("quantized_relu(3,1,negative_slope=0.25)"),
    said="use a slope of at least 0.25, or 0",
)
way(
    "leave the option out: the default is the hard form",
    acts("quantized_tanh(4,use_real_tanh=1)"),
    acts("quantized_tanh(4)"),
)
way(
    "use binary() or quantized_bits(1,0,alpha=1)",
    fc("quantized_bits(1,0,1)"),
    fc("quantized_bits(1,0,alpha=1)"),
)
way(
    "quantize the bias with quantized_bits",
    fc(W4, "binary(alpha='auto')"),
    fc(W4, "quantized_bits(4,0,1)"),
)
way(
    "use fewer bits, or a max_value of at most 1",
    acts("quantized_po2(8)"),
    acts("quantized_po2(4)"),
)
way(
    "use fewer bits: a zero weight takes",
    fc("quantized_po2(8)", arrays=SOME),
    fc("quantized_po2(4)", arrays=SOME),
    then=ONES,
)
way(
    "change what lies there by a few parts",
    fc("quantized_po2(4)", arrays=HALF_WAY),
    fc("quantized_po2(4)", arrays=BESIDE),
)
way(
    "use the quantizer of QKeras",
    acts({"class_name": "mine>quantized_relu", "config": {"bits": 4}}),
    acts({"class_name": "quantized_relu", "config": {"bits": 4}}),
)
way(
    "leave scale_axis out: the last axis",
    fc("quantized_bits(4,0,1,alpha='auto_po2',scale_axis=5)"),
    fc("quantized_bits(4,0,1,alpha='auto_po2')"),
)
way(
    "use alpha=1: the next layer's weights",
    acts("quantized_bits(4,0,1,alpha=0.3)"),
    acts("quantized_bits(4,0,1,alpha=1)"),
)
way(
    "retrain with alpha=1 on activations",
    acts("quantized_bits(4,0,1,alpha='auto')"),
    acts("quantized_bits(4,0,1,alpha=1)"),
)
# --- weights --------------------------------------------------------------------------------------
way(
    "give the pruning mask (--masks",
    fc("binary(alpha=1)", arrays=SOME),
    fc("binary(alpha=1)", arrays=SOME),
    then=ONES,
)
way(
    "give the mask in the shape",
    fc(),
    fc(),
    Options(S8.input_formats, {"fc": np.ones((3, 4))}),
    ONES,
)
way("post-training quantization", fc(None, None), fc(W4, W4))
way("give the weights file that belongs to this architecture", fc(units=5), fc(units=3))
way("convert the model to float32", fc(arrays=WIDE | {}, dtype="float64"), fc())
way(
    "the training diverged: load an earlier",
    fc(arrays=kernel(4, 3) | {"bias": np.full(3, np.nan)}),
    fc(),
)
# --- layers ---------------------------------------------------------------------------------------
way(
    "replace it with a standard layer",
    between(layer("Lambda", "f", function=["4w", None, None])),
    between(layer("Flatten", "f")),
)
way(
    "use layers that hwgen ops lists",
    between(layer("LSTM", "f", units=2)),
    between(layer("Flatten", "f")),
)
way(
    "write the bare TensorFlow operation as a Keras layer",
    between(layer("TFOpLambda", "f")),
    between(layer("Flatten", "f")),
)
way(
    "save the model with channels_last",
    between(layer("MaxPooling2D", "m", data_format="channels_first"), shape=IMAGE),
    between(layer("MaxPooling2D", "m", data_format="channels_last"), shape=IMAGE),
)
way(
    "use 'valid' or 'same'",
    between(layer("MaxPooling2D", "m", padding="full"), shape=IMAGE),
    between(layer("MaxPooling2D", "m", padding="same"), shape=IMAGE),
)
way(
    "use interpolation='nearest'",
    between(layer("UpSampling2D", "u", size=[2, 2], interpolation="bilinear"), shape=IMAGE),
    between(layer("UpSampling2D", "u", size=[2, 2], interpolation="nearest"), shape=IMAGE),
)
way(
    "use axis=-1",
    model(dense("fc"), layer("BatchNormalization", "bn", axis=[0]), act("z", W4), weights=NORM),
    model(dense("fc"), BN, act("z", W4), weights=NORM),
)
way(
    "put {} in front of {}{}{}",
    model(dense("fc"), BN, dense("g"), weights={**NORM, "g": kernel(3, 2)}),
    model(dense("fc"), BN, act("z", W4), dense("g"), weights={**NORM, "g": kernel(3, 2)}),
    said="put a QActivation in front of g",
)
way(
    "use a slope of 2**-k and a ceiling on the grid",
    model(
        dense("fc"),
        layer("ReLU", "r", **STEEP),
        dense("g"),
        weights={"fc": kernel(4, 3), "g": kernel(3, 2)},
    ),
    model(
        dense("fc"),
        layer("ReLU", "r", **{**STEEP, "negative_slope": 0.25}),
        dense("g"),
        weights={"fc": kernel(4, 3), "g": kernel(3, 2)},
    ),
)
way(
    "put a QActivation at the output",
    model(dense("fc"), BN, layer("ReLU", "r", **STEEP), weights=NORM),
    model(
        dense("fc"),
        BN,
        layer("ReLU", "r", **{**STEEP, "negative_slope": 0.25}),
        act("z", W4),
        weights=NORM,
    ),
)
way(
    "only a final one can be dropped",
    model(
        dense("fc"),
        layer("Softmax", "s"),
        dense("g"),
        weights={"fc": kernel(4, 3), "g": kernel(3, 2)},
    ),
    model(
        dense("fc"),
        act("s", "quantized_sigmoid(4)"),
        dense("g"),
        weights={"fc": kernel(4, 3), "g": kernel(3, 2)},
    ),
)
way(
    "use {}; or round it",
    between(layer("Activation", "t", activation="tanh")),
    between(act("t", "quantized_tanh(4)")),
    said="quantized_tanh",
)
way(
    "use an activation of Keras or a quantizer",
    between(
        layer(
            "Activation",
            "t",
            activation={"class_name": "function", "config": "relu", "module": "mine"},
        )
    ),
    between(layer("Activation", "t", activation="relu")),
)
way(
    "samples cannot be joined",
    functional(act("a", W4, "x"), layer("Concatenate", "c", "a", "a", axis=0), outputs=["c"]),
    functional(act("a", W4, "x"), layer("Concatenate", "c", "a", "a", axis=-1), outputs=["c"]),
)
way(
    "TimeDistributed may hold {}",
    between(layer("TimeDistributed", "t", layer=layer("MaxPooling1D", "m")), shape=(None, 4, 4, 2)),
    between(layer("MaxPooling2D", "t", pool_size=[1, 2]), shape=(None, 4, 4, 2)),
    said="TimeDistributed may hold",
)
way(
    "save the model with dtype float32",
    between(layer("Flatten", "f", dtype="float8")),
    between(layer("Flatten", "f", dtype="float32")),
)
way(
    "put the {} behind it as a layer of its own",
    fc(activation={"class_name": "LeakyReLU", "config": {"alpha": 0.25}}),
    model(
        dense("fc"), layer("LeakyReLU", "r", alpha=0.25), act("z", W4), weights={"fc": kernel(4, 3)}
    ),
    said="put the LeakyReLU behind it",
)
way(
    "use {}",
    between(layer("Activation", "t", activation="gelu")),
    between(act("t", "quantized_relu(4)")),
    said="use ",
)
way(
    "use a quantized_relu",
    between(layer("ReLU", "r", threshold=0.5)),
    between(act("r", "quantized_relu(4)")),
)
way(
    "use a slope from 0 to 1",
    between(layer("LeakyReLU", "r", alpha=-0.5)),
    between(layer("LeakyReLU", "r", alpha=0.5)),
)
way("train it with alpha_constraint=NonNeg()", leaking(-0.5), leaking(0.3))
way(
    "the model does not fit its own input shape",
    between(layer("Reshape", "r", target_shape=[3])),
    between(layer("Reshape", "r", target_shape=[2, 2])),
)
way(
    "use the layer of Keras or QKeras",
    between(layer("mine>Flatten", "f")),
    between(layer("Flatten", "f")),
)
way("put the QActivation in front of the pooling", turned(), turned(act("a", W4)))
way(
    "give one for all, or one a channel",
    between(layer("Rescaling", "r", scale=[1.0, 2.0])),
    between(layer("Rescaling", "r", scale=[1.0, 2.0, 1.0, 2.0])),
)
way(
    "the file is damaged",
    model(dense("fc"), BN, act("z", W4), weights={**NORM, "bn": SICK}),
    model(dense("fc"), BN, act("z", W4), weights=NORM),
)
# --- rim ------------------------------------------------------------------------------------------
way("give the format: --input-format s8.4", fc(), fc(), Options(), S8)
way(
    "its inputs are {}",
    fc(),
    fc(),
    Options({"y": Fixed.parse("s8.4")}),
    Options({"x": Fixed.parse("s8.4")}),
    said="its inputs are x",
)
way(
    "name every array after its layer",
    fc(),
    fc(),
    Options(S8.input_formats, {"fd": np.ones((4, 3))}),
    ONES,
)
way(
    "hardware needs fixed sizes",
    model(dense("fc"), weights={"fc": kernel(4, 3)}, shape=(None, None)),
    fc(),
)
way(
    "leave --head out, then the outputs are the logits; or put a Permute in front",
    model(act("q", W4), layer("Softmax", "s", axis=1), shape=(None, 4, 3)),
    model(
        act("q", W4),
        layer("Permute", "p", dims=[2, 1]),
        layer("Softmax", "s", axis=2),
        shape=(None, 4, 3),
    ),
    Options(S8.input_formats, head="argmax"),
    Options(S8.input_formats, head="argmax"),
)
way("leave {} out if the layer does the same without it", fc(shine=3), fc(), said="leave shine out")


@pytest.mark.parametrize(
    "row", [pytest.param(w, id=f"{i}-{w.hint[:40]}") for i, w in enumerate(WAYS)]
)
def test_a_hint_leads_to_a_build(row: Way) -> None:
    with pytest.raises(HwgenError) as caught:
        convert(*row.wrong)
    told = [p.hint for p in getattr(caught.value, "problems", (caught.value,))]
    assert any((row.said or row.hint) in hint for hint in told), told
    graph = convert(*row.right)
    made = hwgen.build(graph, board="vu13p", clock="50MHz", effort=0)
    assert made.figures.latency_cycles > 0


# Hints that tests elsewhere follow. A file that is damaged, cut or of another model has one way
# out, the file as it was: every such case of those tests breaks a model that builds.
WHOLE = "tests/cli/test_wrong_models.py::test_the_right_model_builds"
PAIR = "tests/frontends/test_keras_file_live.py::test_what_keras_saves_is_what_is_read"
CALLS = (
    "tests/frontends/test_calls.py::test_training_mode_changes_nothing_in_a_layer_that_only_moves"
)
NESTED = "tests/frontends/test_nested_order_live.py::test_nested_weights_are_those_of_keras"
GIVEN = "tests/frontends/test_given_format.py::test_what_the_hints_say_leads_to_a_build"
FITTED = "tests/frontends/test_quantizers_live.py::test_fitted_scales_equal_qkeras"
ELSEWHERE = {
    r"save .*again|copy or save|give a file|a file that Keras saved|hwgen reads": WHOLE,
    r"save the model with its weights|save it with|default weights_format|in one piece": PAIR,
    r"--weights|saved together|save config and weights together|expected the text of": WHOLE,
    r"save it as float32|save the weights in one file|take an earlier checkpoint": WHOLE,
    r"Sequential or functional model|functional API|as one functional model": WHOLE,
    r"without password|no model for an FPGA|rename one|build it with an Input layer": WHOLE,
    r"\.keras format|name of its own|a layer of its own|names must be unique|has the slash": NESTED,
    r"tensors alone|call it|trained part of the model|remove the pruning": CALLS,
    r"tf.keras or QKeras model|internal_sigmoid|text as keys": PAIR,
    r"with Keras 2, Keras 3 or QKeras|reshape the tensor in front": CALLS,
    r"--format|--input-format|leave that layer out": GIVEN,
    r"at most 8 bits behind|fewer bits (behind|in front)": GIVEN,
    r"parts per million|has not settled|train with alpha=1|store the (model|quantized)": FITTED,
    r"depthwise quantizer|scale_axis out, or use alpha": FITTED,
    r"that HGQ found": WHOLE,
}


def test_every_hint_has_a_follower(root: Path) -> None:
    found = hints(root, *FOLDERS)
    assert len(found) > 100
    lost = {
        text: place
        for text, place in found.items()
        if not any(row.hint in text for row in WAYS)
        and not any(re.search(words, text) for words in ELSEWHERE)
    }
    assert lost == {}, "a hint that no test follows"


def test_followers_exist_and_follow_something(root: Path) -> None:
    found = hints(root, *FOLDERS)
    assert [row.hint for row in WAYS if not any(row.hint in text for text in found)] == []
    for words, test in ELSEWHERE.items():
        assert any(re.search(words, text) for text in found), words
        file, _, name = test.partition("::")
        assert f"def {name}(" in (root / file).read_text("utf-8"), test
