# SPDX-License-Identifier: Apache-2.0
"""Functions of wide numbers, by what they are: too many values to try, but few steps, or a shift.

A rounding or a scale never falls where it rises, by its definition, so that its steps are found
by halving. Where there are too many steps it is a quotient and two bounds, each an atom.
"""

from __future__ import annotations

import numpy as np

from hwgen.errors import Unproven
from hwgen.ir.tensor import TensorType
from hwgen.ops.base import Op
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds
from hwgen.verify.prove.forms import Form, half_even
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.steps import Ints, Steps, halved


def applied(space: Space, op: Op, form: Form) -> Form:
    """Return an operation on a number whose interval is too long to be tried.

    Raises:
        Unproven: its structure is not one of a rounding, a scale or thresholds.
    """
    lo, hi = space.interval(form)
    kind = TensorType.covering((1,), 0, np.array([lo], object), np.array([hi], object))
    exact = np.int64 if op.bound([kind], kind) < 1 << 62 else object

    def run(points: Ints) -> Ints:
        return np.asarray(op.run([points.reshape(-1, 1).astype(exact)])).reshape(-1)

    match op:
        case Thresholds():
            inside = [int(t) for t in op.thresholds.reshape(-1) if lo < int(t) <= hi]
            points = np.array(sorted({lo, *inside}), np.int64)
            return space.through(Steps.of(points, run(points).astype(np.int64)), form)
        case Requantize() | MulShift():
            steps = halved(run, lo, hi)
            if steps is not None:
                return space.through(steps, form)
    match op:
        case MulShift():
            mult, add = int(op.mult.reshape(-1)[0]), int(op.add.reshape(-1)[0])
            scaled = space.floor(form.times(mult).plus(Form(add)), op.shift)
            return clipped(space, scaled, op.lo, op.hi)
        case Requantize() if op.neg_shift is None and not op.half.any():
            return clipped(space, rounded(space, form, op.shift), op.lo, op.hi)
    raise Unproven(f"a function {op.kind} of {hi - lo + 1} integers has too many steps")


def rounded(space: Space, form: Form, shift: int) -> Form:
    """Return ``form / 2 ** shift``, rounded half to even."""
    if shift <= 0:
        return form.times(1 << -shift)
    half = 1 << (shift - 1)
    ends = [abs(c) & -abs(c) for c in form.terms.values()]
    step = min([*ends, 2 * half])
    if (form.const - half) % step:  # no tie
        return space.floor(form.plus(Form(half)), shift)
    return space.rounded(form, shift)


def clipped(space: Space, form: Form, lo: int, hi: int) -> Form:
    """Return a form within two bounds."""
    least, most = space.interval(form)
    if least < lo:
        form = space.largest([form, Form(lo)])
    if most > hi:
        form = space.largest([form.times(-1), Form(-hi)]).times(-1)
    return form


def requantized(space: Space, form: Form, shift: int, lo: int | None, hi: int | None) -> Form:
    """Return a number with fewer bits, as `applied` does of an operation."""
    ends = space.interval(form)
    if ends[1] < 1 << 61 and -ends[0] < 1 << 61:

        def run(points: Ints) -> Ints:
            made: Ints = half_even(points, shift) if shift else points
            return np.clip(made, lo, hi) if (lo, hi) != (None, None) else made

        steps = halved(run, *ends)
        if steps is not None:
            return space.through(steps, form)
    made = rounded(space, form, shift)
    least, most = space.interval(made)
    return clipped(space, made, least if lo is None else lo, most if hi is None else hi)
