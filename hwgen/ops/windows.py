# SPDX-License-Identifier: Apache-2.0
"""Sliding windows over channels-last tensors: one geometry for convolutions and pools."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.ops.checks import need, need_size

Slices = tuple[slice, ...]
# No axis of a network is longer; it also keeps a damaged file from starting an endless loop.
LONGEST = 1 << 16


@dataclass(frozen=True)
class Window:
    """Geometry of sliding windows: kernel, strides, padding and dilation, one entry a spatial axis.

    A tap outside the tensor does not exist: nothing is padded with a value.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.kernel)

    @property
    def plain(self) -> bool:
        """True when each window is exactly the element it stands on."""
        ones = (1,) * self.rank
        return self.kernel == ones == self.strides and not any(sum(p) for p in self.padding)

    def check(self, kind: str) -> None:
        """Refuse what has no meaning."""
        hint = "give one positive entry (padding: one pair of non-negative ones) a spatial axis"
        need(self.rank in (1, 2), kind, f"spatial rank {self.rank} is not 1 or 2", hint)
        for name in ("kernel", "strides", "dilation"):
            entries = getattr(self, name)
            fits = len(entries) == self.rank and all(1 <= n <= LONGEST for n in entries)
            need(fits, kind, f"{name} {entries} do not fit {self.rank} spatial axes", hint)
        fits = len(self.padding) == self.rank
        fits = fits and all(len(p) == 2 and 0 <= min(p) <= max(p) <= LONGEST for p in self.padding)
        need(fits, kind, f"padding {self.padding} does not fit {self.rank} spatial axes", hint)

    def out_shape(self, kind: str, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of windows along each axis of spatial *shape*."""
        out = self._counts(shape)
        need(
            all(n >= 1 for n in out),
            kind,
            f"no window of {self.kernel} (dilation {self.dilation}) fits into {tuple(shape)}",
            "a larger input, 'same' padding or a smaller kernel is needed",
        )
        need_size(kind, out)
        return out

    def _counts(self, shape: Sequence[int]) -> tuple[int, ...]:
        return tuple(
            (n + sum(pad) - (k - 1) * d - 1) // s + 1
            for n, k, s, pad, d in zip(
                shape, self.kernel, self.strides, self.padding, self.dilation, strict=True
            )
        )

    def taps(self, shape: Sequence[int]) -> Iterator[tuple[tuple[int, ...], Slices, Slices]]:
        """Yield each tap that ever meets the tensor: its index, the windows, their elements."""
        axes = []
        for axis, (n, count) in enumerate(zip(shape, self._counts(shape), strict=True)):
            step, present = self.strides[axis], []
            for tap in range(self.kernel[axis]):
                offset = tap * self.dilation[axis] - self.padding[axis][0]
                first = max(0, -(offset // step))
                last = min(count - 1, (n - 1 - offset) // step)
                if first <= last:
                    start = first * step + offset
                    windows = slice(first, last + 1)
                    present.append((tap, windows, slice(start, last * step + offset + 1, step)))
            axes.append(present)
        for combo in itertools.product(*axes):
            yield tuple(c[0] for c in combo), tuple(c[1] for c in combo), tuple(c[2] for c in combo)

    def columns(self, x: Codes, fill: int = 0) -> Codes:
        """Gather ``(batch, *windows, taps, channels)``; absent taps are *fill*."""
        if self.plain:
            return x[..., None, :]
        spatial = x.shape[1:-1]
        counts = self._counts(spatial)
        taps = int(np.prod(self.kernel))
        result = np.full((x.shape[0], *counts, taps, x.shape[-1]), fill, x.dtype)
        for tap, windows, elements in self.taps(spatial):
            index = int(np.ravel_multi_index(tap, self.kernel))
            result[(slice(None), *windows, index)] = x[(slice(None), *elements)]
        return result

    def sums(self, values: Codes) -> Codes:
        """Return (taps, channels): *values* added up over all elements that each tap ever meets.

        Args:
            values: (*space, channels).
        """
        result = np.zeros((*self.kernel, values.shape[-1]), values.dtype)
        space = tuple(range(self.rank))
        for tap, _, elements in self.taps(values.shape[:-1]):
            result[tap] = values[elements].sum(axis=space)
        return result.reshape(-1, values.shape[-1])

    def covered(self, shape: Sequence[int]) -> Codes:
        """Return how many elements of the tensor each window holds."""
        result = np.zeros(self._counts(shape), np.int64)
        for _, windows, _ in self.taps(shape):
            result[windows] += 1
        return result

    def note(self) -> str:
        """Return the geometry in a few words."""
        words = ["x".join(map(str, self.kernel))]
        for name, values, plain in (("stride", self.strides, 1), ("dilation", self.dilation, 1)):
            if any(v != plain for v in values):
                words.append(f"{name} {'x'.join(map(str, values))}")
        return ", ".join(words)


def filled(values: Sequence[int], rank: int, default: int = 1) -> tuple[int, ...]:
    """Return *values* as a tuple, or the default on every axis when there are none."""
    return tuple(values) if len(values) else (default,) * rank


def filled_pairs(values: Sequence[Sequence[int]], rank: int) -> tuple[tuple[int, int], ...]:
    """Return *values* as tuples, or no padding on every axis when there are none."""
    return tuple(tuple(v) for v in values) if len(values) else ((0, 0),) * rank  # type: ignore[misc]
