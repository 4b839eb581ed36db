# SPDX-License-Identifier: Apache-2.0
"""From a graph to a parallel design: lower to logic, group it into stages, place registers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import replace

from hwgen.errors import DoesNotFit
from hwgen.ir.graph import Graph, Node
from hwgen.logic.graph import Add3, Const, In, Logic, Select, Table, operands
from hwgen.logic.pipeline import (
    Block,
    Pipeline,
    Timing,
    blocks_of,
    latency,
    node_delay,
    pipeline,
    split_rounding,
)
from hwgen.plan.design import Design, Port, Source, Stage, Tap
from hwgen.plan.lowering import lower
from hwgen.plan.tables import Prices


def schedule(
    graph: Graph,
    *,
    name: str,
    board_name: str,
    family: Timing,
    clock_mhz: float,
    max_cycles: int | None = None,
    model_digest: str,
    effort: int = 1,
    seed: int = 1,
    tables: Prices | None = None,
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
        effort: of the search for adder graphs, as in `Goal`.
        seed: of that search.
        tables: prices by which neurons become truth tables; without them none does.

    Raises:
        DoesNotFit: one node is slower than the clock, or more cycles are needed than allowed.
    """
    lowered = _lowered(graph, family, clock_mhz, effort, seed, tables)
    logic = _split(lowered, family, clock_mhz)
    timing = node_delay(logic, family), 1000.0 / clock_mhz, family.overhead_ns
    needed = latency(logic, *timing)
    if max_cycles is not None and needed > max_cycles:
        raise _too_slow(lowered, family, clock_mhz, needed, max_cycles)
    plan = pipeline(logic, *timing)
    inputs = tuple(
        Port(n.name, n.type.shape, n.type.fixed, (n.type.fixed.lsb,)) for n in graph.inputs
    )
    outputs = tuple(
        Port(o.name, graph[o.node].type.shape, graph[o.node].type.fixed, o.scale, o.offset)
        for o in graph.outputs
    )
    pairs = zip(logic.nodes, logic.layers, strict=True)
    tabled = Counter(layer for node, layer in pairs if isinstance(node, Table))
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
        stages_of(logic, plan, lambda name, cycles: _note(graph[name], cycles, tabled[name])),
        plan.latency,
    )
    check(design)
    return design


def _lowered(
    graph: Graph, family: Timing, clock_mhz: float, effort: int, seed: int, tables: Prices | None
) -> Logic:
    """Return the logic in the widest adders that the family has and this clock allows."""
    room = 1000.0 / clock_mhz - family.overhead_ns
    if tables:
        tables = replace(tables, levels=int(room / family.logic_ns(1) + 1e-9))
    logic = lower(graph, family.adder_operands, effort, seed, tables)
    delay = node_delay(logic, family)
    wide = [w for w, node in enumerate(logic.nodes) if isinstance(node, Add3)]
    return logic if all(delay(w) <= room for w in wide) else lower(graph, 2, effort, seed, tables)


def _split(logic: Logic, family: Timing, clock_mhz: float) -> Logic:
    """Return the logic with requantizers cut in two where this clock leaves them little room."""
    delay, room = node_delay(logic, family), 1000.0 / clock_mhz - family.overhead_ns
    return split_rounding(logic, lambda wire: delay(wire) > room / 2)


def _too_slow(
    lowered: Logic,
    family: Timing,
    clock_mhz: float,
    needed: int,
    max_cycles: int,
) -> DoesNotFit:
    allowed_ns = max_cycles * 1000 / clock_mhz
    hints = [f"allow {needed} cycles"]
    for percent in range(95, 0, -5):  # a slower clock loses less time to registers
        slower = round(clock_mhz * percent / 100, 3)
        logic = _split(lowered, family, slower)
        cycles = latency(logic, node_delay(logic, family), 1000.0 / slower, family.overhead_ns)
        if cycles * 1000 / slower <= allowed_ns:
            took = f"{cycles} cycle{'s' if cycles > 1 else ''}, {cycles * 1000 / slower:.4g} ns"
            hints.append(f"lower the clock: at {slower:g} MHz it takes {took}")
            break
    hints.append("or give fewer bits to weights and activations")
    return DoesNotFit(
        f"needs {needed} cycles ({needed * 1000 / clock_mhz:.4g} ns) at {clock_mhz:g} MHz; "
        f"{max_cycles} ({allowed_ns:.4g} ns) are allowed",
        where="latency",
        hint="; ".join(hints),
    )


def stages_of(logic: Logic, plan: Pipeline, note: Callable[[str, int], str]) -> tuple[Stage, ...]:
    """Return the blocks with what they exchange: registers stand beside the wire they delay.

    *note* makes the comment of a layer from its name and its cycles.
    """
    blocks, cycle = blocks_of(logic), plan.cycle
    home = {wire: block.name for block in blocks for wire in block.wires}
    home |= {wire: n.port for wire, n in enumerate(logic.nodes) if isinstance(n, In)}
    needed = [_taps_read(logic, block, cycle) for block in blocks]
    leaving = {
        Tap(wire, plan.latency - 1 - cycle[wire])
        for _, wires in logic.outputs
        for wire in wires
        if wire in home
    }
    every = leaving.union(*needed)
    exports: dict[str, set[Tap]] = {name: set() for name in home.values()}
    for tap in every:
        exports[home[tap.wire]].add(_whole(tap, every))
    stages = []
    for block, taps in zip(blocks, needed, strict=True):
        sources: dict[str, set[Tap]] = {name: set() for name in block.sources}
        for tap in taps:
            sources[home[tap.wire]].add(_whole(tap, every))
        start = min(cycle[tap.wire] + tap.delay for tap in taps)
        end = max(cycle[tap.wire] + tap.delay for tap in exports[block.name])
        stages.append(
            Stage(
                block.name,
                note(block.name, end - start),
                block.wires,
                tuple(Source(name, tuple(sorted(got))) for name, got in sources.items()),
                tuple(sorted(exports[block.name])),
                start,
                end,
            )
        )
    return tuple(stages)


def _whole(tap: Tap, every: Set[Tap]) -> Tap:
    """Return the whole word instead of its sign if that is somewhere read at the same delay."""
    word = Tap(tap.wire, tap.delay)
    return word if word in every else tap


def _taps_read(logic: Logic, block: Block, cycle: Sequence[int]) -> set[Tap]:
    """Return what a block reads of others. Of what it decides by, a selection reads the sign."""
    own, out = set(block.wires), set()
    for wire in block.wires:
        node = logic.nodes[wire]
        for place, source in enumerate(operands(node)):
            if source not in own and not isinstance(logic.nodes[source], Const):
                port = isinstance(logic.nodes[source], In)  # travels whole
                sign = isinstance(node, Select) and place == 0 and not port
                out.add(Tap(source, cycle[wire] - cycle[source], sign))
    return out


def _note(node: Node, latency: int, tables: int) -> str:
    shape = " x ".join(map(str, node.type.shape))
    said = [
        f"{node.op.kind} {node.op.note()}".strip(),
        node.note,
        f"output {shape} {node.type.fixed}",
        f"{tables} truth table{'s' if tables > 1 else ''} with what follows" if tables else "",
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
    read: set[Tap] = set()
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
        ours = set(stage.wires)
        used: set[Tap] = set()
        for wire in stage.wires:
            for place, source in enumerate(operands(logic.nodes[wire])):
                late = design.cycle[wire] - design.cycle[source]
                if source in free:
                    continue
                assert late >= 0, f"{where}: wire {wire} is before {source}"
                if source not in ours:
                    sign = Tap(source, late, isinstance(logic.nodes[wire], Select) and place == 0)
                    tap = sign if sign in arriving else Tap(source, late)
                    assert tap in arriving, f"{where}: wire {wire} comes from nowhere"
                    used.add(tap)
        assert used == arriving, f"{where}: sources that nothing reads: {arriving - used}"
        assert stage.start == min(map(design.arrives, arriving)), f"{where}: starts another time"
        assert {tap.wire for tap in stage.exports} <= ours, f"{where}: exports what it has not"
        assert list(stage.exports) == sorted(set(stage.exports)), f"{where}: exports not ascending"
        assert stage.exports, f"{where}: exports nothing"
        assert all(tap.delay >= 0 for tap in stage.exports), f"{where}: exports before it has"
        assert stage.end == max(map(design.arrives, stage.exports)), f"{where}: ends another time"
        read |= arriving
        seen[stage.name] = stage
    assert placed == set(range(len(logic.nodes))) - free - fed, "a node without a stage"
    leaving = {design.tap_of(w) for _, wires in logic.outputs for w in wires}
    wanted = {tap for tap in read | leaving if tap.wire not in free | fed}
    exported = {tap for stage in design.stages for tap in stage.exports}
    assert exported == wanted, "exports are not what is read"
    for tap in exported:
        assert not tap.sign or Tap(tap.wire, tap.delay) not in exported, f"{tap}: a bit twice"
        assert design.arrives(tap) < design.latency, f"{tap}: output without a register"
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


def _arriving(design: Design, stage: Stage, earlier: dict[str, Stage]) -> set[Tap]:
    """Assert the rules for a stage's sources and return the taps they bring."""
    taps: set[Tap] = set()
    names = [source.name for source in stage.sources]
    assert len(set(names)) == len(names), f"stage {stage.name}: a source twice"
    for source in stage.sources:
        where = f"stage {stage.name}: source {source.name}"
        assert source.taps, f"{where} brings nothing"
        assert list(source.taps) == sorted(set(source.taps)), f"{where}: not ascending"
        if source.name in earlier:
            assert set(source.taps) <= set(earlier[source.name].exports), f"{where}: not exported"
        else:
            assert source.name in {p.name for p in design.inputs}, f"{where} is not there yet"
            nodes = [design.logic.nodes[tap.wire] for tap in source.taps]
            assert all(isinstance(n, In) and n.port == source.name for n in nodes), where
            assert all(t.delay >= 0 and not t.sign for t in source.taps), f"{where}: no such port"
        taps |= set(source.taps)
    return taps


def stage_ns(design: Design, family: Timing) -> tuple[float, ...]:
    """Return the longest register-to-register path that ends in each stage, by the delay model.

    Computed from the finished design, so it also proves that the clock is met.
    """
    logic, cycle = design.logic, design.cycle
    delay = node_delay(logic, family)
    time = [0.0] * len(logic.nodes)
    for wire, node in enumerate(logic.nodes):
        before = [time[o] for o in operands(node) if cycle[o] == cycle[wire]]
        time[wire] = max(before, default=0.0) + delay(wire)
    return tuple(
        max((time[w] for w in stage.wires), default=0.0) + family.overhead_ns
        for stage in design.stages
    )
