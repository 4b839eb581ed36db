# SPDX-License-Identifier: Apache-2.0
"""Application of an activation quantizer to an exact value.

One that only rounds and saturates becomes a `Requantize`; any other becomes the integer staircase
that equals waiting steps and quantizer together. A wide one behind a slope or a mean, which no
multiply-shift meets, is taken apart by sign, and into a ratio.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hwgen.errors import UnsupportedLayer
from hwgen.frontends.exact.builder import ExactBuilder, Origin
from hwgen.frontends.exact.quantizer_types import Quantizer
from hwgen.frontends.exact.ratio import ratio
from hwgen.frontends.exact.staircase import changes, tabulate
from hwgen.frontends.exact.steps import Leak, Normalise, Rectify, Value, f32
from hwgen.ir.tensor import TensorType
from hwgen.ops.merge import Add
from hwgen.ops.requantize import Requantize


def quantize(b: ExactBuilder, value: Value, q: Quantizer, at: Origin, name: str) -> Value:
    """Apply a quantizer to exact codes with waiting steps; nothing waits on what is returned.

    Raises:
        UnsupportedLayer: no integer operation equals steps and quantizer together.
    """
    for step in value.steps:
        if isinstance(step, Leak) and not step.increasing:
            raise UnsupportedLayer(
                f"a slope of {float(step.slope.min()):g} makes the activation fall",
                step.where or at.where,
                f"train it with alpha_constraint=NonNeg(){b.way_out(step)}",
            )
    _note_saturation(b, value, q, at)
    op = _requantize(value, q)
    done = Value(value.node, value.type)
    if op is None:
        return _in_pieces(b, value, q, at, name)
    return done if _is_identity(op, value.type) else b.emit(name, op, [done], at, str(q))


def _requantize(value: Value, q: Quantizer) -> Requantize | None:
    """Return the quantizer as a shift with rounding, where that is all it is."""
    kind = value.type
    shift = kind.frac - q.frac
    if not q.affine_for(kind.frac) and q.neg_shift is None:
        return None
    if q.neg_shift is not None:
        return None if value.steps else Requantize(shift, 0, q.hi, shift + q.neg_shift, q.neg_lo)
    lo, hi = q.lo, q.hi
    for step in value.steps:
        if not isinstance(step, Rectify) or step.slope:
            return None
        lo = max(lo, 0)  # rounding and clipping rise, so they may change places with a ReLU
        if math.isfinite(step.ceiling):
            hi = min(hi, int(q.code(f32([step.ceiling]))[0]))
    return Requantize(shift, lo, hi)


def _is_identity(op: Requantize, kind: TensorType) -> bool:
    inside = op.lo <= int(kind.lo.min()) and int(kind.hi.max()) <= op.hi
    return op.shift == 0 and op.neg_shift is None and inside


def _in_pieces(b: ExactBuilder, value: Value, q: Quantizer, at: Origin, name: str) -> Value:
    """Tabulate, and where no table is found take the function apart.

    Raises:
        UnsupportedLayer: no integer operation equals steps and quantizer together.
    """
    first = value.steps[0] if value.steps else None
    if not (isinstance(first, Rectify) and first.slope):
        return _in_pieces_of_one_sign(b, value, q, at, name)
    try:
        return _tabulated(b, value, q, at, name)
    except UnsupportedLayer:
        return _by_sign(b, value, q, at, name)


def _by_sign(b: ExactBuilder, value: Value, q: Quantizer, at: Origin, name: str) -> Value:
    """Quantize what is above zero and what is below apart, and add both."""
    first, *rest = value.steps
    assert isinstance(first, Rectify)
    lo, hi = min(int(value.type.lo.min()), 0), max(int(value.type.hi.max()), 0)
    source = Value(value.node, value.type)
    parts = []
    for word, clip, step in (
        ("above", Requantize(0, 0, hi), replace(first, slope=0.0)),
        ("below", Requantize(0, lo, 0), first),
    ):
        part = b.emit(f"{name}_{word}", clip, [source], at)
        part = replace(part, steps=(step, *rest))
        op = _requantize(part, q)
        if op is None:
            made = _in_pieces_of_one_sign(b, part, q, at, f"{name}_{word}_part")
        else:
            made = b.emit(f"{name}_{word}_part", op, [Value(part.node, part.type)], at, str(q))
        parts.append(made)
    zero = q.code(value.evaluate(np.zeros((1,) * len(value.type.shape))))
    return b.emit(name, Add((1, 1), -zero), parts, at, str(q))


def _in_pieces_of_one_sign(
    b: ExactBuilder, value: Value, q: Quantizer, at: Origin, name: str
) -> Value:
    try:
        return _tabulated(b, value, q, at, name)
    except UnsupportedLayer:
        done = ratio(b, value, q, at, name)
        if done is None:
            raise
        return done


def _tabulated(b: ExactBuilder, value: Value, q: Quantizer, at: Origin, name: str) -> Value:
    table = tabulate(replace(value, double=b.double), q.code, q.frac, at.where)
    if not b.double and any(isinstance(step, Normalise) for step in value.steps):
        moved, edges = changes(value, q.code, at.where)
        if moved:
            b.note(
                f"{at.name}: {moved} of {edges} thresholds lie so close to an accumulator value "
                "that the last bit of TensorFlow's float32 batch normalisation decides them; that "
                f"bit differs from machine to machine, so single codes may differ from "
                f"{b.framework} by one"
            )
    source = done = Value(value.node, value.type)
    for i, op in enumerate(table.stages):
        last = i == len(table.stages) - 1
        done = b.emit(name if last else f"{name}_scaled", op, [done], at, str(q))
        if i == 0 and table.correction is not None:
            rounding = f"float32 rounding of {b.framework}"
            fix = b.emit(f"{name}_fix", table.correction, [source], at, rounding)
            done = b.emit(f"{name}_fixed", Add((1, 1)), [done, fix], at)
    return done


def _note_saturation(b: ExactBuilder, value: Value, q: Quantizer, at: Origin) -> None:
    kind = value.type
    ends = [value.evaluate(bound.astype(np.float64)) for bound in (kind.lo, kind.hi)]
    if float(np.abs(ends).max()) >= q.limit:
        b.note(
            f"{at.name}: inputs may exceed {q.limit:g}, where {b.owner} straight-through sum "
            f"leaves the grid of {q}; hwgen saturates"
        )
