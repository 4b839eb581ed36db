# SPDX-License-Identifier: Apache-2.0
"""Exact dtypes: the quickest numpy type that holds all integers of a sum, and range arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hwgen.ir.tensor import INT64_SAFE, Codes, TensorType

# Integers strictly below these magnitudes are exact in the carrier, and so are their sums.
_CARRIERS: tuple[tuple[int, Any], ...] = (
    (1 << 24, np.float32),
    (1 << 53, np.float64),
    (INT64_SAFE, np.int64),
)


def carrier(bound: int) -> np.dtype[Any]:
    """Return the quickest dtype that holds every integer of magnitude up to *bound*."""
    for limit, kind in _CARRIERS:
        if bound < limit:
            return np.dtype(kind)
    return np.dtype(object)


def cast(codes: Codes, dtype: np.dtype[Any]) -> Codes:
    """Return the same integers in another carrier, without a copy when it is already that one."""
    if codes.dtype == dtype:
        return codes
    if dtype.kind == "O" and codes.dtype.kind == "f":  # by way of int64, or the objects are floats
        codes = codes.astype(np.int64)
    return codes.astype(dtype)


def to_ints(codes: Codes) -> Codes:
    """Return int64, or Python ints when the carrier holds those."""
    return codes if codes.dtype == object else codes.astype(np.int64, copy=False)


def top(values: Codes) -> int:
    """Return the largest magnitude of an integer array, 0 when it is empty."""
    return max(abs(int(values.max())), abs(int(values.min()))) if values.size else 0


def magnitude(of: TensorType) -> Codes:
    """Return the largest magnitude of every element."""
    return np.maximum(abs(of.lo), abs(of.hi))


def room(codes: Codes, bound: int) -> Codes:
    """Return *codes* as int64, or as Python ints when results up to *bound* need them."""
    return codes.astype(np.int64 if bound < INT64_SAFE else object, copy=False)


Apply = Callable[[Codes, Codes, Codes], Codes]


def affine_bound(apply: Apply, weight: Codes, bias: Codes, t: TensorType, fan_in: int) -> int:
    """Return a magnitude no partial sum of ``apply(weight, bias, x)`` exceeds, in any order."""
    dtype = _affine_carrier(weight, bias, t, fan_in)
    sums = apply(abs(weight), abs(bias), cast(magnitude(t)[None], dtype))
    return max(int(sums.max()), top(weight), top(bias), t.peak)


def affine_range(
    apply: Apply, weight: Codes, bias: Codes, t: TensorType, fan_in: int
) -> tuple[Codes, Codes]:
    """Return the exact interval of ``apply(weight, bias, x)``, elements of x being independent.

    A positive weight takes the low end from the low end, a negative one from the high end.
    """
    dtype = _affine_carrier(weight, bias, t, fan_in)
    low, high = cast(t.lo[None], dtype), cast(t.hi[None], dtype)
    up, down, none = np.maximum(weight, 0), np.minimum(weight, 0), np.zeros_like(bias)
    lo = apply(up, bias, low) + apply(down, none, high)
    hi = apply(up, bias, high) + apply(down, none, low)
    return to_ints(lo[0]), to_ints(hi[0])


def _affine_carrier(weight: Codes, bias: Codes, t: TensorType, fan_in: int) -> np.dtype[Any]:
    peak = top(weight)
    return carrier(max(fan_in * peak * t.peak + top(bias), peak, t.peak))


def percent_zero(weight: Codes) -> str:
    """Return the share of zero weights, for a note."""
    zeros = weight.size - int(np.count_nonzero(weight))
    return f"{100 * zeros // weight.size} % zero"
