# SPDX-License-Identifier: Apache-2.0
"""The order of pixels at the transform units, and a KLT over all channels as a convolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.codec.block_scan import folded, from_stream, pixel_places, restored, settings, to_stream
from hwgen.codec.container import Container
from hwgen.codec.plan import MapCoding
from hwgen.codec.tables import Tables
from hwgen.codec.transform import Quantiser, Spatial, Transform, klt
from hwgen.codec.wire import Grid
from hwgen.errors import ConfigError

STEP = Quantiser(8, (60, 70, 80), (90, 100, 110))


def mixing(rng: np.random.Generator, channels: int, group: int, spatial: Spatial) -> Transform:
    samples = rng.integers(-900, 900, (200, channels)) @ rng.integers(-2, 3, (channels, channels))
    order, matrices, means = klt(samples, group)
    return Transform(channels, 12, True, STEP, spatial, 0, group, order, matrices, means)


def test_order_by_hand() -> None:
    # Two rows and three columns in patches of 2 x 2: the second block has one column of pixels.
    transform = Transform(1, 8, True, STEP, Spatial.HAAR2)
    values = np.arange(6).reshape(2, 3, 1)
    blocks = to_stream(values, transform, Grid(1, 2, 4, 1, 1, 4))
    assert [block.tolist() for block in blocks] == [[0, 1, 3, 4], [2, 5]]


@pytest.mark.parametrize("spatial", Spatial)
@pytest.mark.parametrize("group", [0, 8])
def test_stream_and_map_are_one(rng: np.random.Generator, spatial: Spatial, group: int) -> None:
    channels, side = 13, spatial.side
    transform = Transform(channels, 12, True, STEP, spatial)
    if group:
        transform = mixing(rng, channels, 8, spatial)
    values = rng.integers(-999, 999, (9, 11, channels))
    whole = transform.grid(9, 11)
    for grid in (whole, replace(whole, bh=1, bw=2, bc=min(whole.bc, 8 * side * side))):
        blocks = to_stream(values, transform, grid)
        places = pixel_places(transform, grid, 9, 11)
        assert len(blocks) == len(places) == grid.blocks
        assert (from_stream(blocks, transform, grid, 9, 11) == values).all()
        # The pixels of a block are those of its own patches: alone they make its coefficients.
        coded = transform.forward(values)
        for number, (y, x, _) in enumerate(places):
            ys, xs, cs = grid.where(number)
            assert (transform.forward(values[y, x])[:, :, cs] == coded[ys, xs, cs]).all()


def test_klt_of_all_channels_is_a_convolution(rng: np.random.Generator) -> None:
    transform = mixing(rng, 11, 11, Spatial.ICT4)
    matrix = np.array(transform.matrices).reshape(11, 11)
    means = np.array(transform.means)
    values = rng.integers(-(1 << 15), 1 << 15, (6, 5, 11))

    def convolved(maps: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
        return np.clip(maps @ weights.T + bias >> 7, -(1 << 15), (1 << 15) - 1)

    rest = folded(transform)
    coded = rest.forward(convolved(values, matrix, 64 - matrix @ means))
    assert (coded == transform.forward(values)).all()
    back = convolved(rest.inverse(coded, 6, 5), matrix.T, 64 + 128 * means)
    assert (back == transform.inverse(coded, 6, 5)).all()
    assert settings(rest)["klt"] == 0
    for refused in (settings, lambda t: pixel_places(t, t.grid(6, 5), 6, 5)):
        with pytest.raises(ConfigError, match="all channels"):
            refused(transform)
    with pytest.raises(ConfigError, match="no KLT over all"):
        folded(rest)


def test_grids_that_do_not_fit_are_refused(rng: np.random.Generator) -> None:
    transform = mixing(rng, 16, 8, Spatial.HAAR2)
    with pytest.raises(ConfigError, match="divide a patch or a group"):
        pixel_places(transform, Grid(2, 2, 64, 2, 2, 8), 4, 4)
    with pytest.raises(ConfigError, match="another map"):
        pixel_places(transform, Grid(2, 2, 64, 2, 2, 32), 5, 4)


def test_settings_are_as_on_the_ports(rng: np.random.Generator) -> None:
    told = settings(mixing(rng, 13, 8, Spatial.ICT4))
    assert told["scales"] == 60 | 70 << 16 | 80 << 32
    assert told["steps"] == 90 | 100 << 16 | 110 << 32
    assert (told["channels"], told["kind"], told["klt"], told["bits"]) == (16, 2, 1, 12)


@pytest.mark.parametrize("spatial", [Spatial.NONE, Spatial.HAAR2, Spatial.ICT4])
@pytest.mark.parametrize("group", [0, 8, 13])
def test_damaged_blocks_are_zeros_of_the_map(
    rng: np.random.Generator, spatial: Spatial, group: int
) -> None:
    transform = Transform(13, 12, True, STEP, spatial)
    if group:
        transform = mixing(rng, 13, group, spatial)
    whole = transform.grid(9, 11)
    unit = spatial.side**2 * 8
    grid = replace(whole, bh=1, bw=2, bc=unit if group == 8 else whole.bc)
    values = rng.integers(200, 900, (9, 11, 13))
    choice = MapCoding("map", "map", (9, 11, 13), 12, True, "transform", transform=transform,
                    block=(grid.bh, grid.bw, grid.bc))  # fmt: skip
    coded = choice.encode(values, Tables.generic())
    data = bytearray(coded.data)
    lost = [0, 2, grid.blocks - 1]
    for number in lost:
        data[8 * coded.offsets[number] + 9] ^= 1
    found, damages = choice.decode(replace(coded, data=bytes(data)))
    assert [damage.block for damage in damages] == lost
    kept = choice.decode(coded)[0]
    if group == 13:  # what the KLT made is 0 there, and the KLT undone
        rest = folded(transform)
        mixed = rest.inverse(rest.forward(np.zeros((9, 11, 13), np.int64)), 9, 11)
        empty = transform.inverse(rest.forward(mixed), 9, 11)
        assert empty.any()
    else:
        rest, empty = transform, np.zeros_like(kept)
    for number, (y, x, c) in enumerate(pixel_places(rest, grid, 9, 11)):
        inputs = transform.order[c] if group == 8 else range(13)[c]
        channels = [i for i in inputs if i < 13]
        want = (empty if number in lost else kept)[y, x][:, :, channels]
        np.testing.assert_array_equal(found[y, x][:, :, channels], want)
    # A file says the same; and blocks that divide a patch take all of it with them.
    file = Container(choice, Tables.generic(), "int64", (9, 11, 13), (
        replace(coded, data=bytes(data)),
    )).pack()  # fmt: skip
    again, told = Container.unpack(file).decode()
    np.testing.assert_array_equal(again, found)
    assert [(i, d.block) for i, d in told] == [(0, number) for number in lost]


def test_a_block_that_divides_a_patch_takes_all_of_it() -> None:
    transform = Transform(3, 12, True, STEP, Spatial.ICT4)
    grid = Grid(1, 2, 48, 1, 1, 8)
    whole = transform.forward(np.full((4, 8, 3), 77))
    whole[grid.where(3)] = 0  # the second half of channel 1 in the first patch
    found = restored(whole, transform, grid, (4, 8), [3])
    assert not found[:, :4, 1].any()
    assert found[:, 4:].all()
    assert found[:, :4, ::2].all()
