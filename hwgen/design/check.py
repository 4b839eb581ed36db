# SPDX-License-Identifier: Apache-2.0
"""Checks of a design: every timing and wiring rule that printers and benches rely on."""

from __future__ import annotations

from hwgen.design.types import Design, Port, Stage, Tap
from hwgen.logic.builder import Logic
from hwgen.logic.nodes import Const, In, Select, operands


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
