# SPDX-License-Identifier: Apache-2.0
"""C++ twins of the feature-map coder, held against the specification block by block."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.codec import huffman
from hwgen.codec.block import Format, decode_block, encode_block
from hwgen.codec.block_scan import to_stream
from hwgen.codec.tables import Tables, huffman_encode_rom, tans_decode_rom, tans_encode_roms
from hwgen.codec.transform import Quantiser, Spatial, Transform, klt
from hwgen.codec.wire import Coder, Fault, Header, Ints, Mode, seal
from tests.rtl.codec_cases import KINDS, tables_of, values_of
from tests.rtl.twins import STRICT, Program, check_fault, listed, vendor_flags

VALUES = 256  # of a block, at most


def shared(tables: Tables, weights: Ints) -> dict[str, object]:
    """Return the tables as the twins take them."""
    limits, offsets, ranks = [], [], []
    for row in tables.lengths:
        packed, moved, order = huffman.decoder_row(row)
        for length in range(1, huffman.MAX_LENGTH + 1):
            limit = packed >> length * (length - 1) // 2 & ((1 << length) - 1)
            limits.append((packed >> 78 + length - 1 & 1) << 15 | limit)
            offsets.append(moved >> 5 * (length - 1) & 31)
        ranks += order
    symbols, states = tans_encode_roms(tables)
    return {
        "t_words": huffman_encode_rom(tables).words,
        "t_symbols": symbols.words,
        "t_states": states.words,
        "t_steps": tans_decode_rom(tables).words,
        "t_limits": limits,
        "t_offsets": offsets,
        "t_ranks": ranks,
        "t_weights": weights,
    }


# Tables in words of their own width, filled once.
FILL = """
static ui<16> words[512]; static ui<20> symbols[512]; static ui<8> states[4096];
static ui<17> steps[4096]; static ui<16> limits[192]; static ui<5> offsets[192];
static ui<5> ranks[512]; static ui<8> weights[128];
static void fill() {
  for (int i = 0; i < 512; ++i) {
    words[i] = ui<16>(t_words[i]);
    symbols[i] = ui<20>(t_symbols[i]);
    ranks[i] = ui<5>(t_ranks[i]);
  }
  for (int i = 0; i < 4096; ++i) {
    states[i] = ui<8>(t_states[i]);
    steps[i] = ui<17>(t_steps[i]);
  }
  for (int i = 0; i < 192; ++i) {
    limits[i] = ui<16>(t_limits[i]);
    offsets[i] = ui<5>(t_offsets[i]);
  }
  for (int i = 0; i < 128; ++i) weights[i] = ui<8>(t_weights[i]);
}
static const int filled = (fill(), 0);
typedef hwg::codec_tables<ui<16>, ui<5>, ui<5>, ui<17>, ui<8> > tables_t;
"""


SHAPES = ((4, 4, 8), (1, 1, 1), (3, 5, 3), (8, 8, 4), (2, 2, 64), (5, 1, 6), (1, 2, 128))


def blocks(rng: np.random.Generator, form: Format) -> list[Ints]:
    """Return blocks of every kind of values, in many shapes."""
    made = [values_of(rng, kind, SHAPES[at % len(SHAPES)], form) for at, kind in enumerate(KINDS)]
    noise = rng.integers(form.lo, form.hi + 1, (6, 6, 7))  # nothing to gain: stored
    return [*made, noise]


def words_of(data: bytes) -> Ints:
    return np.frombuffer(data, np.int64)


def damaged(rng: np.random.Generator, data: bytes, number: int, key: int) -> list[bytes]:
    """Return a block broken in several ways: bits turned, shortened, and under a right checksum."""
    made = [data[:-8], data + bytes(8)]
    for _ in range(2):
        broken = bytearray(data)
        broken[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        made.append(bytes(broken))
    words = int.from_bytes(data[:4], "little") >> 8 & 0xFFF
    places = [2, 4, 8 * 7, *(8 * (8 + int(v)) for v in rng.integers(0, max(2 * words, 1), 3))]
    return made + [resealed(data, place, number, key) for place in places]


def resealed(data: bytes, place: int, number: int, key: int) -> bytes:
    """Return a block with a bit turned, under a checksum that is right."""
    broken = bytearray(data)
    broken[place // 8] ^= 1 << place % 8
    end = 8 + 2 * (int.from_bytes(broken[:4], "little") >> 8 & 0xFFF)
    if end + 4 <= len(data):
        crc = zlib.crc32(bytes(broken[:end]), number ^ key)
        broken[end : end + 4] = crc.to_bytes(4, "little")
    return bytes(broken)


def too_long(values: Ints, form: Format, number: int) -> list[bytes]:
    """Return the block with a word too many, a string too short, and values too wide."""
    data = encode_block(values, form, number)
    header = Header.unpack(data)
    payload = data[8 : 8 + 2 * header.words]
    if header.mode != Mode.CODED:
        return []
    more = replace(header, words=header.words + 1)
    made = [seal(more, payload + bytes(2), number, form.key)]
    a, b, c = header.subs
    if a:  # the first string lacks its end
        made.append(seal(replace(header, subs=(a - 1, b + 1, c)), payload, number, form.key))
    if form.bits + 2 <= form.coder.max_bits:
        made.append(encode_block(values << 2, replace(form, bits=form.bits + 2), number))
    return made


def out_of_state(values: Ints, form: Format, number: int) -> list[bytes]:
    """Return the block broken so that nothing but the last state of a decoder tells it."""
    data = encode_block(values, form, number)
    made = (resealed(data, place, number, form.key) for place in range(64, 8 * len(data) - 64))
    found = (b for b in made if decode_block(b, values.shape, form, number)[1] == Fault.STATE)
    return [next(found)]


def coder(
    program: Program, rng: np.random.Generator, form: Format, broken_ones: int = 4
) -> set[Fault]:
    """Add the blocks of a format, coded and decoded, whole and damaged; return the faults met."""
    kind, weighted = int(form.coder), int(bool(form.weights))
    bits = form.coder.max_bits
    own = "symbols, states" if form.coder == Coder.TANS else "words, states"
    told = [form.bits, *(f"{int(v)} != 0" for v in (form.signed, form.transformed, form.stored))]
    told += [form.table_set, f"{form.key}u"]
    head = f"  hwg::codec_format form = {{{', '.join(map(str, told))}}};\n"
    seen = set()
    for at, values in enumerate(blocks(rng, form)):
        number = int(rng.integers(0, 1 << 32)) if at else 0
        data = encode_block(values, form, number)
        shape = f"  hwg::codec_shape shape = {{{listed(values.shape)}}};\n"
        body = head + shape + f"  static si<16> given[{VALUES}];\n"
        body += f"  for (int i = 0; i < {values.size}; ++i) given[i] = si<16>(x[i]);\n"
        body += "  stream<ui<64> > out;\n"
        call = f"hwg::codec_encode<{kind}, {bits}, {weighted}, {VALUES}>::of"
        body += f"  const int n = {call}(given, shape, form, {number}u, {own}, weights, out);\n"
        body += "  for (int i = 0; i < n; ++i) put(out.read());\n"
        body += '  if (hwg::waiting(out)) std::printf("more ");\n'
        program.case(body, words_of(data), x=values)
        versions = [data, *(damaged(rng, data, number, form.key) if at < broken_ones else [])]
        if kind and broken_ones and at == 0:
            versions += out_of_state(values, form, number)
        versions += too_long(values, form, number)[: 3 if at < broken_ones else 0]
        for broken in versions:
            want, fault = decode_block(broken, values.shape, form, number)
            seen.add(fault)
            count = len(broken) // 8
            body = head + shape + "  static ui<64> block[1030];\n"
            body += f"  for (int i = 0; i < {count}; ++i) block[i] = ui<64>(x[i]);\n"
            body += f"  static si<16> got[{VALUES}];\n"
            body += "  const tables_t tables = {limits, offsets, ranks, steps, weights};\n"
            call = f"hwg::codec_decode<{kind}, {bits}, {weighted}, {VALUES}>::of"
            given = f"block, {count}, true, shape, form, {number}u, tables, got"
            body += f'  std::printf("%d ", {call}({given}));\n'
            body += f"  for (int i = 0; i < {values.size}; ++i) put(got[i]);\n"
            program.case(
                body, [int(fault), *want.ravel()], x=np.frombuffer(broken or bytes(8), np.uint64)
            )
    return seen


def transforms(program: Program, rng: np.random.Generator) -> None:
    """Add blocks through the transform and back."""
    cases = (
        (Spatial.HAAR2, 0, 3, (5, 6), True, 0), (Spatial.ICT4, 8, 13, (9, 7), True, 0),
        (Spatial.WHT4, 8, 8, (4, 8), True, 2), (Spatial.NONE, 8, 16, (3, 3), True, 1),
        (Spatial.NONE, 0, 5, (2, 4), False, 0),
    )  # fmt: skip
    for spatial, group, channels, (high, wide), signed, down in cases:
        lo, hi = (-(1 << 15), (1 << 15) - 1) if signed else (0, 255)
        values = rng.integers(lo, hi + 1, (high, wide, channels)) >> int(rng.integers(0, 6))
        order, matrices, means = klt(values.reshape(-1, channels), 8) if group else ((), (), ())
        transform = Transform(
            channels, 12, signed, Quantiser.of(40.0, spatial), spatial, down, group, order,
            matrices, means, lo, hi,
        )  # fmt: skip
        grid = transform.grid(high, wide)
        coefficients = transform.forward(values)
        streams = to_stream(values, transform, grid)
        patch = spatial.side**2
        back = transform.inverse(coefficients, high, wide)
        turned = to_stream(back, transform, grid)
        quantiser = transform.quantiser
        numbers = ", ".join(map(str, quantiser.scales)), ", ".join(map(str, quantiser.steps))
        klt_on, is_signed = str(bool(group)).lower(), str(signed).lower()
        head = (
            f"  hwg::codec_transform set = {{{int(spatial)}, {klt_on}, {down}, {quantiser.shift},"
        )
        head += f" {{{numbers[0]}}}, {{{numbers[1]}}}, 12, {is_signed}, {lo}, {hi}}};\n"
        matrix = np.array(matrices or (0,)), np.array(means or (0,))
        for number in range(grid.blocks):
            y, x, c = grid.where(number)
            rows = min(y.stop * spatial.side, high) - y.start * spatial.side
            columns = min(x.stop * spatial.side, wide) - x.start * spatial.side
            inputs, first = (c.stop - c.start) // patch, c.start // patch
            block = coefficients[y, x, c].ravel()
            body = head + f"  hwg::codec_pixels block = {{{rows}, {columns}, {inputs}}};\n"
            body += f"  static si<8> matrices[{matrix[0].size}];\n"
            body += f"  static si<16> means[{matrix[1].size}];\n"
            body += f"  for (int i = 0; i < {matrix[0].size}; ++i) matrices[i] = si<8>(m[i]);\n"
            body += f"  for (int i = 0; i < {matrix[1].size}; ++i) means[i] = si<16>(a[i]);\n"
            body += "  static si<17> values[4096]; static si<15> made[4096];\n"
            call = f"{first}, set, matrices, means"
            there = (
                f"  for (int i = 0; i < {streams[number].size}; ++i) values[i] = si<17>(x[i]);\n"
            )
            there += f"  hwg::codec_forward<4096>::of(values, block, {call}, made);\n"
            there += f"  for (int i = 0; i < {block.size}; ++i) put(made[i]);\n"
            program.case(body + there, block, x=streams[number], m=matrix[0], a=matrix[1])
            there = f"  for (int i = 0; i < {block.size}; ++i) made[i] = si<15>(x[i]);\n"
            there += f"  hwg::codec_inverse<4096>::of(made, block, {call}, values);\n"
            there += f"  for (int i = 0; i < {turned[number].size}; ++i) put(values[i]);\n"
            want = turned[number]
            if transform.inputs != channels:  # what fills the last group comes out too
                place = np.arange(want.size) % inputs + first
                kept = np.array(order)[place] < channels
                there = there.replace("put(values[i])", "if (k[i] != 0) put(values[i])")
                program.case(
                    body + there,
                    want[kept],
                    x=block,
                    m=matrix[0],
                    a=matrix[1],
                    k=kept.astype(np.int64),
                )
                continue
            program.case(body + there, want, x=block, m=matrix[0], a=matrix[1])


def whole(seed: int, formats: int) -> Program:
    """Return a program of blocks in so many formats of both coders, and of transforms."""
    rng = np.random.default_rng(seed)
    tables = tables_of(rng) if formats % 3 else Tables.generic()
    weights = rng.integers(0, 256, 128)
    program = Program()
    program.share(**shared(tables, weights))
    program.shared += FILL
    seen: set[Fault] = set()
    for at in range(formats):
        coder_of = (Coder.TANS, Coder.HUFFMAN)[at % 2]
        bits = int(rng.integers(3, coder_of.max_bits + 1)) if at > 1 else 8 - at
        own = tuple(int(w) for w in weights) if at % 3 == 0 else ()
        form = Format(
            bits, tables, coder_of, at % 4 < 2, at % 3 == 0, at % 16, own, at == 5, 77 * at
        )
        seen |= coder(program, rng, form, broken_ones=4 if at < 4 else 0)
    assert seen >= {Fault.NONE, Fault.LEN, Fault.MODE, Fault.SEQ, Fault.CRC}
    assert Fault.STATE in seen
    transforms(program, rng)
    return program


def test_twins_of_the_coder_equal_the_specification(tmp_path: Path, seed: int) -> None:
    whole(seed, 3).check(tmp_path, STRICT)


@pytest.mark.ci
def test_many_formats(tmp_path: Path, seed: int) -> None:
    whole(seed + 1, 9).check(tmp_path, STRICT)


@pytest.mark.slow
def test_twins_of_the_coder_with_vendor_integers(tmp_path: Path, seed: int) -> None:
    for flags in vendor_flags():
        whole(seed, 3).check(tmp_path, flags)


@pytest.mark.slow
def test_blocks_of_every_kind_under_sanitizers(tmp_path: Path, seed: int) -> None:
    flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    whole(seed + 2, 9).check(tmp_path, flags)


@pytest.mark.parametrize(
    ("header", "old", "new"),
    [
        ("codec_context.h", "activity, 4, 8, 16, 48", "activity, 4, 8, 17, 48"),
        ("codec_entropy_encode.h", ">= limit ? 0 : 1", ">= limit ? 1 : 0"),
        ("codec_entropy_encode.h", ">> (16 - left)", ">> left"),
        ("codec_encode.h", "all >= raw", "all > raw"),
        ("codec_decode.h", "window.left(t) > 15", "window.left(t) > 31"),
        ("codec_decode.h", "large = large ||", "large = large &&"),
        ("codec_decode.h", "state[t] == 0", "true"),
        (
            "codec_window.h",
            "return at[thread] > end[thread]",
            "return at[thread] > end[thread] + 9999",
        ),
        ("codec_inverse.h", "taken[i] = codec_dequantise", "taken[i] = 0 * codec_dequantise"),
        ("codec_forward.h", "row * wide + x", "y * wide + x"),
        ("codec_quantise.h", "value < 0 ? -steps : steps", "steps"),
        ("codec_mix.h", "+ small(Means[n])", "- small(Means[n])"),
    ],
)
@pytest.mark.slow
def test_a_fault_in_a_twin_is_found(
    header: str, old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    check_fault(whole(seed, 6), header, (old, new), tmp_path, monkeypatch)


@pytest.mark.ci
def test_a_fault_in_the_coder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    edit = ">= limit ? 0 : 1", ">= limit ? 1 : 0"
    check_fault(whole(seed, 3), "codec_entropy_encode.h", edit, tmp_path, monkeypatch)
