# SPDX-License-Identifier: Apache-2.0
"""The encoder of feature maps under bench_codec_encode, against software's bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwgen.codec.wire import Coder, Grid
from tests.rtl import codec_cases as cases
from tests.rtl.cocotb_bench import planted, simulate

pytestmark = pytest.mark.sim

LARGE, SMALL = 4096, 1024  # values of the largest block
CLAIMS = {"encodes_as_software_does", "keeps_its_rate", "recovers_from_reset_midstream"}


def rate(work: cases.Work, blocks: int, bits: int) -> list[cases.Job]:
    """Equal blocks without a stall: nearly so many values a cycle as there are lanes."""
    grid = Grid(4 * blocks, 8, 16, 4, 8, 16)
    size = 4 * 8 * 16
    made = []
    for kind in ("sparse", "dense", "zeros"):  # coded, raw, zero
        form = work.form(bits, 1)
        spare = 12  # cycles between blocks
        # The last block is taken, walked and written, while the others flow.
        bound = -(-blocks * (size + spare) // work.lanes) + 3 * (size + 60)
        made.append(cases.session(f"rate {kind}", [work.tensor(grid, kind, form)], bound=bound))
    return made


def backed_up(work: cases.Work) -> cases.Job:
    """Words are fetched so slowly that all that waits behind a lane is full, its emitter too."""
    tensor = work.tensor(Grid(8 * 12, 8, 16, 8, 8, 16), "falling", work.form(work.bits, 2))
    # Five blocks may wait behind a lane, if there is room for their words.
    assert sum(len(b["words"]) for b in tensor["blocks"][:5]) > 2 * SMALL * work.bits // 64 + 64
    return cases.session("backed up", [tensor], stalls=["none", "none", "none", "trickle"])


def run(
    folder: Path, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool = False,
    count: int = 8, large: tuple[str, ...] = (), values: int = LARGE,
    edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    work = cases.Work(seed, coder, lanes, bits, weighted)
    params = {
        "Lanes": lanes, "Coder": int(coder), "Bits": bits, "Sets": cases.SETS,
        "Weighted": int(weighted), "Values": values,
    }  # fmt: skip
    text, ports = cases.wrapper("hwg_codec_encode", params)
    table, states = cases.encoder_roms(work.tables, coder)
    facts = {
        "seed": seed, "lanes": lanes, "bits": bits, "table": table, "states": states,
        "weight": work.weight_words,
        "sessions": {
            "encodes_as_software_does": work.plain(count) + (work.large(large) if large else []),
            "keeps_its_rate": rate(work, 6 * lanes, min(6, bits)),
        },
    }  # fmt: skip
    for sessions in facts["sessions"].values():
        for each in sessions:
            each["stalls"] = [*each["stalls"], each["stalls"][0]]
    if values == SMALL:
        facts["sessions"]["encodes_as_software_does"].append(backed_up(work))
    return simulate(
        folder, "bench_codec_encode", text, ports, ["hwg_codec_encode"], facts, CLAIMS, edit
    )


@pytest.mark.parametrize(
    ("coder", "lanes", "bits", "weighted"),
    [(Coder.TANS, 1, 14, True), pytest.param(Coder.HUFFMAN, 4, 15, False, marks=pytest.mark.ci)],
)
def test_encoder_equals_software(
    tmp_path: Path, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool
) -> None:
    values = SMALL if lanes == 1 else LARGE
    assert run(tmp_path, seed, coder, lanes, bits, weighted, values=values) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("coder", "lanes", "bits", "weighted"),
    [
        (Coder.TANS, 4, 8, False),
        (Coder.HUFFMAN, 1, 15, True),
        (Coder.TANS, 3, 14, True),
        (Coder.HUFFMAN, 2, 4, False),
    ],
)
def test_encoder_equals_software_at_length(
    tmp_path: Path, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool
) -> None:
    large = ("falling", "sparse", "largest")
    assert run(tmp_path, seed, coder, lanes, bits, weighted, 24, large) == set()


FAULTS = (
    ("hwg_codec_pack", "6'd0 - sum", "6'd1 - sum", "encodes"),
    ("hwg_codec_block_write", "total_i < 14'(block_words_i)", "total_i <= 14'(block_words_i)",
     "encodes"),
    ("hwg_codec_block_write", "2'd2 - words[1:0]", "2'd1 - words[1:0]", "encodes"),
    ("hwg_codec_block_write", "~(room & (state_q == BODY) & upper)", "~upper", "encodes"),
    ("hwg_codec_tans_encode", "4'(state_2 < limit_2)", "4'(state_2 <= limit_2)", "encodes"),
    ("hwg_codec_huffman_encode", "5'(length_q) + 5'(extra_width_2_q)", "5'(length_q)", "encodes"),
    ("hwg_codec_raw", "rest_d = in_last_i & (sum[3:0] != '0);", "rest_d = 1'b0;", "encodes"),
    ("hwg_codec_context_scan", "(chans_q < 12'd3) ? 12'd3 : chans_q", "chans_q", "encodes"),
    ("hwg_codec_encode_lane", "banks_q != 2'd2", "banks_q != 2'd1", "keeps"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0][10:]}-{f[3]}")
def test_a_fault_is_found(fault: tuple[str, str, str, str], tmp_path: Path, seed: int) -> None:
    module, good, bad, claim = fault
    coder = Coder.HUFFMAN if "huffman" in module else Coder.TANS
    edit = planted(module, good, bad)
    found = run(tmp_path, seed, coder, 1, 10, count=24, values=SMALL, edit=edit)
    assert any(name.startswith(claim) for name in found), found
