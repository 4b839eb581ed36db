# SPDX-License-Identifier: Apache-2.0
"""Multiply and shift: an affine map a channel, for normalisations whose output keeps many bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.matvec import matvec
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Elementwise, Example, frozen_ints, of_word, register
from hwgen.ops.checks import need, need_inputs, need_shift, wide_enough
from hwgen.ops.exact_dtype import cast, magnitude, room, top


@register
class MulShift(Elementwise):
    """Multiply and shift: ``clip((x * mult + add) >> shift, lo, hi)``; the shift rounds down.

    Attributes:
        mult, add: broadcast to the tensor's shape.
        shift: bits to drop, not negative.
        lo, hi: saturation bounds.
        frac: fraction bits of the output.
    """

    mult: Codes
    add: Codes
    shift: int
    lo: int
    hi: int
    frac: int

    kind = "mul_shift"

    def __post_init__(self) -> None:
        frozen_ints(self, "mult", "add")
        need_shift(self.kind, self.shift)
        need(
            self.shift >= 0 and self.lo <= self.hi,
            self.kind,
            f"shift {self.shift} is negative or [{self.lo}, {self.hi}] is empty",
            "put a left shift into mult and add; bounds must ascend",
        )

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; in each element the function is monotone, so ends map to ends."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(
            all(wide_enough(a.shape, t.shape) for a in (self.mult, self.add)),
            self.kind,
            f"factors {self.mult.shape} and terms {self.add.shape} do not fit {t.shape}",
            "give one for all, one a channel, or one an element",
        )
        peak = self._bound(t)
        ends = [self.run([room(end, peak)]) for end in (t.lo, t.hi)]
        lo, hi = np.minimum(*ends), np.maximum(*ends)
        return TensorType.covering(t.shape, self.frac, lo, hi)

    def on_word(self, shape: tuple[int, ...], lanes: int) -> MulShift | None:
        """Return it with the constants of a word."""
        mult, add = (of_word(a, shape, lanes) for a in (self.mult, self.add))
        return None if mult is None or add is None else self.changed(mult=mult, add=add)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Multiply, add, shift down, saturate."""
        (x,) = ins
        result: Codes = x * cast(self.mult, x.dtype)
        result += cast(self.add, x.dtype)
        # Beyond 62 bits only the sign is left in a machine word: a longer shift changes nothing.
        shift = self.shift if x.dtype == object else min(self.shift, 62)
        if x.dtype.kind == "f":
            result = np.floor(result * x.dtype.type(2.0**-shift))
        else:
            result = result >> shift
        low, high = (cast(np.asarray(v, object), x.dtype) for v in (self.lo, self.hi))
        return np.minimum(np.maximum(result, low), high)

    def _bound(self, t: TensorType) -> int:
        product = top(magnitude(t).astype(object) * abs(self.mult))
        terms = (t.peak, top(self.mult), top(self.add), abs(self.lo), abs(self.hi))
        return max(product + top(self.add), *terms)

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the largest of product plus term, the constants and the saturation bounds."""
        return self._bound(types[0])

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build a constant multiplier and a rounder an element."""
        (x,) = ins
        mult, add = (np.broadcast_to(a, x.shape).ravel() for a in (self.mult, self.add))
        result = [
            self._lower_one(b, int(wire), int(m), int(a))
            for wire, m, a in zip(x.ravel(), mult, add, strict=True)
        ]
        return np.array(result, np.int64).reshape(x.shape)

    def _lower_one(self, b: Builder, wire: int, mult: int, add: int) -> int:
        (sum_,) = matvec(b, np.array([[mult]], object), [wire], [add])
        if not self.shift:
            return b.requant(sum_, 0, self.lo, self.hi)
        # The logic rounds to even. Of 2v + 1 with half a step among its terms nothing is a tie and
        # nothing is rounded up: round((2v + 1) - 2**s, s + 1 bits) is v >> s.
        return b.requant(b.add(sum_, b.const(1), 1), self.shift + 1, self.lo, self.hi, half=True)

    def parameters(self) -> int:
        """Return the number of factors and terms."""
        return int(self.mult.size) + int(self.add.size)

    def note(self) -> str:
        """Return the shift and the bounds."""
        return f">> {self.shift}, [{self.lo}, {self.hi}]"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Both signs, no shift, saturation, one factor for all and one an element, wide numbers."""
        s8 = Fixed(8, 4, True)
        flat, image = TensorType.of((3,), s8), TensorType.of((2, 3), s8)
        s30, s60 = (TensorType.of((2,), Fixed(w, 0, True)) for w in (30, 60))
        mult, add = np.array([5, -3, 0]), np.array([7, 100, -9])
        large, term = np.array([1 << 20, -(1 << 9)]), np.array([1 << 40, 3])
        return (
            Example(cls(mult, add, 3, -60, 80, 2), (flat,)),
            Example(cls(mult, add, 0, -999, 999, 2), (image,)),
            Example(cls(np.array(3), np.array([[1], [-20]]), 1, -128, 127, 2), (image,)),
            Example(cls(large, term, 9, -(1 << 30), 1 << 30, 2), (s30,)),
            Example(cls(large, term, 70, -5, 5, 2), (s30,)),
            Example(cls(large, term, 11, -(1 << 70), 1 << 70, 2), (s60,)),
        )
