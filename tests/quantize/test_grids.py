# SPDX-License-Identifier: Apache-2.0
"""Grids of post-training quantization: closed forms, the search, kernels by channel."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir.fixed import Fixed
from hwgen.quantize.grids import (
    aciq_clip,
    gauss_clip,
    grid_of,
    laplace_clip,
    quantize_kernel,
    rounded,
)

# Of the tables of ACIQ's repository, which its paper's equations give.
LAPLACE = (1.8628, 2.8307, 3.8972, 5.0286, 6.2048, 7.4131, 8.6456, 9.8968, 11.1627)
GAUSS = (1.2399, 1.7106, 2.1516, 2.5591, 2.9362, 3.2869, 3.6151, 3.9240, 4.2163)


@pytest.mark.parametrize("bits", range(1, 10))
def test_the_closed_forms_are_those_of_aciq(bits: int) -> None:
    assert laplace_clip(bits) == pytest.approx(LAPLACE[bits - 1], abs=1e-3)
    assert gauss_clip(bits) == pytest.approx(GAUSS[bits - 1], abs=1e-3)


@pytest.mark.parametrize("bits", [3, 4, 6])
def test_the_clip_is_near_the_best_one(bits: int) -> None:
    rng = np.random.default_rng(bits)
    for values in (rng.laplace(0, 1.5, 40_000), rng.normal(0, 0.7, 40_000)):

        def error(clip: float, values: np.ndarray = values) -> float:  # type: ignore[type-arg]
            step = 2 * clip / 2**bits
            codes = np.clip(np.floor(values / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            return float(np.mean(((codes + 0.5) * step - values) ** 2))

        best = min(error(c) for c in np.linspace(0.2, 20, 400))
        assert error(aciq_clip(values, bits)) < 1.06 * best


@pytest.mark.parametrize("seed", range(12))
def test_the_search_is_no_worse_than_any_power_of_two(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits, signed = int(rng.integers(2, 9)), bool(rng.integers(2))
    values = rng.laplace(0, 2.0 ** int(rng.integers(-6, 6)), 3000)
    values = values if signed else np.abs(values)

    def error(fixed: Fixed) -> float:
        return float(np.mean((rounded(values, fixed) - values) ** 2))

    best = min(error(Fixed(bits, frac, signed)) for frac in range(-14, 18))
    found = {m: grid_of(values, bits, signed, m) for m in ("mse", "aciq", "minmax")}
    assert error(found["mse"]) == best <= error(found["aciq"])
    limits = found["minmax"]
    assert np.abs(rounded(values, limits) - values).max() <= 0.5 * limits.lsb + 1e-12


def test_a_kernel_has_a_grid_a_channel_and_keeps_its_zeros() -> None:
    rng = np.random.default_rng(1)
    floats = rng.normal(0, 1, (3, 3, 2, 5)) * 2.0 ** np.arange(-2, 3)
    floats[rng.random(floats.shape) < 0.4] = 0
    made = quantize_kernel(floats, 1, 4, "mse", False)
    assert not np.any(made.values[floats == 0])
    assert len(set(made.fracs)) > 2
    for channel, frac in enumerate(made.fracs):
        codes = np.ldexp(made.values[..., channel], frac)
        assert np.array_equal(codes, np.rint(codes))
        assert codes.min() >= -8
        assert codes.max() <= 7


def test_a_split_channel_halves_its_error() -> None:
    rng = np.random.default_rng(2)
    floats = np.concatenate([rng.normal(0, 0.02, (60, 1)), [[1.0], [-0.9], [0.8]]])
    whole, split = (quantize_kernel(floats, 1, 4, "minmax", s) for s in (False, True))
    errors = [float(np.sum((k.values - floats) ** 2)) for k in (whole, split)]
    assert (whole.split, split.split) == (0, 1)
    assert errors[1] < errors[0] / 2


def test_a_channel_of_zeros() -> None:
    made = quantize_kernel(np.zeros((4, 2)), 1, 4, "mse", True)
    assert not made.values.any()
