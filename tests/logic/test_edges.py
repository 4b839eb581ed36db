# SPDX-License-Identifier: Apache-2.0
"""Sums of edge tables as logic: tables taken apart, constants in their slack, the clip's table."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.logic.builder import Builder, Logic
from hwgen.logic.decompose import decomposed, direct
from hwgen.logic.edges import EdgeSum, edge_sum
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Chain, Const, PlacedTable, Requant
from hwgen.logic.nodes.heap import ALWAYS
from hwgen.logic.pieces import Parts, Piece
from hwgen.logic.truth_tables import Function, columns, placed_luts

SMOOTH = tuple(np.rint(30 + 30 * np.sin(np.arange(256) / 50)).astype(int).tolist())


def total(parts: Parts, size: int) -> list[int]:
    """Return what some parts add up to, from their definition."""

    def bit(read: int | Function, address: int) -> int:
        if isinstance(read, int):
            return address >> read & 1
        return looked(read.reads, read.truth, address)

    def looked(reads, truth: int, address: int) -> int:
        return truth >> sum(bit(read, address) << k for k, read in enumerate(reads)) & 1

    found = []
    for address in range(size):
        value = parts.constant
        for piece in parts.every():
            one = looked(piece.reads, piece.truth, address)
            if piece.gate:
                one = (one & ((address >> piece.gate.x & 1) == piece.gate.level)) ^ piece.gate.flip
            value += one << piece.place
        found.append(value)
    return found


@pytest.mark.parametrize("bits", [1, 4, 6, 7, 8, 10])
@pytest.mark.parametrize("kind", ["noise", "curve", "steps", "kink"])
def test_parts_add_up_to_the_table(bits: int, kind: str, rng: np.random.Generator) -> None:
    x = np.arange(1 << bits)
    made = {
        "noise": rng.integers(-30, 60, len(x)),
        "curve": np.rint(50 + 50 * np.cos(x * rng.uniform(1, 5) / len(x))).astype(int),
        "steps": x * 5 >> max(bits - 4, 0),
        "kink": np.where(x >> max(bits - 1, 0), 9 + rng.integers(0, 2, len(x)), 40 - x // 3),
    }
    values = tuple(made[kind].tolist())
    parts = decomposed(values)
    assert total(parts, len(x)) == list(values)
    assert parts.cost <= direct(values).cost
    assert total(direct(values), len(x)) == list(values)


def test_a_smooth_table_is_taken_apart_and_noise_hardly(rng: np.random.Generator) -> None:
    assert decomposed(SMOOTH).cost < 0.7 * direct(SMOOTH).cost
    noise = tuple([0, *rng.integers(0, 128, 63).tolist()])
    assert 0.75 * direct(noise).cost < decomposed(noise).cost <= direct(noise).cost


def test_every_way_to_take_a_table_apart_is_used(rng: np.random.Generator) -> None:
    """Gates, codes of rows and functions behind them, in tables that ask for them."""
    pieces: list[Piece] = []
    x = np.arange(128)
    for _ in range(12):
        rows = rng.integers(0, 20, 32)[x >> 2] + (rng.integers(0, 4, 4)[x & 3] * (x >> 6))
        jump = np.where(x >> 6, rng.integers(0, 4, 64)[x & 63], 0) + rng.integers(0, 30, 64)[x & 63]
        pieces += [*decomposed(tuple(rows.tolist())).every(), *decomposed(tuple(jump)).every()]
    assert any(piece.gate for piece in pieces)
    assert any(isinstance(read, Function) for piece in pieces for read in piece.reads)


@pytest.mark.parametrize("bits", [7, 8])
def test_steps_of_any_height_are_their_tables(bits: int) -> None:
    """Above a row's least value there may be multiples: some bits are zero in every row."""
    codes = np.arange(1 << bits)[:, None]
    for height in (-5, 1, 2, 4, 5, 6, 9, 10, 12):
        for at in range(3, 1 << bits, 23):
            table = np.where(codes[:, 0] < at, 0, height)
            edges = EdgeSum(table[None], 0, 0, -1 << 20, 1 << 20, "steps")
            got = evaluate(lowered(edges, bits), {"x": codes}, check=True)["y"][:, 0]
            assert np.array_equal(got, table), (height, at)


def test_a_placed_table_pays_for_each_function_of_its_own() -> None:
    parity = [bin(i).count("1") & 1 for i in range(256)]
    for bits, luts in ((8, 4), (7, 2), (6, 1), (5, 1)):
        assert placed_luts(tuple(parity[: 1 << bits])) == luts
    pair = tuple(parity[i] + 2 * (i & i >> 1 & 1) for i in range(32))
    assert placed_luts(pair) == 1  # two of at most five bits


def test_a_long_placed_table_pays_for_its_different_parts(rng: np.random.Generator) -> None:
    noise = rng.integers(0, 2, 1 << 10)
    assert placed_luts(tuple(noise[:512].tolist())) == 8 + 2
    assert placed_luts(tuple(noise.tolist())) == 16 + 4
    one, other = noise[:64], noise[64:128]
    assert placed_luts(tuple(np.concatenate([one, other] * 8).tolist())) == 2  # seven bits do
    zero = np.zeros(64, np.int64)
    rows = [zero, zero, one, zero, other, zero, zero, zero]
    assert placed_luts(tuple(np.concatenate(rows).tolist())) == 2 + 1  # three bits, two parts
    twice = noise[:512] * 3  # both bits are one function
    assert placed_luts(tuple(twice.tolist())) == 8 + 2


def lowered(edges: EdgeSum, bits: int, arity: int = 3, haste: int = 0) -> Logic:
    b = Builder(arity, haste=haste)
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
    chains = [node for node in logic.nodes if isinstance(node, Chain)]
    assert chains
    ones = sum(node.truths.count(ALWAYS) + node.enter.count((-1, 1)) for node in chains)
    assert ones < (50).bit_count()


@pytest.mark.parametrize("bounds", [(-500, 500), (0, 400), (-9, 1000), (-5, 5), (700, 800)])
def test_other_bounds_saturate_as_ever(bounds, rng) -> None:
    edges = EdgeSum(rng.integers(-60, 61, (3, 16)), 0, 4, *bounds, "output 0")
    for haste in range(3):
        check(edges, lowered(edges, 4, haste=haste), rng)
    check(edges, lowered(edges, 4, arity=2), rng)


def test_gates_and_rows_of_tables_are_wired_right(rng) -> None:
    x = np.arange(128)
    tables = [rng.integers(0, 30, 32)[x >> 2] + rng.integers(0, 4, 4)[x & 3] * (x >> 6)]
    tables += [
        np.where(x >> 6, rng.integers(0, 4, 64)[x & 63], 0) + rng.integers(-9, 30, 64)[x & 63]
    ]
    tables += [np.rint(20 * np.sin(x / 20)).astype(int), rng.integers(-40, 40, 128)]
    edges = EdgeSum(np.array(tables), 0, 3, -32, 31, "output 0")
    for haste in range(3):
        check(edges, lowered(edges, 7, haste=haste), rng)


def test_edges_without_a_table_are_a_constant() -> None:
    edges = EdgeSum(np.full((2, 4), 3), 0, 1, -8, 5, "output 0")
    logic = lowered(edges, 2)
    assert logic.nodes == (Const(5),)
