# SPDX-License-Identifier: Apache-2.0
"""`make bench-serial`: networks at several intervals, mapped for UltraScale+ and simulated.

Every design of the dial is simulated on 2,000 samples against the reference and mapped by Yosys; a
rival's netlist is simulated on its own samples. The bench fails where a bar is missed: the size of
a row, the fall of the dial, the estimate on networks that it was not fitted to, an ECP5's clock.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hwgen.errors import HwgenError
from tests.benchmarks.serial import estimates, routes
from tests.benchmarks.serial.rows import NETWORKS, RIVALS, Row, ours, rival

PARTS = ("dial", "rivals", "folded", "estimate", "ecp5")
FOLDED = (16, 8, 4)  # intervals at which the folded unit stands beside
FALLS = 0.85  # most that interval 2 may take of interval 1


@dataclass(frozen=True)
class Bar:
    """Most that a network may take at an interval; 0 where there is no bar."""

    lut: int
    ff: int = 0
    cycles: int = 0


BARS = {
    ("jet", 16): Bar(3_000, 7_500, 95),
    ("jet", 8): Bar(3_800, 9_400, 58),
    ("jet", 4): Bar(7_200, 14_400, 44),
    ("jet", 2): Bar(13_000, 22_500, 36),
    ("magic", 16): Bar(2_500),
    ("magic", 4): Bar(5_700),
}


def missed(rows: Sequence[Row]) -> Iterator[str]:
    """Yield every bar that a row of ours misses, and where the dial does not fall."""
    for row in rows:
        where = f"{row.name} at {row.asked}, {row.by}"
        bar = BARS.get((row.name, row.asked), Bar(0)) if row.by == "serial" else Bar(0)
        for value, most, unit in (
            (row.lut, bar.lut, "LUT"), (row.ff, bar.ff, "FF"), (row.cycles, bar.cycles, "cycles"),
        ):  # fmt: skip
            if most and value > most:
                yield f"{where}: {value:,} {unit}, the bar is {most:,}"
        if row.by == "serial" and abs(row.modelled / row.lut - 1) > estimates.OFF:
            yield f"{where}: the estimate is {row.modelled:,}, and {row.lut:,} LUT were mapped"
        if row.odd:
            yield f"{where}: {row.odd}"
    for name in NETWORKS:
        dial = sorted((r for r in rows if r.name == name and r.modelled), key=lambda r: r.asked)
        dial = [row for row in dial if row.by != "folded"]
        for quick, slow in pairwise(dial):
            most = FALLS * quick.lut if (quick.asked, slow.asked) == (1, 2) else quick.lut
            if slow.lut > most:
                yield f"{name}: {slow.lut:,} LUT at {slow.asked}, {quick.lut:,} at {quick.asked}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text; shares are of our parallel design of the same network."""
    whole = {row.name: row.lut for row in rows if row.by == "parallel"}
    lines = [
        "| network | by | allowed | interval | bits | LUT | of parallel | FF | DSP | cycles "
        "| estimate |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in sorted(rows, key=lambda r: (r.name, -r.asked)):
        share = f"{row.lut / whole[row.name]:.2f}" if row.name in whole else ""
        off = f"{row.modelled:,} ({row.modelled / row.lut - 1:+.1%})" if row.modelled else ""
        lines.append(
            f"| {row.name} | {row.by} | {row.asked} | {row.interval} | {row.bits or 'all'} "
            f"| {row.lut:,} | {share} | {row.ff:,} | {row.dsp} | {row.cycles} | {off} |"
        )
    return "\n".join(lines)


def _rows(names: Sequence[str], intervals: Sequence[int], parts: set[str], sim: bool) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        graph = NETWORKS[name]()
        for interval in intervals if "dial" in parts else ():
            rows.append(ours(name, graph, "serial" if interval > 1 else "parallel", interval, sim))
            _told(rows[-1])
        for interval in FOLDED if "folded" in parts else ():
            rows.append(ours(name, graph, "stream", interval, False))
            _told(rows[-1])
        for tool in RIVALS if "rivals" in parts else ():
            rows.append(rival(name, graph, tool))
            _told(rows[-1])
    return rows


def _told(row: Row) -> None:
    print(f"{row.name} {row.asked} {row.by}: {row.lut:,} LUT", file=sys.stderr, flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """Run the bench; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench-serial", description=__doc__)
    parser.add_argument("--only", default=",".join(NETWORKS), help="networks")
    parser.add_argument("--intervals", default="16,8,4,2,1")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--no-sim", action="store_true")
    args = parser.parse_args(words)
    parts = set(args.parts.split(","))
    if unknown := parts - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    problems: list[str] = []
    intervals = [int(text) for text in args.intervals.split(",")]
    rows = _rows(args.only.split(","), intervals, parts, not args.no_sim)
    if rows:
        print(table(rows))
        problems += missed(rows)
    if "estimate" in parts:
        drawn = [estimates.held(b, *case) for b in estimates.BOARDS for case in estimates.DRAWN]
        print("\n" + estimates.table(drawn))
        problems += estimates.missed(drawn)
    if "ecp5" in parts:
        graph = NETWORKS["jet"]()
        placed = [
            routes.routed(name, graph, interval, mhz, routes.SEEDS if interval > 1 else (1,))
            for name, interval, mhz in routes.CASES
        ]
        print("\n" + routes.table(placed))
        problems += routes.missed(placed)
    for problem in problems:
        print(f"MISSED: {problem}")
    return int(bool(problems))


if __name__ == "__main__":
    try:
        code = main()
    except HwgenError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        code = 1
    raise SystemExit(code)
