# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import ConfigError, DoesNotFit
from hwgen.plan.goal import Goal, cycles, goal_for, parse_clock, parse_time
from hwgen.target.board import load_board


@pytest.mark.parametrize(
    "text", ["200MHz", "0.2GHz", "200e6Hz", "200000 kHz", " 200mhz ", "5ns", "5000ps", "0.005us"]
)
def test_one_clock_in_many_forms(text: str) -> None:
    assert parse_clock(text) == pytest.approx(200.0)


@pytest.mark.parametrize(
    "text",
    ["", "200", "MHz", "fast", "200 MHz MHz", "0MHz", "-5MHz", "0ns", "-5ns", "3 parsec",
     "1e999MHz", "nanMHz", "20cycles", "1e-400ns"],
)  # fmt: skip
def test_what_is_no_clock_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_clock(text)
    assert caught.value.where == "--clock"
    assert "200MHz" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "ns"),
    [("100ns", 100), ("0.1us", 100), ("0.1µs", 100), ("20cycles", 100), ("1 cycle", 5)],
)
def test_one_time_in_many_forms(text: str, ns: float) -> None:
    assert parse_time(text, 200.0) == pytest.approx(ns)


@pytest.mark.parametrize("text", ["", "100", "ns", "0ns", "-1us", "1.5cycles", "100MHz", "0cycles"])
def test_what_is_no_time_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_time(text, 200.0)
    assert caught.value.where == "--latency"
    assert "100ns" in caught.value.hint


def test_cycles_survive_the_way_through_nanoseconds() -> None:
    for mhz in (1.0, 66.6, 320.0, 333.333, 1000 / 3, 1000 / 7, 725.0):
        for count in range(1, 200):
            assert cycles(Goal(mhz, parse_time(f"{count}cycles", mhz))) == count


def test_a_cap_is_rounded_down_to_whole_cycles() -> None:
    assert Goal(200.0, 99.0).max_cycles == 19
    assert Goal(200.0).max_cycles is None
    assert Goal(250.0).period_ns == 4.0


def test_the_board_gives_the_clock_and_its_limit() -> None:
    board = load_board("vcu118")
    assert goal_for(board) == Goal(200.0, None)
    assert goal_for(board, "4ns", "100ns").max_cycles == 25
    assert goal_for(board, f"{board.max_mhz}MHz").clock_mhz == board.max_mhz
    with pytest.raises(DoesNotFit) as caught:
        goal_for(board, "1GHz")
    assert caught.value.what == "vcu118 runs at most at 725 MHz, not at 1000 MHz"
    assert "725 MHz or less" in caught.value.hint


def test_less_than_a_cycle_does_not_fit() -> None:
    with pytest.raises(DoesNotFit, match=r"3ns is less than one cycle at 200 MHz \(5 ns\)"):
        goal_for(load_board("vcu118"), "200MHz", "3ns")
