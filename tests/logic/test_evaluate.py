# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate, evaluate_wires
from hwgen.logic.nodes import Max, round_half_even


def one_of_each(b: Builder, a: int, c: int) -> list[int]:
    return [
        b.shl(a, 3),
        b.add(a, c, 1, 0),
        b.add(a, c, 0, 2, sub=True),
        b.mul(a, c),
        b.max(a, c),
        b.max(a, c, least=True),
        b.requant(a, 2, -3, 9),
        b.requant(a, 2, -3, 9, half=True),
        b.requant(a, 0, -3, 9),
        b.select(a, c, b.const(5)),
        b.thresh(a, (-6, 0, 7), (4, -1, 9, 2)),
        b.const(-12),
    ]


def expected(a: int, c: int) -> list[int]:
    return [
        a * 8,
        2 * a + c,
        a - 4 * c,
        a * c,
        max(a, c),
        min(a, c),
        min(max(round_half_even(a, 2), -3), 9),
        min(max(round_half_even(a - 2, 2), -3), 9),
        min(max(a, -3), 9),
        c if a < 0 else 5,
        (4, -1, 9, 2)[sum(a >= t for t in (-6, 0, 7))],
        -12,
    ]


@pytest.mark.parametrize("wide", [0, 60, 100], ids=["int64", "mixed", "object"])
def test_every_node_kind_equals_python(wide: int) -> None:
    b = Builder()
    big = 1 << wide
    ins = [b.input("x", i, -20 * big, 20 * big) for i in range(2)]
    logic = Logic.of(b, [("y", one_of_each(b, *ins))])
    grid = [-20, -9, -7, -6, -3, -2, -1, 0, 1, 2, 6, 7, 10, 20]
    x = np.array([(p * big, q * big) for p in grid for q in grid], object if wide else np.int64)
    out = evaluate(logic, {"x": x}, check=True)["y"]
    assert out.tolist() == [expected(int(p), int(q)) for p, q in x]


def test_inputs_of_any_shape_and_several_ports() -> None:
    b = Builder()
    p = [b.input("p", i, 0, 99) for i in range(4)]
    q = b.input("q", 0, 0, 99)
    logic = Logic.of(b, [("s", [b.add(p[3], q)]), ("t", [p[1], p[1]])])
    out = evaluate(logic, {"p": np.arange(8).reshape(2, 2, 2), "q": np.array([[50], [60]])})
    assert out["s"].tolist() == [[53], [67]]
    assert out["t"].tolist() == [[1, 1], [5, 5]]


def test_chosen_wires_are_traced() -> None:
    b = Builder()
    x = b.input("x", 0, -9, 9)
    inner = b.add(x, x, 1, 0)
    logic = Logic.of(b, [("y", [b.requant(inner, 1, -5, 5)])])
    trace = evaluate_wires(logic, {"x": np.array([[3], [-9]])}, [0, 1])
    assert {w: v.tolist() for w, v in trace.items()} == {0: [3, -9], 1: [9, -27]}
    assert evaluate_wires(logic, {"x": np.array([[3]])}, []) == {}


def test_a_value_outside_of_its_interval_is_found() -> None:
    b = Builder()
    x = b.input("x", 0, -9, 9)
    logic = Logic.of(b, [("y", [b.add(x, b.const(1))])])
    with pytest.raises(AssertionError, match="above 9"):
        evaluate(logic, {"x": np.array([[10]])}, check=True)
    wrong = replace(logic, lo=tuple(v + 1 for v in logic.lo))
    with pytest.raises(AssertionError, match="below"):
        evaluate(wrong, {"x": np.array([[-9]])}, check=True)
    assert evaluate(wrong, {"x": np.array([[-9]])})["y"].tolist() == [[-8]]


def test_an_empty_batch_gives_empty_outputs() -> None:
    b = Builder()
    logic = Logic.of(b, [("y", one_of_each(b, b.input("x", 0, -9, 9), b.input("x", 1, -9, 9)))])
    assert evaluate(logic, {"x": np.zeros((0, 2), np.int64)}, check=True)["y"].shape == (0, 12)


@pytest.mark.parametrize("least", [False, True])
@pytest.mark.parametrize("sub", [False, True])
@pytest.mark.parametrize(("lo", "hi"), [(0, 3), (-3, 0), (-2, 3)])
def test_a_sum_and_its_term_are_compared_only_where_it_matters(
    least: bool, sub: bool, lo: int, hi: int
) -> None:
    b = Builder()
    x, z = b.input("x", 0, -4, 5), b.input("z", 0, lo, hi)
    grown = b.add(x, z, sub=sub)
    logic = Logic.of(b, [("y", [b.max(grown, x, least)])])
    assert any(isinstance(node, Max) for node in logic.nodes) == (lo < 0 < hi)
    pairs = np.array([(p, q) for p in range(-4, 6) for q in range(lo, hi + 1)])
    made = evaluate(logic, {"x": pairs[:, :1], "z": pairs[:, 1:]}, check=True)["y"][:, 0]
    sums = pairs[:, 0] + (-pairs[:, 1] if sub else pairs[:, 1])
    assert np.array_equal(made, (np.minimum if least else np.maximum)(sums, pairs[:, 0]))
