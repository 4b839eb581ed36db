# SPDX-License-Identifier: Apache-2.0
"""Network input."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType, int_array
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Op, frozen_ints, register
from hwgen.ops.checks import need, need_inputs, need_size, wide_enough


@register
class Input(Op):
    """Network input: no operands; `run` and `lower` hand on what the caller brings.

    Attributes:
        shape: of one sample.
        fixed: number format of every element.
        lo, hi: interval of the codes, one pair an element or one for all.
    """

    shape: tuple[int, ...]
    fixed: Fixed
    lo: Codes
    hi: Codes

    kind = "input"

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        frozen_ints(self, "lo", "hi")
        need_size(self.kind, self.shape)
        for name in ("lo", "hi"):
            dims = getattr(self, name).shape
            need(
                wide_enough(dims, self.shape),
                self.kind,
                f"{name} of shape {dims} does not fit the input's {self.shape}",
                "give one bound for all, or one an element",
            )
        need(
            bool((self.lo <= self.hi).all())
            and int(self.lo.min()) >= self.fixed.lo
            and int(self.hi.max()) <= self.fixed.hi,
            self.kind,
            f"the interval is empty or leaves the format {self.fixed}",
            f"bounds must ascend and stay within [{self.fixed.lo}, {self.fixed.hi}]",
        )

    @classmethod
    def of(cls, shape: tuple[int, ...], fixed: Fixed) -> Input:
        """Return an input that may bring any code of its format."""
        return cls(shape, fixed, int_array(fixed.lo), int_array(fixed.hi))

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the declared type."""
        need_inputs(self.kind, types, 0)
        return TensorType(self.shape, self.fixed, self.lo, self.hi)

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Return the codes that were brought."""
        return ins[0]

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Return the wires that were brought."""
        return ins[0]

    def note(self) -> str:
        """Return the format."""
        return str(self.fixed)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """One format for all, and a narrowed interval on one element."""
        return (
            Example(cls.of((3,), Fixed(4, 2, True)), ()),
            Example(cls((2, 2), Fixed(5, 0), int_array([0, 1]), int_array([[31, 7], [5, 1]])), ()),
        )
