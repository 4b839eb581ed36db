# SPDX-License-Identifier: Apache-2.0
"""Boards: typed views of boards/*.toml, every figure with its source.

The files are data. An unknown key, a missing one or one of a wrong kind is an error that names
the file and the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen import paths
from hwgen.errors import ConfigError, suggest
from hwgen.target.family import Family, load_family
from hwgen.target.toml_table import Maybe, positive, power_of_two, read, sources

_BOARD: dict[str, Any] = {
    "name": str,
    "title": str,
    "part": str,
    "family": str,
    "speed_grade": str,
    "toolchain": str,
    "source": str,
    "clock": {"default_mhz": float, "max_mhz": float, "source": str},
    "axis": {"data_width": int, "source": str},
    "budget": {
        "lut": int, "ff": int, "dsp": int, "bram": int, "uram": Maybe(int), "source": str,
    },
    "dma": Maybe(
        {"ports": int, "data_width": int, "max_burst": int, "address_bits": int, "source": str}
    ),
    "device": Maybe(
        {"name": str, "package": str, "speed": str, "chip": Maybe(str), "source": str}
    ),
    "pins": Maybe(
        {
            "clock": str, "clock_mhz": float, "clock_io": Maybe(str),
            "leds": list, "led_active": str, "led_io": Maybe(str),
            "buttons": list, "button_active": str, "button_io": Maybe(str),
            "source": str,
        }
    ),
}  # fmt: skip
TOOLCHAINS = ("vivado", "nextpnr")
LEVELS = ("high", "low")


def boards() -> tuple[Board, ...]:
    """Return the boards that come with hwgen, by name."""
    return tuple(_read_board(path) for path in sorted(paths.boards().glob("*.toml")))


def board_from(data: Mapping[str, Any]) -> Board:
    """Return the board that ``dataclasses.asdict`` and JSON made *data* of.

    Raises:
        ConfigError: it was not made by this version of hwgen.
    """
    try:
        family = dict(data["family"])
        family["sources"] = _pairs(family["sources"])
        if family["dsp_widths"] is not None:
            family["dsp_widths"] = tuple(family["dsp_widths"])
        parts = {"family": Family(**family), "budget": Budget(**data["budget"])}
        for key, kind in (("dma", Dma), ("device", Device), ("pins", Pins)):
            table = data[key]
            parts[key] = None if table is None else kind(**_tupled(table))
        return Board(**{**data, **parts, "sources": _pairs(data["sources"])})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"this is no board of this version of hwgen ({error})", "board.json", "build it again"
        ) from error


def _pairs(rows: Any) -> tuple[tuple[str, str], ...]:
    return tuple((key, text) for key, text in rows)


def _tupled(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def load_board(name: str) -> Board:
    """Return a board by its name, or from a ``.toml`` file of the user's.

    A user's board names a family of hwgen's or one in ``families/`` beside its own file.

    Raises:
        ConfigError: no such board, or its file is wrong.
    """
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise ConfigError(
                "no such board file", name, "write a board name, or a path to its .toml"
            )
        return _read_board(path)
    known = sorted(p.stem for p in paths.boards().glob("*.toml"))
    if name not in known:
        raise ConfigError(
            f"unknown board {name!r}",
            "--board",
            f"{suggest(name, known)}known boards: {', '.join(known)}; or a path to a .toml",
        )
    return _read_board(paths.boards() / f"{name}.toml")


def _read_board(path: Path) -> Board:
    data = read(path, _BOARD)
    where = path.name
    clock, axis, budget = data["clock"], data["axis"], data["budget"]
    positive(where, clock, "clock", "default_mhz", "max_mhz")
    positive(where, budget, "budget", "lut", "ff")
    for key in ("dsp", "bram", "uram"):
        if (budget[key] or 0) < 0:
            raise ConfigError(f"cannot be {budget[key]}", f"{where}: budget.{key}")
    if clock["default_mhz"] > clock["max_mhz"]:
        raise ConfigError("default_mhz is above max_mhz", f"{where}: clock.default_mhz")
    width = axis["data_width"]
    power_of_two(where, "axis.data_width", width)
    if data["toolchain"] not in TOOLCHAINS:
        raise ConfigError(
            f"unknown toolchain {data['toolchain']!r}",
            f"{where}: toolchain",
            f"one of {', '.join(TOOLCHAINS)}",
        )
    if data["toolchain"] == "nextpnr" and data["device"] is None:
        raise ConfigError(
            "missing key", f"{where}: device", "toolchain 'nextpnr' needs a [device] table"
        )
    return Board(
        name=data["name"],
        title=data["title"],
        part=data["part"],
        speed_grade=data["speed_grade"],
        toolchain=data["toolchain"],
        family=load_family(data["family"], path),
        default_mhz=clock["default_mhz"],
        max_mhz=clock["max_mhz"],
        data_width=width,
        budget=Budget(
            **{key: budget[key] for key in ("lut", "ff", "dsp", "bram")}, uram=budget["uram"] or 0
        ),
        sources=sources(data),
        dma=_dma(where, data["dma"]),
        device=_device(data["device"]),
        pins=_pins(where, data["pins"]),
    )


def _figures(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without its source and without what was left out."""
    return {key: v for key, v in table.items() if key != "source" and v is not None}


def _dma(where: str, table: Mapping[str, Any] | None) -> Dma | None:
    if table is None:
        return None
    positive(where, table, "dma", "ports", "data_width", "max_burst", "address_bits")
    power_of_two(where, "dma.data_width", table["data_width"])
    return Dma(**_figures(table))


def _device(table: Mapping[str, Any] | None) -> Device | None:
    return None if table is None else Device(**_figures(table))


def _pins(where: str, table: Mapping[str, Any] | None) -> Pins | None:
    if table is None:
        return None
    positive(where, table, "pins", "clock_mhz")
    for key in ("led_active", "button_active"):
        if table[key] not in LEVELS:
            raise ConfigError(
                f"'high' or 'low' is expected, not {table[key]!r}", f"{where}: pins.{key}"
            )
    figures = _figures(table)
    for key in ("leds", "buttons"):
        if not all(type(pin) is str and pin for pin in figures[key]):
            raise ConfigError(
                f"names of pins are expected, not {figures[key]!r}", f"{where}: pins.{key}"
            )
        figures[key] = tuple(figures[key])
    used = [figures["clock"], *figures["leds"], *figures["buttons"]]
    twice = sorted({pin for pin in used if used.count(pin) > 1})
    if twice:
        raise ConfigError(f"pin {', '.join(twice)} is used twice", f"{where}: pins")
    return Pins(**figures)


@dataclass(frozen=True)
class Budget:
    """Budget of a device: the blocks that it holds."""

    lut: int
    ff: int
    dsp: int
    bram: int
    uram: int = 0


@dataclass(frozen=True)
class Dma:
    """DMA path of a board: how the programmable logic reaches its memory.

    Attributes:
        ports: memory ports that may be used at once.
        data_width: bits of each.
        max_burst: beats of the longest burst.
        address_bits: of an address.
    """

    ports: int
    data_width: int
    max_burst: int
    address_bits: int


@dataclass(frozen=True)
class Device:
    """Device of a board, as nextpnr names the part.

    Attributes:
        name: the flag without its dashes for ecp5 and ice40 (``85k``, ``up5k``); what ``--device``
            takes for nexus and gowin.
        package, speed: of the part; part of the name where nextpnr takes no option for it.
        chip: the chip database where it differs from the part (gowin: ``GW1N-9C``), else empty.
    """

    name: str
    package: str
    speed: str
    chip: str = ""


@dataclass(frozen=True)
class Pins:
    """The pins that a self-contained bitstream needs.

    Attributes:
        clock: pin of the oscillator, clock_mhz what it gives.
        leds, buttons: pins, the first is the most visible one.
        led_active, button_active: level that lights or that a pressed button gives, of `LEVELS`.
        clock_io, led_io, button_io: I/O standards; empty where the tool takes none.
    """

    clock: str
    clock_mhz: float
    leds: tuple[str, ...]
    led_active: str
    buttons: tuple[str, ...]
    button_active: str
    clock_io: str = ""
    led_io: str = ""
    button_io: str = ""


@dataclass(frozen=True)
class Board:
    """A board, or a bare part, to build for.

    Attributes:
        name: what ``--board`` takes.
        title: one line for people.
        part: ordering name, as the vendor's tool takes it.
        speed_grade: of the part.
        toolchain: one of `TOOLCHAINS`.
        family: of the part.
        default_mhz, max_mhz: clock when none is asked for; highest that may be asked for.
        data_width: bits of the AXI-Stream ports.
        budget: what the device holds.
        sources: key to where its figures come from.
        dma: ports to memory, or None.
        device, pins: what nextpnr and a bitstream need, or None.
    """

    name: str
    title: str
    part: str
    speed_grade: str
    toolchain: str
    family: Family
    default_mhz: float
    max_mhz: float
    data_width: int
    budget: Budget
    sources: tuple[tuple[str, str], ...]
    dma: Dma | None = None
    device: Device | None = None
    pins: Pins | None = None
