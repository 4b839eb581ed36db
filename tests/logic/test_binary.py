# SPDX-License-Identifier: Apache-2.0
"""Layers of weights +1, -1 and 0 as heaps: what outputs share, and comparisons without sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hwgen.cost.terms import terms_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Output
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate
from hwgen.logic.heap.compare import NARROW, WIDE, Fabric, reached, small_luts
from hwgen.logic.heap.compare import luts as expected
from hwgen.logic.heap.problem import Options
from hwgen.logic.heap.share import Bits, direct, shared
from hwgen.logic.heap.sums import Term
from hwgen.logic.nodes import Chain, Thresh
from hwgen.logic.nodes.heap import INVERTED, PLAIN
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Concat
from hwgen.ops.reference import Reference
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.parallel.lower import Depth, lower

Rng = np.random.Generator


def every(bits: int) -> np.ndarray:
    return np.arange(1 << bits)[:, None] >> np.arange(bits) & 1


def luts(logic: Logic, inputs: int = 6) -> int:
    return sum(terms_of(logic, range(len(logic.nodes)), inputs).values())


def layer(rng: Rng, size: tuple[int, int], bits: int, zeros: float, steps: int = 1) -> Graph:
    """Return a layer of signs with thresholds of its own, rising and falling, on numbers."""
    weight = rng.choice([-1, 1], size)
    weight[rng.random(size) < zeros] = 0
    net = GraphBuilder("layer")
    net.put("x", Input.of((size[0],), Fixed(bits, 0, bits > 1)))
    if bits == 1:
        net.put("sign", Thresholds(np.array([1]), np.array([-1, 1]), 0))
    net.put("fc", Dense(weight, rng.integers(-3, 4, size[1])))
    low = np.sort(rng.integers(-8, 9, (size[1], steps)), axis=1)
    out = rng.choice([-1, 1], (size[1], 1)) * np.arange(steps + 1) * 2 - steps
    net.put("act", Thresholds(low, out, 0))
    return net.graph()


def check(graph: Graph, rng: Rng, **given: Depth) -> Logic:
    logic = lower(graph, 3, **given).logic
    kind = graph.inputs[0].type
    x = rng.integers(kind.lo, kind.hi + 1, (2000, *kind.shape))
    x[0], x[1] = kind.lo, kind.hi
    (want,) = Reference(graph).run({graph.inputs[0].name: x}).values()
    (got,) = evaluate(logic, {graph.inputs[0].name: x}, check=True).values()
    assert np.array_equal(got, want.reshape(got.shape))
    return logic


@pytest.mark.parametrize("haste", [0, 1])
@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize(
    ("size", "bits", "zeros"),
    [((40, 24), 1, 0.0), ((33, 24), 1, 0.1), ((24, 16), 1, 0.6), ((13, 9), 3, 0.0), ((9, 1), 1, 0)],
)
def test_layers_are_right(
    rng: Rng, size: tuple[int, int], bits: int, zeros: float, steps: int, haste: int
) -> None:
    check(layer(rng, size, bits, zeros, steps), rng, depth=Depth(haste))


def test_a_sum_that_leaves_too_is_made_once(rng: Rng) -> None:
    graph = layer(rng, (12, 8), 1, 0.0)
    both = replace(graph, outputs=(Output("sums", "fc", (1.0,)), Output("signs", "act", (1.0,))))
    x = every(12)
    want = Reference(both).run({"x": x})
    logic = lower(both, 3).logic
    got = evaluate(logic, {"x": x}, check=True)
    assert all(np.array_equal(got[name], want[name]) for name in want)
    assert any(isinstance(node, Thresh) for node in logic.nodes)
    assert not any(isinstance(node, Thresh) for node in lower(graph, 3).logic.nodes)


@pytest.mark.parametrize("fabric", [WIDE, NARROW])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 9, 11])
def test_a_comparison_is_right_at_every_threshold(rng: Rng, size: int, fabric: Fabric) -> None:
    """Exhaustively: all patterns of the bits, all thresholds that they reach."""
    for trial in range(4):
        columns = rng.integers(0, 1 + trial, size)
        truths = rng.choice([PLAIN, INVERTED], size, p=[1 - trial / 4, trial / 4])
        x = every(size)
        total = ((x ^ (truths == INVERTED)) << columns).sum(axis=1)
        for threshold in range(1, int(total.max()) + 1):
            b = Builder(3)
            ins = [b.input("x", i, 0, 1) for i in range(size)]
            terms = [
                Term(int(c), (wire, 0), int(t))
                for c, wire, t in zip(columns, ins, truths, strict=True)
            ]
            wire = reached(b, terms, threshold, (-1, 1), fabric=fabric)
            logic = Logic.of(b, [("y", [wire])])
            got = evaluate(logic, {"x": x}, check=True)["y"][:, 0]
            assert np.array_equal(got, np.where(total >= threshold, 1, -1))


def test_a_comparison_counts_a_bit_as_often_as_it_is_there() -> None:
    x, b = every(9), Builder(3)
    ins = [b.input("x", i, 0, 1) for i in range(9)]
    terms = [Term(0, (wire, 0)) for wire in ins for _ in range(2)]
    logic = Logic.of(b, [("y", [reached(b, terms, 8, (0, 1))])])
    got = evaluate(logic, {"x": x}, check=True)["y"][:, 0]
    assert np.array_equal(got, 2 * x.sum(axis=1) >= 8)


def test_bits_and_signs_of_the_same_bits_are_compared(rng: Rng) -> None:
    net = GraphBuilder("twice")
    net.put("x", Input.of((9,), Fixed(1, 0, False)))
    net.put("sign", Thresholds(np.array([1]), np.array([-1, 1]), 0))
    net.put("both", Concat(), ("x", "sign"))
    weight = np.array([[2]] * 9 + [[1]] * 9) * rng.choice([-1, 1], (18, 4))
    net.put("fc", Dense(weight, rng.integers(-3, 4, 4)))
    net.put("act", Thresholds(rng.integers(-5, 6, (4, 1)), np.array([[0, 1]] * 4), 0))
    check(net.graph(), rng)


@pytest.mark.parametrize("largest", [2, 5, 6])
def test_what_is_shared_adds_up(rng: Rng, largest: int) -> None:
    """Exhaustively: terms and constant of every output are its sum, at every pattern."""
    for zeros in (0.0, 0.05):
        signs = rng.choice([-1, 1], (12, 200)).astype(np.int8)
        signs[rng.random(signs.shape) < zeros] = 0
        b = Builder(3)
        ins = [b.input("x", i, 0, 1) for i in range(len(signs))]
        bits = Bits(tuple((wire, 0) for wire in ins), signs, 2)
        found = shared(b, bits, largest, Options(4))
        assert found is not None
        assert found.terms != direct(bits).terms
        x = every(len(signs))
        wires = sorted({term.x[0] for terms in found.terms for term in terms if term.x})
        logic = Logic.of(b, [("y", wires)])
        values = evaluate(logic, {"x": x}, check=True)["y"]
        at = {wire: values[:, k] for k, wire in enumerate(wires)}
        for j, (terms, total) in enumerate(zip(found.terms, found.constants, strict=True)):
            for term in terms:
                assert term.x is not None
                bit = at[term.x[0]] >> term.x[1] & 1
                total = total + ((term.truth >> bit & 1) << term.column)
            assert np.array_equal(total, x @ (signs[:, j].astype(int) << 2))


def test_few_outputs_share_nothing() -> None:
    signs = np.ones((12, 1), np.int8)
    b = Builder(3)
    bits = Bits(tuple((b.input("x", i, 0, 1), 0) for i in range(12)), signs, 0)
    assert shared(b, bits, 5, Options(4)) is None


@pytest.mark.parametrize(
    ("size", "bar"),
    [
        ((64, 1), 36),
        ((256, 1), 138),
        ((64, 32), 660),
        pytest.param((64, 128), 2100, marks=pytest.mark.ci),
    ],
)
def test_layers_take_what_was_promised(rng: Rng, size: tuple[int, int], bar: int) -> None:
    graph = layer(rng, size, 1, 0.0)
    logic = lower(graph, 3).logic
    assert luts(logic) <= bar
    assert any(isinstance(node, Chain) for node in logic.nodes)


@pytest.mark.parametrize(
    ("fabric", "inputs", "said"), [(WIDE, 6, expected), (NARROW, 4, small_luts)]
)
def test_the_expectation_of_a_comparison_is_close(
    fabric: Fabric, inputs: int, said: Callable[[list[int]], int]
) -> None:
    for size in (20, 64, 200):
        b = Builder(3)
        terms = [Term(0, (b.input("x", i, 0, 1), 0)) for i in range(size)]
        wire = reached(b, terms, size // 2 + 1, (0, 1), fabric=fabric)
        logic = Logic.of(b, [("y", [wire])])
        assert abs(luts(logic, inputs) - said([size])) <= 3 + 0.02 * size


def test_a_neuron_on_tables_of_four_inputs_is_compared_without_its_sum(rng: Rng) -> None:
    graph = layer(rng, (64, 1), 1, 0.0)
    logic = lower(graph, 2).logic
    assert luts(logic, 4) <= 115
    assert not any(isinstance(node, Thresh) for node in logic.nodes)
    many = lower(layer(rng, (64, 24), 1, 0.0), 2).logic  # outputs that share sums
    assert any(isinstance(node, Thresh) for node in many.nodes)


@pytest.mark.parametrize("steps", [1, 2])
def test_neurons_on_adders_of_two_are_right(rng: Rng, steps: int) -> None:
    graph = layer(rng, (40, 1), 1, 0.1, steps)
    logic = lower(graph, 2).logic
    x = rng.integers(0, 2, (2000, 40))
    (want,) = Reference(graph).run({"x": x}).values()
    (got,) = evaluate(logic, {"x": x}, check=True).values()
    assert np.array_equal(got, want.reshape(got.shape))
