# SPDX-License-Identifier: Apache-2.0
"""The compiled core against its specification, and the parts of the specification."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hwgen.logic.cmvm import native, search, share
from hwgen.logic.cmvm.adder_graph import Maker
from hwgen.logic.cmvm.anneal import Moves, canon, match
from hwgen.logic.cmvm.columns import differences, direct
from hwgen.logic.cmvm.problem import DELAY2, DELAY3, Options, Problem, least_delay
from hwgen.logic.cmvm.solve import solve
from hwgen.logic.cmvm.sums import Record, Sums, new_form

Rng = np.random.Generator


def random_problem(rng: Rng, most: int = 8, chained: bool = True) -> Problem:
    n, m = (int(v) for v in rng.integers(1, most + 1, 2))
    high = 1 << int(rng.integers(1, 7))
    weight = rng.integers(-high, high, (n, m))
    weight[rng.random((n, m)) < 0.3] = 0
    if rng.random() < 0.3:
        weight = np.sign(weight)
    bias = rng.integers(-50, 50, m).tolist() if rng.random() < 0.5 else [0] * m
    columns = (chained and rng.random() < 0.3 and differences(weight, bias, 1)) or direct(
        weight, bias
    )
    lo = rng.integers(-20, 0, n)
    hi = lo + rng.integers(1, 40, n)
    late = rng.integers(0, 3, n) * 10
    bounds = tuple(lo.tolist()), tuple(hi.tolist()), tuple(late.tolist())
    return Problem(*bounds, columns.rows)


def test_the_core_is_built() -> None:
    assert native.library() is not None, "install the package again: its build compiles the core"


@pytest.mark.parametrize("budget", [0, 60_000])
@pytest.mark.parametrize("arity", [2, 3])
def test_core_and_specification_give_the_same_graph(rng: Rng, budget: int, arity: int) -> None:
    for seed in range(12):
        problem = random_problem(rng)
        limit, relax = (int(v) for v in rng.integers(0, 3, 2) * 14)
        options = Options(arity=arity, budget=budget, limit=limit, relax=relax, seed=seed)
        assert native.run(problem, options) == search.run(problem, options)


def test_wider_words_give_the_same_graph(rng: Rng) -> None:
    problem = random_problem(rng)
    lo, hi = (tuple(v << 24 for v in bounds) for bounds in (problem.lo, problem.hi))
    wide = Problem(lo, hi, problem.arrival, problem.rows)
    assert wide.peak >= 1 << 27
    options = Options(budget=20_000)
    assert native.run(wide, options) == search.run(wide, options)
    huge = Problem(
        tuple(v << 60 for v in lo), tuple(v << 60 for v in hi), problem.arrival, problem.rows
    )
    assert native.run(huge, options) is None
    assert len(search.run(huge, options).results) == len(problem.rows)


def test_the_specification_builds_the_rows(rng: Rng) -> None:
    for seed in range(10):
        problem = random_problem(rng, chained=False)
        found = search.run(problem, Options(arity=2 + seed % 2, budget=20_000, seed=seed))
        maker = Maker(problem.lo, problem.hi, 1 << 40)
        results = maker.extend(found, [(i, 0) for i in range(len(problem.lo))], 2 + seed % 2)
        for row, (i, shift) in zip(problem.rows, results, strict=True):
            if row.fixed and row.terms:
                wanted = [*row.coefficients, row.bias]
                assert (maker.form(i) << shift).tolist() == wanted


def test_solve_needs_no_core(rng: Rng, monkeypatch: pytest.MonkeyPatch) -> None:
    weight = rng.integers(-7, 8, (3, 2))
    args = weight, [1, 0], [-3] * 3, [3] * 3
    with_core = solve(*args, arity=3, seed=77)
    solve.__globals__["_solve"].cache_clear()
    monkeypatch.setattr(native, "run", lambda problem, options: None)
    assert solve(*args, arity=3, seed=77) == with_core


def test_counts_agree_with_a_recount(rng: Rng) -> None:
    s = Sums(3, 8)
    for i in range(12):
        s.add_signal(new_form([15 * (i == k) for k in range(12)], False), -1, 0)
    rows = [
        [
            (r, at, int(rng.choice([-1, 1])))
            for r in range(12)
            for at in range(4)
            if rng.random() < 0.4
        ]
        for _ in range(10)
    ]
    sharing = share._Sharing(s, rows, 160, 0)
    made = sharing.run()
    assert len(made) > 10
    left = Counter(
        share.pair_of(row[i], row[j])
        for row in sharing.rows
        for i in range(len(row))
        for j in range(i)
    )
    repeated = {pair: n for pair, n in left.items() if n >= 2 and pair[0] != pair[1]}
    assert {pair: sharing.counts[pair] for pair in repeated} == repeated


def test_terms_of_one_place_are_merged() -> None:
    assert canon([(3, 1, 1), (2, 0, -1), (3, 1, 1)]) == [(2, 0, -1), (3, 2, 1)]
    assert canon([(1, 0, 1), (1, 0, -1)]) == []
    assert canon([(1, 2, 1), (1, 0, -1)]) == [(1, 0, -1), (1, 2, 1)]


def test_a_pattern_is_found_shifted_and_negated() -> None:
    terms = [(0, 1, 1), (1, 1, -1), (0, 3, -1), (1, 3, 1), (2, 0, 1)]
    assert match(terms, [(0, 0, 1), (1, 0, -1)]) == ([(1, 1), (3, -1)], [(2, 0, 1)])


def test_a_sum_is_written_down_as_it_is_priced() -> None:
    s = inputs(5)
    record = Record(100)
    cost, when, sign = s.sum([(i, 0, 1) for i in range(5)], True, 3, record=record)
    assert (when, sign) == (28, 1)
    assert sorted(map(len, record.adders)) == [2, 3, 3]
    assert record.constants == [3]
    assert cost > 0


def inputs(count: int) -> Sums:
    s = Sums(3, 8)
    for i in range(count):
        s.add_signal(new_form([15 * (i == k) for k in range(count)], False), -1, 0)
    s.most = 1 << 20
    return s


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 9, 12, 18, 27, 30])
def test_a_sum_of_early_terms_is_as_shallow_as_can_be(count: int) -> None:
    s = inputs(count)
    terms = [(i, 0, 1) for i in range(count)]
    deep = [s.sum(terms, True, 0, 15 * count, mode)[:2] for mode in range(4)]
    assert min(arrival for _, arrival in deep) == least_delay(count, 3)
    if count % 2 == 0:  # where the adder of two stands is a matter of depth alone
        assert min(cost for cost, _ in deep[1::2]) <= min(cost for cost, _ in deep[::2]) + 3


def test_least_delays() -> None:
    assert [least_delay(n, 2) for n in (0, 1, 2, 3, 8, 9)] == [0, 0, 10, 20, 30, 40]
    assert [least_delay(n, 3) for n in (1, 2, 3, 4, 6, 7, 9, 18, 19)] == [
        0, DELAY2, DELAY3, 24, 24, 28, 28, 38, 42
    ]  # fmt: skip


def test_what_is_behind_a_term_and_when_it_comes_make_the_sum(rng: Rng) -> None:
    s = inputs(20)
    s.arrival = rng.integers(0, 50, 20).tolist()
    for mode in range(4):
        _, arrival, _ = s.sum([(i, 0, 1) for i in range(20)], True, 7, 300, mode, trace=True)
        assert max(a + b for a, b in zip(s.arrival, s.behind, strict=True)) == arrival
        assert min(s.behind) >= DELAY2


def test_a_late_row_is_written_out_until_it_is_in_time() -> None:
    """x0 + ... + x8 as a chain of pairs: eight adders deep, two would do."""
    s = inputs(9)
    moves = Moves(s, 1)
    for _ in range(9):
        moves.add_node([])
    last = 0
    for i in range(1, 9):
        terms = [(last, 0, 1), (i, 0, 1)]
        last = moves.add_node(sorted(terms))
        s.add_signal(*s.total(terms), 0)
        moves.link(last)
    for v in range(9, last):  # someone else reads each of them
        other = moves.add_node([(v, 0, 1), (v, 3, 1)])
        s.add_signal(*s.total(moves.nodes[other].terms), 0)
        moves.nodes[other].row = True
        moves.link(other)
    moves.nodes[last].row = True
    moves.settle()
    assert s.arrival[last] == 8 * DELAY2
    moves.limit = 4 * DELAY2
    moves.hurry()
    moves.flatten()
    assert s.arrival[last] <= moves.limit
    assert moves.s.total(moves.nodes[last].terms)[0].tolist() == [15] * 9
    assert all(moves.nodes[v].terms for v in range(9, 12)), "what others read stays"


def test_no_signal_is_made_that_the_core_has_no_room_for() -> None:
    s = inputs(2)
    assert s.fits([(0, 3, 1), (1, 0, -1)])
    assert not s.fits([(0, 17, 1), (1, 0, -1)])


def test_a_budget_is_kept_and_never_makes_it_worse(rng: Rng) -> None:
    problem = random_problem(rng, 12)
    plain = native.run(problem, Options())
    assert plain is not None
    for relax in (0, 14):
        found = native.run(problem, Options(budget=300_000, relax=relax))
        assert found is not None
        assert found.score <= plain.score
