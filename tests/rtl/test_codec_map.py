# SPDX-License-Identifier: Apache-2.0
"""The transforms of mode T as whole units, under bench_codec_transform, against software."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hwgen.codec.block_scan import pixel_places, settings, to_stream
from hwgen.codec.memory_images import klt_rom
from hwgen.codec.transform import Quantiser, Spatial, Transform
from hwgen.codec.wire import Grid
from tests.rtl import codec_cases as cases
from tests.rtl.cocotb_bench import planted, simulate

pytestmark = pytest.mark.sim

Ints = npt.NDArray[np.int64]
CLAIMS = {"transforms_as_software_does", "keeps_its_rate", "recovers_from_reset_midstream"}
SETTINGS = {
    "forward": ("channels", "kind", "klt", "down", "shift", "scales", "bits", "signed"),
    "inverse": ("channels", "kind", "klt", "down", "steps", "signed", "lo", "hi"),
}
WIDTHS = {"channels": 16, "kind": 2, "klt": 1, "down": 5, "shift": 5, "scales": 48, "steps": 48,
          "bits": 4, "signed": 1}  # fmt: skip
GROUPS = 4
# Of a map: height, width, channels. Of a block: rows and columns of patches, groups or channels.
MAPS = (
    ((8, 8, 8), (2, 2, 1)),
    ((5, 7, 13), (1, 1, 1)),  # edges in both directions, a group that is not full
    ((1, 1, 1), (1, 1, 1)),
    ((9, 3, 24), (2, 1, 2)),  # several groups a block, fewer in the last one
    ((3, 10, 16), (3, 3, 2)),
    ((4, 1, 32), (1, 1, 1)),
    ((2, 13, 3), (2, 2, 3)),
)
MODES = [(kind, group) for kind in Spatial for group in (0, 8)]


def quantiser_of(rng: np.random.Generator, peak: int, top: int) -> Quantiser:
    """Return scales that bring coefficients near their top, and steps back; or any extremes."""
    if rng.random() < 0.2:
        shift, scale, step = [(0, 1, 1), (31, 65535, 65535), (0, 65535, 65535), (16, 0, 1)][
            int(rng.integers(4))
        ]
        return Quantiser(shift, (scale,) * 3, (step,) * 3)
    share = max(1, top) / max(1, peak) * rng.uniform(0.3, 1.3, 3)
    shift = int(np.clip(np.floor(np.log2(65535 / share.max())), 0, 31))
    scales = [int(v) for v in np.clip(share * (1 << shift), 0, 65535)]
    steps = [int(v) for v in np.clip(64 / share * rng.uniform(0.02, 0.3, 3), 1, 65535)]
    return Quantiser(shift, (scales[0], scales[1], scales[2]), (steps[0], steps[1], steps[2]))


def transform_of(
    rng: np.random.Generator, values: Ints, kind: Spatial, group: int, width: int, bits: int
) -> Transform:
    """Return any transform of a map: what calibration makes, and what it never would."""
    channels = values.shape[2]
    inputs = -(-channels // 8) * 8 if group else 0
    order = tuple(int(i) for i in rng.permutation(inputs))
    if rng.random() < 0.3:
        matrices = rng.choice([-128, 127], inputs * group)
        means = rng.choice([-(1 << 15), (1 << 15) - 1], inputs)
    else:
        matrices = np.clip(np.rint(rng.normal(0, 40, inputs * group)), -128, 127)
        means = np.rint(rng.normal(0, 300, inputs))
    limits = (-(1 << width - 1), (1 << width - 1) - 1)
    if rng.random() < 0.4:
        some = np.sort(rng.integers(*limits, 2))
        limits = (int(some[0]), int(some[1]))
    natural = max(0, width - 16)
    down = natural if rng.random() < 0.7 else int(rng.choice([0, 1, natural + 3, 31]))
    signed = bool(group or kind) or rng.random() < 0.5
    bare = Transform(
        channels, int(rng.integers(1, bits + 1, 2).max()), signed,
        Quantiser(0, (1, 1, 1), (1, 1, 1)), kind, down, group, order,
        tuple(int(w) for w in matrices), tuple(int(m) for m in means), *limits,
    )  # fmt: skip
    peak = int(np.abs(bare.coefficients(values)).max())
    return replace(bare, quantiser=quantiser_of(rng, peak, bare.top))


def map_of(rng: np.random.Generator, shape: cases.Shape, width: int) -> Ints:
    """Return values: of any size, the largest on both sides, or a smooth map."""
    low, high = -(1 << width - 1), (1 << width - 1) - 1
    kind = int(rng.integers(4))
    if kind == 0:
        return rng.integers(low, high + 1, shape)
    if kind == 1:
        return np.where(rng.random(shape) < 0.5, low, high).astype(np.int64)
    made: Ints = np.rint(rng.normal(0, 2.0 ** rng.uniform(2, width - 2), shape)).astype(np.int64)
    return np.clip(made.cumsum(0).cumsum(1) // 8 if kind == 2 else made, low, high)


def grid_of(transform: Transform, shape: cases.Shape, block: cases.Shape) -> Grid:
    side = transform.spatial.side
    inputs, patch = transform.inputs, side * side
    count = block[2] * 8 if transform.group else inputs
    return Grid(
        -(-shape[0] // side), -(-shape[1] // side), inputs * patch, block[0], block[1],
        min(count, inputs) * patch,
    )  # fmt: skip


def tensor(
    way: str, transform: Transform, grid: Grid, shape: cases.Shape, given: Ints
) -> dict[str, Any]:
    """Return a tensor on its way there (given values) or back (given coefficients)."""
    height, width = shape[:2]
    places = pixel_places(transform, grid, height, width)
    if way == "forward":
        coded = transform.forward(given)
        ins = to_stream(given, transform, grid)
        outs = [coded[grid.where(n)].ravel() for n in range(grid.blocks)]
    else:
        ins = [given[grid.where(n)].ravel() for n in range(grid.blocks)]
        outs = to_stream(transform.inverse(given, height, width), transform, grid)
    # Channels that only fill a group carry nothing on the way back.
    real = to_stream(np.ones(shape, np.int64), transform, grid)
    blocks = []
    for place, a, b, there in zip(places, ins, outs, real, strict=True):
        wanted = [int(v) for v in b]
        if way == "inverse":
            wanted = [v if r else None for v, r in zip(wanted, there, strict=True)]  # type: ignore[misc]
        sides = [s.stop - s.start for s in place]
        blocks.append({"shape": sides, "given": [int(v) for v in a], "wanted": wanted})
    rows = klt_rom(transform, way == "inverse").words if transform.group else ()
    told = settings(transform)
    return {
        "settings": {name: told[name] for name in SETTINGS[way]},
        "rows": [f"{row:x}" for row in rows], "blocks": blocks,
    }  # fmt: skip


def given_of(
    way: str, rng: np.random.Generator, values: Ints, transform: Transform, grid: Grid
) -> Ints:
    """Return what goes in: a map, or coefficients, its own or of any size."""
    if way == "forward":
        return values
    if rng.random() < 0.5:
        return transform.forward(values)
    bottom = -transform.top - 1 if transform.signed else 0
    sides = (grid.height, grid.width, grid.channels)
    return np.where(
        rng.random(sides) < 0.3, rng.choice([bottom, transform.top], sides),
        rng.integers(bottom, transform.top + 1, sides),
    )  # fmt: skip


def sessions(way: str, rng: np.random.Generator, width: int, bits: int, count: int) -> list[Any]:
    """Every mode on maps of many sizes, tensors of other kinds one behind the other."""
    made, number = [], 0
    for run in range(count):
        tensors = []
        for _ in range(4):
            kind, group = MODES[number % len(MODES)]
            shape, block = MAPS[number % len(MAPS)]
            values = map_of(rng, shape, width)
            transform = transform_of(rng, values, kind, group, width, bits)
            grid = grid_of(transform, shape, block)
            given = given_of(way, rng, values, transform, grid)
            tensors.append(tensor(way, transform, grid, shape, given))
            number += 1
        stalls = [cases.PATTERNS[(run * step) % 4] for step in (1, 3, 2)]
        made.append(cases.session(f"session {run}", tensors, stalls=stalls))
    return made


def rate(way: str, rng: np.random.Generator, width: int, bits: int, blocks: int) -> list[Any]:
    """Equal blocks without a stall: a value a cycle."""
    made = []
    for kind, group in MODES:
        side = kind.side
        shape = (4 * blocks * side, 2 * side, 8)
        values = map_of(rng, shape, width)
        transform = transform_of(rng, values, kind, group, width, bits)
        grid = Grid(4 * blocks, 2, 8 * side * side, 4, 2, 8 * side * side)
        given = given_of(way, rng, values, transform, grid)
        size = 4 * 2 * 8 * side * side
        # The first block is taken, then all of them leave; its rows are loaded before.
        bound = size + blocks * (size + 1) + 80
        made.append(
            cases.session(
                f"rate {kind.name} {group}", [tensor(way, transform, grid, shape, given)],
                bound=bound,
            )
        )  # fmt: skip
    return made


def run(
    folder: Path, seed: int, way: str, width: int, bits: int, count: int = 4, values: int = 4096,
    edit: Callable[[Path], None] | None = None,
) -> set[str]:  # fmt: skip
    rng = np.random.default_rng([seed, width, bits])
    params = {"Width": width, "Bits": bits, "Kinds": 7, "Groups": GROUPS, "Values": values}
    text, ports = cases.wrapper(f"hwg_codec_{way}", params)
    widths = WIDTHS | {"lo": width, "hi": width}
    facts = {
        "seed": seed, "settings": {name: widths[name] for name in SETTINGS[way]},
        "in_width": width if way == "forward" else bits,
        "out_width": bits if way == "forward" else width,
        "sessions": {
            "transforms_as_software_does": sessions(way, rng, width, bits, count),
            "keeps_its_rate": rate(way, rng, width, bits, 4),
        },
    }  # fmt: skip
    return simulate(
        folder, "bench_codec_transform", text, ports, [f"hwg_codec_{way}"], facts, CLAIMS, edit
    )


@pytest.mark.parametrize("way", SETTINGS)
def test_transform_equals_software(tmp_path: Path, seed: int, way: str) -> None:
    assert run(tmp_path, seed, way, 18, 14) == set()


@pytest.mark.slow
@pytest.mark.parametrize("way", SETTINGS)
@pytest.mark.parametrize(("width", "bits"), [(32, 15), (9, 8), (16, 1)])
def test_transform_equals_software_at_length(
    tmp_path: Path, seed: int, way: str, width: int, bits: int
) -> None:
    assert run(tmp_path, seed, way, width, bits, 28) == set()


# Module, good, bad, which way, claim.
FAULTS = (
    ("hwg_codec_forward", "(Width + 2)'(1)", "(Width + 2)'(0)", "forward", "transforms"),
    ("hwg_codec_forward", ".Depth(32)", ".Depth(20)", "forward", "keeps"),
    ("hwg_codec_inverse", ".Depth(32)", ".Depth(14)", "inverse", "keeps"),
    ("hwg_codec_inverse", "(odd_row | odd_col)", "odd_row", "inverse", "transforms"),
    ("hwg_codec_inverse", "(up_1_q > 47'(hi)) ? hi_i", "1'b0 ? hi_i", "inverse", "transforms"),
    ("hwg_codec_inverse", "write_valid & write_inside", "write_valid", "inverse", "transforms"),
    ("hwg_codec_patch_scan", "(12'(i_q) < rows_q)", "1'b1", "forward", "transforms"),
    ("hwg_codec_patch_scan", "(12'(j_q) <= cols_q)", "1'b1", "inverse", "transforms"),
    ("hwg_codec_patch_scan", "c_ends ? chans_i :", "c_ends ? chans_i - 12'd1 :", "forward",
     "transf"),
    ("hwg_codec_spatial", "{1'b0, at_d[0]} + {1'b0, row_q[0]}", "{1'b0, at_d[0]}", "forward",
     "transforms"),
    ("hwg_codec_spatial", "patch_ends & vector_last_d", "patch_ends", "forward", "transforms"),
    ("hwg_codec_mix", ".Cycles(13)", ".Cycles(12)", "forward", "transforms"),
    ("hwg_codec_scan", "group_i + GroupWidth'(channel_q >> 3)", "group_i", "inverse", "transforms"),
    ("hwg_codec_extent", "(next >= {1'b0, channels_i}) ? '0 :", "", "forward", "transforms"),
    ("hwg_codec_extent", "(h_q + 13'd3) >> 2", "h_q >> 2", "inverse", "transforms"),
    ("hwg_codec_blocks", "~claimed_q[1]", "(claimed_q == '0)", "forward", "keeps"),
    ("hwg_codec_blocks", "~accept_valid_o & ~claimed_q[1]", "~accept_valid_o", "inverse",
     "transforms"),
    ("hwg_codec_patch", "(out_step_q[$clog2(Pace)-1:0] == '0)", "1'b1", "forward", "transforms"),
    ("hwg_codec_patch", "here && in_bank_q", "here", "inverse", "transforms"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0][10:]}-{f[3]}-{f[4]}")
def test_a_fault_is_found(fault: tuple[str, str, str, str, str], tmp_path: Path, seed: int) -> None:
    module, good, bad, way, claim = fault

    found = run(tmp_path, seed, way, 18, 14, 7, edit=planted(module, good, bad))
    assert any(name.startswith(claim) for name in found), found
