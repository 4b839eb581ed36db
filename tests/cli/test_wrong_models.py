# SPDX-License-Identifier: Apache-2.0
"""Wrong models: each is told with its family's exit code, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hwgen.cli import run
from tests.cli import models
from tests.cli.cases import Case, Cases, check
from tests.cli.models import OPEN, SIZES, TINY, act, dense, grid, pair, sequential, source, tiny_h5
from tests.frontends.keras_files import archive, full_h5, json_file, layer, weights_h5

CASES = Cases()
bad = CASES.bad
BUILD = ["-b", "vcu118", "-o", "out"]


def build(model: Path | str, *more: Any) -> list[str]:
    return ["build", str(model), *map(str, more), *BUILD]


# --- files ----------------------------------------------------------------------------------------


for share in (0.02, 0.3, 0.6, 0.9, 0.999):

    def truncated(folder, _, share=share):
        path = tiny_h5(folder / "m.h5")
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        return build(path)

    CASES.append(Case(f"truncated_at_{share}", truncated, 3, "", "m.h5", ""))


@bad(3, "empty", "m.h5", "save the model again")
def empty(folder, _):
    (folder / "m.h5").touch()
    return build("m.h5")


@bad(2, "is a directory", "m", "give a file")
def directory(folder, _):
    (folder / "m").mkdir()
    return build("m")


@bad(3, "no model file that hwgen knows", "m.h5", "hwgen reads")
def text(folder, _):
    (folder / "m.h5").write_text("a model, honestly\n")
    return build("m.h5")


@bad(3, "no model file that hwgen knows", "m.h5", "hwgen reads")
def noise(folder, _):
    (folder / "m.h5").write_bytes(np.random.default_rng(3).bytes(5000))
    return build("m.h5")


@bad(2, "no such file", "m.h5", "check the path")
def missing(folder, _):
    return build("m.h5")


@bad(2, "cannot be opened", "", "")
def name_too_long(folder, _):
    return build("m" * 5000)


@bad(2, "without weights", "tiny.json", "--weights")
def no_weights(folder, _):
    return build(pair(folder)[0])


@bad(2, "no such file", "w.h5", "check the path")
def weights_missing(folder, _):
    return build(pair(folder)[0], "--weights", "w.h5")


@bad(3, "weights for other", "w.h5", "saved together")
def weights_of_another_model(folder, _):
    path = weights_h5(folder / "w.h5", models.variables({"other": (4, 5)}))
    return build(pair(folder)[0], "--weights", path)


@bad(3, "no weights are stored", "w.h5, layer fc2", "saved together")
def weights_of_fewer_layers(folder, _):
    path = weights_h5(folder / "w.h5", models.variables({"fc1": (4, 5)}))
    return build(pair(folder)[0], "--weights", path)


@bad(2, "one file name", "--weights", "rename")
def model_and_weights_of_one_name(folder, _):
    model, weights = pair(folder)
    (folder / "w").mkdir()
    weights.rename(folder / "w" / model.name)
    return build(model, "--weights", folder / "w" / model.name)


@bad(3, "kernel", "", "")
def wrong_shape(folder, _):
    return build(tiny_h5(folder / "m.h5", fc2=(grid((6, 3), 1), grid((3,), 2))))


@bad(3, "bias", "", "")
def wrong_bias(folder, _):
    return build(tiny_h5(folder / "m.h5", fc2=(grid((5, 3), 1), grid((4,), 2))))


@bad(3, "kernel", "", "")
def wrong_rank(folder, _):
    return build(tiny_h5(folder / "m.h5", fc1=(grid((2, 2, 5), 1), grid((5,), 2))))


for value in ("nan", "inf", "-inf"):

    def not_finite(folder, _, value=value):
        kernel = grid((4, 5), 1)
        kernel[2, 3] = float(value)
        return build(tiny_h5(folder / "m.h5", fc1=(kernel, grid((5,), 2))))

    CASES.append(
        Case(f"weight_{value}", not_finite, 3, "NaN or infinite", "layer fc1", "checkpoint")
    )


@bad(3, "has the type", "m.h5, layer fc1", "float32")
def text_weights(folder, _):
    path = tiny_h5(folder / "m.h5")
    with h5py.File(path, "a") as file:
        own = file["model_weights/fc1/fc1"]
        del own["kernel:0"]
        own["kernel:0"] = np.array([[b"a"]])
    return build(path)


@bad(3, "not JSON", "m.h5", "truncated")
def config_cut(folder, _):
    return build(full_h5(folder / "m.h5", json.dumps(TINY).encode()[:-20]))


@bad(3, "no list of layers", "m.json", "functional")
def subclassed(folder, _):
    pair(folder)
    json_file(folder / "m.json", {"class_name": "Tagger", "config": {}})
    return build("m.json", "--weights", "tiny_weights.h5")


@bad(3, "truncated or damaged", "m.keras", "again")
def archive_cut(folder, _):
    path = archive(folder / "m.keras")
    path.write_bytes(path.read_bytes()[:-40])
    return build(path)


# --- layers and quantizers ------------------------------------------------------------------------


def of(*layers: Any) -> Any:
    """A case's maker: these layers between input quantizer and fc2, weights as they are."""

    def make(folder: Path, _: Any) -> list[str]:
        config = sequential(source(), act("q", models.GRID), *layers)
        own = {name: size for name, size in SIZES.items() if f"'{name}'" in repr(layers)}
        return build(full_h5(folder / "m.h5", config, models.variables(own)))

    return make


FC1, FC2 = dense("fc1", 5), dense("fc2", 3)
for name, layers, what, hint in (
    ("unknown_layer", [FC1, layer("Capsule", "odd"), FC2], "'Capsule'", "hwgen ops"),
    ("lambda_layer", [FC1, layer("Lambda", "odd"), FC2], "bytecode", "standard layer"),
    ("recurrent_layer", [FC1, layer("LSTM", "odd", units=3)], "", ""),
    ("unknown_quantizer", [FC1, act("odd", "quantized_cube(3)"), FC2], "quantized_cube", ""),
    ("too_many_arguments", [FC1, act("odd", "quantized_relu(4,1,0,0,0,0,1,1,1,1,1,1)"), FC2],
     "arguments", "at most"),
    ("no_bits", [FC1, act("odd", "quantized_relu(0,0)"), FC2], "", ""),
    ("negative_bits", [FC1, act("odd", "quantized_bits(-3,0,1)"), FC2], "", ""),
    ("bits_as_text", [FC1, act("odd", "quantized_relu('many',1)"), FC2], "", ""),
    ("bits_beyond_reason", [FC1, act("odd", "quantized_relu(100000,1)"), FC2], "", ""),
    ("argument_that_is_code", [FC1, act("odd", "quantized_relu(__import__('os').getpid())"), FC2],
     "quantizer", ""),
    ("unknown_argument", [FC1, act("odd", "quantized_relu(4,1,shine=3)"), FC2], "shine", ""),
    ("quantizer_that_is_a_number", [FC1, act("odd", 7), FC2], "", ""),
    ("tanh", [FC1, act("odd", "tanh"), FC2], "tanh", "quantized_tanh"),
    ("softmax_inside", [FC1, layer("Softmax", "odd"), FC2], "softmax", ""),
    ("unknown_activation", [FC1, layer("Activation", "odd", activation="wobble"), FC2],
     "wobble", ""),
    ("layer_without_config", [{"class_name": "QDense", "config": None}], "", ""),
    ("layer_that_is_a_text", ["QDense"], "", ""),
    ("units_that_differ", [dense("fc1", 4)], "", ""),
    ("units_that_are_text", [dense("fc1", "five")], "", ""),
):  # fmt: skip
    CASES.append(Case(name, of(*layers), 3, what, "", hint))


@bad(3, "post-training quantization", "m.h5", "post-training")
def float_model(folder, _):
    config = sequential(
        source(), layer("Dense", "fc1", units=5, activation="relu"), layer("Dense", "fc2", units=3)
    )
    odd = {n: (grid(s, 1) * np.float32(0.3), grid(s[1:], 2)) for n, s in SIZES.items()}
    return build(full_h5(folder / "m.h5", config, models.variables(SIZES, **odd)), *FORMAT)


FORMAT = ["--input-format", "s6.3"]


@bad(3, "no quantizer", "m.h5", "--input-format s8.4")
def no_input_quantizer(folder, _):
    return build(tiny_h5(folder / "m.h5", OPEN))


@bad(3, "not fixed", "m.h5", "fixed sizes")
def open_input_shape(folder, _):
    odd = layer("InputLayer", "x", batch_input_shape=[None, None], dtype="float32")
    config = sequential(odd, act("q", models.GRID), dense("fc1", 5), dense("fc2", 3))
    return build(tiny_h5(folder / "m.h5", config))


@bad(3, "2 problems", "m.h5", "")
def two_problems_at_once(folder, _):
    layers = (act("odd", "quantized_cube(3)"), FC1, layer("Capsule", "odder"), FC2)
    config = sequential(source(), act("q", models.GRID), *layers)
    return build(tiny_h5(folder / "m.h5", config))


# --- wiring ---------------------------------------------------------------------------------------


def wired(edit: Any) -> Any:
    """A case's maker: a functional model after *edit* of its config."""

    def make(folder: Path, _: Any) -> list[str]:
        config = models.functional(
            [(source(), []), (act("q", models.GRID), ["x"]), (FC1, ["q"]), (FC2, ["fc1"])], ["fc2"]
        )
        config = json.loads(json.dumps(config))
        edit(config["config"], config["config"]["layers"])
        return build(tiny_h5(folder / "m.h5", config))

    return make


def reads(layers: Any, reader: int, source: str, index: int = 0) -> None:
    layers[reader]["inbound_nodes"] = [[[source, index, 0, {}]]]


for name, edit in {
    "cycle": lambda top, layers: reads(layers, 2, "fc2"),
    "self_loop": lambda top, layers: reads(layers, 2, "fc1"),
    "dangling_input": lambda top, layers: reads(layers, 2, "gone"),
    "dangling_call": lambda top, layers: reads(layers, 3, "fc1", 4),
    "dangling_output": lambda top, layers: top.update(output_layers=[["gone", 0, 0]]),
    "no_output": lambda top, layers: top.update(output_layers=[]),
    "no_input": lambda top, layers: top.update(input_layers=[]),
    "input_not_listed": lambda top, layers: top.update(input_layers=[["q", 0, 0]]),
    "same_name_twice": lambda top, layers: (
        layers[3].update(name="fc1"), layers[3]["config"].update(name="fc1")
    ),
    "layers_that_are_none": lambda top, layers: top.update(layers=None),
    "inbound_that_is_text": lambda top, layers: layers[2].update(inbound_nodes="q"),
}.items():  # fmt: skip
    CASES.append(Case(f"wiring_{name}", wired(edit), 3, "", "", ""))


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_wrong_model_is_refused_and_leaves_nothing(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check(case, tmp_path, monkeypatch, capsys)


def test_the_right_model_builds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # What the cases above break is right before they break it.
    model, weights = pair(tmp_path)
    out = ["-b", "vcu118", "-q", "-o", str(tmp_path / "out")]
    assert run(["build", str(tiny_h5(tmp_path / "m.h5")), *out]) == 0
    assert run(["build", str(model), "--weights", str(weights), *out]) == 0
    assert run(["build", str(tiny_h5(tmp_path / "open.h5", OPEN)), *FORMAT, *out]) == 0
    assert (tmp_path / "out" / "design.json").is_file()
