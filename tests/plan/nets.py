# SPDX-License-Identifier: Apache-2.0
"""Graphs that are written down by name."""

from __future__ import annotations

from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.base import Op
from hwgen.ops.input_ import Input


class Net:
    """Grows a graph by name."""

    def __init__(self, *shape: int, fixed: str = "u2.0") -> None:
        self.nodes: list[Node] = []
        self.add("x", Input.of(shape, Fixed.parse(fixed)))

    def add(self, name: str, op: Op, *ins: str) -> str:
        types = [node.type for i in ins for node in self.nodes if node.name == i]
        self.nodes.append(Node(name, op, ins, op.infer(types)))
        return name

    def graph(self, *outputs: str) -> Graph:
        made = Graph("net", tuple(self.nodes), tuple(Output(f"o_{n}", n, (1.0,)) for n in outputs))
        made.check()
        return made
