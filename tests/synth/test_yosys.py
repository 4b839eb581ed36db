# SPDX-License-Identifier: Apache-2.0
"""Synthesis as a whole: small designs, in a process of their own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import ConfigError, ToolFailed, ToolMissing
from hwgen.plan.board import load_board
from hwgen.synth import yosys
from hwgen.synth.path import PathModel

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


def test_the_same_text_gives_the_same_netlist_anywhere(tmp_path: Path) -> None:
    made = []
    for name in ("one", "another_folder_of_a_longer_name"):
        folder = tmp_path / name
        folder.mkdir()
        ports = "input [5:0] a, b, c, output [5:0] y"
        file = module(folder, ports, "assign y = a < b ? (a & c) + b : (c ^ a);")
        made.append(yosys.map_design([file], "m", FAMILY))
    assert made[0] == made[1]


def test_ecp5_is_counted_in_its_own_cells(tmp_path: Path) -> None:
    ports = "input clk, input [7:0] a, b, output logic [8:0] y"
    body = "always_ff @(posedge clk) y <= a + b;"
    made = yosys.synthesise([module(tmp_path, ports, body)], "m", "ecp5")
    assert made.ff == 9
    assert made.carry >= 8
    assert made.lut >= made.carry


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
