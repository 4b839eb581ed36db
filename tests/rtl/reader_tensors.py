# SPDX-License-Identifier: Apache-2.0
"""Coded tensors, whole and damaged, and what software makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hwgen.codec.block import Format
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import Coded, encode
from hwgen.codec.wire import Coder, Grid, pack_index


def job(coded: Coded, name: str, index: bytes | None = None) -> dict[str, Any]:
    """What the bench must know of a tensor, decoded by software as it lies there."""
    grid, form = coded.grid, coded.form
    values, damages = coded.decode()
    faults = {damage.block: int(damage.fault) for damage in damages}
    index = pack_index(list(coded.offsets)) if index is None and not coded.slot else index
    return {
        "name": name,
        "sizes": [grid.height, grid.width, grid.channels, grid.bh, grid.bw, grid.bc],
        "slot": coded.slot // 8,
        "bits": form.bits,
        "signed": form.signed,
        "transformed": int(form.transformed),
        "set": form.table_set,
        "key": form.key,
        "data": coded.data.hex(),
        "index": (index or b"").hex(),
        "capacity": len(coded.data) // 8,
        "blocks": grid.blocks,
        "values": [values[grid.where(k)].ravel().tolist() for k in range(grid.blocks)],
        "faults": [faults.get(k, 0) for k in range(grid.blocks)],
    }


def sparse(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Any:
    """Smooth, mostly small values with zeros: like a feature map."""
    base = rng.gamma(0.6, 0.25 * (1 << form.bits), shape) * (rng.random(shape) < rng.random())
    values = np.minimum(base.astype(np.int64), form.hi)
    if form.signed:
        values = np.maximum(values * rng.choice([-1, 1], shape), form.lo)
    return values


def whole(rng: np.random.Generator, coder: Coder, tables: Tables, most: int) -> list[Any]:
    """Tensors of every width and many shapes, packed and slotted."""
    made = []
    for bits in range(1, most + 1):
        height, width = (int(n) for n in rng.integers(1, 9, 2))
        channels = int(rng.choice([1, 2, 3, 5, 8, 12, 16, 24, 40]))
        form = Format(bits, tables, coder, bool(bits % 2 and bits > 1))
        grid = Grid.of(height, width, channels)
        if bits % 3 == 0:  # many small blocks
            bc = 8 if channels % 8 == 0 else channels
            grid = Grid(height, width, channels, min(2, height), min(3, width), bc)
        values = sparse(rng, (height, width, channels), form)
        made.append(encode(values, grid, form, slotted=bits % 2 == 0))
    return made


def extremes(coder: Coder, tables: Tables, bits: int) -> list[Any]:
    """All zero, all largest, one value at either end, alternating, raw."""
    rng = np.random.default_rng(5)
    form = Format(bits, tables, coder)
    grid = Grid(4, 4, 16, 4, 4, 16)
    shape = (4, 4, 16)
    cases = [np.zeros(shape, np.int64), np.full(shape, form.hi)]
    for at in ((0, 0, 0), (3, 3, 15)):
        cases.append(np.zeros(shape, np.int64))
        cases[-1][at] = form.hi
    cases.append(np.arange(256).reshape(shape) % 2 * form.hi)
    cases.append(rng.integers(0, form.hi + 1, shape))  # incompressible: raw
    return [encode(case, grid, form) for case in cases]


def damaged(rng: np.random.Generator, coded: Coded, count: int) -> list[tuple[str, Coded, Any]]:
    """Flipped bits, lost tails, swapped blocks, bad indices."""
    made: list[tuple[str, Coded, Any]] = []
    for k in range(count):
        data, offsets = bytearray(coded.data), list(coded.offsets)
        kind = ("flip", "flip", "tail", "swap", "index")[k % 5]
        if kind == "flip":
            at = int(rng.integers(0, 8 * len(data)))
            data[at // 8] ^= 1 << at % 8
        elif kind == "tail":  # the end of memory: zeros behind
            data = data[: 8 * int(rng.integers(1, len(data) // 8))]
        elif kind == "swap" and len(offsets) > 2:
            a, b, c = (8 * offsets[i] for i in (0, 1, 2))
            data[a:c] = data[b:c] + data[a:b]
            offsets[1] = offsets[0] + (c - b) // 8
        elif offsets:
            at = int(rng.integers(0, len(offsets)))
            offsets[at] = int(rng.integers(0, 2 * offsets[-1]))
        broken = replace(coded, data=bytes(data), offsets=tuple(offsets))
        made.append((kind, broken, None))
    return made
