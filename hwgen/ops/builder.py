# SPDX-License-Identifier: Apache-2.0
"""Builder of graphs: written down operation by operation, for tests and small graphs of our own."""

from __future__ import annotations

from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.base import Op


class GraphBuilder:
    """Graph that grows by one operation at a time; ``last`` names the latest."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.last = ""

    def put(self, name: str, op: Op, reads: tuple[str, ...] | None = None) -> str:
        """Put an operation behind the last one, or behind *reads* (none for an input)."""
        if reads is None:
            reads = (self.last,) if self.nodes else ()
        types = {node.name: node.type for node in self.nodes}
        type_ = op.infer([types[read] for read in reads])
        self.nodes.append(Node(name, op, reads, type_, name))
        self.last = name
        return name

    def graph(self, scale: float | None = None) -> Graph:
        """Return the graph; its output is what was put last, worth *scale* a code.

        Without *scale*, the code's own fraction bits say what it is worth.
        """
        unit = 2.0 ** -self.nodes[-1].type.frac if scale is None else scale
        graph = Graph(self.name, tuple(self.nodes), (Output("y", self.last, (unit,)),))
        graph.check()
        return graph
