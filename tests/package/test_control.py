# SPDX-License-Identifier: Apache-2.0
"""The packaged core in simulation: its registers are those of the description."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.package.conftest import Packed

pytestmark = pytest.mark.sim
Control = Callable[..., set[str]]


@pytest.mark.slow
def test_counters_of_two_words_are_read_whole(
    tiny: Packed, control: Control, tmp_path: Path
) -> None:
    begin = (7 << 32) - 2

    def preset(name: str, text: str) -> str:
        if name != "hwg_axil_regs.sv":
            return text
        edited = re.sub(r"(\b(?:in|out)_q +<= )'0;", rf"\g<1>64'd{begin};", text)
        assert edited.count(f"64'd{begin}") == 2
        return edited

    failed = control(tiny, tmp_path, ["high_words_are_held"], preset, begin)
    assert failed == set()


# What is broken, and the claims that must notice.
FAULTS: dict[str, tuple[str, str, str, str]] = {
    "address": ("hwg_axil_regs.sv", "W_BATCH = 4'd10, W_SCRATCH = 4'd11",
                "W_BATCH = 4'd11, W_SCRATCH = 4'd10", "every_register_is_as_described"),
    "constant": ("hwg_tiny_ip.v", ".Interval (32'h00000001)", ".Interval (32'h00000003)",
                 "every_register_is_as_described"),
    "strobe": ("hwg_axil_slave.sv", "{8{w_strb_i[2]}}", "{8{w_strb_i[1]}}",
               "every_register_is_as_described"),
    "field": ("hwg_axil_regs.sv", "{30'd0, control_q}", "{30'd0, control_q[0], control_q[1]}",
              "every_register_is_as_described"),
    "decode": ("hwg_axil_regs.sv", "read_word[WORD_WIDTH-1:4] == '0", "read_word[5:4] == '0",
               "other_addresses_are_refused"),
    "answer": ("hwg_axil_slave.sv", "& (~b_valid_q | b_ready_i);", ";",
               "answers_in_any_order_of_channels"),
    "clear": ("hwg_axil_regs.sv", "      out_d = '0;\n", "", "counts_samples"),
    "gate": ("hwg_axis_split.sv", "rst_ni & (enable_i | busy_q)", "rst_ni",
             "stops_between_samples"),
    "cut": ("hwg_axis_split.sv", "in_last_i | cut;", "in_last_i;", "one_frame_carries_many"),
    "join": ("hwg_axis_join.sv", "in_last_i & final_sample;", "in_last_i;",
             "one_frame_carries_many"),
    "last": ("hwg_axis_join.sv", "left_q == 32'd1", "left_q == 32'd2", "one_frame_carries_many"),
    "sticky": ("hwg_tiny_axis.sv", "frame_error_q | ", "", "tells_a_broken_frame_until_reset"),
    "reset": ("hwg_tiny_ip.v", "aresetn & ~core_reset", "aresetn",
              "reset_forgets_what_is_under_way"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, tiny: Packed, control: Control, tmp_path: Path) -> None:
    file, old, new, claim = FAULTS[fault]

    def broken(name: str, text: str) -> str:
        if name != file:
            return text
        assert text.count(old) == 1, old
        return text.replace(old, new)

    assert control(tiny, tmp_path, [claim], broken) == {claim}


def test_registers_and_streams_do_what_the_description_says(
    wrapped: Packed, control: Control, tmp_path: Path
) -> None:
    assert control(wrapped, tmp_path) == set()


@pytest.mark.ci
def test_a_stream_design_on_two_clocks_does_so_too(
    crossed: Packed, control: Control, tmp_path: Path
) -> None:
    assert control(crossed, tmp_path) == set()
