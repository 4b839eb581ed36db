# SPDX-License-Identifier: Apache-2.0
"""Steps by channel behind folded layers: taken as rows come, with the constants of their turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.cost.estimate import estimate
from hwgen.design.types import Design, UnitRef
from hwgen.errors import Mismatch
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.shape import Reshape
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.mapping import Realisation
from hwgen.plan.stream import stairs
from hwgen.target.board import load_board
from hwgen.units.facts import facts, with_defaults
from hwgen.units.models import MODELS
from hwgen.verify.self_check import self_check
from tests.plan.nets import instances, planned
from tests.plan.test_stream_binary import signs

Rng = np.random.Generator


def ladder(rng: Rng, channels: int, count: int, reach: int, own: bool = True) -> Thresholds:
    """Return *count* steps a channel: falling and rising, equal ones, some beyond every sum."""
    low = np.sort(rng.integers(-reach, reach + 1, (channels, count)), axis=-1)
    low[0, -1], low[-1, 0] = 1 << 20, -(1 << 20)
    values = rng.integers(-8, 8, (channels if own else 1, count + 1))
    return Thresholds(low, values, 0)


def stepped(rng: Rng) -> Graph:
    """Return folded layers of numbers and of signs, steps of several kinds behind them."""
    net = GraphBuilder("stepped")
    net.put("x", Input.of((6, 5, 3), Fixed(4, 0, True)))
    weight = rng.integers(-3, 4, (3, 3, 3, 6))
    net.put("c1", Conv(weight, rng.integers(-9, 9, 6), padding=((1, 1), (1, 1))))
    net.put("s1", ladder(rng, 6, 5, 40))
    net.put("c2", Conv(rng.integers(-3, 4, (1, 1, 6, 8)), np.zeros(8, np.int64)))
    step = Thresholds(rng.integers(-9, 9, (8, 1)), np.array([-1, 1]), 0)
    net.put("s2", step)
    net.put("c3", Conv(signs(rng, (3, 3, 8, 4)), rng.integers(-3, 4, 4)))
    net.put("s3", ladder(rng, 4, 15, 30, own=False))
    net.put("flat", Reshape((48,)))
    net.put("fc", Dense(rng.integers(-2, 3, (48, 3)), np.zeros(3, np.int64)))
    return net.graph()


def numbers() -> Graph:
    """Return two folded layers of numbers, steps behind the first."""
    rng = np.random.default_rng(5)
    net = GraphBuilder("numbers")
    net.put("x", Input.of((4, 4, 6), Fixed(4, 0, True)))
    net.put("c1", Conv(rng.integers(-3, 4, (1, 1, 6, 8)), np.zeros(8, np.int64)))
    net.put("s1", ladder(rng, 8, 6, 30))
    net.put("c2", Conv(rng.integers(-3, 4, (1, 1, 8, 4)), np.zeros(4, np.int64)))
    return net.graph()


def deep() -> Graph:
    """Return units one behind the other that stand still as a whole, behind them a slow layer."""
    rng = np.random.default_rng(6)
    net = GraphBuilder("deep")
    net.put("x", Input.of((5, 5, 6), Fixed(4, 0, True)))
    for i, channels in enumerate((6, 8)):
        weight = rng.integers(-3, 4, (1, 1, 6, channels))
        net.put(f"c{i}", Conv(weight, np.zeros(channels, np.int64)))
        net.put(f"s{i}", ladder(rng, channels, 6, 30))
    same = ((1, 1), (1, 1))
    net.put("c2", Conv(rng.integers(-3, 4, (3, 3, 8, 4)), np.zeros(4, np.int64), padding=same))
    return net.graph()


FOLDS = {
    "c1": Realisation("folded", pe=2, simd=9, memory="lut"),
    "c2": Realisation("folded", pe=2, simd=3, memory="lut"),
    "c3": Realisation("xnor", pe=1, simd=8, memory="lut"),
    "fc": Realisation("folded", pe=1, simd=4, memory="lut"),
}


def units(design: Design) -> dict[str, UnitRef]:
    return instances(design, stairs.UNIT)


def test_steps_behind_folded_layers_are_right(rng: Rng) -> None:
    graph = stepped(rng)
    design = planned(graph, 6000, **FOLDS)
    self_check(graph, design, 1)
    made = units(design)
    assert {name: unit.params["Levels"] for name, unit in made.items()} == {
        "s1": 3, "s2": 1, "s3": 4
    }  # fmt: skip
    assert made["s2"].params["OutWidth"] == 1  # a binary unit reads it
    assert {name: unit.params["ValueTurns"] for name, unit in made.items()} == {
        "s1": 3, "s2": 1, "s3": 1
    }  # fmt: skip


def test_every_sum_meets_the_steps_of_its_channel(rng: Rng) -> None:
    net = GraphBuilder("net")
    net.put("x", Input.of((2, 6), Fixed(5, 0, True)))
    net.put("fc", Dense(rng.integers(-3, 4, (6, 6)), np.zeros(6, np.int64)))
    net.put("s", ladder(rng, 6, 5, 40))
    graph = net.graph()
    design = planned(graph, 200, fc=Realisation("folded", pe=2, simd=3, memory="lut"))
    unit = units(design)["s"]
    sums = np.arange(-150, 150)
    words = np.repeat(sums, 6).reshape(1, -1, 2)
    (made,) = MODELS[unit.unit](with_defaults(unit.unit, unit.params), unit.constants, [words])
    op = graph["s"].op
    want = op.run([np.repeat(sums, 6).reshape(1, -1, 6)])
    assert (made.reshape(-1) == want.reshape(-1)).all()


def test_a_turn_costs_less_than_all_channels_at_once(rng: Rng) -> None:
    net = GraphBuilder("net")
    net.put("x", Input.of((4, 4, 16), Fixed(3, 0, True)))
    net.put("fc", Conv(rng.integers(-3, 4, (1, 1, 16, 16)), np.zeros(16, np.int64)))
    net.put("s", ladder(rng, 16, 15, 40))
    graph, family = net.graph(), load_board("vcu118").family
    folded = planned(graph, 256, fc=Realisation("folded", pe=1, simd=16, memory="lut"))
    # The same with steps that differ between positions: all of them at once, by adder graphs.
    op = graph["s"].op
    assert isinstance(op, Thresholds)
    low = np.broadcast_to(op.thresholds, (4, 4, *op.thresholds.shape)).copy()
    low[0, 0] = low[0, 0] - 1
    low.sort(axis=-1)
    nodes = [replace(n, op=op.changed(thresholds=low)) if n.name == "s" else n for n in graph.nodes]
    other = planned(replace(graph, nodes=tuple(nodes)), 256)
    assert "s" in units(folded)
    assert not units(other)
    assert 2 * estimate(folded, family).lut < estimate(other, family).lut


@pytest.mark.parametrize("count", [1, 3, 4, 255])
def test_latency_is_a_comparison_a_level(count: int) -> None:
    levels = count.bit_length()
    params = with_defaults(stairs.UNIT, {"Levels": levels})
    assert facts(stairs.UNIT).latency(params) == levels + 1


@pytest.mark.parametrize("name", ["s1", "s3"])
def test_a_step_that_is_off_is_found(rng: Rng, name: str) -> None:
    graph = stepped(rng)
    design = planned(graph, 6000, **FOLDS)
    good = units(design)[name]
    cuts = good.constants["Thresholds"].reshape(-1, 2 ** good.params["Levels"] - 1).copy()
    cuts[1] += 5
    bad = replace(good, constants={**good.constants, "Thresholds": cuts.reshape(-1)})
    stages = tuple(
        replace(stage, body=bad) if stage.body is good else stage for stage in design.stages
    )
    with pytest.raises(Mismatch, match="bug in hwgen"):
        self_check(graph, replace(design, stages=stages), 1)
