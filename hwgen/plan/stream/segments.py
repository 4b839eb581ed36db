# SPDX-License-Identifier: Apache-2.0
"""Segments: parts of a graph that become stages of a stream design, with what they read.

A segment is an operation and the functions of one number behind it, as long as nobody else reads
what lies between. Reshaping is no segment: row-major words stay as they are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from hwgen.ir.graph import Graph, Node
from hwgen.ops.base import Movement
from hwgen.ops.input_ import Input


@dataclass(frozen=True)
class Segment:
    """Part of a graph.

    Attributes:
        head: operation that it begins with.
        tail: functions of one number behind it, in order; each acts alike on every position.
    """

    head: Node
    tail: tuple[Node, ...] = ()

    @property
    def name(self) -> str:
        """Name of the node that leaves."""
        return self.nodes[-1].name

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, in order."""
        return (self.head, *self.tail)


@dataclass(frozen=True)
class Cut:
    """A graph cut into segments.

    Attributes:
        segments: in order.
        source: by name of a node that is no segment's end, the node whose words it is.
        reads: how often each map is read, by segments and by outputs of the network.
    """

    segments: tuple[Segment, ...]
    source: dict[str, str]
    reads: dict[str, int]

    def behind(self, name: str) -> str:
        """Return the input or segment whose words a node is."""
        while name in self.source:
            name = self.source[name]
        return name


def cut(graph: Graph) -> Cut:
    """Return the segments of a graph."""
    readers = Counter(source for node in graph.nodes for source in node.inputs)
    readers.update(out.node for out in graph.outputs)
    ends: dict[str, Segment] = {}
    source: dict[str, str] = {}
    for node in graph.nodes:
        if isinstance(node.op, Input):
            continue
        if isinstance(node.op, Movement) and node.op.in_order:
            source[node.name] = node.inputs[0]
            continue
        before = node.inputs[0]
        if before in ends and readers[before] == 1 and _joins(graph, ends[before].head, node):
            grown = ends.pop(before)
            ends[node.name] = replace(grown, tail=(*grown.tail, node))
        else:
            ends[node.name] = Segment(node)
    made = Cut(tuple(ends.values()), source, {})
    made.reads.update(
        Counter(
            made.behind(name)
            for name in (
                *(i for segment in made.segments for i in segment.head.inputs),
                *(out.node for out in graph.outputs),
            )
        )
    )
    return made


def _joins(graph: Graph, head: Node, node: Node) -> bool:
    """Tell whether a node can stand behind another, and what is behind that, in one stage."""
    shape, types = node.type.shape, graph.types(head)
    lanes = shape[-1] if shape else 1
    if head.op.at_position(types) is not None:  # which may leave fewer elements than an axis has
        lanes = head.type.size * types[0].shape[-1] // types[0].size
    return len(node.inputs) == 1 and node.op.on_word(shape, lanes) is not None
