# SPDX-License-Identifier: Apache-2.0
"""A whole tensor of integers: blocks, index, packed and slotted layouts, random access."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from hwgen.codec.block import Engine, Format, decode_block, encode_block, examine
from hwgen.codec.wire import (
    DESCRIPTOR_BYTES,
    WORD,
    Fault,
    Grid,
    Header,
    Ints,
    Mode,
    block_bytes,
    index_bytes,
)
from hwgen.errors import ConfigError

COMPILE_FROM = 1 << 15  # values; fewer are done before a compiler has been loaded


@cache
def compiled() -> Engine | None:
    """Return the compiled inner loops, or None where numba is not installed."""
    try:
        from hwgen.codec.kernels import COMPILED
    except ImportError:
        return None
    return COMPILED


def engine_for(values: int) -> Engine | None:
    """Return the compiled loops where they are worth loading, else None: the specification."""
    return compiled() if values >= COMPILE_FROM else None


@dataclass(frozen=True)
class Damage:
    """A block that could not be decoded; all its values are 0.

    Attributes:
        block: its number.
        fault: the first thing that is wrong with it.
    """

    block: int
    fault: Fault


@dataclass(frozen=True)
class Coded:
    """A coded tensor as it lies in memory.

    Attributes:
        grid: how it is cut.
        form: what every block shares.
        data: all blocks.
        offsets: of each block and of the end, in 8-byte units; empty in the slotted layout.
        slot: bytes of a slot; 0 in the packed layout.
    """

    grid: Grid
    form: Format
    data: bytes
    offsets: tuple[int, ...]
    slot: int = 0

    def block(self, number: int) -> bytes | None:
        """Return a block's bytes (slotted: its whole slot), or None if the index is bad."""
        if self.slot:
            begin, end = number * self.slot, (number + 1) * self.slot
        else:
            if len(self.offsets) <= number + 1 or self.offsets[0] != 0:
                return None
            begin, end = (WORD * offset for offset in self.offsets[number : number + 2])
        return self.data[begin:end] if begin < end <= len(self.data) else None

    def decode_block(self, number: int, engine: Engine | None = None) -> tuple[Ints, Fault]:
        """Return one block's values, or zeros and what is wrong."""
        data = self.block(number)
        shape = self.grid.shape(number)
        if data is None:
            return np.zeros(shape, np.int64), Fault.IDX
        return decode_block(data, shape, self.form, number, not self.slot, engine)

    def decode(self, engine: Engine | None = None) -> tuple[Ints, tuple[Damage, ...]]:
        """Return all values, shape (H, W, C), and the blocks that are damaged."""
        grid = self.grid
        engine = engine or engine_for(grid.size)
        out = np.zeros((grid.height, grid.width, grid.channels), np.int64)
        damages = []
        for number in range(grid.blocks):
            out[grid.where(number)], fault = self.decode_block(number, engine)
            if fault:
                damages.append(Damage(number, fault))
        return out, tuple(damages)

    def examine(self, number: int) -> tuple[Header | None, int, Fault]:
        """Return a block's header, its bytes in memory, and what is wrong before decoding."""
        data = self.block(number)
        if data is None:
            return None, 0, Fault.IDX
        header, fault = examine(data, self.form, number, not self.slot)
        used = block_bytes(header.words)
        return header, used if used <= len(data) else len(data), fault

    @property
    def traffic(self) -> int:
        """Bytes that are moved to write the tensor: blocks, index, descriptor."""
        return sum(self._used()) + self._overhead()

    @property
    def modes(self) -> dict[str, int]:
        """Numbers of raw, zero and coded blocks of an undamaged tensor."""
        found = {"raw": 0, "zero": 0, "coded": 0}
        names = {Mode.RAW: "raw", Mode.ZERO: "zero", Mode.CODED: "coded"}
        for number in range(self.grid.blocks):
            header, _, fault = self.examine(number)
            if header is not None and not fault:
                found[names[Mode(header.mode)]] += 1
        return found

    def _used(self) -> list[int]:
        return [self.examine(number)[1] for number in range(self.grid.blocks)]

    def _overhead(self) -> int:
        return DESCRIPTOR_BYTES + (0 if self.slot else index_bytes(self.grid.blocks))


def encode(
    values: Ints, grid: Grid, form: Format, slotted: bool = False, engine: Engine | None = None
) -> Coded:
    """Return a tensor of integers coded.

    Args:
        values: shape (H, W, C) of the grid.
        grid: how to cut it.
        form: what every block shares.
        slotted: give every block a slot of the worst size, and no index.
        engine: compiled or not; chosen by size when left out.

    Raises:
        ConfigError: the shape is another, or a value is outside the format.
    """
    shape = (grid.height, grid.width, grid.channels)
    if values.shape != shape:
        raise ConfigError(f"an array of shape {values.shape} is not cut by a grid of {shape}")
    engine = engine or engine_for(grid.size)
    slot = grid.slot(form.bits) if slotted else 0
    parts, offsets = [], [0]
    for number in range(grid.blocks):
        part = encode_block(values[grid.where(number)], form, number, engine)
        offsets.append(offsets[-1] + len(part) // WORD)
        parts.append(part + bytes(slot - len(part)) if slot else part)
    return Coded(grid, form, b"".join(parts), () if slot else tuple(offsets), slot)
