# SPDX-License-Identifier: Apache-2.0
"""Movements as units of a stream design: maps enlarged, cut, padded, and in another order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hwgen.design.types import UnitRef
from hwgen.ir.graph import Node
from hwgen.ops.base import Movement
from hwgen.ops.walks import Order, Plane, Repeat, Rim, Walk
from hwgen.plan.stream.units import BLOCK_BITS, Facts


def walk_of(node: Node, shape: tuple[int, ...]) -> Walk | None:
    """Return the walk of a node that reads a tensor of some shape; None where it is no walk."""
    return node.op.walk(shape) if isinstance(node.op, Movement) else None


def lanes_of(walk: Walk) -> Iterator[int]:
    """Yield the elements of a word that a unit can move together, ascending."""
    together = _inner(walk)
    yield from (lanes for lanes in range(1, together + 1) if together % lanes == 0)


def _inner(walk: Walk) -> int:
    """Return how many elements keep their place beside each other."""
    if not isinstance(walk, Order):
        return walk.plane[2]
    return walk.sizes[2] if walk.steps[2] == 1 else 1


def moved(walk: Walk, bits: int, lanes: int) -> Facts:
    """Return the unit of a walk.

    Args:
        walk: over a map.
        bits: of an element.
        lanes: elements of a word, which move together.
    """
    if isinstance(walk, Repeat):
        return _repeated(walk, bits, lanes)
    if isinstance(walk, Rim):
        return _rimmed(walk, bits, lanes)
    return _ordered(walk, bits, lanes)


def _map(plane: Plane, bits: int, lanes: int) -> dict[str, int]:
    rows, columns, channels = plane
    return {"W": columns, "H": rows, "CF": channels // lanes, "Width": bits * lanes}


def _words(params: Mapping[str, int]) -> int:
    return params["H"] * params["W"] * params["CF"]


def _ram(width: int, words: int) -> int:
    return 2 if width * words >= BLOCK_BITS and words > 64 else 1


def _repeated(walk: Repeat, bits: int, lanes: int) -> Facts:
    params = _map(walk.plane, bits, lanes)
    width, row = params["Width"], params["W"] * params["CF"]
    params |= {"FactorH": walk.factors[0], "FactorW": walk.factors[1]}
    params |= {"RowRam": _ram(width, row) if row > 1 else 0}
    params |= {"PixelRam": 1 if params["CF"] > 1 else 0}
    words = _words(params) * walk.factors[0] * walk.factors[1]
    note = f"every pixel {walk.factors[0]}x{walk.factors[1]} times"
    return Facts(UnitRef("hwg_upsample", params), lanes, words, 1, words, note)


def _rimmed(walk: Rim, bits: int, lanes: int) -> Facts:
    params = _map(walk.plane, bits, lanes)
    rim = {"Top": walk.rows[0], "Bottom": walk.rows[1]}
    rim |= {"Left": walk.columns[0], "Right": walk.columns[1]}
    sign = -1 if walk.out else 1
    high = params["H"] + sign * sum(walk.rows)
    words = high * (params["W"] + sign * sum(walk.columns)) * params["CF"]
    sides = ", ".join(f"{count} {name.lower()}" for name, count in rim.items() if count)
    if walk.out:
        unit, note = "hwg_crop", f"without its rim: {sides}"
    else:
        unit, note = "hwg_pad", f"zeros around the map: {sides}"
    return Facts(UnitRef(unit, params | rim), lanes, words, 1, max(words, _words(params)), note)


def _ordered(walk: Order, bits: int, lanes: int) -> Facts:
    (outer, middle, inner), steps = walk.sizes, walk.steps
    inner //= lanes
    words = outer * middle * inner
    params = {
        "Width": bits * lanes, "Outer": outer, "Middle": middle, "Inner": inner,
        "OuterStep": steps[0] // lanes, "MiddleStep": steps[1] // lanes,
        "InnerStep": 1 if lanes > 1 else steps[2],
    }  # fmt: skip
    params["RamStyle"] = _ram(params["Width"], 2 * words)
    note = "the words of a sample in another order"
    return Facts(UnitRef("hwg_reorder", params), lanes, words, words + 1, words, note)
