# SPDX-License-Identifier: Apache-2.0
"""From values to tokens: zig-zag, hybrid integers, and the contexts that choose the table."""

from __future__ import annotations

import numpy as np

from hwgen.codec.wire import Ints

DIRECT = 8  # values below are tokens of their own
ESCAPE = 31  # of tANS: the true token follows in 5 bits
ESCAPE_BITS = 5
CLIP = 127  # of a magnitude in a context
NEAR = (2, 2, 1, 1)  # weights of left, up, up-left, up-right
# By how much around a value is not 0 (0 to 6): which ladder. Of a ladder: the first context, and
# the activities from which the next ones begin. Found on maps of trained networks (docs/codec.md).
KINDS = (0, 0, 1, 1, 1, 2, 2)
LADDERS = ((0, (1, 3)), (3, (4, 8, 16, 48)), (8, (8, 16, 24, 32, 48, 96, 384)))


def unsigned(values: Ints, signed: bool) -> Ints:
    """Return what is coded: the values themselves, or 0, -1, 1, -2, ... as 0, 1, 2, 3, ..."""
    return np.where(values >= 0, 2 * values, -2 * values - 1) if signed else values


def restored(coded: Ints, signed: bool) -> Ints:
    """Undo `unsigned`."""
    return np.where(coded & 1, -(coded >> 1) - 1, coded >> 1) if signed else coded


def magnitudes(coded: Ints, signed: bool) -> Ints:
    """Return the magnitudes that contexts look at, clipped to 127."""
    return np.minimum((coded + 1) >> 1 if signed else coded, CLIP)


def log2_floor(values: Ints) -> Ints:
    """Return the place of the leading one; -1 for 0."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64) - 1


def split(coded: Ints) -> tuple[Ints, Ints, Ints]:
    """Return tokens, raw bits, and how many raw bits, of values 0 to 32767.

    Below 8 the value is the token. From there on, with n the place of the leading one, the token
    is 8 + 2(n - 3) + the next bit, and the low n - 1 bits are raw.
    """
    n = log2_floor(np.maximum(coded, 1))
    big = coded >= DIRECT
    widths = np.where(big, n - 1, 0)
    token = np.where(big, DIRECT + 2 * (n - 3) + (coded >> np.maximum(n - 1, 0) & 1), coded)
    return token, coded & ((1 << widths) - 1), widths


def raw_width(token: int) -> int:
    """Return how many raw bits follow a token."""
    return (token - DIRECT) // 2 + 2 if token >= DIRECT else 0


def joined(token: int, raw: int) -> int:
    """Return the value of a token and its raw bits."""
    if token < DIRECT:
        return token
    return (2 | token & 1) << raw_width(token) | raw


def context_of(activity: int, near: int) -> int:
    """Return the context of an activity, when *near* (0 to 6) tells how much around is not 0."""
    base, thresholds = LADDERS[KINDS[near]]
    return base + sum(activity >= threshold for threshold in thresholds)


def contexts(coded: Ints, signed: bool, weights: Ints | None = None) -> Ints:
    """Return the context of every value of a block.

    The activity is 2 left + 2 up + up-left + up-right, magnitudes clipped to 127 of the same
    channel; what lies outside the block is 0. A transformed tensor adds a weight by channel. The
    same sum over ones where a magnitude is not 0 tells sparse, mixed and dense places apart.

    Args:
        coded: the block, shape (h, w, c).
        signed: whether `unsigned` zig-zagged them.
        weights: 128 integers 0 to 255; channel c adds number c mod 128. (Any other length will do
            where maps are stacked to be counted.)
    """
    h, w, c = coded.shape
    padded = np.zeros((h + 1, w + 2, c), np.int64)
    padded[1:, 1:-1] = magnitudes(coded, signed)
    activity, near = _around(padded), _around((padded > 0).astype(np.int64))
    if weights is not None:
        activity = activity + weights[np.arange(c) % len(weights)]
    kind = np.array(KINDS)[near]
    rungs = [
        base + np.searchsorted(np.array(thresholds), activity, side="right")
        for base, thresholds in LADDERS
    ]
    return np.choose(kind, rungs)


def _around(padded: Ints) -> Ints:
    left, up = padded[1:, :-2], padded[:-1, 1:-1]
    around: Ints = 2 * left + 2 * up + padded[:-1, :-2] + padded[:-1, 2:]
    return around
