# SPDX-License-Identifier: Apache-2.0
"""Scales that are dear are told with their alternatives, each with what it takes."""

from __future__ import annotations

import re

import numpy as np
import pytest

import hwgen.ops as ops
from hwgen.api.estimate import examine
from hwgen.api.settings import Ask
from hwgen.frontends.exact.line_fit import Line, fit_line
from tests.plan.nets import Net

N, REACH, HALF = 48, 1 << 9, 1 << 15


def network(scale: ops.MulShift, after: ops.Requantize | None = None) -> Net:
    net = Net(N, fixed="s10.0")
    net.add("fc", ops.Dense(np.eye(N, dtype=int), np.zeros(N, int)), "x")
    net.add("bn", scale, "fc")
    if after:
        net.add("round", after, "bn")
    return net


def fitted(bits: int) -> Line:
    """Return what the front end finds for some factors and a quantizer of some bits."""
    factors = np.random.default_rng(2).uniform(33, 63, N)
    half, x = 1 << (bits - 1), np.arange(-REACH, REACH)
    codes = np.clip(np.rint(np.outer(factors * 2.0 ** (bits - 16), x)), -half, half - 1)
    steps = [np.flatnonzero(np.diff(row)) for row in codes]
    edges = [x[at + 1] for at in steps]
    values = [row[np.append(at, -1)].astype(int) for row, at in zip(codes, steps, strict=True)]
    line = fit_line(np.full(N, -REACH), np.full(N, REACH - 1), edges, values)
    assert line
    assert not line.corrections
    return line


def scale(line: Line) -> ops.MulShift:
    assert line.floors
    return ops.MulShift(np.array(line.mult), np.array(line.add), line.shift, line.lo, line.hi, 0)


def note(net: Net, last: str) -> list[int]:
    """Return bits and figures of the only note on a dear scale, in the order they are told."""
    made = examine(Ask(net.graph(last), "vu13p", clock="50MHz")).figures
    (text,) = (note for note in made.notes if note.startswith("layer bn: its exact scale"))
    found = re.search(
        r"to (\d+) bits it takes ([\d,]+) of ([\d,]+) LUT; behind a quantizer of 12 bits about "
        r"([\d,]+); outside the core, with its input as the output, ([\d,]+) LUT are left",
        text,
    )
    assert found, text
    return [int(part.replace(",", "")) for part in found.groups()]


def test_a_dear_scale_is_told_with_what_each_alternative_takes() -> None:
    bits, lut, total, fewer, left = note(network(scale(fitted(16))), "bn")
    assert bits == 16
    assert total - lut == left
    made = examine(Ask(network(scale(fitted(12))).graph("bn"), "vu13p", clock="50MHz")).figures
    assert fewer < lut
    assert fewer == pytest.approx(made.modelled.lut - left, rel=0.05)


def test_products_that_are_rounded_behind_are_one_scale() -> None:
    line = fitted(16)
    peak = 1 << 45
    products = ops.MulShift(np.array(line.mult), np.array(line.add), 0, -peak, peak, line.shift)
    net = network(products, ops.Requantize(line.shift, -HALF, HALF - 1))
    bits, lut, total, fewer, left = note(net, "round")
    assert (bits, total - lut) == (16, left)
    assert fewer < lut


def test_a_cheap_scale_is_not_told() -> None:
    net = network(ops.MulShift(np.full(N, 5), np.zeros(N, int), 4, -128, 127, 0))
    assert not examine(Ask(net.graph("bn"), "vu13p", clock="100MHz")).figures.notes
