# SPDX-License-Identifier: Apache-2.0
"""Checks of a design: the rules that printers and benches rely on.

`check` holds links, names and stages of any design; `check_pipeline` the wiring and timing of one
pipeline. Both are written against `design.types` alone, not against how a schedule is made.
"""

from __future__ import annotations

import re

from hwgen.design.check_serial import check_serial
from hwgen.design.types import (
    Design,
    Layer,
    Link,
    LinkKind,
    Pipeline,
    Port,
    SerialPipeline,
    Source,
    Stage,
    Tap,
)
from hwgen.ir.names import KEYWORDS
from hwgen.logic.builder import Logic
from hwgen.logic.nodes import Const, In, Select
from hwgen.units.memories import RamStyle

_LEGAL = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check(design: Design) -> None:
    """Assert every rule for links, names and stages, and for each pipeline those of its own."""
    names = [link.name for link in design.links]
    assert len({name.lower() for name in names}) == len(names), "two links of one name"
    for link in design.links:
        _check_link(link)
    for side in (design.inputs, design.outputs):
        assert len({port.name for port in side}) == len(side), "two ports of one name"
        for port in side:
            _check_port(design, port)
    assert len({stage.name for stage in design.stages}) == len(design.stages), "a stage twice"
    assert design.latency >= 1, "outputs are registered"
    assert design.interval >= 1, "a sample takes a cycle at least"
    there = {port.link for port in design.inputs}
    for stage in design.stages:
        where = f"stage {stage.name}"
        assert set(stage.reads) <= there, f"{where}: reads what is not there yet"
        assert len(set(stage.writes)) == len(stage.writes), f"{where}: writes a link twice"
        assert set(stage.writes) <= set(names), f"{where}: writes an unknown link"
        assert 1 <= stage.interval <= design.interval, f"{where}: slower than the design"
        written = list(stage.writes)
        for part in stage.parts:
            if isinstance(part, Pipeline):
                check_pipeline(design, stage, part)
                written += [layer.link for layer in part.layers]
            elif isinstance(part, SerialPipeline):
                written += check_serial(design, stage, part)
        assert not there & set(written), f"{where}: writes a link of another"
        there |= set(written)
    assert there == set(names), "a link that nobody writes"
    assert {port.link for port in design.outputs} <= there, "an output that nobody writes"
    if len(design.stages) == 1 and design.style != "stream":
        assert design.stages[0].latency == design.latency, "the only stage takes another time"


def _check_link(link: Link) -> None:
    where = f"link {link.name}"
    legal = _LEGAL.fullmatch(link.name) and link.name not in KEYWORDS
    assert legal, f"{where}: is no legal name"
    assert link.fields, f"{where}: carries nothing"
    assert all(field.width >= 1 for field in link.fields), f"{where}: a field without bits"
    assert link.words >= 1, f"{where}: a sample has a word at least"
    stream, serial = link.kind is LinkKind.STREAM, link.kind is LinkKind.SERIAL
    assert link.depth == 0 or (stream and link.depth > 0), f"{where}: only a stream has a FIFO"
    assert link.ram_style in list(RamStyle), f"{where}: no such memory"
    assert stream or link.coding is None, f"{where}: only a stream goes through memory"
    assert (link.digit_bits >= 1) == serial, f"{where}: only a serial link has digits"
    assert all(field.cycle >= 0 for field in link.fields), f"{where}: before the network input"
    assert not stream or not any(f.cycle for f in link.fields), f"{where}: a stream has no cycles"


def _check_port(design: Design, port: Port) -> None:
    where = f"port {port.name}"
    assert 1 <= port.interval <= design.interval, f"{where}: slower than the design"
    assert port.link in {link.name for link in design.links}, f"{where}: has no link"
    link = design.link(port.link)
    bits = link.bits * link.words
    assert bits == port.bits, f"{where}: {port.bits} bits, and its link carries {bits}"


def check_pipeline(design: Design, stage: Stage, pipeline: Pipeline) -> None:
    """Assert every timing and wiring rule of a pipeline."""
    logic, nodes = pipeline.logic, pipeline.logic.nodes
    reads = {name: design.link(name) for name in stage.reads}
    assert len(pipeline.cycle) == len(nodes), "a cycle for every wire"
    free = {w for w, node in enumerate(nodes) if isinstance(node, Const)}
    fed = {w for w, node in enumerate(nodes) if isinstance(node, In)}
    read: set[Tap] = set()
    seen: dict[str, Layer] = {}
    placed: set[int] = set()
    for layer in pipeline.layers:
        where = f"layer {layer.name}"
        assert layer.name not in {other.name for other in seen.values()}, f"{where}: twice"
        assert layer.link not in seen, f"{where}: writes a link of another layer"
        assert 0 <= layer.start <= layer.end, f"{where}: ends before it starts"
        assert list(layer.wires) == sorted(set(layer.wires)), f"{where}: wires not ascending"
        assert not placed & set(layer.wires), f"{where}: a wire of another layer"
        placed |= set(layer.wires)
        arriving = _arriving(pipeline, layer, seen, reads)
        assert _used(pipeline, layer, arriving, free) == arriving, f"{where}: reads less"
        assert layer.start == min(map(pipeline.arrives, arriving)), f"{where}: starts another time"
        _check_exports(design, pipeline, layer)
        read |= arriving
        seen[layer.link] = layer
    assert placed == set(range(len(nodes))) - free - fed, "a node without a layer"
    leaving = {pipeline.tap_of(w) for _, wires in logic.outputs for w in wires}
    wanted = {tap for tap in read | leaving if tap.wire not in free | fed}
    exported = {tap for layer in pipeline.layers for tap in layer.exports}
    assert exported == wanted, "exports are not what is read"
    for tap in exported:
        assert not tap.sign or Tap(tap.wire, tap.delay) not in exported, f"{tap}: a bit twice"
        assert pipeline.arrives(tap) < pipeline.latency, f"{tap}: output without a register"
    assert pipeline.latency >= 1, "outputs are registered"
    for wire in fed:
        node = nodes[wire]
        assert isinstance(node, In)
        assert pipeline.cycle[wire] == 0, "inputs are in cycle 0"
        assert node.port in reads, f"input {node.port} is no link that the stage reads"
        fields = reads[node.port].fields
        assert node.index < len(fields), f"input {node.port} has no {node.index}"
    _check_ends(design, stage, logic)


def _used(pipeline: Pipeline, layer: Layer, arriving: set[Tap], free: set[int]) -> set[Tap]:
    """Assert that every node finds its operands, and return the taps that are read."""
    nodes, ours, where = pipeline.logic.nodes, set(layer.wires), f"layer {layer.name}"
    used: set[Tap] = set()
    for wire in layer.wires:
        for place, source in enumerate(nodes[wire].operands):
            late = pipeline.cycle[wire] - pipeline.cycle[source]
            if source in free:
                continue
            assert late >= 0, f"{where}: wire {wire} is before {source}"
            if source not in ours:
                node, links = nodes[source], pipeline.links
                between = links.count
                if isinstance(node, In):
                    between = links.between(node.port, True, layer.name)
                assert late >= between, f"{where}: wire {wire} lacks registers of its link"
                sign = Tap(source, late, isinstance(nodes[wire], Select) and place == 0)
                tap = sign if sign in arriving else Tap(source, late)
                assert tap in arriving, f"{where}: wire {wire} comes from nowhere"
                used.add(tap)
    return used


def _check_exports(design: Design, pipeline: Pipeline, layer: Layer) -> None:
    where = f"layer {layer.name}"
    assert {tap.wire for tap in layer.exports} <= set(layer.wires), f"{where}: exports others'"
    assert list(layer.exports) == sorted(set(layer.exports)), f"{where}: exports not ascending"
    assert layer.exports, f"{where}: exports nothing"
    assert all(tap.delay >= 0 for tap in layer.exports), f"{where}: exports before it has"
    assert layer.end == max(map(pipeline.arrives, layer.exports)), f"{where}: ends another time"
    carried = [(f.width, f.cycle) for f in design.link(layer.link).fields]
    given = [(pipeline.width(tap), pipeline.arrives(tap)) for tap in layer.exports]
    assert carried == given, f"{where}: its link carries something else"


def _check_ends(design: Design, stage: Stage, logic: Logic) -> None:
    """Assert that network ports hold what enters and leaves the logic."""
    ports = {port.link: port for port in (*design.inputs, *design.outputs)}
    for wire, node in enumerate(logic.nodes):
        if isinstance(node, In) and node.port in ports:
            _covers(ports[node.port], logic, wire)
    assert len(logic.outputs) == len(stage.writes), "a link for every output"
    for (name, wires), written in zip(logic.outputs, stage.writes, strict=True):
        link = design.link(written)
        assert len(wires) == len(link.fields), f"output {name}: {len(wires)} wires for {link.name}"
        if written in ports:
            named = link.name if link.kind is LinkKind.STREAM else ports[written].name
            assert named == name, f"output {name} leaves at {named}"
            for wire in wires:
                _covers(ports[written], logic, wire)


def _covers(port: Port, logic: Logic, wire: int) -> None:
    assert port.fixed.lo <= logic.lo[wire], f"{port.name}: wire {wire} below {port.fixed}"
    assert port.fixed.hi >= logic.hi[wire], f"{port.name}: wire {wire} above {port.fixed}"


def _arriving(
    pipeline: Pipeline, layer: Layer, earlier: dict[str, Layer], reads: dict[str, Link]
) -> set[Tap]:
    """Assert the rules for a layer's sources and return the taps they bring."""
    taps: set[Tap] = set()
    names = [source.link for source in layer.sources]
    assert len(set(names)) == len(names), f"layer {layer.name}: a source twice"
    for source in layer.sources:
        _check_source(pipeline, source, f"layer {layer.name}: {source.link}", earlier, reads)
        taps |= set(source.taps)
    return taps


def _check_source(
    pipeline: Pipeline,
    source: Source,
    where: str,
    earlier: dict[str, Layer],
    reads: dict[str, Link],
) -> None:
    assert source.taps, f"{where} brings nothing"
    assert list(source.taps) == sorted(set(source.taps)), f"{where}: not ascending"
    if source.link in earlier:
        assert set(source.taps) <= set(earlier[source.link].exports), f"{where}: not exported"
        return
    assert source.link in reads, f"{where} is not there yet"
    nodes = [pipeline.logic.nodes[tap.wire] for tap in source.taps]
    assert all(isinstance(n, In) and n.port == source.link for n in nodes), where
    assert all(t.delay >= 0 and not t.sign for t in source.taps), f"{where}: no such port"
