# SPDX-License-Identifier: Apache-2.0
"""The checker of a design finds what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from hwgen.design.check import check
from hwgen.design.types import Design, Heading, LinkKind, Pipeline, Tap
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
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
    return schedule(graph, Heading("net", "b", 500, "0"), Family())


def with_pipeline(design: Design, **fields) -> Design:
    """Return the design with a changed pipeline; the links stay as they were."""
    (stage,) = design.stages
    return replace(design, stages=(replace(stage, body=replace(design.pipeline, **fields)),))


def with_layer(design: Design, index: int, **fields) -> Design:
    layers = list(design.pipeline.layers)
    layers[index] = replace(layers[index], **fields)
    return with_pipeline(design, layers=tuple(layers))


def with_source(design: Design, index: int, **fields) -> Design:
    layer = design.pipeline.layers[index]
    first = replace(layer.sources[0], **fields)
    return with_layer(design, index, sources=(first, *layer.sources[1:]))


def with_taps(design: Design, index: int, change: Callable[[Tap], Tap]) -> Design:
    first, *rest = taps(design, index)
    return with_source(design, index, taps=(change(first), *rest))


def with_cycle(design: Design, wire: int, by: int) -> Design:
    cycle = list(design.pipeline.cycle)
    cycle[wire] += by
    return with_pipeline(design, cycle=tuple(cycle))


def with_link(design: Design, which: str, /, **fields) -> Design:
    links = (replace(x, **fields) if x.name == which else x for x in design.links)
    return replace(design, links=tuple(links))


def exports(design: Design, index: int) -> tuple[Tap, ...]:
    return design.pipeline.layers[index].exports


def taps(design: Design, index: int) -> tuple[Tap, ...]:
    return design.pipeline.layers[index].sources[0].taps


def renamed(design: Design, name: str) -> Design:
    """Return the design with another name for the link of a layer, wherever it is used."""
    layers = tuple(
        replace(
            layer,
            link=name if layer.link == "act" else layer.link,
            sources=tuple(replace(s, link=name) if s.link == "act" else s for s in layer.sources),
        )
        for layer in design.pipeline.layers
    )
    return with_link(with_pipeline(design, layers=layers), "act", name=name)


def with_stage(design: Design, **fields) -> Design:
    return replace(design, stages=(replace(design.stages[0], **fields),))


def read_at_once(pipeline: Pipeline) -> int:
    """Find a wire that a node of its own layer reads in the same cycle."""
    cycle, wires = pipeline.cycle, pipeline.layers[2].wires
    return next(
        operand
        for wire in wires
        for operand in pipeline.logic.nodes[wire].operands
        if operand in wires and cycle[operand] == cycle[wire]
    )


FAULTS: dict[str, Callable[[Design], Design]] = {
    "node too early": lambda d: with_cycle(d, d.pipeline.layers[2].wires[-1], -9),
    "node before its operand": lambda d: with_cycle(d, read_at_once(d.pipeline), 1),
    "input late": lambda d: with_cycle(d, 0, 1),
    "tap too late": lambda d: with_taps(d, 3, lambda t: t._replace(delay=t.delay + 1)),
    "tap too early": lambda d: with_taps(d, 1, lambda t: t._replace(delay=t.delay - 1)),
    "sign for a word": lambda d: with_taps(d, 3, lambda t: t._replace(sign=True)),
    "start": lambda d: with_layer(d, 1, start=d.pipeline.layers[1].start - 1),
    "end too early": lambda d: with_layer(d, 0, end=d.pipeline.layers[0].end - 1),
    "end too late": lambda d: with_layer(d, 0, end=d.pipeline.layers[0].end + 1),
    "export missing": lambda d: with_layer(d, 0, exports=exports(d, 0)[1:]),
    "export unused": lambda d: with_layer(
        d, 0, exports=(*exports(d, 0), exports(d, 0)[-1]._replace(delay=99))
    ),
    "export of another layer": lambda d: with_layer(
        d, 1, exports=(*exports(d, 0), *exports(d, 1))
    ),
    "sign beside its word": lambda d: with_layer(
        d, 0, exports=(exports(d, 0)[0], exports(d, 0)[0]._replace(sign=True), *exports(d, 0)[1:])
    ),
    "exports unordered": lambda d: with_layer(d, 0, exports=exports(d, 0)[::-1]),
    "source tap missing": lambda d: with_source(d, 1, taps=taps(d, 1)[1:]),
    "source unknown": lambda d: with_source(d, 1, link="nobody"),
    "node missing": lambda d: with_layer(d, 3, wires=d.pipeline.layers[3].wires[:-1]),
    "layers swapped": lambda d: with_pipeline(d, layers=d.pipeline.layers[::-1]),
    "layer twice": lambda d: with_pipeline(d, layers=(*d.pipeline.layers, d.pipeline.layers[0])),
    "output not registered": lambda d: with_pipeline(d, latency=d.latency - 1),
    "another latency": lambda d: replace(d, latency=d.latency - 1),
    "stage twice": lambda d: replace(d, stages=d.stages * 2),
    "stage slower than the design": lambda d: with_stage(d, interval=2),
    "stage reads nothing": lambda d: with_stage(d, reads=()),
    "stage writes an input": lambda d: with_stage(d, writes=("x", *d.stages[0].writes[1:])),
    "outputs swapped": lambda d: with_stage(d, writes=d.stages[0].writes[::-1]),
    "link twice": lambda d: replace(d, links=(*d.links, d.links[0])),
    "link that nobody writes": lambda d: replace(
        d, links=(*d.links, replace(d.links[0], name="nobody"))
    ),
    "link without a name": lambda d: renamed(d, "1st"),
    "link named like a keyword": lambda d: renamed(d, "module"),
    "link of nothing": lambda d: with_link(d, "act", fields=()),
    "link of other fields": lambda d: with_link(d, "act", fields=d.link("act").fields[1:]),
    "digits of a flow": lambda d: with_link(d, "act", digit_bits=2),
    "serial without digits": lambda d: with_link(d, "act", kind=LinkKind.SERIAL),
    "stream with cycles": lambda d: with_link(d, "act", kind=LinkKind.STREAM),
    "flow with a FIFO": lambda d: with_link(d, "act", depth=4),
    "port of no link": lambda d: replace(
        d, outputs=(replace(d.outputs[0], link="nobody"), *d.outputs[1:])
    ),
    "port slower than the design": lambda d: replace(d, inputs=(replace(d.inputs[0], interval=3),)),
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


def test_any_legal_name_will_do() -> None:
    check(renamed(residual(), "act_b"))
