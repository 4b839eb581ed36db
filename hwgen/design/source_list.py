# SPDX-License-Identifier: Apache-2.0
"""Source list, ``files.f``: the sources of a design in the order of compilation, a line each."""

from __future__ import annotations

from collections.abc import Iterable

# What is generated belongs to whoever ran hwgen (docs/exactness.md); units in rtl/ keep theirs.
SPDX = "SPDX-License-Identifier: LicenseRef-Generated"


def write_list(names: Iterable[str]) -> str:
    """Return the text of a list; its comment is one that every simulator takes.

    >>> read_list(write_list(["units/hwg_fifo.sv", "hwg_jet.sv"]))
    ['units/hwg_fifo.sv', 'hwg_jet.sv']
    """
    return "".join(f"{line}\n" for line in (f"// {SPDX}", *names))


def read_list(text: str) -> list[str]:
    """Return the names in a list, comments left out."""
    lines = (line.split("//")[0].split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]
