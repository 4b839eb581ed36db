# SPDX-License-Identifier: Apache-2.0
"""Bit strings: the first bit is bit 0 of the first byte."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hwgen.codec.wire import Ints


def pack(fields: npt.ArrayLike, widths: npt.ArrayLike) -> bytes:
    """Return the fields one after another, each least significant bit first.

    Zeros fill the last 16-bit word.

    Args:
        fields: integers, each below ``2**width``.
        widths: as many bit counts; 0 for a field that is not there.
    """
    values: Ints = np.asarray(fields, np.int64).ravel()
    sizes: Ints = np.asarray(widths, np.int64).ravel()
    total = int(sizes.sum())
    starts = np.cumsum(sizes) - sizes
    place = np.arange(total) - np.repeat(starts, sizes)
    bits = np.repeat(values, sizes) >> place & 1
    data = np.packbits(bits.astype(np.uint8), bitorder="little").tobytes()
    return data + bytes(len(data) % 2)


class Reader:
    """Reads a bit string; beyond its end there are zeros, and `over` tells.

    Args:
        data: whole bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    @property
    def left(self) -> int:
        """Unread bits; negative after reading beyond the end."""
        return self._left

    @property
    def over(self) -> bool:
        """Whether more was read than there is."""
        return self._left < 0

    def take(self, width: int) -> int:
        """Read *width* bits, the first one becoming bit 0."""
        value = self._bits & ((1 << width) - 1)
        self._bits >>= width
        self._left -= width
        return value
