# SPDX-License-Identifier: Apache-2.0
"""Scales by themselves: some channels of what is in a graph, and the same to fewer bits.

A scale is what `staircase` makes of a function of many levels: products, and behind them what
corrects and rounds them. Nothing here is built; it tells what other quantizers would take.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from hwgen.frontends.exact.line_fit import fit_line
from hwgen.frontends.exact.staircase import Staircase, Table, from_line
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import Codes, TensorType
from hwgen.ops.base import Op
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add
from hwgen.ops.mulshift import MulShift
from hwgen.ops.reference import run_reference
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds

_CHANNELS = 8  # that are looked at
_MOST = 1 << 18  # codes of an operand that are gone through


def scale_parts(graph: Graph, node: Node) -> list[Node]:
    """Return the nodes that a scale is made of: products, corrections, their sum, the rounding.

    The list is empty where the node is none of a scale, or not its first one.
    """
    if not isinstance(node.op, MulShift) or _rounds(node.op):
        return []
    found = [node]
    last = None if node.op.shift else _only_reader(graph, node)
    if last and isinstance(last.op, Add) and len(last.inputs) == 2:
        other = graph[next(name for name in last.inputs if name != node.name)]
        if not isinstance(other.op, Thresholds) or other.inputs != node.inputs:
            return found
        found += [other, last]
        last = _only_reader(graph, last)
    return [*found, last] if last and _rounds(last.op) else found


def _only_reader(graph: Graph, node: Node) -> Node | None:
    readers = [other for other in graph.nodes if node.name in other.inputs]
    leaves = any(out.node == node.name for out in graph.outputs)
    return readers[0] if len(readers) == 1 and not leaves else None


def _rounds(op: Op) -> bool:
    """Tell whether an operation drops bits and bounds what is left, and does nothing else."""
    if isinstance(op, MulShift):
        return bool(np.all(op.mult == 1) and np.all(op.add == 0))
    return isinstance(op, Requantize) and op.neg_shift is None


def some_channels(graph: Graph, parts: Sequence[Node]) -> Graph:
    """Return a scale of some channels by itself, evenly taken from the different ones.

    Args:
        graph: that has it.
        parts: its nodes, as `scale_parts` gives them.
    """
    given = graph[parts[0].inputs[0]].type
    arrays = [given.lo, given.hi]
    for part in parts:
        if isinstance(part.op, MulShift):
            arrays += [part.op.mult, part.op.add]
    columns = [np.broadcast_to(a, given.shape).reshape(-1).tolist() for a in arrays]
    places = list({row: at for at, row in enumerate(zip(*columns, strict=True))}.values())
    kept = np.array(places[:: math.ceil(len(places) / _CHANNELS)])

    def picked(values: Codes, inner: int = 0) -> Codes:
        own = values.shape[values.ndim - inner :]
        made: Codes = np.broadcast_to(values, (*given.shape, *own)).reshape(-1, *own)[kept]
        return made

    def alone(op: Op) -> Op:
        match op:
            case MulShift():
                return op.changed(mult=picked(op.mult), add=picked(op.add))
            case Thresholds():
                low, values = picked(op.thresholds, 1), picked(op.values, 1)
                return op.changed(thresholds=low, values=values)
        return op

    kind = TensorType.covering((len(kept),), given.frac, picked(given.lo), picked(given.hi))
    source = parts[0].inputs[0]
    return _graph(
        kind,
        [
            (part.name, alone(part.op), tuple("x" if i == source else i for i in part.inputs))
            for part in parts
        ],
    )


def _graph(kind: TensorType, ops: Sequence[tuple[str, Op, tuple[str, ...]]]) -> Graph:
    """Return a graph of one input and some operations, the last of which leaves."""
    nodes = {"x": Node("x", Input(kind.shape, kind.fixed, kind.lo, kind.hi), (), kind)}
    for name, op, inputs in ops:
        nodes[name] = Node(name, op, inputs, op.infer([nodes[i].type for i in inputs]))
    return Graph("scale", tuple(nodes.values()), (Output("y", ops[-1][0], (1.0,)),))


def fewer_bits(now: Graph, drop: int) -> Graph | None:
    """Return a scale by itself whose codes are rounded to *drop* bits fewer.

    Its factors and terms are the shortest that are exact. None where no line is near, or where its
    operand has too many codes to go through.
    """
    kind, last = now["x"].type, now.nodes[-1]
    if kind.peak >= _MOST // 2:
        return None
    low, high = int(kind.lo.min()), int(kind.hi.max())
    codes = np.arange(low, high + 1)
    (made,) = run_reference(now, {"x": np.stack([codes] * kind.size, axis=1)}).values()
    top = (1 << (last.type.fixed.width - last.type.fixed.signed - drop)) - 1
    fewer = np.minimum((made.astype(np.int64) + (1 << (drop - 1))) >> drop, top)
    edges, values = [], []
    for column, lo, hi in zip(fewer.T, kind.lo.tolist(), kind.hi.tolist(), strict=True):
        own = column[lo - low : hi - low + 1]
        at = np.flatnonzero(np.diff(own))
        edges.append(at + 1 + lo)
        values.append(own[np.append(at, -1)])
    ends = (np.asarray(kind.lo, np.int64), np.asarray(kind.hi, np.int64))
    stairs = Staircase((kind.size,), *ends, tuple(edges), tuple(values))
    line = fit_line(*ends, edges, values)
    if line is None:
        return None
    return _graph(kind, list(_operations(from_line(stairs, line, last.type.frac - drop))))


def _operations(table: Table) -> Iterator[tuple[str, Op, tuple[str, ...]]]:
    done = "x"
    for i, op in enumerate(table.stages):
        yield f"stage{i}", op, (done,)
        done = f"stage{i}"
        if i == 0 and table.correction is not None:
            yield "fix", table.correction, ("x",)
            yield "fixed", Add((1, 1)), (done, "fix")
            done = "fixed"
