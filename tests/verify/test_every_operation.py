# SPDX-License-Identifier: Apache-2.0
"""Every operation's examples, together in one design, simulated against the reference.

Registering an operation is what subscribes it: no list here names one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.design.types import Heading
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops import OPS
from hwgen.ops.base import Example
from hwgen.ops.input_ import Input
from hwgen.plan.parallel.schedule import schedule
from hwgen.target.board import load_board
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import FLOW_CLAIMS, BenchSettings, simulate
from hwgen.verify.trace import trace_of

# Test vectors are files of 64-bit codes.
_WIDEST = 1 << 62


def graph_of_examples() -> Graph:
    nodes: list[Node] = []
    outputs = []
    for kind in sorted(OPS):
        for count, example in enumerate(OPS[kind].examples()):
            if kind == "input" or too_wide(example):
                continue
            name = f"{kind}{count}"
            sources = []
            for i, t in enumerate(example.types):
                op = Input(t.shape, t.fixed, t.lo, t.hi)
                sources.append(Node(f"{name}_in{i}", op, (), op.infer([]), name))
            made = Node(
                name,
                example.op,
                tuple(s.name for s in sources),
                example.op.infer(list(example.types)),
                name,
            )
            nodes += [*sources, made]
            outputs.append(Output(f"{name}_out", name, (2.0**-made.type.frac,)))
    return Graph("every_operation", tuple(nodes), tuple(outputs))


def too_wide(example: Example) -> bool:
    out = example.op.infer(list(example.types))
    return max(t.peak for t in (*example.types, out)) >= _WIDEST


def test_every_operation_has_an_example_that_can_be_simulated() -> None:
    made = {n.op.kind for n in graph_of_examples().nodes}
    assert made == set(OPS)


@pytest.mark.sim
@pytest.mark.parametrize("clock_mhz", [50.0, pytest.param(250.0, marks=pytest.mark.ci)])
def test_rtl_of_every_operation_equals_the_reference(clock_mhz: float, tmp_path: Path) -> None:
    # The rim has its own tests, with several ports too; eighty of them take a minute to compile.
    graph = graph_of_examples()
    graph.check()
    heading = Heading(graph.name, "vcu118", clock_mhz, "0" * 64)
    design = schedule(graph, heading, load_board("vcu118").family)
    emit_rtl(design).write(tmp_path / "out")
    vectors = make_vectors(graph, 200, 3)
    result = simulate(
        tmp_path / "out", vectors, BenchSettings(tests=FLOW_CLAIMS), trace=trace_of(design)
    )
    assert result.samples == len(vectors)
    assert result.mismatches == 0
    assert (result.latency_cycles, result.interval) == (design.latency, 1)
