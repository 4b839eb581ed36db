# SPDX-License-Identifier: Apache-2.0
"""All files of the packaged engine, in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hwgen import paths
from hwgen.files import FileSet, json_bytes
from hwgen.package.codec_engine.bench import codec_bench
from hwgen.package.codec_engine.core import ENGINE, CodecCore
from hwgen.package.codec_engine.drivers import codec_c, codec_pynq
from hwgen.package.codec_engine.tables import table_files
from hwgen.package.codec_engine.texts import (
    codec_component,
    codec_core_file,
    codec_readme,
    codec_script,
    facts,
)
from hwgen.package.codec_engine.top import codec_top
from hwgen.package.constraints import constraints
from hwgen.package.named import Timed
from hwgen.package.registers import Register, c_header_of, filled, register_map_of
from hwgen.target.board import Board
from hwgen.units.library import with_uses

CODEC_KIND = "codec"  # in the manifest
CODEC_SCHEMA = 1
MAP = "dma/hwg_dma_regs.rdl"


@dataclass(frozen=True)
class _OnBoard(Timed):
    """The engine at its board's clock, as constraints see it."""

    core: CodecCore
    board: Board
    clock_mhz: float

    @property
    def ip(self) -> str:
        return self.core.ip

    def banner(self, mark: str, *lines: str) -> str:
        return self.core.banner(mark, *lines)


def codec_description(core: CodecCore) -> str:
    """Return the SystemRDL text of the engine's registers; the map is ``<base>_regs``."""
    return core.banner("//") + filled(MAP, f"{core.base}_regs", core.figures)


def codec_registers(core: CodecCore) -> tuple[Register, ...]:
    """Return the engine's registers by address.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    return register_map_of(f"{core.base}_regs", codec_description(core))


def codec_package(core: CodecCore) -> FileSet:
    """Return the files of the package.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    registers, text = codec_registers(core), codec_description(core)
    files: dict[str, bytes | str] = {}
    sets: dict[str, list[str]] = {}

    def add(name: str, folder: str, made: dict[str, bytes | str]) -> None:
        files.update({f"{folder}/{path}": content for path, content in made.items()})
        sets.setdefault(name, []).extend(f"{folder}/{path}" for path in made)

    units: dict[str, bytes | str] = {
        f"units/{spec.module}.sv": (paths.rtl() / spec.file).read_bytes()
        for spec in with_uses([ENGINE])
    }
    add("rtl", "hdl", {**units, f"{core.ip}.v": codec_top(core)})
    files["hdl/files.f"] = "".join(f"{path.removeprefix('hdl/')}\n" for path in sets["rtl"])
    add("registers", "regs", {f"{core.base}_regs.rdl": text})
    add("sim", "sim", {**codec_bench(core, registers)})
    add("tables", "tables", table_files(core))
    made: dict[str, str] = {}
    if core.board:
        amd = core.board.family.vendor == "amd"
        made = constraints(_OnBoard(core, core.board, core.board.default_mhz), amd)
        add("constraints", "constraints", {**made})
    add("driver_pynq", "drivers/pynq", {f"{core.base}.py": codec_pynq(core, registers)})
    header = core.banner("//") + "\n" + c_header_of(f"{core.base}_regs", text)
    sources = codec_c(core, registers)
    add("driver_c", "drivers/c", {**sources, f"{core.base}_regs.h": header})
    xdc = [f"constraints/{name}" for name in made if name.endswith(".xdc")]
    script = codec_script(core, registers, sets["rtl"], xdc)
    add("vivado", "vivado", {"package_ip.tcl": script})
    files[f"{core.base}.core"] = codec_core_file(core, sets)
    files["component.xml"] = codec_component(core, registers, sets)
    files["README.md"] = codec_readme(core, registers, list(files))
    return FileSet.of(files) | FileSet.of({"manifest.json": _manifest(core, files)})


def _manifest(core: CodecCore, files: dict[str, bytes | str]) -> bytes:
    return json_bytes(
        {
            "hwgen": core.version,
            "schema": CODEC_SCHEMA,
            "kind": CODEC_KIND,
            "name": core.name,
            "vlnv": core.vlnv,
            "model": core.model,
            "board": core.board_name,
            "parameters": facts(core),
            "maps": [each.name for each in core.maps],
            "files": {path: hashlib.sha256(c).hexdigest() for path, c in FileSet.of(files)},
        }
    )
