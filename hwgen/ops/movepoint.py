# SPDX-License-Identifier: Apache-2.0
"""Move of the binary point: a multiplication by a power of two that keeps the codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes, TensorType
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import Wires
from hwgen.ops.base import Example, Movement, register
from hwgen.ops.checks import need_inputs


@register
class MovePoint(Movement):
    """Move of the binary point: ``value * 2**power`` with the same codes, no hardware.

    Attributes:
        power: exponent of the factor; the fraction bits shrink by it.
    """

    kind: ClassVar[str] = "move_point"
    power: int

    def infer(self, types: Sequence[TensorType]) -> TensorType:
        """Return the input type with *power* fewer fraction bits."""
        need_inputs(self.kind, types, 1)
        (kind,) = types
        return replace(kind, fixed=replace(kind.fixed, frac=kind.frac - self.power))

    def on_word(self, shape: tuple[int, ...], lanes: int) -> MovePoint:
        """Return the same: it acts on each element alone."""
        return self

    def run(self, ins: Sequence[Codes]) -> Codes:
        """Return the codes unchanged."""
        return ins[0]

    def lower(self, b: Builder, ins: Sequence[Wires]) -> Wires:
        """Return the wires unchanged."""
        return ins[0]

    def note(self) -> str:
        """Return the factor."""
        return f"x 2**{self.power}"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return one case each way."""
        kind = TensorType.of((3,), Fixed(4, 2, True))
        return (Example(cls(1), (kind,)), Example(cls(-3), (kind,)))
