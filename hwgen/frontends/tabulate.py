# SPDX-License-Identifier: Apache-2.0
"""Float32 steps plus a quantizer, turned into one exact integer operation.

The function from accumulator code to output code is a staircase: it is monotone because every step is. Its
thresholds are found by evaluating the very float32 function over the proven accumulator interval (by
enumeration, or by bisection where the interval is long), so nothing is approximated. Few levels become a
`Thresholds` operation; many become a `MulShift` whose equality with the staircase is proven at every step edge,
which is the whole interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.chain import Value
from hwgen.ir.tensor import Codes
from hwgen.ops.mulshift import MulShift
from hwgen.ops.thresholds import Thresholds

I64 = npt.NDArray[np.int64]
# Up to this many levels a staircase is kept as thresholds (8 bits); above, it must be a multiply-shift.
MAX_THRESHOLDS = 255
_ENUMERATE = 1 << 22  # accumulator codes evaluated at once; longer intervals are bisected
_MAX_LEVELS = 1 << 20
_MAX_SHIFT = 40


def tabulate(
    value: Value,
    code: Callable[[npt.NDArray[np.float32]], I64],
    frac: int,
    where: str,
) -> Thresholds | MulShift:
    """Return the integer operation equal to *value*'s steps followed by the quantizer function *code*.

    Args:
        value: integer codes with proven intervals and waiting steps.
        code: float32 values to output codes, monotone.
        frac: fraction bits of the output codes.
        where: layer, for messages.

    Raises:
        UnsupportedLayer: more than 8 bits come out and no multiply-shift equals the staircase.
    """
    shape = value.type.shape
    params = [a.shape for step in value.steps for a in step.arrays()]
    rows_shape = np.broadcast_shapes((1,) * len(shape), *params)
    lo, hi = (_reduce(b, rows_shape, f) for b, f in ((value.type.lo, np.min), (value.type.hi, np.max)))

    def evaluate(codes: I64) -> I64:  # (rows, n) -> (rows, n)
        moved = codes.T.reshape((-1, *rows_shape))
        with np.errstate(over="ignore", invalid="ignore"):
            return code(value.evaluate(moved)).reshape(codes.shape[1], -1).T

    stairs = _staircase(evaluate, lo, hi)
    levels = max(len(values) for _, values in stairs)
    if levels - 1 <= MAX_THRESHOLDS:
        return _thresholds(stairs, hi, rows_shape, frac)
    fitted = _fit(stairs, lo, hi, rows_shape, frac)
    if fitted is None:
        raise UnsupportedLayer(
            f"{levels} output levels, and no integer multiply-shift equals the float32 function on every "
            "accumulator value",
            where,
            "use a quantizer of at most 8 bits behind this layer, or fold the normalisation into the "
            "kernel (QConv2DBatchnorm)",
        )
    return fitted


def _reduce(bound: Codes, rows_shape: tuple[int, ...], by: Callable[..., Codes]) -> I64:
    axes = tuple(i for i, n in enumerate(rows_shape) if n == 1)
    return np.asarray(by(bound, axis=axes, keepdims=True), np.int64).reshape(-1)


Stairs = list[tuple[I64, I64]]  # per row: thresholds (ascending), values (one more)


def _staircase(evaluate: Callable[[I64], I64], lo: I64, hi: I64) -> Stairs:
    span = int((hi - lo).max()) + 1
    if span * len(lo) <= 4 * _ENUMERATE and span <= _ENUMERATE:
        codes = np.minimum(lo[:, None] + np.arange(span), hi[:, None])
        outs = evaluate(codes)
        result = []
        for row in range(len(lo)):
            edges = np.flatnonzero(np.diff(outs[row])) + 1
            result.append(
                (codes[row, edges], np.concatenate([outs[row, :1], outs[row, edges]]))
            )
        return _checked(result)
    return _checked(_bisect(evaluate, lo, hi))


def _bisect(evaluate: Callable[[I64], I64], lo: I64, hi: I64) -> Stairs:
    """Find the edges of all rows at once: for every level, the first code that reaches it."""
    ends = evaluate(np.stack([lo, hi], axis=1))
    falling = ends[:, 0] > ends[:, 1]
    levels = int(np.abs(ends[:, 1] - ends[:, 0]).max())
    if levels > _MAX_LEVELS:
        levels = _MAX_LEVELS
    step = np.arange(1, levels + 1)
    target = np.where(falling[:, None], ends[:, :1] - step, ends[:, :1] + step)
    below = np.broadcast_to(lo[:, None], target.shape).copy()  # has not reached the level
    reached = np.broadcast_to(hi[:, None], target.shape).copy()
    sign = np.where(falling, -1, 1)[:, None]
    while np.any(reached - below > 1):
        middle = (below + reached) >> 1
        hit = sign * evaluate(middle) >= sign * target
        reached = np.where(hit, middle, reached)
        below = np.where(hit, below, middle)
    result = []
    for row in range(len(lo)):
        inside = sign[row] * ends[row, 1] >= sign[row] * target[row]
        edges = np.unique(reached[row, inside])
        outs = evaluate(np.broadcast_to(np.concatenate([lo[row : row + 1], edges]), (len(lo), len(edges) + 1)))
        result.append((edges, outs[row]))
    return result


def _checked(stairs: Stairs) -> Stairs:
    for _, values in stairs:
        steps = np.diff(values)
        assert np.all(steps > 0) or np.all(steps < 0), "a quantized activation must be monotone"
    return stairs


def _thresholds(stairs: Stairs, hi: I64, rows_shape: tuple[int, ...], frac: int) -> Thresholds:
    count = max(1, *(len(t) for t, _ in stairs))
    thresholds = np.empty((len(stairs), count), np.int64)
    values = np.empty((len(stairs), count + 1), np.int64)
    for row, (edges, outs) in enumerate(stairs):
        # Rows with fewer levels are padded with thresholds that the accumulator cannot reach.
        thresholds[row] = np.concatenate([edges, np.full(count - len(edges), hi[row] + 1)])
        values[row] = np.concatenate([outs, np.full(count + 1 - len(outs), outs[-1])])
    return Thresholds(
        thresholds.reshape((*rows_shape, count)), values.reshape((*rows_shape, count + 1)), frac
    )


def _fit(
    stairs: Stairs, lo: I64, hi: I64, rows_shape: tuple[int, ...], frac: int
) -> MulShift | None:
    """Find ``clip((x * mult + add) >> shift)`` equal to every row's staircase, smallest shift first."""
    out_lo = min(int(v.min()) for _, v in stairs)
    out_hi = max(int(v.max()) for _, v in stairs)
    rows = [
        _constraints(edges, values, (int(lo[i]), int(hi[i])), (out_lo, out_hi))
        for i, (edges, values) in enumerate(stairs)
    ]
    for shift in range(_MAX_SHIFT):
        pairs: list[tuple[int, int]] = []
        for row in rows:
            pair = _solve(row, shift)
            if pair is None:
                break
            pairs.append(pair)
        else:
            mult, add = (np.array(c, object).reshape(rows_shape) for c in zip(*pairs, strict=True))
            return MulShift(mult, add, shift, out_lo, out_hi, frac)
    return None


@dataclass(frozen=True)
class _Row:
    """What a rising line must do: be at ``level`` or above at ``x``, or stay below it."""

    reach_x: I64
    reach_level: I64
    below_x: I64
    below_level: I64
    sign: int  # -1: the staircase falls, and x is mirrored


def _constraints(
    edges: I64, values: I64, ends: tuple[int, int], clip: tuple[int, int]
) -> _Row:
    lo, hi = ends
    sign = -1 if len(values) > 1 and values[-1] < values[0] else 1
    if sign < 0:  # G(-x) = F(x); an edge at t is where -x falls below 1 - t
        edges, values, (lo, hi) = (1 - edges)[::-1], values[::-1], (-hi, -lo)
    levels = np.arange(values[0] + 1, values[-1] + 1)
    first = edges[np.searchsorted(values[1:], levels)] if len(edges) else levels
    reach, below = (first, levels), (first - 1, levels)
    if values[0] > clip[0]:  # the common clip does not hold this row up: the line must
        reach = np.append(reach[0], lo), np.append(reach[1], values[0])
    if values[-1] < clip[1]:
        below = np.append(below[0], hi), np.append(below[1], values[-1] + 1)
    return _Row(*reach, *below, sign)


def _solve(row: _Row, shift: int) -> tuple[int, int] | None:
    """Return (mult, add) that meets every constraint, or None."""
    if len(row.reach_x) < 2 or len(row.below_x) < 2:
        slopes = [0, 1 << shift]
    else:
        rise = int(row.reach_level[-2] - row.reach_level[0]) if len(row.reach_x) > 2 else 1
        run = int(row.reach_x[-2] - row.reach_x[0]) if len(row.reach_x) > 2 else 1
        near = (rise << shift) // max(run, 1)
        slopes = [near + d for d in sorted(range(-8, 9), key=abs) if near + d >= 0]
    for mult in slopes:
        need = (row.reach_level << shift) - mult * row.reach_x
        room = (row.below_level << shift) - 1 - mult * row.below_x
        low = int(need.max()) if len(need) else int(room.min()) if len(room) else 0
        high = int(room.min()) if len(room) else low
        if low <= high:
            return row.sign * mult, (low + high) // 2
    return None
