# SPDX-License-Identifier: Apache-2.0
"""Clock settings: never above what was asked, inside the device's limits; pin constraints."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hwgen.errors import ConfigError
from hwgen.synth.board.pins import Pin, constraints
from hwgen.synth.board.pll import best_clock, pll_instance


@pytest.mark.parametrize(
    ("family", "oscillator", "goal", "mhz"),
    [
        ("ecp5", 25.0, 50.0, 50),
        ("ecp5", 25.0, 133.3, 125),  # 133.3 has no divisors here
        ("ecp5", 12.0, 100.0, 96),
        ("ice40", 12.0, 24.0, 24),
        ("ice40", 12.0, 21.0, 21),
        ("gowin", 27.0, 54.0, 54),
        ("gowin", 27.0, 100.0, 99),
    ],
)
def test_the_highest_clock_up_to_the_goal_is_found(
    family: str, oscillator: float, goal: float, mhz: int
) -> None:
    pll = best_clock(family, oscillator, goal)
    assert pll is not None
    assert pll.mhz == mhz
    ref, feedback, divisor = pll.divisors
    given = Fraction(oscillator)
    if family == "ecp5":
        assert given / ref * feedback == pll.mhz
        assert 400 <= pll.mhz * divisor <= 800
    elif family == "ice40":
        inside = given / (ref + 1) * (feedback + 1)
        assert inside / 2**divisor == pll.mhz
        assert 533 <= inside <= 1066
    else:
        assert given / (ref + 1) * (feedback + 1) == pll.mhz
        assert 500 <= pll.mhz * divisor <= 1200
    text = "\n".join(pll_instance(family, pll, oscillator))
    assert "board_clk_i" in text
    assert "locked" in text


@pytest.mark.parametrize(("family", "goal"), [("nexus", 100.0), ("ecp5", 25.0), ("ice40", 15.0)])
def test_the_oscillator_is_taken_where_nothing_is_better(family: str, goal: float) -> None:
    assert best_clock(family, 12.0 if family != "ecp5" else 25.0, goal) is None


def test_a_clock_below_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="9 MHz cannot be made from 48 MHz"):
        best_clock("ecp5", 48.0, 9.0)


def test_pins_are_written_in_every_language() -> None:
    pins = [
        Pin("clk", "G2", "LVCMOS33", mhz=25.0), Pin("button", "R1", "LVCMOS33", "up"),
        Pin("led[0]", "B2"),
    ]  # fmt: skip
    assert constraints("ecp5", pins) == (
        'LOCATE COMP "clk" SITE "G2";\nIOBUF PORT "clk" IO_TYPE=LVCMOS33;\n'
        'FREQUENCY PORT "clk" 25 MHZ;\nLOCATE COMP "button" SITE "R1";\n'
        'IOBUF PORT "button" IO_TYPE=LVCMOS33 PULLMODE=UP;\nLOCATE COMP "led[0]" SITE "B2";\n'
    )
    assert constraints("ice40", pins) == (
        "set_io clk G2\nset_frequency clk 25\nset_io -pullup yes button R1\nset_io led[0] B2\n"
    )
    assert 'IO_PORT "button" IO_TYPE=LVCMOS33 PULL_MODE=UP;' in constraints("gowin", pins)
    assert "create_clock -period 40 [get_ports {clk}]" in constraints("nexus", pins)
    with pytest.raises(ConfigError, match="series7"):
        constraints("series7", pins)
