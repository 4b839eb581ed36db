# SPDX-License-Identifier: Apache-2.0
"""Verbs on a built design: simulation, verification, prediction, report."""

from __future__ import annotations

import argparse
from pathlib import Path

from hwgen.cli.common import Arguments, Verbs, progress
from hwgen.errors import Result


def _sim(args: argparse.Namespace) -> Result:
    from hwgen.api import sim

    return sim.sim(
        Path(args.out), samples=args.samples, data=args.data and Path(args.data),
        simulator=args.simulator, waves=args.waves, activity=args.activity, seed=args.seed,
        only=args.only,
        allow_changed=args.allow_changed,
        progress=progress(args),
    )  # fmt: skip


def _verify(args: argparse.Namespace) -> Result:
    from hwgen.api import prove, verify

    if args.prove:
        return prove.prove(
            Path(args.out), allow_changed=args.allow_changed, progress=progress(args)
        )
    return verify.verify(
        Path(args.out), against=args.against, samples=args.samples,
        data=args.data and Path(args.data), seed=args.seed, allow_changed=args.allow_changed,
        progress=progress(args),
    )  # fmt: skip


def _predict(args: argparse.Namespace) -> Result:
    from hwgen.api import predict

    return predict.predict_file(
        Path(args.out), Path(args.data), Path(args.to), args.apply_scaler, args.allow_changed,
        args.emulate,
    )  # fmt: skip


def _emulate(args: argparse.Namespace) -> Result:
    from hwgen.api import emulate

    return emulate.write_library(Path(args.out), Path(args.to), args.allow_changed)


def _report(args: argparse.Namespace) -> Result:
    from hwgen.api import report

    return report.report(Path(args.out), args.allow_changed)


VERBS: Verbs = {
    "sim": (_sim, "simulate a built design against the integer reference"),
    "verify": (
        _verify,
        "compare the model's own forward pass or C++, or prove the Verilog",
    ),
    "predict": (_predict, "run the integer reference on a .npy file"),
    "emulate": (_emulate, "write a network as a library for C programs, bit for bit and fast"),
    "report": (_report, "draw a build's report again, and say where it lies"),
}

# fmt: off
_RUN, _BUILT = "sim,verify", "sim,verify,predict,emulate,report"
_SAMPLES = "random samples, besides the corners"
_OUT = "a folder that 'hwgen build' wrote"
ARGUMENTS: Arguments = (
    (_BUILT, "out", {"metavar": "OUT", "help": _OUT}),
    (_BUILT, "--allow-changed", {"action": "store_true", "help": "go on where RTL, C++ or bench "
        "were edited after the build"}),
    ("sim", "--samples", {"type": int, "help": f"{_SAMPLES}; default: 1000, or fewer where a "
        "sample takes many cycles"}),
    ("verify", "--samples", {"type": int, "default": 10000, "help": _SAMPLES}),
    (_RUN, "--data", {"metavar": "x.npy", "help": "samples to add, as floats (rounded to the "
        "input's grid); .npz for several inputs"}),
    (_RUN, "--seed", {"type": int, "default": 1, "help": "of the random samples"}),
    ("sim", "--simulator", {"default": "verilator", "choices": ("verilator", "icarus")}),
    ("sim", "--waves", {"action": "store_true", "help": "write a waveform"}),
    ("sim", "--activity", {"action": "store_true", "help": "write the switching activity of all "
        "nets over the whole run (SAIF), for tools that estimate power"}),
    ("sim", "--only", {"type": int, "metavar": "INDEX", "help": "replay one sample"}),
    ("verify", "--against", {"default": "qkeras", "choices": ("qkeras", "hls"), "help": "qkeras, "
        "the model's own forward pass (the default), or hls, the C++ of a build with --hls, "
        "compiled here with g++ and clang++"}),
    ("verify", "--prove", {"action": "store_true", "help": "prove that the generated Verilog, read "
        "back, computes the model at every input; no samples are taken"}),
    ("predict", "data", {"metavar": "x.npy", "help": "floats; .npz for several inputs"}),
    ("predict", "-o --to", {"required": True, "metavar": "y.npy", "help": "file to write; .npz "
        "for several outputs"}),
    ("emulate", "-o --to", {"required": True, "metavar": "FOLDER", "help": "new folder to write"}),
    ("predict", "--emulate", {"action": "store_true", "help": "run the network as machine code, "
        "compiled once: the same numbers, sooner"}),
    ("predict", "--apply-scaler", {"action": "store_true", "help": "x is raw: apply the shipped "
        "training scaler first"}),
)
# fmt: on
