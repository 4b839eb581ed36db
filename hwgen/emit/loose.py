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
    fresh: list[tuple[str, Path]] = []
    try:
        for path, content in files.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            fresh.append((name, path))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(name, 0o644)
        for name, path in fresh:
            os.replace(name, path)
    except OSError as error:
        for name, _ in fresh:
            with contextlib.suppress(OSError):
                os.unlink(name)
        raise ConfigError(
            f"{path} cannot be written ({error.strerror or error})",
            option,
            "choose a folder you can write to",
        ) from error
