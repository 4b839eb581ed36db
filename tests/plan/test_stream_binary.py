# SPDX-License-Identifier: Apache-2.0
"""Binary layers in stream designs: bits between layers, borders made good, signs that fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.design.types import Design, UnitRef
from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Output
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.pool import MaxPool
from hwgen.ops.shape import Reshape
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation, mapping_of
from hwgen.plan.pace import Pace
from hwgen.plan.planner import plan
from hwgen.plan.stream.choose import chosen, ways_of
from hwgen.plan.stream.segments import cut
from hwgen.target.board import load_board
from hwgen.verify.self_check import self_check
from tests.plan.nets import instances, planned

Rng = np.random.Generator
XNOR = "hwg_xnor_matvec"


def signs(rng: Rng, shape: tuple[int, ...], zeros: float = 0.0) -> np.ndarray:
    weight = rng.choice([-1, 1], shape)
    weight[rng.random(shape) < zeros] = 0
    return weight


def steps(rng: Rng, channels: int, reach: int) -> Thresholds:
    """Return a threshold a channel, rising and falling, and one that is never reached."""
    low = rng.integers(-reach, reach + 1, (channels, 1))
    values = rng.choice([-1, 1], (channels, 1)) * np.array([-1, 1])
    low[0] = 1 << 20
    return Thresholds(low, values, 0)


def cnn(rng: Rng, padding: tuple[int, int] = (1, 1), stride: int = 1, zeros: float = 0.0) -> Graph:
    net = GraphBuilder("cnn")
    same = (padding, padding)
    net.put("x", Input.of((8, 7, 2), Fixed(4, 0, True)))
    net.put("c1", Conv(rng.integers(-3, 4, (3, 3, 2, 4)), np.zeros(4, np.int64), padding=same))
    net.put("a1", steps(rng, 4, 9))
    weight = signs(rng, (3, 3, 4, 6), zeros)
    net.put("c2", Conv(weight, rng.integers(-3, 4, 6), (stride, stride), same))
    net.put("a2", steps(rng, 6, 6))
    net.put("c3", Conv(signs(rng, (1, 1, 6, 8), zeros), rng.integers(-3, 4, 8)))
    net.put("p3", MaxPool((2, 2)))
    net.put("a3", steps(rng, 8, 4))
    shape = net.nodes[-1].type.shape
    net.put("flat", Reshape((int(np.prod(shape)),)))
    net.put("fc", Dense(signs(rng, (int(np.prod(shape)), 3)), np.array([1, -2, 0])))
    return net.graph()


def units(design: Design) -> list[UnitRef]:
    return list(instances(design, XNOR).values())


FOLDS = {
    "c2": Realisation("xnor", pe=2, simd=12, memory="lut"),
    "c3": Realisation("xnor", pe=4, simd=3, memory="lut"),
    "fc": Realisation("xnor", pe=1, simd=8, memory="block"),
}


@pytest.mark.parametrize(
    ("padding", "stride", "zeros"),
    [((1, 1), 2, 0.3), ((0, 0), 1, 0.2), pytest.param((2, 0), 1, 0.0, marks=pytest.mark.ci)],
)
def test_binary_networks_are_right(
    rng: Rng, padding: tuple[int, int], stride: int, zeros: float
) -> None:
    graph = cnn(rng, padding, stride, zeros)
    design = planned(graph, 4000, **FOLDS)
    self_check(graph, design, 1)
    assert {name: mapping_of(design)[name] for name in FOLDS} == FOLDS
    assert [unit.params["SignOnly"] for unit in units(design)] == [1, 0, 0]
    assert units(design)[0].params["Kinds"] == (1 if padding == (0, 0) else len(_kinds(design)))


def _kinds(design: Design) -> set[tuple[int, int]]:
    first = units(design)[0].constants
    return {(int(y), int(x)) for y in first["RowKinds"] for x in first["ColumnKinds"]}


def test_maps_between_binary_layers_are_bits(rng: Rng) -> None:
    design = planned(cnn(rng), 4000, **FOLDS)
    reads = {
        stage.reads[0] for stage in design.stages
        for part in stage.parts if isinstance(part, UnitRef) and part.unit == XNOR
    }  # fmt: skip
    assert len(reads) == 3
    assert all(field.width == 1 for name in reads for field in design.link(name).fields)
    windows = [
        part for stage in design.stages for part in stage.parts
        if isinstance(part, UnitRef) and part.unit == "hwg_window" and stage.name == "c2_window"
    ]  # fmt: skip
    assert [unit.params["Width"] for unit in windows] == [4]  # a bit a channel


def test_the_planner_chooses_binary_units_by_cost(rng: Rng) -> None:
    net = GraphBuilder("wide")
    net.put("x", Input.of((64,), Fixed(2, 0, True)))
    net.put("a0", steps(rng, 64, 1))
    net.put("fc", Dense(signs(rng, (64, 32)), np.zeros(32, np.int64)))
    graph = net.graph()
    design = planned(graph, 256)
    assert [unit.unit for unit in units(design)] == [XNOR]
    self_check(graph, design, 1)


@pytest.mark.parametrize("reader", ["xnor", "folded"])
def test_a_step_is_priced_by_who_reads_it(rng: Rng, reader: str) -> None:
    graph, board, goal = cnn(rng), load_board("vcu118"), Goal(200.0, pace=Pace(4000))
    asked = {"c2": FOLDS["c2"], "c3": Realisation(reader, pe=4, simd=3, memory="lut")}
    parts = cut(graph)
    ways = ways_of(graph, parts, board, goal, asked)
    took = chosen(graph, parts, ways, board, goal).choices
    binary = reader == "xnor"
    assert (took["a2"].gives_bits, took["c3"].reads_bits) == (binary, binary)
    # A binary unit takes a step in where bits leave; else its sums go on to a unit of steps.
    alike = [c for c in ways["a2"] if c.fold == took["a2"].fold and c.lanes == took["a2"].lanes]
    bits, numbers = (min(c.cost for c in alike if c.gives_bits is kind) for kind in (True, False))
    assert bits < numbers
    assert took["a2"].cost == (bits if binary else numbers)
    design = planned(graph, 4000, **asked)
    assert units(design)[0].params["SignOnly"] == int(binary)


def pooled(rng: Rng, others: bool = False) -> Graph:
    """Return binary layers with pools of signs between, whose maps *others* read too."""
    net = GraphBuilder("pooled")
    net.put("x", Input.of((8, 8, 2), Fixed(4, 0, True)))
    net.put("c1", Conv(rng.integers(-3, 4, (1, 1, 2, 4)), np.zeros(4, np.int64)))
    net.put("a1", steps(rng, 4, 9))
    net.put("p1", MaxPool((2, 2)))
    net.put("c2", Conv(signs(rng, (3, 3, 4, 6)), rng.integers(-3, 4, 6), padding=((1, 1), (1, 1))))
    net.put("a2", steps(rng, 6, 6))
    net.put("p2", MaxPool((2, 2)))
    net.put("p3", MaxPool((2, 2)))
    net.put("flat", Reshape((6,)))
    net.put("fc", Dense(signs(rng, (6, 3)), np.array([1, -2, 0])))
    graph = net.graph()
    if not others:
        return graph
    return replace(graph, outputs=(*graph.outputs, Output("signs", "p1", (1.0,))))


def test_a_pool_of_signs_is_one_of_bits(rng: Rng) -> None:
    graph = pooled(rng)
    asked = {
        "c2": Realisation("xnor", pe=2, simd=12, memory="lut"),
        "fc": Realisation("xnor", pe=1, simd=2, memory="lut"),
    }
    design = planned(graph, 4000, **asked)
    self_check(graph, design, 1)
    assert mapping_of(design).items() >= asked.items()
    pools = [
        part for stage in design.stages for part in stage.parts
        if isinstance(part, UnitRef) and part.unit == "hwg_pool_blocks"
    ]  # fmt: skip
    assert [unit.params["Width"] for unit in pools] == [1, 1, 1]
    with pytest.raises(ConfigError, match="others read its inputs"):
        planned(pooled(rng, others=True), 4000, c2=asked["c2"])


def test_what_is_no_binary_layer_is_refused_by_name(rng: Rng) -> None:
    graph = cnn(rng)
    with pytest.raises(ConfigError, match="c1 is no binary layer") as caught:
        planned(graph, 4000, c1=Realisation("xnor", pe=1, simd=1))
    assert "folded" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot be folded with pe 5"):
        planned(graph, 4000, c2=Realisation("xnor", pe=5, simd=1))
    seen = replace(graph, outputs=(*graph.outputs, Output("signs", "a1", (1.0,))))
    with pytest.raises(ConfigError, match="others read its inputs"):
        planned(seen, 4000, c2=FOLDS["c2"])


def test_a_binary_unit_that_is_asked_for_means_the_stream_style(rng: Rng) -> None:
    graph, board = cnn(rng), load_board("vcu118")
    asked = {"c3": FOLDS["c3"]}
    with pytest.raises(ConfigError, match="c3 shall be folded") as caught:
        plan(graph, board, Goal(200.0, style="parallel"), "cnn", asked)
    assert "stream" in caught.value.hint
    made = plan(graph, board, Goal(200.0, style="auto", pace=Pace(None)), "cnn", asked)
    assert made.style == "stream"
