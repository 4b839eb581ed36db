# SPDX-License-Identifier: Apache-2.0
"""Retiming: pipeline registers placed over a whole graph such that their bits are fewest.

Every node gets a cycle, r: no node is before its operands, no path within one cycle is longer than
the clock leaves, and outputs are all in the last cycle. A bit that is computed in cycle r and read
last in cycle s takes ``s - r`` registers, however many read it. This is minimum-cost retiming with
shared registers (Leiserson and Saxe, "Retiming synchronous circuitry", 1991), solved exactly.

A node's cycle is written as one yes-or-no question a boundary, "is the node behind boundary k?".
Every cost and every rule then relates two questions, and the best answers are a minimum cut.
Most questions are settled beforehand by the earliest and the latest cycle of a node. The rules
that keep paths short, "if u is behind boundary k, v is behind boundary k + 1", are as many as there
are paths a little too long; only those are put in that a solution breaks, until none does.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hwgen.logic.bit_origins import groups, origins, read_origins
from hwgen.logic.builder import Logic
from hwgen.logic.mincut import SINK, SOURCE, Cut
from hwgen.logic.nodes import Const, In, Wire

Waits: TypeAlias = Mapping[tuple[Wire, Wire], int]  # of (operand, reader): registers between them


class _Paths:
    """Paths of a graph: its delays, who reads whom, and who must be some cycles behind whom."""

    def __init__(
        self, logic: Logic, delays: Sequence[float], budget: float, waits: Waits | None = None
    ) -> None:
        self.logic, self.delays, self.budget = logic, delays, budget
        self.waits = waits or {}
        self.ins = [
            [w for w in dict.fromkeys(node.operands) if not isinstance(logic.nodes[w], Const)]
            for node in logic.nodes
        ]

    def earliest(self) -> list[int]:
        """Return the first cycle in which each node can be, inputs arriving in cycle 0."""
        cycle, time = [0] * len(self.ins), [0.0] * len(self.ins)
        for wire, ins in enumerate(self.ins):
            found = [(cycle[i], time[i], self.waits.get((i, wire), 0)) for i in ins]
            at, used = max(((c + n, 0.0 if n else t) for c, t, n in found), default=(0, 0.0))
            used += self.delays[wire]
            if used > self.budget:
                at, used = at + 1, self.delays[wire]
            cycle[wire], time[wire] = at, used
        return cycle

    def latest(self, last: int) -> list[int]:
        """Return the last cycle in which each node can be, outputs leaving cycle *last*.

        Network inputs stay in cycle 0.
        """
        cycle = [last] * len(self.ins)
        ahead = [0.0] * len(self.ins)  # from behind the node to the end of its cycle
        for wire in range(len(self.ins) - 1, -1, -1):
            at, used = cycle[wire], ahead[wire] + self.delays[wire]
            if used > self.budget:
                at, used = at - 1, self.delays[wire]
            cycle[wire] = at
            for i in self.ins[wire]:
                wait = self.waits.get((i, wire), 0)
                last, path = (at - wait, 0.0) if wait else (at, used)
                if last < cycle[i] or (last == cycle[i] and path > ahead[i]):
                    cycle[i], ahead[i] = last, path
        return [0 if isinstance(n, In) else c for n, c in zip(self.logic.nodes, cycle, strict=True)]

    def too_long(self, cycle: Sequence[int]) -> list[tuple[Wire, Wire]]:
        """Return pairs (u, v) of one cycle that the budget parts: the shortest such paths."""
        time = [0.0] * len(self.ins)
        found = []
        for wire, ins in enumerate(self.ins):
            at = cycle[wire]
            before = max((time[i] for i in ins if cycle[i] == at), default=0.0)
            time[wire] = before + self.delays[wire]
            if before <= self.budget < time[wire]:
                found += [(u, wire) for u in self._behind(wire, cycle)]
        return found

    def _behind(self, wire: Wire, cycle: Sequence[int]) -> list[Wire]:
        """Return the nodes nearest before *wire* whose path to its end exceeds the budget."""
        length = {wire: self.delays[wire]}
        queue, found = [-wire], []
        while queue:
            at = -heapq.heappop(queue)  # readers before operands: the length is final
            if length[at] > self.budget:
                found.append(at)
                continue
            for i in self.ins[at]:
                if cycle[i] == cycle[wire]:
                    if i not in length:
                        heapq.heappush(queue, -i)
                    length[i] = max(length.get(i, 0.0), length[at] + self.delays[i])
        return found


class _Questions:
    """Placement as a minimum cut: its sides say of every node and boundary what is behind what."""

    def __init__(self, paths: _Paths, lo: Sequence[int], hi: Sequence[int], compiled: bool) -> None:
        self.lo, self.hi, self.paths = lo, hi, paths
        self.cut = Cut(compiled)
        self.first = [0] * len(lo)  # node of the cut for the lowest open boundary of a wire
        for wire, (low, high) in enumerate(zip(lo, hi, strict=True)):
            if high > low:
                self.first[wire] = self.cut.nodes
                self.cut.nodes += high - low
            for k in range(low + 2, high + 1):
                self.cut.edge(self.at(wire, k), self.at(wire, k - 1))
        for wire, ins in enumerate(paths.ins):
            for i in ins:
                wait = paths.waits.get((i, wire), 0)
                for k in range(max(lo[i], lo[wire] - wait) + 1, hi[i] + 1):
                    self.cut.edge(self.at(i, k), self.at(wire, k + wait))

    def at(self, wire: Wire, k: int) -> int:
        """Return the cut's node for "is *wire* behind boundary *k*?"."""
        if k <= self.lo[wire]:
            return SOURCE
        return SINK if k > self.hi[wire] else self.first[wire] + k - self.lo[wire] - 1

    def charge(self, wire: Wire, bits: int, readers: Sequence[Wire], fixed: int) -> None:
        """Make *bits* of a wire cost a register at each boundary between it and its last reader.

        Besides, they are read in cycle *fixed*.
        """
        lo, hi = self.lo, self.hi
        sure = max([fixed, *(lo[r] for r in readers)])
        for k in range(lo[wire] + 1, min(sure, hi[wire]) + 1):
            self.cut.edge(SOURCE, self.at(wire, k), bits)
        most = max((hi[r] for r in readers), default=0)
        for k in range(max(lo[wire], sure) + 1, most + 1):
            sides = {self.at(r, k) for r in readers if hi[r] >= k}
            if len(sides) == 1:
                (any_reader,) = sides
            else:
                any_reader = self.cut.node()
                for side in sorted(sides):
                    self.cut.edge(side, any_reader)
            self.cut.edge(any_reader, self.at(wire, k), bits)

    def part(self, u: Wire, v: Wire) -> None:
        """Demand that *v* is at least a cycle behind *u*."""
        for k in range(self.lo[u] + 1, self.hi[u] + 1):
            self.cut.edge(self.at(u, k), self.at(v, k + 1))

    def solve(self) -> list[int]:
        """Return the cycle of every node."""
        side = self.cut.solve()
        return [
            low + sum(side[first : first + high - low]) if high > low else low
            for low, high, first in zip(self.lo, self.hi, self.first, strict=True)
        ]


def least_latency(
    logic: Logic, delays: Sequence[float], budget: float, waits: Waits | None = None
) -> int:
    """Return the fewest cycles from the inputs to the registers that outputs leave through."""
    cycle = _Paths(logic, delays, budget, waits).earliest()
    return max((cycle[w] for _, wires in logic.outputs for w in wires), default=0) + 1


def retime(
    logic: Logic,
    delays: Sequence[float],
    budget: float,
    latency: int | None = None,
    *,
    waits: Waits | None = None,
    compiled: bool = True,
) -> tuple[tuple[int, ...], int]:
    """Return the cycle of every node, and the latency, for the fewest register bits.

    Of solutions that cost the same, every node takes the earliest cycle.

    Args:
        logic: the graph. Inputs and constants are in cycle 0.
        delays: nanoseconds of every node; none is above *budget*.
        budget: longest path within a cycle.
        latency: cycles to the registers behind the outputs; by default the fewest.
        waits: of some pairs of an operand and its reader, registers between them at least.
        compiled: use the compiled core where it is there; the result is the same.
    """
    paths = _Paths(logic, delays, budget, waits)
    lo = paths.earliest()
    needed = max((lo[w] for _, wires in logic.outputs for w in wires), default=0) + 1
    latency = needed if latency is None else latency
    assert latency >= needed, f"{latency} cycles are too few, {needed} are needed"
    for wire, node in enumerate(logic.nodes):
        assert lo[wire] == 0 or not isinstance(node, In | Const)
    hi = paths.latest(latency - 1)
    if lo == hi:  # as where all is one cycle: nothing to decide
        return tuple(lo), latency
    questions = _Questions(paths, lo, hi, compiled)
    for wire, table in read_origins(logic, origins(logic)).items():
        for bits, readers in groups(table):
            nodes = sorted(r for r in readers if r is not None)
            questions.charge(wire, bits, nodes, latency - 1 if None in readers else 0)
    while True:
        cycle = questions.solve()
        pairs = paths.too_long(cycle)
        if not pairs:
            return tuple(cycle), latency
        for u, v in pairs:
            questions.part(u, v)
