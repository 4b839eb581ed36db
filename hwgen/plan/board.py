# SPDX-License-Identifier: Apache-2.0
"""Boards and FPGA families: typed views of boards/*.toml, every figure with its source.

The files are data. An unknown key, a missing one or one of a wrong kind is an error that names
the file and the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwgen import paths
from hwgen.errors import ConfigError
from hwgen.plan.board_types import Board, Budget, Device, Dma, Family, Pins
from hwgen.plan.toml_table import Maybe, positive, power_of_two, read, sources, suggest

__all__ = [
    "LEVELS", "TOOLCHAINS", "Board", "Budget", "Device", "Dma", "Family", "Pins", "board_from",
    "boards", "load_board",
]  # fmt: skip

_FAMILY: dict[str, Any] = {
    "name": str,
    "title": str,
    "vendor": str,
    "lut": {"inputs": int, "carry_group": int, "adder_operands": int, "source": str},
    "dsp": Maybe({"a_width": int, "b_width": int, "source": str}),
    "bram": Maybe({"bits": int, "max_width": int, "source": str}),
    "delay": {
        part: {"ns": float, "source": str}
        for part in (
            "lut",
            "net",
            "carry_in",
            "carry_per_bit",
            "carry_out",
            "third_operand",
            "clk_to_q",
            "setup",
            "margin",
        )
    },
}
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
        family=_load_family(data["family"], path),
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


def _load_family(name: str, board: Path) -> Family:
    folders = (board.parent / "families", paths.boards() / "families")
    for folder in folders:
        path = folder / f"{name}.toml"
        if path.is_file():
            return _read_family(path)
    known = sorted({p.stem for folder in folders for p in folder.glob("*.toml")})
    raise ConfigError(
        f"unknown family {name!r}",
        f"{board.name}: family",
        f"{suggest(name, known)}known families: {', '.join(known)}",
    )


def _read_family(path: Path) -> Family:
    data = read(path, _FAMILY)
    where = f"families/{path.name}"
    lut, delay = data["lut"], data["delay"]
    positive(where, lut, "lut", "inputs", "carry_group")
    for part, figure in delay.items():
        if figure["ns"] < 0:
            raise ConfigError(f"a delay cannot be {figure['ns']}", f"{where}: delay.{part}.ns")
    if lut["adder_operands"] not in (2, 3):
        raise ConfigError(
            f"2 or 3 is expected, not {lut['adder_operands']}", f"{where}: lut.adder_operands"
        )
    dsp, bram = data["dsp"], data["bram"]
    if dsp is not None:
        positive(where, dsp, "dsp", "a_width", "b_width")
        if dsp["a_width"] < dsp["b_width"]:
            raise ConfigError("a_width is the wider of the two", f"{where}: dsp.a_width")
    if bram is not None:
        positive(where, bram, "bram", "bits", "max_width")
    return Family(
        name=data["name"],
        title=data["title"],
        vendor=data["vendor"],
        lut_inputs=lut["inputs"],
        carry_group=lut["carry_group"],
        adder_operands=lut["adder_operands"],
        **{part: figure["ns"] for part, figure in delay.items()},
        sources=sources(data),
        dsp_widths=None if dsp is None else (dsp["a_width"], dsp["b_width"]),
        bram_bits=0 if bram is None else bram["bits"],
        bram_width=0 if bram is None else bram["max_width"],
    )
