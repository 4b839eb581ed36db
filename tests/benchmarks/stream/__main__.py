# SPDX-License-Identifier: Apache-2.0
"""`make bench-stream`: the units of the stream style beside FINN's."""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks.stream import units, windows

PARTS = {"windows": windows.main, "units": units.main}


def main() -> int:
    """Run the parts, and say with the exit code whether all bars are held."""
    parser = argparse.ArgumentParser(prog="bench-stream", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="some of: %(default)s")
    given = parser.parse_args()
    names = [name for name in given.only.split(",") if name] or list(PARTS)
    for name in names:
        if name not in PARTS:
            parser.error(f"no part {name!r}; there are {', '.join(PARTS)}")
    held = True
    for name in names:
        print(f"\n{name}\n")
        held &= PARTS[name]()
    print("\nall bars are held" if held else "\nA BAR IS MISSED")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
