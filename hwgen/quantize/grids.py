# SPDX-License-Identifier: Apache-2.0
"""Grids: which power-of-two step a tensor takes, by range, by ACIQ's closed forms, or by search.

ACIQ (Banner, Nahshan, Soudry: Post training 4-bit quantization of convolutional networks, NeurIPS
2019) gives the clip that has the least expected squared error for a Laplace or a Gauss density. The
search starts there and takes what has the least squared error on the values themselves, through the
very quantizer that the hardware has: round half to even, saturate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.ir.fixed import Fixed

F64: TypeAlias = npt.NDArray[np.float64]
METHODS = ("mse", "aciq", "minmax")
_SPAN = 3  # steps on both sides of the start that the search looks at
MAX_SHIFT = 40
_BETWEEN = (math.sqrt(1 / 2) + math.sqrt(2 / math.pi)) / 2


def laplace_clip(bits: int) -> float:
    """Return the best clip in units of the mean deviation: ``alpha = W(3 * 4**bits)``."""
    y, x = 3.0 * 4.0**bits, 1.0
    x = math.log(y) - math.log(math.log(y)) if y > math.e else 1.0
    for _ in range(50):
        e = math.exp(x)
        x -= (x * e - y) / (e * (x + 1))
    return x


def gauss_clip(bits: int) -> float:
    """Return the best clip in units of the standard deviation, the root of the derivative."""

    def slope(a: float) -> float:
        tail = a * math.erfc(a / math.sqrt(2))
        density = math.sqrt(2 / math.pi) * math.exp(-a * a / 2)
        return tail - density + a / (3 * 4.0**bits)

    low, high = 0.0, 20.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return low


def aciq_clip(values: F64, bits: int) -> float:
    """Return ACIQ's clip of values.

    The density is the one whose ratio of mean to standard deviation is nearer: 0.71 of Laplace,
    0.80 of Gauss. A tensor that never falls below zero has one side: all steps are on it, so the
    entry of one bit more holds.
    """
    one_sided = values.size > 0 and float(values.min()) >= 0
    flat = np.concatenate([values, -values]) if one_sided else values
    m = bits + 1 if one_sided else bits
    mean, deviation = float(np.mean(np.abs(flat - flat.mean()))), float(flat.std())
    if mean < _BETWEEN * deviation:
        return laplace_clip(m) * mean
    return gauss_clip(m) * deviation


def rounded(values: F64, fixed: Fixed) -> F64:
    """Return values in a format: half to even, saturating."""
    scaled = np.rint(np.ldexp(values, fixed.frac))
    return np.asarray(np.ldexp(np.clip(scaled, fixed.lo, fixed.hi), -fixed.frac))


def _frac_for(peak: float, fixed: Fixed) -> int:
    """Return the most fraction bits with which a format of this width reaches a value."""
    if peak <= 0:
        return 0
    top = fixed.hi if fixed.hi else 1
    frac = math.floor(math.log2((top + 0.5) / peak))
    return max(min(frac, MAX_SHIFT), -MAX_SHIFT)


def grid_of(values: F64, bits: int, signed: bool, method: str) -> Fixed:
    """Return the format of *bits* bits for a tensor, or for one channel of weights.

    Args:
        values: flat.
        bits: of the codes, the sign included.
        signed: negative values occur.
        method: ``minmax``: nothing saturates; ``aciq``: the power of two nearest to its clip;
            ``mse``: the least squared error, searched from there.
    """
    unit = Fixed(bits, 0, signed)
    peak = float(np.abs(values).max(initial=0.0))
    widest = _frac_for(peak, unit)
    if method == "minmax" or peak == 0:
        return Fixed(bits, widest, signed)
    clip = min(aciq_clip(values, bits), peak)
    half = 2.0 ** (bits - signed)
    near = round(math.log2(half / clip)) if clip > 0 else widest
    near = max(min(near, MAX_SHIFT), -MAX_SHIFT)
    if method == "aciq":
        return Fixed(bits, near, signed)
    low, high = min(near, widest) - 1, max(near, widest) + _SPAN
    tried = [Fixed(bits, frac, signed) for frac in range(low, min(high, low + 12) + 1)]
    errors = [float(np.mean((rounded(values, fixed) - values) ** 2)) for fixed in tried]
    return tried[int(np.argmin(errors))]


@dataclass(frozen=True)
class Kernel:
    """A quantized kernel.

    Attributes:
        values: on power-of-two grids, zeros where the float kernel has them.
        fracs: fraction bits by channel, the coarse ones where it is split.
        split: channels whose small weights have a finer grid of their own.
        saturated: weights beyond the ends of their grid.
    """

    values: F64
    fracs: tuple[int, ...]
    split: int
    saturated: int


def quantize_kernel(floats: F64, axes: int, bits: int, method: str, split: bool) -> Kernel:
    """Quantize a kernel, a grid an output channel.

    Args:
        floats: the kernel.
        axes: how many of its last axes count the channels.
        bits: of a weight.
        method: as `grid_of` takes it.
        split: let a channel have two grids (coarse for large weights, fine for small ones) where
            that halves its squared error at least. In an unrolled design every weight has its own
            binary point anyway, so both cost the same bits.
    """
    shape = floats.shape
    rows = floats.reshape(-1, int(np.prod(shape[-axes:]))).T
    made, fracs, splits, beyond = np.empty_like(rows), [], 0, 0
    for i, row in enumerate(rows):
        fixed = grid_of(row[row != 0], bits, True, method)
        done = rounded(row, fixed)
        if split:
            fine = _split(row, fixed, done)
            splits += fine is not None
            done = done if fine is None else fine
        scaled = np.rint(np.ldexp(row, fixed.frac))
        beyond += int(np.count_nonzero((scaled < fixed.lo) | (scaled > fixed.hi)))
        made[i] = done
        fracs.append(fixed.frac)
    return Kernel(made.T.reshape(shape), tuple(fracs), splits, beyond)


def _split(row: F64, coarse: Fixed, done: F64) -> F64 | None:
    """Return a channel on a coarse and a fine grid, None where that gains too little."""
    best, least = None, float(np.sum((done - row) ** 2)) / 2
    for up in range(1, 5):
        for down in (0, 1):
            large = Fixed(coarse.width, coarse.frac - down, True)
            small = Fixed(coarse.width, large.frac + up + down, True)
            inside = np.abs(row) <= math.ldexp(small.hi, -small.frac)
            made = np.where(inside, rounded(row, small), rounded(row, large))
            error = float(np.sum((made - row) ** 2))
            if error < least:
                best, least = made, error
    return best
