# SPDX-License-Identifier: Apache-2.0
"""Sums of constants that cost nothing: which ones there are, and a choice that makes a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hwgen.logic.nodes import Wire

_WIDEST = 1 << 20  # sums of constants that are tried


@dataclass(frozen=True, slots=True)
class Option:
    """A constant that costs nothing.

    Attributes:
        value: what it adds to the neuron's sum.
        wire: the adder.
        term: place of the term whose fill it is; -1 for the carry's start.
        local: what it adds to the fill or the start.
    """

    value: int
    wire: Wire
    term: int
    local: int


def choose(value: int, options: Sequence[Option]) -> list[Option] | None:
    """Return options whose values sum up to *value*, the earliest ones that can; None if none do.

    Reachable sums are the bits of an integer: an option shifts them.
    """
    low, high = _ends(options)
    if not low <= value <= high or high - low > _WIDEST:
        return [] if value == 0 else None
    reached = _sums(options, low)
    at = value - low
    if not reached[-1] >> at & 1:
        return None
    chosen = []
    for before, option in zip(reached[-2::-1], reversed(options), strict=True):
        if not before >> at & 1:
            chosen.append(option)
            at -= option.value
    return chosen


def _ends(options: Sequence[Option]) -> tuple[int, int]:
    """Return the least and the greatest sum of some of the options."""
    low = sum(min(option.value, 0) for option in options)
    return low, sum(max(option.value, 0) for option in options)


def _sums(options: Sequence[Option], low: int) -> list[int]:
    """Return the sums of the first options, none of them, one, and so on: bit i is i + *low*."""
    reached = [1 << -low]
    for option in options:
        sums, step = reached[-1], option.value
        reached.append(sums | (sums << step if step > 0 else sums >> -step))
    return reached


def reachable(options: Sequence[Option]) -> list[int]:
    """Return all sums of some of the options; none alone where there are too many."""
    low, high = _ends(options)
    if high - low > _WIDEST:
        return [0]
    bits = _sums(options, low)[-1]
    return [at + low for at in range(high - low + 1) if bits >> at & 1]
