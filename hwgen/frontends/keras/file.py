# SPDX-License-Identifier: Apache-2.0
"""Keras model files read without Keras: the architecture as stored, the weights as numpy arrays.

Nothing found in a file is executed: pickles are refused, the code of a Lambda layer stays text.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.keras.h5 import (
    MAX_CONFIG,
    Weights,
    h5_config,
    h5_version,
    h5_weights,
    open_h5,
    parse_json,
)
from hwgen.frontends.keras.variables import LayerEntry, class_name, layer_entries
from hwgen.frontends.keras.zip import BROKEN, CONFIG, METADATA, WEIGHTS, read_members

_HDF5 = b"\x89HDF\r\n\x1a\n"
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_READS = "hwgen reads a Keras .h5, a .json with a weights .h5, a .keras archive and its own bundle"
_KINDS = {
    "empty": ("the file is empty", "save the model again"),
    "savedmodel": ("this is a TensorFlow SavedModel", f'call model.save("model.h5"); {_READS}'),
    "onnx": ("this looks like an ONNX model", f"give the QKeras model it was made from; {_READS}"),
    "tflite": (
        "this is a TensorFlow Lite model",
        f"give the Keras model it was made from; {_READS}",
    ),
    "pickle": (
        "this is a Python pickle, which could run code",
        f'call model.save("model.h5"); {_READS}',
    ),
    "torch": ("this is a PyTorch checkpoint", _READS),
    "npz": ("this is a numpy .npz archive", _READS),
    "npy": ("this is a numpy .npy array", _READS),
    "unknown": ("this is no model file that hwgen knows", _READS),
    "bundle": ("this is a hwgen bundle, not a Keras file", "open it with the bundle reader"),
}


@dataclass(frozen=True)
class KerasModel:
    """A Keras model as stored.

    Attributes:
        config: `{"class_name": ..., "config": ...}` exactly as in the file, wrappers untouched.
            Before Keras 2.2.3 the inner config of a Sequential is a list of layers.
        weights: layer name to short variable name to read-only array, in the order of the config;
            layers without variables are absent, those of a nested model are keyed "outer/inner".
        source: the file name, for messages.
        keras: the Keras version noted in the file, "" if unknown.
    """

    config: Mapping[str, Any]
    weights: Mapping[str, Mapping[str, np.ndarray[Any, np.dtype[Any]]]]
    source: str
    keras: str


def sniff(path: Path) -> str:
    """Tell the kind of a file by its content, never by its extension.

    Returns:
        "h5", "json", "zip" or "bundle" for what hwgen reads; "npz", "npy", "torch", "pickle",
        "onnx", "tflite", "savedmodel", "empty" or "unknown" for what it does not.

    Raises:
        ConfigError: there is no such file, or it cannot be opened.
    """
    try:
        if path.is_dir():
            if (path / "saved_model.pb").exists():
                return "savedmodel"
            raise ConfigError("this is a directory", path.name, f"give a file: {_READS}")
        if path.exists() and not path.is_file():
            raise ConfigError("this is not a regular file", path.name, "copy the model to a file")
        with path.open("rb") as stream:
            head = stream.read(4096)
            stream.seek(max(0, path.stat().st_size - 1))
            last = stream.read(1)
    except FileNotFoundError as error:
        raise ConfigError("no such file", path.name, "check the path") from error
    except OSError as error:
        hint = "check the permissions of the file and of its folder"
        raise ConfigError(f"cannot be opened ({error.strerror})", path.name, hint) from error
    return _kind(path, head, last)


def _kind(path: Path, head: bytes, last: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        return "empty"
    # An HDF5 file may begin with a block of the user's, sized a power of two from 512.
    if any(head.startswith(_HDF5, at) for at in (0, 512, 1024, 2048)):
        return "h5"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive_kind(path)
    if text[:1] in (b"{", b"[") or head.startswith(_BOMS):
        return _json_kind(path)
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head[4:8] == b"TFL3":
        return "tflite"
    if head[0] == 0x80 and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and last == b".":
        return "pickle"
    # Both are protocol buffers that open with a version: a SavedModel says 1, ONNX a later one.
    if head[:3] == b"\x08\x01\x12":
        return "savedmodel"
    if (
        head[0] == 0x08
        and head[1:2] <= b"\x20"
        and head[2:3] in (b"\x12", b"\x1a", b"\x22", b"\x3a", b"\x42")
    ):
        return "onnx"
    return "unknown"


def _archive_kind(path: Path) -> str:
    # A damaged archive is told by the reader, in full.
    with suppress(*BROKEN), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if CONFIG in names:
            return "zip"
        if any(name.endswith("data.pkl") for name in names):
            return "torch"
        if names and all(name.endswith(".npy") for name in names):
            return "npz"
    return "zip"


def _json_kind(path: Path) -> str:
    with suppress(ModelError):
        value = _read_json(path)
        if isinstance(value, dict) and "hwgen" in value:
            return "bundle"
    return "json"


def _read_json(path: Path) -> Any:
    if path.stat().st_size > MAX_CONFIG:
        raise ModelError(
            f"the JSON is larger than {MAX_CONFIG >> 20} MiB", path.name, "is this a model?"
        )
    return parse_json(_utf8(path.read_bytes(), path.name), path.name)


def _utf8(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelError(
            f"the JSON is not UTF-8 (byte {error.start})", where, "save it as UTF-8"
        ) from error


def read_keras(path: Path, weights: Path | None = None) -> KerasModel:
    """Read architecture and weights of a Keras or QKeras model.

    Args:
        path: a full `.h5`, a `.json` architecture, or a `.keras` archive.
        weights: a file with weights (`.h5` of either layout, or `.keras`); needed with a
            `.json`, and used instead of the model's own weights otherwise.

    Raises:
        ConfigError: a file cannot be opened, or `weights` is needed or of the wrong kind.
        ModelError: a file is damaged, is no Keras model, or does not fit the other.
    """
    kind, where = sniff(path), path.name
    if kind == "json":
        config = _read_json(path)
        entries = _entries(config, where)
        if weights is None:
            hint = "give the weights file too: --weights model_weights.h5"
            raise ConfigError("this is an architecture without weights", where, hint)
        version = config.get("keras_version")
        return KerasModel(
            config, _weights(weights, entries), where, version if isinstance(version, str) else ""
        )
    if kind == "h5":
        with open_h5(path, where) as file:
            stored = h5_config(file)
            if stored is None:
                hint = (
                    f"give the .json architecture as the model and this file as --weights {where}"
                )
                raise ModelError("this HDF5 file holds no architecture", where, hint)
            entries = _entries(stored, where)
            found = h5_weights(file, entries) if weights is None else _weights(weights, entries)
            return KerasModel(stored, found, where, h5_version(file))
    if kind == "zip":
        members = read_members(path)
        if CONFIG not in members:
            raise ModelError(
                f"this archive has no {CONFIG}, so it is no Keras model", where, _READS
            )
        config = parse_json(_utf8(members[CONFIG], where), f"{where}, {CONFIG}")
        entries = _entries(config, where)
        found = (
            _zip_weights(members, entries, where, True)
            if weights is None
            else _weights(weights, entries)
        )
        return KerasModel(config, found, where, _zip_version(members, where))
    raise _refusal(kind, where)


def _refusal(kind: str, where: str) -> ModelError:
    what, hint = _KINDS[kind]
    return ModelError(what, where, hint)


def _entries(config: object, where: str) -> tuple[LayerEntry, ...]:
    kind = config.get("class_name") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(kind, str) or "config" not in config:
        hint = "expected the text of model.to_json()"
        raise ModelError(
            "this JSON is not a Keras model: it has no class_name and config", where, hint
        )
    inner = config["config"]
    layers = inner.get("layers") if isinstance(inner, dict) else inner
    if not isinstance(layers, list):
        hint = "rebuild it as a Sequential or functional model; hwgen does not run model code"
        raise ModelError(f"the {class_name(kind)} in this file has no list of layers", where, hint)
    if not layers:
        raise ModelError("this model has no layers", where)
    return layer_entries(config, where)


def _weights(path: Path, entries: tuple[LayerEntry, ...]) -> Weights:
    """Read the weights out of a file given for them alone."""
    kind, where = sniff(path), path.name
    if kind == "h5":
        with open_h5(path, where) as file:
            return h5_weights(file, entries)
    if kind == "zip":
        return _zip_weights(read_members(path), entries, where, False)
    if kind == "json":
        hint = "give the .json as the model and the .h5 as --weights"
        raise ConfigError("this is JSON, expected a file of weights", where, hint)
    raise _refusal(kind, where)


def _zip_weights(
    members: dict[str, bytes], entries: tuple[LayerEntry, ...], where: str, own: bool
) -> Weights:
    if WEIGHTS not in members:
        raise ModelError(f"this archive has no {WEIGHTS}", where, "save the model with its weights")
    with open_h5(members[WEIGHTS], where) as file:
        return h5_weights(file, entries, own)


def _zip_version(members: dict[str, bytes], where: str) -> str:
    meta = parse_json(_utf8(members.get(METADATA, b"{}"), where), f"{where}, {METADATA}")
    version = meta.get("keras_version") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else ""
