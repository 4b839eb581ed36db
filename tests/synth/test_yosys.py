# SPDX-License-Identifier: Apache-2.0
"""Synthesis as a whole: small designs, in a process of their own."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import ConfigError, ToolFailed, ToolMissing
from hwgen.synth import yosys
from hwgen.synth.count import count
from hwgen.synth.netlist import Netlist
from hwgen.synth.path import PathModel
from hwgen.target.board import load_board
from hwgen.units.library import find_unit, with_uses

FAMILY = "ultrascale_plus"


def module(folder: Path, ports: str, body: str) -> Path:
    file = folder / "m.sv"
    file.write_text(f"module m ({ports});\n  {body}\nendmodule\n")
    return file


def test_a_sum_is_one_chain(tmp_path: Path) -> None:
    sums = [
        ("5'(a) + 5'(b)", 5, 5),
        ("5'(a) - 5'(b)", 5, 5),
        ("7'(a) + (7'(b) << 2)", 7, 5),  # the lowest two bits are wiring
        ("(7'(a) << 2) - 7'(b)", 7, 7),
        # Three operands with plain signs: two chains, never a compressor tree of tables.
        ("6'(5'(a) + 5'(b)) + 6'(c)", 6, 5 + 6),
    ]
    ports = ["input signed [3:0] a, b, c"]
    ports += [f"output signed [{width - 1}:0] y{i}" for i, (_, width, _) in enumerate(sums)]
    body = "\n  ".join(f"assign y{i} = {text};" for i, (text, _, _) in enumerate(sums))
    model = PathModel.of(load_board("vcu118").family)
    made = yosys.synthesise([module(tmp_path, ", ".join(ports), body)], "m", FAMILY, model)
    total = sum(positions for _, _, positions in sums) - 5  # a + b is there once
    assert (made.plut, made.carry, made.ff) == (total, total, 0)
    assert made.ns is not None
    assert 1.3 < made.ns < 1.5  # two adders


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("bounds", ["7'sd0), .Hi(7'sd63", "-7'sd32), .Hi(7'sd31"])
def test_saturation_at_powers_of_two_takes_no_chain(bounds: str, half: int, tmp_path: Path) -> None:
    params = f".InWidth(12), .Shift(4), .Half({half}), .OutWidth(6), .Lo({bounds})"
    body = f"hwg_requant #({params}) u (.data_i(x), .data_o(y));"
    unit = find_unit("hwg_requant").path
    source = module(tmp_path, "input [11:0] x, output [5:0] y", body)
    made = yosys.synthesise([unit, source], "m", "ecp5")
    increment = 0 if half else 6  # the rounding alone is a chain
    assert made.carry == increment
    assert made.plut - made.carry <= 14


def test_the_mapped_netlist_computes_what_was_written(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    ports = "input clk, input signed [5:0] a, b, output logic signed [11:0] y"
    body = "logic signed [6:0] s; always_ff @(posedge clk) begin s <= a - b; y <= s * s; end"
    netlist = yosys.map_design([module(tmp_path, ports, body)], "m", FAMILY)
    a, b = rng.integers(-32, 32, (2, 300))
    bits = {n: (v[:, None] >> np.arange(6) & 1).astype(np.uint8) for n, v in (("a", a), ("b", b))}
    got = netlist.run(bits)["y"].astype(np.int64) @ (1 << np.arange(12))
    want = (a - b) ** 2 % 4096
    assert np.array_equal(got[2:], want[:-2])


@pytest.mark.ci
def test_the_same_text_gives_the_same_netlist_anywhere(tmp_path: Path) -> None:
    made = []
    for name in ("one", "another_folder_of_a_longer_name"):
        folder = tmp_path / name
        folder.mkdir()
        ports = "input [5:0] a, b, c, output [5:0] y"
        file = module(folder, ports, "assign y = a < b ? (a & c) + b : (c ^ a);")
        made.append(yosys.map_design([file], "m", FAMILY))
    assert made[0] == made[1]


EVERYTHING = (
    "input clk, input signed [7:0] a, b, output logic signed [15:0] y, output logic [8:0] z, r",
    """logic signed [8:0] t;
  logic [8:0] mem [0:511];
  always_ff @(posedge clk) begin
    t <= a - b;
    z <= t + 9'(a);
    y <= a * b;
    r <= mem[{a[0], b}];
    if (a[1]) mem[{b[0], a}] <= z;
  end""",
)


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(f, marks=[] if f in ("ecp5", "ice40", "gowin") else pytest.mark.ci)
        for f in yosys.FAMILIES
    ],
)
def test_every_family_maps_carries_products_and_memories(family: str, tmp_path: Path) -> None:
    made = yosys.synthesise([module(tmp_path, *EVERYTHING)], "m", family, dsp=True)
    assert (made.dsp, made.bram) == (1, 1 if family != "ice40" else 2)
    assert made.carry >= 16
    assert made.plut >= made.carry
    assert made.ff >= 18
    assert made.depth is not None
    assert 1 <= made.depth <= 3


def test_products_are_tables_unless_blocks_are_allowed(tmp_path: Path) -> None:
    file = module(tmp_path, "input [5:0] a, b, output [11:0] y", "assign y = a * b;")
    made = yosys.synthesise([file], "m", "ecp5")
    assert made.dsp == 0
    assert made.lut > 36


# Bits, and what a chain of ECP5 with nextpnr's own counting takes: a position a bit and one more.
@pytest.mark.parametrize(
    "width", [pytest.param(w, marks=[] if w == 7 else pytest.mark.ci) for w in (5, 6, 7, 8)]
)
def test_a_lattice_adder_takes_one_table_more_than_its_bits(width: int, tmp_path: Path) -> None:
    ports = f"input [{width - 1}:0] a, b, output [{width - 1}:0] y"
    file = module(tmp_path, ports, f"assign y = a {'-' if width > 6 else '+'} b;")
    for family in ("ecp5", "nexus"):
        made = yosys.synthesise([file], "m", family)
        assert made.lut == width + 1
        assert made.depth == 1


@pytest.mark.parametrize("family", ["ecp5", pytest.param("nexus", marks=pytest.mark.ci)])
def test_a_module_below_the_top_counts_as_alone(family: str, tmp_path: Path) -> None:
    ports, body = "input [7:0] a, b, output [8:0] y", "assign y = 9'(a) + 9'(b);"
    alone = yosys.synthesise([module(tmp_path, ports, body)], "m", family)
    below, top, made = (tmp_path / name for name in ("below.sv", "top.sv", "made.json"))
    below.write_text(f"(* keep_hierarchy *) module below ({ports});\n  {body}\nendmodule\n")
    top.write_text("module top;\n  (* keep *) below u ();\nendmodule\n")
    yosys.write_netlist([below, top], "top", family, made)
    modules = json.loads(made.read_bytes())["modules"]
    made.write_text(json.dumps({"modules": {"below": modules["below"]}}))
    found = count(Netlist.read(made, "below", family))
    assert (found.plut, found.carry) == (alone.plut, alone.carry)


@pytest.mark.parametrize("define", ["", "HWG_NEXUS"])
def test_the_lattice_chain_is_the_sum(define: str, tmp_path: Path) -> None:
    # Against Yosys' own models of the cells, by its SAT solver: both parities, signs, a carry-in.
    sums = [
        (width, sign, text)
        for width in (5, 6)
        for sign in ("", "signed")
        for text in ("a + b", "a - b", "a + b + c")
    ]
    ports = "input c, " + ", ".join(
        f"input {sign} [{width - 2}:0] a{i}, input {sign} [{width - 1}:0] b{i}, "
        f"output [{width - 1}:0] y{i}"
        for i, (width, sign, _) in enumerate(sums)
    )
    body = "\n  ".join(
        f"assign y{i} = {text.replace('a', f'a{i}').replace('b', f'b{i}')};"
        for i, (_, _, text) in enumerate(sums)
    )
    module(tmp_path, ports, body)
    (tmp_path / "map.v").write_bytes(yosys.LATTICE_ALU.read_bytes())
    cells = "nexus" if define else "ecp5"
    script = [
        "read_verilog -sv m.sv", "proc", "alumacc", "opt",
        "copy m gate",
        f"techmap -map map.v{f' -D {define}' if define else ''} gate",
        "select -assert-min 1 gate/t:CCU2*", "select -assert-none gate/t:$alu", "select -clear",
        f"read_verilog -D NO_INCLUDES +/{cells}/cells_sim.v", "hierarchy -check", "proc",
        "setattr -mod -unset lib_whitebox -unset whitebox -unset blackbox *",
        "flatten gate", "miter -equiv -flatten -make_assert m gate both",
        "sat -verify -prove-asserts both",
    ]  # fmt: skip
    assert "SUCCESS" in yosys.run_script(script, tmp_path)


def test_yosys_errors_are_told_with_their_log(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="syntax error") as error:
        yosys.map_design([module(tmp_path, "input a", "assign assign;")], "m", FAMILY)
    assert error.value.where == "m"


def test_a_time_limit_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match=r"more than 0\.01 s"):
        yosys.run_script(["help"], tmp_path, timeout=0.01)


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ConfigError, match="stratix"):
        yosys.script_for("stratix", ["a.sv"], "m")


def test_without_yosys_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match="hwgen\\[synth\\]"):
        yosys.run_script(["help"], tmp_path)


@pytest.mark.ci
@pytest.mark.parametrize(("module", "dsp"), [("hwg_requant", False), ("hwg_matvec", True)])
def test_what_is_left_out_of_the_flow_changes_no_netlist(
    module: str, dsp: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [unit.path for unit in with_uses([module])]
    found = []
    for name in ("lean", "full"):
        yosys.write_netlist(files, module, "ultrascale_plus", tmp_path / name, dsp=dsp)
        cells = json.loads((tmp_path / name).read_text())["modules"][module]["cells"].values()
        found.append(Counter((c["type"], str(sorted(c["parameters"].items()))) for c in cells))
        monkeypatch.setattr(yosys, "without_waste", list)
    assert found[0] == found[1]
    assert (found[0].total() > 500) == dsp
