# SPDX-License-Identifier: Apache-2.0
"""What everything that is packaged has: a name with a version, and most of it a clock."""

from __future__ import annotations

import re


class Released:
    """Has a ``base`` name and the ``version`` of the hwgen that made it."""

    version: str

    @property
    def base(self) -> str:
        """The name with the house's prefix, ``hwg_jet``: what packages and drivers are called."""
        raise NotImplementedError

    @property
    def triple(self) -> tuple[int, int, int]:
        """The version as numbers."""
        parts = [int(n) for n in re.findall(r"\d+", self.version)[:3]]
        major, minor, patch = (*parts, 0, 0, 0)[:3]
        return major, minor, patch

    @property
    def release(self) -> str:
        """The version as packages write it, three numbers."""
        return ".".join(map(str, self.triple))

    @property
    def vlnv(self) -> str:
        """Vendor, library, name and version, as IP-XACT and FuseSoC write them."""
        return f"hwgen:ip:{self.base}:{self.release}"


class Timed:
    """Has a planned clock, ``clock_mhz``."""

    clock_mhz: float

    @property
    def clock_khz(self) -> int:
        """The planned clock, rounded to kHz."""
        return round(self.clock_mhz * 1000)

    @property
    def period_ns(self) -> float:
        """One period of the planned clock, to the picosecond below: never slower than planned."""
        return int(1e6 / self.clock_mhz) / 1000


def commented(mark: str, *lines: str) -> str:
    """Return lines, each behind the comment mark of its language."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in lines)
