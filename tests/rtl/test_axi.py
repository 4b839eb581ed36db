# SPDX-License-Identifier: Apache-2.0
"""The AXI4 masters under bench_axi, against an AXI memory nobody here wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rtl.cocotb_bench import planted, simulate

pytestmark = pytest.mark.sim

CLAIMS = {
    "writes_and_reads_are_exact_under_stalls",
    "every_order_of_the_channels_is_served",
    "what_is_given_up_ends_on_the_bus",
    "reads_at_full_rate",
    "bus_errors_are_told",
}
_AXI = (
    ("aw", (("valid", 1, 1), ("ready", 1, 0), ("addr", 32, 1), ("len", 8, 1), ("size", 3, 1),
            ("burst", 2, 1))),
    ("w", (("valid", 1, 1), ("ready", 1, 0), ("data", 0, 1), ("strb", -1, 1), ("last", 1, 1))),
    ("b", (("valid", 1, 0), ("ready", 1, 1), ("resp", 2, 0))),
    ("ar", (("valid", 1, 1), ("ready", 1, 0), ("addr", 32, 1), ("len", 8, 1), ("size", 3, 1),
            ("burst", 2, 1))),
    ("r", (("valid", 1, 0), ("ready", 1, 1), ("data", 0, 0), ("resp", 2, 0), ("last", 1, 0))),
)  # fmt: skip


def axi_wires(width: int) -> dict[str, tuple[int, bool]]:
    """Width of every wire of an AXI4 bus without IDs, and whether the master drives it."""
    sizes = {0: width, -1: width // 8}
    return {
        f"{channel}{name}": (sizes.get(bits, bits), bool(out))
        for channel, wires in _AXI
        for name, bits, out in wires
    }


def bench(width: int, burst: int) -> tuple[str, list[str]]:
    """Both masters on one bus, and the ports of the test bench."""
    wires = axi_wires(width)
    own = {
        "wcmd_valid": 1, "wcmd_addr": 32, "in_valid": 1, "in_data": width,
        "in_strb": width // 8, "in_last": 1, "rcmd_valid": 1, "rcmd_addr": 32, "rcmd_beats": 16,
        "out_ready": 1, "wflush": 1, "rflush": 1,
    }  # fmt: skip
    told = {
        "wcmd_ready": 1, "in_ready": 1, "werror": 1, "widle": 1, "rcmd_ready": 1, "out_valid": 1,
        "out_data": width, "out_last": 1, "out_error": 1, "ridle": 1,
    }  # fmt: skip
    ports = [("input wire logic", 1, "aclk"), ("input wire logic", 1, "aresetn")]
    ports += [("input wire logic", bits, name) for name, bits in own.items()]
    ports += [("output logic", bits, name) for name, bits in told.items()]
    ports += [
        ("output logic" if out else "input wire logic", bits, f"m_axi_{name}")
        for name, (bits, out) in wires.items()
    ]
    # The memory wants IDs; the masters have none, which is ID 0.
    ports += [("output logic", 1, f"m_axi_{name}") for name in ("awid", "arid")]
    ports += [("input wire logic", 1, f"m_axi_{name}") for name in ("bid", "rid")]

    def bus(channels: tuple[str, ...]) -> str:
        return ", ".join(
            f".m_axi_{name}_{'o' if out else 'i'}(m_axi_{name})"
            for name, (_, out) in wires.items()
            if name.startswith(channels)
        )

    head = ",\n".join(f"  {kind} [{bits - 1}:0] {name}" for kind, bits, name in ports)
    given = f".AddrWidth(32), .DataWidth({width}), .MaxBurst({burst}), .Depth({max(2 * burst, 8)})"
    text = f"""module tb (\n{head}\n);
  assign m_axi_awid = 1'b0;
  assign m_axi_arid = 1'b0;
  hwg_axi_write #({given}) u_write (
    .clk_i(aclk), .rst_ni(aresetn), .flush_i(wflush),
    .cmd_valid_i(wcmd_valid), .cmd_ready_o(wcmd_ready),
    .cmd_addr_i(wcmd_addr), .in_valid_i(in_valid), .in_ready_o(in_ready), .in_data_i(in_data),
    .in_strb_i(in_strb), .in_last_i(in_last), .error_o(werror), .idle_o(widle),
    {bus(("aw", "w", "b"))});
  hwg_axi_read #({given}) u_read (
    .clk_i(aclk), .rst_ni(aresetn), .flush_i(rflush),
    .cmd_valid_i(rcmd_valid), .cmd_ready_o(rcmd_ready),
    .cmd_addr_i(rcmd_addr), .cmd_beats_i(rcmd_beats), .out_valid_o(out_valid),
    .out_ready_i(out_ready), .out_data_o(out_data), .out_last_o(out_last),
    .out_error_o(out_error), .idle_o(ridle),
    {bus(("ar", "r"))});
endmodule
"""
    return text, [name for _, _, name in ports]


def run(
    folder: Path, seed: int, width: int, burst: int, edit: Callable[[Path], None] | None = None
) -> set[str]:
    text, ports = bench(width, burst)
    facts = {"seed": seed, "data_width": width, "max_burst": burst}
    modules = ["hwg_axi_read", "hwg_axi_write"]
    return simulate(folder, "bench_axi", text, ports, modules, facts, CLAIMS, edit)


@pytest.mark.parametrize(
    ("width", "burst"),
    [(64, 16), *(pytest.param(*others, marks=pytest.mark.ci) for others in ((128, 4), (32, 1)))],
)
def test_masters_keep_their_word(tmp_path: Path, seed: int, width: int, burst: int) -> None:
    assert run(tmp_path, seed, width, burst) == set()


@pytest.mark.slow
def test_the_longest_bursts(tmp_path: Path, seed: int) -> None:
    assert run(tmp_path, seed, 64, 256) == set()


FAULTS = (
    ("hwg_axi_read", "m_axi_rresp_i != 2'b00", "1'b0", "bus_errors_are_told"),
    ("hwg_axi_write", "answered & (m_axi_bresp_i != 2'b00)", "1'b0", "bus_errors_are_told"),
    ("hwg_axi_write", "m_axi_wvalid_o = length", "m_axi_wvalid_o = ~aw_valid_q & length",
     "every_order_of_the_channels_is_served"),
    ("hwg_axi_write", "(level_q == '0) & (open_q == '0)", "1'b1",
     "what_is_given_up_ends_on_the_bus"),
    ("hwg_axi_write", "    if (spill) level_d = level_q - LEVEL_WIDTH'(1);",
     "    if (give_up) level_d = '0;",
     "what_is_given_up_ends_on_the_bus"),
    ("hwg_axi_read", "(flushing_q & (track_valid | buffer_valid))", "1'b0",
     "what_is_given_up_ends_on_the_bus"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("module", "good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    module: str, good: str, bad: str, claim: str, tmp_path: Path, seed: int
) -> None:
    assert claim in run(tmp_path, seed, 64, 16, planted(module, good, bad))


# What only the protocol checkers see, or what they see first.
UNSEEN = (
    ("hwg_axi_write", "                       & (open_q != OPEN_WIDTH'(Outstanding))",
     "                      ", "too many bursts are open"),
    ("hwg_axi_read", "(room_q >= ROOM_WIDTH'(MaxBurst))", "(room_q != '0)", "has to wait"),
    ("hwg_axi_write", "(to_page < PAGE_WIDTH'(MaxBurst)) ?", "1'b0 ?", "a burst across 4 KiB"),
    ("hwg_axi_read", "9'(to_page);", "9'(MaxBurst);", "a burst across 4 KiB"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("module", "good", "bad", "words"), UNSEEN, ids=("open", "room", "write page", "read page")
)
def test_a_checker_finds_a_fault(
    module: str, good: str, bad: str, words: str, tmp_path: Path, seed: int,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with pytest.raises(AssertionError):
        assert run(tmp_path, seed, 64, 16, planted(module, good, bad)) == set()
    assert words in capsys.readouterr().out
