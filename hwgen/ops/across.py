# SPDX-License-Identifier: Apache-2.0
"""Sum or maximum over the channels of a position, at each of its channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Op, register
from hwgen.ops.checks import need, need_inputs
from hwgen.ops.exact_dtype import room
from hwgen.ops.pool import balanced


@register
class Across(Op):
    """Largest element, or the sum, along the last axis, repeated along it.

    The output has the shape of the input, so that what is made of it and of the input, such as a
    distance from the maximum, stays within a position.

    Attributes:
        sums: add up; else take the largest.
    """

    sums: bool = False

    kind = "across"

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: lows and highs add up, or the largest of each counts."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(bool(t.shape), self.kind, "a single number has no channels", "it must have an axis")
        peak = self._bound(t)
        lo, hi = (self.run([room(end, peak)[None]])[0] for end in (t.lo, t.hi))
        return TensorType.covering(t.shape, t.frac, lo, hi)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Reduce the last axis and repeat."""
        (x,) = ins
        made = x.sum(-1, keepdims=True) if self.sums else x.max(-1, keepdims=True)
        return np.repeat(made, x.shape[-1], axis=-1).astype(x.dtype, copy=False)

    def _bound(self, t: TensorType) -> int:
        return t.peak * t.shape[-1] if self.sums else t.peak

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return a whole row of the largest element, where it is added up."""
        return self._bound(types[0])

    def at_position(self, types: Sequence[TensorType]) -> Self:
        """Return the operation itself."""
        return self

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build a tree a position."""
        (x,) = ins
        rows = x.reshape(-1, x.shape[-1])
        made = [balanced(b.add if self.sums else b.max, [int(w) for w in row]) for row in rows]
        return np.repeat(np.array(made, np.int64), x.shape[-1]).reshape(x.shape)

    def note(self) -> str:
        """Tell which of both."""
        return "sum" if self.sums else "maximum"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Both kinds; one position and several; one channel; wide numbers."""
        uneven = TensorType.covering((3,), 1, [-3, 0, 2], [4, 0, 7])
        return (
            Example(cls(), (uneven,)),
            Example(cls(True), (uneven,)),
            Example(cls(), (TensorType.of((2, 2), Fixed(3, 1, True)),)),
            Example(cls(True), (TensorType.of((2, 3), Fixed(2, 0)),)),
            Example(cls(True), (TensorType.of((2, 1), Fixed(3, 0, True)),)),
            Example(cls(), (TensorType.of((3,), Fixed(70, 0, True)),)),
            Example(cls(True), (TensorType.of((3,), Fixed(64, 0, True)),)),
        )
