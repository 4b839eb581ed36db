# SPDX-License-Identifier: Apache-2.0
"""HLS C++ of whole models: every compiler and kind of integers, warnings, sanitizers.

``python -m tests.benchmarks.hls [--only "MAGIC;RN06, stream"] [--bless]`` prints a table, a model a
row, and ends with 1 where a number differs; ``--bless`` writes it into docs/hls.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hwgen.errors import HwgenError
from tests.benchmarks.page import marked, write_marked
from tests.emit.hls_models import MODELS, Found, compare

PAGE = Path(__file__).parents[2] / "docs" / "hls.md"
MARK = "bench-hls"
KINDS = ("plain integers", "ap_int", "ac_int", "ac_int of Intel")
HEAD = [
    "| model | samples | " + " | ".join(KINDS) + " | sanitizers | CPU s |",
    "|---|---|" + "---|" * len(KINDS) + "---|---|",
]


def row(name: str, found: Found) -> str:
    """Return a row of the table: mismatches by kind of integers, g++ before clang++."""
    cells = []
    for kind in KINDS:
        wrong = [count for how, count in found.mismatches.items() if how.endswith(f" {kind}")]
        cells.append(", ".join(map(str, wrong)) or "-")
    told = f"{len(found.clean)} clean"
    return f"| {name} | {found.samples:,} | {' | '.join(cells)} | {told} | {found.seconds:.0f} |"


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="models, with semicolons between them")
    parser.add_argument("--bless", action="store_true", help="write the table into docs/hls.md")
    given = parser.parse_args(words)
    old = marked(PAGE, MARK)
    known = {line.split("|")[1].strip(): line for line in old.splitlines()[2:]}
    wanted, failed = [name.strip() for name in given.only.split(";") if name.strip()], False
    for name, model in MODELS.items():
        if wanted and name not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = compare(model, Path(folder))
            except (HwgenError, AssertionError) as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                failed = True
                continue
        if found is None:
            print(f"{name}: its file is not on this machine", file=sys.stderr)
            failed = True
            continue
        failed |= any(found.mismatches.values())
        known[name] = row(name, found)
        print(known[name], "; ".join(found.clean), file=sys.stderr, flush=True)
    made = "\n".join([*HEAD, *(known[name] for name in MODELS if name in known)])
    print(made)
    if given.bless:
        write_marked(PAGE, MARK, made)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
