# SPDX-License-Identifier: Apache-2.0
"""Reference, vectors and simulation; called, it is the public function `hwgen.verify`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    # Importing a submodule binds this package to `hwgen.verify`, which is a public function's name
    # as well: the room answers for both.
    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        from hwgen.proofs import verify

        return verify(*args, **kwargs)


sys.modules[__name__].__class__ = _Room
