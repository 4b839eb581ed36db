# SPDX-License-Identifier: Apache-2.0
"""A hidden binary layer by the cycles that it may take, in every way to build it, as estimated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from hwgen.cost.estimate import estimate
from hwgen.cost.units import unit_cost
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.planner import plan
from hwgen.target.board import load_board
from hwgen.units.facts import with_defaults
from hwgen.units.geometry import folds
from tests.benchmarks.binary.rows import signs

UNIT = "hwg_xnor_matvec"
ROWS, COLUMNS, CLOCK = 32, 64, 200.0
INTERVALS = (1, 2, 4, 8, 16, 32)


def layer() -> Graph:
    """Return the layer of 64 to 32 of the other rows, its inputs and outputs signs."""
    (own,) = signs(COLUMNS, ROWS).layers
    assert own.steps is not None
    net = GraphBuilder("layer")
    net.put("x", Input.of((COLUMNS,), Fixed(1, 0, False)))
    net.put("signs", Thresholds(np.array([1]), np.array([-1, 1]), 0))
    net.put("fc", Dense(own.weight, own.bias))
    net.put("act", Thresholds(own.steps[:, None], np.array([0, 1]), 0))
    return net.graph()


def folded(interval: int) -> Mapping[str, int]:
    """Return the parameters of the smallest folded unit of an interval, bits leaving."""
    every = [
        with_defaults(UNIT, {"PE": pe, "SIMD": simd, "Rows": ROWS, "Columns": COLUMNS,
                             "AccWidth": 8, "SignOnly": 1}) | {"BlockRom": 0, "WWidth": 1}
        for pe, simd in product((1, 2, 4, 8, 16, 32), (1, 2, 4, 8, 16, 32, 64))
    ]  # fmt: skip
    fits = [one for one in every if folds(one)[0] * folds(one)[1] <= interval]
    return min(fits, key=lambda one: unit_cost(UNIT, one).lut)


def rows() -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| interval | parallel, LUT, FF | digit-serial, LUT, FF | folded, LUT, FF | pe x simd |"
    yield "|--:|--:|--:|--:|--:|"
    graph, board = layer(), load_board("vcu118")
    for interval in INTERVALS:
        cells = ["", ""]
        for at, style in enumerate(("parallel", "serial")):
            if (style == "parallel") == (interval == 1):
                goal = Goal(CLOCK, style=style, pace=Pace(interval))
                taken = estimate(plan(graph, board, goal, "layer"), board.family)
                cells[at] = f"{taken.lut:,}, {taken.ff:,}"
        unit = folded(interval)
        cost = unit_cost(UNIT, unit)
        cells += [f"{cost.lut:,.0f}, {cost.ff:,.0f}", f"{unit['PE']} x {unit['SIMD']}"]
        yield f"| {interval} | {' | '.join(cells)} |"
