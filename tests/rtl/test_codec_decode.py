# SPDX-License-Identifier: Apache-2.0
"""The decoder of coded feature maps under bench_codec_decode, against software's bytes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from hwgen.codec.block import Format
from hwgen.codec.wire import Coder, Fault, Grid
from tests.rtl import codec_cases as cases
from tests.rtl.cocotb_bench import planted, simulate

pytestmark = pytest.mark.sim

CLAIMS = {
    "decodes_as_software_does",
    "runs_at_full_rate",
    "delivers_zeros_for_damage",
    "recovers_from_reset_midstream",
}


def rate(work: cases.Work, blocks: int, bits: int) -> list[cases.Job]:
    """Equal blocks without a stall: so many values a cycle as there are lanes."""
    grids = [Grid(4 * blocks, 8, 16, 4, 8, 16)]
    if work.lanes == 1:  # a cycle or two lost at every block would show
        grids.append(Grid(128, 2, 8, 2, 2, 8))
    found = []
    for grid, kind in product(grids, ("sparse", "zeros")):
        form, size = work.form(bits, 1), grid.bh * grid.bw * grid.bc
        # The first block is loaded and decoded, then all flow; the last round may be short.
        fill = size + 5 * size // 4 + 60
        bound = -(-grid.blocks * size // work.lanes) + fill
        found.append(cases.session(f"rate {kind}", [work.tensor(grid, kind, form)], bound=bound))
    return found


def damaged_blocks(work: cases.Work, form: Format, count: int) -> list[cases.Job]:
    """Blocks with one thing wrong, each before one without."""
    blocks: list[cases.Job] = []

    def add(data: bytes, shape: cases.Shape) -> cases.Job:
        blocks.append(cases.block_job(data, shape, form, len(blocks)))
        return blocks[-1]

    for case in range(count):
        shape = cases.GRIDS[case % 3 * 2].shape(0)
        kind = ("sparse", "falling", "dense", "zeros")[case % 4]
        values = cases.values_of(work.rng, kind, shape, form)
        good, other = (cases.encode_block(values, form, len(blocks) + i) for i in (0, 1))
        broken = add(cases.damaged(work.rng, good, other), shape)
        assert broken["fault"], "software does not see the damage"
        add(cases.encode_block(values, form, len(blocks)), shape)
        if case % 4 == 3:
            fault = (Fault.IDX, Fault.AXI, Fault.LEN)[case % 3]
            blocks.append(cases.given_job(fault, shape, len(blocks)))
    return blocks


def forged_blocks(work: cases.Work, form: Format) -> list[cases.Job]:
    """Blocks with a right checksum and wrong contents, each before a good one."""
    blocks: list[cases.Job] = []
    shape = (3, 4, 16)
    values = cases.values_of(work.rng, "sparse", shape, form)
    values[0] = 0  # so that it is coded
    kinds = len(cases.forged(work.rng, values, form, 0))
    for kind in range(kinds):
        bad = cases.forged(work.rng, values, form, len(blocks))[kind]
        blocks.append(cases.block_job(bad, shape, form, len(blocks)))
        assert blocks[-1]["fault"] in (Fault.LEN, Fault.STATE), f"forgery {kind} is none"
        good = cases.encode_block(values, form, len(blocks))
        blocks.append(cases.block_job(good, shape, form, len(blocks)))
    return blocks


def damage(work: cases.Work, count: int) -> list[cases.Job]:
    """Damage in strict and in fast mode."""
    made = []
    for strict in (True, False):
        form, plain = (work.form(min(8, work.bits - 2), number) for number in (1, 4))
        tensors = [
            cases.tensor_job(damaged_blocks(work, form, count), form),
            cases.tensor_job(forged_blocks(work, plain), plain),
        ]
        made.append(cases.session("damage", tensors, strict=strict))
    return made


def run(
    folder: Path, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool = False,
    count: int = 8, large: tuple[str, ...] = (), faults: int = 16,
    edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    work = cases.Work(seed, coder, lanes, bits, weighted)
    params = {
        "Lanes": lanes, "Coder": int(coder), "Bits": bits, "Sets": cases.SETS,
        "Weighted": int(weighted),
    }  # fmt: skip
    text, ports = cases.wrapper("hwg_codec_decode", params)
    level = work.tensor(Grid(6, 6, 8, 6, 6, 8), "level", work.form(bits, 1))
    facts = {
        "seed": seed, "lanes": lanes, "bits": bits,
        "tables": cases.rom_of(work.tables, coder),
        "weights": work.weight_words,
        "sessions": {
            "decodes_as_software_does": [
                *work.plain(count), *(work.large(large) if large else []),
                cases.session("level", [level]),
            ],
            "runs_at_full_rate": rate(work, 4 * lanes, min(6, bits, 64 // lanes)),
            "delivers_zeros_for_damage": damage(work, faults),
        },
    }  # fmt: skip
    return simulate(
        folder, "bench_codec_decode", text, ports, ["hwg_codec_decode"], facts, CLAIMS, edit
    )


@pytest.mark.parametrize(
    ("coder", "lanes", "bits", "weighted"),
    [(Coder.TANS, 1, 14, True), pytest.param(Coder.HUFFMAN, 4, 15, False, marks=pytest.mark.ci)],
)
def test_decoder_equals_software(
    tmp_path: Path, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool
) -> None:
    assert run(tmp_path, seed, coder, lanes, bits, weighted) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("coder", "lanes", "bits", "weighted", "faults"),
    [
        (Coder.TANS, 8, 8, False, 20),
        (Coder.HUFFMAN, 16, 8, False, 20),
        (Coder.TANS, 3, 14, True, 20),
        (Coder.HUFFMAN, 1, 4, False, 300),
        (Coder.TANS, 2, 4, True, 300),
    ],
)
def test_decoder_equals_software_at_length(
    tmp_path: Path, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool, faults: int
) -> None:
    large = ("falling", "sparse", "largest")
    assert run(tmp_path, seed, coder, lanes, bits, weighted, 24, large, faults) == set()


FAULTS = (
    ("hwg_codec_context", "from_24  = from_32 |", "from_24 = from_32 & ", "decodes"),
    ("hwg_codec_context", "mag        = fresh_late ? 7'd0 : mag_i", "mag = mag_i", "decodes"),
    ("hwg_codec_window", "odd_addr + AddrWidth'(pos_i[5])", "odd_addr", "decodes"),
    ("hwg_codec_huffman_decode", "bits_i[11:4]}", "bits_i[7:0]}", "decodes"),
    ("hwg_codec_tans_decode", "count + 4'd5", "count", "decodes"),
    ("hwg_codec_value", "wide[i+1] ^ cut[0]", "wide[i+1]", "decodes"),
    ("hwg_codec_interleave", "chans_q[11:2] == '0;", "1'b0;", "decodes"),
    ("hwg_codec_block_parse", "number ^ key_i", "key_i", "decodes"),
    ("hwg_codec_block_parse", "number_low != number[7:0]", "1'b0", "delivers"),
    ("hwg_codec_block_parse", "!whole_q || more_q", "!whole_q", "delivers"),
    ("hwg_codec_verdict", "|stand_i[3:0]", "1'b1", "decodes"),
    ("hwg_codec_verdict", "over_d  = over_i;", "over_d = 1'b0;", "delivers"),
    ("hwg_codec_decode", "strict_i & (note[3:0] != '0)", "1'b0", "delivers"),
    ("hwg_codec_decode_lane", "!rst_ni || last_0 ||", "last_0 ||", "recovers"),
    ("hwg_codec_interleave", "load       = tick & next_valid_q & (end_block | ~active_q)",
     "load = tick & next_valid_q & ~active_q", "runs"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0][10:]}-{fault[3]}")
def test_a_fault_is_found(fault: tuple[str, str, str, str], tmp_path: Path, seed: int) -> None:
    module, good, bad, claim = fault
    coder = Coder.HUFFMAN if "huffman" in module else Coder.TANS
    found = run(tmp_path, seed, coder, 1, 10, count=12, edit=planted(module, good, bad))
    assert any(name.startswith(claim) for name in found), found
