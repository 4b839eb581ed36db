# SPDX-License-Identifier: Apache-2.0
"""Store and fetch of the feature-map DMA under bench_dma, against software's images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.codec.block import Format
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import encode
from hwgen.codec.wire import Grid, pack_index
from tests.rtl.cocotb_bench import planted, simulate
from tests.rtl.test_axi import axi_wires

pytestmark = pytest.mark.sim

CLAIMS = {
    "tensors_go_to_memory_as_software_lays_them",
    "a_bad_index_is_told_and_nothing_hangs",
    "a_full_buffer_and_bus_errors_are_told",
}
GRIDS = (
    Grid(5, 7, 24, 2, 4, 8),
    Grid(1, 1, 1, 1, 1, 1),
    Grid(9, 4, 16, 3, 4, 16),
    Grid(16, 16, 40, 16, 16, 16),
    Grid(40, 1, 8, 1, 1, 8),  # more blocks than one index read, and than one index write
    Grid(3, 3, 5, 2, 2, 5),
)


def tensors(seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    made = []
    for number, grid in enumerate(GRIDS):
        bits = int(rng.integers(1, 9))
        values = rng.integers(0, 1 << bits, (grid.height, grid.width, grid.channels))
        values *= rng.random(values.shape) < rng.choice([0.0, 0.3, 1.0])
        form = Format(bits, Tables.generic(), stored=number % 3 == 0)
        for slotted in (False, True):
            coded = encode(values, grid, form, slotted)
            used = [coded.examine(k)[1] for k in range(grid.blocks)]
            blocks = [(coded.block(k) or b"")[: used[k]] for k in range(grid.blocks)]
            made.append({
                "sizes": [grid.height, grid.width, grid.channels, grid.bh, grid.bw, grid.bc],
                "slot": coded.slot // 8,
                "blocks": [block.hex() for block in blocks],
                "shapes": [grid.shape(k) for k in range(grid.blocks)],
                "index": "" if slotted else pack_index(list(coded.offsets)).hex(),
            })  # fmt: skip
    return made


def bench(width: int, burst: int) -> tuple[str, list[str]]:
    """Store and fetch on one bus."""
    shared = {
        "data_addr": 32, "index_addr": 32, "slotted": 1, "slot": 16, "capacity": 32, "blocks": 32,
        "height": 16, "width": 16, "channels": 16, "bh": 13, "bw": 13, "bc": 13,
    }  # fmt: skip
    own = {
        "fetch_start": 1, "store_start": 1, "out_ready": 1, "word_ready": 1, "in_valid": 1,
        "in_words": 11, "in_final": 1, "put_valid": 1, "put_data": 64, "room": 32,
    }  # fmt: skip
    told = {
        "fetch_busy": 1, "store_busy": 1, "out_valid": 1, "out_number": 32, "out_h": 13,
        "out_w": 13, "out_c": 13, "out_values": 13, "out_words": 11, "out_fault": 4, "out_final": 1,
        "word_valid": 1, "word_data": 64, "word_error": 1, "word_last": 1, "in_ready": 1,
        "put_ready": 1, "overflow": 1, "store_error": 1, "stored_words": 32, "index_full": 1,
    }  # fmt: skip
    wires = axi_wires(width)
    ports = [("input wire logic", 1, "aclk"), ("input wire logic", 1, "aresetn")]
    ports += [("input wire logic", bits, name) for name, bits in (shared | own).items()]
    ports += [("output logic", bits, name) for name, bits in told.items()]
    ports += [
        ("output logic" if out else "input wire logic", bits, f"m_axi_{name}")
        for name, (bits, out) in wires.items()
    ]
    ports += [("output logic", 1, f"m_axi_{name}") for name in ("awid", "arid")]
    ports += [("input wire logic", 1, f"m_axi_{name}") for name in ("bid", "rid")]

    def bus(channels: tuple[str, ...]) -> str:
        return ", ".join(
            f".m_axi_{name}_{'o' if out else 'i'}(m_axi_{name})"
            for name, (_, out) in wires.items()
            if name.startswith(channels)
        )

    def same(names: tuple[str, ...]) -> str:
        return ", ".join(f".{name}_i({name})" for name in names)

    head = ",\n".join(f"  {kind} [{bits - 1}:0] {name}" for kind, bits, name in ports)
    given = f".DataWidth({width}), .MaxBurst({burst}), .Depth({max(2 * burst, 8)})"
    places = ("data_addr", "index_addr", "slotted", "slot", "capacity")
    sizes = ("blocks", "height", "width", "channels", "bh", "bw", "bc")
    blocks = ", ".join(
        f".block_{n}_o(out_{n})"
        for n in ("number", "h", "w", "c", "values", "words", "fault", "final")
    )
    text = f"""module tb (\n{head}\n);
  assign m_axi_awid = 1'b0;
  assign m_axi_arid = 1'b0;
  hwg_dma_store #({given}) u_store (
    .clk_i(aclk), .rst_ni(aresetn), .bus_rst_ni(aresetn), .flush_i(1'b0), .bus_idle_o(),
    .start_i(store_start), .busy_o(store_busy), {same(places)}, .room_i(room),
    .index_full_o(index_full),
    .block_valid_i(in_valid), .block_ready_o(in_ready), .block_words_i(in_words),
    .block_final_i(in_final), .word_valid_i(put_valid), .word_ready_o(put_ready),
    .word_data_i(put_data), .overflow_o(overflow), .error_o(store_error), .words_o(stored_words),
    {bus(("aw", "w", "b"))});
  hwg_dma_fetch #({given}) u_fetch (
    .clk_i(aclk), .rst_ni(aresetn), .bus_rst_ni(aresetn), .flush_i(1'b0), .bus_idle_o(),
    .start_i(fetch_start), .busy_o(fetch_busy), {same(places)},
    {same(sizes)}, .block_valid_o(out_valid), .block_ready_i(out_ready), {blocks},
    .word_valid_o(word_valid), .word_ready_i(word_ready), .word_data_o(word_data),
    .word_error_o(word_error), .word_last_o(word_last), {bus(("ar", "r"))});
endmodule
"""
    return text, [name for _, _, name in ports]


def run(
    folder: Path, seed: int, width: int, burst: int, edit: Callable[[Path], None] | None = None
) -> set[str]:
    text, ports = bench(width, burst)
    facts = {"seed": seed, "tensors": tensors(seed)}
    return simulate(
        folder, "bench_dma", text, ports, ["hwg_dma_store", "hwg_dma_fetch"], facts, CLAIMS, edit
    )


@pytest.mark.parametrize(("width", "burst"), [(64, 16), pytest.param(128, 4, marks=pytest.mark.ci)])
def test_blocks_go_to_memory_and_back(tmp_path: Path, seed: int, width: int, burst: int) -> None:
    assert run(tmp_path, seed, width, burst) == set()


FAULTS = (
    ("hwg_dma_fetch", "(place > capacity_i)", "1'b0", "a_bad_index_is_told_and_nothing_hangs"),
    ("hwg_dma_fetch", "bad_first_q | ", "", "a_bad_index_is_told_and_nothing_hangs"),
    ("hwg_dma_store", "dropping_q | ~fits_q;", "~fits_q;", "a_full_buffer_and_bus_errors_are_told"),
    ("hwg_dma_store", "count_q == 5'(CHUNK) | ", "", "tensors_go_to_memory_as_software_lays_them"),
    ("hwg_dma_grid", "c_ends && x_ends", "c_ends", "tensors_go_to_memory_as_software_lays_them"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("module", "good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    module: str, good: str, bad: str, claim: str, tmp_path: Path, seed: int
) -> None:
    assert claim in run(tmp_path, seed, 64, 16, planted(module, good, bad))
