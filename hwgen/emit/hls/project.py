# SPDX-License-Identifier: Apache-2.0
"""Scripts that take the C++ to Vitis HLS, Vivado HLS and Catapult."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hwgen.design.names import ModuleNames
from hwgen.design.types import Design
from hwgen.emit.hls.bench import filled

# File in the build, by template; docs/hls.md says which tool runs which.
SCRIPTS = {
    "hls_config.cfg": "hls_config.cfg.in",
    "vitis_hls.tcl": "vitis_hls.tcl.in",
    "vivado_hls.tcl": "vivado_hls.tcl.in",
    "catapult.tcl": "catapult.tcl.in",
}


@dataclass(frozen=True)
class Device:
    """Device that the scripts aim at.

    Attributes:
        part: as its vendor's tool names it.
        clock_mhz: of the constraint.
    """

    part: str
    clock_mhz: float


def code_files(hls: Path, design: Design) -> list[Path]:
    """Return the C++ files in ``hls/`` of a build that the top function is made of.

    Args:
        hls: the folder.
        design: of the build; its benches and the AXI-Stream top are left out.
    """
    names = ModuleNames.of(design)
    apart = {f"{one}.cpp" for one in (names.axis, f"{names.axis}_bench", f"{names.top}_bench")}
    return [file for file in sorted(hls.glob(f"{names.top}*.cpp")) if file.name not in apart]


def project_files(
    top: str, sources: Sequence[str], device: Device, pipelined: bool
) -> dict[str, bytes | str]:
    """Return the scripts; each runs in the folder that it lies in.

    Args:
        top: the function to synthesize.
        sources: C++ files of it.
        device: what it is for.
        pipelined: whether it takes a sample every cycle as a whole; else its loops are pipelined.
    """
    holes = {"top": top, "part": device.part, "period": f"{1000 / device.clock_mhz:.3f}"}
    holes["pipelined"] = "" if pipelined else "# "
    found: dict[str, bytes | str] = {}
    for name, template in SCRIPTS.items():
        lines = filled(template, holes).split("\n")
        found[name] = "\n".join(
            line.replace("@source@", source)
            for line in lines
            for source in (sources if "@source@" in line else ("",))
        )
    return found
