# SPDX-License-Identifier: Apache-2.0
"""Vitis HLS, where it is installed: runs the script of `synth.vendor_scripts`, reads its report."""

from __future__ import annotations

import math
import os
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hwgen.errors import ToolFailed, ToolMissing
from hwgen.synth.count import Measured
from hwgen.tools import run

REPORT = "csynth.xml"  # the script copies it from the depth of the solution


@dataclass(frozen=True)
class Compiled:
    """Report of a C synthesis, before any placement.

    Attributes:
        measured: resources, and the estimated period as the longest path.
        latency: cycles, the most; None where it is not fixed.
        interval: cycles between two inputs, the most; None where it is not fixed.
    """

    measured: Measured
    latency: int | None
    interval: int | None


def command(script: str) -> list[str]:
    """Return the command line that runs a script.

    ``vitis-run`` took the place of ``vitis_hls`` with 2024.2; of either the one on the PATH is
    taken, or the one in the folder that XILINX_HLS or XILINX_VITIS names.

    Raises:
        ToolMissing: neither is there.
    """
    homes = [f"{os.environ[n]}/bin" for n in ("XILINX_HLS", "XILINX_VITIS") if n in os.environ]
    for name, options in (("vitis-run", ("--mode", "hls", "--tcl")), ("vitis_hls", ("-f",))):
        for path in (*homes, None):
            found = shutil.which(name, path=path)
            if found:
                return [found, *options, script]
    raise ToolMissing(
        "Vitis HLS is not installed",
        "vitis_hls",
        "run the script on a machine that has it, or set XILINX_HLS to its folder",
    )


def run_vitis(folder: Path, *, timeout: float = 86400.0) -> Compiled:
    """Run ``hls.tcl`` in *folder* and return what its report says.

    Args:
        folder: that holds the script; the report and ``vitis_hls.log`` are written there.
        timeout: seconds.

    Raises:
        ToolMissing, ToolFailed: Vitis HLS is absent or failed, or its report is not understood.
    """
    words = command("hls.tcl")
    report = folder / REPORT
    report.unlink(missing_ok=True)  # what is read must be of this run
    log = folder / "vitis_hls.log"
    run(words, folder, name="Vitis HLS", what=folder.name, timeout=timeout, log=log)
    try:
        text = report.read_text("utf-8", "replace")
    except OSError as error:
        said = f"Vitis HLS wrote no {REPORT}"
        raise ToolFailed(said, folder.name, f"see {log.name}") from error
    return parse(text)


def parse(report: str) -> Compiled:
    """Return what a ``csynth.xml`` says.

    Raises:
        ToolFailed: it is no XML, or a figure is missing.
    """
    try:
        root = ET.fromstring(report)
        area = root.find("AreaEstimates/Resources")
        if area is None:
            raise ToolFailed("the report names no resources", REPORT)
        lut, ff, dsp, bram = (
            int(_text(area, names))
            for names in (("LUT",), ("FF",), ("DSP", "DSP48E"), ("BRAM_18K",))
        )
        clock = "PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod"
        ns = float(_text(root, (clock,)))
        overall = "PerformanceEstimates/SummaryOfOverallLatency"
        latency = _text(root, (f"{overall}/Worst-caseLatency",))
        interval = _text(root, (f"{overall}/Interval-max", f"{overall}/PipelineInitiationInterval"))
    except (ET.ParseError, ValueError) as error:
        raise ToolFailed(f"the report is not understood ({error})", REPORT) from error
    measured = Measured(lut, lut, 0, ff, ns, dsp, math.ceil(bram / 2))
    return Compiled(measured, _cycles(latency), _cycles(interval))


def _text(root: ET.Element, names: Sequence[str]) -> str:
    for name in names:
        found = root.findtext(name)
        if found is not None:
            return found.strip()
    raise ToolFailed(f"the report has no {names[0]}", REPORT)


def _cycles(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
