# SPDX-License-Identifier: Apache-2.0
"""From sample maps to tables, transforms and rates. What is written down at the end is integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.codec.tables import Tables
from hwgen.codec.tokens import contexts, raw_width, split, unsigned
from hwgen.codec.transform import UNIT, Quantiser, Spatial, Transform, klt, saturated
from hwgen.codec.wire import (
    CONTEXTS,
    CRC_BYTES,
    HEADER_BYTES,
    TOKENS,
    WEIGHTS,
    WORD,
    Coder,
    Grid,
    Ints,
)

GAIN = UNIT / 128  # of a KLT, each way
# Share of a position's own mean in its activity, beside the neighbours' (weights 2, 2, 1, 1).
PRIOR = 0.35 / 0.65 * 6
SPARE = 2  # a coefficient may be that many times what calibration saw
_RAW = np.array([raw_width(token) for token in range(TOKENS)])
# Bits beside the coded ones: header, CRC, index, and on average half a word in each sub-stream and
# half the alignment.
_FRAME = 8 * (HEADER_BYTES + CRC_BYTES + 4 + WORD // 2) + 4 * 8


def token_counts(maps: Ints, grid: Grid, signed: bool, weights: Sequence[int] = ()) -> Ints:
    """Return how often each token occurs in each context, shape (16, 32).

    Args:
        maps: what goes to the entropy coder, shape (N, H, W, C).
        grid: how it is cut.
        signed: whether it is zig-zagged.
        weights: context weights, if any.
    """
    total: Ints = np.zeros(CONTEXTS * TOKENS, np.int64)
    for number in range(grid.blocks):
        part = maps[(slice(None), *grid.where(number))]
        count, h, w, c = part.shape
        coded = unsigned(part.transpose(1, 2, 0, 3).reshape(h, w, count * c), signed)
        own = np.tile(np.array(weights)[np.arange(c) % WEIGHTS], count) if weights else None
        places = contexts(coded, signed, own) * TOKENS + split(coded)[0]
        total += np.bincount(places.ravel(), minlength=total.size)
    return total.reshape(CONTEXTS, TOKENS)


def coded_bits(counts: Ints, tables: Tables, coder: Coder) -> float:
    """Return the bits of so many tokens and their raw bits, without framing."""
    if coder == Coder.HUFFMAN:
        cost = np.array(tables.lengths, np.float64)
    else:
        rows = np.array(tables.frequencies, np.float64)
        with np.errstate(divide="ignore"):
            own = 8 - np.log2(rows)
        cost = np.where(rows > 0, own, own[:, -1:] + 5)
    return float((counts * (cost + _RAW)).sum())


def least_bits(counts: Ints) -> float:
    """Return the bits with tables made for these very counts: the empirical entropy."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.log2(counts.sum(1, keepdims=True)) - np.log2(counts)
    return float((counts * (np.where(counts > 0, cost, 0) + _RAW)).sum())


def framing_bits(grid: Grid, maps: int) -> float:
    """Return about what the frames of so many tensors take."""
    return float(_FRAME * grid.blocks * maps)


@dataclass(frozen=True)
class Method:
    """Method: the transform of a map before it is coded.

    Attributes:
        name: for tables and reports.
        spatial: transform over patches.
        group: channels of a KLT: 0 none, 8, or -1 for all.
        before: the transform is in front of the activation.
    """

    name: str
    spatial: Spatial = Spatial.NONE
    group: int = 0
    before: bool = False


# What the chooser tries besides lossless, besides raw.
METHODS = (
    Method("step"),
    Method("haar2", Spatial.HAAR2),
    Method("ict4", Spatial.ICT4),
    Method("klt8", group=8, before=True),
    Method("klt8+haar2", Spatial.HAAR2, 8, True),
    Method("klt8+ict4", Spatial.ICT4, 8, True),
)
PAPER = Method("paper", group=-1, before=True)


@dataclass(frozen=True)
class Basis:
    """A transform without a step yet, and the coefficients of the sample maps.

    Attributes:
        transform: with a step of 1.
        coefficients: before quantisation, (N, H', W', C').
        gain: of the transform over channels.
    """

    transform: Transform
    coefficients: Ints
    gain: float

    @classmethod
    def of(cls, method: Method, maps: Ints, lo: int, hi: int) -> Basis:
        """Return the transform that fits the sample maps.

        Args:
            method: which.
            maps: values, shape (N, H, W, C).
            lo: the smallest value there can be.
            hi: the largest.
        """
        channels = maps.shape[-1]
        # Fifteen bits where they fit; the sixteenth is room.
        down = max(0, max(-lo, hi + 1).bit_length() - 16)
        group = channels if method.group < 0 else method.group
        order: tuple[int, ...] = ()
        matrices: tuple[int, ...] = ()
        means: tuple[int, ...] = ()
        if group:
            half = 1 << down >> 1
            flat = saturated(maps.reshape(-1, channels) + half >> down)
            order, matrices, means = klt(flat, group)
        signed = bool(group or method.spatial or lo < 0)
        gain = GAIN if group else 1.0
        transform = Transform(
            channels, 14, signed, Quantiser.of(1.0, method.spatial, gain), method.spatial,
            down, group, order, matrices, means, lo, hi,
        )  # fmt: skip
        found = np.stack([transform.coefficients(one) for one in maps])
        return cls(transform, found, gain)

    def stepped(self, step: float) -> tuple[Transform, Ints]:
        """Return the transform with a step, and the quantised coefficients of the sample maps.

        Args:
            step: of the orthonormal coefficients, in units of the values.
        """
        scaled = max(step / (1 << self.transform.down), 1 / 64)
        quantiser = Quantiser.of(scaled, self.transform.spatial, self.gain)
        wide = replace(self.transform, quantiser=quantiser)
        found = wide.quantised(self.coefficients)
        peak = SPARE * max(1, int(np.abs(found).max()))
        bits = min(14, peak.bit_length() + int(wide.signed))
        patch = wide.spatial.side**2
        weights: tuple[int, ...] = ()
        if patch > 1:
            period = patch * (8 if wide.group == 8 else 1)
            means = np.abs(found).mean(axis=(0, 1, 2)).reshape(-1, period).mean(axis=0)
            own = np.minimum(255, np.rint(PRIOR * means)).astype(np.int64)
            weights = tuple(int(own[i % period]) for i in range(WEIGHTS))
        made = replace(wide, bits=bits, weights=weights)
        return made, made.quantised(self.coefficients)
