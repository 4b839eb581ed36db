# SPDX-License-Identifier: Apache-2.0
"""The file of coded maps (.hfm): sections with what a decoder needs, and one for each map.

docs/bitstream.md describes it under "A file".
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.codec.plan import MapCoding
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import Coded, Damage
from hwgen.codec.wire import (
    DESCRIPTOR_BYTES,
    WORD,
    Descriptor,
    Ints,
    index_bytes,
    pack_index,
    unpack_index,
)
from hwgen.errors import ConfigError

MAGIC = b"HFMF"
TABLES = b"TABL"
TENSOR = b"TENS"
_SECTION = struct.Struct("<4sIII")  # tag, number, bytes, CRC
_DTYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_HINT = "it was damaged, or is no .hfm file"


@dataclass(frozen=True)
class Container:
    """An array coded map by map.

    Attributes:
        choice: how each map is coded.
        tables: in use.
        dtype, shape: of the array.
        maps: as they lie in the file.
    """

    choice: MapCoding
    tables: Tables
    dtype: str
    shape: tuple[int, ...]
    maps: tuple[Coded, ...]

    @classmethod
    def of(
        cls, array: npt.NDArray[Any], choice: MapCoding, tables: Tables, slotted: bool = False
    ) -> Container:
        """Return an array coded; it is a stack of maps, a map, or less.

        Raises:
            ConfigError: it holds no integers, or does not fit the choice.
        """
        maps = stacked(array)
        coded = tuple(
            choice.encode(one, tables, slotted, number) for number, one in enumerate(maps)
        )
        return cls(choice, tables, array.dtype.name, array.shape, coded)

    def decode(self) -> tuple[npt.NDArray[Any], tuple[tuple[int, Damage], ...]]:
        """Return the array, and number of the map and block of each damage."""
        found = [self.choice.decode(coded) for coded in self.maps]
        damages = tuple((i, d) for i, (_, damage) in enumerate(found) for d in damage)
        whole = np.stack([values for values, _ in found])
        limits = np.iinfo(self.dtype)
        return np.clip(whole, limits.min, limits.max).astype(self.dtype).reshape(
            self.shape
        ), damages

    def pack(self) -> bytes:
        """Return the file."""
        head = {"dtype": self.dtype, "shape": list(self.shape), "choice": self.choice.as_json()}
        text = json.dumps(head, separators=(",", ":")).encode()
        parts = [_section(MAGIC, 0, text), _section(TABLES, 0, self.tables.pack())]
        for number, coded in enumerate(self.maps):
            index = b"" if coded.slot else pack_index(list(coded.offsets))
            data = DESCRIPTOR_BYTES + len(index)
            place = 0 if coded.slot else DESCRIPTOR_BYTES
            descriptor = self.choice.descriptor(
                data, place, len(coded.data), coded.slot, coded.form.nonce
            )
            parts.append(_section(TENSOR, number, descriptor.pack() + index + coded.data))
        return b"".join(parts)

    @classmethod
    def unpack(cls, data: bytes, where: str = "") -> Container:
        """Read a file; damage in blocks and indices is left to `decode`.

        Raises:
            ConfigError: what every map needs is damaged, or a map is missing.
        """
        at, _, _, text = _read(data, 0, MAGIC, where)
        try:
            head = json.loads(text)
            dtype, shape = str(head["dtype"]), tuple(int(n) for n in head["shape"])
            choice = MapCoding.from_json(head["choice"], where)
            if dtype not in _DTYPES or min(shape, default=1) < 1:
                raise ValueError("no array of integers")
            count = math.prod(shape) // math.prod(choice.shape)
            if count * math.prod(choice.shape) != math.prod(shape) or len(shape) > 4:
                raise ValueError("shape and maps do not fit")
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ConfigError(
                f"the first section makes no sense ({error})", where, _HINT
            ) from error
        at, _, _, packed = _read(data, at, TABLES, where)
        tables = Tables.unpack(packed)
        maps = []
        for number in range(count):
            at, found, place, body = _read(data, at, TENSOR, where)
            if found != number:
                raise ConfigError(
                    f"map {found} stands where {number} should, byte {place}", where, _HINT
                )
            maps.append(_coded(body, choice, tables, f"{where} map {number}".strip()))
        if at != len(data):
            raise ConfigError(f"there are {len(data) - at} bytes behind the last map", where, _HINT)
        return cls(choice, tables, dtype, shape, tuple(maps))


def stacked(array: npt.NDArray[Any]) -> Ints:
    """Return integers as maps (N, H, W, C): an array of fewer axes is one map.

    (C,) is a map of one pixel, (W, C) of one row; (H, W, C) and (N, H, W, C) are what they are.

    Raises:
        ConfigError: no integers, no elements, or too many axes.
    """
    if array.dtype.name not in _DTYPES:
        raise ConfigError(
            f"an array of {array.dtype} cannot be coded",
            hint="feature maps are coded as integer codes; round and convert them first",
        )
    if not 1 <= array.ndim <= 4 or not array.size:
        raise ConfigError(
            f"an array of shape {array.shape} holds no feature maps",
            hint="its axes are (N, H, W, C), or fewer, and none is empty",
        )
    if int(array.max()) >= 1 << 62 or int(array.min()) <= -(1 << 62):
        raise ConfigError("the array holds numbers beyond 62 bits")
    shape = array.shape if array.ndim == 4 else (1, *(1,) * (3 - array.ndim), *array.shape)
    return array.astype(np.int64).reshape(shape)


def _section(tag: bytes, number: int, payload: bytes) -> bytes:
    crc = _crc(tag, number, len(payload), payload)
    return _SECTION.pack(tag, number, len(payload), crc) + payload + bytes(-len(payload) % WORD)


def _crc(tag: bytes, number: int, size: int, payload: bytes) -> int:
    """Return the CRC of a section; the blocks of a map have their own, as has its descriptor."""
    head = tag + struct.pack("<II", number, size)
    return zlib.crc32(head if tag == TENSOR else head + payload)


def _read(data: bytes, at: int, tag: bytes, where: str) -> tuple[int, int, int, bytes]:
    """Return where the next section begins, this one's number and place, and its payload.

    A map that was cut off is returned as far as it goes: the blocks before the cut are good.
    """
    if len(data) < at + _SECTION.size:
        raise ConfigError(f"the file ends at byte {len(data)}, in a section's head", where, _HINT)
    found, number, size, crc = _SECTION.unpack_from(data, at)
    begin = at + _SECTION.size
    payload = data[begin : begin + size]
    if found != tag:
        name = tag.decode()
        raise ConfigError(f"there is no section {name} at byte {at}", where, _HINT)
    if _crc(tag, number, size, payload) != crc:
        raise ConfigError(f"section {tag.decode()} at byte {at} is damaged", where, _HINT)
    return min(begin + size + -size % WORD, len(data)), number, at, payload


def _coded(body: bytes, choice: MapCoding, tables: Tables, where: str) -> Coded:
    descriptor = Descriptor.unpack(body, where)
    expected = choice.descriptor(
        descriptor.data, descriptor.index, 8 * descriptor.capacity, 8 * descriptor.slot,
        descriptor.nonce,
    )  # fmt: skip
    grid, form = choice.grid, choice.format(tables, descriptor.nonce)
    begin = DESCRIPTOR_BYTES + (0 if descriptor.slotted else index_bytes(grid.blocks))
    small = descriptor.slotted and 8 * descriptor.slot < grid.slot(form.bits)
    if descriptor != expected or descriptor.data != begin or small:
        raise ConfigError("the tensor descriptor is not this file's", where, _HINT)
    blocks = body[begin : begin + 8 * descriptor.capacity]
    if descriptor.slotted:
        return Coded(grid, form, blocks, (), 8 * descriptor.slot)
    index = unpack_index(body[DESCRIPTOR_BYTES:begin], grid.blocks)
    return Coded(grid, form, blocks, tuple(index))
