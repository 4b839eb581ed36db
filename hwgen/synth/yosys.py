# SPDX-License-Identifier: Apache-2.0
"""Synthesis with Yosys, in a process of its own, set up so that adders are judged fairly.

Three things differ from a plain ``synth_xilinx``, ``synth_ecp5`` and so on:

- every ``+`` and ``-`` becomes one carry chain as written. Left alone, Yosys fuses additions into
  compressor trees of look-up tables, which no vendor tool would choose;
- for AMD, sums of three go through the primitive body of ``hwg_add3`` (HWG_AMD_PRIMITIVES);
- abc9 does not verify its own result, which would take most of the time.

Sources are copied under short names first: Yosys derives names from paths, and the order in which
it visits things from names, so that the same text gives the same netlist anywhere.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hwgen.errors import ConfigError, ToolMissing
from hwgen.synth.cells import AMD, CELLS
from hwgen.synth.count import Measured, count
from hwgen.synth.levels import depth
from hwgen.synth.netlist import Netlist
from hwgen.synth.path import PathModel, longest_path
from hwgen.tools import run

FAMILIES = tuple(CELLS)
LATTICE_ALU = Path(__file__).with_name("lattice_alu.v")
_CHAIN_CELL = {"ecp5": "CCU2C", "nexus": "CCU2"}  # families of lattice_alu.v
# What memories and products become, and cells_sim.v has not.
_AMD_CELLS = ("DSP48E2", "RAMB18E2", "RAMB36E2", "URAM288")
_XILINX = {"ultrascale_plus": "xcup", "ultrascale": "xcu", "series7": "xc7"}

# Sums straight to the cell that becomes one carry chain.
_CHAINS = r"""
(* techmap_celltype = "$add $sub" *)
module hwg_one_chain (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  localparam [0:0] SUB = _TECHMAP_CELLTYPE_ == "$sub";
  wire [Y_WIDTH-1:0] X, CO;
  \$alu #(
    .A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED),
    .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)
  ) _TECHMAP_REPLACE_ (.A(A), .B(B), .CI(SUB), .BI(SUB), .Y(Y), .X(X), .CO(CO));
endmodule
"""

# In front of a command that runs only where the design has a memory.
_IF_MEMORY = "if memory: "
_PROGRAM = f"""
import json, sys
from pyosys import libyosys
design = libyosys.Design()
for line in json.load(sys.stdin):
    if line.startswith({_IF_MEMORY!r}):
        libyosys.run_pass("select -write memories.txt t:$mem*", design)
        with open("memories.txt") as memories:
            if not memories.read():
                continue
        line = line[{len(_IF_MEMORY)}:]
    libyosys.run_pass(line, design)
"""


def run_script(
    script: Sequence[str], folder: Path, *, what: str = "yosys", timeout: float = 3600.0
) -> str:
    """Run Yosys commands in *folder*, in a process of their own, and return what was printed.

    pyosys must never be loaded beside other compiled libraries: it exports its symbols to them.

    Raises:
        ToolMissing: pyosys is not installed.
        ToolFailed: a command failed, or it took longer than *timeout* seconds.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise _missing()
    return run(
        [sys.executable, "-c", _PROGRAM], folder, name="Yosys", what=what, timeout=timeout,
        stdin=json.dumps(list(script)).encode(),
    )  # fmt: skip


def version() -> str:
    """Return the version of Yosys.

    Raises:
        ToolMissing: it is not installed.
    """
    try:
        return f"Yosys {importlib.metadata.version('pyosys')}"
    except importlib.metadata.PackageNotFoundError:
        raise _missing() from None


def _missing() -> ToolMissing:
    return ToolMissing("Yosys is not installed", "pyosys", "pip install 'hwgen[synth]'")


# To Yosys distributed memory is a RAM in tables; a ROM in tables is what it calls logic.
_LOGIC_ROM = 'setattr -set rom_style "logic" a:rom_style=distributed'


def script_for(
    family: str, sources: Sequence[str], top: str, *, dsp: bool = False, pads: bool = False,
    device: str = "",
) -> list[str]:  # fmt: skip
    """Return the commands that turn *sources* into ``netlist.json``.

    Args:
        family: one of `FAMILIES`.
        sources: files in dependency order.
        top: module to map.
        dsp: let products take DSP blocks; memories take memory blocks in any case.
        pads: put buffers at the ports, as place and route of a whole device needs them.
        device: name of the part, as in ``hwgen.target.board.Device``; some families differ by
            it.

    Raises:
        ConfigError: there is no flow for the family.
    """
    if family not in FAMILIES:
        raise ConfigError(
            f"no synthesis flow for family {family!r}", "family", f"one of {', '.join(FAMILIES)}"
        )
    define = " -DHWG_AMD_PRIMITIVES" if family in AMD else ""
    script = [f"read_verilog -sv{define} {name}" for name in sources]
    script.append("scratchpad -set abc9.verify false")
    if family in AMD:
        nodsp = "" if dsp else " -nodsp"
        flow = f"synth_xilinx -family {_XILINX[family]} -flatten{nodsp} -noiopad -noclkbuf -nosrl"
        script += [
            f"{flow} -top {top} -run begin:{'coarse' if dsp else 'map_dsp'}",
            "techmap -map chains.v",
            "opt",
            f"{flow} -top {top} -run coarse:map_memory",
            _LOGIC_ROM,
            f"{flow} -top {top} -run map_memory:",
        ]
    else:
        flow = f"{_flow(family, dsp, pads, device)} -top {top}"
        begin = "flatten" if family == "ice40" else "coarse"
        script += [
            f"{flow} -run begin:{begin}",  # the family's cells, and the hierarchy
            # What every flow goes on with, up to where additions would be fused.
            "proc", "flatten", "opt_expr", "opt_clean", "opt -nodffe -nosdff", "wreduce",
            "peepopt", "opt_clean", "techmap -map chains.v", "opt",
        ]  # fmt: skip
        script += [f"{flow} -run {begin}:map_ram", _LOGIC_ROM]
        if family in _CHAIN_CELL:
            define = " -D HWG_NEXUS" if family == "nexus" else ""
            techmap = f"techmap -map lattice_alu.v{define}"
            script += [f"{flow} -run map_ram:map_gates", techmap, f"{flow} -run map_gates:"]
        else:
            script.append(f"{flow} -run map_ram:")
    return [*script, "write_json netlist.json"]


def without_waste(script: Sequence[str]) -> list[str]:
    """Return what gives the same netlist as the commands of `script_for`, for AMD parts far sooner.

    A small module takes half a second in place of two and a half: of the 35,000 lines of cells,
    only those are read (from cells.v) that memories and products become, and the forms of memories
    only where there is a memory.
    """
    lean = []
    for line in script:
        flow, _, stages = line.partition(" -run ")
        if not flow.startswith("synth_xilinx"):
            lean.append(line)
        elif stages.startswith("begin:"):
            lean += ["read_verilog -lib -specify +/xilinx/cells_sim.v"]
            lean += [
                "read_verilog -lib cells.v",
                f"hierarchy -check -top {flow.rpartition(' ')[2]}",
            ]
            lean += [f"{flow} -run prepare:{stages.removeprefix('begin:')}"]
        elif stages == "map_memory:":
            lean += [f"{_IF_MEMORY}{flow} -run map_memory:map_ffram", f"{flow} -run map_ffram:"]
        else:
            lean.append(line)
    return lean


@cache
def _amd_cells() -> str:
    """Return the cells of AMD's parts that a mapping may use beside those of cells_sim.v."""
    spec = importlib.util.find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise _missing()
    text = (Path(spec.origin).parent / "share" / "xilinx" / "cells_xtra.v").read_text("utf-8")
    names = "|".join(_AMD_CELLS)
    found = re.findall(rf"(?ms)^module (?:{names})\b.*?^endmodule$", text)
    return "\n".join(found) if len(found) == len(_AMD_CELLS) else text


def _flow(family: str, dsp: bool, pads: bool, device: str) -> str:
    """Return the synthesis command of a family that is not AMD's, without its top."""
    nodsp = "" if dsp else " -nodsp"
    if family == "ecp5":
        # Place and route puts the buffers. Wide tables are of LUT4s all the same: without them
        # requantizers take a fifth less.
        return f"synth_ecp5{nodsp} -noiopad -nowidelut"
    if family == "nexus":
        part = "lfd2nx" if device.upper().startswith("LFD2NX") else "lifcl"
        return f"synth_nexus -family {part}{nodsp}{'' if pads else ' -noiopad'}"
    if family == "gowin":
        part = next((p for p in ("gw2a", "gw5a") if device.lower().startswith(p)), "gw1n")
        ports = " -setundef" if pads else " -noiopads"
        # Of wide tables Yosys makes twice as many for a full adder of two tables.
        return f"synth_gowin -family {part}{nodsp} -nowidelut{ports}"
    part = next((p for p in ("hx", "lp") if device.startswith(p)), "u")
    return f"synth_ice40 -device {part}{' -dsp' if dsp else ''}"


def write_netlist(
    files: Sequence[Path], top: str, family: str, to: Path, *, dsp: bool = False,
    pads: bool = False, device: str = "", timeout: float = 3600.0,
) -> None:  # fmt: skip
    """Map *top* and write its netlist as the JSON that `Netlist.read` and nextpnr take.

    Args:
        files: sources in dependency order.
        top: module to map.
        family: one of `FAMILIES`.
        to: file to write.
        dsp: let products take DSP blocks.
        pads: put buffers at the ports.
        device: name of the part, where the family's parts differ.
        timeout: seconds.

    Raises:
        ConfigError: no flow for the family.
        ToolMissing: Yosys is not installed.
        ToolFailed: it failed.
    """
    names = [f"s{i}{path.suffix}" for i, path in enumerate(files)]
    script = script_for(family, names, top, dsp=dsp, pads=pads, device=device)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for short, path in zip(names, files, strict=True):
            (folder / short).write_bytes(path.read_bytes())
        (folder / "chains.v").write_text(_CHAINS)
        (folder / "lattice_alu.v").write_bytes(LATTICE_ALU.read_bytes())
        if family in AMD:
            (folder / "cells.v").write_text(_amd_cells())
        run_script(without_waste(script), folder, what=top, timeout=timeout)
        if family in _CHAIN_CELL:
            _free_chain_ends(folder / "netlist.json", _CHAIN_CELL[family])
        shutil.move(folder / "netlist.json", to)


def _free_chain_ends(file: Path, kind: str) -> None:
    """Leave the ends of Lattice chains open: nextpnr adds positions, or stops, where they are not.

    A pin must be there and undriven to be open. Yosys ties an open carry-in to 0, which position 0
    of lattice_alu.v does not look at, and wires a carry-out that nothing reads.
    """
    design = json.loads(file.read_bytes())
    for module in design["modules"].values():
        if not int(module["attributes"].get("blackbox", "0"), 2):
            _free_ends_of(module, kind)
    file.write_text(json.dumps(design))


def _free_ends_of(module: Any, kind: str) -> None:
    cells = module["cells"].values()
    read = {
        bit
        for cell in cells
        for pin, bits in cell["connections"].items()
        if cell["port_directions"][pin] != "output"
        for bit in bits
    }
    for port in module["ports"].values():
        read.update(port["bits"])
    for cell in cells:
        if cell["type"] == kind:
            wired, ways = cell["connections"], cell["port_directions"]
            init = cell["parameters"]["INIT0"]
            if int(init, 16 if init.startswith("0x") else 2) >> 8 == 0:
                wired["CIN"], ways["CIN"] = ["x"], "input"
            if not read.intersection(wired.get("COUT", ())):
                wired["COUT"], ways["COUT"] = ["x"], "output"


def map_design(
    files: Sequence[Path], top: str, family: str, *, dsp: bool = False, device: str = "",
    timeout: float = 3600.0,
) -> Netlist:  # fmt: skip
    """Return the flat mapped netlist of *top*, without buffers at its ports.

    The rest is as for `write_netlist`.
    """
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "netlist.json"
        write_netlist(files, top, family, made, dsp=dsp, device=device, timeout=timeout)
        return Netlist.read(made, top, family)


def synthesise(
    files: Sequence[Path], top: str, family: str, model: PathModel | None = None, *,
    dsp: bool = False, device: str = "", timeout: float = 3600.0,
) -> Measured:  # fmt: skip
    """Map a design and measure it, logic depth included.

    With a *model* the longest path is measured too (AMD parts only). The rest is as for
    `write_netlist`.

    Raises: as `write_netlist`.
    """
    netlist = map_design(
        files, top, family, dsp=dsp, device=device, timeout=timeout
    )  # fmt: skip
    measured = count(netlist).with_depth(depth(netlist))
    return measured if model is None else measured.with_path(longest_path(netlist, model))
