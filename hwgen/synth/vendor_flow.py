# SPDX-License-Identifier: Apache-2.0
"""A build through the vendor's tools: their scripts, and their reports as our figures.

The scripts are written whether or not the tool is there, and name files relative to themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hwgen.design.names import ModuleNames
from hwgen.design.source_list import read_list
from hwgen.design.types import Design
from hwgen.emit.hls.project import code_files
from hwgen.errors import ConfigError, ToolMissing
from hwgen.files import make_folder, write_files
from hwgen.synth import vitis, vivado
from hwgen.synth.count import Measured
from hwgen.synth.results import Taken, VitisRun, VivadoRun
from hwgen.synth.vendor_scripts import hls_script, vivado_scripts
from hwgen.target.board import Board


def taken(measured: Measured) -> Taken:
    """Return the resources of mapped logic as reports have them."""
    m = measured
    return Taken(m.plut, m.ff, m.carry, m.dsp, m.bram, m.depth)


def check_vendor(folder: Path, board: Board, option: str) -> None:
    """Refuse *option* (``--vivado`` or ``--vitis``) where it cannot end well.

    Raises:
        ConfigError: the tools do not know the part, or the build has no C++ to compile.
    """
    if board.toolchain != "vivado":
        raise ConfigError(f"Vivado knows no {board.part}", option, "use --route, or an AMD board")
    if option == "--vitis" and not any((folder / "hls").glob("*.cpp")):
        raise ConfigError(
            "the build holds no C++ (hls/*.cpp)",
            option,
            "build it again with --hls, or use --vivado for the Verilog",
        )


def run_vivado(build: Path, design: Design, board: Board, top: str, route: bool) -> VivadoRun:
    """Write the scripts into ``synth/vivado`` and run them.

    Args:
        build: its folder.
        design: that it holds.
        board: whose part is meant.
        top: module.
        route: place and route, too.

    Raises:
        ToolMissing: Vivado is absent; the scripts are there all the same.
        ToolFailed: it failed.
    """
    folder, mhz = build / "synth" / "vivado", design.clock_mhz
    listed = read_list((build / "rtl" / "files.f").read_text("utf-8"))
    clock = "aclk" if top == ModuleNames.of(design).axis else "clk_i"
    scripts = vivado_scripts(
        top, [f"../../rtl/{name}" for name in listed], board.part, mhz, clock, route=route
    )
    _write(folder, scripts)
    try:
        measured = vivado.run_vivado(folder, mhz)
    except ToolMissing as error:
        raise _there(error, folder) from None
    fmax = round(1000 / measured.ns, 2) if measured.ns else None
    return VivadoRun(**vars(taken(measured)), ns=measured.ns, routed=route, fmax_mhz=fmax)


def run_vitis(build: Path, design: Design, board: Board) -> VitisRun:
    """Write the script into ``synth/vitis`` and run it on the C++ of the build.

    Raises:
        ToolMissing: Vitis HLS is absent; the script is there all the same.
        ToolFailed: it failed.
    """
    folder, mhz = build / "synth" / "vitis", design.clock_mhz
    listed = [f"../../hls/{file.name}" for file in code_files(build / "hls", design)]
    top = ModuleNames.of(design).top
    _write(folder, hls_script(top, listed, "../../hls", board.part, mhz))
    try:
        made = vitis.run_vitis(folder)
    except ToolMissing as error:
        raise _there(error, folder) from None
    figures = vars(taken(made.measured))
    return VitisRun(**figures, ns=made.measured.ns, latency=made.latency, interval=made.interval)


def _there(error: ToolMissing, folder: Path) -> ToolMissing:
    said = f"{error.what}; the scripts are written to {folder}"
    return ToolMissing(said, error.where, error.hint)


def _write(folder: Path, scripts: Mapping[str, str]) -> None:
    make_folder(folder)
    write_files({folder / name: text.encode() for name, text in scripts.items()}, str(folder))
