# SPDX-License-Identifier: Apache-2.0
"""The harness for place and route, and the self-test that a bitstream carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.design.source_list import read_list
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ConfigError
from hwgen.files import FileSet
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import In
from hwgen.synth.board.harness import harness_top
from hwgen.synth.board.selftest import self_test
from hwgen.target.board import load_board

pytestmark = pytest.mark.sim
Files = Callable[..., list[Path]]


def vectors(design: Any, count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Random samples inside the interval of every element, and the logic's outputs."""
    rng = np.random.default_rng(5)
    inputs = {p.name: np.zeros((count, p.size), np.int64) for p in design.inputs}
    for wire, node in enumerate(design.pipeline.logic.nodes):
        if isinstance(node, In):
            lo, hi = design.pipeline.logic.lo[wire], design.pipeline.logic.hi[wire]
            inputs[node.port][:, node.index] = rng.integers(lo, hi, count, endpoint=True)
    return inputs, dict(evaluate(design.pipeline.logic, inputs))


def test_the_self_test_passes_a_right_core_and_fails_every_wrong_one(
    random_design: Callable[..., Any], run_bench: Callable[..., str], lint: Callable[..., None],
    tmp_path: Path,
) -> None:  # fmt: skip
    design = random_design(2)
    emitted = emit_rtl(design)
    inputs, outputs = vectors(design, 20)
    board = load_board("ulx3s")
    folder = emitted.write(tmp_path / "out") / "rtl"
    core = [folder / line for line in read_list((folder / "files.f").read_text())]
    present = [file.stem for file in core]
    right = self_test(design, inputs, outputs, board, present)
    assert right.samples == 20
    last = {name: rows.copy() for name, rows in outputs.items()}
    port = design.outputs[-1].name
    last[port].reshape(20, -1)[19, -1] ^= 1  # one bit of the last sample
    late = replace(design, latency=design.latency + 1)
    name = "hwg_net_selftest"
    texts = {
        "right": right.files[f"{name}.sv"],
        "wrong": self_test(design, inputs, last, board, present).files[f"{name}.sv"],
        "late": self_test(late, inputs, outputs, board, present).files[f"{name}.sv"],
    }
    files = [*core]
    right.files.write(tmp_path / "right")
    files += [tmp_path / "right" / unit for unit in right.order if unit == "hwg_bist.sv"]
    for kind, text in texts.items():
        files.append(tmp_path / f"{name}_{kind}.sv")
        files[-1].write_bytes(text.replace(name.encode(), f"{name}_{kind}".encode()))
    lint(files, f"{name}_right", {})
    kinds = list(texts)
    parts = "\n".join(
        f"  {name}_{kind} u_{kind} (.clk_i(clk), .rst_ni(rst_n), "
        f".pass_o(passed[{i}]), .fail_o(failed[{i}]));"
        for i, kind in enumerate(kinds)
    )
    bench = f"""module tb (input wire logic clk);
  logic rst_n;
  logic [2:0] passed, failed;
  int step = 0;
  assign rst_n = step > 4 && !(step >= 200 && step < 210);
{parts}
  always_ff @(posedge clk) begin
    step <= step + 1;
    if (step > 2 && step < 4 + 20 && passed != 0) $display("early");
    if (step == 190 || step == 400) $display("verdict %b %b", passed, failed);
    if (step == 205) $display("reset %b %b", passed, failed);
    if (step == 401) $finish;
  end
endmodule
"""
    said = run_bench(files, bench, {})
    assert "early" not in said
    assert said.count("verdict 001 110") == 2, said
    assert "reset 000 000" in said


def test_the_harness_loses_no_bit(run_bench: Callable[..., str], unit_files: Files) -> None:
    # The core swaps its two inputs; what leaves serially must be the signature of what went in.
    core = """module core (input wire logic clk_i, input wire logic [2:0] a_i, input wire logic b_i,
  output logic [2:0] y_o, output logic z_o);
  always_ff @(posedge clk_i) begin y_o <= {b_i, a_i[2:1]}; z_o <= a_i[0]; end
endmodule
"""
    ports = [
        sv.PortDecl("input", None, "clk_i"), sv.PortDecl("input", 3, "a_i"),
        sv.PortDecl("input", None, "b_i"), sv.PortDecl("output", 3, "y_o"),
        sv.PortDecl("output", None, "z_o"),
    ]  # fmt: skip
    bench = (
        core
        + harness_top("core", ports)
        + """module tb (input wire logic clk);
  logic serial, out;
  logic [3:0] in_q, core_q, sig_q;
  int step = 0;
  assign serial = (step * 7 / 3) % 5 == 1;
  core_pins dut (.clk_i(clk), .serial_i(serial), .serial_o(out));
  initial begin force dut.u_harness.out_q = '0; end
  always_ff @(posedge clk) begin
    step <= step + 1;
    in_q <= {in_q[2:0], serial};
    core_q <= {in_q[0], in_q[3], in_q[2:1]};  // {z, y}; a is in_q[2:0], b is in_q[3]
    if (step == 10) release dut.u_harness.out_q;
    sig_q <= step < 10 ? '0 : (sig_q << 1) ^ core_q;
    if (step > 11 && out != sig_q[3]) $display("differs at %0d", step);
    if (step == 200) begin $display("done"); $finish; end
  end
endmodule
"""
    )
    said = run_bench(unit_files("hwg_harness"), bench, {})
    assert "done" in said
    assert "differs" not in said


def test_the_text_is_the_same_every_time_and_as_long_as_the_memory_allows(
    random_design: Callable[..., Any],
) -> None:
    design = random_design(1)
    inputs, outputs = vectors(design, 400)
    one, two = (self_test(design, inputs, outputs, load_board("icebreaker"), ()) for _ in "ab")
    assert one == two
    assert isinstance(one.files, FileSet)
    width = sum(p.bits for p in (*design.inputs, *design.outputs))
    assert 2 <= one.samples == min(256, 30 * 4096 // 2 // width)


def test_a_board_without_pins_or_a_core_with_pauses_is_refused(
    random_design: Callable[..., Any],
) -> None:
    design = random_design(1)
    inputs, outputs = vectors(design, 3)
    with pytest.raises(ConfigError, match=r"\[pins\]"):
        self_test(design, inputs, outputs, load_board("vcu118"), ())
    bare = load_board("ulx3s")
    assert bare.pins is not None
    one = replace(bare, pins=replace(bare.pins, leds=("B2",)))
    with pytest.raises(ConfigError, match="two LEDs"):
        self_test(design, inputs, outputs, one, ())
    with pytest.raises(ConfigError, match="a sample a cycle"):
        self_test(replace(design, interval=2), inputs, outputs, bare, ())
