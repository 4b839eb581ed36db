# SPDX-License-Identifier: Apache-2.0
"""One block, encoded and decoded: the specification, in plain Python and numpy.

`hwgen.codec.kernels` does the same compiled; `SPECIFICATION` names what it replaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hwgen.codec import bits as bitstring
from hwgen.codec import huffman, tans
from hwgen.codec.tables import Tables
from hwgen.codec.tokens import (
    CLIP,
    ESCAPE,
    ESCAPE_BITS,
    NEAR,
    context_of,
    contexts,
    joined,
    raw_width,
    restored,
    split,
    unsigned,
)
from hwgen.codec.wire import (
    CRC_BYTES,
    HEADER_BYTES,
    THREADS,
    WEIGHTS,
    Coder,
    Fault,
    Header,
    Ints,
    Mode,
    block_bytes,
    checksum,
    raw_words,
    seal,
    tensor_key,
)
from hwgen.errors import ConfigError

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Format:
    """Format of the blocks of a tensor: what encoder and decoder both know.

    Attributes:
        bits: of a value; 1 to 15, 1 to 14 with tANS.
        tables: in use.
        coder: Huffman or tANS.
        signed: values are two's complement and zig-zagged.
        transformed: the values are coefficients.
        table_set: the number the tables go by.
        weights: 128 context weights 0 to 255 of a transformed tensor; empty for none.
        stored: code nothing.
        nonce: of the tensor, 32 bits.

    Raises:
        ConfigError: the values are too wide for the coder, or the weights are none.
    """

    bits: int
    tables: Tables
    coder: Coder = Coder.HUFFMAN
    signed: bool = False
    transformed: bool = False
    table_set: int = 0
    weights: tuple[int, ...] = ()
    stored: bool = False
    nonce: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= self.coder.max_bits:
            raise ConfigError(
                f"values of {self.bits} bits cannot be coded",
                hint="1 to 15 bits with Huffman, 1 to 14 with tANS",
            )
        if len(self.weights) not in (0, WEIGHTS) or not all(0 <= w <= 255 for w in self.weights):
            raise ConfigError(f"context weights are {WEIGHTS} numbers 0 to 255")

    @property
    def lo(self) -> int:
        """The smallest value."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """The largest value."""
        return (1 << (self.bits - int(self.signed))) - 1

    @cached_property
    def fingerprint(self) -> int:
        """The CRC-32 of tables and weights, one behind the other."""
        return checksum(bytes(self.weights), self.tables.key, 0)

    @cached_property
    def key(self) -> int:
        """The key that enters the checksum of every block of the tensor."""
        return tensor_key(self.fingerprint, self.nonce)

    @cached_property
    def weight_array(self) -> Ints | None:
        """The weights as `contexts` takes them."""
        return np.array(self.weights, np.int64) if self.weights else None

    def header(self, mode: Mode, words: int, subs: tuple[int, int, int], number: int) -> Header:
        """Return a block's header."""
        return Header(mode, self.coder, self.transformed, self.table_set, words, subs, number & 255)


class Engine(NamedTuple):
    """Inner loops between the values of a block and the bytes of its payload: worth compiling.

    Attributes:
        encode: coded values to the four sub-streams.
        decode: header, payload, shape to coded values and what is wrong.
        store: coded values to a raw payload.
        load: a raw payload, of the right length, and a shape to coded values.
    """

    encode: Callable[[Ints, Format], list[bytes]]
    decode: Callable[[Header, bytes, Shape, Format], tuple[Ints, Fault]]
    store: Callable[[Ints, int], bytes]
    load: Callable[[bytes, Shape, int], Ints]


def encode_block(values: Ints, form: Format, number: int, engine: Engine | None = None) -> bytes:
    """Return the whole block.

    Args:
        values: shape (h, w, c), at most 4096, each within the format.
        form: of the tensor.
        number: the block's number.
        engine: compiled, or the specification.

    Raises:
        ConfigError: a value is outside the format.
    """
    if values.size and (int(values.min()) < form.lo or int(values.max()) > form.hi):
        raise ConfigError(
            f"block {number} holds values from {values.min()} to {values.max()}",
            hint=f"values of this tensor are {form.lo} to {form.hi}",
        )
    coded = unsigned(values.astype(np.int64), form.signed)
    if not coded.any():
        return seal(form.header(Mode.ZERO, 0, (0, 0, 0), number), b"", number, form.key)
    raw = raw_words(coded.size, form.bits)
    engine = engine or SPECIFICATION
    if not form.stored:
        parts = engine.encode(coded, form)
        sizes = [len(part) // 2 for part in parts]
        if sum(sizes) < raw:
            header = form.header(Mode.CODED, sum(sizes), (sizes[0], sizes[1], sizes[2]), number)
            return seal(header, b"".join(parts), number, form.key)
    payload = engine.store(coded, form.bits)
    return seal(form.header(Mode.RAW, raw, (0, 0, 0), number), payload, number, form.key)


def _sub_streams(coded: Ints, form: Format) -> list[bytes]:
    context = contexts(coded, form.signed, form.weight_array)
    encode = _encode_tans if form.coder == Coder.TANS else _encode_huffman
    return [
        encode(coded[:, :, thread::THREADS].ravel(), context[:, :, thread::THREADS].ravel(), form)
        for thread in range(THREADS)
    ]


def _encode_huffman(coded: Ints, context: Ints, form: Format) -> bytes:
    """Return code and raw bits of each value in turn."""
    token, raw, width = split(coded)
    words, lengths = _huffman_codes(form.tables)
    fields = np.stack([words[context, token], raw], 1)
    return bitstring.pack(fields, np.stack([lengths[context, token], width], 1))


@cache
def _huffman_codes(tables: Tables) -> tuple[Ints, Ints]:
    lengths = np.array(tables.lengths, np.int64)
    words = [
        [huffman.reversed_bits(c, n) for c, n in zip(huffman.codes(row), row, strict=True)]
        for row in tables.lengths
    ]
    return np.array(words, np.int64), lengths


def _encode_tans(coded: Ints, context: Ints, form: Format) -> bytes:
    """Return the state, then of each value: bits of the next state, escaped token, raw bits.

    The walk goes backwards from state 256, which is number 0, where the decoder must arrive.
    """
    if not coded.size:
        return b""
    token, raw, width = split(coded)
    rows = _tans_encode(form.tables)
    fields = np.zeros((len(coded), 3), np.int64)
    widths = np.zeros((len(coded), 3), np.int64)
    fields[:, 2], widths[:, 2] = raw, width
    state = tans.STATES
    for i in range(len(coded) - 1, -1, -1):
        symbols, states = rows[context[i]]
        count, limit, start = symbols[token[i]]
        if not count:
            fields[i, 1], widths[i, 1] = token[i], ESCAPE_BITS
            count, limit, start = symbols[ESCAPE]
        take = count if state >= limit else count - 1
        fields[i, 0], widths[i, 0] = state & ((1 << take) - 1), take
        state = tans.STATES + states[(start + (state >> take)) % tans.STATES]
    fields = np.concatenate([[state - tans.STATES], fields.ravel()])
    return bitstring.pack(fields, np.concatenate([[tans.STATE_BITS], widths.ravel()]))


@cache
def _tans_encode(tables: Tables) -> list[tuple[list[tuple[int, int, int]], list[int]]]:
    return [tans.encode_row(row) for row in tables.frequencies]


# -------------------------------------------------------------------- decoder


def decode_block(
    data: bytes,
    shape: Shape,
    form: Format,
    number: int,
    exact: bool = True,
    engine: Engine | None = None,
) -> tuple[Ints, Fault]:
    """Return the values, or zeros and what is wrong; it never raises.

    Args:
        data: the block's bytes: as many as the index says, or the whole slot.
        shape: of the block.
        form: of the tensor.
        number: the block's number.
        exact: *data* must end with the block; False for slots.
        engine: compiled, or the specification.
    """
    zeros = np.zeros(shape, np.int64)
    header, fault = examine(data, form, number, exact)
    if fault:
        return zeros, fault
    payload = data[HEADER_BYTES : HEADER_BYTES + 2 * header.words]
    if header.mode == Mode.ZERO:
        return zeros, Fault.LEN if payload else Fault.NONE
    engine = engine or SPECIFICATION
    if header.mode == Mode.RAW:
        if header.words != raw_words(zeros.size, form.bits):
            return zeros, Fault.LEN
        return restored(engine.load(payload, shape, form.bits), form.signed), Fault.NONE
    a, b, c = header.subs
    if a + b + c > header.words:
        return zeros, Fault.LEN
    coded, fault = engine.decode(header, payload, shape, form)
    return (zeros, fault) if fault else (restored(coded, form.signed), fault)


def examine(data: bytes, form: Format, number: int, exact: bool = True) -> tuple[Header, Fault]:
    """Return the header, and what is wrong with the block before anything is decoded."""
    header = Header.unpack(data)
    size = block_bytes(header.words)
    if len(data) < size or (exact and len(data) != size):
        return header, Fault.LEN
    want = form.header(Mode(header.mode), header.words, header.subs, number)
    if header.mode == Mode.RESERVED or (
        (want.coder, want.transformed, want.table_set)
        != (header.coder, header.transformed, header.table_set)
    ):
        return header, Fault.MODE
    if header.number != want.number:
        return header, Fault.SEQ
    end = HEADER_BYTES + 2 * header.words
    stored = int.from_bytes(data[end : end + CRC_BYTES], "little")
    if checksum(data[:end], number, form.key) != stored:
        return header, Fault.CRC
    return header, Fault.NONE


def _store(coded: Ints, bits: int) -> bytes:
    return bitstring.pack(coded, np.full(coded.size, bits))


def _load(payload: bytes, shape: Shape, bits: int) -> Ints:
    count = shape[0] * shape[1] * shape[2]
    flat = np.unpackbits(np.frombuffer(payload, np.uint8), bitorder="little")
    rows = flat[: count * bits].reshape(count, bits).astype(np.int64)
    coded: Ints = (rows << np.arange(bits)).sum(axis=1)
    return coded.reshape(shape)


def _decode_coded(header: Header, payload: bytes, shape: Shape, form: Format) -> tuple[Ints, Fault]:
    h, w, c = shape
    out = np.zeros(shape, np.int64)
    bounds = [0, *np.cumsum(header.subs).tolist(), header.words]
    readers = [bitstring.Reader(payload[2 * begin : 2 * end]) for begin, end in pairwise(bounds)]
    used = readers[: min(THREADS, c)]
    take: Callable[[int, int], int]
    if form.coder == Coder.TANS:
        states = [reader.take(tans.STATE_BITS) for reader in used]
        rows = _tans_decode(form.tables)

        def take(thread: int, context: int) -> int:
            reader = readers[thread]
            token, count, base = rows[context][states[thread]]
            states[thread] = base + reader.take(count)
            if token == ESCAPE:
                token = reader.take(ESCAPE_BITS)
            return joined(token, reader.take(raw_width(token)))

    else:
        states = []
        words = _huffman_words(form.tables)

        def take(thread: int, context: int) -> int:
            reader = readers[thread]
            code = reader.take(1)
            length = 1
            while (length, code) not in words[context]:
                code = 2 * code + reader.take(1)
                length += 1
            token = words[context][length, code]
            return joined(token, reader.take(raw_width(token)))

    seen = [[[0] * (w + 2) for _ in range(h + 1)] for _ in range(c)]  # magnitudes, zeros around
    weights = [form.weights[i % WEIGHTS] if form.weights else 0 for i in range(c)]
    for y in range(h):
        for x in range(w):
            for i in range(c):
                row, above = seen[i][y + 1], seen[i][y]
                around = row[x], above[x + 1], above[x], above[x + 2]
                activity = sum(n * m for n, m in zip(NEAR, around, strict=True)) + weights[i]
                near = sum(n for n, m in zip(NEAR, around, strict=True) if m)
                value = take(i % THREADS, context_of(activity, near))
                out[y, x, i] = value
                row[x + 1] = min((value + 1) >> 1 if form.signed else value, CLIP)
    over = any(reader.over for reader in readers) or any(reader.left > 15 for reader in readers)
    if over or int(out.max()) >> form.bits:
        return out, Fault.LEN
    return out, Fault.STATE if any(states) else Fault.NONE


@cache
def _tans_decode(tables: Tables) -> list[list[tuple[int, int, int]]]:
    return [tans.decode_row(row) for row in tables.frequencies]


@cache
def _huffman_words(tables: Tables) -> list[dict[tuple[int, int], int]]:
    return [
        {(n, code): t for t, (n, code) in enumerate(zip(row, huffman.codes(row), strict=True))}
        for row in tables.lengths
    ]


SPECIFICATION = Engine(_sub_streams, _decode_coded, _store, _load)
