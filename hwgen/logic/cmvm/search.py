# SPDX-License-Identifier: Apache-2.0
"""The adder-graph search: greedy sharing, dissolving what does not pay, annealing.

This is the specification of the compiled core (core/search.h, core.cpp): the same decisions in the
same order from the same random numbers, so both give the same graph. It is slow; it runs where the
core was not built or numbers are wider than 64 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hwgen.logic.cmvm.anneal import Moves, canon
from hwgen.logic.cmvm.problem import DELAY3, NONE, Options, Problem, Solution, Term
from hwgen.logic.cmvm.share import share
from hwgen.logic.cmvm.sums import Record, Sums, new_form

__all__ = ["run"]

STRICT = 160  # of 256 parts of the annealing keep to the limit
_FRESH = 1 << 28  # results of the node at hand, apart from the search's own numbers


def run(problem: Problem, options: Options) -> Solution:
    """Return the adder graph of a problem."""
    n = len(problem.lo)
    wide = problem.peak >= 1 << 58
    widths = [high - low for low, high in zip(problem.lo, problem.hi, strict=True)]
    middles = [high + low for low, high in zip(problem.lo, problem.hi, strict=True)]
    s = Sums(options.arity, options.lam)
    for i, when in enumerate(problem.arrival):
        unit = [width if i == k else 0 for k, width in enumerate(widths)]
        s.add_signal(new_form(unit, wide), middles[i], when)
    for row in problem.rows:
        form = new_form([c * w for c, w in zip(row.coefficients, widths, strict=True)], wide)
        centre = sum(c * m for c, m in zip(row.coefficients, middles, strict=True))
        s.add_signal(form, centre, 3 * DELAY3)
    s.most = 4 * max(s.radius, default=0)
    terms = [list(row.terms) for row in problem.rows]
    made = share(s, terms, options.saving, options.skew)
    moves = Moves(s, options.seed)
    for some in [*([] for _ in range(n)), *terms, *made]:
        moves.add_node(canon(some))
    for node, row in zip(moves.nodes[n:], problem.rows, strict=False):
        node.bias, node.row, node.fixed = row.bias, True, row.fixed
    for k, row in enumerate(problem.rows, n):
        s.centre[k] += 2 * row.bias
    for u in range(len(moves.nodes)):
        moves.link(u)
    moves.settle()
    moves.dissolve_all()
    moves.settle()
    moves.limit = options.limit or moves.depth()
    moves.hurry()
    found = [_write(moves, n, len(problem.rows))]
    if not options.budget:
        return found[0]
    moves.flatten()
    moves.hurry()
    part = options.budget * STRICT // 256 if options.relax else options.budget
    for budget, hot in ((part, options.hot), (options.budget - part, options.hot // 2)):
        if not budget:
            break
        moves.anneal(budget, hot, options.cold)
        moves.settle()
        moves.hurry()
        found.append(_write(moves, n, len(problem.rows)))
        moves.limit += options.relax
        moves.hurry()
    return min(found, key=lambda one: one.score)


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
        price, when, _ = moves.s.sum(node.terms, node.fixed, node.bias, 0, node.mode, record)
        cost += price
        if node.row:
            depth = max(depth, when)
        start = n + len(text.adders)
        for parts in record.adders:
            text.adders.append(tuple(text.place(part, start) for part in parts))
        text.at[i] = text.place(record.result, start)
    results = [text.at.get(n + r, (NONE, 0, 1)) for r in range(rows)]
    return Solution(tuple(text.adders), tuple(text.constants), tuple(results), cost, depth)
