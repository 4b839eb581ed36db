# SPDX-License-Identifier: Apache-2.0
"""The transforms of mode T in hardware, step by step, against the steps of software."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hwgen.codec.memory_images import klt_rom
from hwgen.codec.transform import Quantiser, Spatial, Transform, klt, saturated
from hwgen.units.library import with_uses

pytestmark = pytest.mark.sim

Ints = npt.NDArray[np.int64]
MODULES = (
    "hwg_codec_patch", "hwg_codec_quantise", "hwg_codec_dequantise", "hwg_codec_klt8",
    "hwg_codec_round", "hwg_valid",
)  # fmt: skip


@dataclass(frozen=True)
class Channel:
    """A unit, what goes in and what must come out: words of so many bits."""

    text: str
    given: list[int]
    width: int
    wanted: list[int]
    out: int


def word(values: Any, width: int) -> int:
    """Return values in one word, the first one lowest."""
    return sum((int(v) & (1 << width) - 1) << width * i for i, v in enumerate(values))


def patch(kind: Spatial, inverse: bool, width: int, patches: Ints) -> Channel:
    side = kind.side
    t = kind.matrix.T if inverse else kind.matrix
    wanted = np.einsum("ia,jb,pab->pij", t, t, patches)
    text = (
        f"hwg_codec_patch #(.Kind({int(kind)}), .Inverse({int(inverse)}), .Width({width})) u ("
        ".clk_i(clk), .rst_ni(rst_n), .in_valid_i(v), .in_data_i(d), .out_valid_o(ov), "
        ".out_data_o(o));"
    )
    rows = patches.reshape(-1, side)
    columns = wanted.swapaxes(1, 2).reshape(-1, side)
    return Channel(
        text, [word(r, width) for r in rows], side * width,
        [word(c, width + 6) for c in columns], side * (width + 6),
    )  # fmt: skip


def delayed(text: str, cycles: int) -> str:
    return (
        f"{text} hwg_valid #(.Cycles({cycles})) uv (.clk_i(clk), .rst_ni(rst_n), .valid_i(v), "
        ".valid_o(ov));"
    )


def quantiser(z: Ints, classes: Ints, t: Transform, signed: bool, bits: int) -> Channel:
    q = t.quantiser
    scale = np.array(q.scales, np.int64)[classes]
    size = np.abs(z) * scale + (1 << q.shift >> 1) >> q.shift
    value = np.where(z < 0, -size, size)
    value = saturated(value, bits) if signed else np.clip(value, 0, (1 << bits) - 1)
    text = (
        "hwg_codec_quantise #(.Width(22), .Bits(14)) u (.clk_i(clk), .z_i(d[21:0]), "
        f".scale_i(d[37:22]), .shift_i(5'd{q.shift}), .bits_i(4'd{bits}), "
        f".signed_i(1'b{int(signed)}), .value_o(o));"
    )
    given = [word([a], 22) | int(s) << 22 for a, s in zip(z, scale, strict=True)]
    return Channel(delayed(text, 5), given, 38, [word([v], 14) for v in value], 14)


def dequantiser(values: Ints, steps: Ints, signed: bool) -> Channel:
    text = (
        "hwg_codec_dequantise #(.Bits(14)) u (.clk_i(clk), .value_i(d[13:0]), "
        f".signed_i(1'b{int(signed)}), .step_i(d[29:14]), .z_o(o));"
    )
    wanted = saturated(values * steps, 24)
    given = [word([a], 14) | int(s) << 14 for a, s in zip(values, steps, strict=True)]
    return Channel(delayed(text, 2), given, 30, [word([v], 24) for v in wanted], 24)


def rounder(values: Ints, width: int, shift: int) -> Channel:
    text = (
        f"hwg_codec_round #(.InWidth({width}), .Shift({shift}), .OutWidth(16)) u "
        "(.data_i(d), .data_o(r)); always_ff @(posedge clk) o <= r;"
    )
    wanted = saturated(values + (1 << shift >> 1) >> shift)
    return Channel(
        "logic [15:0] r; " + delayed(text, 1), [word([v], width) for v in values], width,
        [word([v], 16) for v in wanted], 16,
    )  # fmt: skip


def mixer(rom: tuple[int, ...], vectors: Ints, wanted: Ints) -> Channel:
    groups = len(rom) // 8
    rows = ", ".join(f"91'h{w:x}" for w in reversed(rom))
    text = (
        f"localparam logic [91*{len(rom)}-1:0] ROWS = {{{rows}}}; "
        "logic [7:0] at = 0; wire loading = at < " + f"8'd{len(rom)}; "
        "always_ff @(posedge clk) if (loading) at <= at + 8'd1; "
        f"hwg_codec_klt8 #(.Groups({groups})) u (.clk_i(clk), .rst_ni(rst_n), "
        f".row_write_i(loading), .row_addr_i(at[{(groups * 8 - 1).bit_length() - 1}:0]), "
        ".row_data_i(ROWS[91*at +: 91]), .in_valid_i(v), .in_ready_o(rdy), "
        f".in_group_i(d[{128 + (groups - 1).bit_length() - 1}:128]), .in_data_i(d[127:0]), "
        ".out_valid_o(ov), .out_value_o(o));"
    )
    given = [word(vec, 16) | (i % groups) << 128 for i, vec in enumerate(vectors)]
    width = 128 + (groups - 1).bit_length()
    return Channel(text, given, width, [word([v], 16) for v in wanted.ravel()], 16)


def bench(channels: list[Channel]) -> tuple[str, dict[str, str]]:
    """Feed all channels with gaps, and compare what comes out, in order."""
    memories, body, done = {}, [], []
    for k, c in enumerate(channels):
        memories[f"in{k}.hex"] = "".join(f"{w:x}\n" for w in c.given)
        memories[f"out{k}.hex"] = "".join(f"{w:x}\n" for w in c.wanted)
        ready = "rdy" if "in_ready_o" in c.text else "1'b1"
        text = c.text
        body.append(f"""
  begin : ch{k}
    logic [{c.width - 1}:0] ins [0:{len(c.given) - 1}];
    logic [{c.out - 1}:0] outs [0:{len(c.wanted) - 1}], o;
    logic [31:0] i = 0, j = 0;
    logic ov, rdy;
    wire v = rst_n && go && lfsr[{k % 16}] && i < {len(c.given)};
    wire [{c.width - 1}:0] d = v ? ins[i] : '1;
    initial begin $readmemh("in{k}.hex", ins); $readmemh("out{k}.hex", outs); end
    {text}
    always @(posedge clk) begin
      if (v && {ready}) i <= i + 1;
      if (rst_n && ov) begin
        if (o !== outs[j]) begin
          wrong = wrong + 1;
          if (wrong < 10) $display("channel {k}, word %0d: %h, not %h", j, o, outs[j]);
        end
        j <= j + 1;
      end
    end
  end""")
        done.append(f"ch{k}.j == {len(c.wanted)}")
    text = f"""module tb (input logic clk);
  logic [31:0] cycle = 0, lfsr = 32'hace1;
  integer wrong = 0;
  wire rst_n = cycle > 3;
  wire go = cycle > 300;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    lfsr <= {{lfsr[30:0], lfsr[31] ^ lfsr[21] ^ lfsr[1] ^ lfsr[0]}};
    if ({" && ".join(done)}) begin $display("done wrong %0d", wrong); $finish; end
    if (cycle > 400000) begin $display("hangs"); $finish; end
  end
  generate{"".join(body)}
  endgenerate
endmodule
"""
    return text, memories


def channels(rng: np.random.Generator) -> list[Channel]:
    """Every step of the way there and back, on random maps and at the limits."""
    made = []
    for kind in (Spatial.HAAR2, Spatial.ICT4, Spatial.WHT4):
        shape = (40, kind.side, kind.side)
        ends = np.where(rng.random(shape) < 0.5, -(1 << 15), (1 << 15) - 1)
        made.append(patch(kind, False, 16, np.concatenate([ends, rng.integers(-999, 999, shape)])))
        ends = np.where(rng.random(shape) < 0.5, -(1 << 23), (1 << 23) - 1)
        wide = rng.integers(-(1 << 23), 1 << 23, shape)
        made.append(patch(kind, True, 24, np.concatenate([ends, wide])))

    # A map on its way: every step of the transform, whose whole is Transform's.
    mixed = rng.normal(size=(16, 16)) @ rng.normal(size=(16, 600)) * 900
    samples = saturated(np.rint(mixed.T).astype(np.int64))
    order, matrices, means = klt(samples, 8)
    t = Transform(
        16, 9, True, Quantiser.of(700.0, Spatial.ICT4), Spatial.ICT4, 0, 8, order, matrices, means
    )
    values = samples[:576].reshape(24, 24, 16)
    values[:2] = np.where(rng.random((2, 24, 16)) < 0.5, -(1 << 15), (1 << 15) - 1)
    plain = Transform(16, 9, True, t.quantiser, Spatial.NONE, 0, 8, order, matrices, means)
    y = plain.coefficients(values)
    vectors = values[:, :, list(order)].reshape(-1, 8)
    made.append(mixer(klt_rom(t, False).words, vectors, y.reshape(-1, 8)))
    z = t.coefficients(values)
    classes = np.broadcast_to(np.tile(Spatial.ICT4.classes.ravel(), 16), z.shape).ravel()
    picks = rng.integers(0, z.size, 3000)
    made.append(quantiser(z.ravel()[picks], classes[picks], t, True, 9))
    assert (np.array(made[-1].wanted) == (t.quantised(z).ravel()[picks] & (1 << 14) - 1)).all()
    q = t.quantised(z)
    steps = np.array(t.quantiser.steps, np.int64)[classes]
    made.append(dequantiser(q.ravel()[picks], steps[picks], True))
    products = saturated(q.ravel() * steps, 24).reshape(6, 6, 16, 4, 4)
    m = Spatial.ICT4.matrix
    pixels = np.einsum("ia,jb,yxcij->yaxbc", m, m, products).reshape(24, 24, 16)
    made.append(rounder(pixels.ravel()[picks], 30, 6))
    back = saturated(pixels + 32 >> 6)
    x = t.inverse(q, 24, 24)
    made.append(mixer(klt_rom(t, True).words, back.reshape(-1, 8),
                      x[:, :, list(order)].reshape(-1, 8)))  # fmt: skip

    # A KLT that saturates on both sides, there and back.
    ends = rng.choice([-128, 127], 128), rng.choice([-(1 << 15), (1 << 15) - 1], 16)
    hard = replace(plain, matrices=tuple(int(w) for w in ends[0]),
                   means=tuple(int(m) for m in ends[1]))  # fmt: skip
    loud = rng.choice([-(1 << 15), 0, (1 << 15) - 1], (8, 8, 16))
    made.append(mixer(klt_rom(hard, False).words, loud[:, :, list(order)].reshape(-1, 8),
                      hard.coefficients(loud).reshape(-1, 8)))  # fmt: skip
    unit = replace(hard, quantiser=Quantiser(0, (1, 1, 1), (64, 64, 64)))  # nothing but the KLT
    made.append(mixer(klt_rom(hard, True).words, loud.reshape(-1, 8),
                      unit.inverse(loud, 8, 8)[:, :, list(order)].reshape(-1, 8)))  # fmt: skip
    low, high = 1 << 15, (1 << 15) - 1
    assert all({low, high} < set(c.wanted) for c in made[-2:])
    made.append(rounder(rng.choice([-(1 << 29), (1 << 29) - 1, 63, -33, -32], 50), 30, 6))
    made.append(rounder(rng.choice([low - 1, low, -low, -low - 1, 0], 50), 17, 0))
    assert all({low, high} < set(c.wanted) for c in made[-2:])

    # Limits of the quantiser: no shift, the longest, unsigned, the largest and smallest of all.
    low, high = -(1 << 21), (1 << 21) - 1
    z = np.concatenate([rng.integers(low, high, 300), [low, high, 0, -1]])
    none = np.zeros(len(z), np.int64)
    for shift, scale, signed, bits in (
        (0, 1, True, 14), (31, 65535, True, 1), (3, 65535, False, 14), (9, 77, False, 1),
        (1, 0, True, 5), (12, 4095, True, 14),
    ):  # fmt: skip
        limits = Transform(8, bits, True, Quantiser(shift, (scale,) * 3, (1,) * 3))
        made.append(quantiser(z, none, limits, signed, bits))
    few = np.array([-(1 << 13), (1 << 13) - 1, -1, 0, 1, 77])
    made.append(dequantiser(few, np.array([65535, 65535, 65535, 65535, 1, 9]), True))
    made.append(dequantiser(np.array([(1 << 14) - 1, 8192]), np.array([65535, 1024]), False))
    assert {1 << 23, (1 << 23) - 1} < set(made[-2].wanted)
    return made


def simulate(
    run_bench: Callable[..., str], rng: np.random.Generator, edit: tuple[str, str, str] | None,
    folder: Path,
) -> str:  # fmt: skip
    files = []
    for unit in with_uses(MODULES):
        text = unit.path.read_text()
        if edit is not None and edit[0] == unit.module:
            assert text.count(edit[1]) == 1, edit
            text = text.replace(edit[1], edit[2])
        files.append(folder / f"{unit.module}.sv")
        files[-1].write_text(text)
    return run_bench(files, *bench(channels(rng)))


def test_transforms_equal_software(
    run_bench: Callable[..., str], rng: np.random.Generator, tmp_path: Path
) -> None:
    told = simulate(run_bench, rng, None, tmp_path)
    assert "done wrong 0" in told, told


FAULTS = (
    ("hwg_codec_butterfly", "c - (d <<< 1), a - b", "c - d, a - b"),
    ("hwg_codec_butterfly", "x[1] - (x[3] <<< 1)", "x[1] - x[3]"),
    ("hwg_codec_patch", "vector[32'(out_place)*MidWidth", "vector[k*MidWidth"),
    ("hwg_codec_patch", "here && in_bank_q", "here"),
    ("hwg_codec_quantise", "shifted_3_q[16:0]} + 18'd1", "shifted_3_q[16:0]}"),
    ("hwg_codec_quantise", "top + 17'd1 : 17'd0", "top : 17'd0"),
    ("hwg_codec_quantise", "shifted_3_q[17] ? 17'h1ffff : ", ""),
    ("hwg_codec_dequantise", ".OutWidth(24)", ".OutWidth(25)"),
    ("hwg_codec_klt8", "28'(bias_2_q)", "28'(bias_1_q)"),
    ("hwg_codec_round", "{(OutWidth - 1){~left[WIDE-1]}}", "{(OutWidth - 1){left[WIDE-1]}}"),
)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0][10:]}-{fault[2][:12]}")
def test_a_fault_is_found(
    fault: tuple[str, str, str], run_bench: Callable[..., str], rng: np.random.Generator,
    tmp_path: Path,
) -> None:  # fmt: skip
    told = simulate(run_bench, rng, fault, tmp_path)
    assert "done wrong 0" not in told
    assert "done wrong" in told or "hangs" in told, told
