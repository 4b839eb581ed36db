# SPDX-License-Identifier: Apache-2.0
"""Small designs, each written once a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import hwgen.ops  # noqa: F401  (registers the operations)
from hwgen.design.types import Design, Heading
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.base import Op
from hwgen.ops.dense import Dense
from hwgen.ops.edge_tables import EdgeTables
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add
from hwgen.ops.reference import run_reference
from hwgen.ops.requantize import Requantize
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.parallel.schedule import schedule
from hwgen.verify.vectors import Vectors, corner_vectors, join, random_vectors

Layer = tuple[str, Op, tuple[str, ...]]


@dataclass(frozen=True)
class Built:
    """A design on disk with its vectors."""

    graph: Graph
    design: Design
    out: Path
    vectors: Vectors


def make_graph(name: str, layers: list[Layer], outputs: list[str]) -> Graph:
    nodes: dict[str, Node] = {}
    for label, op, inputs in layers:
        inferred = op.infer([nodes[i].type for i in inputs])
        nodes[label] = Node(label, op, inputs, inferred, label)
    leaving = tuple(Output(f"{n}_out", n, (2.0 ** -nodes[n].type.frac,)) for n in outputs)
    graph = Graph(name, tuple(nodes.values()), leaving)
    graph.check()
    return graph


def small_net() -> Graph:
    """Two dense layers: rounding with saturation, thresholds, signed and unsigned wires, a bias."""
    rng = np.random.default_rng(7)
    steps = np.sort(rng.choice(np.arange(-60, 90), (3, 5), replace=False), axis=1)
    return make_graph(
        "tiny",
        [
            ("x", Input.of((5,), Fixed(5, 2, True)), ()),
            ("fc1", Dense(rng.integers(-7, 8, (5, 4)), rng.integers(-20, 20, 4)), ("x",)),
            ("act1", Requantize(3, 0, 15), ("fc1",)),
            ("fc2", Dense(rng.integers(-7, 8, (4, 3)), rng.integers(-20, 20, 3)), ("act1",)),
            ("act2", Thresholds(steps, np.array([-3, -1, 0, 2, 5, 6]), 0), ("fc2",)),
            ("fc3", Dense(rng.integers(-3, 4, (3, 5)), np.zeros(5, np.int64)), ("act2",)),
        ],
        ["fc3"],
    )


def heaps() -> Graph:
    """A layer of 2-bit inputs, tables with rows and gates, and a layer of single bits."""
    rng = np.random.default_rng(9)
    x = np.arange(128)
    rows = rng.integers(0, 20, (6, 4, 32))[:, :, x >> 2]
    jump = np.where(x >> 6, rng.integers(0, 4, (6, 4, 64))[:, :, x & 63], 0)
    return make_graph(
        "heaps",
        [
            ("x", Input.of((5,), Fixed(2)), ()),
            ("fc1", Dense(rng.integers(-40, 41, (5, 6)), rng.integers(-20, 20, 6)), ("x",)),
            ("act1", Requantize(1, -64, 63), ("fc1",)),
            (
                "edges",
                EdgeTables(rows + jump - 9, -64, np.array([3, 0, -5, 9]), -16, 15),
                ("act1",),
            ),
            ("act2", Requantize(4, 0, 1), ("edges",)),
            ("fc2", Dense(rng.integers(-99, 99, (4, 3)), np.zeros(3, np.int64)), ("act2",)),
        ],
        ["fc2"],
    )


def two_ways() -> Graph:
    """Two inputs of different length, a residual sum, two outputs, one of them unsigned."""
    rng = np.random.default_rng(8)
    return make_graph(
        "twoway",
        [
            ("x", Input.of((3,), Fixed(7, 0, True)), ()),
            ("z", Input.of((2, 9), Fixed(3, 0)), ()),
            ("fx", Dense(rng.integers(-3, 4, (3, 9)), rng.integers(-5, 5, 9)), ("x",)),
            ("qx", Requantize(0, -40, 37), ("fx",)),
            ("sum", Add((1, -1)), ("qx", "fx")),
            ("fz", Dense(rng.integers(-3, 4, (9, 2)), np.zeros(2, np.int64)), ("z",)),
            ("qz", Requantize(0, 0, 31), ("fz",)),
        ],
        ["sum", "qz"],
    )


@dataclass(frozen=True)
class Parts:
    """Delays of an invented family: these tests must not move when a real one is measured."""

    overhead_ns: float = 0.9
    adder_operands: int = 2

    def adder_ns(self, width: int, operands: int = 2) -> float:
        return 0.6 + 0.003 * width + 0.3 * (operands - 2)

    def logic_ns(self, levels: int) -> float:
        return 0.4 * levels


def write(
    graph: Graph, out: Path, clock_mhz: float = 400.0, samples: int = 1500, data_width: int = 64
) -> Built:
    heading = Heading(graph.name, "invented", clock_mhz, "0" * 64, data_width)
    design = schedule(graph, heading, Parts())
    emit_rtl(design).write(out)
    types = {node.name: node.type for node in graph.inputs}
    vectors = join([corner_vectors(types), random_vectors(types, samples, 3)])
    return Built(graph, design, out, vectors.with_outputs(run_reference(graph, vectors.inputs)))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Built:
    # Narrow beats: a frame of three in, three out, the last of them not full.
    return write(small_net(), tmp_path_factory.mktemp("tiny") / "out", data_width=16)


@pytest.fixture(scope="session")
def twoway(tmp_path_factory: pytest.TempPathFactory) -> Built:
    # Frames of five beats at both ends: the rate is held against every beat of a result.
    return write(two_ways(), tmp_path_factory.mktemp("twoway") / "out", data_width=32)
