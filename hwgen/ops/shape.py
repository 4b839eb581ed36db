# SPDX-License-Identifier: Apache-2.0
"""Movements of elements: reshape, permute, pad, upsample, shift left."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hwgen.errors import count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Movement, Shape, register, round_shift
from hwgen.ops.checks import need, need_inputs, need_shift, need_size
from hwgen.ops.exact_dtype import room
from hwgen.ops.walks import (
    Repeat,
    Walk,
    axes_apart,
    order_of,
    plane_of,
    rim_of,
    rims_apart,
    turns_of,
)


@register
class Reshape(Movement):
    """Reshape: the same elements, row-major, in another shape.

    Attributes:
        shape: of a sample.
    """

    shape: tuple[int, ...]

    kind = "reshape"
    in_order = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        need_size(self.kind, self.shape)

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; every element keeps its interval."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(
            t.size == math.prod(self.shape),
            self.kind,
            f"{t.shape} and {self.shape} differ in size",
            "the number of elements must stay",
        )
        lo, hi = t.lo.reshape(self.shape), t.hi.reshape(self.shape)
        return TensorType(self.shape, t.fixed, lo, hi)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Reshape all but the batch axis."""
        return ins[0].reshape(ins[0].shape[0], *self.shape)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Rearrange wires."""
        return ins[0].reshape(self.shape)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Flatten, and fold."""
        image = TensorType.covering((2, 3), 1, [[-3, 0, 2]], [[4, 0, 7]])
        return (Example(cls((6,)), (image,)), Example(cls((3, 1, 2)), (image,)))


def one_walk_each(op: Movement, shapes: Sequence[Shape], shape: Shape) -> list[Movement]:
    """Return the steps of a movement, and behind them its shape where it is not one step alone.

    Args:
        op: the movement.
        shapes: of what it reads.
        shape: of what leaves it.
    """
    if op.walk(shapes) is not None:
        return [op]
    steps = [*op.steps(shapes)]
    return steps if steps == [op] else [*steps, Reshape(shape)]


@register
class Permute(Movement):
    """Permutation of the axes.

    Attributes:
        perm: for each new axis the old one; axes of a sample, from 0.
    """

    perm: tuple[int, ...]

    kind = "permute"

    def __post_init__(self) -> None:
        object.__setattr__(self, "perm", tuple(self.perm))
        fits = sorted(self.perm) == list(range(len(self.perm)))
        need(fits, self.kind, f"{self.perm} is no permutation", "name each axis once, from 0")

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; every element keeps its interval."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(
            len(t.shape) == len(self.perm),
            self.kind,
            f"{self.perm} does not permute the axes of {t.shape}",
            "name each axis of a sample once, from 0",
        )
        lo, hi = t.lo.transpose(self.perm), t.hi.transpose(self.perm)
        return TensorType(lo.shape, t.fixed, lo, hi)

    def walk(self, shapes: Sequence[Shape]) -> Walk | None:
        """Return the order of the elements."""
        return order_of(shapes[0], self.perm)

    def steps(self, shapes: Sequence[Shape]) -> tuple[Movement, ...]:
        """Return permutations of few axes, with the shapes between them."""
        turns = turns_of(shapes[0], self.perm)
        return tuple(op for turn in turns for op in (Reshape(turn.shape), Permute(turn.perm)))

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Transpose all but the batch axis."""
        return ins[0].transpose(0, *(axis + 1 for axis in self.perm))

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Rearrange wires."""
        return ins[0].transpose(self.perm)

    def note(self) -> str:
        """Return the order."""
        return " ".join(map(str, self.perm))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Two and three axes."""
        plane = TensorType.covering((2, 3), 1, [[-3, 0, 2]], [[4, 0, 7]])
        return (
            Example(cls((1, 0)), (plane,)),
            Example(cls((2, 0, 1)), (TensorType.of((2, 3, 4), Fixed(3)),)),
        )


@register
class Pad(Movement):
    """Padding: zeros around the tensor.

    Attributes:
        padding: (before, after) for each axis of a sample from the first; axes not named stay.
    """

    padding: tuple[tuple[int, int], ...]

    kind = "pad"

    def __post_init__(self) -> None:
        pairs = tuple(tuple(p) for p in self.padding)
        object.__setattr__(self, "padding", pairs)
        fits = all(len(p) == 2 and min(p) >= 0 for p in pairs)
        need(fits, self.kind, f"padding {pairs}", "give (before, after), not negative, an axis")

    def _place(self, shape: Sequence[int]) -> tuple[tuple[int, ...], tuple[slice, ...]]:
        pairs = [*self.padding, *[(0, 0)] * (len(shape) - len(self.padding))]
        whole = tuple(n + a + b for n, (a, b) in zip(shape, pairs, strict=True))
        return whole, tuple(slice(a, a + n) for n, (a, _) in zip(shape, pairs, strict=True))

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; the rim is exactly zero."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(
            len(self.padding) <= len(t.shape),
            self.kind,
            f"padding of {count_of(len(self.padding), 'axis', 'axes')} meets an input of shape "
            f"{t.shape}",
            "give one pair an axis at most",
        )
        need_size(self.kind, self._place(t.shape)[0])
        lo, hi = self.run([t.lo[None]])[0], self.run([t.hi[None]])[0]
        return TensorType.covering(lo.shape, t.frac, lo, hi)

    def walk(self, shapes: Sequence[Shape]) -> Walk | None:
        """Return the rim of zeros."""
        return rim_of(shapes[0], self.padding, out=False)

    def steps(self, shapes: Sequence[Shape]) -> tuple[Movement, ...]:
        """Return a padding of two axes or one, and one of each other axis."""
        return tuple(Pad(pairs) for pairs in rims_apart(shapes[0], self.padding))

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Put the tensor into zeros."""
        (x,) = ins
        whole, place = self._place(x.shape[1:])
        result = np.zeros((x.shape[0], *whole), x.dtype)
        result[(slice(None), *place)] = x
        return result

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Rearrange wires among constants."""
        whole, place = self._place(ins[0].shape)
        result = np.full(whole, b.const(0), np.int64)
        result[place] = ins[0]
        return result

    def note(self) -> str:
        """Return the padding."""
        return " ".join(f"{before}+{after}" for before, after in self.padding)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """An interval without zero; fewer pairs than axes."""
        line = TensorType.covering((3,), 1, [2, 1, 5], [4, 3, 7])
        plane = TensorType.covering((2, 3), 1, [[-3, 0, 2]], [[4, 0, 7]])
        return (
            Example(cls(((1, 2),)), (line,)),
            Example(cls(((0, 1),)), (plane,)),
            Example(cls(((1, 0), (0, 2))), (plane,)),
        )


@register
class Upsample(Movement):
    """Upsampling: each element repeated.

    Attributes:
        factors: for each axis of a sample from the first; axes not named stay.
    """

    factors: tuple[int, ...]

    kind = "upsample"

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", tuple(self.factors))
        fits = all(n >= 1 for n in self.factors)
        need(fits, self.kind, f"factors {self.factors}", "give one factor of at least 1 an axis")

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; every copy has its element's interval."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        need(
            len(self.factors) <= len(t.shape),
            self.kind,
            f"factors {self.factors} meet an input of shape {t.shape}",
            "give one factor an axis at most",
        )
        need_size(self.kind, (t.size, *self.factors))
        lo, hi = self._repeat(t.lo, 0), self._repeat(t.hi, 0)
        return TensorType(lo.shape, t.fixed, lo, hi)

    def walk(self, shapes: Sequence[Shape]) -> Walk | None:
        """Return the blocks."""
        (shape,), every = shapes, self._every(shapes[0])
        plane = plane_of(shape, [factor > 1 for factor in every])
        found = [factor for factor in every if factor > 1]
        return None if plane is None else Repeat(plane, ([1, *found][-2], found[-1]))

    def steps(self, shapes: Sequence[Shape]) -> tuple[Movement, ...]:
        """Return an upsampling of two axes or one, and one of each other axis."""
        every = self._every(shapes[0])
        groups = axes_apart(shapes[0], [factor > 1 for factor in every])
        return tuple(
            Upsample(tuple(n if axis in group else 1 for axis, n in enumerate(every)))
            for group in groups
        )

    def _every(self, shape: Shape) -> Shape:
        """Return the factors of all axes."""
        return (*self.factors, *(1,) * (len(shape) - len(self.factors)))

    def _repeat(self, x: Codes, first: int) -> Codes:
        for axis, factor in enumerate(self.factors):
            x = np.repeat(x, factor, axis + first) if factor > 1 else x
        return x

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Repeat along each axis but the batch axis."""
        return self._repeat(ins[0], 1)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Rearrange wires."""
        return self._repeat(ins[0], 0)

    def note(self) -> str:
        """Return the factors."""
        return "x".join(map(str, self.factors))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """One and two axes."""
        plane = TensorType.covering((2, 3, 1), 1, [[[-3], [0], [2]]], [[[4], [0], [7]]])
        return (Example(cls((2,)), (plane,)), Example(cls((1, 3)), (plane,)))


@register
class ShiftLeft(Movement):
    """Shift to the left: the same values with more fraction bits, the new ones zero.

    Attributes:
        bits: how many, not negative.
    """

    bits: int

    kind = "shift_left"

    def __post_init__(self) -> None:
        need_shift(self.kind, self.bits)
        hint = "use Requantize to drop bits"
        need(self.bits >= 0, self.kind, f"a shift by {self.bits} drops bits", hint)

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; codes grow, values stay."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        lo, hi = (self.run([room(end, self._bound(t))]) for end in (t.lo, t.hi))
        return TensorType.covering(t.shape, t.frac + self.bits, lo, hi)

    def on_word(self, shape: tuple[int, ...], lanes: int) -> ShiftLeft:
        """Return the same: it acts on each element alone."""
        return self

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Multiply by a power of two."""
        return round_shift(ins[0], -self.bits)

    def _bound(self, t: TensorType) -> int:
        return max(t.peak, 1) << self.bits

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the shifted magnitude, and the factor itself."""
        return self._bound(types[0])

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Shift wires."""
        (x,) = ins
        result = [b.shl(int(wire), self.bits) for wire in x.ravel()]
        return np.array(result, np.int64).reshape(x.shape)

    def note(self) -> str:
        """Return the shift."""
        return f"<< {self.bits}"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """None, some, and beyond every machine word."""
        plane = TensorType.covering((2, 3), 1, [[-3, 0, 2]], [[4, 0, 7]])
        zero = TensorType.covering((2,), 1, 0, 0)
        return (
            Example(cls(0), (plane,)),
            Example(cls(5), (plane,)),
            Example(cls(40), (plane,)),
            Example(cls(200), (plane,)),
            Example(cls(200), (zero,)),
        )
