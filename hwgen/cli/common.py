# SPDX-License-Identifier: Apache-2.0
"""Parts that the verbs share: the options of a model, and progress lines."""

from __future__ import annotations

import argparse
import sys
import threading
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

    made = options.options(
        args.input_format,
        Path(args.masks) if args.masks else None,
        Path(args.scaler) if args.scaler else None,
        getattr(args, "format", None) or (),
        getattr(args, "weight_format", None) or (),
    )
    head, outputs = (getattr(args, name, None) for name in ("head", "outputs"))
    return options.settled(made, head=head, outputs=outputs)


FIRST = 2.0  # seconds of silence before a line says that work goes on


class Heart:
    """Sign of life on standard error, where a verb says nothing for two seconds, four, eight ...

    Use it as a block; `beat` tells that something was said.
    """

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.began = self.last = time.perf_counter()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Heart:
        if not self.quiet:
            self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()

    def beat(self) -> None:
        """Note that a line was printed."""
        self.last = time.perf_counter()

    def _watch(self) -> None:
        wait, seen = FIRST, self.last
        while not self.done.wait(max(self.last + wait - time.perf_counter(), 0.01)):
            if self.last != seen:
                wait, seen = FIRST, self.last
            now = time.perf_counter()
            if now - self.last >= wait:
                took = f"{'...':<9} still at work, {now - self.began:.0f} s"
                print(took, file=sys.stderr, flush=True)
                wait = 2 * (now - self.last)


def progress(args: argparse.Namespace) -> Progress:
    """Return a progress callback: a line a stage on standard error, with headline and time."""
    last = time.perf_counter()
    heart: Heart | None = getattr(args, "heart", None)

    def report(stage: str, headline: str) -> None:
        nonlocal last
        now = time.perf_counter()
        if not args.quiet:
            print(f"{stage:<9} {headline}  {now - last:.1f} s", file=sys.stderr, flush=True)
        if heart is not None:
            heart.beat()
        last = now

    return report
