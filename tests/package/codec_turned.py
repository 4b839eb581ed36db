# SPDX-License-Identifier: Apache-2.0
"""A plan with transformed maps for `hwgen codec build`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.transform import Quantiser, Spatial, Transform, klt
from tests.package.codec_package import some_plan

GIVEN: dict[str, Any] = {"lanes": 2, "board": "pynq_z2"}
MAPS = ("relu2", "mixed", "paper")


def mixed(spatial: Spatial, channels: int, group: int, rng: np.random.Generator) -> Transform:
    """A transform with a KLT of some values, which has an order of channels of its own."""
    values = rng.integers(-900, 900, (300, 2)) @ rng.integers(-3, 4, (2, channels))
    order, matrices, means = klt(values + rng.integers(-40, 40, values.shape), group)
    quantiser = Quantiser.of(30.0, spatial, 127 / 128)
    return Transform(
        channels, 8, True, quantiser, spatial, 2, group, order, matrices, means, -3000, 70000
    )


def turned_plan() -> CodingPlan:
    """The plan of the other tests with a map behind a KLT of two groups, and one of the paper's."""
    plan, rng = some_plan(), np.random.default_rng(7)
    haar = mixed(Spatial.HAAR2, 11, 8, rng)
    paper = mixed(Spatial.NONE, 9, 9, rng)
    weights = plan.choices[2].transform.weights if plan.choices[2].transform else ()
    more = (
        MapCoding("mixed", "conv", (7, 5, 11), 8, True, "transform", plan.choices[2].coder, 1,
               replace(haar, weights=weights), (2, 2, 32)),
        MapCoding("paper", "conv", (4, 6, 9), 8, True, "transform", plan.choices[2].coder, 1,
               replace(paper, weights=weights)),
    )  # fmt: skip
    return replace(plan, choices=(*plan.choices, *more))
