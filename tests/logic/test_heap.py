# SPDX-License-Identifier: Apache-2.0
"""Heaps of bits: what they add up to, how few look-up tables that takes, and both searches."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.cost.terms import terms_of
from hwgen.logic import matvec as products
from hwgen.logic.builder import Builder, Logic
from hwgen.logic.evaluate import evaluate
from hwgen.logic.heap import native, parts, search
from hwgen.logic.heap.matrix import input_of, ways
from hwgen.logic.heap.parts import Columns, Draw
from hwgen.logic.heap.problem import Options, Problem
from hwgen.logic.heap.sums import Term, built, heap_of, source_of
from hwgen.logic.matvec import matvec
from hwgen.logic.nodes import Add, Add3, Chain

Rng = np.random.Generator


def luts(logic: Logic) -> int:
    terms = terms_of(logic, range(len(logic.nodes)), 6)
    return sum(terms.values())


def layer(weight: np.ndarray, lo: int, hi: int, *, level: int = 0, **given: int) -> Logic:
    b = Builder(3, **given)
    b.layer, b.level = "fc", level
    ins = [b.input("x", i, lo, hi) for i in range(len(weight))]
    return Logic.of(b, [("y", matvec(b, weight, ins, list(range(weight.shape[1]))))])


def right(logic: Logic, weight: np.ndarray, lo: int, hi: int) -> bool:
    x = np.random.default_rng(3).integers(lo, hi + 1, (300, len(weight)))
    x[0], x[1] = lo, hi
    want = x @ weight + np.arange(weight.shape[1])
    return np.array_equal(evaluate(logic, {"x": x}, check=True)["y"], want)


def random_problem(rng: Rng) -> Problem:
    columns, count = [], 0
    for _ in range(int(rng.integers(1, 12))):
        size = int(rng.integers(0, 12))
        columns.append(tuple(range(count, count + size)))
        count += size
    gates = [int(rng.choice([-1, -1, -1, 0, 1])) for _ in range(count)]
    plain = [gate < 0 and bool(rng.integers(2)) for gate in gates]
    when = [int(rng.choice([0, 0, 1, 3])) for _ in range(count)]
    return Problem(tuple(columns), tuple(gates), tuple(plain), tuple(when))


def test_the_compiled_search_gives_what_its_specification_says(rng: Rng) -> None:
    if native.library() is None:
        pytest.fail("the core is not compiled: make setup")
    for k in range(120):
        problem, options = random_problem(rng), Options(3, bool(k % 2), k)
        assert native.run(problem, options) == search.run(problem, options)


def test_chains_use_every_term_once_and_keep_their_rules(rng: Rng) -> None:
    for k in range(60):
        problem = random_problem(rng)
        found = search.run(problem, Options(2, bool(k % 2), k))
        terms = [t for column in problem.columns for t in column]
        used, known = [], len(terms)
        for link in found.chains:
            assert len(link.enter) <= 2
            for position in link.positions:
                assert len(position) <= 3
                assert len({problem.gates[t] for t in position if t < len(terms)} - {-1}) <= 1
            used += [*link.enter, *(t for position in link.positions for t in position)]
            assert all(t < known for t in used)
            known += link.made(problem.top)
        used += [t for t in found.rest if t >= 0]
        assert sorted(used) == list(range(known))


def random_columns(rng: Rng) -> Columns:
    shape = tuple(int(n) for n in rng.integers(2, 8, 2))
    most = int(rng.choice([1, 7, 127, 5000]))
    weights = rng.integers(-most, most + 1, shape) * (rng.random(shape) < rng.choice([0.5, 1]))
    bits = rng.integers(1, 9, shape[1])
    spans = (1 << bits) - 1 - rng.integers(0, 2, shape[1]) * (bits > 1)
    return Columns(tuple(map(tuple, weights.tolist())), tuple(bits.tolist()), tuple(spans.tolist()))


def over_inputs(
    found: tuple[tuple[int, ...], ...], column: tuple[int, ...], columns: Columns
) -> tuple[int, ...]:
    """Return a column in the inputs alone, its parts multiplied out."""
    inputs = len(columns.bits)
    total = np.array(column[:inputs])
    for row in np.flatnonzero(column[inputs:]).tolist():
        part = found[len(columns.weights) + row]
        total = total + column[inputs + row] * np.array(over_inputs(found, part, columns))
    return tuple(total.tolist())


def test_parts_are_what_their_specification_says_and_add_up_to_the_outputs(rng: Rng) -> None:
    if native.parts_library() is None:
        pytest.fail("the core is not compiled: make setup")
    many = 0
    for k in range(30):
        columns = random_columns(rng)
        draw = Draw(int(rng.choice([60, 110, 170])), 15 * (k % 2), k)
        found = native.parts(columns, draw)
        assert found == parts.run(columns, draw)
        outputs = len(columns.weights)
        assert tuple(over_inputs(found, column, columns) for column in found[:outputs]) == (
            columns.weights
        )
        many += len(found) - outputs
    assert many > 10


@pytest.mark.parametrize("haste", [0, 1])
def test_outputs_that_are_alike_share_parts_and_stay_right(rng: Rng, haste: int) -> None:
    base = rng.integers(-127, 128, 10)
    weight = np.stack([base, 2 * base, -base, base + rng.integers(-3, 4, 10)], 1)
    for lo, hi in ((0, 15), (-8, 7), (3, 9)):
        logic = layer(weight, lo, hi, haste=haste)
        assert right(logic, weight, lo, hi)
        assert luts(logic) < 3 * luts(layer(weight[:, :1], lo, hi, haste=haste))


def test_equal_windows_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Draw] = []
    run = native.parts
    monkeypatch.setattr(
        native, "parts", lambda columns, draw: calls.append(draw) or run(columns, draw)
    )
    weight = np.random.default_rng(77).integers(-31, 32, (9, 4))
    b = Builder(3)
    b.layer = "conv"
    for window in range(3):
        matvec(b, weight, [b.input("x", 9 * window + i, 0, 15) for i in range(9)])
    assert 0 < len(calls) == len(set(calls))


@pytest.mark.parametrize("haste", [0, 1])
@pytest.mark.parametrize(("lo", "hi"), [(0, 1), (0, 15), (-8, 7), (-1, 1), (3, 9)])
def test_a_layer_of_few_bits_is_a_heap_and_right(rng: Rng, lo: int, hi: int, haste: int) -> None:
    weight = rng.integers(-127, 128, (12, 5))
    weight[rng.random(weight.shape) < 0.3] = 0
    logic = layer(weight, lo, hi, haste=haste)
    assert any(isinstance(node, Chain) for node in logic.nodes)
    assert not any(isinstance(node, Add | Add3) for node in logic.nodes)
    assert right(logic, weight, lo, hi)


def test_the_cheaper_of_graph_and_heap_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = np.random.default_rng(1).integers(-127, 128, (16, 16))
    few, many = layer(weight, 0, 1), layer(weight, 0, 255)
    assert not any(isinstance(node, Chain) for node in many.nodes)
    monkeypatch.setattr(products, "FEW", -1)
    assert luts(few) < luts(layer(weight, 0, 1)) / 2


@pytest.mark.parametrize(("bits", "effort", "bar"), [(1, 1, 440), (4, 1, 1400), (4, 0, 1560)])
def test_layers_take_what_was_promised(bits: int, effort: int, bar: int) -> None:
    """Weights up to 127, 16 x 16: no more look-up tables than was promised."""
    weight = np.random.default_rng(1).integers(-127, 128, (16, 16))
    assert luts(layer(weight, 0, (1 << bits) - 1, effort=effort)) <= bar


def test_a_half_pruned_layer_takes_what_was_promised() -> None:
    rng = np.random.default_rng(2)
    weight = rng.integers(1, 8, (32, 16)) * rng.choice([-1, 1], (32, 16))
    weight *= rng.permutation(512).reshape(32, 16) < 256
    assert luts(layer(weight, 0, 15)) <= 840


def chains_in_a_row(logic: Logic) -> int:
    depth = [0] * len(logic.nodes)
    for wire, node in enumerate(logic.nodes):
        before = max((depth[w] for w in node.operands), default=0)
        depth[wire] = before + isinstance(node, Add | Add3 | Chain)
    return max(depth)


def test_haste_gives_fewer_levels_for_more_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of heaps that share nothing: those level by level take a tenth more at most."""
    monkeypatch.setattr(products, "parted", lambda *_: [])
    weight = np.random.default_rng(2).integers(-127, 128, (16, 8))
    hasty, free = (layer(weight, 0, 15, haste=haste) for haste in (1, 0))
    assert luts(free) < luts(hasty) < 1.1 * luts(free)
    assert chains_in_a_row(hasty) < chains_in_a_row(free)


def test_the_worth_of_a_level_chooses_between_sums(rng: Rng) -> None:
    """The dearer an adder in a row, the fewer there are; the cheaper, the fewer tables it takes."""
    weight = np.random.default_rng(2).integers(-127, 128, (16, 8))
    found = [layer(weight, 0, 63, haste=1, level=level) for level in (1, 10, 1000)]
    areas, depths = [luts(logic) for logic in found], [chains_in_a_row(logic) for logic in found]
    assert areas == sorted(areas)
    assert areas[0] < areas[-1]
    assert depths == sorted(depths, reverse=True)
    assert depths[0] > depths[-1]
    assert all(right(logic, weight, 0, 63) for logic in found)


def test_gates_inverters_constants_and_words_modulo(rng: Rng) -> None:
    """Sums of terms of every truth, modulo a word, against their definition."""
    for trial in range(30):
        b = Builder(3)
        b.layer = "fc"
        x = [b.input("x", i, -4, 3) for i in range(4)]
        terms = []
        for _ in range(int(rng.integers(1, 25))):
            bit, gate = ((x[int(rng.integers(4))], int(rng.integers(3))) for _ in range(2))
            alone = bool(rng.integers(2))
            truth = int(rng.choice([0b1010, 0b0101])) if alone else int(rng.integers(1, 15))
            terms.append(Term(int(rng.integers(6)), bit, truth, None if alone else gate))
        constant, lo, hi = int(rng.integers(128)), *((0, 63), (-32, 31))[trial % 2]
        heap = heap_of(terms, constant, lo, hi, Options(4, bool(trial % 3), trial))
        logic = Logic.of(b, [("y", [built(b, heap)])])
        codes = np.array(np.meshgrid(*[np.arange(-4, 4)] * 4)).reshape(4, -1).T
        want = np.full(len(codes), constant)
        place = {wire: i for i, wire in enumerate(x)}
        for term in terms:
            at = codes[:, place[term.x[0]]] >> term.x[1] & 1
            if term.gate:
                at = at | (codes[:, place[term.gate[0]]] >> term.gate[1] & 1) << 1
            want = want + ((term.truth >> at & 1) << term.column)
        want = (want - lo) % 64 + lo
        assert np.array_equal(evaluate(logic, {"x": codes}, check=True)["y"][:, 0], want)


def test_a_weight_is_written_in_ways_of_equally_few_digits() -> None:
    for value in range(-300, 301):
        found = ways(value)
        assert len(set(found)) == len(found)
        assert {len(way) for way in found} == {len(found[0])}
        assert all(sum(sign << shift for shift, sign in way) == value for way in found)


def test_bits_that_never_change_are_a_constant() -> None:
    b = Builder(3)
    step = b.thresh(b.input("x", 0, -8, 7), [1], [-1, 1])
    found = input_of(b, step)
    assert (found.bits, found.worth, found.rest) == (((step, 1),), (-2,), 1)


@pytest.mark.parametrize(
    ("lo", "hi", "threshold", "bit", "inverted"),
    [(0, 1, 1, 0, False), (-1, 0, 0, 0, True), (-8, 7, 0, None, False), (0, 15, 8, None, False)],
)
def test_a_step_of_one_bit_is_that_bit(
    lo: int, hi: int, threshold: int, bit: int | None, inverted: bool
) -> None:
    b = Builder(3)
    x = b.input("x", 0, lo, hi)
    step = b.thresh(x, [threshold], [0, 1])
    want = ((step, 0), False) if bit is None else ((x, bit), inverted)
    assert source_of(b, (step, 0)) == want
    falling = b.thresh(x, [threshold], [1, 0])
    want = ((falling, 0), False) if bit is None else ((x, bit), not inverted)
    assert source_of(b, (falling, 0)) == want
