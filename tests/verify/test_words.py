# SPDX-License-Identifier: Apache-2.0
"""The bench of stream designs passes right ones, to the cycle, and names the wrong stage."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import Mismatch, ProtocolViolation
from hwgen.plan.mapping import Realisation
from hwgen.plan.pace import Pace
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import (
    WORDS_AXIS_CLAIMS,
    WORDS_CLAIMS,
    BenchSettings,
    simulate,
)
from hwgen.verify.trace import trace_of
from hwgen.verify.vectors import Vectors
from tests.plan.test_stream import GOAL, moving_net, planned, residual_cnn, separable_cnn

pytestmark = pytest.mark.sim


ASKED = {
    "dw": Realisation("folded", pe=2, simd=3),
    "dw2": Realisation("folded", pe=3, simd=1, memory="block"),
}


@dataclass(frozen=True)
class Written:
    """A design on disk with its vectors."""

    design: Design
    out: Path
    vectors: Vectors


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Written:
    graph = residual_cnn()
    asked = {"d": Realisation("folded", pe=2, simd=4)}  # of 5 rows: the last word is not full
    design = planned(graph, replace(GOAL, pace=Pace(400)), asked)
    out = tmp_path_factory.mktemp("cnn") / "out"
    emit_rtl(design).write(out)
    return Written(design, out, make_vectors(graph, 5, 3).rows(60, 66))


def test_a_cnn_passes_every_claim(cnn: Written) -> None:
    result = simulate(cnn.out, cnn.vectors)
    assert (result.samples, result.mismatches) == (len(cnn.vectors), 0)
    assert result.latency_cycles == cnn.design.latency
    assert result.interval == cnn.design.interval
    assert set(result.claims) == {*WORDS_CLAIMS, *WORDS_AXIS_CLAIMS}
    assert min(result.claims.values()) > 0


@pytest.mark.ci
def test_a_separable_cnn_passes_every_claim(tmp_path: Path) -> None:
    graph = separable_cnn()
    design = planned(graph, replace(GOAL, pace=Pace(400)), ASKED)
    emit_rtl(design).write(tmp_path / "out")
    vectors = make_vectors(graph, 5, 3).rows(60, 66)
    result = simulate(tmp_path / "out", vectors)
    assert (result.samples, result.mismatches) == (len(vectors), 0)
    assert (result.latency_cycles, result.interval) == (design.latency, design.interval)


@pytest.mark.ci
def test_movements_pass_every_claim(tmp_path: Path) -> None:
    graph = moving_net()
    design = planned(graph, replace(GOAL, pace=Pace(800)))
    emit_rtl(design).write(tmp_path / "out")
    vectors = make_vectors(graph, 5, 3).rows(60, 64)
    result = simulate(tmp_path / "out", vectors)
    assert (result.samples, result.mismatches) == (len(vectors), 0)
    assert (result.latency_cycles, result.interval) == (design.latency, design.interval)


def broken(cnn: Written, tmp_path: Path, file: str, find: str, put: str) -> Path:
    out = tmp_path / "out"
    shutil.copytree(cnn.out, out, ignore=shutil.ignore_patterns("sim"))
    path = out / "rtl" / file
    text = path.read_text("utf-8")
    assert find in text
    path.write_text(text.replace(find, put, 1), "utf-8")
    return out


def test_a_wrong_weight_is_traced_to_its_stage(cnn: Written, tmp_path: Path) -> None:
    name = "hwg_cnn_c3_weights.sv"
    line = next(
        line
        for line in (cnn.out / "rtl" / name).read_text("utf-8").splitlines()
        if "rom[5]" in line
    )
    other = line.replace("rom[5]", "rom[4]")  # rom[5] stays without a value, rom[4] gets another
    out = broken(cnn, tmp_path, name, line, other)
    with pytest.raises(Mismatch) as caught:
        simulate(out, cnn.vectors, BenchSettings(tests=["matches_reference"]), trace_of(cnn.design))
    assert caught.value.where == "layer c3"
    assert "first wrong value: word" in caught.value.what


@pytest.mark.ci
def test_a_short_fifo_breaks_the_claim(cnn: Written, tmp_path: Path) -> None:
    deep = max(link.depth for link in cnn.design.links)
    top = (cnn.out / "rtl" / "hwg_cnn.sv").read_text("utf-8")
    (depth,) = re.findall(rf"\.Depth +\({deep}\)", top)
    out = broken(cnn, tmp_path, "hwg_cnn.sv", depth, ".Depth(1)")
    with pytest.raises(ProtocolViolation, match=r"cycles|words expected"):
        simulate(out, cnn.vectors, BenchSettings(tests=["interval_is_as_claimed"]))


@pytest.mark.ci
def test_icarus_agrees(cnn: Written, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(cnn.out, out, ignore=shutil.ignore_patterns("sim"))
    asked = BenchSettings("icarus", tests=["matches_reference", "latency_is_as_claimed"])
    result = simulate(out, cnn.vectors.rows(0, 2), asked)
    assert result.latency_cycles == cnn.design.latency
