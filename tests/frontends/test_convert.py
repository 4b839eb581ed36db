# SPDX-License-Identifier: Apache-2.0
"""Conversion without Keras: what is refused and how it is told, names, notes, the rim.

long because: it is one list of refusals, each with its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hwgen.errors import (
    ConfigError,
    ModelError,
    ModelProblems,
    UnsupportedLayer,
    UnsupportedQuantizer,
)
from hwgen.frontends.exact.steps import Normalise
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.keras.topology import parse
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.convert import convert, convert_call
from hwgen.frontends.qkeras.registry import HANDLERS
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ir.names import node_name
from hwgen.ops.reference import run_reference

Config = dict[str, Any]
Arrays = Mapping[str, npt.NDArray[Any]]
W4 = "quantized_bits(4,0,1,alpha=1)"
S8 = Options({"": Fixed.parse("s8.4")})


def layer(cls: str, name: str, *inbound: str, **settings: Any) -> Config:
    calls = [[[source, 0, 0, {}] for source in inbound]] if inbound else []
    config = {"name": name, **settings}
    return {"class_name": cls, "name": name, "config": config, "inbound_nodes": calls}


def dense(name: str, *inbound: str, q: str | None = W4, **settings: Any) -> Config:
    settings = {"kernel_quantizer": q, "bias_quantizer": q, **settings}
    return layer("QDense", name, *inbound, **settings)


def act(name: str, quantizer: Any, *inbound: str) -> Config:
    return layer("QActivation", name, *inbound, activation=quantizer)


def kernel(*shape: int, seed: int = 1) -> Arrays:
    rng = np.random.default_rng(seed)
    return {
        "kernel": rng.uniform(0.05, 0.9, shape).astype(np.float32),
        "bias": rng.uniform(-0.9, 0.9, shape[-1]).astype(np.float32),
    }


def norm(width: int, seed: int = 2) -> Arrays:
    rng = np.random.default_rng(seed)
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    return {n: rng.uniform(0.5, 2, width).astype(np.float32) for n in names}


def model(
    *layers: Config,
    weights: Mapping[str, Arrays] | None = None,
    shape: tuple[int | None, ...] = (None, 4),
    keras: str = "2.14.0",
) -> KerasModel:
    first = layer("InputLayer", "x", batch_input_shape=list(shape))
    config = {"class_name": "Sequential", "config": {"name": "net", "layers": [first, *layers]}}
    return KerasModel(config, weights or {}, "net.h5", keras)


def functional(
    *layers: Config, outputs: list[str], weights: Mapping[str, Arrays] | None = None
) -> KerasModel:
    first = layer("InputLayer", "x", batch_input_shape=[None, 4])
    config = {
        "name": "net",
        "layers": [first, *layers],
        "input_layers": [["x", 0, 0]],
        "output_layers": [[name, 0, 0] for name in outputs],
    }
    return KerasModel({"class_name": "Functional", "config": config}, weights or {}, "net.h5", "2")


# Between an input and a normalisation, which would be its scaler without.
SAME = layer("Permute", "same", dims=[1])


def problems(m: KerasModel, options: Options = S8) -> list[ModelError]:
    with pytest.raises(ModelProblems) as caught:
        convert(m, options)
    assert str(caught.value).startswith("net.h5: ")
    for problem in caught.value.problems:
        assert problem.what in str(caught.value)
        assert problem.hint, f"no way out: {problem}"
    return list(caught.value.problems)


def only(m: KerasModel, options: Options = S8) -> ModelError:
    (problem,) = problems(m, options)
    return problem


# --- refusals ---------------------------------------------------------------------------------


def test_float_weights_name_post_training_quantization() -> None:
    found = only(model(dense("fc", q=None), weights={"fc": kernel(4, 3)}))
    assert isinstance(found, UnsupportedLayer)
    assert found.where == "fc (QDense)"
    assert "the kernel is float: no quantizer" in found.what
    assert "post-training quantization" in found.hint
    assert "QDense, QConv2D, QActivation" in found.hint


def test_no_input_quantizer() -> None:
    found = only(model(dense("fc"), weights={"fc": kernel(4, 3)}), Options())
    assert found.where == "x (InputLayer)"
    assert "the network input has no quantizer" in found.what
    assert "--input-format s8.4" in found.hint


def test_an_input_quantizer_that_is_no_grid() -> None:
    found = only(model(act("t", "quantized_tanh(8)"), dense("fc"), weights={"fc": kernel(4, 3)}),
                 Options())  # fmt: skip
    assert "quantized_tanh(8), does more than round to a grid" in found.what
    assert "--input-format" in found.hint


def test_an_input_quantized_in_two_ways() -> None:
    found = only(
        functional(
            act("a", "quantized_bits(4,0,alpha=1)", "x"),
            act("b", "quantized_relu(4)", "x"),
            layer("Add", "sum", "a", "b"),
            outputs=["sum"],
        ),
        Options(),
    )
    assert "different ways: quantized_bits(4,0,0,alpha=1.0), quantized_relu(4,0)" in found.what


def test_lambda_is_never_executed() -> None:
    found = only(model(layer("Lambda", "f", function=["4wEAAAA=", None, None])))
    assert found.where == "f (Lambda)"
    assert "never executed" in found.what
    assert "standard layer" in found.hint


@pytest.mark.parametrize(
    ("cls", "hint"),
    [("LSTM", "hwgen ops"), ("TFOpLambda", "Keras layer")],
)
def test_unknown_layers(cls: str, hint: str) -> None:
    found = only(model(layer(f"somewhere>{cls}", "z")))
    assert isinstance(found, UnsupportedLayer)
    assert found.what == f"layer class {cls!r} is not supported"
    assert hint in found.hint


def test_unknown_quantizer() -> None:
    found = only(model(act("a", "quantised_relu(4)")))
    assert isinstance(found, UnsupportedQuantizer)
    assert found.where == "a (QActivation)"
    assert "did you mean quantized_relu?" in found.hint


def test_softmax_inside() -> None:
    found = only(
        model(dense("fc"), layer("Softmax", "s"), dense("g"),
              weights={"fc": kernel(4, 3), "g": kernel(3, 2)})
    )  # fmt: skip
    assert found.where == "s (Softmax)"
    assert "softmax inside the network" in found.what


@pytest.mark.parametrize("activation", ["tanh", "elu", "gelu", "swish", "softplus", "hard_sigmoid"])
def test_float_activations(activation: str) -> None:
    found = only(model(layer("Activation", "a", activation=activation), act("q", W4)))
    assert f"activation {activation!r} has no exact integer form" in found.what
    assert "quantized_" in found.hint


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (
            layer("QConv2D", "c", data_format="channels_first", kernel_quantizer=W4),
            "channels_first",
        ),
        (layer("MaxPooling2D", "c", data_format="channels_first"), "channels_first"),
        (layer("Flatten", "c", data_format="channels_first"), "channels_first"),
        (layer("UpSampling2D", "c", interpolation="bilinear"), "interpolation='bilinear'"),
        (layer("QConv2D", "c", padding="full", kernel_quantizer=W4), "padding='full'"),
        (layer("MaxPooling2D", "c", pool_size=[9, 2]), "a window of 9 does not fit an axis of 4"),
        (layer("QConv1D", "c", kernel_quantizer=W4, weights1d=True), "does not fit the input"),
        (layer("Reshape", "c", target_shape=[5, -1]), r"(5, -1) does not hold 32 elements"),
        (layer("Permute", "c", dims=[2, 1]), "does not permute"),
        (layer("Concatenate", "c", axis=0), "along the batch axis"),
        (layer("ReLU", "c", threshold=0.5), "threshold"),
        (layer("LeakyReLU", "c", alpha=-0.5), "makes the activation fall"),
        (layer("BatchNormalization", "c", axis=[1]), "normalisation along axis"),
        (layer("PReLU", "c", slopes=[[[0.5]] * 3] * 4), "slopes of shape (4, 3, 1) do not fit"),
        (layer("TimeDistributed", "c", layer=layer("Flatten", "f")), "TimeDistributed(Flatten)"),
    ],
    ids=lambda v: v["class_name"] if isinstance(v, dict) else "",
)
def test_settings_without_exact_form(bad: Config, said: str) -> None:
    one_axis = bad["config"].pop("weights1d", False)
    weights = {"c": kernel(3, 7, 2) if one_axis else kernel(2, 2, 2, 3)}
    if slopes := bad["config"].pop("slopes", None):
        weights = {"c": {"alpha": np.float32(slopes)}}
    found = only(model(bad, shape=(None, 4, 4, 2), weights=weights))
    assert said in found.what
    assert found.where.startswith("c (")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (layer("QConv2D", "c", strides=0, kernel_quantizer=W4), "strides=0, expected 2 whole"),
        (layer("QConv2D", "c", strides="two", kernel_quantizer=W4), "strides='two', expected"),
        (layer("QConv2D", "c", dilation_rate=[1], kernel_quantizer=W4), "dilation_rate=[1]"),
        (layer("QConv2D", "c", groups=None, filters=4, kernel_quantizer=W4), "filters=4, but"),
        (layer("QDense", "c", units="five", kernel_quantizer=W4), "does not fit the input"),
        (layer("MaxPooling2D", "c", pool_size=[2.5, 2]), "pool_size=[2.5, 2]"),
        (layer("AveragePooling2D", "c", strides=[1, -1]), "strides=[1, -1]"),
        (layer("Reshape", "c", target_shape=[True]), "target_shape=[True]"),
        (layer("Permute", "c", dims="12"), "dims='12'"),
        (layer("ZeroPadding2D", "c", padding=[[1, 2], [3]]), "padding=[[1, 2], [3]]"),
        (layer("ZeroPadding2D", "c", padding=-1), "padding=-1"),
        (layer("Cropping2D", "c", cropping=[[1, 2], [3]]), "cropping=[[1, 2], [3]]"),
        (layer("Cropping2D", "c", cropping=[[4, 4], [0, 0]]), "leaves nothing of shape"),
        (layer("UpSampling2D", "c", size=[2]), "size=[2]"),
        (layer("Concatenate", "c", axis="last"), "axis='last'"),
        (layer("ReLU", "c", max_value="six"), "max_value='six', expected a number"),
        (layer("LeakyReLU", "c", alpha=[0.1]), "alpha=[0.1], expected a number"),
    ],
    ids=lambda v: v["class_name"] if isinstance(v, dict) else "",
)
def test_settings_that_are_none(bad: Config, said: str) -> None:
    found = only(model(bad, shape=(None, 4, 4, 2), weights={"c": kernel(2, 2, 2, 3)}))
    assert said in found.what
    assert found.where.startswith("c (")


@pytest.mark.parametrize("units", [5, "five"])
def test_units_that_differ_from_the_kernel(units: Any) -> None:
    found = only(model(dense("fc", units=units), weights={"fc": kernel(4, 3)}))
    assert found.what == f"units={units!r}, but the kernel has 3 outputs"


@pytest.mark.parametrize(("cls", "sources"), [("QDense", ["a", "b"]), ("Flatten", ["a", "b", "a"])])
def test_layers_called_with_several_tensors(cls: str, sources: list[str]) -> None:
    m = functional(
        act("a", "quantized_relu(4)", "x"), act("b", "quantized_relu(4)", "x"),
        layer(cls, "z", *sources), outputs=["z"],
    )  # fmt: skip
    assert only(m).what == f"the layer is called with {len(sources)} tensors"


def test_numbers_stored_as_numpy_scalars() -> None:
    ceiling = {"class_name": "__ndarray__", "config": {"value": 2.5}}
    m = model(layer("ReLU", "r", max_value=ceiling), dense("fc"), weights={"fc": kernel(4, 3)})
    assert convert(m, S8)["r"].op.hi == 40


def test_batch_normalisation_must_meet_a_quantizer() -> None:
    bn = layer("BatchNormalization", "bn")
    found = only(
        model(SAME, bn, dense("fc"), weights={"bn": norm(4), "fc": kernel(4, 3)}),
    )
    assert found.where == "bn (BatchNormalization)"
    assert found.what.startswith("a batch normalisation reaches fc (QDense) without a quantizer")
    assert found.hint == "put a QActivation in front of fc, or round it: --format bn=s16.9"


def test_leaky_relu_off_the_grid_must_meet_a_quantizer() -> None:
    leaky = layer("LeakyReLU", "leaky", alpha=0.3)
    found = only(model(leaky, dense("fc"), weights={"fc": kernel(4, 3)}))
    assert "slope 0.3" in found.what
    assert "2**-k" in found.hint


def test_a_maximum_behind_a_negative_factor() -> None:
    weights = {"bn": {**norm(3), "gamma": np.float32([1, -1, 2])}}
    found = only(
        model(
            layer("Permute", "same", dims=[1, 2]), layer("BatchNormalization", "bn"),
            layer("GlobalMaxPooling1D", "top"), act("a", W4), weights=weights, shape=(None, 5, 3),
        )
    )  # fmt: skip
    assert found.where == "top (GlobalMaxPooling1D)"
    assert "in front of the pooling" in found.hint


def test_fitted_scale_on_an_activation() -> None:
    found = only(model(act("a", "quantized_bits(4,0,alpha='auto')")))
    assert isinstance(found, UnsupportedQuantizer)
    assert "fits the scale to each batch" in found.what


def test_more_than_eight_bits_without_a_line() -> None:
    found = only(
        model(layer("LeakyReLU", "leaky", alpha=0.3), act("a", "quantized_bits(12,3,alpha=1)")),
        Options({"": Fixed.parse("s14.8")}),
    )
    assert found.where == "a (QActivation)"
    assert "no integer multiply-shift" in found.what


@pytest.mark.parametrize("shape", [(None, None), (None, 4, None), (None,), None, (None, 0)])
def test_input_shapes_that_are_not_fixed(shape: Any) -> None:
    first = layer("InputLayer", "x", batch_input_shape=shape and list(shape))
    config = {"class_name": "Sequential", "config": {"name": "n", "layers": [first]}}
    found = only(KerasModel(config, {}, "net.h5", ""))
    assert "is not fixed" in found.what
    assert "every dimension but the batch" in found.hint


# --- weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "the weight 'kernel' is missing (the file has none)"),
        ({"fc": {"bias": np.zeros(3)}}, "is missing (the file has ['bias'])"),
        ({"fc": kernel(5, 3)}, "a kernel of shape (5, 3) does not fit the input (4,)"),
        ({"fc": {**kernel(4, 3), "bias": np.ones(2)}}, "a bias of shape (2,) for 3 output"),
        ({"fc": {**kernel(4, 3), "bias": np.full(3, np.nan)}}, "'bias' holds NaN or infinity"),
        ({"fc": {**kernel(4, 3), "kernel": np.full((4, 3), np.inf)}}, "holds NaN or infinity"),
    ],
)
def test_weights_that_do_not_fit(weights: Mapping[str, Arrays], said: str) -> None:
    found = only(model(dense("fc"), weights=weights))
    assert said in found.what
    assert found.where == "fc (QDense)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gamma": np.ones(5)}, "for 4 channels"),
        ({"moving_variance": np.full(4, -1.0)}, "a variance is negative"),
    ],
)
def test_damaged_normalisation(change: Arrays, said: str) -> None:
    weights = {"bn": {**norm(4), **change}}
    found = only(model(layer("BatchNormalization", "bn"), act("a", W4), weights=weights))
    assert said in found.what


def pruned() -> dict[str, npt.NDArray[Any]]:
    weights = dict(kernel(4, 3))
    weights["kernel"] = weights["kernel"].copy()
    weights["kernel"][:2] = 0
    return weights


BINARY = {"kernel_quantizer": "binary(alpha=1)", "use_bias": False}


@pytest.mark.parametrize("quantizer", ["binary(alpha=1)", "quantized_bits(1,0,alpha=1)",
                                       "quantized_po2(4)"])  # fmt: skip
def test_pruned_weights_that_become_non_zero(quantizer: str) -> None:
    config = layer("QDense", "fc", kernel_quantizer=quantizer, use_bias=False)
    found = only(model(config, weights={"fc": pruned()}))
    assert "6 weights are exactly zero" in found.what
    assert "this looks like pruning" in found.what
    assert "--masks FILE.npz" in found.hint


def weight_codes(graph: Graph) -> npt.NDArray[Any]:
    return np.asarray(graph["fc"].op.weight)


@pytest.mark.parametrize("key", ["fc", "fc/kernel", "stored"])
def test_pruning_masks(key: str) -> None:
    weights, mask = pruned(), np.ones((4, 3))
    mask[:2] = 0
    if key == "stored":  # by the pruning wrapper
        weights["mask"] = mask
    options = Options(S8.input_formats, {} if key == "stored" else {key: mask})
    graph = convert(model(layer("QDense", "fc", **BINARY), weights={"fc": weights}), options)
    assert not weight_codes(graph)[:2].any()
    assert (np.abs(weight_codes(graph)[2:]) == 1).all()
    (note,) = graph.notes
    assert note.startswith("fc: 6 pruned weights are zero by the mask")


def test_a_mask_of_ones_takes_zeros_as_weights() -> None:
    options = Options(S8.input_formats, {"fc": np.ones((4, 3))})
    graph = convert(model(layer("QDense", "fc", **BINARY), weights={"fc": pruned()}), options)
    assert (weight_codes(graph) == 1).all()
    assert graph.notes == ()


def test_a_mask_of_another_shape() -> None:
    options = Options(S8.input_formats, {"fc": np.ones((3, 4))})
    m = model(layer("QDense", "fc", **BINARY), weights={"fc": pruned()})
    assert "the pruning mask has shape (3, 4), the kernel (4, 3)" in only(m, options).what


def test_options_that_name_nothing() -> None:
    m = model(dense("fc"), weights={"fc": kernel(4, 3)})
    with pytest.raises(ConfigError, match="no input 'y'") as caught:
        convert(m, Options({"y": Fixed.parse("s8.4")}))
    assert caught.value.where == "--input-format"
    assert caught.value.hint == "its inputs are x"
    with pytest.raises(ConfigError, match="no layer 'fd'") as caught:
        convert(m, Options(S8.input_formats, {"fd": np.ones(3)}))
    assert caught.value.where == "--masks"


# --- all at once ------------------------------------------------------------------------------


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        model(
            dense("a"),
            act("b", "quantised_relu(4)"),
            layer("Lambda", "c"),
            dense("d", q=None),
            layer("Activation", "e", activation="tanh"),
            dense("f", q=None, bias_quantizer="quantized_bits(4,qnoise_factor=0.5)"),
            layer("QConv2DBatchnorm", "g", kernel_quantizer="nothing(3)"),
            weights={"a": kernel(4, 3), "d": kernel(3, 3), "f": kernel(3, 3)},
        ),
        Options(),
    )
    wheres = [p.where.partition(" ")[0] for p in found]
    assert wheres == ["x", "b", "c", "d", "e", "f", "f", "g"]
    with pytest.raises(ModelProblems, match="8 problems in this model"):
        convert(model(*(layer("LSTM", f"l{i}") for i in range(8))), S8)


def test_a_shared_layer_is_told_once() -> None:
    m = functional(dense("fc", "x", q=None), layer("Add", "sum", "fc", "fc"), outputs=["sum"],
                   weights={"fc": kernel(4, 3)})  # fmt: skip
    m.config["config"]["layers"][1]["inbound_nodes"].append([["x", 0, 0, {}]])
    assert "the kernel is float" in only(m).what


# --- names, notes, outputs --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("fc1", "fc1"),
        ("a/b:0", "a_b_0"),
        ("1st", "l1st"),
        ("_x_", "x"),
        ("é", "layer"),
        ("", "layer"),
    ],
)
def test_identifiers(name: str, want: str) -> None:
    assert node_name(name) == want
    assert node_name(name).isidentifier()


def test_names_are_unique_and_the_same_every_time() -> None:
    m = functional(
        dense("a.b", "x"), dense("a_b", "x"), dense("a-b", "x"),
        outputs=["a.b", "a_b", "a-b"],
        weights={n: kernel(4, 3, seed=i) for i, n in enumerate(("a.b", "a_b", "a-b"))},
    )  # fmt: skip
    graph = convert(m, S8)
    assert [n.name for n in graph.nodes] == ["x", "a_b", "a_b_2", "a_b_3"]
    assert [o.name for o in graph.outputs] == ["a_b", "a_b_2", "a_b_3"]
    assert [n.layer for n in graph.nodes] == ["x", "a.b", "a_b", "a-b"]
    assert convert(m, S8) == graph


def test_one_tensor_may_leave_twice() -> None:
    m = functional(dense("fc", "x"), outputs=["fc", "fc"], weights={"fc": kernel(4, 3)})
    assert [(o.name, o.node) for o in convert(m, S8).outputs] == [("fc", "fc"), ("fc_2", "fc")]


@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_final_softmax_is_dropped_and_noted(last: str, inside: bool) -> None:
    layers = [dense("fc", activation=last)] if inside else [
        dense("fc"), layer("Activation", "prob", activation=last)
    ]  # fmt: skip
    graph = convert(model(*layers, weights={"fc": kernel(4, 3)}), S8)
    name = "fc" if inside else "prob"
    assert graph.notes == (
        f"{name}: the final {last} is dropped; the outputs are the logits in front of it",
    )
    assert graph.outputs[0].name == "fc"


def test_keras_3_activations_are_read() -> None:
    relu = {"module": "builtins", "class_name": "function", "config": "relu"}
    graph = convert(
        model(dense("fc", activation=relu), act("a", "quantized_relu(4)"),
              weights={"fc": kernel(4, 3)}),
        S8,
    )  # fmt: skip
    assert [n.op.kind for n in graph.nodes] == ["input", "dense", "requantize"]


@pytest.mark.parametrize(
    ("keras", "rank", "want"),
    [
        ("2.14.0", 1, "plain"),
        ("2.14.0", 2, "plain"),
        ("2.14.0", 3, "fused"),
        ("2.14.0", 4, "centred"),
        ("3.5.0", 3, "plain"),
    ],
)
def test_the_order_of_a_batch_normalisation(keras: str, rank: int, want: str) -> None:
    """It decides last bits only; measured on TensorFlow 2.14."""
    shape = (None, *range(3, 3 + rank))
    m = model(
        layer("BatchNormalization", "bn"), weights={"bn": norm(2 + rank)}, shape=shape, keras=keras
    )
    c = Conversion(m, parse(m.config, m.source), S8)
    bn = c.network.calls[-1].layer
    value = convert_call(c, c.network.calls[0])
    assert value is not None
    (step,) = HANDLERS["BatchNormalization"](c, bn, [value]).steps
    assert isinstance(step, Normalise)
    assert step.form == want


def test_an_output_without_a_quantizer_has_a_scale() -> None:
    m = model(dense("fc", bias_quantizer=None), weights={"fc": kernel(4, 3)})
    (out,) = convert(m, S8).outputs
    assert out.scale == (2.0**-7,)
    np.testing.assert_array_equal(np.float32(out.offset), m.weights["fc"]["bias"])
    assert not out.exact
    (mean,) = convert(model(layer("GlobalAveragePooling1D", "m"), shape=(None, 3, 2)), S8).outputs
    assert mean.scale == (2.0**-4 / 3,)


def test_an_output_that_is_not_affine_is_refused() -> None:
    found = only(
        model(SAME, layer("BatchNormalization", "bn"), layer("ReLU", "r"), weights={"bn": norm(4)})
    )
    assert found.where == "r (ReLU)"
    assert found.hint == "put a QActivation at the output, or round it: --format r=s16.9"


def test_wide_accumulators_are_noted() -> None:
    m = model(
        dense("fc", q="quantized_bits(12,0,alpha=1)"), act("a", "quantized_relu(4)"),
        weights={"fc": kernel(4, 3)},
    )  # fmt: skip
    (note,) = convert(m, Options({"": Fixed.parse("s16.8")})).notes
    assert note.startswith("fc: values reach ")
    assert "hwgen stays exact" in note


def test_saturation_beyond_the_straight_through_range_is_noted() -> None:
    m = model(act("a", "quantized_bits(24,0,alpha=1)"))
    (note,) = convert(m, Options({"": Fixed.parse("s10.2")})).notes
    assert "straight-through sum leaves the grid of quantized_bits(24,0,0,alpha=1.0)" in note


def test_the_scaler_is_shipped() -> None:
    m = model(dense("fc"), weights={"fc": kernel(4, 3)})
    graph = convert(m, Options(S8.input_formats, scaler=([1, 2, 3, 4], [0.5, 1, 1, 2])))
    assert (graph.scaler_mean, graph.scaler_std) == ((1, 2, 3, 4), (0.5, 1, 1, 2))


def test_two_readers_of_a_relu_share_its_node() -> None:
    m = functional(
        dense("fc", "x"), layer("ReLU", "r", "fc"), dense("a", "r"), dense("b", "r"),
        outputs=["a", "b"],
        weights={"fc": kernel(4, 3), "a": kernel(3, 2), "b": kernel(3, 2, seed=5)},
    )  # fmt: skip
    assert [n.name for n in convert(m, S8).nodes] == ["x", "fc", "r", "a", "b"]


def test_a_finer_bias_moves_the_weights_up() -> None:
    m = model(
        dense("fc", bias_quantizer="quantized_bits(12,0,alpha=1)"), weights={"fc": kernel(4, 3)}
    )
    graph = convert(m, S8)
    assert graph["fc"].type.frac == 11
    codes = run_reference(graph, {"x": np.eye(4, dtype=np.int64)})["fc"]
    w = np.rint(m.weights["fc"]["kernel"] * 8).clip(-7, 7) / 8
    b = np.rint(m.weights["fc"]["bias"] * 2048).clip(-2048, 2047) / 2048
    np.testing.assert_array_equal(codes / 2**11, w / 16 + b)


def test_a_bias_that_float32_would_round_stays_float() -> None:
    """24 fraction bits on accumulators of 12: Keras' addition rounds, so the quantizer decides."""
    m = model(
        dense("fc", bias_quantizer="quantized_bits(24,0,alpha=1)"),
        act("a", "quantized_relu(4,2)"),
        weights={"fc": kernel(4, 3)},
    )
    graph = convert(m, S8)
    assert graph["fc"].type.frac == 7
    assert graph["a"].op.kind == "thresholds"


def test_quantizers_that_change_nothing_leave_no_node() -> None:
    m = model(act("in", "quantized_bits(8,3,alpha=1)"), dense("fc"), weights={"fc": kernel(4, 3)})
    assert [n.name for n in convert(m, S8).nodes] == ["x", "fc"]


def test_a_scale_along_the_inputs_is_refused() -> None:
    q = "quantized_bits(4,0,1,alpha='auto',scale_axis=0)"
    found = only(model(dense("fc", bias_quantizer=None, q=q), weights={"fc": kernel(4, 4)}))
    assert isinstance(found, UnsupportedQuantizer)
    assert "varies along another axis than the output channels" in found.what
