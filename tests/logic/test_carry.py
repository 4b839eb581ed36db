# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Add, Add3, Shl, adder_positions


@pytest.fixture
def b() -> Builder:
    b = Builder(3)
    b.layer = "fc"
    return b


def test_three_operands_start_where_the_second_joins_in(b: Builder) -> None:
    u, s, t = b.input("x", 0, 0, 15), b.input("x", 1, -8, 7), b.input("x", 2, -8, 7)
    cases = [
        (b.add3((u, s, t)), 6),  # [-16, 29]
        (b.add3((u, s, t), (0, 2, 3)), 8 - 2),  # [-96, 99]: the lowest passes for two places
        (b.add3((u, s, t), (0, 2, 2), (True, True)), 8 - 2),
        (b.add3((s, u, t), (2, 0, 3), (True, False)), 8),  # the lowest is subtracted
        (b.add3((u, s, b.const(8))), 5),  # [0, 30]
        (b.add3((s, t, b.const(12)), (2, 3, 0)), 8 - 2),  # a constant starts at its lowest one
    ]
    for wire, positions in cases:
        assert isinstance(b.nodes[wire], Add3)
        assert adder_positions(b, wire) == positions


def test_a_carry_that_leaves_the_chain_is_free(b: Builder) -> None:
    u, v = b.input("x", 0, 0, 15), b.input("x", 1, 0, 15)
    assert adder_positions(b, b.add(u, v)) == 4
    assert adder_positions(b, u) == 0


def test_a_borrow_that_leaves_the_chain_is_free(b: Builder) -> None:
    u, v, s = b.input("x", 0, 0, 15), b.input("x", 1, 0, 15), b.input("x", 2, -8, 7)
    cases = [
        (b.add(u, v, sub=True), 4),  # [-15, 15]: the sign is the borrow
        (b.add(u, v, 0, 2, True), 6 - 2),
        (b.add(u, v, 2, 0, True), 6),  # the lowest is subtracted
        (b.add(u, s, sub=True), 6),  # [-7, 23]: a signed operand reaches the top
        (b.add(u, v, 0, 0, True, -7, 15), 4),
        (b.add(u, v, 0, 0, True, -7, 7), 4),  # known to be no wider than the operands
    ]
    for wire, positions in cases:
        assert adder_positions(b, wire) == positions


def test_add3_leaves_smaller_nodes_where_it_can(b: Builder) -> None:
    x, y, z, zero = *(b.input("x", i, -8, 7) for i in range(3)), b.const(0)
    assert b.nodes[b.add3((x, y, zero), (0, 1, 0))] == Add(x, y, 0, 1)
    assert b.nodes[b.add3((zero, y, x), subs=(True, False))] == Add(x, y, sub=True)
    assert b.nodes[b.add3((x, zero, y), subs=(False, True))] == Add(x, y, sub=True)
    assert b.nodes[b.add3((zero, x, y), subs=(True, True))] == Add3(
        zero, x, y, sub_b=True, sub_c=True
    )
    assert b.add3((z, y, x)) == b.add3((x, y, z))
    shifted = b.add3((b.shl(x, 3), y, z), (0, 3, 4))
    assert b.nodes[shifted] == Shl(shifted - 1, 3)
    assert b.nodes[shifted - 1] == Add3(x, y, z, 0, 0, 1)


@pytest.mark.parametrize("subs", [(False, False), (True, False), (False, True), (True, True)])
def test_evaluates_exactly(b: Builder, subs: tuple[bool, bool]) -> None:
    ins = [b.input("x", i, -8, 7) for i in range(3)]
    logic = Logic.of(b, [("y", [b.add3(ins, (1, 0, 3), subs)])])
    x = np.random.default_rng(0).integers(-8, 8, (300, 3))
    x[0], x[1] = -8, 7
    signs = np.array([1, *(-1 if sub else 1 for sub in subs)])
    wanted = (x * signs * [2, 1, 8]).sum(1, keepdims=True)
    assert np.array_equal(evaluate(logic, {"x": x}, check=True)["y"], wanted)
