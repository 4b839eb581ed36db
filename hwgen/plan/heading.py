# SPDX-License-Identifier: Apache-2.0
"""Heading of a design: whose it is, and what it is planned for."""

from __future__ import annotations

from hwgen.design.types import Heading
from hwgen.ir.graph import Graph
from hwgen.ops.serial import digest
from hwgen.plan.goal import Goal
from hwgen.target.board import Board


def heading_of(graph: Graph, board: Board, goal: Goal, name: str) -> Heading:
    """Return the heading of a design.

    Args:
        graph: what it computes.
        board: what it is for.
        goal: with its clocks.
        name: of the design.
    """
    model = digest(graph)
    return Heading(name, board.name, goal.clock_mhz, model, board.data_width, goal.axi_mhz)
