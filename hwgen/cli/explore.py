# SPDX-License-Identifier: Apache-2.0
"""Verb that sweeps settings and models."""

from __future__ import annotations

import argparse
from pathlib import Path

from hwgen.cli.common import Arguments, Verbs, progress
from hwgen.errors import Result


def _explore(args: argparse.Namespace) -> Result:
    from hwgen.api.explore import explore
    from hwgen.api.explore_space import Lists

    lists = Lists(
        args.model, args.board, args.weights, args.input_format, args.clock, args.latency,
        args.interval, args.effort, args.style, args.score, args.seed,
    )  # fmt: skip
    return explore(
        lists.space(), Path(args.out), method=args.method, trials=args.trials, seed=args.seed,
        objectives=args.objectives.split(","), trigger=args.trigger, jobs=args.jobs,
        scheduler=args.scheduler, progress=progress(args),
    )  # fmt: skip


VERBS: Verbs = {
    "explore": (_explore, "sweep clocks, efforts, formats and models; find the Pareto front"),
}

# fmt: off
ARGUMENTS: Arguments = (
    ("explore", "model", {"metavar": "MODEL", "nargs": "+", "help": "variants of a model; quantize "
        "and train them beforehand"}),
    ("explore", "--weights", {"metavar": "W", "nargs": "+", "help": "weights of architectures in "
        ".json, one a model"}),
    ("explore", "--input-format", {"metavar": "s8.4", "action": "append", "help": "as for build; "
        "again for another variant"}),
    ("explore", "-b --board", {"required": True, "metavar": "A,B", "help": "boards to try"}),
    ("explore", "--clock", {"metavar": "A,B", "help": "clocks to try, such as 200MHz,5ns, or a "
        "range 100MHz:400MHz:50MHz; default: each board's"}),
    ("explore", "--latency", {"metavar": "A,B", "help": "caps to try, such as 50ns,none"}),
    ("explore", "--interval", {"metavar": "1,8", "help": "intervals to try, such as 1,2,4,8,auto"}),
    ("explore", "--style", {"metavar": "A,B", "default": "auto", "help": "styles to try, "
        "such as parallel,stream; default: auto, as for build"}),
    ("explore", "--effort", {"metavar": "0,1", "default": "1", "help": "efforts to try"}),
    ("explore", "--score", {"metavar": "S", "nargs": "+", "type": float, "help": "a figure of each "
        "model to maximise, such as its accuracy, for the objective 'score'"}),
    ("explore", "--objectives", {"metavar": "A,B", "default": "latency_ns,lut", "help": "what to "
        "minimise"}),
    ("explore", "--trigger", {"metavar": "lut<5%,...", "help": "conditions of the front, as for "
        "estimate"}),
    ("explore", "--method", {"default": "grid", "choices": ("grid", "tpe", "nsga2"), "help":
        "every point, or a search"}),
    ("explore", "--trials", {"type": int, "metavar": "N", "help": "how many in all, earlier runs "
        "included; default: the whole grid"}),
    ("explore", "--jobs", {"type": int, "default": 2, "metavar": "N", "help": "processes; 0 works "
        "in this one"}),
    ("explore", "--scheduler", {"metavar": "tcp://...", "help": "a Dask cluster's, instead"}),
    ("explore", "--seed", {"type": int, "default": 1, "help": "of the search"}),
    ("explore", "-o --out", {"required": True, "metavar": "OUT", "help": "folder; what is there is "
        "gone on with"}),
)
# fmt: on
