# SPDX-License-Identifier: Apache-2.0
"""Folding: the exact choice beside FINN's greedy walk, at equal interval and by one cost formula.

The walk is that of FINN's ``SetFolding``: columns a cycle over divisors until the target is met or
a row's weight word is longer than 36 bits, then rows a cycle over divisors; a target is met where
the cycles are below it. A second pass takes the slowest layer of the first as its target. Every
case is folded twice: with products in tables, and with tables or DSP blocks (two products in one
where that is exact), where the walk takes the same for all layers, whichever is less.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

import numpy as np

from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.base import Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add
from hwgen.ops.movepoint import MovePoint
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import Reshape
from hwgen.plan.stream.choose import picked
from hwgen.plan.stream.segments import Cut, Segment, cut
from hwgen.plan.stream.ways import Choice, Fabric, choices, conversion_cost, worth
from tests.verify.conftest import Layer, make_graph

BAR, SECONDS = 0.87, 1.0  # mean area beside the walk's, and the longest time of a choice
BLOCK = 27, 18  # operands of a DSP block
WORD = 36  # bits of weights of a row, the most in the walk
TARGETS = (300_000, 50_000, 20_000, 10_000)


class Net:
    """Grows a network of convolutions whose maps have some unsigned bits."""

    def __init__(self, width: int, channels: int, bits: int) -> None:
        self.rng, self.bits = np.random.default_rng(0), bits
        self.layers: list[Layer] = []
        self.shape, self.flat = (width, channels), False
        self.last = self._add(Input.of((width, width, channels), Fixed(bits, 0)))

    def _add(self, op: Op, *ins: str) -> str:
        name = f"n{len(self.layers)}"
        self.layers.append((name, op, ins))
        return name

    def rounded(self, source: str, shift: int) -> str:
        made = self._add(Requantize(shift, 0, (1 << self.bits) - 1), source)
        return self._add(MovePoint(-shift), made) if shift else made

    def conv(self, channels: int, kernel: int, stride: int = 1, w_bits: int = 8) -> Net:
        width, before = self.shape
        weight = self._weights(w_bits, kernel, kernel, before, channels)
        pad = (kernel - 1) // 2
        around = ((pad, pad),) * 2
        op = Conv(weight, np.zeros(channels, np.int64), (stride, stride), around)
        self.last = self.rounded(self._add(op, self.last), w_bits)
        self.shape = (width + 2 * pad - kernel) // stride + 1, channels
        return self

    @classmethod
    def row(cls, length: int, channels: int, bits: int) -> Net:
        """Return a network whose maps have one axis."""
        net = cls(length, channels, bits)
        net.layers, net.flat = [], True
        net.last = net._add(Input.of((length, channels), Fixed(bits, 0)))
        return net

    def causal(self, channels: int, kernel: int, stride: int = 1, w_bits: int = 6) -> Net:
        """Add a convolution over one axis that sees what has been alone."""
        length, before = self.shape
        weight = self._weights(w_bits, kernel, before, channels)
        op = Conv(weight, np.zeros(channels, np.int64), (stride,), ((kernel - 1, 0),))
        self.last = self.rounded(self._add(op, self.last), w_bits)
        self.shape = (length - 1) // stride + 1, channels
        return self

    def depthwise(self, kernel: int, stride: int) -> Net:
        width, channels = self.shape
        weight = self._weights(8, kernel, kernel, channels, 1)
        pad = (kernel - 1) // 2
        op = DepthwiseConv(weight, np.zeros(channels, np.int64), (stride,) * 2, ((pad, pad),) * 2)
        self.last = self.rounded(self._add(op, self.last), 8)
        self.shape = (width + 2 * pad - kernel) // stride + 1, channels
        return self

    def residual(self, channels: int, stride: int) -> Net:
        start, shape = self.last, self.shape
        self.conv(channels, 3, stride).conv(channels, 3)
        end, made = self.last, self.shape
        if stride > 1 or shape[1] != channels:
            self.last, self.shape = start, shape
            start = self.conv(channels, 1, stride).last
        self.last, self.shape = self.rounded(self._add(Add((1, 1)), end, start), 0), made
        return self

    def dense(self, rows: int, w_bits: int = 8) -> Net:
        width, channels = self.shape
        if width:
            size = math.prod(self.maps()) * channels
            self.last = self._add(Reshape((size,)), self.last)
        else:
            size = channels
        op = Dense(self._weights(w_bits, size, rows), np.zeros(rows, np.int64))
        self.last = self.rounded(self._add(op, self.last), w_bits)
        self.shape = 0, rows
        return self

    def maps(self) -> tuple[int, ...]:
        """Return the sides of the map that is there."""
        return (self.shape[0],) * (1 if self.flat else 2)

    def _weights(self, bits: int, *shape: int) -> np.ndarray:
        half = 1 << (bits - 1)
        return self.rng.integers(-half, half, shape)

    def graph(self) -> Graph:
        return make_graph("net", self.layers, [self.last])


def nets() -> dict[str, Graph]:
    """Return the five networks: real shapes, random weights."""
    rn06 = Net(32, 3, 8).conv(32, 3, 4).conv(32, 3, 1, 7).conv(32, 3, 1, 5).dense(10, 6)
    resnet8 = Net(32, 3, 8).conv(16, 3)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        resnet8.residual(channels, stride)
    vgg = Net(32, 3, 4)
    for channels, stride in ((32, 1), (32, 2), (64, 1), (64, 2), (128, 1), (128, 2)):
        vgg.conv(channels, 3, stride, 4)
    mobile = Net(48, 3, 8).conv(8, 3, 2)
    for channels, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1)):
        mobile.depthwise(3, stride).conv(channels, 1)
    rng = np.random.default_rng(0)
    mixed = Net(32, 3, 8)
    for i in range(12):
        wide, kernel, bits = (
            int(rng.choice(few)) for few in ([12, 20, 28, 36, 48], [1, 3, 3], [4, 6, 8])
        )
        mixed.conv(wide, kernel, 2 if i in (3, 7) else 1, bits)
    return {
        "RN06": rn06.graph(),
        "ResNet-8": resnet8.dense(10).graph(),
        "VGG-like, 4 bit": vgg.dense(128, 4).dense(10, 4).graph(),
        "MobileNetV1-0.25, 48 px": mobile.dense(2).graph(),
        "mixed, 12 layers": mixed.graph(),
    }


def walk(
    ways: Mapping[str, Sequence[Choice]],
    weight_bits: Mapping[str, int],
    target: int,
    blocks: bool,
) -> dict[str, Choice]:
    """Return the greedy walk's folding of every layer that can fold, by divisors of its matrix."""
    took: dict[str, Choice] = {}
    for passes in range(2):
        for name, every in ways.items():
            own = [c for c in every if c.fold is not None and (c.fold.dsp > 0) == blocks]
            if not own:
                continue
            rows = max(c.fold.pe for c in own if c.fold)
            columns = max(c.fold.simd for c in own if c.fold)
            folds = [
                c for c in own if c.fold and not rows % c.fold.pe and not columns % c.fold.simd
            ]
            took[name] = _walked(folds, weight_bits[name], target)
        worst = max(c.interval for c in took.values())
        if worst <= target or passes:
            break
        target = worst
    return took


def _walked(folds: Sequence[Choice], bits: int, target: int) -> Choice:
    by: dict[tuple[int, int], Choice] = {}
    for choice in sorted(folds, key=lambda c: -c.cost):
        assert choice.fold is not None
        by[choice.fold.pe, choice.fold.simd] = choice  # of two memories the cheaper one
    simds, pes = (sorted({way[i] for way in by}) for i in (1, 0))
    simd = simds[0]
    for simd in simds:
        if by[1, simd].interval < target:
            break
        if bits * simd > WORD:
            simd = max([s for s in simds if bits * s <= WORD], default=simds[0])
            break
    for pe in pes:
        if by[pe, simd].interval < target:
            break
    return by[pe, simd]


def area(graph: Graph, parts: Cut, ways: Mapping[str, Sequence[Choice]], limit: int) -> float:
    """Return the least area of some ways at an interval, converters included."""
    found = picked(graph, parts, ways, limit)
    leaving = {name: choice.leaving for name, choice in found.choices.items()} | dict(found.inputs)
    whole = sum(choice.cost for choice in found.choices.values())
    for segment in parts.segments:
        for source in segment.head.inputs:
            bits = graph[source].type.fixed.width
            lanes = found.choices[segment.name].lanes
            whole += worth(conversion_cost(bits, leaving[parts.behind(source)], lanes))
    return whole


def _folds(every: Sequence[Choice], blocks: bool) -> list[Choice]:
    own = [c for c in every if c.fold is not None and (blocks or c.fold.dsp == 0)]
    return own or list(every)


def _bits(segment: Segment) -> int:
    weight = getattr(segment.head.op, "weight", None)
    return 1 if weight is None else int(np.abs(weight).max()).bit_length() + 1


class _Case:
    """A network at a target: what the walk takes and what the exact choice does."""

    def __init__(self, graph: Graph, target: int) -> None:
        self.graph, self.parts = graph, cut(graph)
        self.ways = {
            s.name: list(choices(graph, self.parts, s, target, Fabric(BLOCK)))
            for s in self.parts.segments
        }
        bits = {segment.name: _bits(segment) for segment in self.parts.segments}
        walks = {blocks: walk(self.ways, bits, target, blocks) for blocks in (False, True)}
        self.limit = max(target, *(choice.interval for choice in walks[False].values()))
        self.walked = {blocks: self._walked(took) for blocks, took in walks.items()}
        self.seconds = 0.0

    def _walked(self, took: Mapping[str, Choice]) -> float:
        fixed = {n: [took[n]] if n in took else every for n, every in self.ways.items()}
        return area(self.graph, self.parts, fixed, 1 << 40)

    def exact(self, blocks: bool) -> float:
        """Return the least area of folded layers, DSP blocks allowed or not."""
        folds = {n: _folds(every, blocks) for n, every in self.ways.items()}
        began = time.process_time()
        found = area(self.graph, self.parts, folds, self.limit)
        self.seconds = max(self.seconds, time.process_time() - began)
        return found


def main() -> tuple[list[str], bool]:
    """Print the comparison; return its lines, and whether the bars are held."""
    lines = [
        "| network | interval | products | walk | exact | exact over walk |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    ratios: dict[bool, list[float]] = {False: [], True: []}
    slowest = 0.0
    for name, graph in nets().items():
        seen: set[int] = set()
        for target in TARGETS:
            case = _Case(graph, target)
            if case.limit in seen:  # no shorter one can be walked to
                continue
            seen.add(case.limit)
            for blocks in (False, True):
                theirs = min(case.walked.values()) if blocks else case.walked[False]
                ours = case.exact(blocks)
                ratios[blocks].append(ours / theirs)
                lines.append(
                    f"| {name} | {case.limit:,} | {'any' if blocks else 'tables'} | {theirs:,.0f} "
                    f"| {ours:,.0f} | {ours / theirs:.2f} |"
                )
                print(lines[-1], flush=True)
            slowest = max(slowest, case.seconds)
    tables, anything, mean = (
        float(np.exp(np.mean(np.log(some))))
        for some in (ratios[False], ratios[True], ratios[False] + ratios[True])
    )
    told = (
        f"Mean area {mean:.3f} of the walk's, bar {BAR}: {tables:.3f} with products in tables, "
        f"{anything:.3f} where both may use DSP blocks."
    )
    lines += ["", told]
    print(told)
    print(f"slowest choice {slowest:.2f} CPU seconds, bar {SECONDS:g}")
    return lines, mean <= BAR and slowest <= SECONDS
