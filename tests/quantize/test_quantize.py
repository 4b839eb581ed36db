# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization of whole models: what is refused, what is kept, what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.api.quantize import quantize
from hwgen.cli import run
from hwgen.errors import ConfigError, ModelProblems
from hwgen.frontends.bundle import load_bundle
from hwgen.frontends.options import Options, options
from hwgen.ops.reference import run_reference
from hwgen.quantize.model import Recipe
from tests.cli.models import functional, sequential, source
from tests.frontends.keras_files import full_h5, layer

RNG = np.random.default_rng(3)
X = RNG.normal(0, 1, (400, 4))


def norm(width: int) -> dict[str, Any]:
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    return {f"bn/{n}:0": RNG.uniform(0.5, 1.5, width).astype(np.float32) for n in names}


KERNEL = RNG.normal(0, 0.6, (4, 16)).astype(np.float32) * (RNG.random((4, 16)) < 0.6)
WEIGHTS = {
    "fc1": {"fc1/kernel:0": KERNEL.astype(np.float32), "fc1/bias:0": np.zeros(16, np.float32)},
    "bn": norm(16),
    "fc2": {
        "fc2/kernel:0": RNG.normal(0, 0.4, (16, 3)).astype(np.float32),
        "fc2/bias:0": RNG.normal(0, 0.4, 3).astype(np.float32),
    },
}
MODEL = sequential(
    source(), layer("Dense", "fc1", units=16, activation="linear"),
    layer("BatchNormalization", "bn"), layer("ReLU", "r"),
    layer("Dense", "fc2", units=3, activation="softmax"),
)  # fmt: skip


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return full_h5(tmp_path / "float.h5", MODEL, WEIGHTS)


def test_the_verb_writes_a_bundle_that_builds(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "calib.npz", x=X)
    out = tmp_path / "q.json"
    args = ["quantize", str(model), "--data", str(tmp_path / "calib.npz"), "-o", str(out), "-q"]
    assert run([*args, "--bits", "6", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folded"] == ["bn"]
    assert [row["layer"] for row in told["layers"]] == ["fc1", "r", "fc2"]
    assert told["deviation"]["outputs"][0]["same_class"] > 0.9
    first = out.read_bytes(), out.with_suffix(".npz").read_bytes()
    assert run([*args, "--bits", "6"]) == 0
    assert first == (out.read_bytes(), out.with_suffix(".npz").read_bytes())
    text = capsys.readouterr().out
    assert "folded into the kernel in front: bn" in text
    assert "same class" in text
    built = hwgen.build(out, board="vcu118", effort=0)
    assert built.graph == load_bundle(out)
    factors = [n.op.mult for n in built.graph.nodes if n.op.kind == "mul_shift"]
    assert all(np.array_equal(f & (f - 1), 0 * f) for f in factors)  # shifts, no multiplier


def test_more_bits_deviate_less_and_zeros_stay(model: Path) -> None:
    made = [quantize(model, X, recipe=Recipe(bits, bits)) for bits in (3, 5, 8)]
    errors = [m.deviation.outputs[0].mean for m in made]
    assert errors[0] > errors[1] > errors[2]
    for each in made:
        (fc1,) = [n for n in each.graph.nodes if n.name == "fc1"]
        assert not fc1.op.weight[KERNEL == 0].any()


def test_bias_correction_lowers_the_error_of_the_mean(model: Path) -> None:
    def shift(correct: bool) -> float:
        made = quantize(model, X, recipe=Recipe(3, 8, 8, "minmax", correct))
        own = hwgen.predict(made.graph, X)
        exact = quantize(model, X, recipe=Recipe(16, 16, 16, "minmax"))
        return float(np.abs((own - hwgen.predict(exact.graph, X)).mean(axis=0)).max())

    assert shift(True) < shift(False) / 3


def test_a_given_input_format_is_kept(model: Path) -> None:
    made = quantize(model, X, options=options("s12.7"))
    assert str(made.graph.inputs[0].type.fixed) == "s12.7"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (X[:, :3], r"input x has shape \(400, 3\), expected \(samples, 4\)"),
        (X[:0], r"input x has shape \(0, 4\)"),
        (np.where(X > 2, np.nan, X), "input x holds NaN"),
        (X.astype("U8"), "input x needs real numbers, not <U8"),
        (np.zeros((9, 4)), "input x is zero throughout"),
        (X * 1e200, r"values reach beyond 2\*\*64 behind x"),
        ({"x": X, "y": X}, "arrays for x, y; the inputs are x"),
    ],
)
def test_data_that_do_not_fit(model: Path, tmp_path: Path, data: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        quantize(model, data, tmp_path / "q.json")
    assert caught.value.hint
    assert not (tmp_path / "q.json").exists()


def test_data_that_never_change_are_told(model: Path) -> None:
    said = quantize(model, np.ones((9, 4))).text()
    assert "every output is the same" in said
    assert "9 samples are few to calibrate on" in said


def test_data_of_another_scale_are_doubted(model: Path) -> None:
    fit, small = (quantize(model, X * scale).text() for scale in (1.0, 1e-7))
    assert "are they of the scale" not in fit
    assert "fc2 does not follow the model on the calibration data" in small


@pytest.mark.parametrize(
    "recipe", [{"weights": 1}, {"activations": 17}, {"inputs": 0}, {"method": "kl"}]
)
def test_settings_out_of_range(recipe: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Recipe(**recipe)


def test_every_layer_that_cannot_be_quantized_is_told_at_once(tmp_path: Path) -> None:
    config = sequential(
        source(), layer("Dense", "a", units=3, activation="gelu"), layer("LSTM", "l"),
        layer("Activation", "s", activation="softmax"), layer("Dense", "z", units=2),
    )  # fmt: skip
    weights = {
        "a": {"a/kernel:0": np.ones((4, 3), np.float32), "a/bias:0": np.zeros(3, np.float32)},
        "z": {"z/kernel:0": np.ones((3, 2), np.float32), "z/bias:0": np.zeros(2)},
    }
    path = full_h5(tmp_path / "m.h5", config, weights)
    with pytest.raises(ModelProblems) as caught:
        quantize(path, X, tmp_path / "q.json")
    text = str(caught.value)
    for said in ("gelu", "LSTM", "softmax inside"):
        assert said in text
    assert not (tmp_path / "q.json").exists()


def test_a_bundle_is_quantized_already(model: Path, tmp_path: Path) -> None:
    quantize(model, X, tmp_path / "q.json")
    with pytest.raises(ConfigError, match="quantized already"):
        quantize(tmp_path / "q.json", X)


def branches(folder: Path, *inside: Any) -> Path:
    """Two outputs: a softmax, and a dense layer behind it or beside it."""
    reads = "s" if inside else "a"
    config = functional(
        [
            (source(), []), (layer("Dense", "a", units=3), ["x"]),
            (layer("Activation", "s", activation="softmax"), ["a"]),
            (layer("Dense", "b", units=2, activation="relu"), [reads]),
        ],
        ["s", "b"],
    )  # fmt: skip
    weights = {
        "a": {"a/kernel:0": KERNEL[:, :3], "a/bias:0": np.zeros(3, np.float32)},
        "b": {"b/kernel:0": KERNEL[:3, 5:7], "b/bias:0": np.ones(2, np.float32)},
    }
    return full_h5(folder / "two.h5", config, weights)


@pytest.mark.parametrize("names", [("b",), ("a",), ("s",), ()])
def test_some_outputs_alone(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = branches(tmp_path)
    whole = quantize(path, X)
    made = quantize(path, X, options=Options(outputs=names))
    kept = [{"s": "a"}.get(name, name) for name in names or ("a", "b")]
    assert [out.output for out in made.deviation.outputs] == kept
    assert [out.name for out in made.graph.outputs] == kept
    rows = {row.output: row for row in whole.deviation.outputs}
    for out in made.deviation.outputs:
        assert out.spread == rows[out.output].spread  # of the same float output
        assert out.largest < 0.1


def test_an_output_that_does_not_exist_is_refused_before_work_begins(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no output 'c'"):
        quantize(branches(tmp_path), X, options=Options(outputs=("c",)))


def test_a_softmax_that_leaves_and_is_read_is_told_with_the_other_problems(tmp_path: Path) -> None:
    with pytest.raises(ModelProblems, match="softmax inside the network") as caught:
        quantize(branches(tmp_path, "inside"), X)
    assert str(caught.value).startswith("two.h5")
    assert quantize(branches(tmp_path, "inside"), X, options=Options(outputs=("s",)))


@pytest.mark.parametrize(
    ("given", "option"),
    [
        (options(formats=["*=s8.4"]), "--format"),
        (options(weight_formats=["*=s8.4"]), "--weight-format"),
        (Options(head="argmax"), "--head"),
        (Options(masks={"fc7": np.ones((4, 16))}), "--masks"),
    ],
)
def test_options_that_quantization_does_not_take(model: Path, given: Options, option: str) -> None:
    with pytest.raises(ConfigError) as caught:
        quantize(model, X, options=given)
    assert caught.value.where == option
    assert caught.value.hint


def test_a_mask_holds_in_the_float_model_too(model: Path) -> None:
    mask = (RNG.random((4, 16)) < 0.5).astype(np.int64)
    made = quantize(model, X, options=Options(masks={"fc1": mask}))
    (fc1,) = [n for n in made.graph.nodes if n.name == "fc1"]
    assert not fc1.op.weight[mask == 0].any()
    pruned = {**WEIGHTS, "fc1": {**WEIGHTS["fc1"], "fc1/kernel:0": KERNEL * mask}}
    full_h5(model, MODEL, {k: {n: np.float32(a) for n, a in t.items()} for k, t in pruned.items()})
    same = quantize(model, X)
    assert same.deviation == made.deviation
    codes = {"x": RNG.integers(-99, 99, (50, 4))}
    for name, found in run_reference(same.graph, codes).items():
        assert np.array_equal(found, run_reference(made.graph, codes)[name])
