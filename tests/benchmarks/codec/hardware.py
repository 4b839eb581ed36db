# SPDX-License-Identifier: Apache-2.0
"""What the units of the codec take on a chip, and how fast they are: figures of docs/codec.md."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hwgen.codec.wire import Coder
from hwgen.synth.count import Measured
from hwgen.synth.nextpnr import place_and_route, version
from hwgen.synth.placement import Placement, Routed
from hwgen.synth.yosys import synthesise
from hwgen.synth.yosys import version as yosys_version
from hwgen.target.board import Device, load_board
from hwgen.units.library import with_uses
from tests.rtl.codec_cases import wrapper

ECP5 = Device("85k", "CABGA381", "8")
GOAL_MHZ = 100.0  # what the placer aims at
MHZ_BAR = 90.0
PATIENCE = 3600.0  # seconds
SEEDS = (1, 2, 3)
LANE, WHOLE = "bench-lane", "bench-engine"  # names of the marks in the document


@dataclass(frozen=True)
class Unit:
    """A unit to measure.

    Attributes:
        title: for people.
        module: of rtl/.
        params: those that are not the module's own.
        most: LUT it may take, if that is limited; then its clock is too.
        dsp: products may take DSP blocks.
    """

    title: str
    module: str
    params: Mapping[str, int]
    most: int | None = None
    dsp: bool = False

    @property
    def bar(self) -> str:
        """The clock that is asked for."""
        return "-" if self.most is None else f"{MHZ_BAR:g}"


def _lane(coder: Coder, bits: int, most: int) -> Unit:
    name = "tANS" if coder is Coder.TANS else "Huffman"
    params = {"Coder": int(coder), "Bits": bits}
    return Unit(f"decode lane, {name}, {bits} bits", "hwg_codec_decode_lane", params, most)


LANES = tuple(
    _lane(coder, bits, most)
    for coder, most in ((Coder.TANS, 700), (Coder.HUFFMAN, 900))
    for bits in (8, 14)
)
_MAPPED = {"Width": 16, "Bits": 14, "Kinds": 3, "Groups": 8}
TRANSFORMS = tuple(
    Unit(f"transform, {name}", f"hwg_codec_{way}", _MAPPED, dsp=True)
    for name, way in (("forward", "forward"), ("back", "inverse"))
)
UNITS_MEASURED = (*LANES, *TRANSFORMS)
ENGINE = Unit("whole engine, tANS, 8 bits", "hwg_codec_dma", {"Coder": 1, "Bits": 8}, dsp=True)
ENGINE_BAR, ENGINE_GOAL = 80.0, 90.0  # MHz at the median of the seeds


@dataclass(frozen=True)
class Figures:
    """What was measured of a unit: mapped for AMD 7 series, and MHz on an ECP5-8 by seed."""

    unit: Unit
    mapped: Measured
    mhz: Mapping[int, float]

    @property
    def failures(self) -> list[str]:
        """What misses its bar."""
        if self.unit.most is None:
            return []
        found = []
        if self.mapped.plut > self.unit.most:
            found.append(f"{self.unit.title}: {self.mapped.plut} LUT, at most {self.unit.most}")
        slowest = min(self.mhz.values())
        if slowest < MHZ_BAR:
            found.append(f"{self.unit.title}: {slowest} MHz, at least {MHZ_BAR:g}")
        return found


@dataclass(frozen=True)
class Whole:
    """What was measured of the whole engine: mapped for AMD 7 series, and routed on an ECP5-8."""

    mapped: Measured
    routed: Sequence[Routed]

    @property
    def middle(self) -> float:
        """MHz at the median of the seeds."""
        return median(each.fmax_mhz for each in self.routed)

    @property
    def failures(self) -> list[str]:
        """What misses its bar."""
        if self.middle >= ENGINE_BAR:
            return []
        return [f"whole engine: {self.middle:.1f} MHz at the median, at least {ENGINE_BAR:g}"]


def sources(folder: Path, unit: Unit) -> list[Path]:
    """Return the files of a unit with its parameters, as module ``tb`` written into *folder*."""
    text, ports = wrapper(unit.module, unit.params)
    wired = ", ".join(f".{name}({name})" for name in ports)
    top = folder / "tb.sv"
    top.write_text(text.replace("u_dut (.*)", f"u_dut ({wired})"))
    return [*(s.path for s in with_uses([unit.module])), top]


def mapped(folder: Path, unit: Unit) -> Measured:
    """Return what a unit takes of an AMD 7 series part."""
    return synthesise(sources(folder, unit), "tb", "series7", dsp=unit.dsp)


def routed(folder: Path, unit: Unit, seed: int) -> Routed:
    """Return a unit on an ECP5-8, routed between the shift registers of the harness."""
    return place_and_route(
        sources(folder, unit), "tb", ECP5, "ecp5",
        Placement(seed, GOAL_MHZ, "", load_board("ulx3s").pins, unit.dsp, timeout=PATIENCE),
    )  # fmt: skip


def routed_mhz(folder: Path, unit: Unit, seed: int) -> float:
    """Return a unit's clock on an ECP5-8."""
    return routed(folder, unit, seed).fmax_mhz


def measure(unit: Unit, seeds: Sequence[int] = SEEDS) -> Figures:
    """Return the figures of a unit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mhz = {seed: routed_mhz(folder, unit, seed) for seed in seeds}
        return Figures(unit, mapped(folder, unit), mhz)


def measure_engine(seeds: Sequence[int] = SEEDS) -> Whole:
    """Return the figures of the whole engine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = [routed(folder, ENGINE, seed) for seed in seeds]
        return Whole(mapped(folder, ENGINE), made)


def tools() -> str:
    """Return what measures."""
    return (
        f"{yosys_version()} for AMD 7 series, LUT pairs counted as sites, FF, BRAM of 36 Kb, DSP; "
        f"{version('ecp5')} for ECP5-8, between shift registers."
    )


def engine_report(whole: Whole) -> list[str]:
    """Return the size of the whole engine on both families, and its clock."""
    one, some = whole.mapped, whole.routed[0]
    clocks = ", ".join(f"{each.fmax_mhz:.1f} ({each.seed})" for each in whole.routed)
    return [
        tools().replace("between shift registers.", "BRAM of 18 Kb, with the shift registers."),
        "",
        "| family | LUT | FF | BRAM | DSP | MHz (seed) | median | at least | goal |",
        "|---|---|---|---|---|---|---|---|---|",
        f"| AMD 7 series | {one.plut} | {one.ff} | {one.bram} | {one.dsp} | - | - | - | - |",
        f"| ECP5, LFE5U-85F-8 | {some.lut} | {some.ff} | {some.bram} | {some.dsp} | {clocks} | "
        f"{whole.middle:.1f} | {ENGINE_BAR:g} | {ENGINE_GOAL:g} |",
    ]


def report(figures: Sequence[Figures]) -> list[str]:
    """Return the figures as a table beside their bars."""
    lines = [
        tools(),
        "",
        "| unit | LUT | at most | FF | BRAM | DSP | MHz (seed) | at least |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in figures:
        barred = one.unit.most is not None
        cells = (
            one.unit.title, one.mapped.plut, one.unit.most if barred else "-", one.mapped.ff,
            one.mapped.bram, one.mapped.dsp,
            ", ".join(f"{mhz:.1f} ({seed})" for seed, mhz in one.mhz.items()),
            one.unit.bar,
        )  # fmt: skip
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines
