# SPDX-License-Identifier: Apache-2.0
"""A set of tables: code lengths and frequencies of every context, and what hardware stores of them.

Software and hardware take their tables from here, so that they cannot differ.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from hwgen.codec import huffman, tans
from hwgen.codec.tokens import ESCAPE, split
from hwgen.codec.wire import CONTEXTS, TOKENS, Ints
from hwgen.errors import ConfigError

PACKED_BYTES = CONTEXTS * TOKENS // 2 + CONTEXTS * TOKENS
Rows = tuple[tuple[int, ...], ...]
# Of each context: an activity in its midst, and sixteenths of its values that are surely 0.
_MIDDLES = (0, 1, 6, 3, 6, 12, 32, 96, 6, 12, 20, 28, 40, 72, 240, 576)
_ZEROS = (14, 12, 10, 6, 6, 6, 6, 6, *(0,) * 8)


@dataclass(frozen=True)
class Tables:
    """One set: both coders' tables for 16 contexts and 32 tokens.

    Attributes:
        lengths: Huffman code lengths, 1 to 12; complete codes.
        frequencies: of tANS; each row sums to 256, token 31 (the escape) has at least 1.

    Raises:
        ConfigError: the numbers are no tables.
    """

    lengths: Rows
    frequencies: Rows

    def __post_init__(self) -> None:
        for name, rows in (("lengths", self.lengths), ("frequencies", self.frequencies)):
            if len(rows) != CONTEXTS or any(len(row) != TOKENS for row in rows):
                raise ConfigError(f"{name} of a table set are {CONTEXTS} rows of {TOKENS}")
        longest = huffman.MAX_LENGTH
        for context, row in enumerate(self.lengths):
            good = all(1 <= n <= longest for n in row)
            if not good or sum(1 << longest - n for n in row) != 1 << longest:
                raise ConfigError(f"the code lengths of context {context} are no complete code")
        for context, row in enumerate(self.frequencies):
            if min(row) < 0 or sum(row) != tans.STATES or not row[ESCAPE]:
                raise ConfigError(
                    f"the frequencies of context {context} do not sum to {tans.STATES}, "
                    "or leave the escape token out"
                )

    @classmethod
    def of(cls, counts: Sequence[Sequence[int]] | Ints) -> Tables:
        """Return the best tables for token counts, shape (16, 32)."""
        rows = [[int(n) for n in row] for row in counts]
        return cls(
            tuple(huffman.lengths_of(row) for row in rows),
            tuple(tans.frequencies_of(row) for row in rows),
        )

    @classmethod
    @cache
    def generic(cls) -> Tables:
        """Return tables made without data: values fall off geometrically from a share of zeros.

        The mean follows the activity that leads to the context: a sixth of it. Where the places
        around are zero, or some of them, more values are.
        """
        rows = []
        for context, activity in enumerate(_MIDDLES):
            left = 1 << 40
            zeros = left * _ZEROS[context] // 16
            counts = [zeros, *(0,) * (TOKENS - 1)]
            left -= zeros
            for token in split(np.arange(1 << 14, dtype=np.int64))[0].tolist():
                share = min(left, max(1, left * 12 // (13 + 2 * activity)))
                counts[token] += share
                left -= share
            rows.append(counts)
        return cls.of(rows)

    def pack(self) -> bytes:
        """Return 768 bytes: 4-bit lengths, context by context, low nibble first; frequencies."""
        flat = [n for row in self.lengths for n in row]
        nibbles = bytes(low | high << 4 for low, high in zip(flat[::2], flat[1::2], strict=True))
        return nibbles + bytes(n for row in self.frequencies for n in row)

    @classmethod
    def unpack(cls, data: bytes) -> Tables:
        """Read what `pack` wrote.

        Raises:
            ConfigError: it is no table set.
        """
        if len(data) != PACKED_BYTES:
            raise ConfigError(f"a table set has {PACKED_BYTES} bytes, not {len(data)}")
        half = CONTEXTS * TOKENS // 2
        flat = [n for byte in data[:half] for n in (byte & 15, byte >> 4)]
        return cls(_rows(flat), _rows(list(data[half:])))

    @cached_property
    def key(self) -> int:
        """The fingerprint that enters the checksum of every block coded with these tables."""
        return zlib.crc32(self.pack())


def _rows(flat: list[int]) -> Rows:
    return tuple(tuple(flat[i : i + TOKENS]) for i in range(0, len(flat), TOKENS))


@dataclass(frozen=True)
class Rom:
    """Contents of a memory: one number a word, address 0 first.

    Attributes:
        width: bits of a word.
        words: contents.
    """

    width: int
    words: tuple[int, ...]

    def hex(self) -> str:
        """Return the text that ``$readmemh`` reads: a word a line."""
        digits = -(-self.width // 4)
        return "".join(f"{word:0{digits}x}\n" for word in self.words)

    def literal(self) -> int:
        """Return all words as one number, word 0 in the lowest bits."""
        return sum(word << i * self.width for i, word in enumerate(self.words))


def huffman_decode_roms(tables: Tables) -> tuple[Rom, Rom, Rom]:
    """Return limits (16 x 90), offsets (16 x 60) and symbols (512 x 5, address context, rank).

    `huffman.decoder_row` tells what the bits mean.
    """
    rows = [huffman.decoder_row(row) for row in tables.lengths]
    return (
        Rom(90, tuple(limits for limits, _, _ in rows)),
        Rom(60, tuple(offsets for _, offsets, _ in rows)),
        Rom(5, tuple(symbol for _, _, symbols in rows for symbol in symbols)),
    )


def huffman_encode_rom(tables: Tables) -> Rom:
    """Return 512 x 16: length in bits 15:12; the code in 11:0, first bit as bit 0.

    The address is context * 32 + token.
    """
    return Rom(
        16,
        tuple(
            length << 12 | huffman.reversed_bits(code, length)
            for row in tables.lengths
            for length, code in zip(row, huffman.codes(row), strict=True)
        ),
    )


def tans_decode_rom(tables: Tables) -> Rom:
    """Return 4096 x 17: token in bits 16:12, bits to read in 11:8, base in 7:0.

    The address is context * 256 + state.
    """
    return Rom(
        17,
        tuple(
            token << 12 | bits << 8 | base
            for row in tables.frequencies
            for token, bits, base in tans.decode_row(row)
        ),
    )


def tans_encode_roms(tables: Tables) -> tuple[Rom, Rom]:
    """Return what `tans.encode_row` tells.

    Returns:
        symbols: 512 x 20, address context * 32 + token: bits in 19:16 (0: no frequency, use the
            escape), limit - 256 in 15:8, start in 7:0.
        states: 4096 x 8, address context * 256 + ((start + (x >> n)) mod 256).
    """
    rows = [tans.encode_row(row) for row in tables.frequencies]
    return (
        Rom(
            20,
            tuple(
                bits << 16 | (limit - tans.STATES) << 8 | start
                for symbols, _ in rows
                for bits, limit, start in symbols
            ),
        ),
        Rom(8, tuple(state for _, states in rows for state in states)),
    )
