# SPDX-License-Identifier: Apache-2.0
"""How long solving takes: seconds of the processor on one thread, ours beside the rivals'.

A large matrix is timed from its integers to the graph that is solved, a network to its Verilog.
Imports and a first small matrix come before the clock starts, for everybody. A rival that has had
its cap is stopped and printed so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hwgen.ops  # noqa: F401  (registers the operations)
from hwgen.logic.cmvm import solve
from hwgen.plan.parallel.lower import lower
from hwgen.target.board import load_board
from tests.benchmarks.adders.cases import Case, dense, mlp
from tests.benchmarks.adders.designs import BOARD, Asked, graph_of, ours, rival_info

# Label, tool, options of its solver, and seconds that it may take.
SETTINGS: tuple[tuple[str, str, Mapping[str, Any], int], ...] = (
    ("alkaid", "alkaid", {"hard_dc": -1}, 300),
    ("alkaid, delay-limited", "alkaid", {"hard_dc": 2}, 300),
    ("da4ml", "da4ml", {"hard_dc": -1}, 180),
)
# Size of a matrix to seconds that ours may take, and the same for a network.
MATRICES: Mapping[int, float] = {64: 1.0, 128: 10.0, 256: 90.0}
TEXT_LIMIT = 1.0


@dataclass(frozen=True)
class Timed:
    """One run.

    Attributes:
        case: name of what was timed.
        title: for people.
        by: who ran.
        seconds: of the processor; the cap where *over*.
        over: whether it was stopped.
    """

    case: str
    title: str
    by: str
    seconds: float
    over: bool = False

    def __str__(self) -> str:
        return f"over {self.seconds:g} s" if self.over else f"{self.seconds:.2f} s"


def names() -> list[str]:
    """Return everything that is timed."""
    return [*(f"solve{n}" for n in MATRICES), "text_mlp"]


def limit_of(name: str) -> float:
    """Return the seconds that ours may take."""
    return TEXT_LIMIT if name == "text_mlp" else MATRICES[int(name.removeprefix("solve"))]


def run(name: str, tools: set[str], cache: Path, python: Path) -> Iterator[Timed]:
    """Yield the runs of one case."""
    if name == "text_mlp":
        case = mlp()
        title, key = f"{case.title}, to Verilog", "seconds"
    else:
        case = dense(int(name.removeprefix("solve")))
        title, key = f"{case.title}, solved", "solve_seconds"
    if "hwgen" in tools:
        ours(dense(4))  # everything is loaded
        seconds = ours(case).seconds if key == "seconds" else _solving(case)
        yield Timed(name, title, "hwgen", seconds)
    for by, tool, options, cap in SETTINGS:
        if tool in tools:
            info = rival_info(case, Asked(tool, options, cap=cap), cache, python)
            over = "over" in info
            yield Timed(name, title, by, info["over"] if over else info[key], over)


def _solving(case: Case) -> float:
    graph, arity = graph_of(case), load_board(BOARD).family.adder_operands
    solve._solve.cache_clear()
    start = time.process_time()
    lower(graph, arity)
    return time.process_time() - start


def table(rows: Sequence[Timed]) -> str:
    """Return the runs, and how many times as long the quickest rival run took."""
    lines = ["| case | by | seconds | times ours |", "|---|---|--:|--:|"]
    for row in rows:
        own = mine(rows, row.case)
        times = "" if own is None or row.by == "hwgen" else f"{row.seconds / own.seconds:.1f}"
        times = f"over {times}" if times and row.over else times
        lines.append(f"| {row.title} | {row.by} | {row} | {times} |")
    return "\n".join(lines)


def mine(rows: Sequence[Timed], case: str) -> Timed | None:
    """Return our run of a case."""
    return next((row for row in rows if row.case == case and row.by == "hwgen"), None)


def quickest(rows: Sequence[Timed], case: str, rival: str = "alkaid") -> Timed | None:
    """Return the rival's quickest run of a case; one that was stopped took at least its cap."""
    found = [row for row in rows if row.case == case and row.by.startswith(rival)]
    return min(found, key=lambda row: row.seconds, default=None)
