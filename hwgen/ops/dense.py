# SPDX-License-Identifier: Apache-2.0
"""Dense layer: a matrix times the last axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.matvec import matvec
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Matmul, Taps, frozen_ints, register
from hwgen.ops.checks import need, need_inputs, need_size
from hwgen.ops.exact_dtype import affine_bound, affine_range, cast, percent_zero


@register
class Dense(Matmul):
    """Dense layer: ``y[..., j] = sum_i x[..., i] * weight[i, j] + bias[j]``, in integers.

    Attributes:
        weight: (n_in, n_out).
        bias: (n_out,), on the grid of the products.
        frac: fraction bits of the weights; the output has those of the input and these.
    """

    weight: Codes
    bias: Codes
    frac: int = 0

    kind = "dense"

    def __post_init__(self) -> None:
        frozen_ints(self, "weight", "bias")
        need(
            self.weight.ndim == 2 and self.weight.size > 0,
            self.kind,
            f"weights of shape {self.weight.shape} are no matrix",
            "give weights as (inputs, outputs)",
        )
        need(
            self.bias.shape == self.weight.shape[1:],
            self.kind,
            f"bias of shape {self.bias.shape} does not fit {self.weight.shape[1]} outputs",
            "give one bias an output (zeros when there is none)",
        )

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the type with the exact interval of every output."""
        need_inputs(self.kind, types, 1)
        (t,) = types
        n_in, n_out = self.weight.shape
        need(
            bool(t.shape) and t.shape[-1] == n_in,
            self.kind,
            f"{n_in} rows of weights meet an input of shape {t.shape}",
            "the last axis of the input must be as long as the weights have rows",
        )
        need_size(self.kind, (*t.shape[:-1], n_out))
        lo, hi = affine_range(_apply, self.weight, self.bias, t, n_in)
        return TensorType.covering((*t.shape[:-1], n_out), t.frac + self.frac, lo, hi)

    @property
    def matrix(self) -> Codes:
        """The weights."""
        return self.weight

    def at_position(self, types: Sequence[TensorType]) -> Dense:
        """Return the layer itself: it acts on the last axis."""
        return self

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Multiply; through BLAS on the float carriers."""
        return _apply(self.weight, self.bias, ins[0])

    def bound(self, types: Sequence[TensorType], out: TensorType) -> int:
        """Return the sum of magnitudes, which no partial sum exceeds."""
        n_in = self.weight.shape[0]
        return affine_bound(_apply, self.weight, self.bias, types[0], n_in)

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Build one shared adder graph a row of the leading axes."""
        (x,) = ins
        bias = [int(v) for v in self.bias]
        rows = [matvec(b, self.weight, row.tolist(), bias) for row in x.reshape(-1, x.shape[-1])]
        return np.array(rows, np.int64).reshape(*x.shape[:-1], -1)

    def taps(self, source: TensorType) -> Taps:
        """Return one tap: every weight is used once a row of the leading axes."""
        bits = source.element_bits.reshape(-1, 1, source.shape[-1])
        return Taps(self.weight[None], np.full(bits.shape[1:], len(bits)), bits.sum(axis=0))

    def note(self) -> str:
        """Return the size and the share of zeros."""
        return f"{self.weight.shape[0]} -> {self.weight.shape[1]}, {percent_zero(self.weight)}"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Signs, zeros, a dead column, leading axes, constants, and numbers beyond 64 bits."""
        small = np.array([[3, 0, -1, 0], [-4, 0, 1, 7], [0, 0, -8, 2]])
        bias = np.array([5, -2, 0, 1])
        mixed = TensorType.covering((2, 3), 3, [[-3, 0, 2], [1, 1, -9]], [[4, 0, 7], [9, 1, -9]])
        huge = np.array([[1 << 40, -3], [-(1 << 41) + 1, 1 << 70]], dtype=object)
        return (
            Example(cls(small, bias), (TensorType.of((3,), Fixed(4, 2, True)),)),
            Example(cls(small, bias), (mixed,)),
            Example(cls(np.zeros((2, 2), int), bias[:2]), (TensorType.of((2,), Fixed(3)),)),
            Example(cls(small * 1000, bias), (TensorType.of((3,), Fixed(20, 0, True)),)),
            Example(cls(huge, np.array([1 << 80, -1])), (TensorType.of((2,), Fixed(30, 0, True)),)),
        )


def _apply(weight: Codes, bias: Codes, x: Codes) -> Codes:
    flat = x.reshape(-1, x.shape[-1])
    result: Codes = flat @ cast(weight, x.dtype)
    result += cast(bias, x.dtype)
    return result.reshape(*x.shape[:-1], len(bias))
