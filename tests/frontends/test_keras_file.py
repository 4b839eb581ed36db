# SPDX-License-Identifier: Apache-2.0
"""Keras files made by hand: what is read, and how every kind of wrong file is told."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hwgen.errors import ConfigError, HwgenError, ModelError
from hwgen.frontends import keras_h5, keras_zip
from hwgen.frontends.keras_file import KerasModel, read_keras, sniff
from hwgen.frontends.keras_h5 import snake_case

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "models"
PAIRS = sorted(p for p in SHARED.glob("*.json") if p.with_name(f"{p.stem}_weights.h5").exists())

Variables = dict[str, Any]
KERNEL = np.arange(12, dtype=np.float32).reshape(4, 3) - 5.5
BIAS = np.array([0.5, -0.0, 3.0], np.float32)


def layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}}


def model(*layers: dict[str, Any], kind: str = "Sequential") -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": "m", "layers": list(layers)}}


DENSE = model(layer("InputLayer", "in"), layer("Dense", "fc", units=3), layer("Softmax", "sm"))
WEIGHTS = {"in": {}, "fc": {"fc/kernel:0": KERNEL, "fc/bias:0": BIAS}, "sm": {}}


def put(group: h5py.Group, weights: Mapping[str, Variables]) -> None:
    """Write the layout of Keras 2: layer groups whose variables are listed by name."""
    group.attrs["layer_names"] = [name.encode() for name in weights]
    for name, variables in weights.items():
        own = group.create_group(name)
        own.attrs["weight_names"] = [path.encode() for path in variables]
        for path, value in variables.items():
            own[path] = value


def full_h5(path: Path, config: Any = DENSE, weights: Mapping[str, Variables] = WEIGHTS) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = config if isinstance(config, bytes) else json.dumps(config)
        file.attrs["keras_version"] = "2.4.0"
        put(file.create_group("model_weights"), weights)
    return path


def weights_h5(path: Path, weights: Mapping[str, Variables] = WEIGHTS) -> Path:
    with h5py.File(path, "w") as file:
        put(file, weights)
    return path


def json_file(path: Path, config: Any = DENSE) -> Path:
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def numbered_h5(arrays: Mapping[str, Any], names: Mapping[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_group("vars")
        for path, value in arrays.items():
            file[path] = value
        for path, name in (names or {}).items():
            file.require_group(f"{path}/vars").attrs["name"] = name
    return stream.getvalue()


def keras_zip_file(path: Path, members: Mapping[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return path


NUMBERED = {"layers/dense/vars/0": KERNEL, "layers/dense/vars/1": BIAS}


def archive(path: Path, config: Any = DENSE, arrays: Mapping[str, Any] = NUMBERED) -> Path:
    meta = {"keras_version": "3.5.0"}
    stored = numbered_h5(arrays)
    members = {"metadata.json": meta, "config.json": config, "model.weights.h5": stored}
    return keras_zip_file(path, members)


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


# --- errors ---------------------------------------------------------------------------------------

Maker = Callable[[Path], tuple[Path, Path | None]]
ERRORS: list[tuple[str, type[HwgenError], str, str, str]] = []
MAKERS: dict[str, Maker] = {}


def error(kind: type[HwgenError], what: str, where: str, hint: str) -> Callable[[Maker], Maker]:
    """Register a maker of a wrong file with the words its error must contain."""

    def register(maker: Maker) -> Maker:
        MAKERS[maker.__name__] = maker
        ERRORS.append((maker.__name__, kind, what, where, hint))
        return maker

    return register


def with_dense(folder: Path, weights: Mapping[str, Variables]) -> tuple[Path, None]:
    return full_h5(folder / "m.h5", weights=weights), None


def with_config(folder: Path, config: Any) -> tuple[Path, Path]:
    return json_file(folder / "m.json", config), weights_h5(folder / "w.h5")


def with_bytes(folder: Path, data: bytes) -> tuple[Path, None]:
    (folder / "m.h5").write_bytes(data)
    return folder / "m.h5", None


@error(ConfigError, "no such file", "gone.h5", "check the path")
def missing(folder: Path) -> tuple[Path, None]:
    return folder / "gone.h5", None


@error(ConfigError, "no such file", "gone.h5", "check the path")
def missing_weights(folder: Path) -> tuple[Path, Path]:
    return json_file(folder / "m.json"), folder / "gone.h5"


@error(ConfigError, "is a directory", "model", "give a file")
def directory(folder: Path) -> tuple[Path, None]:
    (folder / "model").mkdir()
    return folder / "model", None


@error(ModelError, "SavedModel", "model", "model.save(")
def saved_model(folder: Path) -> tuple[Path, None]:
    (folder / "model").mkdir()
    (folder / "model" / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    return folder / "model", None


@error(ModelError, "SavedModel", "m.h5", "model.save(")
def saved_model_file(folder: Path) -> tuple[Path, None]:
    return with_bytes(folder, b"\x08\x01\x12\x05abcde")


@error(ConfigError, "not a regular file", "pipe", "copy the model")
def fifo(folder: Path) -> tuple[Path, None]:
    os.mkfifo(folder / "pipe")
    return folder / "pipe", None


@error(ModelError, "empty", "m.h5", "save the model again")
def empty(folder: Path) -> tuple[Path, None]:
    return with_bytes(folder, b"")


@error(ModelError, "truncated or damaged", "m.h5", "again")
def truncated_h5(folder: Path) -> tuple[Path, None]:
    path = full_h5(folder / "m.h5")
    return with_bytes(folder, path.read_bytes()[:1500])


@error(ModelError, "truncated or damaged", "m.keras", "again")
def truncated_zip(folder: Path) -> tuple[Path, None]:
    path = archive(folder / "m.keras")
    path.write_bytes(path.read_bytes()[:-300])
    return path, None


@error(ModelError, "truncated or damaged", "m.keras", "again")
def flipped_zip(folder: Path) -> tuple[Path, None]:
    path = archive(folder / "m.keras")
    data = bytearray(path.read_bytes())
    data[data.index(b"config.json") + 20] ^= 0xFF
    path.write_bytes(data)
    return path, None


@error(ModelError, "no config.json", "m.keras", "hwgen reads")
def zip_without_config(folder: Path) -> tuple[Path, None]:
    return keras_zip_file(folder / "m.keras", {"notes.txt": b"hello"}), None


@error(ModelError, "no model.weights.h5", "m.keras", "with its weights")
def zip_without_weights(folder: Path) -> tuple[Path, None]:
    return keras_zip_file(folder / "m.keras", {"config.json": DENSE}), None


@error(ModelError, "pickled", "m.keras", "weights_format")
def zip_with_npz(folder: Path) -> tuple[Path, None]:
    members = {"config.json": DENSE, "model.weights.npz": b"PK"}
    return keras_zip_file(folder / "m.keras", members), None


@error(ModelError, "shards", "m.keras", "one piece")
def zip_with_shards(folder: Path) -> tuple[Path, None]:
    members = {"config.json": DENSE, "model.weights.json": {}}
    return keras_zip_file(folder / "m.keras", members), None


@error(ModelError, "unpacks to", "m.keras", "")
def zip_bomb(folder: Path) -> tuple[Path, None]:
    members = {"config.json": DENSE, "model.weights.h5": bytes(40 << 20)}
    return keras_zip_file(folder / "m.keras", members), None


@error(ModelError, "not JSON", "m.json", "truncated")
def bad_json(folder: Path) -> tuple[Path, None]:
    (folder / "m.json").write_text('{"class_name": "Sequ')
    return folder / "m.json", None


@error(ModelError, "not JSON", "m.keras, config.json", "truncated")
def bad_json_in_zip(folder: Path) -> tuple[Path, None]:
    return keras_zip_file(folder / "m.keras", {"config.json": b'{"class'}), None


@error(ModelError, "not JSON", "m.h5", "truncated")
def bad_json_in_h5(folder: Path) -> tuple[Path, None]:
    return full_h5(folder / "m.h5", b'{"class'), None


@error(ModelError, "not a Keras model", "m.json", "to_json()")
def other_json(folder: Path) -> tuple[Path, Path]:
    return with_config(folder, {"dependencies": []})


@error(ModelError, "not a Keras model", "m.json", "to_json()")
def list_json(folder: Path) -> tuple[Path, Path]:
    return with_config(folder, [1, 2])


@error(ModelError, "nested too deeply", "m.json", "")
def deep_json(folder: Path) -> tuple[Path, None]:
    (folder / "m.json").write_text('{"a":' * 100_000)
    return folder / "m.json", None


@error(ModelError, "models are nested deeper", "m.json", "")
def deep_models(folder: Path) -> tuple[Path, Path]:
    config = DENSE
    for _ in range(40):
        config = model(config)
    return with_config(folder, config)


@error(ModelError, "wrappers are nested deeper", "m.json, layer w", "")
def deep_wrappers(folder: Path) -> tuple[Path, Path]:
    config = layer("Dense", "x")
    for _ in range(40):
        config = layer("TimeDistributed", "w", layer=config)
    return with_config(folder, model(config))


@error(ModelError, "not UTF-8", "m.json", "UTF-8")
def latin1_json(folder: Path) -> tuple[Path, None]:
    (folder / "m.json").write_bytes('{"class_name": "Modèle"}'.encode("latin-1"))
    return folder / "m.json", None


@error(ModelError, "not UTF-8", "m.json", "UTF-8")
def utf16_json(folder: Path) -> tuple[Path, None]:
    (folder / "m.json").write_bytes(json.dumps(DENSE).encode("utf-16"))
    return folder / "m.json", None


@error(ModelError, "not UTF-8", "m.h5", "again")
def latin1_h5(folder: Path) -> tuple[Path, None]:
    path = full_h5(folder / "m.h5")
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs["layer_names"] = ["é".encode("latin-1")]
    return path, None


@error(ModelError, "Trainer in this file has no list of layers", "m.json", "functional")
def subclassed(folder: Path) -> tuple[Path, Path]:
    return with_config(folder, {"class_name": "my>Trainer", "config": {"name": "x"}})


@error(ModelError, "has no layers", "m.json", "")
def no_layers(folder: Path) -> tuple[Path, Path]:
    return with_config(folder, model())


@error(ModelError, "layer number 0 of the config has no class_name", "m.json", "")
def layer_without_class(folder: Path) -> tuple[Path, Path]:
    return with_config(folder, model({"config": {"name": "x"}}))


@error(ModelError, "layer number 1 of the config (Dense) has no name", "m.json", "")
def layer_without_name(folder: Path) -> tuple[Path, Path]:
    return with_config(folder, model(layer("Flatten", "f"), {"class_name": "Dense", "config": {}}))


@error(ModelError, "two layers are named 'fc'", "m.json", "unique")
def same_names(folder: Path) -> tuple[Path, Path]:
    return with_config(folder, model(layer("Dense", "fc"), layer("Dense", "fc")))


@error(ModelError, "no architecture", "w.h5", ".json architecture as the model")
def weights_only(folder: Path) -> tuple[Path, None]:
    return weights_h5(folder / "w.h5"), None


@error(ConfigError, "without weights", "m.json", "--weights")
def json_alone(folder: Path) -> tuple[Path, None]:
    return json_file(folder / "m.json"), None


@error(ConfigError, "expected a file of weights", "b.json", "as --weights")
def json_as_weights(folder: Path) -> tuple[Path, Path]:
    return json_file(folder / "a.json"), json_file(folder / "b.json")


@error(ModelError, "no Keras weights", "w.h5", "Keras saved")
def foreign_h5(folder: Path) -> tuple[Path, Path]:
    with h5py.File(folder / "w.h5", "w") as file:
        file["x_train"] = KERNEL
    return json_file(folder / "m.json"), folder / "w.h5"


@error(ModelError, "no weights are stored for this Dense", "m.h5, layer fc", "saved together")
def layer_left_out(folder: Path) -> tuple[Path, None]:
    return with_dense(folder, {"in": {}, "sm": {}})


@error(ModelError, "no weights are stored for this Dense", "m.keras, layer fc", "saved together")
def layer_left_out_of_zip(folder: Path) -> tuple[Path, None]:
    return archive(folder / "m.keras", arrays={"layers/input_layer/vars/x": 0}), None


@error(ModelError, "needs bias", "m.h5, layer fc", "saved together")
def variable_left_out(folder: Path) -> tuple[Path, None]:
    return with_dense(folder, {"fc": {"fc/kernel:0": KERNEL}})


@error(ModelError, "holds scale", "m.h5, layer fc", "saved together")
def variable_too_many(folder: Path) -> tuple[Path, None]:
    return with_dense(folder, {"fc": {**WEIGHTS["fc"], "fc/scale:0": BIAS}})


@error(ModelError, "holds 2", "m.keras, layer fc", "saved together")
def numbered_variable_too_many(folder: Path) -> tuple[Path, None]:
    return archive(folder / "m.keras", arrays={**NUMBERED, "layers/dense/vars/2": BIAS}), None


@error(ModelError, "fc/kernel:0 is listed but not stored", "m.h5, layer fc", "again")
def variable_not_stored(folder: Path) -> tuple[Path, None]:
    path = full_h5(folder / "m.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights/fc/fc/kernel:0"]
    return path, None


@error(ModelError, "weights for fc9", "m.h5", "saved together")
def unknown_layer(folder: Path) -> tuple[Path, None]:
    return with_dense(folder, {**WEIGHTS, "fc9": {"fc9/kernel:0": KERNEL}})


@error(ModelError, "weights for dense_1", "m.keras", "saved together")
def unknown_numbered_layer(folder: Path) -> tuple[Path, None]:
    return archive(folder / "m.keras", arrays={**NUMBERED, "layers/dense_1/vars/0": BIAS}), None


@error(ModelError, "stored under the name other", "m.keras, layer fc", "")
def name_in_zip_differs(folder: Path) -> tuple[Path, None]:
    stored = numbered_h5(NUMBERED, {"layers/dense": "other"})
    members = {"config.json": DENSE, "model.weights.h5": stored}
    return keras_zip_file(folder / "m.keras", members), None


@error(ModelError, "which inner layer z/kernel:0", "m.h5, layer m", ".keras")
def inner_layer_unknown(folder: Path) -> tuple[Path, None]:
    config = model(model(layer("Dense", "fc")))
    return full_h5(folder / "m.h5", config, {"m": {"z/kernel:0": KERNEL}}), None


@error(ModelError, "belongs to m/p/fc or m/q/fc", "m.h5", "unique names")
def inner_layer_ambiguous(folder: Path) -> tuple[Path, None]:
    twins = [{**model(layer("Dense", "fc"))} for _ in range(2)]
    inner = [{**t, "config": {**t["config"], "name": n}} for t, n in zip(twins, "pq", strict=True)]
    weights = {"m": {"fc/kernel:0": KERNEL}}
    return full_h5(folder / "m.h5", model(model(*inner)), weights), None


@error(ModelError, "could run code", "m.h5", "model.save(")
def pickled(folder: Path) -> tuple[Path, None]:
    return with_bytes(folder, pickle.dumps({"weights": [1, 2]}))


@error(ModelError, "could run code", "p", "model.save(")
def pickled_weights(folder: Path) -> tuple[Path, Path]:
    (folder / "p").write_bytes(pickle.dumps([1], protocol=2))
    return json_file(folder / "m.json"), folder / "p"


@error(ModelError, ".npz", "m.npz", "hwgen reads")
def npz(folder: Path) -> tuple[Path, None]:
    np.savez(folder / "m.npz", kernel=KERNEL)
    return folder / "m.npz", None


@error(ModelError, ".npy", "m.npy", "hwgen reads")
def npy(folder: Path) -> tuple[Path, None]:
    np.save(folder / "m.npy", KERNEL)
    return folder / "m.npy", None


@error(ModelError, "PyTorch", "m.pt", "hwgen reads")
def torch(folder: Path) -> tuple[Path, None]:
    return keras_zip_file(folder / "m.pt", {"archive/data.pkl": b"\x80\x02."}), None


@error(ModelError, "ONNX", "m.h5", "hwgen reads")
def onnx(folder: Path) -> tuple[Path, None]:
    return with_bytes(folder, b"\x08\x07\x12\x07pytorch\x1a\x051.9.0")


@error(ModelError, "TensorFlow Lite", "m.h5", "hwgen reads")
def tflite(folder: Path) -> tuple[Path, None]:
    return with_bytes(folder, b"\x1c\x00\x00\x00TFL3" + bytes(20))


@error(ModelError, "no model file", "m.h5", "hwgen reads")
def text(folder: Path) -> tuple[Path, None]:
    return with_bytes(folder, b"hello, this is not a model")


@error(ModelError, "hwgen bundle", "m.json", "bundle reader")
def bundle(folder: Path) -> tuple[Path, None]:
    return json_file(folder / "m.json", {"hwgen": 1, "nodes": []}), None


def with_kernel(folder: Path, kernel: Any) -> tuple[Path, None]:
    return with_dense(folder, {"fc": {"fc/kernel:0": kernel, "fc/bias:0": BIAS}})


@error(ModelError, "kernel holds 2 of 12 values that are NaN or infinite", "layer fc", "checkpoint")
def not_finite(folder: Path) -> tuple[Path, None]:
    kernel = KERNEL.copy()
    kernel[0, 0], kernel[1, 1] = np.nan, -np.inf
    return with_kernel(folder, kernel)


@error(ModelError, "kernel is float64; 12 of 12 values", "m.h5, layer fc", "float32")
def not_exact(folder: Path) -> tuple[Path, None]:
    return with_kernel(folder, KERNEL.astype(np.float64) + 1e-12)


@error(ModelError, "kernel is float64; 12 of 12 values", "m.h5, layer fc", "float32")
def too_large_for_float32(folder: Path) -> tuple[Path, None]:
    return with_kernel(folder, np.full((4, 3), 1e300))


@error(ModelError, "kernel has the type complex64", "m.h5, layer fc", "float32")
def complex_kernel(folder: Path) -> tuple[Path, None]:
    return with_kernel(folder, KERNEL.astype(np.complex64))


@error(ModelError, "kernel has the type object", "m.h5, layer fc", "float32")
def object_kernel(folder: Path) -> tuple[Path, None]:
    return with_kernel(folder, np.array(["a", "b"], dtype=object))


@error(ModelError, "kernel is empty", "m.h5, layer fc", "again")
def null_kernel(folder: Path) -> tuple[Path, None]:
    return with_kernel(folder, h5py.Empty("f4"))


@error(ModelError, "more than 4 GiB", "m.h5, layer fc", "FPGA")
def enormous(folder: Path) -> tuple[Path, None]:
    path = full_h5(folder / "m.h5")
    with h5py.File(path, "a") as file:
        group = file["model_weights/fc/fc"]
        del group["kernel:0"]
        # Chunked and never written: terabytes in a file of kilobytes.
        group.create_dataset("kernel:0", shape=(1 << 20, 1 << 20), chunks=(1024, 1024), dtype="f4")
    return path, None


@error(ModelError, "a link to another file", "m.h5", "one file")
def external_link(folder: Path) -> tuple[Path, None]:
    path = full_h5(folder / "m.h5")
    other = full_h5(folder / "other.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights/fc"]
        file["model_weights/fc"] = h5py.ExternalLink(other.name, "model_weights/fc")
    return path, None


@error(ModelError, "kernel is stored in another file", "m.h5, layer fc", "one file")
def external_data(folder: Path) -> tuple[Path, None]:
    path = full_h5(folder / "m.h5")
    (folder / "raw").write_bytes(KERNEL.tobytes())
    with h5py.File(path, "a") as file:
        group = file["model_weights/fc/fc"]
        del group["kernel:0"]
        group.create_dataset(
            "kernel:0", KERNEL.shape, "f4", external=[(str(folder / "raw"), 0, 48)]
        )
    return path, None


@error(ModelError, "nested deeper", "w.h5", "")
def deep_tree(folder: Path) -> tuple[Path, Path]:
    with h5py.File(folder / "w.h5", "w") as file:
        group = file.create_group("layers/dense")
        group["again"] = group
    return json_file(folder / "m.json"), folder / "w.h5"


@pytest.mark.parametrize(
    ("name", "kind", "what", "where", "hint"), ERRORS, ids=[e[0] for e in ERRORS]
)
def test_wrong_files_are_told(
    tmp_path: Path, name: str, kind: type[HwgenError], what: str, where: str, hint: str
) -> None:
    path, weights = MAKERS[name](tmp_path)
    with pytest.raises(HwgenError) as caught:
        read_keras(path, weights)
    assert type(caught.value) is kind
    assert what in caught.value.what
    assert where in caught.value.where
    assert hint in caught.value.hint
    assert bool(hint) == bool(caught.value.hint)
    assert str(tmp_path) not in str(caught.value)  # the file's name, not where it lies


def test_a_file_without_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The super user may read anything, so the refusal is played."""

    def refuse(self: Path, *args: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = full_h5(tmp_path / "m.h5")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        ConfigError, match=r"m\.h5: cannot be opened \(Permission denied\)"
    ) as caught:
        read_keras(path)
    assert "permissions" in caught.value.hint


def test_oversized_json_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwgen.frontends.keras_file.MAX_CONFIG", 100)
    monkeypatch.setattr(keras_h5, "MAX_CONFIG", 100)
    monkeypatch.setattr(keras_zip, "MAX_CONFIG", 100)
    weights = weights_h5(tmp_path / "w.h5")
    with pytest.raises(ModelError, match="larger than"):
        read_keras(json_file(tmp_path / "m.json"), weights)
    with pytest.raises(ModelError, match="larger than"):
        read_keras(full_h5(tmp_path / "m.h5"))
    with pytest.raises(ModelError, match=r"config\.json unpacks to"):
        read_keras(archive(tmp_path / "m.keras"))


def test_links_that_make_an_endless_tree_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_h5, "_MAX_OBJECTS", 2000)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        group = file.create_group("layers/dense")
        for _ in range(4):
            below = file.create_group(None)
            for i in range(100):
                group[f"link{i}"] = below  # 400 links make a tree of 100 million
            group = below
    config = json_file(tmp_path / "m.json")
    with pytest.raises(ModelError, match=r"w\.h5: .* more than 2000 objects"):
        read_keras(config, tmp_path / "w.h5")


def test_an_encrypted_archive_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras")
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 8] |= 1  # the flag in each entry of the central directory
        at += 4
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"m\.keras: .* is encrypted"):
        read_keras(path)


def test_no_truncation_ends_in_another_exception(tmp_path: Path) -> None:
    for whole in (full_h5(tmp_path / "a.h5"), archive(tmp_path / "b.keras")):
        data = whole.read_bytes()
        cut = tmp_path / "cut"
        for size in range(0, len(data) - 1, 131):
            cut.write_bytes(data[:size])
            with pytest.raises(ModelError):
                read_keras(cut)


def test_no_flipped_byte_in_an_archive_ends_in_another_exception(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """Archives only: checksums stand in front of the HDF5 library, which may crash on these."""
    data = np.frombuffer(archive(tmp_path / "b.keras").read_bytes(), np.uint8)
    refused = 0
    for _ in range(400):
        wrong = data.copy()
        wrong[rng.integers(len(data))] ^= rng.integers(1, 256, dtype=np.uint8)
        (tmp_path / "wrong").write_bytes(wrong.tobytes())
        try:
            read_keras(tmp_path / "wrong")
        except ModelError:
            refused += 1
    assert refused > 200


def test_code_in_a_lambda_layer_stays_data(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wAAAAA=\n"}}
    config = model(layer("Lambda", "l", function=code))
    read = read_keras(full_h5(tmp_path / "m.h5", config, {"l": {}}))
    assert read.config == config
    assert read.weights == {}


# --- sniffing and speed ---------------------------------------------------------------------------


def test_sniff_tells_what_can_be_read(tmp_path: Path) -> None:
    assert sniff(full_h5(tmp_path / "a")) == "h5"
    assert sniff(archive(tmp_path / "b")) == "zip"
    assert sniff(json_file(tmp_path / "c")) == "json"
    assert sniff(json_file(tmp_path / "d", {"hwgen": 1})) == "bundle"
    (tmp_path / "e").write_bytes(b"\xef\xbb\xbf\n {" + json.dumps({"x": 1}).encode()[1:])
    assert sniff(tmp_path / "e") == "json"
    with h5py.File(tmp_path / "f", "w", userblock_size=1024) as file:
        file["x"] = 1
    assert sniff(tmp_path / "f") == "h5"


def test_reading_needs_no_tensorflow_and_import_no_h5py(tmp_path: Path) -> None:
    """In a process of its own: what got imported says more than any clock."""
    full_h5(tmp_path / "m.h5")
    code = (
        "import sys, pathlib, hwgen.frontends.keras_file as k\n"
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
