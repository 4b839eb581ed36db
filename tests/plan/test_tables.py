# SPDX-License-Identifier: Apache-2.0
"""Which neurons become tables, and that no value changes by it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hwgen.cost.calibration import calibrated
from hwgen.cost.estimate import estimate, logic_terms
from hwgen.cost.matmul import matmul_terms
from hwgen.errors import DoesNotFit
from hwgen.ir.graph import Graph
from hwgen.logic.builder import Logic
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Add, Add3, Table
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv
from hwgen.ops.merge import Concat
from hwgen.ops.mulshift import MulShift
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import ShiftLeft
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.goal import Goal
from hwgen.plan.parallel.lower import lower
from hwgen.plan.parallel.truth_tables import Prices, tabulated
from hwgen.plan.planner import plan
from hwgen.target.board import load_board
from tests.plan.nets import Net
from tests.synth.sparse import network, planned

SIX, FOUR = Prices(6, {}), Prices(4, {})
rng = np.random.default_rng(6)


def count(logic: Logic, *kinds: type) -> int:
    """Count nodes; an inverter at the end of a sum, a table as well, is none of them."""
    inverters = (isinstance(node, Table) and "term of a sum" in node.note for node in logic.nodes)
    found = zip(logic.nodes, inverters, strict=True)
    return sum(isinstance(node, kinds) and not inverter for node, inverter in found)


def same(graph: Graph, logic: Logic) -> bool:
    t = graph.nodes[0].type
    x = np.random.default_rng(1).integers(t.lo, t.hi + 1, (3000, *t.shape))
    values = {"x": x}
    for node in graph.nodes[1:]:
        values[node.name] = node.op.run([values[i].copy() for i in node.inputs])
    found = evaluate(logic, {"x": x}, check=True)
    return all(
        np.array_equal(found[o.name], values[o.node].reshape(len(x), -1)) for o in graph.outputs
    )


STEPS = Thresholds(np.arange(8).reshape(4, 2), np.array([0, 2, 1]), 0)
STEP = Thresholds(np.array([3]), np.array([1, 0]), 0)
SPARSE = np.array([[3, 0, -5, 0], [0, 7, 0, 1], [-2, 0, 0, 0], [0, -3, 6, 0], [0, 1, 2, 0]])
BIAS = np.array([2, -3, 0, 5])


def dense(*ops: Op, fixed: str = "u2.0") -> Callable[[], Graph]:
    def make() -> Graph:
        net = Net(5, fixed=fixed)
        last = net.add("fc", Dense(SPARSE, BIAS), "x")
        for i, op in enumerate(ops):
            last = net.add(f"act{i}", op, last)
        return net.graph(last)

    return make


def windows(op: Op) -> Callable[[], Graph]:
    def make() -> Graph:
        net = Net(5, 2)
        net.add("fc", op, "x")
        return net.graph(net.add("act", Requantize(2, 0, 3), "fc"))

    return make


def signs() -> Graph:
    """A binary network: what a sign leaves takes one bit, though its word has two."""
    net = Net(6, fixed="s6.0")
    net.add("fc1", Dense(rng.choice([-1, 1], (6, 9)), np.zeros(9, int)), "x")
    net.add("sign1", Thresholds(np.zeros((9, 1), int), np.array([-1, 1]), 0), "fc1")
    weight = rng.choice([-1, 1], (9, 5)) * (np.arange(45).reshape(9, 5) % 9 < 6)
    net.add("fc2", Dense(weight, np.zeros(5, int)), "sign1")
    limits = rng.integers(-2, 3, (5, 1))
    return net.graph(net.add("sign2", Thresholds(limits, np.array([-1, 1]), 0), "fc2"))


def known_sum() -> Graph:
    """A layer that reads two inputs and their sum: its own sum is there already."""
    net = Net(2)
    both = net.add("sum", Dense(np.array([[1], [1]]), np.array([0])), "x")
    net.add("all", Concat(), "x", both)
    weight = np.array([[1, 1], [1, 0], [0, -2]])
    net.add("fc", Dense(weight, np.zeros(2, int)), "all")
    return net.graph(net.add("act", Requantize(1, 0, 3), "fc"))


def shifted() -> Graph:
    net = Net(5)
    net.add("wide", ShiftLeft(3), "x")
    net.add("fc", Dense(SPARSE, BIAS), "wide")
    return net.graph(net.add("act", Requantize(5, 0, 3), "fc"))


# The graph, and its tables where tables have six inputs.
KERNEL = np.array([[[3, -1], [-2, 3]], [[1, 2], [3, -3]]])
CASES: dict[str, tuple[Callable[[], Graph], int]] = {
    "rectifier": (dense(Requantize(3, 0, 3)), 3),  # one never leaves zero
    "of signed inputs": (dense(Requantize(2, -4, 3), fixed="s2.0"), 4),
    "nothing dropped": (dense(Requantize(0, 0, 7)), 4),
    "leaky": (dense(Requantize(2, 0, 7, 4, -2)), 4),
    "steps a channel": (dense(STEPS), 4),
    "scaled": (dense(MulShift(np.array([3, -5, 7, 1]), np.array([0, 9, -4, 2]), 4, 0, 7, 0)), 3),
    "two functions": (dense(Requantize(1, 0, 15), STEP), 4),
    "conv": (windows(Conv(KERNEL, np.array([1, 0]), padding=((1, 0),))), 10),
    "depthwise": (windows(DepthwiseConv(rng.integers(1, 4, (2, 2, 2)), np.arange(4))), 16),
    "signs": (signs, 5),
    "a sum that is there": (known_sum, 2),
    "shifted": (shifted, 4),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("arity", [2, 3])
def test_neurons_of_few_bits_become_tables_and_no_value_changes(case: str, arity: int) -> None:
    make, tables = CASES[case]
    graph = make()
    logic = lower(graph, arity, tables=SIX).logic
    assert count(logic, Table) == tables
    assert same(graph, logic)
    assert same(graph, lower(graph, arity, tables=FOUR).logic)
    # Single bits are compared without their sum: six in a table, or by full adders of two tables.
    assert bool(count(lower(graph, arity).logic, Table)) == (case == "signs")


def test_wide_neurons_stay_adders() -> None:
    net = Net(6, fixed="u6.0")
    net.add("fc", Dense(rng.integers(1, 9, (6, 4)), np.zeros(4, int)), "x")
    graph = net.graph(net.add("act", Requantize(6, 0, 7), "fc"))
    assert lower(graph, 3, tables=SIX) == lower(graph, 3)


@pytest.mark.parametrize("how", ["read twice", "leaving", "no function"])
def test_sums_that_others_need_stay_adders(how: str) -> None:
    net = Net(5)
    net.add("fc", Dense(SPARSE, BIAS), "x")
    outputs = ["fc"]
    if how != "no function":
        outputs = [net.add("act", Requantize(3, 0, 3), "fc")]
        outputs.append(net.add("other", Requantize(1, 0, 7), "fc") if how == "read twice" else "fc")
    graph = net.graph(*outputs)
    assert lower(graph, 3, tables=SIX) == lower(graph, 3)


def test_equal_neurons_share_a_table() -> None:
    net = Net(3)
    weight = np.array([[1, 1, 2], [3, 3, 0], [0, 0, 1]])
    net.add("fc", Dense(weight, np.array([1, 1, 0])), "x")
    graph = net.graph(net.add("act", Requantize(1, 0, 7), "fc"))
    logic = lower(graph, 3, tables=SIX).logic
    assert count(logic, Table) == 2
    assert len(set(logic.outputs[0][1])) == 2


@pytest.mark.parametrize("seed", range(6))
def test_a_layer_never_costs_more_than_its_adders(seed: int) -> None:
    bits, fan_in = [(1, (4, 7, 8)), (2, (2, 4, 5)), (3, (1, 2, 3))][seed % 3]
    graph = network((10, 8, 3), fan_in, bits, seed)
    for board in ("vcu118", "ecp5_evn"):
        family = load_board(board).family
        with_, without = (
            planned(graph, tables=t, board=board, clock_mhz=100.0) for t in (True, False)
        )
        assert same(graph, with_.pipeline.logic)
        assert estimate(with_, family).lut <= estimate(without, family).lut
        terms = logic_terms(with_)
        assert terms.get("tables", 0) == count(with_.pipeline.logic, Table)
        assert "tables" not in logic_terms(without)


def test_a_table_that_the_clock_leaves_no_time_for_stays_adders() -> None:
    graph = network((12, 10, 3), (7, 9, 10), 1, 3)
    family = load_board("vcu118").family
    most = {}
    for clock in (300.0, 600.0):
        logic = planned(graph, clock_mhz=clock).pipeline.logic
        assert same(graph, logic)
        most[clock] = max((len(n.picks) for n in logic.nodes if isinstance(n, Table)), default=0)
    assert most[300.0] > 8 >= most[600.0] > 6  # three levels of tables, and two
    room = 1000.0 / 600.0 - family.overhead_ns
    assert 2 * family.logic_ns(1) < room < 3 * family.logic_ns(1)
    with pytest.raises(DoesNotFit):
        planned(graph, clock_mhz=5000.0)


def test_a_search_keeps_the_tables_that_are_cheaper() -> None:
    graph = network((10, 8, 3), (3, 5), 2, 4)
    logic = lower(graph, 3, effort=2, tables=SIX).logic
    assert count(logic, Table) > 2
    assert same(graph, logic)


def test_the_planner_asks_for_tables() -> None:
    board = load_board("vcu118")
    design = plan(network((6, 8, 5), (2, 3), seed=2), board, Goal(clock_mhz=300.0), "net")
    assert count(design.pipeline.logic, Table) == 7
    assert not count(design.pipeline.logic, Add, Add3)
    assert calibrated(board.family).factors


def test_a_table_that_is_not_its_adders_is_refused() -> None:
    from hwgen.logic.builder import Builder

    graph = dense(Requantize(3, 0, 3))()
    chain = graph.nodes[1:]
    b = Builder(3)
    b.layer = "fc"
    x = np.array([b.input("x", i, 0, 3) for i in range(5)])
    made = chain[1].op.lower(b, [chain[0].op.lower(b, [x])])
    wrong = made.copy()
    wrong[0] = b.requant(b.add(x[0], x[2]), 1, 0, 3)
    for adders, fails in ((made, False), (wrong, True)):
        if fails:
            with pytest.raises(AssertionError, match="not what its adders compute"):
                tabulated(b, chain, x, adders, lambda mask: made, SIX)
        else:
            found, _ = tabulated(b, chain, x, adders, lambda mask: made, SIX)
            assert found.shape == made.shape


def test_no_layer_is_refused_for_adders_that_tables_replace() -> None:
    assert all(t.luts == 0 for t in matmul_terms(network((10, 8, 3), (2, 3, 5), 2)))
    assert matmul_terms(signs())[1].luts == 0  # nine signs of two bits are nine bits
    (wide,) = matmul_terms(dense(Requantize(3, 0, 3), fixed="u8.0")())
    assert wide.luts > 0
