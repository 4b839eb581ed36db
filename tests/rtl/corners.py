# SPDX-License-Identifier: Apache-2.0
"""Corner lists: the parameters at which every unit is linted, beside its own defaults.

A new unit gets an entry here: the smallest and the largest legal parameters, and one list for each
branch of its generate blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Corner = Mapping[str, int | str]

_FRAMES: list[Corner] = [
    {"DataWidth": 64, "Container": 8, "Width": 8, "Count": 16},  # the frame fills its beats
    {"DataWidth": 64, "Container": 8, "Width": 1, "Count": 1},  # one beat, spare bytes
    {"DataWidth": 8, "Container": 64, "Width": 33, "Count": 3},  # containers wider than beats
    {"DataWidth": 32, "Container": 16, "Width": 16, "Count": 5},
]
_WORDS: list[Corner] = [
    {"Count": 3072, "Lanes": 3, "Grain": 1},  # pixels of three channels
    {"DataWidth": 8, "Container": 64, "Width": 33, "Count": 3, "Lanes": 1, "Grain": 1},
    {"DataWidth": 64, "Container": 8, "Width": 1, "Count": 1, "Lanes": 1, "Grain": 1},
    {"DataWidth": 32, "Container": 16, "Width": 16, "Count": 20, "Lanes": 20, "Grain": 4},
]
_SIDES: list[Corner] = [
    {"Transform": 1, "Lanes": 2, "Coder": 1, "Width": 20},
    {"Lanes": 4, "DataWidth": 128, "AddrWidth": 64, "Sets": 4, "Weighted": 1},
]
_TURN: list[Corner] = [
    {"Lanes": 4, "Word": 32, "Width": 20, "Groups": 0, "Kinds": 0},
    {"Lanes": 3, "Word": 14, "Width": 2, "Groups": 512, "Values": 16},
]
_SETS: list[Corner] = [{"Sets": 4}]
_MANY: Corner = {"Coder": 0, "Bits": 15, "Sets": 2, "Weighted": 1}
_POINT: Corner = {
    "KernelH": 1, "KernelW": 1, "PadTop": 0, "PadLeft": 0, "PadBottom": 0, "PadRight": 0,
}  # fmt: skip
_FIFOS: list[Corner] = [
    {"Width": bits, "Depth": words, "RamStyle": style}
    for bits, words, style in ((1, 1, 2), (1, 7, 3), (8, 5, 0), (8, 2, 2), (80, 13, 1))
]
_FEW: Corner = {"Coder": 1, "Bits": 1}
_STEP_ALONE: Corner = {"Width": 2, "Bits": 1, "Kinds": 0, "Groups": 0, "Values": 16}
_WIDEST: Corner = {"Width": 32, "Bits": 15, "Kinds": 2, "Groups": 64, "Values": 1024}

CORNERS: Mapping[str, Sequence[Corner]] = {
    "hwg_axis_to_words": _WORDS,
    "hwg_axis_from_words": _WORDS,
    "hwg_delay": [{"Width": 1, "Cycles": 0}, {"Width": 1, "Cycles": 1}, {"Width": 9, "Cycles": 5}],
    "hwg_link_delay": [{"Width": 1}, {"Width": 9, "Cycles": 5}],
    "hwg_valid": [{"Cycles": 1}, {"Cycles": 2}, {"Cycles": 40}],
    "hwg_requant": [
        {"Shift": 0},
        {"Shift": 1, "SatLo": 0},
        {"SatLo": 0, "SatHi": 0},
        {"InWidth": 1, "InSigned": 0, "Shift": 9, "OutWidth": 1},
        {"InWidth": 90, "Shift": 40, "OutWidth": 2, "Lo": "3'sb110", "Hi": "3'sb001"},
        {"InWidth": 4, "OutWidth": 20, "SatHi": 0},
        {"Half": 1, "Shift": 1},
        {"Half": 1, "SatLo": 0, "SatHi": 0},
        {"Half": 1, "InWidth": 1, "InSigned": 0, "Shift": 9, "OutWidth": 1},
        {"Half": 1, "InWidth": 20, "Shift": 6, "Lo": "5'sb11001", "OutWidth": 4},
    ],
    "hwg_thresholds": [
        {"N": 1, "OutWidth": 1, "InWidth": 1},
        {"InSigned": 0, "N": 1},
        {"N": 255, "InWidth": 20, "OutWidth": 8},
    ],
    "hwg_chain": [
        {"Bits": 1, "A": "4'h8", "B": "4'h0", "C": "4'h0", "Leave": 0},
        {"Bits": 5, "A": "20'ha0a8f", "B": "20'h50a07", "C": "20'h00a00", "Majority": 1},
        {"Leave": 1, "C": "16'h0000"},
    ],
    "hwg_max": [
        {"AWidth": 1, "BWidth": 20, "ASigned": 0, "OutWidth": 3, "Least": 1},
        {"OutWidth": 12, "BSigned": 0},
    ],
    "hwg_mul": [
        {"AWidth": 1, "BWidth": 1, "ASigned": 0, "BSigned": 0, "OutWidth": 1},
        {"BWidth": 20, "ASigned": 0, "OutWidth": 3},
        {"OutWidth": 22, "BSigned": 0},
    ],
    "hwg_table": [{"Bits": 1}, {"Bits": 3}, {"Bits": 7}, {"Bits": 8}],
    "hwg_table_pair": [{"Bits": 1}, {"Bits": 3}],
    "hwg_add3": [
        {"ASigned": 0, "AWidth": 1, "AShift": 3, "BSub": 1, "OutWidth": 6},
        {"AShift": 9, "BShift": 8, "CShift": 7, "OutWidth": 7},
        {"AWidth": 20, "OutWidth": 3, "BSub": 1, "CSub": 1},
    ],
    "hwg_serial_add": [
        {"Sub": 1, "Gate": 1, "Start": 1},
        {"Digit": 3, "Sub": 1, "Gate": 2, "Start": 1},
        {"Digit": 2, "Gate": 2, "Fill": "2'b01"},
        {"Digit": 9, "Gate": 1},
    ],
    "hwg_serial_add3": [
        {"Digit": 1, "Gate": 1},
        {"Digit": 4, "Sub": "3'd5", "Gate": 2, "Start": 2, "Fill": "4'd9"},
        {"Digit": 9, "Gate": 3, "Sub": "3'd2", "Start": 1},
    ],
    "hwg_serial_admit": [{"Interval": 1}, {"Interval": 3}, {"Interval": 16}],
    "hwg_serial_const": [{"Digit": 2, "Digits": 8, "Value": "16'd77"}, {"Digits": 1, "Count": 1}],
    "hwg_serial_count": [{"Count": 1}, {"Count": 5}],
    "hwg_serial_delay": [{"Cycles": 2}, {"Width": 3, "Cycles": 17}, {"Cycles": 40}],
    "hwg_serial_first": [{"Cycles": 1}, {"Cycles": 90}],
    "hwg_serial_gate": [{"Width": 1}, {"Width": 3, "Fill": "3'd5"}],
    "hwg_serial_pack": [{"N": 5, "Digit": 2, "Digits": 8}, {"Digits": 1}],
    "hwg_serial_phase": [{}],
    "hwg_serial_requant": [
        {"N": 3, "Half": 1},
        {"Digit": 2, "Shift": 5, "Half": 1, "N": 2},
        {"Digit": 3, "Shift": 7},
        {"Shift": 0, "Width": 6},
        {"Shift": 1, "Signed": 0, "SatLo": 0, "SatHi": 0},
        {"Shift": 2, "Digit": 4, "OutWidth": 7, "Lo": "8'sb11000000", "Hi": "8'sd63"},
        {"Shift": 9, "Digit": 2, "OutWidth": 7, "Lo": "8'sb11000001", "Hi": "8'sd60"},
        {"OutWidth": 1, "Lo": "2'sd0", "Hi": "2'sd1", "Width": 1, "Signed": 0, "SatLo": 0},
    ],
    "hwg_serial_unpack": [
        {"N": 3, "Width": 8, "Digit": 3},
        {"Width": 1, "Signed": 0, "Digit": 4},
        {"Width": 5, "Digit": 5},
    ],
    "hwg_fifo": _FIFOS,
    "hwg_fork": [{"Sinks": 1}, {"Sinks": 5}],
    "hwg_join": [{"Sources": 1}, {"Sources": 5}],
    "hwg_skid": [{"Width": 1}],
    "hwg_narrow": [
        {"Width": 1, "Parts": 1, "Count": 1},
        {"Parts": 4, "Count": 10},
        {"Parts": 4, "Count": 3},
        {"Width": 20, "Parts": 9, "Count": 9},
    ],
    "hwg_widen": [
        {"Width": 1, "Parts": 1, "Count": 1},
        {"Parts": 4, "Count": 10},
        {"Parts": 4, "Count": 9},
        {"Parts": 4, "Count": 3},
        {"Width": 20, "Parts": 9, "Count": 9},
    ],
    "hwg_dot": [
        {"Count": 1, "AWidth": 1, "WWidth": 1, "WSigned": 0, "SumWidth": 1},
        {"Count": 5, "Rows": 2, "Dsp": 2, "ASigned": 1, "SumWidth": 24},
        {"Count": 9, "Rows": 2, "Dsp": 1, "AWidth": 16, "WWidth": 3},
        {"Count": 64, "Dsp": 0, "SumWidth": 12},
    ],
    "hwg_matvec": [
        {"PE": 1, "SIMD": 1, "Rows": 1, "Columns": 1, "AWidth": 1, "WWidth": 1, "AccWidth": 2},
        {"PE": 3, "SIMD": 4, "Rows": 10, "Columns": 9, "Dsp": 2, "BufferRam": 2, "ASigned": 1},
        {"PE": 2, "SIMD": 3, "Rows": 5, "Columns": 9, "Depthwise": 1, "Dsp": 1},
        {"PE": 4, "SIMD": 8, "Columns": 8, "Rows": 4, "BufferRam": 0, "AccWidth": 40},
        {"PE": 2, "SIMD": 8, "Columns": 8, "Rows": 8, "WSigned": 0},
    ],
    "hwg_popcount": [{"Count": 1}, {"Count": 2}, {"Count": 5}, {"Count": 6}, {"Count": 100}],
    "hwg_xnor_matvec": [
        {"PE": 1, "SIMD": 1, "Rows": 1, "Columns": 1, "AccWidth": 2, "SignOnly": 1},
        {"PE": 3, "SIMD": 40, "Rows": 7, "Columns": 90, "AccWidth": 9, "Masked": 1, "BufferRam": 0},
        {"Height": 3, "Width": 5, "KindBits": 2, "KindsX": 3, "Kinds": 9, "SignOnly": 1},
        {"PE": 4, "SIMD": 16, "BufferRam": 2},
    ],
    "hwg_bit_planes": [
        {"PE": 1, "SIMD": 1, "Rows": 1, "Columns": 1, "AWidth": 1, "WWidth": 1, "AccWidth": 2},
        {"PE": 3, "SIMD": 9, "Rows": 10, "Columns": 40, "BufferRam": 2, "Tables": 3},
        {"PE": 2, "SIMD": 33, "Rows": 5, "Columns": 66, "SignOnly": 1, "BufferRam": 0},
    ],
    "hwg_constants": [{"Depth": 1}, {"Width": 3, "Depth": 100}],
    "hwg_stream_requant": [
        {"Lanes": 1, "InWidth": 1, "InSigned": 0, "OutWidth": 1},
        {"Up": 3, "Shift": 0, "OutWidth": 11, "SatLo": 0, "SatHi": 0},
        {"Leaky": 1, "NegUp": 1, "NegShift": 4, "Hi": "5'sd7", "NegLo": "5'sb11101"},
        {"Leaky": 1, "InSigned": 0},
        {"Half": 1, "InWidth": 30},
    ],
    "hwg_stream_mulshift": [
        {"Lanes": 1, "Turns": 1, "InWidth": 1, "FactorWidth": 1, "SumWidth": 2, "Shift": 0},
        {"Shift": 40, "OutWidth": 20, "Dsp": 1, "InSigned": 0},
        {"InWidth": 24, "FactorWidth": 18, "SumWidth": 44, "Shift": 20, "Turns": 7},
    ],
    "hwg_stream_thresholds": [
        {"Lanes": 1, "Turns": 1, "Levels": 1, "InWidth": 1, "OutWidth": 1, "InSigned": 0},
        {"Levels": 4, "Turns": 5, "ValueTurns": 5, "OutWidth": 7},
        {"Levels": 8, "Turns": 1, "Lanes": 1, "OutWidth": 8},
    ],
    "hwg_stream_add": [
        {
            "Lanes": 1,
            "AWidth": 1,
            "BWidth": 1,
            "SumWidth": 2,
            "OutWidth": 2,
            "SatLo": 0,
            "SatHi": 0,
        },
        {"ASigned": 0, "AShift": 3, "BSub": 1, "SumWidth": 13, "Shift": 4, "OutWidth": 6},
        {"BSigned": 0, "BShift": 20, "SumWidth": 40, "OutWidth": 40, "SatLo": 0, "SatHi": 0},
    ],
    "hwg_stream_concat": [
        {"Sources": 1},
        {"Sources": 3, "Width": 1, "MaxCount": 300, "Counts": "96'h7_00000001_0000012c"},
    ],
    "hwg_stream_extend": [
        {"InWidth": 1, "OutWidth": 1},
        {"Lanes": 3, "InWidth": 4, "OutWidth": 9, "Signed": 1},
    ],
    "hwg_pool": [
        {"Taps": 1, "Lanes": 1, "Width": 1, "OutWidth": 1},
        {"Taps": 9, "Kind": 1, "OutWidth": 12},
        {"Taps": 25, "Signed": 0},
        {"Taps": 4, "Kind": 1, "OutWidth": 5},
    ],
    "hwg_pool_blocks": [
        {"W": 1, "H": 1, "BlockH": 1, "BlockW": 1, "Lanes": 1},
        {"W": 7, "H": 5, "CF": 3, "BlockH": 3, "Kind": 1, "OutWidth": 12, "RamStyle": 2},
        {"H": 1, "BlockH": 1, "Signed": 0, "RamStyle": 0},
        {"BlockW": 1, "Kind": 1, "OutWidth": 16},
    ],
    "hwg_upsample": [
        {"W": 1, "H": 1, "FactorH": 1, "FactorW": 1, "Width": 1},
        {"CF": 3, "FactorW": 3, "RowRam": 2, "PixelRam": 2},
        {"W": 5, "CF": 2, "FactorH": 1, "PixelRam": 0},
        {"W": 1, "FactorW": 1, "FactorH": 4, "RowRam": 0},
    ],
    "hwg_reorder": [
        {"Outer": 1, "Middle": 1, "Inner": 1},
        {"Outer": 16, "Middle": 8, "Inner": 8, "MiddleStep": 128, "InnerStep": 16, "RamStyle": 2},
        {"Outer": 1, "Middle": 1, "Inner": 5, "InnerStep": 1},
    ],
    "hwg_reset_sync": [{"Stages": 3}],
    "hwg_reset_pair": [{"Stages": 3}],
    "hwg_level_sync": [{"Stages": 3}],
    "hwg_axis_cross": [{"DataWidth": 8, "Depth": 4}, {"DataWidth": 512, "Stages": 3}],
    "hwg_cdc_fifo": [{"Width": 1, "Depth": 4}, {"Width": 40, "Depth": 32, "Stages": 3}],
    "hwg_crop": [
        {"W": 1, "H": 1, "Top": 0, "Left": 0, "Bottom": 0, "Right": 0, "Width": 1},
        {"W": 9, "H": 4, "CF": 3, "Top": 3, "Bottom": 0},
    ],
    "hwg_pad": [
        {"W": 1, "H": 1, "Top": 0, "Left": 0, "Bottom": 0, "Right": 0, "Width": 1},
        {"W": 5, "H": 4, "CF": 3, "Top": 0, "Right": 7, "Pad": "8'd255"},
    ],
    "hwg_line": [
        {"Width": 1, "Depth": 1},
        {"Depth": 3, "RamStyle": 0},
        {"Depth": 2, "RamStyle": 2},
        {"Depth": 500},
    ],
    "hwg_tap_lines": [
        {"Width": 1, "Lines": 1, "Depth": 1},
        {"Lines": 3, "Depth": 3, "RamStyle": 0},
        {"Depth": 2, "RamStyle": 2},
        {"Lines": 1, "Depth": 500},
    ],
    "hwg_window": [
        {"W": 1, "H": 1, "Width": 1, **_POINT},
        {"W": 3, "H": 1, "CF": 5, **_POINT, "KernelW": 3, "PadLeft": 2, "RowRam": 0},
        {"H": 1, **_POINT, "KernelW": 5, "PadLeft": 2, "PadRight": 2, "Border": 1},
        {"CF": 4, "RowRam": 2, "ColumnRam": 2, "TapByTap": 1, "Pad": "8'd3"},
        {"CF": 2, **_POINT, "KernelH": 3, "KernelW": 3, "StrideH": 2, "StrideW": 3},
        {"KernelH": 1, "PadTop": 0, "PadBottom": 0, "DilationW": 2, "PadLeft": 2, "PadRight": 2},
        {"KernelW": 1, "PadLeft": 0, "PadRight": 0, "StrideW": 2, "Width": 128},
        {
            "KernelH": 5,
            "KernelW": 5,
            "PadTop": 2,
            "PadLeft": 2,
            "PadBottom": 2,
            "PadRight": 2,
            "RowRam": 2,
        },
        {
            "W": 32,
            "H": 32,
            "CF": 3,
            "DilationH": 2,
            "DilationW": 2,
            "PadTop": 2,
            "PadLeft": 4,
            "PadRight": 0,
        },
    ],
    "hwg_stream_check": [{"Width": 1}, {"Width": 100}],
    "hwg_flow_buffer": [*_FIFOS, {"Interval": 5}],
    "hwg_bist": [
        {"Samples": 1, "Width": 1, "Latency": 1},
        {"Samples": 300, "Width": 33, "Latency": 5},
    ],
    "hwg_bist_source": [{"Words": 1, "Width": 1}, {"Words": 15_680, "Width": 4, "Seed": 65_536}],
    "hwg_bist_sink": [
        {"Words": 1, "Width": 1, "Cycles": 1},
        {"Words": 100, "Width": 33, "Cycles": 2**27, "Seed": 101},
    ],
    "hwg_harness": [{"InWidth": 1, "OutWidth": 1}, {"InWidth": 70, "OutWidth": 33}],
    "hwg_axis_unpack": _FRAMES,
    "hwg_axis_split": [{"DataWidth": 8, "Beats": 7}, {"DataWidth": 512, "Beats": 8}],
    "hwg_axis_join": [{"DataWidth": 8}],
    "hwg_axil_regs": [{"AddrWidth": 6}, {"AddrWidth": 7, "Version": "32'd65536"}],
    "hwg_axi_read": [
        {"DataWidth": 128, "MaxBurst": 256, "Depth": 512, "BeatsWidth": 9},
        {"DataWidth": 32, "MaxBurst": 1, "Depth": 1, "Outstanding": 1, "BeatsWidth": 4},
    ],
    "hwg_dma_grid": [{"SideWidth": 32}],
    "hwg_reg_bank": [{"Words": 16}],
    "hwg_dma_descriptor": [{"AddrWidth": 64}],
    "hwg_dma_status": [{"Width": 12}],
    "hwg_dma_regs": [{"Transform": 1}],
    "hwg_dma_bank": [
        {"AddrWidth": 64, "Transform": 1},
        {"Reader": 1, "Transform": 1, "Counter": 12},
    ],
    "hwg_dma_tables": [{"Coder": 1, "Sets": 16, "Weighted": 1, "Groups": 512}, {"Writer": 0}],
    "hwg_dma_run": [],
    "hwg_dma_tensor": [
        {"AddrWidth": 64, "Transform": 1, "Coder": 1, "Sets": 16},
        {"Reader": 1, "Transform": 1, "Groups": 512, "Kinds": 0},
        {"Reader": 1, "Present": 0},
    ],
    "hwg_dma_places": [{"Depth": 1}],
    "hwg_dma_map_in": [*_TURN, {"Built": 0, "Bits": 8, "Word": 8, "Lanes": 3}],
    "hwg_dma_map_out": [*_TURN, {"Built": 0, "Bits": 8, "Word": 8, "Lanes": 3}],
    "hwg_dma_source": [{"Width": 1}],
    "hwg_dma_deliver": [{"Width": 1}, {"Width": 64, "CountWidth": 3}],
    "hwg_dma_write_side": [*_SIDES, {"Present": 0}, {"Transform": 1, "Present": 0}],
    "hwg_dma_read_side": [*_SIDES, {"Present": 0}, {"Transform": 1, "Present": 0}],
    "hwg_dma_transform": [{"Limits": 0}],
    "hwg_dma_pixels": [{"SideWidth": 32}],
    "hwg_dma_forward": _TURN,
    "hwg_dma_inverse": _TURN,
    "hwg_dma_reader": [{"Coder": 1, "Lanes": 4, "Sets": 2, "DataWidth": 128}],
    "hwg_dma_writer": [{"Coder": 1, "Lanes": 4, "Sets": 2, "DataWidth": 128}],
    "hwg_dma_descriptor_check": [
        {"Bits": 15, "Sets": 16, "Transform": 1, "Groups": 0, "Kinds": 0},
        {"Values": 16, "Present": 0, "Align": 3},
        {"Transform": 1, "Groups": 512},
    ],
    "hwg_codec_dma": [
        {"Writer": 0, "Coder": 1, "Sets": 4, "Weighted": 1},
        {"Reader": 0, "AddrWidth": 64, "Lanes": 4, "DataWidth": 128},
        {"Sets": 16, "AddrWidth": 64, "Bits": 15, "Weighted": 1, "Lanes": 3},
        {"Transform": 1, "Kinds": 3, "Weighted": 1},
        {"Transform": 1, "Lanes": 4, "Coder": 1, "Bits": 14, "Width": 9, "Groups": 0, "Kinds": 0},
        {"Transform": 1, "Writer": 0, "Lanes": 2, "Width": 32, "Groups": 1},
        {"Transform": 1, "Reader": 0, "Lanes": 2, "Width": 20},
    ],
    "hwg_axil_slave": [{"AddrWidth": 3}, {"Wait": 1}],
    "hwg_dma_widen": [{"DataWidth": 128}],
    "hwg_dma_narrow": [{"DataWidth": 128, "WordsWidth": 2}],
    "hwg_dma_fetch": [{"DataWidth": 128, "AddrWidth": 64, "MaxBurst": 256, "Depth": 512}],
    "hwg_dma_store": [{"DataWidth": 128, "AddrWidth": 64, "MaxBurst": 256, "Depth": 512}],
    "hwg_axi_write": [
        {"DataWidth": 128, "MaxBurst": 256, "Depth": 512, "AddrWidth": 64},
        {"DataWidth": 32, "MaxBurst": 1, "Depth": 2, "Outstanding": 1},
    ],
    "hwg_axis_pack": [*_FRAMES, {"Signed": 0, "Width": 3}],
    "hwg_codec_table": [{"Width": 1, "Depth": 2}, {"Width": 5, "Depth": 6, "HasInit": 1}],
    "hwg_codec_window": [{"Words": 2}, {"Words": 1024}],
    "hwg_codec_crc": [{"Width": 1}, {"Width": 16}],
    "hwg_codec_context": [{"Lag": 1}, {"Weighted": 1}, {"Weighted": 1, "Sets": 16}],
    "hwg_codec_interleave": [{"Width": 1, "Backwards": 1}],
    "hwg_codec_tans_decode": _SETS,
    "hwg_codec_huffman_decode": _SETS,
    "hwg_codec_value": [{"Bits": 1}, {"Bits": 15}],
    "hwg_codec_magnitude": [{"Bits": 8}],
    "hwg_codec_verdict": [{"Coder": 0, "Place": 1}],
    "hwg_codec_decode_lane": [_MANY, _FEW, {"Coder": 0, "Sets": 2}, {"Weighted": 1}],
    "hwg_codec_block_buffer": [{"Lanes": 16, "Bits": 8}, {"Lanes": 3, "Depth": 100}],
    "hwg_codec_block_parse": [{"Lanes": 3, "Coder": 0, "Bits": 8}, {"Lanes": 16}],
    "hwg_codec_decode": [{"Lanes": 3, **_MANY}],
    "hwg_codec_token": [],
    "hwg_codec_context_scan": [{"Bits": 1}, {"Bits": 15, "Sets": 2, "Weighted": 1}],
    "hwg_codec_raw": [],
    "hwg_codec_huffman_encode": _SETS,
    "hwg_codec_tans_encode": _SETS,
    "hwg_codec_pack": [{"Words": 4}],
    "hwg_codec_entropy_encode": [{"Coder": 0, "Bits": 15, "Sets": 2, "Values": 16, "Words": 128}],
    "hwg_codec_block_write": [{"Coder": 0, "Words": 4, "Raws": 4}],
    "hwg_codec_encode_lane": [_MANY, {**_FEW, "Values": 16}],
    "hwg_codec_gather": [{"Lanes": 1, "Bits": 1, "Depth": 4}, {"Lanes": 3, "Depth": 40}],
    "hwg_codec_bundle": [{"Lanes": 1, "Bits": 1}, {"Lanes": 3}],
    "hwg_codec_encode": [{"Lanes": 3, **_MANY, "Values": 64}, {"Coder": 0, "Lanes": 2}],
    "hwg_codec_round": [
        {"InWidth": 8, "Shift": 0, "OutWidth": 20},
        {"InWidth": 3, "Shift": 2, "OutWidth": 1},
    ],
    "hwg_codec_butterfly": [{"Kind": 1}, {"Kind": 3, "Width": 1}, {"Inverse": 1}],
    "hwg_codec_patch": [{"Kind": 1, "Pace": 2}, {"Kind": 3, "Inverse": 1, "Width": 24}],
    "hwg_codec_quantise": [{"Width": 2, "Bits": 1}, {"Width": 32, "Bits": 15}],
    "hwg_codec_dequantise": [{"Bits": 1}, {"Bits": 15}],
    "hwg_codec_klt8": [{"Groups": 1}],
    "hwg_codec_mix": [{"Groups": 0}, {"Groups": 1}, {"Groups": 64}],
    "hwg_codec_spatial": [{"Kinds": 0}, {"Kinds": 1, "Width": 1}, {"Kinds": 6, "Inverse": 1}],
    "hwg_codec_extent": [{"Groups": 0}, {"Groups": 64}],
    "hwg_codec_patch_scan": [{"Values": 2}],
    "hwg_codec_scan": [{"Values": 16, "Groups": 0}],
    "hwg_codec_blocks": [{"Inverse": 1}, {"Values": 16, "Groups": 0}],
    "hwg_codec_forward": [_STEP_ALONE, _WIDEST],
    "hwg_codec_inverse": [_STEP_ALONE, _WIDEST],
}
