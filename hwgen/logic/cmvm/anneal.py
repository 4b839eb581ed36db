# SPDX-License-Identifier: Apache-2.0
"""Random moves on sums of signals that trade sharing for size. core/search.h does the same."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

from hwgen.logic.cmvm.columns import signed_digits
from hwgen.logic.cmvm.nodes import Change, Nodes, Price, Random, divide, turned
from hwgen.logic.cmvm.problem import DELAY2, Term, logarithms
from hwgen.logic.cmvm.sums import Sums

REFRESH = 1024  # moves between two clean-ups
PATTERN = 64  # terms of the longest pattern
FAR = 40  # a move that is this much too dear so far is given up
ROUGH = 6  # what a move may seem too dear by before it is priced


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


def moved(terms: Sequence[Term], shift: int, sign: int) -> list[Term]:
    """Return terms shifted, and negated if *sign* is negative."""
    return [(signal, low + shift, own * sign) for signal, low, own in terms]


def first(terms: Sequence[Term], v: int) -> Term:
    """Return the lowest term of a signal."""
    return next(term for term in terms if term[0] == v)


class Moves(Nodes):
    """The moves."""

    def __init__(self, s: Sums, seed: int) -> None:
        super().__init__(s)
        self.random = Random(seed)

    def dissolve_all(self) -> None:
        """Dissolve shared signals for as long as the sums get no dearer without them."""
        for _ in range(4):
            changed = [self.dissolve(v, 0) for v in range(len(self.nodes) - 1, -1, -1)]
            if not any(changed):
                return

    def flatten(self) -> None:
        """Write out what makes rows late, latest first, until they are in time."""
        arrival = self.s.arrival
        for u in self.order():
            node = self.nodes[u]
            while node.row and arrival[u] > self.limit and len(node.terms) > 1:
                self.sum_of(u, trace=True)
                ends = [
                    (arrival[v] + behind, arrival[v], -i)
                    for i, ((v, _, _), behind) in enumerate(
                        zip(node.terms, self.s.behind, strict=True)
                    )
                    if self._shared(v) and arrival[v] + behind > self.limit
                ]
                if not ends:
                    break
                terms = self._without(node.terms, node.terms[-max(ends)[2]][0])
                self._accept([(u, terms, self.price(u, terms))])

    def anneal(self, budget: int, hot: int, cold: int) -> None:
        """Do random moves for *budget* of work while the temperature falls."""
        s, start, moves, below = self.s, self.s.work, 0, self.random.below
        live: list[int] = []
        slots: list[int] = []  # nodes, each as often as it has terms to take together
        while s.work - start < budget:
            if moves % REFRESH == 0:
                live = [i for i, node in enumerate(self.nodes) if node.terms]
                slots = [i for i in live for _ in self.nodes[i].terms[1:]]
                if not slots:
                    return
                self.refresh_tails()
            moves += 1
            s.work += 16
            done = (s.work - start) * 256 // budget
            heat = 0 if done > 248 else hot + divide((cold - hot) * done, 256)
            most = heat * logarithms()[below(1024)] >> 16
            kind = below(256)
            pool = live if kind < 32 else slots
            u = pool[below(len(pool))]
            if not self.nodes[u].terms:
                continue
            if kind < 16:
                self.dissolve(u, most)
            elif kind < 32:
                self._redefine(u, most)
            elif kind < 80:
                self._expand(u, most)
            elif kind < 88:
                self._recode(u, most)
            elif kind < 104:
                self._reuse(u, most)
            else:
                self._extract(u, most)

    def _shared(self, v: int) -> bool:
        return bool(self.nodes[v].terms) and not self.nodes[v].row

    def _gain(self, u: int, price: Price) -> int:
        """Return what a node's new terms change, lateness included."""
        late = self.late(u, price[1]) - self.late(u, self.s.arrival[u])
        return price[0] - self.nodes[u].cost + late

    def _accept(self, changes: Sequence[Change]) -> None:
        olds = [self.set_terms(change) for change in changes]
        for old in olds:
            self.collect(old)

    def _try(self, changes: Sequence[tuple[int, list[Term]]], most: int) -> bool:
        """Make changes that cost no more than *most*."""
        priced = [(u, terms, self.price(u, terms)) for u, terms in changes]
        if sum(self._gain(u, price) for u, _, price in priced) > most:
            return False
        self._accept(priced)
        return True

    def _rough(self, changes: Sequence[tuple[int, list[Term]]], so_far: int, most: int) -> bool:
        """Tell whether changes may cost no more than *most*, going by numbers of terms alone."""
        for u, terms in changes:
            so_far += self.guess(u, len(terms))
            if so_far > most + FAR:
                return False
        return so_far <= most + ROUGH

    def _saved(self, v: int, changes: Sequence[tuple[int, list[Term]]]) -> int:
        """Return what is saved because nothing reads *v* any more after the changes."""
        if v < 0:
            return 0
        new = dict(changes)
        kept = any(u not in new or any(t[0] == v for t in new[u]) for u in self.uses[v])
        return 0 if kept else self.nodes[v].cost

    def _without(self, terms: Sequence[Term], v: int) -> list[Term]:
        out: list[Term] = []
        for term in terms:
            out += moved(self.nodes[v].terms, term[1], term[2]) if term[0] == v else [term]
        return canon(out)

    def dissolve(self, v: int, most: int) -> bool:
        """Write a shared signal out in all its users, if that costs no more than *most*."""
        if not self._shared(v):
            return False
        changes = [(u, self._without(self.nodes[u].terms, v)) for u in self.users(v)]
        cost = self.nodes[v].cost
        return self._rough(changes, -cost, most) and self._try(changes, most + cost)

    def _expand(self, u: int, most: int) -> None:
        """Write a shared signal out in one user."""
        node = self.nodes[u]
        v = node.terms[self.random.below(len(node.terms))][0]
        if not self._shared(v):
            return
        terms = self._without(node.terms, v)
        if set(self.uses[v]) == {u}:
            most += self.nodes[v].cost
        if self.guess(u, len(terms)) <= most + ROUGH:
            self._try([(u, terms)], most)

    def _recode(self, u: int, most: int) -> None:
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
            self._try([(u, sorted(terms))], most)
            return

    def _redefine(self, v: int, most: int) -> None:
        """Add a term to a shared signal, or take one from it, and correct for that in its users."""
        s, node, below = self.s, self.nodes[v], self.random.below
        if node.row:
            return
        if below(256) < 64:
            signal, shift, sign = node.terms[below(len(node.terms))]
            sign = -sign
        else:
            row = self.nodes[self.uses[v][below(len(self.uses[v]))]].terms
            _, low, own = first(row, v)
            signal, shift, sign = row[below(len(row))]
            shift, sign = shift - low, sign * own
            if shift < 0 or signal == v or self.depends(signal, v):
                return
        one = [(signal, shift, sign)]
        mine = canon([*node.terms, *one])
        if len(mine) < 2 or not s.fits(mine):
            return
        changes = []
        for u in self.users(v):
            row = self.nodes[u].terms
            more = [moved(one, high, -own)[0] for w, high, own in row if w == v]
            changes.append((u, canon([*row, *more])))
        if not self._rough(changes, self.guess(v, len(mine)), most):
            return
        was = s.form[v], s.centre[v], s.arrival[v]
        form, centre = s.total(mine)
        s.set_signal(v, form, centre, was[2])
        cost, s.arrival[v], turn = s.sum(mine, False, 0, s.radius[v])
        if turn < 0:
            s.turn(v)
            mine = moved(mine, 0, -1)
            changes = [(u, turned(terms, v)) for u, terms in changes]
        made: Change = (v, mine, (cost, s.arrival[v], 0))
        priced: list[Change] = [(u, terms, self.price(u, terms)) for u, terms in changes]
        if cost - node.cost + sum(self._gain(u, price) for u, _, price in priced) > most:
            s.set_signal(v, *was)
        else:
            self._accept_redefined(made, priced)

    def _accept_redefined(self, made: Change, priced: list[Change]) -> None:
        old = self.set_terms(made)
        self._accept(priced)
        self.collect(old)

    def _reuse(self, u: int, most: int) -> None:
        """Take another sum as a term, and correct for what it has too much or too little."""
        row, opened = self._view(u)
        if len(row) < 3:
            return
        x, at, sign = row[self.random.below(len(row))]
        readers = self.uses[x]
        v = readers[self.random.below(len(readers))]
        node = self.nodes[v]
        if v in (u, opened) or node.bias or len(node.terms) < 2:
            return
        _, low, own = first(node.terms, x)
        shift, sign = at - low, sign * own
        if shift < 0:
            return
        terms = canon([*row, *moved(node.terms, shift, -sign)])
        if len(terms) > len(self.nodes[u].terms) or any(term[0] == v for term in terms):
            return
        insort(terms, (v, shift, sign))
        most += self._saved(opened, [(u, terms)])
        if self.guess(u, len(terms)) <= most + ROUGH and not self.depends(v, u):
            self._try([(u, terms)], most)

    def _view(self, u: int) -> tuple[list[Term], int]:
        """Return the terms of *u*, more often than not with an operand written out; that or -1."""
        terms = self.nodes[u].terms
        if self.random.below(256) >= 200:
            return terms, -1
        v = terms[self.random.below(len(terms))][0]
        return (self._without(terms, v), v) if self._shared(v) else (terms, -1)

    def _extract(self, u: int, most: int) -> None:
        """Make terms that two sums have in common a signal of its own."""
        node, below = self.nodes[u], self.random.below
        if len(node.terms) == 2 and not node.row:
            return
        mine, opened = self._view(u)
        if len(mine) < 2:
            return
        at = below(len(mine))
        if opened >= 0 and below(2):  # one of those that were written out
            inner = self.nodes[opened].terms
            signal, shift, _ = inner[below(len(inner))]
            wanted = signal, shift + first(node.terms, opened)[1], -1
            at = bisect_left(mine, wanted)
            if at == len(mine) or mine[at][:2] != wanted[:2]:
                return
        readers = self.uses[mine[at][0]]
        if not readers:
            return
        w, also = readers[below(len(readers))], -1
        if not self.nodes[w].row and w != u and below(256) < 160:
            also = w  # a reader's reader, the reader written out
            w = self.uses[also][below(len(self.uses[also]))]
            if w == u:
                return
        if w == opened:
            return
        other = mine if w == u else self.nodes[w].terms
        if also >= 0:
            other = self._without(other, also)
        pattern = self._common(mine, other, at, w == u)
        if len(pattern) < 2 or (len(pattern) == len(mine) and not node.row):
            return
        rare = min(range(len(pattern)), key=lambda i: len(self.uses[pattern[i][0]]))
        low, turn = min(t[1] for t in pattern), pattern[rare][2]
        pattern = moved(pattern, -low, turn)
        key = pattern[rare][0]
        self.s.work += len(self.uses[key]) // 4
        views = {u: mine} if w == u else {u: mine, w: other}
        views |= {r: self.nodes[r].terms for r in self.users(key) if r not in views}
        matches = [(r, *match(terms, pattern, rare)) for r, terms in views.items()]
        matches = [one for one in matches if one[1]]
        if sum(len(places) for _, places, _ in matches) < 2:
            return
        changes = [(r, [(0, *place) for place in places] + rest) for r, places, rest in matches]
        most += self._saved(opened, changes)
        if also != opened:
            most += self._saved(also, changes)
        rough = sum(self.guess(r, len(terms)) for r, terms in changes)
        if rough + 8 * self.s.adders(len(pattern)) <= most + ROUGH and self.s.fits(pattern):
            self._share(pattern, matches, most)

    def _share(
        self,
        pattern: list[Term],
        matches: Sequence[tuple[int, list[tuple[int, int]], list[Term]]],
        most: int,
    ) -> None:
        """Make *pattern* a signal where it matches, if that costs no more than *most*."""
        s, new = self.s, self.fresh_node()
        form, centre = s.total(pattern)
        s.set_signal(new, form, centre, 0)
        cost, s.arrival[new], turn = s.sum(pattern, False, 0, s.radius[new])
        if turn < 0:
            s.turn(new)
            pattern = moved(pattern, 0, -1)
        priced = []
        for reader, places, rest in matches:
            come = [(new, shift, turn * sign) for shift, sign in places]
            terms = sorted(come + rest)
            priced.append((reader, terms, self.price(reader, terms)))
        if cost + sum(self._gain(u, price) for u, _, price in priced) > most:
            self.drop_node(new)
            return
        node = self.nodes[new]
        node.terms, node.cost = pattern, cost
        node.tail = max(self.nodes[reader].tail for reader, _, _ in matches) + DELAY2
        self.link(new)
        self._accept(priced)

    def _common(
        self, mine: Sequence[Term], other: Sequence[Term], at: int, same: bool
    ) -> list[Term]:
        """Return terms that two sums have in common if one of them is *mine*'s number *at*."""
        below = self.random.below
        x, shift, sign = mine[at]
        places = [i for i, t in enumerate(other) if t[0] == x and not (same and i == at)]
        if not places:
            return []
        _, high, own = other[places[below(len(places))]]
        self.s.work += (len(mine) + len(other)) // 4
        there = set(other)
        apart, relative = high - shift, sign * own
        found = [t for t in mine if (t[0], t[1] + apart, t[2] * relative) in there][:PATTERN]
        if len(found) > 2 and below(256) < 160:
            fewer = 2 + below(min(len(found), 5) - 1)
            for i in range(fewer):
                j = i + below(len(found) - i)
                found[i], found[j] = found[j], found[i]
            return sorted(found[:fewer])
        return found


def match(
    terms: Sequence[Term], pattern: Sequence[Term], rare: int = 0
) -> tuple[list[tuple[int, int]], list[Term]]:
    """Return shift and sign of every occurrence of *pattern*, and the terms beside them.

    Occurrences are found by the pattern's term number *rare*.
    """
    left = set(terms)
    key, low, own = pattern[rare]
    places = []
    for signal, high, sign in terms:
        place = high - low, sign * own
        taken = moved(pattern, *place)
        if signal == key and place[0] >= 0 and left.issuperset(taken):
            places.append(place)
            left.difference_update(taken)
    return places, [term for term in terms if term in left]
