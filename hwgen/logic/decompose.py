# SPDX-License-Identifier: Apache-2.0
"""Decomposition: a table as a sum of few bits that are cheap to look up.

Every bit of a sum costs half a look-up table in the chains of a heap (`hwgen.logic.heap`), and one
of at most five address bits half a table by itself, of six a whole one, of seven two. A table is
therefore taken apart, again and again, in whichever way costs least:

- *one address bit off*: the lesser of both halves, which needs a bit less, and what is missing to
  the greater one, which is little where the halves are close; a multiple of the bit may go apart;
- *gated*: one half, and where the bit has a level what the other one is more, a function of the
  other bits alone; the chain's own look-up table joins the two;
- *strip*: the lowest bits as they are; above them a smooth table has steps of one;
- *pattern*: the least value of every row, and what is above it, of which there are few patterns;
- *cofactor*: a function that is constant where a bit has one level is a smaller one and a gate.

Every result is proven at every address.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.pieces import (
    GATE,
    PLACE,
    Base,
    Gate,
    Parts,
    Piece,
    Read,
    at_every_address,
    bits_of,
    function_on,
    luts_of,
    price,
    raised,
)
from hwgen.logic.truth_tables import PAIRED, function_of

_LIKELY = 3  # ways whose bits are looked at, for each that is followed
_LONG = 8  # address bits beyond which fewer ways are tried
_STRIPS = (1, 2, 3)
_PATTERNS = {7: 4, 8: 3}  # bits that tell a pattern, by address bits
_PATTERN_BITS = 3  # of what is above the least value of a row


@lru_cache(maxsize=1 << 14)
def decomposed(values: tuple[int, ...], width: int = 2) -> Parts:
    """Return the parts that add up to a table; its values are a power of two in number.

    *width* is how many of the ways to begin are followed to their end.
    """
    table = np.array(values)
    bits = tuple(range(len(values).bit_length() - 1))
    parts = _Search(width).best(table, bits) if len(bits) > 1 else _of_one_bit(table)
    total = parts.constant + sum(at_every_address(piece, len(values)) for piece in parts.every())
    assert np.array_equal(total + 0 * table, table), "the parts are not the table"
    return parts


@lru_cache(maxsize=1 << 14)
def direct(values: tuple[int, ...]) -> Parts:
    """Return a table as it stands, from its least value on."""
    table = np.array(values)
    return _direct(table, tuple(range(len(values).bit_length() - 1)))


def _direct(table: Codes, bits: tuple[int, ...]) -> Parts:
    least = int(table.min())
    base = Base(tuple((table - least).tolist()), bits)
    return Parts(price(base.pieces()), least, (), base)


def _of_one_bit(table: Codes) -> Parts:
    """Return a table of one bit: its step in signed digits, each the bit or its complement."""
    constant, step = int(table[0]), int(table[-1] - table[0])
    pieces, place = [], 0
    while step:
        if step & 1:
            sign = -1 if step & 3 == 3 else 1
            pieces.append(Piece(place, (0,), 0b10 if sign > 0 else 0b01))
            constant -= (1 << place) if sign < 0 else 0
            step -= sign
        step, place = step >> 1, place + 1
    return Parts(PLACE * len(pieces), constant, tuple(pieces))


class _Way(NamedTuple):
    """First step of a decomposition: bits, and a table that is decomposed further.

    Attributes:
        guess: of the cost, from the number of bits alone.
        constant: of the sum.
        values: of a table of which bits are taken as they are.
        reads: its address bits.
        gate: of those bits.
        pieces: other bits.
        rest: values of the table that is left, not shifted.
        bits: its address bits.
        shift: of it, to the left.
    """

    guess: float
    constant: int
    values: Codes
    reads: tuple[int, ...]
    gate: Gate | None
    pieces: tuple[Piece, ...]
    rest: Codes
    bits: tuple[int, ...]
    shift: int = 0

    def every(self) -> list[Piece]:
        """Return all bits that are taken as they are."""
        return [*bits_of(self.values, self.reads, self.gate), *self.pieces]


class _Search:
    """Search for the cheapest parts of a table."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.known: dict[tuple[bytes, tuple[int, ...], bool], Parts] = {}

    def best(self, table: Codes, bits: tuple[int, ...], strip: bool = True) -> Parts:
        """Return the cheapest parts of a table of some address bits."""
        key = table.tobytes(), bits, strip
        if key not in self.known:
            self.known[key] = self._best(table, bits, strip)
        return self.known[key]

    def _best(self, table: Codes, bits: tuple[int, ...], strip: bool) -> Parts:
        kept = _support(table, bits)
        if kept is not None:
            return self.best(*kept, strip) if kept[1] else Parts(0.0, int(table[0]))
        found = _direct(table, bits)
        size = len(bits)
        if size > PAIRED:
            ways = [*_one_off(table, bits)]
            if strip:
                ways += _strips(table, bits)
            ways.sort(key=lambda way: way.guess)
            width = self.width if size <= _LONG else 1
            likely = [(way, way.every()) for way in ways[: _LIKELY * width]]
            likely.sort(key=lambda pair: price(pair[1]) + _guess(pair[0].rest))
            for way, pieces in likely[:width]:
                found = min(found, self._followed(way, pieces), key=lambda parts: parts.cost)
        if size in _PATTERNS:
            found = min([found, *self._patterns(table, bits)], key=lambda parts: parts.cost)
        return found

    def _followed(self, way: _Way, own: list[Piece]) -> Parts:
        """Return the parts of a way whose rest is decomposed."""
        inner = self.best(way.rest, way.bits, not way.shift)
        above = [raised(piece, way.shift) for piece in inner.pieces]
        base = inner.base
        if base:
            base = Base(base.values, base.bits, base.shift + way.shift)
        pieces = [*above, *own]
        cost = price([*pieces, *(base.pieces() if base else ())])
        constant = (inner.constant << way.shift) + way.constant
        return Parts(cost, constant, tuple(pieces), base)

    def _patterns(self, table: Codes, bits: tuple[int, ...]) -> Iterator[Parts]:
        """Yield sums of a table of five bits and of patterns, which a code of those tells apart."""
        size = len(bits)
        cube = table.reshape((2,) * size)  # axis 0 is the highest bit
        for low in combinations(range(size), size - PAIRED):
            axes = [size - 1 - k for k in reversed(range(size)) if k not in low]
            free = [size - 1 - k for k in reversed(low)]
            rows = cube.transpose(axes + free).reshape(1 << PAIRED, -1)
            least = rows.min(axis=1)
            above = rows - least[:, None]
            places = int(above.max()).bit_length()
            if places > _PATTERN_BITS:
                continue
            kinds, code = np.unique(above, axis=0, return_inverse=True)
            coded = max(1, (len(kinds) - 1).bit_length())
            if coded > _PATTERNS[size]:
                continue
            code = code.reshape(-1)
            high = tuple(bit for k, bit in enumerate(bits) if k not in low)
            lows = tuple(bit for k, bit in enumerate(bits) if k in low)
            codes = [function_on(code >> q & 1, high) for q in range(coded)]
            inner = self.best(least, high)
            spread = np.zeros((1 << coded, kinds.shape[1]), np.int64)
            spread[: len(kinds)] = kinds
            spread[len(kinds) :] = kinds[0]
            pieces = list(inner.pieces)
            for place in range(places):
                one = function_of((spread >> place & 1).reshape(-1))
                if not one.truth:  # values above a row's least one may all be multiples of more
                    continue
                reads: list[Read] = [
                    lows[at] if at < len(lows) else codes[at - len(lows)] for at in one.reads
                ]
                pieces.append(Piece(place, tuple(reads), one.truth))
            cost = price([*pieces, *(inner.base.pieces() if inner.base else ())])
            yield Parts(cost, inner.constant, tuple(pieces), inner.base)


def _support(table: Codes, bits: tuple[int, ...]) -> tuple[Codes, tuple[int, ...]] | None:
    """Return the table without address bits that nothing depends on; None where there are none."""
    kept = list(bits)
    for bit in bits:
        halves = table.reshape(-1, 2, 1 << kept.index(bit))
        if np.array_equal(halves[:, 0], halves[:, 1]):
            table = halves[:, 0].reshape(-1)
            kept.remove(bit)
    return (table, tuple(kept)) if len(kept) < len(bits) else None


def _one_off(table: Codes, bits: tuple[int, ...]) -> Iterator[_Way]:
    """Yield the ways that take one address bit off."""
    for k, bit in enumerate(bits):
        halves = table.reshape(-1, 2, 1 << k)
        low, high = halves[:, 0].reshape(-1), halves[:, 1].reshape(-1)
        rest = bits[:k] + bits[k + 1 :]
        for level in (1, 0):
            base, step = (low, high - low) if level else (high, low - high)
            least = int(step.min())
            values = step - least
            truth, constant = (0b10 if level else 0b01), 0
            if least < 0:
                constant, least, truth = least, -least, 0b11 - truth
            ones = (place for place in range(least.bit_length()) if least >> place & 1)
            pieces = tuple(Piece(place, (bit,), truth) for place in ones)
            guess = _bits(values) * (luts_of(len(rest)) + PLACE + GATE) + PLACE * len(pieces)
            gate = Gate(bit, level, 0)
            yield _Way(guess + _guess(base), constant, values, rest, gate, pieces, base, rest)
        step = high - low
        for raw in _powers(int(step.min()), int(step.max())):
            base = np.minimum(low, high - raw)
            left = np.stack([low - base, high - raw - base]).reshape(2, -1, 1 << k)
            values = left.transpose(1, 0, 2).reshape(-1)
            pieces = ()
            if raw:
                place = abs(raw).bit_length() - 1
                pieces = (Piece(place, (bit,), 0b10 if raw > 0 else 0b01),)
            guess = _bits(values) * (luts_of(len(bits)) + PLACE) + PLACE * len(pieces)
            constant = min(raw, 0)
            yield _Way(guess + _guess(base), constant, values, bits, None, pieces, base, rest)


def _bits(values: Codes) -> int:
    return int(values.max()).bit_length()


def _powers(lo: int, hi: int) -> Iterator[int]:
    """Yield zero and the powers of two, with both signs, within some bounds."""
    if lo <= 0 <= hi:
        yield 0
    for place in range(max(abs(lo), abs(hi)).bit_length()):
        yield from (value for value in (1 << place, -1 << place) if lo <= value <= hi)


def _strips(table: Codes, bits: tuple[int, ...]) -> Iterator[_Way]:
    """Yield the ways that leave the lowest bits of a table as they are."""
    least, most = int(table.min()), int(table.max())
    for strip in _STRIPS:
        if (most - least) >> strip < 2:
            break
        for offset in range(1 << strip):
            values = table - least + offset
            if int(values.max()).bit_length() > (most - least).bit_length():
                continue
            low, above = values & (1 << strip) - 1, values >> strip
            if above.min() == above.max():
                continue
            spread = min(_spread(above, k) for k in range(len(bits)))
            each = luts_of(len(bits)) + PLACE
            guess = each * (_bits(low) + spread) + 0.75 * _guess(above)
            yield _Way(guess, least - offset, low, bits, None, (), above, bits, strip)


def _spread(table: Codes, k: int) -> int:
    """Return the bits of the differences between the halves of a table."""
    halves = table.reshape(-1, 2, 1 << k)
    step = halves[:, 1] - halves[:, 0]
    return int(step.max() - step.min()).bit_length()


def _guess(table: Codes) -> float:
    """Return what a table may cost in the end."""
    size = len(table).bit_length() - 1
    return (luts_of(min(size, _LONG)) * 0.6 + PLACE) * int(table.max() - table.min()).bit_length()
