# SPDX-License-Identifier: Apache-2.0
"""Kinds of model files, told by their first bytes, and the refusal of what no reader takes."""

from __future__ import annotations

import re
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.keras.h5 import MAX_CONFIG, parse_json
from hwgen.frontends.keras.zip import BROKEN, CONFIG

_HDF5 = b"\x89HDF\r\n\x1a\n"
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_EDGE = re.compile(r"\d+_\d+_\d+")  # layer, input and output of a table
_SAVE = 'call model.save("model.h5"); '
# What a file is that no reader takes, and the way out in front of the list of what is read.
_KINDS = {
    "savedmodel": ("this is a TensorFlow SavedModel", _SAVE),
    "onnx": ("this looks like an ONNX model", "give the QKeras model it was made from; "),
    "tflite": ("this is a TensorFlow Lite model", "give the Keras model it was made from; "),
    "pickle": ("this is a Python pickle, which could run code", _SAVE),
    "torch": ("this is a PyTorch checkpoint", ""),
    "npz": ("this is a numpy .npz archive", ""),
    "npy": ("this is a numpy .npy array", ""),
    "unknown": ("this is no model file that hwgen knows", ""),
}


def file_kind(path: Path) -> str:
    """Return the kind of a file, told by its content, never by its extension.

    Returns:
        "h5", "json", "zip", "bundle" or "tables" for what hwgen reads; "npz", "npy", "torch",
        "pickle", "onnx", "tflite", "savedmodel", "empty" or "unknown" for what it does not.

    Raises:
        ConfigError: there is no such file, or it cannot be opened.
    """
    try:
        if path.is_dir():
            if (path / "saved_model.pb").exists():
                return "savedmodel"
            raise ConfigError("this is a directory", path.name, "give a file")
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
    # The reader says what is wrong with a damaged archive.
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
        value = read_json(path)
        if isinstance(value, dict) and "hwgen" in value:
            return "bundle"
        if isinstance(value, dict) and any(map(_EDGE.fullmatch, value)):
            return "tables"
    return "json"


def read_json(path: Path) -> Any:
    """Return the content of a JSON file, or raise ModelError."""
    if path.stat().st_size > MAX_CONFIG:
        raise ModelError(
            f"the JSON is larger than {MAX_CONFIG >> 20} MiB", path.name, "is this a model?"
        )
    return parse_json(utf8(path.read_bytes(), path.name), path.name)


def utf8(data: bytes, where: str) -> str:
    """Return bytes as text, or raise ModelError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelError(
            f"the JSON is not UTF-8 (byte {error.start})", where, "save it as UTF-8"
        ) from error


def refusal(kind: str, where: str, reads: str) -> ModelError:
    """Return the refusal of a file of that kind; *reads* lists what would be taken instead."""
    if kind == "empty":
        return ModelError("the file is empty", where, "save the model again")
    if kind == "bundle":
        hint = "open it with the bundle reader"
        return ModelError("this is a hwgen bundle, not a Keras file", where, hint)
    what, way = _KINDS.get(kind, _KINDS["unknown"])
    return ModelError(what, where, f"{way}hwgen reads {reads}")
