# SPDX-License-Identifier: Apache-2.0
"""Step functions as sums of small tables, where that takes less than comparisons.

A smooth function of some ten bits, such as a hyperbolic tangent, has a threshold for nearly every
value. As a table it is taken apart into bits that are cheap to look up (`hwgen.logic.decompose`)
and added up as a heap.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from hwgen.logic.builder import GRAPHS_ALONE, Builder, Logic
from hwgen.logic.edges import EdgeSum, edge_sum
from hwgen.logic.nodes import Thresh, Wire, Wires

_FEW = 3  # thresholds that stay comparisons
_BITS = 10  # of the longest input that is tried
_LONG, _MANY = 8, 32  # of longer ones than that, no more than so many functions a layer
_MOST = 128  # functions of a layer that are tried in all


def as_tables(b: Builder, wires: Wires, price: Callable[[Logic], float]) -> Wires:
    """Return the outputs of a layer, step functions as sums of tables where those cost less.

    Args:
        b: what grows; its adders take three operands.
        wires: of the layer.
        price: look-up tables that a logic takes.
    """
    if b.arity < 3 or b.haste == GRAPHS_ALONE:
        return wires
    tried: set[tuple[tuple[int, int], Thresh]] = set()
    long_: set[tuple[tuple[int, int], Thresh]] = set()

    def cheaper(wire: Wire) -> bool:
        node = b.nodes[wire]
        if not isinstance(node, Thresh) or len(node.thresholds) <= _FEW:
            return False
        ends = b.range(node.a)
        span = ends[1] - ends[0]
        if span >= 1 << _BITS or max(map(abs, node.values)) >> (2 * _BITS):
            return False
        bare = Thresh(0, node.thresholds, node.values)
        tried.add((ends, bare))
        if span >= 1 << _LONG:
            long_.add((ends, bare))
        if len(long_) > _MANY or len(tried) > _MOST:
            return False
        steps, tables = (
            price(alone(bare, *ends, b.effort, b.haste, tables)) for tables in (False, True)
        )
        return tables < steps

    flat = [_table(b, wire) if cheaper(wire) else wire for wire in wires.reshape(-1).tolist()]
    return np.array(flat, np.int64).reshape(wires.shape)


@lru_cache(maxsize=1 << 10)
def alone(node: Thresh, lo: int, hi: int, effort: int, haste: int, tables: bool) -> Logic:
    """Return the logic of one step function behind an input of its own."""
    b = Builder(3, effort, 1, haste)
    b.layer = "steps"
    wire = b.thresh(b.input("x", 0, lo, hi), node.thresholds, node.values)
    return Logic.of(b, [("y", [_table(b, wire) if tables else wire])])


def _table(b: Builder, wire: Wire) -> Wire:
    """Return a step function as a sum of tables."""
    node = b.nodes[wire]
    assert isinstance(node, Thresh)
    lo, hi = b.range(node.a)
    values = [node.values[bisect_right(node.thresholds, code)] for code in range(lo, hi + 1)]
    bound = 1 << max(map(abs, values)).bit_length()
    label = f"{b.layer}, steps"
    return edge_sum(b, [node.a], EdgeSum(np.array([values]), lo, 0, -bound, bound, label))
