# SPDX-License-Identifier: Apache-2.0
"""The graph's invariants, its text, and the passes over it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.requantize import Requantize
from hwgen.passes import PIPELINE, run_passes


def node(name: str, op: object, *sources: Node, note: str = "") -> Node:
    kind = op.infer([s.type for s in sources])  # type: ignore[attr-defined]
    return Node(name, op, tuple(s.name for s in sources), kind, name, note)


X = node("x", Input.of((3,), Fixed(4, 2, True)))
FC = node("fc", Dense(np.array([[1, -2], [0, 3], [4, 0]]), np.array([1, 0]), 1), X, note="w s4.1")
RELU = node("relu", Requantize(2, 0, 7), FC)
GRAPH = Graph("tiny", (X, FC, RELU), (Output("y", "relu", (0.5,)),))


def test_a_good_graph_passes_and_shows_one_line_a_node() -> None:
    GRAPH.check()
    lines = GRAPH.show().splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("fc    2 s7.3 [-39, 37]")
    assert "dense <- x" in lines[1]
    assert lines[1].endswith("w s4.1")
    assert lines[3].split() == ["output", "y", "=", "relu"]
    assert GRAPH.inputs == (X,)
    assert GRAPH.types(FC) == (X.type,)
    assert GRAPH["relu"] is RELU
    with pytest.raises(KeyError):
        GRAPH["other"]


@pytest.mark.parametrize(
    ("graph", "text"),
    [
        (replace(GRAPH, nodes=(X, RELU, FC)), "reads .* before they exist"),
        (replace(GRAPH, nodes=(X, X, FC, RELU)), "two nodes named x"),
        (replace(GRAPH, nodes=(X, replace(FC, type=X.type), RELU)), "type is not what infer says"),
        (replace(GRAPH, nodes=(replace(X, name="a b"),)), "no identifier"),
        (replace(GRAPH, outputs=()), "needs an output"),
        (replace(GRAPH, outputs=(Output("y", "gone", (1.0,)),)), "names an unknown node"),
        (replace(GRAPH, outputs=GRAPH.outputs * 2), "two outputs of one name"),
    ],
)
def test_a_broken_graph_is_a_bug(graph: Graph, text: str) -> None:
    with pytest.raises(AssertionError, match=text):
        graph.check()


@pytest.mark.parametrize(
    ("scale", "offset", "exact"),
    [((0.5,), (0.0,), True), ((1.0, 0.25), (0.0,), True), ((0.3,), (0.0,), False),
     ((0.5,), (0.1,), False), ((-1.0,), (0.0,), False)],
)  # fmt: skip
def test_an_output_is_exact_on_a_power_of_two_grid(
    scale: tuple[float, ...], offset: tuple[float, ...], exact: bool
) -> None:
    assert Output("y", "fc", scale, offset).exact is exact


def test_the_pipeline_drops_what_no_output_needs_and_keeps_inputs() -> None:
    other = node("other", Input.of((1,), Fixed(2)))
    dead = node("dead", Requantize(0, 0, 1), other)
    graph = Graph("tiny", (X, other, FC, dead, RELU), GRAPH.outputs)
    assert len(PIPELINE) >= 1
    assert [n.name for n in run_passes(graph).nodes] == ["x", "other", "fc", "relu"]
    assert run_passes(GRAPH) == GRAPH
