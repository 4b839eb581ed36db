# SPDX-License-Identifier: Apache-2.0
"""Units of the stream style in synthesis: beside what facts say, and beside FINN's units."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from hwgen.cost.units import UnitCost
from hwgen.emit.verilog.rom import packed_literal
from hwgen.ir.tensor import Codes
from hwgen.synth.count import Measured, count
from hwgen.synth.yosys import map_design
from hwgen.units.facts import facts, with_defaults
from hwgen.units.library import with_uses

FAMILY = "ultrascale_plus"
MEDIAN, WORST = 0.10, 0.25  # of tables and of registers


@dataclass(frozen=True)
class Anchor:
    """What FINN's unit takes for the same work: tables, registers, DSP blocks, block RAMs.

    FINN of 2026-04-14. Its window generator was rewritten for Yosys line by line; its unit for
    8-bit products in DSP48 pairs was transcribed structure by structure. Both were mapped by Yosys
    0.70 for UltraScale+, as ours are; tables are not paired.
    """

    what: str
    lut: int
    ff: int
    dsp: int
    bram: float


@dataclass(frozen=True)
class Point:
    """A unit at some parameters, and vectors of constants as words, by their bits each."""

    module: str
    params: Mapping[str, int]
    anchor: Anchor | None = None
    constants: Mapping[str, tuple[int, Codes]] = field(default_factory=dict)


def _steps(lanes: int, turns: int, levels: int, widths: tuple[int, int], own: bool = True) -> Point:
    """Return steps by channel; *widths* of what comes and leaves, *own* values a channel."""
    rng, near = np.random.default_rng(1), 1 << widths[0] - 2
    params = {"Lanes": lanes, "Turns": turns, "Levels": levels, "InWidth": widths[0],
              "OutWidth": widths[1], "ValueTurns": turns if own else 1}  # fmt: skip
    cuts = np.sort(rng.integers(-near, near, (turns * lanes, 2**levels - 1))).reshape(-1)
    values = rng.integers(0, 1 << widths[1], params["ValueTurns"] * lanes << levels)
    words = {"Thresholds": (widths[0] + 1, cuts), "Values": (widths[1], values)}
    return Point("hwg_stream_thresholds", params, constants=words)


def _concat(width: int, *counts: int) -> Point:
    """Return a concatenation of words of some bits, with runs of some lengths."""
    params = {"Sources": len(counts), "Width": width, "MaxCount": max(counts)}
    return Point("hwg_stream_concat", params, constants={"Counts": (32, np.array(counts))})


_MAP = {"W": 32, "H": 32}
_MATRIX = {"Rows": 32, "Columns": 288, "PE": 8, "SIMD": 8, "AccWidth": 20}
_PARALLEL = "FINN, parallel generator and padding unit"
# Vivado makes SRLs of these registers, about Width * Depth / 32 tables; Yosys does not.
_SHIFTS = "FINN, FIFO of shift registers"
POINTS = (
    Point("hwg_window", {**_MAP, "Width": 128}, Anchor(_PARALLEL, 322, 1554, 0, 0)),
    Point("hwg_window", {**_MAP, "Width": 128, "StrideH": 2, "StrideW": 2},
          Anchor(_PARALLEL, 325, 1554, 0, 0)),
    Point("hwg_window", {**_MAP, "CF": 4, "Width": 32, "RowRam": 2, "TapByTap": 1},
          Anchor("FINN, default generator and padding unit, SIMD 4", 256, 176, 0, 0.5)),
    Point("hwg_window", {"W": 16, "H": 16, "CF": 8, "Width": 16, "KernelH": 5, "KernelW": 5,
                         "PadTop": 2, "PadLeft": 2, "PadBottom": 2, "PadRight": 2}),
    Point("hwg_window", {"W": 96, "H": 1, "CF": 2, "Width": 12, "KernelH": 1, "PadTop": 0,
                         "PadBottom": 0, "PadLeft": 2, "PadRight": 0}),
    Point("hwg_matvec", {**_MATRIX, "Dsp": 2},
          Anchor("FINN, 8-bit products in DSP48 pairs", 2029, 952, 32, 0)),
    Point("hwg_matvec", {**_MATRIX, "Dsp": 1}),
    Point("hwg_matvec", _MATRIX),
    Point("hwg_matvec", {**_MATRIX, "AWidth": 4, "WWidth": 4, "AccWidth": 16}),
    Point("hwg_matvec", {"Rows": 16, "Columns": 9, "PE": 4, "SIMD": 9, "Depthwise": 1,
                         "AWidth": 6, "WWidth": 5, "AccWidth": 16}),
    Point("hwg_matvec", {"Rows": 10, "Columns": 64, "PE": 1, "SIMD": 4, "AWidth": 6,
                         "WWidth": 6, "AccWidth": 18, "BufferRam": 2}),
    Point("hwg_xnor_matvec", {"PE": 8, "SIMD": 64, "Rows": 64, "Columns": 576, "AccWidth": 12}),
    Point("hwg_xnor_matvec", {"PE": 4, "SIMD": 36, "Rows": 16, "Columns": 144, "AccWidth": 9,
                              "Masked": 1}),
    Point("hwg_popcount", {"Count": 64}),
    Point("hwg_pool", {"Taps": 9, "Lanes": 8, "Width": 6, "OutWidth": 6}),
    Point("hwg_pool_blocks", {**_MAP, "Lanes": 16, "Width": 8}),
    Point("hwg_pool_blocks", {"W": 8, "H": 8, "BlockW": 8, "BlockH": 8, "CF": 8, "Lanes": 8,
                              "Kind": 1, "OutWidth": 14}),
    Point("hwg_upsample", {"W": 16, "H": 16, "Width": 64}),
    Point("hwg_crop", {"W": 40, "H": 40, "CF": 2, "Width": 16, "Top": 4, "Left": 4, "Bottom": 4,
                       "Right": 4}),
    Point("hwg_pad", {"W": 30, "H": 30, "CF": 2, "Width": 16}),
    Point("hwg_pad", {"W": 32, "H": 32, "CF": 8, "Width": 32},
          Anchor("FINN, padding, SIMD 4", 49, 82, 0, 0)),
    Point("hwg_reorder", {"Width": 16, "Outer": 8, "Middle": 6, "Inner": 6, "OuterStep": 1,
                          "MiddleStep": 48, "InnerStep": 8}),
    Point("hwg_reorder", {"Width": 16, "Outer": 32, "Middle": 16, "Inner": 16, "OuterStep": 1,
                          "MiddleStep": 512, "InnerStep": 32, "RamStyle": 2}),
    Point("hwg_stream_extend", {"Lanes": 4}),
    _concat(64, 1, 1),
    _concat(16, 128, 64, 32),
    _concat(40, 20, 300, 1, 9, 50),
    _steps(2, 12, 4, (10, 4)),
    _steps(1, 48, 4, (7, 4)),
    _steps(4, 8, 1, (12, 1), own=False),
    _steps(1, 16, 6, (14, 6), own=False),
    _steps(8, 1, 4, (9, 4)),
    Point("hwg_skid", {"Width": 64}),
    Point("hwg_fifo", {"Width": 8, "Depth": 32, "RamStyle": 1}, Anchor(_SHIFTS, 154, 266, 0, 0)),
    Point("hwg_fifo", {"Width": 32, "Depth": 32, "RamStyle": 1}, Anchor(_SHIFTS, 509, 1034, 0, 0)),
    Point("hwg_fifo", {"Width": 30, "Depth": 2, "RamStyle": 0}),
    Point("hwg_fifo", {"Width": 8, "Depth": 4, "RamStyle": 0}),
    Point("hwg_fifo", {"Width": 12, "Depth": 100, "RamStyle": 1}),
    Point("hwg_fifo", {"Width": 64, "Depth": 150, "RamStyle": 2}),
    Point("hwg_fifo", {"Width": 24, "Depth": 1024, "RamStyle": 2}),
    Point("hwg_narrow", {"Width": 32, "Parts": 4, "Count": 4}),
    Point("hwg_widen", {"Width": 32, "Parts": 4, "Count": 4}),
)  # fmt: skip


def with_parameters(text: str, point: Point) -> str:
    """Return a source whose parameters have the defaults of a point."""
    for name, value in point.params.items():
        text, found = re.subn(rf"(parameter int {name}\s*= )-?\w+", rf"\g<1>{value}", text)
        assert found == 1, name
    for name, (width, words) in point.constants.items():
        word = packed_literal(words, width)
        default = rf"(parameter logic \[.*\]\s+{name}\s*= )[^,/\n]+"
        text, found = re.subn(default, rf"\g<1>{word}", text)
        assert found == 1, name
    return text


def measure(point: Point, folder: Path) -> Measured:
    """Map a unit and return what it takes."""
    files = []
    for unit in with_uses([point.module]):
        text = unit.path.read_text("utf-8")
        if unit.module == point.module:
            text = with_parameters(text, point)
        files.append(folder / f"{unit.module}.sv")
        files[-1].write_text(text, "utf-8")
    dsp = bool(point.params.get("Dsp", 0))
    return count(map_design(files, point.module, FAMILY, dsp=dsp))


def _off(said: float, found: float, slack: float) -> float:
    """Return by which part a figure is off, where *slack* more or less is no error."""
    return max(0.0, abs(said - found) - slack) / max(found, 1.0)


def _said(point: Point) -> UnitCost:
    return facts(point.module).cost(with_defaults(point.module, point.params))


def rows() -> Iterator[tuple[str, list[float]]]:
    """Yield a line of the table for each point, and by which part its figures are off."""
    for point in POINTS:
        with tempfile.TemporaryDirectory() as name:
            found = measure(point, Path(name))
        said = _said(point)
        errors = [_off(said.lut, found.lut, 3), _off(said.ff, found.ff, 1)]
        exact = said.dsp == found.dsp and -(-said.bram // 1) == found.bram
        given = ", ".join(f"{k} {v}" for k, v in point.params.items())
        line = (
            f"| `{point.module}` {given} | {found.lut} | {found.ff} | {found.dsp} | {found.bram} "
            f"| {said.lut / max(found.lut, 1):.2f} | {said.ff / max(found.ff, 1):.2f} |"
        )
        if point.anchor is not None:
            a = point.anchor
            line += f" {a.what}: {a.lut} LUT, {a.ff} FF, {a.dsp} DSP, {a.bram} BRAM;"
            line += f" ours over theirs {found.lut / a.lut:.2f} LUT, {found.ff / a.ff:.2f} FF"
        yield line + " |", [*errors, 0.0 if exact else 1.0]


def main() -> tuple[list[str], bool]:
    """Print the table; return it, and whether what facts say is near enough."""
    lines = [
        "| unit | LUT | FF | DSP | BRAM | said LUT | said FF | FINN |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    every = []
    for line, errors in rows():
        print(line, flush=True)
        lines.append(line)
        every.append(errors)
    good = all(errors[2] == 0 for errors in every)
    told = ["", "DSP and BRAM: " + ("exact" if good else "NOT exact")]
    for index, name in enumerate(("LUT", "FF")):
        column = [errors[index] for errors in every]
        told.append(f"{name}: off by {median(column):.1%} in the median, {max(column):.1%} at most")
        good &= median(column) <= MEDIAN and max(column) <= WORST
    summary = "; ".join(told[1:]) + "."
    print("\n" + summary)
    return [*lines, "", summary], good
