# SPDX-License-Identifier: Apache-2.0
"""From a matrix to the rows of a search: signed digits, equal columns, differences of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.logic.cmvm.problem import Row, Term

Matrix = npt.NDArray[Any]
_CENTRED = 4, 1 << 10  # the largest weight of a matrix whose every constant is tried


@cache
def signed_digits(value: int) -> tuple[tuple[int, int], ...]:
    """Return the canonical signed digits of *value* as ``(shift, sign)``, lowest first.

    >>> signed_digits(7)
    ((0, -1), (3, 1))
    """
    digits = []
    shift = 0
    while value:
        if value & 1:
            sign = -1 if value & 3 == 3 else 1
            digits.append((shift, sign))
            value -= sign
        value >>= 1
        shift += 1
    return tuple(digits)


def digit_count(value: int) -> int:
    """Return how many signed digits an integer has.

    >>> digit_count(7)
    2
    """
    value = abs(value)
    return (value ^ 3 * value).bit_count()


@dataclass(frozen=True)
class Columns:
    """Rows to build, and the row of every column (None where it is constant)."""

    rows: tuple[Row, ...]
    row_of: tuple[int | None, ...]


def direct(weight: Matrix, bias: Sequence[int]) -> Columns:
    """Return a row for every column; columns equal up to shift and sign share one."""
    return _columns(weight, bias, None)


def differences(weight: Matrix, bias: Sequence[int], depth: int) -> Columns | None:
    """Return rows that build columns as others plus differences, at most *depth* in a row.

    None if that leaves nearly as many digits as the columns themselves have.
    """
    if not weight.size:
        return None
    digits = _digit_counter(weight)
    own = digits(weight).sum(0)
    best = own.astype(float)
    parent = [(-1, 1)] * len(own)
    level = [0] * len(own)
    left = set(range(len(own)))
    while left:
        j = min(left, key=lambda q: (best[q], q))
        left.remove(j)
        level[j] = level[parent[j][0]] + 1 if parent[j][0] >= 0 else 0
        if level[j] == depth:
            continue
        rest = sorted(left)
        for sign in (1, -1):
            costs = digits(weight[:, rest] - sign * weight[:, [j]]).sum(0) + 1.5
            for q, cost in zip(rest, costs.tolist(), strict=True):
                if cost < best[q]:
                    best[q], parent[q] = cost, (j, sign)
    if best.sum() > 0.95 * own.sum():
        return None
    return _columns(weight, bias, parent)


def centred(weight: Matrix, bias: Sequence[int]) -> Columns | None:
    """Return rows that build columns as one shared sum plus what is left of each.

    ``W = c 1' + D``: weights of one sign have high digits in common. The constant c of each input
    is the one that leaves the fewest digits in its row of D; the sum ``x c`` is built once, and
    every column that gains by it reads it. None if that leaves nearly as many digits as the columns
    themselves have, and of signs, which differences of columns serve better.
    """
    least, most = _CENTRED
    if min(weight.shape, default=0) < 2 or not least <= int(abs(weight).max()) <= most:
        return None
    digits = _digit_counter(weight)
    own = digits(weight).sum()
    tries = np.arange(min(weight.min(), 0), max(weight.max(), 0) + 1)
    left = np.stack([digits(weight - c).sum(1) + digit_count(int(c)) for c in tries])
    centre = tries[left.argmin(0)]
    if left.min(0).sum() + weight.shape[1] > 0.95 * own:
        return None
    return _columns(weight, bias, None, centre.tolist())


def _digit_counter(weight: Matrix) -> Any:
    top = 2 * int(abs(weight).max()) + 1
    if top > 1 << 16:
        count = np.vectorize(lambda v: digit_count(int(v)), otypes=[np.int64])
        return lambda values: count(values) if values.size else values.astype(np.int64)
    table = np.array([digit_count(v) for v in range(top + 1)], np.int64)
    return lambda values: table[abs(values.astype(np.int64))]


def _terms(column: Sequence[int]) -> list[Term]:
    return [(i, shift, sign) for i, v in enumerate(column) if v for shift, sign in signed_digits(v)]


def _columns(
    weight: Matrix,
    bias: Sequence[int],
    parent: Sequence[tuple[int, int]] | None,
    centre: Sequence[int] | None = None,
) -> Columns:
    n = len(weight)
    columns = [tuple(map(int, column)) for column in weight.T.tolist()]
    groups: dict[tuple[int, ...], list[tuple[int, int, int]]] = {}
    for j, column in enumerate(columns):
        ored = 0
        for v in column:
            ored |= abs(v)
        if not ored:
            continue
        shift = (ored & -ored).bit_length() - 1
        core = tuple(v >> shift for v in column)
        opposite = tuple(-v for v in core)
        if opposite in groups:
            groups[opposite].append((j, shift, -1))
        else:
            groups.setdefault(core, []).append((j, shift, 1))
    rows: list[Row] = []
    row_of: list[int | None] = [None] * len(columns)
    lead: dict[int, tuple[int, int, int]] = {}  # column: its row's signal, shift and sign
    for core, members in groups.items():
        (j, shift, _), *others = members
        if others:  # the common part, then every member of it
            number = n + len(rows)
            rows.append(Row(core, tuple(_terms(core)), fixed=any(not bias[k] for k, *_ in members)))
            for k, low, sign in members:
                lead[k] = (number, low, sign)
                row_of[k] = len(rows)
                rows.append(Row(columns[k], ((number, low, sign),), bias[k]))
        else:
            lead[j] = (n + len(rows), 0, 1)
            row_of[j] = len(rows)
            rows.append(Row(columns[j], tuple(_terms(columns[j])), bias[j]))
    if parent is not None:
        for members in groups.values():
            j = members[0][0]
            above, sign = parent[j]
            if len(members) > 1 or above < 0 or above not in lead:
                continue
            at = row_of[j]
            assert at is not None
            number, low, turned = lead[above]
            own = bias[above] if number - n == row_of[above] else 0
            rest = [a - sign * b for a, b in zip(columns[j], columns[above], strict=True)]
            terms = (*_terms(rest), (number, low, sign * turned))
            rows[at] = Row(columns[j], terms, bias[j] - sign * own)
    if centre is not None:
        shared = n + len(rows), 0, 1
        for at, row in enumerate(rows):
            left = _terms([a - b for a, b in zip(row.coefficients, centre, strict=True)])
            if len(left) + 1 < len(row.terms):
                rows[at] = replace(row, terms=(*left, shared))
        rows.append(Row(tuple(centre), tuple(_terms(centre)), fixed=False))
    return Columns(tuple(rows), tuple(row_of))
