# SPDX-License-Identifier: Apache-2.0
"""Matrix products as heaps of bits: every output by itself, nothing shared.

A weight is a sum of signed powers of two, and a number one of its bits, so that a product is the
bits of the number, shifted. A bit that is subtracted goes in inverted, with a constant: ``-b`` is
``~b - 1``. A weight can be written in several ways with equally few digits; of those the one is
taken, for all weights of an output together, that leaves the fewest ones in the constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from hwgen.ir.fixed import bits_for
from hwgen.logic.builder import Builder
from hwgen.logic.cmvm.columns import digit_count, signed_digits
from hwgen.logic.cmvm.nodes import Random
from hwgen.logic.heap.sums import Signal, Term, signal, source_of
from hwgen.logic.nodes import Wire
from hwgen.logic.nodes.heap import INVERTED, PLAIN

_WAYS = 12  # in which one weight is written at most
_STEPS = 40  # changes that are tried, for every weight

Digits = tuple[tuple[int, int], ...]  # shift and sign


class Input(NamedTuple):
    """Input of a product: bits that change, and what they are worth.

    Attributes:
        bits: of the wire.
        worth: of each; that of a sign is negative.
        rest: what the bits that never change are worth.
        lo, hi: interval of the wire.
        when: of each bit how many chains in a row are before it; none are where it is empty.
    """

    bits: tuple[Signal, ...]
    worth: tuple[int, ...]
    rest: int
    lo: int = 0
    hi: int = 0
    when: tuple[int, ...] = ()


def input_of(b: Builder, wire: Wire) -> Input:
    """Return the bits of a wire that change."""
    bits, worth, rest = [], [], 0
    width = b.width(wire)
    for k in range(width):
        own = -(1 << k) if b.lo[wire] < 0 and k == width - 1 else 1 << k
        found = signal(b, wire, k)
        if isinstance(found, int):
            rest += own * found
            continue
        found, inverted = source_of(b, found)
        rest += own if inverted else 0
        bits.append(found)
        worth.append(-own if inverted else own)
    return Input(tuple(bits), tuple(worth), rest, *b.range(wire))


@cache
def ways(value: int) -> tuple[Digits, ...]:
    """Return the ways to write an integer with the fewest signed digits, the canonical one first.

    >>> ways(3)
    (((0, -1), (2, 1)), ((0, 1), (1, 1)))
    """
    first = signed_digits(value)
    others = [way for way in _ways(value, len(first)) if way != first]
    return (first, *others[: _WAYS - 1])


@cache
def _ways(value: int, digits: int) -> tuple[Digits, ...]:
    if not value or not digits:
        return ((),) if not value and not digits else ()
    if not value & 1:
        return tuple(
            tuple((shift + 1, sign) for shift, sign in way) for way in _ways(value >> 1, digits)
        )
    found = []
    for sign in (-1, 1):
        above = (value - sign) >> 1
        if digit_count(above) == digits - 1:
            for way in _ways(above, digits - 1):
                found.append(((0, sign), *((shift + 1, s) for shift, s in way)))
    return tuple(found)


@dataclass(frozen=True)
class Product:
    """Output of a product.

    Attributes:
        weights: of every input.
        bias: what is added.
        lo, hi: interval of the sum.
    """

    weights: tuple[int, ...]
    bias: int
    lo: int
    hi: int


def span_of(inputs: Sequence[Input], weights: Sequence[int], bias: int) -> tuple[int, int]:
    """Return the interval of an output."""
    lo = hi = bias
    for one, weight in zip(inputs, weights, strict=True):
        ends = int(weight) * one.lo, int(weight) * one.hi
        lo, hi = lo + min(ends), hi + max(ends)
    return lo, hi


def terms_of(inputs: Sequence[Input], of: Product) -> tuple[list[Term], int]:
    """Return the terms of one output, and the constant that they are too low by."""
    top = bits_for(of.lo, of.hi)
    worths = tuple(one.worth for one in inputs)
    chosen, constant = _written(worths, of.weights, top)
    constant += of.bias
    terms = []
    for one, weight, digits in zip(inputs, of.weights, chosen, strict=True):
        constant += weight * one.rest
        for shift, sign in digits:
            for k, (bit, worth) in enumerate(zip(one.bits, one.worth, strict=True)):
                column = abs(worth).bit_length() - 1 + shift
                truth = PLAIN if sign * worth > 0 else INVERTED
                terms.append(Term(column, bit, truth, when=one.when[k] if one.when else 0))
    return terms, constant


@lru_cache(maxsize=1 << 12)
def _written(
    worths: tuple[tuple[int, ...], ...], weights: tuple[int, ...], top: int
) -> tuple[tuple[Digits, ...], int]:
    """Return how every weight is written, and the constant of all inverted bits.

    Ones of the constant modulo ``2**top`` and terms below the top are as few as a descent finds.
    """
    mask = (1 << top) - 1
    choices = [ways(weight) for weight in weights]
    constants = [
        [_inverted(way, worth) for way in found]
        for found, worth in zip(choices, worths, strict=True)
    ]
    terms = [
        [_terms(way, worth, top) for way in found]
        for found, worth in zip(choices, worths, strict=True)
    ]
    at = [0] * len(weights)
    total = sum(row[0] for row in constants)
    open_ = [i for i, found in enumerate(choices) if len(found) > 1]
    random = Random(len(weights))
    ones = (total & mask).bit_count()
    for _ in range(_STEPS * len(open_)):
        if not ones:
            break
        i = open_[random.below(len(open_))]
        k = random.below(len(choices[i]))
        moved = total + constants[i][k] - constants[i][at[i]]
        now = (moved & mask).bit_count()
        if now + terms[i][k] <= ones + terms[i][at[i]]:
            at[i], total, ones = k, moved, now
    return tuple(found[k] for found, k in zip(choices, at, strict=True)), total


def _inverted(way: Digits, worth: Sequence[int]) -> int:
    """Return the constant of the bits that go in inverted."""
    return sum(
        min(sign * one, 0) << shift for shift, sign in way for one in worth if sign * one < 0
    )


def _terms(way: Digits, worth: Sequence[int], top: int) -> int:
    """Return how many terms are below the top."""
    return sum(abs(one).bit_length() - 1 + shift < top for shift, _ in way for one in worth)
