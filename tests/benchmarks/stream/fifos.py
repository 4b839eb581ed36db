# SPDX-License-Identifier: Apache-2.0
"""FIFO depths beside the least that keep the rate, link by link.

The graphs are random ones whose branches part and meet again, and two chains of long maps.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hwgen.api.load import load
from hwgen.design.types import Design
from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.stream import planner, tokens
from hwgen.plan.stream.fifos import with_fifos
from hwgen.target.board import load_board
from tests.benchmarks.stream.networks import DIGITS, balanced
from tests.plan.branches import branchy

BAR, SECONDS, GRAPHS = 1.06, 1.0, 12
LONG = 60  # samples over which a rate must last


@dataclass(frozen=True)
class Case:
    """Graph of the table, its board, the clock in MHz and the cycles a sample that are allowed."""

    name: str
    graph: Graph
    board: str
    clock: float
    allowed: int


def cases() -> Iterator[Case]:
    """Yield the graphs of the table."""
    for seed in range(GRAPHS):
        allowed = int(np.random.default_rng(seed).choice([64, 100, 300, 1000]))
        yield Case(str(seed), branchy(seed), "vcu118", 200.0, allowed)
    yield Case("balanced", balanced(), "vcu118", 200.0, 1_024)
    digits = load(DIGITS / "mnist_residual.h5")
    yield Case("MNIST, residual", digits, "ulx3s", 100.0, 6_272)


def keeps(design: Design) -> bool:
    """Tell whether a design keeps its interval over many samples, and does not stop."""
    made = tokens.run(design, LONG)
    return not made.stuck and tokens.interval(made, design) <= design.interval


def least(design: Design) -> Design:
    """Return the design with every FIFO as short as the rate allows, the longest first."""
    for link in sorted(design.links, key=lambda link: (-link.depth, link.name)):
        low, high = 0, link.depth
        while low < high:
            middle = (low + high) // 2
            if keeps(_with(design, link.name, middle)):
                high = middle
            else:
                low = middle + 1
        design = _with(design, link.name, high)
    return design


def _with(design: Design, name: str, depth: int) -> Design:
    links = tuple(replace(x, depth=depth) if x.name == name else x for x in design.links)
    return replace(design, links=links)


def main() -> tuple[list[str], bool]:
    """Print depths and least depths; return the lines, and whether the bars are held."""
    sized = dict[int, float]()

    def timed(design: Design) -> Design:
        began = time.process_time()
        made = with_fifos(design)
        sized[0] = time.process_time() - began
        return made

    planner.with_fifos = timed  # type: ignore[assignment]
    lines = ["| graph | stages | interval | depths | least |", "|---|---|---|---|---|"]
    ours = best = 0
    slowest, right = 0.0, True
    for case in cases():
        goal = Goal(case.clock, style="stream", pace=Pace(case.allowed))
        design = planner.plan_stream(case.graph, load_board(case.board), goal, "net", {})
        right &= keeps(design)
        short = least(design)
        depths, fewest = (sum(link.depth for link in d.links) for d in (design, short))
        ours, best, slowest = ours + depths, best + fewest, max(slowest, sized[0])
        lines.append(
            f"| {case.name} | {len(design.stages)} | {design.interval:,} | {depths} | {fewest} |"
        )
    planner.with_fifos = with_fifos
    lines += ["", f"Depths {ours / max(best, 1):.3f} of the least, bar {BAR}; "
              f"rates {'kept, no deadlock' if right else 'LOST'}."]  # fmt: skip
    print("\n".join(lines))
    print(f"slowest sizing {slowest:.2f} CPU seconds, bar {SECONDS:g}")
    return lines, right and ours <= BAR * best and slowest <= SECONDS
