# SPDX-License-Identifier: Apache-2.0
"""Movements as walks over a map: what a tensor that travels word by word has to do.

A map has rows, columns and channels, and travels row-major, channels fastest. A movement that keeps
the channels of a position together repeats positions (`Repeat`), leaves some out or puts some
around (`Rim`); any that keeps all elements lets them leave in another order (`Order`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Plane = tuple[int, int, int]  # rows, columns, channels
Pair = tuple[int, int]


@dataclass(frozen=True)
class Repeat:
    """Every pixel becomes a block of equal ones.

    Attributes:
        plane: what comes.
        factors: rows and columns of a block.
    """

    plane: Plane
    factors: tuple[int, int]


@dataclass(frozen=True)
class Rim:
    """Pixels around a map that are put there, all of them zero, or left out.

    Attributes:
        plane: what comes.
        rows, columns: how many, before and behind.
        out: whether they are left out.
    """

    plane: Plane
    rows: Pair
    columns: Pair
    out: bool


@dataclass(frozen=True)
class Order:
    """Another order of the elements.

    Attributes:
        sizes: of three nested loops over what leaves, the innermost last.
        steps: by how many elements of what comes each of them goes on.
    """

    sizes: tuple[int, int, int]
    steps: tuple[int, int, int]


Walk = Repeat | Rim | Order


def plane_of(shape: Sequence[int], touched: Sequence[bool]) -> Plane | None:
    """Return the map as which a movement of some axes can be walked over.

    Args:
        shape: of the tensor.
        touched: for each axis, whether the movement does something along it.

    Returns:
        Rows, columns and channels, the movement being along rows and columns alone; an axis that
        is touched alone is the columns. None where three axes are touched.
    """
    axes = [axis for axis, moves in enumerate(touched) if moves]
    if not axes or len(axes) > 2 or axes[-1] - axes[0] >= 2:
        return None
    first, last = axes[0], axes[-1]
    before, inner = math.prod(shape[:first]), math.prod(shape[last + 1 :])
    if first == last:
        return before, shape[first], inner
    return (shape[first], shape[last], inner) if before == 1 else None


def rim_of(shape: Sequence[int], named: Sequence[Pair], out: bool) -> Rim | None:
    """Return the rim of a tensor as a walk; None where it is around three axes, or none.

    Args:
        shape: of the tensor that comes.
        named: elements before and behind along the first axes.
        out: whether they are left out.
    """
    pairs = [*named, *[(0, 0)] * (len(shape) - len(named))]
    plane = plane_of(shape, [any(pair) for pair in pairs])
    if plane is None:
        return None
    *rows, columns = (pair for pair in pairs if any(pair))
    return Rim(plane, (*rows, (0, 0))[0], columns, out)


def order_of(shape: Sequence[int], perm: Sequence[int]) -> Order | None:
    """Return a permutation of axes as three nested loops; None where it takes more.

    Args:
        shape: of the tensor that comes.
        perm: for each axis that leaves the one that came.
    """
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    loops: list[tuple[int, int]] = []
    for axis in perm:
        size, step = shape[axis], strides[axis]
        if loops and loops[-1][1] == size * step:  # goes on where the loop outside of it does
            loops[-1] = loops[-1][0] * size, step
        elif size > 1:
            loops.append((size, step))
    loops = [(1, 0)] * (3 - len(loops)) + loops
    if len(loops) != 3:
        return None
    (a, i), (b, j), (c, k) = loops
    return Order((a, b, c), (i, j, k))
