# SPDX-License-Identifier: Apache-2.0
"""`make bench-prove`: which networks `hwgen verify --prove` proves, and in what time.

Shipped networks, and those of ../shared/models where they are there, are built for VU13P and
proven, each in a process of its own. ``ONLY=kan/jets,...`` takes some of them and leaves the other
rows as they are; ``BLESS=1`` writes the table of docs/verification.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hwgen
from hwgen.paths import demo
from tests.benchmarks.models import BOARD, ENTRIES, MODELS, S16
from tests.benchmarks.page import marked, write_marked

PAGE = Path(__file__).resolve().parents[2] / "docs" / "verification.md"
MARK = "bench-prove"
PARALLEL = (("style", "parallel"),)
# Of other people's models those that a parallel design is made of without being quantized first.
OTHERS = (
    "qkeras_3layer",
    "QKERAS_3layer",
    "KERAS_3layer_binary_smaller",
    "KERAS_3layer_ternary_small",
    "kan/jets",
    "kan/rl",
)
HEAD = f"""\
`make bench-prove BLESS=1`: builds for {BOARD}, CPU seconds of the whole `hwgen verify OUT --prove`.

| network | verdict | CPU s | layers | nets | values of functions | hand-written units |
|---|---|--:|--:|--:|--:|--:|
"""


@dataclass(frozen=True)
class Case:
    """A network, and the settings of its build."""

    name: str
    model: Path
    settings: tuple[tuple[str, Any], ...] = ()


def cases() -> list[Case]:
    """Return the networks that are there."""
    found = [
        Case("MAGIC (shipped)", demo().parent / "magic" / "magic.h5"),
        Case("binary MLP (shipped)", demo().parent / "binary" / "bmlp.h5", PARALLEL),
    ]
    for entry in ENTRIES:
        if entry.name in OTHERS and (MODELS / entry.model).exists():
            weights = (("weights", MODELS / entry.weights),) if entry.weights else ()
            plain = tuple(pair for pair in entry.settings if pair in S16)
            found.append(Case(entry.name, MODELS / entry.model, (*weights, *plain)))
    return found


def row(case: Case) -> str:
    """Return the table's row of a network: built, and proven in another process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        hwgen.build(case.model, out, board=BOARD, **dict(case.settings))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "hwgen.cli", "verify", str(out), "--prove", "--json"]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    found = json.loads(told.stdout)
    verdict = "proven" if found["proven"] else "not proven"
    print(f"{case.name}: {verdict}", *found["problems"][:3], sep="\n  ", flush=True)
    figures = (found["layers"], found["wires"], found["values"], sum(found["units"].values()))
    cells = [case.name, verdict, f"{seconds:.1f}", *(f"{n:,}" for n in figures)]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--bless", action="store_true")
    args = parser.parse_args(arguments)
    only = [name for name in args.only.split(",") if name]
    lines = [line for line in marked(PAGE, MARK).splitlines() if line.startswith("| ")]
    old = {line.split("|")[1].strip(): line for line in lines}
    rows = []
    for case in cases():
        if not only or any(case.name.startswith(name) for name in only):
            rows.append(row(case))
        elif case.name in old:
            rows.append(old[case.name])
    table = HEAD + "\n".join(rows) + "\n"
    print(table)
    if args.bless:
        write_marked(PAGE, MARK, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
