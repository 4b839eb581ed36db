# SPDX-License-Identifier: Apache-2.0
"""The rows of graphs alone: everybody's sums are the matrix, and are counted alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.benchmarks.adders import bars, graphs, graphs_export


def test_bars_of_graphs_are_matrix_by_matrix() -> None:
    def solved(by: str, positions: tuple[int, ...]) -> graphs.Solved:
        return graphs.Solved("graphs_one8", 2, by, positions, (9, 9), (3, 3), 0.1)

    found = [
        solved("hwgen, effort 0", (100, 100)), solved("hwgen, effort 1", (102, 80)),
        solved("hwgen, effort 2", (90, 80)), solved("da4ml", (100, 90)), solved("alkaid", (98, 99)),
    ]  # fmt: skip
    counted = [graphs.Counted("graphs_count8", 8, "hwgen, effort 1", 2, 97.0, 7.0, 0.02)]
    made = {bar.what: bar for bar in bars.of_graphs(found, counted)}
    work = "positions over the better rival, effort 2, the worst"
    assert made[work].value == pytest.approx(90 / 98)
    assert made["the same, effort 1"].value == pytest.approx(102 / 98)  # the better, each by each
    grown = made["positions over those of less effort"]
    assert (grown.value, grown.verdict) == (1.02, "**not met**")
    assert made["mean adders over H_cmvm's as published"].verdict == "**not met**"
    assert "| 2 of 8x8 | hwgen, effort 1 | 97.0 | 7.0 | 0.02 | 98.1 | 96.3 |" in (
        graphs.counts_table(counted)
    )


@dataclass(frozen=True)
class Op:
    """One operation of a rival's program."""

    addr: tuple[int, ...]
    opcode: int
    data: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """A rival's program."""

    ops: list[Op]
    out_idxs: list[int]
    out_shifts: list[int]
    out_negs: list[bool]


def test_a_rivals_program_is_read_with_its_negations_and_held_against_the_matrix() -> None:
    program = Program(
        [
            Op((), -1, (0,)), Op((), -1, (1,)),
            Op((0, 1), 1, (1,)),  # a - 2b
            Op((2,), -2, ()),  # 2b - a
            Op((3, 0), 0, (2,)),  # 2b + 3a
            Op((2, 3, 0), 11, (0, 0, 1, 1, 0, 3)),  # -(a - 2b) + 2(2b - a) - 8a
        ],
        [3, 4, 5], [1, 0, 0], [False, True, False],
    )  # fmt: skip
    shape = graphs.Shape("", 2, -9, 9, 1)
    weight = np.array([[-2, -3, -11], [4, -2, 6]])
    made = graphs.read(shape, weight, 3, graphs_export.sums(program, 2))
    assert made.adders == 6  # three sums, one of them turned, and two outputs that are turned
    with pytest.raises(AssertionError, match="is not the matrix"):
        graphs.read(shape, weight + 1, 3, graphs_export.sums(program, 2))
    wrong = Program([*program.ops, Op((2,), 8, (0,))], [6], [0], [False])
    with pytest.raises(SystemExit, match="operation 8 is no sum"):
        graphs_export.sums(wrong, 2)


def test_adders_are_counted_of_any_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "COUNTED", ((0, graphs.BITS, 2), (0, 40, 2)))
    narrow, wide = graphs.count("graphs_count8")
    assert (narrow.by, wide.by) == ("hwgen, effort 0", "hwgen, effort 0, inputs of 40 bits")
    assert 80 < wide.adders < 110
