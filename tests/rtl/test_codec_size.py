# SPDX-License-Identifier: Apache-2.0
"""What a decode lane takes, and how fast it is: the bars of `make bench-codec`, one seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.codec.hardware import LANES, MHZ_BAR, Unit, mapped, routed_mhz

WIDEST = [unit for unit in LANES if unit.params["Bits"] == 14]


@pytest.mark.slow
@pytest.mark.parametrize("unit", WIDEST, ids=lambda unit: unit.title)
def test_a_decode_lane_is_small(tmp_path: Path, unit: Unit) -> None:
    measured = mapped(tmp_path, unit)
    print(measured)
    assert unit.most is not None
    assert 300 < measured.plut <= unit.most


@pytest.mark.slow
@pytest.mark.parametrize("unit", WIDEST, ids=lambda unit: unit.title)
def test_a_decode_lane_is_fast(tmp_path: Path, unit: Unit) -> None:
    assert routed_mhz(tmp_path, unit, 1) >= MHZ_BAR
