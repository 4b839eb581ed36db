# SPDX-License-Identifier: Apache-2.0
"""The units of rtl/dma/: AXI4 masters, and what stands between them and the coder."""

from __future__ import annotations

from hwgen.plan.unit import Param, UnitSpec

_CLOCKED = ("clk_i", "rst_ni")
_IN, _OUT = ("in_valid_i", "in_ready_o"), ("out_valid_o", "out_ready_i")
_BUS = (Param("AddrWidth", 13), Param("DataWidth", 32, 128))
_WIDE = (Param("AddrWidth", 13), Param("DataWidth", 64, 128))
_BURSTS = (Param("MaxBurst", 1, 256), Param("Outstanding", 1))


def _axi(channel: str, names: str) -> tuple[str, ...]:
    return tuple(f"m_axi_{channel}{name}" for name in names.split())


_READ = (
    *_axi("ar", "valid_o ready_i addr_o len_o size_o burst_o"),
    *_axi("r", "valid_i ready_o data_i resp_i last_i"),
)
_WRITE = (
    *_axi("aw", "valid_o ready_i addr_o len_o size_o burst_o"),
    *_axi("w", "valid_o ready_i data_o strb_o last_o"),
    *_axi("b", "valid_i ready_o resp_i"),
)

DMA = (
    UnitSpec(
        "hwg_axi_read", "dma", (*_BUS, Param("BeatsWidth", 1), *_BURSTS, Param("Depth", 1)),
        (
            *_CLOCKED, "cmd_valid_i", "cmd_ready_o", "cmd_addr_i", "cmd_beats_i", *_OUT,
            "out_data_o", "out_last_o", "out_error_o", "idle_o", *_READ,
        ),
        uses=("hwg_fifo",), latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_axi_write", "dma", (*_BUS, *_BURSTS, Param("Depth", 2)),
        (
            *_CLOCKED, "cmd_valid_i", "cmd_ready_o", "cmd_addr_i", *_IN, "in_data_i", "in_strb_i",
            "in_last_i", "error_o", "idle_o", *_WRITE,
        ),
        uses=("hwg_fifo",), latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_dma_grid", "dma", (Param("SideWidth", 13, 32),),
        (
            *_CLOCKED,
            "start_i", "height_i", "width_i", "channels_i", "bh_i", "bw_i", "bc_i",
            "out_valid_o", "out_ready_i", "out_number_o", "out_h_o", "out_w_o", "out_c_o",
            "out_values_o", "out_last_o",
        ),
    ),
    UnitSpec(
        "hwg_dma_widen", "dma", (Param("DataWidth", 64, 128),),
        (
            *_CLOCKED,
            "in_valid_i", "in_ready_o", "in_data_i", "in_high_i", "in_last_i", "out_valid_o",
            "out_ready_i", "out_data_o", "out_strb_o", "out_last_o",
        ),
    ),
    UnitSpec(
        "hwg_dma_narrow", "dma", (Param("DataWidth", 64, 128), Param("WordsWidth", 2)),
        (
            *_CLOCKED,
            "in_valid_i", "in_ready_o", "in_data_i", "in_error_i", "in_high_i", "in_words_i",
            "out_valid_o", "out_ready_i", "out_data_o", "out_error_o", "out_last_o",
        ),
    ),
    UnitSpec(
        "hwg_dma_fetch", "dma", (*_WIDE, *_BURSTS, Param("Depth", 1)),
        (
            *_CLOCKED,
            "start_i", "busy_o", "data_addr_i", "index_addr_i", "slotted_i", "slot_i",
            "capacity_i", "blocks_i", "height_i", "width_i", "channels_i", "bh_i", "bw_i",
            "bc_i", "block_valid_o", "block_ready_i", "block_number_o", "block_h_o", "block_w_o",
            "block_c_o", "block_values_o", "block_words_o", "block_fault_o", "word_valid_o",
            "word_ready_i", "word_data_o", "word_error_o", "word_last_o", *_READ,
        ),
        uses=("hwg_dma_grid", "hwg_axi_read", "hwg_fifo", "hwg_dma_narrow"),
    ),
    UnitSpec(
        "hwg_dma_store", "dma", (*_WIDE, *_BURSTS, Param("Depth", 2)),
        (
            *_CLOCKED,
            "start_i", "busy_o", "data_addr_i", "index_addr_i", "slotted_i", "slot_i",
            "capacity_i", "block_valid_i", "block_ready_o", "block_words_i", "block_final_i",
            "word_valid_i", "word_ready_o", "word_data_i", "overflow_o", "error_o",
            "words_o", *_WRITE,
        ),
        uses=("hwg_dma_widen", "hwg_axi_write"),
    ),
)  # fmt: skip
