# SPDX-License-Identifier: Apache-2.0
"""Verbs on a model: load, show, build."""

from __future__ import annotations

import argparse
from pathlib import Path

from hwgen.cli.common import Arguments, Verbs, model_options, progress
from hwgen.errors import Result


def _load(args: argparse.Namespace) -> Result:
    from hwgen.api import show

    out = Path(args.out) if args.out else None
    return show.load_to(args.model, args.weights, model_options(args), out)


def _show(args: argparse.Namespace) -> Result:
    from hwgen.api import show

    return show.show(args.model, args.weights, model_options(args))


def _build(args: argparse.Namespace) -> Result:
    from hwgen.api import build

    return build.build(
        args.model, args.out, board=args.board, weights=args.weights, clock=args.clock,
        latency=args.latency, style=args.style, options=model_options(args), name=args.name,
        effort=args.effort, seed=args.seed, config=args.config,
        best_effort=args.best_effort or None, overwrite=args.overwrite, hls=args.hls or None,
        interval=args.interval, rate=args.rate, fps=args.fps, budget=args.budget,
        register_links=args.register_links, axi_clock=args.axi_clock, data=args.data,
        progress=progress(args),
    )  # fmt: skip


def _crosscheck(args: argparse.Namespace) -> Result:
    from hwgen.interop import crosscheck

    return crosscheck.crosscheck(
        Path(args.model), args.weights and Path(args.weights), model_options(args),
        data=args.data and Path(args.data), samples=args.samples, progress=progress(args),
    )  # fmt: skip


VERBS: Verbs = {
    "load": (_load, "read a model and write it as a bundle"),
    "show": (_show, "print the integer graph of a model, one line a node"),
    "build": (_build, "build the IP core of a model"),
    "crosscheck": (_crosscheck, "compare QKeras, hwgen and hls4ml on a model, layer by layer"),
}

# fmt: off
_MODEL, _BUILD = "load,show,build,estimate,crosscheck", "build,estimate"
_ANY = f"{_MODEL},quantize"
ARGUMENTS: Arguments = (
    (_ANY, "model", {"metavar": "MODEL", "help": ".h5, .keras, .json, or a hwgen bundle"}),
    (_ANY, "--weights", {"metavar": "FILE.h5", "help": "weights of an architecture .json"}),
    (_ANY, "--input-format", {"metavar": "s8.4", "help": "format of an input that has no "
        "quantizer: s or u (signed or not), bits in all, fraction bits; name=s8.4,other=u8.0 for "
        "several inputs"}),
    (_MODEL, "--format", {"action": "append", "metavar": "LAYER=s16.9", "help": "round behind a "
        "layer that has no quantizer, an approximation that is measured; repeatable; '*=s16.9' for "
        "all, a name before a pattern"}),
    (_MODEL, "--weight-format", {"action": "append", "metavar": "LAYER=s16.12", "help": "round a "
        "float kernel; as --format"}),
    (_MODEL, "--head", {"choices": ("logits", "argmax", "softmax"), "help": "what is made of the "
        "outputs: as they are, the index of the largest, or a softmax in integers; default: "
        "logits"}),
    (_ANY, "--outputs", {"metavar": "NAME,...", "help": "build these outputs alone"}),
    (_ANY, "--masks", {"metavar": "FILE.npz", "help": "pruning masks by layer; 1 keeps"}),
    (_ANY, "--scaler", {"metavar": "FILE.npz", "help": "training scaler (mean, std) to ship"}),
    ("crosscheck", "--data", {"metavar": "x.npy", "help": "samples as floats, brought to the "
        "input's grid; .npz for several inputs"}),
    ("crosscheck", "--samples", {"type": int, "default": 1000, "help": "random ones, without "
        "--data"}),
    ("load", "-o --out", {"metavar": "NAME.json", "help": "write the bundle, with its NAME.npz"}),
    (_BUILD, "-b --board", {"help": "a name from 'hwgen boards', or a .toml"}),
    (_BUILD, "--config", {"metavar": "OUT/config.toml", "help": "settings and realisations of "
        "layers, as a build writes them; a flag goes before the file"}),
    (_BUILD, "--data", {"metavar": "x.npy", "help": "samples as the model takes them; .npz by "
        "input name; prints the deviation from the model on them"}),
    (_BUILD, "--clock", {"metavar": "200MHz", "help": "or a period, 5ns; default: the board's"}),
    (_BUILD, "--axi-clock", {"metavar": "100MHz", "help": "a clock of their own for the AXI ports, "
        "of any phase; default: that of the core"}),
    (_BUILD, "--latency", {"metavar": "100ns", "help": "the most allowed, or such as 20cycles"}),
    (_BUILD, "--style", {"choices": ("auto", "parallel", "serial", "stream"), "help":
        "default: auto, which is parallel where that fits the board, and stream where it does not; "
        "parallel above interval 1 is serial"}),
    (_BUILD, "--interval", {"metavar": "N", "help": "cycles between two samples, at most, or auto: "
        "above 1 some bits of every value a cycle, which takes less; default: 1; estimate takes "
        "several, 1,2,4,8, and prints the dial"}),
    (_BUILD, "--rate", {"metavar": "40MHz", "help": "samples a second, at least, instead of "
        "--interval; or such as 5000/s"}),
    (_BUILD, "--fps", {"metavar": "N", "help": "likewise, samples a second"}),
    (_BUILD, "--budget", {"metavar": "lut<2000,ff<5000", "help": "what the design may take; with "
        "--interval auto the quickest that keeps it"}),
    (_BUILD, "--register-links", {"type": int, "metavar": "N", "help": "registers on every link "
        "between layers, which take N cycles each; for large AMD parts of several dies"}),
    (_BUILD, "--effort", {"type": int, "metavar": "0..3", "help": "of the search for adder graphs: "
        "0 quick, 2 seconds a layer, 3 minutes; default: 1"}),
    (_BUILD, "--seed", {"type": int, "help": "of that search and of the random samples; "
        "default: 1"}),
    (_BUILD, "--best-effort", {"action": "store_true", "help": "go on where the clock is missed"}),
    ("build", "-o --out", {"required": True, "metavar": "OUT", "help": "folder to write"}),
    ("build", "--hls", {"action": "store_true", "help": "write HLS C++ beside the Verilog, with a "
        "test bench and scripts for Vitis HLS, Vivado HLS and Catapult"}),
    ("build", "--overwrite", {"action": "store_true", "help": "lose edited files and results of "
        "another design in OUT; what is not hwgen's stays"}),
    ("build", "--name", {"help": "name of the design; default: the model file's"}),
)
# fmt: on
