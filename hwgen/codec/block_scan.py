# SPDX-License-Identifier: Apache-2.0
"""Block scan: the order of pixels between a map and hwg_codec_forward or hwg_codec_inverse.

The pixels of a block of coefficients are its patches, and in them the channels of its KLT inputs.
They are scanned like any block: y, x, c with c fastest. At the lower and right edge of the map a
block has the pixels that are there; what fills its patches, hardware makes itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hwgen.codec.transform import Transform
from hwgen.codec.wire import Grid, Ints
from hwgen.errors import ConfigError

Place = tuple[slice, slice, slice]
KLT_SIDE = 8
FULL_KLT = 8  # bit of the transform's code


def pixel_places(transform: Transform, grid: Grid, height: int, width: int) -> list[Place]:
    """Return of each block the rows, columns and KLT inputs of its pixels, in the blocks' order.

    Args:
        transform: with a KLT over groups of 8 or none.
        grid: how the coefficients are cut.
        height: of the map.
        width: of the map.

    Raises:
        ConfigError: the grid is of another map, or divides a patch or a group of 8; or there is a
            KLT over all channels.
    """
    side = transform.spatial.side
    patch = side * side
    if transform.code & FULL_KLT:
        raise ConfigError(
            "a KLT over all channels is no part of the transform unit",
            hint="a 1 x 1 convolution mixes the channels; give what `folded` returns",
        )
    sides = (grid.height, grid.width, grid.channels)
    if sides != (-(-height // side), -(-width // side), transform.inputs * patch):
        raise ConfigError("the blocks are those of another map")
    unit = patch * (KLT_SIDE if transform.group else 1)
    if grid.bc % unit and grid.bc < grid.channels:
        raise ConfigError(
            f"blocks of {grid.bc} channels divide a patch or a group of channels",
            hint=f"a multiple of {unit} channels",
        )
    made = []
    for number in range(grid.blocks):
        y, x, c = grid.where(number)
        made.append(
            (
                slice(y.start * side, min(y.stop * side, height)),
                slice(x.start * side, min(x.stop * side, width)),
                slice(c.start // patch, c.stop // patch),
            )
        )
    return made


def to_stream(values: Ints, transform: Transform, grid: Grid) -> list[Ints]:
    """Return the values of each block in the order in which hwg_codec_forward takes them.

    Args:
        values: a map (H, W, C).
        transform: of it.
        grid: how its coefficients are cut.

    Raises: as `pixel_places`.
    """
    height, width, channels = values.shape
    places = pixel_places(transform, grid, height, width)
    wide = np.zeros((height, width, transform.inputs), np.int64)
    wide[:, :, :channels] = values
    if transform.group:
        wide = wide[:, :, list(transform.order)]
    return [wide[place].ravel() for place in places]


def from_stream(
    blocks: Sequence[Ints], transform: Transform, grid: Grid, height: int, width: int
) -> Ints:
    """Return the map (H, W, C) whose blocks came out of hwg_codec_inverse.

    Args:
        blocks: the values of each block.
        transform: of the map.
        grid: how its coefficients are cut.
        height: of the map.
        width: of the map.

    Raises: as `pixel_places`.
    """
    wide = np.zeros((height, width, transform.inputs), np.int64)
    for place, block in zip(pixel_places(transform, grid, height, width), blocks, strict=True):
        wide[place] = np.asarray(block, np.int64).reshape(wide[place].shape)
    if transform.group:
        turned = np.empty_like(wide)
        turned[:, :, list(transform.order)] = wide
        wide = turned
    return wide[:, :, : transform.channels]


def restored(
    coefficients: Ints, transform: Transform, grid: Grid, size: tuple[int, int], lost: Sequence[int]
) -> Ints:
    """Return the map (H, W, C) of quantised coefficients, with zeros where blocks are damaged.

    All pixels of a damaged block are 0 in the map, not what zero coefficients would give, as the
    engine delivers them. With a KLT over all channels, which is no part of the engine, that holds
    for what the KLT made. A block that divides a patch or a group takes all of these with it.

    Args:
        coefficients: those of damaged blocks are 0.
        transform: of the map.
        grid: how they are cut.
        size: height and width of the map.
        lost: numbers of the damaged blocks.
    """
    if lost and transform.code & FULL_KLT:
        return transform.unmixed(restored(coefficients, folded(transform), grid, size, lost))
    values = transform.inverse(coefficients, *size)
    side = transform.spatial.side
    unit = KLT_SIDE if transform.group else 1
    patch = side * side * unit
    order = np.array(transform.order or range(transform.inputs))
    for number in lost:
        y, x, c = grid.where(number)
        some = order[c.start // patch * unit : -(-c.stop // patch) * unit]
        rows = slice(y.start * side, y.stop * side)
        values[rows, x.start * side : x.stop * side, some[some < transform.channels]] = 0
    return values


def folded(transform: Transform) -> Transform:
    """Return what is left for the transform unit when a KLT over all channels is done beside it.

    A 1 x 1 convolution is that KLT: weights M, bias 64 - M m, a shift right by 7, saturation to 16
    bits; on the way back weights M', bias 64 + 128 m (hwgen/plan/coding/folded_klt.py builds both).
    The shift of the values by `down`, and their limits, stay with it too.

    Raises:
        ConfigError: there is no such KLT.
    """
    if not transform.code & FULL_KLT:
        raise ConfigError("the transform has no KLT over all channels")
    return replace(
        transform, group=0, order=(), matrices=(), means=(), down=0, lo=-(1 << 15), hi=(1 << 15) - 1
    )


def settings(transform: Transform) -> dict[str, int]:
    """Return the settings of hwg_codec_forward and hwg_codec_inverse, by name of the port.

    Limits are signed; all else is as it stands on the port.

    Raises:
        ConfigError: there is a KLT over all channels.
    """
    if transform.code & FULL_KLT:
        raise ConfigError("a KLT over all channels is no part of the transform unit")
    quantiser = transform.quantiser
    return {
        "channels": transform.inputs,
        "kind": int(transform.spatial),
        "klt": int(transform.group > 0),
        "down": transform.down,
        "shift": quantiser.shift,
        "scales": sum(scale << 16 * i for i, scale in enumerate(quantiser.scales)),
        "steps": sum(step << 16 * i for i, step in enumerate(quantiser.steps)),
        "bits": transform.bits,
        "signed": int(transform.signed),
        "lo": transform.lo,
        "hi": transform.hi,
    }
