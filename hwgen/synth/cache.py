# SPDX-License-Identifier: Apache-2.0
"""Cache of what a tool found out, by the digest of everything it depends on.

The cache lies in the user's own cache folder, not in a build: a build is replaced as a whole, and
what did not change in it shall not be synthesised again.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path


def key_of(*parts: str) -> str:
    """Return the digest of a list of texts."""
    whole = hashlib.sha256()
    for part in parts:
        content = part.encode()
        whole.update(f"{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


class Cache:
    """Results by key. Where the folder cannot be written, nothing is kept and all works without.

    Args:
        folder: ``hwgen/synth`` in the user's cache folder if None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        self.folder = folder or Path(home) / "hwgen" / "synth"

    def get(self, key: str) -> bytes | None:
        """Return what was kept; None if there is nothing, or if it was damaged."""
        with suppress(OSError, EOFError, zlib.error):
            return gzip.decompress((self.folder / f"{key}.gz").read_bytes())
        return None

    def put(self, key: str, content: bytes) -> None:
        """Keep *content*; it appears whole or not at all."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, fresh = tempfile.mkstemp(dir=self.folder, prefix="fresh-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(gzip.compress(content, 4, mtime=0))
                os.replace(fresh, self.folder / f"{key}.gz")
            except OSError:
                os.unlink(fresh)
