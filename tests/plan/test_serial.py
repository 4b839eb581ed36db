# SPDX-License-Identifier: Apache-2.0
"""Serial designs of graphs: every operation, words between digits, choices a layer, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.cost.estimate import estimate, estimate_layers
from hwgen.design.serial import design_files, read_design
from hwgen.design.types import Design, Pipeline, SerialPipeline
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import DoesNotFit, Mismatch, ModelError
from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation, mapping_of
from hwgen.plan.pace import Pace
from hwgen.plan.planner import plan
from hwgen.plan.serial.unread import without_unread
from hwgen.plan.trigger_budget import parse_conditions
from hwgen.target.board import load_board
from hwgen.verify.self_check import make_vectors, self_check
from hwgen.verify.simulate import FLOW_CLAIMS, SERIAL_CLAIMS, BenchSettings, simulate
from hwgen.verify.trace import trace_of
from tests.plan.test_tables import network
from tests.verify.conftest import make_graph, small_net, two_ways
from tests.verify.test_every_operation import graph_of_examples

BOARD = load_board("vcu118")


def planned(graph: Graph, interval: int, mapping: dict[str, Realisation] | None = None) -> Design:
    return plan(graph, BOARD, Goal(200.0, style="serial", pace=Pace(interval)), graph.name, mapping)


@pytest.mark.parametrize("interval", [2, pytest.param(7, marks=pytest.mark.ci)])
def test_every_operation_in_digits_equals_the_reference(interval: int) -> None:
    graph = graph_of_examples()
    design = planned(graph, interval)
    assert design.style == "serial"
    assert design.interval <= interval
    self_check(graph, design, 1)
    names = {stage.name for stage in design.stages}
    assert any(isinstance(stage.body, Pipeline) for stage in design.stages), names
    assert set(estimate_layers(design, BOARD.family)) >= {x.name for x in design.layers}


def test_words_stand_where_a_layer_needs_them() -> None:
    design = planned(small_net(), 4)
    kinds = [type(stage.body) for stage in design.stages]
    assert kinds == [SerialPipeline, Pipeline, SerialPipeline]
    self_check(small_net(), design, 1)
    assert mapping_of(design) == {f"fc{i}": Realisation("serial") for i in (1, 2, 3)}


@pytest.mark.parametrize("net", [small_net, two_ways])
def test_a_value_may_be_two_outputs(net: Callable[[], Graph]) -> None:
    graph = net()
    graph = replace(graph, outputs=(*graph.outputs, replace(graph.outputs[0], name="again")))
    design = planned(graph, 4)
    assert {port.name for port in design.outputs} == {output.name for output in graph.outputs}
    self_check(graph, design, 1)


def test_a_layer_on_whole_words_in_front_of_serial_ones() -> None:
    graph = network((6, 8, 5), (2, 3), seed=2)
    mapping = {"fc1": Realisation("adders")}
    design = planned(graph, 6, mapping)
    assert [type(stage.body) for stage in design.stages] == [Pipeline, SerialPipeline]
    assert mapping_of(design) == {**mapping, "fc2": Realisation("serial")}
    self_check(graph, design, 1)
    whole = planned(graph, 6, {name: Realisation("adders") for name in ("fc1", "fc2")})
    assert whole.style == "parallel"


def test_residual_sums_and_two_outputs_are_one_stage() -> None:
    design = planned(two_ways(), 5)
    assert len(design.stages) == 1
    self_check(two_ways(), design, 1)


def test_a_layer_without_a_serial_form_is_refused() -> None:
    graph = small_net()
    from hwgen.plan.parallel.lower import lower
    from hwgen.plan.serial.regions import regions

    with pytest.raises(ModelError, match="act2 has no serial form") as caught:
        regions(graph, lower(graph).logic, {"act2": Realisation("serial")})
    assert "adders" in caught.value.hint


@pytest.mark.parametrize("interval", [2, 3, 5, 16, 40])
def test_the_interval_is_kept_with_the_narrowest_digits(interval: int) -> None:
    design = planned(network((6, 8, 5), (2, 3), seed=2), interval)
    part = design.serial
    assert part is not None
    assert part.interval == design.interval <= interval
    digit = part.graph.digit_bits
    if digit > 1:
        assert -(-part.graph.digits * digit // (digit - 1)) > interval or digit == 2


def test_designs_of_several_stages_are_stored_and_estimated(tmp_path) -> None:  # type: ignore[no-untyped-def]
    design = planned(small_net(), 4)
    design_files(design).write(tmp_path / "out")
    assert read_design(tmp_path / "out") == design
    whole = estimate(design, BOARD.family)
    assert whole.interval == design.interval
    assert whole.lut > 0 < whole.ff


def test_neurons_that_nothing_reads_leave() -> None:
    rng = np.random.default_rng(3)
    from hwgen.ir.fixed import Fixed
    from hwgen.ops.dense import Dense
    from hwgen.ops.input_ import Input
    from hwgen.ops.requantize import Requantize

    second = rng.integers(-7, 8, (6, 3))
    second[[1, 4]] = 0
    layers = [
        ("x", Input.of((5,), Fixed(5, 2, True)), ()),
        ("fc1", Dense(rng.integers(-7, 8, (5, 6)), np.arange(6)), ("x",)),
        ("act", Requantize(3, 0, 15), ("fc1",)),
        ("fc2", Dense(second, np.zeros(3, np.int64)), ("act",)),
    ]
    graph = make_graph("lean", layers, ["fc2"])  # type: ignore[arg-type]
    lean = without_unread(graph)["fc1"].op
    assert isinstance(lean, Dense)
    assert (lean.weight[:, [1, 4]] == 0).all()
    assert (lean.weight[:, [0, 2, 3, 5]] != 0).any()
    self_check(graph, planned(graph, 5), 1)
    both = make_graph("both", layers, ["fc2", "act"])  # type: ignore[arg-type]
    assert without_unread(both)["fc1"].op is both["fc1"].op


def test_the_planner_takes_the_cheaper_of_digits_and_whole_words() -> None:
    small = network((6, 8, 5), (2, 3), seed=2)
    chosen = plan(small, BOARD, Goal(200.0, pace=Pace(6)), "net")
    assert chosen.style == "parallel"  # digits take more flip-flops than they save
    asked = plan(small, BOARD, Goal(200.0, pace=Pace(6)), "net", {"fc1": Realisation("serial")})
    assert asked.style == "serial"


def test_budget_and_latency_decide_the_interval() -> None:
    graph = network((6, 8, 5), (2, 3), seed=2)

    def auto(budget: str, latency_ns: float | None = None) -> Design:
        pace = Pace(None, parse_conditions(budget, "--budget") if budget else ())
        return plan(graph, BOARD, Goal(200.0, latency_ns, style="serial", pace=pace), "net")

    quick = auto("")
    assert quick.interval == 2
    lut = estimate(quick, BOARD.family).lut
    slow = auto(f"lut<{lut}")
    assert slow.interval > 2
    assert estimate(slow, BOARD.family).lut < lut
    with pytest.raises(DoesNotFit, match="lut is") as caught:
        auto("lut<3")
    assert "no interval" in caught.value.hint
    cap = quick.latency * 5.0
    with pytest.raises(DoesNotFit, match="cycles") as caught:
        auto(f"lut<{lut}", cap)
    assert "allow that latency" in caught.value.hint
    found = re.search(r"needs (\d+) cycles", caught.value.what)
    assert found is not None
    allowed = auto(f"lut<{lut}", int(found[1]) * 5.0)  # the way out leads to a build
    assert allowed.latency == int(found[1])
    with pytest.raises(DoesNotFit, match="lut is") as caught:
        plan(
            graph,
            BOARD,
            Goal(200.0, style="serial", pace=Pace(2, parse_conditions("lut<3", "--budget"))),
            "net",
        )
    assert "--interval auto" in caught.value.hint
    with pytest.raises(DoesNotFit, match="cycles") as caught:
        plan(graph, BOARD, Goal(200.0, 20.0, style="serial", pace=Pace(8)), "net")
    assert caught.value.where == "latency"


def test_the_dial_falls() -> None:
    graph = network((12, 16, 12), (6, 6), seed=2)
    found = [estimate(planned(graph, n), BOARD.family).lut for n in (2, 4, 8, 16)]
    assert found == sorted(found, reverse=True)


@pytest.mark.sim
@pytest.mark.parametrize(
    ("graph", "interval", "registers"),
    [
        (small_net(), 4, 2),  # digits and whole words in turn
        pytest.param(two_ways(), 1, 3, marks=pytest.mark.ci),
        pytest.param(two_ways(), 5, 1, marks=pytest.mark.ci),
    ],
)
def test_registers_on_links_take_the_cycles_that_are_claimed(
    graph: Graph, interval: int, registers: int, tmp_path: Path
) -> None:
    style = "serial" if interval > 1 else "parallel"
    goal = Goal(200.0, style=style, pace=Pace(interval))
    plain = plan(graph, BOARD, goal, "linked")
    design = plan(graph, BOARD, replace(goal, register_links=registers), "linked")
    assert design.latency >= plain.latency + 2 * registers
    self_check(graph, design, 1)
    assert estimate(design, BOARD.family).ff > estimate(plain, BOARD.family).ff
    out = emit_rtl(design).write(tmp_path / "out")
    claims = (*FLOW_CLAIMS, *(SERIAL_CLAIMS if interval > 1 else ()))
    result = simulate(out, make_vectors(graph, 40, 3), BenchSettings(tests=claims))
    assert (result.mismatches, result.latency_cycles) == (0, design.latency)


@pytest.mark.sim
@pytest.mark.parametrize(
    ("graph", "module", "where"),
    [
        (two_ways(), "net_sum", "layer sum"),
        pytest.param(small_net(), "net_serial2_fc3", "layer fc3", marks=pytest.mark.ci),
        pytest.param(small_net(), "net_serial0_fc1", "layer fc1, act1, fc2", marks=pytest.mark.ci),
    ],
)
def test_a_mismatch_names_the_first_wrong_layer(
    graph: Graph, module: str, where: str, tmp_path: Path
) -> None:
    design = planned(graph, 5)
    design = replace(design, name="net")
    out = emit_rtl(design).write(tmp_path / "out")
    file = out / "rtl" / f"hwg_{module}.sv"
    text = file.read_text()
    assert ".Sub(" in text
    file.write_text(re.sub(r"\.Sub\(\S+?\)", ".Sub(0)", text, count=1))
    settings = BenchSettings(tests=("matches_reference",))
    with pytest.raises(Mismatch, match=r"first wrong value: .*expected") as caught:
        simulate(out, make_vectors(graph, 40, 3), settings, trace=trace_of(design))
    assert caught.value.where == where
    assert "replay: hwgen sim" in caught.value.hint


@pytest.mark.sim
@pytest.mark.ci
def test_a_register_of_a_link_that_is_not_there_is_seen(tmp_path: Path) -> None:
    graph = small_net()
    goal = Goal(200.0, style="serial", pace=Pace(4), register_links=2)
    out = emit_rtl(plan(graph, BOARD, goal, "linked")).write(tmp_path / "out")
    unit = out / "rtl" / "units" / "hwg_link_delay.sv"
    right = "chain_q[(Cycles-1)*Width +: Width]"
    assert unit.read_text().count(right) == 1
    unit.write_text(unit.read_text().replace(right, "chain_q[0 +: Width]"))
    with pytest.raises(Mismatch):
        simulate(out, make_vectors(graph, 40, 3), BenchSettings())


@pytest.mark.sim
@pytest.mark.parametrize("interval", [5, pytest.param(3, marks=pytest.mark.ci)])
def test_stages_of_digits_and_of_words_in_a_simulator(interval: int, tmp_path) -> None:  # type: ignore[no-untyped-def]
    graph = small_net()
    design = replace(planned(graph, interval), name="mixed")
    emit_rtl(design).write(tmp_path / "out")
    vectors = make_vectors(graph, 60, 3)
    claims = (*FLOW_CLAIMS, *SERIAL_CLAIMS)
    result = simulate(tmp_path / "out", vectors, BenchSettings(tests=claims))
    assert (result.samples, result.mismatches) == (len(vectors), 0)
    assert (result.latency_cycles, result.interval) == (design.latency, design.interval)
