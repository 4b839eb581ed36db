# SPDX-License-Identifier: Apache-2.0
"""Search for the chains of a heap: many random greedy sums, of which the cheapest is kept.

A chain starts at a low column that has terms enough and goes on while columns above have some, so
that its positions are full: three terms, a carry and a majority that enter at the lowest. What it
results in goes back into the heap. The last chain adds up what is left, two or three a column.

This is the specification. The compiled core does the same step by step (`hwgen.logic.heap.native`).
"""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.logic.cmvm.nodes import Random
from hwgen.logic.heap.problem import NOTHING, Link, Options, Problem, Solution

_ENTER = 2  # bits beside the lowest position
_FULL = 3  # terms of a position
_PAIRS = (0, 10, 30, 60)  # percent of positions that may be of two terms, of a try
_SORTED = 70  # percent of tries that take what was there first
_LOWEST, _LOW, _LEVELS_LOWEST = 80, 80, 90  # percent of chains that start as low as they can
_CHAINS = 400  # of one sum, beyond which a try is given up


def run(problem: Problem, options: Options) -> Solution:
    """Return the sum of the least score; of equal ones the first."""
    best: Solution | None = None
    for k in range(options.tries):
        sum_ = _Sum(problem, Random(options.seed * 7919 + k), options.levels)
        found = sum_.solve()
        if found and (best is None or found.score < best.score):
            best = found
    assert best is not None
    return best


@dataclass
class _Sum:
    """A sum in the making: the terms that are left, by column."""

    problem: Problem
    random: Random
    levels: bool

    def __post_init__(self) -> None:
        self.columns = [list(column) for column in self.problem.columns]
        self.gates = list(self.problem.gates)
        self.plain = list(self.problem.plain)
        self.when = list(self.problem.when)
        self.chains: list[Link] = []
        self.level = 0
        self.pairs = _PAIRS[self.random.below(len(_PAIRS))]
        self.sorted = self.random.below(100) < _SORTED

    def solve(self) -> Solution | None:
        """Return the whole sum; None where it takes too many chains."""
        while any(len(column) > 1 for column in self.columns):
            if len(self.chains) == _CHAINS:
                return None
            start, final = self._start()
            if start == NOTHING:
                self.level += 1
            else:
                self._chain(start, final)
        rest = tuple(column[0] if column else NOTHING for column in self.columns)
        depth = max((self.when[term] for term in rest if term != NOTHING), default=0)
        return Solution(tuple(self.chains), rest, sum(c.cost for c in self.chains), depth)

    def _ready(self, column: int) -> list[int]:
        """Return the terms of a column that may be added now."""
        terms = self.columns[column]
        return [t for t in terms if self.when[t] <= self.level] if self.levels else list(terms)

    def _start(self) -> tuple[int, bool]:
        """Return where the next chain starts, and whether it shall be the last."""
        sizes = [len(column) for column in self.columns]
        low = next(c for c, size in enumerate(sizes) if size > 1)
        few = sizes[low] <= _FULL + _ENTER and max(sizes[low + 1 :], default=0) <= _FULL
        ready = [len(self._ready(c)) for c in range(len(sizes))]
        late = ready != sizes
        if few and not late:
            return low, True
        full = [c for c, size in enumerate(ready) if size >= _FULL]
        if self.levels:
            if not full:
                return (NOTHING, False) if late else (low, False)
            lowest = self.random.below(100) < _LEVELS_LOWEST
            return full[0 if lowest else self.random.below(len(full))], False
        if not full or self.random.below(100) >= _LOWEST:
            return low, False
        lowest = self.random.below(100) < _LOW
        return full[0 if lowest else self.random.below(len(full))], False

    def _chain(self, start: int, final: bool) -> None:
        """Take the terms of one chain out of the heap, and put what it results in back."""
        top = len(self.columns)
        enter = self._enter(start)
        majority = len(enter) > 1
        latest = max([self.when[t] for t in enter], default=0)
        positions: list[tuple[int, ...]] = []
        column = start
        while column < top:
            ready = self._ready(column)
            if final:
                if not ready and not majority and not any(self.columns[column:]):
                    break
            else:
                needed = _FULL if self.random.below(100) >= self.pairs else _FULL - 1
                if len(ready) < needed and column > start:
                    break
            took = self._take(column, ready)
            latest = max([latest, *(self.when[t] for t in took)])
            positions.append(took)
            majority = majority + len(took) > 2
            column += 1
        link = Link(start, enter, tuple(positions))
        self.chains.append(link)
        for k in range(link.made(top)):
            self.columns[min(start + k, column)].append(len(self.gates))
            self.gates.append(NOTHING)
            self.plain.append(True)
            self.when.append(self.level + 1 if self.levels else latest + 1)

    def _enter(self, start: int) -> tuple[int, ...]:
        """Take what is too much for the lowest position, if it may enter beside it."""
        ready = self._ready(start)
        sign = -1 if self.levels else 1
        ready.sort(key=lambda t: (sign * self.when[t], self.gates[t] != NOTHING))
        extra, found = len(ready) - _FULL, list[int]()
        for term in ready:
            if len(found) < min(_ENTER, extra) and self.plain[term]:
                found.append(term)
        for term in found:
            self.columns[start].remove(term)
        return tuple(found)

    def _take(self, column: int, ready: list[int]) -> tuple[int, ...]:
        """Take up to three terms of a column that have one gate at most among them."""
        keyed = [(self.random.below(1 << 30), t) for t in ready]
        if self.levels:
            keyed.sort(key=lambda pair: (-self.when[pair[1]], pair[0]))
        elif self.sorted:
            keyed.sort(key=lambda pair: (self.when[pair[1]], pair[0]))
        else:
            keyed.sort(key=lambda pair: pair[0])
        took: list[int] = []
        gate = NOTHING
        for _, term in keyed:
            own = self.gates[term]
            if len(took) < _FULL and (own == NOTHING or gate in (NOTHING, own)):
                took.append(term)
                gate = gate if own == NOTHING else own
                self.columns[column].remove(term)
        return tuple(took)
