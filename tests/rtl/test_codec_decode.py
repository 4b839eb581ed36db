# SPDX-License-Identifier: Apache-2.0
"""The decoder of coded feature maps under sim/bench_codec.py, against software's bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.codec.block import Format
from hwgen.codec.tables import Tables
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
SETS = 2
PATTERNS = ("none", "random", "alternate", "long_stall")


class Work:
    """Tables and tensors for one build of the decoder."""

    def __init__(self, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool) -> None:
        self.rng = np.random.default_rng([seed, lanes, bits])
        self.coder, self.lanes, self.bits = coder, lanes, bits
        self.tables = [Tables.generic(), cases.tables_of(self.rng)]
        self.weights: list[tuple[int, ...]] = [()] * SETS
        if weighted:
            self.weights[1] = tuple(int(w) for w in self.rng.integers(0, 256, 128))

    def form(self, bits: int, number: int, stored: bool = False) -> Format:
        """Return a format: tables in turn, every third one signed."""
        at = number % SETS
        return Format(
            bits, self.tables[at], self.coder, number % 3 == 0, bool(self.weights[at]), at,
            self.weights[at], stored,
        )  # fmt: skip

    def tensor(self, grid: Grid, kind: str, form: Format, first: int = 0) -> cases.Job:
        shape = (grid.height, grid.width, grid.channels)
        return cases.coded_tensor(cases.values_of(self.rng, kind, shape, form), grid, form, first)

    def plain(self, count: int) -> list[cases.Job]:
        """Tensors of every width, kind and grid, one behind the other, with stalls and without."""
        made = []
        number = 0
        for run in range(count):
            tensors = []
            for _ in range(4):
                form = self.form(1 + number % self.bits, number, number % 11 == 10)
                grid = cases.GRIDS[number % len(cases.GRIDS)]
                kind = cases.KINDS[number % len(cases.KINDS)]
                tensors.append(self.tensor(grid, kind, form, (0, 250, 2**31 - 1)[number % 3]))
                number += 1
            stalls = [PATTERNS[(run * step) % 4] for step in (1, 3, 2)]
            name = f"session {run}"
            made.append(cases.session(name, tensors, stalls=stalls, strict=run % 3 != 2))
        return made

    def large(self, kinds: tuple[str, ...]) -> list[cases.Job]:
        """Blocks of the greatest size."""
        tensors = []
        for number, grid in enumerate(cases.LARGE):
            form = self.form(self.bits - number % 3, number)
            tensors += [self.tensor(grid, kind, form) for kind in kinds]
        return [cases.session("large", tensors)]

    def rate(self, blocks: int, bits: int) -> list[cases.Job]:
        """Equal blocks without a stall: so many values a cycle as there are lanes."""
        grid = Grid(4 * blocks, 8, 16, 4, 8, 16)
        size = 4 * 8 * 16
        found = []
        for kind in ("sparse", "zeros"):
            form = self.form(bits, 1)
            # The first block is loaded and decoded, then all flow; the last round may be short.
            fill = size + 5 * size // 4 + 60
            bound = -(-blocks * size // self.lanes) + fill
            found.append(
                cases.session(f"rate {kind}", [self.tensor(grid, kind, form)], bound=bound)
            )
        return found

    def damage(self, count: int) -> list[cases.Job]:
        """Blocks with one thing wrong between blocks without, in strict and in fast mode."""
        made = []
        for strict in (True, False):
            blocks, forms = [], self.form(min(8, self.bits), 1)
            number = 0
            while len(blocks) < count:
                shape = cases.GRIDS[number % 3 * 2].shape(0)
                kind = ("sparse", "falling", "dense", "zeros")[number % 4]
                values = cases.values_of(self.rng, kind, shape, forms)
                good = cases.encode_block(values, forms, number)
                other = cases.encode_block(values, forms, number + 1)
                bad = cases.damaged(self.rng, good, other)
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
    work = Work(seed, coder, lanes, bits, weighted)
    params = {
        "Lanes": lanes, "Coder": int(coder), "Bits": bits, "Sets": SETS, "Weighted": int(weighted)
    }  # fmt: skip
    text, ports = cases.wrapper("hwg_codec_decode", params)
    facts = {
        "seed": seed, "lanes": lanes, "bits": bits,
        "tables": cases.rom_of(work.tables, coder),
        "weights": [w for row in work.weights for w in (row or (0,) * 128)],
        "sessions": {
            "decodes_as_software_does": work.plain(count) + (work.large(large) if large else []),
            "runs_at_full_rate": work.rate(4 * lanes, min(6, bits)),
            "delivers_zeros_for_damage": work.damage(faults),
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
