# SPDX-License-Identifier: Apache-2.0
"""The integer transforms: what docs/bitstream.md says, number by number; and what they lose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.codec.transform import UNIT, Quantiser, Spatial, Transform, grouping, klt
from hwgen.codec.wire import Ints
from hwgen.errors import ConfigError

MATRIX = {
    Spatial.NONE: [[1]],
    Spatial.HAAR2: [[1, 1], [1, -1]],
    Spatial.ICT4: [[1, 1, 1, 1], [2, 1, -1, -2], [1, -1, -1, 1], [1, -2, 2, -1]],
    Spatial.WHT4: [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, 1], [1, -1, 1, -1]],
}
SHAPE = (7, 9, 12)


def smooth(rng: np.random.Generator, shape: tuple[int, int, int] = SHAPE, scale: int = 800) -> Ints:
    """Return a map whose pixels and channels are alike."""
    h, w, c = shape
    base = np.cumsum(np.cumsum(rng.normal(0, 0.1, (h, w, 3)), 0), 1)
    mixed = base @ rng.normal(0, 1, (3, c)) + rng.normal(0, 0.05, shape) + rng.normal(0, 0.5, c)
    return np.rint(mixed * scale).astype(np.int64)


def made(
    values: Ints, spatial: Spatial, group: int, step: float, bits: int = 14, down: int = 0
) -> Transform:
    channels = values.shape[2]
    seen = np.clip(values >> down, -(1 << 15), (1 << 15) - 1).reshape(-1, channels)
    parts = klt(seen, group) if group else ((), (), ())
    gain = UNIT / 128 if group else 1.0
    return Transform(
        channels, bits, True, Quantiser.of(step, spatial, gain), spatial, down, group, *parts,
        lo=-(1 << 20), hi=1 << 20,
    )  # fmt: skip


def sat(value: int, bits: int) -> int:
    return max(-(1 << bits - 1), min((1 << bits - 1) - 1, value))


def by_hand(t: Transform, values: Ints) -> tuple[Ints, Ints]:
    """Return coefficients and reconstruction of docs/bitstream.md, in Python's integers."""
    h, w, channels = values.shape
    k = t.spatial.side
    matrix = MATRIX[t.spatial]
    inputs = t.inputs
    x = [
        [
            [sat((int(v) + (1 << t.down >> 1)) >> t.down, 16) for v in values[y, i]]
            + [0] * (inputs - channels)
            for i in range(w)
        ]
        for y in range(h)
    ]
    rows = [t.matrices[i : i + t.group] for i in range(0, len(t.matrices), t.group or 1)]
    y_: dict[tuple[int, int, int], int] = {}
    for a in range(h):
        for b in range(w):
            for i in range(inputs):
                if not t.group:
                    y_[a, b, i] = x[a][b][i]
                    continue
                first = i // t.group * t.group
                total = sum(
                    rows[i][j] * (x[a][b][t.order[first + j]] - t.means[first + j])
                    for j in range(t.group)
                )
                y_[a, b, i] = sat((total + 64) >> 7, 16)
    high, wide = -(-h // k), -(-w // k)
    q = np.zeros((high, wide, inputs * k * k), np.int64)
    back: dict[tuple[int, int, int], int] = {}
    for a in range(high):
        for b in range(wide):
            for c in range(inputs):
                patch = [
                    [y_[min(a * k + i, h - 1), min(b * k + j, w - 1), c] for j in range(k)]
                    for i in range(k)
                ]
                scaled = [[0] * k for _ in range(k)]
                for i in range(k):
                    for j in range(k):
                        z = sum(
                            matrix[i][m] * patch[m][n] * matrix[j][n]
                            for m in range(k)
                            for n in range(k)
                        )
                        kind = i % 2 + j % 2 if t.spatial is Spatial.ICT4 else 0
                        r, d = t.quantiser.scales[kind], t.quantiser.steps[kind]
                        s = t.quantiser.shift
                        size = (abs(z) * r + (1 << s >> 1)) >> s
                        value = sat(-size if z < 0 else size, t.bits)
                        q[a, b, c * k * k + i * k + j] = value
                        scaled[i][j] = sat(value * d, 24)
                for i in range(k):
                    for j in range(k):
                        total = sum(
                            matrix[m][i] * scaled[m][n] * matrix[n][j]
                            for m in range(k)
                            for n in range(k)
                        )
                        back[a * k + i, b * k + j, c] = sat((total + 32) >> 6, 16)
    out = np.zeros_like(values)
    for a in range(h):
        for b in range(w):
            for i in range(inputs):
                value, place = back[a, b, i], i
                if t.group:
                    first = i // t.group * t.group
                    total = sum(
                        rows[first + n][i - first] * back[a, b, first + n] for n in range(t.group)
                    )
                    value, place = sat(t.means[i] + ((total + 64) >> 7), 16), t.order[i]
                if place < channels:
                    out[a, b, place] = max(t.lo, min(t.hi, value << t.down))
    return q, out


@pytest.mark.parametrize("spatial", Spatial)
@pytest.mark.parametrize("group", [0, 8, 12])
def test_every_transform_is_the_documented_one(
    spatial: Spatial, group: int, rng: np.random.Generator
) -> None:
    for down, scale, step, bits in ((0, 800, 12.0, 14), (3, 30_000, 300.0, 9), (0, 40_000, 3.0, 6)):
        values = smooth(rng, scale=scale)
        t = made(values, spatial, group, step, bits, down)
        found = t.forward(values)
        q, back = by_hand(t, values)
        assert np.array_equal(found, q)
        assert np.array_equal(t.inverse(found, *values.shape[:2]), back)
        assert found.shape == (t.grid(7, 9).height, t.grid(7, 9).width, t.grid(7, 9).channels)


def test_extremes_saturate_and_do_not_wrap(rng: np.random.Generator) -> None:
    ends = np.array([-(1 << 15), (1 << 15) - 1, 0])
    for spatial in Spatial:
        for group in (0, 8):
            values = ends[rng.integers(0, 3, (4, 4, 8))]
            t = made(values, spatial, group, 1.0)
            q, back = by_hand(t, values)
            found = t.forward(values)
            assert np.array_equal(found, q)
            assert np.array_equal(t.inverse(found, 4, 4), back)
            wild = rng.integers(-(1 << 13), 1 << 13, found.shape)
            again = t.inverse(wild, 4, 4)
            assert np.abs(again).max() <= 1 << 15


@pytest.mark.parametrize("spatial", Spatial)
@pytest.mark.parametrize("group", [0, 8, 12])
def test_the_error_is_that_of_the_step(
    spatial: Spatial, group: int, rng: np.random.Generator
) -> None:
    values = smooth(rng, (16, 16, 12))
    for step in (24.0, 60.0):
        t = made(values, spatial, group, step)
        back = t.inverse(t.forward(values), 16, 16)
        error = float(np.sqrt(((back - values) ** 2).mean()))
        matrix = 0.008 * values.std() if group else 0.0  # int8 is not quite orthonormal
        assert error < 1.2 * step / np.sqrt(12) + matrix + 0.5


def test_whole_steps_without_a_transform_are_exact() -> None:
    values = np.arange(-40, 40).reshape(4, 4, 5) * 4
    t = made(values, Spatial.NONE, 0, 4.0)
    assert np.array_equal(t.inverse(t.forward(values), 4, 4), values)
    assert np.array_equal(t.forward(values), values // 4)


def test_transforms_gather_what_is_alike(rng: np.random.Generator) -> None:
    values = smooth(rng, (16, 16, 12))
    plain = made(values, Spatial.NONE, 0, 100.0).forward(values)
    for spatial, group in ((Spatial.ICT4, 0), (Spatial.NONE, 8), (Spatial.HAAR2, 12)):
        gathered = made(values, spatial, group, 100.0).forward(values)
        assert (gathered == 0).mean() > (plain == 0).mean() + 0.1


def test_groups_hold_correlated_channels(rng: np.random.Generator) -> None:
    base = rng.normal(0, 1, (500, 2))
    kind = rng.permutation([0] * 8 + [1] * 8)
    data = base[:, kind] + rng.normal(0, 0.1, (500, 16))
    order = grouping(np.cov(data.T))
    assert sorted(order) == list(range(16))
    assert len({int(kind[i]) for i in order[:8]}) == 1
    assert grouping(np.eye(11))[11:] == (11, 12, 13, 14, 15)


def test_one_in_a_matrix_loses_nothing() -> None:
    # Uncorrelated channels: the matrix is a permutation of 127s, and the step makes up for it.
    rng = np.random.default_rng(3)
    values = np.rint(rng.normal(0, [100, 200, 300, 400, 500, 600, 700, 800], (8, 8, 8)))
    values = values.astype(np.int64)
    t = made(values, Spatial.NONE, 8, 1.0)
    identity = tuple(UNIT * int(i == j) for i in range(8) for j in range(8))
    t = replace(t, matrices=identity, order=tuple(range(8)), means=(0,) * 8)
    back = t.inverse(t.forward(values), 8, 8)
    assert np.abs(back - values).max() <= 2


def test_parts_must_fit_together(rng: np.random.Generator) -> None:
    t = made(smooth(rng), Spatial.ICT4, 8, 4.0)
    for wrong in (
        {"group": 4},
        {"order": t.order[:-1]},
        {"order": (0,) * 16},
        {"matrices": (200, *t.matrices[1:])},
        {"means": (1 << 15, *t.means[1:])},
        {"signed": False},
        {"lo": 5, "hi": 4},
        {"down": 32},
        {"quantiser": Quantiser(0, (0, 0, 0), (0, 1, 1))},
    ):
        with pytest.raises(ConfigError, match="do not fit together"):
            replace(t, **wrong)


def test_codes_name_the_transform(rng: np.random.Generator) -> None:
    values = smooth(rng)
    assert made(values, Spatial.NONE, 0, 2.0).code == 0x80
    assert made(values, Spatial.ICT4, 8, 2.0).code == 0x86
    assert made(values, Spatial.HAAR2, 12, 2.0).code == 0x89
