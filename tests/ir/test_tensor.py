# SPDX-License-Identifier: Apache-2.0
"""Tensor types and exact integer arrays."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import TensorType, int_array, wide


def test_int_array_is_read_only_and_as_narrow_as_is_safe() -> None:
    assert int_array([1, -2]).dtype == np.int64
    assert int_array(np.array([1, 2], np.uint64)).dtype == np.int64
    assert int_array(np.array([True, False])).tolist() == [1, 0]
    for big in (1 << 62, -(1 << 62), 1 << 100):
        made = int_array(np.array([big, 0], object))
        assert made.dtype == object
        assert made.tolist() == [big, 0]
    assert int_array(np.array([2**63 + 5], np.uint64)).tolist() == [2**63 + 5]
    with pytest.raises(ValueError, match="read-only"):
        int_array([1])[0] = 2
    with pytest.raises(TypeError, match="integer codes expected, not float64"):
        int_array([1.5])
    assert (wide(int_array([1 << 40])) * (1 << 40)).tolist() == [1 << 80]


def test_int_array_does_not_freeze_the_callers_array() -> None:
    mine = np.array([1, 2, 3])
    int_array(mine)
    mine[0] = 7
    assert mine[0] == 7


def test_a_type_knows_every_elements_interval() -> None:
    kind = TensorType.covering((2, 2), 3, [[0, -4], [1, 2]], [[7, 5], [1, 9]])
    assert kind.fixed == Fixed(5, 3, True)
    assert (kind.size, kind.frac, kind.peak) == (4, 3, 9)
    assert str(kind) == "2x2 s5.3 [-4, 9]"
    assert TensorType.of((3,), Fixed(4, 0)).hi.tolist() == [15, 15, 15]
    assert TensorType.of((3,), Fixed(4, 0, True)).peak == 8


def test_types_are_equal_by_value() -> None:
    one, same = (TensorType.covering((2,), 0, [0, 1], [3, 4]) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != TensorType.covering((2,), 0, [0, 0], [3, 4])
    assert one != TensorType.covering((2,), 1, [0, 1], [3, 4])
    assert one != "2 u3.0"


@pytest.mark.parametrize(
    ("shape", "lo", "hi", "text"),
    [((2,), 5, 4, "lo > hi"), ((2,), -1, 4, "below the format"), ((2,), 0, 16, "above the format"),
     ((2, 0), 0, 1, "empty tensor")],
)  # fmt: skip
def test_broken_invariants_are_bugs(shape: tuple[int, ...], lo: int, hi: int, text: str) -> None:
    with pytest.raises(AssertionError, match=text):
        TensorType(shape, Fixed(4), int_array(lo), int_array(hi))
