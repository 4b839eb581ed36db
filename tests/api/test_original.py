# SPDX-License-Identifier: Apache-2.0
"""Deviation of a build from its model, measured before it is written, and data that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.cli import run
from hwgen.errors import ConfigError
from tests.cli.models import sequential, source, tiny_h5
from tests.frontends.keras_files import full_h5, layer

RNG = np.random.default_rng(7)
X = RNG.normal(0, 3, (300, 4))
KERNELS = [RNG.normal(0, 0.6, shape).astype(np.float32) for shape in ((4, 8), (8, 3))]
BIASES = [RNG.normal(0, 0.3, n).astype(np.float32) for n in (8, 3)]
SETTINGS: dict[str, Any] = {
    "board": "vu13p", "effort": 0, "input_format": "s8.4", "formats": {"*": "s9.4"},
    "weight_formats": {"*": "s7.5"},
}  # fmt: skip
FLAGS = [
    *("-b", "vu13p", "--effort", "0", "--input-format", "s8.4", "--format", "*=s9.4"),
    *("--weight-format", "*=s7.5"),
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    config = sequential(
        source(), layer("Dense", "a", units=8, activation="relu"),
        layer("Dense", "b", units=3, activation="softmax"),
    )  # fmt: skip
    weights = {
        name: {f"{name}/kernel:0": kernel, f"{name}/bias:0": bias}
        for name, kernel, bias in zip("ab", KERNELS, BIASES, strict=True)
    }
    return full_h5(tmp_path / "float.h5", config, weights)


def own(x: Any) -> Any:
    """Return the logits of the model by its definition."""
    return np.maximum(x @ KERNELS[0] + BIASES[0], 0) @ KERNELS[1] + BIASES[1]


@pytest.mark.filterwarnings("ignore:.*input values? ")
@pytest.mark.parametrize("head", [None, "argmax"])
def test_the_deviation_is_the_difference_of_predictions(model: Path, head: str | None) -> None:
    made = hwgen.build(model, data=X, head=head, **SETTINGS).deviation
    off = np.abs(hwgen.predict(hwgen.build(model, **SETTINGS).graph, X) - own(X))
    assert made is not None
    (row,) = made.outputs
    assert made.samples == 300
    assert made.data
    assert row.largest == pytest.approx(off.max())
    assert row.mean == pytest.approx(off.mean())
    assert row.spread == pytest.approx(own(X).std())
    beyond = (np.rint(X * 16) > 127) | (np.rint(X * 16) < -128)
    assert made.saturated["x"] == beyond.any(axis=1).mean()


def test_the_verbs_print_it_and_the_report_keeps_it(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "x.npz", tmp_path / "out"
    np.savez(data, x=X)
    assert run(["build", str(model), *FLAGS, "--data", str(data), "-o", str(out), "-q"]) == 0
    printed = capsys.readouterr().out
    assert "deviation from the original model on 300 samples of the data: b mean" in printed
    assert "x: " in printed
    kept = json.loads((out / "report.json").read_text())["results"]["deviation"]
    assert kept["samples"] == 300
    page = (out / "report.html").read_text()
    assert "build against the float model" in page
    assert run(["estimate", str(model), *FLAGS, "--data", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deviation"] == kept
    assert str(tmp_path) not in (out / "config.toml").read_text()
    assert run(["estimate", str(model), *FLAGS, "--data", str(data), "--interval", "1,2"]) == 2
    assert "--data" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (X[:, :3], r"input x has shape \(300, 3\), expected \(samples, 4\)"),
        (np.where(X > 2, np.nan, X), "input x needs finite real numbers"),
        (X.astype("U8"), "input x needs finite real numbers, not <U8"),
        (X * 100, r"9\d% of the values of input x lie beyond s8.4; the data reach from -"),
        (X / 1000, "every value of input x is zero in s8.4; the data reach from -0.0"),
        ({"x": X, "y": X}, "arrays for x, y; the inputs are x"),
        ("missing.npy", "no such file"),
    ],
)
def test_data_that_do_not_fit(model: Path, tmp_path: Path, data: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        hwgen.build(model, tmp_path / "out", data=data, **SETTINGS)
    assert caught.value.where == "--data"
    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_bundle_has_no_float_model(tmp_path: Path) -> None:
    path = tiny_h5(tmp_path / "t.h5")
    assert run(["load", str(path), "-o", str(tmp_path / "t.json"), "-q"]) == 0
    with pytest.raises(ConfigError, match="no float model") as caught:
        hwgen.build(tmp_path / "t.json", board="vu13p", effort=0, data=X)
    assert caught.value.where == "--data"


def test_a_quantized_model_deviates_by_its_inputs_alone(tmp_path: Path) -> None:
    path = tiny_h5(tmp_path / "t.h5")
    grid = np.rint(X * 4) / 4
    made = hwgen.build(path, board="vu13p", effort=0, data=np.clip(grid, -3.75, 3.75))
    assert made.deviation is not None
    assert made.deviation.outputs[0].largest == 0
    assert made.deviation.saturated == {}
