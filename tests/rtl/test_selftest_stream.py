# SPDX-License-Identifier: Apache-2.0
"""The self-test of a stream core: words in, words judged, with pauses in every other round."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.design.source_list import read_list
from hwgen.design.types import Design
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.conv import Conv
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add
from hwgen.ops.reference import run_reference
from hwgen.ops.requantize import Requantize
from hwgen.plan.goal import Goal
from hwgen.plan.pace import Pace
from hwgen.plan.planner import plan
from hwgen.synth.board import selftest
from hwgen.synth.board.selftest import MOST, self_test
from hwgen.synth.board.selftest_stream import round_cycles
from hwgen.target.board import load_board
from hwgen.verify.vectors import random_vectors
from tests.verify.conftest import make_graph

pytestmark = pytest.mark.sim
COUNT = 6


def two_maps(size: int = 4) -> Graph:
    """A convolution of one input plus the other input; the convolution leaves, too."""
    rng = np.random.default_rng(3)
    return make_graph(
        "maps",
        [
            ("x", Input.of((size, size, 2), Fixed(4, 4)), ()),
            ("z", Input.of((size, size, 2), Fixed(4, 0)), ()),
            (
                "conv",
                Conv(rng.integers(-7, 8, (3, 3, 2, 2)), np.array([3, -2]), (1, 1), ((1, 1),) * 2),
                ("x",),
            ),
            ("act", Requantize(4, 0, 15), ("conv",)),
            ("held", Requantize(0, 0, 7), ("z",)),
            ("sum", Add((1, -1)), ("act", "held")),
        ],
        ["sum", "conv"],
    )


def streamed(graph: Graph) -> Design:
    goal = Goal(50.0, style="stream", pace=Pace(interval=32))
    return plan(graph, load_board("ulx3s"), goal, "maps")


def test_the_self_test_passes_a_right_core_and_fails_every_wrong_one(
    run_bench: Callable[..., str], lint: Callable[..., None], tmp_path: Path
) -> None:
    graph = two_maps()
    design, board = streamed(graph), load_board("ulx3s")
    inputs = random_vectors({n.name: n.type for n in graph.inputs}, COUNT, 4).inputs
    outputs = run_reference(graph, inputs)
    folder = emit_rtl(design).write(tmp_path / "out") / "rtl"
    core = [folder / line for line in read_list((folder / "files.f").read_text())]
    present = [file.stem for file in core]
    right = self_test(design, inputs, outputs, board, present)
    assert right.samples == COUNT
    last = {name: np.array(rows) for name, rows in outputs.items()}
    last["conv_out"].reshape(COUNT, -1)[-1, -1] ^= 1  # one bit of the last sample
    name = "hwg_maps_selftest"
    text = right.files[f"{name}.sv"].decode()
    quick = replace(design, latency=1, interval=2)

    def broken(port: str, wire: str) -> str:
        """Give a port of the core a constant."""
        made = re.sub(rf"(\.{port} *)\(\w+\)", rf"\1({wire})", text)
        assert made != text
        return made

    texts = {
        "right": text,
        "wrong": self_test(design, inputs, last, board, present).files[f"{name}.sv"].decode(),
        "slow": self_test(quick, inputs, outputs, board, present).files[f"{name}.sv"].decode(),
        "stuck": broken("z_valid_i", "1'b0"),
        "deaf": broken("sum_out_ready_i", "1'b1"),
    }
    files = [*core]
    right.files.write(tmp_path / "right")
    files += [tmp_path / "right" / unit for unit in right.order[:-2]]  # test and board behind
    assert {file.stem for file in files} >= {"hwg_bist_source", "hwg_bist_sink", "hwg_skid"}
    for kind, said in texts.items():
        files.append(tmp_path / f"{name}_{kind}.sv")
        files[-1].write_text(said.replace(name, f"{name}_{kind}"))
    lint(files, f"{name}_right", {})
    parts = "\n".join(
        f"  {name}_{kind} u_{kind} (.clk_i(clk), .rst_ni(rst_n), "
        f".pass_o(passed[{i}]), .fail_o(failed[{i}]));"
        for i, kind in enumerate(texts)
    )
    again = 12 * round_cycles(design, COUNT)
    end = 2 * again
    bench = f"""module tb (input wire logic clk);
  logic rst_n;
  logic [4:0] passed, failed;
  logic [4:0] once = '0;  // passed at some time
  int step = 0;
  assign rst_n = step > 4 && !(step >= {again} && step < {again + 10});
{parts}
  always_ff @(posedge clk) begin
    step <= step + 1;
    if (step > 6) once <= once | passed;
    if (step > 2 && step < 4 + {(COUNT - 1) * design.interval} && passed != 0) $display("early");
    if (step == {again - 1} || step == {end}) $display("verdict %b %b %b", passed, failed, once);
    if (step == {again + 5}) $display("reset %b %b", passed, failed);
    if (step == {end + 1}) $finish;
  end
endmodule
"""
    said = run_bench(files, bench, {})
    assert "early" not in said
    # A core that is not held by ready fails in the second round, the first with pauses.
    assert said.count("verdict 00001 11110 10001") == 2, said
    assert "reset 00000 00000" in said


def stored(size: int, count: int, interval: int | None = None) -> Any:
    """The self-test of so many samples of maps of one size, for the ULX3S."""
    graph = two_maps(size)
    design = plan(
        graph, load_board("ulx3s"), Goal(50.0, style="stream", pace=Pace(size * size * 2)), "maps"
    )
    if interval is not None:
        design = replace(design, interval=interval)
    inputs = {n.name: np.zeros((count, *n.type.shape), np.int64) for n in graph.inputs}
    outputs = {o.name: np.zeros((count, *graph[o.node].type.shape), int) for o in graph.outputs}
    return self_test(design, inputs, outputs, load_board("ulx3s"), ())


def test_as_many_samples_are_kept_as_memory_and_patience_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert stored(4, 300).samples == MOST
    monkeypatch.setattr(selftest, "MOST_WORDS", 70)
    test = stored(4, 300)
    assert test.samples == 70 // (4 * 4)
    assert stored(4, 3).samples == 3
    assert stored(4, 300) == test
    with pytest.raises(ConfigError, match="self-test keeps"):
        stored(4, 8, interval=1 << 26)
