# SPDX-License-Identifier: Apache-2.0
"""Step functions as tables, where those take less than comparisons.

A smooth function of some ten bits, such as a hyperbolic tangent, has a threshold for nearly every
value. As a table it is taken apart into bits that are cheap to look up (`hwgen.logic.decompose`)
and added up as a heap; one of up to eight bits may be a table as it stands, each bit in one cluster
of look-up tables.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TypeAlias

import numpy as np

from hwgen.ir.fixed import bits_for
from hwgen.logic.builder import GRAPHS_ALONE, Builder, Logic
from hwgen.logic.edges import EdgeSum, edge_sum
from hwgen.logic.enumeration import table, word
from hwgen.logic.nodes import PlacedTable, Thresh, Wire, Wires
from hwgen.logic.truth_tables import PART, PLACED

Form: TypeAlias = Callable[[Builder, Wire], Wire]
_FEW = 3  # thresholds that stay comparisons
_BITS = 10  # of the longest input that is tried
_GAIN = 0.5  # look-up tables that another form has to save
_LONG, _MANY = 8, 32  # of longer ones than that, no more than so many functions a layer
_MOST = 128  # functions of a layer that are tried in all


def as_tables(b: Builder, wires: Wires, price: Callable[[Logic], float]) -> Wires:
    """Return the outputs of a layer, step functions as tables where those cost less.

    Args:
        b: what grows; sums of tables are tried where its adders take three operands.
        wires: of the layer.
        price: look-up tables that a logic takes.
    """
    if b.haste == GRAPHS_ALONE:
        return wires
    tried: set[tuple[tuple[int, int], Thresh]] = set()
    long_: set[tuple[tuple[int, int], Thresh]] = set()

    @cache
    def form_of(ends: tuple[int, int], bare: Thresh) -> Form:
        width = bits_for(*ends)
        forms: list[Form] = [_compared]
        if (PART < width <= PLACED) if b.arity > 2 else width <= _BITS:
            forms.append(_whole)
        if b.arity > 2:
            forms.append(_summed)
        own = b.arity, b.effort, b.haste
        costs = [price(alone(bare, ends, own, form)) for form in forms]
        best = costs.index(min(costs))
        return forms[best] if costs[best] < costs[0] - _GAIN else _compared

    def realised(wire: Wire) -> Wire:
        node = b.nodes[wire]
        if not isinstance(node, Thresh) or len(node.thresholds) <= _FEW:
            return wire
        ends = b.range(node.a)
        span = ends[1] - ends[0]
        if span >= 1 << _BITS or max(map(abs, node.values)) >> (2 * _BITS):
            return wire
        bare = Thresh(0, node.thresholds, node.values)
        tried.add((ends, bare))
        if span >= 1 << _LONG:
            long_.add((ends, bare))
        if len(long_) > _MANY or len(tried) > _MOST:
            return wire
        return form_of(ends, bare)(b, wire)

    flat = [realised(wire) for wire in wires.reshape(-1).tolist()]
    return np.array(flat, np.int64).reshape(wires.shape)


@lru_cache(maxsize=1 << 10)
def alone(node: Thresh, ends: tuple[int, int], own: tuple[int, int, int], form: Form) -> Logic:
    """Return the logic of one step function behind an input of its own.

    Args:
        node: the function.
        ends: of its input.
        own: arity, effort and haste of the builder.
        form: that it takes.
    """
    arity, effort, haste = own
    b = Builder(arity, effort, 1, haste)
    b.layer = "steps"
    wire = b.thresh(b.input("x", 0, *ends), node.thresholds, node.values)
    return Logic.of(b, [("y", [form(b, wire)])])


def _compared(b: Builder, wire: Wire) -> Wire:
    """Return a step function as it is: comparisons."""
    return wire


def _whole(b: Builder, wire: Wire) -> Wire:
    """Return a step function of few bits as a table as it stands."""
    node = b.nodes[wire]
    assert isinstance(node, Thresh)
    address = word(b, node.a)
    assert address is not None, "a table of too many bits"
    values = [node.values[bisect_right(node.thresholds, code)] for code in address.codes]
    made = table([address], values, f"{b.layer}, steps")
    return b.table(PlacedTable(made.ins, made.picks, made.values, made.note))


def _summed(b: Builder, wire: Wire) -> Wire:
    """Return a step function as a sum of tables."""
    node = b.nodes[wire]
    assert isinstance(node, Thresh)
    lo, hi = b.range(node.a)
    values = [node.values[bisect_right(node.thresholds, code)] for code in range(lo, hi + 1)]
    bound = 1 << max(map(abs, values)).bit_length()
    label = f"{b.layer}, steps"
    return edge_sum(b, [node.a], EdgeSum(np.array([values]), lo, 0, -bound, bound, label))
