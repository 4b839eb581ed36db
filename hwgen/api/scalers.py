# SPDX-License-Identifier: Apache-2.0
"""Cost of an input scaler: what a layer outside the core would take inside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwgen.cost.estimate import estimate
from hwgen.errors import count_of
from hwgen.frontends.exact.builder import ExactBuilder, Origin
from hwgen.frontends.exact.given_format import round_to
from hwgen.frontends.exact.steps import Affine, f32
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, InputScaler, Node, Output
from hwgen.ops.input_ import Input
from hwgen.passes import run_passes
from hwgen.plan.goal import goal_for
from hwgen.plan.planner import planned
from hwgen.target.board import Board

_MOST = 16  # elements that are planned; more of them count as these do


def scaler_lines(graph: Graph, board: Board) -> list[str]:
    """Return a line an input scaler: its look-up tables outside the core, none, and inside it.

    Args:
        graph: what is built.
        board: for which.
    """
    made = []
    for scaler in graph.input_scalers:
        node, fixed = _scaled(graph, scaler), graph[scaler.input].type.fixed
        said = count_of(node.type.size, "value")
        made.append(
            f"{scaler.layer}: no LUT as the scaler of input {scaler.input}; inside about "
            f"{inside_lut(node, scaler, fixed, board):,} LUT for {said} of {fixed}"
        )
    return made


def inside_lut(node: Node, scaler: InputScaler, fixed: Fixed, board: Board) -> int:
    """Return the look-up tables of a scaler's factors, terms and rounding, as counted adders.

    Args:
        node: whose values would be scaled.
        scaler: factors and terms.
        fixed: format behind them.
        board: for which.
    """
    size = node.type.size
    rows = np.unique(np.linspace(0, size - 1, min(size, _MOST)).astype(int))
    factors = [
        np.resize(np.array(part), size)[rows].astype(np.float32)
        for part in (scaler.scale, scaler.offset)
    ]
    b, at = ExactBuilder("scaler", "hwgen"), Origin("scaled", "scaled")
    lo, hi = np.array(int(node.type.lo.min())), np.array(int(node.type.hi.max()))
    op = Input((len(rows),), node.type.fixed, lo, hi)
    value = b.emit("x", op, [], Origin("x", "x")).after(Affine(f32(factors[0]), f32(factors[1])))
    done = round_to(b, value, fixed, at, "scaled")
    made = run_passes(b.graph("scaler", [Output("y", done.node, (1.0,))]))
    goal = replace(goal_for(board), effort=0)
    design = planned(made, board, goal, "scaler", {}).design
    return round(estimate(design, board.family).lut * size / len(rows))


def _scaled(graph: Graph, scaler: InputScaler) -> Node:
    """Return the node that a scaler scales: a sum that it makes a mean, or the input."""
    own = [node for node in graph.nodes if node.layer == scaler.layer and node.inputs]
    return own[0] if own else graph[scaler.input]
