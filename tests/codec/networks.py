# SPDX-License-Identifier: Apache-2.0
"""A small convolutional network in integers, with smooth pictures to feed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from hwgen.codec.plan import MapCoding
from hwgen.codec.statistics import METHODS, Basis, token_counts
from hwgen.codec.tables import Tables
from hwgen.codec.transform import Transform
from hwgen.codec.wire import Coder, Grid, Ints
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import Codes
from hwgen.ops import Conv, Dense, Input, Op, Requantize, Reshape
from hwgen.plan.coding.sensitivity import SensitivityModel, maps_of

SIDE = 12


def convolutional(seed: int = 1, channels: tuple[int, ...] = (10, 12)) -> Graph:
    """Return input, convolutions with 6-bit ReLUs, a dense layer."""
    rng = np.random.default_rng(seed)
    nodes: list[Node] = []

    def add(name: str, op: Op, *inputs: str) -> str:
        table = {node.name: node.type for node in nodes}
        nodes.append(Node(name, op, inputs, op.infer([table[i] for i in inputs])))
        return name

    last = add("image", Input.of((SIDE, SIDE, 1), Fixed(8, 8)))
    before = 1
    for i, count in enumerate(channels):
        # Smoothing kernels of either sign: neighbouring pixels stay alike.
        weight = rng.integers(-9, 10, (1, 1, before, count)) + rng.integers(
            -2, 3, (3, 3, before, count)
        )
        bias = rng.integers(-200, 50, count)
        last = add(f"conv{i}", Conv(weight, bias, (), ((1, 1), (1, 1)), frac=5), last)
        last = add(f"relu{i}", Requantize(6 if i == 0 else 5, 0, 63), last)
        before = count
    last = add("flat", Reshape((SIDE * SIDE * before,)), last)
    weight = rng.integers(-7, 8, (SIDE * SIDE * before, 5))
    last = add("logits", Dense(weight, np.zeros(5, int)), last)
    made = Graph("smooth", tuple(nodes), (Output("y", last, (1.0,)),))
    made.check()
    return made


def pictures(count: int, rng: np.random.Generator) -> dict[str, Codes]:
    """Return 8-bit pictures without hard edges."""
    noise = rng.normal(0, 1, (count, SIDE + 6, SIDE + 6))
    for axis in (1, 2):
        for _ in range(3):
            noise = (noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)) / 3
    smooth = noise[:, 3:-3, 3:-3]
    codes = np.clip(np.rint(smooth / smooth.std() * 60 + 100), 0, 255).astype(np.int64)
    return {"image": codes[..., None]}


def by_every_method(
    coder: Coder, channels: Callable[[int, Transform, Grid], int]
) -> Iterator[tuple[MapCoding, Tables, Ints]]:
    """Yield a map coded in every way that calibration tries, each its own sample, in small blocks.

    *channels* of a block are told from the number, the transform and how it would cut the map.
    """
    bench = SensitivityModel(
        graph := convolutional(), pictures(6, np.random.default_rng(3)), maps_of(graph)
    )
    one = bench.maps[0]
    for number, method in enumerate(METHODS):
        maps = bench.values(one, method.before)
        basis = Basis.of(method, maps, *bench.limits(one, method.before))
        transform, found = basis.stepped(2.0 if not method.before else 2.0 * (1 << one.shift))
        whole = transform.grid(*one.shape[:2])
        bc = channels(number, transform, whole)
        choice = MapCoding(
            one.name, one.source, one.shape, 8, False, "transform", coder, number, transform,
            (-(-whole.height // 2), -(-whole.width // 3) + 1, bc),
        )  # fmt: skip
        counts = token_counts(found, choice.grid, transform.signed, transform.weights)
        yield choice, Tables.of(counts), maps[number % len(maps)]
