# SPDX-License-Identifier: Apache-2.0
"""Units of one or two looked-up bits: every address of random tables, primitive bodies proven."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen import paths
from hwgen.errors import ToolFailed
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design, run_script

UNIT = paths.rtl() / "arith" / "hwg_table.sv"
PAIR = paths.rtl() / "arith" / "hwg_table_pair.sv"
BITS, PAIR_BITS = range(1, 9), range(1, 6)


def truth(bits: int, seed: int = 7) -> int:
    """Return a random table that depends on every bit of its address."""
    rng = np.random.default_rng(seed + bits)
    return int.from_bytes(rng.bytes(32), "big") % (1 << (1 << bits)) | 1


def instance(bits: int, name: str, out: str, at: str = "t") -> str:
    size = 1 << bits
    return (
        f"hwg_table #(.Bits({bits}), .Truth({size}'h{truth(bits):x})) {name} "
        f"(.address_i({at}[{bits - 1}:0]), .data_o({out}));"
    )


def pair(bits: int, name: str, out: str) -> str:
    size, low, high = 1 << bits, truth(bits), truth(bits, 8)
    return (
        f"hwg_table_pair #(.Bits({bits}), .Low({size}'h{low:x}), .High({size}'h{high:x})) {name} "
        f"(.address_i(t[{bits - 1}:0]), .data_o({out}));"
    )


@pytest.mark.sim
def test_every_address_gives_its_bit(run_bench: Callable[..., str]) -> None:
    lines = ["module tb (input logic clk);", "  int t = 0, errors = 0;", "  logic [8:1] y;"]
    checks = []
    for bits in BITS:
        lines.append(f"  {instance(bits, f'u{bits}', f'y[{bits}]')}")
        want = "".join(f"{truth(bits) >> i & 1:x}" for i in reversed(range(1 << bits)))
        lines.append(f"  localparam logic [{(1 << bits) - 1}:0] W{bits} = {1 << bits}'b{want};")
        checks.append(f"    if (y[{bits}] !== W{bits}[t[{bits - 1}:0]]) errors = errors + 1;")
    for bits in PAIR_BITS:
        lines += [f"  logic [1:0] p{bits};", f"  {pair(bits, f'v{bits}', f'p{bits}')}"]
        for k, seed in enumerate((7, 8)):
            known = f"{1 << bits}'h{truth(bits, seed):x}"
            lines.append(f"  localparam logic [{(1 << bits) - 1}:0] P{bits}{k} = {known};")
            same = f"p{bits}[{k}] !== P{bits}{k}[t[{bits - 1}:0]]"
            checks.append(f"    if ({same}) errors = errors + 1;")
    lines += ["  always @(posedge clk) begin", *checks, "    if (t == 255) begin"]
    lines += ['      $display("at %0d, errors %0d", t, errors); $finish;', "    end"]
    bench = "\n".join([*lines, "    t <= t + 1;", "  end", "endmodule", ""])
    assert "at 255, errors 0\n" in run_bench([UNIT, PAIR], bench, {})


def prove(bits: int, folder: Path, wrong: int = 0, unit: Path = UNIT) -> str:
    """Return what Yosys prints of a proof, with its own models of the primitives."""
    (folder / unit.name).write_text(unit.read_text())
    script = ["read_verilog +/xilinx/cells_sim.v"]
    for name, define, change in (("plain", "", 0), ("amd", "-DHWG_AMD_PRIMITIVES ", wrong)):
        given = f"{1 << bits}'h{truth(bits) ^ change:x}"
        other = f"{1 << bits}'h{truth(bits, 8):x}"
        truths = f"-set Low {other} -set High {given}" if unit == PAIR else f"-set Truth {given}"
        script += [
            f"read_verilog -sv {define}{unit.name}",
            f"chparam -set Bits {bits} {truths} {unit.stem}",
            f"rename {unit.stem} {name}",
        ]
    script += ["hierarchy -check", "proc", "flatten amd"]
    script += ["miter -equiv -flatten -make_assert plain amd both"]
    return run_script([*script, "sat -verify -prove-asserts both"], folder)


@pytest.mark.parametrize(
    ("unit", "bits"),
    [*((UNIT, bits) for bits in BITS), *((PAIR, bits) for bits in PAIR_BITS)],
    ids=lambda value: value.stem if isinstance(value, Path) else str(value),
)
def test_yosys_proves_the_bodies_equal(unit: Path, bits: int, tmp_path: Path) -> None:
    assert "SAT proof finished - no model found: SUCCESS!" in prove(bits, tmp_path, unit=unit)


def test_yosys_would_find_a_difference(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="FAIL"):
        prove(8, tmp_path, wrong=1 << 200)
    with pytest.raises(ToolFailed, match="FAIL"):
        prove(5, tmp_path, wrong=1 << 20, unit=PAIR)


def test_a_table_is_what_was_paid_for(tmp_path: Path) -> None:
    ports = ", ".join(f"input [{bits - 1}:0] a{bits}" for bits in (6, 7, 8))
    ports += ", input [4:0] t, output [1:0] z"
    body = " ".join(instance(bits, f"u{bits}", f"y[{bits - 6}]", f"a{bits}") for bits in (6, 7, 8))
    top = tmp_path / "top.sv"
    body += pair(5, "u", "z")
    top.write_text(f"module top ({ports}, output [2:0] y); {body} endmodule\n")
    measured = count(map_design([UNIT, PAIR, top], "top", "ultrascale_plus"))
    assert (measured.lut, measured.plut) == (1 + 2 + 4 + 1,) * 2
