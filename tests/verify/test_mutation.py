# SPDX-License-Identifier: Apache-2.0
"""Faults are put into a generated design, one at a time: the bench must catch every one.

A fault names a place in the structure (the first constant of a layer, the second register of a
line), never a wire. A mutant is caught as a difference or as a breach of protocol, each by its
name, never as a failure to compile. The design without a fault passes (test_simulate.py).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hwgen.ops.reference import run_reference
from hwgen.verify.simulate import AXIS_CLAIMS, FLOW_CLAIMS, BenchSettings, simulate
from hwgen.verify.vectors import Vectors, random_vectors
from tests.verify.faults import FAULTS, Fault, put

pytestmark = pytest.mark.sim


@pytest.fixture(scope="module")
def many(tiny) -> Vectors:
    """Vectors of the tiny network, so many that every value of its sums is met."""
    types = {node.name: node.type for node in tiny.graph.inputs}
    vectors = random_vectors(types, 6000, 3)
    return vectors.with_outputs(run_reference(tiny.graph, vectors.inputs))


@pytest.mark.parametrize(
    "fault",
    [pytest.param(f, id=f.name, marks=[] if f.quick else pytest.mark.ci) for f in FAULTS],
)
def test_fault_is_caught(tiny, many: Vectors, tmp_path: Path, fault: Fault) -> None:
    out = tmp_path / "out"
    shutil.copytree(tiny.out, out, ignore=shutil.ignore_patterns("sim"))
    put(fault, out / "rtl")
    flow = fault.top == "flow"
    claims, vectors = (FLOW_CLAIMS, many) if flow else (AXIS_CLAIMS, tiny.vectors)
    with pytest.raises(fault.caught):
        simulate(out, vectors, BenchSettings(tests=claims))


def test_there_are_enough_faults() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 50
    assert sum(fault.quick for fault in FAULTS) >= 10
