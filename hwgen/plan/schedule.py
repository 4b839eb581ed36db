# SPDX-License-Identifier: Apache-2.0
"""From a graph to a parallel design: lower to logic, group it into stages, place registers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.errors import DoesNotFit
from hwgen.ir.graph import Graph, Node
from hwgen.logic.graph import Add3, Builder, Const, In, Logic, Wires, operands
from hwgen.logic.pipeline import (
    Block,
    Pipeline,
    Timing,
    blocks_of,
    node_delay,
    pipeline,
    split_rounding,
)
from hwgen.plan.design import Design, Port, Source, Stage


def schedule(
    graph: Graph,
    *,
    name: str,
    board_name: str,
    family: Timing,
    clock_mhz: float,
    max_cycles: int | None = None,
    model_digest: str,
) -> Design:
    """Return the fully unrolled, pipelined design of *graph* at initiation interval 1.

    Args:
        graph: what to build.
        name: of the design.
        board_name: what it is planned for.
        family: delays of the board's device family.
        clock_mhz: the clock that every path must meet.
        max_cycles: cap on the latency.
        model_digest: identifies the model in the outputs.

    Raises:
        DoesNotFit: one node is slower than the clock, or more cycles are needed than allowed.
    """
    lowered = _lowered(graph, family, clock_mhz)
    logic, blocks, plan = _planned(lowered, family, clock_mhz)
    latency = _latency(plan)
    if max_cycles is not None and latency > max_cycles:
        raise _too_slow(lowered, family, clock_mhz, latency, max_cycles)
    inputs = tuple(
        Port(n.name, n.type.shape, n.type.fixed, (n.type.fixed.lsb,)) for n in graph.inputs
    )
    outputs = tuple(
        Port(o.name, graph[o.node].type.shape, graph[o.node].type.fixed, o.scale, o.offset)
        for o in graph.outputs
    )
    design = Design(
        name,
        "parallel",
        board_name,
        clock_mhz,
        model_digest,
        inputs,
        outputs,
        logic,
        plan.cycle,
        _stages(graph, blocks, plan),
        latency,
    )
    check(design)
    return design


def lower(graph: Graph, arity: int = 2) -> Logic:
    """Return the logic of a graph; its nodes carry the name of the graph node that made them.

    *arity* is how many operands one adder of the target takes.
    """
    builder = Builder(arity)
    wires: dict[str, Wires] = {}
    for node in graph.nodes:
        builder.layer = node.name
        if node.op.kind == "input":
            bounds = zip(node.type.lo.reshape(-1), node.type.hi.reshape(-1), strict=True)
            flat = [builder.input(node.name, i, int(a), int(b)) for i, (a, b) in enumerate(bounds)]
            made = np.array(flat, np.int64).reshape(node.type.shape)
        else:
            made = np.asarray(node.op.lower(builder, [wires[i] for i in node.inputs]), np.int64)
        assert made.shape == node.type.shape, f"{node.name}: wires {made.shape} for {node.type}"
        wires[node.name] = made
    return Logic.of(
        builder, [(o.name, [int(w) for w in wires[o.node].reshape(-1)]) for o in graph.outputs]
    )


def _lowered(graph: Graph, family: Timing, clock_mhz: float) -> Logic:
    """Return the logic in the widest adders that the family has and this clock allows."""
    logic = lower(graph, family.adder_operands)
    delay, room = node_delay(logic, family), 1000.0 / clock_mhz - family.overhead_ns
    wide = [w for w, node in enumerate(logic.nodes) if isinstance(node, Add3)]
    return logic if all(delay(w) <= room for w in wide) else lower(graph)


def _planned(
    logic: Logic, family: Timing, clock_mhz: float
) -> tuple[Logic, Sequence[Block], Pipeline]:
    """Return the logic as this clock wants it, its blocks, and where its registers are."""
    delay = node_delay(logic, family)
    half = (1000.0 / clock_mhz - family.overhead_ns) / 2  # longer nodes leave little to share
    logic = split_rounding(logic, lambda wire: delay(wire) > half)
    blocks = blocks_of(logic)
    period = 1000.0 / clock_mhz
    return (
        logic,
        blocks,
        pipeline(logic, blocks, node_delay(logic, family), period, family.overhead_ns),
    )


def _latency(plan: Pipeline) -> int:
    """Return the cycles from input to output; outputs leave through a register of their own."""
    return max(plan.end, default=0) + 1


def _too_slow(
    logic: Logic,
    family: Timing,
    clock_mhz: float,
    latency: int,
    max_cycles: int,
) -> DoesNotFit:
    allowed_ns = max_cycles * 1000 / clock_mhz
    hints = [f"allow {latency} cycles"]
    for percent in range(95, 0, -5):  # a slower clock loses less time to registers
        slower = round(clock_mhz * percent / 100, 3)
        cycles = _latency(_planned(logic, family, slower)[2])
        if cycles * 1000 / slower <= allowed_ns:
            took = f"{cycles} cycle{'s' if cycles > 1 else ''}, {cycles * 1000 / slower:.4g} ns"
            hints.append(f"lower the clock: at {slower:g} MHz it takes {took}")
            break
    hints.append("or give fewer bits to weights and activations")
    return DoesNotFit(
        f"needs {latency} cycles ({latency * 1000 / clock_mhz:.4g} ns) at {clock_mhz:g} MHz; "
        f"{max_cycles} ({allowed_ns:.4g} ns) are allowed",
        where="latency",
        hint="; ".join(hints),
    )


def _stages(graph: Graph, blocks: Sequence[Block], plan: Pipeline) -> tuple[Stage, ...]:
    ends = {block.name: end for block, end in zip(blocks, plan.end, strict=True)}
    stages = []
    for block, start, end in zip(blocks, plan.start, plan.end, strict=True):
        sources = tuple(
            Source(source, wires, start - ends.get(source, 0)) for source, wires in block.sources
        )
        note = _note(graph[block.name], end - start)
        stages.append(Stage(block.name, note, block.wires, sources, block.exports, start, end))
    return tuple(stages)


def _note(node: Node, latency: int) -> str:
    shape = " x ".join(map(str, node.type.shape))
    said = [
        f"{node.op.kind} {node.op.note()}".strip(),
        node.note,
        f"output {shape} {node.type.fixed}",
    ]
    return ", ".join([text for text in said if text] + [f"latency {latency}"])


def check(design: Design) -> None:
    """Assert every timing and wiring rule that the emitter and the bench rely on.

    Written against `plan.design` alone, not against how a schedule is made.
    """
    logic = design.logic
    ports = {port.name: port for port in design.inputs}
    assert len(ports) == len(design.inputs), "two inputs of one name"
    assert len(design.cycle) == len(logic.nodes), "a cycle for every wire"
    free = {w for w, node in enumerate(logic.nodes) if isinstance(node, Const)}
    fed = {w for w, node in enumerate(logic.nodes) if isinstance(node, In)}
    read: set[int] = set()
    seen: dict[str, Stage] = {}
    placed: set[int] = set()
    for stage in design.stages:
        where = f"stage {stage.name}"
        assert stage.name not in seen, f"{where}: twice"
        assert stage.name not in ports, f"{where}: named like an input"
        assert 0 <= stage.start <= stage.end, f"{where}: ends before it starts"
        assert list(stage.wires) == sorted(set(stage.wires)), f"{where}: wires not ascending"
        assert not placed & set(stage.wires), f"{where}: a wire of another stage"
        placed |= set(stage.wires)
        arriving = _arriving(design, stage, seen)
        used: set[int] = set()
        for wire in stage.wires:
            at = design.cycle[wire]
            assert stage.start <= at <= stage.end, f"{where}: wire {wire} outside of its stage"
            for operand in operands(logic.nodes[wire]):
                if operand in arriving:
                    used.add(operand)
                elif operand not in free:
                    assert operand in stage.wires, f"{where}: wire {operand} comes from nowhere"
                    assert design.cycle[operand] <= at, f"{where}: wire {wire} is before {operand}"
        assert used == arriving, f"{where}: sources that nothing reads: {arriving - used}"
        assert set(stage.exports) <= set(stage.wires), f"{where}: exports what it has not"
        assert list(stage.exports) == sorted(set(stage.exports)), f"{where}: exports not ascending"
        assert stage.exports, f"{where}: exports nothing"
        read |= arriving
        seen[stage.name] = stage
    assert placed == set(range(len(logic.nodes))) - free - fed, "a node without a stage"
    leaving = {w for _, wires in logic.outputs for w in wires}
    exported = {w for stage in design.stages for w in stage.exports}
    assert exported == (read | leaving) - free - fed, "exports are not what is read"
    for stage in design.stages:
        assert stage.end < design.latency, f"stage {stage.name}: output without a register"
    assert design.latency >= 1, "outputs are registered"
    assert design.interval == 1, "parallel designs take a sample a cycle"
    for wire in fed:
        node = logic.nodes[wire]
        assert isinstance(node, In)
        assert design.cycle[wire] == 0, "inputs are in cycle 0"
        assert node.index < ports[node.port].size, f"input {node.port} has no {node.index}"
        _covers(ports[node.port], logic, wire)
    assert [name for name, _ in logic.outputs] == [p.name for p in design.outputs]
    for (name, wires), port in zip(logic.outputs, design.outputs, strict=True):
        assert len(wires) == port.size, f"output {name}: {len(wires)} wires for {port.size}"
        for wire in wires:
            _covers(port, logic, wire)


def _covers(port: Port, logic: Logic, wire: int) -> None:
    assert port.fixed.lo <= logic.lo[wire], f"{port.name}: wire {wire} below {port.fixed}"
    assert port.fixed.hi >= logic.hi[wire], f"{port.name}: wire {wire} above {port.fixed}"


def _arriving(design: Design, stage: Stage, earlier: dict[str, Stage]) -> set[int]:
    """Assert the rules for a stage's sources and return the wires they bring."""
    wires: set[int] = set()
    names = [source.name for source in stage.sources]
    assert len(set(names)) == len(names), f"stage {stage.name}: a source twice"
    for source in stage.sources:
        where = f"stage {stage.name}: source {source.name}"
        assert source.wires, f"{where} brings nothing"
        assert list(source.wires) == sorted(set(source.wires)), f"{where}: not ascending"
        if source.name in earlier:
            assert set(source.wires) <= set(earlier[source.name].exports), f"{where}: not exported"
            leaves = earlier[source.name].end
        else:
            assert source.name in {p.name for p in design.inputs}, f"{where} is not there yet"
            nodes = [design.logic.nodes[w] for w in source.wires]
            assert all(isinstance(n, In) and n.port == source.name for n in nodes), where
            leaves = 0
        assert source.delay == stage.start - leaves, f"{where}: delay {source.delay}"
        assert source.delay >= 0, f"{where} comes too late"
        wires |= set(source.wires)
    return wires


def stage_ns(design: Design, family: Timing) -> tuple[float, ...]:
    """Return the longest register-to-register path that ends in each stage, by the delay model.

    Computed from the finished design, so it also proves that the clock is met.
    """
    delay = node_delay(design.logic, family)
    ends = {stage.name: stage.end for stage in design.stages}
    time = [0.0] * len(design.logic.nodes)
    worst = []
    for stage in design.stages:
        entry = {
            wire: (stage.start, ends.get(source.name, 0) == stage.start == design.cycle[wire])
            for source in stage.sources
            for wire in source.wires
        }
        for wire in stage.wires:
            before = [0.0]
            for operand in operands(design.logic.nodes[wire]):
                at, runs_on = entry.get(operand, (design.cycle[operand], True))
                if at == design.cycle[wire] and runs_on:
                    before.append(time[operand])
            time[wire] = max(before) + delay(wire)
        slowest = max((time[w] for w in stage.wires), default=0.0)
        worst.append(slowest + family.overhead_ns)
    return tuple(worst)
