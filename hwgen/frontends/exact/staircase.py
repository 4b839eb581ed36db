# SPDX-License-Identifier: Apache-2.0
"""Staircase: the integer function that equals float32 steps followed by a quantizer.

The function from accumulator code to output code is a staircase: it is monotone because every step
is. Its edges are found by evaluating the very float32 function over the proven accumulator
interval, so nothing is approximated. Few levels become a `Thresholds` operation. Many become a
multiply-shift; it equals the staircase when all its edges do, and where float32 rounding moved an
edge off every line, a correction is added for just those accumulator codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.exact.line_fit import Line, fit_line
from hwgen.frontends.exact.steps import Normalise, Step, Value
from hwgen.ir.tensor import Codes
from hwgen.ops.base import Op
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds

I64 = npt.NDArray[np.int64]
Quantize = Callable[[Any], I64]
# Up to this many levels a staircase is kept as thresholds (8 bits); above, as a multiply-shift.
MAX_THRESHOLDS = 255
_MAX_EDGES = 1 << 22
_MAX_CODE = 1 << 60


@dataclass(frozen=True)
class Staircase:
    """A monotone function of integers on an interval, one a row.

    Attributes:
        shape: of the rows; broadcasts to the tensor's shape.
        lo, hi: the interval, of shape (rows,).
        edges: where the function changes, ascending, an array a row.
        values: what it is before, between and behind the edges: one more a row.
    """

    shape: tuple[int, ...]
    lo: I64
    hi: I64
    edges: tuple[I64, ...]
    values: tuple[I64, ...]

    @property
    def steps(self) -> int:
        """The number of edges in the busiest row."""
        return max(len(e) for e in self.edges)


@dataclass(frozen=True)
class Table:
    """Integer operations that equal a staircase.

    Attributes:
        stages: applied one after the other.
        correction: None, or what must be added between the first stage and the second.
    """

    stages: tuple[Op, ...]
    correction: Thresholds | None = None


def tabulate(value: Value, code: Quantize, frac: int, where: str) -> Table:
    """Return integer operations equal to *value*'s steps followed by the quantizer *code*.

    Args:
        value: integer codes with proven intervals and waiting steps.
        code: float32 values to output codes, monotone.
        frac: fraction bits of the output codes.
        where: layer, for messages.

    Raises:
        UnsupportedLayer: more than 8 bits come out and no multiply-shift equals the staircase.
    """
    stairs = staircase(value, code, where)
    if stairs.steps <= MAX_THRESHOLDS:
        return Table((thresholds(stairs, frac),))
    line = fit_line(stairs.lo, stairs.hi, stairs.edges, stairs.values)
    if line is None:
        raise UnsupportedLayer(
            f"{stairs.steps + 1} output levels, and no integer multiply-shift equals the float32 "
            "function on every accumulator value",
            where,
            "use a quantizer of at most 8 bits behind this layer",
        )
    return from_line(stairs, line, frac)


def staircase(value: Value, code: Quantize, where: str) -> Staircase:
    """Return where and how ``code(value)`` changes over the interval of the codes."""
    params = [a.shape for step in value.steps for a in step.arrays()]
    shape = np.broadcast_shapes((1,) * len(value.type.shape), *params)
    if value.type.peak >= _MAX_CODE:
        raise UnsupportedLayer(
            f"accumulators of {value.type.fixed.width} bits are too wide to tabulate",
            where,
            "use fewer bits in front of this layer",
        )
    ends = ((value.type.lo, np.min), (value.type.hi, np.max))
    lo, hi = (_reduce(bound, shape, by) for bound, by in ends)
    return _search(_by_row(value, code, shape), shape, lo, hi, where)


def changes(value: Value, code: Quantize, where: str) -> tuple[int, int]:
    """Count the edges that another machine's float32 may move, and all edges."""
    stairs = staircase(value, code, where)
    rows = np.repeat(np.arange(len(stairs.edges)), [len(e) for e in stairs.edges])
    at = np.concatenate(stairs.edges)
    after = np.concatenate([v[1:] for v in stairs.values])
    before = np.concatenate([v[:-1] for v in stairs.values])
    moved = np.zeros(len(at), bool)
    for steps in _variants(value.steps):
        other = _by_row(replace(value, steps=steps), code, stairs.shape)
        # Monotone functions that agree on both sides of every edge are equal.
        moved |= (other(rows, at) != after) | (other(rows, at - 1) != before)
    return int(np.count_nonzero(moved)), len(at)


def _variants(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for i, step in enumerate(steps):
        if isinstance(step, Normalise):
            for other in step.variants():
                yield (*steps[:i], other, *steps[i + 1 :])


def _reduce(bound: Codes, shape: tuple[int, ...], by: Callable[..., Codes]) -> I64:
    axes = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.asarray(by(bound, axis=axes, keepdims=True), np.int64).reshape(-1)


def _by_row(
    value: Value, code: Quantize, shape: tuple[int, ...]
) -> Callable[[npt.NDArray[np.intp], I64], I64]:
    """Return the function of (row, accumulator code), element by element."""
    flat = tuple(step.map(lambda a: np.broadcast_to(a, shape).reshape(-1)) for step in value.steps)

    def evaluate(rows: npt.NDArray[np.intp], codes: I64) -> I64:
        picked = tuple(step.map(lambda a: a[rows]) for step in flat)
        return code(replace(value, steps=picked).evaluate(codes))

    return evaluate


def _search(
    evaluate: Callable[[npt.NDArray[np.intp], I64], I64],
    shape: tuple[int, ...],
    lo: I64,
    hi: I64,
    where: str,
) -> Staircase:
    """Halve every interval with different ends until only neighbours are left."""
    count = len(lo)
    row = np.arange(count)
    a, b = lo, hi
    fa, fb = evaluate(row, a), evaluate(row, b)
    first, last = fa, fb
    found: list[tuple[npt.NDArray[np.intp], I64, I64]] = []
    total = 0
    while len(row):
        differ = fa != fb
        edge = differ & (b - a == 1)
        found.append((row[edge], b[edge], fb[edge]))
        total += int(edge.sum())
        row, a, b, fa, fb = (v[differ & ~edge] for v in (row, a, b, fa, fb))
        if total + len(row) > _MAX_EDGES:
            raise UnsupportedLayer(
                f"more than {_MAX_EDGES} output steps in one layer",
                where,
                "use a quantizer with fewer bits behind this layer",
            )
        middle = a + ((b - a) >> 1)
        fm = evaluate(row, middle)
        row, a, b = np.tile(row, 2), np.concatenate([a, middle]), np.concatenate([middle, b])
        fa, fb = np.concatenate([fa, fm]), np.concatenate([fm, fb])
    rows, at, value = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((at, rows))
    cuts = np.searchsorted(rows[order], np.arange(1, count))
    edges = tuple(np.split(at[order], cuts))
    parts = np.split(value[order], cuts)
    values = tuple(np.concatenate([first[i : i + 1], parts[i]]) for i in range(count))
    for i, steps in enumerate(map(np.diff, values)):
        assert np.all(steps > 0) or np.all(steps < 0), "a quantized activation must be monotone"
        assert values[i][-1] == last[i]
    return Staircase(shape, lo, hi, edges, values)


def thresholds(stairs: Staircase, frac: int) -> Thresholds:
    """Return a staircase as thresholds."""
    count = stairs.steps
    low = np.empty((len(stairs.edges), count), np.int64)
    out = np.empty((len(stairs.edges), count + 1), np.int64)
    for i, (edges, values) in enumerate(zip(stairs.edges, stairs.values, strict=True)):
        # Rows with fewer levels are padded with thresholds that the accumulator cannot reach.
        low[i] = np.pad(edges, (0, count - len(edges)), constant_values=stairs.hi[i] + 1)
        out[i] = np.pad(values, (0, count + 1 - len(values)), constant_values=values[-1])
    lead = stairs.shape
    return Thresholds(low.reshape((*lead, count)), out.reshape((*lead, count + 1)), frac)


def from_line(stairs: Staircase, line: Line, frac: int) -> Table:
    """Return the operations of a line that equals a staircase, its corrections among them."""
    mult, add = (np.array(part, object).reshape(stairs.shape) for part in (line.mult, line.add))
    lo, hi = line.lo, line.hi
    if line.floors and not line.corrections:
        return Table((MulShift(mult, add, line.shift, lo, hi, frac),))
    # The products in full, so that the second stage sees what it rounds.
    sums = [
        m * int(x) + a
        for m, a, ends in zip(
            line.mult, line.add, zip(stairs.lo, stairs.hi, strict=True), strict=True
        )
        for x in ends
    ]
    product = MulShift(mult, add, 0, min(sums), max(sums), frac + line.shift)
    last: Op
    if line.floors:
        last = MulShift(np.array(1), np.array(0), line.shift, lo, hi, frac)
    else:
        last = Requantize(line.shift, lo, hi)
    if not line.corrections:
        return Table((product, last))
    parts = [_pulses(line.corrections.get(i, {}), line.shift) for i in range(len(stairs.lo))]
    fix = Staircase(
        stairs.shape, stairs.lo, stairs.hi,
        tuple(edges for edges, _ in parts), tuple(values for _, values in parts),
    )  # fmt: skip
    return Table((product, last), thresholds(fix, frac + line.shift))


def _pulses(at: dict[int, int], shift: int) -> tuple[I64, I64]:
    """Return edges and values of a function that is zero but at the given codes."""
    edges: list[int] = []
    values = [0]
    for x, amount in sorted(at.items()):
        if edges and edges[-1] == x:
            values[-1] = amount << shift
        else:
            edges.append(x)
            values.append(amount << shift)
        edges.append(x + 1)
        values.append(0)
    return np.array(edges, np.int64), np.array(values, np.int64)
