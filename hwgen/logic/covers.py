# SPDX-License-Identifier: Apache-2.0
"""Covers of truth tables by look-up tables of few inputs, as a mapper makes them.

Open synthesis makes a tree of choices of a constant that is indexed, builds equal parts once, and
covers what is left by look-up tables. So a table is a reduced ordered decision diagram (Bryant,
"Graph-based algorithms for Boolean function manipulation", 1986), what its text selects by at the
top, and a cover of it by cuts with the least area flow (Mishchenko et al., "Combinational and
sequential mapping with priority cuts", 2007). It is no netlist: only its size is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from hwgen.logic.truth_tables import PLACED, Function, columns, split, spread

Edge: TypeAlias = tuple[int, bool]  # a node, 0 for a constant, and whether it is inverted
_CUTS = 8  # kept of a node
_ROUNDS = 3


@dataclass(frozen=True)
class Cover:
    """Size of a table.

    Attributes:
        single: functions that one look-up table holds.
        tables: look-up tables that cover the others.
        choices: nodes of their diagram that choose between two functions, neither a constant.
    """

    single: int
    tables: int
    choices: int


@lru_cache(maxsize=1 << 14)
def cover(values: tuple[int, ...], k: int) -> Cover:
    """Return the size of a table in look-up tables of *k* inputs."""
    diagram = _Diagram()
    single, roots = 0, set()
    for column in columns(values):
        if not column.wired:
            one = column.whole
            if len(one.reads) <= k:
                single += 1
            else:
                roots.add(diagram.entered(*_as_written(one))[0])
    choices = sum(bool(low[0] and high[0]) for _, low, high in diagram.nodes[1:])
    return Cover(single, _least(diagram.nodes, sorted(roots), k), choices)


def _as_written(one: Function) -> tuple[tuple[int, ...], int]:
    """Return a function with its address bits as its text has them: those that select last."""
    if len(one.reads) <= PLACED:
        return one.reads, one.truth
    selects, _ = split(one)
    order = (*(read for read in one.reads if read not in selects), *selects)
    return order, spread(one, order)


class _Diagram:
    """Decision diagram of several functions: nodes are an address bit and both of its sides."""

    def __init__(self) -> None:
        self.nodes: list[tuple[int, Edge, Edge]] = [(-1, (0, False), (0, False))]
        self._places: dict[tuple[int, Edge, Edge], int] = {}
        self._known: dict[tuple[tuple[int, ...], int], Edge] = {}

    def entered(self, reads: tuple[int, ...], truth: int) -> Edge:
        """Return the node of a function; those below it are entered first."""
        if not reads:
            return 0, bool(truth)
        key = reads, truth
        if key not in self._known:
            half = 1 << (len(reads) - 1)
            low = self.entered(reads[:-1], truth & ((1 << half) - 1))
            high = self.entered(reads[:-1], truth >> half)
            self._known[key] = low if low == high else self._node(reads[-1], low, high)
        return self._known[key]

    def _node(self, read: int, low: Edge, high: Edge) -> Edge:
        inverted = low[1]  # a function and its inverse are one node
        node = read, (low[0], False), (high[0], high[1] != inverted)
        if node not in self._places:
            self._places[node] = len(self.nodes)
            self.nodes.append(node)
        return self._places[node], inverted


def _least(nodes: list[tuple[int, Edge, Edge]], roots: list[int], k: int) -> int:
    """Return the look-up tables of a cover, the least of a few rounds."""
    readers = [0] * len(nodes)
    for _, low, high in nodes[1:]:
        readers[low[0]] += 1
        readers[high[0]] += 1
    for root in roots:
        readers[root] += 1
    shared, found = [float(max(count, 1)) for count in readers], []
    for _ in range(_ROUNDS):
        chosen = _chosen(nodes, shared, k)
        read, waiting = {root: 1 for root in roots}, list(roots)
        done: set[int] = set()
        while waiting:
            node = waiting.pop()
            if node in done:
                continue
            done.add(node)
            for leaf in chosen[node]:
                if leaf > 0:
                    read[leaf] = read.get(leaf, 0) + 1
                    waiting.append(leaf)
        found.append(len(done))
        for node in done:
            shared[node] = max((2 * shared[node] + read[node]) / 3, 1.0)
    return min(found)


def _chosen(
    nodes: list[tuple[int, Edge, Edge]], shared: list[float], k: int
) -> list[frozenset[int]]:
    """Return a cut of each node, the one of least area flow: nodes, and address bits below zero."""
    cuts: list[list[frozenset[int]]] = [[]]
    flow, best = [0.0], [frozenset[int]()]
    for read, *sides in nodes[1:]:
        options = {frozenset((-1 - read,))}
        for node, _ in sides:
            if node:
                below = [frozenset((node,)), *cuts[node]]
                options = {a | b for a in options for b in below if len(a | b) <= k}
        rated = sorted(
            (sum(flow[leaf] / shared[leaf] for leaf in cut if leaf > 0), len(cut), sorted(cut), cut)
            for cut in options
        )
        cuts.append([cut for *_, cut in rated[:_CUTS]])
        flow.append(1 + rated[0][0])
        best.append(rated[0][-1])
    return best
