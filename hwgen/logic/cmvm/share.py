# SPDX-License-Identifier: Apache-2.0
"""Greedy sharing of two-term sums between rows. core/share.h does the same.

Whenever the same two signals with the same distance and relative sign occur in several places, one
adder can serve them all. The pair that saves most is taken first. Counts are kept up to date while
terms are replaced; because the count of an old pair can only fall, a queue with stale entries finds
the next best pair without a rescan.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable

from hwgen.logic.cmvm.problem import DELAY2, Term
from hwgen.logic.cmvm.sums import Sums

SPAN = 128  # shifts differ by less

# Left signal, right signal, shift of right less that of left, do the signs differ.
Pair = tuple[int, int, int, bool]


def pair_of(p: Term, q: Term) -> Pair:
    """Return what two terms have in common with others: the left one has the smaller number."""
    if q[:2] < p[:2]:
        p, q = q, p
    return p[0], q[0], q[1] - p[1], p[2] != q[2]


def share(s: Sums, rows: list[list[Term]], saving: int, skew: int) -> list[list[Term]]:
    """Replace pairs in *rows* that pay; return the terms of the new signals, in order.

    *saving* and *skew* are as in `Options`.
    """
    return _Sharing(s, rows, saving, skew).run()


class _Sharing:
    def __init__(self, s: Sums, rows: list[list[Term]], saving: int, skew: int) -> None:
        self.s, self.rows, self.saving, self.skew = s, rows, saving, skew
        counts = Counter(
            pair_of(row[i], row[j]) for row in rows for i in range(len(row)) for j in range(i)
        )
        self.counts: dict[Pair, int] = {pair: n for pair, n in counts.items() if n >= 2}
        self.costs: dict[Pair, int] = {}
        self.where: list[list[int]] = [[] for _ in s.form]  # rows that have the signal, or had it
        for r, row in enumerate(rows):
            for signal, _, _ in row:
                if self.where[signal][-1:] != [r]:
                    self.where[signal].append(r)
        self.queue: list[tuple[int, Pair, int]] = []
        self.made: list[list[Term]] = []

    def run(self) -> list[list[Term]]:
        for pair in self.counts:
            self._push(pair)
        while self.queue:
            _, pair, count = heapq.heappop(self.queue)
            if self.counts[pair] != count:
                self._push(pair)
                continue
            matches = self._matches(pair)
            found = sum(len(places) for _, places in matches)
            if found < count:  # a signal paired with itself: occurrences overlapped
                self.counts[pair] = found
                self._push(pair)
            else:
                self._replace(pair, matches)
        return self.made

    @staticmethod
    def _terms(pair: Pair) -> tuple[Term, Term]:
        a, b, apart, differ = pair
        return (a, max(-apart, 0), 1), (b, max(apart, 0), -1 if differ else 1)

    def _push(self, pair: Pair) -> None:
        count = self.counts[pair]
        if count < 2:
            return
        cost = self.costs.get(pair)
        if cost is None:
            cost = self.costs[pair] = self.s.pair(self._terms(pair))[0]
        score = count * self.saving - 16 * cost if self.s.arity == 3 else 16 * (count - 1) * cost
        score -= self.skew * abs(self.s.arrival[pair[0]] - self.s.arrival[pair[1]])
        if score > 0:
            heapq.heappush(self.queue, (-score, pair, count))

    def _matches(self, pair: Pair) -> list[tuple[int, list[tuple[int, int]]]]:
        a, b, apart, differ = pair
        relative = -1 if differ else 1
        first, second = self.where[a], self.where[b]
        found = []
        for r in first if len(first) < len(second) else second:
            row = self.rows[r]
            place = {term: j for j, term in enumerate(row)}
            taken: set[int] = set()
            places = []
            for i, (signal, shift, sign) in enumerate(row):
                if signal != a or i in taken:
                    continue
                j = place.get((b, shift + apart, sign * relative))
                if j is not None and j not in taken:
                    taken |= {i, j}
                    places.append((i, j))
            if places:
                found.append((r, places))
        return found

    def _replace(self, pair: Pair, matches: list[tuple[int, list[tuple[int, int]]]]) -> None:
        self.counts[pair] = 0
        s, terms = self.s, self._terms(pair)
        _, turned, form, centre = s.pair(terms)
        sign = -1 if turned else 1
        when = max(s.arrival[pair[0]], s.arrival[pair[1]]) + DELAY2
        new = s.add_signal(form, centre, when)
        self.made.append([(signal, shift, sign * own) for signal, shift, own in terms])
        self.where.append([r for r, _ in matches])
        fresh: Counter[Pair] = Counter()
        for r, places in matches:
            row = self.rows[r]
            taken = {i for place in places for i in place}
            gone = [term for i, term in enumerate(row) if i in taken]
            kept = [term for i, term in enumerate(row) if i not in taken]
            come = [(new, row[i][1] - terms[0][1], row[i][2] * sign) for i, _ in places]
            for other in _pairs(gone, kept):
                if other in self.counts:
                    self.counts[other] -= 1
            fresh.update(_pairs(come, kept))
            self.rows[r] = kept + come
        for other, count in fresh.items():
            if count >= 2:
                self.counts[other] = count
                self._push(other)


def _pairs(some: list[Term], others: list[Term]) -> Iterable[Pair]:
    """Return the pairs of *some* with *others* and among themselves."""
    for i, term in enumerate(some):
        for other in others:
            yield pair_of(term, other)
        for j in range(i):
            yield pair_of(term, some[j])
