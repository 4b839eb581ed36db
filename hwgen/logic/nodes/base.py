# SPDX-License-Identifier: Apache-2.0
"""Base class of all nodes, and the nodes that take no logic: inputs, constants, shifts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.ir.tensor import Codes
from hwgen.logic.timing import Timing

Wire: TypeAlias = int  # number of the node that drives it
Wires: TypeAlias = npt.NDArray[np.int64]
Interval: TypeAlias = tuple[int, int]  # least and greatest value


class Wired(Protocol):
    """Nodes with their intervals: a `Builder` or a `Logic`."""

    @property
    def nodes(self) -> Sequence[Node]:
        """The node that drives each wire."""

    @property
    def lo(self) -> Sequence[int]:
        """Least value of every wire."""

    @property
    def hi(self) -> Sequence[int]:
        """Greatest value of every wire."""

    def width(self, wire: Wire) -> int:
        """Return the bits of a wire."""


# No ABC: its slow isinstance would be paid in every match on nodes.
class Node:
    """Integer operation on wires: a frozen dataclass whose fields are wires, integers and flags.

    What a class does not override is right for a node without operands that takes no time.
    """

    __slots__ = ()

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The wires that are read, in field order."""
        return ()

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the node with its operands renumbered."""
        return self

    @abstractmethod
    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the exact interval, given those of the operands."""

    def reach(self, peaks: Sequence[int]) -> int:
        """Return a magnitude that no intermediate value of `run` exceeds.

        Args:
            peaks: largest magnitude of each operand. The node's own is accounted for elsewhere.
        """
        return max(peaks, default=0)

    @abstractmethod
    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Compute the values of a batch.

        Args:
            ins: values of the operands, each of shape (batch,) and of *dtype*.
            dtype: int64, or object (Python integers) where int64 could overflow.
        """

    def delay(self, logic: Wired, wire: Wire, timing: Timing) -> float:
        """Return the nanoseconds that the node adds to a path.

        Args:
            logic: with this node and its operands.
            wire: that the node drives.
            timing: of the device family.
        """
        return 0.0


@dataclass(frozen=True, slots=True)
class In(Node):
    """Element *index* (row-major) of network input *port*.

    It has no operands: its interval is declared, its values are a column of the port's codes. Both
    are given in the place of an operand's.
    """

    port: str
    index: int

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the declared interval."""
        return operands[0]

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Take the element from the codes of the port, of shape (batch, elements)."""
        codes: Codes = ins[0][:, self.index]
        return codes


@dataclass(frozen=True, slots=True)
class Const(Node):
    """A fixed integer."""

    value: int

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the value twice."""
        return self.value, self.value

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Return the value once, for any batch."""
        return np.array(self.value, dtype)


@dataclass(frozen=True, slots=True)
class Shl(Node):
    """``a << shift``: wiring only."""

    a: Wire
    shift: int

    @property
    def operands(self) -> tuple[Wire, ...]:
        """The shifted wire."""
        return (self.a,)

    def moved(self, new: Mapping[Wire, Wire]) -> Self:
        """Return the shift of another wire."""
        return type(self)(new[self.a], self.shift)

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """Return the shifted interval."""
        ((lo, hi),) = operands
        return lo << self.shift, hi << self.shift

    def run(self, ins: Sequence[Codes], dtype: np.dtype[Any]) -> Codes:
        """Shift."""
        return ins[0] << self.shift


def round_half_even(x: int, shift: int) -> int:
    """Return ``x / 2**shift`` rounded half to even."""
    if shift <= 0:
        return x << -shift
    return (x + (1 << (shift - 1)) - 1 + ((x >> shift) & 1)) >> shift
