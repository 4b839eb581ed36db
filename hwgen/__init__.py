# SPDX-License-Identifier: Apache-2.0
"""hwgen: from a quantized and pruned QKeras model to a verified FPGA IP core.

The public functions are imported on first use: ``import hwgen`` stays quick and needs numpy alone.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "load": "hwgen.api.load",
    "from_keras": "hwgen.api.load",
    "build": "hwgen.api.build",
    "open": "hwgen.api.folder",
    "sim": "hwgen.api.sim",
    "verify": "hwgen.api.verify",
    "predict": "hwgen.api.predict",
    "emulate": "hwgen.api.emulate",
    "estimate": "hwgen.api.estimate",
    "boards": "hwgen.target.board",
}
__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'hwgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])


class _Package(ModuleType):
    """This package as its users see it: ``hwgen.verify`` is the verb.

    A package of that name lies below; the import system would bind it here once it is loaded.
    """

    @property
    def verify(self) -> Any:
        """The verb `hwgen.api.verify.verify`."""
        return __getattr__("verify")

    @verify.setter
    def verify(self, package: ModuleType) -> None:
        """Leave the name to the verb."""


sys.modules[__name__].__class__ = _Package
