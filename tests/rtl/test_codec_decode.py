# SPDX-License-Identifier: Apache-2.0
"""The decoder of coded feature maps under sim/bench_codec.py, against software's bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwgen.codec.wire import Coder, Fault, Grid
from tests.rtl import codec_cases as cases
from tests.rtl.cocotb_bench import simulate

pytestmark = pytest.mark.sim

CLAIMS = {
    "decodes_as_software_does",
    "runs_at_full_rate",
    "delivers_zeros_for_damage",
    "recovers_from_reset_midstream",
}


def rate(work: cases.Work, blocks: int, bits: int) -> list[cases.Job]:
    """Equal blocks without a stall: so many values a cycle as there are lanes."""
    grid = Grid(4 * blocks, 8, 16, 4, 8, 16)
    size = 4 * 8 * 16
    found = []
    for kind in ("sparse", "zeros"):
        form = work.form(bits, 1)
        # The first block is loaded and decoded, then all flow; the last round may be short.
        fill = size + 5 * size // 4 + 60
        bound = -(-blocks * size // work.lanes) + fill
        found.append(cases.session(f"rate {kind}", [work.tensor(grid, kind, form)], bound=bound))
    return found


def damage(work: cases.Work, count: int) -> list[cases.Job]:
    """Blocks with one thing wrong between blocks without, in strict and in fast mode."""
    made = []
    for strict in (True, False):
        blocks, forms = [], work.form(min(8, work.bits), 1)
        number = 0
        while len(blocks) < count:
            shape = cases.GRIDS[number % 3 * 2].shape(0)
            kind = ("sparse", "falling", "dense", "zeros")[number % 4]
            values = cases.values_of(work.rng, kind, shape, forms)
            good = cases.encode_block(values, forms, number)
            other = cases.encode_block(values, forms, number + 1)
            bad = cases.damaged(work.rng, good, other)
            broken = cases.block_job(bad, shape, forms, number)
            assert broken["fault"], "software does not see the damage"
            blocks.append(broken)
            number += 1
            blocks.append(
                cases.block_job(cases.encode_block(values, forms, number), shape, forms, number)
            )
            number += 1
            if number % 7 == 0:
                fault = (Fault.IDX, Fault.AXI, Fault.LEN)[number % 3]
                blocks.append(cases.given_job(fault, shape, number))
                number += 1
        made.append(cases.session("damage", [cases.tensor_job(blocks, forms)], strict=strict))
    return made


def run(
    folder: Path, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool = False,
    count: int = 8, large: tuple[str, ...] = (), faults: int = 30,
    edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    work = cases.Work(seed, coder, lanes, bits, weighted)
    params = {
        "Lanes": lanes, "Coder": int(coder), "Bits": bits, "Sets": cases.SETS,
        "Weighted": int(weighted),
    }  # fmt: skip
    text, ports = cases.wrapper("hwg_codec_decode", params)
    facts = {
        "seed": seed, "lanes": lanes, "bits": bits,
        "tables": cases.rom_of(work.tables, coder),
        "weights": work.weight_words,
        "sessions": {
            "decodes_as_software_does": work.plain(count) + (work.large(large) if large else []),
            "runs_at_full_rate": rate(work, 4 * lanes, min(6, bits)),
            "delivers_zeros_for_damage": damage(work, faults),
        },
    }  # fmt: skip
    return simulate(folder, "bench_codec", text, ports, ["hwg_codec_decode"], facts, CLAIMS, edit)


@pytest.mark.parametrize(
    ("coder", "lanes", "bits", "weighted"),
    [(Coder.TANS, 1, 14, True), (Coder.HUFFMAN, 4, 15, False)],
)
def test_decoder_equals_software(
    tmp_path: Path, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool
) -> None:
    assert run(tmp_path, seed, coder, lanes, bits, weighted) == set()
