# SPDX-License-Identifier: Apache-2.0
"""Nodes of the dataflow IR: integer operations on wires."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Wire: TypeAlias = int
Wires: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class In:
    """Element *index* (row-major) of network input *port*."""

    port: str
    index: int


@dataclass(frozen=True, slots=True)
class Const:
    """A fixed integer."""

    value: int


@dataclass(frozen=True, slots=True)
class Shl:
    """``a << shift``: wiring only."""

    a: Wire
    shift: int


@dataclass(frozen=True, slots=True)
class Add:
    """``(a << shift_a) + (b << shift_b)``, or minus the second term when *sub*."""

    a: Wire
    b: Wire
    shift_a: int = 0
    shift_b: int = 0
    sub: bool = False


@dataclass(frozen=True, slots=True)
class Add3:
    """``(a << shift_a) +- (b << shift_b) +- (c << shift_c)``: one LUT6_2 and carry a bit on AMD."""

    a: Wire
    b: Wire
    c: Wire
    shift_a: int = 0
    shift_b: int = 0
    shift_c: int = 0
    sub_b: bool = False
    sub_c: bool = False


@dataclass(frozen=True, slots=True)
class Mul:
    """``a * b`` of two variables."""

    a: Wire
    b: Wire


@dataclass(frozen=True, slots=True)
class Max:
    """The larger of two, or the smaller when *least*."""

    a: Wire
    b: Wire
    least: bool = False


@dataclass(frozen=True, slots=True)
class Requant:
    """``clip(round_half_even(a / 2**shift), lo, hi)``; ``shift >= 0``.

    With *half*, ``a`` is half a step, ``2**(shift - 1)``, above the number that is meant: a sum
    that has it among its terms leaves next to nothing to do.
    """

    a: Wire
    shift: int
    lo: int
    hi: int
    half: bool = False

    def rounded(self, value: int) -> int:
        """Return the quotient of one value of the operand, not yet clipped."""
        meant = value - (1 << self.shift >> 1) * self.half
        return round_half_even(meant, self.shift)

    def apply(self, value: int) -> int:
        """Return the result for one value of the operand."""
        return min(max(self.rounded(value), self.lo), self.hi)


@dataclass(frozen=True, slots=True)
class Select:
    """``on_neg`` where ``a < 0``, else ``on_pos``."""

    a: Wire
    on_neg: Wire
    on_pos: Wire


@dataclass(frozen=True, slots=True)
class Thresh:
    """``values[n]`` with n the number of *thresholds* (ascending) that are ``<= a``."""

    a: Wire
    thresholds: tuple[int, ...]
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``values[address]``; an address bit, lowest first, is a pick: (place in *ins*, bit of it)."""

    ins: tuple[Wire, ...]
    picks: tuple[tuple[int, int], ...]
    values: tuple[int, ...]
    note: str = field(default="", compare=False)  # what is computed, for a reader


Node: TypeAlias = In | Const | Shl | Add | Add3 | Mul | Max | Requant | Select | Thresh | Table


def operands(node: Node) -> tuple[Wire, ...]:
    """Return the wires a node reads, in field order."""
    match node:
        case In() | Const():
            return ()
        case Add(a, b) | Mul(a, b) | Max(a, b):
            return (a, b)
        case Add3(a, b, c) | Select(a, b, c):
            return (a, b, c)
        case Table(ins):
            return ins
        case _:
            return (node.a,)


def round_half_even(x: int, shift: int) -> int:
    """Return ``x / 2**shift`` rounded half to even."""
    if shift <= 0:
        return x << -shift
    return (x + (1 << (shift - 1)) - 1 + ((x >> shift) & 1)) >> shift
