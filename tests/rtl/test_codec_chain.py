# SPDX-License-Identifier: Apache-2.0
"""Maps of a network through transform, encoder, decoder and transform back, as in software."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from hwgen.codec.block_scan import settings, to_stream
from hwgen.codec.memory_images import klt_rom
from hwgen.codec.plan import MapCoding
from hwgen.codec.tables import Tables
from hwgen.codec.wire import Coder
from hwgen.units.library import find_unit, with_uses
from tests.codec.networks import by_every_method
from tests.rtl.codec_cases import encoder_roms, rom_of

pytestmark = pytest.mark.sim

Ints = npt.NDArray[np.int64]
BITS, WIDTH, SETS, GROUPS = 14, 20, 8, 2
UNITS_USED = (
    "hwg_codec_forward", "hwg_codec_bundle", "hwg_codec_encode", "hwg_codec_decode",
    "hwg_codec_gather", "hwg_codec_inverse", "hwg_dma_grid",
)  # fmt: skip
# What a tensor is, in the order in which it stands in a word, and widths.
FIELDS = {
    "height": 16, "width": 16, "channels": 16, "bh": 13, "bw": 13, "bc": 13,
    "q_height": 16, "q_width": 16, "q_channels": 16, "q_bh": 13, "q_bw": 13, "q_bc": 13,
    "kind": 2, "klt": 1, "down": 5, "shift": 5, "scales": 48, "steps": 48, "bits": 4,
    "signed": 1, "lo": WIDTH, "hi": WIDTH, "set": 4, "key": 32, "outs": 32,
}  # fmt: skip


@dataclass(frozen=True)
class Tensor:
    """A map with all that hardware must be told, and what must come out."""

    choice: MapCoding
    tables: Tables
    word: int
    given: list[int]
    coded: list[int]
    wanted: list[int]  # bit WIDTH: any value will do
    rows: list[list[int]]  # there, back


def word(values: Sequence[int], width: int) -> int:
    return sum((int(v) & (1 << width) - 1) << width * i for i, v in enumerate(values))


def tensor_of(number: int, choice: MapCoding, tables: Tables, values: Ints) -> Tensor:
    """Return a map of a choice on its way through the chain."""
    transform, grid = choice.transform, choice.grid
    assert transform is not None
    height, width, _ = values.shape
    coded = choice.encode(values, tables)
    decoded, damages = choice.decode(coded)
    assert not damages
    coefficients = choice.coefficients(values)
    real = np.concatenate(to_stream(np.ones_like(values), transform, grid))
    out = np.concatenate(to_stream(decoded, transform, grid))
    side, patch = transform.spatial.side, transform.spatial.side**2
    told = settings(transform) | {
        "height": height, "width": width, "bh": grid.bh * side, "bw": grid.bw * side,
        "bc": grid.bc // patch, "q_height": grid.height, "q_width": grid.width,
        "q_channels": grid.channels, "q_bh": grid.bh, "q_bw": grid.bw, "q_bc": grid.bc,
        "set": number, "key": choice.format(tables).key, "outs": out.size,
    }  # fmt: skip
    packed = 0
    for name, size in FIELDS.items():
        packed = packed << size | told[name] & (1 << size) - 1
    rows = [
        [*(klt_rom(transform, back).words if transform.group else ())] for back in (False, True)
    ]
    return Tensor(
        choice, tables, packed,
        [int(v) for v in np.concatenate(to_stream(values, transform, grid))],
        [int(v) for n in range(grid.blocks) for v in coefficients[grid.where(n)].ravel()],
        [int(v) & (1 << WIDTH) - 1 if r else 1 << WIDTH for v, r in zip(out, real, strict=True)],
        rows,
    )  # fmt: skip


def tensors_of(coder: Coder) -> list[Tensor]:
    """Return a map of a network, coded in every way that calibration tries."""
    made = by_every_method(coder, lambda number, transform, whole: whole.bc)
    return [tensor_of(number, *each) for number, each in enumerate(made)]


def instance(label: str, module: str, params: str, wired: dict[str, str]) -> str:
    """Return an instance whose clock and reset are the bench's; every port is named."""
    ports = {"clk_i": "clk", "rst_ni": "rst_n"} | wired
    stated = {port.name for port in find_unit(module).ports}
    assert set(ports) == stated, set(ports) ^ stated
    text = ", ".join(f".{name}({wire})" for name, wire in ports.items())
    return f"  {module} #({params}) u_{label} ({text});\n"


def grid(name: str, prefix: str, ready: str) -> str:
    """Return a walk over the blocks of the tensor for one of the units."""
    wires = "".join(f"  logic [12:0] {name}_{side};\n" for side in ("h", "w", "c", "values"))
    text = f"{wires}  logic {name}_valid, {name}_last; logic [31:0] {name}_number;\n"
    wired = {f"{n}_i": f"{prefix}{n}" for n in ("height", "width", "channels", "bh", "bw", "bc")}
    told = {
        f"out_{n}_o": f"{name}_{n}" for n in ("valid", "number", "h", "w", "c", "values", "last")
    }
    return text + instance(
        name, "hwg_dma_grid", ".SideWidth(16)",
        {"start_i": "start", **wired, **told, "out_ready_i": ready},
    )  # fmt: skip


def bench(tensors: list[Tensor], coder: Coder, lanes: int) -> tuple[str, dict[str, str]]:
    """Return the chain, which compares coefficients and values, and its memories."""
    tables = [t.tables for t in tensors]
    tables += [tables[0]] * (SETS - len(tables))
    symbols, states = encoder_roms(tables, coder)
    transforms = [t.choice.transform for t in tensors]
    weights = [w for t in transforms if t for w in (t.weights or (0,) * 128)]
    roms = {
        "decode": (rom_of(tables, coder), 18), "symbols": (symbols, 21),
        "states": (states or [0], 8), "weights": (weights, 8),
        "tensors": ([t.word for t in tensors], sum(FIELDS.values())),
        "given": ([v & (1 << WIDTH) - 1 for t in tensors for v in t.given], WIDTH),
        "coded": ([v & (1 << BITS) - 1 for t in tensors for v in t.coded], BITS),
        "wanted": ([v for t in tensors for v in t.wanted], WIDTH + 1),
    }  # fmt: skip
    for way, name in enumerate(("there", "back")):
        filled = [(t.rows[way] + [0] * 8 * GROUPS)[: 8 * GROUPS] for t in tensors]
        roms[name] = ([row for rows in filled for row in rows], 91)
    memories = {f"{n}.hex": "".join(f"{w:x}\n" for w in words) for n, (words, _) in roms.items()}
    declared = "".join(
        f"  logic [{width - 1}:0] {name} [0:{len(words) - 1}]; "
        f'initial $readmemh("{name}.hex", {name});\n'
        for name, (words, width) in roms.items()
    )
    fields = "".join(f"  wire [{width - 1}:0] {name};\n" for name, width in FIELDS.items())
    most = max(len(words) for name, (words, _) in roms.items() if name in ("decode", "symbols"))

    def loaded(name: str, prefix: str) -> dict[str, str]:
        return {
            f"{prefix}_write_i": f"loading && at < {len(roms[name][0])}",
            f"{prefix}_addr_i": "at", f"{prefix}_data_i": f"{name}[at]",
        }  # fmt: skip

    def rows(name: str) -> dict[str, str]:
        return {"row_write_i": "turning", "row_addr_i": "at[3:0]",
                "row_data_i": f"{name}[{8 * GROUPS}*tensor + at]"}  # fmt: skip

    def block(name: str, kinds: str = "h w c") -> dict[str, str]:
        told = {f"block_{kind}_i": f"{name}_{kind}" for kind in kinds.split()}
        return {"block_valid_i": f"{name}_valid", "block_ready_o": f"{name}_ready", **told}

    shared = {f"{n}_i": n for n in ("channels", "kind", "klt", "down")} | {"signed_i": "signed_"}
    form = {
        "bits_i": "bits", "signed_i": "signed_", "set_i": "set", "transformed_i": "1'b1",
        "key_i": "key",
    }  # fmt: skip
    mapped = f".Width({WIDTH}), .Bits({BITS}), .Kinds(3), .Groups({GROUPS}), .Values(4096)"
    coding = f".Lanes({lanes}), .Coder({int(coder)}), .Bits({BITS}), .Sets({SETS}), .Weighted(1)"
    fields = fields.replace(" signed;", " signed_;")
    names = ", ".join("signed_" if name == "signed" else name for name in FIELDS)
    units = [
        *(grid(name, "", f"{name}_ready") for name in ("f", "i")),
        *(grid(name, "q_", f"{name}_ready") for name in ("e", "d")),
        instance("forward", "hwg_codec_forward", mapped, {
            **rows("there"), **shared, "shift_i": "shift", "scales_i": "scales", "bits_i": "bits",
            **block("f"), "in_valid_i": "offered", "in_ready_o": "taken", "in_value_i": "given[i]",
            "in_last_o": "",
            "out_valid_o": "q_valid", "out_ready_i": "q_ready", "out_value_o": "q",
            "out_last_o": "q_last",
        }),
        instance("encode", "hwg_codec_encode", f"{coding}, .Values(4096)", {
            **loaded("symbols", "table"), **loaded("states", "states"),
            **loaded("weights", "weight"), **form, "stored_i": "1'b0",
            **block("e", "number h w c values"), "block_final_i": "e_last",
            "in_valid_i": "b_valid", "in_ready_o": "b_ready", "in_data_i": "b", "in_final_o": "",
            "out_block_valid_o": "told", "out_block_ready_i": "1'b1", "out_block_words_o": "",
            "out_block_mode_o": "mode", "out_block_final_o": "", "out_valid_o": "w_valid",
            "out_ready_i": "w_ready", "out_data_o": "w", "out_last_o": "w_last",
        }),
        instance("decode", "hwg_codec_decode", f"{coding}, .Depth(8192)", {
            **loaded("decode", "table"), **loaded("weights", "weight"), **form,
            **block("d", "number h w c"), "block_fault_i": "4'd0", "word_valid_i": "w_valid",
            "word_ready_o": "w_ready", "word_data_i": "w", "word_error_i": "1'b0",
            "word_last_i": "w_last", "strict_i": "1'b1", "out_valid_o": "c_valid",
            "out_ready_i": "c_ready", "out_data_o": "c", "out_count_o": "c_count", "out_last_o": "",
            "out_mode_o": "", "out_fault_o": "fault",
        }),
        instance("inverse", "hwg_codec_inverse", mapped, {
            **rows("back"), **shared, "steps_i": "steps", "lo_i": "lo", "hi_i": "hi",
            **block("i"), "in_valid_i": "r_valid", "in_ready_o": "r_ready", "in_value_i": "r",
            "out_valid_o": "x_valid", "out_ready_i": "x_ready", "out_value_o": "x",
            "out_last_o": "",
        }),
    ]  # fmt: skip
    if lanes == 1:
        units.append("  assign b_valid = q_valid, q_ready = b_ready, b = q;\n")
        units.append("  assign r_valid = c_valid, c_ready = r_ready, r = c;\n")
    else:
        values = f".Lanes({lanes}), .Bits({BITS})"
        units += [
            instance("bundle", "hwg_codec_bundle", values, {
                "in_valid_i": "q_valid", "in_ready_o": "q_ready", "in_value_i": "q",
                "in_last_i": "q_last", "out_valid_o": "b_valid", "out_ready_i": "b_ready",
                "out_data_o": "b",
            }),
            instance("gather", "hwg_codec_gather", f"{values}, .Depth(64)", {
                "in_valid_i": "c_valid", "in_ready_o": "c_ready", "in_data_i": "c",
                "in_count_i": "c_count", "out_valid_o": "r_valid", "out_ready_i": "r_ready",
                "out_value_o": "r",
            }),
        ]  # fmt: skip
    text = f"""module tb (input logic clk);
{declared}{fields}
  logic [31:0] cycle = 0, lfsr = 32'hace1, at = 0, tensor = 0, i = 0, j = 0, k = 0, ended = 0;
  integer wrong = 0, words = 0, coded_blocks = 0;
  wire rst_n = cycle > 3;
  logic [1:0] state = 0;  // tables, rows, start, run
  wire loading = rst_n && state == 0, turning = state == 1, start = state == 2;
  assign {{{names}}} = tensors[tensor];
  logic offered = 0, taken, q_valid, q_ready, q_last, w_valid, w_ready, w_last, told;
  logic r_valid, r_ready, x_valid, f_ready, i_ready, e_ready, d_ready;
  logic [1:0] mode;
  logic [3:0] fault;
  logic b_valid, b_ready, c_valid, c_ready;
  logic [{BITS - 1}:0] q, r;
  logic [{lanes * BITS - 1}:0] b, c;
  logic [{lanes.bit_length() - 1}:0] c_count;
  logic [63:0] w;
  logic [{WIDTH - 1}:0] x;
  wire x_ready = lfsr[3] | lfsr[9];
{"".join(units)}
  always @(posedge clk) begin
    cycle <= cycle + 1;
    lfsr <= {{lfsr[30:0], lfsr[31] ^ lfsr[21] ^ lfsr[1] ^ lfsr[0]}};
    if (rst_n) case (state)
      0: if (at == {most - 1}) begin at <= 0; state <= 1; end else at <= at + 1;
      1: if (at == {8 * GROUPS - 1}) begin at <= 0; state <= 2; end else at <= at + 1;
      2: begin state <= 3; ended <= ended + outs; end
      3: if (k == ended) begin
        state <= 1;
        if (i != ended || j == 0) wrong = wrong + 1;
        if (tensor == {len(tensors) - 1}) begin
          $display("done wrong %0d, words %0d, coded %0d, values %0d, coefficients %0d",
                   wrong, words, coded_blocks, k, j);
          $finish;
        end else tensor <= tensor + 1;
      end
    endcase
    if (!offered || taken) begin
      offered <= state == 3 && i + 32'(offered) < ended && lfsr[5];
      i <= i + 32'(offered);
    end
    if (rst_n && told && mode == 2) coded_blocks = coded_blocks + 1;
    if (rst_n && w_valid && w_ready) words = words + 1;
    if (rst_n && q_valid && q_ready) begin
      if (q !== coded[j]) begin
        wrong = wrong + 1;
        if (wrong < 9) $display("tensor %0d, coefficient %0d: %h, not %h", tensor, j, q, coded[j]);
      end
      j <= j + 1;
    end
    if (rst_n && c_valid && fault != 0) wrong = wrong + 1;
    if (rst_n && x_valid && x_ready) begin
      if (!wanted[k][{WIDTH}] && x !== wanted[k][{WIDTH - 1}:0]) begin
        wrong = wrong + 1;
        if (wrong < 9) $display("tensor %0d, value %0d: %h, not %h", tensor, k, x, wanted[k]);
      end
      k <= k + 1;
    end
    if (cycle > 400000) begin $display("hangs: %0d %0d %0d %0d", tensor, i, j, k); $finish; end
  end
endmodule
"""
    return text, memories


@pytest.mark.parametrize(
    ("coder", "lanes"),
    [
        pytest.param(Coder.TANS, 1, marks=pytest.mark.ci),
        pytest.param(Coder.HUFFMAN, 3, marks=pytest.mark.slow),
    ],
)
def test_chain_is_the_round_trip_of_software(
    run_bench: Callable[..., str], coder: Coder, lanes: int
) -> None:
    tensors = tensors_of(coder)
    files = [unit.path for unit in with_uses(UNITS_USED)]
    text, memories = bench(tensors, coder, lanes)
    told = run_bench(files, text, memories)
    values = sum(len(t.wanted) for t in tensors)
    coefficients = sum(len(t.coded) for t in tensors)
    assert "done wrong 0," in told, told
    assert f"values {values}, coefficients {coefficients}" in told, told
    words = int(told.partition("words ")[2].partition(",")[0])
    assert 0 < words * 64 < 0.9 * 8 * values, told
