# SPDX-License-Identifier: Apache-2.0
"""The DMA's reader under bench_dma_reader: every width, shape and damage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.codec.block import Format
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import encode
from hwgen.codec.wire import Coder, Grid
from tests.rtl.cocotb_bench import simulate
from tests.rtl.codec_cases import rom_of
from tests.rtl.engine_bench import ALONE, plain
from tests.rtl.reader_tensors import damaged, extremes, job, sparse, whole

pytestmark = pytest.mark.sim

CLAIMS = {"tensors_come_back_as_software_decodes_them"}
BITS = 14


def run(
    folder: Path, seed: int, lanes: int, coder: Coder, width: int, faults: int,
    edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    rng = np.random.default_rng(seed)
    tables = Tables.generic()
    cases = [job(c, f"{c.form.bits} bits") for c in whole(rng, coder, tables, BITS)]
    cases += [job(c, "extreme") for bits in (1, 8, 14) for c in extremes(coder, tables, bits)]
    form = Format(6, tables, coder)
    large = Grid(16, 16, 64, 16, 16, 16)
    steady = encode(sparse(rng, (16, 16, 64), form), large, form)
    cases += [{**job(steady, "steady"), "timed": True}] * 4
    small = encode(sparse(rng, (6, 6, 16), form), Grid(6, 6, 16, 3, 3, 8), form)
    slots = encode(sparse(rng, (6, 6, 16), form), Grid(6, 6, 16, 3, 3, 8), form, slotted=True)
    for kind, broken, index in damaged(rng, small, faults):
        cases.append(job(broken, kind, index))
        if len(cases) % 7 == 0:
            cases.append(job(small, "whole again"))
    for kind, broken, _ in damaged(rng, slots, faults // 4):
        if kind in ("flip", "tail"):
            cases.append(job(broken, f"slot {kind}"))
    params = {"DataWidth": width, "Lanes": lanes, "Coder": int(coder), "Bits": BITS}
    text, ports = plain("hwg_dma_reader", params, ALONE)
    facts = {
        "seed": seed, "lanes": lanes, "bits": BITS, "table": rom_of([tables], coder),
        "weights": [], "tensors": cases,
    }  # fmt: skip
    return simulate(
        folder, "bench_dma_reader", text, ports, ["hwg_dma_reader"], facts, CLAIMS, edit
    )


@pytest.mark.ci  # make test has both sides in test_engine.py
@pytest.mark.parametrize(
    ("lanes", "coder", "width"),
    [(1, Coder.HUFFMAN, 64), (4, Coder.TANS, 128)],
)
def test_tensors_come_back(tmp_path: Path, seed: int, lanes: int, coder: Coder, width: int) -> None:
    assert run(tmp_path, seed, lanes, coder, width, 25) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("lanes", "coder"), [(2, Coder.HUFFMAN), (8, Coder.TANS)])
def test_five_hundred_corruptions_are_told(
    tmp_path: Path, seed: int, lanes: int, coder: Coder
) -> None:
    assert run(tmp_path, seed, lanes, coder, 64, 300) == set()
