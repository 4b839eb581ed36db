# SPDX-License-Identifier: Apache-2.0
"""Truth-table neurons as text: proven against the naive network, mapped, and simulated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.cost.estimate import estimate
from hwgen.design.source_list import read_list
from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.graph import Graph
from hwgen.logic.nodes import Add, Add3, Chain, Table
from hwgen.synth.count import Measured, count
from hwgen.synth.yosys import map_design
from hwgen.target.board import load_board
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import FLOW_CLAIMS, BenchSettings, simulate
from hwgen.verify.trace import trace_of
from tests.synth.equivalence import DIAGRAMS, Product, prove
from tests.synth.sparse import by_hand, network, planned

NOTHING = np.zeros((0, 0))
# Of 2 bits: every neuron a table; some of ten address bits and some of adders.
SMALL = network((6, 8, 5), (2, 3), seed=2)
MIXED = network((8, 8, 4), (2, 4, 5, 6), seed=3)


def kinds(design: Design) -> tuple[int, int]:
    """Return the tables, and the adders and chains of a design."""
    nodes = design.pipeline.logic.nodes
    return tuple(sum(isinstance(n, kind) for n in nodes) for kind in (Table, Add | Add3 | Chain))


@pytest.mark.parametrize(
    "graph",
    [pytest.param(SMALL, id="tables"), pytest.param(MIXED, id="both", marks=pytest.mark.ci)],
)
def test_the_emitted_text_is_the_naive_network(graph: Graph, tmp_path: Path) -> None:
    design = planned(graph, clock_mhz=500.0)
    tables, adders = kinds(design)
    assert tables > 3
    assert (adders > 0) == (graph is MIXED)
    case = Product(NOTHING, NOTHING, design)
    assert prove(case, by_hand(graph, design), DIAGRAMS, tmp_path, "HWG_AMD_PRIMITIVES")


@pytest.mark.ci
def test_a_wrong_entry_is_found(tmp_path: Path) -> None:
    design = planned(SMALL)
    pipeline = design.pipeline
    nodes = list(pipeline.logic.nodes)
    at = max(w for w, node in enumerate(nodes) if isinstance(node, Table))
    node = nodes[at]
    assert isinstance(node, Table)
    wrong = (node.values[0] ^ 1, *node.values[1:])
    nodes[at] = replace(node, values=wrong)
    body = replace(pipeline, logic=replace(pipeline.logic, nodes=tuple(nodes)))
    broken = replace(design, stages=(replace(design.stages[0], body=body),))
    case = Product(NOTHING, NOTHING, broken)
    assert not prove(case, by_hand(SMALL, design), DIAGRAMS, tmp_path, "HWG_AMD_PRIMITIVES")


def mapped(design: Design, family: str, out: Path) -> Measured:
    rtl = emit_rtl(design).write(out) / "rtl"
    files = [rtl / n for n in read_list((rtl / "files.f").read_text()) if "axi" not in n]
    return count(map_design(files, "hwg_prod", family))


@pytest.mark.parametrize(
    ("board", "share"),
    [
        pytest.param("vcu118", 0.6, marks=pytest.mark.ci),
        pytest.param("ecp5_evn", 0.9, marks=pytest.mark.slow),
    ],
)
def test_tables_take_fewer_luts_and_no_more_time(board: str, share: float, tmp_path: Path) -> None:
    graph = network((12, 16, 4), (2, 3, 4, 5), seed=5)
    family = load_board(board).family
    clock = 120.0 if board == "ecp5_evn" else 400.0
    found = {}
    for tables in (False, True):
        design = planned(graph, tables=tables, board=board, clock_mhz=clock)
        measured = mapped(design, family.name, tmp_path / str(tables))
        if tables:
            assert measured.plut == pytest.approx(estimate(design, family).lut, rel=0.2)
        found[tables] = measured.plut, design.latency
    assert found[True][0] < share * found[False][0]
    assert found[True][1] <= found[False][1]


@pytest.mark.sim
def test_the_latency_claimed_is_the_one_simulated(tmp_path: Path) -> None:
    design = planned(MIXED, clock_mhz=500.0)
    assert min(kinds(design)) > 0
    assert design.latency > 2
    emit_rtl(design).write(tmp_path / "out")
    vectors = make_vectors(MIXED, 500, 3)
    result = simulate(
        tmp_path / "out", vectors, BenchSettings(tests=FLOW_CLAIMS), trace=trace_of(design)
    )
    assert (result.samples, result.mismatches) == (len(vectors), 0)
    assert (result.latency_cycles, result.interval) == (design.latency, 1)
