# SPDX-License-Identifier: Apache-2.0
"""Vivado's reports, in its form for both kinds of parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.errors import ToolFailed
from hwgen.synth.count import Measured
from hwgen.synth.vivado import REPORTS, parse

TEXTS = [Path(__file__).with_name("vivado").joinpath(name).read_text() for name in REPORTS]


def test_the_reports_of_an_ultrascale_part_are_read() -> None:
    assert parse(*TEXTS, 200.0) == Measured(1234, 1234, 616, 321, 4.269, dsp=3, bram=2, depth=5)


def test_a_7_series_part_names_things_otherwise() -> None:
    text = TEXTS[0].replace("CLB LUTs* ", "Slice LUTs*").replace("CLB Registers", "Slice Registers")
    text = text.replace(
        "| CARRY8   |   77 |                 CLB |", "| CARRY4   |   50 |          CarryLogic |"
    )
    made = parse(text, *TEXTS[1:], 100.0)
    assert (made.lut, made.ff, made.carry) == (1234, 321, 200)


def test_a_missed_goal_gives_a_longer_path_and_no_path_none() -> None:
    late = TEXTS[1].replace(" 0.731", "-1.250")
    assert parse(TEXTS[0], late, TEXTS[2], 200.0).ns == pytest.approx(6.25)
    assert parse(TEXTS[0], "WNS(ns)\n-------\n NA", "", 200.0).ns is None


def test_a_report_without_figures_is_refused() -> None:
    with pytest.raises(ToolFailed, match="names no LUTs"):
        parse("nothing", *TEXTS[1:], 200.0)
