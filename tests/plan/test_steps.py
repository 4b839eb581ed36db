# SPDX-License-Identifier: Apache-2.0
"""Step functions as tables, whole or as sums: cheaper, and equal everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.cost.calibration import calibrated
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Chain, Thresh
from hwgen.ops.reference import run_reference
from hwgen.plan.parallel.lower import Depth, lower
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.target.board import load_board
from tests.benchmarks.tables.rows import tangents

FACTORS = calibrated(load_board("vcu118").family).factors
PRICES = Prices(6, FACTORS)


@pytest.mark.parametrize(("bits", "out"), [(8, 6), (9, 8), (10, 6)])
@pytest.mark.parametrize("haste", [0, 1, 2])
def test_smooth_steps_are_tables_and_equal(bits: int, out: int, haste: int) -> None:
    graph = tangents(bits, out, 2)
    logic = lower(graph, 3, tables=PRICES, depth=Depth(haste)).logic
    x = np.arange(-(1 << bits - 1), 1 << bits - 1)
    codes = np.stack([x, x[::-1]], axis=1)
    (want,) = run_reference(graph, {"x": codes}).values()
    (got,) = evaluate(logic, {"x": codes}, check=True).values()
    assert np.array_equal(got, want)
    if not haste:
        assert not any(isinstance(node, Thresh) for node in logic.nodes)
        assert any(isinstance(node, Chain) for node in logic.nodes)
        plain = lower(graph, 3, depth=Depth(haste)).logic
        before, after = (PRICES.of(one, range(len(one.nodes))) for one in (plain, logic))
        assert after < 0.75 * before


def test_few_steps_and_short_ones_keep_their_comparisons() -> None:
    for graph in (tangents(8, 2), tangents(6, 6)):
        logic = lower(graph, 3, tables=PRICES).logic
        assert any(isinstance(node, Thresh) for node in logic.nodes)


@pytest.mark.parametrize("bits", [5, 8, 10])
def test_families_with_small_tables_look_whole_functions_up(bits: int) -> None:
    prices = Prices(4, calibrated(load_board("ecp5_evn").family).factors)
    graph = tangents(bits, 5, 2)
    logic = lower(graph, 2, tables=prices).logic
    assert not any(isinstance(node, Thresh | Chain) for node in logic.nodes)
    plain = lower(graph, 2).logic
    before, after = (prices.of(one, range(len(one.nodes))) for one in (plain, logic))
    assert after < 0.4 * before
    x = np.arange(-(1 << bits - 1), 1 << bits - 1)
    codes = np.stack([x, x[::-1]], axis=1)
    (want,) = run_reference(graph, {"x": codes}).values()
    (got,) = evaluate(logic, {"x": codes}, check=True).values()
    assert np.array_equal(got, want)


def test_a_layer_of_many_long_functions_tries_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwgen.plan.parallel.steps._MANY", 1)
    logic = lower(tangents(9, 6, 3), 3, tables=PRICES).logic
    assert sum(isinstance(node, Thresh) for node in logic.nodes) == 2
