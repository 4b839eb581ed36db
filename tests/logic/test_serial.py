# SPDX-License-Identifier: Apache-2.0
"""Serial graphs: their digits are the values of the logic, their offsets legal and the cheapest."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate as evaluate_words
from hwgen.logic.links import LinkRegisters
from hwgen.logic.serial.constants import absorb
from hwgen.logic.serial.convert import serial_graph
from hwgen.logic.serial.evaluate import evaluate
from hwgen.logic.serial.graph import Fixed, SerialGraph, Sum, Word, fill_lanes, word_bits
from hwgen.logic.serial.lines import bank_reads, lines, operand_reads, result_reads
from hwgen.logic.serial.offsets import Offsets, delays, offsets
from tests.rtl.serial_nets import random_codes, random_graph, random_logic


@pytest.mark.parametrize("seed", range(24))
def test_digits_are_the_values_of_the_logic(seed: int) -> None:
    arity = 2 + seed % 2
    logic = random_logic(seed, arity=arity)
    codes = random_codes(np.random.default_rng(seed), 40)
    want = evaluate_words(logic, codes, check=True)
    plain = serial_graph(logic)
    for digit in {1, 2, 3, 5, word_bits(plain)}:
        for graph in (
            plain.with_digit(digit),
            random_graph(seed, digit, arity)[1],
        ):
            got = evaluate(graph, codes)
            for name, values in want.items():
                assert np.array_equal(got[name], values), (digit, name)


def test_a_word_that_is_too_short_would_show() -> None:
    logic, graph = random_graph(3, 1)
    codes = random_codes(np.random.default_rng(0), 60)
    want = evaluate_words(logic, codes)
    wrong = 0
    for less in (1, 2, 3):
        short = replace(graph, digits=graph.digits - less)
        try:
            got = evaluate(short, codes)
            wrong += any(not np.array_equal(got[k], v) for k, v in want.items())
        except AssertionError:
            wrong += 1
    assert wrong == 3


@pytest.mark.parametrize("digit", [1, 2, 4])
def test_what_a_shift_brings_in_would_show(digit: int) -> None:
    """Seeded faults: without a gate the sample before comes through."""
    import hwgen.logic.serial.evaluate as module

    logic, graph = random_graph(3, digit)
    codes = random_codes(np.random.default_rng(0), 60)
    want = evaluate_words(logic, codes)
    kept = module.shifted

    def ungated(term, digit_bits):  # type: ignore[no-untyped-def]
        for read in kept(term, digit_bits):
            yield replace(read, gated=0)

    module.shifted = ungated
    try:
        got = evaluate(graph, codes)
    finally:
        module.shifted = kept
    assert any(not np.array_equal(got[k], v) for k, v in want.items())


@pytest.mark.parametrize("seed", range(6))
def test_constants_cost_no_more_adders_than_before(seed: int) -> None:
    for digit in (1, 2):
        plain = serial_graph(random_logic(seed)).with_digit(digit)
        fewer = absorb(plain)
        count = [sum(isinstance(n, Sum) for n in g.nodes) for g in (plain, fewer)]
        assert count[1] <= count[0]
        assert all(0 <= n.carry < n.ways for n in fewer.nodes if isinstance(n, Sum))


def test_a_bias_becomes_a_carry() -> None:
    builder = Builder(2)
    builder.layer = "fc"
    a, b = (builder.input("x", i, -8, 7) for i in range(2))
    y = builder.add(builder.add(a, b, 0, 3), builder.const(8))
    graph = serial_graph(Logic.of(builder, [("y", [y])])).with_digit(1)
    fewer = absorb(graph)
    (only,) = [node for node in fewer.nodes if isinstance(node, Sum)]
    assert only.extra == 8 == only.start + only.terms[1].fill
    assert not any(isinstance(node, Fixed) for node in fewer.nodes)
    starts = absorb(graph, fills=False)
    assert sum(isinstance(node, Sum) for node in starts.nodes) == 2
    x = np.array([[-8, 7], [3, -2], [7, 7]])
    assert evaluate(fewer, {"x": x})["y"].ravel().tolist() == (x @ [1, 8] + 8).tolist()


@pytest.mark.parametrize(("digit", "shift"), [(1, 3), (2, 3), (3, 2), (4, 6)])
def test_lanes_of_a_fill(digit: int, shift: int) -> None:
    for fill in range(1 << shift):
        lanes = fill_lanes(fill, shift, digit)
        bits = [fill >> p & 1 for p in range(shift)]
        alike = all(len(set(bits[b::digit])) <= 1 for b in range(digit))
        assert (lanes is not None) == alike
        if lanes is not None:
            assert [int(lanes[p % digit]) for p in range(shift)] == bits


def registers(graph: SerialGraph, when: Offsets) -> int:
    """Count the registers of all delay lines anew."""
    from hwgen.logic.serial.graph import banks

    reads = result_reads(graph, when)
    for wire, node in enumerate(graph.nodes):
        if isinstance(node, Sum):
            reads += [r for row in operand_reads(graph, when, wire) for r in row]
    for place, bank in enumerate(banks(graph)):
        reads += [r for row in bank_reads(graph, when, place, bank) for r in row]
    longest = sum(max(lane, default=0) for lanes in lines(reads).values() for lane in lanes)
    assert all(read.shared >= 0 for read in reads)
    return longest


@pytest.mark.parametrize("seed", range(8))
def test_offsets_are_legal_and_counted_right(seed: int) -> None:
    for digit in (1, 2, 5):
        _, graph = random_graph(seed, digit, 2 + seed % 2)
        when = offsets(graph)
        assert when == offsets(graph, compiled=False)
        lanes = registers(graph, when)
        gates = sum(one.least for one in delays(graph))
        assert lanes <= when.registers <= lanes + gates


@pytest.mark.parametrize("digit", [1, 3])
def test_links_between_layers_have_their_registers(digit: int) -> None:
    _, graph = random_graph(digit, digit)
    links = LinkRegisters(2, ("y_in",))
    when, without = offsets(graph, links), offsets(graph)
    assert when.links == links
    assert when == offsets(graph, links, compiled=False)
    crossing = 0
    for wire, node in enumerate(graph.nodes):
        rows = operand_reads(graph, when, wire) if isinstance(node, Sum) else []
        for read in (read for row in rows for read in row):
            source = graph.nodes[read.wire]
            other = graph.layers[read.wire] != graph.layers[wire]
            inner = source.link == "y_in" if isinstance(source, Word) else other
            assert read.link == 2 * inner
            assert read.shared >= read.link
            crossing += inner
    assert crossing
    assert when.end >= without.end + 2 * 3  # four layers follow each other


def test_offsets_are_the_cheapest() -> None:
    """Against every placement of a small graph."""
    builder = Builder(2)
    builder.layer = "fc"
    a, b, c = (builder.input("x", i, -8, 7) for i in range(3))
    s = builder.add(a, b, 0, 1)
    t = builder.add(s, c, 2, 0, True)
    u = builder.add(b, c, 0, 3)
    v = builder.add(t, u, 0, 1)
    w = builder.add(v, a, 0, 4)
    for digit in (1, 2):
        graph = serial_graph(Logic.of(builder, [("y", [w, u])])).with_digit(digit)
        when = offsets(graph)
        sums = [i for i, node in enumerate(graph.nodes) if isinstance(node, Sum)]
        reads = list(delays(graph))
        best = None
        for tried in product(range(2, when.end + 1), repeat=len(sums)):
            at = {i: when.of[i] for i in range(len(graph.nodes))} | dict(
                zip(sums, tried, strict=True)
            )
            at[len(graph.nodes)] = when.end
            late = [(r.wire, r.lane, at[r.reader] + r.more - at[r.wire]) for r in reads]
            if min(d for _, _, d in late) < 0:
                continue
            line: dict[tuple[int, int], int] = {}
            for wire, lane, delay in late:
                line[wire, lane] = max(line.get((wire, lane), 0), delay)
            total = sum(line.values())
            best = total if best is None else min(best, total)
        assert when.registers == best
