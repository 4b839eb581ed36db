# SPDX-License-Identifier: Apache-2.0
"""Stream designs: stages and links, their values, when their words move."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hwgen.design.flow_core import buffer_of, flow_cores
from hwgen.design.serial import design_files, read_design
from hwgen.design.types import Design
from hwgen.errors import Mismatch
from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal
from hwgen.plan.stream import tokens
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import load_board
from hwgen.verify.self_check import self_check
from tests.verify.conftest import small_net, two_ways

GOAL = Goal(200.0, style="stream")


def planned(graph: Graph, goal: Goal = GOAL) -> Design:
    return plan_stream(graph, load_board("vcu118"), goal, graph.name, {})


@pytest.fixture(scope="module")
def chain() -> Design:
    return planned(small_net())


@pytest.fixture(scope="module")
def branches() -> Design:
    return planned(two_ways())


def test_layers_become_stages_between_stream_links(chain: Design) -> None:
    assert [stage.name for stage in chain.stages] == ["fc1", "fc2", "fc3"]
    assert chain.style == "stream"
    assert chain.interval == 1
    # two registers of logic each, one of the buffer: nobody waits
    assert chain.latency == sum(stage.latency for stage in chain.stages)


def test_values_are_those_of_the_reference(chain: Design, branches: Design) -> None:
    self_check(small_net(), chain, 1)
    self_check(two_ways(), branches, 1)


def test_a_wrong_design_is_found(chain: Design) -> None:
    first, *others = chain.stages
    other = planned(small_net()).stages[0]
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
