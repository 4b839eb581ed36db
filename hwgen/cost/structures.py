# SPDX-License-Identifier: Apache-2.0
"""Structures that several terms of the logic are made of: carry chains, comparisons, choices."""

from __future__ import annotations

from collections import Counter

# What a family with small tables builds of those, not of a carry chain: positions to tables.
_SHORT_TABLES = (0, 1, 2, 4, 7)
SHORT = len(_SHORT_TABLES) - 1


def enter_chain(term: str, positions: int, k: int, terms: Counter[str]) -> None:
    """Enter a carry chain; one that is short is built of small tables, and one has two ends."""
    if k >= 6:
        terms[term] += positions
    elif positions > SHORT:
        terms[term] += positions
        terms["chain"] += 1
    else:
        terms[f"short_{term}"] += _SHORT_TABLES[positions]


def enter_compare(width: int, sides: int, k: int, terms: Counter[str], zeros: int = 0) -> None:
    """Enter the comparison of a word with one constant, or with two that bound an interval."""
    if k < 6 and width - zeros > SHORT:
        for _ in range(sides):
            enter_chain("long_compare", width - zeros, k, terms)
    elif k >= 6 and width > 2 * k:
        terms["long_compare"] += 2 * ceil(width, k) + 2 * sides - 3
    else:
        terms["compare"] += max(ceil(width - zeros - 1, k - 1), 1) + sides - 1


def muxes(width: int, k: int) -> int:
    """Return the tables that choose a word from two."""
    return ceil(width, 2) if k >= 6 else width


def ceil(a: int, b: int) -> int:
    """Return a / b, rounded up; 0 for what is negative."""
    return -(-max(a, 0) // b)


def zeros_below(bound: int, width: int) -> int:
    """Return the low bits of a threshold of a word that no comparison looks at."""
    return (bound & -bound).bit_length() - 1 if bound else width - 2
