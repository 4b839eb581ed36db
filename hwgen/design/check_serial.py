# SPDX-License-Identifier: Apache-2.0
"""Checks of a serial pipeline: every value is there when it is read, and no result loses a bit."""

from __future__ import annotations

from hwgen.design.stage_core import digit_links
from hwgen.design.types import Design, LinkKind, SerialPipeline, Stage
from hwgen.logic.serial.graph import Fixed, Round, Sum, Word, banks, fill_lanes, word_bits
from hwgen.logic.serial.lines import bank_reads, operand_reads, result_reads
from hwgen.logic.serial.offsets import FIXED_OFFSET, WORD_OFFSET


def check_serial(design: Design, stage: Stage, part: SerialPipeline) -> list[str]:
    """Assert every rule of a serial pipeline, and return the links that it writes besides."""
    graph, when = part.graph, part.offsets
    size = len(graph.nodes)
    assert graph.digit_bits >= 1, "a digit has a bit at least"
    assert word_bits(graph) <= graph.digits * graph.digit_bits, "a word is too short for a result"
    assert len(when.of) == len(graph.lo) == len(graph.hi) == size, "an offset for every value"
    assert stage.interval == part.interval, "the stage claims another interval"
    assert stage.latency == part.latency, "the stage claims another latency"
    every = banks(graph)
    assert len(when.bank) == len(every), "an offset for every bank of requantizers"
    for place, bank in enumerate(every):
        for wire in bank.wires:
            late = when.bank[place] + bank.latency(graph.digit_bits)
            assert when.of[wire] == late, f"wire {wire}: not behind its requantizer"
        assert when.bank[place] >= bank.before(graph.digit_bits), "phases before the sample"
        for row in bank_reads(graph, when, place, bank):
            assert all(read.shared >= read.link for read in row), f"bank {place} reads too early"
    for wire, node in enumerate(graph.nodes):
        assert all(w < wire for w in node.operands), f"wire {wire} reads what comes later"
        match node:
            case Word(link):
                assert when.of[wire] == WORD_OFFSET, f"wire {wire}: words come together"
                assert link in stage.reads, f"wire {wire}: {link} is no link of the stage"
            case Fixed():
                assert when.of[wire] >= FIXED_OFFSET, f"wire {wire}: a constant too early"
            case Sum():
                _check_sum(part, wire, node)
            case Round():
                assert node.shift >= node.half, f"wire {wire}: half of nothing"
    assert all(read.shared >= 0 for read in result_reads(graph, when)), "a result leaves too early"
    widest = part.out_digits * graph.digit_bits
    for (name, results), written in zip(graph.outputs, stage.writes, strict=True):
        out = design.link(written)
        assert out.kind is LinkKind.FLOW, f"{written}: whole words leave"
        assert len(results) == len(out.fields), f"output {name}: not as many as {written} has"
        for result, field in zip(results, out.fields, strict=True):
            if result.wire >= 0:
                width = graph.width(result.wire)
                assert width <= widest, f"output {name}: a word of {widest} bits is too short"
                assert width + result.value <= field.width + (
                    field.signed and graph.lo[result.wire] >= 0
                ), f"output {name}: too wide for {written}"
    return _check_layers(design, stage, part)


def _check_sum(part: SerialPipeline, wire: int, node: Sum) -> None:
    graph, where = part.graph, f"wire {wire}"
    assert 1 <= len(node.terms) <= 3, f"{where}: so many operands no adder has"
    assert 0 <= node.carry < node.ways, f"{where}: no carry can start so"
    for term in node.terms:
        assert 0 <= term.fill < 1 << term.shift, f"{where}: a constant beyond the shift"
        assert fill_lanes(term.fill, term.shift, graph.digit_bits) is not None, f"{where}: fill"
    for row in operand_reads(graph, part.offsets, wire):
        assert all(read.shared >= read.link for read in row), f"{where}: reads too early"


def _check_layers(design: Design, stage: Stage, part: SerialPipeline) -> list[str]:
    graph, when = part.graph, part.offsets
    inner = set(digit_links(part).values())
    placed: set[int] = set()
    seen = set(inner)
    for layer in part.layers:
        where = f"layer {layer.name}"
        assert not placed & set(layer.wires), f"{where}: a wire of another layer"
        placed |= set(layer.wires)
        assert {source.link for source in layer.sources} <= seen, (
            f"{where}: reads what is not there"
        )
        carried = [(f.width, f.cycle) for f in design.link(layer.link).fields]
        given = [(graph.width(tap.wire), when.of[tap.wire]) for tap in layer.exports]
        assert carried == given, f"{where}: its link carries something else"
        assert design.link(layer.link).digit_bits == graph.digit_bits, f"{where}: other digits"
        seen.add(layer.link)
    words = {wire for wire, node in enumerate(graph.nodes) if isinstance(node, Word)}
    assert placed | words == set(range(len(graph.nodes))), "a node without a layer"
    return sorted(seen - set(stage.reads))
