# SPDX-License-Identifier: Apache-2.0
"""Stages and links of a stream design, put together segment by segment."""

from __future__ import annotations

from dataclasses import replace

from hwgen.design.types import Link, Port, Stage, UnitRef
from hwgen.ir.graph import Graph, Node
from hwgen.ir.names import Names, identifier
from hwgen.plan.stream import adders
from hwgen.plan.stream.adders import Settings
from hwgen.plan.stream.maps import Map, link_of
from hwgen.plan.stream.segments import Cut, Segment, cut
from hwgen.plan.stream.words import wanted, word_graph

FORK = "hwg_fork"


class Builder:
    """Grows the stages of a design in data-flow order.

    Args:
        graph: what is built.
        settings: of its pipelines.
    """

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self.graph, self.settings = graph, settings
        self.cut: Cut = cut(graph)
        self.inputs = {node.name: identifier(node.name) for node in graph.inputs}
        self.layers = Names(self.inputs.values())  # links between the layers of pipelines
        self.layers.take("valid")
        self.names = Names(self.inputs.values())  # of stages and of links between them
        self.layer_names = {identifier(node.name).lower() for node in graph.nodes}
        self.links: dict[str, Link] = {}
        self.stages: list[Stage] = []
        self.copies: dict[str, list[Map]] = {}  # of every map, those not read yet

    def link(self, link: Link) -> None:
        """Enter a link."""
        assert link.name not in self.links, f"two links named {link.name}"
        self.links[link.name] = link

    def stage(self, stage: Stage) -> None:
        """Enter a stage, under a name of its own."""
        self.stages.append(replace(stage, name=self.names.take(stage.name)))

    def fresh(self, text: str) -> str:
        """Return a name for a link between stages: none of a layer, none that is taken."""
        name = self.names.take(text)
        while name.lower() in self.layer_names:
            name = self.names.take(text)
        return name

    def input(self, node: Node, lanes: int) -> None:
        """Enter a network input."""
        made = Map(self.inputs[node.name], node.type, node.type.fixed, lanes)
        self.link(link_of(made, node.name))
        self.give(node.name, made)

    def give(self, node: str, made: Map) -> None:
        """Hand a map to its readers; several get a copy each."""
        count = self.cut.reads.get(node, 0)
        self.copies[node] = [made]
        if count <= 1:
            return
        copies = [replace(made, link=self.fresh(f"{node}_to{i}")) for i in range(count)]
        for one in copies:
            self.link(link_of(one, node))
        unit = UnitRef(FORK, {"Sinks": count})
        writes = tuple(one.link for one in copies)
        note = f"{count} readers, each at its own pace"
        self.stage(Stage(f"{node}_fork", unit, (made.link,), writes, 1, made.words, note))
        self.copies[node] = copies

    def take(self, node: str) -> Map:
        """Return the words of a node for one reader."""
        kind = self.graph[node].type
        found = self.copies[self.cut.behind(node)].pop(0)
        return found.seen_as(kind)

    def adder_stage(self, segment: Segment) -> None:
        """Enter a segment as adder graphs: a word of its result every cycle."""
        ins = [self.take(name) for name in segment.head.inputs]
        need = wanted(segment, ins)
        assert need.lanes == tuple(one.lanes for one in ins), "converters are to come"
        graph = word_graph(segment, ins, need.window, [one.link for one in ins])
        made = adders.core(graph, self.settings, self.layers)
        for link in made.links:
            self.link(link)
        lanes = graph[graph.outputs[0].node].type.size
        kind = self.graph[segment.name].type
        result = Map(self.fresh(f"{segment.name}_s"), kind, made.fixed, lanes)
        write = link_of(result, segment.name)
        self.link(write)
        note = f"adder graphs, {lanes} elements a word, a word a cycle"
        reads = [one.link for one in ins]
        self.stage(adders.stage(segment.head.name, made, reads, write, note))
        self.give(segment.name, result)

    def outputs(self) -> tuple[Port, ...]:
        """Return the output ports."""
        made = []
        for out in self.graph.outputs:
            one, kind = self.take(out.node), self.graph[out.node].type
            made.append(Port(out.name, kind.shape, one.fixed, out.scale, out.offset, 1, one.link))
        return tuple(made)
