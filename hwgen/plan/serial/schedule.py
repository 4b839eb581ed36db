# SPDX-License-Identifier: Apache-2.0
"""Schedule of a serial design: lower to logic, choose the width of a digit, place the offsets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from hwgen.design.assemble import ports_of
from hwgen.design.check import check
from hwgen.design.names import LinkNames
from hwgen.design.stage_core import of_serial
from hwgen.design.types import (
    Design,
    Heading,
    Layer,
    Port,
    SerialPipeline,
    Source,
    Tap,
    cycles_text,
)
from hwgen.errors import DoesNotFit
from hwgen.ir.graph import Graph
from hwgen.ir.names import Names
from hwgen.logic.builder import Logic
from hwgen.logic.links import NO_REGISTERS, LinkRegisters
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.constants import absorb
from hwgen.logic.serial.convert import serial_graph
from hwgen.logic.serial.graph import SerialGraph, Word, ceil_div, word_bits
from hwgen.logic.serial.offsets import WORD_OFFSET, Offsets, offsets
from hwgen.ops.serial import digest
from hwgen.plan.goal import Search
from hwgen.plan.mapping import SERIAL, layers_of
from hwgen.plan.parallel.lower import lower
from hwgen.plan.parallel.schedule import layer_note
from hwgen.target.family import Family


def schedule(
    graph: Graph,
    heading: Heading,
    family: Family,
    interval: int,
    search: Search = Search(),  # noqa: B008 - frozen
    links: LinkRegisters = NO_REGISTERS,
) -> Design:
    """Return the serial design of a graph: the narrowest digits that keep an interval.

    Args:
        graph: what to build; of operations that have a serial form.
        heading: name, board, clock and model of the design.
        family: of the board.
        interval: cycles between two samples, at most.
        search: how hard adder graphs are searched for.
        links: registers on the links between layers.

    Raises:
        DoesNotFit: an interval of 1, which leaves nothing to do one after the other.
    """
    if interval < 2:
        raise DoesNotFit(
            "a serial design takes a digit of every value a cycle: an interval of 1 leaves it one",
            "--interval",
            "ask for an interval of 2 or more, or for realisation adders",
        )
    made = serial(graph, family, interval, search)

    def note(name: str, start: int, end: int) -> str:
        return layer_note(graph[name], cycles_text(start, end))

    return assembled(heading, *ports_of(graph), made, note, layers_of(graph), links)


def lowered(graph: Graph, arity: int, search: Search) -> Logic:
    """Return the logic of a graph for serial adders; kept, since it is the same at any interval."""
    return _lowered(_Asked(digest(graph), arity, search, graph))


@dataclass(frozen=True)
class _Asked:
    """Graph to lower; two are the same where their digests are."""

    digest: str
    arity: int
    search: Search
    graph: Graph = field(compare=False)


@lru_cache(maxsize=16)
def _lowered(asked: _Asked) -> Logic:
    search = asked.search
    return lower(asked.graph, asked.arity, search.effort, search.seed, alike=True).logic


def serial(graph: Graph, family: Family, interval: int, search: Search) -> SerialGraph:
    """Return the serial graph of a network, with the narrowest digits that keep an interval.

    The network has no neuron that nobody reads.
    """
    narrow = serial_graph(lowered(graph, 2, search))
    digit = ceil_div(word_bits(narrow), interval)
    if digit > 1 and family.adder_operands == 3:
        wide = serial_graph(lowered(graph, 3, search))
        digit = max(ceil_div(word_bits(wide), interval), 2)
        narrow = wide
    made = absorb(narrow.with_digit(digit), fills=family.lut_inputs >= 6)
    return made.with_digit(digit)


def assembled(
    heading: Heading,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    made: SerialGraph,
    note: Callable[[str, int, int], str],
    weighted: Collection[str] = (),
    links: LinkRegisters = NO_REGISTERS,
) -> Design:
    """Return the checked design of a serial graph, with the offsets of its values.

    Args:
        heading: name, board, clock and model of the design.
        inputs: ports of the network.
        outputs: likewise.
        made: the graph, with the width of its digits.
        note: makes the comment of a layer from its name, its first and its last cycle.
        weighted: layers with weights.
        links: registers on the links between layers.
    """
    ins = [replace(port, interval=made.digits) for port in inputs]
    outs = [replace(port, interval=made.digits) for port in outputs]
    when = offsets(made, links)
    read = {r.wire for _, results in made.outputs for r in results if r.wire >= 0}
    widest = max([1, *map(made.width, read)])
    latency = when.end + ceil_div(widest, made.digit_bits)
    names = [name for name in dict.fromkeys(made.layers) if name]
    known = LinkNames.of([p.name for p in ins], [p.name for p in outs], names)
    taken = Names([*known.layers.values(), *known.outputs.values(), *(p.name for p in ins)])
    words = {p.name: taken.take(f"{p.name}_digits") for p in ins}
    layers = _layers(made, when, {**words, **known.layers}, note, weighted)
    design = of_serial(heading, ins, outs, SerialPipeline(made, when, layers, latency))
    check(design)
    return design


def _home(made: SerialGraph, wire: Wire) -> str:
    """Return the layer or the network input that a value comes from."""
    node = made.nodes[wire]
    return node.link if isinstance(node, Word) else made.layers[wire]


def _layers(
    made: SerialGraph,
    when: Offsets,
    links: Mapping[str, str],
    note: Callable[[str, int, int], str],
    weighted: Collection[str],
) -> tuple[Layer, ...]:
    names = [name for name in dict.fromkeys(made.layers) if name]
    own: dict[str, list[Wire]] = {name: [] for name in names}
    for wire, name in enumerate(made.layers):
        if name:
            own[name].append(wire)
    leaving = {r.wire for _, results in made.outputs for r in results if r.wire >= 0}
    reads: dict[str, set[Wire]] = {name: set() for name in names}
    for wire, node in enumerate(made.nodes):
        home = made.layers[wire]
        if home:
            reads[home].update(w for w in node.operands if _home(made, w) != home)
    exported = leaving.union(*reads.values())
    layers = []
    for name in _in_order(made, names, reads):
        wires = own[name]
        out = tuple(Tap(w) for w in wires if w in exported)
        sources: dict[str, list[Tap]] = {}
        for wire in sorted(reads[name]):
            sources.setdefault(_home(made, wire), []).append(Tap(wire))
        begin = [when.of[w] for w in reads[name]] or [WORD_OFFSET]
        end = max((when.of[tap.wire] for tap in out), default=max(begin))
        start = min(begin)
        layers.append(
            Layer(
                name,
                links[name],
                note(name, start, end),
                tuple(wires),
                tuple(Source(links[home], tuple(taps)) for home, taps in sources.items()),
                out,
                start,
                end,
                SERIAL if name in weighted else "",
            )
        )
    return tuple(layers)


def _in_order(made: SerialGraph, names: Sequence[str], reads: Mapping[str, set[Wire]]) -> list[str]:
    """Return the layers, each behind those that it reads."""
    done: list[str] = []
    left = list(names)
    while left:
        for name in left:
            needs = {_home(made, w) for w in reads[name]} & set(left)
            if not needs:
                break
        else:  # pragma: no cover
            raise AssertionError("layers that read each other")
        done.append(name)
        left.remove(name)
    return done
