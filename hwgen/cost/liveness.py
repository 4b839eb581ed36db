# SPDX-License-Identifier: Apache-2.0
"""Liveness of a graph: the elements that an output depends on, and the bit operations of those.

A weight of a neuron that nothing reads is trained, stored and counted, and builds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.cost.matmul import ebops_of
from hwgen.ir.graph import Graph, Node
from hwgen.ops.base import Elementwise, Matmul, Movement, Taps

Mask: TypeAlias = npt.NDArray[np.bool_]


def live(graph: Graph) -> Mapping[str, Mask]:
    """Return of every node which of its elements an output depends on, in the node's shape.

    It never calls an element dead that is read: an operation that is neither a matrix, nor a
    function of one number, nor a movement, counts as reading all of its inputs.
    """
    found = {node.name: np.zeros(node.type.shape, np.bool_) for node in graph.nodes}
    for out in graph.outputs:
        found[out.node][...] = True
    for node in reversed(graph.nodes):
        wanted = found[node.name]
        if not wanted.any():
            continue
        for name, read in zip(node.inputs, _read(graph, node, wanted), strict=True):
            found[name] |= read
    return found


def _read(graph: Graph, node: Node, wanted: Mask) -> list[Mask]:
    """Return which elements of its inputs a node needs for some elements of its own."""
    types = graph.types(node)
    every = [np.ones(t.shape, np.bool_) for t in types]
    match node.op:
        case Elementwise():
            return [wanted]
        case Movement() as op if op.in_order or op.on_word(types[0].shape, 1) is not None:
            return [wanted.reshape(types[0].shape)]
        case Movement() if len(types) == 1:
            # Where each element comes from, told by numbers that are moved; 0 where a rim is added.
            places = np.arange(1, types[0].size + 1).reshape(1, *types[0].shape)
            moved = np.asarray(node.op.run([places]))[0]
            read = np.zeros(types[0].size + 1, np.bool_)
            read[moved[wanted].astype(np.int64)] = True
            return [read[1:].reshape(types[0].shape)]
        case Matmul() as op:
            taps = op.taps(types[0])
            used = (taps.weight != 0) & _outputs(taps, wanted)
            return [every[0] & used.any(axis=(0, 2))]
        case _:
            return every


def _outputs(taps: Taps, wanted: Mask) -> Mask:
    """Return the channels out that are wanted, as axes of a weight that it does not sum over."""
    channels: Mask = wanted.reshape(-1, wanted.shape[-1]).any(axis=0)
    sizes = enumerate(taps.weight.shape)
    return channels.reshape([1 if axis in taps.summed else n for axis, n in sizes])


def live_ebops(graph: Graph) -> int:
    """Return `hwgen.cost.matmul.ebops` of the weights that an output depends on."""
    found = live(graph)
    total = 0
    for node in graph.nodes:
        if isinstance(node.op, Matmul):
            (source,) = graph.types(node)
            taps = node.op.taps(source)
            total += ebops_of(taps, _outputs(taps, found[node.name]))
    return total
