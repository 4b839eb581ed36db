# SPDX-License-Identifier: Apache-2.0
"""How hard adder graphs are searched for: from the command line down to the solver."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.cli import run
from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph
from hwgen.logic.cmvm import solve as solver
from hwgen.logic.cmvm.solve import solve
from hwgen.logic.nodes import Add3
from hwgen.plan.goal import EFFORTS, MAX_SEED, Goal, goal_for
from hwgen.plan.planner import plan
from hwgen.target.board import load_board
from tests.cli.models import tiny_h5

VCU = "vcu118"


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return hwgen.load(tiny_h5(tmp_path / "tiny.h5"))


@pytest.mark.parametrize("effort", [-1, 4, 100])
def test_another_effort_is_refused_with_what_there_is(effort: int) -> None:
    with pytest.raises(ConfigError, match=f"effort {effort} is out of range") as caught:
        goal_for(load_board(VCU), effort=effort)
    assert caught.value.where == "--effort"
    assert "0 is quick, 1 the default" in caught.value.hint


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ConfigError, match="out of range") as caught:
        goal_for(load_board(VCU), seed=seed)
    assert caught.value.where == "--seed"
    assert goal_for(load_board(VCU), seed=MAX_SEED).seed == MAX_SEED


@pytest.mark.parametrize("verb", [["estimate"], ["build", "-o", "out"]])
def test_the_command_line_refuses_it_too(
    verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    tiny_h5(tmp_path / "m.h5")
    assert run([*verb, "m.h5", "-b", VCU, "--effort", "7", "--json", "-q"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["error"], answer["where"]) == ("ConfigError", "--effort")
    assert "0 is quick" in answer["hint"]
    assert [p.name for p in tmp_path.iterdir()] == ["m.h5"]


def test_the_solver_gets_what_is_asked_for(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[tuple[int, int]] = set()

    def watched(*args: Any, **given: Any) -> Any:
        seen.add((given["effort"], given["seed"]))
        return solve(*args, **given)

    monkeypatch.setattr("hwgen.logic.matvec.solve", watched)
    board = load_board(VCU)
    plan(graph, board, Goal(200.0), "tiny")
    assert seen == {(1, 1)}
    seen.clear()
    plan(graph, board, Goal(200.0, effort=2, seed=9), "tiny")
    assert seen == {(2, 9)}
    seen.clear()
    # Where the clock is too fast for an adder of three, the logic is made a second time.
    slow = replace(board, family=replace(board.family, third_operand=5.0))
    design = plan(graph, slow, Goal(200.0, effort=0, seed=3), "tiny")
    assert not any(isinstance(node, Add3) for node in design.pipeline.logic.nodes)
    assert seen == {(0, 3)}


def test_it_is_recorded_and_gives_the_same_bytes(tmp_path: Path) -> None:
    model = tiny_h5(tmp_path / "m.h5")
    made = [hwgen.build(model, board=VCU, effort=2, seed=5).files for _ in range(2)]
    solver._solve.cache_clear()
    assert made[0] == made[1] == hwgen.build(model, board=VCU, effort=2, seed=5).files
    config = tomllib.loads(made[0]["config.toml"].decode())
    assert (config["effort"], config["seed"]) == (2, 5)
    plain = tomllib.loads(hwgen.build(model, board=VCU).files["config.toml"].decode())
    assert (plain["effort"], plain["seed"]) == (1, 1)


@pytest.mark.parametrize("effort", [0, 2])
def test_an_estimate_is_of_the_same_design(
    effort: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny_h5(tmp_path / "m.h5")
    words = ["-b", VCU, "--effort", str(effort), "--seed", "4", "--json", "-q"]
    assert run(["estimate", str(model), *words]) == 0
    told = json.loads(capsys.readouterr().out)
    built = hwgen.build(model, board=VCU, effort=effort, seed=4).figures.as_dict()
    for figure in ("terms", "latency_cycles", "modelled"):
        assert told[figure] == built[figure]


# The first two end in a larger graph if the search of an effort is taken as it comes.
@pytest.mark.parametrize("seed", [104, 108, 3])
def test_more_effort_never_costs_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(3, 7, 2)
    top = 1 << int(rng.integers(1, 6))
    weight = rng.integers(-top + 1, top, (n, m)) * (rng.random((n, m)) >= rng.choice([0, 0.3]))
    plans = [
        solve(weight, [0] * m, [-128] * n, [127] * n, arity=3, effort=effort) for effort in EFFORTS
    ]
    taken = [made.bits for made in plans]
    assert taken == sorted(taken, reverse=True)
    assert taken[3] < taken[0]
    for made in plans:
        matrix, bias = made.matrix()
        assert np.array_equal(matrix, weight)
        assert not np.any(bias)
