# SPDX-License-Identifier: Apache-2.0
"""Sums of edge tables as logic: tables taken apart, constants in their slack, the clip's table."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.logic.builder import Builder, Logic
from hwgen.logic.decompose import Part, decomposed
from hwgen.logic.edges import EdgeSum, edge_sum
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Add, Add3, Const, PlacedTable, Requant
from hwgen.logic.truth_tables import columns, placed_luts

SMOOTH = tuple(np.rint(30 + 30 * np.sin(np.arange(256) / 50)).astype(int).tolist())


def cost(parts: tuple[Part, ...]) -> float:
    return sum(part.cost for part in parts)


def total(parts: tuple[Part, ...], address: int) -> int:
    found = 0
    for part in parts:
        own = sum((address >> bit & 1) << place for place, bit in enumerate(part.bits))
        found += part.values[own] << part.shift
    return found


@pytest.mark.parametrize("bits", [1, 4, 6, 7, 8, 10])
@pytest.mark.parametrize("kind", ["noise", "curve", "steps"])
def test_parts_add_up_to_the_table(bits: int, kind: str, rng: np.random.Generator) -> None:
    x = np.arange(1 << bits)
    made = {
        "noise": rng.integers(0, 90, len(x)),
        "curve": np.rint(50 + 50 * np.cos(x * rng.uniform(1, 5) / len(x))).astype(int),
        "steps": x * 5 >> max(bits - 4, 0),
    }
    values = tuple((made[kind] - made[kind].min()).tolist())
    parts = decomposed(values)
    assert [total(parts, address) for address in x.tolist()] == list(values)
    assert cost(parts) <= cost((Part(values, tuple(range(bits))),))


def test_a_smooth_table_is_taken_apart_and_noise_is_not(rng: np.random.Generator) -> None:
    parts = decomposed(SMOOTH)
    assert len(parts) > 1
    assert cost(parts) < 0.85 * cost((Part(SMOOTH, tuple(range(8))),))
    noise = tuple([0, *rng.integers(0, 128, 63).tolist()])
    assert decomposed(noise) == (Part(noise, tuple(range(6))),)


def test_a_placed_table_pays_for_each_function_of_its_own() -> None:
    parity = [bin(i).count("1") & 1 for i in range(256)]
    for bits, luts in ((8, 4), (7, 2), (6, 1), (5, 1)):
        assert placed_luts(tuple(parity[: 1 << bits]), 6) == luts
    pair = tuple(parity[i] + 2 * (i & i >> 1 & 1) for i in range(32))
    assert placed_luts(pair, 6) == 1  # two of at most five bits


def lowered(edges: EdgeSum, bits: int, arity: int = 3) -> Logic:
    b = Builder(arity)
    wires = [b.input("x", i, 0, (1 << bits) - 1) for i in range(len(edges.tables))]
    return Logic.of(b, [("y", [edge_sum(b, wires, edges)])])


def check(edges: EdgeSum, logic: Logic, rng: np.random.Generator) -> None:
    x = rng.integers(0, edges.tables.shape[1], (500, len(edges.tables)))
    sums = sum(edges.tables[i][x[:, i]] for i in range(x.shape[1])) + edges.bias
    want = np.clip(sums, edges.lo, edges.hi)
    assert np.array_equal(evaluate(logic, {"x": x}, check=True)["y"][:, 0], want)


@pytest.mark.parametrize("bias", [0, 1, -77, 1000])
@pytest.mark.parametrize("bounds", [(-32, 31), (0, 63), (-20, 11), (-7, 8)])
def test_a_saturation_reads_its_bit_and_those_above_the_block(bias, bounds, rng) -> None:
    tables = rng.integers(-60, 61, (5, 16))
    tables[:, 0], tables[:, 1] = -250, 250  # both bounds are met, whatever the bias
    edges = EdgeSum(tables, 0, bias, *bounds, "output 0")
    logic = lowered(edges, 4)
    check(edges, logic, rng)
    assert not any(isinstance(node, Requant) for node in logic.nodes)
    ((_, (out,)),) = logic.outputs
    assert isinstance(logic.nodes[out], PlacedTable)


def test_each_bit_of_a_clip_reads_few(rng) -> None:
    tables = rng.integers(-40, 41, (4, 16))
    edges = EdgeSum(tables, 0, 3, -32, 31, "output 0")
    logic = lowered(edges, 4)
    check(edges, logic, rng)
    ((_, (out,)),) = logic.outputs
    clip = logic.nodes[out]
    assert isinstance(clip, PlacedTable)
    above = len(clip.picks) - 6
    assert all(len(column.whole.reads) <= 1 + above for column in columns(clip.values))


def test_a_constant_goes_into_the_slack_of_tables(rng) -> None:
    tables = np.tile(np.array([0, 5, 9, 0]), (9, 1))  # up to 15 in four bits: room for 6 each
    edges = EdgeSum(tables, 0, 50, 0, 63, "output 0")
    logic = lowered(edges, 2)
    check(edges, logic, rng)
    sums = [n for n in logic.nodes if isinstance(n, Add | Add3)]
    read = {w for node in sums for w in node.operands}
    assert not any(isinstance(logic.nodes[w], Const) for w in read)


@pytest.mark.parametrize("bounds", [(-500, 500), (0, 400), (-9, 1000), (-5, 5), (700, 800)])
def test_other_bounds_saturate_as_ever(bounds, rng) -> None:
    edges = EdgeSum(rng.integers(-60, 61, (3, 16)), 0, 4, *bounds, "output 0")
    check(edges, lowered(edges, 4), rng)
    check(edges, lowered(edges, 4, arity=2), rng)


def test_edges_without_a_table_are_a_constant() -> None:
    edges = EdgeSum(np.full((2, 4), 3), 0, 1, -8, 5, "output 0")
    logic = lowered(edges, 2)
    assert logic.nodes == (Const(5),)
