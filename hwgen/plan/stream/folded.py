# SPDX-License-Identifier: Apache-2.0
"""Layers with weights as a folded unit sees them: a matrix at every position."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.tensor import Codes, TensorType
from hwgen.ops.base import Matmul, Windowed
from hwgen.ops.windows import Window
from hwgen.plan.stream.maps import Map
from hwgen.plan.stream.units import Matrix, padded


@dataclass(frozen=True)
class FoldedLayer:
    """Layer with weights, as a matrix at every position.

    Attributes:
        channels: of its input.
        taps: of its windows, 1 where there are none.
        rows: channels out.
        positions: vectors of a sample.
        pixels: of the map that its windows are taken of, what is padded apart included.
        sides: of the input map, its pixels along each axis.
        window: windows that it takes; None where there are none.
        depthwise: whether a channel out is made of one channel in, its own.
    """

    channels: int
    taps: int
    rows: int
    positions: int
    pixels: int
    sides: tuple[int, ...]
    window: Window | None
    depthwise: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input map."""
        return *self.sides, self.channels

    @property
    def columns(self) -> int:
        """Products in one output."""
        return self.taps if self.depthwise else self.channels * self.taps

    def cut(self, pe: int) -> int:
        """Return the words of a sample that leave where *pe* rows a cycle do not divide them."""
        return self.positions * (self.rows // math.gcd(self.rows, pe)) if self.rows % pe else 0

    def entering(self, pe: int, simd: int) -> int:
        """Return the elements of a word that a unit of *pe* rows by *simd* columns takes."""
        return pe * simd if self.depthwise else simd

    def ordered(self, weight: Codes, lanes: int) -> Codes:
        """Return weights as (columns, rows), the columns in the order in which elements travel.

        Args:
            weight: of the layer, its last axis the rows.
            lanes: channels of a group; a window of one group follows that of another.
        """
        if not self.depthwise:
            groups = self.channels // lanes
            weight = weight.reshape(self.taps, groups, lanes, self.rows).transpose(1, 0, 2, 3)
        return weight.reshape(self.columns, self.rows)


def can_fold(node: Node) -> bool:
    """Tell whether a node can be a matrix-vector unit."""
    op = node.op
    return isinstance(op, Matmul) and (op.matrix is not None or op.by_channel is not None)


def columns_of(node: Node, source: TensorType) -> FoldedLayer:
    """Return a dense layer, a convolution or a depthwise one as a folded layer."""
    op, window, taps = node.op, None, 1
    if isinstance(op, Windowed):
        window, taps = (None, 1) if op.window.plain else (op.window, math.prod(op.window.kernel))
    rows = node.type.shape[-1]
    positions = math.prod(node.type.shape[:-1])
    sides = source.shape[:-1]
    pixels = math.prod(sides if window is None else padded(window, sides))
    depthwise = isinstance(op, Matmul) and op.matrix is None
    return FoldedLayer(source.shape[-1], taps, rows, positions, pixels, sides, window, depthwise)


@dataclass(frozen=True)
class Size:
    """Size of a folded unit.

    Attributes:
        pe: rows a cycle.
        simd: columns a cycle.
        lanes: channels of a word of the layer's input.
    """

    pe: int
    simd: int
    lanes: int


def sizes(layer: FoldedLayer, interval: int) -> Iterator[Size]:
    """Yield the sizes of a unit, columns ascending, then rows.

    Rows of a depthwise layer are channels of the input, so that a word of it holds as many.
    """
    if layer.depthwise:
        rows = [pe for pe in range(1, layer.rows + 1) if layer.rows % pe == 0]
        taps = [simd for simd in range(1, layer.columns + 1) if layer.columns % simd == 0]
        yield from (Size(pe, simd, pe) for simd in taps for pe in rows)
        return
    rows = [pe for pe in _fewest(layer.rows) if layer.cut(pe) <= interval]
    for simd in _fewest(layer.columns):
        if lanes := lanes_for(layer, simd, interval):
            yield from (Size(pe, simd, lanes) for pe in rows)


def _fewest(count: int) -> Iterator[int]:
    """Yield, for every number of steps in which *count* can be walked over, the least length."""
    before = 0
    for length in range(1, count + 1):
        steps = -(-count // length)
        if steps != before:
            yield length
        before = steps


def lanes_for(layer: FoldedLayer, simd: int, interval: int) -> int:
    """Return the channels of a word of the input whose windows are cut into words of *simd*.

    The fewest that divide the channels and bring a sample in within *interval* cycles: a window of
    few channels is a short register. Where *simd* divides the columns its words are whole; else the
    last one of a vector is not full, and the elements come in parts that both lengths have. 0 if
    there are none.
    """
    whole = layer.columns % simd == 0
    if layer.window is None:
        lanes = math.gcd(layer.channels, simd)
        return lanes if whole or layer.positions * (layer.columns // lanes) <= interval else 0
    fits = (
        lanes
        for lanes in range(1, layer.channels + 1)
        if layer.channels % lanes == 0
        and layer.pixels * (layer.channels // lanes) <= interval
        and (
            lanes * layer.taps % simd == 0
            if whole
            else layer.positions * (layer.columns // math.gcd(lanes * layer.taps, simd)) <= interval
        )
    )
    return next(fits, 0)


def sum_bits_of(node: Node) -> int:
    """Return the bits of a two's complement word that holds every sum of a layer."""
    low, high = int(node.type.lo.min()), int(node.type.hi.max())
    return max((~low if low < 0 else low).bit_length(), max(high, 0).bit_length()) + 1


def sums_of(node: Node, layer: FoldedLayer, source: Map, lanes: int) -> Matrix:
    """Return the matrix of a layer, its columns in the order in which they travel.

    Args:
        node: the layer.
        layer: of it.
        source: what it reads.
        lanes: channels of a group; a window of one group follows that of another.
    """
    weight = np.asarray(node.op.weight, np.int64)
    return Matrix(
        layer.ordered(weight, lanes),
        np.asarray(node.op.bias, np.int64),
        source.fixed.width,
        source.fixed.signed,
        sum_bits_of(node),
        layer.positions,
        layer.depthwise,
    )
