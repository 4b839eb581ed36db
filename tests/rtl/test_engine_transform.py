# SPDX-License-Identifier: Apache-2.0
"""The feature-map DMA with transforms, under bench_codec_dma_transform: maps go in and come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.codec.block import Format
from hwgen.codec.block_scan import restored, to_stream
from hwgen.codec.plan import MapCoding
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import Coded, encode
from hwgen.codec.transform import Quantiser, Spatial, Transform
from hwgen.codec.wire import Coder, Grid, Ints
from hwgen.package.codec_engine.transform import Turns, row_words, transform_words
from hwgen.package.registers import filled, register_map_of
from tests.codec.networks import by_every_method
from tests.rtl.cocotb_bench import planted, simulate
from tests.rtl.codec_cases import engine_words
from tests.rtl.engine_bench import plain
from tests.rtl.reader_tensors import sparse
from tests.rtl.test_engine import facts_of

pytestmark = pytest.mark.sim

CLAIMS = {
    "maps_go_out_and_come_back",
    "both_ways_at_once",
    "damage_is_zeros_of_the_map",
    "bus_errors_and_want_of_room_are_told",
    "a_block_is_read_alone",
    "what_is_not_built_is_refused",
    "rates_are_kept",
    "reset_gives_up_what_is_under_way",
}
BITS, SETS = 14, 8


@cache
def registers() -> dict[str, int]:
    """Return the offset of every register of a core with transforms."""
    text = filled("dma/hwg_dma_regs.rdl", "regs", {"TRANSFORM": 1})
    return {register.name: register.offset for register in register_map_of("regs", text)}


def choices(coder: Coder) -> list[tuple[MapCoding, Tables, Ints]]:
    """Return a map of a network, coded in every way that calibration tries."""

    def channels(number: int, transform: Transform, whole: Grid) -> int:
        """Not all channels in one block of some tensors; the edges have smaller ones anyway."""
        patch = transform.spatial.side**2
        unit = 8 * patch if transform.group else max(8, patch)
        return unit if number % 2 and whole.bc > unit else whole.bc

    return list(by_every_method(coder, channels))


def odd(tables: Tables, coder: Coder, rng: np.random.Generator) -> tuple[MapCoding, Tables, Ints]:
    """Return a map of one channel and odd sizes, of few values, and those negative ones too."""
    quantiser = Quantiser.of(3.0, Spatial.ICT4)
    transform = Transform(1, 10, True, quantiser, Spatial.ICT4, 1, lo=-300, hi=411)
    choice = MapCoding(
        "odd", "odd", (7, 10, 1), 10, True, "transform", coder, 1, transform, (1, 2, 16)
    )
    return choice, tables, rng.integers(-300, 412, (7, 10, 1))


def facts(coded: Coded, choice: MapCoding, values: Ints) -> dict[str, Any]:
    """What the bench must know of a map, damaged or not, as software decodes it."""
    transform, grid = choice.transform, choice.grid
    assert transform is not None
    height, width, _ = choice.shape
    found, damages = coded.decode()
    assert np.array_equal(choice.decode(coded)[0], restored(
        found, transform, grid, (height, width), [d.block for d in damages]
    ))  # fmt: skip
    real = to_stream(np.ones_like(values), transform, grid)
    out = to_stream(choice.decode(coded)[0], transform, grid)
    lost = {damage.block: int(damage.fault) for damage in damages}
    clean = encode(found, grid, coded.form, bool(coded.slot))
    made = facts_of(clean, "odd" if choice.name == "odd" else f"method {choice.table_set}")
    ways = [
        {"registers": transform_words(way, transform, height, width),
         "rows": row_words(transform, bool(way))}
        for way in range(2)
    ]  # fmt: skip
    side, boxes = transform.spatial.side, []
    for number in range(grid.blocks):
        y, x, c = grid.where(number)
        high, wide = min(y.stop * side, height) - y.start * side, min(x.stop * side, width)
        boxes.append([high, wide - x.start * side, 4 * c.start // side**2])
    return made | {
        "given": [block.tolist() for block in to_stream(values, transform, grid)],
        "values": [
            [0 if number in lost else int(v) if r else None for v, r in zip(b, rs, strict=True)]
            for number, (b, rs) in enumerate(zip(out, real, strict=True))
        ],
        "turn": ways,
        "boxes": boxes,
        "faults": [lost.get(number, 0) for number in range(grid.blocks)],
    }


def harmed(coded: Coded, rng: np.random.Generator) -> Coded:
    """Return a tensor with a flipped bit in every third block."""
    data = bytearray(coded.data)
    for number in range(0, coded.grid.blocks, 3):
        begin = number * coded.slot if coded.slot else 8 * coded.offsets[number]
        _, used, _ = coded.examine(number)
        at = int(rng.integers(64, 8 * (used - 4)))
        data[begin + at // 8] ^= 1 << at % 8
    return replace(coded, data=bytes(data))


def job(seed: int, coder: Coder, lanes: int) -> tuple[dict[str, int], dict[str, Any]]:
    """Return the parameters of the engine, and what its bench is to do."""
    rng = np.random.default_rng([seed, lanes])
    many = choices(coder)
    tables = [each for _, each, _ in many]
    many.append(odd(tables[1], coder, rng))
    transforms = [choice.transform for choice, _, _ in many if choice.transform]
    turns = Turns.of(transforms)
    tables += [tables[0]] * (SETS - len(tables))
    none = (0,) * 128
    weights = [t.weights or none for t in transforms[:-1]]
    weights += [none] * (SETS - len(weights))
    transforms[-1] = replace(transforms[-1], weights=weights[1] if any(weights[1]) else ())
    many[-1] = (replace(many[-1][0], transform=transforms[-1]), *many[-1][1:])

    tensors: list[dict[str, Any]] = []
    damaged: list[dict[str, Any]] = []
    for number, (choice, own, values) in enumerate(many):
        coded = choice.encode(values, own, slotted=number % 2 == 1)
        tensors.append(facts(coded, choice, values))
        broken = harmed(coded, rng)
        case = facts(broken, choice, values)
        assert any(case["faults"])
        headers = [broken.examine(block)[0] for block in range(choice.grid.blocks)]
        damaged.append(case | {
            "data": broken.data.hex(), "capacity": len(broken.data) // 8,
            "modes": [header.mode if header else 3 for header in headers],
        })  # fmt: skip
        if not coded.slot:
            damaged[-1]["index"] = b"".join(o.to_bytes(4, "little") for o in coded.offsets).hex()
        # One without a transform between them, of other widths, sign and layout.
        form = Format(1 + (5 * number + 7) % 14, tables[0], coder, number % 2 == 1)
        grid = Grid(5, 6, 11, 3, 3, 11)
        some = sparse(rng, (5, 6, 11), form)
        some[0, 0, :2] = form.hi, form.lo
        plain_one = encode(some, grid, form, number % 3 == 1)
        tensors.append(facts_of(plain_one, "plain"))
    form = Format(6, tables[0], coder)
    grid = Grid(16 * lanes, 8, 16, 4, 8, 16)
    tensors.append(facts_of(encode(sparse(rng, (16 * lanes, 8, 16), form), grid, form), "steady"))
    smooth = np.add.outer(np.arange(32), np.arange(32))[..., None] // 4 + np.arange(8)
    even = replace(
        many[1][0], name="even", shape=(32, 32, 8), block=(0, 0, 0),
        transform=Transform(8, 12, True, Quantiser.of(4.0, Spatial.HAAR2), Spatial.HAAR2, 0,
                            lo=0, hi=63, weights=transforms[-1].weights),
    )  # fmt: skip
    tensors.append(facts(even.encode(smooth, tables[1]), even, smooth) | {"name": "even"})

    kinds = [t.spatial for t in transforms]
    ict = f"method {kinds.index(Spatial.ICT4)}"
    klt = f"method {next(i for i, t in enumerate(transforms) if t.group)}"
    form_of = {
        t["name"]: t["turn"][0]["registers"]["transform0_form"] for t in tensors if "turn" in t
    }
    size = {
        t["name"]: t["turn"][0]["registers"]["transform0_map_pixels"]
        for t in tensors
        if "turn" in t
    }
    channels = {t["name"]: t["sizes"][2] for t in tensors}
    wide = 16 * 8 * (turns.groups + 1)
    refused: list[dict[str, Any]] = [
        {"of": ict, "registers": {"transform{}_form": form_of[ict] | 3}},  # WHT4 is not built
        {"of": ict, "registers": {"transform{}_map_pixels": size[ict] + 4}},
        {"of": ict, "registers": {"transform{}_map_pixels": size[ict] - (4 << 16)}},
        {"of": ict, "registers": {"tensor{}_channels": channels[ict] + 8}},  # half a patch
        {"of": ict, "registers": {"tensor{}_block_channels": 8}},
        {"of": ict, "registers": {"transform{}_form": form_of[ict] & ~3}},
        {"of": klt, "registers": {"tensor{}_channels": wide}},
        {"of": klt, "registers": {"tensor{}_channels": channels[klt] + 4}},  # half a group
    ]
    assert turns.kinds == 3
    params = {
        "DataWidth": 64 if lanes == 1 else 128, "Lanes": lanes, "Coder": int(coder), "Bits": BITS,
        "Sets": SETS, "Weighted": 1, "Transform": 1, "Kinds": turns.kinds,
        "Groups": turns.groups, "Width": turns.width,
    }  # fmt: skip
    return params, {
        "seed": seed, "lanes": lanes, "bits": BITS, "word": max(BITS, turns.width),
        "coder": int(coder), "beat": params["DataWidth"] // 8, "origin": 0,
        "registers": registers(),
        "tables": [engine_words(tables, coder, [w for each in weights for w in each])],
        "tensors": tensors, "damaged": damaged, "refused": refused,
        "rows_end": 32 * turns.groups,
    }  # fmt: skip


def run(
    folder: Path, seed: int, coder: Coder, lanes: int, edit: Callable[[Path], None] | None = None
) -> set[str]:
    params, told = job(seed, coder, lanes)
    text, ports = plain("hwg_codec_dma", params)
    return simulate(
        folder, "bench_codec_dma_transform", text, ports, ["hwg_codec_dma"], told, CLAIMS, edit
    )


@pytest.mark.parametrize(
    ("coder", "lanes"),
    [
        pytest.param(Coder.TANS, 1, marks=pytest.mark.ci),
        pytest.param(Coder.HUFFMAN, 4, marks=pytest.mark.slow),
        pytest.param(Coder.TANS, 4, marks=pytest.mark.slow),
        pytest.param(Coder.HUFFMAN, 1, marks=pytest.mark.slow),
    ],
)
def test_maps_go_through_the_engine(tmp_path: Path, seed: int, coder: Coder, lanes: int) -> None:
    assert run(tmp_path, seed, coder, lanes) == set()


FAULTS = (
    ("hwg_dma_inverse", "x & {Width{~fault}}", "x", "damage"),
    ("hwg_dma_inverse", "{in_fault_i, in_last_i}", "{1'b0, in_last_i}", "damage"),
    ("hwg_dma_pixels", "bw = bw_i << 1;", "bw = bw_i << 2;", "maps"),
    ("hwg_dma_pixels", "channels_o = channels_i >> 4;", "channels_o = channels_i >> 2;", "maps"),
    ("hwg_dma_tables", "addr_i[1:0] == 2'd2", "addr_i[1:0] == 2'd3", "maps"),
    ("hwg_dma_map_out", "start_i & transformed_i", "start_i", "maps"),
    ("hwg_dma_map_out", "signed_i & in_data_i", "1'b1 & in_data_i", "maps"),
    ("hwg_dma_read_side", "| turning | delivering", "", "what_is"),
    ("hwg_dma_descriptor_check", "(rows != {1'b0, height_i})", "1'b0", "what_is"),
    ("hwg_dma_descriptor_check", "(klt_i & (inputs > 16'(8 * Groups)))", "1'b0", "what_is"),
    ("hwg_dma_descriptor_check", "~BUILT[kind_i]", "1'b0", "what_is"),
    ("hwg_dma_regs", "& write_word[6:4] == 3'd5)", "& write_word[6:4] == 3'd7)", "maps"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0][4:]}-{f[1][:12]}")
def test_a_fault_is_found(fault: tuple[str, str, str, str], tmp_path: Path, seed: int) -> None:
    module, good, bad, claim = fault
    found = run(tmp_path, seed, Coder.TANS, 1, planted(module, good, bad))
    assert any(name.startswith(claim) for name in found), found
