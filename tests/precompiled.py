# SPDX-License-Identifier: Apache-2.0
"""Verilator's headers, compiled once a machine: every model that a test compiles takes 0.5 s less.

A precompiled header fits one compiler and one set of flags (those of `compile_rtl` without
optimisation and waveforms); g++ reads the text instead wherever the flags differ. It takes 70 MB,
which is why the package itself does without. Make hears of it by a makefile that it reads before
any other (variable ``MAKEFILES``).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from hwgen import tools
from hwgen.errors import HwgenError
from hwgen.verify import simulators

NAME = "hwgen_verilated.h"
TEXT = '#include "verilated.h"\n#include "verilated_dpi.h"\n'
# The second part: Verilator precompiles headers of its own for a large model, twice.
MAKE = """\
USER_CPPFLAGS := -I{folder} -include {name}
override VK_PCH_I_FAST :=
override VK_PCH_I_SLOW :=
override CFG_CXXFLAGS_PCH := -E
"""
SWITCHES = ("COVERAGE", "SC", "TIMING", "TRACE", "TRACE_FST", "TRACE_VCD", "TRACE_SAIF")


def use_precompiled_headers() -> None:
    """Let every make under this process compile Verilator's models with the precompiled header."""
    try:
        makefile = _prepared()
    except (HwgenError, KeyError, OSError):
        return  # slower, and no less right: the tests say which tool is missing
    os.environ["MAKEFILES"] = str(makefile)


def _prepared() -> Path:
    """Return the makefile that lets a model be compiled with the header, which is there then.

    Raises:
        HwgenError, OSError: a tool is missing, or the folder cannot be written.
        KeyError: Verilator is the system's, whose headers are elsewhere.
    """
    verilator, compiler = simulators.verilator(), simulators.compiler()
    # One header for all checkouts that share an environment by a link.
    include = Path(verilator.env["VERILATOR_ROOT"]).resolve() / "include"
    flags = [
        "-O0", f"-I{include}", f"-I{include / 'vltstd'}", "-DVERILATOR=1",
        *(f"-DVM_{switch}=0" for switch in SWITCHES),
    ]  # fmt: skip
    key = hashlib.sha256(f"{compiler.version()} {verilator.version()} {flags} {MAKE}".encode())
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "hwgen" / f"headers-{key.hexdigest()[:16]}"
    header, made = folder / NAME, folder / f"{NAME}.gch"
    makefile = folder / "hwgen_verilated.mk"
    if not made.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        header.write_text(TEXT, encoding="utf-8")
        makefile.write_text(MAKE.format(folder=folder, name=NAME), encoding="utf-8")
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            part = Path(fresh) / "part.gch"
            command = [str(compiler.path), *flags, "-x", "c++-header", str(header)]
            tools.run([*command, "-o", str(part)], what=NAME)
            os.replace(part, made)  # whole or not at all
    return makefile
