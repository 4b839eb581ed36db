# SPDX-License-Identifier: Apache-2.0
"""Words for interval, rate and budget: what they mean, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from hwgen.errors import ConfigError, DoesNotFit
from hwgen.plan.pace import MAX_INTERVAL, Pace, pace_of, parse_intervals, parse_rate


@pytest.mark.parametrize(
    ("asked", "interval"),
    [
        ({}, 1),
        ({"interval": "8"}, 8),
        ({"interval": 9}, 9),
        ({"interval": " auto "}, None),
        ({"interval": "AUTO"}, None),
        ({"rate": "40MHz"}, 9),
        ({"rate": "40 mhz"}, 9),
        ({"rate": "0.04GHz"}, 9),
        ({"rate": "40.01MHz"}, 8),
        ({"rate": "360e6/s"}, 1),
        ({"rate": "5000/s"}, 72_000),
        ({"fps": "5000"}, 72_000),
        ({"fps": 5000}, 72_000),
        ({"rate": "1e-9hz"}, MAX_INTERVAL),
    ],
)
def test_interval(asked: dict[str, Any], interval: int | None) -> None:
    pace = pace_of(360.0, **asked)
    assert pace == Pace(interval, told=bool(asked))
    again = pace_of(360.0, interval=pace.text)
    assert (again.interval, again.told) == (pace.interval, True)


@pytest.mark.parametrize("mhz", [40.0, 80.0, 120.0, 160.0, 240.0, 280.0, 320.0, 360.0, 400.0])
def test_whole_multiples_of_a_rate_lose_no_cycle(mhz: float) -> None:
    assert pace_of(mhz, rate="40MHz").interval == round(mhz / 40)


def test_budget_is_the_grammar_of_a_trigger() -> None:
    lut, ff = pace_of(200.0, interval="auto", budget="lut<2000, ff <= 5000").budget
    assert (lut.key, lut.strict, lut.limit) == ("lut", True, 2000)
    assert (ff.key, ff.strict, ff.limit) == ("ff", False, 5000)


def test_list_of_intervals() -> None:
    assert parse_intervals("1,2, 4,2,auto") == (1, 2, 4, None)
    assert parse_intervals(3) == (3,)


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"interval": "0"}, "--interval"),
        ({"interval": "-1"}, "--interval"),
        ({"interval": "8cycles"}, "--interval"),
        ({"interval": "1.5"}, "--interval"),
        ({"interval": ""}, "--interval"),
        ({"interval": str(MAX_INTERVAL + 1)}, "--interval"),
        ({"rate": "40"}, "--rate"),
        ({"rate": "0MHz"}, "--rate"),
        ({"rate": "-1MHz"}, "--rate"),
        ({"rate": "1e999Hz"}, "--rate"),
        ({"fps": "fast"}, "--fps"),
        ({"fps": "0"}, "--fps"),
        ({"interval": "8", "rate": "40MHz"}, "--rate"),
        ({"rate": "40MHz", "fps": "5"}, "--fps"),
        ({"budget": "lut"}, "--budget"),
        ({"budget": ""}, "--budget"),
        ({"budget": "lutt<5"}, "--budget"),
    ],
)
def test_refused(asked: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pace_of(200.0, **asked)
    assert caught.value.where == where
    assert caught.value.hint


def test_rate_above_the_clock() -> None:
    with pytest.raises(DoesNotFit, match="200 MHz") as caught:
        pace_of(200.0, rate="201MHz")
    assert "201 MHz" in caught.value.hint


@pytest.mark.parametrize("text", ["", "MHz", "40 M Hz", "40mhz/s"])
def test_no_rate(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_rate(text)


def test_a_pace_that_nobody_told_is_that_of_the_style() -> None:
    free = pace_of(200.0, budget="lut<50")
    assert [free.of_style(s).interval for s in ("parallel", "serial", "stream")] == [1, None, None]
    assert free.of_style("stream").budget == free.budget
    told = pace_of(200.0, interval="auto")
    assert told.of_style("parallel") == told.of_style("stream") == Pace(None)
