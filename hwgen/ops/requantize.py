# SPDX-License-Identifier: Apache-2.0
"""Requantizer: fewer bits by a shift right with round-half-even, then saturation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Activation, Example, frozen_ints, of_word, planned, register, round_shift
from hwgen.ops.checks import need, need_inputs, need_shift
from hwgen.ops.exact_dtype import cast, room


@register
class Requantize(Activation):
    """Requantizer: ``clip(round_half_even(x / 2**shift), lo, hi)``.

    The output has *shift* fraction bits fewer than the input.

    Attributes:
        shift: bits to drop; negative to append zeros.
        lo, hi: saturation bounds.
        neg_shift: when given, negative inputs are instead
            ``clip(round_half_even(x / 2**neg_shift), neg_lo, 0)`` (a leaky activation).
        neg_lo: their lower bound.
        half: 1 for every element to which half an output step was added beforehand, else 0; it is
            taken off again. Broadcasts to the tensor; only without a negative slope.
    """

    shift: int
    lo: int
    hi: int
    neg_shift: int | None = None
    neg_lo: int = 0
    half: Codes = planned(default=0)

    kind = "requantize"

    def __post_init__(self) -> None:
        frozen_ints(self, "half")
        need_shift(self.kind, self.shift, self.neg_shift or 0)
        assert not self.half.any() or (self.shift > 0 and self.neg_shift is None)
        hint = "saturation bounds must ascend; with a negative slope they must enclose zero"
        need(self.lo <= self.hi, self.kind, f"lo {self.lo} is above hi {self.hi}", hint)
        if self.neg_shift is not None:
            fits = self.lo <= 0 <= self.hi and self.neg_lo <= 0
            bounds = f"[{self.lo}, {self.hi}] and [{self.neg_lo}, 0]"
            need(fits, self.kind, f"bounds {bounds} make the two branches overlap", hint)

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; the function ascends, so ends map to ends."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        wide = self._bound(t)
        lo, hi = (self.run([room(end, wide)]) for end in (t.lo, t.hi))
        return TensorType.covering(t.shape, t.frac - self.shift, lo, hi)

    def on_word(self, shape: tuple[int, ...], lanes: int) -> Requantize | None:
        """Return it with the halves of a word."""
        half = of_word(self.half, shape, lanes)
        return None if half is None else self.changed(half=half)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Round, saturate and, with a negative slope, choose the branch by sign."""
        (x,) = ins
        if self.half.any():
            x = x - cast(self._offset(), x.dtype)
        result = _clip(_rounded(x, self.shift), self.lo, self.hi)
        if self.neg_shift is None:
            return result
        below = _clip(_rounded(x, self.neg_shift), self.neg_lo, 0)
        return np.where(x < 0, below, result)

    def _offset(self) -> Codes:
        return self.half.astype(object) << (self.shift - 1)

    def _bound(self, t: TensorType) -> int:
        if self.half.any():
            return max(t.peak + (1 << (self.shift - 1)), abs(self.lo), abs(self.hi))
        bound = max(t.peak, abs(self.lo), abs(self.hi), abs(self.neg_lo))
        for shift in (self.shift, self.neg_shift or 0):
            if shift < 0:
                bound = max(bound, t.peak << -shift, 1 << -shift)
        return bound

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the largest of the codes, the shifted codes and the saturation bounds."""
        return self._bound(types[0])

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build one rounder an element; two and a select with a negative slope."""
        (x,) = ins
        half = np.broadcast_to(self.half, x.shape)
        flat = zip(x.reshape(-1), half.reshape(-1), strict=True)
        return np.array([self._lower_one(b, int(w), bool(h)) for w, h in flat]).reshape(x.shape)

    def _lower_one(self, b: Builder, wire: int, half: bool) -> int:
        if self.neg_shift is None:
            return b.requant(wire, self.shift, self.lo, self.hi, half)
        # From below zero the upper branch is never taken, so 0 is its exact lower bound.
        above = b.requant(wire, self.shift, 0, self.hi)
        return b.select(wire, b.requant(wire, self.neg_shift, self.neg_lo, 0), above)

    def note(self) -> str:
        """Return the shift and the bounds."""
        text = f">> {self.shift}, [{self.lo}, {self.hi}]"
        if self.neg_shift is not None:
            text += f", below zero >> {self.neg_shift}, [{self.neg_lo}, 0]"
        return text

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Ties, both saturations, left shifts, negative slopes, extreme shifts, wide numbers."""
        s8 = TensorType.of((3,), Fixed(8, 4, True))
        u6 = TensorType.of((2, 2), Fixed(6, 0))
        s40, s70 = (TensorType.of((2,), Fixed(w, 8, True)) for w in (40, 70))
        return (
            Example(cls(2, -16, 15), (s8,)),
            Example(cls(1, -128, 127), (s8,)),
            Example(cls(0, 0, 63), (s8,)),
            Example(cls(-3, -2000, 900), (s8,)),
            Example(cls(3, 2, 5), (u6,)),
            Example(cls(2, 0, 31, 4, -8), (s8,)),
            Example(cls(2, -3, 31, -1, -200), (s8,)),
            Example(cls(3, 0, 31, 5, -8), (u6,)),
            Example(cls(200, -1, 1), (s8,)),
            Example(cls(12, -(1 << 20), 1 << 26), (s40,)),
            Example(cls(39, -8, 8, 63, -8), (s40,)),
            Example(cls(30, -(1 << 39), 1 << 39), (s70,)),
            Example(cls(-40, -(1 << 90), 1 << 90, -30, -(1 << 80)), (s40,)),
        )


def _rounded(x: Codes, shift: int) -> Codes:
    # 2**62 is above every int64 code, so half an output step is out of reach: all become zero.
    return np.zeros_like(x) if x.dtype == np.int64 and shift > 62 else round_shift(x, shift)


def _clip(x: Codes, lo: int, hi: int) -> Codes:
    low, high = (cast(np.asarray(v, object), x.dtype) for v in (lo, hi))
    result: Codes = np.minimum(np.maximum(x, low, out=x), high, out=x)
    return result
