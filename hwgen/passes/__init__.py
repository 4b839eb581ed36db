# SPDX-License-Identifier: Apache-2.0
"""Passes: rewrites of a graph that keep the value of every output.

`PIPELINE` runs on every model that is read. A pass that depends on the target (`half_step`) runs on
the graph that is being planned; the stored graph stays as it is.
"""

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
