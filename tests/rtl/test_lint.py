# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwgen import tools
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ToolFailed
from hwgen.units.library import UNITS
from tests.rtl.codec_corners import CODEC

_FRAMES = [
    {"DataWidth": 64, "Container": 8, "Width": 8, "Count": 16},  # the frame fills its beats
    {"DataWidth": 64, "Container": 8, "Width": 1, "Count": 1},  # one beat, spare bytes
    {"DataWidth": 8, "Container": 64, "Width": 33, "Count": 3},  # containers wider than beats
    {"DataWidth": 32, "Container": 16, "Width": 16, "Count": 5},
]
_TURN = [
    {"Lanes": 4, "Word": 32, "Width": 20, "Groups": 0, "Kinds": 0},
    {"Lanes": 3, "Word": 14, "Width": 2, "Groups": 512, "Values": 16},
]
CORNERS: dict[str, list[dict[str, Any]]] = {
    "hwg_delay": [{"Width": 1, "Cycles": 0}, {"Width": 1, "Cycles": 1}, {"Width": 9, "Cycles": 5}],
    "hwg_valid": [{"Cycles": 1}, {"Cycles": 2}, {"Cycles": 40}],
    "hwg_requant": [
        {"Shift": 0},
        {"Shift": 1, "SatLo": 0},
        {"SatLo": 0, "SatHi": 0},
        {"InWidth": 1, "InSigned": 0, "Shift": 9, "OutWidth": 1},
        {"InWidth": 90, "Shift": 40, "OutWidth": 2, "Lo": "3'sb110", "Hi": "3'sb001"},
        {"InWidth": 4, "OutWidth": 20, "SatHi": 0},
        {"Half": 1, "Shift": 1},
        {"Half": 1, "SatLo": 0, "SatHi": 0},
        {"Half": 1, "InWidth": 1, "InSigned": 0, "Shift": 9, "OutWidth": 1},
        {"Half": 1, "InWidth": 20, "Shift": 6, "Lo": "5'sb11001", "OutWidth": 4},
    ],
    "hwg_thresh": [
        {"N": 1, "OutWidth": 1, "InWidth": 1},
        {"InSigned": 0, "N": 1},
        {"N": 255, "InWidth": 20, "OutWidth": 8},
    ],
    "hwg_max": [
        {"AWidth": 1, "BWidth": 20, "ASigned": 0, "OutWidth": 3, "Least": 1},
        {"OutWidth": 12, "BSigned": 0},
    ],
    "hwg_mul": [
        {"AWidth": 1, "BWidth": 1, "ASigned": 0, "BSigned": 0, "OutWidth": 1},
        {"BWidth": 20, "ASigned": 0, "OutWidth": 3},
        {"OutWidth": 22, "BSigned": 0},
    ],
    "hwg_add3": [
        {"ASigned": 0, "AWidth": 1, "AShift": 3, "BSub": 1, "OutWidth": 6},
        {"AShift": 9, "BShift": 8, "CShift": 7, "OutWidth": 7},
        {"AWidth": 20, "OutWidth": 3, "BSub": 1, "CSub": 1},
    ],
    "hwg_fifo": [{"Width": 1, "Depth": 1}, {"Depth": 7}, {"Width": 200, "Depth": 8}],
    "hwg_fork": [{"Sinks": 1}, {"Sinks": 5}],
    "hwg_stream_check": [{"Width": 1}, {"Width": 100}],
    "hwg_flow_buffer": [{"Width": 1, "Depth": 1}, {"Width": 80, "Depth": 13}],
    "hwg_bist": [
        {"Samples": 1, "Width": 1, "Latency": 1},
        {"Samples": 300, "Width": 33, "Latency": 5},
    ],
    "hwg_harness": [{"InWidth": 1, "OutWidth": 1}, {"InWidth": 70, "OutWidth": 33}],
    "hwg_axis_unpack": _FRAMES,
    "hwg_axis_split": [{"DataWidth": 8, "Beats": 7}, {"DataWidth": 512, "Beats": 8}],
    "hwg_axis_join": [{"DataWidth": 8}],
    "hwg_axil_regs": [{"AddrWidth": 6}, {"AddrWidth": 7, "Version": "32'd65536"}],
    "hwg_axi_read": [
        {"DataWidth": 128, "MaxBurst": 256, "Depth": 512, "BeatsWidth": 9},
        {"DataWidth": 32, "MaxBurst": 1, "Depth": 1, "Outstanding": 1, "BeatsWidth": 4},
    ],
    "hwg_dma_grid": [{"SideWidth": 32}],
    "hwg_reg_bank": [{"Words": 16}],
    "hwg_dma_descriptor": [{"AddrWidth": 64}],
    "hwg_dma_status": [{"Width": 12}],
    "hwg_dma_regs": [{"AddrWidth": 64}, {"Transform": 1}],
    "hwg_dma_transform": [{"Limits": 0}],
    "hwg_dma_pixels": [{"SideWidth": 32}],
    "hwg_dma_forward": _TURN,
    "hwg_dma_inverse": _TURN,
    "hwg_dma_reader": [{"Coder": 1, "Lanes": 4, "Sets": 2, "DataWidth": 128}],
    "hwg_dma_writer": [{"Coder": 1, "Lanes": 4, "Sets": 2, "DataWidth": 128}],
    "hwg_dma_descriptor_check": [
        {"Bits": 15, "Sets": 16, "Transform": 1, "Groups": 0, "Kinds": 0},
        {"Values": 16, "Present": 0, "Align": 3},
        {"Transform": 1, "Groups": 512},
    ],
    "hwg_codec_dma": [
        {"Writer": 0, "Coder": 1, "Sets": 4, "Weighted": 1},
        {"Reader": 0, "AddrWidth": 64, "Lanes": 4, "DataWidth": 128},
        {"Sets": 16, "AddrWidth": 64, "Bits": 15, "Weighted": 1, "Lanes": 3},
        {"Transform": 1, "Kinds": 3, "Weighted": 1},
        {"Transform": 1, "Lanes": 4, "Coder": 1, "Bits": 14, "Width": 9, "Groups": 0, "Kinds": 0},
        {"Transform": 1, "Writer": 0, "Lanes": 2, "Width": 32, "Groups": 1},
        {"Transform": 1, "Reader": 0, "Lanes": 2, "Width": 20},
    ],
    "hwg_axil_slave": [{"AddrWidth": 3}],
    "hwg_codec_decode_lane": [{"Coder": 0, "Bits": 8, "Sets": 2}, {"Weighted": 1}],
    "hwg_codec_decode": [{"Coder": 0, "Lanes": 3, "Bits": 15}],
    "hwg_codec_block_parse": [{"Coder": 0, "Lanes": 16}],
    "hwg_codec_block_buffer": [{"Lanes": 3}],
    "hwg_codec_encode": [{"Coder": 0, "Lanes": 2}],
    "hwg_dma_widen": [{"DataWidth": 128}],
    "hwg_dma_narrow": [{"DataWidth": 128, "WordsWidth": 2}],
    "hwg_dma_fetch": [{"DataWidth": 128, "AddrWidth": 64, "MaxBurst": 256, "Depth": 512}],
    "hwg_dma_store": [{"DataWidth": 128, "AddrWidth": 64, "MaxBurst": 256, "Depth": 512}],
    "hwg_axi_write": [
        {"DataWidth": 128, "MaxBurst": 256, "Depth": 512, "AddrWidth": 64},
        {"DataWidth": 32, "MaxBurst": 1, "Depth": 2, "Outstanding": 1},
    ],
    "hwg_axis_pack": [*_FRAMES, {"Signed": 0, "Width": 3}],
    **CODEC,
}
CORNERS |= {module: [] for module in UNITS if module.startswith("hwg_codec_")} | CORNERS
UnitFiles = Callable[[str], list[Path]]


def test_every_unit_has_corners() -> None:
    assert set(CORNERS) == set(UNITS)


@pytest.mark.parametrize("module", UNITS)
def test_unit_is_free_of_warnings(
    module: str, lint: Callable[..., None], unit_files: UnitFiles
) -> None:
    for params in [{}, *CORNERS[module]]:
        for defines in ([], ["HWG_ASSERT"]):
            lint(unit_files(module), module, params, *defines)


def test_linter_would_tell(lint: Callable[..., None], tmp_path: Path) -> None:
    bad = tmp_path / "hwg_bad.sv"
    bad.write_text(
        "module hwg_bad (input logic [3:0] a_i, output logic o); assign o = a_i; endmodule"
    )
    with pytest.raises(ToolFailed, match="WIDTHTRUNC"):
        lint([bad], "hwg_bad", {})


@pytest.mark.parametrize("seed", range(6))
def test_generated_tops_are_free_of_warnings(
    seed: int, random_design: Callable[..., Any], lint: Callable[..., None], tmp_path: Path
) -> None:
    folder = emit_rtl(random_design(seed)).write(tmp_path / "out") / "rtl"
    files = [folder / line for line in (folder / "files.f").read_text().split()]
    for top in ("hwg_net", "hwg_net_axis"):
        for defines in ([], ["HWG_ASSERT"]):
            lint(files, top, {}, *defines)


@pytest.mark.parametrize("top", ["hwg_net", "hwg_net_axis"])
def test_yosys_reads_a_generated_top(
    top: str, random_design: Callable[..., Any], tmp_path: Path
) -> None:
    folder = emit_rtl(random_design(3)).write(tmp_path / "out") / "rtl"
    files = " ".join(str(folder / line) for line in (folder / "files.f").read_text().split())
    script = (
        f"read_verilog -sv {files}",
        f"hierarchy -check -top {top}",
        "proc",
        "flatten",
        "check -assert",
        "select -assert-none t:$dlatch t:$_DLATCH_*",
        f"select -assert-min 1 {top}/t:$add {top}/t:$sub",
    )
    # In a process of its own: Yosys must not share one with other libraries.
    code = (
        "import sys\nfrom pyosys import libyosys\ndesign = libyosys.Design()\n"
        "for line in sys.argv[1:]: libyosys.run_pass(line, design)\nprint('all passes done')"
    )
    text = tools.run([sys.executable, "-c", code, *script], what=top)
    assert "all passes done" in text
    assert "Warning" not in text, text[-3000:]
