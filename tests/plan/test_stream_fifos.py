# SPDX-License-Identifier: Apache-2.0
"""FIFOs of random branchy graphs: no deadlock, the rate lasts, and shorter ones lose it.

A planned design gives its results at equal distances, since its slowest stage never pauses. Where a
FIFO is a word short no stage is the slowest: a circuit of waits is, over more than one sample, and
distances alternate.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.design.types import Design
from hwgen.ir.graph import Graph
from hwgen.ops.merge import Concat
from hwgen.ops.shape import Permute
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.stream import fifos, tokens
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import load_board
from hwgen.verify.self_check import self_check
from hwgen.verify.simulate import BenchSettings
from tests.plan.branches import branchy
from tests.plan.nets import Net, holds_in_simulation
from tests.plan.nets import planned as planned_at

CLAIMS = ("matches_reference", "latency_is_as_claimed", "interval_is_as_claimed")


def planned(seed: int) -> Design:
    allowed = int(np.random.default_rng(seed).choice([64, 100, 300, 1000]))
    goal = Goal(200.0, style="stream", pace=Pace(allowed))
    graph = branchy(seed)
    design = plan_stream(graph, load_board("vcu118"), goal, "net", {})
    self_check(graph, design, 1)
    return design


def distances(design: Design, samples: int = 60) -> list[int]:
    """Return the cycles between the ends of samples, of the output whose results come slowest."""
    made = tokens.run(design, samples)
    assert made.stuck == ()
    found = []
    for link, times in made.left.items():
        words = design.link(link).words
        found.append(np.diff(times[words - 1 :: words]).tolist())
    return max(found, key=sum)


def keeps_its_rate(design: Design) -> None:
    found = distances(design)
    assert set(found[len(found) // 2 :]) == {design.interval}


def jittering() -> tuple[Graph, Design]:
    """Return a graph, and a design of it whose results come 32 and 36 cycles apart, in turn.

    A map is joined with itself, turned and turned back, and its FIFO is three words too short.
    """
    net = Net(4, 4, 2)
    net.add("turned", Permute((2, 0, 1)), "x")
    net.add("back", Permute((1, 2, 0)), "turned")
    net.add("both", Concat(-1), "back", "x")
    graph = net.graph("both")
    design = planned_at(graph, 64)
    links = [replace(x, depth=x.depth - 3 * (x.name == "x_to1")) for x in design.links]
    short = replace(design, links=tuple(links), interval=34)
    return graph, replace(short, latency=tokens.latency(short))


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_branchy_graph_keeps_its_rate(seed: int) -> None:
    keeps_its_rate(planned(seed))


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=getattr(pytest.mark, "ci" if seed % 10 == 4 else "slow"))
        for seed in range(200)
    ],
)
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


def test_results_of_a_circuit_of_waits_come_at_distances_that_alternate() -> None:
    graph, design = jittering()
    assert planned_at(graph, 64).interval == 32
    found = distances(design)
    assert set(zip(found[::2], found[1::2], strict=False)) == {(32, 36)}
    assert tokens.interval(tokens.run(design, 61), design) == 34  # over whole periods


@pytest.mark.ci
@pytest.mark.sim
def test_a_design_that_jitters_does_so_in_simulation(tmp_path: Path) -> None:
    holds_in_simulation(*jittering(), tmp_path / "out", BenchSettings(tests=CLAIMS))


def bits(design: Design) -> int:
    return sum(link.depth * link.bits for link in design.links)


def test_fifos_of_large_maps_are_shortened_by_some_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = planned(1)
    monkeypatch.setattr(fifos, "_EVENTS", 0)
    design = planned(1)
    keeps_its_rate(design)
    assert bits(exact) <= bits(design) <= 1.1 * bits(exact)
    monkeypatch.setattr(fifos, "_TRIALS", 0)
    assert bits(planned(1)) > 1.1 * bits(exact)


def test_fifos_that_had_to_grow_are_shortened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    exact, needed = planned(1), fifos._needed

    def too_short(*given: Any) -> Any:
        made = needed(*given)
        return replace(made, fifos=dict.fromkeys(made.fifos, 1))

    monkeypatch.setattr(fifos, "_needed", too_short)
    design = planned(1)
    keeps_its_rate(design)
    assert bits(design) <= 1.5 * bits(exact)


def test_fifos_that_do_not_last_are_between_short_and_long_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact, shorter = planned(1), fifos._shorter
    monkeypatch.setattr(fifos, "_shorter", lambda *given: replace(shorter(*given), fifos={}))
    design = planned(1)
    keeps_its_rate(design)
    assert bits(exact) <= bits(design)


def test_short_fifos_stop_the_design_or_slow_it_down() -> None:
    design = planned(1)
    bare = replace(design, links=tuple(replace(link, depth=0) for link in design.links))
    made = tokens.run(bare, 20)
    assert made.stuck or tokens.interval(made, bare) > design.interval
