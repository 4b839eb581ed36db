# SPDX-License-Identifier: Apache-2.0
"""Integer model of ``hwg_bit_planes``: operands as bit planes, products as popcounts.

A product of an m-bit and an n-bit matrix is m * n products of single bits (PrecisionBatching,
arXiv 2003.00822; BISMO, arXiv 1806.08862). Fewer planes of the same words are the same numbers
rounded down, so one memory of weights serves every precision, with a bias for each: what rounding
down takes away of a sum is made up there. Planes that are zero everywhere are left out with no
change of any sum (the re-quantization of BSQ, arXiv 2102.10462).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.units.geometry import folds


@dataclass(frozen=True)
class Precision:
    """Planes and kinds that a vector asks of the unit: ports of ``hwg_bit_planes``.

    Attributes:
        weights, data: upper planes that count.
        weights_signed, data_signed: two's complement.
        bipolar: both are sums of planes of +1 and -1; then neither is signed.
        table: number of the biases.
    """

    weights: int
    data: int
    weights_signed: bool = False
    data_signed: bool = False
    bipolar: bool = False
    table: int = 0

    def cycles(self, turns: int, steps: int) -> int:
        """Return the cycles between two such vectors."""
        return turns * steps * self.weights * self.data

    def latency(self, steps: int) -> int:
        """Return the cycles from the last word of a vector to its first result."""
        return 5 + (self.weights * self.data - 1) * steps


@dataclass(frozen=True)
class Trimmed:
    """Codes without planes that say nothing: ``codes << shift`` are those that were given.

    Attributes:
        codes: of as many bits as
        planes: says.
        shift: zero planes below that are left out.
    """

    codes: Codes
    planes: int
    shift: int


def trimmed(codes: Codes, signed: bool = True) -> Trimmed:
    """Leave out planes of zeros below, and copies of the sign (or zeros) above.

    Args:
        codes: integers; unless *signed* none is negative.
        signed: two's complement, one plane of which is the sign.
    """
    values = np.asarray(codes, np.int64)
    some = int(np.bitwise_or.reduce(values.reshape(-1), initial=0))
    shift = (some & -some).bit_length() - 1 if some else 0
    short = values >> shift
    bits = max(int(short.max(initial=0)), int(-1 - short.min(initial=0))).bit_length()
    return Trimmed(short, max(bits + (1 if signed else 0), 1), shift)


def aligned(codes: Codes, planes: int, width: int) -> Codes:
    """Return codes of so many planes as words of the unit: unsigned, in the upper bits."""
    made: Codes = (np.asarray(codes, np.int64) & ((1 << planes) - 1)) << (width - planes)
    return made


def operand(words: Codes, width: int, planes: int, signed: bool, bipolar: bool) -> Codes:
    """Return the numbers that the upper planes of words stand for."""
    upper = np.asarray(words, np.int64) >> (width - planes)
    if bipolar:
        return 2 * upper - ((1 << planes) - 1)
    return upper - ((upper >> (planes - 1)) << planes) if signed else upper


def product(weights: Codes, x: Codes, widths: tuple[int, int], p: Precision, bias: Codes) -> Codes:
    """Return the sums of a vector, plane by plane as the unit makes them.

    Args:
        weights: words, (rows, columns).
        x: words, (columns,).
        widths: bits of both.
        p: planes and kinds.
        bias: (tables, rows).
    """
    total = np.zeros(len(weights), np.int64)
    for weight in range(p.weights + p.data - 1):  # by falling weight, the highest pair first
        total <<= 1
        for i in range(p.weights):
            j = weight - i
            if not 0 <= j < p.data:
                continue
            left = np.asarray(weights) >> (widths[0] - 1 - i) & 1
            right = np.asarray(x) >> (widths[1] - 1 - j) & 1
            if p.bipolar:
                total += 2 * (left == right).sum(-1) - left.shape[-1]
                continue
            minus = (p.weights_signed and i == 0) != (p.data_signed and j == 0)
            count = (left & right).sum(-1)
            total += -count if minus else count
    made: Codes = total + bias[p.table]
    return made


def memory(weights: Codes, width: int, pe: int, simd: int) -> Codes:
    """Return the words of the memory beside the unit, a row of PE * SIMD bits each.

    Args:
        weights: words, (rows, columns).
        width: their bits.
        pe: rows that the unit takes a cycle.
        simd: columns that it takes a cycle.
    """
    rows, columns = weights.shape
    turns, steps = folds({"Rows": rows, "PE": pe, "Columns": columns, "SIMD": simd})
    full = np.zeros((turns * pe, steps * simd), np.int64)
    full[:rows, :columns] = weights
    folded = full.reshape(turns, pe, steps, simd).swapaxes(1, 2)
    planes: Codes = np.stack([folded >> (width - 1 - i) & 1 for i in range(width)])
    made: Codes = planes.reshape(width * turns * steps, pe * simd)
    return made
