# SPDX-License-Identifier: Apache-2.0
"""DRAM energy: the paper's figures, and whole bursts."""

from __future__ import annotations

import pytest

from hwgen.codec.energy import MEMORIES, resnet18_maps


def test_resnet18_has_the_maps_of_the_paper() -> None:
    maps = resnet18_maps()
    assert len(maps) == 17
    assert sum(h * w * c for _, h, w, c in maps) == 2_308_096
    assert maps[0] == ("conv1", 112, 112, 64)
    assert maps[-1] == ("conv5_4", 7, 7, 512)


def test_ddr3_is_the_papers() -> None:
    ddr3 = MEMORIES[0]
    # 180 and 220 mA at 1.5 V, 4 clocks of 1066 MHz for 16 bits.
    for current, energy in ((0.18, ddr3.write), (0.22, ddr3.read)):
        assert current * 1.5 * 4 / 1066e6 / 16 * 1e12 == pytest.approx(energy, abs=0.05)
    raw = sum(ddr3.energy(h * w * c) for _, h, w, c in resnet18_maps())
    assert raw == pytest.approx(2.60, abs=0.005)


def test_bytes_are_whole_bursts() -> None:
    for memory in MEMORIES:
        assert memory.energy(1) == memory.energy(memory.burst)
        assert memory.energy(memory.burst + 1) == 2 * memory.energy(1)
        assert memory.energy(64, writes=1, reads=2) > memory.energy(64)
        assert memory.energy(0) == 0
