# SPDX-License-Identifier: Apache-2.0
"""What is known of a hand-written unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Param:
    """A parameter of a unit.

    Attributes:
        name: as in the module.
        least, most: legal range of an ``int`` parameter; None where there is no limit.
        vector: true for a constant vector, whose width depends on other parameters.
    """

    name: str
    least: int | None = None
    most: int | None = None
    vector: bool = False


@dataclass(frozen=True)
class UnitSpec:
    """A hand-written unit.

    Attributes:
        module: its name; the file is named likewise.
        folder: below rtl/.
        params: in the order of the header.
        ports: names in the order of the header.
        uses: modules it instantiates.
        latency: cycles as a function of the parameters; 0 for combinational units.
    """

    module: str
    folder: str
    params: tuple[Param, ...]
    ports: tuple[str, ...]
    uses: tuple[str, ...] = ()
    latency: Callable[[Mapping[str, int]], int] = lambda _: 0

    @property
    def file(self) -> str:
        """Path below rtl/."""
        return f"{self.folder}/{self.module}.sv"
