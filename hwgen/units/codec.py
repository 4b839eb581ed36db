# SPDX-License-Identifier: Apache-2.0
"""The units of rtl/codec/: the coder of feature maps."""

from __future__ import annotations

from hwgen.units.spec import Param, UnitSpec

_CLOCKED = ("clk_i", "rst_ni")
_FLAG = (0, 1)
_SETS, _BITS, _CODER = Param("Sets", 1), Param("Bits", 1, 15), Param("Coder", *_FLAG)
_WEIGHTED = Param("Weighted", *_FLAG)
_INVERSE, _GROUPS, _PLACES = Param("Inverse", *_FLAG), Param("Groups", 0), Param("Values", 2)
_KINDS, _PIXELS = Param("Kinds", 0, 7), Param("Values", 16)
_TRANSFORM = (Param("Kind", 1, 3), _INVERSE, Param("Width", 1))
_MAPPED = (Param("Width", 2, 32), _BITS, _KINDS, _GROUPS, _PIXELS)


def _ports(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}{name}" for name in names.split())


_TABLE = _ports("table_", "write_i addr_i data_i")
_WEIGHT = _ports("weight_", "write_i addr_i data_i")
_TOKEN = ("direct_o", "token_o", "extra_width_o", "extra_o")
_STATES = _ports("states_", "write_i addr_i data_i")
_FORMAT = ("bits_i", "signed_i", "set_i", "transformed_i", "stored_i", "key_i")
_PIECE = ("set_i", "ctx_i", "token_i", "extra_width_i", "extra_i", "piece_o", "len_o")
_ROW = _ports("row_", "write_i addr_i data_i")
_SPAN = _ports("block_", "valid_i ready_o h_i w_i c_i")
_VALUES = (*_ports("in_", "valid_i ready_o value_i"), *_ports("out_", "valid_o ready_i value_o"),
           "out_last_o")  # fmt: skip
_BLOCKS = (
    *_ports("out_block_", "valid_o ready_i words_o mode_o final_o"),
    *_ports("out_", "valid_o ready_i data_o last_o"),
)

CODEC = (
    UnitSpec(
        "hwg_codec_table", "codec",
        (
            Param("Width", 1), Param("Depth", 2), Param("HasInit", *_FLAG),
            Param("Init", vector=True),
        ),
        ("clk_i", *_ports("write_", "i addr_i data_i"), "addr_i", "data_o"),
        latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_codec_window", "codec", (Param("Words", 2),),
        ("clk_i", *_ports("write_", "i bank_i addr_i data_i"), "bank_i", "pos_i", "bits_o"),
        latency=lambda _: 2,
    ),
    UnitSpec("hwg_codec_crc", "codec", (Param("Width", 1),), ("crc_i", "data_i", "crc_o")),
    UnitSpec(
        "hwg_codec_context", "codec", (Param("Lag", 1), _WEIGHTED, _SETS),
        (
            *_CLOCKED, *_WEIGHT, "due_i", "last_i", "first_row_i", "first_col_i", "one_col_i",
            "chans_i", "chan_i", "set_i", "ctx_o", "mag_i",
        ),
        uses=("hwg_codec_table", "hwg_valid", "hwg_delay"), latency=lambda _: 2,
    ),
    UnitSpec(
        "hwg_codec_interleave", "codec", (Param("Width", 1), Param("Backwards", *_FLAG)),
        (
            *_CLOCKED, *_ports("in_", "valid_i ready_o rows_i cols_i chans_i data_i"), "go_i",
            "turn_o", "first_o", "due_o", "last_o", "first_row_o", "first_col_o", "one_col_o",
            "chan_o", "chans_o", "bank_o", "data_o", "closing_o", "tail_o", "used_o",
            "past_bank_o", "past_data_o",
        ),
    ),
    UnitSpec(
        "hwg_codec_tans_decode", "codec", (_SETS,),
        (
            "clk_i", *_TABLE, "set_i", "ctx_i", "first_i", "init_i", "state_o", "bits_i",
            "valid_i", "raw_i", "raw_width_i", "take_o", *_TOKEN,
        ),
        uses=("hwg_codec_table",), latency=lambda _: 4,
    ),
    UnitSpec(
        "hwg_codec_huffman_decode", "codec", (_SETS,),
        (
            "clk_i", *_TABLE, "set_i", "ctx_i", "bits_i", "valid_i", "raw_i",
            "raw_width_i", "take_o", *_TOKEN,
        ),
        uses=("hwg_codec_table",), latency=lambda _: 4,
    ),
    UnitSpec(
        "hwg_codec_value", "codec", (_BITS,),
        (
            "clk_i", "direct_i", "token_i", "extra_width_i", "extra_i", "bits_i", "signed_i",
            "empty_i", "mag_o", "over_o", "value_o",
        ),
        uses=("hwg_codec_magnitude",), latency=lambda _: 2,
    ),
    UnitSpec(
        "hwg_codec_magnitude", "codec", (Param("Bits", 8, 15),), ("coded_i", "signed_i", "mag_o")
    ),
    UnitSpec(
        "hwg_codec_verdict", "codec", (_CODER, Param("Place", 1)),
        (
            *_CLOCKED, "mode_i", "fault_i", "tail_i", "used_i", "closing_i", "turn_i", "stand_i",
            "end_i", "state_i", "over_i", "finished_i",
            *_ports("done_", "valid_o fault_o mode_o"),
        ),
        latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_codec_decode_lane", "codec", (_CODER, _BITS, _SETS, _WEIGHTED),
        (
            *_CLOCKED, *_TABLE, *_WEIGHT, *_ports("word_", "write_i bank_i addr_i data_i"),
            *_ports("sub_", "write_i bank_i thread_i begin_i end_i state_i"),
            *_ports("block_", "valid_i ready_o fault_i mode_i bits_i signed_i set_i rows_i cols_i"),
            "block_chans_i", "space_i", "value_valid_o", "value_o", "value_last_o",
            "done_valid_o", "done_fault_o", "done_mode_o",
        ),
        uses=(
            "hwg_codec_interleave", "hwg_codec_context",
            "hwg_delay", "hwg_valid", "hwg_codec_window",
            "hwg_codec_huffman_decode", "hwg_codec_tans_decode", "hwg_codec_value",
            "hwg_codec_verdict",
        ),
        latency=lambda _: 8,
    ),
    UnitSpec(
        "hwg_codec_block_buffer", "codec",
        (Param("Lanes", 1), Param("Bits", 1), Param("Depth", 16), Param("NoteWidth", 1)),
        (
            *_CLOCKED, "space_o", *_ports("in_", "valid_i value_i last_i"), "note_valid_i",
            "note_i", "all_i", *_ports("out_", "valid_o read_i last_o count_o note_o data_o"),
        ),
        uses=("hwg_fifo",), latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_codec_block_parse", "codec", (Param("Lanes", 1), _CODER, _BITS),
        (
            *_CLOCKED, "set_i", "transformed_i", "key_i",
            *_ports("block_", "valid_i ready_o number_i h_i w_i c_i fault_i"),
            *_ports("word_", "valid_i ready_o data_i error_i last_i"), "free_i", "claim_o",
            "lane_o", "bank_o", *_ports("word_", "write_o addr_o data_o"),
            *_ports("sub_", "write_o thread_o begin_o end_o state_o"),
            *_ports("out_", "valid_o ready_i fault_o mode_o rows_o cols_o chans_o"),
        ),
        uses=("hwg_fifo", "hwg_codec_crc"),
    ),
    UnitSpec(
        "hwg_codec_decode", "codec",
        (Param("Lanes", 1, 16), _CODER, _BITS, _SETS, _WEIGHTED, Param("Depth", 16)),
        (
            *_CLOCKED, *_TABLE, *_WEIGHT, "bits_i", "signed_i", "set_i", "transformed_i", "key_i",
            *_ports("block_", "valid_i ready_o number_i h_i w_i c_i fault_i"),
            *_ports("word_", "valid_i ready_o data_i error_i last_i"), "strict_i",
            *_ports("out_", "valid_o ready_i data_o count_o last_o mode_o fault_o"),
        ),
        uses=(
            "hwg_codec_block_parse", "hwg_codec_decode_lane",
            "hwg_codec_block_buffer", "hwg_valid", "hwg_flow_buffer"
        ),
    ),
    UnitSpec(
        "hwg_codec_token", "codec", (Param("Bits", 15, 15),),
        ("coded_i", "token_o", "extra_width_o", "extra_o"),
    ),
    UnitSpec(
        "hwg_codec_context_scan", "codec", (_BITS, _SETS, _WEIGHTED),
        (
            *_CLOCKED, *_WEIGHT, "bits_i", "signed_i", "set_i",
            *_ports("block_", "valid_i ready_o rows_i cols_i chans_i"), "go_i",
            *_ports("in_", "valid_i ready_o value_i"),
            *_ports("out_", "valid_o place_o coded_o ctx_o"), *_ports("done_", "o words_o any_o"),
        ),
        uses=("hwg_valid", "hwg_codec_context", "hwg_codec_magnitude"), latency=lambda _: 3,
    ),
    UnitSpec(
        "hwg_codec_raw", "codec", (Param("Bits", 15, 15),),
        (
            *_CLOCKED, "bits_i", *_ports("in_", "valid_i value_i last_i"), "write_o", "place_o",
            "word_o", "last_o",
        ),
        latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_codec_huffman_encode", "codec", (_SETS,), ("clk_i", *_TABLE, "valid_i", *_PIECE),
        uses=("hwg_codec_table",), latency=lambda _: 3,
    ),
    UnitSpec(
        "hwg_codec_tans_encode", "codec", (_SETS,),
        ("clk_i", *_STATES, *_TABLE, "valid_i", "first_i", "finish_i", *_PIECE),
        uses=("hwg_codec_table", "hwg_delay"), latency=lambda _: 5,
    ),
    UnitSpec(
        "hwg_codec_pack", "codec", (Param("Words", 4),),
        (
            *_CLOCKED, "piece_i", "len_i", "block_i", "start_i", "flush_i", "limit_i", "write_o",
            "write_addr_o", "word_o", "before_o", "used_o", "head_o", "halves_o", "cut_o",
            "lost_o",
        ),
        latency=lambda _: 2,
    ),
    UnitSpec(
        "hwg_codec_entropy_encode", "codec", (_CODER, _BITS, _SETS,
        Param("Values", 16), Param("Words", 128)),
        (
            *_CLOCKED, *_STATES, *_TABLE,
            *_ports("block_", "valid_i ready_o rows_i cols_i chans_i last_i words_i"), "ended_o",
            "set_i", "value_place_o", "value_i", "value_ctx_i",
            *_ports("out_", "valid_o ready_i heads_o halves_o cuts_o total_o lost_o"),
            *_ports("word_", "addr_i o next_o"),
        ),
        uses=(
            "hwg_codec_interleave", "hwg_valid", "hwg_delay", "hwg_codec_token",
            "hwg_codec_huffman_encode", "hwg_codec_tans_encode", "hwg_codec_pack",
            "hwg_codec_table", "hwg_fifo",
        ),
    ),
    UnitSpec(
        "hwg_codec_block_write", "codec", (_CODER, Param("Words", 4), Param("Raws", 4)),
        (
            *_CLOCKED, "set_i", "transformed_i", "key_i",
            *_ports("block_", "valid_i ready_o number_i final_i words_i any_i strung_i"),
            *_ports("string_", "heads_i halves_i cuts_i total_i lost_i"), "raw_addr_o", "raw_i",
            *_ports("word_", "addr_o i next_i"), *_BLOCKS,
        ),
        uses=("hwg_codec_crc", "hwg_fifo"),
    ),
    UnitSpec(
        "hwg_codec_encode_lane", "codec",
        (_CODER, _BITS, _SETS, _WEIGHTED, Param("Values", 16, 4096)),
        (
            *_CLOCKED, *_STATES, *_TABLE, *_WEIGHT, *_FORMAT,
            *_ports("block_", "valid_i ready_o number_i final_i rows_i cols_i chans_i"),
            *_ports("in_", "valid_i ready_o value_i"), *_BLOCKS,
        ),
        uses=(
            "hwg_codec_context_scan", "hwg_codec_raw",
            "hwg_codec_table", "hwg_fifo", "hwg_codec_entropy_encode",
            "hwg_codec_block_write",
        ),
    ),
    UnitSpec(
        "hwg_codec_gather", "codec", (Param("Lanes", 1), Param("Bits", 1), Param("Depth", 4)),
        (
            *_CLOCKED, *_ports("in_", "valid_i ready_o data_i count_i"),
            *_ports("out_", "valid_o ready_i value_o"),
        ),
        uses=("hwg_codec_table",), latency=lambda _: 3,
    ),
    UnitSpec(
        "hwg_codec_bundle", "codec", (Param("Lanes", 1), Param("Bits", 1)),
        (
            *_CLOCKED, *_ports("in_", "valid_i ready_o value_i last_i"),
            *_ports("out_", "valid_o ready_i data_o"),
        ),
        latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_codec_encode", "codec",
        (Param("Lanes", 1, 16), _CODER, _BITS, _SETS, _WEIGHTED, Param("Values", 16)),
        (
            *_CLOCKED, *_STATES, *_TABLE, *_WEIGHT, *_FORMAT,
            *_ports("block_", "valid_i ready_o number_i h_i w_i c_i values_i final_i"),
            *_ports("in_", "valid_i ready_o data_i"), *_BLOCKS,
        ),
        uses=(
            "hwg_fifo", "hwg_codec_gather", "hwg_codec_encode_lane", "hwg_valid",
            "hwg_codec_block_buffer", "hwg_flow_buffer",
        ),
    ),
    UnitSpec(
        "hwg_codec_round", "codec",
        (Param("InWidth", 1), Param("Shift", 0), Param("OutWidth", 1)), ("data_i", "data_o"),
    ),
    UnitSpec("hwg_codec_butterfly", "codec", _TRANSFORM, ("data_i", "data_o")),
    UnitSpec(
        "hwg_codec_patch", "codec", (*_TRANSFORM, Param("Pace", 1)),
        (*_CLOCKED, "in_valid_i", "in_data_i", "out_valid_o", "out_data_o"),
        uses=("hwg_codec_butterfly",), latency=lambda _: 3,
    ),
    UnitSpec(
        "hwg_codec_quantise", "codec", (Param("Width", 2, 32), _BITS),
        ("clk_i", "z_i", "scale_i", "shift_i", "bits_i", "signed_i", "value_o"),
        latency=lambda _: 5,
    ),
    UnitSpec(
        "hwg_codec_dequantise", "codec", (_BITS,),
        ("clk_i", "value_i", "signed_i", "step_i", "z_o"), uses=("hwg_codec_round",),
        latency=lambda _: 2,
    ),
    UnitSpec(
        "hwg_codec_klt8", "codec", (Param("Groups", 1),),
        (
            *_CLOCKED, *_ports("row_", "write_i addr_i data_i"),
            *_ports("in_", "valid_i ready_o group_i data_i"), "out_valid_o", "out_value_o",
        ),
        uses=("hwg_codec_table", "hwg_codec_round", "hwg_valid"), latency=lambda _: 6,
    ),
    UnitSpec(
        "hwg_codec_mix", "codec", (_GROUPS,),
        (
            *_CLOCKED, "klt_i", *_ROW, *_ports("in_", "valid_i value_i group_i last_i"),
            *_ports("out_", "valid_o value_o last_o"),
        ),
        uses=("hwg_codec_klt8", "hwg_valid"), latency=lambda _: 7,
    ),
    UnitSpec(
        "hwg_codec_spatial", "codec", (_INVERSE, Param("Width", 1), _KINDS),
        (
            *_CLOCKED, "kind_i", *_ports("in_", "valid_i value_i last_i"),
            *_ports("out_", "valid_o value_o class_o last_o"),
        ),
        uses=("hwg_codec_patch",), latency=lambda _: 5,
    ),
    UnitSpec(
        "hwg_codec_extent", "codec", (_GROUPS,),
        (
            *_CLOCKED, "kind_i", "channels_i", *_ports("in_", "valid_i ready_o h_i w_i c_i"),
            *_ports("out_", "valid_o ready_i rows_o cols_o chans_o stride_o pixels_o coefs_o"),
            "out_group_o",
        ),
    ),
    UnitSpec(
        "hwg_codec_patch_scan", "codec", (_PLACES,),
        (
            *_CLOCKED, "kind_i", "start_i", "rows_i", "cols_i", "chans_i", "stride_i", "go_i",
            "valid_o", "addr_o", "inside_o", "last_o",
        ),
        latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_codec_scan", "codec", (_PLACES, _GROUPS),
        (
            *_CLOCKED, "start_i", "count_i", "chans_i", "group_i", "go_i", "valid_o", "addr_o",
            "group_o", "last_o",
        ),
        latency=lambda _: 1,
    ),
    UnitSpec(
        "hwg_codec_blocks", "codec", (_INVERSE, _PIXELS, _GROUPS),
        (
            *_CLOCKED, "kind_i", "channels_i", *_SPAN,
            *_ports("accept_", "valid_o go_i first_o last_o group_o"),
            *_ports("write_", "go_i last_i addr_o inside_o"),
            *_ports("read_", "valid_o go_i addr_o group_o last_o"),
        ),
        uses=("hwg_codec_extent", "hwg_codec_patch_scan", "hwg_codec_scan"),
    ),
    UnitSpec(
        "hwg_codec_forward", "codec", _MAPPED,
        (
            *_CLOCKED, *_ROW, "channels_i", "kind_i", "klt_i", "down_i", "shift_i", "scales_i",
            "bits_i", "signed_i", *_SPAN, *_VALUES,
        ),
        uses=(
            "hwg_codec_blocks", "hwg_codec_round", "hwg_valid", "hwg_codec_mix", "hwg_codec_table",
            "hwg_codec_spatial", "hwg_codec_quantise", "hwg_delay", "hwg_flow_buffer",
        ),
    ),
    UnitSpec(
        "hwg_codec_inverse", "codec", _MAPPED,
        (
            *_CLOCKED, *_ROW, "channels_i", "kind_i", "klt_i", "down_i", "steps_i", "signed_i",
            "lo_i", "hi_i", *_SPAN, *_VALUES,
        ),
        uses=(
            "hwg_codec_blocks", "hwg_codec_dequantise", "hwg_valid", "hwg_codec_spatial",
            "hwg_codec_round", "hwg_codec_table", "hwg_codec_mix", "hwg_flow_buffer",
        ),
    ),
)  # fmt: skip
