# SPDX-License-Identifier: Apache-2.0
"""Generated flow tops against the logic they were printed from, cycle by cycle."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from hwgen.design.names import ModuleNames
from hwgen.design.source_list import read_list
from hwgen.design.types import Design, Port
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import Codes
from hwgen.logic.builder import Builder
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import In

pytestmark = pytest.mark.sim

CYCLES = 300
MakeDesign = Callable[..., Design]


def _stimuli(design: Design, rng: np.random.Generator) -> dict[str, Codes]:
    """Random codes inside the interval of every element, corners first."""
    logic = design.pipeline.logic
    lows = {p.name: np.full(p.size, p.fixed.lo, object) for p in design.inputs}
    highs = {p.name: np.full(p.size, p.fixed.hi, object) for p in design.inputs}
    for wire, node in enumerate(logic.nodes):
        if isinstance(node, In):
            lows[node.port][node.index] = logic.lo[wire]
            highs[node.port][node.index] = logic.hi[wire]
    stimuli = {}
    for port in design.inputs:
        span = highs[port.name] - lows[port.name]
        part = np.array(
            [[int.from_bytes(rng.bytes(16)) % (int(s) + 1) for s in span] for _ in range(CYCLES)],
            object,
        )
        part[0], part[1] = 0, span
        codes = part + lows[port.name]
        narrow = port.fixed.width < 60
        stimuli[port.name] = codes.astype(np.int64) if narrow else codes
    return stimuli


def _hex(codes: Codes, ports: Sequence[Port]) -> str:
    """Pack the elements of all ports, a row a line, first element in the lowest bits."""
    lines = []
    for row in codes:
        word = low = at = 0
        for port in ports:
            for _ in range(port.size):
                word |= (int(row[at]) % (1 << port.fixed.width)) << low
                low += port.fixed.width
                at += 1
        lines.append(f"{word:x}\n")
    return "".join(lines)


def _bench(designs: Sequence[Design], rng: np.random.Generator) -> tuple[str, dict[str, str]]:
    """Return a test bench that streams random samples, with gaps, through all designs at once."""
    lines = ["module tb (input logic clk);", "  int t = 0, checked = 0, errors = 0;"]
    lines += ["  logic rst_n; assign rst_n = t >= 3;", f"  logic valid [0:{CYCLES - 1}];"]
    lines += ['  initial $readmemh("valid.hex", valid);']
    valid = rng.random(CYCLES) < 0.8
    valid[:3] = False  # reset
    memories = {"valid.hex": "".join(f"{int(v)}\n" for v in valid)}
    checks = []
    expected = 0
    for i, design in enumerate(designs):
        stimuli = _stimuli(design, rng)
        want = evaluate(design.pipeline.logic, stimuli, check=True)
        ins = np.concatenate([stimuli[p.name] for p in design.inputs], axis=1)
        outs = np.concatenate([want[p.name] for p in design.outputs], axis=1)
        memories[f"in{i}.hex"] = _hex(ins, design.inputs)
        memories[f"out{i}.hex"] = _hex(outs, design.outputs)
        bits_in, bits_out = (sum(p.bits for p in g) for g in (design.inputs, design.outputs))
        lines += [
            f"  logic [{bits_in - 1}:0] in{i} [0:{CYCLES - 1}]; logic [{bits_in - 1}:0] x{i};",
            f"  logic [{bits_out - 1}:0] out{i} [0:{CYCLES - 1}]; logic [{bits_out - 1}:0] y{i};",
            f'  initial begin $readmemh("in{i}.hex", in{i}); $readmemh("out{i}.hex", out{i}); end',
            f"  assign x{i} = in{i}[t < {CYCLES} ? t : 0];",
            f"  logic v{i};",
        ]
        wires = [("clk_i", "clk"), ("rst_ni", "rst_n")]
        wires += [("in_valid_i", f"t < {CYCLES} && valid[t]"), ("out_valid_o", f"v{i}")]
        for group, word, suffix in ((design.inputs, "x", "i"), (design.outputs, "y", "o")):
            low, total = 0, sum(p.bits for p in group)
            for port in group:
                part = sv.bits(f"{word}{i}", low, port.bits, total)
                wires.append((f"{port.name}_data_{suffix}", part))
                low += port.bits
        lines += sv.instance(ModuleNames.of(design).top, f"u{i}", [], wires)
        expected += int(valid[: CYCLES - design.latency].sum())
        late = f"t - {design.latency}"
        checks += [
            f"    if (t >= {design.latency} && t >= 3 && t < {CYCLES}) begin",
            f"      if (v{i} !== valid[{late}]) begin",
            f'        errors = errors + 1; $display("design {i} cycle %0d: valid", t);',
            "      end",
            f"      if (valid[{late}]) begin",
            f"        checked = checked + 1; if (y{i} !== out{i}[{late}]) begin",
            f'          errors = errors + 1; $display("design {i} cycle %0d: %h", t, y{i});',
            "        end",
            "      end",
            "    end",
        ]
    lines += ["  always @(posedge clk) begin", *checks, f"    if (t == {CYCLES}) begin"]
    lines += [f'      $display("checked %0d of {expected}, errors %0d", checked, errors);']
    lines += ["      $finish;", "    end", "    t <= t + 1;", "  end", "endmodule", ""]
    return "\n".join(lines), memories


def _errors(
    designs: Sequence[Design], run: Callable[..., str], rng: np.random.Generator, folder: Path
) -> tuple[int, str]:
    files: dict[str, Path] = {}
    for design in designs:
        out = emit_rtl(design).write(folder / design.name) / "rtl"
        for line in read_list((out / "files.f").read_text()):
            files.setdefault(Path(line).name, out / line)  # the units are the same everywhere
    text = run(list(files.values()), *_bench(designs, rng))
    found = re.search(r"checked (\d+) of (\d+), errors (\d+)", text)
    assert found, text[-2000:]
    assert found[1] == found[2]
    assert int(found[1]) > 100 * len(designs)
    return int(found[3]), text


def _all_kinds(make_design: MakeDesign) -> Design:
    """Words beyond 64 bits, a shared input, outputs from every kind of place."""
    b = Builder()
    x = [b.input("x", i, -(1 << 39), (1 << 39) - 1) for i in range(2)]
    u = b.input("u", 0, 0, 5)
    b.layer = "mul_1"
    wide = b.mul(x[0], x[1])
    b.layer = "act"
    cut = b.requant(wide, 37, -(1 << 35), (1 << 35) - 1)
    table = b.thresh(wide, [-(1 << 70), -1, 0, 1 << 70], [7, -(1 << 66), 3, 1 << 66, 0])
    b.layer = "sum"
    total = b.add(cut, u, shift_b=20, sub=True)
    turned = b.neg(total)
    b.layer = "shift"
    outputs = {"y": [wide, table, turned], "x": [u, b.const(0), b.shl(u, 2), total, x[1]]}
    formats = {"x": ((2,), Fixed(40, 0, True)), "u": ((1,), Fixed(8, 0, True))}
    return make_design(b, formats, outputs, name="kinds", period=1.0)


def _wires_only(make_design: MakeDesign) -> Design:
    """No logic at all: constants and inputs leave through a register."""
    b = Builder()
    x = b.input("x", 1, -8, 7)
    outputs = {"out": [b.const(5), x, x], "flag": [b.const(0)]}
    return make_design(b, {"x": ((2,), Fixed(4, 0, True))}, outputs, name="delay")


def test_flow_tops_equal_their_logic(
    make_design: MakeDesign,
    random_design: MakeDesign,
    run_bench: Callable[..., str],
    rng: np.random.Generator,
    tmp_path: Path,
) -> None:
    designs = [random_design(100 + i, name=f"net{i}") for i in range(8)]
    designs += [random_design(200, nodes=250, layers=12, name="large")]
    designs += [_all_kinds(make_design), _wires_only(make_design)]
    assert {d.latency for d in designs} >= {1, 5}
    errors, text = _errors(designs, run_bench, rng, tmp_path)
    assert errors == 0, text[:2000]


def test_bench_would_tell(
    random_design: MakeDesign,
    run_bench: Callable[..., str],
    rng: np.random.Generator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hwgen.emit.verilog import sv as writer

    design = random_design(100, name="net0")
    # First item in the highest bits: wrong.
    monkeypatch.setattr(writer, "concat", lambda items: "{" + ", ".join(items) + "}")
    errors, _ = _errors([design], run_bench, rng, tmp_path)
    assert errors > 0
