# SPDX-License-Identifier: Apache-2.0
"""Tiny designs, byte for byte. `pytest --bless tests/golden` rewrites them; review the diff."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hwgen import ops
from hwgen.design.source_list import read_list
from hwgen.design.types import Design, Heading
from hwgen.emit.hls.design import emit_hls
from hwgen.emit.hls.project import Device
from hwgen.emit.verilog.design import emit_rtl
from hwgen.files import FileSet
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.reference import run_reference
from hwgen.plan.parallel.schedule import schedule
from hwgen.plan.parallel.truth_tables import Prices

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Family:
    """A plain delay model, so that figures of real devices may change without a new blessing."""

    overhead_ns: float = 0.2
    adder_operands: int = 2
    lut_inputs: int = 6

    def adder_ns(self, width: int) -> float:
        return 0.3 + 0.05 * width

    def logic_ns(self, levels: int) -> float:
        return 0.4 * levels


def _graph(
    name: str,
    inputs: Sequence[tuple[str, tuple[int, ...], Fixed]],
    layers: Sequence[tuple[str, ops.Op, tuple[str, ...]]],
    outputs: Sequence[str],
) -> Graph:
    nodes: dict[str, Node] = {}
    for port, shape, fixed in inputs:
        op = ops.Input(shape, fixed, np.full(shape, fixed.lo), np.full(shape, fixed.hi))
        nodes[port] = Node(port, op, (), op.infer([]), port)
    for layer, op, reads in layers:
        made = op.infer([nodes[r].type for r in reads])
        nodes[layer] = Node(layer, op, reads, made, layer)
    outs = tuple(Output(o, o, (2.0 ** -nodes[o].type.frac,)) for o in outputs)
    graph = Graph(name, tuple(nodes.values()), outs)
    graph.check()
    return graph


def _dense() -> Graph:
    """Two layers, a rectifier, zeros, an interval that leaves two inputs unsigned."""
    rng = np.random.default_rng(7)
    first = rng.integers(-7, 8, (4, 3)) * (rng.random((4, 3)) < 0.7)
    return _graph(
        "dense",
        [("x", (4,), Fixed(6, 3, True))],
        [
            ("fc1", ops.Dense(first, np.array([3, -8, 0])), ("x",)),
            ("relu1", ops.Requantize(3, 0, 15), ("fc1",)),
            ("logits", ops.Dense(rng.integers(-3, 4, (3, 2)), np.array([1, 0])), ("relu1",)),
        ],
        ["logits"],
    )


def _conv() -> Graph:
    """A convolution in one dimension with padding, a pool, a leaky rectifier."""
    kernel = np.array([[[1], [-2]], [[3], [0]], [[0], [-1]]])
    return _graph(
        "conv",
        [("signal", (4, 2), Fixed(4, 0, True))],
        [
            ("conv_1", ops.Conv(kernel, np.array([2]), (1,), ((1, 1),), (1,)), ("signal",)),
            ("leaky", ops.Requantize(1, -8, 7, 3, -8), ("conv_1",)),
            ("pool", ops.MaxPool((2,), (2,), ((0, 0),)), ("leaky",)),
        ],
        ["pool"],
    )


def _binary() -> Graph:
    """Thresholds a channel, as a batch normalisation before a binary activation leaves them."""
    weight = np.array([[1, -1, 1], [-1, -1, 1], [1, 1, 1]])
    limits = np.array([[-2, 1], [0, 3], [-1, 2]])
    steps = ops.Thresholds(limits, np.array([[-1, 0, 1], [1, 0, -1], [-1, 1, 0]]), 0)
    return _graph(
        "binary",
        [("x", (3,), Fixed(3, 0, True))],
        [
            ("fc", ops.Dense(weight, np.zeros(3, int)), ("x",)),
            ("norm", steps, ("fc",)),
            ("out", ops.Dense(weight, np.zeros(3, int)), ("norm",)),
        ],
        ["out"],
    )


def _merge() -> Graph:
    """Two inputs, a residual, two outputs of different depth, names that need care."""
    return _graph(
        "delay",
        [("left", (2,), Fixed(5, 1, True)), ("right", (2,), Fixed(5, 1, False))],
        [
            ("input", ops.Dense(np.array([[5, -3], [0, 7]]), np.array([1, 1])), ("left",)),
            ("cut", ops.Requantize(2, -16, 15), ("input",)),
            ("wide", ops.ShiftLeft(2), ("cut",)),
            ("half", ops.Requantize(0, -64, 63), ("wide",)),
            ("gate_2", ops.Multiply(), ("half", "right")),
            ("reg", ops.Maximum(), ("left", "right")),
            ("both", ops.Concat(), ("reg", "left")),
        ],
        ["gate_2", "both"],
    )


def _tables() -> Graph:
    """A sparse layer of two-bit inputs: small tables, one of parts, a neuron of adders."""
    weight = np.array([[3, 0, 1, 2], [-2, 1, 0, -1], [0, 2, -3, 1], [0, 0, 1, 3], [0, 0, 2, -2]])
    return _graph(
        "tables",
        [("x", (5,), Fixed(2, 0, False))],
        [
            ("fc1", ops.Dense(weight, np.array([1, 0, 2, -1])), ("x",)),
            ("relu1", ops.Requantize(1, 0, 7), ("fc1",)),
            ("logits", ops.Dense(np.array([[1, 0], [0, 1], [-1, 1], [1, 2]]), np.array([0, 1])),
             ("relu1",)),
        ],
        ["logits"],
    )  # fmt: skip


DESIGNS: dict[str, Callable[[], Graph]] = {
    "dense": _dense,
    "conv": _conv,
    "binary": _binary,
    "merge": _merge,
    "tables": _tables,
}


def planned(graph: Graph) -> Design:
    return schedule(
        graph,
        Heading(graph.name, "test_board", 250.0, "0" * 32, 32),
        Family(),
        tables=Prices(6, {}) if graph.name == "tables" else None,
    )


def emit(graph: Graph) -> FileSet:
    design = planned(graph)
    rows = {n.name: np.zeros((1, *n.type.shape), np.int64) for n in graph.inputs}
    hls = emit_hls(design, Device("xcvu9p", 250.0), rows, run_reference(graph, rows))
    return emit_rtl(design) | hls


@pytest.mark.parametrize("name", DESIGNS)
def test_emission_is_unchanged(name: str, bless: bool) -> None:
    files = emit(DESIGNS[name]())
    assert files == emit(DESIGNS[name]()), "two emissions differ"
    # The hand-written units are copied; their text is not the emitter's. The arrays are no text.
    made = {
        path: text
        for path, text in files
        if not path.startswith(("rtl/units/", "hls/hwg/")) and path != "design.npz"
    }
    folder = HERE / name
    stored = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    if bless:
        for path in stored.values():
            path.unlink()
        for path, content in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return
    assert sorted(stored) == sorted(made), "other files than blessed; see `make golden`"
    for path, content in made.items():
        assert content.decode() == stored[path].read_text(encoding="utf-8"), path


@pytest.mark.parametrize("name", DESIGNS)
def test_description_agrees_with_the_sources(name: str) -> None:
    files = emit(DESIGNS[name]())
    facts = json.loads(files["design.json"])
    listed = read_list(files["rtl/files.f"].decode())
    assert sorted(f"rtl/{line}" for line in listed) == [
        path for path in files.paths if path.endswith(".sv")
    ]
    for top in facts["tops"].values():
        assert f"module {top} (" in files[f"rtl/{top}.sv"].decode()
    flow = files[f"rtl/{facts['tops']['flow']}.sv"].decode()
    links = {link["name"]: link["fields"] for link in facts["links"]}
    ((part,),) = (stage["parts"] for stage in facts["stages"])
    for layer in part["layers"]:
        width = sum(links[layer["link"]]["width"])
        assert f"  logic [{width - 1}:0] {layer['link']}_data;" in flow
        assert f" u_{layer['link']} (" in flow
    for side, suffix in (("inputs", "i"), ("outputs", "o")):
        for port, frame in zip(facts[side], facts["axis"][side], strict=True):
            size = int(np.prod(port["shape"]))
            bits = rf"\[{size * port['width'] - 1}:0\] +{port['name']}_data_{suffix}\b"
            assert re.search(bits, flow)
            assert len(port["lo"]) == len(port["hi"]) == size
            assert frame["bytes"] == size * frame["container"] // 8
            assert frame["beats"] == -(-frame["bytes"] * 8 // facts["axis"]["data_width"])
    package = files[f"rtl/{facts['tops']['flow']}_pkg.sv"].decode()
    assert f"LATENCY = {facts['latency']};" in package
