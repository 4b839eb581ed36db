# SPDX-License-Identifier: Apache-2.0
"""Huffman lengths, tANS frequencies, and the memories that hardware is given."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from hwgen.codec import huffman, tans
from hwgen.codec.bits import Reader, pack
from hwgen.codec.block import Format, encode_block
from hwgen.codec.tables import (
    Tables,
    huffman_decode_roms,
    huffman_encode_rom,
    tans_decode_rom,
    tans_encode_roms,
)
from hwgen.codec.tokens import (
    LADDERS,
    context_of,
    contexts,
    joined,
    raw_width,
    restored,
    split,
    unsigned,
)
from hwgen.codec.wire import Coder, Header
from hwgen.errors import ConfigError
from tests.codec.cases import GENERIC, GOLDEN, STRANGE

TABLES = pytest.mark.parametrize("tables", [GENERIC, GOLDEN, STRANGE])


def kraft(lengths: Sequence[int]) -> float:
    return sum(2.0**-n for n in lengths)


def test_lengths_cost_least_of_all_complete_codes(rng: np.random.Generator) -> None:
    longest = 4
    complete = [c for c in product(range(1, longest + 1), repeat=6) if kraft(c) == 1]
    assert len(complete) > 100
    for _ in range(60):
        counts = rng.integers(0, 200, 6) ** int(rng.integers(1, 4))
        weights = 50 * counts + 1
        found = huffman.lengths_of(counts.tolist(), longest)
        assert kraft(found) == 1
        assert (weights * found).sum() == min((weights * c).sum() for c in complete)


def test_lengths_stay_within_twelve_bits_and_every_token_has_one() -> None:
    counts = [2**i for i in range(32)]
    for row in (counts, counts[::-1], [0] * 32, [1 << 50] + [0] * 31):
        found = huffman.lengths_of(row)
        assert min(found) >= 1
        assert max(found) <= 12
        assert kraft(found) == 1


def test_frequencies_sum_up_and_cost_little_more_than_the_entropy(rng: np.random.Generator) -> None:
    for _ in range(50):
        counts = [*(rng.pareto(0.6, 31) * 20).astype(int).tolist(), 0]
        found = np.array(tans.frequencies_of(counts))
        assert found.sum() == 256
        assert found[31] >= 1
        weights = np.array(counts)[:31]
        total = weights.sum()
        kept = (weights > 0) & (found[:31] > 0)
        cost = np.where(kept, 8 - np.log2(np.maximum(found[:31], 1)), 13 - np.log2(found[31]))
        bits = (weights * cost).sum() / total
        share = weights[weights > 0] / total
        assert bits <= -(share * np.log2(share)).sum() + 0.1


@TABLES
def test_huffman_memories_decode_every_window(tables: Tables) -> None:
    limits, offsets, symbols = huffman_decode_roms(tables)
    encode = huffman_encode_rom(tables)
    assert (len(limits.words), len(offsets.words), len(symbols.words)) == (16, 16, 512)
    assert len(encode.words) == 512
    for context in range(16):
        limit, offset = limits.words[context], offsets.words[context]
        for token in range(32):
            word = encode.words[context * 32 + token]
            length, code = word >> 12, word & 0xFFF
            assert code < 1 << length
            # As the comparing decoder does: the next 12 bits, first bit most significant.
            window = int(format(code, "012b")[::-1], 2)
            for rest in (0, (1 << 12 - length) - 1):
                bits = window | rest
                found = next(
                    n
                    for n in range(1, 13)
                    if limit >> 78 + n - 1 & 1
                    and bits >> 12 - n <= limit >> n * (n - 1) // 2 & (1 << n) - 1
                )
                assert found == length
                place = (bits >> 12 - found) + (offset >> 5 * (found - 1)) & 31
                assert symbols.words[context * 32 + place] == token
    assert all(word < 1 << rom.width for rom in (limits, offsets, symbols) for word in rom.words)


@TABLES
def test_tans_memories_undo_each_other(tables: Tables) -> None:
    decode = tans_decode_rom(tables)
    symbols, states = tans_encode_roms(tables)
    assert (len(decode.words), len(symbols.words), len(states.words)) == (4096, 512, 4096)
    for context in range(16):
        seen = 0
        for token in range(32):
            word = symbols.words[context * 32 + token]
            bits, limit, start = word >> 16, 256 + (word >> 8 & 255), word & 255
            assert (bits == 0) == (tables.frequencies[context][token] == 0)
            for x in range(256, 512) if bits else ():
                n = bits if x >= limit else bits - 1
                state = states.words[context * 256 + (start + (x >> n)) % 256]
                row = decode.words[context * 256 + state]
                assert (row >> 12, row >> 8 & 15) == (token, n)
                assert (row & 255) + (x & (1 << n) - 1) == x - 256
                seen += 1
        assert seen == 256 * sum(f > 0 for f in tables.frequencies[context])


def test_memories_are_text_and_numbers() -> None:
    rom = tans_decode_rom(GENERIC)
    lines = rom.hex().splitlines()
    assert [int(line, 16) for line in lines] == list(rom.words)
    assert {len(line) for line in lines} == {5}
    assert rom.literal() & (1 << 17) - 1 == rom.words[0]
    assert rom.literal() >> 17 * 4095 == rom.words[4095]


def test_tables_pack_into_768_bytes() -> None:
    for tables in (GENERIC, GOLDEN, STRANGE):
        assert len(tables.pack()) == 768
        assert Tables.unpack(tables.pack()) == tables
    assert GENERIC.key != GOLDEN.key
    with pytest.raises(ConfigError, match="768 bytes"):
        Tables.unpack(bytes(767))


def test_what_is_no_table_set_is_refused() -> None:
    good = GOLDEN
    row = list(good.lengths[0])
    row[0] += 1
    with pytest.raises(ConfigError, match="context 15 are no complete code"):
        Tables((*good.lengths[:15], tuple(row)), good.frequencies)
    some = list(good.frequencies[3])
    some[0] -= 1
    with pytest.raises(ConfigError, match="context 3 do not sum to 256"):
        Tables(good.lengths, (*good.frequencies[:3], tuple(some), *good.frequencies[4:]))
    none = (256, *(0,) * 31)
    with pytest.raises(ConfigError, match="escape token"):
        Tables(good.lengths, (none,) * 16)
    with pytest.raises(ConfigError, match="16 rows of 32"):
        Tables(good.lengths[:15], good.frequencies)


def test_calibrated_tables_are_better_than_others(rng: np.random.Generator) -> None:
    values = np.clip(rng.geometric(0.3, (16, 16, 16)) - 1, 0, 255)
    context, token = contexts(values, False), split(values)[0]
    counts = np.zeros((16, 32), np.int64)
    np.add.at(counts, (context, token), 1)
    own = Tables.of(counts)
    for coder in Coder:
        sizes = [
            Header.unpack(encode_block(values, Format(8, tables, coder), 0)).words
            for tables in (own, GENERIC, STRANGE)
        ]
        assert sizes[0] < sizes[1] < sizes[2]


def test_tokens_hold_every_value() -> None:
    values = np.arange(1 << 15)
    tokens, raw, widths = split(values)
    assert tokens.max() == 31
    assert split(np.array([(1 << 14) - 1]))[0] == 29  # b = 14 leaves 31 to the escape
    for value in (0, 7, 8, 11, 12, 15, 16, 32767, *range(0, 1 << 15, 97)):
        assert raw_width(int(tokens[value])) == widths[value]
        assert joined(int(tokens[value]), int(raw[value])) == value


def test_zig_zag_takes_no_bit_more() -> None:
    values = np.array([0, -1, 1, -2, 2, -128, 127])
    coded = unsigned(values, True)
    assert coded.tolist() == [0, 1, 2, 3, 4, 255, 254]
    assert restored(coded, True).tolist() == values.tolist()
    assert unsigned(values, False) is values


def test_contexts_look_at_four_neighbours() -> None:
    assert [len(steps) + 1 for _, steps in LADDERS] == [3, 5, 8]
    assert [context_of(s, 0) for s in (0, 1, 2, 3, 200)] == [0, 1, 1, 2, 2]
    assert [context_of(s, 3) for s in (2, 4, 8, 16, 47, 48)] == [3, 4, 5, 6, 6, 7]
    assert [context_of(s, 6) for s in (6, 8, 16, 24, 32, 48, 96, 384)] == list(range(8, 16))
    block = np.zeros((3, 4, 2), np.int64)
    block[1, 1, 0] = 500  # clipped to 127
    found = contexts(block, False)
    assert not found[:, :, 1].any()
    expected = np.zeros((3, 4), int)
    expected[1, 2] = expected[2, 1] = 7  # S = 254, n = 2
    expected[2, 0] = expected[2, 2] = 2  # S = 127, n = 1
    assert found[:, :, 0].tolist() == expected.tolist()
    weighted = contexts(block, False, np.array([0, 3, *[0] * 126]))
    assert set(weighted[:, :, 1].ravel().tolist()) == {2}


def test_bits_are_least_significant_first() -> None:
    assert pack([0b1, 0b10, 0], [1, 3, 0]) == bytes([0b0101, 0])
    reader = Reader(bytes([0b0101, 0xFF]))
    assert (reader.take(1), reader.take(3), reader.take(4)) == (1, 2, 0)
    assert (reader.left, reader.over) == (8, False)
    assert (reader.take(9), reader.over) == (0xFF, True)
