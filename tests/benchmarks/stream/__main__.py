# SPDX-License-Identifier: Apache-2.0
"""`make bench-stream`: units, folding and FIFOs of the stream style beside FINN's."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.benchmarks.page import write_marked
from tests.benchmarks.stream import fifos, folding, networks, pictures, units, whole, windows

PARTS = {
    "windows": windows.main,
    "units": units.main,
    "folding": folding.main,
    "fifos": fifos.main,
    "networks": networks.main,
    "pictures": pictures.main,
    "whole": whole.main,
}
DOCUMENT = Path(__file__).parents[3] / "docs" / "measurements" / "stream.md"


def main() -> int:
    """Run the parts, and say with the exit code whether all bars are held."""
    parser = argparse.ArgumentParser(prog="bench-stream", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="some of: %(default)s")
    parser.add_argument("--bless", action="store_true", help="write the tables into the docs")
    given = parser.parse_args()
    names = [name for name in given.only.split(",") if name] or list(PARTS)
    for name in names:
        if name not in PARTS:
            parser.error(f"no part {name!r}; there are {', '.join(PARTS)}")
    held = True
    for name in names:
        print(f"\n{name}\n")
        lines, good = PARTS[name]()
        held &= good
        if given.bless and not good:
            print(f"\n{name} misses a bar: its table is not written")
        elif given.bless:
            write_marked(DOCUMENT, f"bench-stream {name}", "\n".join(lines))
    print("\nall bars are held" if held else "\nA BAR IS MISSED")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
