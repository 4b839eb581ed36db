# SPDX-License-Identifier: Apache-2.0
"""The registers of the feature-map DMA under bench_dma_regs: those of the description."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from systemrdl import RDLCompiler
from systemrdl.node import RegNode

from hwgen import paths
from tests.rtl.cocotb_bench import planted, simulate
from tests.rtl.engine_bench import plain

CLAIMS = {
    "every_register_is_as_described",
    "other_addresses_are_refused",
    "fields_come_out_where_they_belong",
    "what_is_in_use_is_locked",
    "starts_and_events_are_single",
    "tallies_count",
}


# What a core with transforms tells of them, and the constants that say so.
TURNS = {"TRANSFORM": 1, "KINDS": 5, "GROUPS": 64, "WIDTH": 20}
CONFIG, KINDS = "32'h0801_C801", "Kinds     = 32'd0"


def described(transform: int = 1) -> dict[str, dict[str, Any]]:
    """Return every register of the description by name."""
    compiler = RDLCompiler()
    compiler.compile_file(str(paths.rtl() / "dma" / "hwg_dma_regs.rdl"))
    made = {}
    figures = TURNS if transform else {}
    root = compiler.elaborate("hwg_dma_regs", parameters=figures)
    for node in root.top.descendants(unroll=True):
        if not isinstance(node, RegNode):
            continue
        name = "_".join(node.get_path_segments()[1:]).replace("[", "").replace("]", "")
        made[name] = {
            "offset": node.absolute_address,
            "fields": [
                {
                    "name": field.inst_name, "low": field.low, "width": field.width,
                    "reset": field.get_property("reset") or 0, "write": field.is_sw_writable,
                    "hardware": field.is_hw_writable, "pulse": field.get_property("singlepulse"),
                    "clear": field.get_property("woclr"),
                }
                for field in node.fields()
            ],
        }  # fmt: skip
    return made


def run(
    folder: Path, seed: int, addr_width: int, count_width: int = 32,
    edit: Callable[[Path], None] | None = None, transform: int = 1,
) -> set[str]:  # fmt: skip
    text, ports = plain("hwg_dma_regs", {"AddrWidth": addr_width, "Transform": transform})

    def edited(units: Path) -> None:
        file = units / "hwg_dma_regs.sv"
        whole = file.read_text()
        assert whole.count(".Width(32)") == 1
        file.write_text(whole.replace(".Width(32)", f".Width({count_width})"))
        if edit is not None:
            edit(units)
        if transform:
            whole = file.read_text()
            kinds = TURNS["GROUPS"] << 16 | TURNS["WIDTH"] << 8 | TURNS["KINDS"]
            for good, bad in ((CONFIG, "32'h0821_C801"), (KINDS, f"Kinds     = 32'd{kinds}")):
                assert whole.count(good) == 1 or edit is not None
                whole = whole.replace(good, bad)
            file.write_text(whole)

    facts = {
        "seed": seed, "addr_width": addr_width, "count_width": count_width,
        "registers": described(transform),
    }  # fmt: skip
    return simulate(folder, "bench_dma_regs", text, ports, ["hwg_dma_regs"], facts, CLAIMS, edited)


def test_description_leaves_no_register_without_a_meaning() -> None:
    for transform, last in ((0, 256), (1, 352)):
        registers = described(transform)
        assert len(registers) == 11 + 2 * 14 + 2 * 8 + transform * (1 + 2 * 6)
        offsets = [register["offset"] for register in registers.values()]
        assert len(set(offsets)) == len(offsets)
        assert max(offsets) < last
    # Without transforms nothing is told of them.
    assert {f["name"] for f in described(1)["config"]["fields"]} - {
        f["name"] for f in described(0)["config"]["fields"]
    } == {"transform"}


# Counters of 12 bits reach their end.
@pytest.mark.sim
@pytest.mark.parametrize(("addr_width", "count_width", "transform"), [(64, 32, 0), (40, 12, 1)])
def test_registers_are_those_of_the_description(
    tmp_path: Path, seed: int, addr_width: int, count_width: int, transform: int
) -> None:
    assert run(tmp_path, seed, addr_width, count_width, transform=transform) == set()


FAULTS = (
    ("hwg_dma_regs", "W_ENABLE = 7'd5, W_EVENTS = 7'd6", "W_ENABLE = 7'd6, W_EVENTS = 7'd5",
     "every"),
    ("hwg_dma_regs", "32'h0801_C801", "32'h0801_8801", "every"),
    ("hwg_dma_regs", "word < 7'd46", "word < 7'd47", "other"),
    ("hwg_dma_regs", "{fault_i, busy_q & ~busy_i}", "{fault_i, busy_q}", "starts"),
    ("hwg_dma_regs", "& ~busy_i & ~start_q", "& ~start_q", "starts"),
    ("hwg_dma_regs", "(write_word == W_MODE & working[1])", "1'b0", "what"),
    ("hwg_dma_descriptor", "32'h1fff_1fff", "32'h1fff_0fff", "every"),
    ("hwg_dma_descriptor", "words[32*PIXELS+16 +: 16]", "words[32*PIXELS +: 16]", "fields"),
    ("hwg_dma_status", "block_i & ~fault_i", "block_i", "tallies"),
    ("hwg_dma_status", "next[Width] ? '1 : ", "", "tallies"),
    ("hwg_dma_transform", "32'h001f_1f07", "32'h001f_0f07", "every"),
    ("hwg_dma_transform", "words[32*MAP+16 +: 16]", "words[32*MAP +: 16]", "fields"),
    ("hwg_dma_regs", "word < 7'd86", "word < 7'd87", "other"),
    ("hwg_dma_regs", "#(.Limits(i))", "#(.Limits(1))", "every"),
    ("hwg_axil_slave", "{8{w_strb_i[2]}}", "{8{w_strb_i[1]}}", "every"),
)  # fmt: skip


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0][4:]}-{f[1][:12]}")
def test_a_fault_is_found(fault: tuple[str, str, str, str], tmp_path: Path, seed: int) -> None:
    module, good, bad, claim = fault

    found = run(tmp_path, seed, 64, 12, planted(module, good, bad))
    assert any(name.startswith(claim) for name in found), found
