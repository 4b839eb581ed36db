# SPDX-License-Identifier: Apache-2.0
"""Maps that are hard on a coder, coded by software, in the form that bench_codec_decode takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.codec.block import Format, decode_block, encode_block, examine
from hwgen.codec.memory_images import huffman_lookup_rom, tans_encode_lookup_roms
from hwgen.codec.tables import Tables, huffman_encode_rom, tans_decode_rom
from hwgen.codec.wire import Coder, Fault, Grid, Header, Mode, raw_words, seal
from hwgen.units.library import find_unit

Ints = npt.NDArray[np.int64]
Shape = tuple[int, int, int]
Job = dict[str, Any]

# Height, width, channels; height, width, channels of a block.
GRIDS = (
    Grid(2, 3, 8, 2, 3, 8),
    Grid(1, 1, 1, 1, 1, 1),
    Grid(5, 7, 24, 2, 4, 16),  # edges in every direction
    Grid(4, 6, 3, 4, 6, 3),  # fewer channels than threads
    Grid(7, 1, 12, 7, 1, 12),  # one column
    Grid(3, 9, 5, 3, 9, 5),  # a thread with two channels, three with one
    Grid(6, 5, 20, 3, 5, 16),  # the second block of a row has 4 channels
    Grid(2, 2, 7, 2, 2, 7),
    Grid(1, 17, 9, 1, 8, 9),
    Grid(3, 2, 130, 3, 2, 130),  # weights begin again
    Grid(3, 9, 1, 3, 9, 1),  # one channel, two, three: a pixel takes four cycles all the same
    Grid(4, 5, 2, 4, 5, 2),
    Grid(6, 6, 8, 6, 6, 8),  # thirteen, so that every grid meets every table and width
)
LARGE = (Grid(2, 4, 512, 2, 4, 512), Grid(1, 1, 4096, 1, 1, 4096), Grid(2, 1, 2048, 2, 1, 2048),
         Grid(2, 2048, 1, 2, 2048, 1), Grid(16, 16, 16, 16, 16, 16))  # fmt: skip
KINDS = ("sparse", "dense", "zeros", "largest", "first", "last", "alternate", "falling", "edges")


def tables_of(rng: np.random.Generator) -> Tables:
    """Return tables in which any token may be the rarest: long codes, and escapes, for all."""
    share = 2.0 ** -np.arange(32)
    counts = np.array([rng.permutation(share) for _ in range(16)]) * 1e9
    return Tables.of(counts.astype(np.int64))


def values_of(rng: np.random.Generator, kind: str, shape: Shape, form: Format) -> Ints:
    """Return a map of a kind, of values that the format allows."""
    top, bottom = form.hi, form.lo
    values: Ints = np.zeros(shape, np.int64)
    flat = values.reshape(-1)
    if kind == "largest":
        flat[:] = np.where(rng.random(flat.size) < 0.5, top, bottom)
    elif kind == "first":
        flat[0] = top
    elif kind == "last":
        flat[-1] = bottom if bottom else top
    elif kind == "alternate":
        flat[::2] = top
    elif kind == "falling":  # all magnitudes, small ones most often
        size = 2.0 ** (rng.random(flat.size) * (form.bits + 1)) - 1
        flat[:] = np.clip(size * np.where(rng.random(flat.size) < 0.5, 1, -1), bottom, top)
    elif kind == "level":  # neighbours of 20 to 32 in all, where contexts lie close
        flat[:] = np.minimum(rng.integers(5, 9, flat.size), top)
    elif kind == "edges":  # both sides of every power of two
        near = (1 << rng.integers(0, form.bits + 1, flat.size)) - rng.integers(0, 2, flat.size)
        flat[:] = np.clip(near, bottom, top)
    elif kind in ("sparse", "dense"):
        flat[:] = rng.integers(bottom, top + 1, flat.size)
        if kind == "sparse":
            flat[rng.random(flat.size) < 0.7] = 0
    return values


def block_job(data: bytes, shape: Shape, form: Format, number: int, **other: Any) -> Job:
    """Return a block as it comes from memory, and what software makes of it."""
    values, fault = decode_block(data, shape, form, number)
    header, early = examine(data, form, number)
    words = [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data), 8)]
    return {
        "number": number, "shape": shape, "given": 0, "error": -1, "words": words,
        "values": [int(v) for v in values.ravel()], "fault": int(fault), "mode": header.mode,
        "early": bool(early), **other,
    }  # fmt: skip


def given_job(fault: Fault, shape: Shape, number: int) -> Job:
    """Return a block with a fault that was found outside."""
    count = shape[0] * shape[1] * shape[2]
    return {
        "number": number, "shape": shape, "given": int(fault), "error": -1, "words": [],
        "values": [0] * count, "fault": int(fault), "mode": 0, "early": True,
    }  # fmt: skip


def tensor_job(blocks: list[Job], form: Format) -> Job:
    """Return a tensor with the settings that the decoder is given."""
    return {
        "bits": form.bits, "signed": int(form.signed), "set": form.table_set,
        "transformed": int(form.transformed), "stored": int(form.stored), "key": form.key,
        "blocks": blocks,
    }  # fmt: skip


def coded_tensor(values: Ints, grid: Grid, form: Format, first: int = 0) -> Job:
    """Return a whole tensor, coded, its blocks numbered from *first* on."""
    blocks = []
    for number in range(grid.blocks):
        shape = grid.shape(number)
        data = encode_block(values[grid.where(number)], form, first + number)
        blocks.append(block_job(data, shape, form, first + number))
    return tensor_job(blocks, form)


def session(name: str, tensors: list[Job], **other: Any) -> Job:
    """Return tensors to be run one behind the other, without a stall unless told."""
    return {
        "name": name, "tensors": tensors, "strict": True, "stalls": ["none"] * 3, "bound": 0,
        **other,
    }  # fmt: skip


def damaged(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    """Return the block with one thing wrong: a bit, a length, its place, its words."""
    broken = bytearray(data)
    kind = int(rng.integers(0, 6))
    header = Header.unpack(data)
    used = 12 + 2 * header.words
    if kind <= 2:
        place = int(rng.integers(0, 8 * used))
        broken[place // 8] ^= 1 << place % 8
    elif kind == 3:
        return other
    elif kind == 4 and len(data) > 8:
        return data[: 8 * int(rng.integers(1, len(data) // 8))]
    else:
        return data + rng.bytes(8 * int(rng.integers(1, 4)))
    return bytes(broken)


SETS = 2
PATTERNS = ("none", "random", "alternate", "long_stall")


class Work:
    """Tables and tensors for one build of the decoder."""

    def __init__(self, seed: int, coder: Coder, lanes: int, bits: int, weighted: bool) -> None:
        self.rng = np.random.default_rng([seed, lanes, bits])
        self.coder, self.lanes, self.bits = coder, lanes, bits
        self.tables = [Tables.generic(), tables_of(self.rng)]
        self.weights: list[tuple[int, ...]] = [()] * SETS
        if weighted:
            self.weights[1] = tuple(int(w) for w in self.rng.integers(0, 256, 128))

    @property
    def weight_words(self) -> list[int]:
        """What the memory of weights holds."""
        return [w for row in self.weights for w in (row or (0,) * 128)]

    def form(self, bits: int, number: int, stored: bool = False) -> Format:
        """Return a format: tables in turn, every third one signed."""
        at = number % SETS
        return Format(
            bits, self.tables[at], self.coder, number % 3 == 0, bool(self.weights[at]), at,
            self.weights[at], stored,
        )  # fmt: skip

    def tensor(self, grid: Grid, kind: str, form: Format, first: int = 0) -> Job:
        """Return a coded tensor of some kind."""
        shape = (grid.height, grid.width, grid.channels)
        return coded_tensor(values_of(self.rng, kind, shape, form), grid, form, first)

    def plain(self, count: int) -> list[Job]:
        """Tensors of every width, kind and grid, one behind the other, with stalls and without."""
        made = []
        number = 0
        for run in range(count):
            tensors = []
            for _ in range(4):
                form = self.form(1 + number % self.bits, number, number % 11 == 10)
                grid = GRIDS[number % len(GRIDS)]
                kind = KINDS[number % len(KINDS)]
                tensors.append(self.tensor(grid, kind, form, (0, 250, 2**31 - 1)[number % 3]))
                number += 1
            stalls = [PATTERNS[(run * step) % 4] for step in (1, 3, 2)]
            name = f"session {run}"
            made.append(session(name, tensors, stalls=stalls, strict=run % 3 != 2))
        return made

    def large(self, kinds: tuple[str, ...]) -> list[Job]:
        """Blocks of the greatest size."""
        tensors = []
        for number, grid in enumerate(LARGE):
            form = self.form(self.bits - number % 3, number)
            tensors += [self.tensor(grid, kind, form) for kind in kinds]
        return [session("large", tensors)]


def forged(rng: np.random.Generator, values: Ints, form: Format, number: int) -> list[bytes]:
    """Return blocks whose checksum is right and whose contents are not: an encoder's own errors."""
    shape: Shape = (values.shape[0], values.shape[1], values.shape[2])
    good = encode_block(values, form, number)
    header, made = Header.unpack(good), []
    payload = good[8 : 8 + 2 * header.words]
    a, b, c = header.subs

    def put(data: bytes, **fields: Any) -> None:
        fields = {"words": len(data) // 2, **fields}
        made.append(seal(replace(header, **fields), data, number, form.key))

    put(payload + bytes(2))  # a word too many
    put(payload[:-2])  # and one too few
    put(payload, subs=(a + 1, b, c))
    put(payload, subs=(a, b, 4000))  # longer than the payload
    put(rng.bytes(len(payload)))
    put(b"", mode=Mode.RAW, subs=(0, 0, 0))
    put(rng.bytes(2 * raw_words(values.size, form.bits) + 2), mode=Mode.RAW, subs=(0, 0, 0))
    put(payload, mode=Mode.ZERO, subs=(0, 0, 0))
    wide = replace(form, bits=form.bits + 2)  # values beyond the width
    most = np.full(shape, (1 << form.bits + 1) - 1, np.int64)
    most.reshape(-1)[1:] = 0
    made.append(encode_block(most, wide, number))
    return made


def rom_of(tables: list[Tables], coder: Coder) -> list[int]:
    """Return what the decoder's table memory holds."""
    rom = tans_decode_rom if coder == Coder.TANS else huffman_lookup_rom
    return [word for each in tables for word in rom(each).words]


def encoder_roms(tables: list[Tables], coder: Coder) -> tuple[list[int], list[int]]:
    """Return what the encoder's table memories hold: of tokens, of states."""
    if coder == Coder.HUFFMAN:
        return [word for each in tables for word in huffman_encode_rom(each).words], []
    pairs = [tans_encode_lookup_roms(each) for each in tables]
    return [w for a, _ in pairs for w in a.words], [w for _, b in pairs for w in b.words]


def engine_words(tables: list[Tables], coder: Coder, weights: list[int]) -> list[list[int]]:
    """Return what the engine's memories hold, in the order of their kinds."""
    table, states = encoder_roms(tables, coder)
    return [rom_of(tables, coder), weights, table, states, weights]


def wrapper(module: str, params: Mapping[str, int]) -> tuple[str, list[str]]:
    """Return a module ``tb`` with a unit's own ports and other parameters, and its ports."""
    source = find_unit(module).path.read_text()
    head = re.search(rf"module {module} .*?\n\);\n", source, re.S)
    assert head
    text = head[0].replace(f"module {module}", "module tb", 1)
    for name, number in params.items():
        text, count = re.subn(
            rf"(parameter int +{name}\s*=) *[^,/\n]+?( *(?:,|//|\n))", rf"\1 {number}\2", text
        )
        assert count == 1, name
    given = ", ".join(f".{p.name}({p.name})" for p in find_unit(module).parameters if not p.vector)
    text += f"  {module} #({given}) u_dut (.*);\nendmodule\n"
    return text, [port.name for port in find_unit(module).ports]
