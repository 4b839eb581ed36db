# SPDX-License-Identifier: Apache-2.0
"""Half a step in the sum: a rewrite of sums and of the requantizers that read them.

A requantizer adds half an output step before it drops bits. Where requantizers alone read a sum,
half a step joins the terms of the sum instead: as a part of a bias it costs nothing, and of the
rounding only a few tables are left. The requantizer takes off again what was added
(`Requantize.half`), so every value of the network stays what it was; between the two nodes the
codes are half a step higher.

It is part of planning and not of `hwgen.passes.PIPELINE`: which elements it is worth it for depends
on the adders of the target, and a stored graph does not know them.
"""

from __future__ import annotations

from dataclasses import replace

from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import TensorType, wide
from hwgen.ops.base import Sum
from hwgen.ops.requantize import Requantize


def join_half_steps(graph: Graph, arity: int) -> Graph:
    """Return the graph with half a step in every sum where that takes no adder.

    Args:
        graph: without dead nodes.
        arity: operands that one adder of the target takes, 2 or 3.
    """
    readers: dict[str, list[Node]] = {node.name: [] for node in graph.nodes}
    for node in graph.nodes:
        for source in node.inputs:
            readers[source].append(node)
    for output in graph.outputs:
        readers[output.node].clear()
    changed: dict[str, Node] = {}
    for node in graph.nodes:
        shift = _shared_shift(readers[node.name])
        if not shift or not isinstance(node.op, Sum):
            continue
        mask = node.op.joins(graph.types(node), arity)
        if not mask.any():
            continue
        step = mask.astype(object) << (shift - 1)
        lo, hi = wide(node.type.lo) + step, wide(node.type.hi) + step
        raised = TensorType.covering(node.type.shape, node.type.frac, lo, hi)
        changed[node.name] = replace(node, op=node.op.plus(step), type=raised)
        for reader in readers[node.name]:
            changed[reader.name] = replace(reader, op=reader.op.changed(half=mask))
    return replace(graph, nodes=tuple(changed.get(node.name, node) for node in graph.nodes))


def _shared_shift(readers: list[Node]) -> int:
    """Return the bits that all readers of a sum drop, 0 unless each is a plain requantizer."""
    ops = [reader.op for reader in readers]
    plain = [op.shift for op in ops if isinstance(op, Requantize) and op.neg_shift is None]
    alike = len(set(plain)) == 1 and len(plain) == len(ops)
    return max(plain[0], 0) if alike else 0
