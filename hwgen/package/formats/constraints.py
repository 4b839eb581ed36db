# SPDX-License-Identifier: Apache-2.0
"""Constraints: the planned clock in the language of the board's tools; in every package.

A core has no pins of its own. Where the board's oscillator gives just the planned clock, its pin is
named as well, so that the file serves as the beginning of a board's constraints.
"""

from __future__ import annotations

from collections.abc import Callable

from hwgen.files import FileSet
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore
from hwgen.target.board import Board

_CLOCK = "The planned clock."


def _pin(core: IpCore) -> tuple[str, str] | None:
    """Return pin and I/O standard of the oscillator if it gives the planned clock."""
    pins = core.board.pins if core.board else None
    if pins is None or round(pins.clock_mhz * 1000) != core.clock_khz:
        return None
    return pins.clock, pins.clock_io


def _sdc(core: IpCore) -> str:
    return f"create_clock -name aclk -period {core.period_ns:.3f} [get_ports {{aclk}}]\n"


def _xdc(core: IpCore) -> dict[str, str]:
    note = "The planned clock, for synthesis of the core by itself."
    return {f"{core.top}_ooc.xdc": core.banner("#", note) + _sdc(core)}


def _lpf(core: IpCore) -> dict[str, str]:
    text = core.banner("#", _CLOCK) + f'FREQUENCY PORT "aclk" {core.clock_mhz:.6f} MHZ;\n'
    if pin := _pin(core):
        text += f'LOCATE COMP "aclk" SITE "{pin[0]}";\nIOBUF PORT "aclk" IO_TYPE={pin[1]};\n'
    return {f"{core.top}.lpf": text}


def _pcf(core: IpCore) -> dict[str, str]:
    text = core.banner("#", _CLOCK) + f"set_frequency aclk {core.clock_mhz:.6f}\n"
    if pin := _pin(core):
        text += f"set_io aclk {pin[0]}\n"
    return {f"{core.top}.pcf": text}


def _pdc(core: IpCore) -> dict[str, str]:
    text = core.banner("#", _CLOCK) + _sdc(core)
    if pin := _pin(core):
        text += f"ldc_set_location -site {{{pin[0]}}} [get_ports {{aclk}}]\n"
        text += f"ldc_set_port -iobuf {{IO_TYPE={pin[1]}}} [get_ports {{aclk}}]\n"
    return {f"{core.top}.pdc": text}


def _cst(core: IpCore) -> dict[str, str]:
    text = core.banner("//", "Pins. The clock is in the .sdc beside this file.")
    if pin := _pin(core):
        text += f'IO_LOC "aclk" {pin[0]};\nIO_PORT "aclk" IO_TYPE={pin[1]};\n'
    return {f"{core.top}.cst": text, **_plain(core)}


def _plain(core: IpCore) -> dict[str, str]:
    return {f"{core.top}.sdc": core.banner("#", _CLOCK) + _sdc(core)}


_LANGUAGES: dict[str, Callable[[IpCore], dict[str, str]]] = {
    "ultrascale_plus": _xdc,
    "ultrascale": _xdc,
    "series7": _xdc,
    "ecp5": _lpf,
    "ice40": _pcf,
    "nexus": _pdc,
    "gowin": _cst,
}


def _below(texts: dict[str, str]) -> FileSet:
    return FileSet.of({f"constraints/{name}": text for name, text in texts.items()})


def clock_xdc(core: IpCore) -> FileSet:
    """Return the constraint that Vivado reads, whatever the board; nothing without a clock."""
    return _below(_xdc(core)) if core.clock_mhz else FileSet()


def files(core: IpCore) -> FileSet:
    """Return ``constraints/`` of the board's family; nothing without a board.

    A family that hwgen does not know (a user's own) gets what most tools read: SDC.
    """
    board: Board | None = core.board
    if board is None or not core.clock_mhz:
        return FileSet()
    family = board.family
    language = _LANGUAGES.get(family.name) or (_xdc if family.vendor == "amd" else _plain)
    return _below(language(core))


CONSTRAINTS = Format("constraints", files, optional=False)
