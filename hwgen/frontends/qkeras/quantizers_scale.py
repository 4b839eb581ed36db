# SPDX-License-Identifier: Apache-2.0
"""Fitted scales: the factors that QKeras fits to a weight tensor, alpha 'auto' and 'auto_po2'.

They are computed in QKeras' own float32 steps. Two things in them depend on TensorFlow's kernels.
Sums over the leading axes are repeated here in the order of its x86-64 wheel: from sixteen rows on,
four interleaved partial sums for each full group of eight channels; else one sum, in order. Its
float32 logarithm is not repeated, because its last bit changes with the position in the tensor:
where that bit would decide an exponent, the tensor is refused.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hwgen.errors import UnsupportedQuantizer
from hwgen.frontends.exact.codes import F32, F64, I64, Codes

EPSILON = np.float32(1e-7)
"""The Keras fuzz factor."""

MAX_SPREAD = 24
"""Channel scales that differ by at most this many octaves are folded into the codes."""

_LANES = 8
_UNROLLED_FROM = 16


def reduced_axes(ndim: int, scale_axis: int | None = None) -> tuple[int, ...]:
    """Return the axes that share a scale: all but the last, or all but ``scale_axis``."""
    kept = ndim - 1 if scale_axis is None else scale_axis
    return tuple(axis for axis in range(ndim) if axis != kept)


def sums_are_exact(x: F32, scale_axis: int | None) -> bool:
    """Return whether ``_mean`` repeats TensorFlow's order of summation."""
    return x.ndim == 1 or (x.shape[-1] > 1 and scale_axis in (None, x.ndim - 1))


def _mean(x: F32, scale_axis: int | None) -> F32:
    axes = reduced_axes(x.ndim, scale_axis)
    count = np.float32(
        x.size // np.prod([x.shape[a] for a in range(x.ndim) if a not in axes], dtype=int)
    )
    if not sums_are_exact(x, scale_axis):
        total: F32 = x.sum(axis=axes, keepdims=True, dtype=np.float64).astype(np.float32)
        return total / count
    rows = x.reshape(-1, x.shape[-1])
    packed = rows.shape[1] - rows.shape[1] % _LANES
    flat = np.concatenate([_sum_by_four(rows[:, :packed]), _sum_in_order(rows[:, packed:])])
    return flat.reshape((1,) * (x.ndim - 1) + (-1,)) / count


def _sum_in_order(rows: F32) -> F32:
    # accumulate, because numpy's sum is free to pair
    total: F32 = np.add.accumulate(rows, axis=0, dtype=np.float32)[-1]
    return total


def _sum_by_four(rows: F32) -> F32:
    if len(rows) < _UNROLLED_FROM:
        return _sum_in_order(rows)
    whole = len(rows) - len(rows) % 4
    parts = [_sum_in_order(rows[i:whole:4]) for i in range(4)]
    total: F32 = ((parts[0] + parts[1]) + parts[2]) + parts[3]
    for row in rows[whole:]:
        total = total + row
    return total


def least_squares(x: F32, q: F32, scale_axis: int | None = None) -> F32:
    """Return the scale s that makes ``s * q`` closest to x.

    A one-dimensional tensor gets a scale for each element, as in QKeras.
    """
    if x.ndim == 1:
        return (x * q) / (q * q + EPSILON)
    return _mean(x * q, scale_axis) / (_mean(q * q, scale_axis) + EPSILON)


def nearest_po2(scale: F32, where: str) -> F32:
    """Return the power of two with the rounded logarithm of ``scale + EPSILON``."""
    log2 = np.log2((scale + EPSILON).astype(np.float64))
    if undecided(log2, slack=2.0**-22).any():
        raise UnsupportedQuantizer(
            "alpha='auto_po2': a channel scale lies half way between two powers of two within "
            "float32 error; "
            "QKeras itself rounds it differently from machine to machine",
            where,
            "change one weight of that channel by a few parts per million, or train with alpha=1",
        )
    po2: F32 = np.ldexp(np.float32(1), np.rint(log2).astype(np.int32))
    return po2


def undecided(log2: F64, slack: float = 0.0) -> npt.NDArray[np.bool_]:
    """Return where float32 cannot tell which way a logarithm rounds.

    The band is two float32 steps of the logarithm; up to 1.8 were seen in TensorFlow 2.14.
    """
    width = np.spacing(np.abs(log2).astype(np.float32)).astype(np.float64)
    near: npt.NDArray[np.bool_] = np.abs(np.abs(log2 - np.floor(log2)) - 0.5) <= 2 * width + slack
    return near


def fold(z: I64, frac: int, scale: F32) -> Codes:
    """Return the codes with power-of-two scales shifted in: one ``frac`` for every channel.

    Channels without a non-zero code take no part in the spread.
    """
    raw = Codes(z, frac, scale)
    exponents = np.broadcast_to(np.frexp(scale)[1].astype(np.int64) - 1, z.shape)
    used = exponents[z != 0]
    if not used.size:
        return Codes(z, 0, raw=raw)
    lowest = int(used.min())
    if int(used.max()) - lowest > MAX_SPREAD:
        return raw
    shift = np.where(z != 0, exponents - lowest, 0)
    return Codes(z << shift, frac - lowest, raw=raw)
