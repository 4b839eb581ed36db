# SPDX-License-Identifier: Apache-2.0
"""The compiled simulation of words gives the cycles of its specification."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.stream import native, tokens
from hwgen.plan.stream.channels import Actor, Channel
from hwgen.plan.stream.matvec_actor import Matvec
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import load_board
from tests.plan.branches import branchy
from tests.plan.test_stream import moving_net, residual_cnn, separable_cnn
from tests.plan.test_stream_joins import everything
from tests.plan.test_stream_stairs import deep
from tests.verify.conftest import two_ways

GRAPHS: list[tuple[Callable[[], Graph], int]] = [
    (two_ways, 2), (residual_cnn, 400), (separable_cnn, 400), (moving_net, 800),
    (partial(branchy, 1), 100), (partial(branchy, 7), 300), (partial(branchy, 8), 300),
    (deep, 300), (everything, 500),
]  # fmt: skip


def rules(of: type[Actor] = Actor) -> set[int]:
    """Return the numbers of the rules of all actors."""
    return {rule for sub in of.__subclasses__() for rule in (sub.rule, *rules(sub))}


def test_both_simulations_give_the_same_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    if native.library() is None:
        pytest.fail("the core is not compiled: make setup")
    seen, settle = set[int](), native.settle

    def watched(actors: list[Actor], told: list[Channel]) -> bool:
        seen.update(actor.rule for actor in actors)
        return settle(actors, told)

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


LATENCY = 3


def by_cycles(offers: list[int], delays: list[int]) -> tuple[list[int], list[int]]:
    """Return when words are taken and shown by a pipeline that stands still while one waits."""
    taken, shown, places = list[int](), list[int](), [-1] * LATENCY
    for cycle in range(offers[-1] + sum(delays) + 9 * len(offers)):
        last = places[-1]
        if last == len(shown):
            shown.append(cycle)
        if last >= 0 and cycle < shown[last] + delays[last]:
            continue
        here = len(taken) < len(offers) and offers[len(taken)] <= cycle
        places = [len(taken) if here else -1, *places[:-1]]
        taken += [cycle] * here
    return taken, shown


@pytest.mark.parametrize("late", [False, True])
def test_a_unit_that_stands_still_takes_what_was_offered_before(late: bool, seed: int) -> None:
    rng = random.Random(seed)
    offers = sorted(rng.sample(range(400), 60))
    delays = [rng.choice((0, 0, 1, 7, 15)) for _ in offers]
    source, out, words = Channel(), Channel(), iter(offers)
    alone = {"PE": 1, "SIMD": 1, "Rows": 1, "Columns": 1, "Levels": LATENCY - 1}
    unit = Matvec(source, out, "hwg_stream_thresholds", alone)
    while len(out.taken) < len(offers):
        unit.advance()
        if late and (k := len(out.taken)) < len(out.shown):  # known before what comes behind
            out.taken.append(out.shown[k] + delays[k])
        elif (word := next(words, None)) is not None:
            source.shown.append(word)
        elif (k := len(out.taken)) < len(out.shown):
            out.taken.append(out.shown[k] + delays[k])
    assert (source.taken, out.shown) == by_cycles(offers, delays)
