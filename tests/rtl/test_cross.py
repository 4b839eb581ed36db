# SPDX-License-Identifier: Apache-2.0
"""AXI-Stream between two clocks: beats, resets of any length, a level beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hwgen.emit.verilog import sv
from hwgen.synth.yosys import FAMILIES, write_netlist
from hwgen.units.library import with_uses
from tests.rtl.cocotb_bench import planted, simulate

pytestmark = pytest.mark.sim

CLAIMS = (
    "carries_frames_between_any_clocks",
    "keeps_the_rate_of_the_slower_clock",
    "a_beat_waits_for_its_synchroniser",
    "a_reset_of_any_length_leaves_nothing_behind",
    "a_level_arrives",
)
WIDTH, RATIOS = 32, 6
BEAT = (("tdata", "data", WIDTH), ("tkeep", "keep", WIDTH // 8), ("tlast", "last", None))


def _bench(stages: int, depth: int) -> tuple[str, list[str]]:
    """Return the top with a crossing, a level and their resets, and its ports."""
    ports = [sv.PortDecl("input", None, p) for p in ("in_clk_i", "out_clk_i", "rst_ni", "level_i")]
    ports.append(sv.PortDecl("output", None, "level_o"))
    wires = [(f"{side}_clk_i", f"{side}_clk_i") for side in ("in", "out")]
    wires += [(f"{side}_rst_ni", f"{side}_rst_n") for side in ("in", "out")]
    for prefix, side, ahead, back in (("s_axis", "in", "input", "output"),
                                      ("m_axis", "out", "output", "input")):  # fmt: skip
        for wire, name, width in (*BEAT, ("tvalid", "valid", None)):
            ports.append(sv.PortDecl(ahead, width, f"{prefix}_{wire}"))
            wires.append((f"{side}_{name}_{ahead[0]}", f"{prefix}_{wire}"))
        ports.append(sv.PortDecl(back, None, f"{prefix}_tready"))
        wires.append((f"{side}_ready_{back[0]}", f"{prefix}_tready"))
    given = ("Stages", str(stages))
    body = ["  logic in_rst_n, out_rst_n;"]
    body += sv.instance(
        "hwg_reset_pair", "u_resets", [given],
        [("a_clk_i", "in_clk_i"), ("b_clk_i", "out_clk_i"), ("rst_ni", "rst_ni"),
         ("a_rst_no", "in_rst_n"), ("b_rst_no", "out_rst_n")],
    )  # fmt: skip
    sizes = [("DataWidth", str(WIDTH)), ("Depth", str(depth)), given]
    body += sv.instance("hwg_axis_cross", "u_cross", sizes, wires)
    body += sv.instance(
        "hwg_level_sync", "u_level", [given],
        [("clk_i", "out_clk_i"), ("rst_ni", "out_rst_n"), ("in_i", "level_i"),
         ("out_o", "level_o")],
    )  # fmt: skip
    text = sv.file(["test bench"], sv.module("tb", ports, body))
    return text, [port.name for port in ports]


def _simulate(
    folder: Path, seed: int, ratio: int, edit: Callable[[Path], None] | None = None,
    stages: int = 2, depth: int = 16,
) -> set[str]:  # fmt: skip
    text, ports = _bench(stages, depth)
    facts = {"seed": seed, "ratio": ratio, "data_width": WIDTH, "stages": stages, "depth": depth}
    modules = ["hwg_axis_cross", "hwg_reset_pair", "hwg_level_sync"]
    return simulate(folder, "bench_cross", text, ports, modules, facts, CLAIMS, edit)


@pytest.mark.ci
def test_frames_cross_to_a_slow_clock(tmp_path: Path, seed: int) -> None:
    assert _simulate(tmp_path, seed, 4, depth=8) == set()


@pytest.mark.slow
@pytest.mark.parametrize("ratio", range(RATIOS))
def test_frames_cross_between_any_clocks(ratio: int, tmp_path: Path, seed: int) -> None:
    # The third is too shallow for a beat in every cycle.
    stages, depth = ((2, 16), (3, 16), (2, 4))[ratio % 3]
    assert _simulate(tmp_path, seed, ratio, None, stages, depth) == set()


@pytest.mark.parametrize(
    "family",
    [pytest.param(f, marks=pytest.mark.ci if f == "ice40" else pytest.mark.slow) for f in FAMILIES],
)
def test_a_crossing_is_mapped_for_every_family(family: str, tmp_path: Path) -> None:
    # Its memory is read at once, which blocks of memory do not do.
    sources = [unit.path for unit in with_uses(["hwg_axis_cross"])]
    write_netlist(sources, "hwg_axis_cross", family, tmp_path / "netlist.json")
    assert "hwg_axis_cross" in json.loads((tmp_path / "netlist.json").read_text())["modules"]


FAULTS = {
    "a count in plain binary": ("hwg_cdc_fifo", "in_next ^ (in_next >> 1)", "in_next", 0, 4),
    "a count off by one": ("hwg_cdc_fifo", "in_next ^ (in_next >> 1)",
        "(in_next + 1'b1) ^ ((in_next + 1'b1) >> 1)", 0, 4),
    "no synchroniser": ("hwg_cdc_fifo",
        "in_seen     = in_meet_q[(Stages-1)*COUNT_WIDTH +: COUNT_WIDTH]",
        "in_seen     = in_gray_q", 2, 4),
    # Of the slow writer: the fast reader would still see what it held before.
    "a reset too short for one side": ("hwg_reset_pair", "a_seen & b_seen", "rst_ni", 3, 3),
    "a reset of one side": ("hwg_axis_cross", ".out_rst_ni (out_rst_ni)",
        ".out_rst_ni (1'b1)", 3, 4),
    "beats are lost in reset": ("hwg_axis_cross", "room & in_rst_ni", "room", 3, 4),
    "a beat without its end": ("hwg_axis_cross", "{in_last_i,", "{1'b0,", 0, 4),
    "a level through one register": ("hwg_level_sync", "out_o = meet_q[Stages-1]",
        "out_o = meet_q[0]", 4, 4),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, tmp_path: Path, seed: int) -> None:
    module, good, bad, claim, ratio = FAULTS[fault]
    assert CLAIMS[claim] in _simulate(tmp_path, seed, ratio, planted(module, good, bad))
