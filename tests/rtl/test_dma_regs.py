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


# Of a bank's ports, bits: 0 is one without a range, -1 an address.
_FIELDS = {
    "data_addr": -1, "index_addr": -1, "capacity": 32, "blocks": 32, "slot": 16, "slotted": 0,
    "height": 16, "width": 16, "channels": 16, "bh": 13, "bw": 13, "bc": 13, "bits": 4,
    "signed": 0, "transformed": 0, "stored": 0, "tans": 0, "set": 4, "key": 32, "first": 32,
    "room": 32, "kind": 2, "klt": 0, "down": 5, "shift": 5, "factors": 48, "map_height": 16,
    "map_width": 16, "lo": 32, "hi": 32,
}  # fmt: skip
_EVENTS = {
    "block": 0, "block_mode": 2, "fault": 0, "fault_kind": 4, "fault_number": 32, "word": 0,
    "stall": 0,
}  # fmt: skip


def bench(addr_width: int, transform: int, count_width: int) -> tuple[str, list[str]]:
    """Return the registers with both banks (the writer's in the low halves), and the ports."""
    wide = {True: "output logic", False: "input wire logic"}
    lite = {
        "aw_valid": (False, 1), "aw_ready": (True, 1), "aw_addr": (False, 9),
        "w_valid": (False, 1), "w_ready": (True, 1), "w_data": (False, 32), "w_strb": (False, 4),
        "b_valid": (True, 1), "b_ready": (False, 1), "b_resp": (True, 2), "ar_valid": (False, 1),
        "ar_ready": (True, 1), "ar_addr": (False, 9), "r_valid": (True, 1), "r_ready": (False, 1),
        "r_data": (True, 32), "r_resp": (True, 2), "irq": (True, 1),
    }  # fmt: skip
    own = {
        "start": (True, 2), "abort": (True, 2), "forget": (True, 1), "fast": (True, 1),
        "limit": (True, 32), "busy": (False, 2), "done": (False, 2), "tail": (False, 1),
        "table_write": (True, 1), "table_known": (False, 1), "table_kind": (True, 3),
        "table_addr": (True, 16), "table_data": (True, 32),
    }  # fmt: skip
    sizes = {name: bits or 1 for name, bits in (_FIELDS | _EVENTS).items()}
    sizes |= {"data_addr": addr_width, "index_addr": addr_width}
    both = {name: (True, 2 * sizes[name]) for name in _FIELDS}
    both |= {name: (False, 2 * sizes[name]) for name in _EVENTS}
    ports = {"aclk": (False, 1), "aresetn": (False, 1), **lite, **own, **both}
    shown = {"signed": "is_signed"}
    head = ",\n".join(
        f"  {wide[out]} [{bits - 1}:0] {shown.get(name, name)}"
        for name, (out, bits) in ports.items()
    )

    def linked(names: Any) -> str:
        return ", ".join(f".{n}_{'o' if out else 'i'}({n})" for n, (out, _) in names.items())

    banks = []
    for i, which in enumerate(("writer", "reader")):
        parts = [
            f".{name}_{'o' if out else 'i'}({shown.get(name, name)}[{i * sizes[name]} +: "
            f"{sizes[name]}])"
            for name, (out, _) in both.items()
        ]
        banks.append(
            f"  hwg_dma_bank #(.AddrWidth({addr_width}), .Reader({i}), .Transform({transform}), "
            f".Counter({count_width})) u_{which} (.clk_i(aclk), .rst_ni(aresetn), "
            f".write_i(bank_write[{i}]), .write_word_i(write_word), .write_data_i(write_data), "
            f".write_mask_i(write_mask), .read_word_i(read_word), .read_data_o({which}_data), "
            f".clear_i(clear[{i}]), .faulty_o(faulty[{i}]), {', '.join(parts)});"
        )
    kinds = TURNS["GROUPS"] << 16 | TURNS["WIDTH"] << 8 | TURNS["KINDS"]
    told = f", .Config(32'h0821_C801), .Kinds(32'd{kinds})" if transform else ""
    text = f"""module tb (\n{head}\n);
  logic [1:0] bank_write, clear, faulty;
  logic [6:0] write_word, read_word;
  logic [31:0] write_data, write_mask, writer_data, reader_data;
  hwg_dma_regs #(.Transform({transform}){told}) u_regs (.clk_i(aclk), .rst_ni(aresetn),
    {linked(lite)}, {linked(own)}, .clear_o(clear), .fault_i(fault), .faulty_i(faulty),
    .bank_write_o(bank_write), .write_word_o(write_word), .write_data_o(write_data),
    .write_mask_o(write_mask), .read_word_o(read_word), .writer_data_i(writer_data),
    .reader_data_i(reader_data));
{chr(10).join(banks)}
endmodule
"""
    return text, [shown.get(name, name) for name in ports]


def run(
    folder: Path, seed: int, addr_width: int, count_width: int = 32,
    edit: Callable[[Path], None] | None = None, transform: int = 1,
) -> set[str]:  # fmt: skip
    text, ports = bench(addr_width, transform, count_width)
    facts = {
        "seed": seed, "addr_width": addr_width, "count_width": count_width,
        "registers": described(transform),
    }  # fmt: skip
    modules = ["hwg_dma_regs", "hwg_dma_bank"]
    return simulate(folder, "bench_dma_regs", text, ports, modules, facts, CLAIMS, edit)


def test_description_leaves_no_register_without_a_meaning() -> None:
    for transform, last in ((0, 256), (1, 352)):
        registers = described(transform)
        assert len(registers) == 12 + 2 * 15 + 2 * 8 + transform * (1 + 2 * 6)
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
    ("hwg_dma_regs", "W_CONFIG:  read_data = Config", "W_CONFIG:  read_data = Limits", "every"),
    ("hwg_dma_regs", "word < 7'd47", "word < 7'd48", "other"),
    ("hwg_dma_regs", "{fault_i, done_i}", "{fault_i, busy_i}", "starts"),
    ("hwg_dma_regs", "                 & ~working;", "                 & ~start_q;", "starts"),
    ("hwg_dma_regs", "(write_word == W_MODE & working[READER])", "1'b0", "what"),
    ("hwg_dma_regs", "(write_word == W_LIMIT & working[WRITER])", "1'b0", "what"),
    ("hwg_dma_regs", "events_d = events_d | {fault_i, done_i};",
     "if (!(write && write_word == W_EVENTS)) events_d = events_d | {fault_i, done_i};", "starts"),
    ("hwg_dma_regs", "write_data[3:2] & write_mask[3:2]", "write_data[2:1] & write_mask[2:1]",
     "starts"),
    ("hwg_dma_descriptor", "32'h1fff_1fff", "32'h1fff_0fff", "every"),
    ("hwg_dma_descriptor", "words[32*PIXELS+16 +: 16]", "words[32*PIXELS +: 16]", "fields"),
    ("hwg_dma_status", "block_i & ~fault_i", "block_i", "tallies"),
    ("hwg_dma_status", "next[Width] ? '1 : ", "", "tallies"),
    ("hwg_dma_transform", "32'h001f_1f07", "32'h001f_0f07", "every"),
    ("hwg_dma_transform", "words[32*MAP+16 +: 16]", "words[32*MAP +: 16]", "fields"),
    ("hwg_dma_regs", "word < 7'd86", "word < 7'd87", "other"),
    ("hwg_dma_bank", "#(.Limits(Reader))", "#(.Limits(1))", "every"),
    ("hwg_dma_bank", ".Room(1 - Reader)", ".Room(1)", "every"),
    ("hwg_axil_slave", "{8{w_strb_i[2]}}", "{8{w_strb_i[1]}}", "every"),
)  # fmt: skip


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0][4:]}-{f[1][:12]}")
def test_a_fault_is_found(fault: tuple[str, str, str, str], tmp_path: Path, seed: int) -> None:
    module, good, bad, claim = fault

    found = run(tmp_path, seed, 64, 12, planted(module, good, bad))
    assert any(name.startswith(claim) for name in found), found
