# SPDX-License-Identifier: Apache-2.0
"""Constraints of clock crossings name the registers that the units have."""

from __future__ import annotations

import re

from hwgen.package.crossing import Crossing, sdc, xdc
from hwgen.units.library import find_unit

FIFO, RESET = Crossing("u_core/u_fifo", 4.0, 2.5), Crossing("u_reset")


def test_every_path_between_the_clocks_has_a_limit() -> None:
    text = xdc([FIFO, RESET])
    for start, end in (("in_gray_q", "in_meet_q"), ("out_gray_q", "out_meet_q")):
        assert re.search(
            rf"set_max_delay -datapath_only -from .*u_core/u_fifo/{start}_reg\[\*\].*"
            rf"-to .*u_core/u_fifo/{end}_reg\[\*\].* 2\.500\n",
            text,
        )
    assert "set_false_path -to" in text
    assert "u_reset/release_q_reg[*]/CLR" in text
    assert text.count("set_max_delay") == 3
    both = sdc([FIFO, RESET])
    assert both.count("set_max_skew") == 2
    assert "*u_core|u_fifo|in_gray_q[*]" in both
    assert both.count("set_max_delay") == 3


def test_registers_are_those_of_the_units() -> None:
    source = (
        find_unit("hwg_cdc_fifo").path.read_text() + find_unit("hwg_reset_sync").path.read_text()
    )
    text = xdc([FIFO, RESET]) + sdc([FIFO, RESET])
    registers = set(re.findall(r"\b(\w+_q)(?:_reg|\b)", text))
    assert registers == {"in_gray_q", "in_meet_q", "out_gray_q", "out_meet_q", "mem_q", "release_q"}
    for register in registers:
        assert re.search(rf"\b{register}\b\s*(<=|\[[^\]]*\]+\s*<=)", source), register
