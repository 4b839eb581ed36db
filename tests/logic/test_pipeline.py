# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from hwgen.errors import DoesNotFit
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Requant, adder_positions
from hwgen.logic.pipeline import (
    Placement,
    blocks_of,
    latency,
    node_delay,
    pipeline,
    split_rounding,
)


@dataclass(frozen=True)
class Flat:
    """A family whose adders and tables all take one nanosecond."""

    overhead_ns: float = 0.0
    adder_operands: int = 2

    def adder_ns(self, width: int, operands: int = 2) -> float:
        return 1.0

    def logic_ns(self, levels: int) -> float:
        return float(levels)


@dataclass(frozen=True)
class Ripple(Flat):
    """A family whose adders take a nanosecond a bit."""

    def adder_ns(self, width: int, operands: int = 2) -> float:
        return float(width)


def chain(layers: list[int]) -> Logic:
    """Layers of so many adders in a row."""
    b = Builder()
    wire = b.input("x", 0, -8, 7)
    one = b.input("x", 1, -8, 7)
    for index, count in enumerate(layers):
        b.layer = f"fc{index}"
        for _ in range(count):
            wire = b.add(wire, one)
    return Logic.of(b, [("y", [wire])])


def longest(logic: Logic, plan: Placement, delay) -> float:
    """Return the longest path without a register, found by walking back from every node."""

    def path(wire: int) -> float:
        same = [o for o in logic.nodes[wire].operands if plan.cycle[o] == plan.cycle[wire]]
        return delay(wire) + max(map(path, same), default=0.0)

    return max(map(path, range(len(logic.nodes))))


@pytest.mark.parametrize(
    ("layers", "period", "cycles"),
    [
        ([3, 2], 100.0, 1),
        ([3, 2], 5.0, 1),
        ([3, 2], 4.0, 2),  # four and one, or fewer and more: layers do not count
        ([3, 2], 3.0, 2),
        ([3, 2], 2.0, 3),  # two, one + one across the boundary, one
        ([3, 2], 1.0, 5),
    ],
)
def test_time_is_carried_across_layers(layers, period, cycles) -> None:
    logic = chain(layers)
    delay = node_delay(logic, Flat())
    plan = pipeline(logic, delay, period)
    assert plan.latency == latency(logic, delay, period) == cycles
    assert longest(logic, plan, delay) <= period


def test_overhead_shortens_the_period() -> None:
    logic = chain([4])
    delay = node_delay(logic, Flat())
    assert pipeline(logic, delay, 2.0).latency == 2
    taxed = pipeline(logic, delay, 2.0, 0.5)
    assert (taxed.latency, longest(logic, taxed, delay)) == (4, 1.0)


def test_registers_move_to_where_there_are_fewer_bits() -> None:
    b = Builder()
    x = [b.input("x", i, -8, 7) for i in range(4)]
    b.layer = "wide"
    wide = [b.add(x[0], x[i]) for i in range(1, 4)]  # three words of five bits
    b.layer = "narrow"
    joined = b.add3(wide)
    last = b.requant(joined, 0, 0, 1)
    logic = Logic.of(b, [("y", [last])])
    plan = pipeline(logic, node_delay(logic, Flat(adder_operands=3)), 2.0)
    ((_, (out,)),) = logic.outputs
    added = logic.nodes[out].a
    # In time the boundary could be before or behind the sum of three; behind it is one word, not
    # three. The wide layer's registers stand behind the narrow layer's adder.
    assert plan.latency == 2
    assert (plan.cycle[added], plan.cycle[out]) == (0, 1)


def test_a_node_slower_than_the_clock_is_named() -> None:
    logic = chain([1, 1])
    with pytest.raises(DoesNotFit) as caught:
        pipeline(logic, node_delay(logic, Ripple()), 4.0, 0.5)
    assert caught.value.where == "fc1"
    assert "add of 6 bits takes 6.50 ns" in caught.value.what
    assert "153.8 MHz" in caught.value.hint
    pipeline(logic, node_delay(logic, Ripple()), 1000 / 153.8, 0.5)


def test_shifts_join_their_operand_and_constants_no_block() -> None:
    b = Builder()
    x, z = b.input("x", 0, -8, 7), b.input("x", 1, -8, 7)
    b.layer = "fc"
    total = b.add(x, z)
    b.layer = "shift"
    moved = b.shl(total, 2)
    b.layer = "raw"
    raw = b.shl(x, 1)
    b.layer = "clip"
    clipped = b.requant(moved, 0, -4, 3)
    logic = Logic.of(b, [("y", [clipped, raw, b.const(5), x])])
    blocks = blocks_of(logic)
    assert [block.name for block in blocks] == ["fc", "raw", "clip"]
    assert [block.sources for block in blocks] == [("x",), ("x",), ("fc",)]
    assert sum(len(block.wires) for block in blocks) == 4


def test_only_overlapping_bits_are_carried() -> None:
    b = Builder()
    u, s = b.input("x", 0, 0, 15), b.input("x", 1, -8, 7)
    cases = [
        (b.add(u, s, 0, 4), 0),  # an unsigned nibble below a signed one: wiring
        (b.add(s, u, 4, 0), 0),
        (b.add(u, s, 0, 2), 5),
        (b.add(s, u, 0, 4), 5),  # a sign reaches up
        (b.add(u, s, 0, 2, sub=True), 5),
        (b.add(u, s, 2, 0, sub=True), 8),  # low bits of what is subtracted must carry
    ]
    b.layer = "fc"
    logic = Logic.of(b, [("y", [w for w, _ in cases])])
    ((_, wires),) = logic.outputs
    assert [adder_positions(logic, w) for w in wires] == [bits for _, bits in cases]


def test_delay_model_is_ordered() -> None:
    b = Builder()
    x, z, n = b.input("x", 0, -128, 127), b.input("x", 1, -128, 127), b.input("x", 2, -4, 3)
    makes = {
        "shift": b.shl(x, 2),
        "select": b.select(x, z, n),
        "relu": b.requant(x, 0, 0, 127),
        "table": b.thresh(n, (-1, 2), (0, 1, 4)),
        "add": b.add(x, z),
        "max": b.max(x, z),
        "sign": b.thresh(x, (3,), (0, 1)),
        "levels": b.thresh(x, tuple(range(-50, 50, 4)), tuple(range(26))),
        "half": b.requant(x, 3, -99, 99, half=True),
        "round": b.requant(x, 3, -99, 99),
        "round_clip": b.requant(x, 3, -8, 7),
        "round_odd": b.requant(x, 3, -7, 6),
        "mul": b.mul(x, z),
    }
    b.layer = "all"
    logic = Logic.of(b, [("y", list(makes.values()))])
    ((_, wires),) = logic.outputs
    delay = node_delay(logic, Ripple())
    ns = {name: delay(w) for name, w in zip(makes, wires, strict=True)}
    assert ns["shift"] == 0
    assert ns["select"] == ns["relu"] == ns["table"] == 1
    assert ns["add"] == 9
    assert ns["sign"] < ns["max"]
    assert ns["sign"] < ns["levels"]
    assert ns["half"] == 1  # the carry chain is the sum's
    assert ns["half"] < ns["round"] < ns["round_clip"] == ns["round_odd"]
    assert ns["mul"] == max(ns.values())


def test_a_slow_requantizer_is_cut_in_two_without_a_change_of_value() -> None:
    b = Builder()
    x, z = b.input("x", 0, -300, 300), b.input("x", 1, -300, 300)
    b.layer = "clip"
    ys = [b.requant(x, 3, -8, 7), b.requant(x, 3, 0, 15), b.requant(z, 2, -999, 999)]
    ys += [b.requant(z, 0, -5, 5), b.select(ys[0], b.add(z, x, 1, 0, sub=True), b.max(x, z))]
    ys += [b.thresh(ys[1], (3, 9), (0, 4, 5)), b.mul(ys[0], ys[1]), b.shl(ys[0], 2), b.const(3)]
    logic = Logic.of(b, [("y", ys)])
    assert split_rounding(logic, lambda wire: False) == logic
    cut = split_rounding(logic, lambda wire: True)
    # Two more rounders would be one too many: both saturations of x share theirs.
    assert len(cut.nodes) == len(logic.nodes) + 1
    assert not any(
        isinstance(n, Requant) and n.shift and (n.lo, n.hi) in {(-8, 7), (0, 15)} for n in cut.nodes
    )
    assert set(cut.layers) == {"", "clip"}
    data = {"x": np.array([(p, q) for p in range(-300, 301, 7) for q in range(-300, 301, 13)])}
    out, expected = (evaluate(one, data, check=True)["y"] for one in (cut, logic))
    assert np.array_equal(out, expected)
