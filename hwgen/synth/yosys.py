# SPDX-License-Identifier: Apache-2.0
"""Synthesis with Yosys, in a process of its own, set up so that adders are judged fairly.

Three things differ from a plain ``synth_xilinx``:

- every ``+`` and ``-`` becomes one carry chain as written. Left alone, Yosys fuses additions into
  compressor trees of look-up tables, which no vendor tool would choose;
- sums of three go through the primitive body of ``hwg_add3`` (HWG_AMD_PRIMITIVES);
- abc9 does not verify its own result, which would take most of the time.

Sources are copied under short names first: Yosys derives names from paths, and the order in which
it visits things from names, so that the same text gives the same netlist anywhere.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hwgen.errors import ConfigError, ToolFailed, ToolMissing
from hwgen.synth.count import Measured, count
from hwgen.synth.netlist import Netlist
from hwgen.synth.path import PathModel, longest_path

FAMILIES = ("ultrascale_plus", "ecp5")
TAIL_LINES = 30

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

_PROGRAM = """
import json, sys
from pyosys import libyosys
design = libyosys.Design()
for line in json.load(sys.stdin):
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
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    late = False
    try:
        out, _ = process.communicate(json.dumps(list(script)).encode(), timeout=timeout)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)  # abc runs under it
        out, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    text = out.decode("utf-8", "replace")
    if late or process.returncode:
        how = f"took more than {timeout:g} s" if late else f"ended with {process.returncode}"
        tail = [line for line in text.splitlines() if line.strip()][-TAIL_LINES:]
        raise ToolFailed("\n".join([f"Yosys {how}", *(f"  | {line}" for line in tail)]), what)
    return text


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


def script_for(family: str, sources: Sequence[str], top: str) -> list[str]:
    """Return the commands that turn *sources* into ``netlist.json``.

    Raises:
        ConfigError: there is no flow for the family.
    """
    if family == "ultrascale_plus":
        flow = f"synth_xilinx -family xcup -flatten -nodsp -noiopad -noclkbuf -nosrl -top {top}"
        return [
            *(f"read_verilog -sv -DHWG_AMD_PRIMITIVES {name}" for name in sources),
            "scratchpad -set abc9.verify false",
            f"{flow} -run begin:map_dsp",
            "techmap -map chains.v",
            "opt",
            f"{flow} -run coarse:",
            "write_json netlist.json",
        ]
    if family == "ecp5":
        return [
            *(f"read_verilog -sv {name}" for name in sources),
            f"synth_ecp5 -top {top} -nodsp -noiopad",
            "write_json netlist.json",
        ]
    raise ConfigError(
        f"no synthesis flow for family {family!r}", "family", f"one of {', '.join(FAMILIES)}"
    )


def map_design(files: Sequence[Path], top: str, family: str, *, timeout: float = 3600.0) -> Netlist:
    """Return the flat mapped netlist of *top*.

    Args:
        files: sources in dependency order.
        top: module to map.
        family: one of `FAMILIES`.
        timeout: seconds.

    Raises:
        ConfigError: no flow for the family.
        ToolMissing: Yosys is not installed.
        ToolFailed: it failed.
    """
    names = [f"s{i}{path.suffix}" for i, path in enumerate(files)]
    script = script_for(family, names, top)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for short, path in zip(names, files, strict=True):
            (folder / short).write_bytes(path.read_bytes())
        (folder / "chains.v").write_text(_CHAINS)
        run_script(script, folder, what=top, timeout=timeout)
        return Netlist.read(folder / "netlist.json", top)


def synthesise(
    files: Sequence[Path], top: str, family: str, model: PathModel | None = None
) -> Measured:
    """Map a design and measure it; *model* also gives the longest path (AMD parts only).

    Raises: as `map_design`.
    """
    netlist = map_design(files, top, family)
    measured = count(netlist)
    return measured if model is None else measured.with_path(longest_path(netlist, model))
