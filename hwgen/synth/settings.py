# SPDX-License-Identifier: Apache-2.0
"""Settings of a synthesis: target, top, tools and how hard they try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SynthSettings:
    """Settings of a synthesis.

    Attributes:
        board: another one than the build's.
        top: ``flow`` for the core, ``axis`` for the core behind AXI-Stream.
        route: place and route the top in a harness, which gives its clock rate.
        seeds: of the placement, counted from 1.
        bitstream: also build the self-test for the board and its bitstream.
        run_vivado: write scripts for Vivado, and run them.
        run_vitis: write a script for Vitis HLS, and run it on the C++ of the build.
        test_clock: of the self-test, such as ``20MHz``, where it shall be below the build's.
        dsp: let products of two variables take DSP blocks, which the parallel style never asks for.
        allow_changed: take RTL that was edited after the build.
        jobs: processes at once; as many as there are processors if None.
    """

    board: str | None = None
    top: str = "flow"
    route: bool = False
    seeds: int = 1
    bitstream: bool = False
    run_vivado: bool = False
    run_vitis: bool = False
    test_clock: str | None = None
    dsp: bool = False
    jobs: int | None = None
    allow_changed: bool = False
