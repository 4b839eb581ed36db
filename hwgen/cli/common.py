# SPDX-License-Identifier: Apache-2.0
"""Parts that the verbs share: the options of a model, and progress lines."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hwgen.errors import Result
from hwgen.progress import Progress

Verb = Callable[[argparse.Namespace], Result]
# Of every verb: the function that runs it, and its line in the help.
Verbs = dict[str, tuple[Verb, str]]
# The verbs that take it (space between; a comma where verbs have two words), names, settings.
Arguments = tuple[tuple[str, str, dict[str, Any]], ...]


def model_options(args: argparse.Namespace) -> Any:
    """Return the front end's options."""
    from hwgen.frontends import options

    return options.options(
        args.input_format,
        Path(args.masks) if args.masks else None,
        Path(args.scaler) if args.scaler else None,
    )


def progress(args: argparse.Namespace) -> Progress:
    """Return a progress callback: a line a stage on standard error, with headline and time."""
    last = time.perf_counter()

    def report(stage: str, headline: str) -> None:
        nonlocal last
        now = time.perf_counter()
        if not args.quiet:
            print(f"{stage:<9} {headline}  {now - last:.1f} s", file=sys.stderr, flush=True)
        last = now

    return report
