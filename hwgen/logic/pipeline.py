# SPDX-License-Identifier: Apache-2.0
"""Pipeline registers: which nodes belong together, and where the graph is cut.

Cycles are counted in registers since the network input. Which cycle a node is computed in does not
follow from its layer: a path may run on from one layer into the next, and a layer's registers may
stand inside its neighbour's adders if they are fewer there (`retime`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from hwgen.errors import DoesNotFit
from hwgen.logic.builder import Logic
from hwgen.logic.links import NO_REGISTERS, LinkRegisters
from hwgen.logic.nodes import Const, In, Node, Requant, Shl, Wire
from hwgen.logic.retime import Waits, least_latency, retime
from hwgen.logic.timing import Timing


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
    home = _homes(logic)
    members: dict[str, list[Wire]] = {}
    reads: dict[str, dict[str, None]] = {}
    for wire, node in enumerate(logic.nodes):
        name = home[wire]
        if not name:
            continue
        members.setdefault(name, []).append(wire)
        for operand in node.operands:
            source = logic.nodes[operand]
            link = source.port if isinstance(source, In) else home[operand]
            if link and link != name:
                reads.setdefault(name, {})[link] = None
    return tuple(
        Block(name, tuple(wires), tuple(reads.get(name, ()))) for name, wires in members.items()
    )


def _homes(logic: Logic) -> list[str]:
    """Return the block of every node; empty for inputs and constants."""
    home: list[str] = []
    for wire, node in enumerate(logic.nodes):
        if isinstance(node, In | Const):
            home.append("")
        elif isinstance(node, Shl):
            home.append(home[node.a] or logic.layers[wire])
        else:
            home.append(logic.layers[wire])
            assert home[-1], f"wire {wire} ({node}) belongs to no layer"
    return home


def link_waits(logic: Logic, links: LinkRegisters) -> Waits:
    """Return the registers between each operand and a reader in another block; none where zero."""
    if not links.count:
        return {}
    home, found = _homes(logic), {}
    for wire, node in enumerate(logic.nodes):
        for operand in node.operands:
            source = logic.nodes[operand]
            port = isinstance(source, In)
            name = source.port if isinstance(source, In) else home[operand]
            if (wait := links.between(name, port, home[wire])) > 0:
                found[operand, wire] = wait
    return found


def pipeline(
    logic: Logic,
    delay: Callable[[Wire], float],
    period_ns: float,
    overhead_ns: float = 0.0,
    links: LinkRegisters = NO_REGISTERS,
) -> Placement:
    """Place registers such that no path takes longer than the period.

    The latency is the least possible one, and the register bits are the fewest for it.

    Args:
        logic: the graph.
        delay: nanoseconds that a node adds to a path.
        period_ns: of the clock.
        overhead_ns: part of the period that every path loses to its registers.
        links: registers on the links between layers, whose cycles come on top.

    Raises:
        DoesNotFit: one node alone is slower than the period.
    """
    delays, budget = _checked(logic, delay, period_ns, overhead_ns)
    return Placement(*retime(logic, delays, budget, waits=link_waits(logic, links)))


def latency(
    logic: Logic,
    delay: Callable[[Wire], float],
    period_ns: float,
    overhead_ns: float = 0.0,
    links: LinkRegisters = NO_REGISTERS,
) -> int:
    """Return the latency that `pipeline` would reach, with the same arguments and errors."""
    timing = _checked(logic, delay, period_ns, overhead_ns)
    return least_latency(logic, *timing, link_waits(logic, links))


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
        node = old.moved(new)
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
    return cache(lambda wire: logic.nodes[wire].delay(logic, wire, timing))
