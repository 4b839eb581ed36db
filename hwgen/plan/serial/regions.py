# SPDX-License-Identifier: Apache-2.0
"""Regions of a network: what is built digit by digit, and what on whole words between it.

A layer with weights is serial where its logic is made of sums, shifts and requantizers, and what
follows goes with it. Maxima, tables, steps and products need whole words: there the digits are put
together, and taken apart again in front of the next layer with weights. The user may also ask for
adders or tables on whole words, layer by layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hwgen.errors import ModelError
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.names import Names
from hwgen.logic.builder import Logic
from hwgen.logic.serial.convert import KINDS
from hwgen.ops.base import Matmul
from hwgen.ops.input_ import Input
from hwgen.plan.mapping import SERIAL, Realisation


@dataclass(frozen=True)
class Region:
    """Part of a network that is one stage.

    Attributes:
        serial: whether it is built digit by digit.
        graph: the part, its inputs named after the links that it reads, its outputs after those
            that it writes.
    """

    serial: bool
    graph: Graph


def whole_words(logic: Logic) -> frozenset[str]:
    """Return the layers whose logic has no serial form."""
    pairs = zip(logic.nodes, logic.layers, strict=True)
    return frozenset(layer for node, layer in pairs if not isinstance(node, KINDS))


def regions(graph: Graph, logic: Logic, mapping: Mapping[str, Realisation]) -> tuple[Region, ...]:
    """Return the regions of a network, in data-flow order.

    Args:
        graph: the network.
        logic: of all of it.
        mapping: how layers shall be realised; serial where it can be if nothing is said.

    Raises:
        ModelError: a layer shall be serial and cannot.
    """
    words = whole_words(logic)
    for name, chosen in mapping.items():
        if chosen.kind == SERIAL and name in words:
            raise ModelError(
                f"layer {name} has no serial form: it is made of more than sums and roundings",
                f"layers.{name}",
                "choose adders for it: whole words are put together in front of it",
            )
    place: dict[str, tuple[int, bool]] = {}
    for node in graph.nodes:
        if isinstance(node.op, Input):
            continue
        before = [place[i] for i in node.inputs if i in place]
        asked = mapping.get(node.name)
        if node.name in words or (asked is not None and asked.kind != SERIAL):
            serial = False
        elif before and not isinstance(node.op, Matmul):
            serial = max(before)[1]  # it goes with what it reads
        else:
            serial = True
        level = max((at + (kind != serial) for at, kind in before), default=0)
        place[node.name] = level, serial
    keys = sorted(set(place.values()), key=lambda key: (key[0], key[1]))
    return _cut(graph, place, keys)


def _cut(
    graph: Graph, place: Mapping[str, tuple[int, bool]], keys: Sequence[tuple[int, bool]]
) -> tuple[Region, ...]:
    inputs = [node.name for node in graph.inputs]
    names = Names([*inputs, *(output.name for output in graph.outputs)])
    crossing: dict[str, str] = {}  # link of every node that another region reads
    for node in graph.nodes:
        for source in node.inputs:
            if source in place and place[source] != place.get(node.name):
                crossing.setdefault(source, "")
    crossing = {source: names.take(f"{source}_words") for source in crossing}
    made = []
    for key in keys:
        own = [node for node in graph.nodes if place.get(node.name) == key]
        inside = {node.name for node in own}
        reads = dict.fromkeys(i for node in own for i in node.inputs if i not in inside)
        link = {source: crossing.get(source, source) for source in reads}
        entering = [_entering(graph[source], link[source]) for source in reads]
        renamed = [replace(node, inputs=tuple(link.get(i, i) for i in node.inputs)) for node in own]
        leaving = [
            Output(crossing[node.name], node.name, (1.0,)) for node in own if node.name in crossing
        ]
        leaving += [out for node in own for out in graph.outputs if out.node == node.name]
        part = Graph(graph.name, (*entering, *renamed), tuple(leaving))
        made.append(Region(key[1], part))
    return tuple(made)


def _entering(node: Node, link: str) -> Node:
    """Return the input that a region reads another one's result through."""
    if isinstance(node.op, Input):
        return node
    kind = node.type
    op = Input(kind.shape, kind.fixed, kind.lo, kind.hi)
    return Node(link, op, (), op.infer([]), link)
