# SPDX-License-Identifier: Apache-2.0
"""Vivado, where it is installed: runs the scripts of `synth.vendor_scripts`, reads its reports."""

from __future__ import annotations

import math
import os
import re
import shutil
from pathlib import Path

from hwgen.errors import ToolFailed, ToolMissing
from hwgen.synth.count import Measured
from hwgen.tools import run

# Rows of report_utilization; the names differ between 7 series and UltraScale.
_ROWS = {
    "lut": ("CLB LUTs", "Slice LUTs"),
    "ff": ("CLB Registers", "Slice Registers"),
    "dsp": ("DSPs",),
    "bram": ("Block RAM Tile",),
}
_CARRY = {"CARRY8": 8, "CARRY4": 4}
REPORTS = ("utilization.rpt", "timing_summary.rpt", "timing.rpt")


def vivado() -> Path:
    """Return Vivado: from the PATH, or from the folder that XILINX_VIVADO names.

    Raises:
        ToolMissing: it is in neither place.
    """
    home = os.environ.get("XILINX_VIVADO")
    found = shutil.which("vivado", path=f"{home}/bin") if home else None
    found = found or shutil.which("vivado")
    if found is None:
        raise ToolMissing(
            "Vivado is not installed",
            "vivado",
            "run the scripts on a machine that has it, or set XILINX_VIVADO to its folder",
        )
    return Path(found)


def run_vivado(folder: Path, clock_mhz: float, *, timeout: float = 86400.0) -> Measured:
    """Run ``synth.tcl`` in *folder* and return what its reports say.

    Args:
        folder: that holds the scripts; the reports and ``vivado.log`` are written there.
        clock_mhz: of the constraint.
        timeout: seconds.

    Raises:
        ToolMissing, ToolFailed: Vivado is absent or failed, or its reports are not understood.
    """
    command = [
        str(vivado()), "-mode", "batch", "-source", "synth.tcl", "-nojournal", "-nolog", "-notrace",
    ]  # fmt: skip
    for name in REPORTS:  # what is read must be of this run
        (folder / name).unlink(missing_ok=True)
    run(
        command, folder, name="Vivado", what=folder.name, timeout=timeout,
        log=folder / "vivado.log",
    )  # fmt: skip
    try:
        utilization, summary, path = (
            (folder / name).read_text("utf-8", "replace") for name in REPORTS
        )
    except OSError as error:
        missing = Path(error.filename).name
        raise ToolFailed(f"Vivado wrote no {missing}", folder.name, "see vivado.log") from error
    return parse(utilization, summary, path, clock_mhz)


def parse(utilization: str, summary: str, path: str, clock_mhz: float) -> Measured:
    """Return what the three reports say.

    Args:
        utilization: of report_utilization.
        summary: of report_timing_summary.
        path: of report_timing; its logic levels become the depth.
        clock_mhz: of the constraint, from which the slack is taken.

    Raises:
        ToolFailed: a figure is missing.
    """
    found = {kind: _row(utilization, names) for kind, names in _ROWS.items()}
    if found["lut"] is None or found["ff"] is None:
        raise ToolFailed("the utilisation report names no LUTs or registers", "utilization.rpt")
    carry = sum(
        size * int(number)
        for kind, size in _CARRY.items()
        for number in re.findall(rf"^\|\s*{kind}\s*\|\s*(\d+)\s*\|\s*CarryLogic", utilization, re.M)
        + re.findall(rf"^\|\s*{kind}\s*\|\s*(\d+)\s*\|\s*CLB\s*\|", utilization, re.M)
    )
    slack = re.search(r"WNS\(ns\).*\n[\s-]+\n\s*(-?\d+\.\d+)\s", summary)
    levels = re.search(r"^\s*Logic Levels:\s+(\d+)", path, re.M)
    lut = math.ceil(found["lut"])
    return Measured(
        lut,
        lut,
        carry,
        math.ceil(found["ff"]),
        round(1000 / clock_mhz - float(slack[1]), 3) if slack else None,
        math.ceil(found["dsp"] or 0),
        math.ceil(found["bram"] or 0),
        int(levels[1]) if levels else None,
    )


def _row(report: str, names: tuple[str, ...]) -> float | None:
    """Return the first figure of the row that begins with one of *names*."""
    for name in names:
        row = re.search(rf"^\|\s*{re.escape(name)}\*?\s*\|\s*([\d.]+)\s*\|", report, re.M)
        if row:
            return float(row[1])
    return None
