# SPDX-License-Identifier: Apache-2.0
"""Shared parts of sums of the same bits with signs: layers whose weights are +1 and -1.

All bits of a group that an output adds or subtracts have the parity of the group, whatever the
signs are:

    sum_i s[i] x[i] = r + 2 u + c,    r = x[0] ^ x[1] ^ ...,    c a constant of the signs s.

So ``R``, the sum of the parities of all groups, is one number for the whole layer, and of a group
of two bits a single bit ``u`` is left for each output, of a group of five or six two bits; bits of
``u`` are small tables that all outputs of equal signs share. A heap of an output is halved that
way, or better, for few tables.

Groups of two cost next to nothing. Larger ones pay where many outputs share them; they are chosen
so that few patterns of signs occur. An output that leaves out a bit of a group takes the group's
bits as they are, and the parity away; one that leaves out many takes no part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwgen.logic.builder import Builder
from hwgen.logic.heap.problem import Options
from hwgen.logic.heap.sums import Places, Signal, Term, built, heap_of, signal
from hwgen.logic.nodes import PlacedTable, Wire
from hwgen.logic.nodes.heap import INVERTED
from hwgen.logic.truth_tables import PAIRED, Function, spread

Signs = npt.NDArray[np.int8]

_PLACE = 0.5  # look-up tables a bit of a heap
_SIZES = (6, 5)  # of the groups that are tried besides pairs
_TWO = 2
_WORD = 20  # functions of one table node
_DENSE = 0.7  # share of signs that an output has to have to take part
_LOOKED_AT = 24  # bits that are tried as the next one of a group
_FEWEST = 6  # bits below which nothing is shared


@dataclass(frozen=True)
class Bits:
    """Bits that some outputs add or subtract, all worth the same.

    Attributes:
        signals: the bits.
        signs: (signals, outputs), -1, 0 or 1.
        column: power of two that each is worth.
    """

    signals: tuple[Signal, ...]
    signs: Signs
    column: int


@dataclass(frozen=True)
class Group:
    """Group of bits, by their places, and what it does.

    Attributes:
        bits: places in `Bits`.
        gain: look-up tables that it saves in all.
    """

    bits: tuple[int, ...]
    gain: float


@dataclass(frozen=True)
class Shared:
    """Terms of the outputs of `Bits`, and what was made for them.

    Attributes:
        terms: of every output; of those that take no part the bits themselves.
        constants: of every output: what the terms are too low by.
        cost: look-up tables of what is shared.
        depth: chains in a row before the terms are there.
    """

    terms: tuple[tuple[Term, ...], ...]
    constants: tuple[int, ...]
    cost: int
    depth: int


def direct(bits: Bits) -> Shared:
    """Return the bits themselves as terms: what is subtracted goes in inverted, with a constant."""
    terms, constants = [], []
    for column in bits.signs.T.tolist():
        pairs = zip(bits.signals, column, strict=True)
        terms.append(tuple(_term(bits.column, x, sign) for x, sign in pairs if sign))
        constants.append(-column.count(-1) << bits.column)
    return Shared(tuple(terms), tuple(constants), 0, 0)


def _term(column: int, x: Signal, sign: int) -> Term:
    return Term(column, x) if sign > 0 else Term(column, x, INVERTED)


def shared(b: Builder, bits: Bits, largest: int, options: Options) -> Shared | None:
    """Return the terms of sums whose groups are shared; None where no group saves anything.

    Args:
        b: what the tables and the sum of all parities are entered into.
        bits: what is added.
        largest: bits of a group at most: 2, 5 or 6.
        options: of the search for the sum of all parities.
    """
    density = np.count_nonzero(bits.signs, axis=0) / max(len(bits.signals), 1)
    inside = np.flatnonzero(density >= _DENSE)
    if len(bits.signals) < _FEWEST or len(inside) < 2:
        return None
    signs = bits.signs[:, inside]
    groups = list(_groups(signs, largest))
    entering = _PLACE * len(groups).bit_length() * len(inside)
    if sum(group.gain for group in groups) <= entering:
        return None
    made = _Made(b, bits, signs, options)
    twos = [group.bits for group in groups if len(group.bits) == _TWO]
    for group in groups:
        if len(group.bits) > _TWO:
            made.enter([group.bits])
    for first in range(0, len(twos), 2):
        made.enter(twos[first : first + 2])
    return made.shared(inside.tolist())


def _groups(signs: Signs, largest: int) -> Iterator[Group]:
    """Yield groups that save something, the larger ones first; no bit is in two."""
    free = list(range(len(signs)))
    for size in (s for s in _SIZES if s <= largest):
        while len(free) >= size:
            found = _closest(signs, free, size)
            pairs = size / 2 * gain(signs, tuple(free[:2]))
            if (saved := gain(signs, found)) <= pairs:
                break
            yield Group(found, saved)
            free = [i for i in free if i not in found]
    while len(free) >= 2:
        found = _closest(signs, free, 2)
        free = [i for i in free if i not in found]
        if (saved := gain(signs, found)) > 0:
            yield Group(found, saved)


def _closest(signs: Signs, free: Sequence[int], size: int) -> tuple[int, ...]:
    """Return a group of the first free bit and others, of as few patterns as a descent finds."""
    found = [free[0]]
    while len(found) < size:
        others = [i for i in free if i not in found][:_LOOKED_AT]
        found.append(max(others, key=lambda i: (gain(signs, (*found, i)), -i)))
    return tuple(found)


def gain(signs: Signs, group: tuple[int, ...]) -> float:
    """Return the look-up tables that a group saves: places in heaps less its own tables."""
    own = signs[list(group)]
    whole = own.all(axis=0)
    patterns = Counter(map(tuple, own[:, whole].T.tolist()))
    direct = np.count_nonzero(own)
    left = int(np.count_nonzero(own[:, ~whole])) + int(np.count_nonzero(~whole))
    functions = 1
    for pattern, many in patterns.items():
        width = len(_columns(pattern))
        functions += width
        left += width * many
    tables = functions / 2 if len(group) <= PAIRED else functions
    return _PLACE * (direct - left - 1) - tables


def _columns(pattern: tuple[int, ...]) -> list[int]:
    """Return the bits of ``u`` as truths over the group's bits, lowest first."""
    values = _values(pattern)
    least = min(values)
    return [
        sum((value - least >> k & 1) << at for at, value in enumerate(values))
        for k in range((max(values) - least).bit_length())
    ]


def _values(pattern: tuple[int, ...]) -> list[int]:
    """Return half of what the sum with signs is more than the parity, at every address."""
    found = []
    for at in range(1 << len(pattern)):
        total = sum(sign for k, sign in enumerate(pattern) if at >> k & 1)
        found.append((total - (at.bit_count() & 1)) // 2)
    return found


def _parity(size: int) -> int:
    """Return the parity of some bits as a truth."""
    return sum((at.bit_count() & 1) << at for at in range(1 << size))


class _Made:
    """Tables of groups, and the terms of outputs that they leave."""

    def __init__(self, b: Builder, bits: Bits, signs: Signs, options: Options) -> None:
        self.b, self.bits, self.signs, self.options = b, bits, signs, options
        self.terms: list[list[Term]] = [[] for _ in range(signs.shape[1])]
        self.constants = [0] * signs.shape[1]
        self.parities: list[Signal] = []
        self.left = set(range(len(signs)))
        self.cost = 0.0

    def enter(self, groups: Sequence[tuple[int, ...]]) -> None:
        """Enter groups, whose tables stand side by side."""
        wanted: dict[tuple[tuple[int, ...], int], None] = {}
        for group in groups:
            wanted[group, _parity(len(group))] = None
            for pattern in dict.fromkeys(self._patterns(group)):
                if all(pattern):
                    wanted.update(((group, truth), None) for truth in _columns(pattern))
        found = dict(zip(wanted, self._tables(list(wanted)), strict=True))
        for group in groups:
            self._enter(group, {truth: x for (own, truth), x in found.items() if own == group})

    def _patterns(self, group: tuple[int, ...]) -> list[tuple[int, ...]]:
        return [tuple(row) for row in self.signs[list(group)].T.tolist()]

    def _enter(self, group: tuple[int, ...], found: Mapping[int, Signal]) -> None:
        self.left -= set(group)
        column, odd = self.bits.column, found[_parity(len(group))]
        self.parities.append(odd)
        for j, pattern in enumerate(self._patterns(group)):
            if all(pattern):
                self.constants[j] += min(_values(pattern)) << (column + 1)
                for k, truth in enumerate(_columns(pattern)):
                    self.terms[j].append(Term(column + 1 + k, found[truth]))
            else:
                self.constants[j] -= 1 << column
                self.terms[j].append(Term(column, odd, INVERTED))
                self._as_they_are(j, group)

    def _as_they_are(self, j: int, places: Sequence[int]) -> None:
        for i in places:
            if sign := int(self.signs[i, j]):
                self.constants[j] -= (sign < 0) << self.bits.column
                self.terms[j].append(_term(self.bits.column, self.bits.signals[i], sign))

    def _tables(self, wanted: Sequence[tuple[tuple[int, ...], int]]) -> list[Signal]:
        """Return functions of groups, two of up to five bits in a look-up table."""
        places = list(dict.fromkeys(i for group, _ in wanted for i in group))
        operands = Places()
        picks = tuple(operands.of(self.bits.signals[i]) for i in places)
        ins, found = tuple(operands.wires), list[Signal]()
        for first in range(0, len(wanted), _WORD):
            some = wanted[first : first + _WORD]
            columns = [spread(Function(group, truth), places) for group, truth in some]
            values = tuple(
                sum((column >> at & 1) << k for k, column in enumerate(columns))
                for at in range(1 << len(places))
            )
            wire = self.b.table(PlacedTable(ins, picks, values, "counts that outputs share"))
            found += [(wire, k) for k in range(len(some))]
        self.cost += len(wanted) / 2 if len(places) <= PAIRED else len(wanted)
        return found

    def shared(self, inside: Sequence[int]) -> Shared:
        """Return everything, with the sum of the parities in front of those that take part."""
        column, own = self.bits.column, direct(self.bits)
        terms, constants = list(own.terms), list(own.constants)
        parities = [Term(0, parity) for parity in self.parities]
        heap = heap_of(parities, 0, 0, len(parities), self.options)
        word: Wire = built(self.b, heap)
        common = [Term(column + k, signal_) for k, signal_ in _bits_of(self.b, word)]
        for place, j in enumerate(inside):
            self._as_they_are(place, sorted(self.left))
            if len(self.terms[place]) + len(common) < len(terms[j]):
                terms[j] = (*common, *self.terms[place])
                constants[j] = self.constants[place]
        return Shared(tuple(terms), tuple(constants), round(self.cost) + heap.cost, heap.depth)


def _bits_of(b: Builder, word: Wire) -> Iterator[tuple[int, Signal]]:
    for k in range(b.width(word)):
        found = signal(b, word, k)
        if not isinstance(found, int):
            yield k, found
