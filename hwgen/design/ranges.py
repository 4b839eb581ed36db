# SPDX-License-Identifier: Apache-2.0
"""Ranges of ports: the lowest and highest code that each element of a port can take."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwgen.design.types import Design, Pipeline, Port, SerialPipeline, Stage
from hwgen.ir.tensor import TensorType, int_array
from hwgen.logic.nodes import In
from hwgen.logic.serial.graph import Result, SerialGraph, Word

Range = tuple[list[int], list[int]]


def ranges(design: Design) -> tuple[dict[str, Range], dict[str, Range]]:
    """Return the (lowest, highest) codes of input ports and of output ports, by name.

    They are those of the logic that reads or writes the port. Any code of the format will do for an
    element that nothing reads, and may come from a unit.
    """
    ends = {
        port.link: ([port.fixed.lo] * port.size, [port.fixed.hi] * port.size)
        for port in (*design.inputs, *design.outputs)
    }
    for stage, pipeline in _pipelines(design):
        logic = pipeline.logic
        for wire, node in enumerate(logic.nodes):
            if isinstance(node, In) and node.port in ends:
                low, high = ends[node.port]
                lanes = len(design.link(node.port).fields)  # the same of every word of a map
                for place in range(node.index, len(low), lanes):
                    low[place], high[place] = logic.lo[wire], logic.hi[wire]
        for link, (_, wires) in zip(stage.writes, logic.outputs, strict=True):
            if link in ends:
                words = design.link(link).words
                low, high = [logic.lo[w] for w in wires], [logic.hi[w] for w in wires]
                ends[link] = low * words, high * words
    for stage in design.stages:
        for part in stage.parts:
            if isinstance(part, SerialPipeline):
                _serial(stage, part.graph, ends)
    inputs = {port.name: ends[port.link] for port in design.inputs}
    return inputs, {port.name: ends[port.link] for port in design.outputs}


def _serial(stage: Stage, graph: SerialGraph, ends: dict[str, Range]) -> None:
    """Enter the ranges of what a serial pipeline reads and writes."""
    for wire, node in enumerate(graph.nodes):
        if isinstance(node, Word) and node.link in ends:
            low, high = ends[node.link]
            low[node.index], high[node.index] = graph.lo[wire], graph.hi[wire]

    def codes(result: Result) -> tuple[int, int]:
        if result.wire < 0:
            return result.value, result.value
        return graph.lo[result.wire] << result.value, graph.hi[result.wire] << result.value

    for link, (_, results) in zip(stage.writes, graph.outputs, strict=True):
        if link in ends:
            pairs = [codes(result) for result in results]
            ends[link] = [lo for lo, _ in pairs], [hi for _, hi in pairs]


def types_of(design: Design) -> tuple[dict[str, TensorType], dict[str, TensorType]]:
    """Return the types of input ports and of output ports, by name."""
    inputs, outputs = ranges(design)
    return (
        {port.name: _type(port, inputs[port.name]) for port in design.inputs},
        {port.name: _type(port, outputs[port.name]) for port in design.outputs},
    )


def _type(port: Port, ends: Range) -> TensorType:
    low, high = (int_array(np.array(codes, object).reshape(port.shape)) for codes in ends)
    return TensorType(port.shape, port.fixed, low, high)


def _pipelines(design: Design) -> Iterator[tuple[Stage, Pipeline]]:
    for stage in design.stages:
        for part in stage.parts:
            if isinstance(part, Pipeline):
                yield stage, part
