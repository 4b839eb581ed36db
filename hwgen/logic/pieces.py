# SPDX-License-Identifier: Apache-2.0
"""Pieces of a table: bits that are functions of address bits, what they cost, and their values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.truth_tables import PAIRED, Function, alone, function_of

PLACE = 0.5  # look-up tables of a bit in the sum
GATE = 0.1  # what a gate may cost: it takes an input of the chain's table

Read: TypeAlias = int | Function  # address bit, or a function of address bits


class Gate(NamedTuple):
    """Gate of a bit: it is ``(bit & (x == level)) ^ flip``.

    Attributes:
        x: address bit.
        level: of it, at which the bit counts.
        flip: what it is otherwise.
    """

    x: int
    level: int
    flip: int


class Piece(NamedTuple):
    """Bit of a sum, worth ``2**place``: a function, perhaps behind a gate."""

    place: int
    reads: tuple[Read, ...]
    truth: int
    gate: Gate | None = None


def raised(piece: Piece, shift: int) -> Piece:
    """Return a piece that is worth more."""
    return piece._replace(place=piece.place + shift)


@dataclass(frozen=True)
class Base:
    """Table that is left whole, so that a constant can be added to it: ``values << shift``."""

    values: tuple[int, ...]
    bits: tuple[int, ...]
    shift: int = 0

    def pieces(self, offset: int = 0) -> list[Piece]:
        """Return its bits, *offset* added to every value."""
        values = np.array(self.values) + offset
        return [
            piece._replace(place=piece.place + self.shift) for piece in bits_of(values, self.bits)
        ]


@dataclass(frozen=True)
class Parts:
    """Sum that makes a table: ``constant + pieces + base``.

    Attributes:
        cost: look-up tables, those in the chains included.
        constant: of the sum.
        pieces: bits of it.
        base: a table of the sum; None where there is none.
    """

    cost: float
    constant: int
    pieces: tuple[Piece, ...] = ()
    base: Base | None = None

    def every(self) -> list[Piece]:
        """Return all bits of the sum."""
        return [*self.pieces, *(self.base.pieces() if self.base else ())]


def luts_of(reads: int) -> float:
    """Return the look-up tables of a function of so many bits; `placed_luts` counts the same."""
    return 0.0 if reads < 2 else 0.5 if reads <= PAIRED else float(alone(reads))


def price(pieces: list[Piece]) -> float:
    """Return the look-up tables of some bits and of their places; equal functions are one."""
    seen: set[Function] = set()
    total = 0.0
    for piece in pieces:
        seen.update(read for read in piece.reads if isinstance(read, Function))
        total += PLACE + (GATE if piece.gate and piece.reads else 0)
    own = {(piece.reads, piece.truth) for piece in pieces}
    return total + sum(luts_of(len(f.reads)) for f in seen) + sum(luts_of(len(r)) for r, _ in own)


def bits_of(values: Codes, bits: tuple[int, ...], gate: Gate | None = None) -> list[Piece]:
    """Return the bits of a table whose values are not negative."""
    found = []
    for place in range(int(values.max()).bit_length()):
        one = function_on(values >> place & 1, bits)
        if one.reads or one.truth:
            small = _cofactor(one) if gate is None and len(one.reads) > PAIRED else (one, gate)
            found.append(Piece(place, small[0].reads, small[0].truth, small[1]))
    return found


def function_on(column: Codes, bits: tuple[int, ...]) -> Function:
    """Return a column as a function of some address bits, given at every pattern of them."""
    one = function_of(column)
    return Function(tuple(bits[at] for at in one.reads), one.truth)


@lru_cache(maxsize=1 << 18)
def _cofactor(one: Function) -> tuple[Function, Gate | None]:
    """Return a function as a smaller one behind a gate, where one of its cofactors is constant."""
    size = len(one.reads)
    column = np.array([one.truth >> i & 1 for i in range(1 << size)])
    best: tuple[Function, Gate | None] = one, None
    for k, bit in enumerate(one.reads):
        halves = column.reshape(-1, 2, 1 << k)
        for level in (0, 1):
            dead, live = halves[:, 1 - level].reshape(-1), halves[:, level].reshape(-1)
            if dead.min() == dead.max():
                flip = int(dead[0])
                small = function_on(live ^ flip, one.reads[:k] + one.reads[k + 1 :])
                if luts_of(len(small.reads)) < luts_of(len(best[0].reads)):
                    best = small, Gate(bit, level, flip)
    return best


def at_every_address(piece: Piece, size: int) -> Codes:
    """Return what a bit is worth at every address of the whole table."""
    address = np.arange(size)

    def value(read: Read) -> Codes:
        if isinstance(read, Function):
            return looked(read.reads, read.truth)
        bit: Codes = address >> read & 1
        return bit

    def looked(reads: tuple[Read, ...], truth: int) -> Codes:
        own = sum((value(read) << k for k, read in enumerate(reads)), 0 * address)
        column = np.array([truth >> i & 1 for i in range(1 << len(reads))])
        found: Codes = column[own]
        return found

    made = looked(piece.reads, piece.truth)
    if piece.gate:
        made = (made & ((address >> piece.gate.x & 1) == piece.gate.level)) ^ piece.gate.flip
    return made << piece.place
