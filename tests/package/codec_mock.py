# SPDX-License-Identifier: Apache-2.0
"""The engine's C driver as a library, with a register file in place of the core."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.package.c_library import c_library
from tests.package.codec_package import Built

MOCK = """
#include <stdint.h>

/* A register file in place of the core; what is written is kept in order. */
uint32_t mock[128];
uint32_t mock_log[65536][2];
unsigned mock_writes;
/* Reads of the state before the engines stand still. */
unsigned mock_patience;

uint32_t mock_read(uintptr_t address)
{
    const uint32_t word = (uint32_t)(address - 0x1000u) / 4;
    if (word == 3 && mock_patience > 0 && --mock_patience == 0) {
        mock[3] &= ~3u;
    }
    return mock[word];
}

void mock_write(uintptr_t address, uint32_t value)
{
    mock_log[mock_writes % 65536][0] = (uint32_t)(address - 0x1000u);
    mock_log[mock_writes++ % 65536][1] = value;
}
"""


@dataclass(frozen=True)
class Bare:
    """The C driver as a library, its registers in a mock."""

    made: Built
    library: Any
    core: Any

    def call(self, name: str, *arguments: Any) -> int:
        function = getattr(self.library, f"{self.made.core.base}_{name}")
        return int(function(ctypes.byref(self.core), *arguments))

    def plain(self, name: str, *arguments: Any, result: Any = ctypes.c_int) -> int:
        function = getattr(self.library, f"{self.made.core.base}_{name}")
        function.restype = result
        return int(function(*arguments))

    def set(self, name: str, word: int) -> None:
        offset = next(r.offset for r in self.made.registers if r.name == name)
        (ctypes.c_uint32 * 128).in_dll(self.library, "mock")[offset // 4] = word

    def patience(self, reads: int) -> None:
        ctypes.c_uint.in_dll(self.library, "mock_patience").value = reads

    def taken(self) -> list[tuple[str, int]]:
        count = ctypes.c_uint.in_dll(self.library, "mock_writes")
        log = (ctypes.c_uint32 * 2 * 65536).in_dll(self.library, "mock_log")
        names = {r.offset: r.name for r in self.made.registers}
        found = [(names[log[i][0]], int(log[i][1])) for i in range(count.value)]
        count.value = 0
        return found


def compiled(made: Built, folder: Path) -> Bare:
    base = made.core.base
    library = c_library(made.ip, [f"{base}.c", f"{base}_tables.c"], MOCK, folder)
    bare = Bare(made, library, ctypes.c_void_p(0))
    for register in made.registers:
        bare.set(register.name, register.reset or 0)
    assert bare.call("open", ctypes.c_void_p(0x1000)) == 0
    return bare
