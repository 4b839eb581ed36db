# SPDX-License-Identifier: Apache-2.0
"""Convolution over one or two spatial axes, channels last."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.matvec import matvec
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Matmul, Taps, Windowed, frozen_ints, register
from hwgen.ops.checks import need, need_inputs, need_size
from hwgen.ops.dense import Dense
from hwgen.ops.exact_dtype import affine_bound, affine_range, cast, percent_zero
from hwgen.ops.windows import Window, filled, filled_pairs


@register
class Conv(Matmul, Windowed):
    """Convolution: a kernel slides over a tensor that is zero outside.

    Padding is written out; there is no 'same'.

    Attributes:
        weight: (*kernel, channels in, channels out).
        bias: (channels out,).
        strides, dilation: one entry a spatial axis; all ones when empty.
        padding: (before, after) a spatial axis; none when empty.
        frac: fraction bits of the weights; the output has those of the input and these.
    """

    weight: Codes
    bias: Codes
    strides: tuple[int, ...] = ()
    padding: tuple[tuple[int, int], ...] = ()
    dilation: tuple[int, ...] = ()
    frac: int = 0

    kind = "conv"

    def __post_init__(self) -> None:
        frozen_ints(self, "weight", "bias")
        rank = self.weight.ndim - 2
        object.__setattr__(self, "strides", filled(self.strides, rank))
        object.__setattr__(self, "dilation", filled(self.dilation, rank))
        object.__setattr__(self, "padding", filled_pairs(self.padding, rank))
        need(
            rank in (1, 2) and self.weight.size > 0,
            self.kind,
            f"weights of shape {self.weight.shape} are no 1-D or 2-D kernel",
            "give weights as (*kernel, channels in, channels out)",
        )
        need(
            self.bias.shape == self.weight.shape[-1:],
            self.kind,
            f"bias of shape {self.bias.shape} does not fit {self.weight.shape[-1]} channels out",
            "give one bias a channel out (zeros when there is none)",
        )
        self.window.check(self.kind)

    @property
    def window(self) -> Window:
        """The geometry."""
        return Window(self.weight.shape[:-2], self.strides, self.padding, self.dilation)

    @property
    def matrix(self) -> Codes:
        """The weights as (taps * channels in, channels out)."""
        return self.weight.reshape(-1, self.weight.shape[-1])

    def on_window(self) -> Dense:
        """Return the matrix, for a window in one row."""
        return Dense(self.matrix, self.bias, self.frac)

    def window_shape(self, channels: int) -> tuple[int, ...]:
        """Return one axis: the taps one behind the other, the channels of each together."""
        return (math.prod(self.window.kernel) * channels,)

    def at_position(self, types: Sequence[TensorType]) -> Dense | None:
        """Return the matrix where each window is one element."""
        return self.on_window() if self.window.plain else None

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; windows that reach over the rim have their own, narrower intervals."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        rank, (c_in, c_out) = self.window.rank, self.weight.shape[-2:]
        need(
            len(t.shape) == rank + 1 and t.shape[-1] == c_in,
            self.kind,
            f"a {rank}-D kernel of {c_in} channels meets an input of shape {t.shape}",
            "the input must be (*space, channels) with as many channels as the kernel",
        )
        shape = (*self.window.out_shape(self.kind, t.shape[:-1]), c_out)
        need_size(self.kind, shape)
        lo, hi = affine_range(self._apply, self.weight, self.bias, t, len(self.matrix))
        return TensorType.covering(shape, t.frac + self.frac, lo, hi)

    def _apply(self, weight: Codes, bias: Codes, x: Codes) -> Codes:
        columns = self.window.columns(x)
        matrix = cast(weight, x.dtype).reshape(-1, weight.shape[-1])
        result: Codes = columns.reshape(-1, len(matrix)) @ matrix
        result += cast(bias, x.dtype)
        return result.reshape(*columns.shape[:-2], len(bias))

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Gather the windows and multiply; through BLAS on the float carriers."""
        return self._apply(self.weight, self.bias, ins[0])

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the sum of magnitudes, which no partial sum exceeds."""
        fan_in = len(self.matrix)
        return affine_bound(self._apply, self.weight, self.bias, types[0], fan_in)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build one shared adder graph a window, of the taps that meet the tensor."""
        columns = self.window.columns(ins[0][None], fill=-1)[0]
        matrix, bias = self.matrix, [int(v) for v in self.bias]
        result = np.empty((*columns.shape[:-2], len(bias)), np.int64)
        for at in np.ndindex(*result.shape[:-1]):
            wires = columns[at].reshape(-1)
            inside = wires >= 0
            if inside.any():
                result[at] = matvec(b, matrix[inside], wires[inside].tolist(), bias)
            else:
                result[at] = [b.const(v) for v in bias]
        return result

    def taps(self, source: TensorType) -> Taps:
        """Return the taps; in the padding a weight meets nothing."""
        weight = self.weight.reshape(-1, *self.weight.shape[-2:])
        uses = self.window.sums(np.ones(source.shape, np.int64))
        return Taps(weight, uses, self.window.sums(source.element_bits))

    def note(self) -> str:
        """Return the geometry, the channels and the share of zeros."""
        c_in, c_out = self.weight.shape[-2:]
        return f"{self.window.note()}, {c_in} -> {c_out}, {percent_zero(self.weight)}"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Both ranks; valid, same and far padding; strides and dilation; wide numbers."""
        line = np.array([[[2, -1]], [[0, 3]], [[-4, 0]]])  # 3 taps, 1 -> 2
        plane = (np.arange(36).reshape(3, 3, 2, 2) * 7) % 11 - 5
        s4, none = Fixed(4, 1, True), np.zeros(2, int)
        bias = np.array([6, -7])
        seven, image = TensorType.of((7, 1), s4), TensorType.of((5, 4, 2), s4)
        mixed = TensorType.covering((3, 1), 0, [[-5], [0], [3]], [[-1], [9], [3]])
        return (
            Example(cls(line, bias), (seven,)),
            Example(cls(line, bias, (2,), ((1, 1),), (2,)), (seven,)),
            Example(cls(line, bias, padding=((4, 3),)), (mixed,)),
            Example(cls(plane, none), (image,)),
            Example(cls(plane, bias, (2, 1), ((1, 1), (2, 0)), (1, 2)), (image,)),
            Example(cls(plane[:1, :1], bias), (image,)),
            Example(cls(plane[:1, :1] * 9999, bias, strides=(3, 2)), (image,)),
            Example(cls(line.astype(object) << 70, bias, strides=(4,)), (seven,)),
        )
