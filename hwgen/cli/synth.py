# SPDX-License-Identifier: Apache-2.0
"""Verb that runs synthesis tools."""

from __future__ import annotations

import argparse
from pathlib import Path

from hwgen.cli.common import Arguments, Verbs, progress
from hwgen.errors import Result


def _synth(args: argparse.Namespace) -> Result:
    from hwgen.api import synth

    return synth.synth(
        Path(args.out), board=args.board, top=args.top, route=args.route, seeds=args.seeds,
        bitstream=args.bitstream, data=args.data and Path(args.data), run_vivado=args.vivado,
        run_vitis=args.vitis, dsp=args.dsp, test_clock=args.test_clock, jobs=args.jobs,
        allow_changed=args.allow_changed, progress=progress(args),
    )  # fmt: skip


VERBS: Verbs = {
    "synth": (_synth, "synthesise a built design with Yosys; place, route and pack it on request"),
}

# fmt: off
ARGUMENTS: Arguments = (
    ("synth", "out", {"metavar": "OUT", "help": "a folder that 'hwgen build' wrote"}),
    ("synth", "-b --board", {"help": "another board than the build's"}),
    ("synth", "--top", {"default": "core", "choices": ("core", "flow", "stream", "axis", "cdc"),
        "help": "the core (flow or stream is its kind), the core behind AXI-Stream, or that with a "
        "clock of its own for AXI, which is mapped alone"}),
    ("synth", "--route", {"action": "store_true", "help": "place and route with nextpnr for the "
        "clock rate (ECP5, Nexus, iCE40, Gowin)"}),
    ("synth", "--seeds", {"type": int, "default": 1, "metavar": "N", "help": "placements to try"}),
    ("synth", "--bitstream", {"action": "store_true", "help": "a bitstream that tests the core on "
        "the board; needs the board's pins"}),
    ("synth", "--data", {"metavar": "FILE", "help": "samples for that test, as of 'hwgen sim'; "
        "default: the build's own vectors"}),
    ("synth", "--test-clock", {"metavar": "20MHz", "help": "of that test; default: the build's "
        "clock"}),
    ("synth", "--vivado", {"action": "store_true", "help": "write scripts for Vivado and run them "
        "(AMD boards)"}),
    ("synth", "--vitis", {"action": "store_true", "help": "write a script for Vitis HLS and run it "
        "on the C++ of the build (AMD boards)"}),
    ("synth", "--dsp", {"action": "store_true", "help": "let products take DSP blocks"}),
    ("synth", "--allow-changed", {"action": "store_true", "help": "go on where RTL was edited "
        "after the build"}),
    ("synth", "--jobs", {"type": int, "metavar": "N", "help": "processes at once; default: one a "
        "processor"}),
)
# fmt: on
