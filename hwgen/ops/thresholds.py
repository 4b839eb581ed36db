# SPDX-License-Identifier: Apache-2.0
"""Step function: thresholds on the input, a value for each interval between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import INT64_SAFE, Codes, TensorType, int_array
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Activation, Example, frozen_ints, of_word, register
from hwgen.ops.checks import need, need_inputs, wide_enough
from hwgen.ops.exact_dtype import cast, top

# Step functions whose written-out tables are no longer than this are looked up, not searched.
_TABLE = 1 << 18


@register
class Thresholds(Activation):
    """Step function: ``values[n]`` with n the number of thresholds ``<= x``.

    Attributes:
        thresholds: (..., n), ascending along the last axis (equal ones skip a value).
        values: (..., n + 1), any integers; leading dimensions broadcast to the tensor's shape.
        frac: fraction bits of the values.
    """

    thresholds: Codes
    values: Codes
    frac: int

    kind = "thresholds"

    def __post_init__(self) -> None:
        frozen_ints(self, "thresholds", "values")
        low, out = self.thresholds.shape, self.values.shape
        need(
            bool(low and out)
            and out[-1] == low[-1] + 1
            and all(
                1 in pair or pair[0] == pair[1]
                for pair in zip(low[-2::-1], out[-2::-1], strict=False)
            ),
            self.kind,
            f"values of shape {out} do not fit thresholds of shape {low}",
            "n thresholds part the integers into n + 1 intervals, each with a value",
        )
        need(
            bool((self.thresholds[..., 1:] >= self.thresholds[..., :-1]).all()),
            self.kind,
            "thresholds do not ascend",
            "sort each row; give a falling function falling values",
        )

    @cached_property
    def _lead(self) -> tuple[int, ...]:
        return np.broadcast_shapes(self.thresholds.shape[:-1], self.values.shape[:-1])

    @cached_property
    def _rows(self) -> tuple[list[tuple[tuple[int, ...], tuple[int, ...]]], Codes]:
        """The distinct (thresholds, values) rows, and the row's number at each leading index."""
        low = np.broadcast_to(self.thresholds, (*self._lead, self.thresholds.shape[-1]))
        out = np.broadcast_to(self.values, (*self._lead, self.values.shape[-1]))
        known: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
        index = np.empty(self._lead, np.int64)
        for at in np.ndindex(*self._lead):
            row = (tuple(map(int, low[at])), tuple(map(int, out[at])))
            index[at] = known.setdefault(row, len(known))
        return list(known), index

    @cached_property
    def _table(self) -> tuple[int, int, Codes, Codes] | None:
        """Clip bounds of x, every row's outputs between them laid end to end, and rows' places."""
        rows, index = self._rows
        flat = [t for low, _ in rows for t in low]
        first, last = (min(flat) - 1, max(flat)) if flat else (0, 0)
        span = last - first + 1
        if span * len(rows) > _TABLE or max(-first, last) >= INT64_SAFE:
            return None
        codes = np.arange(first, last + 1)
        result = [
            np.array(out, object)[np.searchsorted(np.array(low, np.int64), codes, side="right")]
            for low, out in rows
        ]
        return first, last, int_array(np.concatenate(result)), index * span - first

    @cached_property
    def _outs(self) -> dict[np.dtype[Any], Codes]:
        """The table's outputs in each carrier that was asked for."""
        return {}

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: of each element, the least and largest value its interval reaches."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(
            wide_enough(self._lead, t.shape),
            self.kind,
            f"thresholds for {self._lead} do not fit an input of shape {t.shape}",
            "give one row for all, one a channel, or one an element",
        )
        rows, index = self._rows
        known: dict[tuple[int, int, int], tuple[int, int]] = {}
        ends = []
        where = np.broadcast_to(index, t.shape)
        for key in zip(*(a.ravel().tolist() for a in (where, t.lo, t.hi)), strict=True):
            if key not in known:
                low, out = rows[key[0]]
                known[key] = _reached(low, out, key[1], key[2])
            ends.append(known[key])
        least, most = (np.array(end, object).reshape(t.shape) for end in zip(*ends, strict=True))
        return TensorType.covering(t.shape, self.frac, least, most)

    def on_word(self, shape: tuple[int, ...], lanes: int) -> Thresholds | None:
        """Return it with the steps of a word."""
        low = of_word(self.thresholds, shape, lanes, inner=1)
        out = of_word(self.values, shape, lanes, inner=1)
        return None if low is None or out is None else self.changed(thresholds=low, values=out)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Look up short tables; search long ones, row by row."""
        (x,) = ins
        if self._table is not None:
            first, last, table, place = self._table
            low, high = (cast(np.asarray(v, object), x.dtype) for v in (first, last))
            at = np.minimum(np.maximum(x, low), high).astype(np.int64, copy=False)
            at += place
            if x.dtype not in self._outs:
                self._outs[x.dtype] = cast(table, x.dtype)
            return self._outs[x.dtype].take(at)
        rows, index = self._rows
        result = np.empty_like(x)
        where = np.broadcast_to(index, x.shape[1:])
        for number, (low_row, out_row) in enumerate(rows):
            mine = where == number
            low = cast(np.array(low_row, object), x.dtype)
            out = cast(np.array(out_row, object), x.dtype)
            result[:, mine] = out[np.searchsorted(low, x[:, mine], side="right")]
        return result

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the largest of the codes, the thresholds and the values."""
        return max(types[0].peak, top(self.thresholds) + 1, top(self.values))

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build one comparison ladder an element; the builder drops what cannot be reached."""
        (x,) = ins
        rows, index = self._rows
        where = np.broadcast_to(index, x.shape)
        pairs = zip(x.flat, where.flat, strict=True)
        result = [b.thresh(int(wire), *rows[number]) for wire, number in pairs]
        return np.array(result, np.int64).reshape(x.shape)

    def note(self) -> str:
        """Return the number of steps."""
        rows = len(self._rows[0])
        steps = self.thresholds.shape[-1]
        return f"{steps} steps" + (f", {rows} different rows" if rows > 1 else "")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """One row for all, one a channel, one an element; falling, skipping, none; far and wide."""
        s6 = Fixed(6, 3, True)
        flat, image = TensorType.of((4,), s6), TensorType.of((2, 2, 3), s6)
        rows = np.array([[-9, 0, 5], [-40, 20, 20], [2, 2, 31]])
        outs = np.array([[-2, -1, 0, 1], [3, 2, -9, 0], [5, -5, 5, -5]])
        narrow = TensorType.covering((3,), 0, [3, -2, 31], [4, 2, 31])
        far, huge = np.array([-(1 << 30), 7, 1 << 33]), np.array([0, 1 << 66])
        s40, s70 = (TensorType.of((2,), Fixed(w, 0, True)) for w in (40, 70))
        return (
            Example(cls(rows[0], outs[0], 2), (flat,)),
            Example(cls(np.array([1]), np.array([1, -1]), 0), (flat,)),
            Example(cls(np.zeros(0, int), np.array([6]), 0), (flat,)),
            Example(cls(rows, outs, 1), (image,)),
            Example(cls(rows, outs, 1), (narrow,)),
            Example(cls(far, np.array([-5, 0, 100, 1 << 20]), 4), (s40,)),
            Example(cls(np.array([far, far - 1]), outs[:2], 4), (s40,)),
            Example(cls(huge, np.array([-1, 1 << 65, 3]), 4), (s70,)),
        )


def _reached(low: tuple[int, ...], out: tuple[int, ...], first: int, last: int) -> tuple[int, int]:
    begin, end = bisect_right(low, first), bisect_right(low, last)
    # Between two equal thresholds lies no integer: that value is skipped.
    reached = [out[n] for n in range(begin, end + 1) if n in (begin, end) or low[n - 1] < low[n]]
    return min(reached), max(reached)
