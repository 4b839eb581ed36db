# SPDX-License-Identifier: Apache-2.0
"""Binary networks in both styles: generated RTL without a warning, and equal to the reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.source_list import read_list
from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.graph import Graph
from hwgen.plan.goal import goal_for
from hwgen.plan.mapping import Realisation
from hwgen.plan.planner import plan
from hwgen.target.board import load_board
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, simulate
from tests.logic.test_binary import layer
from tests.plan import test_stream_stairs as stairs
from tests.plan.test_stream_binary import FOLDS, cnn, planned, pooled

pytestmark = pytest.mark.sim
Lint = Callable[..., None]


def check(graph: Graph, design: Design, folder: Path, lint: Lint, samples: int) -> None:
    emit_rtl(design).write(folder)
    rtl = folder / "rtl"
    files = [rtl / name for name in read_list((rtl / "files.f").read_text())]
    lint(files, f"hwg_{design.name}_axis", {})
    every = make_vectors(graph, samples, 1)
    result = simulate(folder, every.rows(len(every) - samples, len(every)), BenchSettings())
    assert (result.samples, result.mismatches) == (samples, 0)
    assert (result.latency_cycles, result.interval) == (design.latency, design.interval)


@pytest.mark.ci
def test_stream(rng: np.random.Generator, tmp_path: Path, lint: Lint) -> None:
    graph = cnn(rng, (1, 1), 1, 0.2)
    # A first layer as quick as its input: behind a slow one the last sample comes early.
    quick = Realisation("adders")
    check(graph, planned(graph, 4000, c1=quick, **FOLDS), tmp_path / "out", lint, 6)


@pytest.mark.ci
def test_steps_by_turns(rng: np.random.Generator, tmp_path: Path, lint: Lint) -> None:
    graph = stairs.stepped(rng)
    check(graph, planned(graph, 6000, **stairs.FOLDS), tmp_path / "out", lint, 6)


@pytest.mark.ci
def test_pools_of_signs(rng: np.random.Generator, tmp_path: Path, lint: Lint) -> None:
    graph, fold = pooled(rng), Realisation("xnor", pe=2, simd=12, memory="lut")
    check(graph, planned(graph, 4000, c2=fold), tmp_path / "out", lint, 6)


@pytest.mark.ci
def test_parallel(rng: np.random.Generator, tmp_path: Path, lint: Lint) -> None:
    graph, board = layer(rng, (40, 24), 1, 0.1), load_board("vcu118")
    check(graph, plan(graph, board, goal_for(board), "layer"), tmp_path / "out", lint, 400)
