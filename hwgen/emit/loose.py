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
        ConfigError: a place cannot be written, or holds something that is no file.
    """
    names = " and ".join(str(path) for path in files)
    scratch: list[Path] = []
    kept: list[tuple[Path, Path]] = []
    done: list[Path] = []

    def beside(path: Path) -> Path:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".hwgen-")
        os.close(handle)
        scratch.append(Path(name))
        return scratch[-1]

    try:
        for path in files:
            if path.exists() and not path.is_file():  # a folder, or a device such as /dev/null
                raise OSError(0, "this is no regular file")
        fresh = {path: beside(path) for path in files}
        for path, content in files.items():
            fresh[path].write_bytes(content)
            fresh[path].chmod(0o644)
        for path, ready in fresh.items():
            if path.exists():
                old = beside(path)
                os.replace(path, old)
                kept.append((old, path))
            os.replace(ready, path)
            done.append(path)
    except OSError as error:
        raise ConfigError(
            f"{names} cannot be written ({error.strerror or error})",
            option,
            "choose a place you can write to",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            if len(done) < len(files):
                for path in done:
                    path.unlink()
                for old, path in kept:
                    os.replace(old, path)
        for path in scratch:
            with contextlib.suppress(OSError):
                path.unlink()
