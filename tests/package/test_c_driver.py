# SPDX-License-Identifier: Apache-2.0
"""The bare-metal driver: it compiles, and finds registers and frames where they are."""

from __future__ import annotations

import ctypes
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.api.folder import BuildFolder
from hwgen.api.samples import to_codes
from hwgen.package.network.c_driver import c_driver
from hwgen.verify.vectors import Vectors
from tests.package.c_library import FLAGS, HOOKS, c_library
from tests.package.conftest import Packed, load

MOCK = """
#include <stdint.h>
#include <string.h>

/* A register file in place of the core: 16 words, of which the tests set and see any. */
uint32_t mock[16];
uint32_t mock_written[64];
unsigned mock_writes;

uint32_t mock_read(uintptr_t address) { return mock[(address - 0x1000u) / 4]; }

void mock_write(uintptr_t address, uint32_t value)
{
    mock[(address - 0x1000u) / 4] = value;
    mock_written[mock_writes++ % 64] = value;
}
"""


def compiled(packed: Packed, folder: Path) -> Any:
    """The C driver as a library, its registers in a mock."""
    return c_library(packed.ip, [f"{packed.core.base}.c"], MOCK, folder)


def test_c_header_is_the_description(packed: Packed) -> None:
    text = (packed.ip / "drivers" / "c" / f"{packed.core.base}_regs.h").read_text("utf-8")
    upper = f"{packed.core.base}_regs".upper()
    told = {
        (register.lower(), field.lower()): (int(low), int(width))
        for register, field, low, width in re.findall(
            rf"#define {upper}__(\w+?)__(\w+)_bp (\d+)\n#define {upper}__\w+_bw (\d+)", text
        )
    }
    assert told == {(r.name, f.name): (f.low, f.width) for r in packed.registers for f in r.fields}
    struct = re.search(r"typedef struct .*?\{(.*?)\}", text, re.S)
    assert struct
    words = re.findall(r"uint32_t (\w+);", struct[1])
    assert [(name, 4 * i) for i, name in enumerate(words)] == [
        (r.name, r.offset) for r in packed.registers
    ]


def test_c_driver_compiles_without_a_warning_and_opens_its_core(
    tiny: Packed, tmp_path: Path
) -> None:
    driver = compiled(tiny, tmp_path)
    words = (ctypes.c_uint32 * 16).in_dll(driver, "mock")
    offsets = {r.name: r.offset // 4 for r in tiny.registers}
    core = ctypes.c_void_p()
    place, base = ctypes.byref(core), ctypes.c_void_p(0x1000)
    assert driver.hwg_tiny_open(place, base) == 1  # all zero: no core
    for register in tiny.registers:
        words[register.offset // 4] = register.reset or 0
    assert driver.hwg_tiny_open(place, base) == 0
    words[offsets["digest_hi"]] ^= 1
    assert driver.hwg_tiny_open(place, base) == 2
    words[offsets["digest_hi"]] ^= 1

    driver.hwg_tiny_enable(place, 0)
    assert words[offsets["control"]] == 0
    driver.hwg_tiny_enable(place, 1)
    assert words[offsets["control"]] == 1
    written = (ctypes.c_uint32 * 64).in_dll(driver, "mock_written")
    count = ctypes.c_uint.in_dll(driver, "mock_writes")
    before = count.value
    driver.hwg_tiny_reset(place)
    assert list(written[before : count.value]) == [3, 1]
    driver.hwg_tiny_clear(place)
    assert written[count.value - 1] == 5
    driver.hwg_tiny_batch(place, 77)
    assert words[offsets["batch"]] == 77
    words[offsets["status"]] = 5
    assert driver.hwg_tiny_status(place) == 5
    for way in ("in", "out"):
        words[offsets[f"samples_{way}_lo"]], words[offsets[f"samples_{way}_hi"]] = 9, 1 << 31
        function = getattr(driver, f"hwg_tiny_samples_{way}")
        function.restype = ctypes.c_uint64
        assert function(place) == (1 << 63) + 9


def test_c_driver_packs_and_unpacks_as_the_python_one(branchy: Packed, tmp_path: Path) -> None:
    driver, module = compiled(branchy, tmp_path), load(branchy)
    vectors = Vectors.load(branchy.build / "vectors.npz")
    size_t = ctypes.c_size_t
    for name, port in module.INPUTS.items():
        kind = np.dtype(f"i{port['container'] // 8}")
        codes = np.ascontiguousarray(vectors.inputs[name].astype(kind))
        stride = port["beats"] * module.DATA_WIDTH // 8
        data = np.zeros((len(codes), stride), np.uint8)
        pack = getattr(driver, f"hwg_branchy_pack_{name}")
        pack(codes.ctypes.data_as(ctypes.c_void_p), size_t(len(codes)), size_t(stride),
             data.ctypes.data_as(ctypes.c_void_p))  # fmt: skip
        np.testing.assert_array_equal(data, module.pack(vectors.inputs[name], port))
    for name, port in module.OUTPUTS.items():
        sign = "i" if port["signed"] else "u"
        data = np.ascontiguousarray(module.pack(vectors.outputs[name], port))
        codes = np.zeros(vectors.outputs[name].shape, np.dtype(f"{sign}{port['container'] // 8}"))
        unpack = getattr(driver, f"hwg_branchy_unpack_{name}")
        unpack(data.ctypes.data_as(ctypes.c_void_p), size_t(len(codes)), size_t(data.shape[1]),
               codes.ctypes.data_as(ctypes.c_void_p))  # fmt: skip
        np.testing.assert_array_equal(codes, vectors.outputs[name])


def test_c_driver_makes_the_codes_of_values_as_predict_does(
    scaled: Packed, branchy: Packed, tmp_path: Path
) -> None:
    for packed in (scaled, branchy):
        folder = tmp_path / packed.core.base
        folder.mkdir()
        driver = compiled(packed, folder)
        graph = BuildFolder.open(packed.build).graph
        rng = np.random.default_rng(1)
        x = {n.name: rng.normal(0, 8, (200, *n.type.shape)) for n in graph.inputs}
        for node in graph.inputs:  # ties and both ends
            ties = (np.arange(node.type.size * 40) - 700.5).reshape(40, *node.type.shape)
            x[node.name][:40] = np.ldexp(ties, -node.type.frac)
            x[node.name][40], x[node.name][41] = 1e300, -1e300
        wanted, _ = to_codes(graph, x)
        for name, port in load(packed).INPUTS.items():
            sign = "i" if port["signed"] else "u"
            codes = np.zeros(x[name].shape, np.dtype(f"{sign}{port['container'] // 8}"))
            values = np.ascontiguousarray(x[name])
            function = getattr(driver, f"{packed.core.base}_quantize_{name}")
            function(values.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(len(values)),
                     codes.ctypes.data_as(ctypes.c_void_p))  # fmt: skip
            np.testing.assert_array_equal(codes, wanted[name])


def test_c_sizes_are_those_of_the_frames(packed: Packed) -> None:
    text = dict(c_driver(packed.core).files)[f"{packed.core.base}.h"]
    for side, streams in (("IN", packed.core.inputs), ("OUT", packed.core.outputs)):
        for stream in streams:
            tag = f"{packed.core.base.upper()}_{side}_{stream.name.upper()}"
            assert f"#define {tag}_ELEMENTS {stream.size}\n" in text
            assert f"#define {tag}_BYTES {stream.bytes} " in text
            assert (
                f"#define {tag}_BATCH_BYTES {stream.beats * packed.core.data_width // 8} " in text
            )


# ------------------------------------------------------------------ the example

SYSTEM = """
#include <stdint.h>
#include <string.h>

/* Registers of the core at 0x1000, AXI DMAs from 0x100000 on, 0x10000 apart, and a cache that no
   DMA sees: memory is what was flushed into it, and the processor sees what it invalidates. */
#include "streams.h"

typedef struct { uintptr_t address; size_t count; uint8_t bytes[4096]; } range;
static uint32_t core[16] = CORE;
static range memory[16];
static uint32_t dma[PORTS][0x60 / 4];
static int moved[PORTS];

static range *range_at(uintptr_t address)
{
    unsigned i = 0;
    while (memory[i].address && memory[i].address != address) { i++; }
    memory[i].address = address;
    return memory + i;
}

void mock_flush(uintptr_t address, size_t count)
{
    range *found = range_at(address);
    found->count = count;
    memcpy(found->bytes, (const void *)address, count);
}

void mock_invalidate(uintptr_t address, size_t count)
{
    range *found = range_at(address);
    memcpy((void *)address, found->bytes, count < found->count ? count : found->count);
}

uint32_t mock_read(uintptr_t address)
{
    if (address < 0x100000) { return core[(address - 0x1000) / 4]; }
    return dma[(address - 0x100000) >> 16][(address & 0xffff) / 4];
}

void mock_write(uintptr_t address, uint32_t value)
{
    if (address < 0x100000) { core[(address - 0x1000) / 4] = value; return; }
    const unsigned port = (unsigned)((address - 0x100000) >> 16), place = address & 0xffff;
    uint32_t *word = dma[port];
    const unsigned way = place < 0x30 ? 0 : 0x30 / 4;
    if (place % 0x30 == 0) { word[place / 4] = value & ~4u; return; }  /* a reset is over at once */
    word[place / 4] = value;
    if (place % 0x30 != 0x28 || !(word[way] & 1)) { return; }
    const uintptr_t at = word[way + 6] | (uintptr_t)((uint64_t)word[way + 7] << 32);
    const unsigned stream = SINGLE ? (way ? 1 : 0) : port;
    range *found = range_at(at);
    if (way == 0) {
        moved[stream] = found->count == SIZES[stream] && value == SIZES[stream]
            && memcmp(found->bytes, STREAMS[stream], value) == 0;
        word[1] |= 2;
    } else {
        moved[stream] = value == SIZES[stream];
        memcpy(found->bytes, STREAMS[stream], SIZES[stream]);
        found->count = SIZES[stream];
    }
    int all = core[BATCH] == SAMPLES_SENT;
    for (unsigned i = 0; i < PORTS; i++) { all = all && moved[i]; }
    for (unsigned i = 0; all && i < PORTS; i++) { dma[SINGLE ? 0 : i][0x34 / 4] |= 2; }
}
"""
CACHE = """
#include <stddef.h>
void mock_flush(uintptr_t address, size_t count);
void mock_invalidate(uintptr_t address, size_t count);
#define HWG_CACHE_FLUSH(address, bytes) mock_flush(address, bytes)
#define HWG_CACHE_INVALIDATE(address, bytes) mock_invalidate(address, bytes)
"""
Words = dict[str, int]


def streams_of(ports: int) -> str:
    return ", ".join(f"stream{i}" for i in range(ports))


def system(packed: Packed, folder: Path, words: Words, spoil: int = 0, hooks: str = "") -> int:
    """Run the package's example on an invented system and return what it ends with.

    Args:
        packed: the package.
        folder: to work in.
        words: of registers, where they are not to be those of the core.
        spoil: bits that are turned in the last byte of the first result.
        hooks: behind the header of the mock.
    """
    module = load(packed)
    vectors = Vectors.load(packed.build / "vectors.npz")
    streams = [module.pack(vectors.inputs[name][:4], port) for name, port in module.INPUTS.items()]
    results = [
        module.pack(vectors.outputs[name][:4], port) for name, port in module.OUTPUTS.items()
    ]
    size = next(iter(module.OUTPUTS.values()))["container"] // 8
    results[0][0, size - 1] ^= spoil
    streams += results
    ports = len(streams)
    known = {r.offset // 4: words.get(r.name, r.reset or 0) for r in packed.registers}
    offsets = {r.name: r.offset for r in packed.registers}
    rows = [", ".join(map(str, stream.reshape(-1).tolist())) for stream in streams]
    (folder / "streams.h").write_text(
        f"enum {{ PORTS = {ports}, SINGLE = {int(ports == 2)}, SAMPLES_SENT = 4, "
        f"BATCH = {offsets['batch'] // 4} }};\n"
        f"#define CORE {{{', '.join(str(known.get(i, 0)) + 'u' for i in range(16))}}}\n"
        f"static const size_t SIZES[] = {{{', '.join(str(s.size) for s in streams)}}};\n"
        + "".join(f"static const uint8_t stream{i}[] = {{{row}}};\n" for i, row in enumerate(rows))
        + f"static const uint8_t *const STREAMS[] = {{{streams_of(ports)}}};\n"
    )
    names = [f"in_{name}" for name in module.INPUTS] + [f"out_{name}" for name in module.OUTPUTS]
    places = {f"DMA_{name.upper()}": 0x100000 + (0 if ports == 2 else i << 16)
              for i, name in enumerate(names)}  # fmt: skip
    (folder / "system.c").write_text(SYSTEM)
    (folder / "hooks.h").write_text(HOOKS + CACHE + hooks)
    source, program = packed.ip / "drivers" / "c", folder / "example"
    command = [
        "gcc", *FLAGS, "-I", str(source), "-I", str(folder), "-include", str(folder / "hooks.h"),
        "-DBASE=0x1000u", "-DTRIES=100u", *(f"-D{name}={at}u" for name, at in places.items()),
        str(source / f"{packed.core.base}.c"), str(source / "main.c"), str(folder / "system.c"),
        "-o", str(program),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return subprocess.run([str(program)], check=False, timeout=60).returncode


def test_the_example_sends_samples_and_compares_results(packed: Packed, tmp_path: Path) -> None:
    assert system(packed, tmp_path, {}) == 0
    assert system(packed, tmp_path, {}, spoil=1) == 5


def without(hook: str) -> str:
    """Hooks of a system that forgets one: the data never reaches the other side."""
    name = f"HWG_CACHE_{hook}"
    return f"#undef {name}\n#define {name}(a, b) ((void)(a), (void)(b))\n"


@pytest.mark.parametrize(
    ("words", "hooks", "code"),
    [
        ({"id": 0}, "", 1),
        ({"digest_lo": 1}, "", 2),
        ({}, without("FLUSH"), 3),
        ({"status": 1}, without("FLUSH"), 4),
        ({}, without("INVALIDATE"), 5),
    ],
)
def test_the_example_tells_what_is_wrong(
    words: Words, hooks: str, code: int, tiny: Packed, tmp_path: Path
) -> None:
    assert system(tiny, tmp_path, words, hooks=hooks) == code
