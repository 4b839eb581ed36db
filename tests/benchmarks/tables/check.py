# SPDX-License-Identifier: Apache-2.0
"""Simulation of a mapped netlist against the reference and against published vectors."""

from __future__ import annotations

import numpy as np

from hwgen.design.types import Design
from hwgen.errors import Mismatch
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.ops.reference import Reference
from hwgen.synth.netlist import Netlist
from tests.benchmarks.tables.rows import Row


def check(row: Row, graph: Graph, design: Design, netlist: Netlist) -> int:
    """Simulate a netlist and return how many samples are right.

    Raises:
        Mismatch: one is wrong.
    """
    x = row.samples(graph)
    (source,), (port,) = graph.inputs, design.outputs
    shaped = x.reshape(len(x), *source.type.shape)
    want = Reference(graph).run({source.name: shaped})[port.name].reshape(len(x), -1)
    if row.given:
        told = np.loadtxt(row.given[1], np.int64, ndmin=2)
        if not np.array_equal(want[: len(told)], told):
            raise Mismatch("the reference is not what was published", row.name)
    (read,) = design.inputs
    stream = np.concatenate([x, np.repeat(x[-1:], design.latency, axis=0)])
    held = np.ones((len(stream), 1), np.uint8)
    inputs = {"x_data_i": _bits(stream, read.fixed.width), "rst_ni": held, "in_valid_i": held}
    if f"{read.name}_data_i" not in inputs:
        inputs[f"{read.name}_data_i"] = inputs.pop("x_data_i")
    got = netlist.run(inputs)[f"{port.name}_data_o"][design.latency :]
    wrong = (got != _bits(want, port.fixed.width)).any(axis=1).sum()
    if wrong:
        raise Mismatch(f"{wrong} of {len(x)} samples differ", f"{row.name}, {row.goal}")
    return len(x)


def _bits(values: Codes, width: int) -> np.ndarray:
    every = (values.astype(np.int64)[:, :, None] >> np.arange(width)) & 1
    return every.reshape(len(values), -1).astype(np.uint8)
