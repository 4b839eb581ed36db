# SPDX-License-Identifier: Apache-2.0
"""Pooling over one or two spatial axes, channels last. Windows are clipped to the tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import ClassVar, Self

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wire, Wires
from hwgen.ops.base import Example, Shape, Sum, Windowed, frozen_ints, planned, register
from hwgen.ops.checks import need, need_inputs, need_size
from hwgen.ops.exact_dtype import cast, room, top
from hwgen.ops.windows import Window, filled, filled_pairs


class Pool(Windowed):
    """Base of both pools: geometry and its checks.

    Attributes:
        sums: whether the elements of a window are added up; else the largest is taken.
    """

    sums: ClassVar[bool] = False
    pool: tuple[int, ...]
    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        rank = len(self.pool)
        object.__setattr__(self, "pool", tuple(self.pool))
        object.__setattr__(self, "strides", tuple(self.strides) or self.pool)
        object.__setattr__(self, "padding", filled_pairs(self.padding, rank))
        self.window.check(self.kind)

    @property
    def window(self) -> Window:
        """The geometry."""
        return Window(self.pool, self.strides, self.padding, filled((), len(self.pool)))

    def in_blocks(self, made: Shape) -> bool:
        """Tell whether every element is in at most one window, and each window inside.

        Args:
            made: shape of the result; where it is one position, strides do not matter.
        """
        apart = self.strides == self.pool or math.prod(made[:-1]) == 1
        return apart and not any(sum(pair) for pair in self.padding)

    def on_window(self) -> Self:
        """Return the pool, for a tensor that is one window."""
        return self.changed(strides=(), padding=())

    def _shape(self, types: Sequence[TensorType]) -> tuple[int, ...]:
        need_inputs(self.kind, types, 1)
        shape, rank = types[0].shape, self.window.rank
        need(
            len(shape) == rank + 1,
            self.kind,
            f"a {rank}-D window meets an input of shape {shape}",
            "the input must be (*space, channels)",
        )
        result = (*self.window.out_shape(self.kind, shape[:-1]), shape[-1])
        need_size(self.kind, result)
        return result

    def _lower(self, ins: Sequence[Wires], join: Callable[[list[Wire]], Wire]) -> Wires:
        columns = self.window.columns(ins[0][None], fill=-1)[0].swapaxes(-1, -2)
        result = np.empty(columns.shape[:-1], np.int64)
        for at in np.ndindex(*result.shape):
            result[at] = join([int(w) for w in columns[at] if w >= 0])
        return result

    def note(self) -> str:
        """Return the geometry."""
        return self.window.note()


@register
class MaxPool(Pool):
    """Maximum pool: the largest element of each window.

    Attributes:
        pool: window size, one entry a spatial axis.
        strides: one entry a spatial axis; the window size when empty.
        padding: (before, after) a spatial axis, none when empty; what lies outside never wins.
    """

    pool: tuple[int, ...]
    strides: tuple[int, ...] = ()
    padding: tuple[tuple[int, int], ...] = ()

    kind = "max_pool"

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: the largest of the lows and the largest of the highs."""
        shape = self._shape(types)
        (t,) = types
        need(
            bool(self.window.covered(t.shape[:-1]).all()),
            self.kind,
            f"padding {self.padding} makes windows of {self.pool} that hold no element",
            "pad less than the window size",
        )
        lo, hi = self.run([t.lo[None]])[0], self.run([t.hi[None]])[0]
        return TensorType.covering(shape, t.frac, lo, hi)

    def outside(self, source: TensorType) -> int:
        """Return the least code, which never wins."""
        return int(source.lo.min())

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Take the maximum tap by tap."""
        (x,) = ins
        spatial = x.shape[1:-1]
        shape = (x.shape[0], *self.window.out_shape(self.kind, spatial), x.shape[-1])
        # No element is below the least one, so starting there changes no maximum.
        result = np.full(shape, x.min() if x.size else 0, x.dtype)
        for _, outs, elements in self.window.taps(spatial):
            part = result[(slice(None), *outs)]
            np.maximum(part, x[(slice(None), *elements)], out=part)
        return result

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build a tree of maxima a window."""
        return self._lower(ins, lambda wires: balanced(b.max, wires))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Both ranks; apart, overlapping, clipped; one element each."""
        s5 = Fixed(5, 2, True)
        low, high = [[-5], [-9], [3], [0], [1]], [[-1], [9], [4], [7], [1]]
        row = TensorType.covering((5, 1), 0, low, high)
        image = TensorType.of((5, 4, 2), s5)
        return (
            Example(cls((2,)), (row,)),
            Example(cls((3,), (1,), ((1, 2),)), (row,)),
            Example(cls((2, 2)), (image,)),
            Example(cls((3, 2), (2, 1), ((1, 1), (0, 1))), (image,)),
            Example(cls((1, 1)), (image,)),
            Example(cls((2,)), (TensorType.of((4, 1), Fixed(80, 0, True)),)),
        )


@register
class SumPool(Pool, Sum):
    """Sum pool: the sum of each window.

    An average is a sum whose codes have *gain* more fraction bits.

    Attributes:
        pool: window size, one entry a spatial axis.
        strides: one entry a spatial axis; the window size when empty.
        padding: (before, after) a spatial axis, none when empty; what lies outside adds nothing.
        gain: fraction bits that the output has more than the input.
        extra: added to every sum; broadcasts to the output.
    """

    pool: tuple[int, ...]
    strides: tuple[int, ...] = ()
    padding: tuple[tuple[int, int], ...] = ()
    gain: int = 0
    extra: Codes = planned(default=0)

    kind = "sum_pool"
    sums = True

    def __post_init__(self) -> None:
        super().__post_init__()
        frozen_ints(self, "extra")

    def in_blocks(self, made: Shape) -> bool:
        """Tell it of a pool that adds nothing else."""
        return super().in_blocks(made) and not self.extra.any()

    def plus(self, constant: Codes) -> Self:
        """Add to what is added anyway."""
        return self.changed(extra=self.extra + constant)

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: lows and highs add up."""
        shape = self._shape(types)
        (t,) = types
        peak = self._bound(t)
        lo, hi = (self.run([room(end, peak)[None]])[0] for end in (t.lo, t.hi))
        return TensorType.covering(shape, t.frac + self.gain, lo, hi)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Add up tap by tap."""
        (x,) = ins
        spatial = x.shape[1:-1]
        shape = (x.shape[0], *self.window.out_shape(self.kind, spatial), x.shape[-1])
        result = np.zeros(shape, x.dtype)
        for _, outs, elements in self.window.taps(spatial):
            result[(slice(None), *outs)] += x[(slice(None), *elements)]
        return result + cast(self.extra, x.dtype) if self.extra.any() else result

    def _bound(self, t: TensorType) -> int:
        return t.peak * int(np.prod(self.pool)) + top(self.extra)

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return a full window of the largest element, and what is added."""
        return self._bound(types[0])

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build an adder tree a window."""
        sums = self._lower(ins, lambda wires: balanced(b.add, wires) if wires else b.const(0))
        return plus_each(b, sums, self.extra)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Both ranks; apart, overlapping, clipped, wholly outside; wide numbers."""
        s5 = Fixed(5, 2, True)
        low, high = [[-5], [-9], [3], [0], [1]], [[-1], [9], [4], [7], [1]]
        row = TensorType.covering((5, 1), 0, low, high)
        image = TensorType.of((5, 4, 2), s5)
        return (
            Example(cls((2,), gain=1), (row,)),
            Example(cls((3,), (1,), ((4, 2),)), (row,)),
            Example(cls((2, 2), gain=2), (image,)),
            Example(cls((3, 2), (2, 1), ((1, 1), (0, 1))), (image,)),
            Example(cls((1, 1)), (image,)),
            Example(cls((2,)), (TensorType.of((4, 1), Fixed(62, 0, True)),)),
        )


def plus_each(b: Builder, sums: Wires, extra: Codes) -> Wires:
    """Return the wires with *extra*, which broadcasts to them, added."""
    if not extra.any():
        return sums
    pairs = zip(sums.reshape(-1).tolist(), np.broadcast_to(extra, sums.shape).flat, strict=True)
    return np.array([b.plus(wire, int(v)) for wire, v in pairs], np.int64).reshape(sums.shape)


def balanced(join: Callable[[Wire, Wire], Wire], wires: Sequence[Wire]) -> Wire:
    """Join wires pairwise in a tree of least depth."""
    level = list(wires)
    while len(level) > 1:
        pairs = [join(a, c) for a, c in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[2 * len(pairs) :]
    return level[0]
