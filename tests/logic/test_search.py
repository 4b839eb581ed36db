# SPDX-License-Identifier: Apache-2.0
"""The compiled core against its specification, and the parts of the specification."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hwgen.logic import native, search, share
from hwgen.logic.anneal import canon, match
from hwgen.logic.cmvm import solve
from hwgen.logic.columns import differences, direct
from hwgen.logic.plan import Maker
from hwgen.logic.problem import Options, Problem
from hwgen.logic.sums import Record, Sums, new_form

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
        options = Options(arity=arity, budget=budget, limit=int(rng.integers(2)) * 40, seed=seed)
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
    s = Sums(12, 3, 8)
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
    s = Sums(5, 3, 8)
    for i in range(5):
        s.add_signal(new_form([15 * (i == k) for k in range(5)], False), -1, 0)
    record = Record(100)
    cost, when, sign = s.sum([(i, 0, 1) for i in range(5)], True, 3, record)
    assert (when, sign) == (26, 1)
    assert sorted(map(len, record.adders)) == [2, 3, 3]
    assert record.constants == [3]
    assert cost > 0
