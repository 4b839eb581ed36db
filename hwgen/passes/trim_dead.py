# SPDX-License-Identifier: Apache-2.0
"""Dead nodes: removes what no output depends on."""

from __future__ import annotations

from dataclasses import replace

from hwgen.ir.graph import Graph
from hwgen.ops.input_ import Input


def trim_dead(graph: Graph) -> Graph:
    """Return the graph without nodes that no output needs; inputs stay, they are the interface."""
    wanted = {out.node for out in graph.outputs}
    for node in reversed(graph.nodes):
        if node.name in wanted:
            wanted.update(node.inputs)
    live = tuple(n for n in graph.nodes if n.name in wanted or isinstance(n.op, Input))
    return replace(graph, nodes=live)
