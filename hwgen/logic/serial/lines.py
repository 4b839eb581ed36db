# SPDX-License-Identifier: Apache-2.0
"""Delay lines: at which delays the lanes of a value are read, once its offset is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import Bank, Round, SerialGraph, Sum, above_cut, shifted
from hwgen.logic.serial.offsets import Offsets, between, own_gates

SHIFT_REGISTER = 4  # cycles from which on a delay is a shift register and a flop
LONGEST = 17  # cycles of a shift register in one table, and its flop


@dataclass(frozen=True, slots=True)
class LaneRead:
    """Lane of an operand as its reader takes it.

    Attributes:
        wire, lane: the value and its lane.
        delay: registers behind the value, that of a gate of its own included.
        gated: digits, from the first one on, in which it is a constant instead.
        own: whether a register of its own gates it.
        link: registers of the link between two layers, the first ones of the delay.
    """

    wire: Wire
    lane: int
    delay: int
    gated: int = 0
    own: bool = False
    link: int = 0

    @property
    def shared(self) -> int:
        """Registers of the line that all readers share."""
        return self.delay - (self.own and self.gated > 0)


def operand_reads(graph: SerialGraph, offsets: Offsets, wire: Wire) -> list[list[LaneRead]]:
    """Return the lanes of every term of a sum."""
    node = graph.nodes[wire]
    assert isinstance(node, Sum)
    own = own_gates(node)
    rows = []
    for at, term in enumerate(node.terms):
        begin = offsets.of[wire] - 1 - offsets.of[term.wire]
        link = between(graph, offsets.links, term.wire, wire)
        rows.append(
            [
                LaneRead(read.wire, read.lane, begin + read.lag, read.gated, at in own, link)
                for read in shifted(term, graph.digit_bits)
            ]
        )
    return rows


def bank_reads(
    graph: SerialGraph, offsets: Offsets, place: int, bank: Bank
) -> list[list[LaneRead]]:
    """Return the lanes that every requantizer of a bank reads.

    *place* is the bank's among all of the graph.
    """
    rows = []
    for wire in bank.wires:
        node = graph.nodes[wire]
        assert isinstance(node, Round)
        begin = offsets.bank[place] - offsets.of[node.a]
        link = between(graph, offsets.links, node.a, wire)
        lanes = above_cut(node.a, node.shift, graph.digit_bits)
        rows.append([LaneRead(read.wire, read.lane, begin + read.lag, link=link) for read in lanes])
    return rows


def result_reads(graph: SerialGraph, offsets: Offsets) -> list[LaneRead]:
    """Return the lanes that words which leave are put together from."""
    wires = dict.fromkeys(r.wire for _, results in graph.outputs for r in results if r.wire >= 0)
    return [
        LaneRead(wire, lane, offsets.end - offsets.of[wire])
        for wire in wires
        for lane in range(graph.digit_bits)
    ]


def lines(reads: Iterable[LaneRead]) -> dict[Wire, tuple[tuple[int, ...], ...]]:
    """Return the delays above zero at which each lane of a value is read, ascending, by wire.

    Lanes that nothing reads late have none. The end of a link's registers counts as read.
    """
    found: dict[Wire, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for read in reads:
        found[read.wire][read.lane].update((read.shared, read.link))
    return {
        wire: tuple(tuple(sorted(d for d in lanes[lane] if d)) for lane in range(max(lanes) + 1))
        for wire, lanes in found.items()
    }


def linked(reads: Iterable[LaneRead]) -> dict[Wire, int]:
    """Return, of every value that comes over a link with registers, how many they are."""
    return {read.wire: read.link for read in reads if read.link}


def steps(delays: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a line between the places where it is read: (from, to)."""
    at = 0
    for delay in delays:
        yield at, delay
        at = delay


def shift_registers(cycles: int) -> int:
    """Return the tables of a delay by so many cycles; 0 where it is flops alone."""
    return 0 if cycles < SHIFT_REGISTER else -(-(cycles - 1) // (LONGEST - 1))


def flops(cycles: int) -> int:
    """Return the flops of a delay by so many cycles."""
    return cycles if cycles < SHIFT_REGISTER else 1


def layer_reads(
    graph: SerialGraph, offsets: Offsets, wires: Iterable[Wire], places: Mapping[int, Bank]
) -> list[LaneRead]:
    """Return every lane that some nodes of one layer read.

    Args:
        graph: of the design.
        offsets: of its values.
        wires: the nodes.
        places: the layer's banks, by their place among all of the graph.
    """
    reads = [
        read
        for wire in wires
        if isinstance(graph.nodes[wire], Sum)
        for row in operand_reads(graph, offsets, wire)
        for read in row
    ]
    for place, bank in places.items():
        reads += [read for row in bank_reads(graph, offsets, place, bank) for read in row]
    return reads
