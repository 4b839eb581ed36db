# SPDX-License-Identifier: Apache-2.0
"""Paths of the files that ship with the package; the only module that knows them."""

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


def sim_folders() -> tuple[Path, ...]:
    """Return the folders of the benches' modules, which import each other by bare names."""
    return tuple(sim() / name for name in ("lib", "design", "units", "codec"))


def hls_templates() -> Path:
    """Return the folder of the C++ twins of the units, and of the scripts for HLS tools."""
    return _data("hls_templates")


def boards() -> Path:
    """Return the folder of the board descriptions."""
    return _data("boards")


def demo() -> Path:
    """Return the folder of the model and events that ship for the demo."""
    return _PACKAGE / "demo" / "magic"


def binary_networks() -> Path:
    """Return the folder of the binary networks that ship."""
    return _PACKAGE / "demo" / "binary"


def beside_checkout(name: str) -> Path | None:
    """Return the folder *name* beside the checkout; None when there is none, or for a wheel."""
    root = _PACKAGE.parent
    found = root.parent / name
    return found if (root / "pyproject.toml").is_file() and found.is_dir() else None
