# SPDX-License-Identifier: Apache-2.0
"""A package's C driver as a shared library, its registers in a mock."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
HOOKS = """
#include <stdint.h>
uint32_t mock_read(uintptr_t address);
void mock_write(uintptr_t address, uint32_t value);
#define HWG_READ32(address) mock_read(address)
#define HWG_WRITE32(address, value) mock_write(address, value)
"""


def c_library(ip: Path, names: Sequence[str], mock: str, folder: Path) -> ctypes.CDLL:
    """Compile sources of a package's C driver with the functions of *mock*, without a warning."""
    source = ip / "drivers" / "c"
    (folder / "mock.c").write_text(mock)
    (folder / "hooks.h").write_text(HOOKS)
    library = folder / "driver.so"
    command = [
        "gcc", *FLAGS, "-shared", "-fPIC", "-I", str(source), "-include", str(folder / "hooks.h"),
        *(str(source / name) for name in names), str(folder / "mock.c"), "-o", str(library),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(library))
