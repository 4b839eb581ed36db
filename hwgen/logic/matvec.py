# SPDX-License-Identifier: Apache-2.0
"""Constant matrix times vector as logic: a shared graph of adders, or heaps of bits.

Where inputs have few bits and adders take three operands, both are made and the cheaper one is
kept. A graph shares what outputs have in common and pays for the ends of every adder; a heap fills
its carry chains. Heaps share, too: parts of outputs that are alike (`hwgen.logic.heap.parts`), and
the counts of groups where weights are +1 and -1 (`hwgen.logic.heap.share`). Where adders take two
operands, few sums of single bits that are only compared with a constant do without themselves
(`hwgen.logic.heap.compare`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from hwgen.logic.builder import GRAPHS_ALONE, Builder
from hwgen.logic.cmvm.columns import Matrix
from hwgen.logic.cmvm.solve import apply, solve
from hwgen.logic.heap.common import Parted, parted
from hwgen.logic.heap.layer import Layer, layers
from hwgen.logic.heap.matrix import Input, input_of
from hwgen.logic.heap.problem import Options
from hwgen.logic.heap.sums import TRIES
from hwgen.logic.nodes import Shl, Wire

FEW = 6  # bits an input, on average, up to which a heap is tried
_LARGEST = 4096  # bits of one output's heap
_WIDE = (1 << 40) - 1  # inputs so wide that adders of all widths cost about the same
_MUCH = 0.9  # of the bits of heaps that share nothing, below which sharing wins
_AGAINST_DEPTH = 50, 20, 20  # adders in a row that are worth as much as the area, by haste
_AGAINST_SHARING = 30, 20, 20  # the same for heaps that share, which are deep

_Way = TypeVar("_Way", bound="Layer | Parted")


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
        heaps = _heaps(b, matrix, wires, total.tolist(), _Size(plan.bits, plan.depth))
        if heaps:
            return heaps.built(b)
    made = apply(plan, b, wires)
    if b.arity == 2 and b.compares and b.haste != GRAPHS_ALONE and not any(late.values()):
        direct = _direct(b, matrix, wires, total.tolist())
        if direct and direct.small < plan.bits:
            direct.enter(b, made)
    return made


class _Size(NamedTuple):
    """Look-up tables of sums, and adders in a row."""

    cost: int
    depth: int


def _heaps(
    b: Builder, matrix: Matrix, wires: Sequence[Wire], bias: Sequence[int], graph: _Size
) -> Layer | Parted | None:
    """Return the cheapest heaps; None where a graph is, or where there are too many bits."""
    inputs = _inputs(b, matrix, wires)
    if inputs is None:
        return None
    b.heaps = True
    alone, *grouped = layers(b, inputs, matrix, bias, _options(b))
    alike = [] if b.compares else parted(inputs, matrix, bias, _options(b), b.effort)
    if not b.haste and alike and alike[0].share < _MUCH:
        found = _cheapest(b, alike, graph, _AGAINST_SHARING[b.haste])
        if found or b.effort:  # where sharing loses, heaps that do not share lose as well
            return found
    best = _cheapest(b, [alone, *grouped], graph, _AGAINST_DEPTH[b.haste])
    if b.level:  # a part is a chain in front of those that read it, at least
        most = min(one.cost + b.level * one.depth for one in (graph, alone))
        alike = [w for w in alike if w.bits / 2 + b.level * (alone.depth + 1) < most]
    return _cheapest(b, alike, best or graph, _AGAINST_SHARING[b.haste]) or best


def _cheapest(
    b: Builder, ways: Sequence[_Way], than: _Size | Layer | Parted, against_depth: int
) -> _Way | None:
    """Return the cheapest of some ways, if it is cheaper than another one."""

    def price(way: _Size | Layer | Parted) -> float:
        if b.level:
            return way.cost + b.level * way.depth
        return way.cost * (against_depth + way.depth)

    best = min(ways, key=price, default=None)
    return best if best is not None and price(best) < price(than) else None


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
