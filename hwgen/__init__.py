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
    "quantize": "hwgen.api.quantize",
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
    """This package as its users see it: ``hwgen.verify`` and ``hwgen.quantize`` are the verbs.

    Packages of these names lie below; the import system would bind them here once they are loaded.
    """

    @property
    def verify(self) -> Any:
        """The verb `hwgen.api.verify.verify`."""
        return __getattr__("verify")

    @verify.setter
    def verify(self, package: ModuleType) -> None:
        """Leave the name to the verb."""

    @property
    def quantize(self) -> Any:
        """The verb `hwgen.api.quantize.quantize`."""
        return __getattr__("quantize")

    @quantize.setter
    def quantize(self, package: ModuleType) -> None:
        """Leave the name to the verb."""


sys.modules[__name__].__class__ = _Package
