# SPDX-License-Identifier: Apache-2.0
"""Lanes: the C types that hold values, and what a body of generated code is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwgen.errors import ConfigError
from hwgen.ir.tensor import TensorType

BLOCK = 256  # samples that the layers of a graph take side by side: their rows stay in the cache


@dataclass(frozen=True)
class Side:
    """An input or output of the network as the C interface has it.

    Attributes:
        name: legal in C.
        type: of one sample.
        lane: bits of a code's C type.
        scale, offset: of an output: value = code * scale + offset, one each or one an element.
    """

    name: str
    type: TensorType
    lane: int
    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.type.size

    @property
    def ctype(self) -> str:
        """The C type of a code."""
        return f"int{self.lane}_t"

    @property
    def dtype(self) -> np.dtype[np.int64]:
        """The numpy type of a code."""
        return np.dtype(f"int{self.lane}")


@dataclass(frozen=True)
class Body:
    """Code of a network: everything but its interface.

    Attributes:
        block: samples that one call takes at most.
        scratch: members of the struct that holds values between layers.
        constants: arrays, in front of all functions.
        functions: of the layers, a list of lines each.
        calls: lines of ``block(scratch, samples, inputs, outputs)``.
        headers: of hls_templates that it includes.
    """

    block: int
    scratch: Sequence[str]
    constants: Sequence[str]
    functions: Sequence[Sequence[str]]
    calls: Sequence[str]
    headers: Sequence[str] = ()


def lane_of(lo: int, hi: int, least: int = 16) -> int:
    """Return the bits of the shortest lane that holds an interval; 128 where none does."""
    for bits in (8, 16, 32, 64):
        if bits >= least and -(1 << (bits - 1)) <= lo and hi < 1 << (bits - 1):
            return bits
    return 128


def side(
    name: str,
    kind: TensorType,
    least: int,
    scale: Sequence[float] = (1.0,),
    offset: Sequence[float] = (0.0,),
) -> Side:
    """Return a port as the C interface has it.

    Raises:
        ConfigError: its codes are wider than 64 bits.
    """
    lane = lane_of(int(kind.lo.min()), int(kind.hi.max()), least)
    if lane > 64:
        raise ConfigError(
            f"codes of {kind.fixed.width} bits; the emulator holds 64",
            name,
            "use hwgen.predict, which computes with integers of any width",
        )
    return Side(name, kind, lane, tuple(scale), tuple(offset))
