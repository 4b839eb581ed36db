# SPDX-License-Identifier: Apache-2.0
"""Identity of an IP core in the catalogues of IP-XACT, FuseSoC and Vivado."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hwgen.errors import ConfigError

VENDOR, LIBRARY = "hwgen", "ip"
# Characters that IP-XACT, FuseSoC and Vivado all take, and how to tell a user of them.
_LEGAL = {
    "vendor": (r"[A-Za-z][A-Za-z0-9_.-]*", "letters, digits, and _ . - behind the first letter"),
    "library": (r"[A-Za-z][A-Za-z0-9_.-]*", "letters, digits, and _ . - behind the first letter"),
    "name": (r"[A-Za-z][A-Za-z0-9_]*", "letters, digits and underscores, a letter first"),
    "version": (r"\d+\.\d+(\.\d+)?", "two or three numbers, such as 1.2 or 1.2.3"),
}
_LONGEST, _MOST = 64, (1 << 31) - 1  # letters of a part, and a revision


@dataclass(frozen=True)
class Listing:
    """Parts of an identity that a user sets; None leaves what hwgen says.

    Attributes:
        vendor, library, name, version, revision: as of `Identity`.
    """

    vendor: str | None = None
    library: str | None = None
    name: str | None = None
    version: str | None = None
    revision: int | None = None


@dataclass(frozen=True)
class Identity:
    """Identity of a core in catalogues: vendor, library, name, version.

    Attributes:
        name: of the core.
        version: of it, two or three numbers.
        vendor, library: the groups that it is listed in.
        revision: of the version, counted from 1.

    Raises:
        ConfigError: a part that IP-XACT, FuseSoC or Vivado would not take.
    """

    name: str
    version: str
    vendor: str = VENDOR
    library: str = LIBRARY
    revision: int = 1

    def __post_init__(self) -> None:
        for part, (pattern, hint) in _LEGAL.items():
            text = getattr(self, part)
            if not re.fullmatch(pattern, text, re.ASCII) or len(text) > _LONGEST:
                option = "--ip-" + part if part in ("name", "version") else f"--{part}"
                hint = f"{hint}; {_LONGEST} characters at most"
                raise ConfigError(f"{text!r} is no {part} of an IP core", option, hint)
        if not 1 <= self.revision <= _MOST:
            what = f"{self.revision} is no revision of an IP core"
            raise ConfigError(what, "--revision", f"1 to {_MOST}")

    def changed(self, listing: Listing) -> Identity:
        """Return the identity with what a user sets."""
        given = {key: value for key, value in vars(listing).items() if value is not None}
        return replace(self, **given)

    @property
    def vlnv(self) -> str:
        """The four in one word, ``hwgen:ip:hwg_jet:0.1.0``."""
        return f"{self.vendor}:{self.library}:{self.name}:{self.version}"
