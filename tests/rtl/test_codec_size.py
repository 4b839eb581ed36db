# SPDX-License-Identifier: Apache-2.0
"""What a decode lane takes, and how fast it is: the figures that docs and reports give."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen import paths
from hwgen.codec.wire import Coder
from hwgen.plan.board_types import Device
from hwgen.plan.units import UNITS, with_uses
from hwgen.synth.nextpnr import place_and_route
from hwgen.synth.yosys import synthesise
from tests.rtl.codec_cases import wrapper

ECP5 = Device("85k", "CABGA381", "8")
LANES = ((Coder.TANS, 14, 700), (Coder.HUFFMAN, 15, 900))


def files(folder: Path, coder: Coder, bits: int) -> list[Path]:
    """A lane with such parameters, as module ``tb``."""
    text, _ = wrapper("hwg_codec_lane", {"Coder": int(coder), "Bits": bits})
    ports = ", ".join(f".{name}({name})" for name in UNITS["hwg_codec_lane"].ports)
    text = text.replace("u_dut (.*)", f"u_dut ({ports})")
    (folder / "tb.sv").write_text(text)
    return [*(paths.rtl() / s.file for s in with_uses(["hwg_codec_lane"])), folder / "tb.sv"]


@pytest.mark.slow
@pytest.mark.parametrize(("coder", "bits", "most"), LANES)
def test_a_decode_lane_is_small(tmp_path: Path, coder: Coder, bits: int, most: int) -> None:
    measured = synthesise(files(tmp_path, coder, bits), "tb", "series7")
    print(measured)
    assert 300 < measured.plut <= most


@pytest.mark.slow
@pytest.mark.parametrize(("coder", "bits", "most"), LANES)
def test_a_decode_lane_is_fast(tmp_path: Path, coder: Coder, bits: int, most: int) -> None:
    routed = place_and_route(files(tmp_path, coder, bits), "tb", ECP5, "ecp5", freq_mhz=100.0)
    print(routed.fmax_mhz, routed.lut, routed.ff, routed.bram)
    assert routed.fmax_mhz >= 90.0
