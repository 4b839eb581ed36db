# SPDX-License-Identifier: Apache-2.0
"""The adder benchmark counts only what is right, and says so when it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import Mismatch
from hwgen.synth.count import Measured
from tests.bench_adders import table
from tests.bench_adders.cases import Case, Layer, matrices, mlp
from tests.bench_adders.designs import ours
from tests.bench_adders.measure import TERNARY, Result, measure


def small(cutoff: float = 0.0) -> Case:
    rng = np.random.default_rng(2)
    first = Layer(rng.integers(-7, 8, (4, 3)), rng.integers(-20, 20, 3), 3, 4)
    last = Layer(rng.integers(-7, 8, (3, 2)), np.zeros(2, np.int64))
    return Case("tiny", "small net", (first, last), 5, cutoff=cutoff)


def test_the_definition_rounds_to_even_and_saturates() -> None:
    layer = Layer(np.eye(1, dtype=np.int64), np.zeros(1, np.int64), 2, 3)
    case = Case("one", "one", (layer,), 8)
    x = np.array([[-8], [2], [6], [7], [9], [10], [14], [100]])
    assert case.run(x).ravel().tolist() == [0, 0, 2, 2, 2, 2, 4, 7]


def test_cases_are_what_they_were() -> None:
    shapes = {c.name: c.layers[0].weight.shape for c in matrices()}
    assert len(shapes) == 12
    assert shapes["d16x64b6"] == (16, 64)
    zeros = {c.name: float((c.layers[0].weight == 0).mean()) for c in matrices()}
    assert zeros["s32x32b6p90"] == pytest.approx(0.9, abs=0.001)
    assert zeros["s16x16b6p50"] == 0.5
    dropped = [(layer.drop, layer.keep) for layer in mlp().layers]
    assert dropped == [(7, 6), (6, 6), (5, 6), (None, 0)]
    digests = [c.digest() for c in (*matrices(), mlp())]
    assert digests == [c.digest() for c in (*matrices(), mlp())]
    assert len(set(digests)) == 13


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mapped")


@pytest.mark.parametrize("cutoff", [0.0, 2.0])
def test_a_design_is_checked_and_counted(cutoff: float, cache: Path) -> None:
    case = small(cutoff)
    text = ours(case)
    before = len(list(cache.glob("*.netlist")))
    result = measure(case, text, cache)
    assert result.latency == text.latency
    assert result.latency > 1 if cutoff else result.latency == 1
    assert result.measured.plut > 0
    assert text.model is not None
    assert list(result.paths) == sorted(result.paths)
    if cutoff:
        assert result.paths[TERNARY.index(None)] < cutoff * 1.1
    assert measure(case, text, cache) == result  # from what was kept
    assert len(list(cache.glob("*.netlist"))) <= before + 1


def test_a_wrong_design_is_not_counted(cache: Path) -> None:
    case = small()
    text = ours(case)
    layers = (case.layers[0], replace(case.layers[1], bias=np.array([0, 1])))
    with pytest.raises(Mismatch, match="samples differ"):
        measure(replace(case, layers=layers), text, cache)
    with pytest.raises(Mismatch):
        measure(case, replace(text, latency=2), cache)


def row(case: str, by: str, lut: int, ns: float, model: int | None = None) -> table.Row:
    measured = Measured(lut, lut, lut, 0, ns)
    return table.Row(case, case, by, Result(measured, (ns * 0.9, ns, ns * 1.2), 0, 1), 0.1, model)


def test_ratios_take_the_rivals_best_and_print_what_is_lost() -> None:
    rows = [
        row("a", "hwgen", 80, 1.0, 81), row("a", "alkaid", 120, 3.0), 
        row("a", "alkaid, x", 100, 4.0),
        row("b", "hwgen", 130, 2.0, 150), row("b", "alkaid", 100, 2.0), row("b", "da4ml", 50, 1.0),
        row("c", "hwgen", 97, 1.0, 97), row("c", "alkaid", 100, 2.0),
    ]  # fmt: skip
    text = table.ratios_text(rows)
    assert "| a | 0.80 | better | 0.25 / 0.25 / 0.25 | better |" in text
    assert "| b | 1.30 | worse | 1.00 / 1.00 / 1.00 | tie |" in text
    assert "| c | 0.97 | tie |" in text
    assert "**median of 3** | **0.97** | | **0.50 / 0.50 / 0.50**" in text
    assert table.rows_text(rows).count("\n") == 1 + len(rows)
    assert table.drifts(rows, 0.1) == ["b: model 150, mapped 130 (+15.4 %)"]
