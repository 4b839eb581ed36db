# SPDX-License-Identifier: Apache-2.0
"""Truth tables: what they depend on, how they are split, what they take, how they are made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hwgen.logic.bit_origins import Span, origins, read_origins, register_bits
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.covers import cover
from hwgen.logic.enumeration import Word, cone, enumerated, table, word
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Add, Table
from hwgen.logic.pipeline import pipeline
from hwgen.logic.truth_tables import PART, Function, columns, levels, luts, split, support


def function(one: Function, address: int) -> int:
    at = sum((address >> bit & 1) << i for i, bit in enumerate(one.reads))
    return one.truth >> at & 1


def random_values(bits: int, out: int, seed: int) -> tuple[int, ...]:
    """Sums of some bits with random weights, clipped: what neurons compute."""
    rng = np.random.default_rng(seed)
    address = np.arange(1 << bits)
    weights = rng.integers(-5, 6, bits)
    total = sum((address >> i & 1) * w for i, w in enumerate(weights))
    top = (1 << (out - 1)) - 1
    return tuple(np.clip(total // 2, -top - 1, top).tolist())


@pytest.mark.parametrize("bits", [1, 3, 6, 7, 8, 10])
@pytest.mark.parametrize("seed", range(3))
def test_columns_and_their_parts_are_the_values(bits: int, seed: int) -> None:
    values = random_values(bits, 3, seed)
    made = columns(values)
    for address, value in enumerate(values):
        for bit, column in enumerate(made):
            whole = column.whole
            assert function(whole, address) == value >> bit & 1
            if column.same >= 0:
                assert made[column.same].whole == whole
            if len(whole.reads) > PART:
                selects, parts = split(whole)
                assert len(parts) == 1 << len(selects)
                chosen = sum((address >> b & 1) << i for i, b in enumerate(selects))
                assert function(parts[chosen], address) == value >> bit & 1
                assert not set(parts[chosen].reads) & set(selects)


def test_bits_that_do_not_matter_are_seen() -> None:
    values = tuple((a >> 1 & 1) + 2 * (a >> 3 & 1) for a in range(16))
    assert support(values) == (1, 3)
    assert [c.whole.plain for c in columns(values)] == [True, True]
    assert columns((5,) * 8)[0].whole.fixed
    assert columns((0, 3, 0, 3))[1].same == 0


def values_of(bits: int, *functions: object) -> tuple[int, ...]:
    return tuple(
        sum(int(bool(f(a))) << i for i, f in enumerate(functions) if callable(f))
        for a in range(1 << bits)
    )


def odd(mask: int) -> object:
    return lambda a: (a & mask).bit_count() & 1


@pytest.mark.parametrize(
    ("values", "six"),
    [
        (values_of(3, odd(1), odd(2), odd(1)), 0),  # wiring
        (values_of(2, lambda a: a == 0), 1),
        (values_of(6, odd(0b111111)), 1),
        (values_of(5, odd(0b11111), lambda a: a == 7), 1),  # two of five inputs share a site
        (values_of(6, odd(0b111111), lambda a: a == 7), 2),
        (values_of(7, odd(0b1111111)), 2),  # F7
        (values_of(8, odd(0b11111111)), 3),  # two parts, of which two bits select
        (values_of(7, lambda a: a == 127), 1),
    ],
)
def test_prices_by_hand(values: tuple[int, ...], six: int) -> None:
    assert luts(values) == six


@pytest.mark.parametrize(
    ("values", "size"),
    [
        (values_of(3, odd(1), odd(2), odd(1)), (0, 0, 0)),  # wiring
        (values_of(4, lambda a: a == 9), (1, 0, 0)),
        (values_of(5, odd(0b11111)), (0, 2, 4)),  # three bits, and their parity with two more
        (values_of(6, lambda a: a == 63), (0, 2, 0)),
        (values_of(7, lambda a: a == 127), (0, 2, 0)),  # no choices: a gate a bit
        (values_of(6, lambda a: a == 63, lambda a: a != 63), (0, 2, 0)),  # once, and its inverse
        (values_of(5, odd(0b11111), lambda a: a > 15 and odd(0b01111)(a)), (0, 3, 4)),
    ],
)
def test_covers_by_hand(values: tuple[int, ...], size: tuple[int, int, int]) -> None:
    found = cover(values, 4)
    assert (found.single, found.tables, found.choices) == size


def test_a_cover_is_as_large_as_all_choices_at_most(rng: np.random.Generator) -> None:
    for bits in (5, 7, 9):
        values = tuple(rng.integers(0, 8, 1 << bits).tolist())
        most = 3 * ((1 << (bits - 4)) + (1 << (bits - 4)) - 1)  # leaves of four bits, and choices
        assert 0 < cover(values, 4).tables <= most


@pytest.mark.parametrize(("bits", "six", "four"), [(1, 0, 0), (4, 1, 1), (6, 1, 2), (9, 3, 4)])
def test_levels(bits: int, six: int, four: int) -> None:
    values = values_of(bits, odd((1 << bits) - 1))
    assert (levels(values, 6), levels(values, 4)) == (six, four)


def words(b: Builder, ranges: Sequence[tuple[int, int]]) -> list[Word]:
    found = [word(b, b.input("x", i, lo, hi)) for i, (lo, hi) in enumerate(ranges)]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("lo", "hi", "bits"),
    [(0, 3, 2), (-1, 1, 2), (-4, 3, 3), (-3, 4, 3), (4, 7, 2), (0, 5, 3), (-1, 0, 1), (6, 9, 2)],
)
def test_a_word_takes_the_bits_that_tell_its_values_apart(lo: int, hi: int, bits: int) -> None:
    (one,) = words(Builder(), [(lo, hi)])
    assert len(one.bits) == bits
    assert set(one.codes) == set(range(lo, hi + 1))
    for pattern, code in enumerate(one.codes):
        exact = sum((code >> bit & 1) << i for i, bit in enumerate(one.bits))
        assert exact == pattern or len(set(one.codes)) < len(one.codes)


def test_a_word_of_few_values_takes_few_bits() -> None:
    b = Builder()
    x = b.input("x", 0, -100, 100)
    signs = word(b, b.thresh(x, [0], [-1, 1]))
    assert signs is not None
    assert signs.bits == (1,)
    assert signs.codes == (1, -1)
    assert word(b, b.thresh(x, [-9, 9], [-7, 0, 7])).bits == (0, 1)  # type: ignore[union-attr]
    assert word(b, b.input("x", 1, 0, 1024)) is None


def test_an_enumeration_becomes_a_table_that_evaluates_to_it() -> None:
    b = Builder()
    some = words(b, [(-3, 4), (0, 2), (-1, 1)])
    codes = enumerated(some)
    assert len(codes) == 1 << 7
    total = codes @ np.array([2, 5, 0])
    node = table(some, np.clip(total, -4, 11).tolist(), "a neuron")
    assert node.ins == (0, 1)  # the third one does not matter
    wire = b.table(node)
    assert b.range(wire) == (-4, 11)
    assert b.table(table(some, np.clip(total, -4, 11).tolist(), "another")) == wire
    logic = Logic.of(b, [("y", [wire])])
    x = np.stack(np.meshgrid(range(-3, 5), range(3), [0]), -1).reshape(-1, 3)
    found = evaluate(logic, {"x": x}, check=True)["y"][:, 0]
    assert np.array_equal(found, np.clip(2 * x[:, 0] + 5 * x[:, 1], -4, 11))


def test_a_table_of_one_value_is_a_constant() -> None:
    b = Builder()
    some = words(b, [(0, 3)])
    assert b.table(table(some, [7] * 4, "")) == b.const(7)


def test_a_cone_ends_at_its_stops_and_computes_the_same() -> None:
    b = Builder()
    x = [b.input("x", i, -8, 7) for i in range(3)]
    inner = b.add(x[0], x[1])
    outer = b.requant(b.add(inner, x[2], 1, 0), 2, 0, 5)
    logic, read = cone(b, outer, {inner, x[2]})
    assert read == (x[2], inner)
    assert not any(isinstance(n, Add) and n.a == n.b for n in logic.nodes)
    ends = np.array([[v, w] for v in range(-8, 8) for w in range(-16, 15)])
    found = evaluate(logic, {"x": ends})["y"][:, 0]
    total = 2 * ends[:, 1] + ends[:, 0]
    assert np.array_equal(found, np.clip(np.rint(total / 4), 0, 5))
    assert cone(b, outer, ())[1] == tuple(x)


def test_registers_are_those_of_the_bits_that_are_read() -> None:
    b = Builder()
    b.layer = "fc"
    x = b.input("x", 0, 0, 255)
    # Bit 0 of the output is bit 7 of x, bit 1 a function of bits 0 and 3, bit 2 the same again.
    values = tuple((a & 1) + 6 * ((a >> 1) == 3) for a in range(8))
    made = b.table(Table((x,), ((0, 7), (0, 0), (0, 3)), values))
    logic = Logic.of(b, [("y", [made])])
    spans = origins(logic)
    assert spans[1] == (Span(0, 7, 1), Span(1, 1, 1), Span(1, 1, 1))
    readers = read_origins(logic, spans)
    assert {span for span in readers[0] if 1 in readers[0][span]} == {Span(0, 0, 1), Span(0, 3, 1)}
    assert register_bits(logic, [0, 2], 4) == [2 + 2 + 3, 1]
    assert pipeline(logic, lambda w: float(w), 1.0).latency == 1


def test_operands_are_renumbered() -> None:
    b = Builder()
    b.layer = "fc"
    unused, x, y = (b.input("x", i, 0, 1) for i in range(3))
    both = b.table(Table((x, y), ((0, 0), (1, 0)), (0, 0, 0, 1), "and"))
    logic = Logic.of(b, [("y", [both])])
    assert unused == 0
    assert logic.nodes[2] == Table((0, 1), ((0, 0), (1, 0)), (0, 0, 0, 1))
