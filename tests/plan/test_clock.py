# SPDX-License-Identifier: Apache-2.0
"""A clock is reached with wires as place and route makes them, or refused with one that is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from hwgen.api.build import build
from hwgen.api.estimate import compare, estimate, examine
from hwgen.api.explore import explore
from hwgen.api.explore_space import Lists
from hwgen.api.settings import Ask
from hwgen.cli import run
from hwgen.cost.calibration import calibrated
from hwgen.cost.timing import layer_ns
from hwgen.design.types import Design
from hwgen.errors import DoesNotFit
from hwgen.frontends.bundle import write_bundle
from hwgen.ir.graph import Graph
from hwgen.plan import clock
from hwgen.target.board import load_board
from tests.api.test_estimate import net

TOO_FAST = "250MHz"  # for the wires of an ECP5; its logic alone is quick enough


@pytest.fixture(scope="module")
def graph() -> Graph:
    return net(np.random.default_rng(1), 12, 10, 4)


def test_registers_are_added_until_the_clock_holds_with_its_wires(graph: Graph) -> None:
    made = examine(Ask(graph, "ulx3s", clock="100MHz"))
    assert made.refusal is None
    assert made.figures.fmax.holds
    assert made.figures.fmax.mhz >= 100
    assert made.design.clock_mhz == 100
    # The family's delays alone would have been content with longer paths.
    longest = max(layer_ns(made.design.pipeline, load_board("ulx3s").family))
    assert longest < 1000 / 100 * 0.9


def test_the_estimate_of_a_planned_clock_has_twice_its_own_median_error_to_spare(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = load_board("ulx3s")
    error = calibrated(board.family).fmax
    assert error is not None
    assert clock.margin(board) == 1 + 2 * error.median
    assert clock.margin(load_board("vu13p")) == 1  # nothing was routed there

    def at(mhz: float) -> Design:
        aims.append(mhz)
        return made

    made, aims = examine(Ask(graph, "ulx3s", clock="100MHz")).design, []
    # As fast as it is aimed at: one more try, above what is wished for.
    monkeypatch.setattr(clock, "reached_mhz", lambda *_: aims[-1])
    clock.quick_enough(at, board, 100.0)
    assert len(aims) == 2
    assert aims[1] == pytest.approx(102 * clock.margin(board))
    aims.clear()
    clock.quick_enough(at, board, 100.0, spare=1.0)
    assert aims == [100.0]


def test_a_missed_clock_is_a_refusal_and_the_way_out_leads_to_a_build(graph: Graph) -> None:
    with pytest.raises(DoesNotFit, match="not 250 MHz; its longest path ends in layer") as caught:
        build(graph, board="ulx3s", clock=TOO_FAST)
    mhz, cycles = re.search(r"--clock (\S+)MHz holds, with (\d+) cycle", caught.value.hint).groups()  # type: ignore[union-attr]
    made = build(graph, board="ulx3s", clock=f"{mhz}MHz")
    assert made.figures.fmax.holds
    assert made.figures.latency_cycles == int(cycles)
    assert float(mhz) > 100  # the nearest, not any
    with pytest.raises(DoesNotFit):
        estimate(graph, board="ulx3s", clock=TOO_FAST)


def test_best_effort_builds_it_and_every_report_says_missed(graph: Graph, tmp_path: Path) -> None:
    made = build(graph, tmp_path / "out", board="ulx3s", clock=TOO_FAST, best_effort=True)
    assert not made.figures.fmax.holds
    assert "MISSED" in made.text()
    assert "missed" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert made.figures.rate_mhz == made.figures.fmax.mhz < 250
    assert f"{made.figures.fmax.mhz:g} million samples" in made.text()
    packaged = made.figures.fmax.mhz / made.figures.packaged.interval
    assert f"{packaged:.4g} million samples a second, latency" in made.text()


def test_trigger_comparison_and_exploration_agree(graph: Graph, tmp_path: Path) -> None:
    found = examine(Ask(graph, "ulx3s", clock=TOO_FAST), "rate=250MHz")
    assert not found.holds
    assert found.refusal is not None
    fits = [c.fits for c in compare(Ask(graph, "ulx3s"), [f"clock={TOO_FAST}"]).columns]
    assert fits == [True, False]
    write_bundle((graph, tmp_path / "net.json"))
    space = Lists([str(tmp_path / "net.json")], "ulx3s", clocks=f"50MHz,{TOO_FAST}").space()
    points = explore(space, tmp_path / "out").points
    assert [p["fits"] for p in points] == [True, False]
    assert "not 250 MHz" in points[1]["says"]


def test_the_verb_exits_with_4(
    graph: Graph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bundle((graph, tmp_path / "net.json"))
    words = ["build", str(tmp_path / "net.json"), "-b", "ulx3s", "--clock", TOO_FAST]
    assert run([*words, "-o", str(tmp_path / "out"), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["where"] == "--clock"
    assert not (tmp_path / "out").exists()
    assert run([*words, "-o", str(tmp_path / "out"), "--best-effort", "-q"]) == 0
    assert "MISSED" in capsys.readouterr().out
