# SPDX-License-Identifier: Apache-2.0
"""Lowering: from a graph to logic, node by node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hwgen.ir.graph import Graph, Node
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Mask
from hwgen.ops.input_ import Input
from hwgen.passes.half_step import join_half_steps
from hwgen.plan.parallel.truth_tables import Prices, chains, tabulated


def lower(
    graph: Graph, arity: int = 2, effort: int = 1, seed: int = 1, tables: Prices | None = None
) -> Logic:
    """Return the logic of a graph; its nodes carry the name of the graph node that made them.

    *arity* is how many operands one adder of the target takes; *effort* and *seed* are of the
    search for adder graphs. With *tables*, the prices of the target's logic, neurons become tables
    where that is cheaper.
    """
    builder = Builder(arity, effort, seed)
    graph = join_half_steps(graph, arity)
    ends = chains(graph) if tables else {}
    wires: dict[str, Wires] = {}
    for node in graph.nodes:
        builder.layer = node.name
        if isinstance(node.op, Input):
            made = builder.tensor(node.name, node.type)
        else:
            made = _lowered(builder, node, [wires[i] for i in node.inputs])
            chain = ends.get(node.name)
            if chain and tables:
                ins = wires[chain[0].inputs[0]]
                made = tabulated(builder, chain, ins, made, _without(builder, chain, ins), tables)
        assert made.shape == node.type.shape, f"{node.name}: wires {made.shape} for {node.type}"
        builder.label(node.name, made)
        wires[node.name] = made
    return Logic.of(
        builder, [(o.name, [int(w) for w in wires[o.node].reshape(-1)]) for o in graph.outputs]
    )


def _without(b: Builder, chain: Sequence[Node], ins: Wires) -> Callable[[Mask], Wires]:
    """Return what lowers a chain anew, the masked channels of its matrix zero."""

    def again(mask: Mask) -> Wires:
        head = replace(chain[0], op=chain[0].op.without(mask))
        made = ins
        for node in (head, *chain[1:]):
            b.layer = node.name
            made = _lowered(b, node, [made])
        return made

    return again


def _lowered(b: Builder, node: Node, ins: Sequence[Wires]) -> Wires:
    return np.asarray(node.op.lower(b, ins), np.int64)
