# SPDX-License-Identifier: Apache-2.0
"""Self-checking bench of the packaged engine: plain SystemVerilog and its vectors.

A tensor is written and read back through all buses, packed and slotted; memory must then hold what
`hwgen.codec` gives, to the last byte, and values come out as they went in. If the engine does
transforms, so is a map with the first one of the plan, and comes out as software decodes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hwgen.codec.block import Format
from hwgen.codec.block_scan import KLT_SIDE, to_stream
from hwgen.codec.plan import MapCoding
from hwgen.codec.tensor import Coded, encode
from hwgen.codec.wire import Grid, Header, Ints, block_bytes, pack_index
from hwgen.files import fill_template
from hwgen.package.codec_engine.core import CodecCore
from hwgen.package.codec_engine.tables import memories
from hwgen.package.codec_engine.top import IN, MEMORY, OUT, memory_signals, stream_ports
from hwgen.package.codec_engine.transform import FORWARD_ROWS, row_words, transform_words
from hwgen.package.ip_core import Bench
from hwgen.package.registers import RegisterMap
from hwgen.package.text import template
from hwgen.package.verilog import memory_file

WRITER, READER = 0, 1
_END, _WRITE, _EXPECT, _INTERRUPT, _FILL, _COMPARE, _STREAM, _STREAMED, _STALL, _RANGE = range(10)
_GRID = Grid(7, 6, 20, 3, 4, 16)  # edges in every direction
_DATA, _INDEX = 4096 - 64, 0  # the blocks lie across a page
_WORDS = 2048  # of the memory
_CHANNELS = 16  # most, of a map
_PATTERN = 0xA5A5A5A5A5A5A5A5
_CYCLES = 400_000
_TEXT = "writes a tensor, reads it back and compares with software"

Step = tuple[int, int, int]


def describe(
    engine: int,
    grid: Grid,
    form: Format,
    slot: int,
    data: int,
    index: int,
    room: int,
    first: int = 0,
) -> dict[str, int]:
    """Return what the registers of an engine must hold for a tensor, register to word.

    Args:
        engine: 0 the writer, 1 the reader.
        grid: of the tensor that is coded.
        form: of its blocks.
        slot: bytes of a slot; 0 if packed.
        data: address of block 0.
        index: address of the index.
        room: bytes for blocks.
        first: number of its first block.
    """
    low = (1 << 32) - 1
    words = {
        "data_lo": data & low,
        "data_hi": data >> 32,
        "index_lo": index & low,
        "index_hi": index >> 32,
        "capacity": room // 8,
        "blocks": grid.blocks,
        "layout": slot // 8 | (slot > 0) << 16,
        "pixels": grid.width | grid.height << 16,
        "channels": grid.channels,
        "block_pixels": grid.bw | grid.bh << 16,
        "block_channels": grid.bc,
        "format": form.bits | form.signed << 4 | form.transformed << 5 | form.stored << 6
        | int(form.coder) << 7 | form.table_set << 8,
        "key": form.key,
        "first": first,
    }  # fmt: skip
    if engine == WRITER:
        words["index_room"] = 0 if slot else grid.blocks // 2 + 1
    return {f"tensor{engine}_{name}": word for name, word in words.items()}


def load(core: CodecCore) -> Iterator[tuple[str, int]]:
    """Yield the writes that fill the memories with all table sets: register and word."""
    for number, content in enumerate(core.table_sets):
        for memory in memories(core, content):
            yield "table_addr", memory.kind << 16 | memory.first(number)
            for word in memory.rom.words:
                yield "table_data", word


def beats(core: CodecCore, values: Ints, grid: Grid) -> list[tuple[int, int, int]]:
    """Return data, user and last of every beat of a tensor; a block begins with a beat.

    Args:
        core: the engine.
        values: shape (H, W, C) of the grid.
        grid: how it is cut.
    """
    return beats_of(core, [values[grid.where(number)] for number in range(grid.blocks)])


def beats_of(core: CodecCore, blocks: Iterable[Ints]) -> list[tuple[int, int, int]]:
    """Return data, user and last of every beat of the blocks of a tensor."""
    made: list[tuple[int, int, int]] = []
    mask = (1 << core.word) - 1
    for values in blocks:
        flat = values.ravel().tolist()
        for at in range(0, len(flat), core.lanes):
            some = flat[at : at + core.lanes]
            word = sum((value & mask) << core.container * i for i, value in enumerate(some))
            block = at + core.lanes >= len(flat)
            made.append((word, int(block) | len(some) << 2, 0))
    return [*made[:-1], (*made[-1][:2], 1)]


def form_of(core: CodecCore) -> Format:
    """Return the format of the bench's tensor: the widest values, with the tables of set 0."""
    content = core.table_sets[0]
    # Without a transform, if the engine would do it.
    weighted = core.weighted and core.turns is None
    return Format(
        core.bits, content.tables, core.coder, core.bits > 1, weighted,
        weights=content.weights if weighted else (),
    )  # fmt: skip


@dataclass(frozen=True)
class Round:
    """A tensor that the bench writes and reads.

    Attributes:
        coded: what memory then holds.
        given: beats that go in.
        wanted: beats that come out.
        turn: of each engine the words of its registers, and rows.
    """

    coded: Coded
    given: list[tuple[int, int, int]]
    wanted: list[tuple[int, int, int]]
    turn: tuple[tuple[dict[str, int], list[int]], ...] = field(default=(({}, []), ({}, [])))


def turned(core: CodecCore) -> MapCoding | None:
    """Return how the bench codes a map: as the first one of the plan that the engine transforms.

    It has three by three patches and one more row, of no more than sixteen channels, whose
    matrices are the plan's.
    """
    found = next((each for each in core.maps if each.transform), None)
    if found is None or found.transform is None:
        return None
    whole = found.transform
    if not whole.group:
        channels = min(_CHANNELS, whole.channels)
        own = replace(whole, channels=channels)
    else:
        channels = min(_CHANNELS, whole.inputs)
        own = replace(
            whole, channels=channels, order=tuple(range(channels)), means=whole.means[:channels],
            matrices=whole.matrices[: channels * KLT_SIDE],
        )  # fmt: skip
    side = own.spatial.side
    shape = (3 * side + 1, 3 * side, channels)
    d = found.descriptor
    return MapCoding(
        found.name, found.name, shape, own.bits, True, "transform", core.coder, d.table_set, own,
        (2, 2, own.inputs * side * side),
    )  # fmt: skip


def _turned_round(core: CodecCore) -> Iterator[Round]:
    """Yield the round of a map, if the engine has transforms and the plan a map for them."""
    choice = turned(core)
    if choice is None:
        return
    transform, grid = choice.transform, choice.grid
    assert transform is not None
    height, width, channels = choice.shape
    # A slope with ripples, between the limits.
    span = min(transform.hi - transform.lo, 1 << 14)
    y, x, c = np.ogrid[:height, :width, :channels]
    values = transform.lo + (span * (y + x) // (height + width) + 5 * c + (y * x) % 3) % (span + 1)
    coded = choice.encode(values, core.table_sets[choice.table_set].tables)
    back, _ = choice.decode(coded)
    ways = tuple(
        (transform_words(way, transform, height, width), row_words(transform, bool(way)))
        for way in (WRITER, READER)
    )
    given, wanted = (to_stream(one, transform, grid) for one in (values, back))
    yield Round(coded, beats_of(core, given), beats_of(core, wanted), ways)


def values_of(form: Format) -> Ints:
    """Return the bench's tensor: a block of zeros, one that does not code well, small values."""
    state, flat = 1, []
    for _ in range(_GRID.size):
        state = (state * 0x5851F42D4C957F2D + 0x14057B7EF767814F) & (1 << 64) - 1
        noise = state >> 32
        size = (noise >> 8) % (form.hi + 1) >> (noise & 15)
        flat.append(max(-size, form.lo) if form.signed and noise & 16 else size)
    values = np.array(flat, np.int64).reshape(_GRID.height, _GRID.width, _GRID.channels)
    values[_GRID.where(1)] = 0
    wild = values[_GRID.where(2)]
    wild[:] = np.arange(wild.size).reshape(wild.shape) * 0x9E3779B1 % (form.hi - form.lo + 1)
    wild += form.lo
    return values


def _image(coded: Coded) -> list[int]:
    """Return the memory with a tensor in it, in words of 64 bits."""
    data = bytearray(_PATTERN.to_bytes(8, "little") * _WORDS)
    if coded.slot:
        for number in range(coded.grid.blocks):
            block = coded.block(number)
            assert block is not None
            used = block_bytes(Header.unpack(block).words)
            at = _DATA + number * coded.slot
            data[at : at + used] = block[:used]
    else:
        index = pack_index(list(coded.offsets))
        data[_INDEX : _INDEX + len(index)] = index
        data[_DATA : _DATA + len(coded.data)] = coded.data
    assert len(data) == 8 * _WORDS, "the tensor does not fit the bench's memory"
    return [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data), 8)]


def _round(core: CodecCore, at: Mapping[str, int], one: Round, number: int) -> Iterator[Step]:
    """Yield the steps that write a tensor and read it."""
    coded = one.coded
    room = len(coded.data)
    for engine, there in ((WRITER, core.writer), (READER, core.reader)):
        if not there:
            continue
        yield _STREAM, 0, int(engine == WRITER)
        words = describe(engine, coded.grid, coded.form, coded.slot, _DATA, _INDEX, room)
        more, rows = one.turn[engine]
        words |= more
        if rows:
            yield _WRITE, at["table_addr"], FORWARD_ROWS + engine << 16
            for row in rows:
                yield _WRITE, at["table_data"], row
        for name, word in words.items():
            yield _WRITE, at[name], word
            yield _EXPECT, at[name], word
        yield _WRITE, at["control"], 1 << engine
        yield _INTERRUPT, 0, 0
        if engine == WRITER:
            yield _COMPARE, 0, number
        else:
            yield _STREAMED, 0, 0
        yield _EXPECT, at["irq_status"], 1 << engine
        yield _WRITE, at["irq_status"], 1 << engine
        yield _EXPECT, at["status"], 0
        yield _EXPECT, at[f"tally{engine}_fault"], 0
        for mode, count in coded.modes.items():
            yield _EXPECT, at[f"tally{engine}_{mode}"], count


def _steps(core: CodecCore, registers: RegisterMap, rounds: Sequence[Round]) -> Iterator[Step]:
    at = registers.offsets()
    for register in registers.registers:
        if register.reset is not None and not register.writable:
            yield _EXPECT, register.offset, register.reset
    for name, word in load(core):
        yield _WRITE, at[name], word
    yield _WRITE, at["irq_enable"], 15
    yield _FILL, 0, len(rounds)
    begin = 0
    for number, one in enumerate(rounds):
        yield _STALL, 0, number
        yield _FILL, 0, len(rounds) if core.writer else number
        if one.turn[0][0]:
            span = len(one.given)
            yield _RANGE, span, begin + span << 16 | begin
        elif number == 0:
            begin = len(one.given)
        yield from _round(core, at, one, number)
    yield _END, 0, 0


def codec_bench(core: CodecCore, registers: RegisterMap) -> Bench:
    """Return the bench of the packaged engine."""
    form = form_of(core)
    values = values_of(form)
    flow = beats(core, values, _GRID)
    span = len(flow)
    rounds = [Round(encode(values, _GRID, form, slotted), flow, flow) for slotted in (False, True)]
    for one in _turned_round(core):
        rounds.append(one)
        flow = [*flow, *one.given, *one.wanted]
    wide, user = 8 * core.beat, core.count_width + 2
    steps = list(_steps(core, registers, rounds))
    outer = {
        f"{IN}_tdata": "in_data", f"{IN}_tlast": "in_last", f"{IN}_tvalid": "in_valid",
        f"{IN}_tready": "in_ready", f"{OUT}_tdata": "out_data", f"{OUT}_tuser": "out_user",
        f"{OUT}_tlast": "out_last", f"{OUT}_tvalid": "out_valid", f"{OUT}_tready": "out_ready",
    }  # fmt: skip
    given = {
        "bid": "1'b0", "bresp": "2'b00", "rid": "1'b0", "rresp": "2'b00",
        "rlast": "reads_left == 1", "awid": "", "arid": "", "awlock": "", "arlock": "",
        "awcache": "", "arcache": "", "awprot": "", "arprot": "",
    }  # fmt: skip
    wired = [
        f".{MEMORY}_{name:<11} ({given.get(name, f'm_{name}')})" for name in memory_signals(core)
    ]
    for ports in stream_ports(core).values():
        wired += [f".{port.name:<22} ({outer[port.name]})" for port in ports]
    silent: tuple[str, ...] = ()
    if not core.writer:
        silent = ("m_awaddr", "m_awlen", "m_awsize", "m_awburst", "m_awvalid", "m_wlast",
                  "m_wvalid", "m_bready", "m_wdata", "m_wstrb", "in_ready")  # fmt: skip
    if not core.reader:
        silent = ("m_araddr", "m_arlen", "m_arsize", "m_arburst", "m_arvalid", "m_rready",
                  "out_data", "out_user", "out_last", "out_valid")  # fmt: skip
    absent = [f"assign {name} = '0;" for name in silent]
    tb = f"tb_{core.ip}"
    files = {f"{kind}_file": f"{tb}_{kind}.mem" for kind in ("steps", "beats", "images")}
    text = fill_template(
        template("tb_codec.sv.in"), tb=tb, ip=core.ip, steps=str(len(steps)),
        beats=str(len(flow)), span=str(span), words=str(_WORDS), bus=str(core.bus),
        address=str(core.address_bits), wide=str(wide), user=str(user), wired=",\n".join(wired),
        absent="\n".join(absent),
        budget=str(_CYCLES + 8 * len(steps)), pattern=f"{_PATTERN:016x}", rounds=str(len(rounds)),
        **files,
    )  # fmt: skip
    images = [word for one in rounds for word in _image(one.coded)]
    lines = [last << wide + user | mark << wide | word for word, mark, last in flow]
    memories_of = (
        (
            "steps_file",
            "what to do, address, word",
            [a << 48 | b << 32 | c for a, b, c in steps],
            56,
        ),
        ("beats_file", "last, user, data", lines, wide + user + 1),
        ("images_file", "memory with each tensor", images, 64),
    )
    made = [(f"{tb}.sv", core.banner("//", "Writes a tensor and reads it back.") + text)]
    for name, note, words, width in memories_of:
        made.append((files[name], core.banner("//", note) + memory_file(words, width)))
    return Bench(tb, _TEXT, ("verilator",), tuple(made))
