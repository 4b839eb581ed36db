# SPDX-License-Identifier: Apache-2.0
"""Canonical signed digits and the greedy sharing of two-term subexpressions between columns.

A column is a sum of *terms*: a signal, shifted left, added or subtracted. Whenever the same pair
of signals with the same relative shift and sign occurs in several places, one adder can serve them
all. The pair that saves most is taken first. Counts are kept up to date while terms are replaced;
because the count of an old pair can only fall, a priority queue with stale entries finds the next
best pair without a rescan.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

# A column: code (signal << bits | shift) -> is the term subtracted?
Column: TypeAlias = dict[int, bool]


def signed_digits(value: int) -> tuple[tuple[int, bool], ...]:
    """Return the canonical signed digits of *value* as ``(shift, is negative)``, lowest first.

    >>> signed_digits(7)
    ((0, True), (3, False))
    """
    digits = []
    shift = 0
    while value:
        if value & 1:
            negative = value & 3 == 3
            digits.append((shift, negative))
            value += 1 if negative else -1
        value >>= 1
        shift += 1
    return tuple(digits)


class Signals(Protocol):
    """What the search needs to know of signals: how wide they are, and how to make a new one."""

    width: list[int]
    depth: list[int]

    def add(self, a: int, shift_a: int, b: int, shift_b: int, sub: bool) -> int:
        """Return the signal ``(a << shift_a) +- (b << shift_b)``."""


class Sharing:
    """The state of one search: columns, pair counts, and the queue of pairs.

    Args:
        signals: makes the adders.
        columns: terms of every column as ``(signal, shift, is negative)``.
    """

    def __init__(
        self, signals: Signals, columns: Sequence[Sequence[tuple[int, int, bool]]]
    ) -> None:
        self.signals = signals
        top = max((shift for terms in columns for _, shift, _ in terms), default=0)
        self.span = top + 1
        self.bits = (2 * self.span).bit_length()
        self.mask = (1 << self.bits) - 1
        # 40 bits for the right code leave 23 for the left signal in a 64-bit key.
        self.high = 41
        self.columns: list[Column] = [
            {(sig << self.bits) | shift: neg for sig, shift, neg in terms} for terms in columns
        ]
        self.where: dict[int, set[int]] = {}
        for index, column in enumerate(self.columns):
            for code in column:
                self.where.setdefault(code >> self.bits, set()).add(index)
        self.counts = self._count_all()
        self.queue = [self._entry(key, n) for key, n in self.counts.items()]
        heapq.heapify(self.queue)

    def run(self) -> None:
        """Replace pairs until none occurs twice."""
        queue, counts = self.queue, self.counts
        while queue:
            entry = heapq.heappop(queue)
            key = entry[-1]
            count = counts.get(key, 0)
            if count < 2:
                counts.pop(key, None)
            elif count != entry[-2]:
                heapq.heappush(queue, self._entry(key, count))
            else:
                del counts[key]
                self._extract(key)

    def terms(self, index: int) -> list[tuple[int, int, bool]]:
        """Return what is left of a column."""
        column = self.columns[index]
        return [(code >> self.bits, code & self.mask, column[code]) for code in sorted(column)]

    # A key names a pair (left, right), left having the smaller code:
    # left signal | right signal | shift of right - shift of left + span | signs differ
    def _left(self, code: int) -> int:
        return ((code >> self.bits) << self.high) + ((self.span - (code & self.mask)) << 1)

    def _parts(self, key: int) -> tuple[int, int, int, bool]:
        rest = (key & ((1 << self.high) - 1)) >> 1
        a, b = key >> self.high, rest >> self.bits
        return a, b, (rest & self.mask) - self.span, bool(key & 1)

    def _count_all(self) -> dict[int, int]:
        chunks: list[npt.NDArray[np.int64]] = []
        for column in self.columns:
            codes = sorted(column)
            left = np.array([self._left(c) for c in codes], np.int64)
            right = np.array(codes, np.int64) << 1
            neg = np.array([column[c] for c in codes], np.int64)
            i, j = np.triu_indices(len(codes), 1)
            chunks.append(left[i] + right[j] + (neg[i] ^ neg[j]))
        if not chunks:
            return {}
        keys, counts = np.unique(np.concatenate(chunks), return_counts=True)
        often = counts >= 2
        return dict(zip(keys[often].tolist(), counts[often].tolist(), strict=True))

    def _entry(self, key: int, count: int) -> tuple[int, int, int, int]:
        a, b, shift, _ = self._parts(key)
        width, depth = self.signals.width, self.signals.depth
        # An adder saved is worth about the bits in which its operands overlap.
        overlap = max(min(width[a], width[b] + shift) - max(0, shift), 1)
        return ((1 - count) * overlap, max(depth[a], depth[b]), count, key)

    def _matches(self, key: int) -> list[tuple[int, int, int]]:
        a, b, shift, differ = self._parts(key)
        found = []
        for index in sorted(self.where[a] & self.where[b]):
            column = self.columns[index]
            used: set[int] = set()
            for low in range(max(0, -shift), self.span - max(0, shift)):
                left, right = (a << self.bits) | low, (b << self.bits) | (low + shift)
                if (
                    left in column
                    and right in column
                    and left not in used
                    and ((column[left] != column[right]) == differ)
                ):
                    found.append((index, left, right))
                    used.add(right)
        return found

    def _extract(self, key: int) -> None:
        matches = self._matches(key)
        if len(matches) < 2:  # a signal paired with itself: occurrences overlapped
            return
        a, b, shift, differ = self._parts(key)
        shift_a, shift_b = max(0, -shift), max(0, shift)
        # The operand with the lower end stays positive: its low bits then pass without carry.
        flip = differ and shift < 0
        if differ and shift == 0:
            flip = 2 * sum(self.columns[i][left] for i, left, _ in matches) > len(matches)
        if flip:
            new = self.signals.add(b, shift_b, a, shift_a, True)
        else:
            new = self.signals.add(a, shift_a, b, shift_b, differ)
        fresh: Counter[int] = Counter()
        self.where.setdefault(new, set()).update(i for i, _, _ in matches)
        placed = []
        for index, left, right in matches:
            column = self.columns[index]
            shift = min(left & self.mask, right & self.mask)
            placed.append((column, (new << self.bits) | shift, column[right if flip else left]))
            self._forget(column, left)
            self._forget(column, right)
        for column, code, neg in placed:
            self._learn(column, code, neg, fresh)
            column[code] = neg
        for pair, count in fresh.items():
            if count >= 2:
                self.counts[pair] = count
                heapq.heappush(self.queue, self._entry(pair, count))

    def _forget(self, column: Column, code: int) -> None:
        """Take a term out of a column, and its pairs out of the counts."""
        neg = column.pop(code)
        counts, bits, mask, high = self.counts, self.bits, self.mask, self.high
        mine, right, span2 = self._left(code), code << 1, 2 * self.span
        for other, sign in column.items():
            if other < code:
                key = ((other >> bits) << high) + span2 - ((other & mask) << 1) + right
            else:
                key = mine + (other << 1)
            if sign is not neg:
                key += 1
            if key in counts:
                counts[key] -= 1

    def _learn(self, column: Column, code: int, neg: bool, fresh: Counter[int]) -> None:
        """Count the pairs that a new term makes; the newest signal is always the right one."""
        bits, mask, high, right = self.bits, self.mask, self.high, (code << 1) + 2 * self.span
        signal = code >> bits
        keys = []
        for other, sign in column.items():
            if other >> bits == signal:
                low, up = min(other, code), max(other, code)
                key = self._left(low) + (up << 1)
            else:
                key = ((other >> bits) << high) - ((other & mask) << 1) + right
            keys.append(key if sign is neg else key + 1)
        fresh.update(keys)
