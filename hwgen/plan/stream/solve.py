# SPDX-License-Identifier: Apache-2.0
"""Least sum of costs over choices that depend on each other in pairs, exactly.

Variables are eliminated one after the other, the one with the fewest neighbours first (Bertelè and
Brioschi, "Nonserial dynamic programming", 1972). A chain takes the time of a dynamic programme over
its links; a graph of branches that part and meet again makes tables of two variables at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Factor:
    """Costs by the choices of some variables, an axis each, ascending."""

    variables: tuple[int, ...]
    table: Table


def cheapest(costs: Sequence[Table], pairs: Mapping[tuple[int, int], Table]) -> list[int]:
    """Return for every variable the choice with which all costs together are least.

    Args:
        costs: by variable, of each of its choices.
        pairs: by two variables, ascending, of their choices together.
    """
    factors = [_Factor((i,), np.asarray(own, np.float64)) for i, own in enumerate(costs)]
    for (i, j), table in pairs.items():
        assert i < j, "variables of a pair ascend"
        factors.append(_Factor((i, j), np.asarray(table, np.float64)))
    left = set(range(len(costs)))
    order: list[tuple[int, _Factor]] = []
    while left:
        near = {v: {u for f in factors if v in f.variables for u in f.variables} for v in left}
        v = min(left, key=lambda v: (len(near[v]), v))
        mine = [f for f in factors if v in f.variables]
        whole = _added(mine)
        order.append((v, whole))
        factors = [f for f in factors if v not in f.variables]
        axis = whole.variables.index(v)
        rest = whole.variables[:axis] + whole.variables[axis + 1 :]
        if rest:
            factors.append(_Factor(rest, whole.table.min(axis=axis)))
        left.remove(v)
    picked: dict[int, int] = {}
    for v, whole in reversed(order):
        index = tuple(slice(None) if u == v else picked[u] for u in whole.variables)
        picked[v] = int(np.argmin(whole.table[index]))
    return [picked[v] for v in range(len(costs))]


def _added(factors: Sequence[_Factor]) -> _Factor:
    """Return the sum of factors, over all of their variables."""
    variables = tuple(sorted({u for factor in factors for u in factor.variables}))
    assert all(a < b for a, b in pairwise(variables))
    whole = np.zeros((1,) * len(variables))
    for factor in factors:
        shape = [1] * len(variables)
        for u, size in zip(factor.variables, factor.table.shape, strict=True):
            shape[variables.index(u)] = size
        whole = whole + factor.table.reshape(shape)
    return _Factor(variables, whole)
