# SPDX-License-Identifier: Apache-2.0
"""Library of hand-written units: every module of rtl/, by name, and what it is built on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from hwgen import paths
from hwgen.errors import HwgenError
from hwgen.units.header import Unit, read_header


@cache
def units() -> Mapping[str, Unit]:
    """Return the units of rtl/ by module, sorted by path.

    Raises:
        HwgenError: a source that is not of the dialect, or an instance of a unit that is missing.
    """
    root = paths.rtl()
    read = [
        read_header(path.read_text("utf-8"), path.relative_to(root).as_posix())
        for path in sorted(root.rglob("*.sv"))
    ]
    library = {unit.module: unit for unit in read}
    for unit in read:
        if library[unit.module] is not unit:
            raise HwgenError(
                f"the module is in {library[unit.module].file} too",
                f"rtl/{unit.file}",
                "give one of the two another name",
            )
        for used in unit.uses:
            if used not in library:
                raise HwgenError(
                    f"an instance of {used}, which no file of rtl/ holds", f"rtl/{unit.file}"
                )
    return library


def find_unit(module: str) -> Unit:
    """Return a unit by the name of its module.

    Raises:
        HwgenError: rtl/ has no such module.
    """
    if module not in units():
        raise HwgenError(f"rtl/ has no module {module}")
    return units()[module]


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
