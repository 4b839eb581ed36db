# SPDX-License-Identifier: Apache-2.0
"""What the verbs share: the options of a model, the notes, the progress lines."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Verb = Callable[[argparse.Namespace], dict[str, Any]]
# Of every verb: what it does, and its line in the help.
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


def notes_of(notes: Sequence[str]) -> list[str]:
    """Return the lines of the notes."""
    return [f"note: {note}" for note in notes]


def progress(args: argparse.Namespace) -> Callable[[str, str], None]:
    """Return a reporter: one line a stage on standard error, with its headline and its time."""
    last = time.perf_counter()

    def say(stage: str, headline: str) -> None:
        nonlocal last
        now = time.perf_counter()
        if not args.quiet:
            print(f"{stage:<9} {headline}  {now - last:.1f} s", file=sys.stderr, flush=True)
        last = now

    return say
