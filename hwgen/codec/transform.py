# SPDX-License-Identifier: Apache-2.0
"""The integer transforms of mode T. Everything is two's complement; ``>>`` rounds down.

Values to coefficients: shift to 16 bits, KLT over groups of channels, spatial transform over
patches, quantiser. Back: the same in reverse. Any part may be missing. Hardware does exactly this,
so the loss is known to the last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from hwgen.codec.wire import Grid, Ints
from hwgen.errors import ConfigError

MATRIX_BITS = 7  # fraction bits of a KLT matrix
UNIT = 127  # what 1.0 becomes in a matrix: the largest int8
STEP_BITS = 6  # fraction bits of a reconstruction step
SCALE_MAX = (1 << 16) - 1
PRODUCT_BITS = 24  # of a dequantised coefficient, Q.6


class Spatial(IntEnum):
    """The transform over a patch of pixels of one channel."""

    NONE = 0
    HAAR2 = 1
    ICT4 = 2
    WHT4 = 3

    @property
    def side(self) -> int:
        """Pixels along a side of a patch."""
        return (1, 2, 4, 4)[self]

    @property
    def matrix(self) -> Ints:
        """The rows, not normalised."""
        return np.array(_MATRICES[self], np.int64)

    @property
    def classes(self) -> Ints:
        """Which of three classes a position belongs to, shape (side, side)."""
        odd = np.arange(self.side) % 2 if self is Spatial.ICT4 else np.zeros(self.side, int)
        return np.asarray(odd[:, None] + odd[None, :], np.int64)

    @property
    def norms(self) -> tuple[float, float, float]:
        """Of each class the norm of its basis pictures."""
        if self is Spatial.ICT4:
            return 4.0, math.sqrt(40.0), 10.0
        return (float(self.side),) * 3


_MATRICES = (
    ((1,),),
    ((1, 1), (1, -1)),
    ((1, 1, 1, 1), (2, 1, -1, -2), (1, -1, -1, 1), (1, -2, 2, -1)),  # the core of H.264
    ((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, -1, 1), (1, -1, 1, -1)),
)


def saturated(values: Ints, bits: int = 16) -> Ints:
    """Return the nearest integers of so many signed bits."""
    return np.clip(values, -(1 << bits - 1), (1 << bits - 1) - 1)


@dataclass(frozen=True)
class Quantiser:
    """q = sign(z) ((|z| R + 2^(s-1)) >> s) and back z' = q D, by position class.

    Attributes:
        shift: s.
        scales: R, 0 to 65535.
        steps: D, 1 to 65535, in 1/64.
    """

    shift: int
    scales: tuple[int, int, int]
    steps: tuple[int, int, int]

    @classmethod
    def of(cls, step: float, spatial: Spatial, gain: float = 1.0) -> Quantiser:
        """Return the quantiser whose step in the orthonormal domain is nearest to *step*.

        Args:
            step: in units of the 16-bit values.
            spatial: which transform precedes it.
            gain: of the transform over channels, forward and again backward.
        """
        top = (1 << 16) - 1
        steps = [
            max(1, min(top, round(step * (1 << STEP_BITS) / (gain * norm))))
            for norm in spatial.norms
        ]
        exact = [
            (1 << STEP_BITS) / (gain * gain * norm * norm * d)
            for norm, d in zip(spatial.norms, steps, strict=True)
        ]
        shift = min(31, math.floor(math.log2(SCALE_MAX / max(exact))))
        scales = [min(SCALE_MAX, round(e * (1 << shift))) for e in exact]
        return cls(shift, (scales[0], scales[1], scales[2]), (steps[0], steps[1], steps[2]))


@dataclass(frozen=True)
class Transform:
    """Transform of a tensor: values to coefficients and back.

    Attributes:
        channels: C of the values.
        bits: of a coefficient as it is coded.
        signed: coefficients are zig-zagged; always, unless nothing is transformed.
        quantiser: step of each position class.
        spatial: over patches.
        down: values are shifted right that far, rounding, to fit 16 bits.
        group: channels that a KLT mixes: 0 none, 8, or all.
        order: channel of each KLT input, group by group; numbers from C on stand for zeros.
        matrices: int8, (groups, group, group), a row an output, all one behind the other.
        means: of each KLT input, 16 bits.
        lo, hi: reconstructed values are clipped to these.
        weights: 128 context weights, or none.

    Raises:
        ConfigError: parts that do not fit together.
    """

    channels: int
    bits: int
    signed: bool
    quantiser: Quantiser
    spatial: Spatial = Spatial.NONE
    down: int = 0
    group: int = 0
    order: tuple[int, ...] = ()
    matrices: tuple[int, ...] = ()
    means: tuple[int, ...] = ()
    lo: int = -(1 << 15)
    hi: int = (1 << 15) - 1
    weights: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        inputs = self.inputs
        good = self.group in (0, 8, self.channels) and 0 <= self.down <= 31
        if self.group:
            good &= sorted(self.order) == list(range(inputs)) and len(self.means) == inputs
            good &= len(self.matrices) == inputs * self.group
            good &= all(-128 <= w <= 127 for w in self.matrices)
            good &= all(-(1 << 15) <= m < 1 << 15 for m in self.means)
        else:
            good &= not (self.order or self.matrices or self.means)
        good &= self.signed or not (self.group or self.spatial)
        q = self.quantiser
        good &= 0 <= q.shift <= 31 and self.lo <= self.hi
        good &= all(0 <= r <= SCALE_MAX for r in q.scales)
        good &= all(1 <= d < 1 << 16 for d in q.steps)
        if not good:
            raise ConfigError("the parts of a transform do not fit together")

    @property
    def inputs(self) -> int:
        """Channels with those that fill the last group."""
        return -(-self.channels // self.group) * self.group if self.group else self.channels

    @property
    def code(self) -> int:
        """The transform id of the tensor descriptor."""
        klt = 0 if not self.group else 8 if self.group == self.channels != 8 else 4
        return 128 | klt | int(self.spatial)

    def grid(self, height: int, width: int) -> Grid:
        """Return how the coefficients of a map are cut: no patch and no group of 8 is divided."""
        side = self.spatial.side
        patch = side * side
        unit = 8 * patch if self.group == 8 else max(8, patch)
        return Grid.of(-(-height // side), -(-width // side), self.inputs * patch, unit)

    # ---------------------------------------------------------------- forward

    def forward(self, values: Ints) -> Ints:
        """Return the quantised coefficients of a map (H, W, C)."""
        return self.quantised(self.coefficients(values))

    def coefficients(self, values: Ints) -> Ints:
        """Return what the quantiser sees: (H', W', C'), channel c * patch + position fastest."""
        half = 1 << self.down >> 1
        mixed = self._mix(saturated(values.astype(np.int64) + half >> self.down))
        side = self.spatial.side
        if side == 1:
            return mixed
        h, w, c = mixed.shape
        padded = np.pad(mixed, ((0, -h % side), (0, -w % side), (0, 0)), mode="edge")
        h, w = padded.shape[0] // side, padded.shape[1] // side
        patches = padded.reshape(h, side, w, side, c)
        t = self.spatial.matrix
        out: Ints = np.einsum("ia,jb,yaxbc->yxcij", t, t, patches, optimize=True)
        return out.reshape(h, w, c * side * side)

    def quantised(self, coefficients: Ints) -> Ints:
        """Return q of every coefficient, saturated to its width."""
        q = self.quantiser
        scale = np.array(q.scales, np.int64)[self._classes]
        half = 1 << q.shift >> 1
        size = np.abs(coefficients) * scale + half >> q.shift
        signed = np.where(coefficients < 0, -size, size)
        return saturated(signed, self.bits) if self.signed else np.clip(signed, 0, self.top)

    @property
    def top(self) -> int:
        """The largest coefficient."""
        return (1 << self.bits - int(self.signed)) - 1

    def _mix(self, values: Ints) -> Ints:
        if not self.group:
            return values
        h, w, c = values.shape
        wide = np.zeros((h, w, self.inputs), np.int64)
        wide[:, :, :c] = values
        centred = (wide[:, :, list(self.order)] - self._means).reshape(h, w, -1, self.group)
        # Exact in float64: at most 17 + 7 bits a product, and as many terms as there are channels.
        sums = np.matmul(self._float_matrices, centred[..., None].astype(np.float64))[..., 0]
        rounded = sums.astype(np.int64) + (1 << MATRIX_BITS - 1) >> MATRIX_BITS
        return saturated(rounded).reshape(h, w, self.inputs)

    # ---------------------------------------------------------------- back

    def inverse(self, coefficients: Ints, height: int, width: int) -> Ints:
        """Return the map (H, W, C) that a decoder makes of quantised coefficients."""
        step = np.array(self.quantiser.steps, np.int64)[self._classes]
        products = saturated(coefficients * step, PRODUCT_BITS)
        side = self.spatial.side
        h, w, c = products.shape
        if side > 1:
            c //= side * side
            t = self.spatial.matrix
            patches = products.reshape(h, w, c, side, side)
            products = np.einsum("ia,jb,yxcij->yaxbc", t, t, patches, optimize=True)
            products = products.reshape(h * side, w * side, c)[:height, :width]
        return self.unmixed(saturated(products + (1 << STEP_BITS - 1) >> STEP_BITS))

    def unmixed(self, mixed: Ints) -> Ints:
        """Return the last steps of `inverse`: KLT, shift, limits.

        Args:
            mixed: what the KLT made, 16 bits, (H, W, inputs).
        """
        return np.clip(self._unmix(mixed) << self.down, self.lo, self.hi)

    def _unmix(self, mixed: Ints) -> Ints:
        if not self.group:
            return mixed
        h, w, _ = mixed.shape
        grouped = mixed.reshape(h, w, -1, self.group)
        turned = np.swapaxes(self._float_matrices, 1, 2)
        sums = np.matmul(turned, grouped[..., None].astype(np.float64))[..., 0]
        rounded = sums.astype(np.int64) + (1 << MATRIX_BITS - 1) >> MATRIX_BITS
        out = np.empty((h, w, self.inputs), np.int64)
        out[:, :, list(self.order)] = saturated(rounded.reshape(h, w, -1) + self._means)
        return out[:, :, : self.channels]

    # ---------------------------------------------------------------- as arrays

    @cached_property
    def _classes(self) -> Ints:
        return np.tile(self.spatial.classes.ravel(), self.inputs)

    @cached_property
    def _means(self) -> Ints:
        return np.array(self.means, np.int64)

    @cached_property
    def _float_matrices(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        shape = (self.inputs // self.group, self.group, self.group)
        return np.array(self.matrices, np.float64).reshape(shape)


# -------------------------------------------------------------------- from statistics


def grouping(covariance: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[int, ...]:
    """Return an order of channels whose eights are correlated, found greedily.

    Each group begins with the channel of most variance that is left; the seven that join it are
    those of most correlation with the group so far. Numbers from C on (zeros) fill the last group.
    """
    spread = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    likeness = np.abs(covariance / np.outer(spread, spread))
    left = list(range(len(covariance)))
    order: list[int] = []
    while left:
        first = max(left, key=lambda i: (covariance[i, i], -i))
        group = [first]
        left.remove(first)
        while len(group) < 8 and left:
            best = max(left, key=lambda i: (round(float(likeness[i, group].sum()), 9), -i))
            group.append(best)
            left.remove(best)
        order += group
    return (*order, *range(len(order), -(-len(order) // 8) * 8))


def klt(values: Ints, group: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return order, int8 matrices and means of a KLT, from calibration maps.

    The rows are eigenvectors of the covariance, most variance first, their largest entry positive.

    Args:
        values: 16-bit values, shape (samples, C).
        group: 8, or C for one KLT over all channels.
    """
    data = values.astype(np.float64)
    count = data.shape[1]
    mean = np.rint(data.mean(0)).astype(np.int64)
    centred = data - mean
    covariance = centred.T @ centred / len(data)
    order = grouping(covariance) if group == 8 and count > 8 else tuple(range(count))
    order += tuple(range(len(order), -(-count // group) * group))
    matrices: list[int] = []
    for start in range(0, len(order), group):
        members = order[start : start + group]
        real = [m for m in members if m < count]
        rows = np.eye(group)
        _, vectors = np.linalg.eigh(covariance[np.ix_(real, real)])
        found = vectors[:, ::-1].T
        largest = np.argmax(np.round(np.abs(found), 9), axis=1)
        found = found * np.sign(found[np.arange(len(real)), largest])[:, None]
        rows[: len(real), : len(real)] = found
        matrices += np.rint(rows * UNIT).astype(np.int64).ravel().tolist()
    means = [int(mean[m]) if m < count else 0 for m in order]
    return order, tuple(matrices), tuple(means)
