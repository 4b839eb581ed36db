# SPDX-License-Identifier: Apache-2.0
"""Published coders of feature maps, to measure ours against: bit-exact, with decoders.

Each takes unsigned values in one run and gives one bit string. `framed` puts any of them into our
own frame (header, CRC, alignment, index, raw fallback), so that all are counted alike.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hwgen.codec import bits as bitstring
from hwgen.codec.block import Format
from hwgen.codec.tokens import contexts, unsigned
from hwgen.codec.wire import CONTEXTS, Grid, Ints, block_bytes, index_bytes, raw_words

RUN = 16  # longest zero run of the run-length coders
GROUP = 8  # words that share bit planes
Fields = list[tuple[int, int]]  # value, width; least significant bit first


class Baseline(ABC):
    """A coder of a run of values.

    Attributes:
        bits: of a value.
    """

    bits: int

    @abstractmethod
    def fields(self, values: Sequence[int]) -> Fields:
        """Return what is written, field by field."""

    @abstractmethod
    def decode(self, data: bytes, count: int) -> list[int]:
        """Return *count* values."""

    def encode(self, values: Sequence[int]) -> bytes:
        """Return the bit string, filled up to 16 bits."""
        made = self.fields(values)
        return bitstring.pack([v for v, _ in made], [n for _, n in made])

    def size(self, values: Ints) -> int:
        """Return the bits it takes."""
        return sum(n for _, n in self.fields(values.tolist()))


@dataclass(frozen=True)
class ZeroValue(Baseline):
    """A mask bit for each value, then the value if it is not zero (cDMA, HPCA 2018).

    Attributes:
        bits: of a value.
    """

    bits: int

    def fields(self, values: Sequence[int]) -> Fields:
        """Return mask bits and values."""
        return [f for v in values for f in (((1, 1), (v, self.bits)) if v else ((0, 1),))]

    def decode(self, data: bytes, count: int) -> list[int]:
        """Return *count* values."""
        reader = bitstring.Reader(data)
        return [reader.take(self.bits) if reader.take(1) else 0 for _ in range(count)]

    def size(self, values: Ints) -> int:
        """Return the bits it takes."""
        return values.size + self.bits * int(np.count_nonzero(values))


def _runs(values: Sequence[int]) -> Fields:
    """Return the zero mask with its runs of up to 16 zeros as 0 and 4 bits, ones as 1."""
    made: Fields = []
    run = 0
    for value in [*values, None]:
        if value == 0 and run < RUN:
            run += 1
            continue
        if run:
            made += [(0, 1), (run - 1, 4)]
        run = 1 if value == 0 else 0
        if value:
            made.append((1, 1))
    return made


def _runs_size(values: Ints) -> int:
    edges = np.diff(np.concatenate([[0], values == 0, [0]]).astype(np.int8))
    runs = np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)
    return int(np.count_nonzero(values)) + 5 * int((-(-runs // RUN)).sum())


def _mask(reader: bitstring.Reader, count: int) -> list[bool]:
    mask: list[bool] = []
    while len(mask) < count:
        mask += [True] if reader.take(1) else [False] * (reader.take(4) + 1)
    return mask[:count]


@dataclass(frozen=True)
class ZeroRun(Baseline):
    """Runs of up to 16 zeros in 5 bits; a value that is not zero behind a 1.

    Attributes:
        bits: of a value.
    """

    bits: int

    def fields(self, values: Sequence[int]) -> Fields:
        """Return runs and values; values behind the whole mask."""
        return _runs(values) + [(v, self.bits) for v in values if v]

    def decode(self, data: bytes, count: int) -> list[int]:
        """Return *count* values."""
        reader = bitstring.Reader(data)
        return [reader.take(self.bits) if there else 0 for there in _mask(reader, count)]

    def size(self, values: Ints) -> int:
        """Return the bits it takes."""
        return _runs_size(values) + self.bits * int(np.count_nonzero(values))


@dataclass(frozen=True)
class BitPlane(Baseline):
    """Extended bit-plane compression (EBPC, JETCAS 2019): zero runs, and bit planes of the rest.

    The non-zero values go in groups of 8: the first in full, seven differences of one bit more as
    bit planes, each but the first xor the one above, in the paper's prefix code. Here a code word's
    first bit is written first.

    Attributes:
        bits: of a value.
    """

    bits: int

    @property
    def _run_bits(self) -> int:
        return max(1, math.ceil(math.log2(self.bits)))

    def fields(self, values: Sequence[int]) -> Fields:
        """Return the run-length mask, then the groups."""
        words = [v for v in values if v]
        words += [0] * (-len(words) % GROUP)
        made = _runs(values)
        for at in range(0, len(words), GROUP):
            group = words[at : at + GROUP]
            made.append((group[0], self.bits))
            run = 0
            for plane, changed in self._planes(group):
                if changed == 0:
                    run += 1
                    continue
                made += self._run(run)
                run = 0
                made += _symbol(plane, changed)
            made += self._run(run)
        return made

    def _planes(self, group: Sequence[int]) -> list[tuple[int, int]]:
        """Return each bit plane of the differences and its change; bit i is difference i."""
        differences = [b - a for a, b in pairwise(group)]
        made, above = [], 0
        for bit in range(self.bits, -1, -1):
            plane = sum((d >> bit & 1) << i for i, d in enumerate(differences))
            made.append((plane, plane ^ above))
            above = plane
        return made

    def _run(self, run: int) -> Fields:
        if run == 0:
            return []
        if run == 1:
            return _word("01")
        return [*_word("001"), (run - 2, self._run_bits)]

    def decode(self, data: bytes, count: int) -> list[int]:
        """Return *count* values."""
        reader = bitstring.Reader(data)
        mask = _mask(reader, count)
        words: list[int] = []
        while len(words) < sum(mask):
            words += self._group(reader)
        rest = iter(words)
        return [next(rest) if there else 0 for there in mask]

    def _group(self, reader: bitstring.Reader) -> list[int]:
        words = [reader.take(self.bits)]
        planes: list[int] = []
        above = 0
        while len(planes) <= self.bits:
            for changed in self._change(reader, above):
                above ^= changed
                planes.append(above)
        for i in range(GROUP - 1):
            code = sum((plane >> i & 1) << self.bits - n for n, plane in enumerate(planes))
            words.append(words[-1] + code - (code >> self.bits << self.bits + 1))
        return words

    def _change(self, reader: bitstring.Reader, above: int) -> list[int]:
        if reader.take(1):
            return [reader.take(GROUP - 1)]
        if reader.take(1):
            return [0]
        if reader.take(1):
            return [0] * (reader.take(self._run_bits) + 2)
        kind = reader.take(1), reader.take(1)
        if kind == (0, 0):
            return [(1 << GROUP - 1) - 1]
        if kind == (0, 1):
            return [above]
        return [(3 if kind == (1, 0) else 1) << reader.take(3)]

    def size(self, values: Ints) -> int:
        """Return the bits it takes."""
        words = values[values != 0]
        words = np.concatenate([words, np.zeros(-len(words) % GROUP, np.int64)]).reshape(-1, GROUP)
        differences = np.diff(words, axis=1)
        total = self.bits * len(words) + _runs_size(values)
        above = np.zeros_like(differences)
        run = np.zeros(len(words), np.int64)
        more = 3 + self._run_bits
        for bit in range(self.bits, -1, -1):
            plane = differences >> bit & 1
            changed = plane ^ above
            above = plane
            ones = changed.sum(1)
            pair = (ones == 2) & ((changed[:, 1:] & changed[:, :-1]).sum(1) == 1)
            cost = np.where((ones == 1) | pair, 8, GROUP)
            cost = np.where((ones == GROUP - 1) | ~plane.any(1), 5, cost)
            before = np.choose(np.minimum(run, 2), [0, 2, more])
            total += int(np.where(ones > 0, cost + before, 0).sum())
            run = np.where(ones > 0, 0, run + 1)
        return total + int(np.choose(np.minimum(run, 2), [0, 2, more]).sum())


def _word(code: str) -> Fields:
    return [(int(code[::-1], 2), len(code))]


def _symbol(plane: int, changed: int) -> Fields:
    low = (changed & -changed).bit_length() - 1
    if changed == (1 << GROUP - 1) - 1:
        return _word("00000")
    if plane == 0:
        return _word("00001")
    if changed == 3 << low:
        return [*_word("00010"), (low, 3)]
    if changed == 1 << low:
        return [*_word("00011"), (low, 3)]
    return [*_word("1"), (changed, GROUP - 1)]


# -------------------------------------------------------------------- Golomb-Rice by context

UNARY = 15  # longest quotient; then the value follows in 16 bits
ESCAPED = 16


def rice_sizes(values: Ints, k: Ints | int) -> Ints:
    """Return the bits of each value in a Golomb-Rice code of parameter *k*."""
    quotient = values >> k
    return np.where(quotient < UNARY, quotient + 1 + k, UNARY + ESCAPED)


def rice_parameters(blocks: Sequence[Ints], signed: bool) -> tuple[int, ...]:
    """Return the best parameter of each of our 16 contexts, from calibration blocks (h, w, c)."""
    coded = [unsigned(block, signed) for block in blocks]
    context = np.concatenate([contexts(block, signed).ravel() for block in coded])
    flat = np.concatenate([block.ravel() for block in coded])
    found = []
    for number in range(CONTEXTS):
        members = flat[context == number]
        costs = [int(rice_sizes(members, k).sum()) for k in range(12)]
        found.append(int(np.argmin(costs)))
    return tuple(found)


def rice_fields(block: Ints, parameters: Sequence[int], signed: bool) -> Fields:
    """Return a block in Golomb-Rice codes: ones, a zero, k bits; 15 ones, 16 bits."""
    coded = unsigned(block, signed)
    made: Fields = []
    for value, context in zip(
        coded.ravel().tolist(), contexts(coded, signed).ravel().tolist(), strict=True
    ):
        k = parameters[context]
        quotient = value >> k
        if quotient < UNARY:
            made += [((1 << quotient) - 1, quotient + 1), (value & (1 << k) - 1, k)]
        else:
            made += [((1 << UNARY) - 1, UNARY), (value, ESCAPED)]
    return made


def rice_size(block: Ints, parameters: Sequence[int], signed: bool) -> int:
    """Return the bits that `rice_fields` takes."""
    coded = unsigned(block, signed)
    k = np.array(parameters, np.int64)[contexts(coded, signed)]
    return int(rice_sizes(coded, k).sum())


def rice_decode(
    data: bytes, shape: tuple[int, int, int], parameters: Sequence[int], signed: bool
) -> Ints:
    """Return the coded (unsigned) values of a block."""
    reader = bitstring.Reader(data)
    out = np.zeros(shape, np.int64)
    for place in np.ndindex(*shape):
        y, x, c = place
        # What is not decoded yet is 0, and does not lie in the neighbourhood.
        part = out[max(0, y - 1) : y + 1, max(0, x - 1) : x + 2, c : c + 1]
        context = contexts(part, signed)[min(y, 1), min(x, 1), 0]
        k = parameters[int(context)]
        quotient = 0
        while quotient < UNARY and reader.take(1):
            quotient += 1
        out[place] = reader.take(ESCAPED) if quotient == UNARY else quotient << k | reader.take(k)
    return out


# -------------------------------------------------------------------- alike


def framed(sizes: Sequence[int], grid: Grid, bits: int) -> int:
    """Return the bytes of a tensor whose blocks take so many bits, framed as ours are.

    Header, CRC and alignment of each block, raw blocks where that is shorter, the index.
    """
    total = index_bytes(grid.blocks)
    for number, size in enumerate(sizes):
        h, w, c = grid.shape(number)
        total += block_bytes(min(-(-size // 16), raw_words(h * w * c, bits)))
    return total


def baseline_bytes(
    values: Ints, grid: Grid, form: Format, rice: Sequence[int] = ()
) -> dict[str, int]:
    """Return the framed bytes of a tensor by each coder.

    Values are scanned as ours are, and channel by channel, as was published; the better counts.

    Args:
        values: shape (H, W, C).
        grid: how it is cut.
        form: bits and sign of the values.
        rice: parameters by context, from other maps.
    """
    sizes: dict[str, list[int]] = {"raw": [], "zvc": [], "zero-run": [], "ebpc": []}
    planar: dict[str, list[int]] = {"zero-run": [], "ebpc": []}
    coders: dict[str, Baseline] = {
        "zvc": ZeroValue(form.bits),
        "zero-run": ZeroRun(form.bits),
        "ebpc": BitPlane(form.bits),
    }
    if rice:
        sizes["rice"] = []
    for number in range(grid.blocks):
        block = values[grid.where(number)]
        coded = unsigned(block, form.signed)
        sizes["raw"].append(coded.size * form.bits)
        for name, coder in coders.items():
            sizes[name].append(coder.size(coded.ravel()))
            if name in planar:
                planar[name].append(coder.size(coded.transpose(2, 0, 1).ravel()))
        if rice:
            sizes["rice"].append(rice_size(block, rice, form.signed))
    made = {name: framed(found, grid, form.bits) for name, found in sizes.items()}
    for name, found in planar.items():
        made[name] = min(made[name], framed(found, grid, form.bits))
    return made
