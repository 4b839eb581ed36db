# SPDX-License-Identifier: Apache-2.0
"""Settings of a synthesis: target, top, tools and how hard they try."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SynthSettings:
    """Settings of a synthesis.

    Attributes:
        board: another one than the build's.
        top: ``core``, or ``axis`` for the core behind AXI-Stream; ``flow`` or ``stream``, by the
            kind of its links, name the core as well; ``cdc`` for the core behind AXI-Stream with a
            clock of its own, where the build has one.
        route: place and route the top in a harness, which gives its clock rate.
        seeds: of the placement, counted from 1.
        bitstream: also build the self-test for the board and its bitstream.
        data: file of samples for that test; the build's own vectors if None.
        run_vivado: write scripts for Vivado, and run them.
        run_vitis: write a script for Vitis HLS, and run it on the C++ of the build.
        test_clock: of the self-test, such as ``20MHz``, where it shall be below the build's.
        dsp: let products of two variables take DSP blocks, which the parallel style never asks for;
            where a folded layer was planned with DSP blocks they are taken in any case.
        allow_changed: take RTL that was edited after the build.
        jobs: processes at once; as many as there are processors if None.
    """

    board: str | None = None
    top: str = "core"
    route: bool = False
    seeds: int = 1
    bitstream: bool = False
    data: Path | None = None
    run_vivado: bool = False
    run_vitis: bool = False
    test_clock: str | None = None
    dsp: bool = False
    jobs: int | None = None
    allow_changed: bool = False
