# SPDX-License-Identifier: Apache-2.0
"""Enumeration: a part of the logic as a truth table of the bits that it depends on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.nodes import Const, In, Node, Table, Thresh, Wire
from hwgen.logic.truth_tables import LIMIT, support


@dataclass(frozen=True)
class Word:
    """Word of an address: the bits of a wire that tell its values apart.

    Attributes:
        wire: the wire.
        bits: of its word; together they tell all of its values apart.
        codes: the value for every pattern of those bits; where there is none, one with a pattern
            close by.
    """

    wire: Wire
    bits: tuple[int, ...]
    codes: tuple[int, ...]


def word(b: Builder, wire: Wire, limit: int = LIMIT) -> Word | None:
    """Return the bits that tell a wire's values apart; None where they are more than *limit*."""
    node = b.nodes[wire]
    lo, hi = b.range(wire)
    if isinstance(node, Thresh | Table):
        values = np.unique(np.array(node.values))
    elif hi - lo < 1 << limit:
        values = np.arange(lo, hi + 1)
    else:
        return None
    bits = [bit for bit in range(b.width(wire)) if len(set((values >> bit & 1).tolist())) > 1]
    for bit in reversed(bits):
        fewer = [other for other in bits if other != bit]
        if len(np.unique(_patterns(values, fewer))) == len(values):
            bits = fewer
    if len(bits) > limit:
        return None
    patterns = _patterns(values, bits)
    order = np.argsort(patterns)
    codes = values[order][_nearest(patterns[order], 1 << len(bits))]
    return Word(wire, tuple(bits), tuple(codes.tolist()))


def _nearest(known: Codes, end: int) -> Codes:
    """Return the place in *known*, sorted, of the number closest to each of 0 to *end* - 1.

    Of two that are as close the lower one is taken.
    """
    at, last = np.arange(end), len(known) - 1
    above = np.searchsorted(known, at).clip(0, last)
    below = (above - 1).clip(0)
    closer = np.abs(known[above] - at) < np.abs(known[below] - at)
    return np.where(closer, above, below)


def _patterns(values: Codes, bits: Sequence[int]) -> Codes:
    """Return some bits of every value, put together; the first one is lowest."""
    patterns = np.zeros(len(values), np.int64)
    for i, bit in enumerate(bits):
        patterns |= (values >> bit & 1) << i
    return patterns


def enumerated(words: Sequence[Word]) -> Codes:
    """Return the words' values at every address, (addresses, words); the first word is lowest."""
    total = sum(len(w.bits) for w in words)
    address, low = np.arange(1 << total), 0
    values = np.empty((1 << total, len(words)), np.int64)
    for i, one in enumerate(words):
        values[:, i] = np.array(one.codes)[address >> low & ((1 << len(one.bits)) - 1)]
        low += len(one.bits)
    return values


def table(words: Sequence[Word], values: Sequence[int], note: str) -> Table:
    """Return the node of what was enumerated, without bits and wires that do not matter."""
    picks = [(one.wire, bit) for one in words for bit in one.bits]
    codes = np.array(values)
    assert len(codes) == 1 << len(picks), f"{len(codes)} values for {len(picks)} bits"
    kept = support(values)
    spread = np.zeros(1 << len(kept), np.int64)
    for k, bit in enumerate(kept):
        spread |= (np.arange(len(spread)) >> k & 1) << bit
    ins = tuple(dict.fromkeys(picks[bit][0] for bit in kept))
    places = tuple((ins.index(picks[bit][0]), picks[bit][1]) for bit in kept)
    return Table(ins, places, tuple(codes[spread].tolist()), note)


def cone(b: Builder, wire: Wire, stops: Collection[Wire]) -> tuple[Logic, tuple[Wire, ...]]:
    """Return the logic from some wires to one, its inputs port ``x``, and those that it reads.

    Where it goes past *stops*, it ends at network inputs.
    """
    wires, todo = {wire}, [wire]
    while todo:
        at = todo.pop()
        if at not in stops:
            new = [w for w in b.nodes[at].operands if w not in wires]
            wires.update(new)
            todo += new
    order = sorted(wires)
    place = {w: i for i, w in enumerate(order)}
    read = tuple(w for w in order if w in stops or isinstance(b.nodes[w], In))
    nodes: list[Node] = []
    for w in order:
        at_edge = w in read and not isinstance(b.nodes[w], Const)
        nodes.append(In("x", read.index(w)) if at_edge else b.nodes[w].moved(place))
    lo, hi = (tuple(ends[w] for w in order) for ends in (b.lo, b.hi))
    logic = Logic(tuple(nodes), lo, hi, ("",) * len(order), (("y", (place[wire],)),))
    return logic, read
