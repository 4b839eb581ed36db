# SPDX-License-Identifier: Apache-2.0
"""Heads in whole builds: the verbs, the configuration file, the comparison with Keras."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import hwgen
from hwgen.cli import run
from tests.cli.models import branchy_h5, tiny_h5

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning"),
]


@pytest.mark.parametrize("head", ["argmax", "softmax"])
def test_a_head_is_built_verified_and_built_again(
    head: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = tiny_h5(tmp_path / "tiny.h5"), tmp_path / "out"
    args = ["build", str(model), "-b", "vcu118", "-o", str(out), "-q", "--best-effort"]
    assert run([*args, "--head", head]) == 0
    plain = hwgen.build(model, board="vcu118", best_effort=True)
    headed = hwgen.open(out)
    assert headed.design.latency > plain.design.latency
    capsys.readouterr()
    assert run(["verify", str(out), "--samples", "300", "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["mismatches"] == 0
    assert told["head"]["flipped"] == 0
    assert (told["head"]["largest"] is not None) == (head == "softmax")
    x = np.random.default_rng(1).normal(0, 1, (50, 4)).clip(-2, 1.9)
    values, logits = hwgen.predict(out, x), hwgen.predict(plain.graph, x)
    classes = values[:, 0] if head == "argmax" else values.argmax(1)
    assert np.array_equal(classes, logits.argmax(1))
    again = hwgen.build(model, config=out / "config.toml")
    assert again.files["model/graph.json"] == (out / "model/graph.json").read_bytes()


def test_one_of_two_outputs(tmp_path: Path) -> None:
    model = branchy_h5(tmp_path / "branchy.h5")
    names = [out.name for out in hwgen.load(model).outputs]
    built = hwgen.build(model, tmp_path / "out", board="icebreaker", outputs=[names[1]],
                        best_effort=True)  # fmt: skip
    assert [out.name for out in built.graph.outputs] == [names[1]]
    assert hwgen.verify(tmp_path / "out", samples=200).mismatches == 0


def test_a_model_in_memory_has_one_head(tmp_path: Path) -> None:
    from hwgen.frontends.keras.live import loaded

    model = loaded(tiny_h5(tmp_path / "tiny.h5"), None)
    built = hwgen.build(model, tmp_path / "out", board="vcu118", effort=0, head="argmax")
    assert [n.op.kind for n in built.graph.nodes].count("argmax") == 1
    again = hwgen.build(
        hwgen.from_keras(model), board="vcu118", effort=0, head="argmax", name="out"
    )
    assert again.graph == built.graph
    assert hwgen.verify(tmp_path / "out", samples=200).mismatches == 0


@pytest.mark.ci
@pytest.mark.parametrize(("head", "shape"), [("argmax", (3, 3)), ("softmax", (3, 3, 4))])
@pytest.mark.parametrize("style", ["parallel", "stream"])
def test_a_head_at_every_position_of_a_map(
    head: str, shape: tuple[int, ...], style: str, tmp_path: Path
) -> None:
    import tensorflow as tf
    from qkeras import QActivation, QConv2D

    keras, bits = tf.keras, "quantized_bits(5,1,alpha=1)"
    first = keras.Input((3, 3, 2))
    x = QActivation("quantized_bits(6,2,alpha=1)")(first)
    x = QConv2D(4, 2, padding="same", kernel_quantizer=bits, bias_quantizer=bits)(x)
    model, out = tmp_path / "map.h5", tmp_path / "out"
    keras.Model(first, keras.layers.Softmax()(x)).save(model, include_optimizer=False)
    hwgen.build(model, out, board="vcu118", effort=0, head=head, style=style)
    verdict = hwgen.verify(out, samples=300)
    assert verdict.mismatches == 0
    assert verdict.head is not None
    assert not verdict.head.flipped.any()
    values = np.random.default_rng(1).integers(-31, 32, (20, 3, 3, 2)) / 8
    assert hwgen.predict(out, values).shape == (20, *shape)
