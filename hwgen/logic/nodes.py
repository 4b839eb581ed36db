# SPDX-License-Identifier: Apache-2.0
"""Sums of signals that are to be built, and who reads whom. core/nodes.h does the same."""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.logic.problem import DELAY2, DELAY3, Term
from hwgen.logic.sums import Sums

_WORD = (1 << 64) - 1


class Random:
    """Steele, Lea and Flood's splitmix64."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, n: int) -> int:
        """Return a number from 0 to ``n - 1``."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _WORD
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
        return ((z ^ (z >> 31)) * n) >> 64


@dataclass
class Node:
    """A sum to be built; inputs and what is gone have no terms.

    Attributes:
        tail: a bound on the adders behind it, in tenths.
        row: an output of the search; never removed.
    """

    terms: list[Term]
    bias: int = 0
    cost: int = 0
    tail: int = 0
    alive: bool = True
    row: bool = False
    fixed: bool = False


# A user, its new terms, their cost and arrival.
Change = tuple[int, list[Term], int, int]


class Nodes:
    """The sums that are to be built.

    Attributes:
        nodes: parallel to the signals of *s*.
        uses: who reads a signal, with multiplicity.
    """

    def __init__(self, s: Sums, arity: int) -> None:
        self.s = s
        self.nodes: list[Node] = []
        self.uses: list[list[int]] = []
        self.step = DELAY3 if arity == 3 else DELAY2

    def add_node(self, terms: list[Term]) -> int:
        """Append a node; its uses are linked by `link`."""
        self.nodes.append(Node(terms))
        self.uses.append([])
        return len(self.nodes) - 1

    def link(self, u: int) -> None:
        """Enter a node among the readers of its terms."""
        for signal, _, _ in self.nodes[u].terms:
            self.uses[signal].append(u)

    def _unlink(self, u: int) -> None:
        for signal, _, _ in self.nodes[u].terms:
            readers = self.uses[signal]
            readers[readers.index(u)] = readers[-1]
            readers.pop()

    def order(self) -> list[int]:
        """Return the nodes with terms, operands before their users."""
        out: list[int] = []
        state = [0] * len(self.nodes)
        for root, node in enumerate(self.nodes):
            stack = [root] if node.terms else []
            while stack:
                x = stack[-1]
                if state[x] == 2 or not self.nodes[x].terms:
                    stack.pop()
                elif state[x] == 0:
                    state[x] = 1
                    stack += [sig for sig, _, _ in self.nodes[x].terms if not state[sig]]
                else:
                    state[x] = 2
                    out.append(x)
                    stack.pop()
        return out

    def settle(self) -> None:
        """Price everything anew; signals whose sums come out negative are turned over."""
        s = self.s
        for i in self.order():
            node = self.nodes[i]
            node.cost, s.arrival[i], sign = s.sum(node.terms, node.fixed, node.bias)
            if node.fixed or len(node.terms) < 2 or sign > 0:
                continue
            node.terms = [(signal, shift, -own) for signal, shift, own in node.terms]
            s.form[i], s.centre[i] = -s.form[i], -s.centre[i]
            for u in sorted(set(self.uses[i])):
                self.nodes[u].terms = [
                    (signal, shift, -own if signal == i else own)
                    for signal, shift, own in self.nodes[u].terms
                ]

    def depth(self) -> int:
        """Return the latest arrival of a row."""
        return max((self.s.arrival[i] for i, n in enumerate(self.nodes) if n.row), default=0)

    def price(self, u: int, terms: list[Term]) -> Change:
        """Return what a node would be with new terms."""
        cost, arrival, _ = self.s.sum(terms, self.nodes[u].fixed, self.nodes[u].bias)
        return u, terms, cost, arrival

    def set_terms(self, change: Change) -> None:
        """Give a node its new terms; whatever nothing reads any more goes."""
        u, terms, cost, arrival = change
        node = self.nodes[u]
        self._unlink(u)
        old, node.terms = node.terms, terms
        self.link(u)
        node.cost = cost
        moved = self.s.arrival[u] != arrival
        self.s.arrival[u] = arrival
        if moved:
            self._propagate(u)
        for signal, _, _ in old:
            self._collect(signal)

    def _propagate(self, start: int) -> None:
        """Carry a changed arrival on to the users."""
        queue = sorted(set(self.uses[start]))
        waiting = set(queue)
        for u in queue:  # grows while it is read
            waiting.discard(u)
            _, _, self.nodes[u].cost, arrival = self.price(u, self.nodes[u].terms)
            if arrival != self.s.arrival[u]:
                self.s.arrival[u] = arrival
                more = [w for w in sorted(set(self.uses[u])) if w not in waiting]
                waiting.update(more)
                queue += more

    def _collect(self, v: int) -> None:
        """Remove a node that nothing reads any more, and what it alone read."""
        node = self.nodes[v]
        if node.row or not node.terms or self.uses[v]:
            return
        self._unlink(v)
        old, node.terms, node.cost, node.alive = node.terms, [], 0, False
        for signal, _, _ in old:
            self._collect(signal)

    def refresh_tails(self) -> None:
        """Bound anew what lies behind every node."""
        for i in reversed(self.order()):
            ends = [self.nodes[u].tail + self.step for u in self.uses[i]]
            self.nodes[i].tail = max(ends, default=0)

    def depends(self, u: int, on: int) -> bool:
        """Tell whether one node is needed for another."""
        seen: set[int] = set()
        stack = [u]
        while stack:
            x = stack.pop()
            if x == on:
                return True
            if x not in seen:
                seen.add(x)
                stack += [signal for signal, _, _ in self.nodes[x].terms]
        return False
