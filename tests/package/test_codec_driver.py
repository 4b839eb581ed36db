# SPDX-License-Identifier: Apache-2.0
"""The engine's drivers: C and Python write what the register model has, and tell of faults."""

from __future__ import annotations

import ctypes
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.codec.tensor import encode
from hwgen.codec.wire import Descriptor
from hwgen.package.codec_engine.bench import READER, WRITER, beats, describe, load
from tests.package.codec_mock import Bare, compiled
from tests.package.codec_package import KINDS, Built, Registers, built, overlay, python, some_plan

OK, NO_CORE, OTHER_CORE, NO_DESCRIPTOR, DOES_NOT_FIT, BUSY, TIMEOUT, FAULT = range(8)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(tmp_path_factory.mktemp("codec"), some_plan(), **KINDS["planned"] | {"lanes": 3})


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A reader alone, Huffman, wide values, long addresses, no plan."""
    return built(
        tmp_path_factory.mktemp("small"), None, lanes=1, coder="huffman", bits=15, bus=128,
        writer=False, name="far_1",
    )  # fmt: skip


@pytest.fixture(scope="module")
def bare(made: Built, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    return compiled(made, tmp_path_factory.mktemp("bare"))


def c_bytes(data: bytes) -> Any:
    return (ctypes.c_uint8 * len(data)).from_buffer_copy(data)


# ------------------------------------------------------------------ what they write


def wanted(made: Built, name: str, engine: int, slotted: bool) -> tuple[bytes, dict[str, int]]:
    """A descriptor of a map, and the words of the registers that the model has for it."""
    assert made.plan
    choice, form = made.plan[name], made.form(name)
    slot = choice.grid.slot(form.bits) if slotted else 0
    data, index, room = 0x12340040, 0 if slotted else 0x89ABCDC0, 0x3210
    words = describe(engine, choice.grid, form, slot, data, index, room)
    return choice.descriptor(data, index, room, slot).pack(), words


@pytest.mark.parametrize("slotted", [False, True])
@pytest.mark.parametrize("engine", [WRITER, READER])
@pytest.mark.parametrize("name", ["relu1", "pool \u00e9", "relu2"])
def test_both_drivers_describe_a_tensor_as_the_model_does(
    made: Built, bare: Bare, name: str, engine: int, slotted: bool
) -> None:
    descriptor, words = wanted(made, name, engine, slotted)
    key = made.form(name).fingerprint
    assert words[f"tensor{engine}_key"] == zlib.crc32(bytes(4), key)
    assert bare.call("describe", engine, c_bytes(descriptor), ctypes.c_uint32(key), 0) == OK
    assert bare.taken() == list(words.items())
    _, driver, registers = python(made)
    driver.describe(engine, descriptor, key)
    assert registers.taken() == list(words.items())


@pytest.mark.parametrize("name", ["relu1", "relu2"])
def test_both_drivers_describe_a_single_block(made: Built, bare: Bare, name: str) -> None:
    assert made.plan
    choice, form = made.plan[name], made.form(name)
    grid = replace(choice.grid, bh=2, bw=3, bc=8)
    slot, data = grid.slot(form.bits), 1 << 20
    whole = replace(choice, block=(2, 3, 8)).descriptor(data, 0, grid.blocks * slot, slot).pack()
    module, driver, registers = python(made)
    alone = (ctypes.c_uint8 * 72)()
    for number in range(grid.blocks):
        h, w, c = grid.shape(number)
        lone = replace(grid, height=h, width=w, channels=c, bh=h, bw=w, bc=c)
        words = describe(READER, lone, form, slot, data + number * slot, 0, slot, number)
        descriptor = module.block_of(whole, number)
        driver.describe(READER, descriptor, form.fingerprint, number)
        assert registers.taken() == list(words.items())
        assert bare.plain("block", c_bytes(whole), number, alone) == OK
        assert bytes(alone) == descriptor
        key = ctypes.c_uint32(form.fingerprint)
        assert bare.call("describe", READER, alone, key, number) == OK
        assert bare.taken() == list(words.items())
    assert grid.blocks > 3
    packed = choice.descriptor(data, 64, grid.blocks * slot).pack()
    for bad, number in ((whole, grid.blocks), (packed, 0)):
        assert bare.plain("block", c_bytes(bad), number, alone) == DOES_NOT_FIT
        with pytest.raises(ValueError, match="no such block"):
            module.block_of(bad, number)


def test_both_drivers_fill_the_memories_with_the_plans_tables(made: Built, bare: Bare) -> None:
    expected = list(load(made.core))
    assert len(expected) == 2 * (2 * 4096 + 512 + 2 * 128 + 5)
    base = made.core.base
    sets = (ctypes.c_void_p * 4 * 2).in_dll(bare.library, f"{base}_sets")
    for number in range(2):
        assert bare.call("load", number, ctypes.byref(sets[number])) == OK
    assert bare.taken() == expected
    _, driver, registers = python(made)
    driver.load_tables(made.ip / "tables")
    assert registers.taken() == expected
    assert bare.call("load", 2, ctypes.byref(sets[0])) == DOES_NOT_FIT
    bare.set("status", 2)
    assert bare.call("load", 0, ctypes.byref(sets[0])) == BUSY
    bare.set("status", 0)
    assert not bare.taken()


def test_a_core_without_a_writer_is_loaded_with_decode_tables_alone(
    small: Built, tmp_path: Path
) -> None:
    lone = compiled(small, tmp_path)
    content = (ctypes.c_void_p * 4).in_dll(lone.library, "hwg_far_1_sets")
    assert [bool(place) for place in content] == [True, False, False, False]
    assert lone.call("load", 0, ctypes.byref(content)) == OK
    _, driver, registers = python(small)
    driver.load_tables(small.ip / "tables")
    expected = list(load(small.core))
    assert len(expected) == 4097
    assert lone.taken() == registers.taken() == expected
    high = Descriptor(
        4, 4, 8, 4, 4, 8, bits=15, data=1 << 63, index=(1 << 63) + 64, capacity=7
    ).pack()  # fmt: skip
    assert lone.call("describe", READER, c_bytes(high), ctypes.c_uint32(5), 0) == OK
    driver.describe(READER, high, 5)
    written = lone.taken()
    assert written == registers.taken()
    assert ("tensor1_data_hi", 1 << 31) in written
    assert lone.call("describe", WRITER, c_bytes(high), ctypes.c_uint32(5), 0) == DOES_NOT_FIT
    with pytest.raises(ValueError, match="cannot do that tensor"):
        driver.describe(WRITER, high, 5)


def test_the_maps_of_the_plan_are_in_both(made: Built, bare: Bare) -> None:
    class Map(ctypes.Structure):
        _fields_ = (
            ("name", ctypes.c_char_p),
            ("descriptor", ctypes.c_uint8 * 72),
            ("fingerprint", ctypes.c_uint32),
            ("index_bytes", ctypes.c_uint32),
        )

    assert made.plan
    maps = (Map * 3).in_dll(bare.library, "hwg_codec_maps")
    assert [one.name for one in maps] == [b"relu1", b"pool _", b"relu2"]
    _, driver, _ = python(made)
    driver.load_tables(made.ip / "tables")
    for one, choice in zip(maps, made.plan.choices, strict=True):
        same = driver.maps[choice.name]
        assert bytes(one.descriptor) == same.descriptor
        assert one.fingerprint == same.fingerprint == made.form(choice.name).fingerprint
        assert one.index_bytes == same.index_bytes == -(-4 * (choice.grid.blocks + 1) // 8) * 8
        # Maps that do not code at all fill the room.
        form = made.form(choice.name)
        grid = choice.grid
        wild = np.random.default_rng(3).integers(
            form.lo, form.hi + 1, (grid.height, grid.width, grid.channels)
        )
        stored = encode(wild, grid, replace(form, stored=True))
        assert len(stored.data) == same.room
        placed = bytearray(one.descriptor)
        buffer = (ctypes.c_uint8 * 72).from_buffer(placed)
        bare.library.hwg_codec_place(
            buffer, ctypes.c_uint64(64), ctypes.c_uint64(1 << 40), ctypes.c_uint64(same.room)
        )
        assert bytes(placed) == same.placed(64, 1 << 40)
        bare.library.hwg_codec_mark(buffer, ctypes.c_uint32(0xFEDCBA98))
        assert bytes(placed) == same.placed(64, 1 << 40, nonce=0xFEDCBA98)
        told = Descriptor.unpack(bytes(placed))
        assert told == replace(
            Descriptor.unpack(same.descriptor), data=64, index=1 << 40, nonce=0xFEDCBA98
        )
        assert 8 * told.index_room == one.index_bytes
        key = replace(form, nonce=0xFEDCBA98).key
        fingerprint = ctypes.c_uint32(one.fingerprint)
        assert bare.call("describe", WRITER, c_bytes(bytes(placed)), fingerprint, 0) == (
            DOES_NOT_FIT if made.core.address_bits <= 40 else OK
        )
        low = same.placed(64, 1 << 20, nonce=0xFEDCBA98)
        bare.taken()
        assert bare.call("describe", WRITER, c_bytes(low), fingerprint, 0) == OK
        assert ("tensor0_key", key) in bare.taken()


# ------------------------------------------------------------------ values


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("relu1", (2, 4, 8)),
        ("pool \u00e9", (2, 2, 5)),
        ("relu2", (3, 2, 16)),
        ("relu1", (5, 6, 20)),
    ],
)
def test_both_drivers_lay_values_as_the_engine_takes_them(
    made: Built, bare: Bare, name: str, block: tuple[int, int, int], rng: np.random.Generator
) -> None:
    assert made.plan
    choice, form = replace(made.plan[name], block=block), made.form(name)
    grid = choice.grid
    values = rng.integers(form.lo, form.hi + 1, (grid.height, grid.width, grid.channels))
    flow = b"".join(
        word.to_bytes(made.core.beat, "little") for word, _, _ in beats(made.core, values, grid)
    )
    module, _, _ = python(made)
    descriptor = choice.descriptor(0, 0, 0).pack()
    assert module.pack(descriptor, values).tobytes() == flow
    np.testing.assert_array_equal(module.unpack(descriptor, flow), values)

    size = bare.plain("stream_bytes", c_bytes(descriptor), result=ctypes.c_size_t)
    assert size == len(flow)
    given = np.ascontiguousarray(values.astype(np.int16))
    stream = (ctypes.c_uint8 * size)(*([0xEE] * size))
    place = given.ctypes.data_as(ctypes.c_void_p)
    assert bare.plain("pack", c_bytes(descriptor), place, stream) == OK
    assert bytes(stream) == flow
    again = np.full_like(given, -1)
    assert (
        bare.plain(
            "unpack", c_bytes(descriptor), c_bytes(flow), again.ctypes.data_as(ctypes.c_void_p)
        )
        == OK
    )
    np.testing.assert_array_equal(again, values)
    with pytest.raises(ValueError, match="values are"):
        module.pack(descriptor, values + form.hi - form.lo + 1)
    with pytest.raises(ValueError, match="integers of shape"):
        module.pack(descriptor, values[1:])


# ------------------------------------------------------------------ what they refuse


def test_another_core_is_refused(made: Built, bare: Bare) -> None:
    core = ctypes.c_void_p()
    place, base = ctypes.byref(core), ctypes.c_void_p(0x1000)
    words = {r.name: r.reset or 0 for r in made.registers}
    for name, code, text in (
        ("id", NO_CORE, "no feature-map codec"),
        ("config", OTHER_CORE, "other parameters"),
        ("limits", OTHER_CORE, "other parameters"),
    ):
        bare.set(name, words[name] ^ 1)
        assert bare.plain("open", place, base) == code
        bare.set(name, words[name])
        registers = Registers(made)
        registers.set(name, words[name] ^ 1)
        with pytest.raises(RuntimeError, match=text):
            made.driver().HwgCodec(overlay=overlay(made, registers))


GOOD = Descriptor(4, 5, 16, 4, 5, 16, bits=8, coder=1, data=64, index=128, capacity=99)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bits": 9}, {"table_set": 2}, {"coder": 0}, {"data": 32}, {"index": 8},
        {"data": 1 << 32}, {"index": 1 << 40}, {"bh": 0}, {"width": 0}, {"bh": 64, "bw": 65},
        {"slotted": True, "slot": 0}, {"slotted": True, "slot": 1 << 16}, {"slot": 8},
        {"transform": 128 + 2, "channels": 5000},
    ],
    ids=lambda wrong: "-".join(f"{k}{v}" for k, v in wrong.items()),
)  # fmt: skip
def test_what_the_core_cannot_do_is_refused_and_nothing_is_written(
    made: Built, bare: Bare, wrong: dict[str, Any]
) -> None:
    _, driver, registers = python(made)
    driver.describe(READER, GOOD.pack(), 1)
    assert bare.call("describe", READER, c_bytes(GOOD.pack()), ctypes.c_uint32(1), 0) == OK
    assert bare.taken() == registers.taken() != []
    bad = replace(GOOD, **wrong).pack()
    assert bare.call("describe", READER, c_bytes(bad), ctypes.c_uint32(1), 0) == DOES_NOT_FIT
    with pytest.raises(ValueError, match="the core cannot do"):
        driver.describe(READER, bad, 1)
    assert not bare.taken()
    assert not registers.taken()


def test_a_damaged_descriptor_is_refused(made: Built, bare: Bare) -> None:
    module, driver, registers = python(made)
    for at in (0, 4, 9, 61):
        bad = bytearray(GOOD.pack())
        bad[at] ^= 4
        assert bare.call("describe", 1, c_bytes(bytes(bad)), ctypes.c_uint32(1), 0) == NO_DESCRIPTOR
        assert bare.plain("stream_bytes", c_bytes(bytes(bad)), result=ctypes.c_size_t) == 0
        with pytest.raises(ValueError, match="descriptor"):
            driver.describe(READER, bytes(bad), 1)
        with pytest.raises(ValueError, match="descriptor"):
            module.pack(bytes(bad), np.zeros((4, 5, 16), int))
    bare.set("status", 2)
    registers.set("status", 2)
    assert bare.call("describe", READER, c_bytes(GOOD.pack()), ctypes.c_uint32(1), 0) == BUSY
    bare.set("status", 0)
    with pytest.raises(RuntimeError, match="at work"):
        driver.describe(READER, GOOD.pack(), 1)
    assert not bare.taken()
    assert not registers.taken()


# ------------------------------------------------------------------ what they are made of


@pytest.mark.parametrize("which", ["made", "small"])
def test_registers_of_the_drivers_are_the_description(
    which: str, request: pytest.FixtureRequest
) -> None:
    found: Built = request.getfixturevalue(which)
    module = found.driver()
    assert {r.name: r.offset for r in found.registers} == module.REGISTERS
    fields = {r.name: {f.name: (f.low, f.width) for f in r.fields} for r in found.registers}
    assert fields == module.FIELDS
    base = found.core.base
    text = (found.ip / "drivers" / "c" / f"{base}_regs.h").read_text("utf-8")
    upper = f"{base}_regs".upper()
    for name, value in (
        ("LANES", found.core.lanes), ("BITS", found.core.bits), ("SETS", found.core.sets),
        ("WRITER", int(found.core.writer)), ("WEIGHTED", int(found.core.weighted)),
    ):  # fmt: skip
        told = re.search(rf"#define {upper}__CONFIG__{name}_reset (\w+)", text)
        assert told
        assert int(told[1], 16) == value
