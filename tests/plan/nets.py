# SPDX-License-Identifier: Apache-2.0
"""Graphs that are written down by name, and what their stream designs are asked."""

from __future__ import annotations

from pathlib import Path

from hwgen.design.flow_core import unit_of
from hwgen.design.types import Design, UnitRef
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.base import Op
from hwgen.ops.input_ import Input
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import Realisation
from hwgen.plan.pace import Pace
from hwgen.plan.stream.planner import plan_stream
from hwgen.target.board import load_board
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, simulate
from hwgen.verify.trace import trace_of


class Net:
    """Grows a graph by name."""

    def __init__(self, *shape: int, fixed: str = "u2.0") -> None:
        self.nodes: list[Node] = []
        self.add("x", Input.of(shape, Fixed.parse(fixed)))

    def add(self, name: str, op: Op, *ins: str) -> str:
        types = [node.type for i in ins for node in self.nodes if node.name == i]
        self.nodes.append(Node(name, op, ins, op.infer(types)))
        return name

    def graph(self, *outputs: str) -> Graph:
        made = Graph("net", tuple(self.nodes), tuple(Output(f"o_{n}", n, (1.0,)) for n in outputs))
        made.check()
        return made


def planned(graph: Graph, interval: int, **asked: Realisation) -> Design:
    """Return the stream design of a graph, some of its layers realised as asked."""
    goal = Goal(200.0, style="stream", pace=Pace(interval))
    return plan_stream(graph, load_board("vcu118"), goal, graph.name, asked)


def instances(design: Design, unit: str) -> dict[str, UnitRef]:
    """Return the instances of a unit, by the names of their stages."""
    every = {stage.name: unit_of(stage) for stage in design.stages}
    return {name: one for name, one in every.items() if one is not None and one.unit == unit}


def holds_in_simulation(
    graph: Graph, design: Design, folder: Path, settings: BenchSettings | None = None
) -> None:
    """Assert that the RTL gives the reference's words, at the latency and interval of the plan."""
    emit_rtl(design).write(folder)
    every = make_vectors(graph, 6, 1)
    vectors = every.rows(len(every) - 6, len(every))
    result = simulate(folder, vectors, settings or BenchSettings(), trace=trace_of(design))
    assert (result.samples, result.mismatches) == (6, 0)
    assert (result.latency_cycles, result.interval) == (design.latency, design.interval)
