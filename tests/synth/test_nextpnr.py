# SPDX-License-Identifier: Apache-2.0
"""Place and route: a small module on every family, wrapped so that it fits the pins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hwgen.errors import ConfigError, ToolFailed, ToolMissing
from hwgen.synth import nextpnr, placement
from hwgen.synth.bitstream import pack, packer
from hwgen.target.board import load_board

WIDE = """module m (
  input wire logic clk_i, input wire logic [99:0] a_i, output logic [49:0] y_o
);
  always_ff @(posedge clk_i) y_o <= a_i[49:0] + a_i[99:50];
endmodule
"""


@pytest.fixture
def wide(tmp_path: Path) -> list[Path]:
    file = tmp_path / "m.sv"
    file.write_text(WIDE)
    return [file]


def routed(files: list[Path], board: str, seed: int = 1, mhz: float = 50.0) -> placement.Routed:
    target = load_board(board)
    assert target.device is not None
    return nextpnr.place_and_route(
        files,
        "m",
        target.device,
        target.family.name,
        placement.Placement(seed, mhz, pins=target.pins),
    )


@pytest.mark.ci
def test_more_ports_than_pins_are_no_hindrance(wide: list[Path]) -> None:
    one = routed(wide, "icebreaker")
    assert 10 < one.fmax_mhz < 300
    assert one.ff == 100 + 50 + 50  # into the core, out of it, the signature
    assert one.lut >= one.ff
    assert one == routed(wide, "icebreaker")


@pytest.mark.slow
@pytest.mark.parametrize("board", ["ulx3s", "tangnano9k", "crosslink_nx_evn"])
def test_every_open_family_is_placed_and_routed(board: str, wide: list[Path]) -> None:
    made = routed(wide, board)
    assert made.fmax_mhz > 20
    assert made.ff == 200
    assert made.log


@pytest.mark.slow
def test_tables_are_counted_as_nextpnr_counts_them(wide: list[Path], tmp_path: Path) -> None:
    netlist = tmp_path / "n.json"
    top = nextpnr.write_harnessed(wide, "m", "ecp5", netlist)
    from hwgen.synth.count import count
    from hwgen.synth.netlist import Netlist

    counted = count(Netlist.read(netlist, top, "ecp5")).lut
    assert routed(wide, "ulx3s").lut - counted in (0, 1, 2)  # nextpnr's drivers of constants


def test_ports_are_read_and_a_missing_module_is_told(wide: list[Path]) -> None:
    ports = {p.name: (p.direction, p.width) for p in nextpnr.module_ports(wide, "m")}
    assert ports == {"clk_i": ("input", 1), "a_i": ("input", 100), "y_o": ("output", 50)}
    with pytest.raises(ToolFailed):
        nextpnr.module_ports(wide, "other")


def test_families_without_open_tools_and_boards_without_pins_are_refused(
    wide: list[Path], tmp_path: Path
) -> None:
    device = load_board("tangnano9k").device
    assert device is not None
    with pytest.raises(ConfigError, match="series7"):
        nextpnr.place_and_route(wide, "m", device, "series7")
    with pytest.raises(ConfigError, match=r"\[pins\]"):
        nextpnr.harness_pins("gowin", None)
    assert nextpnr.harness_pins("ecp5", None) == ""
    with pytest.raises(ConfigError, match="series7"):
        pack("series7", device, tmp_path / "x.config")


def test_a_missing_tool_is_told_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for look in (nextpnr.nextpnr, packer):
        with pytest.raises(ToolMissing, match=r"hwgen\[synth\]"):
            look("gowin")
    native = tmp_path / "nextpnr-ice40"
    native.write_text("#!/bin/sh\n")
    native.chmod(0o755)
    assert nextpnr.nextpnr("ice40") == native


STAND_IN = """#!{python}
import json, pathlib, sys, time
pathlib.Path("{tried}").open("a").write(" ".join(sys.argv[1:]) + "\\n")
print("{says}", flush=True)
if {fails}:
    time.sleep({sleeps})
    sys.exit("no way to the clock")
report = {{"fmax": {{"clk": {{"achieved": 50.0}}}}, "utilization": {{}}}}
pathlib.Path("report.json").write_text(json.dumps(report))
print("Info: done")
"""
PLACED = "Info: Setting up routing queue."
WAYS = ("--placer static --router router1", "--placer static --router router2", "--router router2")


@pytest.mark.parametrize(
    ("fails", "sleeps", "says", "ways"),
    [
        ("False", 0, PLACED, (0,)),  # delays are weighed first
        ("'router1' in sys.argv", 0, PLACED, (0, 1)),
        ("'static' in sys.argv", 0, PLACED, (0, 1, 2)),
        ("'static' in sys.argv", 0, "Info: Running Static placer...", (0, 2)),
        ("'static' in sys.argv", 100, "", (0, 2)),
        ("True", 0, PLACED, (0, 1, 2)),
    ],
)
def test_where_a_placer_or_a_router_fails_or_never_ends_another_is_tried(
    fails: str,
    sleeps: int,
    says: str,
    ways: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    tool, tried, netlist = (tmp_path / name for name in ("tool", "tried", "made.json"))
    told = {"python": sys.executable, "tried": tried, "fails": fails, "sleeps": sleeps}
    tool.write_text(STAND_IN.format(**told, says=says))
    tool.chmod(0o755)
    netlist.write_text("{}")
    monkeypatch.setattr(nextpnr, "nextpnr", lambda family: tool)
    device = load_board("ulx3s").device
    assert device is not None
    # A first one that does not end has a quarter of the time.
    settings = placement.Placement(timeout=8.0)
    if fails == "True":
        with pytest.raises(ToolFailed, match="no way to the clock"):
            nextpnr.place_and_route(netlist, "m", device, "ecp5", settings)
    else:
        made = nextpnr.place_and_route(netlist, "m", device, "ecp5", settings)
        assert made.fmax_mhz == 50.0
    found = [line.split("--timing-allow-fail ")[1] for line in tried.read_text().splitlines()]
    assert found == [WAYS[way] for way in ways]
