# SPDX-License-Identifier: Apache-2.0
"""Pin constraints in the languages of the open flows: LPF, PCF, CST, PDC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hwgen.errors import ConfigError


@dataclass(frozen=True)
class Pin:
    """A port bit at a pin.

    Attributes:
        port: name, with its index if it is a bit of a vector.
        site: of the package.
        standard: I/O standard; empty where the tool takes none.
        pull: ``up``, ``down``, or nothing.
        mhz: of a clock; 0 else.
    """

    port: str
    site: str
    standard: str = ""
    pull: str = ""
    mhz: float = 0.0


def constraints(family: str, pins: Sequence[Pin]) -> str:
    """Return the constraints file of a family's place and route.

    Raises:
        ConfigError: the family has no such language here.
    """
    writers = {"ecp5": _lpf, "ice40": _pcf, "gowin": _cst, "nexus": _pdc}
    if family not in writers:
        raise ConfigError(f"no pin constraints for family {family!r}", "family")
    return "".join(f"{line}\n" for pin in pins for line in writers[family](pin))


def _lpf(pin: Pin) -> Iterator[str]:
    yield f'LOCATE COMP "{pin.port}" SITE "{pin.site}";'
    settings = [f"IO_TYPE={pin.standard}"] if pin.standard else []
    settings += [f"PULLMODE={pin.pull.upper()}"] if pin.pull else []
    if settings:
        yield f'IOBUF PORT "{pin.port}" {" ".join(settings)};'
    if pin.mhz:
        yield f'FREQUENCY PORT "{pin.port}" {pin.mhz:g} MHZ;'


def _pcf(pin: Pin) -> Iterator[str]:
    # The only pull there is pulls up.
    yield f"set_io {'-pullup yes ' if pin.pull == 'up' else ''}{pin.port} {pin.site}"
    if pin.mhz:
        yield f"set_frequency {pin.port} {pin.mhz:g}"


def _cst(pin: Pin) -> Iterator[str]:
    yield f'IO_LOC "{pin.port}" {pin.site};'
    settings = [f"IO_TYPE={pin.standard}"] if pin.standard else []
    settings += [f"PULL_MODE={pin.pull.upper()}"] if pin.pull else []
    if settings:
        yield f'IO_PORT "{pin.port}" {" ".join(settings)};'


def _pdc(pin: Pin) -> Iterator[str]:
    yield f"ldc_set_location -site {{{pin.site}}} [get_ports {{{pin.port}}}]"
    settings = [f"IO_TYPE={pin.standard}"] if pin.standard else []
    settings += [f"PULLMODE={pin.pull.upper()}"] if pin.pull else []
    if settings:
        yield f"ldc_set_port -iobuf {{{' '.join(settings)}}} [get_ports {{{pin.port}}}]"
    if pin.mhz:
        yield f"create_clock -period {1000 / pin.mhz:.6g} [get_ports {{{pin.port}}}]"
