# SPDX-License-Identifier: Apache-2.0
"""Files that are no Keras model, or a damaged one: each is told for what it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.keras import h5, zip
from hwgen.frontends.keras.file import read_keras
from tests.frontends.keras_files import (
    DENSE,
    archive,
    full_h5,
    json_file,
    keras_zip_file,
    layer,
    model,
    weights_h5,
)
from tests.frontends.wrong_files import Wrong, with_bytes, with_config

WRONG = Wrong()
error = WRONG.error


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


@pytest.mark.parametrize("name", WRONG.cases)
def test_wrong_files_are_told(tmp_path: Path, name: str) -> None:
    WRONG.check(name, tmp_path)


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
    monkeypatch.setattr("hwgen.frontends.kinds.MAX_CONFIG", 100)
    monkeypatch.setattr(h5, "MAX_CONFIG", 100)
    monkeypatch.setattr(zip, "MAX_CONFIG", 100)
    weights = weights_h5(tmp_path / "w.h5")
    with pytest.raises(ModelError, match="larger than"):
        read_keras(json_file(tmp_path / "m.json"), weights)
    with pytest.raises(ModelError, match="larger than"):
        read_keras(full_h5(tmp_path / "m.h5"))
    with pytest.raises(ModelError, match=r"config\.json unpacks to"):
        read_keras(archive(tmp_path / "m.keras"))


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
