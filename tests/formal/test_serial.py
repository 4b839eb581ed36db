# SPDX-License-Identifier: Apache-2.0
"""Proofs of serial designs: both bodies of an adder are one, and a network is its specification.

Yosys' own SAT solver answers: on adders it is several times quicker than an SMT solver. Bodies are
equal for ever, by induction. A network is looked at from reset on for as many cycles as two samples
take, whatever they are, however far apart, and wherever a reset falls.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.source_list import read_list
from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ToolFailed
from hwgen.ir.fixed import Fixed
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.requantize import Requantize
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.planner import plan
from hwgen.synth.yosys import run_script
from hwgen.target.board import load_board
from tests.formal.proofs import Proof, sources
from tests.verify.conftest import make_graph

PRIMITIVES = sorted((Path(__file__).parents[1] / "rtl" / "amd").glob("*.sv"))
ADD, ADD3 = "hwg_serial_add", "hwg_serial_add3"
INDUCTION = 3  # cycles, the most that a step may take


def proven(names: list[str], top: str, folder: Path, more: str = "", cycles: int = 0) -> bool:
    """Tell whether no assertion of a module can fail: for ever, or in so many cycles.

    *more* are options of the reader.
    """
    how = f"-tempinduct-baseonly -maxsteps {cycles}" if cycles else f"-maxsteps {INDUCTION}"
    script = [
        f"read_verilog -sv -formal -DFORMAL {more} {' '.join(names)}",
        f"prep -flatten -top {top}", "async2sync", "dffunmap", "opt -full", "techmap", "opt -full",
        f"sat -verify -prove-asserts -set-assumes -tempinduct {how} {top}",
    ]  # fmt: skip
    try:
        said = run_script(script, folder, what=top, timeout=900.0)
    except ToolFailed as failure:
        if "proof did fail" in str(failure):
            return False
        raise
    assert "SUCCESS" in said or "Reached maximum number of time steps" in said, said[-500:]
    return True


def is_the_sum(
    unit: str, digit: int, amd: bool, folder: Path, edit: tuple[str, str] | None = None
) -> bool:
    """Tell whether a body of an adder is what its header states; *edit* is a text of it."""
    top = f"{unit.removeprefix('hwg_')}_top"
    names = sources(Proof(unit, 0, top), folder, (unit, *edit) if edit else None)
    for file in PRIMITIVES:
        (folder / file.name).write_bytes(file.read_bytes())
    text = (folder / f"{top}.sv").read_text()
    given = re.sub(r"(parameter int Digit = )\d", rf"\g<1>{digit}", text)
    (folder / f"{top}.sv").write_text(given)
    more = "-DHWG_AMD_PRIMITIVES " + " ".join(f.name for f in PRIMITIVES) if amd else ""
    return proven(names, top, folder, more)


CI, SLOW = pytest.mark.ci, pytest.mark.slow


@pytest.mark.parametrize(
    ("unit", "digit", "amd"),
    [
        (ADD, 1, False),
        (ADD, 1, True),
        *(pytest.param(ADD, 2, amd, marks=CI) for amd in (False, True)),
        *(pytest.param(ADD, 3, amd, marks=SLOW) for amd in (False, True)),
        pytest.param(ADD3, 1, True, marks=CI),
        pytest.param(ADD3, 1, False, marks=SLOW),
        *(pytest.param(ADD3, 2, amd, marks=SLOW) for amd in (False, True)),
    ],
)
def test_either_body_of_an_adder_is_the_sum(
    unit: str, digit: int, amd: bool, tmp_path: Path
) -> None:
    assert is_the_sum(unit, digit, amd, tmp_path)


@pytest.mark.parametrize(
    ("unit", "right", "wrong"),
    [
        pytest.param(ADD, "HELD ? GATED", "1'b0 ? GATED", marks=CI),
        pytest.param(ADD, "(GATED & FILLED) | (~GATED & B_RAW)", "(~GATED & B_RAW)", marks=CI),
        pytest.param(ADD, "{32{Start != 0}}", "{32{1'b0}}", marks=CI),
        pytest.param(ADD3, "(Start == 2)", "(Start != 0)", marks=SLOW),
        pytest.param(ADD3, "^ {64{Sub[1]}}", "^ {64{Sub[2]}}", marks=SLOW),
    ],
)
def test_a_wrong_table_is_found(unit: str, right: str, wrong: str, tmp_path: Path) -> None:
    assert not is_the_sum(unit, 1, True, tmp_path, (right, wrong))


WEIGHT, BIAS, SHIFT, HIGH = np.array([[3, -5], [6, 7]]), np.array([1, -2]), 2, 7


def network(interval: int) -> Design:
    """Return the design of two neurons on two inputs of four bits, rounded and rectified."""
    layers = [
        ("x", Input.of((2,), Fixed(4, 0, True)), ()),
        ("fc", Dense(WEIGHT, BIAS), ("x",)),
        ("act", Requantize(SHIFT, 0, HIGH), ("fc",)),
    ]
    graph = make_graph("net", layers, ["act"])  # type: ignore[arg-type]
    goal = Goal(200.0, style="serial", pace=Pace(interval))
    return plan(graph, load_board("vcu118"), goal, "net")


def specification(design: Design) -> str:
    """Return a module with the design in it, and what it must give written as whole words."""
    neurons = []
    for column, bias in enumerate(BIAS):
        terms = " + ".join(f"{w} * x{i}" for i, w in enumerate(WEIGHT[:, column]))
        neurons += [
            f"  wire signed [9:0] s{column} = {terms} + {bias};",
            f"  wire signed [9:0] f{column} = s{column} >>> {SHIFT};",
            f"  wire up{column} = s{column}[{SHIFT - 1}] & ("
            f"(|s{column}[{SHIFT - 2}:0]) | f{column}[0]);",
            f"  wire signed [9:0] r{column} = f{column} + $signed({{9'd0, up{column}}});",
            f"  wire [2:0] y{column} = (r{column} < 0) ? 3'd0 : (r{column} > {HIGH}) ? "
            f"3'd{HIGH} : r{column}[2:0];",
        ]
    late, pace = design.latency, design.interval
    return "\n".join(
        [
            "module spec (input wire clk_i, rst_ni, in_valid_i, input wire [7:0] x_data_i);",
            "  wire out_valid_o, error;",
            "  wire [5:0] y;",
            "  hwg_net u_net (.clk_i(clk_i), .rst_ni(rst_ni), .in_valid_i(in_valid_i),",
            "    .x_data_i(x_data_i), .out_valid_o(out_valid_o), .act_out_data_o(y),",
            "    .interval_error_o(error));",
            f"  logic [{late * 8 - 1}:0] x_q;  // the newest sample in the lowest bits",
            f"  logic [{late - 1}:0] valid_q;  // a sample that was admitted",
            "  logic error_q;",
            f"  wire free = ~(|valid_q[{pace - 2}:0]);",
            "  initial assume (!rst_ni);",
            "  always_ff @(posedge clk_i) begin",
            f"    x_q <= {{x_q[{late * 8 - 9}:0], x_data_i}};",
            f"    valid_q <= rst_ni ? {{valid_q[{late - 2}:0], in_valid_i & free}} : '0;",
            "    error_q <= rst_ni & (error_q | (in_valid_i & ~free));",
            "  end",
            f"  wire signed [3:0] x0 = x_q[{late * 8 - 8} +: 4];",
            f"  wire signed [3:0] x1 = x_q[{late * 8 - 4} +: 4];",
            *neurons,
            "  always_comb if (!$initstate) begin",
            f"    assert (out_valid_o == valid_q[{late - 1}]);",
            "    assert (error == error_q);",
            f"    if (valid_q[{late - 1}]) assert (y == {{y1, y0}});",
            "  end",
            "endmodule",
            "",
        ]
    )


def written(design: Design, folder: Path, edit: tuple[str, str, str] | None = None) -> list[str]:
    """Write a design and its specification, and return the files; *edit* is a unit's text."""
    made = emit_rtl(design)
    names = []
    for i, name in enumerate(read_list(made["rtl/files.f"].decode())):
        if "axi" in name or "axis" in name:
            continue
        text = made[f"rtl/{name}"].decode()
        if edit and Path(name).stem == edit[0]:
            assert text.count(edit[1]) == 1, edit
            text = text.replace(*edit[1:])
        names.append(f"s{i}.sv")
        (folder / names[-1]).write_text(text)
    (folder / "spec.sv").write_text(specification(design))
    return [*names, "spec.sv"]


@pytest.mark.parametrize("digit", [pytest.param(1, marks=SLOW), pytest.param(2, marks=CI)])
def test_a_network_is_its_specification_for_any_sample_after_any_other(
    digit: int, tmp_path: Path
) -> None:
    design = network({1: 10, 2: 5}[digit])
    part = design.serial
    assert part is not None
    assert part.graph.digit_bits == digit
    cycles = design.latency + design.interval + 3
    assert proven(written(design, tmp_path), "spec", tmp_path, cycles=cycles)


@pytest.mark.ci
@pytest.mark.parametrize(
    ("unit", "right", "wrong"),
    [
        ("hwg_serial_add3", "carry_q <= ahead_i ? 2'(Start)", "carry_q <= 1'b0 ? 2'(Start)"),
        ("hwg_serial_first", "if (!rst_ni) first_q", "if (1'b0) first_q"),
        ("hwg_serial_admit", "valid_i & free_o & rst_ni", "valid_i & rst_ni"),
    ],
)
def test_a_fault_of_a_sample_after_another_is_found(
    unit: str, right: str, wrong: str, tmp_path: Path
) -> None:
    design = network(5)
    cycles = design.latency + design.interval + 3
    names = written(design, tmp_path, (unit, right, wrong))
    assert not proven(names, "spec", tmp_path, cycles=cycles)
