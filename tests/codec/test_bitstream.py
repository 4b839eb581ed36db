# SPDX-License-Identifier: Apache-2.0
"""docs/bitstream.md: its golden blocks, and a decoder that was written from it alone."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hwgen.codec.block import Format, decode_block, encode_block
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import encode
from hwgen.codec.wire import Coder, Fault, Grid, pack_index
from tests.codec import stranger
from tests.codec.cases import GENERIC, GOLDEN, SHAPES, STRANGE, drawn, formats

HEAD = re.compile(
    r"shape (\d+) (\d+) (\d+) +bits (\d+) +(signed|unsigned) +number (\d+) +nonce (\d+)"
    r"(?: +(tans))?"
)


def golden(root: Path) -> list[tuple[re.Match[str], bytes, list[int]]]:
    text = (root / "docs" / "bitstream.md").read_text("utf-8")
    found = []
    for block in re.findall(r"```golden\n(.*?)```", text, re.S):
        head, data, values = block.strip().splitlines()
        match = HEAD.fullmatch(head)
        assert match, head
        found.append((match, bytes.fromhex(data), [int(v) for v in values.split()]))
    return found


def test_the_golden_blocks_are_six_and_reach_every_mode(root: Path) -> None:
    blocks = golden(root)
    assert len(blocks) == 6
    assert {data[0] & 7 for _, data, _ in blocks} == {0, 1, 2, 6}


def test_the_golden_blocks_are_what_both_sides_say(root: Path) -> None:
    text = (root / "docs" / "bitstream.md").read_text("utf-8")
    assert f"The CRC of that is 0x{GOLDEN.key:08x}" in text
    assert f"key is 0x{Format(8, GOLDEN, nonce=1).key:08x}" in text
    assert f"the key 0x{Format(8, GOLDEN, nonce=2).key:08x}" in text
    for head, data, values in golden(root):
        shape = (int(head[1]), int(head[2]), int(head[3]))
        coder = Coder.TANS if head[8] else Coder.HUFFMAN
        number, nonce = int(head[6]), int(head[7])
        form = Format(int(head[4]), GOLDEN, coder, head[5] == "signed", nonce=nonce)
        wanted = np.array(values).reshape(shape)
        assert encode_block(wanted, form, number) == data
        found, fault = decode_block(data, shape, form, number)
        assert (found.tolist(), fault) == (wanted.tolist(), Fault.NONE)
        assert values == stranger.decode(
            data, shape, form.bits, GOLDEN.pack(), number, form.signed, nonce=nonce
        )


def test_a_block_of_an_earlier_tensor_is_found(rng: np.random.Generator) -> None:
    grid, tables = Grid(6, 6, 16, 3, 3, 8), GENERIC
    old, new = (Format(6, tables, Coder.TANS, nonce=nonce) for nonce in (41, 42))
    left = encode(drawn(old, (6, 6, 16), rng), grid, old, slotted=True)
    coded = encode(drawn(new, (6, 6, 16), rng), grid, new, slotted=True)
    for number in range(grid.blocks):  # the write of this block got lost
        data, at = bytearray(coded.data), number * coded.slot
        data[at : at + coded.slot] = left.data[at : at + coded.slot]
        found, damages = replace(coded, data=bytes(data)).decode()
        assert [(d.block, d.fault) for d in damages] == [(number, Fault.CRC)]
        assert not found[grid.where(number)].any()


def test_the_stranger_is_short_and_alone() -> None:
    source = Path(stranger.__file__).read_text("utf-8")
    assert len(source.splitlines()) < 82
    imported = [
        n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    assert {ast.unparse(n).split()[1] for n in imported} == {"zlib", "itertools"}


@pytest.mark.parametrize("tables", [GENERIC, STRANGE], ids=["generic", "strange"])
def test_the_stranger_reads_what_we_write(tables: Tables, rng: np.random.Generator) -> None:
    for form in formats():
        form = Format(form.bits, tables, form.coder, form.signed, form.transformed, 3, form.weights)
        for shape in SHAPES:
            values = drawn(form, shape, rng)
            number = int(rng.integers(1 << 20))
            data = encode_block(values, form, number)
            found = stranger.decode(
                data, shape, form.bits, tables.pack(), number, form.signed, bytes(form.weights)
            )
            assert found == values.ravel().tolist(), (form.bits, form.coder, shape)


def test_the_index_is_as_written(rng: np.random.Generator) -> None:
    # Offsets of 8 bytes as u32, from 0 to the end, filled up to 8 bytes; blocks c, x, y.
    grid = Grid(5, 9, 20, 4, 4, 8)
    form = Format(6, GENERIC, Coder.TANS)
    values = drawn(form, (5, 9, 20), rng)
    coded = encode(values, grid, form)
    index = pack_index(list(coded.offsets))
    offsets = np.frombuffer(index, "<u4")[: grid.blocks + 1].tolist()
    assert len(index) == 8 * -(-(grid.blocks + 1) // 2)
    assert offsets[0] == 0
    assert 8 * offsets[-1] == len(coded.data)
    numbers = iter(range(grid.blocks))
    for y in range(0, 5, 4):
        for x in range(0, 9, 4):
            for c in range(0, 20, 8):
                n = next(numbers)
                part = values[y : y + 4, x : x + 4, c : c + 8]
                begin, end = list(pairwise(offsets))[n]
                data = coded.data[8 * begin : 8 * end]
                found = stranger.decode(data, part.shape, 6, GENERIC.pack(), n)
                assert found == part.ravel().tolist()
