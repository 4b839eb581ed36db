# SPDX-License-Identifier: Apache-2.0
"""Ranges of ports are those of the logic behind them."""

from __future__ import annotations

import numpy as np

from hwgen.design.ranges import ranges, types_of
from tests.golden.test_golden import DESIGNS, planned


def test_ranges_are_the_graphs() -> None:
    for make in DESIGNS.values():
        graph = make()
        inputs, outputs = types_of(planned(graph))
        for node in graph.inputs:
            assert inputs[node.name] == node.type
        for out in graph.outputs:
            found, known = outputs[out.name], graph[out.node].type
            assert found.shape == known.shape
            assert np.all(found.lo >= known.lo)
            assert np.all(found.hi <= known.hi)


def test_an_element_that_nothing_reads_may_be_anything() -> None:
    graph = DESIGNS["dense"]()
    design = planned(graph)
    read = {n.index for n in design.pipeline.logic.nodes if hasattr(n, "index")}
    inputs, _ = ranges(design)
    low, high = inputs["x"]
    assert len(low) == len(high) == 4
    assert all(0 <= i < 4 for i in read)
    assert (low, high) == ([-32] * 4, [31] * 4)
