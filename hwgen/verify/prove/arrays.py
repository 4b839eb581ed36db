# SPDX-License-Identifier: Apache-2.0
"""Patterns: words of hardware at many inputs at once, as arrays of their bits.

The operators of SystemVerilog as `words` has them, computed value by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwgen.errors import Unproven
from hwgen.verify.prove.steps import Ints

WIDEST = 62


@dataclass(frozen=True, eq=False)
class Pattern:
    """Bits of a word, one number an input.

    Attributes:
        bits: not negative, below ``2 ** width``.
        width: bits.
    """

    bits: Ints
    width: int


def masked(values: Ints, width: int) -> Pattern:
    """Return numbers modulo ``2 ** width``."""
    if width > WIDEST:
        raise Unproven(f"a word of {width} bits in a function is too wide")
    return Pattern(values & ((1 << width) - 1), width)


def number(a: Pattern, signed: bool) -> Ints:
    """Return what the bits mean."""
    if not signed:
        return a.bits
    return a.bits - ((a.bits >> (a.width - 1)) << a.width)


class Arrays:
    """Operators on patterns."""

    def const(self, value: int, width: int) -> Pattern:
        """Return a constant, given as its bits."""
        return masked(np.array([value & ((1 << min(width, WIDEST)) - 1)], np.int64), width)

    def extend(self, a: Pattern, width: int, signed: bool) -> Pattern:
        """Return a word cut off or extended."""
        return masked(number(a, signed), width)

    def slice(self, a: Pattern, low: int, bits: int) -> Pattern:
        """Return some bits of a word."""
        return masked(a.bits >> low, bits)

    def join(self, words: Sequence[Pattern]) -> Pattern:
        """Return words beside each other as one, the first in the lowest bits."""
        width = sum(word.width for word in words)
        total, at = np.zeros(1, np.int64), 0
        if width > WIDEST:
            raise Unproven(f"a word of {width} bits in a function is too wide")
        for word in words:
            total, at = total + (word.bits << at), at + word.width
        return Pattern(total, width)

    def binary(self, op: str, a: Pattern, b: Pattern, signed: bool) -> Pattern:
        """Return a binary operator of two words of one width."""
        x, y = number(a, signed), number(b, signed)
        match op:
            case "add":
                return masked(x + y, a.width)
            case "sub":
                return masked(x - y, a.width)
            case "mul":
                if a.width > 31:
                    raise Unproven(f"a product of {a.width} bits in a function is too wide")
                return masked(x * y, a.width)
            case "and":
                return Pattern(a.bits & b.bits, a.width)
            case "or":
                return Pattern(a.bits | b.bits, a.width)
            case "xor":
                return Pattern(a.bits ^ b.bits, a.width)
            case "eq":
                return Pattern((x == y).astype(np.int64), 1)
            case "ne":
                return Pattern((x != y).astype(np.int64), 1)
            case "lt":
                return Pattern((x < y).astype(np.int64), 1)
            case "le":
                return Pattern((x <= y).astype(np.int64), 1)
            case "gt":
                return Pattern((x > y).astype(np.int64), 1)
            case "ge":
                return Pattern((x >= y).astype(np.int64), 1)
            case "land":
                return Pattern(((x != 0) & (y != 0)).astype(np.int64), 1)
            case _:
                return Pattern(((x != 0) | (y != 0)).astype(np.int64), 1)

    def unary(self, op: str, a: Pattern) -> Pattern:
        """Return a unary operator of a word."""
        match op:
            case "neg":
                return masked(-a.bits, a.width)
            case "not":
                return masked(~a.bits, a.width)
            case "any":
                return Pattern((a.bits != 0).astype(np.int64), 1)
            case "none":
                return Pattern((a.bits == 0).astype(np.int64), 1)
            case "all":
                return Pattern((a.bits == (1 << a.width) - 1).astype(np.int64), 1)
            case _:
                parity = a.bits
                for by in (32, 16, 8, 4, 2, 1):
                    parity = parity ^ (parity >> by)
                return Pattern(parity & 1, 1)

    def shift(self, op: str, a: Pattern, by: int, signed: bool) -> Pattern:
        """Return a word shifted by a constant."""
        if op == "left":
            return masked(a.bits << by if by < WIDEST else 0 * a.bits, a.width)
        return masked(number(a, signed and op == "arithmetic") >> min(by, WIDEST), a.width)

    def mux(self, chosen: Pattern, a: Pattern, b: Pattern) -> Pattern:
        """Return *a* where a bit is 1, else *b*."""
        return Pattern(np.where(chosen.bits != 0, a.bits, b.bits), a.width)

    def choose(self, a: Pattern, address: Pattern) -> Pattern:
        """Return the bit of a word that an address chooses."""
        return Pattern((a.bits >> np.minimum(address.bits, WIDEST)) & 1, 1)

    def lookup(self, bits: int, size: int, address: Pattern) -> Pattern:
        """Return the bit of a constant that an address chooses."""
        raw = np.frombuffer(bits.to_bytes(-(-size // 8), "little"), np.uint8)
        truth = np.unpackbits(raw, bitorder="little").astype(np.int64)
        if (1 << address.width) > len(truth):
            truth = np.concatenate([truth, np.zeros((1 << address.width) - len(truth), np.int64)])
        if address.bits.max(initial=0) >> address.width:
            # Of a carry chain only the sum of both carries is known, not which of them is set.
            raise Unproven("a table reads one of the two carries of a chain by itself")
        return Pattern(truth[address.bits], 1)
