# SPDX-License-Identifier: Apache-2.0
"""One block: there and back, the choice of its mode, every fault, and the compiled loops."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest

from hwgen.codec.block import SPECIFICATION, Engine, Format, decode_block, encode_block
from hwgen.codec.kernels import COMPILED
from hwgen.codec.wire import Coder, Fault, Header, Mode, block_bytes, raw_words
from hwgen.errors import ConfigError
from tests.codec.cases import GENERIC, SHAPES, STRANGE, adversarial, drawn, formats

ENGINES = pytest.mark.parametrize("engine", [SPECIFICATION, COMPILED], ids=["numpy", "numba"])
TANS = Format(8, GENERIC, Coder.TANS)
HUFFMAN = Format(8, GENERIC, Coder.HUFFMAN)


@ENGINES
def test_every_block_comes_back(engine: Engine, rng: np.random.Generator) -> None:
    for form in formats():
        for shape in SHAPES:
            hard = adversarial(form, shape) if shape in SHAPES[:4] else ()
            for values in (*hard, drawn(form, shape, rng)):
                data = encode_block(values, form, 300, engine)
                found, fault = decode_block(data, shape, form, 300, engine=engine)
                assert fault == Fault.NONE, (form.bits, form.coder, shape)
                assert np.array_equal(found, values), (form.bits, form.coder, shape)


def test_compiled_loops_write_and_read_the_same(rng: np.random.Generator) -> None:
    for form in formats():
        strange = replace(form, tables=STRANGE)
        for one in (form, strange):
            shape = (4, 5, 9)
            for values in (*adversarial(one, shape), drawn(one, shape, rng)):
                data = encode_block(values, one, 7)
                assert encode_block(values, one, 7, COMPILED) == data
                # A right CRC over wrong bits: the loops are on their own.
                wrong = forged(data, one, 7, int(rng.integers(8, len(data))), rng)
                here, there = (
                    decode_block(wrong, shape, one, 7, engine=e) for e in (SPECIFICATION, COMPILED)
                )
                assert here[1] == there[1]
                assert np.array_equal(here[0], there[0])


def forged(data: bytes, form: Format, number: int, place: int, rng: np.random.Generator) -> bytes:
    """Change a byte of the payload and put the CRC right again."""
    header = Header.unpack(data)
    end = 8 + 2 * header.words
    if place >= end:
        return data
    body = bytearray(data[:end])
    body[place] ^= int(rng.integers(1, 256))
    crc = zlib.crc32(bytes(body), number ^ form.key).to_bytes(4, "little")
    return bytes(body) + crc + bytes(len(data) - end - 4)


def test_modes_are_chosen_as_documented(rng: np.random.Generator) -> None:
    shape = (4, 4, 8)
    assert Header.unpack(encode_block(np.zeros(shape, int), TANS, 0)).mode == Mode.ZERO
    assert Header.unpack(encode_block(rng.integers(0, 256, shape), TANS, 0)).mode == Mode.RAW
    small = rng.integers(0, 3, shape)
    assert Header.unpack(encode_block(small, TANS, 0)).mode == Mode.CODED
    assert Header.unpack(encode_block(small, replace(TANS, stored=True), 0)).mode == Mode.RAW


@pytest.mark.parametrize("coder", Coder)
def test_coded_must_be_shorter_than_raw(coder: Coder) -> None:
    # From all zero to all large: where the modes meet, coded is shorter and raw is not longer.
    form = Format(4, GENERIC, coder)
    shape = (4, 4, 8)
    seen = set()
    for count in range(129):
        flat = np.zeros(128, np.int64)
        flat[:count] = 15
        header = Header.unpack(encode_block(flat.reshape(shape), form, 0))
        seen.add(header.mode)
        assert header.words <= raw_words(128, 4)
        assert (header.mode == Mode.CODED) <= (header.words < raw_words(128, 4))
        parts = SPECIFICATION.encode(flat.reshape(shape), form)
        if count:
            fits = sum(len(p) for p in parts) // 2 < raw_words(128, 4)
            assert fits == (header.mode == Mode.CODED)
    assert seen == {Mode.RAW, Mode.ZERO, Mode.CODED}


def test_no_block_is_twenty_bytes_longer_than_its_values(rng: np.random.Generator) -> None:
    for form in formats():
        for shape in SHAPES:
            values = rng.integers(form.lo, form.hi + 1, shape)
            assert len(encode_block(values, form, 1)) < values.size * form.bits / 8 + 20


def test_values_outside_the_format_are_refused() -> None:
    with pytest.raises(ConfigError, match="block 4 holds values from 0 to 256"):
        encode_block(np.array([[[0, 256]]]), TANS, 4)
    with pytest.raises(ConfigError, match="cannot be coded"):
        Format(15, GENERIC, Coder.TANS)
    with pytest.raises(ConfigError, match="context weights"):
        Format(8, GENERIC, weights=(1, 2))


def test_each_fault_has_its_name(rng: np.random.Generator) -> None:
    shape = (4, 4, 8)
    values = rng.integers(0, 3, shape)
    for form in (TANS, HUFFMAN):
        data = encode_block(values, form, 5)

        def fault(changed: bytes, number: int = 5, one: Format = form) -> Fault:
            found, kind = decode_block(changed, shape, one, number)
            assert kind == Fault.NONE or not found.any()
            return kind

        def rewritten(header: Header, payload: bytes, one: Format = form) -> bytes:
            body = header.pack() + payload
            body += zlib.crc32(body, 5 ^ one.key).to_bytes(4, "little")
            return body + bytes(-len(body) % 8)

        header = Header.unpack(data)
        payload = data[8 : 8 + 2 * header.words]
        assert fault(data) == Fault.NONE
        assert fault(data[:-8]) == Fault.LEN
        assert fault(data + bytes(8)) == Fault.LEN
        assert fault(b"") == Fault.LEN
        assert fault(data, number=6) == Fault.SEQ
        assert fault(data, number=5 + 256) == Fault.CRC
        assert fault(data, one=replace(form, tables=STRANGE)) == Fault.CRC
        assert fault(data, one=replace(form, weights=(1,) * 128)) == Fault.CRC
        assert fault(data, one=replace(form, table_set=1)) == Fault.MODE
        assert fault(data, one=replace(form, transformed=True)) == Fault.MODE
        other = Coder.HUFFMAN if form.coder == Coder.TANS else Coder.TANS
        assert fault(data, one=replace(form, coder=other)) == Fault.MODE
        assert fault(rewritten(replace(header, mode=3), payload)) == Fault.MODE
        assert fault(rewritten(replace(header, mode=0), payload)) == Fault.LEN
        assert fault(rewritten(replace(header, mode=1), payload)) == Fault.LEN
        a, b, c = header.subs
        assert fault(rewritten(replace(header, subs=(a, b, header.words)), payload)) == Fault.LEN
        # One sub-stream too short, its neighbour too long.
        assert fault(rewritten(replace(header, subs=(a - 1, b + 1, c)), payload)) == Fault.LEN
        longer = replace(header, words=header.words + 1)
        assert fault(rewritten(longer, payload + bytes(2))) == Fault.LEN
        narrow = replace(form, bits=1)
        assert fault(rewritten(header, payload), one=narrow) == Fault.LEN  # values of two bits


def test_a_wrong_end_state_is_found(rng: np.random.Generator) -> None:
    # A wrong bit under a right CRC: the lengths may still fit, but then the last state does not.
    values = rng.integers(0, 3, (4, 4, 8))
    data = encode_block(values, TANS, 5)
    end = 8 + 2 * Header.unpack(data).words
    kinds = set()
    for bit in range(64, 8 * end):
        body = bytearray(data[:end])
        body[bit // 8] ^= 1 << bit % 8
        crc = zlib.crc32(bytes(body), 5 ^ TANS.key).to_bytes(4, "little")
        changed = bytes(body) + crc + bytes(len(data) - end - 4)
        kinds.add(decode_block(changed, (4, 4, 8), TANS, 5)[1])
    assert Fault.STATE in kinds
    assert kinds <= {Fault.NONE, Fault.STATE, Fault.LEN}


@pytest.mark.parametrize("form", [TANS, HUFFMAN], ids=["tans", "huffman"])
def test_every_single_bit_flip_is_found(form: Format, rng: np.random.Generator) -> None:
    shape = (3, 3, 8)
    values = rng.integers(0, 4, shape)
    data = encode_block(values, form, 1)
    used = block_bytes(Header.unpack(data).words)
    end = 8 + 2 * Header.unpack(data).words + 4  # behind the CRC there is filling
    assert used == len(data)
    for bit in range(8 * end):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        found, fault = decode_block(bytes(changed), shape, form, 1)
        assert fault != Fault.NONE, bit
        assert not found.any()
    for cut in range(len(data)):
        assert decode_block(data[:cut], shape, form, 1)[1] != Fault.NONE
