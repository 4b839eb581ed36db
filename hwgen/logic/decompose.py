# SPDX-License-Identifier: Apache-2.0
"""Decomposition: a table as a sum of smaller ones, where look-up tables and sum together cost less.

Two ways are tried, one within the other. *One address bit off*: the lesser of both halves is a
table of one bit fewer, and what is missing a table of all bits that has few values where the halves
are close. *Strip*: the lowest bits as they are, the rest decomposed; above them a smooth table has
steps of one. Every result is proven at every address.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.truth_tables import PART, placed_luts

# Look-up tables that a term takes in sums of three: for each of its bits, and beside them.
_ADDED, _TERM = 0.6, 2.0
_FLOOR = 5  # address bits of which two functions share a look-up table: nothing is left to gain
_TRIED = 2  # address bits that are looked at more closely
_STRIPS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Part:
    """Table of some address bits, shifted: a term of the sum.

    Attributes:
        values: not negative, one a pattern of the bits.
        bits: of the address, lowest first.
        shift: of the values, to the left.
    """

    values: tuple[int, ...]
    bits: tuple[int, ...]
    shift: int = 0

    @property
    def cost(self) -> float:
        """Look-up tables of its bits and of their places in the sum."""
        bits = max(self.values).bit_length()
        return placed_luts(self.values, PART) + _ADDED * bits + _TERM


Parts = tuple[Part, ...]


@lru_cache(maxsize=1 << 14)
def decomposed(values: tuple[int, ...]) -> Parts:
    """Return the parts that add up to a table; its values, from 0, are a power of two in number."""
    table = np.array(values)
    bits = tuple(range(len(values).bit_length() - 1))
    parts = min([_split(table, bits), *_strips(table, bits)], key=_cost)
    total = sum(_at(part, len(values)) for part in parts)
    assert np.array_equal(total, table), "the parts are not the table"
    return parts


def _cost(parts: Parts) -> float:
    return sum(part.cost for part in parts)


def _at(part: Part, size: int) -> Codes:
    """Return the values of a part at every address of the whole table."""
    address = np.arange(size)
    own = sum((address >> bit & 1) << place for place, bit in enumerate(part.bits))
    found: Codes = np.array(part.values)[own] << part.shift
    return found


def _split(table: Codes, bits: tuple[int, ...]) -> Parts:
    """Return the table itself, or the cheapest with an address bit off, again and again."""
    whole = (Part(tuple(table.tolist()), bits),)
    if len(bits) <= _FLOOR:
        return whole
    tried = []
    for place in range(len(bits)):
        halves = table.reshape(-1, 2, 1 << place)
        base = halves.min(axis=1)
        rest = (halves - base[:, None]).reshape(-1)
        tried.append((int(rest.max()), place, base.reshape(-1), rest))
    tried.sort(key=lambda row: row[:2])
    found = [whole]
    for most, place, base, rest in tried[:_TRIED]:
        more = (Part(tuple(rest.tolist()), bits),) if most else ()
        found.append((*_split(base, bits[:place] + bits[place + 1 :]), *more))
    return min(found, key=_cost)


def _strips(table: Codes, bits: tuple[int, ...]) -> list[Parts]:
    """Return decompositions of what is above the lowest bits, with those."""
    found = []
    for strip in _STRIPS:
        if int(table.max()) >> strip < 2 or len(bits) <= _FLOOR:
            break
        low = Part(tuple((table & (1 << strip) - 1).tolist()), bits)
        above = _split(table >> strip, bits)
        shifted = tuple(Part(part.values, part.bits, strip) for part in above)
        found.append((low, *shifted) if max(low.values) else shifted)
    return found
