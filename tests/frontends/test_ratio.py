# SPDX-License-Identifier: Apache-2.0
"""Means of any count and slopes of any size into wide quantizers, on every code of an interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwgen.frontends.exact.builder import ExactBuilder, Origin
from hwgen.frontends.exact.quantizer import quantize
from hwgen.frontends.exact.ratio import ratio
from hwgen.frontends.exact.steps import Affine, Divide, Rectify, Step, f32
from hwgen.frontends.qkeras.quantizers import parse_quantizer
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Output
from hwgen.ops.input_ import Input
from hwgen.ops.reference import run_reference

AT = Origin("z", "z (Layer)")


def exact(width: int, frac: int, steps: tuple[Step, ...], spec: str) -> list[str]:
    """Assert that the graph is the float32 function on every code; return its operations."""
    b = ExactBuilder("m", "Keras")
    fixed = Fixed(width, frac, True)
    value = b.emit("x", Input((1,), fixed, np.array(fixed.lo), np.array(fixed.hi)), [], AT)
    for step in steps:
        value = value.after(step)
    q = parse_quantizer(spec, "z")
    done = quantize(b, value, q, AT, "a")
    codes = np.arange(fixed.lo, fixed.hi + 1)
    floats = f32(codes * 2.0**-frac)
    for step in steps:
        floats = step(floats)  # type: ignore[operator]
    graph = b.graph("m", [Output("y", done.node, (1.0,))])
    assert np.array_equal(run_reference(graph, {"x": codes[:, None]})["y"][:, 0], q.code(floats))
    return [node.op.kind for node in graph.nodes]


@pytest.mark.parametrize("width", [10, 14, 17])
@pytest.mark.parametrize("spec", ["quantized_bits(12,4,1,alpha=1)", "quantized_bits(16,3,alpha=1)"])
@pytest.mark.parametrize("count", [3, 6, 7, 49, 121])
def test_a_mean_of_any_count(count: int, spec: str, width: int) -> None:
    exact(width, 8, (Divide(f32(count)),), spec)


@pytest.mark.parametrize("spec", ["quantized_bits(12,4,1,alpha=1)", "quantized_relu(12,3)"])
@pytest.mark.parametrize("slope", [0.3, 0.1, 0.01, 0.2, 0.7])
def test_a_slope_of_any_size(slope: float, spec: str) -> None:
    # 0.3 is so far from its float32 number that ties of larger codes go either way.
    width = 12 if slope == 0.3 else 14
    exact(width, 8, (Rectify(slope),), spec)
    exact(width, 6, (Rectify(slope, ceiling=6.0),), spec)


def test_ties_go_to_even() -> None:
    kinds = exact(14, 8, (Divide(f32(3)),), "quantized_bits(12,4,1,alpha=1)")
    assert kinds == ["input", "mul_shift", "mul_shift", "add", "requantize"]


@pytest.mark.parametrize(
    "steps",
    [
        (Affine(f32(0.3), f32(0.1)),),
        (Affine(f32([0.3, 0.1])),),
        (Affine(f32(0.0)),),
        (Affine(f32(np.pi / 4)),),
    ],
)
def test_what_is_no_ratio_is_left_alone(steps: tuple[Any, ...]) -> None:
    b = ExactBuilder("m", "Keras")
    fixed = Fixed(18, 12, True)
    value = b.emit("x", Input((2,), fixed, np.array(fixed.lo), np.array(fixed.hi)), [], AT)
    for step in steps:
        value = value.after(step)
    q = parse_quantizer("quantized_bits(16,3,alpha=1)", "z")
    assert ratio(b, value, q, AT, "a") is None
