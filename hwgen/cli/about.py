# SPDX-License-Identifier: Apache-2.0
"""Verbs about hwgen itself: boards, operations, tools, demo, benchmark."""

from __future__ import annotations

import argparse
from pathlib import Path

from hwgen.cli.common import Arguments, Verbs, progress
from hwgen.errors import Result


def _boards(args: argparse.Namespace) -> Result:
    from hwgen.api import about

    return about.boards()


def _ops(args: argparse.Namespace) -> Result:
    from hwgen.api import about

    return about.ops()


def _doctor(args: argparse.Namespace) -> Result:
    from hwgen.api import about

    return about.doctor()


def _demo(args: argparse.Namespace) -> Result:
    from hwgen.api import demo

    return demo.demo(Path(args.out), args.samples, progress(args))


def _bench(args: argparse.Namespace) -> Result:
    from hwgen.api import bench

    return bench.bench(progress(args))


def _completion(args: argparse.Namespace) -> Result:
    from hwgen.cli import parser_of_all
    from hwgen.cli.completion import completion

    return completion(parser_of_all()[0], args.shell)


VERBS: Verbs = {
    "boards": (_boards, "list the boards"),
    "ops": (_ops, "list the supported layers, quantizers and operations"),
    "doctor": (_doctor, "list the tools found and what they enable"),
    "demo": (_demo, "build, simulate and verify the jet tagger"),
    "bench": (_bench, "measure speed side by side with hls4ml"),
    "completion": (_completion, "print what completes hwgen's words in a shell"),
}

# fmt: off
ARGUMENTS: Arguments = (
    ("demo", "--samples", {"type": int, "default": 2000, "help": "random samples, besides the "
        "corners"}),
    ("completion", "shell", {"choices": ("bash", "zsh"), "help": "that reads it"}),
    ("demo", "-o --out", {"default": "out/demo", "metavar": "OUT"}),
)
# fmt: on
