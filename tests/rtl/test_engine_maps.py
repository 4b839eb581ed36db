# SPDX-License-Identifier: Apache-2.0
"""Feature maps of networks through the DMA in RTL, coded as calibration chose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.api.load import load
from hwgen.codec.wire import Coder
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.package.codec_engine.core import power, served
from hwgen.plan.coding.calibrate import calibrate
from hwgen.plan.coding.sensitivity import SensitivityModel, maps_of
from tests.codec.networks import convolutional, pictures
from tests.conftest import ROOT
from tests.rtl.cocotb_bench import simulate
from tests.rtl.codec_cases import engine_words
from tests.rtl.engine_bench import plain
from tests.rtl.test_engine import facts_of, registers

pytestmark = pytest.mark.sim

CLAIM = "tensors_go_out_and_come_back"
SHARED = ROOT.parent / "shared"
CALIBRATE, CODED = 16, 3  # samples


def smooth() -> tuple[Graph, dict[str, Codes]]:
    """Return a network of our own with pictures."""
    return convolutional(), pictures(CALIBRATE + CODED, np.random.default_rng(3))


def rn06() -> tuple[Graph, dict[str, Codes]]:
    """Return a trained 8-bit ResNet with handwritten digits, in grey, 32 x 32."""
    file = SHARED / "models" / "RN06_resnet_cifar10_8b.h5"
    if not file.is_file():
        pytest.skip("RN06 is not beside this checkout")
    with np.load(SHARED / "data" / "mnist.npz") as data:
        digits = data["x_test"][: CALIBRATE + CODED].astype(np.int64)
    padded = np.pad(digits, ((0, 0), (2, 2), (2, 2)))
    graph = load(file, input_format="u8.8")
    return graph, {graph.inputs[0].name: np.repeat(padded[..., None], 3, axis=3)}


@pytest.mark.parametrize(
    ("network", "budget", "coder", "lanes"),
    [
        pytest.param(smooth, 0.02, Coder.HUFFMAN, 1, marks=pytest.mark.ci),
        pytest.param(smooth, 0.0, Coder.TANS, 2, marks=pytest.mark.ci),
        pytest.param(rn06, 0.0, Coder.TANS, 4, marks=pytest.mark.slow),
        pytest.param(rn06, 0.02, Coder.TANS, 2, marks=pytest.mark.slow),
        pytest.param(rn06, 0.0, Coder.HUFFMAN, 1, marks=pytest.mark.slow),
    ],
)
def test_maps_of_a_network(
    network: Any, budget: float, coder: Coder, lanes: int, tmp_path: Path, seed: int
) -> None:
    graph, inputs = network()
    known = {name: rows[:CALIBRATE] for name, rows in inputs.items()}
    maps = maps_of(graph)
    plan = calibrate(graph, known, budget=budget, coder=coder, sets=len(maps))
    assert any(choice.transform for choice in plan.choices) == bool(budget)
    bench = SensitivityModel(graph, {name: rows[CALIBRATE:] for name, rows in inputs.items()}, maps)
    bits = max(choice.format(plan.tables_of(choice)).bits for choice in plan.choices)
    sets, _ = served(plan, coder, bits, len(plan.tables))
    sets += sets[:1] * (power(len(sets)) - len(sets))
    weighted = any(any(each.weights) for each in sets)

    tensors: list[dict[str, Any]] = []
    for one, choice in zip(maps, plan.choices, strict=True):
        for number, values in enumerate(bench.values(one, choice.source != one.name)):
            coded = choice.encode(values, plan.tables_of(choice), slotted=number % 2 == 1)
            tensors.append(facts_of(coded, one.name, -1 if tensors else 0))
    modes = {mode for tensor in tensors for mode in tensor["modes"]}
    assert 2 in modes  # coded ones, not raw and zero alone
    params = {
        "DataWidth": 128, "Lanes": lanes, "Coder": int(coder), "Bits": bits, "Sets": len(sets),
        "Weighted": int(weighted),
    }  # fmt: skip
    text, ports = plain("hwg_codec_dma", params)
    tables = [each.tables for each in sets]
    weight = [w for each in sets for w in each.weights] if weighted else []
    facts = {
        "seed": seed, "lanes": lanes, "bits": bits, "coder": int(coder), "beat": 16, "origin": 0,
        "registers": registers(), "tables": [engine_words(tables, coder, weight)],
        "tensors": tensors, "damaged": [],
    }  # fmt: skip
    failed = simulate(
        tmp_path, "bench_codec_dma", text, ports, ["hwg_codec_dma"], facts, {CLAIM}, others=True
    )
    assert failed == set()
