# SPDX-License-Identifier: Apache-2.0
"""Bundle: hwgen's own exchange file, a graph as ``NAME.json`` and its arrays as ``NAME.npz``."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np

from hwgen.arrays import BROKEN
from hwgen.errors import ConfigError, ModelError
from hwgen.files import json_bytes, npz_bytes, write_files
from hwgen.frontends.kinds import file_kind
from hwgen.frontends.options import Options
from hwgen.frontends.reader import Reader
from hwgen.ir.graph import Graph
from hwgen.ops.serial import graph_from_json, graph_to_json

_HINT = "write the bundle again with: hwgen load MODEL -o NAME.json"
_MAX_BYTES = 1 << 32


def load_bundle(path: Path) -> Graph:
    """Read the bundle whose JSON half is *path*.

    Raises:
        ModelError: a half is missing, damaged, or they do not belong together.
    """
    arrays_path = path.with_suffix(".npz")
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"the bundle cannot be read ({error})", path.name, _HINT) from error
    if not arrays_path.is_file():
        raise ModelError(
            f"{arrays_path.name} is missing; a bundle is a .json and a .npz of one name",
            path.name,
            "copy both files",
        )
    try:
        raw = arrays_path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(i.file_size for i in archive.infolist()) > _MAX_BYTES:
                raise ModelError("the arrays are larger than 4 GiB", arrays_path.name, _HINT)
        with np.load(io.BytesIO(raw), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except BROKEN as error:
        raise ModelError(f"the arrays cannot be read ({error})", arrays_path.name, _HINT) from error
    return graph_from_json(document, arrays)


def _sniff(path: Path) -> bool:
    return file_kind(path) == "bundle"


def _read(path: Path, options: Options) -> Graph:
    if options.weights is not None:
        raise ConfigError("a bundle has its weights inside", "--weights", "leave it out")
    if (
        options.input_formats
        or options.masks
        or options.scaler
        or options.formats
        or (options.weight_formats)
    ):
        raise ConfigError(
            "a bundle is converted already",
            path.name,
            "give the Keras model, or leave out --input-format, --format, --weight-format, --masks "
            "and --scaler",
        )
    return load_bundle(path)


def _sources(path: Path, options: Options) -> dict[str, bytes]:
    return {}  # a build holds its graph anyway


READER = Reader("bundle", "its own bundle", _sniff, _read, _sources)


def write_bundle(*graphs: tuple[Graph, Path]) -> None:
    """Write graphs, each as ``NAME.json`` and ``NAME.npz``, all or none.

    Raises:
        ConfigError: a place cannot be written or holds another file, or a name does not end
            in .json.
    """
    files: dict[Path, bytes] = {}
    for graph, path in graphs:
        if path.suffix != ".json":
            hint = "its arrays go to NAME.npz"
            raise ConfigError(f"a bundle is named NAME.json, not {path.name}", "--out", hint)
        if path.is_file() and file_kind(path) != "bundle":
            raise ConfigError(
                f"{path} exists and is no bundle, so it is not overwritten",
                "--out",
                "take another name",
            )
        document, arrays = graph_to_json(graph)
        files |= {path: json_bytes(document), path.with_suffix(".npz"): npz_bytes(arrays)}
    write_files(files, "--out")
