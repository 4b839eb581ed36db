# SPDX-License-Identifier: Apache-2.0
"""Arguments of the public functions: wrong ones are refused with a way out; results are short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.errors import ConfigError
from tests.cli.models import tiny_h5


@pytest.mark.parametrize(
    ("given", "what", "hint"),
    [
        ({"board": "vcu118", "clock": 200}, "clock 200 has no unit", "clock='200MHz'"),
        ({"board": "vcu118", "latency": 100.5}, "latency 100.5 has no unit", "latency='100.5ns'"),
        ({"board": "vcu118", "clock": True}, "clock is text with a unit, not bool", "200MHz"),
        ({"board": None}, "no board is named", "hwgen boards"),
        ({"board": 7}, "board is a name, not int 7", "board="),
        ({"board": "vcu118", "clok": "5ns"}, "no setting 'clok'", "did you mean 'clock'"),
        ({"board": "vcu118", "effort": "much"}, "effort is a whole number, not str", "effort="),
        ({"board": "vcu118", "seed": 1.5}, "seed is a whole number", "seed="),
        ({"board": "vcu118", "name": 3}, "name is a name, not int 3", "name="),
        ({"board": "vcu118", "input_format": 8}, "input_format is such as", "input_format="),
        ({"board": "vcu118", "options": {}}, "options is what", "options="),
    ],
)
def test_a_wrong_argument_is_refused_with_a_way_out(
    given: dict[str, Any], what: str, hint: str, tmp_path: Path
) -> None:
    model = tiny_h5(tmp_path / "m.h5")
    for verb in (hwgen.build, hwgen.estimate):
        with pytest.raises(ConfigError) as caught:
            verb(model, **given)
        assert what in caught.value.what
        assert hint in caught.value.hint


@pytest.mark.parametrize("model", [None, 3, np.zeros(3), {"a": 1}, b"m.h5"])
def test_a_model_of_a_wrong_kind_is_refused(model: Any) -> None:
    with pytest.raises(ConfigError, match="a model is expected") as caught:
        hwgen.build(model, board="vcu118")
    assert "Keras model" in caught.value.hint


def test_other_verbs_take_known_settings_alone(tmp_path: Path) -> None:
    hwgen.build(tiny_h5(tmp_path / "m.h5"), tmp_path / "out", board="vcu118")
    with pytest.raises(ConfigError, match="no setting 'sample'") as caught:
        hwgen.sim(tmp_path / "out", sample=5)
    assert "did you mean 'samples'" in caught.value.hint


def test_results_are_one_line_and_a_box_in_a_notebook(tmp_path: Path) -> None:
    made = hwgen.build(tiny_h5(tmp_path / "m.h5"), tmp_path / "out", board="vcu118")
    assert len(repr(made).splitlines()) == 1
    assert len(repr(made)) < 120
    assert repr(made).startswith("<Build: design    m ")
    shown = made._repr_html_()
    assert len(shown) < 20_000
    assert "latency" in shown
    assert len(repr(hwgen.estimate(tmp_path / "m.h5", board="vcu118"))) < 120
    assert len(repr(hwgen.open(tmp_path / "out"))) < 200


@pytest.mark.keras
def test_a_keras_model_is_built_named_and_verified(tmp_path: Path) -> None:
    from qkeras import QActivation, QDense, quantized_bits
    from tensorflow.keras import Input, Sequential

    kernel = quantized_bits(4, 0, 1, alpha=1)
    model = Sequential(
        [
            Input((4,)),
            QActivation(quantized_bits(6, 2, 1, alpha=1)),
            QDense(3, kernel_quantizer=kernel, bias_quantizer=kernel),
        ]
    )
    made = hwgen.build(model, tmp_path / "tagger", board="vcu118", clock="200MHz")
    assert made.figures.name == "tagger"  # not Keras' counter
    assert hwgen.verify(tmp_path / "tagger", samples=200).mismatches == 0
    graph = hwgen.from_keras(model)
    again = hwgen.build(graph, tmp_path / "other", board="vcu118", clock="200MHz")
    assert again.figures.name == "other"
    assert hwgen.verify(tmp_path / "other", samples=200).mismatches == 0
    assert hwgen.estimate(model, board="vcu118").figures.modelled == made.figures.modelled
