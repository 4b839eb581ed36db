# SPDX-License-Identifier: Apache-2.0
"""The estimate of a model: its figures, a trigger's conditions, variants side by side."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen import paths
from hwgen.api.estimate import compare, estimate, examine, varied
from hwgen.api.settings import Ask
from hwgen.cli import run
from hwgen.cost.calibration import calibrated
from hwgen.errors import ConfigError, DoesNotFit
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.requantize import Requantize
from hwgen.plan.trigger_budget import crossings, judge, parse_trigger
from hwgen.target.board import boards, load_board
from tests.calls import calls_of
from tests.cli.models import pair, tiny_h5

Capture = pytest.CaptureFixture[str]


def net(rng: np.random.Generator, *sizes: int, bits: int = 6) -> Graph:
    """Return dense layers with rectifiers between."""
    source = Input.of((sizes[0],), Fixed(8, 4, True))
    nodes = [Node("x", source, (), source.infer([]))]
    top = 1 << (bits - 1)

    def put(name: str, op: Any) -> None:
        nodes.append(Node(name, op, (nodes[-1].name,), op.infer([nodes[-1].type])))

    for i, (n, m) in enumerate(pairwise(sizes), 1):
        put(f"fc{i}", Dense(rng.integers(-top + 1, top, (n, m)), rng.integers(-9, 9, m)))
        if i < len(sizes) - 1:
            put(f"relu{i}", Requantize(4, 0, 63))
    last = nodes[-1]
    graph = Graph("net", tuple(nodes), (Output("y", last.name, (2.0**-last.type.frac,)),))
    graph.check()
    return graph


# --- figures --------------------------------------------------------------------------------------


def test_the_figures_add_up(rng: np.random.Generator) -> None:
    made = estimate(net(rng, 8, 10, 4), board="vu13p", clock="360MHz")
    facts, text = made.figures, made.text()
    budget = load_board("vu13p").budget
    for key in ("lut", "ff", "dsp", "bram"):
        assert sum(getattr(stage, key) for stage in facts.stages) == getattr(facts.modelled, key)
        assert getattr(facts.budget, key) == getattr(budget, key)
    assert sum(stage.cycles for stage in facts.stages) == facts.latency_cycles
    assert facts.latency_ns == pytest.approx(facts.latency_cycles / 0.36, abs=1e-3)
    assert facts.latency_crossings == -(-facts.latency_cycles * 1000 // (360 * 25))
    assert facts.weights == 8 * 10 + 10 * 4
    assert facts.parameters == facts.weights + 10 + 4
    assert facts.input_bits == {"x": 8}
    assert facts.fmax.mhz >= 360
    for said in ("bunch crossing", "inputs of 8 bits", "360 million samples", "off by", "fc1"):
        assert said in text
    known = calibrated(load_board("vu13p").family)
    assert f"{100 * known.lut.layer_median:.1f} % (median)" in text
    assert f"to {math.ceil(100 * known.lut.layer_worst)} % (worst) a layer" in text
    assert facts.lut_error.designs == known.lut.designs > 0


def test_a_kin_lends_its_factors_and_says_so(rng: np.random.Generator) -> None:
    graph = net(rng, 4, 4)
    made = estimate(graph, board="arty_a7_35t")
    facts, text = made.figures, made.text()
    assert facts.lut_error.own is False
    assert facts.lut_error.family == "ultrascale_plus"
    assert "measured on ultrascale_plus" in text
    assert facts.fmax.error is None
    assert "never compared" in text
    own = estimate(graph, board="ulx3s").figures
    assert own.lut_error.own is True
    assert (own.fmax.error is None) == (calibrated(load_board("ulx3s").family).fmax is None)


def test_the_jet_tagger_takes_about_a_second() -> None:
    shared = paths.beside_checkout("shared")
    if shared is None or not (shared / "models" / "qkeras_3layer.json").is_file():
        model, weights, form = paths.demo() / "magic.h5", None, None
    else:
        model = shared / "models" / "qkeras_3layer.json"
        weights, form = shared / "models" / "qkeras_3layer_weights.h5", "s8.4"
    made = []

    def run() -> None:
        made.append(
            estimate(model, weights=weights, input_format=form, board="vu13p", clock="360MHz")
        )

    assert calls_of(run) < 6_000_000  # 2.6 million today, a second
    assert made[0].figures.latency_cycles > 1


def test_bunch_crossings_begin_whole() -> None:
    assert [crossings(ns) for ns in (0.1, 25.0, 25.0 + 1e-12, 25.1, 75.0)] == [1, 1, 1, 2, 3]


# --- the trigger ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "limit", "unit", "strict", "least"),
    [
        ("latency<100ns", "latency", 100.0, "ns", True, False),
        (" latency <= 0.1 us", "latency", 100.0, "ns", False, False),
        ("LATENCY<=20cycles", "latency", 20.0, "cycles", False, False),
        ("latency=4bx", "latency", 4.0, "bx", False, False),
        ("rate=40MHz", "rate", 40.0, "MHz", False, True),
        ("rate>4e7Hz", "rate", 40.0, "MHz", True, True),
        ("lut<5%", "lut", 5.0, "%", True, False),
        ("ff<=20000", "ff", 20000.0, "", False, False),
        ("bram=0", "bram", 0.0, "", False, False),
    ],
)
def test_conditions_are_read(
    text: str, key: str, limit: float, unit: str, strict: bool, least: bool
) -> None:
    (found,) = parse_trigger(text)
    assert (found.key, found.unit, found.strict, found.least) == (key, unit, strict, least)
    assert found.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("", "no condition", "latency<100ns"),
        (" , ", "no condition", "latency<100ns"),
        ("fast", "'fast' is no condition", "latency<100ns"),
        ("latency<", "is no condition", "latency<100ns"),
        ("latncy<100ns", "'latncy'", "did you mean 'latency'?"),
        ("latency<100", "no unit", "latency<100ns"),
        ("latency<100parsec", "unknown unit 'parsec'", "latency<=4bx"),
        ("rate=40", "no unit", "rate=40MHz"),
        ("lut<5ns", "unknown unit 'ns'", "lut<5%"),
        ("latency>100ns", "asks for much", "latency<100ns"),
        ("rate<40MHz", "asks for little", "rate=40MHz"),
        ("lut<1e999", "too large", "latency<100ns"),
        ("lut<5%,dps<3", "'dps'", "did you mean 'dsp'?"),
    ],
)
def test_what_is_no_condition_is_refused_with_a_hint(text: str, what: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_trigger(text)
    assert caught.value.where == "--trigger"
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_a_limit_that_is_hit_exactly(rng: np.random.Generator) -> None:
    made = estimate(net(rng, 4, 4), board="vu13p", clock="300MHz")
    facts = made.figures
    ns, lut = facts.latency_cycles / 0.3, facts.modelled.lut
    for text, holds in (
        (f"latency<={ns!r}ns", True),
        (f"latency<{ns!r}ns", False),
        (f"lut<={lut}", True),
        (f"lut<{lut}", False),
        ("rate=300MHz", True),
        ("rate>300MHz", False),
        (f"latency<={facts.latency_crossings}bx", True),
        (f"latency<{facts.latency_cycles + 1}cycles", True),
    ):
        (answer,) = judge(parse_trigger(text), facts)
        assert answer.holds is holds, text


def test_the_layer_that_breaks_a_condition_is_named(rng: np.random.Generator) -> None:
    ask = Ask(net(rng, 6, 16, 3), "vu13p", clock="400MHz")
    found = examine(ask, "latency<5ns, lut<10, rate=40MHz")
    assert isinstance(found.refusal, DoesNotFit)
    assert "trigger   no" in found.text()
    stages = {stage.name: stage for stage in found.figures.stages}
    most = max(stages, key=lambda name: stages[name].lut)
    late = max(stages, key=lambda name: stages[name].cycles)
    latency, lut, rate = found.answers
    assert (latency.holds, lut.holds, rate.holds) == (False, False, True)
    assert (latency.layer, lut.layer, rate.layer) == (late, most, "")
    share = stages[most].lut / found.figures.modelled.lut
    assert lut.share == pytest.approx(share)
    assert f"{most} takes the most of it, {100 * share:.0f} %" in found.refusal.what
    assert "prune more" in found.refusal.hint


def test_yes_has_no_failure(rng: np.random.Generator) -> None:
    found = examine(Ask(net(rng, 4, 4), "vu13p"), "latency<1us,rate=40MHz,lut<5%,dsp=0")
    assert found.refusal is None
    assert found.holds is True
    assert "trigger   yes" in found.text()


def test_a_clock_that_meets_the_latency_is_found(rng: np.random.Generator) -> None:
    graph = net(rng, 6, 12, 4)
    slow = examine(Ask(graph, "vu13p", clock="30MHz"))
    limit = slow.design.latency_ns * 0.6
    found = examine(Ask(graph, "vu13p", clock="30MHz"), f"latency<{limit:.3f}ns")
    assert found.refusal is not None
    assert "it takes" in found.refusal.hint
    mhz = float(found.refusal.hint.split(" at ")[1].split()[0])
    again = examine(Ask(graph, "vu13p", clock=f"{mhz}MHz"), f"latency<{limit:.3f}ns")
    assert again.refusal is None  # the way out is one
    out = examine(Ask(graph, "vu13p", clock="30MHz"), "latency<0.5ns").refusal
    assert out is not None
    assert "the least that was found on vu13p is" in out.hint


def test_a_rate_above_the_clock_is_refused(rng: np.random.Generator) -> None:
    graph = net(rng, 4, 4)
    found = examine(Ask(graph, "vu13p", clock="30MHz"), "rate=40MHz").refusal
    assert found is not None
    assert found.hint == "ask for a clock of 40 MHz or more"
    found = examine(Ask(graph, "ulx3s", clock="30MHz"), "rate=4GHz").refusal
    assert found is not None
    assert "split the samples" in found.hint


@pytest.mark.ci
def test_the_smallest_board_that_holds_it_is_named(rng: np.random.Generator) -> None:
    graph = net(rng, 24, 32, 12)
    found = examine(Ask(graph, "tangnano9k", clock="20MHz", style="parallel"))
    assert found.refusal is not None  # its figures are told all the same
    need = found.figures.modelled.lut
    assert need > found.board.budget.lut
    assert f"{need:,} LUT (it has {found.board.budget.lut:,})" in found.refusal.what
    stages = {stage.name: stage.lut for stage in found.figures.stages}
    assert found.refusal.where == max(stages, key=lambda name: stages[name])
    name = found.refusal.hint.split("holds it is ")[1].split()[0]
    assert examine(Ask(graph, name, clock="20MHz", style="parallel")).refusal is None
    with pytest.raises(DoesNotFit, match="tangnano9k"):
        estimate(graph, board="tangnano9k", clock="20MHz", style="parallel")


@pytest.mark.ci
def test_what_was_not_tried_is_not_recommended_nor_ruled_out(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = net(rng, 24, 32, 12)
    monkeypatch.setattr("hwgen.plan.alternatives._QUICK", 0)  # as if it were a large network
    found = examine(Ask(graph, "icebreaker", clock="20MHz", style="parallel")).refusal
    assert found is not None
    assert "no known board with ice40 parts holds it; other families were not tried" in found.hint
    assert "no known board holds it" not in found.hint


def test_a_bound_refuses_without_a_search_and_names_the_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hwgen.logic.cmvm.solve._run", None)  # nothing is searched for
    weights = np.random.default_rng(1).integers(-127, 128, (1200, 1200))
    source = Input.of((1200,), Fixed(8, 4, True))
    nodes = [Node("x", source, (), source.infer([]))]
    op = Dense(weights, [0] * 1200)
    nodes.append(Node("fc1", op, ("x",), op.infer([nodes[0].type])))
    graph = Graph("wide", tuple(nodes), (Output("y", "fc1", (1.0,)),))
    with pytest.raises(DoesNotFit) as caught:
        examine(Ask(graph, "ulx3s", style="parallel"))
    assert caught.value.where == "fc1"
    assert not any(f"{b.name} " in caught.value.hint for b in boards())


def test_a_share_is_met_by_a_larger_board(rng: np.random.Generator) -> None:
    graph = net(rng, 8, 10, 4)
    found = examine(Ask(graph, "arty_a7_35t", clock="50MHz"), "lut<1%")
    assert found.refusal is not None
    name = found.refusal.hint.split("meets lut<1% is ")[1].split()[0]
    assert examine(Ask(graph, name, clock="50MHz"), "lut<1%").refusal is None
    smaller = [
        b.name for b in boards() if b.budget.lut < load_board(name).budget.lut and b.max_mhz >= 50
    ]
    for other in smaller:
        try:
            assert examine(Ask(graph, other, clock="50MHz"), "lut<1%").refusal is not None, other
        except DoesNotFit:
            continue


# --- side by side ---------------------------------------------------------------------------------


def test_settings_and_models_side_by_side(tmp_path: Path) -> None:
    a, b = tiny_h5(tmp_path / "a.h5"), tiny_h5(tmp_path / "b.h5")
    made = compare(
        Ask(a, "vcu118", clock="100MHz"),
        ["clock=300MHz,board=vu13p", str(b), "board=icebreaker,clock=400MHz"],
        "lut<10",
    )
    first, fast, other, none = made.as_dict()["variants"]
    assert (first["board"], first["clock_mhz"], first["name"]) == ("vcu118", 100.0, "a")
    assert (fast["board"], fast["clock_mhz"], fast["name"]) == ("vu13p", 300.0, "a")
    assert (other["name"], other["latency_cycles"]) == ("b", first["latency_cycles"])
    assert fast["latency_cycles"] >= first["latency_cycles"]
    assert none["fits"] is False
    assert "400 MHz" in none["says"]
    lines = made.text().splitlines()
    assert lines[0].split()[0] == "a.h5"
    assert next(line for line in lines if line.startswith("trigger")).split()[1:] == [
        "no", "no", "no", "-",
    ]  # fmt: skip
    assert lines[-1].startswith("board=icebreaker,clock=400MHz: ")


def test_a_variant_changes_what_it_names() -> None:
    base = Ask("m.json", "vcu118", "w.h5", "200MHz")
    assert varied(base, "clock=5ns, effort=0") == Ask("m.json", "vcu118", "w.h5", "5ns", effort=0)
    assert varied(base, "n.h5") == Ask("n.h5", "vcu118", None, "200MHz")
    assert varied(base, "model=n.json,weights=v.h5").weights == "v.h5"
    given = varied(base, "input-format=s6.2").options
    assert given is not None
    assert str(given.input_formats[""]) == "s6.2"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("clok=5ns", "unknown setting 'clok'"),
        ("clock=", "clock has no value"),
        ("clock=5ns,clock=4ns", "clock is set twice"),
        ("effort=much", "effort is a whole number"),
        (" , ", "is empty"),
    ],
)
def test_a_wrong_variant_is_refused(text: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        varied(Ask("m.h5", "vcu118"), text)


def test_a_comparison_in_which_nothing_fits_fails(tmp_path: Path) -> None:
    model = tiny_h5(tmp_path / "a.h5")
    with pytest.raises(DoesNotFit):
        compare(Ask(model, "icebreaker", clock="900MHz"), ["clock=800MHz"])


# --- the command line -----------------------------------------------------------------------------


def test_the_verb_says_yes_and_no_with_its_exit_code(tmp_path: Path, capsys: Capture) -> None:
    model, weights = (str(p) for p in pair(tmp_path))
    words = ["estimate", model, "--weights", weights, "-b", "vu13p"]
    assert run([*words, "--trigger", "latency<1us, rate=40MHz, lut<5%"]) == 0
    assert "trigger   yes" in capsys.readouterr().out
    assert run([*words, "--trigger", "lut<1"]) == 4
    said = capsys.readouterr()
    assert "trigger   no" in said.out  # the report comes all the same
    assert "takes the most of it" in said.err
    assert run([*words, "--trigger", "lut<1", "--json"]) == 4
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["error"], answer["exit_code"]) == (False, "DoesNotFit", 4)
    assert answer["trigger"]["conditions"][0]["value"] == answer["modelled"]["lut"]
    assert run([*words, "--trigger", "ltu<1", "--json"]) == 2
    assert "did you mean 'lut'?" in json.loads(capsys.readouterr().out)["hint"]
    assert run([*words, "--compare", "clock=100MHz", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["variants"]) == 2
