# SPDX-License-Identifier: Apache-2.0
"""Neurons that nothing reads: they leave the matrix before adders are shared for it.

After pruning the next layer often reads only some neurons. Adders of the others would go in any
case, but the search must not share for their sake.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwgen.ir.graph import Graph
from hwgen.ops.base import Elementwise, Mask
from hwgen.ops.dense import Dense


def without_unread(graph: Graph) -> Graph:
    """Return the graph with zeros in the place of the weights of dense neurons that nothing reads.

    Values of such neurons change; no output does.
    """
    leaving = {output.node for output in graph.outputs}
    read: dict[str, Mask] = {
        node.name: np.full(node.type.shape[-1:], node.name in leaving) for node in graph.nodes
    }
    changed = {}
    for node in reversed(graph.nodes):
        op, wanted = node.op, read[node.name]
        if isinstance(op, Dense):
            if not wanted.all() and wanted.any():
                changed[node.name] = replace(node, op=op.without(~wanted))
            used = (op.weight[:, wanted] != 0).any(axis=1)
        elif isinstance(op, Elementwise) and len(node.inputs) == 1:
            used = wanted
        else:
            used = np.ones(1, bool)
        for source in node.inputs:
            read[source] = read[source] | (used if used.shape == read[source].shape else True)
    return replace(graph, nodes=tuple(changed.get(node.name, node) for node in graph.nodes))
