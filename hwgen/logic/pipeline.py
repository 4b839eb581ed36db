# SPDX-License-Identifier: Apache-2.0
"""Pipeline registers: what a node delays, what belongs together, and where the graph is cut.

Cycles are counted in registers since the network input. Which cycle a node is computed in does not
follow from its layer: a path may run on from one layer into the next, and a layer's registers may
stand inside its neighbour's adders if they are fewer there (`retime`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from hwgen.errors import DoesNotFit
from hwgen.ir.fixed import bits_for
from hwgen.logic import truth_tables
from hwgen.logic.builder import Logic, moved
from hwgen.logic.carry import adder_positions
from hwgen.logic.nodes import (
    Add,
    Add3,
    Const,
    In,
    Max,
    Mul,
    Node,
    Requant,
    Select,
    Shl,
    Table,
    Thresh,
    Wire,
    operands,
)
from hwgen.logic.retime import least_latency, retime


class Timing(Protocol):
    """Delays of a device family."""

    @property
    def overhead_ns(self) -> float:
        """Clock to output, set-up and clock skew of one register-to-register path."""

    @property
    def adder_operands(self) -> int:
        """How many operands one adder takes, 2 or 3."""

    @property
    def lut_inputs(self) -> int:
        """Inputs of the largest single look-up table."""

    def adder_ns(self, width: int, operands: int = 2) -> float:
        """Return the delay of a carry-chain adder or comparator, routing included."""

    def logic_ns(self, levels: int) -> float:
        """Return the delay of *levels* look-up tables in a row, routing included."""


@dataclass(frozen=True)
class Block:
    """The nodes of one layer.

    Attributes:
        name: of the layer.
        wires: its nodes, ascending.
        sources: the blocks and input ports it reads, in the order of the first reading.
    """

    name: str
    wires: tuple[Wire, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Placement:
    """The registers of a pipeline: how many stand before every node.

    Attributes:
        cycle: of every wire.
        latency: cycle in which the outputs leave, behind a register of their own.
    """

    cycle: tuple[int, ...]
    latency: int


def blocks_of(logic: Logic) -> tuple[Block, ...]:
    """Group a graph's nodes into blocks by the layer that made them.

    Inputs and constants belong to no block. A shift is wiring: it joins the block of its operand,
    so that a layer which only shifts makes no block; a shifted network input stays with its layer.
    """
    home: list[str] = []
    for wire, node in enumerate(logic.nodes):
        if isinstance(node, In | Const):
            home.append("")
        elif isinstance(node, Shl):
            home.append(home[node.a] or logic.layers[wire])
        else:
            home.append(logic.layers[wire])
            assert home[-1], f"wire {wire} ({node}) belongs to no layer"
    members: dict[str, list[Wire]] = {}
    reads: dict[str, dict[str, None]] = {}
    for wire, node in enumerate(logic.nodes):
        name = home[wire]
        if not name:
            continue
        members.setdefault(name, []).append(wire)
        for operand in operands(node):
            source = logic.nodes[operand]
            link = source.port if isinstance(source, In) else home[operand]
            if link and link != name:
                reads.setdefault(name, {})[link] = None
    return tuple(
        Block(name, tuple(wires), tuple(reads.get(name, ()))) for name, wires in members.items()
    )


def pipeline(
    logic: Logic,
    delay: Callable[[Wire], float],
    period_ns: float,
    overhead_ns: float = 0.0,
) -> Placement:
    """Place registers such that no path takes longer than the period.

    The latency is the least possible one, and the register bits are the fewest for it.

    Args:
        logic: the graph.
        delay: nanoseconds that a node adds to a path.
        period_ns: of the clock.
        overhead_ns: part of the period that every path loses to its registers.

    Raises:
        DoesNotFit: one node alone is slower than the period.
    """
    delays, budget = _checked(logic, delay, period_ns, overhead_ns)
    return Placement(*retime(logic, delays, budget))


def latency(
    logic: Logic, delay: Callable[[Wire], float], period_ns: float, overhead_ns: float = 0.0
) -> int:
    """Return the latency that `pipeline` would reach, with the same arguments and errors."""
    return least_latency(logic, *_checked(logic, delay, period_ns, overhead_ns))


def _checked(
    logic: Logic, delay: Callable[[Wire], float], period_ns: float, overhead_ns: float
) -> tuple[list[float], float]:
    """Return the delays and what a path may take; refuse a node that is slower alone."""
    delays = [delay(w) for w in range(len(logic.nodes))]
    budget = period_ns - overhead_ns + 1e-9
    slowest = max(range(len(delays)), key=delays.__getitem__, default=None)
    if slowest is None or delays[slowest] <= budget:
        return delays, budget
    needed = delays[slowest] + overhead_ns
    node, width = logic.nodes[slowest], logic.width(slowest)
    kind = type(node).__name__.lower()
    raise DoesNotFit(
        f"one {kind} of {width} bits takes {needed:.2f} ns, "
        f"and the clock of {1000 / period_ns:.6g} MHz leaves {period_ns:.2f} ns",
        where=logic.layers[slowest],
        hint=f"the fastest clock this design can take is {int(10000 / needed) / 10:g} MHz",
    )


def split_rounding(logic: Logic, slow: Callable[[Wire], bool]) -> Logic:
    """Return the same function with *slow* requantizers cut into a rounder and a saturation.

    A register can then stand between the two; elsewhere one node reads better.
    """

    def cut(wire: Wire) -> bool:
        node = logic.nodes[wire]
        return isinstance(node, Requant) and node.shift > 0 and slow(wire)

    chosen = {wire for wire in range(len(logic.nodes)) if cut(wire)}
    if not chosen:
        return logic
    nodes: list[Node] = []
    lo: list[int] = []
    hi: list[int] = []
    layers: list[str] = []
    labels: list[str] = []
    seen: dict[Node, Wire] = {}
    new: dict[Wire, Wire] = {}

    def put(node: Node, low: int, high: int, layer: str, label: str) -> Wire:
        if node not in seen:  # two saturations may share a rounder
            seen[node] = len(nodes)
            nodes.append(node)
            lo.append(low)
            hi.append(high)
            layers.append(layer)
            labels.append("")
        labels[seen[node]] = labels[seen[node]] or label
        return seen[node]

    for wire, old in enumerate(logic.nodes):
        node = moved(old, new)
        if wire in chosen and isinstance(node, Requant):
            low, high = map(node.rounded, (lo[node.a], hi[node.a]))
            if (low, high) != (node.lo, node.hi):
                whole = Requant(node.a, node.shift, low, high, node.half)
                rounded = put(whole, low, high, logic.layers[wire], "")
                node = Requant(rounded, 0, node.lo, node.hi)
        label = logic.labels[wire] if logic.labels else ""
        new[wire] = put(node, logic.lo[wire], logic.hi[wire], logic.layers[wire], label)
    outputs = tuple((port, tuple(new[w] for w in wires)) for port, wires in logic.outputs)
    return Logic(tuple(nodes), tuple(lo), tuple(hi), tuple(layers), outputs, tuple(labels))


def node_delay(logic: Logic, timing: Timing) -> Callable[[Wire], float]:
    """Return the delay model: nanoseconds of every node of *logic* on a family."""
    return cache(lambda wire: _delay(logic, wire, timing))


def _delay(logic: Logic, wire: Wire, timing: Timing) -> float:
    node = logic.nodes[wire]
    match node:
        case Add() | Add3():
            bits = adder_positions(logic, wire)
            if not bits:
                return 0.0
            return timing.adder_ns(bits, 3) if isinstance(node, Add3) else timing.adder_ns(bits)
        case Max(a, b):
            widest = max(logic.width(a), logic.width(b))
            return timing.adder_ns(widest) + timing.logic_ns(1)
        case Select():
            return timing.logic_ns(1)
        case Requant():
            return _requant_ns(logic, node, timing)
        case Thresh(a, thresholds):
            width = logic.width(a)
            if width <= 6:  # one look-up table a bit
                return timing.logic_ns(1)
            # Comparators side by side, then a selection that a table level cuts to a quarter.
            levels = 0 if len(thresholds) == 1 else max(1, (len(thresholds).bit_length() + 1) // 2)
            return timing.adder_ns(width) + (timing.logic_ns(levels) if levels else 0.0)
        case Table():
            return timing.logic_ns(truth_tables.levels(node.values, timing.lut_inputs))
        case Mul(a, b):
            rows = min(logic.width(a), logic.width(b))
            levels = max(rows - 1, 0).bit_length()
            return timing.logic_ns(1) + levels * timing.adder_ns(logic.width(wire))
        case _:
            return 0.0


def _requant_ns(logic: Logic, node: Requant, timing: Timing) -> float:
    """Return the delay of the rounding, if bits fall off, and of a saturation, if it binds.

    Both start at once; the choice between what they give is one table.
    """
    lo, hi, shift = node.lo, node.hi, node.shift
    low, high = map(node.rounded, (logic.lo[node.a], logic.hi[node.a]))
    rounded = 0.0
    if node.half:  # only the last bit depends on the bits that fall off: whether any is set
        rounded = timing.logic_ns(0 if shift <= 3 else 1 if shift <= 18 else 2)
    elif shift:  # the tables of the chain's first position see five of them
        rounded = timing.adder_ns(bits_for(low, high))
        rounded += timing.logic_ns(0 if shift <= 5 else 1 if shift <= 30 else 2)
    # The builder stores the bounds as they bind: an equal bound cuts nothing off.
    cuts_low, cuts_high = low < lo, high > hi
    choice = timing.logic_ns(1) if cuts_low or cuts_high or node.half else 0.0
    whole_low = not cuts_low or lo == 0 or (lo < 0 and -lo & (-lo - 1) == 0)
    whole_high = not cuts_high or (hi >= 0 and hi & (hi + 1) == 0)
    decided = 0.0
    if not (whole_low and whole_high):
        decided = timing.adder_ns(bits_for(low, high))
    elif cuts_high or (cuts_low and lo):  # the bits above the kept word decide, or the sign alone
        above = bits_for(low, high) - bits_for(lo, hi) + 1
        decided = timing.logic_ns(0 if above <= 4 else 1 if above <= 24 else 2)
    return max(rounded, decided) + choice
