# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hwgen.ir.graph import Graph
from hwgen.logic.builder import Logic
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Requant, adder_positions
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv
from hwgen.ops.merge import Add
from hwgen.ops.mulshift import MulShift
from hwgen.ops.pool import SumPool
from hwgen.ops.requantize import Requantize
from hwgen.plan.parallel.lower import lower
from tests.plan.nets import Net


def expected(graph: Graph, x: np.ndarray) -> dict[str, np.ndarray]:
    values = {"x": x}
    for node in graph.nodes[1:]:
        values[node.name] = node.op.run([values[i].copy() for i in node.inputs])
    return {o.name: values[o.node].reshape(len(x), -1) for o in graph.outputs}


def rounders(logic: Logic) -> list[Requant]:
    return [node for node in logic.nodes if isinstance(node, Requant) and node.shift]


rng = np.random.default_rng(4)
WEIGHT = rng.integers(-9, 10, (4, 5))
WEIGHT[:, 1] = 0  # an output that is its bias
WEIGHT[:, 2] = [0, 1, 0, 0]  # one that is an input
BIAS = np.array([3, 37, 0, -40, 0])
KERNEL = rng.integers(-9, 10, (2, 4, 5))


def dense(*ops: Op, outputs: tuple[str, ...] = ()) -> Callable[[], Graph]:
    def make() -> Graph:
        net = Net(4, fixed="s6.2")
        net.add("fc", Dense(WEIGHT, BIAS), "x")
        names = [net.add(f"act{i}", op, "fc") for i, op in enumerate(ops)]
        return net.graph(*names, *outputs)

    return make


def windows(op: Op) -> Callable[[], Graph]:
    def make() -> Graph:
        net = Net(5, 4, fixed="s6.2")
        net.add("fc", op, "x")
        return net.graph(net.add("act", Requantize(3, -6, 6), "fc"))

    return make


def residual() -> Graph:
    net = Net(4, fixed="s6.2")
    other = net.add("other", Dense(WEIGHT[:, :4], BIAS[:4]), "x")
    net.add("fc", Add((1, -1)), "x", other)
    return net.graph(net.add("act", Requantize(2, 0, 15), "fc"))


def shifted() -> Graph:
    net = Net(4, fixed="s6.2")
    constant = net.add("constant", Dense(np.zeros((4, 4), int), np.array([9, -7, 5, 1])), "x")
    net.add("fc", Add((-1, 1)), constant, "x")
    return net.graph(net.add("act", Requantize(2, -9, 9), "fc"))


# The graph; how many of its rounders are spared with adders of three, and of two.
CASES: dict[str, tuple[Callable[[], Graph], int, int]] = {
    "dense": (dense(Requantize(3, 0, 15)), 4, 2),
    "saturating at odd bounds": (dense(Requantize(3, -7, 5)), 4, 2),
    "without saturation": (dense(Requantize(3, -999, 999)), 4, 2),
    "a tie in every step": (dense(Requantize(1, -999, 999)), 4, 2),
    "two alike": (dense(Requantize(3, 0, 15), Requantize(3, -8, 7)), 8, 4),
    "two that differ": (dense(Requantize(3, 0, 15), Requantize(2, -8, 7)), 0, 0),
    "read elsewhere": (dense(Requantize(3, 0, 15), outputs=("fc",)), 0, 0),
    "leaky": (dense(Requantize(3, 0, 15, 5, -8)), 0, 0),
    "no bits dropped": (dense(Requantize(0, 0, 15)), 0, 0),
    "conv": (windows(Conv(KERNEL, BIAS, padding=((1, 0),))), 25, 15),
    "depthwise": (windows(DepthwiseConv(KERNEL[:, :, :2], np.arange(-4, 4))), 32, 28),
    "sum pool": (windows(SumPool((2,), gain=1)), 8, 0),
    "add": (residual, 3, 0),
    "add of constants": (shifted, 4, 4),
}


@pytest.mark.parametrize("arity", [3, 2])
@pytest.mark.parametrize("case", CASES)
def test_half_a_step_joins_the_sum_and_no_value_changes(case: str, arity: int) -> None:
    make, *spared = CASES[case]
    graph = make()
    logic = lower(graph, arity).logic
    assert sum(node.half for node in rounders(logic)) == spared[arity == 2]
    t = graph.nodes[0].type
    x = np.random.default_rng(1).integers(t.lo, t.hi + 1, (3000, *t.shape))
    found = evaluate(logic, {"x": x}, check=True)
    for name, want in expected(graph, x).items():
        assert np.array_equal(found[name], want)


def test_a_bias_that_is_there_takes_half_a_step_for_nothing() -> None:
    weight = rng.integers(-31, 32, (8, 6))
    bias = np.full(6, 1 << 5) * np.array([3, -5, 7, 9, -1, 1])
    sums = []
    for shift in (0, 6):
        net = Net(8, fixed="s6.2")
        net.add("fc", Dense(weight, bias), "x")
        logic = lower(net.graph(net.add("act", Requantize(shift, -99999, 99999), "fc")), 3).logic
        sums.append(sum(adder_positions(logic, w) for w in range(len(logic.nodes))))
    assert sums[1] <= sums[0] + 6  # a wider sum here and there


def test_rounding_down_needs_no_adder() -> None:
    net = Net(4, fixed="s6.2")
    net.add("scaled", MulShift(np.array(4), np.array(0), 5, -99, 99, 0), "x")
    graph = net.graph("scaled")
    for arity in (2, 3):
        logic = lower(graph, arity).logic
        assert not sum(adder_positions(logic, w) for w in range(len(logic.nodes)))
        assert all(node.half for node in rounders(logic))
        x = np.arange(-32, 32).reshape(16, 4)
        assert np.array_equal(evaluate(logic, {"x": x})["o_scaled"], (4 * x) >> 5)
