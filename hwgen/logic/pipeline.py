# SPDX-License-Identifier: Apache-2.0
"""Pipeline registers: cut a logic graph, block by block, so that every path fits the clock period.

Each block (one layer) reads its sources in one cycle, `start`, and gives its exports in one cycle,
`end`; both are counted in registers since the network input. Inside, every node is computed as soon
as its operands allow. A boundary need not hold a register: a path may run on from one block into
the next, and the time it has used up comes along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from hwgen.errors import DoesNotFit
from hwgen.ir.fixed import bits_for
from hwgen.logic.carry import adder_positions
from hwgen.logic.graph import (
    Add,
    Add3,
    Const,
    In,
    Logic,
    Max,
    Mul,
    Node,
    Requant,
    Select,
    Shl,
    Thresh,
    Wire,
    operands,
    round_half_even,
)


class Timing(Protocol):
    """Delays of a device family."""

    @property
    def overhead_ns(self) -> float:
        """Clock to output, set-up and clock skew of one register-to-register path."""

    @property
    def adder_operands(self) -> int:
        """How many operands one adder takes, 2 or 3."""

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
        sources: what it reads: block or input port, and the wires of it, ascending.
        exports: wires that later blocks or network outputs read, ascending.
    """

    name: str
    wires: tuple[Wire, ...]
    sources: tuple[tuple[str, tuple[Wire, ...]], ...]
    exports: tuple[Wire, ...]


@dataclass(frozen=True)
class Pipeline:
    """Where the registers are.

    Attributes:
        cycle: of every wire.
        start, end: of every block, in the order of the blocks.
        worst_ns: longest path that ends in the block, register overhead included.
    """

    cycle: tuple[int, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]
    worst_ns: tuple[float, ...]


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
    reads: dict[str, dict[str, set[Wire]]] = {}
    leaving = {w for _, wires in logic.outputs for w in wires}
    for wire, node in enumerate(logic.nodes):
        name = home[wire]
        if not name:
            continue
        members.setdefault(name, []).append(wire)
        links = reads.setdefault(name, {})
        for operand in operands(node):
            source = logic.nodes[operand]
            if isinstance(source, In):
                links.setdefault(source.port, set()).add(operand)
            elif not isinstance(source, Const) and home[operand] != name:
                links.setdefault(home[operand], set()).add(operand)
                leaving.add(operand)
    return tuple(
        Block(
            name,
            tuple(wires),
            tuple((source, tuple(sorted(read))) for source, read in reads[name].items()),
            tuple(w for w in wires if w in leaving),
        )
        for name, wires in members.items()
    )


def pipeline(
    logic: Logic,
    blocks: Sequence[Block],
    delay: Callable[[Wire], float],
    period_ns: float,
    overhead_ns: float = 0.0,
) -> Pipeline:
    """Place registers, as soon as possible, such that no path takes longer than the period.

    Args:
        logic: the graph.
        blocks: in data-flow order.
        delay: nanoseconds that a node adds to a path.
        period_ns: of the clock.
        overhead_ns: part of the period that every path loses to its registers.

    Raises:
        DoesNotFit: one node alone is slower than the period.
    """
    delays = [delay(w) for w in range(len(logic.nodes))]
    _check_reachable(logic, blocks, delays, period_ns, overhead_ns)
    budget = period_ns - overhead_ns + 1e-9
    cycle = [0] * len(logic.nodes)
    time = [0.0] * len(logic.nodes)  # after the last register in front of the node
    ends: dict[str, int] = {}
    starts: list[int] = []
    worst: list[float] = []
    for block in blocks:
        start = max((ends.get(source, 0) for source, _ in block.sources), default=0)
        arrival: dict[Wire, tuple[int, float]] = {}
        for source, wires in block.sources:
            end = ends.get(source, 0)
            for wire in wires:
                runs_on = end == start and cycle[wire] == end
                arrival[wire] = (start, time[wire] if runs_on else 0.0)
        slowest = 0.0
        for wire in block.wires:
            at, used = start, 0.0
            for operand in operands(logic.nodes[wire]):
                if not isinstance(logic.nodes[operand], Const):
                    at, used = max((at, used), arrival[operand])
            used += delays[wire]
            if used > budget:
                at, used = at + 1, delays[wire]
            cycle[wire], time[wire] = at, used
            arrival[wire] = (at, used)
            slowest = max(slowest, used)
        ends[block.name] = max((cycle[w] for w in block.exports), default=start)
        starts.append(start)
        worst.append(slowest + overhead_ns)
    leave = tuple(ends[block.name] for block in blocks)
    return Pipeline(tuple(cycle), tuple(starts), leave, tuple(worst))


def _check_reachable(
    logic: Logic,
    blocks: Sequence[Block],
    delays: Sequence[float],
    period_ns: float,
    overhead_ns: float,
) -> None:
    slowest = max(range(len(delays)), key=delays.__getitem__, default=None)
    if slowest is None or delays[slowest] + overhead_ns <= period_ns + 1e-9:
        return
    needed = delays[slowest] + overhead_ns
    where = next((block.name for block in blocks if slowest in block.wires), "")
    node, width = logic.nodes[slowest], logic.width(slowest)
    kind = type(node).__name__.lower()
    raise DoesNotFit(
        f"one {kind} of {width} bits takes {needed:.2f} ns, "
        f"and the clock of {1000 / period_ns:.6g} MHz leaves {period_ns:.2f} ns",
        where=where,
        hint=f"the fastest clock this design can take is {int(10000 / needed) / 10:g} MHz",
    )


def split_rounding(logic: Logic, slow: Callable[[Wire], bool]) -> Logic:
    """Return the same function with *slow* requantizers cut into a rounder and a saturation.

    A register can then stand between the two; elsewhere one node reads better.
    """
    nodes: list[Node] = []
    lo: list[int] = []
    hi: list[int] = []
    layers: list[str] = []
    seen: dict[Node, Wire] = {}
    new: dict[Wire, Wire] = {}

    def put(node: Node, low: int, high: int, layer: str) -> Wire:
        if node not in seen:  # two saturations may share a rounder
            seen[node] = len(nodes)
            nodes.append(node)
            lo.append(low)
            hi.append(high)
            layers.append(layer)
        return seen[node]

    for wire, old in enumerate(logic.nodes):
        node = _moved(old, new)
        if isinstance(node, Requant) and node.shift and slow(wire):
            low, high = (round_half_even(v, node.shift) for v in (lo[node.a], hi[node.a]))
            if (low, high) != (node.lo, node.hi):
                whole = Requant(node.a, node.shift, low, high)
                node = Requant(put(whole, low, high, logic.layers[wire]), 0, node.lo, node.hi)
        new[wire] = put(node, logic.lo[wire], logic.hi[wire], logic.layers[wire])
    outputs = tuple((port, tuple(new[w] for w in wires)) for port, wires in logic.outputs)
    return Logic(tuple(nodes), tuple(lo), tuple(hi), tuple(layers), outputs)


def _moved(node: Node, new: dict[Wire, Wire]) -> Node:
    """Return a node with its operands renumbered."""
    fields = {
        f: new[getattr(node, f)] for f in ("a", "b", "c", "on_neg", "on_pos") if hasattr(node, f)
    }
    return cast(Node, replace(cast(Any, node), **fields))


def node_delay(logic: Logic, timing: Timing) -> Callable[[Wire], float]:
    """Return the delay model: nanoseconds of every node of *logic* on a family."""
    return lambda wire: _delay(logic, wire, timing)


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
        case Requant(a, shift, lo, hi):
            return _requant_ns(logic, a, shift, lo, hi, timing)
        case Thresh(a, thresholds):
            width = logic.width(a)
            if width <= 6:  # one look-up table a bit
                return timing.logic_ns(1)
            # Comparators side by side, then a selection that a table level cuts to a quarter.
            levels = 0 if len(thresholds) == 1 else max(1, (len(thresholds).bit_length() + 1) // 2)
            return timing.adder_ns(width) + (timing.logic_ns(levels) if levels else 0.0)
        case Mul(a, b):
            rows = min(logic.width(a), logic.width(b))
            levels = max(rows - 1, 0).bit_length()
            return timing.logic_ns(1) + levels * timing.adder_ns(logic.width(wire))
        case _:
            return 0.0


def _requant_ns(logic: Logic, a: Wire, shift: int, lo: int, hi: int, timing: Timing) -> float:
    """Return the delay of the round adder, if bits fall off, and of a saturation, if it binds."""
    low, high = logic.lo[a], logic.hi[a]
    total = 0.0
    if shift:
        low, high = round_half_even(low, shift), round_half_even(high, shift)
        total += timing.adder_ns(logic.width(a) + 1)
    # The builder stores the bounds as they bind: an equal bound cuts nothing off.
    cuts_low, cuts_high = low < lo, high > hi
    if not (cuts_low or cuts_high):
        return total
    if not cuts_high and lo == 0:
        return total + timing.logic_ns(1)  # the sign bit alone decides
    whole_low = not cuts_low or lo == 0 or (lo < 0 and -lo & (-lo - 1) == 0)
    whole_high = not cuts_high or (hi >= 0 and hi & (hi + 1) == 0)
    if whole_low and whole_high:  # the bits above the kept word decide
        above = bits_for(low, high) - bits_for(lo, hi) + 1
        return total + timing.logic_ns(1 if above <= 4 else 2 if above <= 24 else 3)
    return total + timing.adder_ns(bits_for(low, high)) + timing.logic_ns(1)
