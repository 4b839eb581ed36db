# SPDX-License-Identifier: Apache-2.0
"""Specification: the elements of every node of a graph as forms, from the integer reference.

A linear operation is asked for its matrix: its value at zero, and at every unit vector. A function
of one number is computed at every number that it can meet. Nothing is taken from the lowered logic.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import Unproven
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import Codes
from hwgen.ops.across import Across
from hwgen.ops.argmax import ArgMax
from hwgen.ops.base import Elementwise, Movement, Op, Sum
from hwgen.ops.edge_conv import EdgeConv
from hwgen.ops.edge_tables import EdgeTables
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Maximum, Multiply
from hwgen.ops.mulshift import MulShift
from hwgen.ops.pool import Pool
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds
from hwgen.verify.prove import wide
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.steps import MOST, Steps, tabulated

_BATCH = 1 << 22  # numbers in one call of an operation


class Spec:
    """Forms of a graph's nodes, made when they are asked for.

    Args:
        graph: the network.
        space: the atoms.
    """

    def __init__(self, graph: Graph, space: Space) -> None:
        self.graph, self.space = graph, space
        self.nodes = {node.name: node for node in graph.nodes}
        self._known: dict[str, list[Form]] = {}
        self._functions: dict[tuple[str, bytes, int, int], Steps] = {}

    def forms(self, name: str) -> list[Form]:
        """Return the elements of a node, row-major.

        Raises:
            Unproven: there is no rule for its operation, or its functions are too wide.
        """
        if name not in self._known:
            node = self.nodes[name]
            try:
                self._known[name] = self._made(node)
            except Unproven as error:
                raise Unproven(error.what, name) from error
        return self._known[name]

    def _made(self, node: Node) -> list[Form]:
        op = node.op
        if isinstance(op, Input):
            ends = (node.type.lo.reshape(-1), node.type.hi.reshape(-1))
            pairs = zip(*(map(int, end) for end in ends), strict=True)
            return [self.space.input(f"{node.name}[{n}]", *e) for n, e in enumerate(pairs)]
        ins = [self.forms(name) for name in node.inputs]
        if isinstance(op, Elementwise):
            return self._elementwise(node, ins[0])
        if isinstance(op, Movement):
            return self._linear(node, ins)
        for forms in ins:  # what is proven up to here is a variable of what follows
            self.space.cut(forms)
        if isinstance(op, Sum):
            return self._linear(node, ins)
        if isinstance(op, EdgeTables):
            rows = _rows(ins[0], op.values.shape[0])
            return [form for row in rows for form in self._edges(op, row, op.values)]
        if isinstance(op, EdgeConv):
            return self._windows(op, node, ins[0])
        if isinstance(op, Across):
            if op.sums:
                return self._linear(node, ins)
            rows = _rows(ins[0], node.type.shape[-1])
            return [peak for row in rows for peak in [self.space.largest(row)] * len(row)]
        if isinstance(op, ArgMax):
            rows = _rows(ins[0], self.graph.types(node)[0].shape[-1])
            return [self._winner(row) for row in rows]
        if isinstance(op, Maximum | Multiply) or (isinstance(op, Pool) and not op.sums):
            return self._several(node, ins)
        raise Unproven(f"there is no rule of proof for the operation {op.kind}")

    def _linear(self, node: Node, ins: Sequence[Sequence[Form]]) -> list[Form]:
        """Return a matrix times the inputs, the matrix found by unit vectors."""
        types = self.graph.types(node)
        wide = max(1, node.type.size, *(t.size for t in types))
        safe = node.op.bound(types, node.type) < 1 << 62
        kind = np.dtype(np.int64 if safe else object)

        def run(arrays: list[Codes]) -> Codes:
            return np.asarray(node.op.run(arrays)).reshape(len(arrays[0]), -1)

        rest = run([np.zeros((1, *t.shape), kind) for t in types])[0]
        total = [Form(int(c)) for c in rest]
        rows: list[dict[int, int]] = [{} for _ in total]
        for place, (t, forms) in enumerate(zip(types, ins, strict=True)):
            step = max(1, _BATCH // wide)
            for first in range(0, t.size, step):
                some = range(first, min(first + step, t.size))
                units = np.zeros((len(some), t.size), kind)
                units[np.arange(len(some)), list(some)] = 1
                arrays = [np.zeros((len(some), *other.shape), kind) for other in types]
                arrays[place] = units.reshape(len(some), *t.shape)
                matrix = run(arrays) - rest
                for i, j in zip(*np.nonzero(matrix), strict=True):
                    self._add(rows[j], total, int(j), forms[some[i]], int(matrix[i, j]))
        return [Form(c.const, {a: f for a, f in row.items() if f}) for c, row in
                zip(total, rows, strict=True)]  # fmt: skip

    @staticmethod
    def _add(row: dict[int, int], total: list[Form], j: int, form: Form, factor: int) -> None:
        for atom, coefficient in form.terms.items():
            row[atom] = row.get(atom, 0) + factor * coefficient
        if form.const:
            total[j] = Form(total[j].const + factor * form.const)

    def _elementwise(self, node: Node, forms: Sequence[Form]) -> list[Form]:
        ops = _apart(node.op, node.type.shape)
        ends: dict[bytes, tuple[int, int]] = {}
        for (key, _), form in zip(ops, forms, strict=True):
            lo, hi = self.space.interval(form)
            least, most = ends.get(key, (lo, hi))
            ends[key] = min(lo, least), max(hi, most)
        made: dict[bytes, Steps] = {}
        found = []
        for (key, op), form in zip(ops, forms, strict=True):
            if ends[key][1] - ends[key][0] >= MOST:
                found.append(wide.applied(self.space, op, form))
                continue
            if key not in made:
                run = op.run
                made[key] = tabulated(lambda x, run=run: run([x]), *ends[key])  # type: ignore[misc]
            found.append(self.space.through(made[key], form))
        return found

    def _edges(self, op: EdgeTables, forms: Sequence[Form], values: npt.NDArray[Any]) -> list[Form]:
        """Return the outputs of one row of inputs, whose tables are *values*."""
        points = np.arange(op.first, op.last + 1, dtype=np.int64)
        table = values.astype(np.int64)
        lo, hi = int(op.lo), int(op.hi)
        found = []
        for j, bias in enumerate(op.bias.tolist()):
            total = Form(bias)
            for i, form in enumerate(forms):
                total = total.plus(self.space.through(Steps.of(points, table[i, j]), form))
            total = self.space.gathered(total)
            least, most = self.space.interval(total)
            if (least < lo or most > hi) and most - least < MOST:
                clip = tabulated(lambda x: np.clip(x, lo, hi), least, most)
                total = self.space.through(clip, total)
            found.append(wide.clipped(self.space, total, lo, hi))
        return found

    def _windows(self, op: EdgeConv, node: Node, forms: Sequence[Form]) -> list[Form]:
        """Return the outputs of a convolution: of every window the taps within the tensor."""
        (t,) = self.graph.types(node)
        places = np.arange(t.size).reshape(1, *t.shape)
        columns = op.window.columns(places, fill=-1)[0]
        columns = columns.reshape(-1, len(op.dense.values))
        found = []
        for row in columns:
            inside = row >= 0
            taps = [forms[at] for at in row[inside].tolist()]
            found += self._edges(op.dense, taps, op.dense.values[inside])
        return found

    def _winner(self, forms: Sequence[Form]) -> Form:
        """Return the index of the largest of some forms, the first of equal ones."""
        entries = [(form, Form(i)) for i, form in enumerate(forms)]
        below = Steps(np.array([-(1 << 60), 0]), np.array([1, 0]))

        def match(first: tuple[Form, Form], second: tuple[Form, Form]) -> tuple[Form, Form]:
            behind = self.space.through(below, first[0].plus(second[0], -1))
            index = self.space.joined(
                lambda lost, one, two: np.where(lost, two, one), [behind, first[1], second[1]]
            )
            return self.space.largest([first[0], second[0]]), index

        while len(entries) > 1:
            pairs = [match(*pair) for pair in zip(entries[::2], entries[1::2], strict=False)]
            entries = pairs + entries[len(entries) & ~1 :]
        return entries[0][1]

    def _several(self, node: Node, ins: Sequence[Sequence[Form]]) -> list[Form]:
        """Return maxima and products; which elements meet is found by moving their numbers."""
        op, types = node.op, self.graph.types(node)
        if isinstance(op, Pool):
            (t,) = types
            spatial, shape = t.shape[:-1], node.type.shape
            places = np.arange(t.size).reshape(t.shape)
            groups: list[list[Form]] = [[] for _ in range(node.type.size)]
            for _, outs, elements in op.window.taps(spatial):
                where = np.full(shape, -1)
                where[outs] = places[elements]
                for n, at in enumerate(where.reshape(-1).tolist()):
                    if at >= 0:
                        groups[n].append(ins[0][at])
            return [self.space.largest(group) for group in groups]
        spread = [
            np.broadcast_to(np.arange(t.size).reshape(t.shape), node.type.shape).reshape(-1)
            for t in types
        ]
        found = []
        for n in range(node.type.size):
            some = [forms[at[n]] for forms, at in zip(ins, spread, strict=True)]
            if isinstance(op, Maximum):
                sign = -1 if op.least else 1
                found.append(self.space.largest([f.times(sign) for f in some]).times(sign))
            else:
                total = some[0]
                for other in some[1:]:
                    total = self.space.product(total, other)
                found.append(total)
        return found


def _rows(forms: Sequence[Form], size: int) -> list[Sequence[Form]]:
    return [forms[at : at + size] for at in range(0, len(forms), size)]


def _apart(op: Op, shape: tuple[int, ...]) -> list[tuple[bytes, Op]]:
    """Return the function of every element of an elementwise operation; a key beside each."""

    def each(array: Codes, tail: int = 0) -> list[Codes]:
        wide = np.broadcast_to(array, (*shape, *array.shape[array.ndim - tail :]))
        return list(wide.reshape(math.prod(shape), *wide.shape[len(shape) :]))

    match op:
        case MulShift():
            pairs = zip(each(op.mult), each(op.add), strict=True)
            made = [(f"{m} {a}".encode(), m, a) for m, a in pairs]
            known = {key: op.changed(mult=np.asarray(m), add=np.asarray(a)) for key, m, a in made}
            return [(key, known[key]) for key, *_ in made]
        case Thresholds():
            rows = zip(each(op.thresholds, 1), each(op.values, 1), strict=True)
            steps = [(str(low.tolist() + out.tolist()).encode(), low, out) for low, out in rows]
            held = {key: op.changed(thresholds=low, values=out) for key, low, out in steps}
            return [(key, held[key]) for key, *_ in steps]
        case Requantize() if not op.half.any():
            return list(itertools.repeat((b"", op), math.prod(shape)))
        case _:
            raise Unproven(f"there is no rule of proof for the operation {op.kind}")
