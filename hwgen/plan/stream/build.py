# SPDX-License-Identifier: Apache-2.0
"""Stages and links of a stream design, put together segment by segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from hwgen.design.types import Link, Port, Stage, UnitRef
from hwgen.errors import count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node
from hwgen.ir.names import Names, identifier
from hwgen.ops.base import Windowed
from hwgen.ops.pool import Pool
from hwgen.ops.windows import Window
from hwgen.plan.stream import adders, stairs, units
from hwgen.plan.stream.adders import Settings
from hwgen.plan.stream.binary import as_bits, signs_of, step_of, unit_of
from hwgen.plan.stream.folded import FoldedLayer, columns_of, sums_of
from hwgen.plan.stream.maps import Map, link_of, stream_link
from hwgen.plan.stream.moves import common, extended, moved, walk_of
from hwgen.plan.stream.segments import Cut, Segment
from hwgen.plan.stream.units import Facts, Fold
from hwgen.plan.stream.ways import alike_behind
from hwgen.plan.stream.words import wanted, word_graph

FORK = "hwg_fork"


class Builder:
    """Grows the stages of a design in data-flow order.

    Args:
        graph: what is built.
        parts: its segments.
        settings: of its pipelines.
    """

    def __init__(self, graph: Graph, parts: Cut, settings: Settings) -> None:
        self.graph, self.cut, self.settings = graph, parts, settings
        self.inputs = {node.name: identifier(node.name) for node in graph.inputs}
        self.layers = Names(self.inputs.values())  # links between the layers of pipelines
        self.layers.take("valid")
        self.names = Names(self.inputs.values())  # of stages and of links between them
        self.layer_names = {identifier(node.name).lower() for node in graph.nodes}
        self.links: dict[str, Link] = {}
        self.stages: list[Stage] = []
        self.copies: dict[str, list[Map]] = {}  # of every map, those not read yet

    # -------------------------------------------------------------- links and stages

    def link(self, link: Link) -> str:
        """Enter a link, and return its name."""
        assert link.name not in self.links, f"two links named {link.name}"
        self.links[link.name] = link
        return link.name

    def stage(self, stage: Stage) -> None:
        """Enter a stage, under a name of its own."""
        self.stages.append(replace(stage, name=self.names.take(stage.name)))

    def fresh(self, text: str) -> str:
        """Return a name for a link between stages: none of a layer, none that is taken."""
        name = self.names.take(text)
        while name.lower() in self.layer_names:
            name = self.names.take(text)
        return name

    def unit(self, name: str, facts: Facts, read: str | tuple[str, ...], write: Link) -> str:
        """Enter a unit with a link in, or several, and one out, and return the name of that."""
        self.link(write)
        self.stage(
            Stage(
                name,
                facts.unit,
                read if isinstance(read, tuple) else (read,),
                (write.name,),
                facts.latency,
                facts.interval,
                facts.note,
            )
        )
        return write.name

    # -------------------------------------------------------------- maps and their readers

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

    def with_lanes(self, source: Map, lanes: int, name: str) -> Map:
        """Return the same elements, other many a word, through converters.

        Args:
            source: the map.
            lanes: wanted.
            name: of the stage that reads them.
        """
        for step in units.conversion(source.lanes, lanes):
            facts = units.converter(source.fixed.width, source.lanes, source.words, step)
            made = replace(source, link=self.fresh(f"{name}_x{step}"), lanes=step)
            self.unit(f"{name}_to{step}", facts, source.link, link_of(made, name))
            source = made
        return source

    # -------------------------------------------------------------- what is built

    def adder_stage(self, segment: Segment, lanes: int) -> None:
        """Enter a segment as adder graphs: a word of its result every cycle.

        Args:
            segment: what to build.
            lanes: elements of a word that it reads, where it would take any.
        """
        name = segment.head.name
        ins = [self.take(source) for source in segment.head.inputs]
        if len(ins) == 1 and segment.head.op.on_word(segment.head.type.shape, lanes) is not None:
            ins = [self.with_lanes(ins[0], lanes, name)]
        need = wanted(segment, ins)
        pairs = zip(ins, need.lanes, strict=True)
        ins = [self.with_lanes(one, each, name) for one, each in pairs]
        reads = [one.link for one in ins]
        if need.window is not None and not need.window.plain:
            reads = [self.windows(segment, ins[0], need.window)]
        graph = word_graph(segment, ins, need.window, reads)
        self.give(segment.name, self.core(graph, segment, reads, segment.name))

    def core(self, graph: Graph, segment: Segment, reads: Sequence[str], node: str) -> Map:
        """Enter a pipeline that computes a small graph, and return what it writes."""
        made = adders.core(graph, self.settings, self.layers)
        for link in made.links:
            self.link(link)
        lanes = graph[graph.outputs[0].node].type.size
        result = Map(self.fresh(f"{node}_s"), self.graph[node].type, made.fixed, lanes)
        write = link_of(result, node)
        self.link(write)
        note = f"adder graphs, {count_of(lanes, 'element')} a word, a word a cycle"
        self.stage(adders.stage(graph.nodes[len(reads)].name, made, reads, write, note))
        return result

    def pool_stage(self, segment: Segment, lanes: int) -> None:
        """Enter a pool of blocks, *lanes* channels a word, its functions behind it."""
        head, name = segment.head, segment.head.name
        source = self.with_lanes(self.take(head.inputs[0]), lanes, name)
        assert isinstance(head.op, Pool)
        sums, (*rows, columns) = head.op.sums, head.op.pool
        block = (*rows, 1)[0], columns
        fixed = source.fixed
        if sums:
            peak = max(head.type.peak, 1).bit_length() + int(fixed.signed)
            fixed = Fixed(max(fixed.width, peak), head.type.frac, fixed.signed)
        facts = units.pool(self._plane(source), block, sums, fixed.signed, fixed.width)
        made = Map(self.fresh(f"{name}_blocks"), head.type, fixed, source.lanes)
        self.unit(name, facts, source.link, link_of(made, name))
        self.give(segment.name, self.functions(segment, made))

    def move_stage(self, segment: Segment, lanes: int) -> None:
        """Enter a unit that moves words of *lanes* elements, its functions behind it."""
        head, name = segment.head, segment.head.name
        ins = [self.with_lanes(self.take(i), lanes, name) for i in head.inputs]
        walk = walk_of(head, [one.type for one in ins])
        assert walk is not None, f"{name} is no walk"
        fixed = replace(common([one.fixed for one in ins]), frac=head.type.frac)
        reads = tuple(self.in_format(one, fixed, name).link for one in ins)
        made = Map(self.fresh(f"{name}_moved"), head.type, fixed, lanes)
        self.unit(name, moved(walk, fixed.width, lanes), reads, link_of(made, name))
        self.give(segment.name, self.functions(segment, made))

    def in_format(self, source: Map, fixed: Fixed, name: str) -> Map:
        """Return the same elements in a wider format, for the stage of some name."""
        if source.fixed.width == fixed.width:
            return source
        made = replace(source, link=self.fresh(f"{name}_wide"), fixed=fixed)
        facts = extended(source.fixed, fixed, source.lanes, source.words)
        self.unit(f"{name}_extend", facts, source.link, link_of(made, name))
        return made

    def _plane(self, source: Map) -> units.Plane:
        return units.Plane.of(source.type.shape, source.lanes, source.fixed.width)

    def windows(self, segment: Segment, source: Map, taken: Window, bits: bool = False) -> str:
        """Enter what makes windows and return its link: all taps of a position in a word.

        With *bits* elements are bits, 0 beside the map.
        """
        name = segment.head.name
        assert isinstance(segment.head.op, Windowed)
        outside = 0 if bits else segment.head.op.outside(source.word())
        label, read = f"windows of {segment.head.inputs[0]}", source.link
        for facts in units.windows(self._plane(source), taken, outside):
            what = facts.unit.unit.removeprefix("hwg_")  # a unit that pads, and the generator
            link = self._lanes(f"{name}_{what}s", label, source.fixed, facts)
            read = self.unit(f"{name}_{what}", facts, read, link)
        return read

    def _lanes(self, name: str, label: str, fixed: Fixed, facts: Facts) -> Link:
        """Return a link of words whose elements have one format."""
        return stream_link(
            self.fresh(name), label, fixed.width, fixed.signed, facts.lanes, facts.words
        )

    def folded_stage(self, segment: Segment, fold: Fold, lanes: int) -> None:
        """Enter a layer with weights as a matrix-vector unit, its functions behind it.

        Args:
            segment: the layer and its functions.
            fold: of the unit.
            lanes: channels of a word of the input.
        """
        head, name = segment.head, segment.head.name
        source = self.take(head.inputs[0])
        layer = columns_of(head, source.type)
        source = self.with_lanes(source, lanes, name)
        read = self._columns(segment, layer, source, layer.entering(fold.pe, fold.simd))
        matrix = sums_of(head, layer, source, lanes)
        facts = units.matvec(matrix, fold)
        fixed = Fixed(matrix.sum_bits, head.type.frac, True)
        sums = self.unit(name, facts, read, self._lanes(f"{name}_sums", name, fixed, facts))
        made = Map(sums, head.type, fixed, fold.pe)
        if layer.rows % fold.pe:  # the last word of a vector is not full
            common = math.gcd(layer.rows, fold.pe)
            facts = units.converter(fixed.width, fold.pe, facts.words, common, layer.rows)
            made = replace(made, link=self.fresh(f"{name}_x{common}"), lanes=common)
            self.unit(f"{name}_cut", facts, sums, link_of(made, name))
        self.give(segment.name, self.sums(segment, made))

    def _columns(
        self, segment: Segment, layer: FoldedLayer, source: Map, entering: int, bits: bool = False
    ) -> str:
        """Enter what brings a layer its columns, *entering* elements a word, and return its link.

        Args:
            segment: with the layer.
            layer: of it.
            source: map, in words of some channels.
            entering: elements of a word that the layer's unit takes.
            bits: whether elements are bits, 0 beside the map.
        """
        name, read, wide = segment.head.name, source.link, source.lanes
        if layer.window is not None:
            read = self.windows(segment, source, layer.window, bits)
            wide = source.lanes * layer.taps
        words = layer.positions * layer.channels * layer.taps // wide
        vector = 0 if layer.depthwise or layer.columns % entering == 0 else layer.columns
        for step in units.conversion(wide, entering):
            facts = units.converter(source.fixed.width, wide, words, step, vector)
            link = self._lanes(f"{name}_x{step}", f"columns of {name}", source.fixed, facts)
            read, wide, words = self.unit(f"{name}_to{step}", facts, read, link), step, facts.words
        return read

    def binary_stage(self, segment: Segment, fold: Fold, lanes: int, bits: bool) -> None:
        """Enter a layer of signs as a binary unit.

        Args:
            segment: the layer and its functions.
            fold: of the unit.
            lanes: channels of a word of the input, whose elements are bits.
            bits: whether what leaves is bits as well.
        """
        head, name = segment.head, segment.head.name
        source = self.take(head.inputs[0])
        layer = columns_of(head, source.type)
        source = self.with_lanes(source, lanes, name)
        read = self._columns(segment, layer, source, fold.simd, bits=True)
        step = step_of(segment) if bits else None
        sum_bits = sums_of(head, layer, source, lanes).sum_bits
        signs = signs_of(head, layer, lanes, step, sum_bits)
        fixed = Fixed(1, 0) if step else Fixed(signs.sum_bits, head.type.frac, True)
        made = Map(self.fresh(f"{name}_sums"), head.type, fixed, fold.pe)
        self.unit(name, unit_of(signs, fold), read, link_of(made, name))
        if step:
            self.give(segment.name, replace(made, type=segment.tail[0].type))
        else:
            rest = as_bits(segment) if bits else segment
            self.give(segment.name, self.sums(rest, made))

    def sums(self, segment: Segment, made: Map) -> Map:
        """Enter the functions behind the sums of a folded layer, steps by channel as a unit."""
        if not stairs.takes(segment, made.lanes):
            return self.functions(segment, made)
        first, *others = segment.tail
        steps = Map(self.fresh(f"{first.name}_s"), first.type, first.type.fixed, made.lanes)
        self.unit(first.name, stairs.stairs(first, made), made.link, link_of(steps, first.name))
        return self.functions(Segment(first, tuple(others)), steps)

    def functions(self, segment: Segment, made: Map) -> Map:
        """Enter the functions behind a unit; on whole positions where channels differ."""
        if not segment.tail:
            return made
        if not alike_behind(segment, made.lanes):
            made = self.with_lanes(made, made.channels, segment.head.name)
        rest = Segment(segment.tail[0], segment.tail[1:])
        graph = word_graph(rest, [made], None, [made.link])
        return self.core(graph, rest, [made.link], segment.name)

    def outputs(self) -> tuple[Port, ...]:
        """Return the output ports."""
        made = []
        for out in self.graph.outputs:
            one, kind = self.take(out.node), self.graph[out.node].type
            made.append(Port(out.name, kind.shape, one.fixed, out.scale, out.offset, 1, one.link))
        return tuple(made)
