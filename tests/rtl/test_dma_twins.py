# SPDX-License-Identifier: Apache-2.0
"""C++ twins of the feature-map DMA: tensors in memory, held against the codec in software."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwgen.codec.block import Format
from hwgen.codec.block_scan import to_stream
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import Coded, encode
from hwgen.codec.transform import Quantiser, Spatial, Transform, klt
from hwgen.codec.wire import Coder, Fault, Grid, Header, Ints, Mode, pack_index, unpack_index
from tests.rtl.codec_cases import KINDS, tables_of, values_of
from tests.rtl.test_codec_twins import FILL, shared
from tests.rtl.twins import STRICT, Program, check_fault, drain, feed, listed, vendor_flags

LANES, VALUES, ROOM = 4, 256, 700  # room: words of memory in a case
INDEX = 600  # where the index lies
KIND = "si<16>"  # of a value


def described(grid: Grid, form: Format, slot: int, capacity: int, room: int) -> str:
    """Return the description of a tensor that begins at word 8."""
    told = [grid.height, grid.width, grid.channels, grid.bh, grid.bw, grid.bc]
    flags = [f"{int(v)} != 0" for v in (form.signed, form.transformed, form.stored)]
    own = [str(form.bits), *flags, str(form.table_set), f"{form.key}u"]
    rest = [*map(str, told), f"{slot} != 0", *map(str, (slot // 8, 8, capacity, INDEX, room))]
    return f"  hwg::dma_tensor tensor = {{{', '.join(rest)}, {{{', '.join(own)}}}}};\n"


def lanes_of(rows: list[Ints]) -> Ints:
    """Return blocks of values as words of lanes, zeros behind the last value of a block."""
    return np.concatenate([np.pad(r.ravel(), (0, -r.size % LANES)) for r in rows])


def words_in(values: Ints) -> str:
    return feed(KIND, len(values) // LANES, LANES)


def words_out(count: int) -> str:
    return drain(KIND, count // LANES, LANES)


TOLD = '  std::printf("%d %d %d %d %d %d ", s.raw, s.zero, s.coded, s.faults, s.fault, s.block);\n'
MEMORY = f"  static ui<64> memory[{ROOM}];\n"
FILLED = MEMORY + f"  for (int i = 0; i < {ROOM}; ++i) memory[i] = ui<64>(m[i]);\n"
TABLES = "  const tables_t tables = {limits, offsets, ranks, steps, weights};\n"


def statistics(faults: list[tuple[int, Fault]], modes: dict[str, int]) -> list[int]:
    first = faults[0] if faults else (0, Fault.NONE)
    return [modes["raw"], modes["zero"], modes["coded"], len(faults), int(first[1]), first[0]]


def written(coded: Coded, capacity: int, room: int) -> tuple[Ints, list[int]]:
    """Return memory as the writer leaves it, and its status: what does not fit is dropped."""
    memory = np.zeros(ROOM, np.int64)
    places, at, faults = [0], 0, list[tuple[int, Fault]]()
    modes, index = {"raw": 0, "zero": 0, "coded": 0}, 0
    dropping = False
    for number in range(coded.grid.blocks):
        data = coded.block(number)
        assert data is not None
        data = data[: 8 * -(-(14 + 2 * (int.from_bytes(data[:4], "little") >> 8 & 0xFFF)) // 8)]
        size = coded.slot // 8 or len(data) // 8
        dropping = dropping or at + size > capacity
        if dropping:
            faults.append((number, Fault.OVF))
        else:
            memory[8 + at : 8 + at + len(data) // 8] = np.frombuffer(data, np.int64)
            modes[Mode(Header.unpack(data).mode).name.lower()] += 1
            at += size
        places.append(at)
        if not coded.slot and (len(places) == 16 or number == coded.grid.blocks - 1):
            words = np.frombuffer(pack_index(places), np.int64)
            dropping = dropping or index + len(words) > room
            if index + len(words) <= room:
                memory[INDEX + index : INDEX + index + len(words)] = words
                index += len(words)
            places = []
    return memory, statistics(faults, modes)


def writer(program: Program, values: Ints, coded: Coded, capacity: int, room: int) -> None:
    kind, weighted = int(coded.form.coder), int(bool(coded.form.weights))
    own = "symbols, states" if kind else "words, states"
    stream = lanes_of([values[coded.grid.where(n)] for n in range(coded.grid.blocks)])
    body = described(coded.grid, coded.form, coded.slot, capacity, room) + words_in(stream) + MEMORY
    call = f"hwg::dma_writer<{kind}, 14, {weighted}, {LANES}, {VALUES}>::of<si<16> >"
    body += f"  const hwg::dma_status s = {call}(in, tensor, {own}, weights, memory);\n{TOLD}"
    body += f"  for (int i = 0; i < {ROOM}; ++i) put(memory[i]);\n"
    memory, status = written(coded, capacity, room)
    program.case(body, [*status, *memory], x=stream)


def reader(program: Program, coded: Coded, memory: Ints) -> None:
    """Add a read of a memory, which may be damaged: what the software makes of the same bytes."""
    kind, weighted = int(coded.form.coder), int(bool(coded.form.weights))
    capacity = len(coded.data) // 8
    data = memory[8 : 8 + capacity].tobytes()
    index = () if coded.slot else unpack_index(memory[INDEX:].tobytes(), coded.grid.blocks)
    found = Coded(coded.grid, coded.form, data, tuple(index), coded.slot)
    rows, faults, modes = [], list[tuple[int, Fault]](), {"raw": 0, "zero": 0, "coded": 0}
    for number in range(coded.grid.blocks):
        values, fault = found.decode_block(number)
        rows.append(values)
        if fault:
            faults.append((number, fault))
        else:
            block = found.block(number)
            assert block is not None
            modes[Mode(Header.unpack(block).mode).name.lower()] += 1
    want = lanes_of(rows)
    body = described(coded.grid, coded.form, coded.slot, capacity, ROOM - INDEX) + FILLED + TABLES
    body += f"  stream<lanes<si<16>, {LANES}> > out;\n"
    call = f"hwg::dma_reader<{kind}, 14, {weighted}, {LANES}, {VALUES}>::of<si<16> >"
    body += f"  const hwg::dma_status s = {call}(memory, tensor, 0, tables, out);\n{TOLD}"
    program.case(
        body + words_out(len(want)), [*statistics(faults, modes), *want], m=memory.view(np.uint64)
    )


GRIDS = (Grid(5, 7, 24, 2, 4, 16), Grid(9, 8, 3, 2, 2, 3), Grid(4, 4, 8, 4, 4, 8))


def tensors(
    program: Program, rng: np.random.Generator, tables: Tables, weights: Ints, grids: int
) -> None:
    """Add tensors of both coders and layouts, written and read, whole and damaged."""
    own = tuple(int(w) for w in weights)
    for at, grid in enumerate(GRIDS[:grids]):
        for coder in (Coder.TANS, Coder.HUFFMAN):
            form = Format(
                6 + at, tables, coder, at == 0, at == 1, 3 * at, own if at == 1 else (), nonce=at
            )
            values = values_of(
                rng,
                KINDS[(2 * at + int(coder)) % len(KINDS)],
                (grid.height, grid.width, grid.channels),
                form,
            )
            values[: grid.bh] = 0
            for slotted in (False, True):
                coded = encode(values, grid, form, slotted)
                whole = len(coded.data) // 8
                writer(program, values, coded, whole, ROOM - INDEX)
                if at == 1:
                    writer(program, values, coded, whole * 2 // 3, ROOM - INDEX)
                    writer(program, values, coded, whole, 7)
                memory, _ = written(coded, whole, ROOM - INDEX)
                reader(program, coded, memory)
                for _ in range(3):
                    broken = memory.copy()
                    place = int(rng.integers(8, 8 + whole))
                    if not slotted and rng.random() < 0.5:
                        place = INDEX + int(rng.integers(0, grid.blocks // 2 + 1))
                    broken[place] ^= 1 << int(rng.integers(0, 40))
                    reader(program, coded, broken)


def maps(program: Program, rng: np.random.Generator, tables: Tables) -> None:
    """Add a map that goes to memory through the transform, and comes back; and a wrong tensor."""
    high, wide, channels = 7, 10, 13
    values = rng.integers(-300, 300, (high, wide, channels)).cumsum(axis=1) // 4
    order, matrices, means = klt(values.reshape(-1, channels), 8)
    transform = Transform(
        channels,
        12,
        True,
        Quantiser.of(60.0, Spatial.HAAR2),
        Spatial.HAAR2,
        0,
        8,
        order,
        matrices,
        means,
    )
    grid = Grid(4, 5, 64, 2, 2, 32)
    form = Format(12, tables, Coder.TANS, True, True)
    coefficients = transform.forward(values)
    coded = encode(coefficients, grid, form)
    stream = lanes_of(to_stream(values, transform, grid))
    memory, status = written(coded, len(coded.data) // 8, ROOM - INDEX)
    q = transform.quantiser
    body = described(grid, form, 0, len(coded.data) // 8, ROOM - INDEX)
    body += f"  static si<8> matrices[{len(matrices)}];\n  static si<16> means[{len(means)}];\n"
    body += f"  for (int i = 0; i < {len(matrices)}; ++i) matrices[i] = si<8>(k[i]);\n"
    body += f"  for (int i = 0; i < {len(means)}; ++i) means[i] = si<16>(a[i]);\n"
    own = f"1, true, 0, {q.shift}, {{{listed(q.scales)}}}, {{{listed(q.steps)}}}"
    own = f"{{{own}, 12, true, -32768, 32767}}"
    body += (
        f"  const hwg::dma_map<si<8>, si<16> > map = {{{high}, {wide}, {own}, matrices, means}};\n"
    )
    unit = f"hwg::codec_dma<1, 14, 0, {LANES}, {VALUES}, 1, 2>"
    write = f"{unit}::store_map<si<16>, si<15> >(in, tensor, map, symbols, states, weights, memory)"
    there = words_in(stream) + MEMORY + f"  const hwg::dma_status s = {write};\n{TOLD}"
    there += f"  for (int i = 0; i < {ROOM}; ++i) put(memory[i]);\n"
    given = {"k": np.array(matrices), "a": np.array(means)}
    program.case(body + there, [*status, *memory], x=stream, **given)
    back = transform.inverse(coefficients, high, wide)
    want = to_stream(back, transform, grid)
    filled = [  # channels that only fill the last group come out as something, not as zeros
        np.array(order)[c.start // 4 + np.arange(row.size) % ((c.stop - c.start) // 4)] < channels
        for row, (_, _, c) in zip(want, map(grid.where, range(grid.blocks)), strict=True)
    ]
    kept = lanes_of([mask.astype(np.int64) for mask in filled])
    read = f"{unit}::load_map<si<16>, si<15> >(memory, tensor, map, tables, out)"
    here = FILLED + TABLES + f"  stream<lanes<si<16>, {LANES}> > out;\n"
    here += f"  const hwg::dma_status s = {read};\n{TOLD}  int at = 0;\n"
    here += words_out(len(kept)).replace("put(w.at[i])", "if (y[at++] != 0) put(w.at[i])")
    result = lanes_of(want)[kept != 0]
    program.case(body + here, [*status, *result], m=memory.view(np.uint64), y=kept, **given)
    wrong = body + "  tensor.bc = 24;\n" + words_in(stream[:0]) + MEMORY
    wrong += f"  const hwg::dma_status s = {write};\n{TOLD}"
    program.case(wrong, [0, 0, 0, 0, int(Fault.CFG), 0], x=stream, **given)


def frames(program: Program) -> None:
    """Add beats through the gates of AXI-Stream frames."""
    body = "  stream<hwg::beat<16> > in, mid, out;\n"
    body += "  for (int n = 0; n < 12; ++n) {\n    hwg::beat<16> b;\n"
    body += "    for (int i = 0; i < 2; ++i) {\n      hwg::set_byte(b, i, ui<8>(2 * n + i));\n"
    body += "      hwg::set_kept(b, i, n % 3 != 2 || i == 0);\n    }\n"
    body += "    b.last = n == 11;\n    in.write(b);\n  }\n  int place = 0, left = 0;\n"
    body += (
        "  for (int n = 0; n < 12; ++n) {\n    hwg::axis_split<16, 3>::of(in, mid, true, place);\n"
    )
    body += "    hwg::axis_join<16>::of(mid, out, 2, left);\n  }\n"
    body += "  for (int n = 0; n < 12; ++n) {\n    const hwg::beat<16> b = out.read();\n"
    body += "    put(hwg::byte_of(b, 1));\n"
    body += '    std::printf("%d %d ", b.last != 0, hwg::kept(b, 1));\n  }\n'
    program.case(body, [v for n in range(12) for v in (2 * n + 1, int(n in (5, 11)), 1)])
    plain = body.replace("true, place", "false, place").replace("out, 2,", "out, 1,")
    want = [v for n in range(12) for v in (2 * n + 1, int(n == 11), int(n % 3 != 2))]
    program.case(plain, want)


def whole(seed: int, grids: int = len(GRIDS)) -> Program:
    rng = np.random.default_rng(seed)
    tables, weights = tables_of(rng), rng.integers(0, 256, 128)
    program = Program()
    program.share(**shared(tables, weights))
    program.shared += FILL
    tensors(program, rng, tables, weights, grids)
    maps(program, rng, tables)
    frames(program)
    return program


@pytest.mark.parametrize("grids", [1, pytest.param(len(GRIDS), marks=pytest.mark.ci)])
def test_twins_of_the_dma_equal_the_software(grids: int, tmp_path: Path, seed: int) -> None:
    whole(seed, grids).check(tmp_path, STRICT)


@pytest.mark.slow
def test_twins_of_the_dma_with_vendor_integers(tmp_path: Path, seed: int) -> None:
    for flags in vendor_flags():
        whole(seed).check(tmp_path, flags)


@pytest.mark.slow
def test_twins_of_the_dma_under_sanitizers(tmp_path: Path, seed: int) -> None:
    flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    whole(seed).check(tmp_path, flags)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "old", "new"),
    [
        ("dma_store.h", "finish > tensor.capacity", "finish > tensor.capacity + 1000"),
        ("dma_store.h", "written + count > tensor.index_room", "false"),
        ("dma_fetch.h", "begin < end", "begin <= end"),
        ("dma_fetch.h", "&& !broken", ""),
        ("dma_grid.h", "tensor.width - x", "tensor.bw"),
        ("lang/words.h", "good && at < count", "at < count"),
        ("codec_dma.h", "grid.c / (side * side)", "0"),
        ("dma_descriptor_check.h", "t.bc % unit == 0", "true"),
        ("axis_join.h", "ends && before == 1", "ends"),
        ("axis_split.h", "(many && filled)", "many"),
    ],
)
def test_a_fault_in_a_twin_is_found(
    header: str, old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    check_fault(whole(seed), header, (old, new), tmp_path, monkeypatch)
