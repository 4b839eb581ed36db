# SPDX-License-Identifier: Apache-2.0
"""Edge tables: a layer whose edges are functions of one number each, added up and clipped."""

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
from hwgen.ops.exact_dtype import cast, to_ints, top

MAX_BITS = 12  # address bits of a table
_LARGEST = 1 << 40  # numbers beyond this are a mistake in a file, not a network


@register
class EdgeTables(Op):
    """Layer of tables: ``y[..., j] = clip(sum_i values[i, j, x[..., i] - first] + bias[j])``.

    It is a layer of a Kolmogorov-Arnold network after quantization: each edge from an input to an
    output has a function of its own.

    Attributes:
        values: (n_in, n_out, entries), the table of every edge; an edge of zeros is none.
        first: code of the input whose value is entry 0.
        bias: (n_out,), on the grid of the output.
        lo, hi: saturation bounds.
        frac: fraction bits of the output.
    """

    values: Codes
    first: int
    bias: Codes
    lo: int
    hi: int
    frac: int = 0

    kind = "edge_tables"

    def __post_init__(self) -> None:
        frozen_ints(self, "values", "bias")
        need(
            self.values.ndim == 3 and self.values.size > 0,
            self.kind,
            f"values of shape {self.values.shape} are no tables",
            "give values as (inputs, outputs, entries)",
        )
        need(
            self.values.shape[2] <= 1 << MAX_BITS,
            self.kind,
            f"tables of {self.values.shape[2]} entries are too long",
            f"an input may have {MAX_BITS} bits at most",
        )
        need(
            self.bias.shape == self.values.shape[1:2],
            self.kind,
            f"bias of shape {self.bias.shape} does not fit {self.values.shape[1]} outputs",
            "give one bias an output (zeros when there is none)",
        )
        need(
            max(top(self.values), top(self.bias), abs(self.first)) <= _LARGEST,
            self.kind,
            f"values of up to {top(self.values)} are out of range",
            f"values, biases and codes have {_LARGEST.bit_length() - 1} bits at most",
        )
        need(
            self.lo <= self.hi,
            self.kind,
            f"lo {self.lo} is above hi {self.hi}",
            "saturation bounds must ascend",
        )

    @property
    def last(self) -> int:
        """Code of the input whose value is the last entry."""
        return self.first + int(self.values.shape[2]) - 1

    @property
    def edges(self) -> int:
        """Edges that are not zero everywhere."""
        return int(np.any(self.values != 0, axis=2).sum())

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type: the ends of a sum are the sums of its tables' ends."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        n_in, n_out, _ = self.values.shape
        need(
            bool(t.shape) and t.shape[-1] == n_in,
            self.kind,
            f"tables of {n_in} inputs meet an input of shape {t.shape}",
            "the last axis of the input must be as long as there are rows of tables",
        )
        least, most = int(t.lo.min()), int(t.hi.max())
        need(
            self.first <= least and most <= self.last,
            self.kind,
            f"tables of the codes {self.first} to {self.last} meet codes from {least} to {most}",
            "give an entry for every code that the input can have",
        )
        need_size(self.kind, (*t.shape[:-1], n_out))
        ends = [np.empty((t.size // n_in, n_out), object) for _ in range(2)]
        known: dict[tuple[int, int, int], tuple[Codes, Codes]] = {}
        rows = zip(*(end.reshape(-1, n_in).tolist() for end in (t.lo, t.hi)), strict=True)
        for row, (lows, highs) in enumerate(rows):
            for end in ends:
                end[row] = self.bias
            for i, (low, high) in enumerate(zip(lows, highs, strict=True)):
                key = (i, low, high)
                if key not in known:
                    met = self.values[i, :, low - self.first : high - self.first + 1].astype(object)
                    known[key] = (met.min(axis=1), met.max(axis=1))
                for end, edge in zip(ends, known[key], strict=True):
                    end[row] += edge
        shape = (*t.shape[:-1], n_out)
        lo, hi = (np.clip(end, self.lo, self.hi).reshape(shape) for end in ends)
        return TensorType.covering(shape, self.frac, lo, hi)

    def at_position(self, types: Sequence[TensorType]) -> EdgeTables:
        """Return the layer itself: it acts on the last axis."""
        return self

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Look up, add, saturate."""
        (x,) = ins
        n_in, n_out, _ = self.values.shape
        wide = object if x.dtype == object else np.int64
        entry = (x.reshape(-1, n_in).astype(wide) - self.first).astype(np.int64)
        held = cast(self.values, x.dtype)
        total = np.repeat(cast(self.bias, x.dtype)[None], len(entry), axis=0)
        for i in range(n_in):
            total += held[i].T[entry[:, i]]
        low, high = (cast(np.asarray(v, object), x.dtype) for v in (self.lo, self.hi))
        result: Codes = np.minimum(np.maximum(total, low), high)
        return result.reshape(*x.shape[:-1], n_out)

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the largest of the codes, the bounds, and the sums of magnitudes."""
        sums = abs(self.values.astype(object)).max(axis=2).sum(axis=0) + abs(self.bias)
        return max(types[0].peak, abs(self.lo), abs(self.hi), top(to_ints(sums)))

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build, for every output, its tables, their sum, and the saturation."""
        (x,) = ins
        sums = [
            EdgeSum(
                self.values[:, j], self.first, int(self.bias[j]), self.lo, self.hi, f"output {j}"
            )
            for j in range(self.values.shape[1])
        ]
        rows = x.reshape(-1, x.shape[-1]).tolist()
        made = [[edge_sum(b, row, one) for one in sums] for row in rows]
        return np.array(made, np.int64).reshape(*x.shape[:-1], -1)

    def note(self) -> str:
        """Return the size, the edges that are there and the bounds."""
        n_in, n_out, entries = self.values.shape
        return f"{n_in} -> {n_out}, {self.edges} tables of {entries}, [{self.lo}, {self.hi}]"

    def parameters(self) -> int:
        """Return the entries of all tables that are not zero everywhere, and the biases."""
        return self.edges * int(self.values.shape[2]) + int(self.bias.size)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Signs, dead edges, narrow inputs, leading axes, a bit and twelve, clips of every kind."""
        rng = np.random.default_rng(5)
        s4 = TensorType.of((3,), Fixed(4, 2, True))
        u3, u12 = TensorType.of((2,), Fixed(3)), TensorType.of((2,), Fixed(12))
        values = rng.integers(-20, 30, (3, 4, 16))
        values[1, :2] = values[:, 3] = 0
        bias = np.array([5, -40, 0, 7])
        mixed = TensorType.covering((2, 3), 2, [[-3, 0, 2], [1, -8, 5]], [[4, 7, 2], [1, 7, 6]])
        steps = np.arange(4096) // 3 - 700
        slow = np.stack([[steps, -steps // 2], [abs(steps), steps % 5]])
        wide = rng.integers(-(1 << 40), 1 << 40, (2, 1, 8))
        return (
            Example(cls(values, -8, bias, -32, 31), (s4,)),
            Example(cls(values, -8, bias, -500, 500, 3), (mixed,)),
            Example(cls(values, -8, bias, -20, 11), (s4,)),
            Example(cls(values, -8, bias, -20, 9), (s4,)),
            Example(cls(values[:2, :, :9], 0, bias, 0, 1), (u3,)),
            Example(cls(slow, 0, bias[:2], -512, 511), (u12,)),
            Example(cls(wide, 0, bias[:1], -(1 << 60), 1 << 60), (u3,)),
            Example(cls(wide[..., :2], 0, bias[:1], 0, 1 << 39), (TensorType.of((2,), Fixed(1)),)),
        )
