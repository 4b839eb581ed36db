# SPDX-License-Identifier: Apache-2.0
"""Coding plan of a network: a coding for each feature map, tables for all, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hwgen.codec.block import Format
from hwgen.codec.block_scan import restored
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import Coded, Damage, encode
from hwgen.codec.transform import Quantiser, Spatial, Transform
from hwgen.codec.wire import Coder, Descriptor, Grid, Ints, index_bytes
from hwgen.errors import ConfigError

SCHEMA = 1
MODES = ("lossless", "transform", "raw")


@dataclass(frozen=True)
class MapCoding:
    """Coding of one map.

    Attributes:
        name: of the map: the node whose codes leave.
        source: the node whose codes are coded; another than *name* when a transform is applied in
            front of the activation, which the reader then does.
        shape: height, width, channels.
        bits, signed: format of the codes.
        mode: lossless, transform (with loss) or raw.
        coder: Huffman or tANS.
        table_set: which tables of the plan.
        transform: of mode transform.
        block: height, width, channels of a block of what is coded; chosen well when left out.

    Raises:
        ConfigError: parts that do not fit together.
    """

    name: str
    source: str
    shape: tuple[int, int, int]
    bits: int
    signed: bool
    mode: str = "lossless"
    coder: Coder = Coder.HUFFMAN
    table_set: int = 0
    transform: Transform | None = None
    block: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ConfigError(f"there is no mode {self.mode!r}", self.name, f"{', '.join(MODES)}")
        if (self.transform is not None) != (self.mode == "transform"):
            raise ConfigError("mode transform and a transform go together", self.name)
        if self.transform is not None and self.transform.channels != self.shape[2]:
            raise ConfigError("the transform has another number of channels", self.name)
        if not 0 <= self.table_set < 16:
            raise ConfigError("a table set is 0 to 15", self.name)
        grid = self.grid if any(self.block) else self._whole()
        object.__setattr__(self, "block", (grid.bh, grid.bw, grid.bc))

    @property
    def grid(self) -> Grid:
        """Grid in which the coded tensor is cut."""
        whole = self._whole()
        return Grid(whole.height, whole.width, whole.channels, *self.block)

    def _whole(self) -> Grid:
        if self.transform is not None:
            return self.transform.grid(self.shape[0], self.shape[1])
        return Grid.of(*self.shape)

    def format(self, tables: Tables, nonce: int = 0) -> Format:
        """Return what every block shares, of a map with that nonce."""
        transform = self.transform
        return Format(
            bits=transform.bits if transform else self.bits,
            tables=tables,
            coder=self.coder,
            signed=transform.signed if transform else self.signed,
            transformed=transform is not None,
            table_set=self.table_set,
            weights=transform.weights if transform else (),
            stored=self.mode == "raw",
            nonce=nonce,
        )

    def coefficients(self, values: Ints) -> Ints:
        """Return what goes to the entropy coder."""
        return self.transform.forward(values) if self.transform else values

    def values(self, coefficients: Ints) -> Ints:
        """Undo `coefficients`; with its loss."""
        if self.transform is None:
            return coefficients
        return self.transform.inverse(coefficients, self.shape[0], self.shape[1])

    def encode(self, values: Ints, tables: Tables, slotted: bool = False, nonce: int = 0) -> Coded:
        """Return one map coded.

        Args:
            values: of the map's shape.
            tables: of its set.
            slotted: give every block a slot, and no index.
            nonce: tells it from maps that lay there before.

        Raises:
            ConfigError: the map has another shape, or values outside the format.
        """
        if values.shape != self.shape:
            want = "x".join(map(str, self.shape))
            raise ConfigError(f"a map of shape {values.shape}, not {want}", self.name)
        return encode(self.coefficients(values), self.grid, self.format(tables, nonce), slotted)

    def decode(self, coded: Coded) -> tuple[Ints, tuple[Damage, ...]]:
        """Return the map and the blocks that are damaged, which are zeros in it."""
        found, damages = coded.decode()
        if self.transform is None:
            return found, damages
        lost = [damage.block for damage in damages]
        return restored(found, self.transform, self.grid, self.shape[:2], lost), damages

    def descriptor(
        self, data: int, index: int, size: int, slot: int = 0, nonce: int = 0
    ) -> Descriptor:
        """Return the descriptor of a map.

        Args:
            data: where the blocks are.
            index: where the index is; 0 in the slotted layout.
            size: bytes of all blocks.
            slot: bytes of a slot; 0 in the packed layout.
            nonce: of the tensor.
        """
        grid, transform = self.grid, self.transform
        quantiser = transform.quantiser if transform else Quantiser(0, (0, 0, 0), (0, 0, 0))
        height, width, channels = self.shape
        return Descriptor(
            height, width, channels, grid.bh, grid.bw, grid.bc,
            bits=transform.bits if transform else self.bits,
            signed=transform.signed if transform else self.signed,
            coder=self.coder, table_set=self.table_set, stored=self.mode == "raw",
            slotted=bool(slot), transform=transform.code if transform else 0,
            shift=quantiser.shift, scales=quantiser.scales, steps=quantiser.steps,
            slot=slot // 8, data=data, index=index, capacity=size // 8, nonce=nonce,
            index_room=0 if slot else index_bytes(grid.blocks) // 8,
        )  # fmt: skip

    def as_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        made = asdict(self)
        made["coder"] = self.coder.name.lower()
        if self.transform is not None:
            made["transform"]["spatial"] = self.transform.spatial.name.lower()
        return made

    @classmethod
    def from_json(cls, found: Any, where: str = "") -> MapCoding:
        """Read a choice.

        Raises:
            ConfigError: it is none.
        """
        try:
            table = dict(found)
            table["shape"], table["block"] = _ints(table["shape"], 3), _ints(table["block"], 3)
            table["coder"] = Coder[str(table["coder"]).upper()]
            if table["transform"] is not None:
                table["transform"] = _transform(table["transform"])
            made = cls(**table)
            sound = all(isinstance(v, str) for v in (made.name, made.source))
            if not sound or not 1 <= made.bits <= 62:
                raise ValueError("a field of the wrong kind")
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise ConfigError(f"this is no coding choice ({error})", where) from error
        return made


def _ints(found: Any, count: int | None = None) -> tuple[Any, ...]:
    values = tuple(found)
    whole = all(isinstance(v, int) and not isinstance(v, bool) for v in values)
    if not whole or (count is not None and len(values) != count):
        raise ValueError(f"integers expected, not {found}")
    return values


def _transform(found: Mapping[str, Any]) -> Transform:
    table = dict(found)
    quantiser = table["quantiser"]
    table["quantiser"] = Quantiser(
        quantiser["shift"], _ints(quantiser["scales"], 3), _ints(quantiser["steps"], 3)
    )
    table["spatial"] = Spatial[str(table["spatial"]).upper()]
    for name in ("order", "matrices", "means", "weights"):
        table[name] = _ints(table[name])
    return Transform(**table)


@dataclass(frozen=True)
class CodingPlan:
    """The coding of a network's maps.

    Attributes:
        model: digest of the graph that it was made for.
        tables: table sets, by number.
        choices: of each map, in the order of the network.
        facts: what calibration measured: names to plain figures, for people.
    """

    model: str
    tables: tuple[Tables, ...]
    choices: tuple[MapCoding, ...]
    facts: tuple[tuple[str, Any], ...] = ()

    def __getitem__(self, name: str) -> MapCoding:
        """Return the choice of a map.

        Raises:
            ConfigError: there is none of that name.
        """
        for choice in self.choices:
            if choice.name == name:
                return choice
        known = ", ".join(c.name for c in self.choices)
        raise ConfigError(f"the plan has no map {name!r}", hint=f"it has {known}")

    def tables_of(self, choice: MapCoding) -> Tables:
        """Return the tables of a choice."""
        return self.tables[choice.table_set]

    def as_json(self) -> dict[str, object]:
        """Return what `from_json` reads; tables in hexadecimal."""
        return {
            "codec_plan": SCHEMA,
            "model": self.model,
            "facts": dict(self.facts),
            "tables": [tables.pack().hex() for tables in self.tables],
            "maps": [choice.as_json() for choice in self.choices],
        }

    @classmethod
    def from_json(cls, found: Any, where: str = "") -> CodingPlan:
        """Read a plan.

        Raises:
            ConfigError: it is none.
        """
        hint = "make one with: hwgen codec calibrate MODEL --data x.npy -o plan.json"
        try:
            if found["codec_plan"] != SCHEMA:
                raise ConfigError("the plan has another schema", where, hint)
            tables = tuple(Tables.unpack(bytes.fromhex(text)) for text in found["tables"])
            choices = tuple(MapCoding.from_json(item, where) for item in found["maps"])
            made = cls(str(found["model"]), tables, choices, tuple(dict(found["facts"]).items()))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise ConfigError(f"this is no codec plan ({error})", where, hint) from error
        if any(choice.table_set >= len(tables) for choice in choices):
            raise ConfigError("a map of the plan names tables that are not there", where, hint)
        return made

    @classmethod
    def read(cls, path: Path) -> CodingPlan:
        """Read the file that `hwgen codec calibrate` wrote.

        Raises:
            ConfigError: there is no such file, or it is none.
        """
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(f"{path} cannot be read as a plan ({reason})", "--plan") from error
        return cls.from_json(found, str(path))
