# SPDX-License-Identifier: Apache-2.0
"""Canonical Huffman codes of at most 12 bits."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.codec.wire import TOKENS

MAX_LENGTH = 12


def lengths_of(counts: Sequence[int], longest: int = MAX_LENGTH) -> tuple[int, ...]:
    """Return the code lengths of least cost, none above *longest*.

    Package-merge (Larmore and Hirschberg, 1990), in integers. Every symbol gets a code: to each
    count 1/50 is added.

    Args:
        counts: how often each symbol occurs; at least two symbols, at most ``2**longest``.
        longest: the most bits of a code.
    """
    base = sorted((50 * count + 1, (symbol,)) for symbol, count in enumerate(counts))
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(longest):
        pairs = zip(packages[::2], packages[1::2], strict=False)
        merged = [(a[0] + b[0], a[1] + b[1]) for a, b in pairs]
        packages = sorted(base + merged, key=lambda item: item[0])
    lengths = [0] * len(counts)
    for _, symbols in packages[: 2 * len(counts) - 2]:
        for symbol in symbols:
            lengths[symbol] += 1
    return tuple(lengths)


def ordered(lengths: Sequence[int]) -> list[int]:
    """Return the symbols by length, then by number."""
    return sorted(range(len(lengths)), key=lambda symbol: (lengths[symbol], symbol))


def codes(lengths: Sequence[int]) -> list[int]:
    """Return the canonical code of each symbol, first bit most significant.

    Symbols are ordered by length, then by number; the first code is 0, each next one is one more,
    with zeros appended where the length grows.
    """
    made = [0] * len(lengths)
    code = previous = 0
    for symbol in ordered(lengths):
        code <<= lengths[symbol] - previous
        previous = lengths[symbol]
        made[symbol] = code
        code += 1
    return made


def reversed_bits(code: int, length: int) -> int:
    """Return the code as it is stored: its first bit as bit 0."""
    return int(format(code, f"0{length}b")[::-1], 2)


def decoder_row(lengths: Sequence[int]) -> tuple[int, int, tuple[int, ...]]:
    """Return what a comparing decoder needs: limits, offsets, symbols.

    Take the next l bits, first bit most significant, as a number p. The code's length is the least
    l whose valid bit is set and whose limit is at least p; its symbol is number
    ``(p + offset[l]) mod 32`` of the list.

    Returns:
        limits: 90 bits; bit 78 + l - 1 is valid[l]; the l bits from l(l-1)/2 on are the last code
            of l bits or fewer, extended by ones.
        offsets: 60 bits; five from 5(l-1) on.
        symbols: 32, by length, then by number.
    """
    order, code = ordered(lengths), codes(lengths)
    limits = offsets = 0
    last: int | None = None
    for length in range(1, MAX_LENGTH + 1):
        members = [symbol for symbol in order if lengths[symbol] == length]
        if members:
            first = members[0]
            last = code[members[-1]]
            offset = (order.index(first) - code[first]) % TOKENS
            offsets |= offset << 5 * (length - 1)
        elif last is not None:
            last = 2 * last + 1
        if last is not None:
            limits |= 1 << (78 + length - 1) | last << length * (length - 1) // 2
    return limits, offsets, tuple(order)
