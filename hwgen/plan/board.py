# SPDX-License-Identifier: Apache-2.0
"""Boards and FPGA families: typed views of boards/*.toml, every figure with its source.

The files are data. An unknown key, a missing one or one of a wrong kind is an error that names
the file and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hwgen import paths
from hwgen.errors import ConfigError

_FAMILY: dict[str, Any] = {
    "name": str,
    "title": str,
    "vendor": str,
    "lut": {"inputs": int, "carry_group": int, "adder_operands": int, "source": str},
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
    "budget": {"lut": int, "ff": int, "dsp": int, "bram": int, "source": str},
}
TOOLCHAINS = ("vivado", "nextpnr")


@dataclass(frozen=True)
class Family:
    """What the delay and the cost model need to know of an FPGA family. Delays are in nanoseconds.

    Attributes:
        name: file name without its ending.
        title, vendor: for people and for project scripts.
        lut_inputs: inputs of the largest single look-up table.
        carry_group: positions that one step of the carry chain covers.
        adder_operands: 3 where a look-up table and a carry position a bit add three, else 2.
        lut: input to output of a look-up table.
        net: one routed net.
        carry_in: operand pin into the carry chain, its look-up table included.
        carry_per_bit: along the chain.
        carry_out: from the chain to a sum output.
        third_operand: what an adder of three takes longer than one of two.
        clk_to_q, setup: of a flip-flop.
        margin: kept free in every stage.
        sources: figure to where it comes from.
    """

    name: str
    title: str
    vendor: str
    lut_inputs: int
    carry_group: int
    adder_operands: int
    lut: float
    net: float
    carry_in: float
    carry_per_bit: float
    carry_out: float
    third_operand: float
    clk_to_q: float
    setup: float
    margin: float
    sources: tuple[tuple[str, str], ...]

    def adder_ns(self, width: int, operands: int = 2) -> float:
        """Return the delay of a carry chain of *width* positions with the net in front of it."""
        steps = -(-width // self.carry_group)
        chain = steps * self.carry_group * self.carry_per_bit
        extra = self.third_operand if operands == 3 else 0.0
        return self.net + self.carry_in + chain + self.carry_out + extra

    def logic_ns(self, levels: int) -> float:
        """Return the delay of *levels* look-up tables with the nets in front of them."""
        return levels * (self.net + self.lut)

    @property
    def overhead_ns(self) -> float:
        """What a register stage takes from the period before any logic."""
        return self.clk_to_q + self.setup + self.margin


@dataclass(frozen=True)
class Budget:
    """What a device holds."""

    lut: int
    ff: int
    dsp: int
    bram: int


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


def boards() -> tuple[Board, ...]:
    """Return the boards that come with hwgen, by name."""
    return tuple(_read_board(path) for path in sorted(paths.boards().glob("*.toml")))


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
            f"{_suggest(name, known)}known boards: {', '.join(known)}; or a path to a .toml",
        )
    return _read_board(paths.boards() / f"{name}.toml")


def _read_board(path: Path) -> Board:
    data = _read(path, _BOARD)
    where = path.name
    clock, axis, budget = data["clock"], data["axis"], data["budget"]
    _positive(where, clock, "clock", "default_mhz", "max_mhz")
    _positive(where, budget, "budget", "lut", "ff")
    if clock["default_mhz"] > clock["max_mhz"]:
        raise ConfigError("default_mhz is above max_mhz", f"{where}: clock.default_mhz")
    width = axis["data_width"]
    if width < 8 or width & (width - 1):
        raise ConfigError(
            f"a power of two of at least 8 is expected, not {width}", f"{where}: axis.data_width"
        )
    if data["toolchain"] not in TOOLCHAINS:
        raise ConfigError(
            f"unknown toolchain {data['toolchain']!r}",
            f"{where}: toolchain",
            f"one of {', '.join(TOOLCHAINS)}",
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
        budget=Budget(**{key: budget[key] for key in ("lut", "ff", "dsp", "bram")}),
        sources=_sources(data),
    )


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
        f"{_suggest(name, known)}known families: {', '.join(known)}",
    )


def _read_family(path: Path) -> Family:
    data = _read(path, _FAMILY)
    where = f"families/{path.name}"
    lut, delay = data["lut"], data["delay"]
    _positive(where, lut, "lut", "inputs", "carry_group")
    for part, figure in delay.items():
        if figure["ns"] < 0:
            raise ConfigError(f"a delay cannot be {figure['ns']}", f"{where}: delay.{part}.ns")
    if lut["adder_operands"] not in (2, 3):
        raise ConfigError(
            f"2 or 3 is expected, not {lut['adder_operands']}", f"{where}: lut.adder_operands"
        )
    return Family(
        name=data["name"],
        title=data["title"],
        vendor=data["vendor"],
        lut_inputs=lut["inputs"],
        carry_group=lut["carry_group"],
        adder_operands=lut["adder_operands"],
        **{part: figure["ns"] for part, figure in delay.items()},
        sources=_sources(data),
    )


def _read(path: Path, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file's table, checked against *spec*."""
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise ConfigError(f"cannot be read: {error}", str(path)) from error
    checked = _check(data, spec, path.name, "")
    if checked["name"] != path.stem:
        raise ConfigError(
            f"the name {checked['name']!r} differs from the file's", f"{path.name}: name"
        )
    return checked


def _check(data: Mapping[str, Any], spec: Mapping[str, Any], file: str, at: str) -> dict[str, Any]:
    for key in data:
        if key not in spec:
            raise ConfigError(
                "unknown key",
                f"{file}: {at}{key}",
                f"{_suggest(key, spec)}keys here: {', '.join(spec)}",
            )
    out: dict[str, Any] = {}
    for key, kind in spec.items():
        where = f"{file}: {at}{key}"
        if key not in data:
            raise ConfigError("missing key", where, f"keys here: {', '.join(spec)}")
        value = data[key]
        if isinstance(kind, Mapping):
            if not isinstance(value, Mapping):
                raise ConfigError(f"a table is expected, not {value!r}", where)
            out[key] = _check(value, kind, file, f"{at}{key}.")
            continue
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:  # a bool is no number here
            raise ConfigError(f"{kind.__name__} is expected, not {value!r}", where)
        if value == "":
            raise ConfigError("is empty", where)
        out[key] = value
    return out


def _positive(where: str, table: Mapping[str, Any], at: str, *keys: str) -> None:
    for key in keys:
        if not 0 < table[key] < float("inf"):
            raise ConfigError(f"must be positive, not {table[key]}", f"{where}: {at}.{key}")


def _sources(data: Mapping[str, Any], at: str = "") -> tuple[tuple[str, str], ...]:
    """Return every ``source`` of a table with the key it speaks for."""
    found: list[tuple[str, str]] = []
    for key, value in data.items():
        if key == "source":
            found.append((at.rstrip(".") or "part", value))
        elif isinstance(value, Mapping):
            found += _sources(value, f"{at}{key}.")
    return tuple(found)


def _suggest(name: str, known: Any) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}? " if near else ""
