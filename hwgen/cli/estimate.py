# SPDX-License-Identifier: Apache-2.0
"""The verb that estimates: one model, a trigger's conditions, models or settings side by side."""

from __future__ import annotations

import argparse
from typing import Any

from hwgen.cli.common import Arguments, Verbs, model_options, notes_of


def _estimate(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.api import estimate

    ask = estimate.Ask(
        args.model, args.board, args.weights, args.clock, args.latency, args.style, args.effort,
        args.seed, model_options(args),
    )  # fmt: skip
    if args.compare:
        return estimate.compare(ask, args.compare, args.trigger)
    found = estimate.examine(ask, args.trigger)
    text = "\n".join([found.text.rstrip(), *notes_of(found.facts["notes"])])
    return {**found.facts, "text": text, "told": True, "failure": found.failure}


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
