# SPDX-License-Identifier: Apache-2.0
"""Convolution of edge tables: a window whose taps are functions of one number each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.edges import EdgeSum, edge_sum
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Op, frozen_ints, register
from hwgen.ops.checks import need, need_inputs, need_size
from hwgen.ops.edge_tables import EdgeTables
from hwgen.ops.exact_dtype import cast
from hwgen.ops.windows import Window, filled, filled_pairs


@register
class EdgeConv(Op):
    """Convolution of tables: ``y[p, j] = clip(sum_t values[t, j, x[p + t] - first] + bias[j])``.

    A tap is a place of the window and a channel. One outside the tensor adds nothing.

    Attributes:
        values: (*kernel, channels in, channels out, entries), the table of every tap.
        first: code of the input whose value is entry 0.
        bias: (channels out,), on the grid of the output.
        lo, hi: saturation bounds.
        strides, dilation: one entry a spatial axis; all ones when empty.
        padding: (before, after) a spatial axis; none when empty.
        frac: fraction bits of the output.
    """

    values: Codes
    first: int
    bias: Codes
    lo: int
    hi: int
    strides: tuple[int, ...] = ()
    padding: tuple[tuple[int, int], ...] = ()
    dilation: tuple[int, ...] = ()
    frac: int = 0

    kind = "edge_conv"

    def __post_init__(self) -> None:
        frozen_ints(self, "values", "bias")
        rank = self.values.ndim - 3
        object.__setattr__(self, "strides", filled(self.strides, rank))
        object.__setattr__(self, "dilation", filled(self.dilation, rank))
        object.__setattr__(self, "padding", filled_pairs(self.padding, rank))
        need(
            rank in (1, 2) and self.values.size > 0,
            self.kind,
            f"values of shape {self.values.shape} are no tables of a 1-D or 2-D kernel",
            "give values as (*kernel, channels in, channels out, entries)",
        )
        self.window.check(self.kind)
        _ = self.dense  # whose checks are this operation's as well

    @property
    def window(self) -> Window:
        """The geometry."""
        return Window(self.values.shape[:-3], self.strides, self.padding, self.dilation)

    @property
    def dense(self) -> EdgeTables:
        """The tables of one window, as a layer of its taps."""
        flat = self.values.reshape(-1, *self.values.shape[-2:])
        return EdgeTables(flat, self.first, self.bias, self.lo, self.hi, self.frac)

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type; windows that reach over the rim have their own, narrower intervals."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        rank, (c_in, c_out, _) = self.window.rank, self.values.shape[-3:]
        need(
            len(t.shape) == rank + 1 and t.shape[-1] == c_in,
            self.kind,
            f"a {rank}-D kernel of {c_in} channels meets an input of shape {t.shape}",
            "the input must be (*space, channels) with as many channels as the kernel",
        )
        shape = (*self.window.out_shape(self.kind, t.shape[:-1]), c_out)
        need_size(self.kind, shape)
        lows, highs, inside = (
            self.window.columns(x[None])[0].reshape(*shape[:-1], -1)
            for x in (t.lo, t.hi, np.ones(t.shape, np.int64))
        )
        ends = np.empty((2, *shape), object)
        for at in np.ndindex(*shape[:-1]):
            kept = inside[at] > 0
            ends[(slice(None), *at)] = self._ends(kept, lows[at][kept], highs[at][kept])
        lo, hi = (np.clip(end, self.lo, self.hi) for end in ends)
        return TensorType.covering(shape, self.frac, lo, hi)

    def _ends(self, inside: Codes, lows: Codes, highs: Codes) -> Codes:
        """Return the least and the greatest sum of one window, not clipped: (2, channels out)."""
        if not inside.any():
            return np.stack([self.bias, self.bias]).astype(object)
        least, most = int(lows.min()), int(highs.max())
        last = self.dense.last
        need(
            self.first <= least and most <= last,
            self.kind,
            f"tables of the codes {self.first} to {last} meet codes from {least} to {most}",
            "give an entry for every code that the input can have",
        )
        ends = np.stack([self.bias, self.bias]).astype(object)
        for tables, low, high in zip(self.dense.values[inside], lows, highs, strict=True):
            met = tables[:, int(low) - self.first : int(high) - self.first + 1].astype(object)
            ends[0] += met.min(axis=1)
            ends[1] += met.max(axis=1)
        return ends

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Gather the windows, look up, add, saturate."""
        (x,) = ins
        values, c_out = self.dense.values, self.values.shape[-2]
        ones = np.ones(x.shape[1:], np.int64)
        inside = self.window.columns(ones[None])[0]
        space = inside.shape[:-2]
        inside = inside.reshape(*space, -1)
        wide = object if x.dtype == object else np.int64
        columns = self.window.columns(x).reshape(len(x), *space, len(values)).astype(wide)
        entry = np.where(inside > 0, columns - self.first, 0).astype(np.int64)
        held = cast(values, x.dtype)
        total = np.broadcast_to(cast(self.bias, x.dtype), (len(x), *space, c_out)).copy()
        for i in range(len(values)):
            met = held[i].T[entry[..., i]]
            total += np.where(inside[..., i, None] > 0, met, cast(np.zeros(1, int), x.dtype))
        low, high = (cast(np.asarray(v, object), x.dtype) for v in (self.lo, self.hi))
        result: Codes = np.minimum(np.maximum(total, low), high)
        return result

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the largest of the codes, the bounds, and the sums of magnitudes."""
        return self.dense.bound(types, out)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build, for every output, the tables of its taps, their sum, and the saturation."""
        columns = self.window.columns(ins[0][None], fill=-1)[0]
        result = np.empty((*columns.shape[:-2], self.values.shape[-2]), np.int64)
        values = self.dense.values
        for at in np.ndindex(*columns.shape[:-2]):
            wires = columns[at].reshape(-1)
            inside = wires >= 0
            for j, bias in enumerate(self.bias.tolist()):
                tables = values[inside, j]
                one = EdgeSum(tables, self.first, bias, self.lo, self.hi, f"channel {j}")
                result[(*at, j)] = edge_sum(b, wires[inside].tolist(), one)
        return result

    def note(self) -> str:
        """Return the geometry, the channels, the edges that are there and the bounds."""
        c_in, c_out, entries = self.values.shape[-3:]
        tables = f"{self.dense.edges} tables of {entries}, [{self.lo}, {self.hi}]"
        return f"{self.window.note()}, {c_in} -> {c_out}, {tables}"

    def parameters(self) -> int:
        """Return the entries of all tables that are not zero everywhere, and the biases."""
        return self.dense.parameters()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Both ranks; padding, strides and dilation; dead taps; clips of every kind."""
        rng = np.random.default_rng(6)
        line = rng.integers(-20, 30, (3, 2, 2, 8))
        line[1, 0] = 0
        plane = rng.integers(-9, 9, (2, 2, 1, 2, 4))
        bias = np.array([5, -7])
        u3, s3 = TensorType.of((5, 2), Fixed(3)), TensorType.of((5, 2), Fixed(3, 1, True))
        mixed = TensorType.covering((3, 2), 0, [[-3, 0], [2, 1], [-4, 3]], [[3, 0], [3, 1], [0, 3]])
        image = TensorType.of((3, 3, 1), Fixed(2))
        return (
            Example(cls(line, 0, bias, -32, 31), (u3,)),
            Example(cls(line, -4, bias, -200, 200, (2,), ((1, 1),), (2,), 3), (s3,)),
            Example(cls(line, -4, bias, -20, 11, padding=((4, 2),)), (mixed,)),
            Example(cls(plane, 0, bias, -8, 7, (1, 2), ((1, 0), (0, 1))), (image,)),
            Example(cls(plane[:1, :1], 0, bias, 0, 1), (image,)),
        )
