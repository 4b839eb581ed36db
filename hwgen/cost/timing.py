# SPDX-License-Identifier: Apache-2.0
"""Timing of a finished pipeline by the delay model of its family."""

from __future__ import annotations

from hwgen.design.types import Pipeline
from hwgen.logic.pipeline import node_delay
from hwgen.logic.timing import Timing


def layer_ns(pipeline: Pipeline, family: Timing) -> tuple[float, ...]:
    """Return the longest register-to-register path that ends in each layer, by the delay model.

    Computed from the finished pipeline, so it also proves that the clock is met.
    """
    logic, cycle = pipeline.logic, pipeline.cycle
    delay = node_delay(logic, family)
    time = [0.0] * len(logic.nodes)
    for wire, node in enumerate(logic.nodes):
        before = [time[o] for o in node.operands if cycle[o] == cycle[wire]]
        time[wire] = max(before, default=0.0) + delay(wire)
    return tuple(
        max((time[w] for w in layer.wires), default=0.0) + family.overhead_ns
        for layer in pipeline.layers
    )
