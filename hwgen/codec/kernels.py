# SPDX-License-Identifier: Apache-2.0
"""The inner loops of `hwgen.codec.block`, compiled by numba; imported only where numba is there.

They do what the specification does and nothing else; tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from hwgen.codec import huffman, tans
from hwgen.codec.block import Engine, Format, Shape
from hwgen.codec.tables import Tables
from hwgen.codec.tokens import CLIP, DIRECT, ESCAPE, context_of
from hwgen.codec.wire import CONTEXTS, THREADS, TOKENS, WEIGHTS, Coder, Fault, Header, Ints

Array = npt.NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])

_LADDER = np.array([[context_of(a, n) for a in range(6 * CLIP + 256)] for n in range(7)], np.uint8)
LONGEST = huffman.MAX_LENGTH

_NO_WEIGHTS = np.zeros(WEIGHTS, np.int64)
_FIELD_BYTES = 4  # no value takes more than 26 bits


def _jit(function: Function) -> Function:
    return cast(Function, numba.njit(cache=True, nogil=True)(function))


@_jit
def _log2(value: int) -> int:
    n = 0
    if value >= 256:
        n = 8
        value >>= 8
    if value >= 16:
        n += 4
        value >>= 4
    if value >= 4:
        n += 2
        value >>= 2
    return n + (value >> 1)


@_jit
def _context(seen: Array, y: int, x: int, i: int, weight: int) -> int:
    left, up, before, after = seen[y + 1, x, i], seen[y, x + 1, i], seen[y, x, i], seen[y, x + 2, i]
    activity = 2 * (left + up) + before + after + weight
    near = 2 * ((left > 0) + (up > 0)) + (before > 0) + (after > 0)
    return int(_LADDER[near, activity])


@_jit
def _magnitudes(coded: Array, signed: bool) -> Array:
    """Return the clipped magnitudes with a border of zeros: (h + 1, w + 2, c)."""
    h, w, c = coded.shape
    seen = np.zeros((h + 1, w + 2, c), np.int64)
    for y in range(h):
        for x in range(w):
            for i in range(c):
                value = coded[y, x, i]
                seen[y + 1, x + 1, i] = min((value + 1) >> 1 if signed else value, CLIP)
    return seen


@_jit
def _put(out: Array, at: Array, held: Array, count: Array, t: int, field: int, width: int) -> None:
    """Append a field of at most 26 bits to sub-stream *t*."""
    held[t] |= field << count[t]
    count[t] += width
    while count[t] >= 16:
        out[t, at[t]] = held[t] & 0xFF
        out[t, at[t] + 1] = (held[t] >> 8) & 0xFF
        at[t] += 2
        held[t] >>= 16
        count[t] -= 16


@_jit
def _finish(out: Array, at: Array, held: Array, count: Array) -> None:
    for t in range(THREADS):
        if count[t]:
            out[t, at[t]] = held[t] & 0xFF
            out[t, at[t] + 1] = (held[t] >> 8) & 0xFF
            at[t] += 2


@_jit
def _encode_huffman(
    coded: Array, signed: bool, weights: Array, words: Array, lengths: Array, out: Array, at: Array
) -> None:
    h, w, c = coded.shape
    seen = _magnitudes(coded, signed)
    held, count = np.zeros(THREADS, np.int64), np.zeros(THREADS, np.int64)
    for y in range(h):
        for x in range(w):
            for i in range(c):
                context = _context(seen, y, x, i, weights[i % WEIGHTS])
                value = coded[y, x, i]
                if value < DIRECT:
                    _put(
                        out, at, held, count, i % THREADS,
                        words[context, value], lengths[context, value],
                    )  # fmt: skip
                else:
                    n = _log2(value)
                    token = DIRECT + 2 * (n - 3) + ((value >> (n - 1)) & 1)
                    length = lengths[context, token]
                    raw = value & ((1 << (n - 1)) - 1)
                    _put(
                        out, at, held, count, i % THREADS,
                        words[context, token] | raw << length, length + n - 1,
                    )  # fmt: skip
    _finish(out, at, held, count)


@_jit
def _encode_tans(
    coded: Array, signed: bool, weights: Array, symbols: Array, states: Array, out: Array, at: Array
) -> None:
    h, w, c = coded.shape
    seen = _magnitudes(coded, signed)
    fields, widths = np.empty((h, w, c), np.int64), np.empty((h, w, c), np.int64)
    state = np.full(THREADS, tans.STATES, np.int64)
    for y in range(h - 1, -1, -1):
        for x in range(w - 1, -1, -1):
            for i in range(c - 1, -1, -1):
                context = _context(seen, y, x, i, weights[i % WEIGHTS])
                value = coded[y, x, i]
                token, width = value, 0
                if value >= DIRECT:
                    n = _log2(value)
                    token = DIRECT + 2 * (n - 3) + ((value >> (n - 1)) & 1)
                    width = n - 1
                field = value & ((1 << width) - 1)
                bits = symbols[context, token, 0]
                if bits == 0:
                    field = field << 5 | token
                    width += 5
                    token = ESCAPE
                    bits = symbols[context, token, 0]
                t = i % THREADS
                if state[t] < symbols[context, token, 1]:
                    bits -= 1
                fields[y, x, i] = field << bits | (state[t] & ((1 << bits) - 1))
                widths[y, x, i] = width + bits
                place = (symbols[context, token, 2] + (state[t] >> bits)) & 255
                state[t] = 256 + states[context, place]
    held, count = np.zeros(THREADS, np.int64), np.zeros(THREADS, np.int64)
    for t in range(min(THREADS, c)):
        _put(out, at, held, count, t, state[t] - 256, 8)
    for y in range(h):
        for x in range(w):
            for i in range(c):
                _put(out, at, held, count, i % THREADS, fields[y, x, i], widths[y, x, i])
    _finish(out, at, held, count)


@_jit
def _fill(data: Array, at: Array, held: Array, count: Array, t: int) -> None:
    """Have 32 bits or more at hand, as long as there are some."""
    while count[t] <= 32 and at[t, 0] < at[t, 1]:
        held[t] |= np.int64(data[at[t, 0]]) << count[t]
        at[t, 0] += 1
        count[t] += 8


@_jit
def _decode_huffman(
    data: Array, at: Array, out: Array, signed: bool, weights: Array, table: Array
) -> None:
    """Decode; *table* gives token and length of the next 12 bits; at[t, 2] is what is left."""
    h, w, c = out.shape
    seen = np.zeros((h + 1, w + 2, c), np.int64)
    held, count = np.zeros(THREADS, np.int64), np.zeros(THREADS, np.int64)
    for y in range(h):
        for x in range(w):
            for i in range(c):
                t = i % THREADS
                if count[t] < 32:
                    _fill(data, at, held, count, t)
                context = _context(seen, y, x, i, weights[i % WEIGHTS])
                entry = table[context, held[t] & 0xFFF]
                value, length = entry & 31, entry >> 5
                held[t] >>= length
                count[t] -= length
                if value >= DIRECT:
                    width = ((value - DIRECT) >> 1) + 2
                    value = (2 | (value & 1)) << width | (held[t] & ((1 << width) - 1))
                    held[t] >>= width
                    count[t] -= width
                out[y, x, i] = value
                seen[y + 1, x + 1, i] = min((value + 1) >> 1 if signed else value, CLIP)
    for t in range(THREADS):
        at[t, 2] = count[t] + 8 * (at[t, 1] - at[t, 0])


@_jit
def _decode_tans(
    data: Array, at: Array, out: Array, signed: bool, weights: Array, table: Array
) -> bool:
    """Decode; *table* is the ROM image; at[t, 2] is what is left; tell whether a state is not 0."""
    h, w, c = out.shape
    seen = np.zeros((h + 1, w + 2, c), np.int64)
    held, count = np.zeros(THREADS, np.int64), np.zeros(THREADS, np.int64)
    state = np.zeros(THREADS, np.int64)
    for t in range(min(THREADS, c)):
        _fill(data, at, held, count, t)
        state[t] = held[t] & 255
        held[t] >>= 8
        count[t] -= 8
    for y in range(h):
        for x in range(w):
            for i in range(c):
                t = i % THREADS
                if count[t] < 32:
                    _fill(data, at, held, count, t)
                context = _context(seen, y, x, i, weights[i % WEIGHTS])
                entry = table[context, state[t]]
                value, bits = entry >> 12, (entry >> 8) & 15
                state[t] = (entry & 255) + (held[t] & ((1 << bits) - 1))
                held[t] >>= bits
                count[t] -= bits
                if value == ESCAPE:
                    value = held[t] & 31
                    held[t] >>= 5
                    count[t] -= 5
                if value >= DIRECT:
                    width = ((value - DIRECT) >> 1) + 2
                    value = (2 | (value & 1)) << width | (held[t] & ((1 << width) - 1))
                    held[t] >>= width
                    count[t] -= width
                out[y, x, i] = value
                seen[y + 1, x + 1, i] = min((value + 1) >> 1 if signed else value, CLIP)
    for t in range(THREADS):
        at[t, 2] = count[t] + 8 * (at[t, 1] - at[t, 0])
    return bool(state.any())


@_jit
def _store(flat: Array, bits: int, out: Array) -> None:
    held, count, at = 0, 0, 0
    for value in flat:
        held |= value << count
        count += bits
        while count >= 8:
            out[at] = held & 0xFF
            at += 1
            held >>= 8
            count -= 8
    if count:
        out[at] = held & 0xFF


@_jit
def _load(data: Array, bits: int, flat: Array) -> None:
    held: Any = 0
    count, at = 0, 0
    mask = (1 << bits) - 1
    for i in range(flat.size):
        while count < bits:
            held |= np.int64(data[at]) << count
            at += 1
            count += 8
        flat[i] = held & mask
        held >>= bits
        count -= bits


# -------------------------------------------------------------------- the engine


def _weights(form: Format) -> Ints:
    return _NO_WEIGHTS if form.weight_array is None else form.weight_array


@cache
def _huffman_encoder(tables: Tables) -> tuple[Ints, Ints]:
    words = [
        [huffman.reversed_bits(c, n) for c, n in zip(huffman.codes(row), row, strict=True)]
        for row in tables.lengths
    ]
    return np.array(words, np.int64), np.array(tables.lengths, np.int64)


@cache
def _huffman_decoder(tables: Tables) -> Ints:
    table = np.zeros((CONTEXTS, 1 << LONGEST), np.int64)
    words, lengths = _huffman_encoder(tables)
    for context in range(CONTEXTS):
        for token in range(TOKENS):
            length = int(lengths[context, token])
            table[context, words[context, token] :: 1 << length] = length << 5 | token
    return table


@cache
def _tans_encoder(tables: Tables) -> tuple[Ints, Ints]:
    rows = [tans.encode_row(row) for row in tables.frequencies]
    return np.array([s for s, _ in rows], np.int64), np.array([s for _, s in rows], np.int64)


@cache
def _tans_decoder(tables: Tables) -> Ints:
    rows = np.array([tans.decode_row(row) for row in tables.frequencies], np.int64)
    return rows[:, :, 0] << 12 | rows[:, :, 1] << 8 | rows[:, :, 2]


def encode(coded: Ints, form: Format) -> list[bytes]:
    """Return the four sub-streams."""
    out = np.empty((THREADS, coded.size * _FIELD_BYTES + 4), np.uint8)
    at = np.zeros(THREADS, np.int64)
    coded = np.ascontiguousarray(coded)
    if form.coder == Coder.TANS:
        _encode_tans(coded, form.signed, _weights(form), *_tans_encoder(form.tables), out, at)
    else:
        _encode_huffman(coded, form.signed, _weights(form), *_huffman_encoder(form.tables), out, at)
    return [out[t, : at[t]].tobytes() for t in range(THREADS)]


def decode(header: Header, payload: bytes, shape: Shape, form: Format) -> tuple[Ints, Fault]:
    """Return the values of a coded block and what is wrong."""
    out = np.empty(shape, np.int64)
    bounds = 2 * np.cumsum([0, *header.subs])
    at = np.zeros((THREADS, 3), np.int64)
    at[:, 0] = bounds
    at[:, 1] = [*bounds[1:], 2 * header.words]
    data = np.frombuffer(payload, np.uint8)
    weights = _weights(form)
    open_state = False
    if form.coder == Coder.TANS:
        table = _tans_decoder(form.tables)
        open_state = _decode_tans(data, at, out, form.signed, weights, table)
    else:
        _decode_huffman(data, at, out, form.signed, weights, _huffman_decoder(form.tables))
    if at[:, 2].min() < 0 or at[:, 2].max() > 15 or int(out.max()) >> form.bits:
        return out, Fault.LEN
    return out, Fault.STATE if open_state else Fault.NONE


def store(coded: Ints, bits: int) -> bytes:
    """Return the raw payload."""
    out = np.zeros(-(-coded.size * bits // 16) * 2, np.uint8)
    _store(np.ascontiguousarray(coded).ravel(), bits, out)
    return out.tobytes()


def load(payload: bytes, shape: Shape, bits: int) -> Ints:
    """Return the values of a raw payload."""
    out = np.empty(shape, np.int64)
    _load(np.frombuffer(payload, np.uint8), bits, out.ravel())
    return out


COMPILED = Engine(encode, decode, store, load)
