# SPDX-License-Identifier: Apache-2.0
"""Offsets: when each value of a serial graph begins, such that delays take the fewest registers.

A sum is there a cycle behind its operands, and waits for the latest of them. A lane that is read at
several delays has one line of registers for all of its readers, as long as the longest. For the
least latency, the fewest registers are found exactly: of every value one asks "does it begin in
cycle k or later?", every rule and every cost relates two such questions, and the best answers are a
minimum cut, as for the registers of whole words (`hwgen.logic.retime`).

Requantizers of a bank share their phases, so they begin together; and so do the words that leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hwgen.logic.links import NO_REGISTERS, LinkRegisters
from hwgen.logic.mincut import SINK, SOURCE, Cut
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import (
    Bank,
    Fixed,
    Round,
    SerialGraph,
    Sum,
    Word,
    above_cut,
    banks,
    shifted,
)

WORD_OFFSET = 1  # of words that were taken apart: their first digit is a cycle behind the sample
FIXED_OFFSET = 1  # of constants: they are looked up, a cycle behind the number of the digit


class Delay(NamedTuple):
    """Lane of a value that is read: ``delay = begin of the reader + more - offset of the value``.

    Attributes:
        wire, lane: what is read.
        reader: variable of the schedule.
        more: cycles.
        least: the shortest delay that is possible.
    """

    wire: Wire
    lane: int
    reader: int
    more: int
    least: int = 0


@dataclass(frozen=True)
class Offsets:
    """Offsets of a serial graph.

    Attributes:
        of: of every wire, cycles from a sample to the first digit.
        bank: of every bank, cycles to the digit with the first bit above the cut.
        end: to the first digits of the words that leave.
        registers: of all delay lines.
        links: registers on links between layers; a delay line of such a link begins with them.
    """

    of: tuple[int, ...]
    bank: tuple[int, ...]
    end: int
    registers: int
    links: LinkRegisters = NO_REGISTERS


def table_term(node: Sum) -> int | None:
    """Return the term of a sum that the adder's own table gates: the first shifted one."""
    places = [at for at, term in enumerate(node.terms) if term.shift]
    return places[0] if places else None


def own_gates(node: Sum) -> tuple[int, ...]:
    """Return the terms whose gate is a register of its own.

    An adder's table gates one operand; further shifted ones pass a register with a reset.
    """
    first = table_term(node)
    return tuple(at for at, term in enumerate(node.terms) if term.shift and at != first)


def between(graph: SerialGraph, links: LinkRegisters, wire: Wire, reader: Wire) -> int:
    """Return the registers of the link from a value to one that reads it."""
    source = graph.nodes[wire]
    port = isinstance(source, Word)
    name = source.link if isinstance(source, Word) else graph.layers[wire]
    return links.between(name, port, graph.layers[reader])


def delays(graph: SerialGraph, links: LinkRegisters = NO_REGISTERS) -> Iterator[Delay]:
    """Yield every lane that is read.

    Variables of the schedule are the wires, then the banks, then the end.
    """
    digit, size = graph.digit_bits, len(graph.nodes)
    for wire, node in enumerate(graph.nodes):
        if isinstance(node, Sum):
            own = own_gates(node)
            for at, term in enumerate(node.terms):
                link = between(graph, links, term.wire, wire)
                for read in shifted(term, digit):
                    least = link + (at in own and read.gated > 0)
                    yield Delay(read.wire, read.lane, wire, read.lag - 1, least)
    every = banks(graph)
    for place, bank in enumerate(every):
        for wire in bank.wires:
            node = graph.nodes[wire]
            assert isinstance(node, Round)
            link = between(graph, links, node.a, wire)
            for read in above_cut(node.a, node.shift, digit):
                yield Delay(read.wire, read.lane, size + place, read.lag, link)
    for _, results in graph.outputs:
        for result in results:
            if result.wire >= 0:
                for lane in range(digit):
                    yield Delay(result.wire, lane, size + len(every), 0)


class _Schedule:
    """Variables of the schedule, who waits for whom, and the bounds that follow."""

    def __init__(self, graph: SerialGraph, links: LinkRegisters) -> None:
        self.graph = graph
        self.banks = banks(graph)
        self.end = len(graph.nodes) + len(self.banks)
        self.home: dict[Wire, tuple[int, Bank]] = {
            wire: (len(graph.nodes) + place, bank)
            for place, bank in enumerate(self.banks)
            for wire in bank.wires
        }
        self.delays = tuple(delays(graph, links))
        self.waits: dict[int, dict[int, int]] = defaultdict(dict)  # reader: variable: cycles
        for one in self.delays:
            variable, behind = self.variable(one.wire)
            least = behind + one.least - one.more
            known = self.waits[one.reader].get(variable)
            self.waits[one.reader][variable] = least if known is None else max(known, least)

    def variable(self, wire: Wire) -> tuple[int, int]:
        """Return the variable that decides a wire's offset, and the cycles from it to that."""
        if wire in self.home:
            place, bank = self.home[wire]
            return place, bank.latency(self.graph.digit_bits)
        return wire, 0

    def order(self) -> list[int]:
        """Return the variables, each behind what it waits for."""
        done: dict[int, None] = {}
        for first in (*range(len(self.graph.nodes)), self.end):
            stack = [self.variable(first)[0] if first != self.end else first]
            while stack:
                at = stack[-1]
                missing = [v for v in self.waits.get(at, {}) if v not in done]
                if at in done or not missing:
                    done.setdefault(stack.pop())
                else:
                    stack += missing
        return list(done)

    def first(self, variable: int) -> int:
        """Return the earliest cycle of a variable that nothing is waited for."""
        if variable < len(self.graph.nodes):
            node = self.graph.nodes[variable]
            if isinstance(node, Fixed):
                return FIXED_OFFSET
            return WORD_OFFSET + isinstance(node, Sum)
        if variable < self.end:
            bank = self.banks[variable - len(self.graph.nodes)]
            return WORD_OFFSET + bank.before(self.graph.digit_bits)
        return WORD_OFFSET

    def bounds(self) -> tuple[dict[int, int], dict[int, int]]:
        """Return the earliest and the latest cycle of every variable, at the least latency."""
        order = self.order()
        lo: dict[int, int] = {}
        for v in order:
            waits = self.waits.get(v, {}).items()
            lo[v] = max([self.first(v), *(lo[u] + least for u, least in waits)])
        hi = dict.fromkeys(order, lo[self.end])
        for v in reversed(order):
            if v < len(self.graph.nodes) and isinstance(self.graph.nodes[v], Word):
                hi[v] = lo[v]
            for u, least in self.waits.get(v, {}).items():
                hi[u] = min(hi[u], hi[v] - least)
        return lo, hi


class _Questions:
    """Offsets as a minimum cut: a side of it says whether a variable is in cycle k or later."""

    def __init__(self, schedule: _Schedule, compiled: bool) -> None:
        self.lo, self.hi = schedule.bounds()
        self.cut = Cut(compiled)
        self.base: dict[int, int] = {}
        for v, low in self.lo.items():
            high = self.hi[v]
            if high > low:
                self.base[v] = self.cut.nodes
                self.cut.nodes += high - low
            for k in range(low + 2, high + 1):
                self.cut.edge(self.at(v, k), self.at(v, k - 1))
        for v, waits in schedule.waits.items():
            for u, least in waits.items():
                for k in range(self.lo[u] + 1, self.hi[u] + 1):
                    self.cut.edge(self.at(u, k), self.at(v, k + least))

    def at(self, v: int, k: int) -> int:
        """Return the cut's node for "is *v* in cycle *k* or later?"."""
        if k <= self.lo[v]:
            return SOURCE
        return SINK if k > self.hi[v] else self.base[v] + k - self.lo[v] - 1

    def charge(self, v: int, readers: tuple[tuple[int, int], ...], lines: int) -> None:
        """Make every cycle between *v* and the last of its readers cost *lines* registers.

        Of a reader (r, more), the delay is ``r + more - v``.
        """
        most = max(self.hi[r] + more for r, more in readers)
        for k in range(self.lo[v] + 1, most + 1):
            target = self.at(v, k)
            sides = {self.at(r, k - more) for r, more in readers} - {SINK}
            if SOURCE in sides:
                any_reader = SOURCE
            elif not sides:
                continue
            elif len(sides) == 1:
                (any_reader,) = sides
            else:
                any_reader = self.cut.node()
                for side in sorted(sides):
                    self.cut.edge(side, any_reader)
            if (any_reader, target) != (SOURCE, SINK):
                self.cut.edge(any_reader, target, lines)

    def solve(self) -> dict[int, int]:
        """Return the cycle of every variable."""
        side = self.cut.solve()
        return {
            v: low + sum(side[self.base[v] : self.base[v] + self.hi[v] - low])
            if self.hi[v] > low
            else low
            for v, low in self.lo.items()
        }


def offsets(
    graph: SerialGraph, links: LinkRegisters = NO_REGISTERS, *, compiled: bool = True
) -> Offsets:
    """Return the offsets of a graph for the least latency and then the fewest registers.

    Of solutions that cost the same, every value takes the earliest cycle.

    Args:
        graph: with the width of its digits.
        links: registers on links between layers.
        compiled: use the compiled core where it is there; the result is the same.
    """
    schedule = _Schedule(graph, links)
    questions = _Questions(schedule, compiled)
    lines: dict[tuple[int, tuple[tuple[int, int], ...]], int] = defaultdict(int)
    for (wire, _), reads in _by_lane(schedule).items():
        variable, behind = schedule.variable(wire)
        key = tuple(sorted({(one.reader, one.more - behind) for one in reads}))
        lines[variable, key] += 1
    for (variable, readers), count in lines.items():
        questions.charge(variable, readers, count)
    found = questions.solve()
    of = []
    for wire in range(len(graph.nodes)):
        variable, behind = schedule.variable(wire)
        of.append(found[variable] + behind)
    total = 0
    for (wire, _), reads in _by_lane(schedule).items():
        longest = max(found[one.reader] + one.more - of[wire] for one in reads)
        least = min(found[one.reader] + one.more - of[wire] - one.least for one in reads)
        assert least >= 0, f"wire {wire} is read before it exists"
        total += longest
    places = range(len(graph.nodes), schedule.end)
    return Offsets(tuple(of), tuple(found[p] for p in places), found[schedule.end], total, links)


def _by_lane(schedule: _Schedule) -> dict[tuple[Wire, int], list[Delay]]:
    lanes: dict[tuple[Wire, int], list[Delay]] = defaultdict(list)
    for one in schedule.delays:
        lanes[one.wire, one.lane].append(one)
    return lanes
