# SPDX-License-Identifier: Apache-2.0
"""What holds for every node class, and which files know them all by name."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import numpy as np
import pytest

from hwgen.logic import nodes
from hwgen.logic.builder import Builder
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Const,
    Gather,
    In,
    Max,
    Mul,
    Node,
    PlacedTable,
    Requant,
    Select,
    Shl,
    Table,
    Thresh,
)
from hwgen.logic.pipeline import node_delay
from hwgen.target.board import load_board

INT64, OBJECT = np.dtype(np.int64), np.dtype(object)
# Nodes on wires 0, 1, 2, with the intervals of those; each interval is met by some values.
EXAMPLES: list[tuple[Node, tuple[tuple[int, int], ...]]] = [
    (Const(-7), ()),
    (Shl(0, 3), ((-4, 5),)),
    (Add(0, 1, 1, 0), ((-4, 5), (2, 6))),
    (Add(0, 1, 0, 2, True), ((-4, 5), (2, 6))),
    (Add3(0, 1, 2, 1, 0, 2, True, False), ((-4, 5), (2, 6), (-1, 3))),
    (Add3(0, 1, 2, 0, 1, 0, False, True), ((-4, 5), (2, 6), (-1, 3))),
    (Mul(0, 1), ((-4, 5), (-3, 6))),
    (Mul(0, 0), ((-4, 3), (-4, 3))),
    (Max(0, 1), ((-4, 5), (-3, 7))),
    (Max(0, 1, True), ((-4, 5), (-3, 7))),
    (Requant(0, 2, -3, 4), ((-19, 19),)),
    (Requant(0, 2, -9, 9, True), ((-19, 19),)),
    (Requant(0, 0, -3, 4), ((-19, 19),)),
    (Select(0, 1, 2), ((-2, 2), (3, 5), (-1, 0))),
    (Thresh(0, (-6, 0, 7), (4, -1, 9, 2)), ((-5, 6),)),
    (Table((0, 1), ((0, 1), (1, 0)), (3, -2, 8, 0)), ((0, 3), (0, 1))),
    (PlacedTable((0, 1), ((0, 1), (1, 0)), (3, -2, 8, 0)), ((0, 3), (0, 1))),
    (
        Chain(
            (0, 1),
            ((0, 0), (0, 1), (-1, 0), (1, 1), (0, 2), (1, 0), (-1, 0), (-1, 0)),
            (0b1010, 0b0111, 0, 0b1010, 0b0101, 0),
            ((1, 2), (-1, 0)),
            1,
        ),
        ((0, 7), (-4, 3)),
    ),
    (Gather((0, 1), ((0, 1), (-1, 1), (1, 0)), True), ((0, 3), (0, 1))),
]
WIRING = {In, Const, Shl, Gather}
CLASSES = {
    kind
    for kind in map(vars(nodes).__getitem__, nodes.__all__)
    if isinstance(kind, type) and issubclass(kind, Node) and kind is not Node
}


def values(node: Node, dtype: np.dtype, ranges) -> np.ndarray:
    every = itertools.product(*(range(lo, hi + 1) for lo, hi in ranges))
    rows = [row for row in every if len(set(node.operands)) == len(row) or len(set(row)) == 1]
    ins = [np.array(column, dtype) for column in zip(*rows, strict=True)]
    return node.run(ins, dtype)


def test_every_class_is_here() -> None:
    assert {type(node) for node, _ in EXAMPLES} | {In} == CLASSES


@pytest.mark.parametrize(("node", "ranges"), EXAMPLES)
def test_a_node_is_what_it_says(node: Node, ranges) -> None:
    assert len(node.operands) == len(ranges)
    out = values(node, INT64, ranges)
    assert (int(out.min()), int(out.max())) == node.interval(ranges)
    wide = values(node, OBJECT, ranges)
    assert (out.dtype, wide.dtype) == (INT64, OBJECT)
    assert np.array_equal(out, wide)
    peaks = [max(-lo, hi) for lo, hi in ranges]
    assert max(node.reach(peaks), abs(int(out.min())), abs(int(out.max()))) >= max(peaks, default=0)


@pytest.mark.parametrize(("node", "ranges"), EXAMPLES)
def test_operands_are_all_that_a_move_changes(node: Node, ranges) -> None:
    moved = node.moved({0: 5, 1: 3, 2: 9})
    assert type(moved) is type(node)
    assert moved.operands == tuple((5, 3, 9)[w] for w in node.operands)
    assert moved.moved({5: 0, 3: 1, 9: 2}) == node


@pytest.mark.parametrize(("node", "ranges"), EXAMPLES)
def test_only_wiring_takes_no_time(node: Node, ranges) -> None:
    b = Builder()
    for i, (lo, hi) in enumerate(ranges):
        b.input("x", i, lo, hi)
    wire = b._put(node)
    family = load_board("vcu118").family
    assert (node_delay(b, family)(wire) == 0) == (type(node) in WIRING)


def test_an_input_takes_its_column_and_its_declared_interval() -> None:
    codes = np.arange(6).reshape(2, 3)
    assert In("x", 1).run([codes], INT64).tolist() == [1, 4]
    assert In("x", 1).interval([(-3, 8)]) == (-3, 8)


@pytest.mark.parametrize("files", ["hwgen/cost/terms.py", "hwgen/emit/verilog/*.py"])
def test_costs_and_printers_have_a_case_for_each_node(root: Path, files: str) -> None:
    """A new node is a class, and a case in each of these places; nothing else names them all."""
    named = {
        ast.unparse(pattern.cls).rpartition(".")[2]
        for file in root.glob(files)
        for pattern in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(pattern, ast.MatchClass)
    }
    assert {kind.__name__ for kind in CLASSES - WIRING} <= named
