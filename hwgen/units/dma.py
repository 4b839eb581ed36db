# SPDX-License-Identifier: Apache-2.0
"""The units of rtl/dma/: AXI4 masters, and what stands between them and the coder."""

from __future__ import annotations

from hwgen.units.spec import Param, UnitSpec

_CLOCKED = ("clk_i", "rst_ni")
_IN, _OUT = ("in_valid_i", "in_ready_o"), ("out_valid_o", "out_ready_i")
_BUS = (Param("AddrWidth", 13), Param("DataWidth", 32, 128))
_WIDE = (Param("AddrWidth", 13), Param("DataWidth", 64, 128))
_BURSTS = (Param("MaxBurst", 1, 256), Param("Outstanding", 1))

_CODER = (
    Param("Lanes", 1, 16), Param("Coder", 0, 1), Param("Bits", 1, 15), Param("Sets", 1, 16),
    Param("Weighted", 0, 1),
)  # fmt: skip
_BANK = (
    "write_i", "write_word_i", "write_data_i", "write_mask_i", "read_word_i", "read_data_o",
)  # fmt: skip
_TURN = (
    Param("Lanes", 1, 16), Param("Word", 2), Param("Bits", 1, 15), Param("Width", 2, 32),
    Param("Kinds", 0, 7), Param("Groups", 0, 512), Param("Values", 16),
)  # fmt: skip


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
_LITE = tuple(
    f"s_axil_{channel}{name}"
    for channel, names in (
        ("aw", "valid_i ready_o addr_i"), ("w", "valid_i ready_o data_i strb_i"),
        ("b", "valid_o ready_i resp_o"), ("ar", "valid_i ready_o addr_i"),
        ("r", "valid_o ready_i data_o resp_o"),
    )
    for name in names.split()
)  # fmt: skip

DMA = (
    UnitSpec(
        "hwg_axi_read", "axi", (*_BUS, Param("BeatsWidth", 1), *_BURSTS, Param("Depth", 1)),
        (
            *_CLOCKED, "cmd_valid_i", "cmd_ready_o", "cmd_addr_i", "cmd_beats_i", *_OUT,
            "out_data_o", "out_last_o", "out_error_o", "idle_o", *_READ,
        ),
        uses=("hwg_fifo",), latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_axi_write", "axi", (*_BUS, *_BURSTS, Param("Depth", 2)),
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
            "block_c_o", "block_values_o", "block_words_o", "block_fault_o", "block_final_o",
            "word_valid_o", "word_ready_i", "word_data_o", "word_error_o", "word_last_o", *_READ,
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
    UnitSpec(
        "hwg_axil_slave", "axi", (Param("AddrWidth", 3),),
        (
            *_CLOCKED,
            "aw_valid_i", "aw_ready_o", "aw_addr_i", "w_valid_i", "w_ready_o", "w_data_i",
            "w_strb_i", "b_valid_o", "b_ready_i", "b_resp_o", "ar_valid_i", "ar_ready_o",
            "ar_addr_i", "r_valid_o", "r_ready_i", "r_data_o", "r_resp_o", "write_o",
            "write_word_o", "write_data_o", "write_mask_o", "write_known_i", "read_o",
            "read_word_o", "read_data_i", "read_known_i",
        ),
    ),
    UnitSpec(
        "hwg_reg_bank", "axi", (Param("Words", 1, 16), Param("Used", vector=True)),
        (*_CLOCKED, *_BANK, "words_o"),
    ),
    UnitSpec(
        "hwg_dma_descriptor", "dma", (Param("AddrWidth", 13, 64),),
        (
            *_CLOCKED, *_BANK, "data_addr_o", "index_addr_o", "capacity_o", "blocks_o", "slot_o",
            "slotted_o", "height_o", "width_o", "channels_o", "bh_o", "bw_o", "bc_o", "bits_o",
            "signed_o", "transformed_o", "stored_o", "tans_o", "set_o", "key_o", "first_o",
        ),
        uses=("hwg_reg_bank",),
    ),
    UnitSpec(
        "hwg_dma_status", "dma", (Param("Width", 12, 32),),
        (
            *_CLOCKED,
            "clear_i", "block_i", "block_mode_i", "fault_i", "fault_kind_i", "fault_number_i",
            "words_i", "stall_i", "read_word_i", "read_data_o", "faulty_o",
        ),
    ),
    UnitSpec(
        "hwg_dma_transform", "dma", (Param("Limits", 0, 1),),
        (
            *_CLOCKED, *_BANK, "kind_o", "klt_o", "down_o", "shift_o", "factors_o",
            "map_height_o", "map_width_o", "lo_o", "hi_o",
        ),
        uses=("hwg_reg_bank",),
    ),
    UnitSpec(
        "hwg_dma_regs", "dma",
        (
            Param("AddrWidth", 13, 64), Param("Version", vector=True), Param("Config", vector=True),
            Param("Limits", vector=True), Param("Transform", 0, 1), Param("Kinds", vector=True),
        ),
        (
            *_CLOCKED,
            "aw_valid_i", "aw_ready_o", "aw_addr_i", "w_valid_i", "w_ready_o", "w_data_i",
            "w_strb_i", "b_valid_o", "b_ready_i", "b_resp_o", "ar_valid_i", "ar_ready_o",
            "ar_addr_i", "r_valid_o", "r_ready_i", "r_data_o", "r_resp_o", "irq_o", "start_o",
            "fast_o", "busy_i", "data_addr_o", "index_addr_o", "capacity_o", "blocks_o",
            "slot_o", "slotted_o", "height_o", "width_o", "channels_o", "bh_o", "bw_o", "bc_o",
            "bits_o", "signed_o", "transformed_o", "stored_o", "tans_o", "set_o", "key_o",
            "first_o", "table_write_o", "table_known_i", "table_kind_o", "table_addr_o",
            "table_data_o", "kind_o", "klt_o", "down_o", "shift_o", "factors_o", "map_height_o",
            "map_width_o", "lo_o", "hi_o", "block_i", "block_mode_i", "fault_i", "fault_kind_i",
            "fault_number_i", "words_i", "stall_i",
        ),
        uses=("hwg_axil_slave", "hwg_dma_descriptor", "hwg_dma_status", "hwg_dma_transform"),
    ),
    UnitSpec(
        "hwg_dma_reader", "dma",
        (*_WIDE, *_BURSTS, Param("Buffer", 1), *_CODER, Param("Depth", 16)),
        (
            *_CLOCKED,
            "start_i", "busy_o", "fast_i", "data_addr_i", "index_addr_i", "slotted_i", "slot_i",
            "capacity_i", "blocks_i", "first_i", "height_i", "width_i", "channels_i", "bh_i",
            "bw_i", "bc_i", "bits_i", "signed_i", "transformed_i", "set_i", "key_i",
            "table_write_i", "table_addr_i", "table_data_i", "weight_write_i", "weight_addr_i",
            "weight_data_i",
            "out_valid_o", "out_ready_i", "out_data_o", "out_count_o", "out_block_o",
            "out_fault_o", "out_last_o", "block_o", "block_mode_o", "fault_o", "fault_kind_o",
            "fault_number_o", "word_o", *_READ,
        ),
        uses=("hwg_dma_fetch", "hwg_codec_decode"),
    ),
    UnitSpec(
        "hwg_dma_writer", "dma",
        (*_WIDE, *_BURSTS, Param("Buffer", 2), *_CODER, Param("Values", 16)),
        (
            *_CLOCKED,
            "start_i", "busy_o", "data_addr_i", "index_addr_i", "slotted_i", "slot_i",
            "capacity_i", "first_i", "height_i", "width_i", "channels_i", "bh_i", "bw_i", "bc_i",
            "bits_i", "signed_i", "transformed_i", "stored_i", "set_i", "key_i",
            "states_write_i", "states_addr_i", "states_data_i", "table_write_i", "table_addr_i",
            "table_data_i", "weight_write_i", "weight_addr_i", "weight_data_i", *_IN, "in_data_i",
            "block_o", "block_mode_o", "fault_o", "fault_kind_o", "fault_number_o", "word_o",
            *_WRITE,
        ),
        uses=("hwg_dma_grid", "hwg_codec_encode", "hwg_dma_store"),
    ),
    UnitSpec(
        "hwg_dma_descriptor_check", "dma",
        (
            Param("Coder", 0, 1), Param("Bits", 1, 15), Param("Sets", 1, 16),
            Param("Values", 1, 4096), Param("Align", 1, 13), Param("Present", 0, 1),
            Param("Transform", 0, 1), Param("Kinds", 0, 7), Param("Groups", 0, 512),
        ),
        (
            *_CLOCKED,
            "start_i", "busy_o", "start_o", "refuse_o", "data_addr_i", "index_addr_i",
            "slotted_i", "slot_i", "height_i", "width_i", "channels_i", "bh_i", "bw_i", "bc_i",
            "bits_i", "tans_i", "set_i", "transformed_i", "kind_i", "klt_i", "map_height_i",
            "map_width_i",
        ),
        latency=lambda _: 3,
    ),
    UnitSpec(
        "hwg_dma_pixels", "dma", (Param("SideWidth", 13, 32),),
        (
            *_CLOCKED,
            "start_i", "kind_i", "height_i", "width_i", "channels_i", "bh_i", "bw_i", "bc_i",
            "channels_o", "out_valid_o", "out_ready_i", "out_h_o", "out_w_o", "out_c_o",
            "out_values_o",
        ),
        uses=("hwg_dma_grid",),
    ),
    UnitSpec(
        "hwg_dma_forward", "dma", _TURN,
        (
            *_CLOCKED, "row_write_i", "row_addr_i", "row_data_i", "start_i", "height_i",
            "width_i", "channels_i", "bh_i", "bw_i", "bc_i", "kind_i", "klt_i", "down_i",
            "shift_i", "scales_i", "bits_i", "signed_i", *_IN, "in_data_i", *_OUT, "out_data_o",
        ),
        uses=("hwg_dma_pixels", "hwg_codec_gather", "hwg_codec_forward", "hwg_codec_bundle"),
    ),
    UnitSpec(
        "hwg_dma_inverse", "dma", _TURN,
        (
            *_CLOCKED, "row_write_i", "row_addr_i", "row_data_i", "start_i", "busy_o",
            "height_i", "width_i", "channels_i", "bh_i", "bw_i", "bc_i", "kind_i", "klt_i",
            "down_i", "steps_i", "signed_i", "lo_i", "hi_i", *_IN, "in_data_i", "in_count_i",
            "in_block_i", "in_fault_i", "in_last_i", *_OUT, "out_data_o", "out_count_o",
            "out_block_o", "out_fault_o", "out_last_o",
        ),
        uses=(
            "hwg_dma_pixels", "hwg_fifo", "hwg_codec_gather", "hwg_codec_inverse",
            "hwg_codec_bundle",
        ),
    ),
    UnitSpec(
        "hwg_codec_dma", "dma",
        (
            Param("AddrWidth", 13, 64), Param("DataWidth", 64, 128), *_BURSTS, Param("Buffer", 2),
            *_CODER, Param("Values", 16, 4096), Param("Writer", 0, 1), Param("Reader", 0, 1),
            Param("Transform", 0, 1), Param("Kinds", 0, 7), Param("Groups", 0, 512),
            Param("Width", 2, 32), Param("Version", vector=True),
        ),
        (
            *_CLOCKED, "irq_o", *_LITE,
            "s_values_valid_i", "s_values_ready_o", "s_values_data_i", "m_values_valid_o",
            "m_values_ready_i", "m_values_data_o", "m_values_count_o", "m_values_block_o",
            "m_values_fault_o", "m_values_last_o",
            *_axi("aw", "valid_o ready_i id_o addr_o len_o size_o burst_o lock_o cache_o prot_o"),
            *_axi("w", "valid_o ready_i data_o strb_o last_o"),
            *_axi("b", "valid_i ready_o id_i resp_i"),
            *_axi("ar", "valid_o ready_i id_o addr_o len_o size_o burst_o lock_o cache_o prot_o"),
            *_axi("r", "valid_i ready_o id_i data_i resp_i last_i"),
        ),
        uses=(
            "hwg_dma_regs", "hwg_dma_descriptor_check",
            "hwg_dma_writer", "hwg_dma_reader", "hwg_dma_forward",
            "hwg_dma_inverse",
        ),
    ),
)  # fmt: skip
