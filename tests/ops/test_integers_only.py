# SPDX-License-Identifier: Apache-2.0
"""The check that no float operator remains: what it says, and that it can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.ir.graph import InputScaler, Output
from hwgen.ops import OPS
from hwgen.ops.integers_only import integers_only
from tests.frontends.test_heads import logits


@pytest.mark.parametrize("kind", sorted(OPS))
def test_every_operation_holds_integers(kind: str) -> None:
    for example in OPS[kind].examples():
        graph = logits([0, 0], [1, 1])
        node = replace(graph.nodes[0], op=example.op)
        assert "no float operator remains" in integers_only(replace(graph, nodes=(node,)))


def test_a_float_is_found() -> None:
    graph = logits([0, 0], [1, 1])
    op = OPS["requantize"].examples()[0].op
    object.__setattr__(op, "hi", 1.5)
    with pytest.raises(AssertionError, match="x: hi of requantize holds a float"):
        integers_only(replace(graph, nodes=(replace(graph.nodes[0], op=op),)))
    op = OPS["dense"].examples()[0].op
    object.__setattr__(op, "weight", np.ones((2, 2)))
    with pytest.raises(AssertionError, match="weight of dense"):
        integers_only(replace(graph, nodes=(replace(graph.nodes[0], op=op),)))


def test_what_is_outside_is_told() -> None:
    graph = logits([0, 0], [1, 1])
    scaler = InputScaler("x", "bn", (0.5,), (0.1,))
    out = Output("y", "x", (0.3,), (0.0,))
    text = integers_only(replace(graph, input_scalers=(scaler,), outputs=(out,)))
    assert text.endswith(
        "in float, outside of it: the scaler of input x (bn), scale and offset of output y"
    )
