# SPDX-License-Identifier: Apache-2.0
"""The adder-graph search: greedy sharing, dissolving what does not pay, annealing.

This is the specification of the compiled core (core/search.h, core.cpp): the same decisions in the
same order from the same random numbers, so both give the same graph. It is slow; it runs where the
core was not built or numbers are wider than 64 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hwgen.logic.anneal import Moves
from hwgen.logic.problem import DELAY2, DELAY3, NONE, Options, Problem, Solution, Term
from hwgen.logic.share import share
from hwgen.logic.sums import Record, Sums, new_form

__all__ = ["run"]

_FRESH = 1 << 28  # results of the node at hand, apart from the search's own numbers


def run(problem: Problem, options: Options) -> Solution:
    """Return the adder graph of a problem."""
    n = len(problem.lo)
    wide = problem.peak >= 1 << 58
    widths = [high - low for low, high in zip(problem.lo, problem.hi, strict=True)]
    middles = [high + low for low, high in zip(problem.lo, problem.hi, strict=True)]
    s = Sums(n, options.arity, options.lam)
    for i, when in enumerate(problem.arrival):
        unit = [width if i == k else 0 for k, width in enumerate(widths)]
        s.add_signal(new_form(unit, wide), middles[i], when)
    for row in problem.rows:
        form = new_form([c * w for c, w in zip(row.coefficients, widths, strict=True)], wide)
        centre = sum(c * m for c, m in zip(row.coefficients, middles, strict=True))
        s.add_signal(form, centre, 3 * DELAY3)
    terms = [list(row.terms) for row in problem.rows]
    made = share(s, terms, options.saving, options.skew)
    moves = Moves(s, options.seed, options.arity)
    for _ in range(n):
        moves.add_node([])
    for k, row in enumerate(problem.rows):
        node = moves.nodes[moves.add_node(terms[k])]
        node.bias, node.row, node.fixed = row.bias, True, row.fixed
        s.centre[n + k] += 2 * row.bias
    for some in made:
        moves.add_node(some)
    for u in range(len(moves.nodes)):
        moves.link(u)
    moves.settle()
    moves.dissolve_all()
    moves.settle()
    moves.limit = options.limit or moves.depth() + options.slack
    plain = _write(moves, n, len(problem.rows))
    if not options.budget:
        return plain
    moves.anneal(options.budget, options.hot, options.cold)
    moves.settle()
    found = _write(moves, n, len(problem.rows))
    deep = found.depth > max(moves.limit, plain.depth) + DELAY2 // 2
    return plain if deep or found.score >= plain.score else found


@dataclass
class _Text:
    """Adders so far, and where the search's signals are among them."""

    at: dict[int, Term]
    adders: list[tuple[Term, ...]] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)

    def place(self, term: Term, start: int) -> Term:
        signal, shift, sign = term
        if signal < 0:
            return term
        if signal >= _FRESH:
            return signal - _FRESH + start, shift, sign
        other, low, turned = self.at[signal]
        return other, shift + low, sign * turned


def _write(moves: Moves, n: int, rows: int) -> Solution:
    """Return the adders of the present state."""
    text = _Text({i: (i, 0, 1) for i in range(n)})
    cost = depth = 0
    for i in moves.order():
        node = moves.nodes[i]
        record = Record(_FRESH)
        record.constants = text.constants
        price, when, _ = moves.s.sum(node.terms, node.fixed, node.bias, record)
        cost += price
        if node.row:
            depth = max(depth, when)
        start = n + len(text.adders)
        for parts in record.adders:
            text.adders.append(tuple(text.place(part, start) for part in parts))
        text.at[i] = text.place(record.result, start)
    results = [text.at.get(n + r, (NONE, 0, 1)) for r in range(rows)]
    return Solution(tuple(text.adders), tuple(text.constants), tuple(results), cost, depth)
