# SPDX-License-Identifier: Apache-2.0
"""The feature-map DMA under bench_codec_dma: whole tensors, damage, and all that can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hwgen.codec.tensor import Coded, encode
from hwgen.codec.wire import Coder, Grid
from hwgen.package.registers import filled, register_map_of
from tests.rtl.cocotb_bench import planted, simulate
from tests.rtl.codec_cases import engine_words
from tests.rtl.engine_bench import plain
from tests.rtl.reader_tensors import damaged, extremes, sparse
from tests.rtl.test_writer import SETS, Tensors, told

pytestmark = pytest.mark.sim

CLAIMS = {
    "tensors_go_out_and_come_back",
    "both_ways_at_once",
    "any_block_is_read_alone",
    "damage_is_told_block_by_block",
    "bus_errors_and_want_of_room_are_told",
    "what_cannot_be_done_is_refused",
    "both_ways_keep_their_rate",
    "reset_gives_up_what_is_under_way",
    "a_memory_that_never_answers_is_forgotten",
}
SHAPES = ((1, 1, 1), (5, 3, 13), (7, 4, 24), (1, 2, 512), (9, 1, 3), (6, 6, 16), (4, 5, 40))


def registers() -> dict[str, int]:
    """Return the offset of every register."""
    text = filled("dma/hwg_dma_regs.rdl", "regs", {})
    return {register.name: register.offset for register in register_map_of("regs", text)}


def tables(work: Tensors) -> list[list[list[int]]]:
    """Return the words of every memory, in the order of their kinds, of each load."""
    return [
        engine_words(tables, work.coder, loaded["weight"] if work.weights[1] else [])
        for loaded, tables in zip(work.loads(), work.tables, strict=True)
    ]


def facts_of(coded: Coded, name: str, load: int = -1) -> dict[str, Any]:
    """What the bench must know of a tensor without damage."""
    grid = coded.grid
    shapes = [grid.shape(number) for number in range(grid.blocks)]
    return {**told(coded, name, load), "shapes": shapes}


def small(work: Tensors, slotted: bool, number: int) -> Coded:
    """Return a tensor of many small blocks of every kind."""
    grid, form = Grid(6, 6, 16, 3, 3, 8), work.form(min(6, work.most), number)
    return encode(work.mixed(grid, form), grid, form, slotted)


def tensors(work: Tensors) -> list[dict[str, Any]]:
    """Shapes and widths, blocks for all claims, and at last the other tables."""
    made = []
    for number, shape in enumerate(SHAPES):
        bits = 1 + (number * 5 + work.most - 1) % work.most
        grid, form = Grid.of(*shape), work.form(bits, number, 0, number == 4)
        coded = encode(work.mixed(grid, form), grid, form, number % 2 == 1)
        made.append(facts_of(coded, f"{bits} bits, {shape}", -1 if number else 0))
    for number in range(4):
        made.append(facts_of(small(work, number % 2 == 1, number), "blocks"))
    grid, form = Grid(32 * work.lanes, 8, 16, 4, 8, 16), work.form(min(6, work.most), 0)
    steady = encode(sparse(work.rng, (32 * work.lanes, 8, 16), form), grid, form)
    made.append(facts_of(steady, "steady"))
    for number in range(4):
        grid, form = Grid(4, 5, 16, 4, 5, 8), work.form(min(8, work.most), number, 1)
        coded = encode(work.mixed(grid, form), grid, form)
        made.append(facts_of(coded, "other tables", -1 if number else 1))
    for number, case in enumerate(extremes(work.coder, work.tables[0][0], work.most)):
        made.append(facts_of(case, "extreme", -1 if number else 0))
    return made


def harmed(work: Tensors, count: int) -> list[dict[str, Any]]:
    """Return damaged tensors, and what software makes of them."""
    rng = work.rng
    made: list[tuple[str, Coded]] = []
    while len(made) < count:
        number = len(made)
        coded = small(work, number % 3 == 2, number)
        if number % 3 == 2:
            data, slot = bytearray(coded.data), coded.slot
            a, b = (int(k) * slot for k in rng.choice(coded.grid.blocks, 2, replace=False))
            if number % 2:  # two change places
                data[a : a + slot], data[b : b + slot] = data[b : b + slot], data[a : a + slot]
            else:  # memory was not written from here on
                data[a:] = bytes(len(data) - a)
            made.append(("slots", replace(coded, data=bytes(data))))
        else:
            made += [(kind, broken) for kind, broken, _ in damaged(rng, coded, 5)]
    cases = []
    for name, coded in made[:count]:
        values, damages = coded.decode()
        grid = coded.grid
        found = {damage.block: int(damage.fault) for damage in damages}
        headers = [coded.examine(number)[0] for number in range(grid.blocks)]
        case = facts_of(encode(values, grid, coded.form, bool(coded.slot)), name)
        case |= {
            "data": coded.data.hex(), "capacity": len(coded.data) // 8,
            "faults": [found.get(number, 0) for number in range(grid.blocks)],
            "modes": [header.mode if header else 3 for header in headers],
        }  # fmt: skip
        if not coded.slot:
            case["index"] = b"".join(o.to_bytes(4, "little") for o in coded.offsets).hex()
        cases.append(case)
    assert sum(any(case["faults"]) for case in cases) > 0.8 * count
    return cases


def run(
    folder: Path, seed: int, lanes: int, coder: Coder, width: int, bits: int = 14,
    weighted: bool = False, count: int = 24, addr_width: int = 32, origin: int = 0,
    edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    work = Tensors(seed, coder, lanes, bits, weighted)
    text, ports = plain(
        "hwg_codec_dma",
        {
            "DataWidth": width, "Lanes": lanes, "Coder": int(coder), "Bits": bits, "Sets": SETS,
            "Weighted": int(weighted), "MaxBurst": 4 if width == 128 else 16,
            "AddrWidth": addr_width,
        },
    )  # fmt: skip
    facts = {
        "seed": seed, "lanes": lanes, "bits": bits, "coder": int(coder), "beat": width // 8,
        "registers": registers(), "tables": tables(work), "tensors": tensors(work),
        "damaged": harmed(work, count), "origin": origin,
    }  # fmt: skip
    return simulate(folder, "bench_codec_dma", text, ports, ["hwg_codec_dma"], facts, CLAIMS, edit)


@pytest.mark.ci
def test_engine_does_what_software_asks(tmp_path: Path, seed: int) -> None:
    assert run(tmp_path, seed, 2, Coder.TANS, 128, weighted=True) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lanes", "coder", "width", "bits", "weighted", "addr_width", "origin"),
    [
        (1, Coder.HUFFMAN, 64, 15, True, 32, 0x7FFC_0000),
        (4, Coder.HUFFMAN, 128, 8, False, 40, 0x12_FFFF_8000),  # across 4 GiB
        (4, Coder.TANS, 64, 14, False, 64, 0xFEDC_BA98_0000_1000),
    ],
)
def test_five_hundred_corruptions_are_told(
    tmp_path: Path, seed: int, lanes: int, coder: Coder, width: int, bits: int, weighted: bool,
    addr_width: int, origin: int,
) -> None:  # fmt: skip
    failed = run(
        tmp_path, seed, lanes, coder, width, bits, weighted, 500, addr_width, origin
    )  # fmt: skip
    assert failed == set()


@pytest.mark.parametrize(("writer", "reader"), [(0, 1), (1, 0)])
def test_one_engine_is_enough(tmp_path: Path, seed: int, writer: int, reader: int) -> None:
    work = Tensors(seed, Coder.HUFFMAN, 1, 8, False)
    params = {
        "Lanes": 1, "Coder": 0, "Bits": 8, "Sets": SETS, "Writer": writer, "Reader": reader,
        "Values": 256, "AddrWidth": 40, "DataWidth": 64,
    }  # fmt: skip
    text, ports = plain("hwg_codec_dma", params)
    figures = {
        "LANES": 1, "BITS": 8, "DATA_BYTES": 8, "SETS": SETS, "WRITER": writer, "READER": reader,
        "VALUES": 256, "ADDR_WIDTH": 40,
    }  # fmt: skip
    described = register_map_of("regs", filled("dma/hwg_dma_regs.rdl", "regs", figures))
    facts = {
        "seed": seed, "lanes": 1, "bits": 8, "coder": 0, "origin": 0, "registers": registers(),
        "tables": tables(work), "writer": writer, "tensor": facts_of(small(work, False, 0), ""),
        "constants": {
            register.name: register.reset for register in described
            if register.name in ("id", "version", "config", "limits")
        },
    }  # fmt: skip
    claims = {"the_core_tells_what_it_is_and_does_what_it_can"}
    assert simulate(
        tmp_path, "bench_codec_dma_one_way", text, ports, ["hwg_codec_dma"], facts, claims
    ) == set()  # fmt: skip


FAULTS = (
    ("hwg_dma_status", "block_i & ~fault_i", "block_i", "damage"),
    ("hwg_dma_fetch", "slot_end > {1'b0, capacity_i}", "1'b0", "bus_errors"),
    ("hwg_dma_reader", "(block_number + first_i),", "(block_number),", "any_block"),
    ("hwg_dma_descriptor_check", "large_q | (volume_q > 26'(Values))", "1'b0", "what_cannot"),
    ("hwg_dma_regs", "known(write_word) & ~locked", "known(write_word)", "what_cannot"),
    ("hwg_dma_tensor", "(Reader != 0) ? 3 : 6", "(Reader != 0) ? 1 : 6", "what_cannot"),
    ("hwg_dma_tensor", "(fault_i | refuse_o)", "(fault_i)", "what_cannot"),
    ("hwg_dma_write_side", "table_addr_i[SetWidth+8:0]", "{1'b0, table_addr_i[SetWidth+7:0]}",
     "tensors"),
    ("hwg_codec_block_parse", "out_fault_o = CRC;", "out_fault_o = SEQ;", "damage"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0][4:]}-{f[1][:12]}")
def test_a_fault_is_found(fault: tuple[str, str, str, str], tmp_path: Path, seed: int) -> None:
    module, good, bad, claim = fault

    found = run(tmp_path, seed, 1, Coder.TANS, 64, 8, count=60, edit=planted(module, good, bad))
    assert any(name.startswith(claim) for name in found), found
