# SPDX-License-Identifier: Apache-2.0
"""Choice of an emulator's form: the graph of the hardware, or layers where windows slide."""

from __future__ import annotations

from hwgen.design.types import Design, Heading, Port
from hwgen.emit.emulator.library import Library, of_design, of_graph
from hwgen.errors import ConfigError, count_of
from hwgen.ir.graph import Graph
from hwgen.logic.builder import GRAPHS_ALONE
from hwgen.logic.pipeline import pipeline
from hwgen.ops.serial import digest
from hwgen.plan.parallel.lower import Depth, lower
from hwgen.plan.parallel.schedule import assembled

_MOST = 200_000  # nodes of a graph that is printed: about a minute of compiling


def emulator_of(graph: Graph, design: Design | None = None) -> Library:
    """Return the emulator of a graph.

    Args:
        graph: what to emulate.
        design: that was built from it; one in the parallel style is printed node by node.

    Raises:
        ConfigError: numbers that the emulator does not hold, or more nodes than are compiled.
    """
    refused: ConfigError | None = None
    if any(getattr(node.op, "window", None) is not None for node in graph.nodes):
        try:
            return of_graph(graph, digest(graph))
        except ConfigError as error:  # an operation without a loop: written out, if that is small
            refused = error
    if design is None or design.style != "parallel":
        design = _of_words(graph)
    count = len(design.pipeline.logic.nodes)
    if count > _MOST and refused is not None:
        raise refused
    if count > _MOST:
        raise ConfigError(
            f"a graph of {count_of(count, 'node')} is too large to be compiled (at most {_MOST:,})",
            graph.name,
            "use hwgen.predict, which needs no compiling",
        )
    return of_design(graph, design)


def _of_words(graph: Graph) -> Design:
    """Return a design of a graph in one cycle, whose adders take words."""
    logic = lower(graph, effort=0, depth=Depth(GRAPHS_ALONE)).logic
    placement = pipeline(logic, lambda wire: 0.0, 1.0, 0.0)
    inputs = [Port(n.name, n.type.shape, n.type.fixed) for n in graph.inputs]
    outputs = [
        Port(o.name, graph[o.node].type.shape, graph[o.node].type.fixed) for o in graph.outputs
    ]
    heading = Heading(graph.name, "host", 1.0, digest(graph))
    return assembled(
        heading, inputs, outputs, logic, placement, lambda name, *_: graph[name].op.note()
    )
