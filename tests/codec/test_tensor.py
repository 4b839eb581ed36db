# SPDX-License-Identifier: Apache-2.0
"""Whole tensors: cuts, layouts, random access, damage."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from hwgen.codec.block import SPECIFICATION, Engine, Format
from hwgen.codec.tensor import COMPILE_FROM, Coded, compiled, encode, engine_for
from hwgen.codec.wire import Coder, Descriptor, Fault, Grid, Header, pack_index, unpack_index
from hwgen.errors import ConfigError
from tests.codec.cases import GENERIC, drawn

CHANNELS = (1, 2, 3, 4, 5, 7, 8, 9, 16, 20, 31, 64, 130, 512)


def tensor(
    rng: np.random.Generator, shape: tuple[int, int, int], form: Format, slotted: bool = False
) -> tuple[np.ndarray, Coded]:
    values = drawn(form, shape, rng)
    return values, encode(values, Grid.of(*shape), form, slotted)


def test_cuts_are_within_the_limits_and_cover_everything(rng: np.random.Generator) -> None:
    for _ in range(300):
        shape = tuple(int(n) for n in rng.choice([1, 3, 7, 8, 14, 28, 56, 65, 200, 1000], 3))
        for unit in (8, 16, 32, 128):
            grid = Grid.of(*shape, unit)
            assert grid.bh * grid.bw * grid.bc <= 4096
            assert grid.bc % unit == 0 or grid.bc == shape[2]
            sizes = {grid.shape(n) for n in (0, grid.blocks - 1)}
            assert all(min(size) >= 1 for size in sizes)
    grid = Grid.of(30, 17, 40)
    seen = np.zeros((30, 17, 40), int)
    for number in range(grid.blocks):
        seen[grid.where(number)] += 1
    assert (seen == 1).all()


def test_blocks_are_large_where_maps_are() -> None:
    for shape in ((112, 112, 64), (56, 56, 64), (28, 28, 128), (14, 14, 256), (7, 7, 512)):
        grid = Grid.of(*shape)
        assert grid.size / grid.blocks > 3000


@pytest.mark.parametrize(("side", "block"), [((0, 1, 1), (1, 1, 8)), ((1, 1, 70000), (1, 1, 8))])
def test_shapes_beyond_the_format_are_refused(
    side: tuple[int, int, int], block: tuple[int, int, int]
) -> None:
    with pytest.raises(ConfigError, match="cannot be coded"):
        Grid(*side, *block)
    with pytest.raises(ConfigError, match="blocks of 17x16x16"):
        Grid(20, 20, 16, 17, 16, 16)
    with pytest.raises(ConfigError, match="blocks of 2x2x12"):
        Grid(20, 20, 16, 2, 2, 12)


@pytest.mark.parametrize("coder", Coder)
@pytest.mark.parametrize("slotted", [False, True])
def test_every_channel_count_comes_back(
    coder: Coder, slotted: bool, rng: np.random.Generator
) -> None:
    for channels in CHANNELS:
        form = Format(int(rng.integers(1, 15)), GENERIC, coder, bool(rng.integers(2)))
        shape = (int(rng.integers(1, 9)), int(rng.integers(1, 19)), channels)
        values, coded = tensor(rng, shape, form, slotted)
        found, damages = coded.decode()
        assert not damages
        assert np.array_equal(found, values)
        if slotted:
            assert coded.slot % 64 == 0
            assert len(coded.data) == coded.slot * coded.grid.blocks
        else:
            assert 8 * coded.offsets[-1] == len(coded.data)


def test_any_block_is_decoded_alone(rng: np.random.Generator) -> None:
    form = Format(6, GENERIC, Coder.TANS)
    for slotted in (False, True):
        values, coded = tensor(rng, (20, 21, 40), form, slotted)
        assert coded.grid.blocks > 5
        for number in rng.permutation(coded.grid.blocks):
            found, fault = coded.decode_block(int(number))
            assert fault == Fault.NONE
            assert np.array_equal(found, values[coded.grid.where(int(number))])


def test_layouts_hold_the_same_blocks(rng: np.random.Generator) -> None:
    form = Format(6, GENERIC)
    values, packed = tensor(rng, (20, 21, 40), form)
    slotted = encode(values, packed.grid, form, slotted=True)
    for number in range(packed.grid.blocks):
        alone, slot = packed.block(number), slotted.block(number)
        assert alone is not None
        assert slot is not None
        assert slot == alone + bytes(slotted.slot - len(alone))
    assert slotted.modes == packed.modes
    assert slotted.traffic + len(pack_index(list(packed.offsets))) == packed.traffic


def test_large_tensors_are_compiled_and_the_same(rng: np.random.Generator) -> None:
    assert engine_for(COMPILE_FROM - 1) is None
    assert engine_for(COMPILE_FROM) is compiled() is not None
    form = Format(8, GENERIC, Coder.TANS)
    values, coded = tensor(rng, (32, 33, 34), form)
    assert values.size > COMPILE_FROM
    assert encode(values, coded.grid, form, engine=SPECIFICATION) == coded
    assert np.array_equal(coded.decode(SPECIFICATION)[0], values)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ConfigError, match="shape"):
        encode(np.zeros((2, 2), np.int64), Grid.of(2, 2, 1), Format(8, GENERIC))


# -------------------------------------------------------------------- damage


def corrupted(coded: Coded, rng: np.random.Generator) -> Coded:
    """Return the tensor with one thing wrong: a bit, a cut, an exchange, an index entry."""
    data, offsets = bytearray(coded.data), list(coded.offsets)
    blocks = coded.grid.blocks
    kind = rng.integers(6)
    if kind == 0:  # bits
        for _ in range(int(rng.integers(1, 4))):
            place = int(rng.integers(len(data)))
            data[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:  # a run of bytes
        begin = int(rng.integers(len(data)))
        run = rng.integers(0, 256, int(rng.integers(1, 64)), np.uint8).tobytes()
        data[begin : begin + len(run)] = run[: len(data) - begin]
    elif kind == 2:  # a cut
        del data[int(rng.integers(len(data))) :]
    elif kind == 3:  # two blocks in each other's place
        a, b = (int(n) for n in rng.choice(blocks, 2, replace=False))
        if coded.slot:
            spans = [slice(n * coded.slot, (n + 1) * coded.slot) for n in (a, b)]
            data[spans[0]], data[spans[1]] = data[spans[1]], data[spans[0]]
        else:
            parts = [bytes(coded.block(n) or b"") for n in range(blocks)]
            parts[a], parts[b] = parts[b], parts[a]
            data = bytearray(b"".join(parts))
            offsets = [0, *np.cumsum([len(p) // 8 for p in parts]).tolist()]
    elif kind == 4 and offsets:  # an index entry
        place = int(rng.integers(len(offsets)))
        offsets[place] ^= 1 << int(rng.integers(32 if rng.random() < 0.5 else 8))
    elif offsets:  # a cut or shifted index
        offsets = offsets[1:] if rng.random() < 0.5 else offsets[: int(rng.integers(len(offsets)))]
    return replace(coded, data=bytes(data), offsets=tuple(offsets))


def header_of(coded: Coded, number: int) -> Header:
    return Header.unpack(coded.block(number) or b"")


def hunt(rounds: int, engine: Engine | None, rng: np.random.Generator) -> None:
    """Corrupt so many tensors; every wrong value must be a zero of a block that is told."""
    formats = [
        Format(bits, GENERIC, coder, signed)
        for bits, coder, signed in (
            (4, Coder.TANS, False),
            (8, Coder.HUFFMAN, True),
            (14, Coder.TANS, True),
        )
    ]
    tensors = []
    for form in formats:
        for grid in (Grid(9, 10, 24, 4, 5, 8), Grid(33, 4, 20, 8, 4, 16)):
            values = drawn(form, (grid.height, grid.width, grid.channels), rng)
            tensors += [(values, encode(values, grid, form, slotted)) for slotted in (False, True)]
    told: set[Fault] = set()
    for _ in range(rounds):
        values, coded = tensors[rng.integers(len(tensors))]
        broken = corrupted(coded, rng)
        found, damages = broken.decode(engine)
        told |= {damage.fault for damage in damages}
        if (broken.data, broken.offsets) == (coded.data, coded.offsets):
            assert not damages
            continue
        wrong = {damage.block for damage in damages}
        for number in range(coded.grid.blocks):
            part = found[coded.grid.where(number)]
            if number in wrong:
                assert not part.any()
            else:
                assert np.array_equal(part, values[coded.grid.where(number)])
        # What was changed is told, unless it lies in the filling behind a CRC.
        ends = [8 + 2 * header_of(coded, n).words + 4 for n in range(coded.grid.blocks)]
        same = all(
            (broken.block(n) or b"")[:end] == (coded.block(n) or b"")[:end]
            for n, end in enumerate(ends)
        )
        assert bool(damages) or same
        again, none = coded.decode(engine)
        assert not none
        assert np.array_equal(again, values)
    assert {Fault.CRC, Fault.SEQ, Fault.LEN, Fault.IDX} <= told


def test_damage_is_told_and_becomes_zeros(rng: np.random.Generator) -> None:
    hunt(300, compiled(), rng)
    hunt(40, SPECIFICATION, rng)


@pytest.mark.slow
@pytest.mark.fuzz
def test_ten_thousand_corruptions_are_told(rng: np.random.Generator) -> None:
    hunt(10_000, compiled(), rng)


def test_blocks_far_apart_cannot_change_places(rng: np.random.Generator) -> None:
    # Their numbers agree in the 8 bits that the header holds.
    form = Format(4, GENERIC)
    values = rng.integers(0, 2, (1, 300, 8))
    coded = encode(values, Grid(1, 300, 8, 1, 1, 8), form, slotted=True)
    data = bytearray(coded.data)
    a, b = slice(0, coded.slot), slice(256 * coded.slot, 257 * coded.slot)
    data[a], data[b] = data[b], data[a]
    _, damages = replace(coded, data=bytes(data)).decode()
    assert [(d.block, d.fault) for d in damages] == [(0, Fault.CRC), (256, Fault.CRC)]


# -------------------------------------------------------------------- descriptor and index


def test_descriptors_come_back_and_damage_is_told() -> None:
    made = Descriptor(
        20, 30, 40, 4, 5, 16, 9, True, Coder.TANS, 3, False, False, 0x86, 17, (1, 2, 3), (4, 5, 6),
        7, 0, 1 << 33, 64, 99, 0x89ABCDEF, 1234,
    )  # fmt: skip
    data = made.pack()
    assert len(data) == 72
    assert Descriptor.unpack(data) == made
    for bit in range(576):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ConfigError, match="descriptor"):
            Descriptor.unpack(bytes(changed))
    with pytest.raises(ConfigError, match="no tensor descriptor"):
        Descriptor.unpack(data[:71])


def test_descriptors_of_other_versions_are_refused() -> None:
    import zlib

    for place, value, words in ((4, 3, "version 3"), (6, 0, "no sense"), (7, 16, "no sense")):
        body = bytearray(Descriptor(1, 1, 1, 1, 1, 1, 8).pack()[:68])
        body[place] = value
        with pytest.raises(ConfigError, match=words):
            Descriptor.unpack(bytes(body) + zlib.crc32(bytes(body)).to_bytes(4, "little"))


def test_the_first_version_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="version 1 of the format is unknown"):
        Descriptor.unpack(b"HFM1\1" + bytes(59))


def test_short_indices_read_as_none() -> None:
    assert unpack_index(pack_index([0, 3, 5]), 2) == [0, 3, 5]
    assert unpack_index(b"\0\0\0\0\3", 2) == [0, 0, 0]


# -------------------------------------------------------------------- engines


def test_without_numba_the_specification_runs(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    form = Format(6, GENERIC, Coder.TANS)
    values, coded = tensor(rng, (32, 33, 34), form)
    monkeypatch.setitem(sys.modules, "hwgen.codec.kernels", None)
    compiled.cache_clear()
    try:
        assert engine_for(values.size) is None
        assert encode(values, coded.grid, form) == coded
    finally:
        compiled.cache_clear()
