# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hwgen.logic.builder import Builder, Logic
from hwgen.logic.cmvm import native
from hwgen.logic.cmvm import solve as solver
from hwgen.logic.cmvm.columns import centred, differences, direct, signed_digits
from hwgen.logic.cmvm.problem import Options, Problem, Solution
from hwgen.logic.cmvm.solve import AdderGraph, apply, solve
from hwgen.logic.evaluate import evaluate
from hwgen.logic.matvec import matvec
from hwgen.logic.nodes import Add, Add3, Const, In, Shl, adder_positions

Rng = np.random.Generator


def matrix(rng: Rng, n_in: int, n_out: int, bits: int, zeros: float) -> np.ndarray:
    weight = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (n_in, n_out))
    weight[rng.random((n_in, n_out)) < zeros] = 0
    return weight


def build(weight: np.ndarray, lo, hi, bias=None, arity=2) -> tuple[Logic, Builder]:
    b = Builder(arity)
    b.layer = "fc"
    ins = [b.input("x", i, int(lo[i]), int(hi[i])) for i in range(len(lo))]
    return Logic.of(b, [("y", matvec(b, weight, ins, bias))]), b


def adders(logic: Logic) -> int:
    return sum(isinstance(node, Add | Add3) for node in logic.nodes)


def exact_interval(weight, bias, lo, hi):
    w = np.asarray(weight, object)
    up, down = np.maximum(w, 0).T, np.minimum(w, 0).T
    lo, hi = np.asarray(lo, object), np.asarray(hi, object)
    return up @ lo + down @ hi + bias, up @ hi + down @ lo + bias


@pytest.mark.parametrize(
    ("n_in", "n_out", "bits", "zeros"),
    [(1, 1, 8, 0), (3, 7, 2, 0.2), (8, 8, 6, 0), (16, 5, 6, 0.6), (20, 12, 9, 0.9), (12, 30, 2, 0)],
)
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("arity", [2, 3])
def test_equals_numpy_and_intervals_are_exact(rng: Rng, n_in, n_out, bits, zeros, with_bias, arity):
    for _ in range(5):
        weight = matrix(rng, n_in, n_out, bits, zeros)
        bias = rng.integers(-200, 200, n_out) if with_bias else np.zeros(n_out, np.int64)
        lo = rng.integers(-40, 10, n_in)
        hi = lo + rng.integers(0, 40, n_in)  # some inputs are constants
        logic, _ = build(weight, lo, hi, bias.tolist() if with_bias else None, arity)
        x = rng.integers(lo, hi + 1, (200, n_in))
        out = evaluate(logic, {"x": x}, check=True)["y"]
        assert np.array_equal(out, x @ weight + bias)
        ((_, wires),) = logic.outputs
        low, high = exact_interval(weight, bias, lo, hi)
        assert [logic.lo[w] for w in wires] == low.tolist()
        assert [logic.hi[w] for w in wires] == high.tolist()


def test_wide_integers_stay_exact() -> None:
    weight = np.array([[(1 << 70) + 5, -3], [-(1 << 65), 1 << 62]], object)
    bias = [1 << 80, -7]
    logic, _ = build(weight, [-(1 << 40), 0], [1 << 40, 9], bias)
    x = np.array([[-(1 << 40), 9], [1 << 40, 0], [123456789, 4]], object)
    out = evaluate(logic, {"x": x}, check=True)["y"]
    assert np.array_equal(out, x @ weight + np.array(bias, object))


def test_shapes_without_work_cost_nothing() -> None:
    logic, _ = build(np.zeros((4, 3), np.int64), [0] * 4, [7] * 4, [5, 0, -2])
    assert [type(n) for n in logic.nodes] == [Const] * 3
    logic, _ = build(np.array([[1, 0, -8], [0, 4, 0]]), [3, 3], [3, 3])
    assert all(isinstance(n, Const) for n in logic.nodes)
    logic, _ = build(np.array([[1, 0], [0, 4]]), [-3, -3], [3, 3])
    assert {type(n) for n in logic.nodes} == {In, Shl}


def test_equal_shifted_and_negated_columns_share() -> None:
    column = np.array([[3], [-5], [7], [11]])
    one, _ = build(column, [-8] * 4, [7] * 4)
    same, _ = build(np.hstack([column, column, 4 * column]), [-8] * 4, [7] * 4)
    assert adders(same) == adders(one)
    opposite, _ = build(np.hstack([column, -column]), [-8] * 4, [7] * 4)
    assert adders(opposite) == adders(one) + 1
    biased, _ = build(np.hstack([column, -column]), [-8] * 4, [7] * 4, [0, 9])
    assert adders(biased) == adders(one) + 1  # 9 - sum: the sign costs nothing


@pytest.mark.parametrize("arity", [2, 3])
def test_negation_is_made_only_for_an_all_negative_sum(
    arity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwgen.logic.matvec.FEW", -1)  # adders, no heaps of bits

    def negations(weight, bias=None) -> int:
        logic, _ = build(np.array(weight), [-8] * len(weight), [7] * len(weight), bias, arity)
        zero = {w for w, n in enumerate(logic.nodes) if n == Const(0)}
        return sum(isinstance(n, Add | Add3) and n.a in zero for n in logic.nodes)

    assert negations([[-1], [-1], [-1], [1]]) == 0
    assert negations([[-1], [-4], [2], [-1], [-1]]) == 0
    assert negations([[-1], [-1], [-1]], [1]) == 0
    assert negations([[-1], [-1], [-1]]) == 1


def test_repeated_and_shifted_wires_are_merged() -> None:
    b = Builder()
    x = b.input("x", 0, -8, 7)
    wires = matvec(b, np.array([[3], [-1], [1]]), [x, b.shl(x, 1), x])
    assert b.nodes[wires[0]] == Shl(x, 1)  # 3x - 2x + x


def test_a_wide_layer_is_solved_in_blocks(rng: Rng, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "PAIR_LIMIT", 50)
    weight = matrix(rng, 24, 6, 6, 0.3)
    solver._solve.cache_clear()
    logic, _ = build(weight, [-8] * 24, [7] * 24)
    solver._solve.cache_clear()
    x = rng.integers(-8, 8, (100, 24))
    assert np.array_equal(evaluate(logic, {"x": x}, check=True)["y"], x @ weight)


@pytest.mark.parametrize("arity", [2, 3])
def test_sharing_pays(rng: Rng, arity: int) -> None:
    for shape in ((16, 16), (32, 8), (16, 32)):
        weight = matrix(rng, *shape, 6, 0.2)
        plan = plan_of(weight, arity=arity)
        terms = sum(len(signed_digits(int(v))) for v in weight.flat)
        unshared = (terms - shape[1]) / (arity - 1)
        assert plan.adders < 0.85 * unshared
        assert plan.depth <= 8 if arity == 2 else 6


def plan_of(weight: np.ndarray, lo: int = -128, hi: int = 127, **options) -> AdderGraph:
    rows, columns = weight.shape
    return solve(weight, [0] * columns, [lo] * rows, [hi] * rows, **options)


def test_three_operands_save_a_third(rng: Rng) -> None:
    weight = matrix(rng, 16, 16, 6, 0.5)
    assert plan_of(weight, arity=3).bits < 0.68 * plan_of(weight, arity=2).bits


def test_differences_of_columns_pay_for_signs(rng: Rng) -> None:
    weight = rng.choice([-1, 1], (32, 32))
    found = differences(weight, [0] * 32, 1)
    assert found is not None
    plan = plan_of(weight, 0, 1, arity=3)
    whole = direct(weight, [0] * 32)
    ends = (0,) * 32, (1,) * 32, (0,) * 32
    plain = native.run(Problem(*ends, whole.rows), Options(saving=60, budget=1_000_000))
    assert plain is not None
    assert plan.bits < 0.9 * plain.cost
    assert differences(matrix(rng, 16, 16, 6, 0.2), [0] * 16, 1) is None


def test_weights_of_one_sign_share_a_sum(rng: Rng) -> None:
    weight = rng.integers(129, 256, (12, 12))
    weight[:, 5] = 0  # gains nothing by the shared sum
    weight[:, 7] = 2 * weight[:, 6]
    bias = list(range(-6, 6))
    found = centred(weight, bias)
    assert found is not None
    whole = direct(weight, bias)
    terms = [sum(len(row.terms) for row in rows) for rows in (found.rows, whole.rows)]
    assert terms[0] < 0.75 * terms[1]
    ends = (-128,) * 12, (127,) * 12, (0,) * 12
    plain = native.run(Problem(*ends, whole.rows), Options(arity=2, budget=1_000_000))
    plan = solve(weight, bias, *map(list, ends[:2]), arity=2)
    assert plain is not None
    assert plan.bits < 0.88 * plain.cost
    assert np.array_equal(plan.matrix()[0], weight)
    assert plan.matrix()[1].tolist() == bias
    assert centred(matrix(rng, 16, 16, 3, 0.8), [0] * 16) is None
    assert centred(weight << 12, bias) is None  # too many constants to try


def test_a_rivals_sums_are_read_as_they_are(rng: Rng) -> None:
    from tests.benchmarks.adders.graphs import Shape, read

    shape, weight = Shape("", 2, 0, 7, 1), np.array([[5, 3], [-2, 1]])
    program = {
        "sums": [
            [[0, 0, 1], [0, 2, 1]],
            [[2, 0, 1], [1, 1, -1]],
            [[0, -1, 1], [0, 0, 1], [1, -1, 1]],
        ],
        "outputs": [[3, 0, 1], [4, 1, 1]],
    }
    plan = read(shape, weight, 3, program)
    assert (plan.adders, plan.depth) == (3, 2)
    program["outputs"][1][2] = -1
    with pytest.raises(AssertionError, match="not the matrix"):
        read(shape, weight, 3, program)


def test_the_adders_of_small_matrices_stay_few_and_shallow() -> None:
    """Carry positions and depth in adders of docs/measurements/adders.md, once reached."""
    from tests.benchmarks.adders.cases import matrices

    reached = {"d8x8b6": (592, 3), "s16x16b6p50": (991, 3), "s32x32b6p90": (988, 3)}
    for case in matrices():
        if case.name in reached:
            lo, hi = case.interval()
            plan = plan_of(case.layers[0].weight, lo, hi, arity=3)
            bits, depth = reached[case.name]
            assert plan.bits <= 1.02 * bits
            assert plan.depth <= depth


def test_effort_pays(rng: Rng) -> None:
    weight = matrix(rng, 12, 12, 6, 0.2)
    bits = [plan_of(weight, arity=3, effort=effort).bits for effort in (0, 1)]
    assert bits[1] < bits[0]
    assert plan_of(weight, arity=3, seed=2).matrix()[0].tolist() == weight.tolist()


def test_a_late_input_is_added_last() -> None:
    weight = np.ones((9, 1), np.int64)
    plan = solve(weight, [0], [-8] * 9, [7] * 9, arity=3, arrival=[0] * 8 + [60])
    reads = [step for step in plan.steps if any(i == 8 for i, *_ in step.parts)]
    assert reads == [plan.steps[-1]]


def test_a_bias_rides_along_with_an_even_sum(rng: Rng) -> None:
    weight = np.array([[1], [1]])
    assert solve(weight, [5], [-8] * 2, [7] * 2, arity=3).adders == 1
    assert solve(weight, [-5], [-8] * 2, [7] * 2, arity=3).adders == 1


def test_positions_are_those_of_the_logic(rng: Rng) -> None:
    weight = matrix(rng, 10, 8, 6, 0.3)
    plan = plan_of(weight, arity=3)
    logic, _ = build(weight, [-128] * 10, [127] * 10, arity=3)
    counted = sum(adder_positions(logic, wire) for wire in range(len(logic.nodes)))
    assert plan.bits == counted


@pytest.mark.parametrize(
    ("move", "message"), [((0, 1), "not the matrix"), ((1, 0), "not the matrix")]
)
def test_a_wrong_plan_is_refused(monkeypatch: pytest.MonkeyPatch, move, message) -> None:
    real = solver._build

    def broken(*args):
        (i, shift), other = real(*args)
        return [(i, shift + move[1]), other] if move[1] else [other, (i, shift)]

    monkeypatch.setattr(solver, "_build", broken)
    solver._solve.cache_clear()
    with pytest.raises(AssertionError, match=message):
        solve(np.array([[3, 1], [5, 7]]), [0, 0], [0, 0], [7, 7])
    solver._solve.cache_clear()


def test_a_plan_serves_every_position() -> None:
    weight = np.array([[3, -1], [5, 6]])
    plan = solve(weight, [1, 2], [-8, -8], [7, 7])
    assert solve(weight, [1, 2], [-8, -8], [7, 7]) is plan
    b = Builder()
    ins = [b.input("x", i, -8, 7) for i in range(4)]
    wires = [*apply(plan, b, ins[:2]), *apply(plan, b, ins[2:])]
    logic = Logic.of(b, [("y", wires)])
    x = np.array([[1, -2, 3, -4], [-8, 7, 7, -8]])
    y = np.hstack([x[:, :2] @ weight + [1, 2], x[:, 2:] @ weight + [1, 2]])
    assert np.array_equal(evaluate(logic, {"x": x}, check=True)["y"], y)


def test_deterministic(rng: Rng) -> None:
    weight = matrix(rng, 16, 16, 6, 0.3)
    first = solve(weight, [0] * 16, [-8] * 16, [7] * 16)
    solver._solve.cache_clear()
    assert solve(weight, [0] * 16, [-8] * 16, [7] * 16) == first


def test_a_jet_tagger_takes_half_a_second_of_search(
    rng: Rng, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A search costs what its budget says; `make bench-adders` measures the seconds.
    budgets = []

    def counted(problem: Problem, options: Options) -> Solution:
        budgets.append(options.budget)
        return run(problem, options)

    run = solver._run
    monkeypatch.setattr(solver, "_run", counted)
    solver._solve.cache_clear()
    sizes = (16, 64, 32, 32, 5)
    for n, m in pairwise(sizes):
        plan_of(matrix(rng, n, m, 6, 0.4), 0, 63, arity=3)
    assert len([budget for budget in budgets if budget]) == 4  # the greedy graphs have none
    assert sum(budgets) < 45_000_000  # 37 million today


def test_more_effort_never_takes_more_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "EFFORT", tuple((a // 50, b // 50) for a, b in solver.EFFORT))
    solver._solve.cache_clear()
    gains = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows, columns = (int(v) for v in rng.integers(3, 11, 2))
        most = int(rng.choice([1, 3, 7, 31, 127, 255]))
        least = 129 if most == 255 else -most
        weight = rng.integers(least, most, (rows, columns), endpoint=True)
        weight[rng.random(weight.shape) < rng.choice([0, 0.5])] = 0
        for arity in (2, 3):
            plans = [plan_of(weight, arity=arity, effort=effort) for effort in (0, 1, 2)]
            for less, more in pairwise(plans):
                assert more.bits <= less.bits, f"matrix {seed}, {arity} operands"
                gains += more.bits < less.bits
    solver._solve.cache_clear()
    assert gains > 20
