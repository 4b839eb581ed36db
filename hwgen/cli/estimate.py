# SPDX-License-Identifier: Apache-2.0
"""Verb on a model before it is built: its estimate, a trigger's answers, comparisons."""

from __future__ import annotations

import argparse

from hwgen.cli.common import Arguments, Verbs, model_options
from hwgen.errors import ConfigError, Result


def _estimate(args: argparse.Namespace) -> Result:
    from hwgen.api import dial, estimate
    from hwgen.api.settings import Ask

    names = (
        "weights", "clock", "latency", "style", "effort", "seed", "config", "interval", "rate",
        "fps", "budget", "register_links", "axi_clock", "data",
    )  # fmt: skip
    given = {name: getattr(args, name) for name in names}
    given["best_effort"] = args.best_effort or None  # a flag that was not given
    several = args.interval if args.interval and "," in args.interval else None
    if args.data and (several is not None or args.compare):
        other = "--compare" if args.compare else "several intervals"
        raise ConfigError(
            f"the deviation is that of one estimate, and {other} ask for more",
            "--data",
            "leave one of the two out; an interval changes no value",
        )
    if several is not None:
        given["interval"] = None
    ask = Ask.of(args.model, args.board, {**given, "options": model_options(args)})
    if several is not None:
        return dial.dial(ask, several)
    if args.compare:
        return estimate.compare(ask, args.compare, args.trigger)
    found = estimate.examine(ask, args.trigger)
    if found.refusal is not None:
        raise found.refusal
    return found


VERBS: Verbs = {
    "estimate": (_estimate, "print latency and resources without writing a design"),
}

# fmt: off
ARGUMENTS: Arguments = (
    ("estimate", "--trigger", {"metavar": "latency<100ns,rate=40MHz,lut<5%", "help": "conditions "
        "on latency (ns, cycles, bx), rate (Hz), lut, ff, dsp, bram (%% of the part, or a count): "
        "exit code 4 and the layer that breaks one"}),
    ("estimate", "--compare", {"nargs": "+", "metavar": "V", "help": "side by side with "
        "other models, or settings such as clock=200MHz,board=ulx3s; keys: model, weights, "
        "input-format, board, clock, latency, style, effort, seed"}),
)
# fmt: on
