# SPDX-License-Identifier: Apache-2.0
"""Movements as walks over a map: what a tensor that travels word by word has to do.

A map has rows, columns and channels, and travels row-major, channels fastest. A movement that keeps
the channels of a position together repeats positions (`Repeat`), leaves some out or puts some
around (`Rim`); any that keeps all elements lets them leave in another order (`Order`). Several maps
become one by runs of each, one behind the other (`Runs`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations

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
        frames: parts of a tensor, one behind the other, which are ordered anew each for itself.
        sizes: of three nested loops over what leaves of a part, the innermost last.
        steps: by how many elements of what comes each of them goes on.
    """

    frames: int
    sizes: tuple[int, int, int]
    steps: tuple[int, int, int]


@dataclass(frozen=True)
class Runs:
    """Runs of elements of several tensors, one behind the other, again and again.

    Attributes:
        rounds: how often.
        sizes: elements of each tensor's run.
    """

    rounds: int
    sizes: tuple[int, ...]


Walk = Repeat | Rim | Order | Runs


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


def rims_apart(shape: Sequence[int], named: Sequence[Pair]) -> Iterator[tuple[Pair, ...]]:
    """Yield rims that together make one, each around two axes or one.

    Args:
        shape: of the tensor that comes.
        named: elements before and behind along the first axes.
    """
    pairs = [*named, *[(0, 0)] * (len(shape) - len(named))]
    for group in axes_apart(shape, [any(pair) for pair in pairs]):
        yield tuple(pair if axis in group else (0, 0) for axis, pair in enumerate(pairs))


def order_of(shape: Sequence[int], perm: Sequence[int]) -> Order | None:
    """Return a permutation of axes as three nested loops; None where it takes more, or none.

    The first axes may stay where they are: then what is behind them is ordered by itself.

    Args:
        shape: of the tensor that comes.
        perm: for each axis that leaves the one that came.
    """
    loops, frames = _loops(shape, perm), 1
    if loops and math.prod(loops[0]) == math.prod(shape):
        frames, loops = loops[0][0], loops[1:]
    if not 1 <= len(loops) <= 3:
        return None
    loops = [(1, 0)] * (3 - len(loops)) + loops
    (a, i), (b, j), (c, k) = loops
    return Order(frames, (a, b, c), (i, j, k))


def _loops(shape: Sequence[int], perm: Sequence[int]) -> list[tuple[int, int]]:
    """Return the fewest nested loops over what leaves a permutation: their sizes and steps."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    loops: list[tuple[int, int]] = []
    for axis in perm:
        size, step = shape[axis], strides[axis]
        if loops and loops[-1][1] == size * step:  # goes on where the loop outside of it does
            loops[-1] = loops[-1][0] * size, step
        elif size > 1:
            loops.append((size, step))
    return loops


def axes_apart(shape: Sequence[int], touched: Sequence[bool]) -> Iterator[tuple[int, ...]]:
    """Yield the axes that a movement touches in groups, along each of which it is one walk.

    Args:
        shape: of the tensor.
        touched: for each axis, whether the movement does something along it.
    """
    axes = [axis for axis, moves in enumerate(touched) if moves]
    pair = [axis in axes[:2] for axis in range(len(shape))]
    first = 2 if len(axes) > 1 and plane_of(shape, pair) is not None else 1
    if axes:
        yield tuple(axes[:first])
    yield from ((axis,) for axis in axes[first:])


@dataclass(frozen=True)
class Turn:
    """Permutation of a tensor of few axes, of another one's elements.

    Attributes:
        shape: as which the elements that come are seen.
        perm: for each axis that leaves the one that came.
    """

    shape: tuple[int, ...]
    perm: tuple[int, ...]


def turns_of(shape: Sequence[int], perm: Sequence[int]) -> Iterator[Turn]:
    """Yield permutations that together make one, each of them three nested loops.

    Each exchanges three parts of the axes that are not at their place yet, so that as many as
    possible become neighbours of those that they end beside (block moves, as in Bafna and Pevzner,
    "Sorting by transpositions", 1998; greedily).

    Args:
        shape: of the tensor that comes.
        perm: for each axis that leaves the one that came.
    """
    wanted = _loops(shape, perm)
    pairs = set(pairwise([None, *wanted, None]))  # who shall stand beside whom, the ends included
    now = sorted(wanted, key=lambda loop: -loop[1])  # as the elements come
    while now != wanted:
        same = next(i for i, (a, b) in enumerate(zip(now, wanted, strict=True)) if a != b)
        best, turn = -1, Turn((), ())
        for i, j in combinations(range(same + 1, len(now) + 1), 2):
            parts = now[:same], now[same:i], now[i:j], now[j:]
            for order in permutations((1, 2, 3)):
                joined = [loop for part in (0, *order) for loop in parts[part]]
                beside = sum(pair in pairs for pair in pairwise([None, *joined, None]))
                if beside > best:
                    best, made = beside, joined
                    sizes = (math.prod(size for size, _ in part) for part in parts)
                    turn = Turn(tuple(sizes), (0, *order))
        yield turn
        now = made
