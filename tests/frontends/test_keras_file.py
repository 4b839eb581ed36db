# SPDX-License-Identifier: Apache-2.0
"""Keras files made by hand: what is read out of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hwgen.frontends.keras.file import KerasModel, read_keras
from hwgen.frontends.keras.h5 import snake_case
from hwgen.frontends.kinds import file_kind
from tests.frontends.keras_files import (
    BIAS,
    DENSE,
    KERNEL,
    NUMBERED,
    archive,
    full_h5,
    json_file,
    layer,
    model,
    numbered_h5,
    weights_h5,
)

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "models"
PAIRS = sorted(p for p in SHARED.glob("*.json") if p.with_name(f"{p.stem}_weights.h5").exists())


def shapes(read: KerasModel) -> dict[str, list[str]]:
    return {name: list(variables) for name, variables in read.weights.items()}


def same(found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> bool:
    equal = found.dtype == wanted.dtype and found.shape == wanted.shape
    return equal and found.tobytes() == wanted.tobytes()


# --- what is read ---------------------------------------------------------------------------------


def test_full_h5_is_read_bit_for_bit(tmp_path: Path) -> None:
    read = read_keras(full_h5(tmp_path / "jet.h5"))
    assert read.config == DENSE
    assert (read.source, read.keras) == ("jet.h5", "2.4.0")
    assert shapes(read) == {"fc": ["kernel", "bias"]}
    assert same(read.weights["fc"]["kernel"], KERNEL)
    assert same(read.weights["fc"]["bias"], BIAS)
    assert not read.weights["fc"]["kernel"].flags.writeable


def test_every_source_and_layout_gives_the_same_weights(tmp_path: Path) -> None:
    config = json_file(tmp_path / "a.json")
    numbered = tmp_path / "n.h5"
    numbered.write_bytes(numbered_h5(NUMBERED))
    old = {
        path.replace("layers/", "_layer_checkpoint_dependencies/"): a
        for path, a in NUMBERED.items()
    }
    reads = [
        read_keras(full_h5(tmp_path / "f.h5")),
        read_keras(config, weights_h5(tmp_path / "w.h5")),
        read_keras(config, tmp_path / "f.h5"),
        read_keras(config, numbered),
        read_keras(archive(tmp_path / "z.keras")),
        read_keras(archive(tmp_path / "old.keras", arrays=old)),
        read_keras(config, tmp_path / "z.keras"),
    ]
    for read in reads:
        assert shapes(read) == {"fc": ["kernel", "bias"]}
        assert same(read.weights["fc"]["kernel"], KERNEL)
        assert same(read.weights["fc"]["bias"], BIAS)
    assert reads[4].keras == "3.5.0"


def test_the_extension_does_not_matter(tmp_path: Path) -> None:
    assert shapes(read_keras(full_h5(tmp_path / "model.json"))) == {"fc": ["kernel", "bias"]}
    assert shapes(read_keras(archive(tmp_path / "model.h5"))) == {"fc": ["kernel", "bias"]}
    config = json_file(tmp_path / "model.keras")
    assert shapes(read_keras(config, weights_h5(tmp_path / "w"))) == {"fc": ["kernel", "bias"]}


def test_a_weights_file_wins_over_the_model_file(tmp_path: Path) -> None:
    other = {"fc": {"fc/kernel:0": KERNEL * 2, "fc/bias:0": BIAS}}
    weights = weights_h5(tmp_path / "w.h5", other)
    for path in (full_h5(tmp_path / "f.h5"), archive(tmp_path / "f.keras")):
        assert same(read_keras(path, weights).weights["fc"]["kernel"], KERNEL * 2)


def test_long_name_lists_are_cut_by_keras_and_joined_here(tmp_path: Path) -> None:
    path = weights_h5(tmp_path / "w.h5")
    with h5py.File(path, "a") as file:
        del file.attrs["layer_names"]
        file.attrs["layer_names0"] = [b"in"]
        file.attrs["layer_names1"] = [b"fc", b"sm"]
    read = read_keras(json_file(tmp_path / "a.json"), path)
    assert shapes(read) == {"fc": ["kernel", "bias"]}


def test_the_oldest_sequential_config_is_a_list(tmp_path: Path) -> None:
    config = {"class_name": "Sequential", "config": DENSE["config"]["layers"]}
    read = read_keras(json_file(tmp_path / "a.json", config), weights_h5(tmp_path / "w.h5"))
    assert read.config == config
    assert shapes(read) == {"fc": ["kernel", "bias"]}


def test_numbered_variables_get_the_names_of_their_class(tmp_path: Path) -> None:
    one = np.ones(2, np.float32)
    step = np.array(7, np.int64)
    inner = layer("Dense", "x", use_bias=False)
    pruned = layer("PruneLowMagnitude", "p", layer=layer("QDense", "px"))
    config = model(
        layer("BatchNormalization", "bn", scale=False),
        layer("DepthwiseConv2D", "dw", use_bias=False),
        layer("QSeparableConv2D", "sc"),
        layer("QConv2DBatchnorm", "qc", center=False),
        layer("TimeDistributed", "td", layer=inner),
        pruned,
        layer("PruneLowMagnitude", "pa", layer=layer("Activation", "a")),
        layer("Dense", "d2", use_bias=False),
        layer("Dense", "d1", use_bias=False),
        layer("Scale", "odd"),
    )
    sc, qc, p = (
        "layers/q_separable_conv2d",
        "layers/q_conv2d_batchnorm",
        "layers/prune_low_magnitude",
    )
    arrays = {
        **{f"layers/batch_normalization/vars/{i}": one * i for i in range(3)},
        "layers/depthwise_conv2d/vars/0": one,
        **{f"{sc}/vars/{i}": one * i for i in range(3)},
        **{f"{qc}/vars/0": one, f"{qc}/vars/1": one * 2, f"{qc}/vars/2": step},
        **{f"{qc}/batchnorm/vars/{i}": one * (3 + i) for i in range(3)},
        "layers/time_distributed/layer/vars/0": one,
        **{f"{p}/layer/vars/0": one, f"{p}/layer/vars/1": one * 2, f"{p}/vars/0": one},
        **{f"{p}/vars/1": one * 0, f"{p}/vars/2": np.float32(0.5), f"{p}/vars/3": step},
        "layers/prune_low_magnitude_1/vars/0": step,
        **{"layers/dense/vars/0": one * 8, "layers/dense_1/vars/0": one * 9},
        "layers/scale/vars/0": one,
        "layers/scale/seed_generator/vars/0": np.array([1, 2], np.uint32),
    }
    read = read_keras(archive(tmp_path / "z.keras", config, arrays))
    assert shapes(read) == {
        "bn": ["beta", "moving_mean", "moving_variance"],
        "dw": ["depthwise_kernel"],
        "sc": ["depthwise_kernel", "pointwise_kernel", "bias"],
        "qc": ["kernel", "bias", "gamma", "iteration", "moving_mean", "moving_variance"],
        "td": ["kernel"],
        "p": ["kernel", "bias", "mask", "threshold", "pruning_step"],
        "pa": ["pruning_step"],
        "d2": ["kernel"],
        "d1": ["kernel"],
        "odd": ["0"],
    }
    assert [float(v.flat[0]) for v in read.weights["qc"].values()] == [1, 2, 3, 7, 4, 5]
    assert [float(v.flat[0]) for v in read.weights["p"].values()] == [1, 2, 0, 0.5, 7]
    # Counted by class in the order of the config, not by name.
    assert read.weights["d2"]["kernel"][0] == 8
    assert read.weights["d1"]["kernel"][0] == 9


def test_the_step_that_qkeras_v3_stores_twice_is_taken_once(tmp_path: Path) -> None:
    config = model(layer("QDepthwiseConv2DBatchnorm", "qd", use_bias=False))
    top = "layers/q_depthwise_conv2d_batchnorm"
    arrays = {
        f"{top}/vars/0": BIAS,
        **{f"{top}/vars/1": np.array(7, np.int64), f"{top}/vars/iteration": np.array(7, np.int64)},
        **{f"{top}/batchnorm/vars/{i}": BIAS for i in range(4)},
    }
    read = read_keras(archive(tmp_path / "z.keras", config, arrays))
    rest = ["gamma", "beta", "iteration", "moving_mean", "moving_variance"]
    assert shapes(read) == {"qd": ["depthwise_kernel", *rest]}


NESTED = model(
    layer("Dense", "a"),
    {"class_name": "Functional", "config": {"name": "in", "layers": [
        layer("QConv2DBatchnorm", "b", use_bias=False),
        layer("BatchNormalization", "batch_normalization"),
        {"class_name": "Sequential", "config": {"name": "deep", "layers": [layer("Dense", "d")]}},
    ]}},
    kind="Functional",
)  # fmt: skip
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
NESTED_NAMES = {
    "a": ["kernel", "bias"],
    "in/b": ["kernel", "gamma", "beta", "iteration", "moving_mean", "moving_variance"],
    "in/batch_normalization": list(NORM),
    "in/deep/d": ["kernel", "bias"],
}


@pytest.mark.parametrize("scope", ["", "in/"])
def test_nested_models_are_keyed_by_path_in_the_named_layout(tmp_path: Path, scope: str) -> None:
    mixed = ["b/kernel:0", "b/batch_normalization/gamma:0", "b/batch_normalization/beta:0"]
    mixed += ["batch_normalization/gamma:0", "batch_normalization/beta:0", "d/kernel:0", "d/bias:0"]
    mixed += ["b/iteration:0"]
    mixed += [f"{b}batch_normalization/{n}:0" for b in ("b/", "") for n in NORM[2:]]
    inner = {scope + path: np.full(1, i, np.float32) for i, path in enumerate(mixed)}
    weights = {"a": {"a/kernel:0": KERNEL, "a/bias:0": BIAS}, "in": inner}
    read = read_keras(full_h5(tmp_path / "f.h5", NESTED, weights))
    assert shapes(read) == NESTED_NAMES
    values = {k: [float(v[0]) for v in w.values()] for k, w in read.weights.items() if k != "a"}
    assert values["in/b"] == [0, 1, 2, 7, 8, 9]
    assert values["in/batch_normalization"] == [3, 4, 10, 11]
    assert values["in/deep/d"] == [5, 6]


def test_nested_models_are_keyed_by_path_in_the_numbered_layout(tmp_path: Path) -> None:
    top = "layers/functional/layers"
    arrays = {
        **{"layers/dense/vars/0": KERNEL, "layers/dense/vars/1": BIAS},
        **{f"{top}/q_conv2d_batchnorm/vars/{i}": BIAS for i in range(2)},
        **{f"{top}/q_conv2d_batchnorm/batchnorm/vars/{i}": BIAS for i in range(4)},
        **{f"{top}/batch_normalization/vars/{i}": BIAS for i in range(4)},
        **{f"{top}/sequential/layers/dense/vars/{i}": BIAS for i in range(2)},
    }
    assert shapes(read_keras(archive(tmp_path / "z.keras", NESTED, arrays))) == NESTED_NAMES


def test_pruned_and_wrapped_layers_keep_the_name_of_the_wrapper(tmp_path: Path) -> None:
    config = model(
        layer("PruneLowMagnitude", "prune_low_magnitude_fc", layer=layer("Dense", "fc")),
        layer("TimeDistributed", "td", layer=layer("DepthwiseConv2D", "dw", use_bias=False)),
        layer("Bidirectional", "bi", layer=layer("LSTM", "l")),
    )
    own = "prune_low_magnitude_fc"
    weights = {
        own: {
            **{"fc/kernel:0": KERNEL, "fc/bias:0": BIAS, f"{own}/mask:0": KERNEL},
            **{f"{own}/threshold:0": np.float32(0), f"{own}/pruning_step:0": np.int64(5)},
        },
        "td": {"td/dw/kernel": KERNEL},
        "bi": {"bi/forward_l/kernel:0": KERNEL, "bi/backward_l/kernel:0": KERNEL},
    }
    assert shapes(read_keras(full_h5(tmp_path / "f.h5", config, weights))) == {
        own: ["kernel", "bias", "mask", "threshold", "pruning_step"],
        "td": ["depthwise_kernel"],
        "bi": ["bi/forward_l/kernel", "bi/backward_l/kernel"],
    }


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Dense", "dense"),
        ("QConv2DBatchnorm", "q_conv2d_batchnorm"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("PReLU", "p_re_lu"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("ELU", "elu"),
        ("SimpleRNN", "simple_rnn"),
        ("TFOpLambda", "tf_op_lambda"),
    ],
)
def test_snake_case_is_that_of_keras(name: str, wanted: str) -> None:
    assert snake_case(name) == wanted


# --- number types ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float64", ">f4", "<f4"])
def test_floats_that_fit_become_float32(tmp_path: Path, dtype: str) -> None:
    weights = {"fc": {"fc/kernel:0": KERNEL.astype(dtype), "fc/bias:0": BIAS.astype(dtype)}}
    read = read_keras(full_h5(tmp_path / "f.h5", weights=weights))
    assert same(read.weights["fc"]["kernel"], KERNEL)
    assert same(read.weights["fc"]["bias"], BIAS)


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    """Keras 3 stores it as two opaque bytes and says so in an attribute."""
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        for i, values in enumerate((KERNEL, BIAS)):
            upper = (values.view(np.uint32) >> 16).astype("<u2").view("V2")
            stored = file.create_dataset(f"layers/dense/vars/{i}", data=upper)
            stored.attrs["dtype"] = "bfloat16"
    read = read_keras(json_file(tmp_path / "a.json"), path)
    assert same(read.weights["fc"]["kernel"], KERNEL)
    assert same(read.weights["fc"]["bias"], BIAS)


# --- sniffing and speed ---------------------------------------------------------------------------


def test_sniff_tells_what_can_be_read(tmp_path: Path) -> None:
    assert file_kind(full_h5(tmp_path / "a")) == "h5"
    assert file_kind(archive(tmp_path / "b")) == "zip"
    assert file_kind(json_file(tmp_path / "c")) == "json"
    assert file_kind(json_file(tmp_path / "d", {"hwgen": 1})) == "bundle"
    (tmp_path / "e").write_bytes(b"\xef\xbb\xbf\n {" + json.dumps({"x": 1}).encode()[1:])
    assert file_kind(tmp_path / "e") == "json"
    with h5py.File(tmp_path / "f", "w", userblock_size=1024) as file:
        file["x"] = 1
    assert file_kind(tmp_path / "f") == "h5"


def test_reading_needs_no_tensorflow_and_import_no_h5py(tmp_path: Path) -> None:
    """In a process of its own: what got imported says more than any clock."""
    full_h5(tmp_path / "m.h5")
    code = (
        "import sys, pathlib, hwgen.frontends.keras.file as k\n"
        "assert 'h5py' not in sys.modules\n"
        "k.read_keras(pathlib.Path(sys.argv[1]))\n"
        "heavy = {'tensorflow', 'keras', 'qkeras', 'torch', 'scipy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "m.h5")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", PAIRS, ids=[p.stem for p in PAIRS])
def test_published_pairs_are_read(path: Path) -> None:
    read = read_keras(path, path.with_name(f"{path.stem}_weights.h5"))
    assert read.config == json.loads(path.read_text())
    assert read.weights
    assert read.keras.startswith("2.")
