# SPDX-License-Identifier: Apache-2.0
"""Arrays in files of numpy, as a user gives them: read, or refused by name."""

from __future__ import annotations

import io
import lzma
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import ConfigError

# What numpy, zipfile and the decompressors raise on bytes that are no proper .npy or .npz.
BROKEN = (
    *(OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, RuntimeError),
    *(MemoryError, ArithmeticError, SyntaxError, tokenize.TokenError, struct.error),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


def load_arrays(path: Path, option: str) -> Any:
    """Return the array of a ``.npy``, or the name to array table of a ``.npz``.

    Args:
        path: the file.
        option: what the user named it with, for messages.

    Raises:
        ConfigError: the file is none, is damaged, or holds Python objects.
    """
    try:
        with warnings.catch_warnings():  # numpy warns where it goes on to fail
            warnings.simplefilter("ignore")
            found = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            with found:
                return {name: found[name] for name in found.files}
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file", option, "check the path") from error
    except BROKEN as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ConfigError(
            f"{path} cannot be read as a numpy array ({reason})",
            option,
            "write it with numpy.save, or numpy.savez for several arrays",
        ) from error


def load_table(
    path: Path, option: str, names: Sequence[str] = (), hint: str = ""
) -> dict[str, npt.NDArray[Any]]:
    """Return the name to array table of a ``.npz``.

    Args:
        path: the file.
        option: what the user named it with, for messages.
        names: arrays that it must have.
        hint: which file is wanted; without one the hint says how to write one.

    Raises:
        ConfigError: as `load_arrays`; or the file holds a single array, or lacks one of *names*.
    """
    try:
        found = load_arrays(path, option)
    except ConfigError as error:
        raise ConfigError(error.what, option, hint or error.hint) from error
    if not isinstance(found, dict):
        hint = hint or "write a .npz with numpy.savez"
        raise ConfigError(f"{path} holds one array", option, hint)
    missing = [name for name in names if name not in found]
    if missing:
        what = f"{path} holds no {', '.join(missing)}, it has {', '.join(found) or 'nothing'}"
        raise ConfigError(what, option, hint or "write all of them into it with numpy.savez")
    return found
