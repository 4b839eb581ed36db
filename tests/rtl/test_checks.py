# SPDX-License-Identifier: Apache-2.0
"""Protocol checkers of sim/checks: each finds every seeded violation, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hwgen import paths, tools
from hwgen.errors import ToolFailed

pytestmark = pytest.mark.ci

Row = dict[str, int]
WRITE = {
    "awvalid": 1, "awready": 1, "awaddr": 13, "awlen": 8, "awsize": 3, "awburst": 2, "wvalid": 1,
    "wready": 1, "wdata": 32, "wstrb": 4, "wlast": 1, "bvalid": 1, "bready": 1, "bresp": 2,
}  # fmt: skip
READ = {
    "arvalid": 1, "arready": 1, "araddr": 13, "arlen": 8, "arsize": 3, "arburst": 2, "rvalid": 1,
    "rready": 1, "rdata": 32, "rresp": 2, "rlast": 1,
}  # fmt: skip
LITE = {
    "awvalid": 1, "awready": 1, "awaddr": 6, "wvalid": 1, "wready": 1, "wdata": 32, "wstrb": 4,
    "bvalid": 1, "bready": 1, "bresp": 2, "arvalid": 1, "arready": 1, "araddr": 6, "rvalid": 1,
    "rready": 1, "rdata": 32, "rresp": 2,
}  # fmt: skip
STREAM = {"valid": 1, "ready": 1, "data": 8}
BUS = "#(.AddrWidth(13), .DataWidth(32), .MaxBurst(4), .Outstanding(2))"
CHECKERS: Mapping[str, tuple[str, str, Mapping[str, int]]] = {
    "w": ("hwg_axi_write_check", BUS, WRITE),
    "r": ("hwg_axi_read_check", BUS, READ),
    "l": ("hwg_axil_check", "#(.AddrWidth(6))", LITE),
    "s": ("hwg_axis_check", "#(.Width(8))", STREAM),
    "p": ("hwg_axis_check", "#(.Width(8), .Source(0))", STREAM),
}
FIELDS = [("rst", 1)] + [
    (f"{key}_{name}", bits)
    for key, (_, _, wires) in CHECKERS.items()
    for name, bits in wires.items()
]
WIDTH = sum(bits for _, bits in FIELDS)
ROWS = 64


def bench() -> str:
    """Return a module that drives all checkers from a file of rows."""
    places, at = {}, 0
    for name, bits in FIELDS:
        places[name] = f"row[{at} +: {bits}]"
        at += bits
    parts = [
        f"  {module} {params} u_{key} (.clk_i(clk), .rst_ni({places['rst']}), "
        + ", ".join(f".{name}_i({places[f'{key}_{name}']})" for name in wires)
        + ");"
        for key, (module, params, wires) in CHECKERS.items()
    ]
    return f"""module tb (input wire logic clk);
  logic [{WIDTH - 1}:0] rows [0:{ROWS - 1}];
  logic [{WIDTH - 1}:0] row = '0;
  int at = 0;
  initial $readmemh("rows.mem", rows);
  always @(negedge clk) begin
    row = rows[at];
    at = at + 1;
    if (at == {ROWS}) begin
      $display("all rows are through");
      $finish;
    end
  end
{chr(10).join(parts)}
endmodule
"""


def good() -> list[Row]:
    """Return traffic without a fault on all ports, a row a cycle; the first three are the reset."""
    rows: list[Row] = [{"rst": 0}, {"rst": 0}, {"rst": 1}]

    def put(at: int, **wires: int) -> None:
        while len(rows) <= at:
            rows.append({"rst": 1})
        rows[at] |= wires

    size = {"w_awsize": 2, "w_awburst": 1}
    for at, ready in ((4, 0), (5, 1)):  # an address, then its data
        put(at, w_awvalid=1, w_awready=ready, w_awaddr=16, w_awlen=1, **size)
    put(6, w_wvalid=1, w_wready=1, w_wdata=1, w_wstrb=15)
    for at, ready in ((7, 0), (8, 1)):
        put(at, w_wvalid=1, w_wready=ready, w_wdata=2, w_wstrb=15, w_wlast=1)
    for at, ready in ((9, 0), (10, 1)):
        put(at, w_bvalid=1, w_bready=ready, w_bresp=2)
    put(12, w_wvalid=1, w_wready=1, w_wdata=3, w_wstrb=15, w_wlast=1)  # data, then their address
    put(13, w_awvalid=1, w_awready=1, w_awaddr=32, **size)
    put(14, w_bvalid=1, w_bready=1)
    put(16, w_wvalid=1, w_wready=1)  # an address amid its data
    put(17, w_wvalid=1, w_wready=1, w_awvalid=1, w_awready=1, w_awaddr=64, w_awlen=2, **size)
    put(18, w_wvalid=1, w_wready=1, w_wlast=1)
    put(19, w_bvalid=1, w_bready=1)

    size = {"r_arsize": 2, "r_arburst": 1}
    for at, ready in ((4, 0), (5, 1)):
        put(at, r_arvalid=1, r_arready=ready, r_araddr=16, r_arlen=1, **size)
    for at in (6, 7, 8):
        put(at, r_rready=1)
    put(6, r_rvalid=1, r_rdata=5)
    put(8, r_rvalid=1, r_rdata=6, r_rlast=1)

    for at, ready in ((4, 0), (5, 1)):
        put(at, l_awvalid=1, l_awready=ready, l_awaddr=4, l_wvalid=1, l_wready=ready, l_wdata=7)
    for at, ready in ((6, 0), (7, 1)):
        put(at, l_bvalid=1, l_bready=ready, l_bresp=2)
    for at, ready in ((9, 0), (10, 1)):
        put(at, l_arvalid=1, l_arready=ready, l_araddr=8)
    for at, ready in ((11, 0), (12, 1)):
        put(at, l_rvalid=1, l_rready=ready, l_rdata=9)

    for key in ("s", "p"):
        for at, ready in ((4, 0), (5, 0), (6, 1)):
            put(at, **{f"{key}_valid": 1, f"{key}_ready": ready, f"{key}_data": 77})
    return rows


def with_(at: int, **wires: int) -> Callable[[list[Row]], None]:
    """Return what changes a row."""

    def change(rows: list[Row]) -> None:
        rows[at] |= wires

    return change


def many(channel: str, count: int, **wires: int) -> Callable[[list[Row]], None]:
    """Return what lets transfers of a channel follow each other, behind all others."""

    def change(rows: list[Row]) -> None:
        for _ in range(count):
            rows.append({"rst": 1, f"{channel}valid": 1, f"{channel}ready": 1, **wires})

    return change


AW = {"w_awsize": 2, "w_awburst": 1}
AR = {"r_arsize": 2, "r_arburst": 1, "r_rready": 1}
SEEDS: tuple[tuple[str, Callable[[list[Row]], None]], ...] = (
    ("AXI write: valid after reset", with_(2, w_awvalid=1, **AW)),
    ("AXI write: valid after reset", with_(2, w_wvalid=1)),
    ("AW: an address was withdrawn", with_(5, w_awvalid=0)),
    ("AW: an address changed", with_(5, w_awaddr=20)),
    ("AW: an address changed", with_(5, w_awlen=2)),
    ("W: a beat was withdrawn", with_(8, w_wvalid=0)),
    ("W: a beat changed", with_(8, w_wdata=9)),
    ("W: a beat changed", with_(8, w_wstrb=7)),
    ("W: a gap in a burst", with_(7, w_wvalid=0)),
    ("B: an answer was withdrawn", with_(10, w_bvalid=0)),
    ("B: an answer changed", with_(10, w_bresp=0)),
    ("AW: a burst that is not INCR", with_(13, w_awburst=2)),
    ("AW: beats that are not whole", with_(13, w_awsize=1)),
    ("AW: an address within a beat", with_(13, w_awaddr=33)),
    ("AW: a burst that is too long", with_(17, w_awlen=4)),
    ("AW: a burst across 4 KiB", with_(17, w_awaddr=4096 - 8)),
    ("W: last at another beat than the address says", with_(6, w_wlast=1)),
    ("W: last at another beat than the address says", with_(18, w_wlast=0)),
    ("AW: another length than the data had", with_(13, w_awlen=1)),
    ("AW: fewer beats than were written", with_(17, w_awlen=0)),
    ("AW: too many bursts are open", many("w_aw", 3, **AW)),
    ("W: too many bursts are open", many("w_w", 3, w_wlast=1)),
    ("B: an answer to nothing", with_(4, w_bvalid=1, w_bready=1)),
    ("B: an answer to nothing", with_(7, w_bvalid=1, w_bready=1)),
    ("AXI read: valid after reset", with_(2, r_arvalid=1, **AR)),
    ("AR: an address was withdrawn", with_(5, r_arvalid=0)),
    ("AR: an address changed", with_(5, r_araddr=20)),
    ("AR: a burst that is not INCR", with_(4, r_arburst=0)),
    ("AR: beats that are not whole", with_(4, r_arsize=3)),
    ("AR: an address within a beat", with_(4, r_araddr=18)),
    ("AR: a burst that is too long", with_(4, r_arlen=4)),
    ("AR: a burst across 4 KiB", with_(4, r_araddr=4096 - 4)),
    ("AR: too many bursts are open", many("r_ar", 3, **AR)),
    ("R: a beat that nobody asked for", with_(4, r_rvalid=1, r_rready=1)),
    ("R: last at another beat than was asked for", with_(6, r_rlast=1)),
    ("R: last at another beat than was asked for", with_(8, r_rlast=0)),
    ("R: a beat that was asked for has to wait", with_(7, r_rready=0)),
    ("AXI4-Lite: valid after reset", with_(2, l_bvalid=1)),
    ("AW: an address did not stay", with_(5, l_awaddr=8)),
    ("W: a word did not stay", with_(5, l_wdata=8)),
    ("AR: an address did not stay", with_(10, l_arvalid=0)),
    ("B: an answer did not stay", with_(7, l_bresp=0)),
    ("R: a word did not stay", with_(12, l_rdata=1)),
    ("B: an answer to nothing", with_(9, l_bvalid=1, l_bready=1)),
    ("R: a word that nobody asked for", with_(8, l_rvalid=1, l_rready=1)),
    ("AXI4-Lite: more is taken than can be answered", many("l_ar", 2)),
    ("AXI-Stream: valid after reset", with_(2, s_valid=1)),
    ("AXI-Stream: a beat was withdrawn", with_(6, s_valid=0)),
    ("AXI-Stream: a beat changed", with_(5, s_data=76)),
    ("AXI-Stream: a beat was withdrawn", with_(5, p_valid=0)),
    ("AXI-Stream: a beat changed", with_(6, p_data=76)),
)  # fmt: skip


def memory(rows: list[Row]) -> str:
    """Return the file of rows that the bench reads."""
    lines = []
    for row in [*rows, *[{"rst": 1}] * (ROWS - len(rows))]:
        word, at = 0, 0
        for name, bits in FIELDS:
            word |= row.get(name, 0) << at
            at += bits
        lines.append(f"{word:x}")
    return "\n".join([*lines, ""])


def test_checkers_find_what_is_wrong_and_nothing_else(
    run_bench: Callable[..., str], tmp_path: Path
) -> None:
    home = paths.sim() / "checks"
    files = [home / "checks.sv", *sorted(home.glob("hwg_*.sv"))]
    said = run_bench(files, bench(), {"rows.mem": memory(good())})
    assert "all rows are through" in said
    silent: list[Any] = []
    for number, (words, change) in enumerate(SEEDS):
        rows = good()
        change(rows)
        (tmp_path / "rows.mem").write_text(memory(rows))
        try:
            said = tools.run([str(tmp_path / "obj" / "Vtb")], tmp_path, what="tb", timeout=60)
        except ToolFailed as failure:
            said = str(failure)
        if words not in said:
            silent.append((number, words, said[-300:]))
    assert not silent
