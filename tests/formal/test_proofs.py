# SPDX-License-Identifier: Apache-2.0
"""Proofs: links, registers and bus masters keep their rules at every partner there can be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.formal.proofs import Proof, holds, model

pytestmark = pytest.mark.ci

AXIL = ("hwg_axil_check",)


def _fifo(depth: int, style: int) -> dict[str, int]:
    return {"Width": 2, "Depth": depth, "RamStyle": style}


_CONCAT: Mapping[str, int | str] = {
    "Sources": 3, "Width": 2, "MaxCount": 3, "Counts": "96'h000000010000000300000002",
}  # fmt: skip
WRITE, READ = ("hwg_axi_write_check",), ("hwg_axi_read_check",)
PROOFS = {
    "fifo of 3": Proof("hwg_fifo", 8, params=_fifo(3, 3), induction=2),
    "fifo of 1": Proof("hwg_fifo", 6, params=_fifo(1, 3), induction=2),
    "fifo of 4": Proof("hwg_fifo", 8, params=_fifo(4, 3), induction=2),
    "fifo of registers": Proof("hwg_fifo", 8, params=_fifo(3, 0), induction=2),
    "fifo of distributed RAM": Proof("hwg_fifo", 8, params=_fifo(3, 1), induction=2),
    "fifo of block RAM": Proof("hwg_fifo", 8, params=_fifo(3, 2), induction=2),
    "fifo of block RAM, of 2": Proof("hwg_fifo", 8, params=_fifo(2, 2), induction=2),
    "fork": Proof("hwg_fork", 8, params={"Sinks": 3}, induction=2),
    "skid register": Proof("hwg_skid", 8, params={"Width": 2}, induction=2),
    "join of links": Proof("hwg_join", 2, params={"Sources": 3}, induction=1),
    "narrow": Proof("hwg_narrow", 9, params={"Width": 2, "Parts": 3, "Count": 3}, induction=2),
    "narrow, odd": Proof("hwg_narrow", 9, params={"Width": 2, "Parts": 3, "Count": 4}, induction=2),
    "widen": Proof("hwg_widen", 9, params={"Width": 2, "Parts": 3, "Count": 3}, induction=2),
    "widen, odd": Proof("hwg_widen", 9, params={"Width": 2, "Parts": 3, "Count": 4}, induction=2),
    "concatenation": Proof("hwg_stream_concat", 9, params=_CONCAT, induction=2),
    "join": Proof("hwg_axis_join", 8, params={"DataWidth": 8}, induction=2),
    "fifo between clocks": Proof(
        "hwg_cdc_fifo", 10, params={"Width": 1, "Depth": 4, "Stages": 2}, induction=3, clocks=2
    ),
    "fifo between clocks, slow": Proof(
        "hwg_cdc_fifo", 4, params={"Width": 1, "Depth": 8, "Stages": 3}, induction=3, clocks=2
    ),
    "registers": Proof("hwg_axil_slave", 12, "axil_top", AXIL),
    "slow registers": Proof("hwg_axil_slave", 12, "axil_top", AXIL, {"Wait": 1}),
    "write master": Proof("hwg_axi_write", 12, "axi_write_top", WRITE),
    "read master": Proof("hwg_axi_read", 12, "axi_read_top", READ),
}


@pytest.mark.parametrize("name", PROOFS)
def test_rules_are_kept(name: str, tmp_path: Path) -> None:
    proof = PROOFS[name]
    made = model(proof, tmp_path)
    assert holds(made, proof.depth)
    if proof.induction:
        assert holds(made, proof.induction, induction=True)


SEEDS = (
    ("fifo of 3", "hwg_fifo", "count_q != COUNT_WIDTH'(Depth)", "1'b1"),
    ("fifo of 3", "hwg_fifo", "if (push && !pop)", "if (push)"),
    ("fifo of block RAM", "hwg_fifo", "push & (tail_q == head_d)", "push & (count_q == '0)"),
    ("fifo of block RAM", "hwg_fifo", "mem_q[head_d]", "mem_q[head_q]"),
    ("fifo of block RAM", "hwg_fifo", "rounds_q <= round", "rounds_q <= rounds_q | round"),
    ("fifo between clocks", "hwg_cdc_fifo", "in_next ^ (in_next >> 1)", "in_next"),
    ("fifo between clocks", "hwg_cdc_fifo", "in_gray_q != (out_seen ^ FULL)", "1'b1"),
    ("fifo between clocks", "hwg_cdc_fifo", "out_gray_q != in_seen", "in_gray_q != out_gray_q"),
    ("fork", "hwg_fork", "& ~done_q", "& ~(done_q & {Sinks{1'b0}})"),
    ("fork", "hwg_fork", "if (in_ready_o) done_d = '0;", "if (in_ready_o) done_d = done_q;"),
    ("skid register", "hwg_skid", "free_q ? in_data_i : side_q", "in_data_i"),
    ("skid register", "hwg_skid", "in_valid_i | ~free_q", "in_valid_i"),
    ("join of links", "hwg_join", "out_valid_o & out_ready_i", "out_ready_i"),
    ("narrow, odd", "hwg_narrow", "part_q == (final_word ?", "part_q == (1'b0 ?"),
    ("narrow", "hwg_narrow", "out_ready_i & last", "last"),
    ("widen", "hwg_widen", "out_ready_i | ~last", "1'b1"),
    ("widen, odd", "hwg_widen", "out_data_o = '0;", "out_data_o = {in_data_i, held_q};"),
    ("concatenation", "hwg_stream_concat", "turn_q <= last ? turned", "turn_q <= passes ? turned"),
    ("concatenation", "hwg_stream_concat", "turn_q & {Sources{out_ready_i}}",
     "{Sources{out_ready_i}}"),
    ("join", "hwg_axis_join", "left_q == 32'd1", "left_q == 32'd2"),
    ("registers", "hwg_axil_slave", "write_o | (b_valid_q & ~b_ready_i)", "write_o"),
    ("slow registers", "hwg_axil_slave", "~asked_q & (~r_valid_q | r_ready_i)", "1'b1"),
    ("write master", "hwg_axi_write", "m_axi_wvalid_o = length",
     "m_axi_wvalid_o = m_axi_wready_i & length"),
    ("write master", "hwg_axi_write", "(open_q != OPEN_WIDTH'(Outstanding)) &", "1'b1 &"),
    ("write master", "hwg_axi_write", "(to_page < PAGE_WIDTH'(MaxBurst)) ?", "1'b0 ?"),
    ("write master", "hwg_axi_write", "release_burst | (aw_valid_q & ~m_axi_awready_i)",
     "release_burst | (aw_valid_q & ~m_axi_awready_i & ~give_up)"),
    ("read master", "hwg_axi_read", "(room_q >= ROOM_WIDTH'(MaxBurst))", "(room_q != '0)"),
    ("read master", "hwg_axi_read", "ask | (ar_valid_q & ~m_axi_arready_i)", "ask"),
)  # fmt: skip


@pytest.mark.parametrize("seed_", SEEDS, ids=lambda s: f"{s[1][4:]}-{s[2][:14]}")
def test_a_seeded_bug_is_found(seed_: tuple[str, str, str, str], tmp_path: Path) -> None:
    name, *edit = seed_
    proof = PROOFS[name]
    made = model(proof, tmp_path, (edit[0], edit[1], edit[2]))
    assert not holds(made, proof.depth)
