# SPDX-License-Identifier: Apache-2.0
"""Nodes of the logic: integer operations on wires, one class each.

A class owns the wires it reads (`operands`), its exact interval, its values in numpy (`run`) and
its delay. Costs (`hwgen.cost.terms`) and printers (`hwgen.emit`) match on the classes: a new node
is one class here, one case in the costs, and one in each printer.
"""

from __future__ import annotations

from hwgen.logic.nodes.arithmetic import Add, Add3, Max, Mul, adder_positions
from hwgen.logic.nodes.base import (
    Const,
    In,
    Interval,
    Node,
    Shl,
    Wire,
    Wired,
    Wires,
    round_half_even,
)
from hwgen.logic.nodes.choice import PlacedTable, Requant, Select, Table, Thresh
from hwgen.logic.nodes.heap import Chain, Gather

__all__ = [
    "Add",
    "Add3",
    "Chain",
    "Const",
    "Gather",
    "In",
    "Interval",
    "Max",
    "Mul",
    "Node",
    "PlacedTable",
    "Requant",
    "Select",
    "Shl",
    "Table",
    "Thresh",
    "Wire",
    "Wired",
    "Wires",
    "adder_positions",
    "round_half_even",
]
