# SPDX-License-Identifier: Apache-2.0
"""Count of bits: every word of short ones, and the primitive body proven equal to the plain one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwgen import paths
from hwgen.errors import ToolFailed
from hwgen.synth.yosys import run_script

UNIT = paths.rtl() / "binary" / "hwg_popcount.sv"
CHAIN = paths.rtl() / "arith" / "hwg_chain.sv"
SHORT = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)


@pytest.mark.sim
def test_every_word_is_counted(run_bench: Callable[..., str]) -> None:
    lines = ["module tb (input logic clk);", "  int t = 0, errors = 0;"]
    checks = []
    for bits in SHORT:
        wide = bits.bit_length()
        lines += [
            f"  logic [{wide - 1}:0] y{bits};",
            f"  hwg_popcount #(.Count({bits})) u{bits} (.clk_i(clk), .step_i(1'b1), "
            f".data_i(t[{bits - 1}:0]), .count_o(y{bits}));",
        ]
        past = f"(t - 2) & {(1 << bits) - 1}"
        checks.append(f"    if (t > 1 && int'(y{bits}) != $countones({past})) errors = errors + 1;")
    lines += ["  always @(posedge clk) begin", *checks, "    if (t == 1040) begin"]
    lines += ['      $display("at %0d, errors %0d", t, errors); $finish;', "    end"]
    bench = "\n".join([*lines, "    t <= t + 1;", "  end", "endmodule", ""])
    assert "at 1040, errors 0\n" in run_bench([UNIT], bench, {})


REGISTERS = (
    ("""      always_ff @(posedge clk_i) begin
        if (step_i) given <= gen_level[0].carried[BITS-1:0];
      end
""", "      assign given = gen_level[0].carried[BITS-1:0];\n"),
    ("""  always_ff @(posedge clk_i) begin
    if (step_i) begin
      lowest_q <= gen_level[0].bottom;
      count_o  <= sums;
    end
  end
""", "  assign lowest_q = gen_level[0].bottom;\n  assign count_o = sums;\n"),
)  # fmt: skip


def prove(bits: int, folder: Path, good: str = "", bad: str = "") -> str:
    """Return what Yosys prints of a proof of the logic alone, both registers left out."""
    text = UNIT.read_text()
    for register, wires in REGISTERS:
        assert register in text
        text = text.replace(register, wires)
    (folder / "amd.sv").write_text(text)
    (folder / "plain.sv").write_text(text.replace(good, bad) if good else text)
    (folder / CHAIN.name).write_text(CHAIN.read_text())
    script = ["read_verilog +/xilinx/cells_sim.v"]
    for name, define in (("plain", ""), ("amd", "-DHWG_AMD_PRIMITIVES ")):
        script += [
            f"read_verilog -sv {define}{name}.sv",
            f"chparam -set Count {bits} hwg_popcount",
            f"rename hwg_popcount {name}",
        ]
    script += ["read_verilog -sv -DHWG_AMD_PRIMITIVES hwg_chain.sv", "hierarchy -check", "proc"]
    script += ["flatten amd", "miter -equiv -flatten -make_assert plain amd both"]
    return run_script([*script, "sat -verify -prove-asserts both"], folder)


@pytest.mark.parametrize("bits", [1, 2, 5, 6, 13])
def test_yosys_proves_the_bodies_equal(bits: int, tmp_path: Path) -> None:
    assert "no model found: SUCCESS!" in prove(bits, tmp_path)


def test_yosys_would_find_a_difference(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="FAIL"):
        prove(6, tmp_path, "(half & five[3]) |", "(half & five[2]) |")
