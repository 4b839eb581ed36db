# SPDX-License-Identifier: Apache-2.0
"""Windows of any legal padding: a unit pads in front of a generator that cannot by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import DoesNotFit
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.builder import GraphBuilder
from hwgen.ops.conv import Conv
from hwgen.ops.input_ import Input
from hwgen.ops.pool import MaxPool
from hwgen.ops.requantize import Requantize
from hwgen.verify.self_check import self_check
from tests.plan.nets import holds_in_simulation, instances, planned

Pads = tuple[tuple[int, int], ...]


def network(
    shape: tuple[int, ...], kernel: tuple[int, ...], pads: Pads, dilation: tuple[int, ...] = ()
) -> Graph:
    """Return a pool and a convolution of one geometry; with a dilation the convolution alone."""
    rng, ones = np.random.default_rng(3), (1,) * len(kernel)
    net = GraphBuilder("net")
    net.put("x", Input.of(shape, Fixed(4, 0, True)))
    if not dilation:
        net.put("pool", MaxPool(kernel, ones, pads))
    weight = rng.integers(-7, 8, (*kernel, shape[-1], 3))
    net.put("conv", Conv(weight, np.array([4, -5, 6]), ones, pads, dilation))
    net.put("round", Requantize(3, 0, 15))
    return net.graph()


@pytest.mark.parametrize(
    ("shape", "kernel", "pads", "dilation", "apart"),
    [
        ((5, 6, 2), (3, 3), ((1, 1), (1, 1)), (), 0),
        ((5, 6, 2), (3, 3), ((2, 2), (2, 2)), (), 2),  # the map grows
        ((4, 4, 2), (3, 3), ((0, 3), (1, 1)), (1, 1), 1),  # more rows below than a window has
        ((4, 4, 2), (2, 2), ((3, 0), (0, 1)), (1, 1), 1),  # more above
        ((7, 2), (3,), ((2, 2),), (), 2),
        ((4, 4, 2), (3, 3), ((8, 8), (8, 8)), (8, 8), 1),  # taps farther apart than the map is high
        ((2, 2, 2), (5, 5), ((1, 3), (2, 2)), (1, 1), 1),
    ],
)
def test_every_padding_is_built(
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    pads: Pads,
    dilation: tuple[int, ...],
    apart: int,
) -> None:
    graph = network(shape, kernel, pads, dilation)
    for interval in (400, 3000):
        design = planned(graph, interval)
        assert len(instances(design, "hwg_pad")) == apart
        assert design.interval <= interval
        self_check(graph, design, 1)


def test_an_interval_below_the_padded_map_is_refused_with_one_that_can_be_built() -> None:
    graph = network((5, 6, 2), (3, 3), ((2, 2), (2, 2)), (1, 1))
    with pytest.raises(DoesNotFit, match="takes 90 cycles a sample at best") as caught:
        planned(graph, 64)  # of 9 x 10 pixels
    assert "--interval 90" in caught.value.hint
    assert planned(graph, 90).interval == 90


@pytest.mark.ci
@pytest.mark.sim
def test_maps_that_are_padded_apart_in_simulation(tmp_path: Path) -> None:
    graph = network((5, 6, 2), (3, 3), ((2, 2), (2, 2)))
    holds_in_simulation(graph, planned(graph, 400), tmp_path / "out")
