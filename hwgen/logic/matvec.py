# SPDX-License-Identifier: Apache-2.0
"""Constant matrix times vector as logic: a shared graph of adders, or heaps of bits.

Where inputs have few bits and adders take three operands, both are made and the cheaper one is
kept. A graph shares what outputs have in common and pays for the ends of every adder; a heap fills
its carry chains, and shares the counts of groups where weights are +1 and -1
(`hwgen.logic.heap.share`). Up to five bits an input the heap wins, at eight the graph. Where adders
take two operands, few sums of single bits that are only compared with a constant do without
themselves (`hwgen.logic.heap.compare`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.logic.builder import GRAPHS_ALONE, Builder
from hwgen.logic.cmvm.columns import Matrix
from hwgen.logic.cmvm.solve import apply, solve
from hwgen.logic.heap.layer import Layer, layers
from hwgen.logic.heap.matrix import Input, input_of
from hwgen.logic.heap.problem import Options
from hwgen.logic.heap.sums import TRIES
from hwgen.logic.nodes import Shl, Wire

FEW = 6  # bits an input, on average, up to which a heap is tried
_LARGEST = 4096  # bits of one output's heap
_WIDE = (1 << 40) - 1  # inputs so wide that adders of all widths cost about the same
_AGAINST_DEPTH = 50, 20, 20  # adders in a row that are worth as much as the area, by haste


def matvec(
    b: Builder,
    weight: npt.NDArray[Any],
    ins: Sequence[Wire],
    bias: Sequence[int] | None = None,
    *,
    arrival: Sequence[int] | None = None,
) -> list[Wire]:
    """Return the wires of ``x @ weight + bias`` for the integers *weight* (n_in, n_out).

    *arrival* is when each input is there, in tenths of an adder; the rest is the builder's.
    """
    rows: dict[Wire, Matrix] = {}
    late: dict[Wire, int] = {}
    total = np.array([0] * weight.shape[1] if bias is None else [int(v) for v in bias], object)
    times = [0] * len(ins) if arrival is None else arrival
    for wire, row, time in zip(ins, weight, times, strict=True):
        wire, line = int(wire), row.astype(object)
        node = b.nodes[wire]
        if isinstance(node, Shl):  # the shift is free inside the matrix
            wire, line = node.a, line * (1 << node.shift)
        lo, hi = b.range(wire)
        if lo == hi:
            total = total + line * lo
        else:
            rows[wire] = rows[wire] + line if wire in rows else line
            late[wire] = max(time, late.get(wire, 0))
    wires = [w for w, line in rows.items() if any(line)]
    matrix = np.array([rows[w] for w in wires], object).reshape(len(wires), weight.shape[1])
    least, most = [b.lo[w] for w in wires], [b.hi[w] for w in wires]
    plan = solve(
        matrix,
        total.tolist(),
        [0] * len(wires) if b.alike else least,
        [_WIDE] * len(wires) if b.alike else most,
        arity=b.arity,
        arrival=[late[w] for w in wires],
        effort=b.effort,
        seed=b.seed,
    )
    if b.alike:
        return apply(plan.over(least, most), b, wires)
    if b.arity == 3 and b.haste != GRAPHS_ALONE and wires and not any(late.values()):
        against_depth = _AGAINST_DEPTH[b.haste]
        heaps = _heaps(b, matrix, wires, total.tolist(), against_depth)
        if heaps and _price(heaps.cost, heaps.depth, against_depth) < _price(
            plan.bits, plan.depth, against_depth
        ):
            return heaps.built(b)
    made = apply(plan, b, wires)
    if b.arity == 2 and b.compares and b.haste != GRAPHS_ALONE and not any(late.values()):
        direct = _direct(b, matrix, wires, total.tolist())
        if direct and direct.small < plan.bits:
            direct.enter(b, made)
    return made


def _price(cost: int, depth: int, against_depth: int) -> int:
    return cost * (against_depth + depth)


def _heaps(
    b: Builder, matrix: Matrix, wires: Sequence[Wire], bias: Sequence[int], against_depth: int
) -> Layer | None:
    """Return the cheapest heaps; None where inputs or sums have too many bits for them."""
    inputs = _inputs(b, matrix, wires)
    if inputs is None:
        return None
    found = layers(b, inputs, matrix, bias, _options(b))
    return min(found, key=lambda one: _price(one.cost, one.depth, against_depth))


def _direct(b: Builder, matrix: Matrix, wires: Sequence[Wire], bias: Sequence[int]) -> Layer | None:
    """Return every output's bits by themselves; None where inputs are no bits, or sums are long."""
    inputs = _inputs(b, matrix, wires)
    if inputs is None or any(len(one.bits) > 1 for one in inputs):
        return None
    return next(layers(b, inputs, matrix, bias, _options(b)))


def _options(b: Builder) -> Options:
    return Options(TRIES[b.effort], b.haste > 0, b.seed)


def _inputs(b: Builder, matrix: Matrix, wires: Sequence[Wire]) -> list[Input] | None:
    """Return the bits of inputs; None where they or sums of them are too many for heaps."""
    inputs = [input_of(b, wire) for wire in wires]
    if sum(len(one.bits) for one in inputs) > FEW * len(inputs):
        return None
    for column in matrix.T:
        bits = [len(one.bits) * int(w).bit_length() for one, w in zip(inputs, column, strict=True)]
        if sum(bits) > _LARGEST:
            return None
    return inputs
