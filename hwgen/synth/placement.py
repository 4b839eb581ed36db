# SPDX-License-Identifier: Apache-2.0
"""Placement of a design: its settings, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwgen.target.board import Pins


@dataclass(frozen=True)
class Placement:
    """Settings of a placement.

    Attributes:
        seed: of the placer.
        freq_mhz: clock to aim at.
        constraints: pins and clocks of a finished netlist, in the family's format.
        pins: of the board, for the harness around sources; where the family's tool chooses pins
            itself, they may be left out.
        dsp: let products take DSP blocks, where sources are given.
        clock: clock port of the top, where sources are given.
        timeout: seconds, for mapping and for place and route each.
    """

    seed: int = 1
    freq_mhz: float = 100.0
    constraints: str = ""
    pins: Pins | None = None
    dsp: bool = False
    clock: str = "clk_i"
    timeout: float = 7200.0


@dataclass(frozen=True)
class Routed:
    """A design that was placed and routed.

    Attributes:
        fmax_mhz: of the slowest clock, as nextpnr's timing analysis gives it.
        lut, ff, bram, dsp: as nextpnr counts them, the harness included.
        seed: of the placement.
        used: of every kind of cell, how many are used of how many.
        log: the end of what was printed.
        config: the file that holds the routed design; None if it was not kept.
    """

    fmax_mhz: float
    lut: int
    ff: int
    bram: int
    dsp: int
    seed: int
    used: tuple[tuple[str, int, int], ...] = ()
    log: str = ""
    config: Path | None = None
