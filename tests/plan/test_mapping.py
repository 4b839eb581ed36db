# SPDX-License-Identifier: Apache-2.0
"""A mapping that is asked for is built; the one that prices chose gives the same when asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hwgen.design.types import Design, Heading
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.ir.graph import Graph
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Table
from hwgen.ops.dense import Dense
from hwgen.ops.requantize import Requantize
from hwgen.plan import clock, planner
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import (
    Realisation,
    check_mapping,
    layers_of,
    mapping_of,
    of_style,
    read_mapping,
)
from hwgen.plan.parallel.lower import lower
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.plan.planner import plan
from hwgen.target.board import load_board
from tests.plan.nets import Net
from tests.plan.test_tables import CASES, SIX, known_sum, same
from tests.synth.sparse import network


@pytest.mark.parametrize("effort", [1, 2])
@pytest.mark.parametrize("case", [*CASES, "wide"])
def test_the_choice_of_prices_gives_the_same_wires_when_asked_for(case: str, effort: int) -> None:
    graph = wide() if case == "wide" else CASES[case][0]()
    chosen = lower(graph, 3, effort, tables=SIX)
    mapping = {name: Realisation(kind) for name, kind in chosen.realised.items()}
    assert set(mapping) == set(layers_of(graph))
    assert lower(graph, 3, effort, tables=SIX, mapping=mapping) == chosen


def wide() -> Graph:
    """A layer whose tables cost more than its adders, and one with nothing behind it."""
    net = Net(6, fixed="u3.0")
    places = np.add.outer(np.arange(6), np.arange(4)) % 2
    net.add("fc1", Dense(places * np.array([3, 5, 7, 1]), np.zeros(4, int)), "x")
    net.add("act", Requantize(0, 0, 127), "fc1")
    return net.graph(net.add("fc2", Dense(np.ones((4, 2), int), np.zeros(2, int)), "act"))


def test_a_layer_is_what_it_is_asked_to_be() -> None:
    graph = wide()
    cheap = lower(graph, tables=SIX)
    assert cheap.realised == {"fc1": "adders", "fc2": "adders"}
    tables = lower(graph, tables=SIX, mapping={"fc1": Realisation("tables")})
    assert tables.realised == {"fc1": "tables", "fc2": "adders"}
    assert any(isinstance(node, Table) for node in tables.logic.nodes)
    assert same(graph, tables.logic)
    sums = known_sum()
    assert lower(sums, tables=SIX).realised == {"sum": "adders", "fc": "tables"}
    adders = lower(sums, tables=SIX, mapping={"fc": Realisation("adders")})
    assert not any(isinstance(node, Table) for node in adders.logic.nodes)
    assert same(sums, adders.logic)


def test_another_choice_for_one_layer_leaves_the_others() -> None:
    graph = network((6, 8, 5), (2, 3), seed=2)
    board, goal = load_board("vcu118"), Goal(clock_mhz=300.0)
    design = plan(graph, board, goal, "net")
    chosen = mapping_of(design)
    assert chosen == {name: Realisation("tables") for name in layers_of(graph)}
    assert plan(graph, board, goal, "net", chosen) == design
    first = layers_of(graph)[0]
    other = plan(graph, board, goal, "net", {**chosen, first: Realisation("adders")})
    assert mapping_of(other) == {**chosen, first: Realisation("adders")}
    x = np.random.default_rng(1).integers(0, 4, (500, 6))
    logics = design.pipeline.logic, other.pipeline.logic
    (one,), (two,) = (evaluate(logic, {"x": x}, check=True).values() for logic in logics)
    assert np.array_equal(one, two)


def test_a_choice_that_changed_with_the_clock_gives_the_same_design(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planner aims at faster clocks until one is reached; there, nothing is looked up."""
    scheduled, aims = planner.schedule, list[float]()

    def none_at_faster_clocks(graph: Graph, heading: Heading, *rest: Any, **given: Any) -> Design:
        aims.append(heading.clock_mhz)
        given["tables"] = (
            None if heading.clock_mhz > 200.0 else replace(given["tables"], factors={})
        )
        return scheduled(graph, heading, *rest, **given)

    def reached(design: Design, board: object, around: float = 0.0) -> float:
        return 100.0 if "tables" in {r.kind for r in mapping_of(design).values()} else 150.0

    monkeypatch.setattr(planner, "schedule", none_at_faster_clocks)
    monkeypatch.setattr(clock, "reached_mhz", reached)
    graph, board, goal = network((6, 8, 5), (2, 3), seed=2), load_board("vcu118"), Goal(200.0)
    design = plan(graph, board, goal, "net")
    chosen = mapping_of(design)
    assert set(chosen.values()) == {Realisation("adders")}
    assert len(set(aims)) > 1
    assert plan(graph, board, goal, "net", chosen) == design


def test_what_cannot_be_a_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="layer fc2 cannot be made of truth tables"):
        lower(wide(), tables=SIX, mapping={"fc2": Realisation("tables")})
    net = Net(9, fixed="u8.0")
    net.add("fc", Dense(np.ones((9, 2), int), np.zeros(2, int)), "x")
    graph = net.graph(net.add("act", Requantize(3, 0, 15), "fc"))
    with pytest.raises(ConfigError, match="no neuron of fc can be a truth table") as caught:
        lower(graph, tables=SIX, mapping={"fc": Realisation("tables")})
    assert caught.value.where == "layers.fc"
    with pytest.raises(DoesNotFit, match="no neuron of fc can be a truth table at this clock"):
        lower(known_sum(), tables=Prices(6, {}, levels=0), mapping={"fc": Realisation("tables")})


@pytest.mark.parametrize(
    ("mapping", "what", "hint"),
    [
        ({"fc3": Realisation("adders")}, "no layer 'fc3'", "did you mean 'fc"),
        ({"act": Realisation("adders")}, "no layer 'act'", "fc1, fc2"),
        ({"fc1": Realisation("addrs")}, "unknown realisation 'addrs'", "did you mean 'adders'"),
        ({"fc1": Realisation("folded", pe=0)}, "pe 0, simd 1, .* no folding", "1 or more"),
        ({"fc1": Realisation("folded", memory="ram")}, "memory 'ram' are no folding", "block"),
        ({"fc1": Realisation("folded", digit_bits=2)}, "digit_bits cannot be", "leave it out"),
        (
            {"fc1": Realisation("sparse")},
            "'sparse' .* is not built yet",
            "adders and tables and serial and folded and xnor",
        ),
        ({"fc1": Realisation("xnor", dsp=1)}, "dsp cannot be chosen", "leave it out"),
        ({"fc1": Realisation("xnor", simd=0)}, "simd 0, .* no folding", "1 or more"),
        ({"fc1": Realisation("adders", pe=2)}, "pe cannot be chosen", "leave it out"),
    ],
)
def test_a_wrong_mapping_is_refused(mapping: dict[str, Realisation], what: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        check_mapping(wide(), mapping)
    assert hint in caught.value.hint
    with pytest.raises(ConfigError, match=what):
        plan(wide(), load_board("vcu118"), Goal(200.0), "net", mapping)


def test_a_parallel_design_has_no_folded_layer() -> None:
    mapping = {"fc1": Realisation("folded")}
    with pytest.raises(ConfigError, match="fc1 shall be folded") as caught:
        plan(wide(), load_board("vcu118"), Goal(200.0), "net", mapping)
    assert "--style stream" in caught.value.hint


def test_a_serial_layer_takes_an_interval() -> None:
    mapping = {"fc1": Realisation("serial")}
    check_mapping(wide(), mapping)
    with pytest.raises(ConfigError, match="fc1 shall be serial") as caught:
        plan(wide(), load_board("vcu118"), Goal(200.0), "net", mapping)
    assert "--interval" in caught.value.hint


@pytest.mark.parametrize(
    ("tables", "what", "hint"),
    [
        (7, "layers is a table", "realisation ="),
        ({"fc1": "adders"}, "names no realisation", "realisation ="),
        ({"fc1": {}}, "names no realisation", "realisation ="),
        ({"fc1": {"realisation": "adders", "simds": 2}}, "unknown key 'simds'", "'simd'"),
        ({"fc1": {"realisation": 2}}, "realisation is text", "realisation ="),
        ({"fc1": {"realisation": "adders", "pe": "2"}}, "pe is a whole number", "realisation ="),
        ({"fc1": {"realisation": "adders", "pe": True}}, "pe is a whole number", "realisation ="),
    ],
)
def test_a_wrong_table_is_refused(tables: Any, what: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        read_mapping(tables)
    assert hint in caught.value.hint


def test_a_table_is_read() -> None:
    entry = {"realisation": "folded", "pe": 2, "memory": "block"}
    assert read_mapping({"fc1": entry}) == {"fc1": Realisation("folded", pe=2, memory="block")}
    assert read_mapping({}) == {}


def test_a_style_fills_the_mapping() -> None:
    assert of_style("parallel") == of_style("stream") == {}
    with pytest.raises(ConfigError, match="unknown style"):
        of_style("paralel")
