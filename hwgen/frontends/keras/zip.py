# SPDX-License-Identifier: Apache-2.0
"""Members of a `.keras` archive, read into memory under size limits, never to disk."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

from hwgen.errors import ModelError
from hwgen.frontends.keras.h5 import MAX_BYTES, MAX_CONFIG

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
# What zipfile, its decompressors and numpy raise on bytes that are no proper archive.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    KeyError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
_MAX_RATIO = 200
_FREE_BYTES = 16 << 20


def read_members(path: Path) -> dict[str, bytes]:
    """Return config, metadata and weights of an archive, those that exist, by name.

    Raises:
        ModelError: the archive is damaged, encrypted, sharded, or unpacks to an absurd size.
    """
    where = path.name
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            _check_kind(names, where)
            limits = {CONFIG: MAX_CONFIG, METADATA: MAX_CONFIG, WEIGHTS: MAX_BYTES}
            return {n: _member(archive, n, top, where) for n, top in limits.items() if n in names}
    except BROKEN as error:
        what = f"the archive is truncated or damaged ({error})"
        raise ModelError(what, where, "copy or save the file again") from error


def _check_kind(names: list[str], where: str) -> None:
    if "model.weights.npz" in names:
        hint = 'save it with the default weights_format="h5"'
        raise ModelError("its weights are pickled inside model.weights.npz", where, hint)
    if "model.weights.json" in names:
        raise ModelError(
            "its weights are cut into shards", where, "save it with model.save() in one piece"
        )


def _member(archive: zipfile.ZipFile, name: str, limit: int, where: str) -> bytes:
    info = archive.getinfo(name)
    if info.flag_bits & 1:
        raise ModelError(f"{name} is encrypted", where, "give an archive without password")
    swollen = info.file_size > max(_FREE_BYTES, _MAX_RATIO * info.compress_size)
    if info.file_size > limit or swollen:
        size = f"{info.file_size / (1 << 20):.0f} MiB"
        raise ModelError(f"{name} unpacks to {size}, more than any model of this kind", where)
    return archive.read(info)
