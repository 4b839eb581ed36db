# SPDX-License-Identifier: Apache-2.0
"""Choice of an emulator's form: the graph of the hardware, or layers where windows slide."""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.design.types import Design, Heading
from hwgen.emit.emulator.library import Library, of_design, of_graph
from hwgen.errors import ConfigError, count_of
from hwgen.ir.graph import Graph
from hwgen.ops import Conv, DepthwiseConv, MaxPool, SumPool
from hwgen.ops.serial import digest
from hwgen.plan.parallel.schedule import schedule

_WINDOWS = (Conv, DepthwiseConv, MaxPool, SumPool)
_MOST = 200_000  # nodes of a graph that is printed: about a minute of compiling


@dataclass(frozen=True)
class _NoDelay:
    """Family without delays: everything happens in one cycle."""

    overhead_ns: float = 0.0
    adder_operands: int = 2
    lut_inputs: int = 6

    def adder_ns(self, width: int, operands: int = 2) -> float:
        return 0.0

    def logic_ns(self, levels: int) -> float:
        return 0.0


def emulator_of(graph: Graph, design: Design | None = None) -> Library:
    """Return the emulator of a graph.

    Args:
        graph: what to emulate.
        design: that was built from it; one in the parallel style is printed node by node.

    Raises:
        ConfigError: numbers that the emulator does not hold, or more nodes than are compiled.
    """
    if any(isinstance(node.op, _WINDOWS) for node in graph.nodes):
        return of_graph(graph, digest(graph))
    if design is None or design.style != "parallel":
        heading = Heading(graph.name, "host", 1.0, digest(graph))
        design = schedule(graph, heading, _NoDelay(), effort=0)
    count = len(design.pipeline.logic.nodes)
    if count > _MOST:
        raise ConfigError(
            f"a graph of {count_of(count, 'node')} is too large to be compiled (at most {_MOST:,})",
            graph.name,
            "use hwgen.predict, which needs no compiling",
        )
    return of_design(graph, design)
