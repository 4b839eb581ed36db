# SPDX-License-Identifier: Apache-2.0
"""Feature-map engine as packages see it: its parameters, and the maps that it codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hwgen.codec.block_scan import pixel_places
from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.tables import Tables
from hwgen.codec.transform import Transform
from hwgen.codec.wire import (
    WEIGHTS,
    Coder,
    Descriptor,
    Grid,
    block_bytes,
    index_bytes,
    raw_words,
)
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.package.codec_engine.transform import MAX_GROUPS, MAX_WIDTH, Turns, in_engine
from hwgen.package.ip_core import LICENCE
from hwgen.package.text import commented, counted, triple
from hwgen.target.board import Board
from hwgen.units.library import unit_files

ENGINE = "hwg_codec_dma"
MAX_LANES, MAX_SETS, MAX_BURST, MAX_OUTSTANDING = 16, 16, 256, 16
BUSES = (64, 128)
PAGE = 512  # bytes of registers
BLOCK = 4096  # values of the largest block
ADDRESS_BITS = 64  # where the board does not tell
CONTAINERS = (8, 16, 32)  # bits that a value of a stream may take


@dataclass(frozen=True)
class TableSet:
    """Contents of one set of the engine's memories.

    Attributes:
        tables: of both coders.
        weights: 128 context weights; zeros where its tensors have none.
    """

    tables: Tables
    weights: tuple[int, ...] = (0,) * WEIGHTS


@dataclass(frozen=True)
class Map:
    """A feature map of a plan, as the engine is told of it.

    Attributes:
        name: of the map.
        descriptor: 72 bytes; addresses are 0, the capacity is what its blocks can take at most.
        fingerprint: of its tables and weights.
        index_bytes: of its index.
        grid: how what is coded is cut.
        transform: that the engine does; None if it does none.
    """

    name: str
    descriptor: Descriptor
    fingerprint: int
    index_bytes: int
    grid: Grid
    transform: Transform | None = None

    @property
    def values(self) -> int:
        """Values that software has: of the map, or of the tensor that is coded."""
        d = self.descriptor
        return d.height * d.width * d.channels if self.transform else self.grid.size

    @classmethod
    def of(cls, choice: MapCoding, tables: Tables, turned: bool = False) -> Map:
        """Return the map of a choice, packed.

        Args:
            choice: of the map.
            tables: of its set.
            turned: the engine does transforms.
        """
        grid, form = choice.grid, choice.format(tables)
        room = 0
        for number in range(grid.blocks):
            h, w, c = grid.shape(number)
            room += block_bytes(raw_words(h * w * c, form.bits))
        transform = in_engine(choice.transform) if turned and choice.transform else None
        return cls(
            choice.name, choice.descriptor(0, 0, room), form.fingerprint, index_bytes(grid.blocks),
            grid, transform,
        )  # fmt: skip


@dataclass(frozen=True)
class CodecCore:
    """Engine of a package: its parameters, and the plan that it serves.

    Attributes:
        name: of the core; its modules begin with ``hwg_<name>``.
        version: the hwgen that made it.
        lanes: values of a cycle, and of a beat of the streams.
        coder: Huffman or tANS.
        bits: of the widest values.
        bus: bits of a beat in memory.
        sets: table sets, a power of two.
        burst: beats of the longest burst.
        outstanding: bursts under way, each way.
        writer, reader: what is in it.
        weighted: whether context weights are.
        turns: the transforms that are, if any.
        table_sets: contents of the first sets.
        maps: of the plan.
        model: digest of the plan's model; empty without a plan.
        board: it is for, or None.

    Raises:
        ConfigError: parameters that no engine has.
    """

    name: str
    version: str
    lanes: int = 4
    coder: Coder = Coder.TANS
    bits: int = 8
    bus: int = 64
    sets: int = 1
    burst: int = 16
    outstanding: int = 4
    writer: bool = True
    reader: bool = True
    weighted: bool = False
    turns: Turns | None = None
    table_sets: tuple[TableSet, ...] = ()
    maps: tuple[Map, ...] = ()
    model: str = ""
    board: Board | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]([a-z0-9_]{0,38}[a-z0-9])?", self.name):
            hint = "a lower-case letter, then up to 39 letters, digits or underscores"
            raise ConfigError(f"{self.name!r} is no name for a core", "--name", hint)
        if self.ip in unit_files():
            raise ConfigError(f"{self.ip} is a unit of hwgen", "--name", "choose another")
        self._range("lanes", self.lanes, MAX_LANES)
        self._range("burst", self.burst, MAX_BURST)
        self._range("outstanding", self.outstanding, MAX_OUTSTANDING)
        self._range("sets", self.sets, MAX_SETS)
        if self.sets & self.sets - 1:
            raise ConfigError(f"{self.sets} table sets", "--sets", "a power of two, at most 16")
        if self.bus not in BUSES:
            raise ConfigError(f"a bus of {self.bus} bits", "--bus", "64 or 128")
        coder = self.coder.name.lower()
        if not 1 <= self.bits <= self.coder.max_bits:
            hint = f"{coder} carries 1 to {self.coder.max_bits} bits"
            if self.bits == Coder.HUFFMAN.max_bits:
                hint += ", --coder huffman carries 15"
            raise ConfigError(f"values of {self.bits} bits", "--bits", hint)
        if not (self.writer or self.reader):
            raise ConfigError(
                "neither writer nor reader is left", "--no-writer, --no-reader", "leave one out"
            )
        dma = self.board.dma if self.board else None
        if dma and self.burst > dma.max_burst:
            raise ConfigError(
                f"bursts of {self.burst} beats", "--burst",
                f"the memory ports of {self.board_name} take at most {dma.max_burst}",
            )  # fmt: skip

    @staticmethod
    def _range(name: str, value: int, most: int) -> None:
        if not 1 <= value <= most:
            raise ConfigError(f"{value} is no number of {name}", f"--{name}", f"1 to {most}")

    @property
    def board_name(self) -> str:
        """The board's name, or nothing."""
        return self.board.name if self.board else ""

    @property
    def base(self) -> str:
        """The name with the house's prefix: what packages and drivers are called."""
        return f"hwg_{self.name}"

    @property
    def ip(self) -> str:
        """The module that is packaged."""
        return f"{self.base}_ip"

    @property
    def word(self) -> int:
        """Bits of a value in the streams that mean something."""
        return max(self.bits, self.turns.width if self.turns else 0)

    @property
    def container(self) -> int:
        """Bits that a value takes in the streams."""
        return next(size for size in CONTAINERS if size >= self.word)

    @property
    def beat(self) -> int:
        """Bytes of a beat of the streams."""
        return self.lanes * self.container // 8

    @property
    def count_width(self) -> int:
        """Bits of how many values a beat holds."""
        return self.lanes.bit_length()

    @property
    def address_bits(self) -> int:
        """Bits of an address in memory."""
        return self.board.dma.address_bits if self.board and self.board.dma else ADDRESS_BITS

    @property
    def params(self) -> dict[str, int]:
        """The engine's parameters but for its version."""
        wait = max(self.burst * self.outstanding, 2 * self.burst)
        return {
            "AddrWidth": self.address_bits,
            "DataWidth": self.bus,
            "MaxBurst": self.burst,
            "Outstanding": self.outstanding,
            "Buffer": 1 << (wait - 1).bit_length(),  # so that all of them find room
            "Lanes": self.lanes,
            "Coder": int(self.coder),
            "Bits": self.bits,
            "Sets": self.sets,
            "Weighted": int(self.weighted),
            "Values": BLOCK,
            "Writer": int(self.writer),
            "Reader": int(self.reader),
            **self._built(),
        }

    def _built(self) -> dict[str, int]:
        turns = self.turns
        if turns is None:
            return {}
        return {
            "Transform": 1, "Kinds": turns.kinds, "Groups": turns.groups, "Width": turns.width
        }  # fmt: skip

    @property
    def figures(self) -> dict[str, int]:
        """Figures in the registers, by parameter of their description."""
        major, minor, patch = triple(self.version)
        return {
            "VERSION": major << 24 | minor << 16 | patch,
            "LANES": self.lanes,
            "BITS": self.bits,
            "DATA_BYTES": self.bus // 8,
            "CODER": int(self.coder),
            "WEIGHTED": int(self.weighted),
            "WRITER": int(self.writer),
            "READER": int(self.reader),
            "SETS": self.sets,
            "VALUES": BLOCK,
            "ADDR_WIDTH": self.address_bits,
            **{name.upper(): value for name, value in self._built().items()},
        }

    @property
    def title(self) -> str:
        """Title of the core, half a line: what it does, with which coder and lanes."""
        parts = [
            name for name, there in (("writer", self.writer), ("reader", self.reader)) if there
        ]
        return (
            f"feature-map codec, {' and '.join(parts)}, {self.coder.name.lower()}, "
            f"{counted(self.lanes, 'lane')} of {self.bits} bits"
            f"{', with transforms' * (self.turns is not None)}"
        )

    @property
    def origin(self) -> str:
        """The line by which every generated file tells where it comes from."""
        source = f" for model {self.model[:16]}" if self.model else ""
        return (
            f"Generated by hwgen {self.version}{source}: {self.title}. Do not edit: run "
            "`hwgen codec build` again."
        )

    def banner(self, mark: str, *lines: str) -> str:
        """Return the first lines of a file, each behind the comment mark of its language."""
        return commented(mark, LICENCE, self.origin, *lines)


def turns_of(plan: CodingPlan) -> Turns | None:
    """Return what of the transforms an engine needs for a plan; None if it has none.

    Raises:
        DoesNotFit: no engine can do them.
    """
    lossy = [choice for choice in plan.choices if choice.transform is not None]
    if not lossy:
        return None
    problems = []
    for choice in lossy:
        assert choice.transform
        transform = in_engine(choice.transform)
        own = Turns.of([transform])
        if own.groups > MAX_GROUPS or own.width > MAX_WIDTH:
            problems.append(f"{choice.name} has {choice.shape[2]} channels of {own.width} bits")
        try:
            pixel_places(transform, choice.grid, *choice.shape[:2])
        except ConfigError as error:
            problems.append(f"{choice.name}: {error.what}")
    if problems:
        hint = "with --no-transform the engine carries their coefficients"
        raise DoesNotFit("; ".join(problems), "--plan", hint)
    return Turns.of(choice.transform for choice in lossy if choice.transform)


def served(
    plan: CodingPlan, coder: Coder, bits: int, sets: int, turned: bool = False
) -> tuple[list[TableSet], list[Map]]:
    """Return the table sets and the maps of a plan, if an engine can code them.

    Args:
        plan: made by calibration.
        coder: of the engine.
        bits: of its widest values.
        sets: that it has.
        turned: it does transforms.

    Raises:
        DoesNotFit: wider values, another coder, more sets, or weights that differ within a set.
    """
    problems = []
    none = (0,) * WEIGHTS
    weights: dict[int, tuple[int, ...]] = {}
    for choice in plan.choices:
        form = choice.format(plan.tables_of(choice))
        if form.bits > bits:
            problems.append(f"{choice.name} has values of {form.bits} bits, the engine {bits}")
        if form.coder != coder:
            problems.append(f"{choice.name} is coded with {form.coder.name.lower()}")
        own = form.weights or none
        if form.transformed and weights.setdefault(choice.table_set, own) != own:
            problems.append(
                f"{choice.name} has other context weights than a map of its set {choice.table_set}"
            )
    if len(plan.tables) > sets:
        problems.append(f"the plan has {len(plan.tables)} table sets, the engine {sets}")
    if problems:
        hint = "leave --bits, --coder and --sets out, and they are the plan's"
        if any("weights" in problem for problem in problems):
            hint = "calibrate with more table sets, --tables"
        raise DoesNotFit("; ".join(problems), "--plan", hint)
    contents = [TableSet(t, weights.get(i, none)) for i, t in enumerate(plan.tables)]
    return contents, [Map.of(choice, plan.tables_of(choice), turned) for choice in plan.choices]


def power(count: int) -> int:
    """Return the least power of two that is no less than *count*."""
    return 1 << (count - 1).bit_length()


def coder_of(choices: Sequence[MapCoding]) -> Coder | None:
    """Return the coder that all maps share.

    Raises:
        DoesNotFit: there are two.
    """
    found = {choice.coder for choice in choices}
    if len(found) > 1:
        raise DoesNotFit(
            "the plan uses both coders, and an engine has one", "--plan", "calibrate with --coder"
        )
    return found.pop() if found else None
