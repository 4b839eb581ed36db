# SPDX-License-Identifier: Apache-2.0
"""Weights that do not fit their architecture, or that cannot be what they say."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.keras import h5
from hwgen.frontends.keras.file import read_keras
from tests.frontends.keras_files import (
    BIAS,
    DENSE,
    KERNEL,
    NUMBERED,
    WEIGHTS,
    archive,
    full_h5,
    json_file,
    keras_zip_file,
    layer,
    model,
    numbered_h5,
    weights_h5,
)
from tests.frontends.wrong_files import Wrong, with_bytes, with_dense

WRONG = Wrong()
error = WRONG.error


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


@error(ModelError, "of layer m/fc the file holds z/kernel:0", "m.h5, layer m", ".keras")
def inner_variable_missing(folder: Path) -> tuple[Path, None]:
    config = model(model(layer("Dense", "fc")))
    return full_h5(folder / "m.h5", config, {"m": {"z/kernel:0": KERNEL}}), None


@error(ModelError, "z/kernel:0, for which the layers of the model have no place", "m", ".keras")
def inner_variable_too_many(folder: Path) -> tuple[Path, None]:
    config = model(model(layer("Dense", "fc")))
    weights = {"m": {"fc/kernel:0": KERNEL, "fc/bias:0": BIAS, "z/kernel:0": KERNEL}}
    return full_h5(folder / "m.h5", config, weights), None


@error(ModelError, "of layer m/q/fc the file holds nothing", "m.h5, layer m", ".keras")
def inner_layer_of_two_models(folder: Path) -> tuple[Path, None]:
    twins = [{**model(layer("Dense", "fc", use_bias=False))} for _ in range(2)]
    inner = [{**t, "config": {**t["config"], "name": n}} for t, n in zip(twins, "pq", strict=True)]
    weights = {"m": {"fc/kernel:0": KERNEL}}
    return full_h5(folder / "m.h5", model(model(*inner)), weights), None


@error(ModelError, "b/kernel:0 is at the place of layer m/a and has the name of m/b", "m", ".keras")
def inner_names_swapped(folder: Path) -> tuple[Path, None]:
    config = model(model(*(layer("Dense", n, use_bias=False) for n in "ab")))
    weights = {"m": {"b/kernel:0": KERNEL, "a/kernel:0": -KERNEL}}
    return full_h5(folder / "m.h5", config, weights), None


@error(ModelError, "in another order than the layers of the config: b where a", "m", "together")
def order_of_another_model(folder: Path) -> tuple[Path, None]:
    config = model(*(layer("Dense", n, use_bias=False) for n in "ab"))
    weights = {n: {f"{n}/kernel:0": KERNEL} for n in "ba"}
    return full_h5(folder / "m.h5", config, weights), None


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


@error(ModelError, "kernel is NaN or infinite in 2 of 12 values", "layer fc", "checkpoint")
def not_finite(folder: Path) -> tuple[Path, None]:
    kernel = KERNEL.copy()
    kernel[0, 0], kernel[1, 1] = np.nan, -np.inf
    return with_kernel(folder, kernel)


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


@pytest.mark.parametrize("name", WRONG.cases)
def test_wrong_weights_are_told(tmp_path: Path, name: str) -> None:
    WRONG.check(name, tmp_path)


def test_links_that_make_an_endless_tree_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(h5, "_MAX_OBJECTS", 2000)
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
