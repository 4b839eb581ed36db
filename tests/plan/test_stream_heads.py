# SPDX-License-Identifier: Apache-2.0
"""Heads behind the layers of stream designs: their values, and the RTL of one of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hwgen
from hwgen.design.types import UnitRef
from hwgen.frontends.heads import with_head
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.ops.argmax import ArgMax
from hwgen.ops.base import Op
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import Reshape
from hwgen.passes import run_passes
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import load_board
from hwgen.verify.self_check import self_check

SIZE, CLASSES = 5, 6


def network(head: str) -> Graph:
    """A convolution and a dense layer on a small map, with a head."""
    rng = np.random.default_rng(4)
    t = TensorType.of((SIZE, SIZE, 2), Fixed(6, 3, True))
    nodes = [Node("x", Input(t.shape, t.fixed, t.lo, t.hi), (), t, "x")]

    def add(name: str, op: Op) -> None:
        kind = op.infer([nodes[-1].type])
        nodes.append(Node(name, op, (nodes[-1].name,), kind, name))

    add("conv", Conv(rng.integers(-7, 8, (3, 3, 2, 3)), np.zeros(3, np.int64), frac=4))
    add("act", Requantize(5, 0, 15))
    add("flat", Reshape(((SIZE - 2) ** 2 * 3,)))
    weight = rng.integers(-7, 8, (nodes[-1].type.size, CLASSES))
    add("fc", Dense(weight, rng.integers(-20, 21, CLASSES), frac=3))
    output = Output("y", "fc", (2.0 ** -nodes[-1].type.frac,))
    return run_passes(with_head(Graph("cnn", tuple(nodes), (output,)), head))


def pixels(head: str, side: int, classes: int) -> Graph:
    """A convolution that classifies every position of a map, with a head."""
    rng = np.random.default_rng(5)
    t = TensorType.of((side, side, 2), Fixed(6, 3, True))
    op = Conv(rng.integers(-7, 8, (1, 1, 2, classes)), rng.integers(-9, 10, classes), frac=4)
    kind = op.infer([t])
    nodes = (
        Node("x", Input(t.shape, t.fixed, t.lo, t.hi), (), t, "x"),
        Node("conv", op, ("x",), kind, "conv"),
    )
    output = Output("y", "conv", (2.0**-kind.frac,))
    return run_passes(with_head(Graph("pixels", nodes, (output,)), head))


@pytest.mark.parametrize("head", ["argmax", "softmax"])
@pytest.mark.parametrize(
    ("side", "simulated"), [(16, False), pytest.param(4, True, marks=pytest.mark.ci)]
)
def test_a_head_at_every_position(head: str, side: int, simulated: bool, tmp_path: Path) -> None:
    """A map of more elements than a word may hold: position by position, one a cycle."""
    graph, out = pixels(head, side, 5), tmp_path / "out" if simulated else None
    built = hwgen.build(graph, out, board="vcu118", style="stream", interval=side**2, effort=0)
    assert built.design.interval == side**2
    widest = max(link.bits for link in built.design.links)
    assert widest <= 5 * 40  # no link holds more than one position
    if out is not None:
        assert hwgen.sim(out, samples=30).mismatches == 0


@pytest.mark.parametrize("head", ["argmax", "softmax"])
@pytest.mark.parametrize("simulated", [False, pytest.param(True, marks=pytest.mark.ci)])
def test_a_head_behind_a_folded_layer(head: str, simulated: bool, tmp_path: Path) -> None:
    """The build itself compares the stages with the reference; the simulation compares the RTL."""
    graph, out = network(head), tmp_path / "out" if simulated else None
    built = hwgen.build(graph, out, board="vcu118", style="stream", interval=60, effort=0)
    parts = [part for stage in built.design.stages for part in stage.parts]
    assert any(isinstance(part, UnitRef) for part in parts)
    assert built.design.interval <= 60
    if out is not None:
        assert hwgen.sim(out, samples=30).mismatches == 0


def test_an_arg_max_of_a_map_goes_position_by_position() -> None:
    rng = np.random.default_rng(0)
    net = GraphBuilder("map")
    net.put("x", Input.of((8, 6, 3), Fixed(4, 0)))
    weight = rng.integers(-7, 8, (3, 3, 3, 5))
    net.put("conv", Conv(weight, np.zeros(5, np.int64), padding=((1, 1), (1, 1))))
    net.put("top", ArgMax())
    graph = net.graph()
    for interval in (48, 4000):
        goal = Goal(200.0, style="stream", pace=Pace(interval))
        design = plan_stream(graph, load_board("vcu118"), goal, "net", {})
        self_check(graph, design, 1)
        (port,) = design.outputs
        assert (design.link(port.link).words, len(design.link(port.link).fields)) == (48, 1)
