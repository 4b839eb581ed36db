# SPDX-License-Identifier: Apache-2.0
"""Facts of stream units: what they count, and that each is held against synthesis."""

from __future__ import annotations

import pytest

from hwgen.errors import HwgenError
from hwgen.units import facts as module
from hwgen.units.facts import blocks, distributed, facts, with_defaults
from hwgen.units.geometry import folds
from tests.benchmarks.stream.units import POINTS, Point, with_parameters


def test_parameters_that_are_not_given_are_those_of_the_header() -> None:
    params = with_defaults("hwg_window", {"W": 32, "Pad": "8'd3"})
    assert (params["W"], params["H"], params["KernelH"]) == (32, 8, 3)
    assert "Pad" not in params


def test_a_unit_without_facts_is_refused_by_name() -> None:
    with pytest.raises(HwgenError, match="no facts of hwg_axis_join"):
        facts("hwg_axis_join")


@pytest.mark.parametrize(
    ("width", "depth", "bram"),
    [(14, 32, 0.5), (256, 32, 4.0), (72, 512, 1.0), (36, 1024, 1.0), (1, 32768, 1.0),
     (9, 4100, 1.5), (37, 512, 1.0)],
)  # fmt: skip
def test_memories_take_whole_halves_of_blocks(width: int, depth: int, bram: float) -> None:
    assert blocks(width, depth) == bram


@pytest.mark.parametrize(
    ("width", "depth", "lut"),
    [(14, 32, 8), (15, 32, 16), (256, 32, 152), (7, 64, 8), (32, 128, 112)],
)
def test_memories_in_tables_take_eight_at_a_time(width: int, depth: int, lut: float) -> None:
    assert distributed(width, depth) == lut


def test_registers_of_a_window_generator_are_counted_bit_by_bit() -> None:
    cost = facts("hwg_window").cost(with_defaults("hwg_window", {"W": 32, "H": 32, "Width": 128}))
    words = 9 * 128 + 6 * 128  # at the output, and the two columns to the left
    assert cost.ff == words + 6 * 6 + 1 + 1 + 2 * 5  # counters, tail, valid, places in the rows
    assert cost.bram == 0


def test_a_fold_that_does_not_divide_takes_a_turn_more() -> None:
    params = with_defaults("hwg_matvec", {"Rows": 7, "Columns": 9, "PE": 3, "SIMD": 4})
    assert folds(params) == (3, 3)
    assert facts("hwg_matvec").interval(params) == 9
    assert facts("hwg_matvec").latency(params) == 3 + 2  # two levels of columns, one of digits
    assert facts("hwg_matvec").latency(params | {"Dsp": 1}) == 3 + 1


def test_every_unit_with_facts_is_measured() -> None:
    measured = {point.module for point in POINTS}
    assert measured == set(module._FACTS)
    with pytest.raises(AssertionError, match="Missing"):
        with_parameters("parameter int W = 3", Point("hwg_skid", {"Missing": 1}))
