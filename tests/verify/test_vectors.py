# SPDX-License-Identifier: Apache-2.0
"""Test vectors cover the corners, repeat, and survive a file; the bench packs as it should."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hwgen import paths
from hwgen.errors import ConfigError, VerifyError
from hwgen.ir.fixed import Fixed
from hwgen.ir.tensor import TensorType, int_array
from hwgen.verify.vectors import (
    Vectors,
    corner_vectors,
    data_vectors,
    join,
    random_vectors,
)

PORTS = {
    "a": TensorType((2, 2), Fixed(6, 0, True), int_array(-20), int_array([[31, 5], [0, -3]])),
    "b": TensorType((3,), Fixed(4, 1), int_array([0, 2, 7]), int_array([15, 2, 9])),
}


def rows_of(vectors: Vectors) -> list[tuple[int, ...]]:
    flat = [rows.reshape(len(vectors), -1) for rows in vectors.inputs.values()]
    return [tuple(row) for row in np.concatenate(flat, axis=1).tolist()]


def test_corners_are_distinct_inside_and_hold_the_extremes() -> None:
    vectors = corner_vectors(PORTS)
    rows = rows_of(vectors)
    lo, hi = (-20, -20, -20, -20, 0, 2, 7), (31, 5, 0, -3, 15, 2, 9)
    zero = (0, 0, 0, -3, 0, 2, 7)
    assert len(set(rows)) == len(rows)
    for row in rows:
        assert all(low <= x <= high for low, x, high in zip(lo, row, hi, strict=True))
    assert rows[:3] == [lo, hi, zero]
    assert {lo[:4] + hi[4:], hi[:4] + lo[4:]} <= set(rows)  # one port against the other
    assert {(31, *zero[1:]), (-20, *zero[1:]), (*zero[:6], 9)} <= set(rows)
    assert vectors.origin == (("corner", len(rows)),)


def test_corners_of_a_large_port_are_bounded() -> None:
    ports = {"image": TensorType.of((28, 28), Fixed(8))}
    assert len(corner_vectors(ports, limit=16)) <= 5 + 2 * 16


def test_random_vectors_repeat_fill_the_interval_and_extend() -> None:
    few, many = random_vectors(PORTS, 50, 9), random_vectors(PORTS, 400, 9)
    for name, tensor in PORTS.items():
        np.testing.assert_array_equal(few.inputs[name], many.inputs[name][:50])
        np.testing.assert_array_equal(many.inputs[name].min(axis=0), tensor.lo)
        np.testing.assert_array_equal(many.inputs[name].max(axis=0), tensor.hi)
    assert not np.array_equal(few.inputs["a"], random_vectors(PORTS, 50, 8).inputs["a"])


def test_random_vectors_exercise_the_layer_behind_a_wide_input() -> None:
    # The layer behind covers a 16th of what uniform inputs make, which saturate most of it.
    ports = {"x": TensorType.of((8,), Fixed(16, 10, True))}
    values = random_vectors(ports, 1000, 1).inputs["x"].sum(axis=1) / 2**10
    inside = np.mean(np.abs(values) < 8)
    assert inside > 0.35
    uniform = np.random.default_rng(1).integers(-(1 << 15), 1 << 15, (1000, 8)).sum(axis=1) / 2**10
    assert np.mean(np.abs(uniform) < 8) < 0.25
    zeros = (random_vectors(ports, 1000, 1).inputs["x"] == 0).mean(axis=1)
    assert np.mean(zeros > 0.5) > 0.15  # sparse rows


def test_rows_keep_their_origin_and_index() -> None:
    vectors = join([corner_vectors(PORTS), random_vectors(PORTS, 10, 4)])
    corners = vectors.origin[0][1]
    assert vectors.seed == 4
    assert [vectors.label(corners - 1), vectors.label(corners)] == ["corner", "random"]
    only = vectors.only(corners)
    assert (only.first, only.origin) == (corners - 1, (("corner", 1), ("random", 2)))
    np.testing.assert_array_equal(only.inputs["b"][1], vectors.inputs["b"][corners])
    assert only.only(0).first == corners - 1
    assert len(vectors.only(0)) == len(vectors.only(len(vectors) - 1)) == 2
    with pytest.raises(ConfigError, match=f"there is no sample {len(vectors)}"):
        vectors.only(len(vectors))


def test_a_file_gives_back_the_same_and_has_stable_bytes(tmp_path: Path) -> None:
    vectors = join([corner_vectors(PORTS), random_vectors(PORTS, 10, 4)])
    vectors = vectors.with_outputs({"y": np.arange(len(vectors)).reshape(-1, 1)}).rows(3, 9)
    path = tmp_path / "vectors.npz"
    vectors.save(path)
    loaded = Vectors.load(path)
    assert loaded.to_bytes() == vectors.to_bytes() == path.read_bytes()
    assert (loaded.origin, loaded.seed, loaded.first) == (vectors.origin, 4, 3)
    np.testing.assert_array_equal(loaded.outputs["y"], vectors.outputs["y"])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk", b"no zip"])
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vectors.npz"
    path.write_bytes(content)
    with pytest.raises(VerifyError, match=r"vectors\.npz: cannot read test vectors"):
        Vectors.load(path)
    with pytest.raises(VerifyError, match="cannot read test vectors"):
        Vectors.load(tmp_path / "absent.npz")


def test_data_is_checked() -> None:
    good = {"a": np.zeros((2, 2, 2), int) - 3, "b": np.array([[0, 2, 7], [1, 2, 8]])}
    assert data_vectors(PORTS, good).origin == (("data", 2),)
    for match, change in {
        "there is no data": {"b": None},
        "samples of shape": {"b": np.zeros((2, 4), int)},
        "leaves the input's interval": {"b": np.array([[0, 2, 7], [1, 2, 10]])},
        "the same number": {"b": np.array([[0, 2, 7]])},
        "integer codes expected": {"b": np.ones((2, 3))},
        "up to 64 bits": {"b": np.full((2, 3), 1 << 70, dtype=object)},
    }.items():
        data = {name: value for name, value in {**good, **change}.items() if value is not None}
        with pytest.raises(ConfigError, match=match):
            data_vectors(PORTS, data)


@pytest.fixture(scope="module")
def stream() -> ModuleType:
    spec = importlib.util.spec_from_file_location("axis_of_sim", paths.sim() / "lib" / "axis.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("width", "signed"), [(1, False), (5, True), (8, False), (63, True), (70, True)]
)
def test_packing_is_two_s_complement_element_0_lowest(
    stream, rng, width: int, signed: bool
) -> None:
    low = -(1 << min(width, 63) - 1) if signed else 0
    high = (1 << min(width, 63) - 1) - 1 if signed else (1 << width) - 1
    codes = rng.integers(low, high, (300, 3), endpoint=True)
    words = stream.pack(codes, width)
    for row, word in zip(codes.tolist(), words, strict=True):
        assert word == sum((x & (1 << width) - 1) << i * width for i, x in enumerate(row))
        assert stream.unpack(word, [width] * 3, [signed] * 3) == row


def test_frames_have_full_beats_and_a_marked_last_one(stream) -> None:
    framing = stream.Framing(signed=True, count=5, container=8, data_width=16)
    ((first, second, third),) = framing.frames(np.array([[1, -1, 2, -2, -128]]))
    assert (first, second) == (stream.Beat(0xFF01, 3, False), stream.Beat(0xFE02, 3, False))
    assert third == stream.Beat(0x0080, 1, True)
    assert framing.elements([first, second, third]) == [1, -1, 2, -2, -128]
    assert stream.keep_mask(0b101) == 0xFF00FF


def test_pause_patterns_pause_and_go_on(stream) -> None:
    for pattern in ("alternate", "random", "long_stall"):
        taken = list(itertools.islice(stream.pauses(pattern, 3, 10), 300))
        assert 0.2 < np.mean(taken) < 0.8
        assert taken == list(itertools.islice(stream.pauses(pattern, 3, 10), 300))
    assert not any(itertools.islice(stream.pauses("none"), 50))
    with pytest.raises(ValueError, match="no pause pattern"):
        next(stream.pauses("sometimes"))
