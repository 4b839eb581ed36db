# SPDX-License-Identifier: Apache-2.0
"""The wire format of coded feature maps, in one place: header, checksum, index, descriptor, limits.

docs/bitstream.md says the same in words. Everything is little-endian; bit 0 is the least
significant one.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hwgen.errors import ConfigError

Ints = npt.NDArray[np.int64]

CONTEXTS = 16
TOKENS = 32
THREADS = 4  # sub-streams of a block; channel c goes to sub-stream c mod 4
MAX_VALUES = 4096  # of a block
MAX_SIDE = 65535  # of a tensor
WEIGHTS = 128  # context weights of a transformed tensor, by channel mod 128
WORD = 8  # bytes; blocks start and offsets count in these
SLOT_ALIGN = 64  # bytes; slots of the slotted layout are a multiple
HEADER_BYTES = 8
CRC_BYTES = 4
DESCRIPTOR_BYTES = 72
MAGIC = b"HFM2"
VERSION = 2


class Mode(IntEnum):
    """Mode in which a block is stored: header bits 1:0."""

    RAW = 0
    ZERO = 1
    CODED = 2
    RESERVED = 3


class Coder(IntEnum):
    """The entropy coder of a tensor: header bit 2."""

    HUFFMAN = 0
    TANS = 1

    @property
    def max_bits(self) -> int:
        """The widest values it carries."""
        return 14 if self is Coder.TANS else 15


class Fault(IntEnum):
    """Fault of a block. The first that applies, in the order of `ORDER`, is told.

    From AXI on they are the engine's own (a bus answer, a full buffer, a wrong description, a
    source that does not deliver the tensor, an abort); no stream holds them.
    """

    NONE = 0
    IDX = 1  # the index: no increasing offsets, or past the data
    LEN = 2  # lengths: header against index, payload against the values
    MODE = 3  # reserved mode; or coder, transform flag or table set are not the tensor's
    SEQ = 4  # another block's number
    CRC = 5
    STATE = 6  # tANS did not end in state 0
    AXI = 7
    OVF = 8
    CFG = 9  # a description that the core cannot do; nothing was started
    SHORT = 10  # the source's packet ended before the tensor
    LONG = 11  # it did not end with the tensor
    LATE = 12  # the source stood still for longer than it may
    ABORT = 13  # software gave the tensor up


@dataclass(frozen=True)
class Header:
    """The first 64 bits of a block.

    Attributes:
        mode: how it is stored.
        coder: 0 Huffman, 1 tANS; the tensor's, also in raw and zero blocks.
        transformed: the values are coefficients (mode T).
        table_set: 0 to 15; the tensor's.
        words: payload in 16-bit words.
        subs: 16-bit words of sub-streams 0, 1, 2; zeros unless coded.
        number: low 8 bits of the block number.
    """

    mode: int
    coder: int
    transformed: bool
    table_set: int
    words: int
    subs: tuple[int, int, int]
    number: int

    def pack(self) -> bytes:
        """Return the 8 bytes."""
        a, b, c = self.subs
        low = self.mode | self.coder << 2 | int(self.transformed) << 3 | self.table_set << 4
        return (low | self.words << 8 | a << 20 | b << 32 | c << 44 | self.number << 56).to_bytes(
            HEADER_BYTES, "little"
        )

    @classmethod
    def unpack(cls, data: bytes) -> Header:
        """Read the first 8 bytes of a block."""
        bits = int.from_bytes(data[:HEADER_BYTES], "little")

        def field(at: int, width: int) -> int:
            return bits >> at & ((1 << width) - 1)

        return cls(
            mode=field(0, 2),
            coder=field(2, 1),
            transformed=bool(field(3, 1)),
            table_set=field(4, 4),
            words=field(8, 12),
            subs=(field(20, 12), field(32, 12), field(44, 12)),
            number=field(56, 8),
        )


def checksum(data: bytes, number: int, key: int) -> int:
    """Return the CRC-32 of a block: as zlib's, continued from *number* xor *key*.

    So a block that stands in another's place, meets other tables, or was left by an earlier tensor
    is found before a value of it is delivered.

    Args:
        data: header and payload.
        number: the block's number in the tensor, all 32 bits of it.
        key: of the tensor, see `tensor_key`.
    """
    return zlib.crc32(data, number ^ key)


def tensor_key(fingerprint: int, nonce: int) -> int:
    """Return the key of a tensor: the CRC-32 of its nonce, continued from a fingerprint.

    Two tensors of the same tables have different keys if their nonces differ.

    Args:
        fingerprint: of the tables (and context weights) in use.
        nonce: 32 bits that tell the tensor from those that lay there before.
    """
    return zlib.crc32(nonce.to_bytes(4, "little"), fingerprint)


def seal(header: Header, payload: bytes, number: int, key: int) -> bytes:
    """Return a whole block: header, payload, CRC, zeros up to 8 bytes."""
    body = header.pack() + payload
    body += checksum(body, number, key).to_bytes(CRC_BYTES, "little")
    return body + bytes(-len(body) % WORD)


def block_bytes(words: int) -> int:
    """Return the bytes of a block with a payload of that many 16-bit words."""
    used = HEADER_BYTES + 2 * words + CRC_BYTES
    return used + -used % WORD


def raw_words(values: int, bits: int) -> int:
    """Return the 16-bit words of *values* values of *bits* bits each."""
    return -(-values * bits // 16)


@dataclass(frozen=True)
class Grid:
    """A tensor H x W x C cut into blocks; those at the far edges are smaller.

    The values of a block are scanned y, x, c with c fastest; blocks likewise.

    Attributes:
        height, width, channels: of the tensor that is coded (mode T: of the coefficients).
        bh, bw, bc: of a full block, at most 4096 values; bc is a multiple of 8, or *channels*.

    Raises:
        ConfigError: outside the limits.
    """

    height: int
    width: int
    channels: int
    bh: int
    bw: int
    bc: int

    def __post_init__(self) -> None:
        sides = (self.height, self.width, self.channels)
        if not all(1 <= side <= MAX_SIDE for side in sides):
            raise ConfigError(
                f"a tensor of {'x'.join(map(str, sides))} cannot be coded",
                hint=f"height, width and channels are 1 to {MAX_SIDE}",
            )
        block = (self.bh, self.bw, self.bc)
        odd = self.bc % 8 and self.bc != self.channels
        if min(block) < 1 or odd or self.bh * self.bw * self.bc > MAX_VALUES:
            raise ConfigError(
                f"blocks of {'x'.join(map(str, block))} cannot be coded",
                hint=f"at most {MAX_VALUES} values; channels in eights, or all of them",
            )

    @classmethod
    def of(cls, height: int, width: int, channels: int, unit: int = 8) -> Grid:
        """Return a good cut: near 16 x 16 pixels, as many channels as fit, blocks of equal size.

        Args:
            height: of the tensor.
            width: of the tensor.
            channels: of the tensor.
            unit: channels that must stay together, a multiple of 8.
        """
        bh, bw, least = _share(height, 16), _share(width, 16), min(unit, channels)
        while least * bh * bw > MAX_VALUES:
            bh, bw = (_share(bh, bh // 2), bw) if bh >= bw else (bh, _share(bw, bw // 2))
        bc = MAX_VALUES // (bh * bw)
        several = _share(channels, bc // unit * unit)
        bc = channels if bc >= channels else -(-several // unit) * unit
        bw = _share(width, min(width, MAX_VALUES // (bh * bc)))
        bh = _share(height, min(height, MAX_VALUES // (bw * bc)))
        return cls(height, width, channels, bh, bw, bc)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Blocks along y, x and c."""
        return -(-self.height // self.bh), -(-self.width // self.bw), -(-self.channels // self.bc)

    @property
    def blocks(self) -> int:
        """Blocks in all."""
        ys, xs, cs = self.counts
        return ys * xs * cs

    @property
    def size(self) -> int:
        """Values in all."""
        return self.height * self.width * self.channels

    def where(self, number: int) -> tuple[slice, slice, slice]:
        """Return the place of a block in the tensor."""
        _, xs, cs = self.counts
        y, x, c = number // cs // xs * self.bh, number // cs % xs * self.bw, number % cs * self.bc
        return (
            slice(y, min(y + self.bh, self.height)),
            slice(x, min(x + self.bw, self.width)),
            slice(c, min(c + self.bc, self.channels)),
        )

    def shape(self, number: int) -> tuple[int, int, int]:
        """Return height, width and channels of a block."""
        y, x, c = self.where(number)
        return y.stop - y.start, x.stop - x.start, c.stop - c.start

    def slot(self, bits: int) -> int:
        """Return the bytes of a slot that holds any block of *bits*-bit values."""
        largest = min(self.bh, self.height) * min(self.bw, self.width) * min(self.bc, self.channels)
        used = block_bytes(raw_words(largest, bits))
        return used + -used % SLOT_ALIGN


def _share(length: int, most: int) -> int:
    """Return the size of the fewest equal pieces of *length* that are no longer than *most*."""
    most = max(1, min(most, length))
    return -(-length // -(-length // most))


def pack_index(offsets: list[int]) -> bytes:
    """Return the index: offsets in 8-byte units as u32, the last one the end; zeros up to 8."""
    data = struct.pack(f"<{len(offsets)}I", *offsets)
    return data + bytes(-len(data) % WORD)


def unpack_index(data: bytes, blocks: int) -> list[int]:
    """Read an index; entries beyond a short one read as 0, which no decoder accepts."""
    count = min(blocks + 1, len(data) // 4)
    found = list(struct.unpack(f"<{count}I", data[: 4 * count]))
    return found + [0] * (blocks + 1 - count)


def index_bytes(blocks: int) -> int:
    """Return the bytes of the index of that many blocks."""
    return -(-4 * (blocks + 1) // WORD) * WORD


_DESCRIPTOR = struct.Struct("<4sBBBB6HBB3H3HHIQQIII")
_TRANSFORMED, _SIGNED, _SLOTTED, _CODER, _STORED = 1, 2, 4, 8, 16


@dataclass(frozen=True)
class Descriptor:
    """Descriptor of a tensor, as an engine is told it: 72 bytes.

    Attributes:
        height, width, channels: of the values (mode T: before the transform).
        bh, bw, bc: block (mode T: of the coefficients).
        bits: of a value as it is coded, 1 to 15.
        signed: zig-zag before coding.
        coder, table_set: of every block.
        stored: every block raw (or zero); no coder runs.
        slotted: fixed slots instead of an index.
        transform: 0 none (mode L); else bits 1:0 are the spatial part (0 none, 1 Haar2, 2 ICT4,
            3 WHT4), bit 2 KLT-8, bit 3 full-channel KLT, and bit 7 is set.
        shift: right shift of the quantiser.
        scales: quantiser factors R of the position classes.
        steps: reconstruction factors D of the position classes, Q.6.
        record: which matrices (and means, permutation, weights) go with it.
        slot: slot size in 8-byte units; 0 in the packed layout.
        data: offset or address of block 0, in bytes.
        index: offset or address of the index, in bytes; 0 in the slotted layout.
        capacity: room for data in 8-byte units.
        nonce: tells the tensor from those that lay there before; enters every checksum.
        index_room: room for the index in 8-byte units; 0 in the slotted layout.
    """

    height: int
    width: int
    channels: int
    bh: int
    bw: int
    bc: int
    bits: int
    signed: bool = False
    coder: Coder = Coder.HUFFMAN
    table_set: int = 0
    stored: bool = False
    slotted: bool = False
    transform: int = 0
    shift: int = 0
    scales: tuple[int, int, int] = (0, 0, 0)
    steps: tuple[int, int, int] = (0, 0, 0)
    record: int = 0
    slot: int = 0
    data: int = 0
    index: int = 0
    capacity: int = 0
    nonce: int = 0
    index_room: int = 0

    def pack(self) -> bytes:
        """Return the 72 bytes."""
        flags = (
            bool(self.transform) * _TRANSFORMED
            | self.signed * _SIGNED
            | self.slotted * _SLOTTED
            | (self.coder == Coder.TANS) * _CODER
            | self.stored * _STORED
        )
        body = _DESCRIPTOR.pack(
            MAGIC, VERSION, flags, self.bits, self.table_set,
            self.channels, self.height, self.width, self.bh, self.bw, self.bc,
            self.transform, self.shift, *self.scales, *self.steps, self.record,
            self.slot, self.data, self.index, self.capacity, self.nonce, self.index_room,
        )  # fmt: skip
        return body + zlib.crc32(body).to_bytes(4, "little")

    @classmethod
    def unpack(cls, data: bytes, where: str = "") -> Descriptor:
        """Read 72 bytes.

        Raises:
            ConfigError: they are no descriptor, or a damaged one.
        """
        hint = "it was damaged, or is no coded feature map"
        if data[:5] == b"HFM1\1":
            raise ConfigError("version 1 of the format is unknown", where, f"this reads {VERSION}")
        if len(data) < DESCRIPTOR_BYTES or data[:4] != MAGIC:
            raise ConfigError("there is no tensor descriptor", where, hint)
        end = _DESCRIPTOR.size
        if zlib.crc32(data[:end]) != int.from_bytes(data[end:DESCRIPTOR_BYTES], "little"):
            raise ConfigError("the tensor descriptor's checksum is wrong", where, hint)
        _, version, flags, bits, table_set, *rest = _DESCRIPTOR.unpack(data[:end])
        if version != VERSION:
            raise ConfigError(
                f"version {version} of the format is unknown", where, f"this reads {VERSION}"
            )
        channels, height, width, bh, bw, bc, transform, shift, *rest = rest
        made = cls(
            height, width, channels, bh, bw, bc, bits, bool(flags & _SIGNED),
            Coder(bool(flags & _CODER)), table_set, bool(flags & _STORED), bool(flags & _SLOTTED),
            transform, shift, (rest[0], rest[1], rest[2]), (rest[3], rest[4], rest[5]), *rest[6:],
        )  # fmt: skip
        if not 1 <= bits <= made.coder.max_bits or table_set > 15 or flags > 31:
            raise ConfigError("the tensor descriptor makes no sense", where, hint)
        return made
