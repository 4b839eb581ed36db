# SPDX-License-Identifier: Apache-2.0
"""Random moves on sums of signals that trade sharing for size. core/search.h does the same."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.logic.columns import signed_digits
from hwgen.logic.nodes import Change, Nodes, Random
from hwgen.logic.problem import Term, logarithms
from hwgen.logic.sums import Sums

LATE = 2  # carry positions that a tenth of an adder too late counts for
REFRESH = 1024  # moves between two clean-ups
PATTERN = 64  # terms of the longest pattern


def canon(terms: Sequence[Term]) -> list[Term]:
    """Merge terms of one signal and one shift into signed digits."""
    by_signal: dict[int, list[Term]] = {}
    for term in sorted(terms):
        by_signal.setdefault(term[0], []).append(term)
    out: list[Term] = []
    for signal, some in by_signal.items():
        if len({shift for _, shift, _ in some}) == len(some):
            out += some
        else:
            low = some[0][1]
            value = sum(sign << (shift - low) for _, shift, sign in some)
            out += [(signal, low + shift, sign) for shift, sign in signed_digits(value)]
    return out


class Moves(Nodes):
    """The moves.

    Attributes:
        limit: the depth that counts as late.
    """

    def __init__(self, s: Sums, seed: int, arity: int) -> None:
        super().__init__(s, arity)
        self.random = Random(seed)
        self.limit = 1 << 28

    def dissolve_all(self) -> None:
        """Dissolve shared signals for as long as the sums get no dearer without them."""
        for _ in range(4):
            changed = [self.dissolve(v, 0) for v in range(len(self.nodes) - 1, -1, -1)]
            if not any(changed):
                return

    def anneal(self, budget: int, hot: int, cold: int) -> None:
        """Do random moves for *budget* of work while the temperature falls."""
        s, start, moves = self.s, self.s.work, 0
        live: list[int] = []
        while s.work - start < budget:
            if moves % REFRESH == 0:
                live = [i for i, node in enumerate(self.nodes) if node.terms]
                if not live:
                    return
                self.refresh_tails()
            moves += 1
            s.work += 16
            done = (s.work - start) * 256 // budget
            heat = 0 if done > 248 else hot + _divide((cold - hot) * done, 256)
            u = live[self.random.below(len(live))]
            if not self.nodes[u].alive:
                continue
            kind = self.random.below(256)
            if kind < 40:
                self.dissolve(u, self._threshold(heat))
            elif kind < 64:
                self._expand(u, heat)
            elif kind < 80:
                self._recode(u, heat)
            elif kind < 112:
                self._reuse(u, heat)
            else:
                self._extract(u, heat)

    def _threshold(self, heat: int) -> int:
        return heat * logarithms()[self.random.below(1024)] >> 16

    def _late(self, u: int, arrival: int) -> int:
        return LATE * max(0, arrival + self.nodes[u].tail - self.limit)

    def _gain(self, change: Change) -> int:
        """Return what a node's new terms change, lateness included."""
        u, _, cost, arrival = change
        late = self._late(u, arrival) - self._late(u, self.s.arrival[u])
        return cost - self.nodes[u].cost + late

    def _without(self, u: int, v: int) -> list[Term]:
        out: list[Term] = []
        for term in self.nodes[u].terms:
            signal, shift, sign = term
            inner = self.nodes[v].terms if signal == v else None
            out += [term] if inner is None else [(q, r + shift, t * sign) for q, r, t in inner]
        return canon(out)

    def dissolve(self, v: int, most: int) -> bool:
        """Write a shared signal out in all its users, if that costs no more than *most*."""
        node = self.nodes[v]
        if node.row or not node.terms:
            return False
        change = -node.cost
        changes = []
        for u in sorted(set(self.uses[v])):
            changes.append(self.price(u, self._without(u, v)))
            change += self._gain(changes[-1])
            if change > most + 40:
                return False
        if change > most:
            return False
        for one in changes:
            self.set_terms(one)
        return True

    def _expand(self, u: int, heat: int) -> None:
        """Write a shared signal out in one user."""
        terms = self.nodes[u].terms
        v = terms[self.random.below(len(terms))][0]
        if self.nodes[v].row or not self.nodes[v].terms:
            return
        change = self.price(u, self._without(u, v))
        gain = self._gain(change)
        if set(self.uses[v]) == {u}:
            gain -= self.nodes[v].cost
        if gain <= self._threshold(heat):
            self.set_terms(change)

    def _recode(self, u: int, heat: int) -> None:
        """Try another signed-digit form of two terms of one signal: 4 - 1 = 2 + 1."""
        row = self.nodes[u].terms
        x = self.random.below(len(row))
        signal, shift, sign = row[x]
        for j, (other, high, own) in enumerate(row):
            if j == x or other != signal:
                continue
            if high == shift + 2 and own != sign:
                high -= 1
            elif high == shift + 1 and own == sign:
                high += 1
            else:
                continue
            if any(term[:2] == (signal, high) for term in row):
                return
            terms = list(row)
            terms[j], terms[x] = (signal, high, own), (signal, shift, -sign)
            change = self.price(u, terms)
            if self._gain(change) <= self._threshold(heat):
                self.set_terms(change)
            return

    def _reuse(self, u: int, heat: int) -> None:
        """Take another sum as a term, and correct for what it has too much or too little."""
        row = self.nodes[u].terms
        if len(row) < 3:
            return
        x, at, sign = row[self.random.below(len(row))]
        readers = self.uses[x]
        v = readers[self.random.below(len(readers))]
        if v == u or self.nodes[v].bias or len(self.nodes[v].terms) < 2:
            return
        inner = self.nodes[v].terms
        _, low, own = next(term for term in inner if term[0] == x)
        shift, sign = at - low, sign * own
        if shift < 0:
            return
        terms = canon([*row, *((q, r + shift, -t * sign) for q, r, t in inner)])
        if len(terms) >= len(row) or any(term[0] == v for term in terms):
            return
        terms.append((v, shift, sign))
        if self.depends(v, u):
            return
        change = self.price(u, terms)
        if self._gain(change) <= self._threshold(heat):
            self.set_terms(change)

    def _extract(self, u: int, heat: int) -> None:
        """Make terms that two sums have in common a signal of its own."""
        pattern = self._pattern(u)
        if pattern is None:
            return
        found = 0
        matches = []
        for reader in sorted(set(self.uses[pattern[0][0]])):
            places, rest = match(self.nodes[reader].terms, pattern)
            found += len(places)
            if places:
                matches.append((reader, places, rest))
        if found < 2:
            return
        most = self._threshold(heat)
        s = self.s
        price, arrival, turned = s.sum(pattern, False)
        pattern = [(signal, shift, turned * sign) for signal, shift, sign in pattern]
        form, centre = s.total(pattern)
        new = s.add_signal(form, centre, arrival)
        cost = price
        changes = []
        for reader, places, rest in matches:
            terms = [(new, shift, turned * sign) for shift, sign in places] + rest
            changes.append(self.price(reader, terms))
            cost += self._gain(changes[-1])
        if cost > most:
            s.pop_signal()
            return
        node = self.nodes[self.add_node(pattern)]
        node.cost = price
        node.tail = max(self.nodes[reader].tail + self.step for reader, _, _ in matches)
        self.link(new)
        for change in changes:
            self.set_terms(change)

    def _pattern(self, u: int) -> list[Term] | None:
        """Return terms that *u* has in common with another sum, the lowest shift 0."""
        below = self.random.below
        node = self.nodes[u]
        row = node.terms
        if len(row) < 2 or (len(row) == 2 and not node.row):
            return None
        at = below(len(row))
        x, shift, sign = row[at]
        readers = self.uses[x]
        w = readers[below(len(readers))]
        other = self.nodes[w].terms
        places = [i for i, term in enumerate(other) if term[0] == x and not (w == u and i == at)]
        if not places:
            return None
        _, high, own = other[places[below(len(places))]]
        apart, relative = high - shift, sign * own
        there = set(other)
        common = [t for t in row if (t[0], t[1] + apart, t[2] * relative) in there][:PATTERN]
        if len(common) > 2 and below(256) < 160:
            fewer = 2 + below(min(len(common), 5) - 1)
            for i in range(fewer):
                j = i + below(len(common) - i)
                common[i], common[j] = common[j], common[i]
            common = common[:fewer]
        if len(common) < 2 or (len(common) == len(row) and not node.row):
            return None
        rare = min(range(len(common)), key=lambda i: len(self.uses[common[i][0]]))
        common[0], common[rare] = common[rare], common[0]
        low, first = min(t[1] for t in common), common[0][2]
        return [(signal, shift - low, sign * first) for signal, shift, sign in common]


def match(
    terms: Sequence[Term], pattern: Sequence[Term]
) -> tuple[list[tuple[int, int]], list[Term]]:
    """Return shift and sign of every occurrence of *pattern*, and the terms beside them."""
    used: set[int] = set()
    places = []
    for i, (signal, high, own) in enumerate(terms):
        if i in used or signal != pattern[0][0]:
            continue
        shift, sign = high - pattern[0][1], own * pattern[0][2]
        if shift < 0:
            continue
        taken = [i]
        for q, low, part in pattern[1:]:
            wanted = (q, low + shift, part * sign)
            free = (
                j for j, t in enumerate(terms) if t == wanted and j not in used and j not in taken
            )
            j = next(free, None)
            if j is None:
                break
            taken.append(j)
        else:
            places.append((shift, sign))
            used.update(taken)
    return places, [term for j, term in enumerate(terms) if j not in used]


def _divide(a: int, b: int) -> int:
    """Divide as C does, towards zero."""
    return a // b if a >= 0 else -(-a // b)
