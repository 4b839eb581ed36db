# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolution: each channel has kernels of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.matvec import matvec
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Matmul, Taps, Windowed, frozen_ints, register
from hwgen.ops.checks import need, need_inputs, need_size
from hwgen.ops.exact_dtype import affine_bound, affine_range, cast, percent_zero
from hwgen.ops.windows import Window, filled, filled_pairs


@register
class DepthwiseConv(Matmul, Windowed):
    """Depthwise convolution: ``mult`` kernels slide over each channel alone.

    Kernel m of channel c gives output channel ``c * mult + m``.

    Attributes:
        weight: (*kernel, channels in, mult).
        bias: (channels in * mult,).
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

    kind = "depthwise_conv"

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
            "give weights as (*kernel, channels in, multiplier)",
        )
        c_out = self.weight.shape[-2] * self.weight.shape[-1]
        need(
            self.bias.shape == (c_out,),
            self.kind,
            f"bias of shape {self.bias.shape} does not fit {c_out} channels out",
            "give one bias a channel out (zeros when there is none)",
        )
        self.window.check(self.kind)

    @property
    def window(self) -> Window:
        """The geometry."""
        return Window(self.weight.shape[:-2], self.strides, self.padding, self.dilation)

    @property
    def by_channel(self) -> Codes | None:
        """The kernels, tap by tap; None where a channel has several."""
        channels, mult = self.weight.shape[-2:]
        return self.weight.reshape(-1, channels) if mult == 1 else None

    def on_window(self) -> DepthwiseConv:
        """Return the kernels, for a tensor that is one window."""
        return self.changed(strides=(), padding=(), dilation=())

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; windows that reach over the rim have their own, narrower intervals."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        rank, c_in = self.window.rank, self.weight.shape[-2]
        need(
            len(t.shape) == rank + 1 and t.shape[-1] == c_in,
            self.kind,
            f"a {rank}-D kernel of {c_in} channels meets an input of shape {t.shape}",
            "the input must be (*space, channels) with as many channels as the kernel",
        )
        shape = (*self.window.out_shape(self.kind, t.shape[:-1]), len(self.bias))
        need_size(self.kind, shape)
        lo, hi = affine_range(self._apply, self.weight, self.bias, t, self._fan_in)
        return TensorType.covering(shape, t.frac + self.frac, lo, hi)

    @property
    def _fan_in(self) -> int:
        return int(np.prod(self.weight.shape[:-2]))

    def _apply(self, weight: Codes, bias: Codes, x: Codes) -> Codes:
        kernel, spatial = cast(weight, x.dtype), x.shape[1:-1]
        c_in, mult = weight.shape[-2:]
        windows = self.window.out_shape(self.kind, spatial)
        result = np.empty((x.shape[0], *windows, c_in, mult), x.dtype)
        result[...] = cast(bias, x.dtype).reshape(c_in, mult)
        for tap, outs, elements in self.window.taps(spatial):
            result[(slice(None), *outs)] += x[(slice(None), *elements)][..., None] * kernel[tap]
        return result.reshape(*result.shape[:-2], c_in * mult)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Add up tap by tap."""
        return self._apply(self.weight, self.bias, ins[0])

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the sum of magnitudes, which no partial sum exceeds."""
        return affine_bound(self._apply, self.weight, self.bias, types[0], self._fan_in)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build one shared adder graph a window and channel."""
        columns = self.window.columns(ins[0][None], fill=-1)[0]
        c_in, mult = self.weight.shape[-2:]
        kernel = self.weight.reshape(-1, c_in, mult)
        result = np.empty((*columns.shape[:-2], c_in, mult), np.int64)
        for at in np.ndindex(*result.shape[:-1]):
            wires = columns[(*at[:-1], slice(None), at[-1])]
            bias = [int(v) for v in self.bias[at[-1] * mult : (at[-1] + 1) * mult]]
            inside = wires >= 0
            if inside.any():
                result[at] = matvec(b, kernel[inside, at[-1]], wires[inside].tolist(), bias)
            else:
                result[at] = [b.const(v) for v in bias]
        return result.reshape(*result.shape[:-2], c_in * mult)

    def taps(self, source: TensorType) -> Taps:
        """Return the taps; an output sums over those of one channel."""
        weight = self.weight.reshape(-1, *self.weight.shape[-2:])
        uses = self.window.sums(np.ones(source.shape, np.int64))
        return Taps(weight, uses, self.window.sums(source.element_bits), summed=(0,))

    def note(self) -> str:
        """Return the geometry, the channels and the share of zeros."""
        c_in = self.weight.shape[-2]
        return f"{self.window.note()}, {c_in} -> {len(self.bias)}, {percent_zero(self.weight)}"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Both ranks, multipliers, padding, strides, dilation, wide numbers."""
        line = np.array([[[2, -1], [0, 5]], [[0, 3], [-2, -2]]])  # 2 taps, 2 channels x 2
        plane = (np.arange(18).reshape(3, 3, 2, 1) * 5) % 9 - 4
        s4, none = Fixed(4, 1, True), np.zeros(2, int)
        bias = np.array([1, 0, -1, 4])
        row, image = TensorType.of((5, 2), s4), TensorType.of((4, 5, 2), s4)
        return (
            Example(cls(line, bias), (row,)),
            Example(cls(line, bias, (2,), ((3, 2),), (2,)), (row,)),
            Example(cls(plane, none), (image,)),
            Example(cls(plane, bias[:2], (2, 1), ((1, 1), (0, 2)), (1, 2)), (image,)),
            Example(cls(line.astype(object) << 66, bias), (row,)),
        )
