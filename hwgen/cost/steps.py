# SPDX-License-Identifier: Apache-2.0
"""Terms of step functions: few thresholds are compared, more are what a mapper mixes of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hwgen.cost.structures import ceil, enter_compare, muxes, zeros_below
from hwgen.logic.builder import Logic
from hwgen.logic.nodes import Thresh

_FEW = 3  # thresholds that stay comparisons
_SHORT_STEPS = 12  # bits of a step function that is short where tables are large


def enter_steps(logic: Logic, node: Thresh, k: int, terms: Counter[str]) -> None:
    """Enter the terms of a step function."""
    lo, hi = logic.lo[node.a], logic.hi[node.a]
    width, columns = logic.width(node.a), distinct_columns(node.values)
    if width <= k:
        # Two outputs of at most five inputs share a table of six.
        terms["compare"] += muxes(len(columns), k) if width < k else len(columns)
        return
    turns = sum(sum(a != b for a, b in pairwise(column)) for column in columns)
    if len(node.thresholds) > _FEW:
        lengths = [width - zeros_below(bound, width) for bound in node.thresholds]
        if k < 6:
            terms["step_long"] += sum(max(ceil(bits - 1, k - 1), 1) for bits in lengths)
            terms["step_turn"] += turns
        elif width > _SHORT_STEPS:
            terms["step_long"] += len(lengths)
            terms["step_turn"] += len(columns)
        else:
            terms["step_low"] += len({bound % (1 << k) for bound in node.thresholds} - {0})
            terms["step_high"] += sum(max(bits - k, 0) for bits in lengths)
            terms["step_table"] += _table(node, lo, hi, width, k)
        return
    for bound in node.thresholds:
        enter_compare(width, 1, k, terms, zeros_below(bound, width))
    if k >= 6 and width > 2 * k and len(node.thresholds) > 1:
        terms["long_compare"] -= len(node.thresholds)  # they share what they look at
    terms["decode"] += turns - len(columns)


def distinct_columns(values: Iterable[int]) -> set[tuple[int, ...]]:
    """Return the bits of a table's outputs that differ from each other and are not fixed."""
    words = list(values)
    width = max(max(v.bit_length(), (~v).bit_length() if v < 0 else 0) for v in words) + 1
    columns = {tuple(v >> k & 1 for v in words) for k in range(width)}
    return {column for column in columns if 0 < sum(column) < len(words)}


def _table(node: Thresh, lo: int, hi: int, width: int, k: int) -> int:
    """Return the tables of a function of *width* bits, split at its highest bits.

    Equal parts are built once; a part that ignores some of its inputs is smaller.
    """
    codes = np.arange(lo, hi + 1)
    picked = np.array(node.values)[np.searchsorted(np.array(node.thresholds), codes, side="right")]
    size = 1 << width
    whole = np.empty(size, np.int64)
    whole[:] = picked[0]
    whole[codes % size] = picked
    total = 0
    small: set[bytes] = set()
    for k_bit in range(int(np.ptp(picked)).bit_length() + 1):
        column = (whole >> k_bit & 1).astype(np.uint8)
        if column.min() == column.max():
            continue
        leaves = min(k, width)
        parts = {p.tobytes() for p in column.reshape(-1, 1 << leaves) if p.min() != p.max()}
        small |= parts
        nodes = 0
        level = column.reshape(-1, 1 << leaves)
        rows = level.reshape(len(level), -1)
        while len(rows) > 1:
            rows = rows.reshape(len(rows) // 2, -1)
            nodes += len({r.tobytes() for r in rows if not _halves_equal(r)})
        total += ceil(nodes, 3 if k >= 6 else 1)
    return total + len(small)


def _halves_equal(row: npt.NDArray[np.uint8]) -> bool:
    half = len(row) // 2
    return bool(np.array_equal(row[:half], row[half:]))
