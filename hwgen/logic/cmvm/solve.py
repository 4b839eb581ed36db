# SPDX-License-Identifier: Apache-2.0
"""Constant matrix times vector as one shared graph of adders of two or three operands.

`solve` makes a plan: abstract steps over numbered signals, from the integers of the matrix and the
intervals and arrivals of the inputs alone. `apply` turns a plan into logic; a convolution applies
one plan at every position. Every plan is proven when it is made: the matrix recomputed from its
steps must be the matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.ir.fixed import bits_for
from hwgen.logic.builder import Builder
from hwgen.logic.cmvm import native, search
from hwgen.logic.cmvm.adder_graph import AdderGraph, Maker
from hwgen.logic.cmvm.columns import Columns, Matrix, centred, differences, digit_count, direct
from hwgen.logic.cmvm.problem import Options, Problem, Row, Solution, least_delay
from hwgen.logic.nodes import Wire

__all__ = ["EFFORT", "AdderGraph", "apply", "solve"]

# Pairs are counted within a block of inputs; a block has at most this many pairs over all columns,
# so that time and memory grow with the size of a wide layer and not with its square.
PAIR_LIMIT = 50_000_000
# Most work of the annealing by effort, and work for every signed digit: 50 to 90 million a second.
EFFORT = ((0, 0), (14_000_000, 8_000), (150_000_000, 300_000), (2_500_000_000, 4_000_000))


def apply(plan: AdderGraph, b: Builder, ins: Sequence[Wire]) -> list[Wire]:
    """Build a plan's adders on wires whose intervals lie within those it was solved for."""
    assert len(ins) == plan.n_in
    wires = [int(w) for w in ins]
    consts = [b.const(c) for c in plan.consts]

    def wire(i: int) -> Wire:
        return wires[i] if i >= 0 else consts[-1 - i]

    for step in plan.steps:
        (x, low, _), (y, mid, sub), *third = step.parts
        if third:
            ((z, top, less),) = third
            ins3, shifts = (wire(x), wire(y), wire(z)), (low, mid, top)
            made = b.add3(ins3, shifts, (sub, less), step.lo, step.hi)
        else:
            made = b.add(wire(x), wire(y), low, mid, sub, step.lo, step.hi)
        wires.append(made)
    return [b.shl(wire(i), shift) for i, shift in plan.outputs]


def solve(
    weight: npt.NDArray[Any],
    bias: Sequence[int],
    lo: Sequence[int],
    hi: Sequence[int],
    *,
    arity: int = 2,
    arrival: Sequence[int] | None = None,
    effort: int = 1,
    seed: int = 1,
) -> AdderGraph:
    """Return the adder graph of ``x @ weight + bias`` for ``lo <= x <= hi``.

    Args:
        weight: integers (n_in, n_out).
        bias: of every output.
        lo: least value of every input.
        hi: greatest.
        arity: operands that one adder may have, 2 or 3.
        arrival: when each input is there, in tenths of a two-operand adder.
        effort: 0 greedy; 1 a fraction of a second of annealing; 2 seconds; 3 minutes.
        seed: of the annealing. Equal calls give equal plans, on any machine.
    """
    assert weight.shape == (len(lo), len(bias))
    assert len(lo) == len(hi)
    flat = tuple(int(v) for v in weight.reshape(-1).tolist())
    when = tuple(arrival) if arrival is not None else (0,) * len(lo)
    bounds = tuple(map(int, lo)), tuple(map(int, hi))
    return _solve(flat, tuple(map(int, bias)), *bounds, when, arity, effort, seed)


@lru_cache(maxsize=256)
def _solve(
    flat: tuple[int, ...],
    bias: tuple[int, ...],
    lo: tuple[int, ...],
    hi: tuple[int, ...],
    arrival: tuple[int, ...],
    arity: int,
    effort: int,
    seed: int,
) -> AdderGraph:
    weight = _narrow(np.array(flat, object).reshape(len(lo), len(bias)))
    size = [max(abs(a), abs(b)) for a, b in zip(lo, hi, strict=True)]
    peak = [sum(abs(int(c)) * s for c, s in zip(col, size, strict=True)) for col in weight.T]
    maker = Maker(lo, hi, 4 * max([1, *(p + abs(c) for p, c in zip(peak, bias, strict=True))]))
    blocks = _blocks(weight)
    if len(blocks) == 1:
        columns, solution = _best(weight, bias, lo, hi, arrival, arity, effort, seed)
        outputs = _build(maker, columns, solution, bias, range(len(lo)), arity)
    else:  # solve the blocks, then add their columns up
        parts = []
        for rows in blocks:
            part = _cut(rows, lo), _cut(rows, hi), _cut(rows, arrival)
            zero = (0,) * len(bias)
            columns, solution = _best(weight[rows], zero, *part, arity, effort, seed)
            parts.append(_build(maker, columns, solution, zero, rows, arity))
        outputs = [
            _total(maker, [part[j] for part in parts], value, arity) for j, value in enumerate(bias)
        ]
    maker.check(outputs, weight, np.array(bias, object))
    return maker.plan(outputs)


def _narrow(weight: Matrix) -> Matrix:
    peak = max((abs(int(v)) for v in weight.reshape(-1)), default=0)
    return weight.astype(np.int64) if peak < 1 << 58 else weight


def _cut(rows: Sequence[int], values: Sequence[int]) -> tuple[int, ...]:
    return tuple(values[r] for r in rows)


def _build(
    maker: Maker,
    columns: Columns,
    solution: Solution,
    bias: Sequence[int],
    inputs: Sequence[int],
    arity: int,
) -> list[tuple[int, int]]:
    """Add a solution on some inputs to *maker*; return the columns' operands and shifts."""
    rows = maker.extend(solution, [(i, 0) for i in inputs], arity)
    return [
        (maker.const(bias[j]), 0) if row is None else rows[row]
        for j, row in enumerate(columns.row_of)
    ]


def _total(
    maker: Maker, terms: Sequence[tuple[int, int]], bias: int, arity: int
) -> tuple[int, int]:
    """Add up the blocks' shares of one column."""
    parts = [(i, shift) for i, shift in terms if i >= 0 or any(maker.form(i))]
    if bias or not parts:
        parts.append((maker.const(bias), 0))
    while len(parts) > 1:
        some, parts = parts[:arity], parts[arity:]
        low = min(shift for _, shift in some)
        parts.append((maker.add([(i, shift - low, False) for i, shift in some], arity), low))
    return parts[0]


def _best(
    weight: Matrix,
    bias: Sequence[int],
    lo: tuple[int, ...],
    hi: tuple[int, ...],
    arrival: tuple[int, ...],
    arity: int,
    effort: int,
    seed: int,
) -> tuple[Columns, Solution]:
    """Try the matrix as it is, as differences of columns and as one sum and rests; keep the best.

    Depth counts as well: an adder more is worth a few percent of the area. But more effort never
    ends with more area than less effort does.
    """
    whole = direct(weight, bias)
    other, shared = differences(weight, bias, 1), centred(weight, bias)
    if effort < 2 and other is not None and 4 * _terms(other) > 3 * _terms(whole):
        other = None  # what few terms it saves, its depth costs
    others = sorted((one for one in (other, shared) if one is not None), key=_terms)
    if effort < 2:
        del others[1:]
    options = _options(whole.rows, lo, hi, arrival, arity, effort, seed)
    tries = [(whole, options)]
    plain = [_plain(c, lo, hi, arrival, options) for c in others]
    for columns, made in zip(others, plain, strict=True):
        deep = max(options.limit, made.depth)
        tries.append((columns, replace(options, limit=deep, relax=0)))
    if effort < 2:  # anneal the most promising one alone
        first = _plain(whole, lo, hi, arrival, options)
        columns, settings = min(
            zip(tries, [first, *plain], strict=True), key=lambda pair: pair[1].score
        )[0]
        tries = [(columns, settings)]
        less = columns, first if columns is whole else _plain(columns, lo, hi, arrival, settings)
        if not effort:
            return less
    else:
        less = _best(weight, bias, lo, hi, arrival, arity, effort - 1, seed)
    found = []
    for columns, settings in tries:
        for turn in range(2 if effort == 3 else 1):
            again = replace(settings, seed=seed + turn)
            found.append((columns, _run(Problem(lo, hi, arrival, columns.rows), again)))
    found.sort(key=lambda pair: pair[1].score)
    most = _positions(*less, lo, hi, bias, arity)
    kept = (pair for pair in found if _positions(*pair, lo, hi, bias, arity) <= most)
    return min(less, next(kept, less), key=lambda pair: pair[1].score)


def _positions(
    columns: Columns,
    solution: Solution,
    lo: tuple[int, ...],
    hi: tuple[int, ...],
    bias: Sequence[int],
    arity: int,
) -> int:
    """Return the carry positions of a solution as they are counted in the end.

    A search counts equal adders twice, and ranges inside a sum as if the terms were independent.
    """
    maker = Maker(lo, hi, 4 * max(1, Problem(lo, hi, (), columns.rows).peak))
    return maker.plan(_build(maker, columns, solution, bias, range(len(lo)), arity)).bits


def _terms(columns: Columns) -> int:
    return sum(len(row.terms) for row in columns.rows)


def _plain(
    columns: Columns, lo: tuple[int, ...], hi: tuple[int, ...], arrival: tuple[int, ...], o: Options
) -> Solution:
    problem = Problem(lo, hi, arrival, columns.rows)
    return _run(problem, replace(o, budget=0))


def _run(problem: Problem, options: Options) -> Solution:
    return native.run(problem, options) or search.run(problem, options)


def _options(
    rows: Sequence[Row],
    lo: Sequence[int],
    hi: Sequence[int],
    arrival: Sequence[int],
    arity: int,
    effort: int,
    seed: int,
) -> Options:
    widths = []
    for row in rows:
        low = high = row.bias
        for c, a, b in zip(row.coefficients, lo, hi, strict=True):
            low += c * (a if c > 0 else b)
            high += c * (b if c > 0 else a)
        widths.append(bits_for(low, high))
    bits, many = sum(widths), max(len(widths), 1)
    longest = max((len(row.terms) + bool(row.bias) for row in rows), default=1)
    limit, further = least_delay(longest, arity), least_delay(8 * longest // 5, arity)
    most, each = EFFORT[effort]
    return Options(
        arity=arity,
        saving=(48 * (bits - len(widths))) // (5 * many),
        limit=max(arrival, default=0) + limit,
        relax=further - limit,
        budget=min(most, each * sum(len(row.terms) for row in rows)),
        hot=13 * bits // many,
        cold=5 * bits // many,
        seed=seed,
    )


def _blocks(weight: Matrix) -> list[list[int]]:
    """Split the inputs so that no block has more than PAIR_LIMIT pairs of digits."""
    digits = [[digit_count(int(v)) for v in row] for row in weight.tolist()]
    load = np.array(digits, np.int64).reshape(weight.shape)
    parts = 1
    while True:
        blocks = [list(map(int, rows)) for rows in np.array_split(np.arange(len(weight)), parts)]
        worst = max((int((load[rows].sum(0) ** 2).sum()) // 2 for rows in blocks), default=0)
        if worst <= PAIR_LIMIT or parts >= len(weight):
            return [rows for rows in blocks if rows] or [[]]
        parts += max(1, parts // 2)
