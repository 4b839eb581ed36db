# SPDX-License-Identifier: Apache-2.0
"""The DMA's reader under sim/bench_reader.py: every width, shape and damage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.codec.block import Format
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import encode
from hwgen.codec.wire import Coder, Grid
from tests.rtl.cocotb_bench import simulate
from tests.rtl.reader_tensors import damaged, extremes, job, sparse, table_words, whole
from tests.rtl.test_axi import axi_wires

pytestmark = pytest.mark.sim

CLAIMS = {"tensors_come_back_as_software_decodes_them"}
BITS = 14


def bench(lanes: int, coder: Coder, width: int) -> tuple[str, list[str]]:
    """The reader alone, ports under plain names."""
    set_width, count = 1, lanes.bit_length()
    own = {
        "start": 1, "fast": 1, "data_addr": 32, "index_addr": 32, "slotted": 1, "slot": 16,
        "capacity": 32, "blocks": 32, "height": 16, "width": 16, "channels": 16, "bh": 13,
        "bw": 13, "bc": 13, "bits": 4, "is_signed": 1, "transformed": 1, "set": 4, "key": 32,
        "table_write": 1, "table_addr": set_width + 12, "table_data": 18, "weight_write": 1,
        "weight_addr": set_width + 7, "weight_data": 8, "out_ready": 1,
    }  # fmt: skip
    told = {
        "busy": 1, "out_valid": 1, "out_data": lanes * BITS, "out_count": count, "out_block": 1,
        "out_fault": 1, "out_last": 1, "block": 1, "block_mode": 2, "fault": 1, "fault_kind": 4,
        "fault_number": 32, "word": 1,
    }  # fmt: skip
    wires = {n: w for n, w in axi_wires(width).items() if n.startswith(("ar", "r"))}
    rest = {n: w for n, w in axi_wires(width).items() if n not in wires}
    ports = [("input wire logic", 1, "aclk"), ("input wire logic", 1, "aresetn")]
    ports += [("input wire logic", bits, name) for name, bits in own.items()]
    ports += [("output logic", bits, name) for name, bits in told.items()]
    ports += [
        ("output logic" if out else "input wire logic", bits, f"m_axi_{name}")
        for name, (bits, out) in (wires | rest).items()
    ]
    ports += [("output logic", 1, f"m_axi_{name}") for name in ("awid", "arid")]
    ports += [("input wire logic", 1, f"m_axi_{name}") for name in ("bid", "rid")]
    idle = "".join(f"  assign m_axi_{n} = '0;\n" for n, (_, out) in rest.items() if out)
    given = ",\n    ".join(
        [
            *(f".{n.removeprefix('is_')}_i({n})" for n in own),
            *(f".{n}_o({n})" for n in told),
            *(f".m_axi_{n}_{'o' if out else 'i'}(m_axi_{n})" for n, (_, out) in wires.items()),
        ]
    )
    head = ",\n".join(f"  {kind} [{bits - 1}:0] {name}" for kind, bits, name in ports)
    params = f".DataWidth({width}), .Lanes({lanes}), .Coder({int(coder)}), .Bits({BITS})"
    text = f"""module tb (\n{head}\n);
  assign m_axi_awid = 1'b0;
  assign m_axi_arid = 1'b0;
{idle}  hwg_dma_reader #({params}) u_reader (
    .clk_i(aclk), .rst_ni(aresetn),
    {given});
endmodule
"""
    return text, [name for _, _, name in ports]


def run(
    folder: Path, seed: int, lanes: int, coder: Coder, width: int, faults: int,
    edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    rng = np.random.default_rng(seed)
    tables = Tables.generic()
    cases = [job(c, f"{c.form.bits} bits") for c in whole(rng, coder, tables, BITS)]
    cases += [job(c, "extreme") for bits in (1, 8, 14) for c in extremes(coder, tables, bits)]
    form = Format(6, tables, coder)
    large = Grid(16, 16, 64, 16, 16, 16)
    steady = encode(sparse(rng, (16, 16, 64), form), large, form)
    cases += [{**job(steady, "steady"), "timed": True}] * 4
    small = encode(sparse(rng, (6, 6, 16), form), Grid(6, 6, 16, 3, 3, 8), form)
    slots = encode(sparse(rng, (6, 6, 16), form), Grid(6, 6, 16, 3, 3, 8), form, slotted=True)
    for kind, broken, index in damaged(rng, small, faults):
        cases.append(job(broken, kind, index))
        if len(cases) % 7 == 0:
            cases.append(job(small, "whole again"))
    for kind, broken, _ in damaged(rng, slots, faults // 4):
        if kind == "flip":
            cases.append(job(broken, f"slot {kind}"))
    text, ports = bench(lanes, coder, width)
    facts = {
        "seed": seed, "lanes": lanes, "bits": BITS, "table": table_words(tables, coder),
        "weights": [], "tensors": cases,
    }  # fmt: skip
    return simulate(folder, "bench_reader", text, ports, ["hwg_dma_reader"], facts, CLAIMS, edit)


@pytest.mark.parametrize(
    ("lanes", "coder", "width"), [(1, Coder.HUFFMAN, 64), (4, Coder.TANS, 128)]
)
def test_tensors_come_back(tmp_path: Path, seed: int, lanes: int, coder: Coder, width: int) -> None:
    assert run(tmp_path, seed, lanes, coder, width, 25) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("lanes", "coder"), [(2, Coder.HUFFMAN), (8, Coder.TANS)])
def test_five_hundred_corruptions_are_told(
    tmp_path: Path, seed: int, lanes: int, coder: Coder
) -> None:
    assert run(tmp_path, seed, lanes, coder, 64, 300) == set()
