# SPDX-License-Identifier: Apache-2.0
"""FIFOs of random branchy graphs: no deadlock, the rate lasts, and shorter ones lose it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.design.types import Design
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.stream import tokens
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import load_board
from hwgen.verify.self_check import self_check
from tests.plan.branches import branchy


def planned(seed: int) -> Design:
    allowed = int(np.random.default_rng(seed).choice([64, 100, 300, 1000]))
    goal = Goal(200.0, style="stream", pace=Pace(allowed))
    graph = branchy(seed)
    design = plan_stream(graph, load_board("vcu118"), goal, "net", {})
    self_check(graph, design, 1)
    return design


def keeps_its_rate(design: Design) -> None:
    made = tokens.run(design, 60)
    assert made.stuck == ()
    assert tokens.interval(made, design) == design.interval


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_branchy_graph_keeps_its_rate(seed: int) -> None:
    keeps_its_rate(planned(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_two_hundred_branchy_graphs_keep_their_rate(seed: int) -> None:
    keeps_its_rate(planned(seed))


@pytest.mark.parametrize("cycles", [1, 17, 90])
def test_no_word_leaves_later_because_the_next_sample_comes_early(cycles: int) -> None:
    design = planned(1)
    alone = tokens.run(design, 1)
    (late,) = (replace(design, interval=n) for n in (design.interval + cycles,))
    for made in (tokens.run(design, 3), tokens.run(late, 3, paced=True)):
        for link, times in alone.left.items():
            if made.entered == alone.entered:
                assert made.left[link][: len(times)] == times


def test_short_fifos_stop_the_design_or_slow_it_down() -> None:
    design = planned(1)
    bare = replace(design, links=tuple(replace(link, depth=0) for link in design.links))
    made = tokens.run(bare, 20)
    assert made.stuck or tokens.interval(made, bare) > design.interval
