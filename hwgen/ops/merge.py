# SPDX-License-Identifier: Apache-2.0
"""Merging operations, several tensors into one: sum, product, extremum, concatenation.

Shapes are equal or broadcast over dimensions of size 1, aligned at the last axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from hwgen.errors import count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wire, Wires
from hwgen.ops.base import (
    Example,
    Movement,
    Op,
    Shape,
    Sum,
    frozen_ints,
    of_word,
    planned,
    register,
)
from hwgen.ops.checks import need, need_size
from hwgen.ops.exact_dtype import cast, room, top
from hwgen.ops.pool import balanced, plus_each
from hwgen.ops.shape import Reshape, Upsample
from hwgen.ops.walks import Runs, Walk


@register
class Add(Sum):
    """Sum of the inputs, each plus or minus.

    Attributes:
        signs: 1 or -1, one an input.
        extra: added to the sum; broadcasts to the output.
    """

    signs: tuple[int, ...]
    extra: Codes = planned(default=0)

    kind = "add"

    def __post_init__(self) -> None:
        frozen_ints(self, "extra")
        object.__setattr__(self, "signs", tuple(self.signs))
        fits = bool(self.signs) and all(s in (1, -1) for s in self.signs)
        need(fits, self.kind, f"signs {self.signs}", "give 1 or -1 for each input")

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: intervals add up, turned round where subtracted."""
        _need_count(self.kind, types, len(self.signs), len(self.signs))
        _need_equal_frac(self.kind, types)
        shape = _joined(self.kind, types)
        peak = self._bound(types)
        lo, hi = room(self.extra, peak), room(self.extra, peak)
        for t, sign in zip(types, self.signs, strict=True):
            low, high = room(t.lo, peak), room(t.hi, peak)
            lo, hi = (lo + low, hi + high) if sign > 0 else (lo - high, hi - low)
        return TensorType.covering(shape, types[0].frac, lo, hi)

    def at_position(self, types: Sequence[TensorType]) -> Add | None:
        """Return the sum of channels, where inputs have the same positions."""
        shape = _joined(self.kind, types)
        extra = of_word(self.extra, shape, shape[-1]) if shape else None
        return self.changed(extra=extra) if _alike(types) and extra is not None else None

    def ahead(self, shapes: Sequence[Shape]) -> tuple[tuple[Movement, ...], ...]:
        """Return what repeats the positions that are broadcast."""
        return _repeated(shapes)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Add and subtract, in order."""
        first, *rest = _aligned(ins)
        result = first if self.signs[0] > 0 else -first
        for x, sign in zip(rest, self.signs[1:], strict=True):
            result = result + x if sign > 0 else result - x
        return result + cast(self.extra, result.dtype) if self.extra.any() else result

    def _bound(self, types: Sequence[TensorType]) -> int:
        return sum(t.peak for t in types) + top(self.extra)

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the sum of magnitudes."""
        return self._bound(types)

    def plus(self, constant: Codes) -> Self:
        """Add to what is added anyway."""
        return self.changed(extra=self.extra + constant)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build two adder trees and one subtraction an element."""
        wires = np.broadcast_arrays(*ins)
        result = np.empty(wires[0].shape, np.int64)
        for at in np.ndindex(*result.shape):
            plus = [int(w[at]) for w, sign in zip(wires, self.signs, strict=True) if sign > 0]
            minus = [int(w[at]) for w, sign in zip(wires, self.signs, strict=True) if sign < 0]
            whole = balanced(b.add, plus) if plus else b.const(0)
            result[at] = b.add(whole, balanced(b.add, minus), sub=True) if minus else whole
        return plus_each(b, result, self.extra)

    def note(self) -> str:
        """Return the signs, where one is minus."""
        return " ".join("+-"[s < 0] for s in self.signs) if min(self.signs) < 0 else ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """All signs, three inputs, broadcasting, one input, wide numbers."""
        s4, u3 = TensorType.of((2, 3), Fixed(4, 1, True)), TensorType.of((2, 3), Fixed(3, 1))
        line = TensorType.covering((3,), 1, [-3, 0, 2], [4, 0, 7])
        column = TensorType.of((2, 1), Fixed(5, 1, True))
        s62 = TensorType.of((2,), Fixed(62, 0, True))
        return (
            Example(cls((1, 1)), (s4, u3)),
            Example(cls((-1, 1)), (s4, line)),
            Example(cls((1, -1, -1)), (line, column, s4)),
            Example(cls((-1, -1)), (s4, u3)),
            Example(cls((-1,)), (s4,)),
            Example(cls((1, -1)), (s62, s62)),
        )


@register
class Multiply(Op):
    """Product of the inputs; fraction bits add up."""

    kind = "multiply"

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: the extreme products of interval ends."""
        _need_count(self.kind, types, 1)
        shape, peak = _joined(self.kind, types), self._bound(types)
        lo, hi = room(types[0].lo, peak), room(types[0].hi, peak)
        for t in types[1:]:
            low, high = room(t.lo, peak), room(t.hi, peak)
            corners = (lo * low, lo * high, hi * low, hi * high)
            lo = np.minimum(np.minimum(*corners[:2]), np.minimum(*corners[2:]))
            hi = np.maximum(np.maximum(*corners[:2]), np.maximum(*corners[2:]))
        return TensorType.covering(shape, sum(t.frac for t in types), lo, hi)

    def at_position(self, types: Sequence[TensorType]) -> Multiply | None:
        """Return the product itself, where inputs have the same positions."""
        return self if _alike(types) else None

    def ahead(self, shapes: Sequence[Shape]) -> tuple[tuple[Movement, ...], ...]:
        """Return what repeats the positions that are broadcast."""
        return _repeated(shapes)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Multiply, in order."""
        result, *rest = _aligned(ins)
        for x in rest:
            result = result * x
        return result

    def _bound(self, types: Sequence[TensorType]) -> int:
        peak = 1
        for t in types:  # a factor that is always zero must not hide the others
            peak *= max(t.peak, 1)
        return peak

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the product of magnitudes."""
        return self._bound(types)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build a tree of multipliers an element."""
        return _lower_each(ins, lambda wires: balanced(b.mul, wires))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Mixed signs and formats, broadcasting, three factors, a zero, wide numbers."""
        s4, u3 = TensorType.of((2, 3), Fixed(4, 1, True)), TensorType.of((2, 3), Fixed(3, 2))
        line = TensorType.covering((3,), 1, [-3, 0, 2], [4, 0, 7])
        s40 = TensorType.of((2,), Fixed(40, 0, True))
        return (
            Example(cls(), (s4, u3)),
            Example(cls(), (s4, line, line)),
            Example(cls(), (s4,)),
            Example(cls(), (s40, s40)),
        )


@register
class Maximum(Op):
    """Maximum of the inputs, element by element, or the minimum.

    Attributes:
        least: smallest instead.
    """

    least: bool = False

    kind = "maximum"

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: the extremum of the lows and of the highs."""
        _need_count(self.kind, types, 1)
        _need_equal_frac(self.kind, types)
        shape = _joined(self.kind, types)
        lo, hi = (self.run([b[None] for b in bounds])[0] for bounds in _bounds(types))
        return TensorType.covering(shape, types[0].frac, lo, hi)

    def at_position(self, types: Sequence[TensorType]) -> Maximum | None:
        """Return the extremum itself, where inputs have the same positions."""
        return self if _alike(types) else None

    def ahead(self, shapes: Sequence[Shape]) -> tuple[tuple[Movement, ...], ...]:
        """Return what repeats the positions that are broadcast."""
        return _repeated(shapes)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Take the extremum, in order."""
        result, *rest = _aligned(ins)
        for x in rest:
            result = np.minimum(result, x) if self.least else np.maximum(result, x)
        return result

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build a tree of extrema an element."""
        return _lower_each(
            ins, lambda wires: balanced(lambda x, y: b.max(x, y, least=self.least), wires)
        )

    def note(self) -> str:
        """Tell when it is the minimum."""
        return "minimum" if self.least else ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Both kinds, three inputs, broadcasting, wide numbers."""
        s4, u3 = TensorType.of((2, 3), Fixed(4, 1, True)), TensorType.of((2, 3), Fixed(3, 1))
        line = TensorType.covering((3,), 1, [-3, 0, 2], [4, 0, 7])
        s80 = TensorType.of((3,), Fixed(80, 1, True))
        return (
            Example(cls(), (s4, u3)),
            Example(cls(True), (s4, u3, line)),
            Example(cls(), (s80, line)),
        )


@register
class Concat(Movement):
    """Concatenation: the inputs one behind the other.

    Attributes:
        axis: of a sample, from 0; or from the end, negative.
    """

    axis: int = -1

    kind = "concat"

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; every element keeps its interval."""
        _need_count(self.kind, types, 1)
        _need_equal_frac(self.kind, types)
        shapes = [t.shape for t in types]
        rank = len(shapes[0])
        axis = self.axis + rank if self.axis < 0 else self.axis
        need(
            all(len(s) == rank for s in shapes)
            and 0 <= axis < rank
            and len({(*s[:axis], *s[axis + 1 :]) for s in shapes}) == 1,
            self.kind,
            f"shapes {', '.join(map(str, shapes))} do not line up along axis {self.axis}",
            "all other dimensions must be equal",
        )
        lo, hi = (np.concatenate(bounds, axis) for bounds in _bounds(types))
        need_size(self.kind, lo.shape)
        return TensorType.covering(lo.shape, types[0].frac, lo, hi)

    def at_position(self, types: Sequence[TensorType]) -> Concat | None:
        """Return the concatenation of channels, where it is along the last axis."""
        return Concat(-1) if self.axis in (-1, len(types[0].shape) - 1) else None

    def walk(self, shapes: Sequence[Shape]) -> Walk | None:
        """Return the runs: what lies along the axis and those behind it."""
        if len(shapes) == 1:
            return None
        rank = len(shapes[0])
        axis = self.axis % rank
        return Runs(math.prod(shapes[0][:axis]), tuple(math.prod(s[axis:]) for s in shapes))

    def steps(self, shapes: Sequence[Shape]) -> tuple[Movement, ...]:
        """Return nothing where there is one input."""
        return () if len(shapes) == 1 else (self,)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Concatenate."""
        return np.concatenate(ins, self.axis if self.axis < 0 else self.axis + 1)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Rearrange wires."""
        return np.concatenate(ins, self.axis)

    def note(self) -> str:
        """Return the axis."""
        return f"axis {self.axis}"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Each axis, from either end; formats that differ in width and sign."""
        s4, u3 = TensorType.of((2, 3), Fixed(4, 1, True)), TensorType.of((2, 1), Fixed(3, 1))
        return (
            Example(cls(), (s4, u3)),
            Example(cls(1), (u3, s4, u3)),
            Example(cls(0), (s4, s4)),
        )


def _need_count(
    kind: str, types: Sequence[TensorType], least: int, most: int | None = None
) -> None:
    fits = len(types) >= least and (most is None or len(types) <= most)
    need(
        fits,
        kind,
        f"does not take {count_of(len(types), 'input')}",
        "check the connections of this layer",
    )


def _need_equal_frac(kind: str, types: Sequence[TensorType]) -> None:
    fracs = [t.frac for t in types]
    need(
        len(set(fracs)) == 1,
        kind,
        f"inputs have different fraction bits: {', '.join(map(str, fracs))}",
        "put a ShiftLeft before the inputs that have fewer",
    )


def _joined(kind: str, types: Sequence[TensorType]) -> tuple[int, ...]:
    shapes = [t.shape for t in types]
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    result = tuple(max(dims) for dims in zip(*padded, strict=True))
    need(
        all(n in (1, m) for s in padded for n, m in zip(s, result, strict=True)),
        kind,
        f"shapes {', '.join(map(str, shapes))} do not fit each other",
        "dimensions must be equal, or 1",
    )
    need_size(kind, result)
    return result


def _alike(types: Sequence[TensorType]) -> bool:
    """Tell whether all inputs have the same positions: an index of all axes but the last."""
    return all(t.shape for t in types) and len({t.shape[:-1] for t in types}) == 1


def _repeated(shapes: Sequence[Shape]) -> tuple[tuple[Movement, ...], ...]:
    """Return for each input what gives it the positions of all together."""
    rank = max(map(len, shapes))
    whole = tuple(max(s[-n] for s in shapes if len(s) >= n) for n in range(rank, 0, -1))
    return tuple(_spread(shape, whole) for shape in shapes)


def _spread(shape: Shape, whole: Shape) -> tuple[Movement, ...]:
    """Return what repeats a tensor along all axes of a larger one but the last."""
    full = (1,) * (len(whole) - len(shape)) + shape
    factors = tuple(large // small for large, small in zip(whole[:-1], full[:-1], strict=True))
    seen = () if full == shape else (Reshape(full),)
    return (*seen, *Upsample(factors).steps([full]))


def _bounds(types: Sequence[TensorType]) -> tuple[list[Codes], list[Codes]]:
    kind = object if any(object in (t.lo.dtype, t.hi.dtype) for t in types) else np.int64
    return [t.lo.astype(kind) for t in types], [t.hi.astype(kind) for t in types]


def _aligned(ins: Sequence[Codes]) -> list[Codes]:
    """Put missing leading dimensions behind the batch axis."""
    rank = max(x.ndim for x in ins)
    return [x.reshape(x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:]) for x in ins]


def _lower_each(ins: Sequence[Wires], join: Callable[[list[Wire]], Wire]) -> Wires:
    wires = np.broadcast_arrays(*ins)
    result = np.empty(wires[0].shape, np.int64)
    for at in np.ndindex(*result.shape):
        result[at] = join([int(w[at]) for w in wires])
    return result
