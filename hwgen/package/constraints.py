# SPDX-License-Identifier: Apache-2.0
"""Constraints: the planned clock, in the form that the board's tools read.

A core has no pins of its own. Where the board's oscillator gives just the planned clock, its pin is
named as well, so that the file serves as the beginning of a board's constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hwgen.target.board import Board


class Clocked(Protocol):
    """What has a planned clock on a board: as `hwgen.package.core.Core` has."""

    @property
    def ip(self) -> str:
        """The module."""

    @property
    def board(self) -> Board:
        """It is planned for."""

    @property
    def clock_mhz(self) -> float:
        """As planned."""

    @property
    def clock_khz(self) -> int:
        """The same, rounded to kHz."""

    @property
    def period_ns(self) -> float:
        """One period, to the picosecond below."""

    def banner(self, mark: str, *lines: str) -> str:
        """Return the first lines of a file."""


def _pin(core: Clocked) -> tuple[str, str] | None:
    """Return pin and I/O standard of the oscillator if it gives the planned clock."""
    pins = core.board.pins
    if pins is None or round(pins.clock_mhz * 1000) != core.clock_khz:
        return None
    return pins.clock, pins.clock_io


def _sdc(core: Clocked) -> str:
    return f"create_clock -name aclk -period {core.period_ns:.3f} [get_ports {{aclk}}]\n"


def _xdc(core: Clocked) -> dict[str, str]:
    note = "The planned clock, for synthesis of the core by itself."
    text = core.banner("#", note) + _sdc(core)
    return {f"{core.ip}_ooc.xdc": text}


def _lpf(core: Clocked) -> dict[str, str]:
    text = core.banner("#", "The planned clock.")
    text += f'FREQUENCY PORT "aclk" {core.clock_mhz:.6f} MHZ;\n'
    if found := _pin(core):
        text += f'LOCATE COMP "aclk" SITE "{found[0]}";\nIOBUF PORT "aclk" IO_TYPE={found[1]};\n'
    return {f"{core.ip}.lpf": text}


def _pcf(core: Clocked) -> dict[str, str]:
    text = core.banner("#", "The planned clock.")
    text += f"set_frequency aclk {core.clock_mhz:.6f}\n"
    if found := _pin(core):
        text += f"set_io aclk {found[0]}\n"
    return {f"{core.ip}.pcf": text}


def _pdc(core: Clocked) -> dict[str, str]:
    text = core.banner("#", "The planned clock.") + _sdc(core)
    if found := _pin(core):
        text += f"ldc_set_location -site {{{found[0]}}} [get_ports {{aclk}}]\n"
        text += f"ldc_set_port -iobuf {{IO_TYPE={found[1]}}} [get_ports {{aclk}}]\n"
    return {f"{core.ip}.pdc": text}


def _cst(core: Clocked) -> dict[str, str]:
    text = core.banner("//", "Pins. The clock is in the .sdc beside this file.")
    if found := _pin(core):
        text += f'IO_LOC "aclk" {found[0]};\nIO_PORT "aclk" IO_TYPE={found[1]};\n'
    sdc = core.banner("#", "The planned clock.") + _sdc(core)
    return {f"{core.ip}.cst": text, f"{core.ip}.sdc": sdc}


_FORMS: dict[str, Callable[[Clocked], dict[str, str]]] = {
    "ultrascale_plus": _xdc,
    "ultrascale": _xdc,
    "series7": _xdc,
    "ecp5": _lpf,
    "ice40": _pcf,
    "nexus": _pdc,
    "gowin": _cst,
}


def constraints(core: Clocked, vivado: bool = False) -> dict[str, str]:
    """Return the constraint files of the board's family, name to text.

    A family that hwgen does not know (a user's own) gets what most tools read: SDC.

    Args:
        core: what is constrained.
        vivado: also what Vivado reads, whatever the family.
    """
    family = core.board.family
    form = _FORMS.get(family.name) or (_xdc if family.vendor == "amd" else _plain)
    return {**(_xdc(core) if vivado else {}), **form(core)}


def _plain(core: Clocked) -> dict[str, str]:
    return {f"{core.ip}.sdc": core.banner("#", "The planned clock.") + _sdc(core)}
