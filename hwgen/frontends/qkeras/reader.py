# SPDX-License-Identifier: Apache-2.0
"""The reader of Keras and QKeras files: architecture, weights and quantizers to a graph."""

from __future__ import annotations

import re
from pathlib import Path

from hwgen.errors import ConfigError
from hwgen.files import json_bytes
from hwgen.frontends.keras.file import READS, read_keras
from hwgen.frontends.kinds import file_kind
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.frontends.reader import Reader
from hwgen.ir.graph import Graph


def _sniff(path: Path) -> bool:
    return file_kind(path) in ("h5", "json", "zip")


def _read(path: Path, options: Options) -> Graph:
    return convert(read_keras(path, options.weights), options)


def _sources(path: Path, options: Options) -> dict[str, bytes]:
    """Return the model file as it came, so that Keras itself can be asked later."""
    names = {"model": _plain(path)}
    files = {f"model/keras/{names['model']}": path.read_bytes()}
    if options.weights is not None:
        names["weights"] = _plain(options.weights)
        if names["weights"] == names["model"]:
            raise ConfigError("model and weights have one file name", "--weights", "rename one")
        files[f"model/keras/{names['weights']}"] = options.weights.read_bytes()
    return {**files, "model/source.json": json_bytes(names)}


def _plain(path: Path) -> str:
    """Return a file's name without what a path on another system could not hold."""
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", path.name)


READER = Reader("keras", READS, _sniff, _read, _sources)
