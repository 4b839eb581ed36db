# SPDX-License-Identifier: Apache-2.0
"""Constraints: the planned clock in the language of the board's tools; in every package.

A core has no pins of its own. Where AXI has a clock of its own, a file beside it limits the paths
between the clocks. Where the board's oscillator gives just the planned clock, its pin is
named as well, so that the file serves as the beginning of a board's constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from hwgen.files import FileSet
from hwgen.package.crossing import Crossing, lpf, sdc, xdc
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore, period_ns
from hwgen.target.board import Board

_CLOCK = "The planned clock."
Texts = dict[str, str]  # text by the name of its file


def _pin(core: IpCore) -> tuple[str, str] | None:
    """Return pin and I/O standard of the oscillator if it gives the planned clock."""
    pins = core.board.pins if core.board else None
    if pins is None or round(pins.clock_mhz * 1000) != core.clock_khz:
        return None
    return pins.clock, pins.clock_io


def _sdc(core: IpCore) -> str:
    return "".join(
        f"create_clock -name {port} -period {period_ns(mhz):.3f} [get_ports {{{port}}}]\n"
        for port, mhz in core.clocks
    )


def _clocks_of(core: IpCore) -> str:
    return "The planned clocks." if len(core.clocks) > 1 else _CLOCK


def _crossed(core: IpCore, ending: str, write: Callable[[Sequence[Crossing]], str]) -> Texts:
    """Return the file with the constraints of what passes between two clocks, if anything does."""
    if not core.crossings:
        return {}
    note = f"Of {core.top} by itself; below another top its instances have longer names."
    return {f"{core.top}_cdc.{ending}": core.banner("#", note) + write(core.crossings)}


def _xdc(core: IpCore) -> Texts:
    note = f"{_clocks_of(core)[:-1]}, for synthesis of the core by itself."
    clocks = core.banner("#", note) + _sdc(core)
    return {f"{core.top}_ooc.xdc": clocks, **_crossed(core, "xdc", xdc)}


def _lpf(core: IpCore) -> Texts:
    text = core.banner("#", _clocks_of(core))
    for port, mhz in core.clocks:
        text += f'FREQUENCY PORT "{port}" {mhz:.6f} MHZ;\n'
    if pin := _pin(core):
        text += f'LOCATE COMP "aclk" SITE "{pin[0]}";\nIOBUF PORT "aclk" IO_TYPE={pin[1]};\n'
    return {f"{core.top}.lpf": text, **_crossed(core, "lpf", lpf)}


def _pcf(core: IpCore) -> Texts:
    text = core.banner("#", _clocks_of(core))
    for port, mhz in core.clocks:
        text += f"set_frequency {port} {mhz:.6f}\n"
    if pin := _pin(core):
        text += f"set_io aclk {pin[0]}\n"
    lattice = partial(sdc, registers="get_cells", skew=False)
    return {f"{core.top}.pcf": text, **_crossed(core, "sdc", lattice)}


def _pdc(core: IpCore) -> Texts:
    text = core.banner("#", _clocks_of(core)) + _sdc(core)
    if pin := _pin(core):
        text += f"ldc_set_location -site {{{pin[0]}}} [get_ports {{aclk}}]\n"
        text += f"ldc_set_port -iobuf {{IO_TYPE={pin[1]}}} [get_ports {{aclk}}]\n"
    radiant = partial(sdc, registers="get_cells", skew=False)
    return {f"{core.top}.pdc": text, **_crossed(core, "pdc", radiant)}


def _cst(core: IpCore) -> Texts:
    what = "clock is" if len(core.clocks) == 1 else "clocks are"
    text = core.banner("//", f"Pins. The {what} in the .sdc beside this file.")
    if pin := _pin(core):
        text += f'IO_LOC "aclk" {pin[0]};\nIO_PORT "aclk" IO_TYPE={pin[1]};\n'
    gowin = partial(sdc, registers="get_regs", skew=False)
    clocks = core.banner("#", _clocks_of(core)) + _sdc(core)
    crossed = _crossed(core, "sdc", gowin)
    return {f"{core.top}.cst": text, f"{core.top}.sdc": clocks, **crossed}


def _plain(core: IpCore) -> Texts:
    clocks = core.banner("#", _clocks_of(core)) + _sdc(core)
    return {f"{core.top}.sdc": clocks, **_crossed(core, "sdc", sdc)}


_LANGUAGES: dict[str, Callable[[IpCore], Texts]] = {
    "ultrascale_plus": _xdc,
    "ultrascale": _xdc,
    "series7": _xdc,
    "ecp5": _lpf,
    "ice40": _pcf,
    "nexus": _pdc,
    "gowin": _cst,
}


def _below(texts: Texts) -> FileSet:
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
