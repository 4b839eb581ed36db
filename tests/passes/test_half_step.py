# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.ops.reference import run_reference
from hwgen.ops.requantize import Requantize
from hwgen.ops.serial import digest, graph_to_json
from hwgen.passes.half_step import join_half_steps
from tests.plan.test_lowering import CASES


@pytest.mark.parametrize("arity", [3, 2])
@pytest.mark.parametrize("case", CASES)
def test_no_output_changes(case: str, arity: int) -> None:
    make, *spared = CASES[case]
    graph = make()
    before = digest(graph)
    changed = join_half_steps(graph, arity)
    changed.check()
    assert digest(graph) == before
    t = graph.nodes[0].type
    x = np.random.default_rng(1).integers(t.lo, t.hi + 1, (2000, *t.shape))
    want, got = run_reference(graph, {"x": x}), run_reference(changed, {"x": x})
    for name, codes in want.items():
        assert np.array_equal(got[name], codes)
    rounders = [node for node in changed.nodes if isinstance(node.op, Requantize)]
    halves = sum(int(np.broadcast_to(n.op.half, n.type.shape).sum()) for n in rounders)
    assert halves >= spared[arity == 2]  # some of them are constants, which no logic rounds


def test_a_sum_with_half_a_step_is_half_a_step_higher() -> None:
    graph = CASES["dense"][0]()
    changed = join_half_steps(graph, 3)
    x = {"x": np.arange(-8, 8).reshape(4, 4)}
    sums, raised = (run_reference(g, x, ["fc"])["fc"] for g in (graph, changed))
    assert np.array_equal(raised, sums + 4)  # three bits are dropped


def test_a_graph_that_is_being_planned_is_not_stored() -> None:
    changed = join_half_steps(CASES["dense"][0](), 3)
    with pytest.raises(AssertionError, match="act0: a graph that is being planned"):
        graph_to_json(changed)
