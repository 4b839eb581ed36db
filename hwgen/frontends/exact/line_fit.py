# SPDX-License-Identifier: Apache-2.0
"""Line fit: a multiply-shift, ``clip((x * mult + add) >> shift)``, that equals a staircase.

A rising line of integers equals a rising staircase everywhere when both reach every level at the
same place, so only the edges are looked at. The slope is where the room between the points a line
must reach and those it must stay below is widest; that room is a concave function of the slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
# So many codes of a row may miss the line; each costs a comparison or two.
MAX_CORRECTIONS = 127
_MAX_SHIFT = 40
_SAFE_BITS = 60
_MAX_LISTED = 1 << 12
_HALVINGS = 64


@dataclass(frozen=True)
class Line:
    """Multiply-shift ``clip((x * mult + add) / 2**shift, lo, hi)``, a factor and a term a row.

    Attributes:
        floors: the division rounds down, else to the nearest, ties to even.
        corrections: by row and x, what to add before clipping so that the staircase is met.
    """

    mult: tuple[int, ...]
    add: tuple[int, ...]
    shift: int
    lo: int
    hi: int
    floors: bool
    corrections: dict[int, dict[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Row:
    """A rising staircase: at or above ``level[i]`` from ``first[i]`` on, and not before.

    The first and the last entry may stand for the ends of the interval: `reaches` and `stays` say
    which entries bind the line from below and from above.
    """

    lo: int
    hi: int
    first: I64
    level: I64
    reaches: npt.NDArray[np.bool_]
    stays: npt.NDArray[np.bool_]
    slope: float
    mirrored: bool


@dataclass(frozen=True)
class _Try:
    """A line for one row, and how many codes miss it."""

    mult: int
    add: int
    misses: int


def fit_line(lo: I64, hi: I64, edges: Sequence[I64], values: Sequence[I64]) -> Line | None:
    """Return lines equal to the staircases, with few corrections or better none, or None.

    Args:
        lo: the least x of each row.
        hi: the largest.
        edges: a row's places where the value changes, ascending.
        values: a row's values before, between and behind them; all rising or all falling.
    """
    clip = min(int(v.min()) for v in values), max(int(v.max()) for v in values)
    rows = [
        _row(int(a), int(b), e, v, clip) for a, b, e, v in zip(lo, hi, edges, values, strict=True)
    ]
    limit = min(_longest_shift(row, clip) for row in rows)
    for floors in (True, False):
        shift = 0
        for row in rows:
            found = _shift_for(row, shift, limit, floors)
            if found is None:
                break
            shift = found
        else:
            return _finish(rows, shift, floors, clip)
    return None


def _row(lo: int, hi: int, edges: I64, values: I64, clip: tuple[int, int]) -> _Row:
    mirrored = len(values) > 1 and bool(values[-1] < values[0])
    if mirrored:  # G(-x) = F(x); an edge at t is where -x falls below 1 - t
        edges, values, lo, hi = (1 - edges)[::-1], values[::-1], -hi, -lo
    level = np.arange(values[0], values[-1] + 2)
    at = np.searchsorted(values, level)  # a rise by two passes both levels at one edge
    first = np.concatenate([[lo], edges, [hi + 1]])[at]
    reaches, stays = np.ones(len(level), bool), np.ones(len(level), bool)
    stays[0] = reaches[-1] = False
    # The common saturation holds the ends where they are its bounds.
    reaches[0] = values[0] > clip[0]
    stays[-1] = values[-1] < clip[1]
    return _Row(
        lo, hi, first, level, reaches, stays, _slope(lo, first, level, reaches, stays), mirrored
    )


def _slope(
    lo: int, first: I64, level: I64, reaches: npt.NDArray[np.bool_], stays: npt.NDArray[np.bool_]
) -> float:
    """Return the slope with the widest room; 0 when no line can be wrong."""
    if not (reaches.any() and stays.any()):
        return 0.0
    x, y = (first - lo).astype(np.float64), (level - level[0]).astype(np.float64)
    under_x, under_y, over_x, over_y = x[reaches], y[reaches], x[stays] - 1, y[stays]
    low, high = 0.0, float(y[-1] + 1)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        gain = under_x[np.argmax(under_y - middle * under_x)]
        if gain > over_x[np.argmin(over_y - middle * over_x)]:
            low = middle
        else:
            high = middle
    return high


def _longest_shift(row: _Row, clip: tuple[int, int]) -> int:
    reach = max(abs(row.lo), abs(row.hi)) + 1
    peak = max(abs(clip[0]), abs(clip[1]), int(row.slope * reach)) + 2
    return min(_MAX_SHIFT, _SAFE_BITS - peak.bit_length() - reach.bit_length() // 2 - 1)


def _shift_for(row: _Row, least: int, limit: int, floors: bool) -> int | None:
    """Return the smallest shift from *least* on with which the row is met as well as possible."""
    if limit < least:
        return None
    best = _solve(row, limit, floors).misses
    if best > MAX_CORRECTIONS:
        return None
    return next(s for s in range(least, limit + 1) if _solve(row, s, floors).misses <= best)


def _bounds(level: I64, shift: int, floors: bool) -> I64:
    """Return the least ``x * mult + add`` that gives each level."""
    if floors or shift == 0:
        return level << shift
    return (level << shift) - (1 << (shift - 1)) + (level & 1)


def _solve(row: _Row, shift: int, floors: bool) -> _Try:
    bound = _bounds(row.level, shift, floors)
    tries = []
    near = int(np.floor(np.ldexp(row.slope, shift)))
    for mult in sorted({0 if row.slope == 0 else near, near, near + 1}):
        need = (bound - mult * row.first)[row.reaches]
        room = (bound - 1 - mult * (row.first - 1))[row.stays]
        low = int(need.max()) if need.size else int(room.min()) if room.size else 0
        high = int(room.min()) if room.size else low
        add = (low + high) // 2
        misses = 0 if low <= high else len(_missed(row, mult, add, bound))
        tries.append(_Try(mult, add, misses))
    return min(tries, key=lambda t: (t.misses, t.mult))


def _missed(row: _Row, mult: int, add: int, bound: I64) -> list[int]:
    """Return every x at which the line is not on the staircase's level."""
    met = row.first  # where the line reaches each level
    if mult > 0:
        met = np.clip(-((add - bound) // mult), row.lo, row.hi + 1)
    else:
        met = np.where(add >= bound, row.lo, row.hi + 1)
    matters = (row.reaches & (met > row.first)) | (row.stays & (met < row.first))
    spans = np.abs(met - row.first)[matters]
    start = np.minimum(met, row.first)[matters]
    most = spans.cumsum() <= _MAX_LISTED  # beyond, the line is refused anyway
    parts = [np.arange(a, a + n) for a, n in zip(start[most], spans[most], strict=True)]
    if not most.all():
        parts.append(start[~most][:1] + np.arange(MAX_CORRECTIONS + 1))
    return np.unique(np.concatenate(parts)).tolist() if parts else []


def _finish(rows: list[_Row], shift: int, floors: bool, clip: tuple[int, int]) -> Line | None:
    tries = [_solve(row, shift, floors) for row in rows]
    corrections: dict[int, dict[int, int]] = {}
    for i, (row, t) in enumerate(zip(rows, tries, strict=True)):
        if t.misses > MAX_CORRECTIONS:
            return None
        if t.misses:
            bound = _bounds(row.level, shift, floors)
            corrections[i] = {
                (-x if row.mirrored else x): _amount(row, t, x, shift, floors)
                for x in _missed(row, t.mult, t.add, bound)
            }
    mults = tuple(-t.mult if row.mirrored else t.mult for row, t in zip(rows, tries, strict=True))
    return Line(mults, tuple(t.add for t in tries), shift, *clip, floors, corrections)


def _amount(row: _Row, t: _Try, x: int, shift: int, floors: bool) -> int:
    """Return the staircase's value at *x* minus the line's."""
    true = int(row.level[np.searchsorted(row.first, x, side="right") - 1])
    total = x * t.mult + t.add
    if floors or shift == 0:
        return true - (total >> shift)
    half = (1 << (shift - 1)) - 1
    return true - ((total + half + ((total >> shift) & 1)) >> shift)
