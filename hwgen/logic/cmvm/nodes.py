# SPDX-License-Identifier: Apache-2.0
"""Sums of signals that are to be built, and who reads whom. core/nodes.h does the same."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

from hwgen.logic.cmvm.problem import Term
from hwgen.logic.cmvm.sums import Sums

LATE = 4  # carry positions that a tenth of an adder too late counts for
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
        terms: in order, no place twice.
        tail: the delay behind it, in tenths of an adder, when last looked at.
        mode: of its tree, as in `Sums.sum`.
        row: an output of the search; never removed.
    """

    terms: list[Term]
    bias: int = 0
    cost: int = 0
    tail: int = 0
    mode: int = 0
    row: bool = False
    fixed: bool = False


# Cost, arrival and mode of a sum.
Price = tuple[int, int, int]
# A user, its new terms, and what they make.
Change = tuple[int, list[Term], Price]


class Nodes:
    """The sums that are to be built.

    Attributes:
        nodes: parallel to the signals of *s*.
        uses: who reads a signal, in order, with multiplicity.
        gone: nodes whose numbers are free again.
        limit: the depth that counts as late.
    """

    def __init__(self, s: Sums) -> None:
        self.s = s
        self.nodes: list[Node] = []
        self.uses: list[list[int]] = []
        self.gone: list[int] = []
        self.limit = 1 << 28

    def add_node(self, terms: list[Term]) -> int:
        """Append a node for the newest signal; its uses are linked by `link`."""
        self.nodes.append(Node(terms))
        self.uses.append([])
        return len(self.nodes) - 1

    def fresh_node(self) -> int:
        """Return a node without terms, its signal to be set."""
        if self.gone:
            return self.gone.pop()
        self.s.add_signal(self.s.form[0], 0, 0)
        return self.add_node([])

    def drop_node(self, v: int) -> None:
        """Free a node."""
        self.nodes[v] = Node([])
        self.gone.append(v)

    def link(self, u: int) -> None:
        """Enter a node among the readers of its terms."""
        for signal, _, _ in self.nodes[u].terms:
            insort(self.uses[signal], u)

    def _unlink(self, u: int) -> None:
        for signal, _, _ in self.nodes[u].terms:
            self.uses[signal].remove(u)

    def users(self, v: int) -> list[int]:
        """Return who reads a signal."""
        return sorted(set(self.uses[v]))

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
            node.cost, s.arrival[i], sign = self.sum_of(i)
            if node.fixed or len(node.terms) < 2 or sign > 0:
                continue
            node.terms = [(signal, shift, -own) for signal, shift, own in node.terms]
            s.turn(i)
            for u in self.users(i):
                self.nodes[u].terms = turned(self.nodes[u].terms, i)

    def hurry(self) -> None:
        """Order sums by what is behind them."""
        self.refresh_tails()
        for i in self.order():
            node = self.nodes[i]
            node.cost, self.s.arrival[i], node.mode = self.price(i, node.terms)

    def depth(self) -> int:
        """Return the latest arrival of a row."""
        return max((self.s.arrival[i] for i, n in enumerate(self.nodes) if n.row), default=0)

    def late(self, u: int, arrival: int) -> int:
        """Return what it costs that a node's sum is there at *arrival*."""
        return LATE * max(0, arrival + self.nodes[u].tail - self.limit)

    def sum_of(self, u: int, trace: bool = False) -> tuple[int, int, int]:
        """Return cost, arrival and sign of a node's sum as it is."""
        node = self.nodes[u]
        return self.s.sum(
            node.terms, node.fixed, node.bias, self.s.radius[u], node.mode, trace=trace
        )

    def price(self, u: int, terms: list[Term]) -> Price:
        """Return what a node would be with new terms, in the cheapest order, lateness counted."""
        node, whole = self.nodes[u], self.s.radius[u]
        tries = []
        for mode in range(4):
            cost, arrival, _ = self.s.sum(terms, node.fixed, node.bias, whole, mode)
            tries.append((cost, arrival, mode))
            if mode == 0 and (len(terms) < 3 or arrival + node.tail <= self.limit):
                break
        return min(tries, key=lambda one: one[0] + self.late(u, one[1]))

    def guess(self, u: int, size: int) -> int:
        """Return about what a node costs more with so many terms: adders as wide as it has."""
        node = self.nodes[u]
        extra = int(node.bias != 0)
        now, then = (self.s.adders(n + extra) for n in (len(node.terms), size))
        return divide((then - now) * node.cost, now) if now else 8 * then

    def set_terms(self, change: Change) -> list[Term]:
        """Give a node its new terms; return the old ones, for `collect`."""
        u, terms, (cost, arrival, mode) = change
        node = self.nodes[u]
        self._unlink(u)
        old, node.terms = node.terms, terms
        self.link(u)
        node.cost, node.mode = cost, mode
        moved = self.s.arrival[u] != arrival
        self.s.arrival[u] = arrival
        if moved:
            self._propagate(u)
        return old

    def _propagate(self, start: int) -> None:
        """Carry a changed arrival on to the users."""
        queue = self.users(start)
        waiting = set(queue)
        for u in queue:  # grows while it is read
            waiting.discard(u)
            node = self.nodes[u]
            node.cost, arrival, node.mode = self.price(u, node.terms)
            if arrival != self.s.arrival[u]:
                self.s.arrival[u] = arrival
                more = [w for w in self.users(u) if w not in waiting]
                waiting.update(more)
                queue += more

    def collect(self, terms: list[Term]) -> None:
        """Remove what nothing reads any more, and what it alone read."""
        for v, _, _ in terms:
            node = self.nodes[v]
            if not node.row and node.terms and not self.uses[v]:
                self._unlink(v)
                self.drop_node(v)
                self.collect(node.terms)

    def refresh_tails(self) -> None:
        """Look anew at what lies behind every node, in the trees as they are."""
        order = self.order()
        for node in self.nodes:
            node.tail = 0
        for i in reversed(order):
            node = self.nodes[i]
            behind = [0]
            if len(node.terms) + (node.bias != 0) > 1:
                self.sum_of(i, trace=True)
                behind = self.s.behind
            for (signal, _, _), delay in zip(node.terms, behind, strict=True):
                other = self.nodes[signal]
                other.tail = max(other.tail, node.tail + delay)

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


def turned(terms: Sequence[Term], v: int) -> list[Term]:
    """Return terms with those of signal *v* negated."""
    return [(signal, shift, -sign if signal == v else sign) for signal, shift, sign in terms]


def divide(a: int, b: int) -> int:
    """Divide as C does, towards zero."""
    return a // b if a >= 0 else -(-a // b)
