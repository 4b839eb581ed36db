# SPDX-License-Identifier: Apache-2.0
"""Tensor types: shape, number format and the exact reachable interval of every element's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.ir.fixed import Fixed, bits_for

# Codes are int64 as long as every magnitude stays below this; Python ints (dtype object) beyond.
INT64_SAFE = 1 << 62

Codes = npt.NDArray[Any]


def int_array(values: Any) -> Codes:
    """Return integers as a read-only int64 array, or as Python ints where int64 is too narrow."""
    array = np.asarray(values)
    if array.dtype == object or array.dtype.kind == "u":
        flat = [int(v) for v in array.reshape(-1)]
        small = all(-INT64_SAFE < v < INT64_SAFE for v in flat)
        out = np.empty(len(flat), np.int64 if small else object)
        out[:] = flat
        array = out.reshape(array.shape)
    elif array.dtype.kind in "ib":
        array = array.astype(np.int64)
        if array.size and (array.max() >= INT64_SAFE or array.min() <= -INT64_SAFE):
            array = array.astype(object)
    else:
        raise TypeError(f"integer codes expected, not {array.dtype}")
    array.flags.writeable = False
    return array


def wide(array: Codes) -> Codes:
    """Return the same integers as Python ints, for arithmetic that must not overflow."""
    return array.astype(object)


@dataclass(frozen=True, eq=False)
class TensorType:
    """Type of a tensor: shape, format and intervals, known before any data flows.

    Attributes:
        shape: element shape, without the batch axis; never empty of elements.
        fixed: one number format for the whole tensor; its codes cover every interval.
        lo, hi: exact reachable interval of the codes, one pair an element (int arrays of *shape*).
    """

    shape: tuple[int, ...]
    fixed: Fixed
    lo: Codes
    hi: Codes

    def __post_init__(self) -> None:
        for name in ("lo", "hi"):
            bound = np.broadcast_to(int_array(getattr(self, name)), self.shape)
            object.__setattr__(self, name, bound)
        assert all(n > 0 for n in self.shape), f"empty tensor {self.shape}"
        assert np.all(self.lo <= self.hi), "interval with lo > hi"
        assert int(self.lo.min()) >= self.fixed.lo, "interval below the format"
        assert int(self.hi.max()) <= self.fixed.hi, "interval above the format"

    @classmethod
    def of(cls, shape: tuple[int, ...], fixed: Fixed) -> TensorType:
        """Return the type of a tensor that may hold any code of *fixed*."""
        return cls(shape, fixed, int_array(fixed.lo), int_array(fixed.hi))

    @classmethod
    def covering(cls, shape: tuple[int, ...], frac: int, lo: Any, hi: Any) -> TensorType:
        """Return the type with the narrowest format that covers the intervals ``[lo, hi]``."""
        low, high = int_array(lo), int_array(hi)
        return cls(shape, Fixed.covering(int(low.min()), int(high.max()), frac), low, high)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def frac(self) -> int:
        """Fraction bits of the codes."""
        return self.fixed.frac

    @property
    def element_bits(self) -> npt.NDArray[np.int64]:
        """Bits that hold the interval of every element; 0 for one that never changes."""
        pairs = np.stack([self.lo.reshape(-1), self.hi.reshape(-1)], axis=1).tolist()
        bits = {(lo, hi): 0 if lo == hi else bits_for(int(lo), int(hi)) for lo, hi in pairs}
        return np.array([bits[lo, hi] for lo, hi in pairs], np.int64).reshape(self.shape)

    @property
    def peak(self) -> int:
        """Largest magnitude of any code."""
        return max(abs(int(self.lo.min())), abs(int(self.hi.max())))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TensorType):
            return NotImplemented
        return (
            self.shape == other.shape
            and self.fixed == other.fixed
            and bool(np.array_equal(self.lo, other.lo))
            and bool(np.array_equal(self.hi, other.hi))
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.fixed))

    def __str__(self) -> str:
        lo, hi = int(self.lo.min()), int(self.hi.max())
        return f"{'x'.join(map(str, self.shape))} {self.fixed} [{lo}, {hi}]"
