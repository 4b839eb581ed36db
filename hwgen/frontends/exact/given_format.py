# SPDX-License-Identifier: Apache-2.0
"""Given format: a value whose steps wait, rounded to a number format that the user named.

The file states no format there, so no float32 function has to be met bit by bit. What is met is a
function of its own, exact in integers: every factor (of a normalisation, a scale, a mean, a slope)
is rounded to `factor_bits` significant bits, terms stay as they are, the rest is exact arithmetic,
and the result is rounded once, half to even, and saturates. Two bits more than the format has keep
a rounded factor below an eighth of a least significant bit. A curve (tanh, sigmoid, ...) is
evaluated in double precision instead and becomes a table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.exact.builder import ExactBuilder, Origin
from hwgen.frontends.exact.codes import I64
from hwgen.frontends.exact.staircase import MAX_THRESHOLDS, tabulate
from hwgen.frontends.exact.steps import Affine, Curve, Divide, Leak, Normalise, Rectify, Value
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import TensorType
from hwgen.ops.merge import Add, Maximum
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import ShiftLeft

F64 = npt.NDArray[np.float64]
Ints = npt.NDArray[Any]  # of Python integers
_GUARD = 2


def factor_bits(fixed: Fixed) -> int:
    """Return the significant bits that a factor keeps in front of a given format."""
    return fixed.width + _GUARD


def rounded_factor(values: Any, bits: int) -> F64:
    """Return float64 numbers rounded to *bits* significant bits, halves to even."""
    mantissa, power = np.frexp(np.asarray(values, np.float64))
    return np.ldexp(np.rint(np.ldexp(mantissa, bits)), power - bits)


def _whole(values: Any) -> tuple[Ints, int]:
    """Return float64 numbers as integers and one frac: ``ints * 2**-frac``, exactly."""
    array = np.asarray(values, np.float64)
    mantissa, power = np.frexp(array[array != 0])
    if not mantissa.size:
        return np.zeros(array.shape, object), 0
    whole = np.abs(mantissa * (1 << 53)).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    frac = int((53 - power - trailing).max())
    flat = [int(math.ldexp(v, frac)) if frac < 900 else _huge(v, frac) for v in array.reshape(-1)]
    return np.array(flat, object).reshape(array.shape), frac


def _huge(value: float, frac: int) -> int:
    top, bottom = float(value).as_integer_ratio()
    return (top << frac) // bottom


@dataclass(frozen=True)
class _Line:
    """Affine function of codes, ``(x * mult + add) * 2**-frac``, a row a channel."""

    mult: Ints
    add: Ints
    frac: int

    def times(self, factor: F64) -> _Line:
        ints, frac = _whole(factor)
        return _Line(self.mult * ints, self.add * ints, self.frac + frac)

    def plus(self, term: Any) -> _Line:
        ints, frac = _whole(term)
        up = max(frac - self.frac, 0)
        down = max(self.frac - frac, 0)
        return _Line(self.mult << up, (self.add << up) + (ints << down), self.frac + up)


def round_to(b: ExactBuilder, value: Value, fixed: Fixed, at: Origin, name: str) -> Value:
    """Apply a given format to exact codes with waiting steps; nothing waits on what is returned.

    Raises:
        UnsupportedLayer: a curve waits, and the format has too many levels for a table.
    """
    if any(isinstance(step, Curve) for step in value.steps):
        return _from_table(b, value, fixed, at, name)
    bits = factor_bits(fixed)
    base = Value(value.node, value.type)
    line = _identity(base)
    *front, last = value.steps or (Affine(),)
    lo, hi = fixed.lo, fixed.hi
    if isinstance(last, Rectify) and not last.slope:  # rounding rises, so it may come first
        lo, top = max(lo, 0), math.ldexp(last.ceiling, fixed.frac)
        hi = min(hi, int(np.rint(top))) if math.isfinite(top) else hi
    else:
        front.append(last)
    for step in front:
        if isinstance(step, Affine):
            if step.mul is not None:
                line = line.times(rounded_factor(step.mul, bits))
            line = line if step.add is None else line.plus(step.add)
        elif isinstance(step, Normalise):
            factor = rounded_factor(step.factor(), bits)
            line = line.plus(-step.mean.astype(np.float64)).times(factor).plus(step.beta)
        elif isinstance(step, Divide):
            line = line.times(rounded_factor(1.0 / step.count.astype(np.float64), bits))
        else:
            assert isinstance(step, Rectify | Leak)
            base = _emitted(b, base, line, None, at, name)
            if isinstance(step, Rectify):
                base = _rectified(b, base, step, bits, at, name)
            else:
                base = _leaking(b, base, step, bits, at, name)
            line = _identity(base)
    base = _emitted(b, base, line, fixed.frac, at, name)
    op = Requantize(base.type.frac - fixed.frac, lo, hi)
    up = max(-op.shift, 0)
    inside = lo <= int(base.type.lo.min()) << up and int(base.type.hi.max()) << up <= hi
    return base if op.shift <= 0 and inside else b.emit(name, op, [base], at, str(fixed))


def _identity(value: Value) -> _Line:
    return _Line(np.array([1], object), np.array([0], object), value.type.frac)


def _emitted(
    b: ExactBuilder, base: Value, line: _Line, frac: int | None, at: Origin, name: str
) -> Value:
    """Emit a line; *frac* is that of the format it is rounded to, None where every bit counts."""
    line = _short(line, frac)
    kind = base.type
    if all(m == 1 for m in line.mult.reshape(-1)) and not np.any(line.add):
        return b.scaled(base, kind.frac - line.frac, at)
    ends = [np.asarray(end, object) * line.mult + line.add for end in (kind.lo, kind.hi)]
    lo, hi = min(int(e.min()) for e in ends), max(int(e.max()) for e in ends)
    op = MulShift(line.mult, line.add, 0, lo, hi, line.frac)
    return b.emit(f"{name}_scaled", op, [base], at, "rounded factors")


def _short(line: _Line, frac: int | None) -> _Line:
    """Return a line without bits that decide nothing.

    What lies below the products and below half a step of the format is never zero and never a tie,
    so one bit stands for all of it.
    """
    factors = [abs(int(m)) for m in line.mult.reshape(-1) if m]
    trailing = min(((m & -m).bit_length() - 1 for m in factors), default=line.frac)
    if frac is None:
        terms = [abs(int(a)) for a in line.add.reshape(-1) if a]
        drop = min([trailing, *((a & -a).bit_length() - 1 for a in terms)])
        return _Line(line.mult >> max(drop, 0), line.add >> max(drop, 0), line.frac - max(drop, 0))
    exact = all(int(a) % (1 << max(trailing, 0)) == 0 for a in line.add.reshape(-1))
    drop = trailing if exact else min(trailing - 1, line.frac - frac - 2)
    if drop <= 0:
        return line
    low = (1 << drop) - 1
    add = (line.add >> drop) | np.vectorize(lambda a: int(a & low != 0), otypes=[object])(line.add)
    return _Line(line.mult >> drop, add, line.frac - drop)


def _rectified(
    b: ExactBuilder, value: Value, step: Rectify, bits: int, at: Origin, name: str
) -> Value:
    """Emit a ReLU of exact codes, with a slope rounded like a factor and any ceiling."""
    if math.isfinite(step.ceiling):
        _, frac = _whole(step.ceiling)
        value = _finer(b, value, frac, at, name)
    kind = value.type
    top = max(int(kind.hi.max()), 0)
    if math.isfinite(step.ceiling):
        top = min(top, int(math.ldexp(step.ceiling, kind.frac)))
    if not step.slope:
        return b.emit(f"{name}_relu", Requantize(0, 0, top), [value], at)
    (slope,), frac = _whole([float(rounded_factor(np.float32(step.slope), bits))])
    below = MulShift(np.array(slope), np.array(0), 0, *_reach(kind, slope), kind.frac + frac)
    sloped = b.emit(f"{name}_sloped", below, [value], at, f"slope {step.slope:g}")
    value = _finer(b, value, kind.frac + frac, at, name)
    done = b.emit(f"{name}_leaky", Maximum(slope > 1 << frac), [value, sloped], at)
    if math.isfinite(step.ceiling):
        ends = Requantize(0, int(done.type.lo.min()), int(math.ldexp(step.ceiling, done.type.frac)))
        done = b.emit(f"{name}_ceiling", ends, [done], at)
    return done


def _leaking(b: ExactBuilder, value: Value, step: Leak, bits: int, at: Origin, name: str) -> Value:
    """Emit a PReLU of exact codes, its slopes rounded like factors."""
    kind = value.type
    lo, hi = min(int(kind.lo.min()), 0), max(int(kind.hi.max()), 0)
    slopes, frac = _whole(rounded_factor(step.slope, bits))
    below = b.emit(f"{name}_below", Requantize(0, lo, 0), [value], at)
    ends = [0, *(int(s) * lo for s in slopes.reshape(-1))]
    op = MulShift(slopes, np.zeros_like(slopes), 0, min(ends), max(ends), kind.frac + frac)
    sloped = b.emit(f"{name}_sloped", op, [below], at, "rounded slopes")
    above = b.emit(f"{name}_above", Requantize(0, 0, hi), [value], at)
    above = _finer(b, above, kind.frac + frac, at, f"{name}_above")
    return b.emit(f"{name}_leaky", Add((1, 1)), [above, sloped], at)


def _reach(kind: TensorType, factor: int) -> tuple[int, int]:
    return int(kind.lo.min()) * factor, int(kind.hi.max()) * factor


def _finer(b: ExactBuilder, value: Value, frac: int, at: Origin, name: str) -> Value:
    up = frac - value.type.frac
    return value if up <= 0 else b.emit(f"{name}_aligned", ShiftLeft(up), [value], at)


def _from_table(b: ExactBuilder, value: Value, fixed: Fixed, at: Origin, name: str) -> Value:
    if fixed.hi - fixed.lo > MAX_THRESHOLDS:
        curve = next(step for step in value.steps if isinstance(step, Curve))
        raise UnsupportedLayer(
            f"{curve.kind} becomes a table, and a table has {MAX_THRESHOLDS + 1} levels at most; "
            f"{fixed} has {fixed.hi - fixed.lo + 1}",
            curve.where or at.where,
            f"give it a format of 8 bits: --format {at.name}=s8.{min(max(fixed.frac, 0), 7)}",
        )

    def code(x: Any) -> I64:
        scaled = np.ldexp(np.asarray(x, np.float64), fixed.frac)
        codes: I64 = np.clip(np.rint(scaled), fixed.lo, fixed.hi).astype(np.int64)
        return codes

    table = tabulate(replace(value, double=True), code, fixed.frac, at.where)
    (op,) = table.stages
    return b.emit(name, op, [Value(value.node, value.type)], at, str(fixed))
