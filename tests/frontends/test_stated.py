# SPDX-License-Identifier: Apache-2.0
"""What a file states beside shapes and weights: settings of layers, masks, biases of zeros."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.errors import ModelError, ModelProblems
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.layer_settings import COMMON, LIMITED, SETTINGS
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert, supported_layers
from hwgen.ir.fixed import Fixed
from hwgen.ops.reference import run_reference
from tests.frontends.test_convert import (
    S8,
    W4,
    Config,
    act,
    dense,
    functional,
    kernel,
    layer,
    model,
    norm,
    only,
    problems,
)

KEYS = json.loads((Path(__file__).parent / "keras_settings.json").read_text("utf-8"))
GRID = "quantized_bits(8,3,1,alpha=1)"


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("release", sorted(KEYS))
def test_every_setting_of_every_class_has_been_looked_at(release: str) -> None:
    """The lists are what ``get_config()`` of each release returns."""
    seen = set()
    for cls, keys in KEYS[release].items():
        seen.add(cls)
        assert set(keys) <= {*COMMON, *CLASSES[cls].settings}, cls
    if release == "Keras 2.14, QKeras 0.9":
        # Of a script, and of a QKeras that is younger than this release.
        foreign = {"BinaryDense", "TernaryDense", "QDenseBatchnorm"}
        assert seen | foreign >= set(supported_layers())


def test_every_setting_says_what_becomes_of_it() -> None:
    named = {key for record in CLASSES.values() for key in record.settings} | {*COMMON}
    assert named == set(SETTINGS)
    for key, setting in SETTINGS.items():
        assert setting.why, key
        assert (setting.use == LIMITED) == bool(setting.only) == bool(setting.hint), key


def test_the_table_in_the_docs_is_the_code(root: Path) -> None:
    text = (root / "docs" / "exactness.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    told = {
        key.strip().strip("`"): (row[1].strip(), row[2].strip())
        for row in rows
        if len(row) == 3
        for key in row[0].split(",")
    }
    for key, setting in SETTINGS.items():
        only = ", ".join(f"`{value}`" for value in setting.only)
        use = f"only {only}" if only else setting.use
        assert told[key] == (use, setting.why), key


@pytest.mark.parametrize("cls", ["QDense", "Flatten", "BatchNormalization", "QActivation"])
@pytest.mark.parametrize("value", [None, 0.5, {"mode": "new"}])
def test_a_setting_that_nobody_has_looked_at(cls: str, value: Any) -> None:
    settings = {"QDense": {"kernel_quantizer": W4}, "QActivation": {"activation": W4}}
    weights = {"z": {**kernel(4, 3), **norm(4)}}
    bad = layer(cls, "z", **settings.get(cls, {}), leak=value)
    found = only(model(bad, act("q", GRID), weights=weights))
    assert found.where == f"z ({cls})"
    assert f"the setting leak={value!r} of a {cls}" in found.what
    assert "leave leak out" in found.hint
    bad["config"].pop("leak")
    assert convert(model(bad, act("q", GRID), weights=weights), S8)


def test_settings_of_wrappers_and_inputs_are_looked_at() -> None:
    timed = layer("TimeDistributed", "t", layer=dense("fc"), speed=2)
    assert (
        "speed=2 of a TimeDistributed"
        in only(model(timed, shape=(None, 3, 4), weights={"t": kernel(4, 3)})).what
    )
    m = model(act("q", GRID))
    m.config["config"]["layers"][0]["config"]["sparse"] = True
    assert only(m).what == "sparse=True is not supported: a sparse tensor"
    m.config["config"]["layers"][0]["config"]["sparse"] = False
    assert convert(m)


def test_a_setting_with_a_value_that_is_not_taken() -> None:
    bad = layer("Dense", "z", quantization_config={"mode": "int8"})
    m = model(bad, weights={"z": {"kernel": np.eye(4), "bias": np.zeros(4)}})
    found = only(m)
    assert found.what.startswith("quantization_config={'mode': 'int8'} is not supported")
    assert found.hint == "save the model in front of quantize()"
    bad["config"]["quantization_config"] = None
    assert convert(m, S8)


@pytest.mark.parametrize("package", ["hgq", "HGQ"])
def test_hgq_files_are_told_what_they_are(package: str) -> None:
    layers = [layer(f"{package}>{cls}", cls, iq_conf={}) for cls in ("QDense", "HDense")]
    for found in problems(model(*layers, weights={"QDense": kernel(4, 3)}), Options()):
        if found.where != "x (InputLayer)":
            assert found.what == "this is a layer of HGQ, whose files hwgen does not read"
            assert "QKeras layers (QDense" in found.hint


def test_a_class_of_another_package_need_not_be_that_of_keras() -> None:
    mine = {**layer("Flatten", "f"), "registered_name": "mine>Flatten", "module": "mine.layers"}
    assert "of the package 'mine'" in only(model(mine)).what
    assert convert(model({**mine, "registered_name": None, "module": "keras.layers"}), S8)


# --- masks and zeros --------------------------------------------------------------------------


@pytest.mark.parametrize("quantizer", [W4, "binary(alpha=1)", "quantized_bits(4,0,alpha='auto')"])
def test_a_stored_mask_is_applied_to_weights_that_are_not_zero(quantizer: str) -> None:
    mask = np.ones((4, 3))
    mask[1] = 0
    weights = {"fc": {"kernel": np.full((4, 3), 0.5, np.float32), "mask": mask}}
    made = layer("QDense", "fc", kernel_quantizer=quantizer, use_bias=False)
    graph = convert(model(made, weights=weights), S8)
    assert np.array_equal(np.asarray(graph["fc"].op.weight) != 0, mask != 0)


def test_a_given_mask_that_keras_does_not_know_is_noted() -> None:
    mask = np.ones((4, 3))
    mask[1] = 0
    options = Options(S8.input_formats, {"fc": mask})
    graph = convert(model(dense("fc"), weights={"fc": kernel(4, 3)}), options)
    assert not np.asarray(graph["fc"].op.weight)[1].any()
    assert graph.notes == (
        "fc: 3 weights are not zero in the file, and zero by the mask that was given; Keras does "
        "not know the mask and computes without it",
    )


def test_a_mask_of_other_values_is_refused() -> None:
    weights = {"fc": {**kernel(4, 3), "mask": np.full((4, 3), 0.5)}}
    assert "other values than 0 and 1" in only(model(dense("fc"), weights=weights)).what


@pytest.mark.parametrize(
    ("quantizer", "value"),
    [
        ("quantized_po2(4)", 2.0**-4),
        ("quantized_relu_po2(4)", 2.0**-8),
        ("binary(alpha=1)", 1.0),
        ("quantized_bits(1,0,alpha=1)", 1.0),
        ("quantized_sigmoid(4)", 0.5),
        ("ternary(alpha=1)", 0.0),
        (W4, 0.0),
    ],
)
def test_a_bias_of_zeros_is_quantized(quantizer: str, value: float) -> None:
    weights = {"fc": {"kernel": np.full((4, 3), 0.5, np.float32), "bias": np.zeros(3)}}
    m = model(layer("QDense", "fc", kernel_quantizer=W4, bias_quantizer=quantizer), weights=weights)
    graph = convert(m, S8)
    codes = run_reference(graph, {"x": np.zeros((1, 4), np.int64)})["fc"]
    np.testing.assert_array_equal(codes * 2.0 ** -graph["fc"].type.frac, np.full((1, 3), value))


def test_dead_layers_and_outputs_are_noted() -> None:
    weights = {"fc": {"kernel": np.full((4, 3), 1e30, np.float32), "bias": np.zeros(3)}}
    graph = convert(model(dense("fc"), weights=weights), S8)
    assert graph.notes == (
        "fc: all weights are zero",
        "output fc is constant: it is the same for every input",
    )


def test_values_of_an_output_that_are_constant_are_counted() -> None:
    weights = {"fc": {"kernel": np.float32([[0.5, 0, 0.5]] * 4), "bias": np.ones(3)}}
    graph = convert(model(dense("fc"), weights=weights), S8)
    assert graph.notes == ("output fc: 1 of 3 values is the same for every input",)


def test_sums_beyond_float32_are_noted_at_an_output_without_a_quantizer() -> None:
    wide = Options({"": Fixed.parse("s16.8")})
    made = dense("fc", q="quantized_bits(12,0,alpha=1)")
    (note,) = convert(model(made, weights={"fc": kernel(4, 3)}), wide).notes
    assert note.startswith("fc: values reach ")
    for merge in ("Add", "Subtract", "Multiply"):
        m = functional(layer(merge, "m", "x", "x"), outputs=["m"])
        notes = convert(m, Options({"": Fixed.parse("s25.8")})).notes
        assert [n.partition(":")[0] for n in notes] == ["m"], merge
    m = model(layer("GlobalAveragePooling1D", "mean"), shape=(None, 4, 2))
    assert convert(m, Options({"": Fixed.parse("s24.8")})).notes[0].startswith("mean: values reach")
    assert (
        convert(model(act("q", GRID)), Options({"": Fixed.parse("s26.8")}))
        .notes[0]
        .startswith("x: values reach 26 bits")
    )


# --- how problems are told --------------------------------------------------------------------


def test_equal_problems_are_told_together_and_a_hint_once() -> None:
    layers = [dense(name, q=None) for name in ("a", "b", "c")]
    weights = {"a": kernel(4, 3), "b": kernel(3, 3), "c": kernel(3, 3)}
    m = model(*layers, layer("LSTM", "l"), layer("GRU", "g"), weights=weights)
    assert len(problems(m)) == 5
    with pytest.raises(ModelProblems) as caught:
        convert(m, S8)
    lines = str(caught.value).splitlines()
    assert lines[0] == "net.h5: 5 problems in this model"
    assert lines[1].startswith("  - a (QDense), b (QDense), c (QDense): the kernel is float")
    assert lines[3:] == [
        "  - l (LSTM): layer class 'LSTM' is not supported",
        "  - g (GRU): layer class 'GRU' is not supported",
        "      hint: use layers that hwgen ops lists",
    ]


def test_problems_behind_a_refused_layer_are_found() -> None:
    """An input without a format, a mean over three, a float kernel, a bad stride: one go."""
    m = model(
        layer("GlobalAveragePooling1D", "mean"),
        dense("fc"),
        layer("BatchNormalization", "bn"),
        dense("last", q=None),
        act("a", "quantised_relu(4)"),
        weights={"fc": kernel(2, 3), "bn": norm(3), "last": kernel(3, 3)},
        shape=(None, 3, 2),
    )
    found = {p.where: p.what for p in problems(m, Options())}
    assert list(found) == [
        "x (InputLayer)",
        "mean (GlobalAveragePooling1D)",
        "last (QDense)",
        "bn (BatchNormalization)",
        "a (QActivation)",
    ]
    assert found["mean (GlobalAveragePooling1D)"].startswith("a mean over 3 values reaches fc")


@pytest.mark.parametrize(
    ("culprit", "way_out"),
    [
        (layer("GlobalAveragePooling1D", "z"), act("q", GRID)),
        (layer("BatchNormalization", "z"), act("q", GRID)),
        (layer("LeakyReLU", "z", alpha=0.3), act("q", GRID)),
        (dense("z", bias_quantizer=None), act("q", GRID)),
        (dense("z", q="quantized_bits(4,0,1,alpha='auto')"), act("q", GRID)),
    ],
    ids=lambda c: c["class_name"],
)
def test_the_culprit_is_named_and_the_hint_leads_to_a_build(
    culprit: Config, way_out: Config
) -> None:
    weights = {"z": {**kernel(2, 2), **norm(2)}, "last": kernel(2, 2)}
    if culprit["class_name"] != "QDense":
        weights["z"] = norm(2)

    def made(*layers: Config) -> Any:
        flat = layer("GlobalMaxPooling1D", "top")
        behind = layers if culprit["class_name"].startswith("Global") else (*layers, flat)
        same = layer("Permute", "same", dims=[1, 2])  # behind the input it would be a scaler
        return model(same, *behind, dense("last"), weights=weights, shape=(None, 3, 2))

    found = only(made(culprit))
    assert found.where.startswith("z (")
    assert "QActivation" in found.hint or "quantizer" in found.hint
    assert convert(made(culprit, way_out), S8)


# --- names that say less than they seem to ----------------------------------------------------


def test_functions_and_quantizers_of_another_package_are_refused() -> None:
    function = {"class_name": "function", "config": "relu", "module": "builtins"}
    m = model(layer("Activation", "a", activation=function), act("q", GRID))
    assert convert(m, S8)
    function["registered_name"] = "mine>relu"
    assert "is a function of the package 'mine'" in only(m).what
    config = {"bits": 4, "integer": 0, "symmetric": 1, "alpha": 1}
    quantizer = {"class_name": "quantized_bits", "config": config, "registered_name": "qkeras>q"}
    m = model(act("q", quantizer))
    assert convert(m)
    quantizer["registered_name"] = "mine>quantized_bits"
    assert "quantized_bits of the package 'mine'" in problems(m)[0].what


def test_entries_of_a_layers_record_are_looked_at() -> None:
    record = {"build_config": {"input_shape": [None, 4]}, "module": "keras.layers"}
    assert convert(model({**layer("Flatten", "f"), **record}), S8)
    found = only(model({**layer("Flatten", "f"), "wears": "a hat"}))
    assert "the entry 'wears' of a layer's record" in found.what
    assert found.where == "f"


def test_a_folded_normalisation_along_another_axis_is_refused() -> None:
    weights = {"c": {**kernel(2, 2, 2, 2), **norm(2)}}
    made = layer("QConv2DBatchnorm", "c", kernel_quantizer=W4, bias_quantizer=W4, axis=1)
    m = model(made, shape=(None, 4, 4, 2), weights=weights)
    assert "normalisation along axis 1" in only(m).what
    made["config"]["axis"] = 3
    assert convert(m, S8)


@pytest.mark.parametrize(
    ("key", "value"), [("kernel_size", [3, 2]), ("kernel_size", 3), ("depth_multiplier", 2)]
)
def test_sizes_are_held_against_the_stored_kernel(key: str, value: Any) -> None:
    made = layer("QDepthwiseConv2D", "d", depthwise_quantizer=W4, use_bias=False, **{key: value})
    weights = {"d": {"depthwise_kernel": np.ones((2, 2, 2, 1))}}
    found = only(model(act("a", GRID), made, shape=(None, 4, 4, 2), weights=weights))
    assert key in found.what
    assert "the kernel" in found.what


def test_an_input_layer_in_the_middle_of_a_sequential() -> None:
    second = layer("InputLayer", "x", batch_input_shape=[None, 7], dtype="int32")
    found = model(act("a", GRID), second, dense("fc"), weights={"fc": {"kernel": np.eye(4)}})
    with pytest.raises(ModelError, match="'x' stands behind other layers"):
        convert(found)


def test_a_policy_of_another_package() -> None:
    policy = {"module": "mine", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    found = only(model(layer("QActivation", "a", activation=GRID, dtype=policy)))
    assert "the dtype policy DTypePolicy" in found.what


@pytest.mark.parametrize("kind", ["__numpy__", "__tensor__"])
def test_a_scalar_of_numpy_in_a_quantizer(kind: str) -> None:
    def graph(alpha: Any) -> Any:
        config = {"bits": 4, "integer": 1, "alpha": alpha}
        made = {"class_name": "quantized_bits", "config": config}
        fc = layer("QDense", "fc", kernel_quantizer=made, use_bias=False)
        return convert(model(act("a", GRID), fc, weights={"fc": {"kernel": np.eye(4)}}))

    stored = {"class_name": kind, "config": {"value": 0.5, "dtype": "float32"}}
    assert graph(stored).nodes[-1].type == graph(0.5).nodes[-1].type
    with pytest.raises(ModelProblems, match="alpha="):
        graph({"class_name": kind, "config": {"value": [0.5, 1.0], "dtype": "float32"}})
