# SPDX-License-Identifier: Apache-2.0
"""The dial: one estimate an interval, as a table and as plain data."""

from __future__ import annotations

from dataclasses import replace

import pytest

import hwgen
from hwgen.api.dial import dial
from hwgen.api.estimate import examine
from hwgen.api.settings import Ask
from hwgen.errors import ConfigError
from tests.synth.sparse import network
from tests.verify.conftest import small_net


def test_a_row_an_interval() -> None:
    found = dial(Ask(small_net(), "vcu118", clock="200MHz", style="serial"), "2,4,8")
    assert [s.asked for s in found.settings] == [2, 4, 8]
    assert all(s.interval <= s.asked and s.style == "serial" for s in found.settings)
    luts = [s.lut for s in found.settings]
    assert luts == sorted(luts, reverse=True)
    for setting in found.settings:
        most = max(setting.lut / 8, setting.ff / 16, setting.carry)
        assert setting.blocks == round(most, 1)
        assert setting.rate_mhz == pytest.approx(200 / setting.interval, rel=1e-3)
    rows = found.as_dict()["dial"]
    assert isinstance(rows, list)
    assert rows[0]["lut"] == luts[0]
    assert len(found.text().splitlines()) == 6


def test_what_cannot_be_is_a_row_that_says_why() -> None:
    found = dial(Ask(small_net(), "vcu118", clock="200MHz", latency="30ns"), "1,8")
    whole, slow = found.settings
    assert whole.style == "parallel"
    assert slow.style == "parallel" or "cycles" in slow.says


def test_whole_words_that_are_kept_say_why() -> None:
    ask = Ask(network((6, 8, 5), (2, 3), seed=2), "vcu118", interval=6)
    found = examine(ask)
    assert found.design.style == "parallel"
    assert "an interval of 6 cycles is allowed" in found.text()
    assert "--style serial" in found.text()
    assert "--style serial" in dial(ask, "1,6").text()
    once = examine(replace(ask, interval=1))
    assert "is allowed" not in once.text()
    assert "is allowed" not in examine(replace(ask, style="serial")).text()
    assert hwgen.build(ask.model, board="vcu118", interval=6).text().count("is allowed") == 1


def test_no_interval_is_refused() -> None:
    with pytest.raises(ConfigError):
        dial(Ask(small_net(), "vcu118"), ",")
