# SPDX-License-Identifier: Apache-2.0
"""Arg max: the index of the largest element along the last axis, the lowest of equal ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wire, Wires
from hwgen.ops.base import Example, Op, register
from hwgen.ops.checks import need, need_inputs
from hwgen.ops.exact_dtype import cast


@register
class ArgMax(Op):
    """Arg max along the last axis, as `numpy.argmax`: the first of equal elements wins.

    The last axis goes; where it is the only one, a single element is left.
    """

    kind = "argmax"

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: indices, those alone that can win."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(
            bool(t.shape) and t.shape[-1] > 1,
            self.kind,
            f"shape {t.shape} has nothing to choose from",
            "the last axis must have two elements at least",
        )
        shape = t.shape[:-1] or (1,)
        lo, hi = (end.reshape(-1, t.shape[-1]).astype(object) for end in (t.lo, t.hi))
        wins = np.array([_can_win(*ends) for ends in zip(lo, hi, strict=True)])
        first = wins.argmax(1)
        last = t.shape[-1] - 1 - wins[:, ::-1].argmax(1)
        return TensorType.covering(shape, 0, first.reshape(shape), last.reshape(shape))

    def at_position(self, types: Sequence[TensorType]) -> ArgMax:
        """Return the arg max itself: it acts on the last axis."""
        return self

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Take the index of the largest element."""
        (x,) = ins
        made = x.argmax(axis=-1)
        return cast(made.reshape(*x.shape[:-1]) if x.ndim > 2 else made[:, None], x.dtype)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build a tournament a position: a difference, a larger value and an index a match."""
        (x,) = ins
        rows = x.reshape(-1, x.shape[-1])
        made = [self._lower_one(b, [int(w) for w in row]) for row in rows]
        return np.array(made, np.int64).reshape(x.shape[:-1] or (1,))

    def _lower_one(self, b: Builder, wires: list[Wire]) -> Wire:
        entries = [(wire, b.const(i)) for i, wire in enumerate(wires)]
        while len(entries) > 1:
            pairs = zip(entries[::2], entries[1::2], strict=False)
            entries = [self._match(b, *pair) for pair in pairs] + (
                entries[-1:] if len(entries) % 2 else []
            )
        return entries[0][1]

    def _match(
        self, b: Builder, first: tuple[Wire, Wire], second: tuple[Wire, Wire]
    ) -> tuple[Wire, Wire]:
        """Return the winner of two, the first where they are equal."""
        ahead = b.add(first[0], second[0], sub=True)
        return b.max(first[0], second[0]), b.select(ahead, second[1], first[1])

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Two and five elements, several positions, one that cannot win, equal ones, wide ones."""
        s3 = Fixed(3, 1, True)
        uneven = TensorType.covering((3,), 0, [-4, 5, 0], [4, 9, 6])
        return (
            Example(cls(), (TensorType.of((2,), s3),)),
            Example(cls(), (TensorType.of((5,), s3),)),
            Example(cls(), (TensorType.of((2, 3), Fixed(2, 0)),)),
            Example(cls(), (uneven,)),
            Example(cls(), (TensorType.covering((3,), 0, [2, 2, 2], [2, 2, 2]),)),
            Example(cls(), (TensorType.of((4,), Fixed(70, 0, True)),)),
        )


def _can_win(lo: Codes, hi: Codes) -> list[bool]:
    """Tell of every element whether some values within the interval make it the winner."""
    return [
        all(hi[i] > lo[j] for j in range(i)) and all(hi[i] >= lo[j] for j in range(i + 1, len(hi)))
        for i in range(len(hi))
    ]
