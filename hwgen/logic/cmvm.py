# SPDX-License-Identifier: Apache-2.0
"""Constant matrix times vector as one shared graph of adders.

`solve` makes a plan: abstract steps over numbered signals, from the integers of the matrix and the
intervals of the inputs alone. `apply` turns a plan into logic; a convolution applies one plan at
every position. Every plan is checked when it is made: the matrix recomputed from its steps must be
the matrix.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.ir.fixed import bits_for
from hwgen.logic.csd import Sharing, signed_digits
from hwgen.logic.graph import Builder, Shl, Wire

Vector = npt.NDArray[Any]

# Pairs are counted within a block of rows; a block has at most this many pairs over all columns, so
# that time and memory grow with the size of a wide layer and not with its square.
PAIR_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """``(a << shift_a) +- (b << shift_b)`` with its exact interval.

    Operand i is input i, or step ``i - n_in``; a negative operand ``-1 - k`` is constant k.
    """

    a: int
    b: int
    shift_a: int
    shift_b: int
    sub: bool
    lo: int
    hi: int

    @property
    def bits(self) -> int:
        """Full adder positions: the result's width less the low bits that pass unchanged."""
        width = bits_for(self.lo, self.hi)
        if self.sub and self.shift_b < self.shift_a:
            return width
        return max(width - max(self.shift_a, self.shift_b), 1)


@dataclass(frozen=True)
class Plan:
    """An adder graph for one matrix.

    Attributes:
        n_in: number of inputs.
        consts: the constants that steps and outputs use.
        steps: in order of evaluation.
        outputs: operand and left shift of every output.
    """

    n_in: int
    consts: tuple[int, ...]
    steps: tuple[Step, ...]
    outputs: tuple[tuple[int, int], ...]

    @property
    def adders(self) -> int:
        """Number of two-operand adders."""
        return len(self.steps)

    @property
    def bits(self) -> int:
        """Adder positions over all adders: near to the LUTs it takes."""
        return sum(step.bits for step in self.steps)

    @property
    def depth(self) -> int:
        """Adders on the longest path."""
        depth = [0] * self.n_in
        for s in self.steps:
            depth.append(1 + max(depth[i] if i >= 0 else 0 for i in (s.a, s.b)))
        return max((depth[i] for i, _ in self.outputs if i >= 0), default=0)

    def matrix(self) -> tuple[Vector, Vector]:
        """Recompute ``(weight, bias)`` from the steps alone, in Python integers."""
        size = self.n_in + 1
        table = [np.array([int(i == k) for i in range(size)], object) for k in range(self.n_in)]
        ones = np.array([0] * self.n_in + [1], object)

        def value(i: int) -> Vector:
            return table[i] if i >= 0 else ones * self.consts[-1 - i]

        for s in self.steps:
            right = value(s.b) * (1 << s.shift_b)
            table.append(value(s.a) * (1 << s.shift_a) + (-right if s.sub else right))
        out = np.array([value(i) * (1 << shift) for i, shift in self.outputs], object)
        out = out.reshape(len(self.outputs), size)
        return out[:, :-1].T, out[:, -1]


def matvec(
    b: Builder,
    weight: npt.NDArray[Any],
    ins: Sequence[Wire],
    bias: Sequence[int] | None = None,
) -> list[Wire]:
    """Return the wires of ``x @ weight + bias`` for the integers *weight* (n_in, n_out)."""
    rows: dict[Wire, Vector] = {}
    total = np.array([0] * weight.shape[1] if bias is None else [int(v) for v in bias], object)
    for wire, row in zip(ins, weight, strict=True):
        wire, line = int(wire), row.astype(object)
        node = b.nodes[wire]
        if isinstance(node, Shl):  # the shift is free inside the matrix
            wire, line = node.a, line * (1 << node.shift)
        lo, hi = b.range(wire)
        if lo == hi:
            total = total + line * lo
        else:
            rows[wire] = rows[wire] + line if wire in rows else line
    wires = [w for w, line in rows.items() if any(line)]
    matrix = np.array([rows[w] for w in wires], object).reshape(len(wires), weight.shape[1])
    lows, highs = [b.lo[w] for w in wires], [b.hi[w] for w in wires]
    return apply(solve(matrix, total.tolist(), lows, highs), b, wires)


def apply(plan: Plan, b: Builder, ins: Sequence[Wire]) -> list[Wire]:
    """Build a plan's adders on wires whose intervals lie within those it was solved for."""
    assert len(ins) == plan.n_in
    wires = [int(w) for w in ins]
    consts = [b.const(c) for c in plan.consts]

    def wire(i: int) -> Wire:
        return wires[i] if i >= 0 else consts[-1 - i]

    for s in plan.steps:
        wires.append(b.add(wire(s.a), wire(s.b), s.shift_a, s.shift_b, s.sub, s.lo, s.hi))
    return [b.shl(wire(i), shift) for i, shift in plan.outputs]


def solve(
    weight: npt.NDArray[Any], bias: Sequence[int], lo: Sequence[int], hi: Sequence[int]
) -> Plan:
    """Return the adder graph of ``x @ weight + bias`` for ``lo <= x <= hi``.

    Equal calls are cached.
    """
    flat = tuple(int(v) for v in weight.reshape(-1).tolist())
    bounds = tuple(map(int, lo)), tuple(map(int, hi))
    assert weight.shape == (len(lo), len(bias))
    assert len(lo) == len(hi)
    return _solve(flat, tuple(map(int, bias)), *bounds)


@lru_cache(maxsize=256)
def _solve(
    flat: tuple[int, ...], bias: tuple[int, ...], lo: tuple[int, ...], hi: tuple[int, ...]
) -> Plan:
    weight = np.array(flat, object).reshape(len(lo), len(bias))
    plan = _Solver(weight, bias, lo, hi).plan()
    got_weight, got_bias = plan.matrix()
    assert np.array_equal(got_weight, weight), "adder graph is not the matrix"
    assert np.array_equal(got_bias, np.array(bias, object)), "adder graph has a wrong bias"
    return plan


@dataclass(frozen=True, slots=True)
class _Tree:
    """A sum to be built: a signal or constant (leaf), or the sum of two trees."""

    depth: int
    shift: int
    negative: bool  # as it comes without extra cost
    flippable: bool  # may as well come negated
    signal: int = 0
    const: int = 0
    left: _Tree | None = None
    right: _Tree | None = None


def _join(a: _Tree, b: _Tree) -> _Tree:
    mixed = a.negative != b.negative
    low = a if (a.shift, a.negative) <= (b.shift, b.negative) else b
    return _Tree(
        max(a.depth, b.depth) + 1,
        low.shift,
        low.negative,
        mixed or a.flippable or b.flippable,
        left=a,
        right=b,
    )


class _Solver:
    """Signals, their exact affine forms, and the three phases: digits, sharing, sums."""

    def __init__(
        self, weight: Vector, bias: Sequence[int], lo: Sequence[int], hi: Sequence[int]
    ) -> None:
        self.n_in = len(lo)
        self.weight, self.bias = weight, bias
        peak = max([1, *map(abs, lo), *map(abs, hi)])
        mass = [int(sum(abs(v) for v in column)) for column in weight.T]
        largest = max([1, *(m * peak + abs(c) for m, c in zip(mass, bias, strict=True))])
        # Intermediate sums are parts of columns, doubled at most by a signed digit's overshoot.
        dtype: Any = np.int64 if largest < 1 << 58 else object
        self.lo, self.hi = np.array([*lo, 1], dtype), np.array([*hi, 1], dtype)
        units = np.eye(self.n_in + 1, dtype=np.int64).astype(dtype)
        self.coef: list[Vector] = list(units[:-1])
        self.one: Vector = units[-1]
        self.width = [bits_for(a, b) for a, b in zip(lo, hi, strict=True)]
        self.depth = [0] * self.n_in
        self.steps: list[Step] = []
        self.consts: dict[int, int] = {}
        self.seen: dict[tuple[int, int, int, int, bool], int] = {}

    def plan(self) -> Plan:
        groups = self._groups()
        sums: list[list[tuple[int, int, bool]]] = [[] for _ in groups]
        for rows in self._blocks(list(groups)):
            columns = [
                [(r, shift, neg) for r in rows for shift, neg in signed_digits(core[r])]
                for core in groups
            ]
            sharing = Sharing(self, columns)
            sharing.run()
            for index, terms in enumerate(sums):
                terms += sharing.terms(index)
        outputs: dict[int, tuple[int, int]] = {}
        for (_, members), terms in zip(groups.items(), sums, strict=True):
            outputs.update(self._finish(members, terms))
        for j, value in enumerate(self.bias):
            if j not in outputs:
                outputs[j] = (self._const(value), 0)
        ordered = tuple(outputs[j] for j in range(len(self.bias)))
        return Plan(self.n_in, tuple(self.consts), tuple(self.steps), ordered)

    def _groups(self) -> dict[tuple[int, ...], list[tuple[int, int, bool]]]:
        """Return columns distinct up to shift and sign, each with (column, shift, negative)."""
        groups: dict[tuple[int, ...], list[tuple[int, int, bool]]] = {}
        for j, column in enumerate(self.weight.T.tolist()):
            gcd = int(np.bitwise_or.reduce([abs(v) for v in column], dtype=object)) if column else 0
            if gcd:
                shift = (gcd & -gcd).bit_length() - 1
                core = tuple(v >> shift for v in column)
                opposite = tuple(-v for v in core)
                if opposite in groups:
                    groups[opposite].append((j, shift, True))
                else:
                    groups.setdefault(core, []).append((j, shift, False))
        return groups

    def _blocks(self, cores: list[tuple[int, ...]]) -> list[list[int]]:
        """Split the rows so that no block has more than PAIR_LIMIT pairs of digits."""
        digits = [[len(signed_digits(core[r])) for core in cores] for r in range(self.n_in)]
        load = np.array(digits, np.int64).reshape(self.n_in, len(cores))
        parts = 1
        while True:
            blocks = [list(map(int, rows)) for rows in np.array_split(np.arange(self.n_in), parts)]
            worst = max((int((load[rows].sum(0) ** 2).sum()) // 2 for rows in blocks), default=0)
            if worst <= PAIR_LIMIT or parts >= self.n_in:
                return [rows for rows in blocks if rows]
            parts += max(1, parts // 2)

    def _const(self, value: int) -> int:
        return -1 - self.consts.setdefault(value, len(self.consts))

    def _form(self, i: int) -> Vector:
        if i >= 0:
            return self.coef[i]
        form: Vector = self.one * list(self.consts)[-1 - i]
        return form

    def add(self, a: int, shift_a: int, b: int, shift_b: int, sub: bool) -> int:
        """Return the signal ``(a << shift_a) +- (b << shift_b)``; the lower shift must be 0."""
        key = (a, shift_a, b, shift_b, sub)
        if not sub and (b, shift_b) < (a, shift_a):
            key = (b, shift_b, a, shift_a, sub)
        if key not in self.seen:
            a, shift_a, b, shift_b, _ = key
            right = self._form(b) * (1 << shift_b)
            form = self._form(a) * (1 << shift_a) + (-right if sub else right)
            up = np.maximum(form, 0)
            lo = int(up @ self.lo + (form - up) @ self.hi)
            hi = int(up @ self.hi + (form - up) @ self.lo)
            self.seen[key] = self.n_in + len(self.steps)
            self.steps.append(Step(a, b, shift_a, shift_b, sub, lo, hi))
            self.coef.append(form)
            self.width.append(bits_for(lo, hi))
            self.depth.append(1 + max(self.depth[i] if i >= 0 else 0 for i in (a, b)))
        return self.seen[key]

    def _finish(
        self, members: list[tuple[int, int, bool]], terms: list[tuple[int, int, bool]]
    ) -> dict[int, tuple[int, int]]:
        """Sum the terms of one distinct column and give every member its bias, shift and sign."""
        if len(members) == 1:
            ((j, shift, _),) = members
            leaves = [(sig, low + shift, neg) for sig, low, neg in terms]
            return {j: self._positive(self._tree(leaves, self.bias[j]))}
        tree = self._tree(terms, 0)
        wanted = sum(self.bias[j] == 0 and not negative for j, _, negative in members)
        against = sum(self.bias[j] == 0 and negative for j, _, negative in members)
        flip = tree.negative if wanted == against else against > wanted
        if flip != tree.negative and not tree.flippable:
            flip = tree.negative
        signal, low = self._build(tree, flip)
        outputs = {}
        for j, shift, negative in members:
            leaf = _Tree(self._depth(signal), low + shift, negative != flip, False, signal=signal)
            outputs[j] = self._positive(self._with_bias([leaf], self.bias[j]))
        return outputs

    def _depth(self, signal: int) -> int:
        return self.depth[signal] if signal >= 0 else 0

    def _tree(self, terms: list[tuple[int, int, bool]], bias: int) -> _Tree:
        leaves = [
            _Tree(self.depth[sig], shift, neg, False, signal=sig) for sig, shift, neg in terms
        ]
        return self._with_bias(leaves, bias)

    def _with_bias(self, leaves: list[_Tree], bias: int) -> _Tree:
        """Sum leaves and a constant, shallow ones first, neighbours in weight together."""
        if bias:
            shift = (bias & -bias).bit_length() - 1
            leaves = [*leaves, _Tree(0, shift, bias < 0, True, const=abs(bias) >> shift)]
        heap = [(t.depth, t.shift, i, t) for i, t in enumerate(leaves)]
        heapq.heapify(heap)
        count = len(heap)
        while len(heap) > 1:
            joined = _join(heapq.heappop(heap)[3], heapq.heappop(heap)[3])
            heapq.heappush(heap, (joined.depth, joined.shift, count, joined))
            count += 1
        return heap[0][3]

    def _positive(self, tree: _Tree) -> tuple[int, int]:
        """Build a tree with a positive sign; only an all-negative sum costs a negation."""
        if not tree.negative or tree.flippable:
            return self._build(tree, False)
        signal, shift = self._build(tree, True)
        step = self.steps[signal - self.n_in] if signal >= self.n_in else None
        if step and step.sub:  # a shared difference: turn it round, one adder earlier
            return self.add(step.b, step.shift_b, step.a, step.shift_a, True), shift
        return self.add(self._const(0), 0, signal, 0, True), shift

    def _build(self, tree: _Tree, negative: bool) -> tuple[int, int]:
        """Emit adders such that tree = -signal << shift if *negative*, else signal << shift."""
        if tree.left is None or tree.right is None:
            if tree.const:
                value = -tree.const if negative != tree.negative else tree.const
                return self._const(value), tree.shift
            assert negative == tree.negative
            return tree.signal, tree.shift
        sides = [(tree.left, tree.left.negative), (tree.right, tree.right.negative)]
        if all(sign != negative for _, sign in sides):  # turn one of them
            which = 0 if tree.left.flippable else 1
            sides[which] = (sides[which][0], negative)
        sides.sort(key=lambda side: side[1] != negative)  # the one that is added comes first
        (a, shift_a), (b, shift_b) = (self._build(*side) for side in sides)
        sub = sides[1][1] != negative
        low = min(shift_a, shift_b)
        return self.add(a, shift_a - low, b, shift_b - low, sub), low
