# SPDX-License-Identifier: Apache-2.0
"""The compiled simulation of words gives the cycles of its specification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.stream import native, tokens
from hwgen.plan.stream.channels import Actor
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import load_board
from tests.plan.branches import branchy
from tests.plan.test_stream import moving_net, residual_cnn, separable_cnn
from tests.verify.conftest import two_ways

GRAPHS: list[tuple[Callable[[], Graph], int]] = [
    (two_ways, 2), (residual_cnn, 400), (separable_cnn, 400), (moving_net, 800),
    (partial(branchy, 1), 100), (partial(branchy, 7), 300), (partial(branchy, 8), 300),
]  # fmt: skip


def rules(of: type[Actor] = Actor) -> set[int]:
    """Return the numbers of the rules of all actors."""
    return {rule for sub in of.__subclasses__() for rule in (sub.rule, *rules(sub))}


def test_both_simulations_give_the_same_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    if native.library() is None:
        pytest.fail("the core is not compiled: make setup")
    seen, settle = set[int](), native.settle

    def watched(actors: list[Actor]) -> bool:
        seen.update(actor.rule for actor in actors)
        return settle(actors)

    monkeypatch.setattr(native, "settle", watched)
    for make, allowed in GRAPHS:
        goal = Goal(200.0, style="stream", pace=Pace(allowed))
        design = plan_stream(make(), load_board("vcu118"), goal, "net", {})
        for paced in (False, True):
            compiled = tokens.run(design, 3, paced)
            assert compiled == tokens.run(design, 3, paced, compiled=False)
            assert compiled.stuck == ()
    assert seen == rules(), f"rules {rules() - seen} were not met"


def test_a_design_that_stops_is_seen_to_stop_by_both() -> None:
    goal = Goal(200.0, style="stream", pace=Pace(100))
    design = plan_stream(branchy(1), load_board("vcu118"), goal, "net", {})
    bare = replace(design, links=tuple(replace(link, depth=0) for link in design.links))
    made = tokens.run(bare, 5)
    assert made == tokens.run(bare, 5, compiled=False)
    assert made.stuck or tokens.interval(made, bare) > design.interval
