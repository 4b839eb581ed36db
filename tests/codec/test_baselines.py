# SPDX-License-Identifier: Apache-2.0
"""The published coders: what they write is read again, and their sizes are what they write."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.codec import bits as bitstring
from hwgen.codec.baselines import (
    Baseline,
    BitPlane,
    ZeroRun,
    ZeroValue,
    baseline_bytes,
    framed,
    rice_decode,
    rice_fields,
    rice_parameters,
    rice_size,
)
from hwgen.codec.block import Format
from hwgen.codec.tokens import unsigned
from hwgen.codec.wire import Grid, block_bytes, index_bytes
from tests.codec.cases import GENERIC


@pytest.mark.parametrize("coder", [ZeroValue, ZeroRun, BitPlane])
def test_runs_come_back_at_the_size_told(
    coder: type[ZeroValue | ZeroRun | BitPlane], rng: np.random.Generator
) -> None:
    for bits in (1, 2, 4, 6, 8, 14):
        made: Baseline = coder(bits)
        top = (1 << bits) - 1
        for scale in (0.3, 2.0, 40.0, 4000.0):
            count = int(rng.integers(1, 400))
            values = np.clip(np.rint(rng.laplace(0, scale, count)), 0, top).astype(np.int64)
            for one in (values, np.zeros_like(values), np.full_like(values, top)):
                data = made.encode(one.tolist())
                assert made.decode(data, count) == one.tolist()
                assert made.size(one) == Baseline.size(made, one)
                assert len(data) == 2 * -(-made.size(one) // 16)


def test_the_bit_plane_code_is_the_published_one() -> None:
    # EBPC, table III, for 8 words of 8 bits: what is written for planes of known kinds.
    coder = BitPlane(8)
    same = [9] * 8  # no plane changes: a run of nine
    assert coder.size(np.array(same)) == 8 + (3 + 3) + 8
    step = [1, 2, 2, 2, 2, 2, 2, 2]  # one bit in the last plane, behind a run of eight
    assert coder.size(np.array(step)) == 8 + (3 + 3) + (5 + 3) + 8
    ramp = [1, 2, 3, 4, 5, 6, 7, 8]  # the last plane is all ones
    assert coder.size(np.array(ramp)) == 8 + (3 + 3) + 5 + 8
    fall = [8, 7, 6, 5, 4, 3, 2, 1]  # all ones in the first plane, then none changes
    assert coder.size(np.array(fall)) == 8 + 5 + (3 + 3) + 8
    zeros = np.zeros(33, np.int64)  # three runs of 16, 16, 1
    assert coder.size(zeros) == 15


@pytest.mark.parametrize("signed", [False, True])
def test_rice_codes_come_back(signed: bool, rng: np.random.Generator) -> None:
    block = np.rint(rng.laplace(0, 6, (6, 7, 5))).astype(np.int64)
    block = block if signed else np.abs(block)
    block[0, 0, 0] = 10_000  # escaped
    parameters = rice_parameters([block], signed)
    fields = rice_fields(block, parameters, signed)
    data = bitstring.pack([v for v, _ in fields], [n for _, n in fields])
    assert sum(n for _, n in fields) == rice_size(block, parameters, signed)
    found = rice_decode(data, block.shape, parameters, signed)
    assert np.array_equal(found, unsigned(block, signed))


def test_frames_are_counted_as_ours(rng: np.random.Generator) -> None:
    grid = Grid.of(20, 20, 24)
    values = rng.integers(0, 256, (20, 20, 24))
    found = baseline_bytes(values, grid, Format(8, GENERIC), (3,) * 16)
    assert set(found) == {"raw", "zvc", "zero-run", "ebpc", "rice"}
    # Noise is stored raw by everyone.
    assert len(set(found.values())) == 1
    sizes = [h * w * c * 8 for h, w, c in map(grid.shape, range(grid.blocks))]
    assert framed(sizes, grid, 8) == found["raw"]
    assert found["raw"] == index_bytes(grid.blocks) + sum(block_bytes(s // 16) for s in sizes)
    sparse = np.where(rng.random(values.shape) < 0.9, 0, values)
    less = baseline_bytes(sparse, grid, Format(8, GENERIC))
    assert less["zvc"] < less["raw"] / 3
