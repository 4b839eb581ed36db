# SPDX-License-Identifier: Apache-2.0
"""Liveness: an element is dead only if no value of it changes an output."""

from __future__ import annotations

import numpy as np

import hwgen.ops as ops
from hwgen.cost.liveness import live, live_ebops
from hwgen.cost.matmul import ebops
from hwgen.ir.graph import Graph
from hwgen.ops.reference import run_reference
from tests.plan.nets import Net


def net(seed: int, dead: tuple[int, ...] = (1, 4)) -> Graph:
    """A convolution, a flattening and two matrices; some neurons are read by nobody."""
    rng = np.random.default_rng(seed)
    made = Net(4, 2, fixed="u3.0")
    made.add("conv", ops.Conv(rng.integers(1, 4, (2, 2, 3)), np.zeros(3, int)), "x")
    made.add("act", ops.Requantize(2, 0, 7), "conv")
    made.add("flat", ops.Reshape((9,)), "act")
    first = rng.integers(1, 8, (9, 5)) * rng.choice([-1, 1], (9, 5))
    first[2::3] = 0  # the third channel of the convolution
    made.add("fc1", ops.Dense(first, np.zeros(5, int)), "flat")
    made.add("relu", ops.Requantize(3, 0, 15), "fc1")
    second = rng.integers(1, 8, (5, 2))
    second[list(dead)] = 0
    made.add("fc2", ops.Dense(second, np.zeros(2, int)), "relu")
    return made.graph("fc2")


def test_what_nothing_reads_is_dead() -> None:
    found = live(net(1))
    assert found["relu"].tolist() == [True, False, True, True, False]
    assert found["flat"].reshape(3, 3).all(axis=0).tolist() == [True, True, False]
    assert found["act"].all(axis=0).tolist() == [True, True, False]
    assert not found["conv"][:, 2].any()
    assert found["x"].all()


def test_a_shift_reads_what_it_gives_and_a_rim_reads_nothing() -> None:
    made = Net(2, 3, fixed="u3.0")
    made.add("shift", ops.ShiftLeft(12), "x")
    made.add("rim", ops.Pad(((1, 1), (0, 0))), "shift")
    made.add("flat", ops.Reshape((12,)), "rim")
    made.add("fc", ops.Dense(np.arange(12).reshape(12, 1) % 6, np.zeros(1, int)), "flat")
    found = live(made.graph("fc"))
    assert found["x"].tolist() == found["shift"].tolist() == [[True] * 3, [False, True, True]]


def test_dead_weights_change_no_output() -> None:
    graph = net(2)
    found = live(graph)
    other = Net(4, 2, fixed="u3.0")
    rng = np.random.default_rng(3)
    for node in graph.nodes[1:]:
        op = node.op
        if isinstance(op, ops.Matmul):
            wanted = found[node.name].reshape(-1, found[node.name].shape[-1]).any(axis=0)
            op = op.changed(
                weight=np.where(wanted, op.weight, rng.integers(-9, 9, op.weight.shape))
            )
        other.add(node.name, op, *node.inputs)
    x = {"x": rng.integers(0, 8, (200, 4, 2))}
    made, wanted = (run_reference(g, x)["o_fc2"] for g in (other.graph("fc2"), graph))
    assert (made == wanted).all()


def test_ebops_of_live_weights_are_those_of_the_network_without_the_dead() -> None:
    graph = net(4)
    kept = [0, 2, 3]
    small = Net(4, 2, fixed="u3.0")
    conv, first, second = (graph[name].op for name in ("conv", "fc1", "fc2"))
    small.add("conv", conv.changed(weight=conv.weight[..., :2], bias=conv.bias[:2]), "x")
    small.add("act", graph["act"].op, "conv")
    small.add("flat", ops.Reshape((6,)), "act")
    rows = [r for r in range(9) if r % 3 < 2]
    small.add("fc1", ops.Dense(first.weight[rows][:, kept], np.zeros(3, int)), "flat")
    small.add("relu", graph["relu"].op, "fc1")
    small.add("fc2", ops.Dense(second.weight[kept], np.zeros(2, int)), "relu")
    assert live_ebops(graph) == ebops(small.graph("fc2"))
    assert live_ebops(graph) < ebops(graph)
    assert live_ebops(net(4, ())) < ebops(net(4, ()))  # the channel that no weight reads


def test_a_depthwise_channel_that_nothing_reads_is_dead() -> None:
    rng = np.random.default_rng(5)
    made = Net(5, 2, fixed="u3.0")
    made.add("deep", ops.DepthwiseConv(rng.integers(1, 4, (3, 2, 2)), np.zeros(4, int)), "x")
    point = rng.integers(1, 4, (1, 4, 1))
    point[0, [0, 1]] = 0  # both of the first channel
    made.add("point", ops.Conv(point, np.zeros(1, int)), "deep")
    graph = made.graph("point")
    found = live(graph)
    assert found["deep"].all(axis=0).tolist() == [False, False, True, True]
    assert found["x"].all(axis=0).tolist() == [False, True]
    half = ebops(graph) - live_ebops(graph)
    deep = graph["deep"].op.taps(graph["x"].type)
    assert half == int((deep.bits[:, 0, None] * np.array(
        [[int(w).bit_length() - (int(w) & -int(w)).bit_length() + 1 for w in row]
         for row in deep.weight[:, 0]])).sum())  # fmt: skip
