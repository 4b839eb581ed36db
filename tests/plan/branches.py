# SPDX-License-Identifier: Apache-2.0
"""Random graphs of branches that part and meet again: convolutions, sums, concatenations, pools.

Some maps are joined along their rows or columns, in formats that differ; some are pooled and
enlarged again beside what they come from, as in a U-Net; some are turned.
"""

from __future__ import annotations

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add, Concat
from hwgen.ops.movepoint import MovePoint
from hwgen.ops.pool import MaxPool
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import Permute, Reshape, Upsample
from tests.verify.conftest import Layer, make_graph


class _Grown:
    """Grows a graph; every map is one of four unsigned bits."""

    def __init__(self, seed: int) -> None:
        self.rng, self.more = np.random.default_rng(seed), np.random.default_rng([seed, 1])
        self.layers: list[Layer] = []
        self.size: dict[str, tuple[int, int, int]] = {}  # of every map: rows, columns, channels

    def add(self, op: Op, *ins: str) -> str:
        name = f"n{len(self.layers)}"
        self.layers.append((name, op, ins))
        return name

    def four_bits(self, source: str, size: tuple[int, int, int], shift: int) -> str:
        name = self.add(Requantize(shift, 0, 15), source)
        name = self.add(MovePoint(-shift), name) if shift else name
        self.size[name] = size
        return name

    def conv(self, source: str, channels: int, kernel: int, stride: int = 1) -> str:
        *sides, before = self.size[source]
        weight = self.rng.integers(-7, 8, (kernel, kernel, before, channels))
        around = ((kernel - 1) // 2,) * 2
        op = Conv(weight, self.rng.integers(-9, 10, channels), (stride,) * 2, (around, around))
        high, wide = ((side + 2 * around[0] - kernel) // stride + 1 for side in sides)
        return self.four_bits(self.add(op, source), (high, wide, channels), 4)

    def block(self, source: str, depth: int) -> str:
        """Add a convolution, or branches that meet in a sum or a concatenation."""
        high, wide, channels = self.size[source]
        if self.more.random() < 0.15:
            source = self.add(Permute((1, 0, 2)), source)
            self.size[source] = high, wide, channels = wide, high, channels
        if depth == 0 or self.rng.random() < 0.3:
            stride = 2 if min(high, wide) >= 6 and self.rng.random() < 0.2 else 1
            channels, kernel = (int(self.rng.choice(few)) for few in ([2, 3, 4], [1, 3, 3]))
            return self.conv(source, channels, kernel, stride)
        if high % 2 == wide % 2 == 0 and self.more.random() < 0.2:
            return self.around(source)
        long = source
        for _ in range(int(self.rng.integers(1, 4))):
            long = self.conv(long, channels, int(self.rng.choice([1, 3, 5])))
            if depth > 1 and self.rng.random() < 0.3:
                long = self.sum(long, self.conv(long, channels, 3))
        kind = self.rng.random()
        short = source if kind < 0.5 else self.conv(source, channels, int(self.rng.choice([1, 3])))
        if kind > 0.8:
            axis = int(self.more.integers(3))
            return self.joined(long, short, 2 if high * wide >= 128 else axis)
        return self.sum(long, short)

    def joined(self, a: str, b: str, axis: int) -> str:
        """Add a concatenation; the second map may be in a narrower format."""
        size, other = list(self.size[a]), self.size[b]
        if self.more.random() < 0.5:
            b = self.add(Requantize(0, 0, 3), b)
        name = self.add(Concat(axis), a, b)
        size[axis] += other[axis]
        self.size[name] = size[0], size[1], size[2]
        return name

    def around(self, source: str) -> str:
        """Add a way over a map of half the size, beside the way past it."""
        high, wide, channels = self.size[source]
        small = self.add(MaxPool((2, 2)), source)
        self.size[small] = high // 2, wide // 2, channels
        small = self.conv(small, channels, 3)
        large = self.add(Upsample((2, 2)), small)
        self.size[large] = high, wide, channels
        return self.joined(large, source, 2)

    def sum(self, a: str, b: str) -> str:
        return self.four_bits(self.add(Add((1, 1)), a, b), self.size[a], 0)


def branchy(seed: int, blocks: int = 3) -> Graph:
    """Return a random graph of some blocks; equal seeds give equal graphs."""
    grown = _Grown(seed)
    width, channels = int(grown.rng.choice([4, 6, 8])), int(grown.rng.choice([1, 2, 3]))
    x = grown.add(Input.of((width, width, channels), Fixed(4, 0)))
    grown.size[x] = width, width, channels
    for _ in range(blocks):
        x = grown.block(x, 2)
    high, wide, channels = grown.size[x]
    if min(high, wide) >= 4 and grown.rng.random() < 0.5:
        x, high, wide = grown.add(MaxPool((2, 2)), x), high // 2, wide // 2
    flat = grown.add(Reshape((high * wide * channels,)), x)
    weight = grown.rng.integers(-7, 8, (high * wide * channels, 3))
    end = grown.add(Dense(weight, np.zeros(3, np.int64)), flat)
    return make_graph("net", grown.layers, [end])
