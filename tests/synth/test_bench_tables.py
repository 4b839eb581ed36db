# SPDX-License-Identifier: Apache-2.0
"""The bench of networks of tables: it simulates what it counts, and tells what misses a bar."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.source_list import read_list
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import Mismatch
from hwgen.plan.goal import goal_for
from hwgen.plan.planner import plan
from hwgen.synth.count import Measured
from hwgen.synth.yosys import map_design
from hwgen.target.board import load_board
from tests.benchmarks.tables.__main__ import BOARD, FAMILY, Result, check, estimates, measure, table
from tests.benchmarks.tables.jets1000 import Paired, codes
from tests.benchmarks.tables.rows import Row, layer, rows


def small() -> Row:
    weight = np.random.default_rng(4).integers(-9, 10, (6, 3))
    return Row("small", lambda: layer(weight, 2), "50MHz", luts=40, ns=4.0)


def test_what_misses_a_bar_is_told() -> None:
    good = Result(small(), Measured(30, 30, 20, 9), 30, 30, 1, 3.0, 1002, 0.1)
    assert good.missed == []
    wrong = [
        replace(good, measured=Measured(41, 41, 20, 9), parts=41, model=41),
        replace(good, ns=4.1),
        replace(good, model=32),
        replace(good, parts=29),
    ]
    told = ["41 LUT, 40 are the bar", "4.10 ns", "the estimate is 32", "the parts take 29"]
    for result, text in zip(wrong, told, strict=True):
        (said,) = result.missed
        assert text in said
    assert "| small | 50MHz | 30 | 40 | 30 | 30 (+0.0%) | 9 | 1 | 3.00 ns |" in table([good])


def test_every_row_has_a_graph() -> None:
    found = list(rows())
    assert len({(row.name, row.goal) for row in found}) == len(found) > 5
    for row in found:
        if row.given is None:
            graph = row.graph()
            samples = row.samples(graph)
            assert len(samples) == 1002
            assert samples.min() >= graph.inputs[0].type.fixed.lo


@pytest.mark.ci
def test_a_wrong_table_of_the_netlist_is_found(tmp_path: Path) -> None:
    row = small()
    graph, board = row.graph(), load_board(BOARD)
    design = plan(graph, board, goal_for(board, row.clock), "bench")
    rtl = emit_rtl(design).write(tmp_path / "out") / "rtl"
    files = [rtl / n for n in read_list((rtl / "files.f").read_text()) if "axi" not in n]
    netlist = map_design(files, "hwg_bench", FAMILY)
    assert check(row, graph, design, netlist) == 1002
    at = next(i for i, cell in enumerate(netlist.cells) if cell.kind == "LUT6_2")
    cell = netlist.cells[at]
    params = {**cell.params, "INIT": cell.params["INIT"] ^ (1 << 37)}
    cells = list(netlist.cells)
    cells[at] = replace(cell, params=params)
    with pytest.raises(Mismatch, match="differ"):
        check(row, graph, design, replace(netlist, cells=tuple(cells)))


@pytest.mark.ci
@pytest.mark.parametrize("name", ["4 tangents, 8 bits to 6", "random 11:", "random 14:"])
def test_small_networks_of_tables_take_what_is_estimated(name: str) -> None:
    """Mapped, simulated, the whole as large as its parts, the estimate within its bar."""
    (row,) = (row for row in rows() if row.name.startswith(name))
    found = measure(row)
    assert found.missed == []
    assert found.samples >= 1002
    assert f"| {row.name} |" in (estimates([found]) if row.drawn else table([found]))


def test_two_classifiers_are_compared_row_by_row() -> None:
    one, other = np.ones(100, bool), np.ones(100, bool)
    one[:4], other[2:14] = False, False  # 2 rows neither, 2 the second alone, 10 the first alone
    found = Paired(one, other)
    assert found.alone == (10, 2)
    off, half = found.difference
    assert off == pytest.approx(0.08)
    assert half == pytest.approx(1.96 * (12 - 0.64) ** 0.5 / 100)
    assert found.chance == pytest.approx(2 * (1 + 12 + 66) / 2**12)
    assert Paired(one, one).chance == 1.0


def test_codes_of_jets_saturate_at_both_ends() -> None:
    low, high = (codes(np.full((1, 16), sign * 9, np.float32)) for sign in (-1, 1))
    assert (low.min(), low.max()) == (0, 0)
    assert (high.min(), high.max()) == (63, 63)
