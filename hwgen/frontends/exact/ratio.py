# SPDX-License-Identifier: Apache-2.0
"""Ratio: a wide quantizer behind a multiplication by p/d, such as a mean of 9 or a slope of 0.3.

No multiply-shift that rounds down meets ties that go to even. With ``v = p * x / d`` the sum
``floor(v) + ceil(v)`` is ``2 * v`` where v is whole, and an odd number between its neighbours
elsewhere: rounded to even by one bit more, it gives what v gives. Both halves are exact
multiply-shifts. Whether this equals the float32 function is not argued but tried, on every code of
the interval.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hwgen.frontends.exact.builder import ExactBuilder, Origin
from hwgen.frontends.exact.codes import I64
from hwgen.frontends.exact.quantizer_types import Quantizer
from hwgen.frontends.exact.steps import Affine, Divide, Rectify, Value
from hwgen.ops.base import round_shift
from hwgen.ops.merge import Add
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize

_MOST = 1 << 22  # codes of an interval that is tried
_LARGEST = 1024  # denominator


def ratio(b: ExactBuilder, value: Value, q: Quantizer, at: Origin, name: str) -> Value | None:
    """Return quantized codes, None where no ratio equals the float32 function everywhere.

    Args:
        b: the graph under construction.
        value: codes of one sign where a ReLU with a slope waits; only factors for all wait.
        q: the quantizer.
        at: the layer.
        name: of the last node.
    """
    lo, hi = int(value.type.lo.min()), int(value.type.hi.max())
    slope = _slope(value, hi)
    if slope is None or not slope or hi - lo >= _MOST or b.double:
        return None
    x = np.arange(lo, hi + 1)
    exact = q.code(value.evaluate(x))
    shift = value.type.frac - q.frac
    up = max(1 - shift, 0)
    drop = shift + up + 1
    for denominator in (16, 128, _LARGEST):
        part = slope.limit_denominator(denominator)
        p, d = part.numerator << up, part.denominator
        if p and np.array_equal(np.clip(round_shift(_twice(x, p, d), drop), q.lo, q.hi), exact):
            break
    else:
        return None
    frac = value.type.frac + up + 1
    source = Value(value.node, value.type)
    halves = []
    for word, extra in (("floor", 0), ("ceil", d - 1)):
        op = _divided(lo, hi, p, d, extra, frac)
        halves.append(b.emit(f"{name}_{word}", op, [source], at, f"{part} of it"))
    both = b.emit(f"{name}_both", Add((1, 1)), halves, at)
    least, most = int(exact.min()), int(exact.max())
    return b.emit(name, Requantize(drop, least, most), [both], at, str(q))


def _slope(value: Value, hi: int) -> Fraction | None:
    """Return the factor of the waiting steps, None where they are more than that."""
    slope = Fraction(1)
    for step in value.steps:
        if isinstance(step, Divide) and step.count.size == 1:
            slope /= Fraction(float(step.count.reshape(())))
        elif isinstance(step, Affine) and step.add is None and step.mul is not None:
            if step.mul.size != 1:
                return None
            slope *= Fraction(float(step.mul.reshape(())))
        elif isinstance(step, Rectify):
            if hi <= 0:
                slope *= Fraction(float(np.float32(step.slope)))
        else:
            return None
    return slope


def _twice(x: I64, p: int, d: int) -> I64:
    return (x * p) // d - (-x * p) // d


def _divided(lo: int, hi: int, p: int, d: int, extra: int, frac: int) -> MulShift:
    """Return ``(p * x + extra) // d`` for x in an interval, as a multiply-shift.

    From 0 on, ``s // d == (s * m) >> shift`` with ``m = 2**shift // d + 1``,
    as long as ``s * (m * d - 2**shift) < 2**shift``.
    """
    ends = (p * lo + extra, p * hi + extra)
    moved = max(-(min(ends) // d), 0)
    shift = (max(ends) + moved * d).bit_length() + d.bit_length() + 1
    factor = (1 << shift) // d + 1
    add = (extra + moved * d) * factor - (moved << shift)
    floors = [end // d for end in ends]
    mult = np.array(p * factor, object)
    return MulShift(mult, np.array(add, object), shift, min(floors), max(floors), frac)
