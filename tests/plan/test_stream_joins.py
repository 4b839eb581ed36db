# SPDX-License-Identifier: Apache-2.0
"""Maps that become one, that are ordered anew or repeated, in stream designs: by beats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.flow_core import unit_of
from hwgen.design.types import Design
from hwgen.errors import DoesNotFit
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.crop import Crop
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add, Concat, Maximum, Multiply
from hwgen.ops.movepoint import MovePoint
from hwgen.ops.pool import MaxPool, SumPool
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import Pad, Permute, Reshape, Upsample
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation
from hwgen.plan.planner import plan
from hwgen.plan.stream import tokens
from hwgen.target.board import load_board
from hwgen.verify.self_check import self_check
from hwgen.verify.simulate import BenchSettings
from tests.plan.nets import Net, holds_in_simulation, instances, planned
from tests.verify.conftest import make_graph

CONCAT, EXTEND, REORDER = "hwg_stream_concat", "hwg_stream_extend", "hwg_reorder"
AROUND = ((1, 1), (1, 1))


def unet(side: int, channels: int, levels: int = 2) -> Graph:
    """Return a network that makes a map smaller and larger again, past itself at every level."""
    rng, net = np.random.default_rng(4), Net(side, side, 2, fixed="u4.0")
    wide: dict[str, int] = {"x": 2}

    def conv(name: str, source: str, to: int) -> str:
        weight = rng.integers(-7, 8, (3, 3, wide[source], to))
        net.add(f"{name}_conv", Conv(weight, rng.integers(-9, 9, to), padding=AROUND), source)
        net.add(f"{name}_round", Requantize(5, 0, 15), f"{name}_conv")
        wide[name] = to
        return net.add(name, MovePoint(-5), f"{name}_round")

    at, past = "x", []
    for level in range(levels):
        past.append(conv(f"down{level}", at, channels << level))
        at = net.add(f"pool{level}", MaxPool((2, 2)), past[-1])
        wide[at] = wide[past[-1]]
    at = conv("middle", at, channels << levels)
    for level in reversed(range(levels)):
        up = net.add(f"larger{level}", Upsample((2, 2)), at)
        both = net.add(f"both{level}", Concat(-1), up, past[level])
        wide[both] = wide[at] + wide[past[level]]
        at = conv(f"up{level}", both, channels << level)
    return net.graph(at)


def squeezed(side: int, channels: int) -> Graph:
    """Return a map whose channels are weighed by what all of its positions have in common."""
    rng, net = np.random.default_rng(5), Net(side, side, channels, fixed="u4.0")
    net.add("all", SumPool((side, side), (1, 1)), "x")  # as global pools are read
    net.add("part", Requantize(2 * side.bit_length() - 2, 0, 15), "all")
    net.add("gate", Dense(rng.integers(-3, 4, (channels, channels)), np.zeros(channels, int)),
            net.add("flat", Reshape((channels,)), "part"))  # fmt: skip
    net.add("weight", Requantize(3, 0, 7), "gate")
    net.add("weighed", Multiply(), "x", "weight")
    return net.graph("weighed")


def everything() -> Graph:
    """Return a small net with each unit: joined rows and columns, turned, repeated."""
    net = Net(4, 3, 2, fixed="s4.0")
    net.add("least", Requantize(0, -3, 1), "x")
    net.add("rows", Concat(0), "x", "least")
    net.add("high", Requantize(0, 0, 7), "rows")
    net.add("columns", Concat(1), "rows", "high", "rows")
    net.add("turned", Permute((2, 1, 0)), "columns")
    net.add("first", Crop(((0, 1), (0, 8), (0, 7))), "turned")
    net.add("sum", Add((1, -1)), "turned", "first")
    return net.graph("sum")


def three_maps(axis: int, shape: tuple[int, ...], third: int) -> Graph:
    """Return a concatenation of inputs of three formats; the third has another length."""
    other = tuple(third if at == axis % len(shape) else n for at, n in enumerate(shape))
    return make_graph(
        "net",
        [
            ("a", Input.of(shape, Fixed(4, 0)), ()),
            ("b", Input.of(shape, Fixed(6, 0, True)), ()),
            ("c", Input.of(other, Fixed(2, 0)), ()),
            ("y", Concat(axis), ("a", "b", "c")),
            ("z", Requantize(1, -16, 20), ("y",)),
        ],
        ["z"],
    )


@pytest.mark.parametrize(
    ("axis", "shape", "third", "interval"),
    [
        (0, (6, 5, 4), 2, 70), (1, (6, 5, 4), 3, 400), (2, (6, 5, 4), 2, 400), (-1, (9,), 3, 21),
        (0, (7, 3), 1, 60), (-2, (24, 20, 6), 9, 24 * 49), (0, (24, 20, 3), 9, 24 * 20 * 9),
    ],
)  # fmt: skip
def test_maps_are_joined_along_every_axis(
    axis: int, shape: tuple[int, ...], third: int, interval: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwgen.plan.stream.ways.LARGEST", 0)  # no word of a whole tensor
    graph = three_maps(axis, shape, third)
    design = planned(graph, interval)
    assert design.interval <= interval
    self_check(graph, design, 1)
    joins = instances(design, CONCAT)
    if axis % len(shape) < len(shape) - 1:
        assert len(joins) == 1
        assert len(instances(design, EXTEND)) == 2  # u4 and u2 become s6
    for unit in joins.values():
        assert unit.constants["Counts"].max() == unit.params["MaxCount"]


def test_channels_are_joined_in_whichever_way_is_cheaper() -> None:
    graph = three_maps(-1, (6, 6, 8), 8)
    quick, slow = planned(graph, 36), planned(graph, 864)
    assert not instances(quick, CONCAT)  # a pixel a cycle: wires
    (unit,) = instances(slow, CONCAT).values()  # one element a word
    assert unit.params["Width"] == 6
    self_check(graph, slow, 1)


@pytest.mark.parametrize("third", [2, 9])
def test_inputs_of_unequal_lengths_come_in_a_word_each(third: int) -> None:
    graph = three_maps(0, (6, 5, 4), third)
    design = planned(graph, 1)
    assert design.interval == 1
    words = [design.link(port.link) for port in design.inputs]
    assert [(link.words, len(link.fields)) for link in words] == [(1, 120)] * 2 + [(1, third * 20)]
    self_check(graph, design, 1)


def test_a_map_joined_with_itself_waits_a_frame() -> None:
    net = Net(6, 5, 3)
    net.add("y", Concat(0), "x", "x")
    graph = net.graph("y")
    design = planned(graph, 60)
    assert design.interval == 60
    assert max(link.depth for link in design.links) == 29  # a run but the word that is forked
    self_check(graph, design, 1)
    bare = tokens.run(without_fifos(design), 4)
    assert bare.stuck


def without_fifos(design: Design) -> Design:
    return replace(design, links=tuple(replace(link, depth=0) for link in design.links))


@pytest.mark.parametrize(
    ("op", "shape", "units"),
    [
        (Permute((3, 2, 1, 0)), (4, 5, 7, 9), 2),
        (Permute((2, 1, 0, 3)), (6, 7, 8, 4), 2),
        (Permute((0, 2, 1, 3, 4)), (9, 3, 4, 3, 5), 1),  # pixels of blocks become rows
        (Permute((4, 2, 0, 3, 1)), (2, 3, 4, 5, 10), 2),
        (Permute((0, 1, 2)), (9, 12, 12), 0),
        (Pad(((1, 0), (0, 2), (3, 1))), (9, 10, 14), 2),
        (Pad(((0, 0),)), (33, 32), 0),
        (Crop(((1, 0), (0, 0), (0, 2))), (12, 10, 10), 2),
        (Upsample((2, 1, 3)), (9, 12, 10), 2),
    ],
)  # fmt: skip
def test_movements_of_many_axes_go_through_beats(
    op: Op, shape: tuple[int, ...], units: int
) -> None:
    layers = [("x", Input.of(shape, Fixed(3, 0, True)), ()), ("y", op, ("x",))]
    graph = make_graph("net", [*layers, ("z", Requantize(0, -2, 3), ("y",))], ["z"])
    assert graph["x"].type.size > 1024
    design = planned(graph, 20_000)
    made = [unit for stage in design.stages if (unit := unit_of(stage))]
    assert len([unit for unit in made if unit.unit not in ("hwg_widen", "hwg_narrow")]) == units
    assert max(len(link.fields) for link in design.links) <= 32
    self_check(graph, design, 1)


def test_what_keeps_its_place_is_not_held() -> None:
    net = Net(32, 2, 16, 8)
    net.add("y", Permute((0, 2, 1, 3)), "x")
    (unit,) = instances(planned(net.graph("y"), 1024), REORDER).values()
    assert unit.params["Outer"] * unit.params["Middle"] * unit.params["Inner"] == 32  # of 1,024


@pytest.mark.parametrize("op", [Add((1, -1)), Multiply(), Maximum()])
@pytest.mark.parametrize("shape", [(8,), (1, 1, 8), (12, 1, 1), (12, 1), (1,), (12, 12, 1)])
def test_what_is_broadcast_is_repeated(op: Op, shape: tuple[int, ...]) -> None:
    layers = [
        ("x", Input.of((12, 12, 8), Fixed(4, 0)), ()),
        ("y", Input.of(shape, Fixed(3, 0, True)), ()),
        ("z", op, ("y", "x")),
    ]
    graph = make_graph("net", layers, ["z"])
    design = planned(graph, 144)
    assert design.interval == 144
    self_check(graph, design, 1)


def test_channels_are_weighed_by_what_all_positions_have_in_common() -> None:
    graph = squeezed(12, 8)
    design = planned(graph, 300)
    assert max(link.depth for link in design.links) >= 144  # the map waits for its weights
    assert instances(design, "hwg_pool_blocks")  # and no window of the whole map is made
    self_check(graph, design, 1)


def test_converters_that_take_longer_than_allowed_are_refused_with_what_can_be_built() -> None:
    """Words of 6 elements reach a unit of 4 columns by words of 2: 48 of them."""
    net = Net(4, 4, 6)
    net.add("other", Requantize(1, 0, 1), "x")
    net.add("flat", Reshape((96,)), "x")
    net.add("fc", Dense(np.arange(192).reshape(96, 2) % 5 - 2, np.zeros(2, int)), "flat")
    graph, asked = net.graph("other", "fc"), Realisation("folded", pe=2, simd=4)
    with pytest.raises(DoesNotFit, match="takes 48 cycles a sample, 40 are allowed") as caught:
        planned(graph, 40, fc=asked)
    assert caught.value.hint == "--interval 48 can be built"
    design = planned(graph, 48, fc=asked)
    assert design.interval == 48
    self_check(graph, design, 1)


def test_constants_of_every_position_are_refused_where_a_map_is_large() -> None:
    """What is left that needs a word of a whole tensor says so, and what can be done."""

    def steps(side: int) -> Graph:
        limits = np.arange(side * side * 8).reshape(side, side, 8, 1) % 9
        net = Net(side, side, 8, fixed="u4.0")
        return net.graph(net.add("y", Thresholds(limits, np.array([0, 1]), 0), "x"))

    assert planned(steps(8), 64).interval <= 64
    with pytest.raises(DoesNotFit, match=r"y .* whole input of 2,048 elements") as caught:
        planned(steps(16), 2048)
    assert "--style parallel" in caught.value.hint
    made = plan(steps(16), load_board("vcu118"), Goal(200.0, style="parallel"), "net")
    assert made.style == "parallel"


def test_an_interval_that_a_join_cannot_keep_is_refused_with_one_that_can_be_built() -> None:
    graph = three_maps(0, (16, 16, 4), 2)
    with pytest.raises(DoesNotFit, match="cycles a sample at best, 2 are allowed") as caught:
        planned(graph, 2)
    least = int(caught.value.hint.split()[1])
    assert planned(graph, least).interval == least


def test_a_net_that_goes_past_itself_keeps_its_interval() -> None:
    """No converter between words of 4 and of 6 channels may take longer than the layers do."""
    graph = unet(8, 4)
    design = planned(graph, 256)
    assert design.interval == 256
    self_check(graph, design, 1)


@pytest.mark.sim
def test_joins_in_simulation(tmp_path: Path) -> None:
    graph = everything()
    design = planned(graph, 500)
    for unit in (CONCAT, EXTEND, REORDER, "hwg_upsample"):
        assert instances(design, unit), f"{unit} is not there"
    holds_in_simulation(graph, design, tmp_path / "out")


@pytest.mark.sim
@pytest.mark.parametrize(
    "interval",
    [pytest.param(1024, marks=pytest.mark.ci), pytest.param(4096, marks=pytest.mark.slow)],
)
def test_a_net_that_goes_past_itself_in_simulation(interval: int, tmp_path: Path) -> None:
    graph = unet(16, 4)
    design = planned(graph, interval)
    assert design.interval <= interval
    self_check(graph, design, 1)
    tests = ("matches_reference", "latency_is_as_claimed", "interval_is_as_claimed",
             "matches_under_stalls")  # fmt: skip
    holds_in_simulation(graph, design, tmp_path / "out", BenchSettings(tests=tests))
