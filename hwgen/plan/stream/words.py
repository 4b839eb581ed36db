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
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv
from hwgen.ops.edge_tables import EdgeTables
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add, Concat, Maximum, Multiply
from hwgen.ops.pool import MaxPool, SumPool
from hwgen.ops.windows import Window
from hwgen.plan.stream.maps import Map, on_words
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
    if isinstance(op, Conv) and op.window.plain:
        return Wanted(channels)
    if isinstance(op, Conv | DepthwiseConv | MaxPool | SumPool):
        return Wanted(channels, op.window)
    if isinstance(op, Dense | EdgeTables):
        return Wanted(channels)
    alike = len({one.type.shape for one in ins}) == 1
    if isinstance(op, Add | Maximum | Multiply) and alike:
        return Wanted(channels)
    if isinstance(op, Concat) and op.axis in (-1, len(ins[0].type.shape) - 1):
        return Wanted(channels)
    if len(ins) == 1 and on_words(op, segment.head.type.shape, ins[0].lanes) is not None:
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
        op = node.op if whole else on_words(node.op, node.type.shape, lanes)
        assert op is not None, f"{node.name} differs from word to word"
        before, kind = nodes[-1].name, op.infer([kind])
        nodes.append(replace(node, op=op, inputs=(before,), type=kind))
    return Graph(segment.name, tuple(nodes), (Output(OUT, nodes[-1].name, (1.0,)),))


def _input(one: Map, link: str, op: Op, window: Window | None, whole: bool) -> Node:
    word = one.word()
    if whole:  # as the graph has it, each element with its own interval
        word = TensorType(one.type.shape, one.fixed, one.type.lo, one.type.hi)
    elif window is not None:
        word = _patch(word, op, window)
    kind = Input(word.shape, word.fixed, word.lo, word.hi)
    return Node(link, kind, (), word)


def _patch(word: TensorType, op: Op, window: Window) -> TensorType:
    """Return the type of a window: every tap is an element, or what stands outside the tensor."""
    low, high = np.asarray(word.lo), np.asarray(word.hi)
    if any(sum(pair) for pair in window.padding):
        outside = outside_of(op, word)
        low, high = np.minimum(low, outside), np.maximum(high, outside)
    shape = (*window.kernel, len(low))
    if isinstance(op, Conv):
        shape = (int(np.prod(shape)),)
        low, high = (np.tile(bound, shape[0] // len(bound)) for bound in (low, high))
    else:
        low, high = (np.broadcast_to(bound, shape) for bound in (low, high))
    return TensorType(shape, word.fixed, low, high)


def outside_of(op: Op, word: TensorType) -> int:
    """Return the code that stands outside the tensor: nothing in a sum, no winner of a maximum."""
    return int(word.lo.min()) if isinstance(op, MaxPool) else 0


def _on_word(head: Node, ins: Sequence[Map]) -> Op:
    op = head.op
    if isinstance(op, Conv):
        return Dense(op.matrix, op.bias, op.frac)
    if isinstance(op, DepthwiseConv):
        return op.changed(strides=(), padding=(), dilation=())
    if isinstance(op, MaxPool | SumPool):
        return op.changed(strides=(), padding=())
    if isinstance(op, Dense | EdgeTables | Add | Maximum | Multiply):
        return op
    if isinstance(op, Concat):
        return Concat(-1)
    found = on_words(op, head.type.shape, ins[0].lanes)
    assert found is not None, f"{head.name} differs from word to word"
    return found
