# SPDX-License-Identifier: Apache-2.0
"""Emitted text against the product as one would write it by hand, proven by Yosys' SAT solver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hwgen.ops  # noqa: F401  (registers the operations)
from hwgen.emit.rtl import emit_rtl
from hwgen.errors import ToolFailed
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.plan.board import load_board
from hwgen.plan.cost import estimate
from hwgen.plan.design import Design
from hwgen.plan.schedule import schedule
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design, run_script

# Registers as wires: a pipeline without feedback computes what it would without them.
WIRES = r"""
module \$dff (CLK, D, Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  input CLK;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = D;
endmodule
module \$sdff (CLK, SRST, D, Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  parameter SRST_POLARITY = 1;
  parameter [WIDTH-1:0] SRST_VALUE = 0;
  input CLK, SRST;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = SRST == SRST_POLARITY ? SRST_VALUE : D;
endmodule
"""


def product(weight: np.ndarray, bias: np.ndarray, bits: int, signed: bool) -> Design:
    head = Input.of((len(weight),), Fixed(bits, 0, signed))
    x = Node("x", head, (), head.infer([]), "x")
    op = Dense(weight, bias)
    fc = Node("fc", op, ("x",), op.infer([x.type]), "fc")
    graph = Graph("prod", (x, fc), (Output("y", "fc", (1.0,)),))
    board = load_board("vcu118")
    return schedule(
        graph, name="prod", board_name=board.name, family=board.family, clock_mhz=500.0,
        model_digest="0" * 64,
    )  # fmt: skip


def by_hand(design: Design, weight: np.ndarray, bias: np.ndarray) -> str:
    (x,), (y,) = design.inputs, design.outputs
    w, n = y.fixed.width, x.fixed.width
    lines = [
        "module hand (input clk_i, rst_ni, in_valid_i,",
        f"  input [{x.bits - 1}:0] x_data_i,",
        f"  output out_valid_o, output [{y.bits - 1}:0] y_data_o);",
        "  assign out_valid_o = rst_ni & in_valid_i;",
    ]
    for i in range(x.size):
        part = f"x_data_i[{n * i + n - 1}:{n * i}]"
        text = f"$signed({part})" if x.fixed.signed else f"$signed({{1'b0, {part}}})"
        lines.append(f"  wire signed [{n}:0] x{i} = {text};")
    for j in range(y.size):
        terms = " + ".join(f"({int(c)}) * x{i}" for i, c in enumerate(weight[:, j]))
        lines += [
            f"  wire signed [31:0] y{j} = {terms} + ({int(bias[j])});",
            f"  assign y_data_o[{w * j + w - 1}:{w * j}] = y{j}[{w - 1}:0];",
        ]
    return "\n".join([*lines, "endmodule", ""])


def prove(design: Design, hand: str, folder: Path, *defines: str) -> str:
    out = emit_rtl(design).write(folder / "out") / "rtl"
    (folder / "hand.sv").write_text(hand)
    (folder / "wires.v").write_text(WIRES)
    names = [n for n in (out / "files.f").read_text().split() if "axi" not in n]
    given = " ".join(f"-D{name}" for name in defines)
    script = [
        "read_verilog +/xilinx/cells_sim.v",
        *(f"read_verilog -sv {given} out/rtl/{name}" for name in names),
        "read_verilog -sv hand.sv",
        "hierarchy -check",
        "proc",
        "flatten hand hwg_prod",
        "opt hand hwg_prod",
        "techmap -map wires.v hand hwg_prod",
        "miter -equiv -flatten -make_assert hand hwg_prod both",
        "sat -verify -prove-asserts both",
    ]
    return run_script(script, folder)


def case(seed: int, bits: int, signed: bool) -> tuple[np.ndarray, np.ndarray, Design]:
    rng = np.random.default_rng(seed)
    weight = rng.integers(-7, 8, (4, 3))
    bias = rng.integers(-9, 10, 3)
    return weight, bias, product(weight, bias, bits, signed)


@pytest.mark.parametrize("define", ["HWG_PLAIN", "HWG_AMD_PRIMITIVES"])
@pytest.mark.parametrize(("seed", "bits", "signed"), [(1, 3, True), (2, 3, False), (3, 1, False)])
def test_the_emitted_text_is_the_product(
    seed: int, bits: int, signed: bool, define: str, tmp_path: Path
) -> None:
    weight, bias, design = case(seed, bits, signed)
    text = prove(design, by_hand(design, weight, bias), tmp_path, define)
    assert "SAT proof finished - no model found: SUCCESS!" in text


def test_a_wrong_weight_is_found(tmp_path: Path) -> None:
    weight, bias, design = case(1, 3, True)
    weight[2, 1] += 1
    with pytest.raises(ToolFailed, match="FAIL"):
        prove(design, by_hand(design, weight, bias), tmp_path)


@pytest.mark.parametrize(("size", "zeros"), [(6, 0.0), (12, 0.6)])
def test_the_cost_model_is_what_synthesis_reports(size: int, zeros: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(size)
    weight = rng.integers(-31, 32, (size, size)) * (rng.random((size, size)) >= zeros)
    design = product(weight, np.zeros(size, np.int64), 8, True)
    out = emit_rtl(design).write(tmp_path / "out") / "rtl"
    files = [out / n for n in (out / "files.f").read_text().split() if "axi" not in n]
    measured = count(map_design(files, "hwg_prod", "ultrascale_plus"))
    model = estimate(design, load_board("vcu118").family)
    assert measured.plut == pytest.approx(model.lut, rel=0.05)
    assert 0.9 * model.ff <= measured.ff <= model.ff  # equal sign registers are merged
