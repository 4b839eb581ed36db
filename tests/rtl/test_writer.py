# SPDX-License-Identifier: Apache-2.0
"""The DMA's writer under bench_dma_writer: every width, shape, layout and kind of block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.codec.block import Format, encode_block
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import Coded, encode
from hwgen.codec.wire import Coder, Grid
from tests.rtl.cocotb_bench import planted, simulate
from tests.rtl.codec_cases import encoder_roms, tables_of, values_of
from tests.rtl.engine_bench import ALONE, plain
from tests.rtl.reader_tensors import extremes, job, sparse

pytestmark = pytest.mark.sim

CLAIMS = {
    "tensors_lie_in_memory_as_software_lays_them",
    "full_buffers_and_bus_errors_are_told",
    "many_small_blocks_fill_an_index_and_meet_answers",
}
SHAPES = (
    (1, 1, 1), (3, 5, 1), (7, 3, 2), (5, 5, 3), (1, 9, 5), (2, 7, 13), (4, 4, 24), (5, 1, 40),
    (1, 3, 130), (1, 2, 512), (9, 7, 8), (6, 6, 16), (3, 2, 65), (8, 5, 12),
)  # fmt: skip
SETS = 2


def told(coded: Coded, name: str, load: int = -1, bound: int = 0, first: int = 0) -> dict[str, Any]:
    """What the bench must know of a tensor, and what software made of it."""
    facts = job(coded, name)
    blocks, modes = [], []
    for number, values in enumerate(facts["values"]):
        header, used, fault = coded.examine(number)
        assert header is not None
        assert not fault
        shape = coded.grid.shape(number)
        block = (coded.block(number) or b"")[:used]
        if first:  # the number of a block is in its header and its checksum
            block = encode_block(np.array(values).reshape(shape), coded.form, first + number)
        blocks.append(block.hex())
        modes.append(header.mode)
    return {
        **facts, "blocks": blocks, "modes": modes, "stored": int(coded.form.stored),
        "first": first, "load": load, "bound": bound, "signed": int(coded.form.signed),
    }  # fmt: skip


class Tensors:
    """Tables of two sets, twice, and tensors that use them."""

    def __init__(self, seed: int, coder: Coder, lanes: int, most: int, weighted: bool) -> None:
        self.rng = np.random.default_rng([seed, lanes, most])
        self.coder, self.lanes, self.most = coder, lanes, most
        self.tables = [[Tables.generic(), tables_of(self.rng)], [tables_of(self.rng)] * SETS]
        self.weights: list[tuple[int, ...]] = [(), ()]
        if weighted:
            self.weights[1] = tuple(int(w) for w in self.rng.integers(0, 256, 128))

    def loads(self) -> list[dict[str, list[int]]]:
        """What goes into the memories, each time they are loaded."""
        weight = [w for row in self.weights for w in (row or (0,) * 128)]
        made = []
        for tables in self.tables:
            table, states = encoder_roms(tables, self.coder)
            made.append({"table": table, "states": states, "weight": weight})
        return made

    def form(self, bits: int, number: int, loaded: int = 0, stored: bool = False) -> Format:
        """Return a format: table sets in turn, every third one signed."""
        at = number % SETS
        weights = self.weights[at]
        return Format(
            bits, self.tables[loaded][at], self.coder, number % 3 == 1, bool(weights), at, weights,
            stored,
        )  # fmt: skip

    def mixed(self, grid: Grid, form: Format) -> Any:
        """Values whose blocks are sparse, dense or zero."""
        values = sparse(self.rng, (grid.height, grid.width, grid.channels), form)
        for number in range(grid.blocks):
            kind = ("sparse", "dense", "zeros", "falling")[int(self.rng.integers(0, 4))]
            place = grid.where(number)
            values[place] = values_of(self.rng, kind, values[place].shape, form)
        return values

    def all(self, large: bool) -> list[dict[str, Any]]:
        """Every width, many shapes, packed and slotted; then tables are loaded anew."""
        made = []
        for number in range(2 * self.most):
            bits = 1 + number % self.most
            shape = SHAPES[(number + number // self.most) % len(SHAPES)]
            grid = Grid.of(*shape)
            if number % 3 == 0:  # many small blocks
                bc = 8 if shape[2] % 8 == 0 else shape[2]
                grid = Grid(*shape, min(2, shape[0]), min(3, shape[1]), bc)
            form = self.form(bits, number, 0, number % 9 == 8)
            values = self.mixed(grid, form)
            coded = encode(values, grid, form, slotted=number % 2 == (number // self.most) % 2)
            made.append(told(coded, f"{form.bits} bits, {shape}", -1 if number else 0))
        for slotted in (False, True):
            grid, form = Grid(6, 6, 16, 3, 3, 8), self.form(min(6, self.most), 0)
            coded = encode(self.mixed(grid, form), grid, form, slotted)
            made.append(told(coded, "blocks", first=700 * slotted))
        grid = Grid(40, 1, 8, 1, 1, 8)  # more blocks than are noted in the index at once
        form = self.form(min(5, self.most), 1)
        made.append(told(encode(self.mixed(grid, form), grid, form), "column"))
        grid, form = Grid(8 * self.lanes, 8, 16, 4, 8, 16), self.form(min(6, self.most), 0)
        steady = encode(sparse(self.rng, (8 * self.lanes, 8, 16), form), grid, form)
        # Blocks in turn to the lanes; each is taken, walked over and written.
        bound = -(-grid.blocks * 530 // self.lanes) + 4 * 580
        made += [told(steady, "steady", -1, bound)] * 4
        for number in range(4):  # the other tables, at once
            grid, form = Grid(4, 5, 16, 4, 5, 8), self.form(min(8, self.most), number, 1)
            coded = encode(self.mixed(grid, form), grid, form)
            made.append(told(coded, "anew", -1 if number else 1))
        made += [
            told(case, "extreme", 0 if number == 0 else -1)
            for number, case in enumerate(extremes(self.coder, self.tables[0][0], self.most))
        ]
        if large:
            for shape in ((16, 16, 16), (1, 8, 512), (16, 16, 40)):
                grid, form = Grid.of(*shape), self.form(self.most, 0)
                made.append(told(encode(self.mixed(grid, form), grid, form), "large"))
        return made


def run(
    folder: Path, seed: int, lanes: int, coder: Coder, width: int, bits: int = 14,
    weighted: bool = False, large: bool = False, edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    work = Tensors(seed, coder, lanes, bits, weighted)
    text, ports = plain(
        "hwg_dma_writer",
        {
            "DataWidth": width, "Lanes": lanes, "Coder": int(coder), "Bits": bits, "Sets": SETS,
            "Weighted": int(weighted), "MaxBurst": 4 if width == 128 else 16,
        },
        ALONE,
    )  # fmt: skip
    facts = {
        "seed": seed, "lanes": lanes, "bits": bits, "tables": work.loads(),
        "tensors": work.all(large),
    }  # fmt: skip
    return simulate(
        folder, "bench_dma_writer", text, ports, ["hwg_dma_writer"], facts, CLAIMS, edit
    )


@pytest.mark.ci  # make test has both sides in test_engine.py
@pytest.mark.parametrize(
    ("lanes", "coder", "width", "weighted"),
    [(1, Coder.HUFFMAN, 64, True), (4, Coder.TANS, 128, False)],
)
def test_memory_is_as_software_leaves_it(
    tmp_path: Path, seed: int, lanes: int, coder: Coder, width: int, weighted: bool
) -> None:
    assert run(tmp_path, seed, lanes, coder, width, weighted=weighted) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lanes", "coder", "width", "bits", "weighted"),
    [
        (2, Coder.HUFFMAN, 128, 15, False),
        (2, Coder.TANS, 64, 14, True),
        (1, Coder.TANS, 64, 8, False),
        (4, Coder.HUFFMAN, 64, 4, True),
        (16, Coder.TANS, 128, 8, False),
    ],
)
def test_memory_is_as_software_leaves_it_at_length(
    tmp_path: Path, seed: int, lanes: int, coder: Coder, width: int, bits: int, weighted: bool
) -> None:
    assert run(tmp_path, seed, lanes, coder, width, bits, weighted, large=True) == set()


FAULTS = (
    ("hwg_dma_store", "in_high      = state_q[DATA] & offset_q[0]", "in_high = 1'b0", "tensors"),
    ("hwg_dma_store", "count_q == 5'(CHUNK) | ", "", "tensors"),
    ("hwg_dma_store", "(finish_q <= {1'b0, capacity_i})", "1'b1", "full"),
    ("hwg_dma_writer", "dropped_q | overflow", "1'b0", "full"),
    ("hwg_dma_writer", "(owed_q != '0) & ~full_q & ~block_o", "(owed_q != '0)", "many"),
    ("hwg_dma_store", "(room_q[3:0] >= index_words)", "1'b1", "full"),
    ("hwg_dma_store", "room_q - 32'(index_words)", "room_q", "many"),
    ("hwg_dma_writer", "owed_q + 8'(error)", "8'(error)", "full"),
    ("hwg_dma_writer", "grid_number + first_i", "grid_number", "tensors"),
    ("hwg_dma_writer", "storing | full_q | (owed_q", "full_q | (owed_q", "tensors"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0][8:]}-{f[1][:12]}")
def test_a_fault_is_found(fault: tuple[str, str, str, str], tmp_path: Path, seed: int) -> None:
    module, good, bad, claim = fault

    found = run(tmp_path, seed, 1, Coder.HUFFMAN, 128, 6, edit=planted(module, good, bad))
    assert any(name.startswith(claim) for name in found), found
