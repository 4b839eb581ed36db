# SPDX-License-Identifier: Apache-2.0
"""Proofs of trained networks of every kind, and of faults in what was generated for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from hwgen.api.build import build
from hwgen.errors import ToolFailed
from hwgen.verify.prove.design import prove_flow
from tests.benchmarks.prove import BOARD, Case, cases
from tests.verify.test_prove import claims
from tests.verify.test_prove_weights import differs, table_fault

FAULTS = 6  # a network: more than thirty in all
CASES = [pytest.param(case, id=case.name) for case in cases()]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", CASES)
def test_networks_are_proven_and_their_faults_are_not(case: Case, tmp_path: Path) -> None:
    made = build(case.model, tmp_path / "out", board=BOARD, **dict(case.settings))
    right, told = tmp_path / "out" / "rtl", claims(made.design)
    found = prove_flow(right, made.graph, told)
    assert found.problems == []
    assert found.elements == sum(port.size for port in made.design.outputs)
    rng, caught = np.random.default_rng(11), 0
    layers = sorted(right.glob(f"hwg_{made.design.name}_*.sv"))
    layers = [file for file in layers if not file.stem.endswith(("_axis", "_pkg"))]
    for n in range(10 * FAULTS):
        rtl = tmp_path / f"mutant{n}"
        shutil.copytree(right, rtl)
        file = rtl / layers[int(rng.integers(len(layers)))].name
        file.write_text(table_fault(file.read_text("utf-8"), rng), "utf-8")
        try:
            wrong = differs(rtl, made.graph, made.design.name, 4_000)
        except ToolFailed:  # slang refuses a selection beyond a word
            continue
        if wrong:
            assert prove_flow(rtl, made.graph, told).problems
            caught += 1
        shutil.rmtree(rtl)
        if caught == FAULTS:
            return
    raise AssertionError(f"{caught} faults show")
