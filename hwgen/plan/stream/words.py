# SPDX-License-Identifier: Apache-2.0
"""Small graphs of what a stage computes of every word, and their pipelines of adder graphs.

A convolution is a matrix on the word of its window, a pool or a depthwise convolution the same
operation on a tensor that is one window. What cannot be said of one word is computed of a whole
tensor in one word, as in the parallel style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.errors import DoesNotFit
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.ops.base import Op, Windowed
from hwgen.ops.input_ import Input
from hwgen.ops.windows import Window
from hwgen.plan.stream.maps import Map
from hwgen.plan.stream.segments import Segment

LARGEST = 1024  # elements of tensors that may travel in one word
OUT = "result"  # name of the output of a small graph


@dataclass(frozen=True)
class Wanted:
    """Words that the head of a segment wants to read.

    Attributes:
        lanes: elements a word, of each input.
        window: windows that are taken of the input first; None where there are none.
    """

    lanes: tuple[int, ...]
    window: Window | None = None


def wanted(segment: Segment, ins: Sequence[Map]) -> Wanted:
    """Return the words that a segment wants to compute one word of its result from.

    A channel's elements stay together: all channels of a position, or a whole tensor.

    Raises:
        DoesNotFit: a tensor is too large to travel in one word.
    """
    op, whole = segment.head.op, tuple(one.type.size for one in ins)
    channels = tuple(one.channels for one in ins)
    if op.at_position([one.type for one in ins]) is not None:
        return Wanted(channels)
    if isinstance(op, Windowed):
        return Wanted(channels, op.window)
    if len(ins) == 1 and op.on_word(segment.head.type.shape, ins[0].lanes) is not None:
        return Wanted((ins[0].lanes,))
    if sum(whole) > LARGEST:
        raise DoesNotFit(
            f"{segment.head.name} ({op.kind}) mixes positions, so that its whole input of "
            f"{sum(whole):,} elements would travel in one word; up to {LARGEST:,} may",
            segment.head.name,
            "build it with --style parallel, or move the operation to where the tensor is small",
        )
    return Wanted(whole)


def word_graph(
    segment: Segment, ins: Sequence[Map], window: Window | None, links: Sequence[str]
) -> Graph:
    """Return the graph that computes one word of a segment from one word of each input.

    Args:
        segment: what to compute.
        ins: maps with the lanes that `wanted` names; its window is not taken yet.
        window: windows that enter instead, all taps of a position in a word.
        links: names of the links that the words are read from.
    """
    whole = all(one.words == 1 for one in ins) and window is None
    pairs = zip(ins, links, strict=True)
    nodes = [_input(one, link, segment.head.op, window, whole) for one, link in pairs]
    types = [node.type for node in nodes]
    head = segment.head
    op = head.op if whole else _on_word(head, ins)
    kind = op.infer(types)
    nodes.append(replace(head, op=op, inputs=tuple(node.name for node in nodes), type=kind))
    for node in segment.tail:
        lanes = kind.size
        op = node.op if whole else _found(node.op.on_word(node.type.shape, lanes), node)
        before, kind = nodes[-1].name, op.infer([kind])
        nodes.append(replace(node, op=op, inputs=(before,), type=kind))
    return Graph(segment.name, tuple(nodes), (Output(OUT, nodes[-1].name, (1.0,)),))


def _input(one: Map, link: str, op: Op, window: Window | None, whole: bool) -> Node:
    word = one.word()
    if whole:  # as the graph has it, each element with its own interval
        word = TensorType(one.type.shape, one.fixed, one.type.lo, one.type.hi)
    elif isinstance(op, Windowed) and window is not None:
        word = _patch(word, op)
    kind = Input(word.shape, word.fixed, word.lo, word.hi)
    return Node(link, kind, (), word)


def _patch(word: TensorType, op: Windowed) -> TensorType:
    """Return the type of a window: every tap is an element, or what stands outside the tensor."""
    low, high = np.asarray(word.lo), np.asarray(word.hi)
    if any(sum(pair) for pair in op.window.padding):
        outside = op.outside(word)
        low, high = np.minimum(low, outside), np.maximum(high, outside)
    shape, taps = op.window_shape(len(low)), (*op.window.kernel, len(low))
    low, high = (np.broadcast_to(bound, taps).reshape(shape) for bound in (low, high))
    return TensorType(shape, word.fixed, low, high)


def _on_word(head: Node, ins: Sequence[Map]) -> Op:
    op = head.op
    found = op.at_position([one.type for one in ins])
    if found is None and isinstance(op, Windowed):
        found = op.on_window()
    return _found(found or op.on_word(head.type.shape, ins[0].lanes), head)


def _found(op: Op | None, node: Node) -> Op:
    assert op is not None, f"{node.name} differs from word to word"
    return op
