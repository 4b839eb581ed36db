# SPDX-License-Identifier: Apache-2.0
"""Parameters at which the units of rtl/codec are linted, beside their own."""

from __future__ import annotations

from typing import Any

_SETS = [{"Sets": 4}]
_MANY = {"Coder": 0, "Bits": 15, "Sets": 2, "Weighted": 1}
_FEW = {"Coder": 1, "Bits": 1}
_STEP_ALONE = {"Width": 2, "Bits": 1, "Kinds": 0, "Groups": 0, "Values": 16}
_WIDEST = {"Width": 32, "Bits": 15, "Kinds": 2, "Groups": 64, "Values": 1024}

CODEC: dict[str, list[dict[str, Any]]] = {
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
    "hwg_codec_decode_lane": [_MANY, _FEW],
    "hwg_codec_block_buffer": [{"Lanes": 16, "Bits": 8}, {"Lanes": 3, "Depth": 100}],
    "hwg_codec_block_parse": [{"Lanes": 3, "Coder": 0, "Bits": 8}],
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
    "hwg_codec_encode": [{"Lanes": 3, **_MANY, "Values": 64}],
    "hwg_codec_round": [
        {"InWidth": 8, "Shift": 0, "OutWidth": 20}, {"InWidth": 3, "Shift": 2, "OutWidth": 1}
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
}  # fmt: skip
