# SPDX-License-Identifier: Apache-2.0
"""Designs for the emitter's tests: any logic, any legal schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from hwgen.ir.fixed import Fixed
from hwgen.logic.graph import Builder, Logic, Wire
from hwgen.logic.pipeline import blocks_of, pipeline
from hwgen.plan.design import Design, Port, Source, Stage
from hwgen.plan.schedule import check

Inputs = Mapping[str, tuple[tuple[int, ...], Fixed]]
Outputs = Mapping[str, Sequence[Wire]]
MakeDesign = Callable[..., Design]


def _make_design(
    builder: Builder,
    inputs: Inputs,
    outputs: Outputs,
    *,
    name: str = "net",
    delay: Callable[[Wire], float] = lambda _: 1.0,
    period: float = 2.0,
) -> Design:
    """Schedule a logic graph with any delays and check that the result is legal."""
    logic = Logic.of(builder, list(outputs.items()))
    blocks = blocks_of(logic)
    plan = pipeline(logic, blocks, delay, period, 0.0)
    ends = {b.name: end for b, end in zip(blocks, plan.end, strict=True)}
    stages = tuple(
        Stage(
            block.name,
            f"test layer, latency {end - start}",
            block.wires,
            tuple(Source(s, wires, start - ends.get(s, 0)) for s, wires in block.sources),
            block.exports,
            start,
            end,
        )
        for block, start, end in zip(blocks, plan.start, plan.end, strict=True)
    )
    ports = []
    for port, wires in logic.outputs:
        lo, hi = min(logic.lo[w] for w in wires), max(logic.hi[w] for w in wires)
        ports.append(Port(port, (len(wires),), Fixed.covering(lo, hi)))
    design = Design(
        name,
        "parallel",
        "test_board",
        250.0,
        "0123456789abcdef0123456789abcdef",
        tuple(Port(n, shape, fixed) for n, (shape, fixed) in inputs.items()),
        tuple(ports),
        logic,
        plan.cycle,
        stages,
        max([end + 1 for end in plan.end], default=1),
    )
    check(design)
    return design


def _random_design(seed: int, nodes: int = 60, layers: int = 5, name: str = "net") -> Design:
    """A random graph of every kind of node, in several layers, on a random schedule."""
    rng = np.random.default_rng(seed)
    builder = Builder()
    formats = {"x": ((2, 3), Fixed(6, 2, True)), "y_in": ((4,), Fixed(5, 0, False))}
    wires: list[Wire] = []
    for port, (shape, fixed) in formats.items():
        for i in range(int(np.prod(shape))):
            lo = int(rng.integers(fixed.lo, fixed.hi))
            hi = int(rng.integers(lo + 1, fixed.hi + 1))
            if rng.random() < 0.6:
                lo, hi = fixed.lo, fixed.hi
            if rng.random() < 0.9:  # some elements are dead
                wires.append(builder.input(port, i, lo, hi))
    made = 0
    while made < nodes:
        builder.layer = ("fc_1", "fc/1", "input", "reg", "output")[made * layers // nodes % 5]
        recent = wires[-20:]
        a, b, c = (int(rng.choice(recent)) for _ in range(3))
        if rng.random() < 0.15:
            b = builder.const(int(rng.integers(-40, 41)))
        wide = max(builder.width(a), builder.width(b)) > 14
        match int(rng.integers(0, 9)):
            case 0 | 1 | 2 if not wide:
                shift_b = int(rng.integers(0, 4))
                new = builder.add(a, b, 0, shift_b, bool(rng.integers(2)))
            case 3 if not wide:
                new = builder.mul(a, b)
            case 4:
                new = builder.max(a, b, bool(rng.integers(2)))
            case 5:
                new = builder.select(a, b, c)
            case 6:
                limits = sorted(int(t) for t in rng.integers(-60, 60, 6))
                new = builder.thresh(a, limits, [int(v) for v in rng.integers(-9, 30, 7)])
            case 7 if not wide:
                new = builder.shl(a, int(rng.integers(1, 3)))
            case _:
                lo = int(rng.integers(-20, 1))
                new = builder.requant(a, int(rng.integers(0, 5)), lo, lo + int(rng.integers(1, 60)))
        wires.append(new)
        made += 1
    times = rng.random(len(builder.nodes))
    first = [int(w) for w in rng.choice(wires, 5)]
    outputs = {"y": [*first, builder.const(-3), wires[0]], "z": wires[-4:]}
    return _make_design(
        builder, formats, outputs, name=name, delay=times.__getitem__, period=float(rng.uniform(1.0, 4.0))
    )


@pytest.fixture(scope="session")
def make_design() -> MakeDesign:
    return _make_design


@pytest.fixture(scope="session")
def random_design() -> MakeDesign:
    return _random_design
