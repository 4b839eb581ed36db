# SPDX-License-Identifier: Apache-2.0
"""The feature-map DMA on a random walk of everything that can happen to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.codec.block import Format
from hwgen.codec.plan import MapCoding
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import Coded, encode
from hwgen.codec.transform import Quantiser, Spatial, Transform, klt
from hwgen.codec.wire import WEIGHTS, Coder, Grid
from tests.rtl.cocotb_bench import planted, simulate
from tests.rtl.codec_cases import engine_words, tables_of
from tests.rtl.engine_bench import plain
from tests.rtl.reader_tensors import damaged
from tests.rtl.test_engine import facts_of
from tests.rtl.test_engine_transform import facts, registers
from tests.rtl.test_writer import Tensors

pytestmark = pytest.mark.sim

CLAIMS = {"nothing_hangs_and_nothing_lies"}
BITS, SETS, WIDTH = 10, 2, 12
GRIDS = (
    Grid(1, 1, 1, 1, 1, 1), Grid(3, 2, 5, 2, 2, 5), Grid(4, 3, 8, 2, 3, 8), Grid(2, 2, 16, 2, 2, 8),
    Grid(5, 4, 3, 5, 2, 3), Grid(9, 2, 8, 1, 1, 8), Grid(3, 3, 24, 3, 3, 8), Grid(6, 5, 4, 6, 5, 4),
)  # fmt: skip
SPATIAL = (Spatial.NONE, Spatial.HAAR2, Spatial.ICT4)
GROUPS = 2  # of eight channels of a KLT


def maps(rng: np.random.Generator, coder: Coder) -> list[tuple[MapCoding, Any]]:
    """Return small maps with every spatial transform, alone and behind a KLT, and values."""
    made = []
    for spatial, channels, group in (
        *zip(SPATIAL, (3, 2, 1), (0, 0, 0), strict=True), (Spatial.NONE, 11, 8),
        (Spatial.HAAR2, 8, 8), (Spatial.NONE, 16, 8),
    ):  # fmt: skip
        values = rng.integers(-300, 412, (7, 5, channels))
        order, matrices, means = klt(values.reshape(-1, channels), group) if group else ((), (), ())
        transform = Transform(
            channels, BITS, True, Quantiser.of(12.0 if group else 3.0, spatial), spatial, 1,
            group, order, matrices, means, lo=-300, hi=411,
        )  # fmt: skip
        block = (2, 2, transform.inputs * spatial.side**2)
        choice = MapCoding(
            "odd", "odd", values.shape, BITS, True, "transform", coder, 1, transform, block
        )
        made.append((choice, values))
    return made


def broken(case: dict[str, Any], coded: Coded) -> dict[str, Any]:
    """Return facts of a damaged tensor: what lies in memory, beside what comes out."""
    headers = [coded.examine(number)[0] for number in range(coded.grid.blocks)]
    case |= {
        "data": coded.data.hex(), "capacity": len(coded.data) // 8,
        "modes": [header.mode if header else 3 for header in headers],
    }  # fmt: skip
    if not coded.slot:
        case["index"] = b"".join(o.to_bytes(4, "little") for o in coded.offsets).hex()
    return case


def job(seed: int, coder: Coder, lanes: int, width: int, events: int) -> tuple[dict[str, int], Any]:
    """Return the parameters of the engine, and what its bench is to do."""
    work = Tensors(seed, coder, lanes, BITS, False)
    rng, tables = work.rng, [Tables.generic(), tables_of(work.rng)]
    tensors, harmed = [], []
    for number in range(24):
        grid = GRIDS[number % len(GRIDS)]
        bits = 1 + (number * 3 + 5) % BITS
        form = Format(bits, tables[number % 2], coder, number % 3 == 1, False, number % 2,
                      stored=number % 7 == 6)  # fmt: skip
        coded = encode(work.mixed(grid, form), grid, form, number % 3 == 2)
        tensors.append(facts_of(coded, "plain"))
        for _, bad, _ in damaged(rng, coded, 5):
            if coded.slot and len(bad.data) != len(coded.data):
                continue
            values, damages = bad.decode()
            case = facts_of(encode(values, grid, form, bool(coded.slot)), "damaged")
            lost = {damage.block: int(damage.fault) for damage in damages}
            case["faults"] = [lost.get(block, 0) for block in range(grid.blocks)]
            harmed.append(broken(case, bad))
    made = maps(rng, coder)
    for number, (choice, values) in enumerate(made * 2):
        coded = choice.encode(values, tables[1], slotted=number >= len(made))
        tensors.append(facts(coded, choice, values))
        data = bytearray(coded.data)
        data[12] ^= 1 << number % 8
        bad = replace(coded, data=bytes(data))
        harmed.append(broken(facts(bad, choice, values), bad))
    params = {
        "DataWidth": width, "Lanes": lanes, "Coder": int(coder), "Bits": BITS, "Sets": SETS,
        "Transform": 1, "Kinds": 3, "Groups": GROUPS, "Width": WIDTH, "Values": 256,
        "MaxBurst": 4 if width == 128 else 16, "Buffer": 24,
    }  # fmt: skip
    return params, {
        "seed": seed, "lanes": lanes, "bits": BITS, "word": WIDTH, "coder": int(coder),
        "origin": 0, "registers": registers(), "tensors": tensors, "damaged": harmed,
        "tables": [engine_words(tables, coder, [])], "events": events,
    }  # fmt: skip


def run(
    folder: Path, seed: int, coder: Coder, lanes: int, width: int, events: int,
    edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    assert WEIGHTS == 128
    params, told = job(seed, coder, lanes, width, events)
    text, ports = plain("hwg_codec_dma", params)
    return simulate(
        folder, "bench_codec_dma_walk", text, ports, ["hwg_codec_dma"], told, CLAIMS, edit
    )


@pytest.mark.ci
def test_a_walk_of_five_hundred_events(tmp_path: Path, seed: int) -> None:
    assert run(tmp_path, seed, Coder.TANS, 2, 64, 500) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("coder", "lanes", "width"), [(Coder.TANS, 1, 64), (Coder.HUFFMAN, 4, 128)]
)
def test_a_walk_of_ten_thousand_events(
    tmp_path: Path, seed: int, coder: Coder, lanes: int, width: int
) -> None:
    assert run(tmp_path, seed, coder, lanes, width, 10_000) == set()


FAULTS = (
    ("hwg_dma_run", "engine_rst_no <= ~giving_d;", "engine_rst_no <= 1'b1;"),
    ("hwg_dma_run", "assign flush_o       = ~rst_ni | stop_q;", "assign flush_o       = stop_q;"),
    ("hwg_dma_source", "if (final_i) tail_d = ~in_last_i;", ""),
    ("hwg_dma_source", "passed & in_last_i & ~final_i", "1'b0"),
    ("hwg_dma_source", "reached_q & waits", "1'b0"),
    ("hwg_dma_deliver", "ends_d  = open_d;", "ends_d  = 1'b0;"),
    ("hwg_axi_write", "m_axi_wvalid_o = length", "m_axi_wvalid_o = ~aw_valid_q & length"),
    ("hwg_dma_tables", "addr_i[1:0] == 2'd2", "addr_i[1:0] == 2'd3"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0][4:]}-{f[1][:16]}")
def test_a_fault_is_found(fault: tuple[str, str, str], tmp_path: Path, seed: int) -> None:
    with pytest.raises(AssertionError):
        assert run(tmp_path, seed, Coder.TANS, 2, 64, 500, planted(*fault)) == set()
