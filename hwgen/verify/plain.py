# SPDX-License-Identifier: Apache-2.0
"""Plain paths: those that make and its shell can bear, without blanks and the like."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")


def is_plain(path: Path | str) -> bool:
    """Tell whether a path has neither blanks nor letters beyond ASCII."""
    return _PLAIN.fullmatch(str(path)) is not None


def _home() -> str:
    home = tempfile.gettempdir()
    return home if is_plain(home) else "/tmp"


@contextmanager
def plain_path(folder: Path) -> Iterator[Path]:
    """Give a folder whose path is plain.

    Where the folder's own path is not, it is a copy of it, which is copied back at the end.
    """
    if is_plain(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory(dir=_home()) as scratch:
        place = shutil.copytree(folder, Path(scratch) / "build")
        try:
            yield place
        finally:
            shutil.copytree(place, folder, dirs_exist_ok=True)


@cache
def linked(path: Path) -> Path:
    """Return a plain path of a file or folder: its own, or that of a link to it.

    The link lasts as long as this process.
    """
    if is_plain(path):
        return path
    link = Path(tempfile.mkdtemp(prefix="hwgen-", dir=_home())) / "link"
    atexit.register(shutil.rmtree, link.parent, ignore_errors=True)
    link.symlink_to(path, target_is_directory=path.is_dir())
    return link
