# SPDX-License-Identifier: Apache-2.0
"""Where the files that ship with the package are; the only module that knows."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _data(name: str) -> Path:
    # A wheel carries the folders inside the package; a checkout has them beside it.
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent / name


def rtl() -> Path:
    """Return the folder of the hand-written SystemVerilog units."""
    return _data("rtl")


def sim() -> Path:
    """Return the folder of the cocotb benches."""
    return _data("sim")


def boards() -> Path:
    """Return the folder of the board descriptions."""
    return _data("boards")
