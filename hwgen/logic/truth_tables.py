# SPDX-License-Identifier: Apache-2.0
"""Truth tables: the address bits that an output bit depends on, its parts, and their cost."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from hwgen.ir.fixed import bits_for

LIMIT = 10  # address bits of the largest table that is ever considered
PART = 6  # address bits of one part
PLACED = 8  # address bits of a function that one cluster of look-up tables holds
PAIRED = 5  # bits that two functions in one table of six inputs may read
_CROWD = 400  # functions that read one bit, beyond which it says nothing about who belongs together


@dataclass(frozen=True, slots=True)
class Function:
    """Function of address bits: *truth* has at bit i the value for address i."""

    reads: tuple[int, ...]
    truth: int

    @property
    def fixed(self) -> bool:
        """True where it reads nothing."""
        return not self.reads

    @property
    def plain(self) -> bool:
        """True where it is an address bit itself."""
        return len(self.reads) == 1 and self.truth == 2


@dataclass(frozen=True, slots=True)
class Column:
    """Column of a table: an output bit.

    Attributes:
        whole: the function.
        same: an earlier column that is equal, else -1.
    """

    whole: Function
    same: int = -1

    @property
    def wired(self) -> bool:
        """True where it takes no logic."""
        return self.whole.fixed or self.whole.plain or self.same >= 0


@lru_cache(maxsize=1 << 16)
def columns(values: tuple[int, ...]) -> tuple[Column, ...]:
    """Return the output bits of a table, lowest first; *values* are as many as a power of two."""
    codes = np.array(values)
    first: dict[Function, int] = {}
    out = []
    for bit in range(bits_for(min(values), max(values))):
        whole = function_of(codes >> bit & 1)
        same = first.setdefault(whole, bit)
        out.append(Column(whole, -1 if same == bit else same))
    return tuple(out)


def support(values: Sequence[int]) -> tuple[int, ...]:
    """Return the address bits that any of the values depends on."""
    return _support(np.array(values))[0]


def function_of(column: npt.NDArray[np.int64]) -> Function:
    """Return an output bit as a function, given its value at every address."""
    packed = np.packbits(column.astype(np.uint8), bitorder="little")
    truth, size = int.from_bytes(packed.tobytes(), "little"), len(column).bit_length() - 1
    if all((truth ^ truth >> (1 << bit)) & _low(bit, size) for bit in range(size)):
        return Function(tuple(range(size)), truth)
    reads, kept = _support(column)
    packed = np.packbits(kept.astype(np.uint8), bitorder="little")
    return Function(reads, int.from_bytes(packed.tobytes(), "little"))


def spread(one: Function, reads: Sequence[int]) -> int:
    """Return the truth of a function over more address bits than it reads."""
    places = [reads.index(read) for read in one.reads]
    found = 0
    for at in range(1 << len(reads)):
        own = sum((at >> place & 1) << k for k, place in enumerate(places))
        found |= (one.truth >> own & 1) << at
    return found


@cache
def _low(bit: int, size: int) -> int:
    """Return the addresses of *size* bits whose bit is 0, as bits of a word."""
    return sum(1 << at for at in range(1 << size) if not at >> bit & 1)


def _support(column: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], npt.NDArray[np.int64]]:
    """Return the address bits that a column depends on, and the column over those alone."""
    reads: list[int] = []
    for bit in range(len(column).bit_length() - 1):
        halves = column.reshape(-1, 2, 1 << len(reads))
        if np.array_equal(halves[:, 0], halves[:, 1]):
            column = halves[:, 0].reshape(-1)
        else:
            reads.append(bit)
    return tuple(reads), column


@lru_cache(maxsize=1 << 16)
def split(whole: Function) -> tuple[tuple[int, ...], tuple[Function, ...]]:
    """Return address bits that select, lowest first, and the part that each value of them selects.

    Of all choices it is the one with the fewest different parts that are not fixed.
    """
    n = len(whole.reads)
    cube = np.array([whole.truth >> i & 1 for i in range(1 << n)], np.int64).reshape((2,) * n)
    best: tuple[int, tuple[int, ...]] | None = None
    for chosen in combinations(range(n), n - PART):  # axis 0 is the highest bit
        rows = np.moveaxis(cube, chosen, range(n - PART)).reshape(-1, 1 << PART)
        packed = np.packbits(rows.astype(np.uint8), axis=1)
        varying = {row.tobytes() for row in packed[(rows != rows[:, :1]).any(axis=1)]}
        if best is None or len(varying) < best[0]:
            best = len(varying), chosen
    assert best is not None
    chosen = best[1]
    rows = np.moveaxis(cube, chosen, range(n - PART)).reshape(-1, 1 << PART)
    rest = [whole.reads[n - 1 - axis] for axis in reversed(range(n)) if axis not in chosen]
    parts = []
    for row in rows:
        part = function_of(row)
        parts.append(Function(tuple(rest[i] for i in part.reads), part.truth))
    return tuple(whole.reads[n - 1 - axis] for axis in reversed(chosen)), tuple(parts)


@lru_cache(maxsize=1 << 16)
def luts(values: tuple[int, ...]) -> int:
    """Return the look-up tables of six inputs that a table takes.

    A function of up to six bits takes one; two that together read five share one. Equal parts are
    built once. One bit selects by a multiplexer (F7); two take a table, three two of them, and four
    four: what Yosys was seen to take.
    """
    functions: dict[Function, None] = {}
    total = 0
    for column in columns(values):
        if column.wired:
            continue
        if len(column.whole.reads) <= PART:
            functions[column.whole] = None
            continue
        selects, parts = split(column.whole)
        functions |= dict.fromkeys(part for part in parts if not (part.fixed or part.plain))
        total += len(selects) ** 2 // 4
    return total + len(functions) - _shared(functions)


@lru_cache(maxsize=1 << 16)
def placed_luts(values: tuple[int, ...]) -> int:
    """Return the look-up tables of six inputs that a table takes whose bits stay as they are.

    Each different function of up to eight bits is by itself: two tables of six bits behind a
    multiplexer, or four; of up to five bits, in pairs. Of longer ones different parts are by
    themselves, and tables that read two address bits and four parts select, behind multiplexers.
    """
    functions = dict.fromkeys(one.whole for one in columns(values) if not one.wired)
    long_ = [split(one) for one in functions if len(one.reads) > PLACED]
    short = {one: None for one in functions if len(one.reads) <= PLACED}
    short |= dict.fromkeys(p for _, parts in long_ for p in parts if not (p.fixed or p.plain))
    total = sum(alone(len(one.reads)) for one in short)
    return total + sum(_selecting(*one) for one in long_) - _shared(short)


def _selecting(selects: Sequence[int], parts: Sequence[Function]) -> int:
    """Return the tables that select one of many parts."""
    signals = len(selects) + len({part for part in parts if not part.fixed})
    quarters = {tuple(parts[at : at + 4]) for at in range(0, len(parts), 4)}
    return 1 if signals <= PART else len(quarters)


def alone(reads: int) -> int:
    """Return the look-up tables of six inputs of one function that shares none of them."""
    more = max(reads - PART, 0)
    return (1 << more) + (more**2 // 4 if reads > PLACED else 0)


def _shared(functions: Iterable[Function]) -> int:
    """Return how many tables of six inputs hold two functions, in whatever order they are given."""
    return len(pairs(sorted(one.reads for one in functions)))


def pairs(reads: Sequence[Iterable[Hashable]], *, near: bool = False) -> list[tuple[int, int]]:
    """Return which functions share a table of six inputs, two places each: long addresses first.

    Args:
        reads: address bits of every function; of equally long ones the first comes first.
        near: only functions that have a bit in common.
    """
    sets = {place: frozenset(one) for place, one in enumerate(reads)}
    left = [place for place in sets if len(sets[place]) <= PAIRED]
    left.sort(key=lambda place: -len(sets[place]))
    readers: dict[Hashable, list[int]] = {}
    for place in left:
        for bit in sets[place]:
            readers.setdefault(bit, []).append(place)
    rank = {place: at for at, place in enumerate(left)}
    found: list[tuple[int, int]] = []
    free = set(left)
    for one in left:
        if one not in free:
            continue
        free.discard(one)
        others: Iterable[int] = free
        if near:
            crowds = (readers[bit] for bit in sets[one] if len(readers[bit]) <= _CROWD)
            others = {other for crowd in crowds for other in crowd} & free
        fits = [other for other in others if len(sets[one] | sets[other]) <= PAIRED]
        if fits:
            other = max(fits, key=lambda place: (len(sets[one] & sets[place]), -rank[place]))
            free.discard(other)
            found.append((one, other))
    return found


def levels(values: tuple[int, ...], k: int) -> int:
    """Return the look-up tables of *k* inputs in a row; what selects counts as some."""
    most = max((len(c.whole.reads) for c in columns(values) if not c.wired), default=0)
    return (most > 0) + max(-(-(most - k) // 2), 0)
