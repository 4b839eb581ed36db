# SPDX-License-Identifier: Apache-2.0
"""From a graph to logic, node by node, and what two nodes in a row have in common.

A rounder adds half a step. Where a sum goes into rounders alone, half a step joins its terms: as a
part of the bias it costs nothing, and of the rounder only a few tables are left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.ir.graph import Graph, Node
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.nodes import Add, Const, Wire, Wires
from hwgen.ops.requantize import Requantize
from hwgen.plan.parallel.truth_tables import SUMS as _BIASED
from hwgen.plan.parallel.truth_tables import Prices, chains, tabulated

_SUMS = ("add", "sum_pool")
Mask = npt.NDArray[np.bool_]


def lower(
    graph: Graph, arity: int = 2, effort: int = 1, seed: int = 1, tables: Prices | None = None
) -> Logic:
    """Return the logic of a graph; its nodes carry the name of the graph node that made them.

    *arity* is how many operands one adder of the target takes; *effort* and *seed* are of the
    search for adder graphs. With *tables*, the prices of the target's logic, neurons become tables
    where that is cheaper.
    """
    builder = Builder(arity, effort, seed)
    steps = _rounded_alone(graph)
    ends = chains(graph) if tables else {}
    wires: dict[str, Wires] = {}
    held: dict[str, Mask] = {}  # of nodes: which elements hold half a step more
    for node in graph.nodes:
        builder.layer = node.name
        if node.op.kind == "input":
            bounds = zip(node.type.lo.reshape(-1), node.type.hi.reshape(-1), strict=True)
            flat = [builder.input(node.name, i, int(a), int(b)) for i, (a, b) in enumerate(bounds)]
            made = np.array(flat, np.int64).reshape(node.type.shape)
        else:
            ins = [wires[i] for i in node.inputs]
            made = _lowered(builder, node, ins, steps, held)
            chain = ends.get(node.name)
            if chain and tables:
                (source,) = chain[0].inputs
                again = _without(builder, chain, wires[source], steps)
                made = tabulated(builder, chain, wires[source], made, again, tables)
        assert made.shape == node.type.shape, f"{node.name}: wires {made.shape} for {node.type}"
        wires[node.name] = made
    return Logic.of(
        builder, [(o.name, [int(w) for w in wires[o.node].reshape(-1)]) for o in graph.outputs]
    )


def _without(
    b: Builder, chain: Sequence[Node], ins: Wires, steps: Mapping[str, int]
) -> Callable[[Mask], Wires]:
    """Return what lowers a chain anew, the masked channels of its matrix zero."""

    def again(mask: Mask) -> Wires:
        head, held = chain[0], dict[str, Mask]()
        op: Any = head.op
        weight = op.weight.reshape(-1, len(mask)) * ~mask
        zeroed = replace(op, weight=weight.reshape(op.weight.shape), bias=op.bias * ~mask)
        made = ins
        for node in (replace(head, op=zeroed), *chain[1:]):
            b.layer = node.name
            made = _lowered(b, node, [made], steps, held)
        return made

    return again


def _rounded_alone(graph: Graph) -> dict[str, int]:
    """Return the sums that only rounders read, all dropping as many bits: to half of their step."""
    readers: dict[str, list[Node]] = {node.name: [] for node in graph.nodes}
    for node in graph.nodes:
        for source in node.inputs:
            readers[source].append(node)
    leaving = {output.node for output in graph.outputs}
    steps = {}
    for node in graph.nodes:
        ops = [reader.op for reader in readers[node.name]]
        plain = [op for op in ops if isinstance(op, Requantize) and op.neg_shift is None]
        if node.op.kind not in _BIASED + _SUMS or node.name in leaving or len(plain) < len(ops):
            continue
        shifts = {op.shift for op in plain}
        if len(shifts) == 1 and min(shifts) > 0:
            steps[node.name] = 1 << (shifts.pop() - 1)
    return steps


def _lowered(
    b: Builder, node: Node, ins: Sequence[Wires], steps: Mapping[str, int], held: dict[str, Mask]
) -> Wires:
    op: Any = node.op
    half = steps.get(node.name, 0)
    if half and op.kind in _BIASED:
        # As an operand more it is worth its adder where one takes three; where one takes two, only
        # as a part of a bias that is there anyway.
        mask: Mask = np.full(op.bias.shape, True) if b.arity == 3 else op.bias != 0
        op = replace(op, bias=op.bias.astype(object) + half * mask.astype(object))
        held[node.name] = np.broadcast_to(mask, node.type.shape)
    if isinstance(op, Requantize):
        return op.lower(b, ins, held.get(node.inputs[0]))
    made = np.asarray(op.lower(b, ins), np.int64)
    if half and op.kind in _SUMS:
        joined = [_joined(b, int(wire), half) for wire in made.reshape(-1)]
        held[node.name] = np.array([w is not None for w in joined]).reshape(made.shape)
        pairs = zip(joined, made.reshape(-1), strict=True)
        made = np.array([old if new is None else new for new, old in pairs]).reshape(made.shape)
    return made


def _joined(b: Builder, wire: Wire, half: int) -> Wire | None:
    """Return a sum that *half* joined where that takes no adder, else None."""
    node = b.nodes[wire]
    if not isinstance(node, Add):
        return None
    a, c = (b.nodes[w] for w in (node.a, node.b))
    if isinstance(a, Const):
        whole = b.const((a.value << node.shift_a) + half)
        return b.add(whole, node.b, 0, node.shift_b, node.sub)
    if isinstance(c, Const):
        term = c.value << node.shift_b
        return b.add(node.a, b.const(half - term if node.sub else half + term), node.shift_a)
    if b.arity == 2:
        return None
    return b.add3(
        node.a, node.b, b.const(half), node.shift_a, node.shift_b, 0, node.sub, False,
        b.lo[wire] + half, b.hi[wire] + half,
    )  # fmt: skip
