# SPDX-License-Identifier: Apache-2.0
"""Cost of the stream units on ECP5, beside what Yosys made of some of them.

Figures are of Yosys 0.70 (`synth_ecp5`, carry chains as written, `hwgen.synth.yosys`). Whole
designs are held against synthesis by ``make bench-stream ONLY=whole``.
"""

from __future__ import annotations

import pytest

from hwgen.cost import small_tables
from hwgen.cost.units import COSTS, cells_of, fifo_cost, unit_cost
from hwgen.target.board import load_board
from hwgen.units.facts import with_defaults

ECP5 = cells_of(load_board("ulx3s").family)
OFF = 0.25  # what an estimate of a unit may be off
_WINDOW = {"RowRam": 1, "ColumnRam": 1}
_MATRIX = {"Rows": 32, "Columns": 288, "PE": 8, "SIMD": 8, "AccWidth": 20, "BlockRom": 1}
MEASURED = [  # unit, parameters, tables, registers, DSP blocks, memories beside the weights'
    ("hwg_window", {**_WINDOW, "W": 32, "H": 32, "Width": 128}, 1228, 1969, 0, 0),
    ("hwg_window", {**_WINDOW, "W": 14, "H": 14, "CF": 8, "Width": 4}, 329, 89, 0, 0),
    ("hwg_window", {**_WINDOW, "W": 28, "H": 28, "Width": 4}, 250, 103, 0, 0),
    ("hwg_window", {"W": 32, "H": 32, "CF": 4, "Width": 32, "RowRam": 2, "TapByTap": 1},
     901, 498, 0, 2),
    ("hwg_matvec", {**_MATRIX, "Dsp": 1}, 1907, 1729, 64, 0),
    ("hwg_matvec", _MATRIX, 10452, 2401, 0, 0),
    ("hwg_matvec", {**_MATRIX, "AccWidth": 16, "AWidth": 4, "WWidth": 4}, 3275, 961, 0, 0),
    ("hwg_pool_blocks", {"W": 32, "H": 32, "Lanes": 16, "Width": 8}, 899, 290, 0, 0),
    ("hwg_narrow", {"Width": 32, "Parts": 4, "Count": 4}, 101, 2, 0, 0),
    ("hwg_reorder", {"Width": 16, "Outer": 8, "Middle": 6, "Inner": 6, "OuterStep": 1,
                     "MiddleStep": 48, "InnerStep": 8}, 2597, 67, 0, 0),
    ("hwg_stream_concat", {"Sources": 3, "Width": 16, "MaxCount": 128}, 54, 10, 0, 0),
    ("hwg_stream_concat", {"Sources": 5, "Width": 40, "MaxCount": 300}, 159, 14, 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "params", "lut", "ff", "dsp", "bram"), MEASURED)
def test_units_are_as_large_as_said(
    unit: str, params: dict[str, int], lut: int, ff: int, dsp: int, bram: int
) -> None:
    weights = params.get("BlockRom", 0)
    given = {**with_defaults(unit, params), **({"BlockRom": 1} if weights else {})}
    said = unit_cost(unit, given, ECP5)
    if weights:
        words = params["Rows"] // params["PE"] * params["Columns"] // params["SIMD"]
        bits = params["PE"] * params["SIMD"] * given["WWidth"]
        bram += ECP5.blocks(bits, words)
    assert abs(said.lut / lut - 1) <= OFF
    assert abs(said.ff / ff - 1) <= OFF
    assert (said.dsp, said.bram) == (dsp, bram)


def test_every_unit_has_a_cost_in_both_kinds_of_tables() -> None:
    assert set(small_tables.TABLES) == set(COSTS)


FIFOS = [  # bits, words, style, tables, registers, memories
    (8, 2, 0, 21, 21, 0), (30, 2, 0, 43, 65, 0), (8, 4, 0, 45, 41, 0), (3, 8, 0, 50, 37, 0),
    (8, 2, 1, 23, 5, 0), (2, 4, 1, 23, 9, 0), (8, 7, 1, 32, 12, 0), (40, 13, 1, 87, 16, 0),
    (6, 31, 1, 88, 20, 0), (12, 29, 1, 104, 20, 0), (16, 40, 1, 160, 24, 0),
    (12, 100, 1, 260, 28, 0), (64, 150, 1, 1559, 32, 0),
    (8, 16, 1, 49, 17, 0), (16, 64, 1, 199, 25, 0), (64, 150, 2, 148, 89, 2),
    (12, 600, 2, 106, 43, 1), (80, 700, 2, 185, 111, 5), (24, 1024, 2, 116, 56, 2),
    (9, 33, 2, 70, 28, 1), (120, 40, 2, 179, 139, 4), (32, 512, 2, 116, 61, 1),
]  # fmt: skip


@pytest.mark.parametrize(("bits", "words", "style", "lut", "ff", "bram"), FIFOS)
def test_a_fifo_is_as_large_as_said(
    bits: int, words: int, style: int, lut: int, ff: int, bram: int
) -> None:
    said = fifo_cost(bits, words, style, ECP5)
    assert abs(said.lut / lut - 1) <= 0.2
    assert (said.ff, said.bram) == (ff, bram)


def test_constants_take_more_tables_of_four_inputs_than_of_six() -> None:
    large = unit_cost("hwg_matvec", {**with_defaults("hwg_matvec", _MATRIX), "BlockRom": 0})
    small = unit_cost("hwg_matvec", {**with_defaults("hwg_matvec", _MATRIX), "BlockRom": 0}, ECP5)
    held = 8 * 8 * 8 * 144 / 16  # bits of the weights over those of a table
    assert small.lut - large.lut > held


def test_blocks_are_as_large_as_those_of_the_family() -> None:
    assert [ECP5.blocks(*size) for size in ((36, 512), (1, 16384), (9, 2049))] == [1, 1, 2]
    small = cells_of(load_board("icebreaker").family)
    assert [small.blocks(*size) for size in ((16, 256), (16, 257), (8, 512))] == [1, 2, 1]
