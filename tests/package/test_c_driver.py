# SPDX-License-Identifier: Apache-2.0
"""The bare-metal driver: it compiles, and finds registers and frames where they are."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.package.network.drivers import c_driver
from hwgen.verify.vectors import Vectors
from tests.package.c_library import c_library
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
