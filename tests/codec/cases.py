# SPDX-License-Identifier: Apache-2.0
"""Blocks that have gone wrong somewhere, and blocks drawn at random."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwgen.codec.block import Format
from hwgen.codec.tables import Tables
from hwgen.codec.wire import Coder, Ints

FLAT, STEEP = (5,) * 32, (1, 2, 3, 7, 7, 7, *(8,) * 26)
EVEN, FALLING = (8,) * 32, (128, 64, 32, 2, 2, 2, *(1,) * 26)
RARE = (128, *(0,) * 30, 128)
# The tables of docs/bitstream.md.
GOLDEN = Tables(
    (FLAT, *(STEEP,) * 6, FLAT, *(STEEP,) * 8),
    (EVEN, *(FALLING,) * 6, RARE, *(FALLING,) * 8),
)
GENERIC = Tables.generic()
# Every token but the commonest has the longest code; every token but one is escaped.
LONG = (1, 2, 3, 4, 5, 6, 8, 8, 9, 11, *(12,) * 22)
STRANGE = Tables((LONG,) * 16, ((255, *(0,) * 30, 1),) * 16)


def formats() -> Iterator[Format]:
    """Yield every width with every coder, signed and not, with and without weights."""
    for coder in Coder:
        for bits in range(1, coder.max_bits + 1):
            for signed in (False, True):
                weights = tuple(range(0, 256, 2)) if bits % 3 == 2 else ()
                yield Format(bits, GENERIC, coder, signed, bool(weights), bits, weights)


def adversarial(form: Format, shape: tuple[int, int, int]) -> Iterator[Ints]:
    """Yield blocks of that shape that are hard in some way."""
    size = shape[0] * shape[1] * shape[2]
    lo, hi = form.lo, form.hi
    flat = np.zeros(size, np.int64)
    yield flat.reshape(shape)
    yield np.full(shape, hi)
    yield np.full(shape, lo)
    for place in (0, size - 1):
        one = flat.copy()
        one[place] = hi
        yield one.reshape(shape)
    yield np.resize([hi, 0], size).reshape(shape)
    yield np.resize([0, 0, 0, lo or 1], size).reshape(shape)
    powers = [min(hi, (1 << n) + d) for n in range(15) for d in (-1, 0, 1)]
    yield np.resize(powers, size).reshape(shape)
    last = np.full(size, hi)
    last[-1] = 0
    yield last.reshape(shape)


def drawn(form: Format, shape: tuple[int, int, int], rng: np.random.Generator) -> Ints:
    """Return a block whose values are rare, small, large, or anything."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(form.lo, form.hi + 1, shape)
    values = np.rint(rng.laplace(0, rng.choice([0.3, 2.0, 20.0, 500.0]), shape)).astype(np.int64)
    if kind == 1:
        values = np.where(rng.random(shape) < 0.8, 0, values)
    return np.clip(values if form.signed else np.abs(values), form.lo, form.hi)


SHAPES = ((1, 1, 1), (1, 1, 2), (3, 5, 7), (2, 4, 8), (5, 3, 3), (1, 9, 16))
