# SPDX-License-Identifier: Apache-2.0
"""The checker of a design finds what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from hwgen.design.check import check
from hwgen.design.types import Design, Tap
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.logic.nodes import operands
from hwgen.ops.base import Op
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add
from hwgen.ops.requantize import Requantize
from hwgen.plan.parallel.schedule import schedule


@dataclass(frozen=True)
class Family:
    """Half a nanosecond for anything."""

    overhead_ns: float = 0.2
    adder_operands: int = 2

    def adder_ns(self, width: int) -> float:
        return 0.5

    def logic_ns(self, levels: int) -> float:
        return 0.5


def residual() -> Design:
    """Four stages, the last of which reads two of different cycles."""
    rng = np.random.default_rng(3)
    nodes: list[Node] = []

    def add(name: str, op: Op, *ins: str) -> None:
        types = [node.type for i in ins for node in nodes if node.name == i]
        nodes.append(Node(name, op, ins, op.infer(types)))

    add("x", Input.of((4,), Fixed(4, 2, True)))
    add("fc", Dense(rng.integers(-9, 10, (4, 6)), np.zeros(6, int)), "x")
    add("act", Requantize(1, -20, 20), "fc")
    add("deep", Dense(rng.integers(-9, 10, (6, 6)), np.ones(6, int)), "act")
    add("sum", Add((1, 1)), "deep", "act")
    graph = Graph("net", tuple(nodes), (Output("y", "sum", (1.0,)), Output("z", "fc", (1.0,))))
    graph.check()
    return schedule(
        graph, name="net", board_name="b", family=Family(), clock_mhz=500, model_digest="0"
    )


def with_stage(design: Design, index: int, **fields) -> Design:
    stages = list(design.stages)
    stages[index] = replace(stages[index], **fields)
    return replace(design, stages=tuple(stages))


def with_source(design: Design, index: int, **fields) -> Design:
    stage = design.stages[index]
    first = replace(stage.sources[0], **fields)
    return with_stage(design, index, sources=(first, *stage.sources[1:]))


def with_taps(design: Design, index: int, change: Callable[[Tap], Tap]) -> Design:
    taps = design.stages[index].sources[0].taps
    return with_source(design, index, taps=(change(taps[0]), *taps[1:]))


def with_cycle(design: Design, wire: int, by: int) -> Design:
    cycle = list(design.cycle)
    cycle[wire] += by
    return replace(design, cycle=tuple(cycle))


def read_at_once(design: Design) -> int:
    """Find a wire that a node of its own stage reads in the same cycle."""
    return next(
        operand
        for wire in design.stages[2].wires
        for operand in operands(design.logic.nodes[wire])
        if operand in design.stages[2].wires and design.cycle[operand] == design.cycle[wire]
    )


FAULTS: dict[str, Callable[[Design], Design]] = {
    "node too early": lambda d: with_cycle(d, d.stages[2].wires[-1], -9),
    "node before its operand": lambda d: with_cycle(d, read_at_once(d), 1),
    "input late": lambda d: with_cycle(d, 0, 1),
    "tap too late": lambda d: with_taps(d, 3, lambda t: t._replace(delay=t.delay + 1)),
    "tap too early": lambda d: with_taps(d, 1, lambda t: t._replace(delay=t.delay - 1)),
    "sign for a word": lambda d: with_taps(d, 3, lambda t: t._replace(sign=True)),
    "start": lambda d: with_stage(d, 1, start=d.stages[1].start - 1),
    "end too early": lambda d: with_stage(d, 0, end=d.stages[0].end - 1),
    "end too late": lambda d: with_stage(d, 0, end=d.stages[0].end + 1),
    "export missing": lambda d: with_stage(d, 0, exports=d.stages[0].exports[1:]),
    "export unused": lambda d: with_stage(
        d, 0, exports=(*d.stages[0].exports, d.stages[0].exports[-1]._replace(delay=99))
    ),
    "export of another stage": lambda d: with_stage(
        d, 1, exports=(*d.stages[0].exports, *d.stages[1].exports)
    ),
    "sign beside its word": lambda d: with_stage(
        d, 0, exports=(d.stages[0].exports[0], d.stages[0].exports[0]._replace(sign=True),
                       *d.stages[0].exports[1:])
    ),
    "exports unordered": lambda d: with_stage(d, 0, exports=d.stages[0].exports[::-1]),
    "source tap missing": lambda d: with_source(d, 1, taps=d.stages[1].sources[0].taps[1:]),
    "source unknown": lambda d: with_source(d, 1, name="nobody"),
    "node missing": lambda d: with_stage(d, 3, wires=d.stages[3].wires[:-1]),
    "stages swapped": lambda d: replace(d, stages=d.stages[::-1]),
    "stage twice": lambda d: replace(d, stages=(*d.stages, d.stages[0])),
    "output not registered": lambda d: replace(d, latency=d.latency - 1),
    "port too narrow": lambda d: replace(
        d, outputs=(replace(d.outputs[0], fixed=Fixed(3, 0, True)), *d.outputs[1:])
    ),
    "port of another size": lambda d: replace(
        d, outputs=(replace(d.outputs[0], shape=(5,)), *d.outputs[1:])
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_the_checker_finds_every_fault(fault: str) -> None:
    design = residual()
    check(design)
    broken = FAULTS[fault](design)
    with pytest.raises(AssertionError):
        check(broken)
