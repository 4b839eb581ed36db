# SPDX-License-Identifier: Apache-2.0
"""Random graphs of branches that part and meet again: convolutions, sums, concatenations, pools."""

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
from hwgen.ops.shape import Reshape
from tests.verify.conftest import Layer, make_graph


class _Grown:
    """Grows a graph; every map is one of four unsigned bits."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.layers: list[Layer] = []
        self.size: dict[str, tuple[int, int]] = {}  # of every map: its width, its channels

    def add(self, op: Op, *ins: str) -> str:
        name = f"n{len(self.layers)}"
        self.layers.append((name, op, ins))
        return name

    def four_bits(self, source: str, width: int, channels: int, shift: int) -> str:
        name = self.add(Requantize(shift, 0, 15), source)
        name = self.add(MovePoint(-shift), name) if shift else name
        self.size[name] = width, channels
        return name

    def conv(self, source: str, channels: int, kernel: int, stride: int = 1) -> str:
        width, before = self.size[source]
        weight = self.rng.integers(-7, 8, (kernel, kernel, before, channels))
        around = ((kernel - 1) // 2,) * 2
        op = Conv(weight, self.rng.integers(-9, 10, channels), (stride,) * 2, (around, around))
        width = (width + 2 * around[0] - kernel) // stride + 1
        return self.four_bits(self.add(op, source), width, channels, 4)

    def block(self, source: str, depth: int) -> str:
        """Add a convolution, or branches that meet in a sum or a concatenation."""
        width, channels = self.size[source]
        if depth == 0 or self.rng.random() < 0.3:
            stride = 2 if width >= 6 and self.rng.random() < 0.2 else 1
            channels, kernel = (int(self.rng.choice(few)) for few in ([2, 3, 4], [1, 3, 3]))
            return self.conv(source, channels, kernel, stride)
        long = source
        for _ in range(int(self.rng.integers(1, 4))):
            long = self.conv(long, channels, int(self.rng.choice([1, 3, 5])))
            if depth > 1 and self.rng.random() < 0.3:
                long = self.sum(long, self.conv(long, channels, 3))
        kind = self.rng.random()
        short = source if kind < 0.5 else self.conv(source, channels, int(self.rng.choice([1, 3])))
        if kind > 0.8:
            name = self.add(Concat(-1), long, short)
            self.size[name] = width, 2 * channels
            return name
        return self.sum(long, short)

    def sum(self, a: str, b: str) -> str:
        width, channels = self.size[a]
        return self.four_bits(self.add(Add((1, 1)), a, b), width, channels, 0)


def branchy(seed: int, blocks: int = 3) -> Graph:
    """Return a random graph of some blocks; equal seeds give equal graphs."""
    grown = _Grown(seed)
    width, channels = int(grown.rng.choice([4, 6, 8])), int(grown.rng.choice([1, 2, 3]))
    x = grown.add(Input.of((width, width, channels), Fixed(4, 0)))
    grown.size[x] = width, channels
    for _ in range(blocks):
        x = grown.block(x, 2)
    width, channels = grown.size[x]
    if width >= 4 and grown.rng.random() < 0.5:
        x, width = grown.add(MaxPool((2, 2)), x), width // 2
    flat = grown.add(Reshape((width * width * channels,)), x)
    weight = grown.rng.integers(-7, 8, (width * width * channels, 3))
    end = grown.add(Dense(weight, np.zeros(3, np.int64)), flat)
    return make_graph("net", grown.layers, [end])
