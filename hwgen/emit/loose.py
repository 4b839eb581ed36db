# SPDX-License-Identifier: Apache-2.0
"""A few files written beside the user's own, all of them or none."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hwgen.errors import ConfigError


def write_files(files: Mapping[Path, bytes], option: str) -> None:
    """Write every file under its name; what was there stays until all are complete.

    Args:
        files: path to content.
        option: what the user named them with, for messages.

    Raises:
        ConfigError: a folder is missing or cannot be written.
    """
    fresh: dict[Path, Path] = {}
    kept: dict[Path, Path] = {}
    done: list[Path] = []
    names = " and ".join(str(path) for path in files)
    try:
        for path, content in files.items():
            fresh[path] = _scratch(path)
            fresh[path].write_bytes(content)
            fresh[path].chmod(0o644)
        for path, ready in fresh.items():
            if path.is_dir():
                raise IsADirectoryError(0, "this is a folder")
            if path.exists():
                kept[path] = _scratch(path)
                os.replace(path, kept[path])
            os.replace(ready, path)
            done.append(path)
    except OSError as error:
        raise ConfigError(
            f"{names} cannot be written ({error.strerror or error})",
            option,
            "choose a place you can write to",
        ) from error
    finally:
        if len(done) < len(files):
            for path in done:
                with contextlib.suppress(OSError):
                    path.unlink()
            for path, old in kept.items():
                with contextlib.suppress(OSError):
                    os.replace(old, path)
        for left in (*fresh.values(), *kept.values()):
            with contextlib.suppress(OSError):
                left.unlink()


def _scratch(path: Path) -> Path:
    """Return a new empty file beside *path*."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".hwgen-")
    os.close(handle)
    return Path(name)
