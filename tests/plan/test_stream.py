# SPDX-License-Identifier: Apache-2.0
"""Stream designs: stages and links, their values, when their words move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from hwgen.cost.estimate import estimate
from hwgen.design.flow_core import buffer_of, flow_cores
from hwgen.design.serial import design_files, read_design
from hwgen.design.types import Design, UnitRef
from hwgen.errors import ConfigError, DoesNotFit, Mismatch
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.crop import Crop
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add
from hwgen.ops.pool import MaxPool
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import Pad, Permute, Reshape, Upsample
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation, mapping_of
from hwgen.plan.pace import Pace
from hwgen.plan.planner import plan
from hwgen.plan.stream import tokens
from hwgen.plan.stream.planner import plan_stream
from hwgen.plan.stream.units import Matrix
from hwgen.plan.stream.ways import products_of
from hwgen.plan.trigger_budget import parse_conditions
from hwgen.target.board import load_board
from hwgen.verify.self_check import self_check
from tests.verify.conftest import make_graph, small_net, two_ways

GOAL = Goal(200.0, style="stream", pace=Pace(2))


ADDERS = {name: Realisation("adders") for name in ("fc1", "fc2", "fc3")}


def planned(graph: Graph, goal: Goal = GOAL, mapping: Mapping[str, Realisation] = {}) -> Design:
    return plan_stream(graph, load_board("vcu118"), goal, graph.name, mapping)


@pytest.fixture(scope="module")
def chain() -> Design:
    return planned(small_net(), mapping=ADDERS)


@pytest.fixture(scope="module")
def branches() -> Design:
    return planned(two_ways())


def test_layers_become_stages_between_stream_links(chain: Design) -> None:
    assert [stage.name for stage in chain.stages] == ["fc1", "fc2", "fc3"]
    assert chain.style == "stream"
    assert chain.interval == 1
    # two registers of logic each, one of the buffer: nobody waits
    assert chain.latency == sum(stage.latency for stage in chain.stages)


def test_latency_and_budget_are_kept_at_a_given_interval() -> None:
    board = load_board("vcu118")
    late = replace(GOAL, max_latency_ns=10.0)
    with pytest.raises(DoesNotFit, match="cycles") as caught:
        plan(small_net(), board, late, "net")
    assert caught.value.where == "latency"
    small = replace(GOAL, pace=Pace(2, parse_conditions("lut<20", "--budget")))
    with pytest.raises(DoesNotFit, match="lut is") as caught:
        plan(small_net(), board, small, "net")
    assert caught.value.where == "--budget"
    assert plan(small_net(), board, replace(GOAL, max_latency_ns=1000.0), "net").latency > 2


def test_an_open_interval_grows_until_the_design_keeps_its_budget() -> None:
    family, free = load_board("vcu118").family, replace(GOAL, pace=Pace(None))
    quick = planned(residual_cnn(), free)
    most = estimate(quick, family).lut * 9 // 10
    kept = replace(GOAL, pace=Pace(None, parse_conditions(f"lut<{most}", "--budget")))
    made = planned(residual_cnn(), kept)
    assert estimate(made, family).lut < most
    assert made.interval > quick.interval


def test_values_are_those_of_the_reference(chain: Design, branches: Design) -> None:
    self_check(small_net(), chain, 1)
    self_check(two_ways(), branches, 1)


def test_a_wrong_design_is_found(chain: Design) -> None:
    first, *others = chain.stages
    other = planned(small_net(), mapping=ADDERS).stages[0]
    pipeline = other.parts[0]
    logic = replace(
        pipeline.logic,
        outputs=((pipeline.logic.outputs[0][0], pipeline.logic.outputs[0][1][::-1]),),
    )
    body = (replace(pipeline, logic=logic), other.parts[1])
    wrong = replace(chain, stages=(replace(first, body=body), *others))
    with pytest.raises(Mismatch, match="bug in hwgen"):
        self_check(small_net(), wrong, 1)


def test_a_design_is_the_same_when_read_again(branches: Design, tmp_path) -> None:
    design_files(branches).write(tmp_path)
    assert read_design(tmp_path) == branches


def test_modules_of_all_cores_have_names_of_their_own(branches: Design) -> None:
    cores = flow_cores(branches)
    assert set(cores) == {stage.name for stage in branches.stages if len(stage.parts) == 2}
    assert len({core.name for core in cores.values()}) == len(cores)


def test_branches_that_meet_wait_in_fifos(branches: Design) -> None:
    depths = {link.name: link.depth for link in branches.links if link.depth}
    assert set(depths) == {"fx_to1"}  # the short way round
    assert branches.interval == 2  # the rows of z
    made = tokens.run(branches, 12)
    assert tokens.interval(made, branches) == 2


def test_without_its_fifo_a_join_loses_rate(branches: Design) -> None:
    bare = replace(branches, links=tuple(replace(link, depth=0) for link in branches.links))
    with pytest.raises(AssertionError, match="cycles a sample"):
        tokens.pace(bare)


def test_credits_are_enough_and_not_more(chain: Design) -> None:
    (first, *_) = chain.stages
    buffer = buffer_of(first)
    fewer = replace(buffer, params={**buffer.params, "Depth": buffer.params["Depth"] - 1})
    body = tuple(fewer if part is buffer else part for part in first.parts)
    slow = replace(chain, stages=(replace(first, body=body), *chain.stages[1:]))
    with pytest.raises(AssertionError, match="cycles a sample"):
        tokens.pace(slow)


def residual_cnn() -> Graph:
    """A small CNN: windows with and without padding, strides, a residual sum, a pool, dense."""
    rng = np.random.default_rng(5)

    def some(*shape: int) -> np.ndarray:
        return rng.integers(-7, 8, shape)

    steps = np.sort(rng.integers(-200, 200, (4, 3)), axis=1)
    around = ((1, 1), (1, 1))
    return make_graph(
        "cnn",
        [
            ("x", Input.of((8, 6, 2), Fixed(5, 0, True)), ()),
            ("c1", Conv(some(3, 3, 2, 4), some(4), padding=around), ("x",)),
            ("a1", Requantize(4, 0, 15), ("c1",)),
            ("c2", Conv(some(3, 3, 4, 4), some(4), padding=around), ("a1",)),
            ("a2", Thresholds(steps, np.array([0, 3, 5, 9]), -4), ("c2",)),
            ("s", Add((1, 1)), ("a2", "a1")),
            ("q", Requantize(1, 0, 15), ("s",)),
            ("p", MaxPool((2, 2)), ("q",)),
            ("c3", Conv(some(3, 3, 4, 6), some(6), (2, 2), ((0, 1), (1, 0))), ("p",)),
            ("a3", Requantize(5, -8, 7), ("c3",)),
            ("f", Reshape((12,)), ("a3",)),
            ("d", Dense(some(12, 5), some(5)), ("f",)),
        ],
        ["d"],
    )


def separable_cnn() -> Graph:
    """A depthwise and a pointwise convolution, and a depthwise one with strides behind them."""
    rng = np.random.default_rng(5)

    def some(*shape: int) -> np.ndarray:
        return rng.integers(-7, 8, shape)

    return make_graph(
        "separable",
        [
            ("x", Input.of((6, 5, 4), Fixed(5, 0, True)), ()),
            ("dw", DepthwiseConv(some(3, 3, 4, 1), some(4), padding=((1, 1), (1, 1))), ("x",)),
            ("a1", Requantize(3, 0, 15), ("dw",)),
            ("pw", Conv(some(1, 1, 4, 6), some(6)), ("a1",)),
            ("a2", Requantize(4, 0, 15), ("pw",)),
            ("dw2", DepthwiseConv(some(2, 3, 6, 1), some(6), (2, 2), ((0, 1), (1, 1))), ("a2",)),
        ],
        ["dw2"],
    )


def moving_net(size: tuple[int, int, int] = (6, 5, 4)) -> Graph:
    """A map that is enlarged, cut, padded and turned, with functions and a layer between."""
    rng = np.random.default_rng(11)
    channels = size[2]
    return make_graph(
        "moving",
        [
            ("x", Input.of(size, Fixed(5, 0, True)), ()),
            ("up", Upsample((2, 3)), ("x",)),
            ("cut", Crop(((1, 2), (3, 0))), ("up",)),
            ("q", Requantize(1, -3, 4), ("cut",)),
            ("rim", Pad(((0, 2), (1, 1))), ("q",)),
            ("mix", Conv(rng.integers(-3, 4, (1, 1, channels, 2)), np.zeros(2, int)), ("rim",)),
            ("turn", Permute((1, 0, 2)), ("mix",)),
            ("first", Permute((2, 0, 1)), ("turn",)),
        ],
        ["first"],
    )


def units_of(design: Design) -> set[str]:
    return {
        part.unit for stage in design.stages for part in stage.parts if isinstance(part, UnitRef)
    }


MOVING = {"hwg_upsample", "hwg_crop", "hwg_pad", "hwg_reorder"}


@pytest.mark.parametrize("interval", [800, 3000])
def test_movements_of_a_map_are_units(interval: int) -> None:
    graph = moving_net()
    design = planned(graph, replace(GOAL, pace=Pace(interval)))
    assert units_of(design) >= MOVING
    assert design.interval <= interval
    self_check(graph, design, 1)


@pytest.mark.ci
def test_movements_of_a_map_of_real_size_need_no_word_of_the_whole() -> None:
    graph = moving_net((12, 10, 8))
    design = planned(graph, replace(GOAL, pace=Pace(1_334)))  # the shortest that it can be built at
    assert units_of(design) >= MOVING
    assert max(len(link.fields) for link in design.links) <= 8
    self_check(graph, design, 1)


@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (Upsample((2,)), (7, 2)),
        (Upsample((1, 3)), (5, 4)),  # along the last axis
        (Upsample((3,)), (6,)),
        (Crop(((0, 0), (0, 0), (1, 2))), (3, 2, 5)),
        (Crop(((2, 1),)), (6,)),
        (Pad(((1, 0), (0, 2))), (3, 4)),
        (Pad(((0, 0), (2, 1))), (3, 4, 2)),
        (Permute((1, 0)), (3, 4)),
        (Permute((2, 1, 0)), (2, 3, 4)),
        (Permute((0, 2, 1)), (2, 3, 4)),
    ],
)
def test_every_movement_of_one_or_two_axes_is_a_unit(
    op: Op, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwgen.plan.stream.ways.LARGEST", 0)  # no word of a whole tensor
    layers = [("x", Input.of(shape, Fixed(4, 1, True)), ()), ("y", op, ("x",))]
    graph = make_graph("net", layers, ["y"])
    design = planned(graph, replace(GOAL, pace=Pace(1000)))
    assert units_of(design) & MOVING
    self_check(graph, design, 1)


def test_a_movement_that_is_too_slow_is_refused_with_what_it_can() -> None:
    with pytest.raises(DoesNotFit, match="layer first takes 1,334 cycles a sample") as caught:
        planned(moving_net((12, 10, 8)), replace(GOAL, pace=Pace(600)))
    assert caught.value.hint == "--interval 1334 can be built"


@pytest.mark.parametrize("interval", [48, 400, 3000])
def test_a_cnn_keeps_every_interval(interval: int) -> None:
    graph = residual_cnn()
    design = planned(graph, replace(GOAL, pace=Pace(interval)))
    assert 48 <= design.interval <= interval
    self_check(graph, design, 1)


def test_slower_designs_are_smaller() -> None:
    graph, family = residual_cnn(), load_board("vcu118").family
    luts = [
        estimate(planned(graph, replace(GOAL, pace=Pace(n))), family).lut for n in (48, 400, 3000)
    ]
    assert luts == sorted(luts, reverse=True)
    assert luts[-1] < 0.7 * luts[0]


def test_an_interval_that_the_input_cannot_keep_is_refused() -> None:
    with pytest.raises(DoesNotFit, match="48 cycles a sample at best, 40 are allowed") as caught:
        planned(residual_cnn(), replace(GOAL, pace=Pace(40)))
    assert "--interval 48" in caught.value.hint


def test_a_folding_that_was_asked_for_is_built_and_told() -> None:
    graph = residual_cnn()
    asked = {"c2": Realisation("folded", pe=2, simd=12, memory="block", dsp=1)}
    goal = replace(GOAL, pace=Pace(3000))
    design = plan_stream(graph, load_board("vcu118"), goal, "cnn", asked)
    assert mapping_of(design)["c2"] == asked["c2"]
    self_check(graph, design, 1)
    wrong = {"c2": Realisation("folded", pe=3, simd=37)}
    with pytest.raises(ConfigError, match="cannot be folded with pe 3, simd 37") as caught:
        plan_stream(graph, load_board("vcu118"), goal, "cnn", wrong)
    assert "pe" in caught.value.hint


@pytest.mark.parametrize(
    ("pe", "simd", "dsp", "memory"),
    [(1, 1, 0, "block"), (2, 3, 1, "lut"), (4, 9, 0, "lut"), (4, 1, 1, "lut")],
)
def test_a_depthwise_layer_folds_over_channels_and_taps(
    pe: int, simd: int, dsp: int, memory: str
) -> None:
    graph = separable_cnn()
    asked = {"dw": Realisation("folded", pe=pe, simd=simd, dsp=dsp, memory=memory)}
    design = planned(graph, replace(GOAL, pace=Pace(3000)), asked)
    assert mapping_of(design)["dw"] == asked["dw"]
    (unit,) = (stage for stage in design.stages if stage.name == "dw")
    assert unit.interval == 30 * (4 // pe) * (9 // simd)  # positions, channels, taps
    self_check(graph, design, 1)


@pytest.mark.parametrize(("simd", "pe"), [(5, 3), (8, 2)])
def test_a_folding_need_not_divide_the_matrix(simd: int, pe: int) -> None:
    graph = residual_cnn()
    asked = {
        "c2": Realisation("folded", pe=1, simd=simd),  # of 36 columns
        "d": Realisation("folded", pe=pe, simd=4),  # of 5 rows
    }
    design = planned(graph, replace(GOAL, pace=Pace(3000)), asked)
    intervals = {stage.name: stage.interval for stage in design.stages}
    assert intervals["c2"] == 48 * 4 * -(-36 // simd)
    assert intervals["d"] == -(-5 // pe) * 3
    self_check(graph, design, 1)


@pytest.mark.parametrize(
    ("board", "bits", "products"),
    [
        ("vcu118", 8, (0, 1, 2)),
        ("basys3", 8, (0, 1, 2)),  # 25 by 18 bits
        ("ulx3s", 8, (0, 1)),  # 18 by 18: no place for two weights of 8 bits
        ("ulx3s", 4, (0, 1, 2)),
        ("vcu118", 16, (0, 1)),
    ],
)
def test_products_are_packed_where_the_blocks_of_the_family_hold_them(
    board: str, bits: int, products: tuple[int, ...]
) -> None:
    half = 1 << (bits - 1)
    weight = np.array([[-half, half - 1]])
    matrix = Matrix(weight, np.zeros(2, np.int64), bits, False, 2 * bits + 1, 1)
    assert products_of(matrix, load_board(board).family.dsp_widths) == products
    assert products_of(matrix, None) == (0,)


def test_a_depthwise_layer_packs_no_two_products() -> None:
    asked = {"dw": Realisation("folded", pe=2, simd=3, dsp=2)}
    with pytest.raises(ConfigError, match="dw cannot be folded"):
        planned(separable_cnn(), replace(GOAL, pace=Pace(3000)), asked)


def test_a_model_of_a_unit_finds_weights_in_another_order() -> None:
    graph = residual_cnn()
    design = planned(graph, replace(GOAL, pace=Pace(3000)))
    (at,) = [i for i, stage in enumerate(design.stages) if stage.name == "c2"]
    stage = design.stages[at]
    unit = stage.parts[0]
    assert isinstance(unit, UnitRef)
    other = {**unit.constants, "Weights": unit.constants["Weights"][:, ::-1]}
    wrong = replace(stage, body=replace(unit, constants=other))
    with pytest.raises(Mismatch):
        self_check(
            graph, replace(design, stages=(*design.stages[:at], wrong, *design.stages[at + 1 :])), 1
        )
