# SPDX-License-Identifier: Apache-2.0
"""Advice: a vendor's range for adder networks alone."""

from __future__ import annotations

import numpy as np
import pytest

import hwgen.ops as ops
from hwgen.api.estimate import examine
from hwgen.api.settings import Ask
from hwgen.cost.advice import vendor_range
from hwgen.report.text import build_report
from hwgen.target.board import load_board
from tests.plan.nets import Net


def matrix(n: int = 8) -> Net:
    rng = np.random.default_rng(1)
    net = Net(12, fixed="s8.0")
    net.add("fc", ops.Dense(rng.integers(-63, 64, (12, n)), np.zeros(n, int)), "x")
    return net


def test_an_adder_network_has_a_range_of_the_vendor_on_amd_parts_alone() -> None:
    graph = matrix().graph("fc")
    made = examine(Ask(graph, "vu13p", clock="100MHz")).figures
    assert made.vendor is not None
    assert made.vendor.positions == made.terms["adder_bits"]
    assert made.vendor.low == round(0.97 * made.vendor.positions)
    assert made.vendor.high == round(1.13 * made.vendor.positions)
    (line,) = (text for text in build_report(made).splitlines() if text.startswith("vendor"))
    assert f"{made.vendor.low:,} to {made.vendor.high:,} LUT expected of Vivado" in line
    assert examine(Ask(graph, "ulx3s", clock="40MHz")).figures.vendor is None


@pytest.mark.parametrize("term", ["requantizers", "thresholds", "tables", "multipliers", "chains"])
def test_more_than_adders_has_none(term: str) -> None:
    family = load_board("vu13p").family
    terms = {"adders": 5, "ternary_adders": 0, "adder_bits": 60}
    assert vendor_range({**terms, term: 0}, family) is not None
    assert vendor_range({**terms, term: 1}, family) is None
    assert vendor_range({**terms, "adder_bits": 0}, family) is None
