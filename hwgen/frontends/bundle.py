# SPDX-License-Identifier: Apache-2.0
"""hwgen's own exchange file: a graph as ``NAME.json`` with its arrays in ``NAME.npz`` beside it."""

from __future__ import annotations

import io
import json
import lzma
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from hwgen.errors import ModelError
from hwgen.ir.graph import Graph
from hwgen.ops.serial import graph_from_json

_HINT = "write the bundle again with: hwgen load MODEL -o NAME.json"
_MAX_BYTES = 1 << 32
# What numpy, zipfile and the decompressors raise on bytes that are no proper .npy or .npz.
BROKEN = (
    *(OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, RuntimeError),
    *(MemoryError, ArithmeticError, SyntaxError, tokenize.TokenError, struct.error),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


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
