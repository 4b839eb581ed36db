# SPDX-License-Identifier: Apache-2.0
"""Value-preserving transformations of a graph, in the order they run."""

from __future__ import annotations

from collections.abc import Callable

from hwgen.ir.graph import Graph
from hwgen.passes.trim_dead import trim_dead

PIPELINE: tuple[Callable[[Graph], Graph], ...] = (trim_dead,)


def run_passes(graph: Graph) -> Graph:
    """Return the graph after every pass; each result is checked."""
    for step in PIPELINE:
        graph = step(graph)
        graph.check()
    return graph
