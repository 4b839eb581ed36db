# SPDX-License-Identifier: Apache-2.0
"""Contents of memories in the form in which hardware looks things up.

A Huffman decoder finds any code word in one step, without a comparison. In a complete canonical
code of 32 symbols, the words of more than 8 bits are the highest ones. At most 31 of them, each
2**-9 of the code space at most, fill fewer than 16 of the 256 prefixes of 8 bits: all begin with
1111. So two tables of 256 entries are enough: one is read with bits 0 to 7 of the stream, the
other, for the long words, with bits 4 to 11.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.codec import huffman
from hwgen.codec.tables import Rom, Tables, tans_encode_roms
from hwgen.codec.tokens import ESCAPE
from hwgen.codec.transform import MATRIX_BITS, Transform
from hwgen.codec.wire import TOKENS
from hwgen.errors import ConfigError

KLT_SIDE = 8
SHORT = 8  # bits that each look-up sees
SKIPPED = huffman.MAX_LENGTH - SHORT  # bits before those that the second one sees


def lookup_row(lengths: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return both tables of a context: 256 entries ``length << 5 | token`` each.

    A bit string is a number whose bit 0 comes first. A length of 0 in the first table points to the
    second; entries of the second that no word of more than 8 bits leads to are 0.

    Args:
        lengths: of the code words of 32 tokens, 1 to 12; a complete code.
    """
    first, second = [0] * (1 << SHORT), [0] * (1 << SHORT)
    for token, (length, code) in enumerate(zip(lengths, huffman.codes(lengths), strict=True)):
        word, entry = huffman.reversed_bits(code, length), length << 5 | token
        if length <= SHORT:
            table, shown = first, length
        else:
            table, word, shown = second, word >> SKIPPED, length - SKIPPED
        for rest in range(1 << (SHORT - shown)):
            table[rest << shown | word] = entry
    return first, second


def huffman_lookup_rom(tables: Tables) -> Rom:
    """Return 4096 x 18: an entry of the second table in bits 17:9, one of the first in 8:0.

    The address is context * 256 + the bits that the table in question sees.
    """
    rows = [lookup_row(row) for row in tables.lengths]
    return Rom(
        18, tuple(b << 9 | a for first, second in rows for a, b in zip(first, second, strict=True))
    )


def tans_encode_lookup_roms(tables: Tables) -> tuple[Rom, Rom]:
    """Return what an encoder looks up without a second try for tokens that are escaped.

    Returns:
        symbols: 512 x 21, address context * 32 + token: as `tans_encode_roms`, but a token without
            frequency has the entry of the escape, and bit 20 set.
        states: 4096 x 8, the same.
    """
    symbols, states = tans_encode_roms(tables)
    escaped = [
        word if word >> 16 else 1 << 20 | symbols.words[place // TOKENS * TOKENS + ESCAPE]
        for place, word in enumerate(symbols.words)
    ]
    return Rom(21, tuple(escaped)), states


def klt_rom(transform: Transform, inverse: bool) -> Rom:
    """Return the rows of the KLT-8 matrices as hardware multiplies by them.

    Args:
        transform: with groups of 8 channels.
        inverse: the way back.

    Returns:
        91 bits a row, address group * 8 + row: bias in bits 90:64, both rounding and means; the
        eight factors below it, the first one lowest.

    Raises:
        ConfigError: the transform has no groups of 8.
    """
    if transform.group != KLT_SIDE:
        raise ConfigError("only a KLT over groups of 8 channels has rows of 8")
    half = 1 << MATRIX_BITS - 1
    words = []
    matrices = np.array(transform.matrices, np.int64).reshape(-1, KLT_SIDE, KLT_SIDE)
    means = np.array(transform.means, np.int64).reshape(-1, KLT_SIDE)
    for matrix, mean in zip(matrices, means, strict=True):
        rows = matrix.T if inverse else matrix
        biases = half + (mean << MATRIX_BITS) if inverse else half - matrix @ mean
        for row, bias in zip(rows.tolist(), biases.tolist(), strict=True):
            word = sum((factor & 255) << 8 * i for i, factor in enumerate(row))
            words.append((bias & (1 << 27) - 1) << 64 | word)
    return Rom(91, tuple(words))
