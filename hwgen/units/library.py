# SPDX-License-Identifier: Apache-2.0
"""Library of hand-written units: every module of rtl/, by name, and what it is built on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from hwgen import paths
from hwgen.errors import HwgenError
from hwgen.units.header import Unit, read_header


@cache
def unit_files() -> Mapping[str, Path]:
    """Return the sources of rtl/ by module, sorted by path: a file is named like its module.

    Raises:
        HwgenError: two files of one name.
    """
    root = paths.rtl()
    files: dict[str, Path] = {}
    for path in sorted(root.rglob("*.sv")):
        if path.stem in files:
            raise HwgenError(
                f"the module is in {files[path.stem].relative_to(root).as_posix()} too",
                f"rtl/{path.relative_to(root).as_posix()}",
                "give one of the two another name",
            )
        files[path.stem] = path
    return files


@cache
def find_unit(module: str) -> Unit:
    """Return a unit by the name of its module.

    Raises:
        HwgenError: rtl/ has no such module, its source is not of the dialect, or it instantiates a
            unit that is missing.
    """
    if module not in unit_files():
        raise HwgenError(f"rtl/ has no module {module}")
    path = unit_files()[module]
    unit = read_header(path.read_text("utf-8"), path.relative_to(paths.rtl()).as_posix())
    if unit.module != module:
        raise HwgenError(f"the file holds the module {unit.module}", f"rtl/{unit.file}")
    for used in unit.uses:
        if used not in unit_files():
            raise HwgenError(
                f"an instance of {used}, which no file of rtl/ holds", f"rtl/{unit.file}"
            )
    return unit


def units() -> Mapping[str, Unit]:
    """Return the units of rtl/ by module, sorted by path.

    Raises:
        HwgenError: as `find_unit`.
    """
    return {module: find_unit(module) for module in unit_files()}


def with_uses(modules: Iterable[str]) -> tuple[Unit, ...]:
    """Return units and all that they instantiate, each behind what it uses.

    Args:
        modules: names of units; their order does not matter.

    Raises:
        HwgenError: a name that rtl/ does not have, or units that instantiate each other.
    """
    order: dict[str, Unit] = {}
    open_: list[str] = []

    def visit(module: str) -> None:
        if module in open_:
            circle = " -> ".join([*open_[open_.index(module) :], module])
            raise HwgenError(f"units that instantiate each other: {circle}")
        open_.append(module)
        for used in find_unit(module).uses:
            visit(used)
        open_.pop()
        order.setdefault(module, find_unit(module))

    for module in sorted(modules):
        visit(module)
    return tuple(order.values())
