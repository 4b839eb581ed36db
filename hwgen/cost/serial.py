# SPDX-License-Identifier: Apache-2.0
"""Cost of a serial pipeline: tables, flip-flops, carry blocks and the longest path, by layer.

An adder of two, and one of three, is D tables on AMD parts (one LUT6_2 a bit); so the count follows
from the graph. Flip-flops are counted as they are written. Tables of a requantizer were counted by
mapping it alone (`hwgen.cost.serial_requant`); docs/measurements/serial.md has what is fitted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from hwgen.cost.serial_requant import overflows, requant_tables
from hwgen.design.stage_core import stage_cores
from hwgen.design.types import Design, Layer, SerialPipeline
from hwgen.logic.nodes import Wire, adder_positions
from hwgen.logic.serial.graph import (
    Bank,
    Fixed,
    Round,
    SerialGraph,
    Sum,
    Word,
    banks,
    ceil_div,
)
from hwgen.logic.serial.lines import (
    LONGEST,
    SHIFT_REGISTER,
    LaneRead,
    flops,
    layer_reads,
    lines,
    linked,
    operand_reads,
    result_reads,
    shift_registers,
    steps,
)
from hwgen.target.family import Family


def _pairs(small: bool) -> float:
    """Return the tables of a function of few signals: two share one, where tables can."""
    return 1.0 if small else 0.5


@dataclass(frozen=True)
class SerialCost:
    """Resources of a part of a serial pipeline.

    Attributes:
        lut: tables, shift registers included.
        ff: flip-flops.
        carry: blocks of carry chain, eight positions each on UltraScale+.
    """

    lut: float = 0.0
    ff: int = 0
    carry: int = 0

    def __add__(self, other: SerialCost) -> SerialCost:
        return SerialCost(self.lut + other.lut, self.ff + other.ff, self.carry + other.carry)


def serial_costs(design: Design, family: Family) -> dict[str, SerialCost]:
    """Return what every layer takes, and under ``top`` what lies around the layers."""
    part = design.serial
    assert part is not None
    places = dict(enumerate(banks(part.graph)))
    out = {}
    for layer in part.layers:
        own = set(layer.wires)
        mine = {p: bank for p, bank in places.items() if own.issuperset(bank.wires)}
        out[layer.name] = _layer(part, layer, mine, family)
    return out | {"top": _top(design, part, family)}


class Resourced(Protocol):
    """Estimate with look-up tables and flip-flops."""

    @property
    def lut(self) -> int:
        """Look-up tables."""

    @property
    def ff(self) -> int:
        """Flip-flops."""


def blocks(design: Design, taken: Resourced, family: Family) -> float:
    """Return the blocks of logic that a design fills, at the least."""
    return logic_blocks(taken, carry_blocks(design, family), family)


def logic_blocks(taken: Resourced, carry: int, family: Family) -> float:
    """Return the blocks of logic that so many parts fill, at the least."""
    return max(block_needs(taken, carry, family).values())


def block_needs(taken: Resourced, carry: int, family: Family) -> dict[str, float]:
    """Return the blocks of logic that each kind of part fills by itself.

    On UltraScale+ a block has eight tables, sixteen flip-flops and a carry chain of eight
    positions; elsewhere the tables alone are counted, eight to a block.
    """
    if family.name != "ultrascale_plus":
        return {"LUT": taken.lut / 8}
    return {"LUT": taken.lut / 8, "FF": taken.ff / 16, "carry": carry}


def carry_blocks(design: Design, family: Family) -> int:
    """Return the carry chains of eight positions that the adders of a design take."""
    if design.style != "serial":
        return sum(
            ceil_div(adder_positions(pipeline.logic, wire), 8)
            for pipeline in design.pipelines
            for wire in range(len(pipeline.logic.nodes))
        )
    total = 0
    for core in stage_cores(design).values():
        if core.serial is None:
            total += carry_blocks(core, family)
        else:
            total += sum(cost.carry for cost in serial_costs(core, family).values())
    return total


def _layer(
    part: SerialPipeline, layer: Layer, places: dict[int, Bank], family: Family
) -> SerialCost:
    graph, when = part.graph, part.offsets
    small = family.lut_inputs < 6
    total = _lines(layer_reads(graph, when, layer.wires, places), small)
    pairs = _pairs(small)
    phases: set[tuple[int, int]] = set()
    counts: set[int] = set()
    for wire in layer.wires:
        node = graph.nodes[wire]
        if isinstance(node, Sum):
            total += _adder(graph, wire, node, small)
            for row in operand_reads(graph, when, wire):
                phases.update((when.of[wire] - 1 - r.own, r.gated) for r in row if r.gated > 1)
                total += SerialCost(ff=sum(r.own and r.gated > 0 for r in row))
        elif isinstance(node, Fixed):
            counts.add(when.of[wire] - 1)
            total += SerialCost(pairs * graph.digit_bits, graph.digit_bits)
    bits = max(1, (graph.digits - 1).bit_length())
    fresh = [c for c in counts if c - 1 not in counts]
    total += SerialCost(pairs * len(phases), len(phases))
    total += SerialCost(pairs * bits * len(fresh), bits * len(counts))
    if small:
        # A count that goes on a cycle later is gated in a table, and not in the one that reads it.
        # A set or reset of a single flop is made of a table: synthesis wants two (Yosys' minsrst).
        total += SerialCost(sum(bits - 1 for c in fresh if c + 1 in counts))
        starts = Counter(when.of[w] for w in layer.wires if isinstance(graph.nodes[w], Sum))
        total += SerialCost(sum(readers == 1 for readers in starts.values()))
    for bank in places.values():
        total += _bank(graph, bank, small)
    if when.links.count:  # the layer has a chain of firsts of its own, about as long as it takes
        total += SerialCost(ff=layer.end - layer.start + when.links.count)
    return total


def _adder(graph: SerialGraph, wire: Wire, node: Sum, small: bool) -> SerialCost:
    digit = graph.digit_bits
    if not small:
        carry = ceil_div(digit, 8) if node.ways == 3 else 0
        return SerialCost(digit, digit + node.ways - 1, carry)
    # Sum and carry of a bit are a table of four inputs each, a gate being one of them. From four
    # bits on mapping shortens the carry through the lanes, by as much as other paths of the network
    # ask for: that is fitted, on one or two networks a width.
    gated = any(term.shift for term in node.terms)
    each = 2.0 if digit < 4 else 2.25 + 0.5 * gated if digit == 4 else 2.2
    return SerialCost(each * (node.ways - 1) * digit, digit + node.ways - 1)


def _lines(reads: Iterable[LaneRead], small: bool) -> SerialCost:
    total, every = SerialCost(), list(reads)
    crossing = linked(every)
    for wire, lanes in lines(every).items():
        for delays in lanes:
            for begin, end in steps(delays):
                cycles = end - begin
                if small or (not begin and wire in crossing):
                    total += SerialCost(ff=cycles)
                else:
                    total += SerialCost(shift_registers(cycles), flops(cycles))
    return total


def _bank(graph: SerialGraph, bank: Bank, small: bool) -> SerialCost:
    """Return what a bank takes."""
    digit, count = graph.digit_bits, len(bank.wires)
    wait = ceil_div(bank.width, digit)
    lanes = min(digit, bank.out_width)
    excess = overflows(bank)
    lut = requant_tables(bank, digit, small)
    table = not small and wait >= SHIFT_REGISTER
    lut += lanes * ceil_div(wait, LONGEST - 1) if table else 0
    state = (bank.shift > 0) * (2 - bank.half) + bank.signed + excess * (1 + (bank.lo < 0))
    ff = 2 * digit + (0 if table else lanes * wait) + state
    phases = 2 * digit
    return SerialCost(lut * count + _pairs(small) * phases, ff * count + phases)


def _top(design: Design, part: SerialPipeline, family: Family) -> SerialCost:
    graph = part.graph
    digit = graph.digit_bits
    total = _lines(result_reads(graph, part.offsets), family.lut_inputs < 6)
    read: dict[str, set[int]] = {}
    for node in graph.nodes:
        if isinstance(node, Word):
            read.setdefault(node.link, set()).add(node.index)
    for port in design.inputs:
        words = len(read.get(port.link, ()))
        bits = port.fixed.width * words
        shifted = bits - min(digit, port.fixed.width) * words  # the highest are loaded alone
        total += SerialCost(_pairs(family.lut_inputs < 6) * shifted, bits)
    wires = {r.wire for _, results in graph.outputs for r in results if r.wire >= 0}
    count = max(1, (part.interval - 1).bit_length())
    admission = 2 * count + 3 if family.lut_inputs < 6 else count + 2
    return total + SerialCost(
        admission, len(wires) * digit * part.out_digits + part.latency + count + 1
    )


def serial_ns(part: SerialPipeline, family: Family) -> dict[str, float]:
    """Return the delay model's longest path that ends in each layer, in nanoseconds.

    An adder's carry runs through the tables of its lanes; one of three has a carry chain.
    """
    graph, digit = part.graph, part.graph.digit_bits
    three = family.logic_ns(1) + family.adder_ns(digit, 3)
    ripple = family.logic_ns(digit)
    rounding = family.logic_ns(2 + digit // 4)
    out = {}
    for layer in part.layers:
        paths = [family.logic_ns(1)]
        for wire in layer.wires:
            node = graph.nodes[wire]
            if isinstance(node, Sum):
                paths.append(three if node.ways == 3 else ripple)
            elif isinstance(node, Round):
                paths.append(rounding)
        out[layer.name] = max(paths) + family.overhead_ns
    return out
