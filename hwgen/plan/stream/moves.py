# SPDX-License-Identifier: Apache-2.0
"""Movements as units of a stream design: maps enlarged, cut, padded, reordered, and joined."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hwgen.design.types import UnitRef
from hwgen.errors import count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node
from hwgen.ir.names import Names
from hwgen.ir.tensor import TensorType
from hwgen.ops.base import Movement
from hwgen.ops.shape import one_walk_each
from hwgen.ops.walks import Order, Plane, Repeat, Rim, Runs, Walk
from hwgen.plan.stream.units import BLOCK_BITS, Facts

CONCAT, EXTEND = "hwg_stream_concat", "hwg_stream_extend"


def walk_of(node: Node, types: Sequence[TensorType]) -> Walk | None:
    """Return the walk of a node that reads tensors of some types; None where it is no walk."""
    return node.op.walk([t.shape for t in types]) if isinstance(node.op, Movement) else None


def in_walks(graph: Graph) -> Graph:
    """Return a graph of the same values, each movement of which is one walk, or none at all.

    What an operation broadcasts is repeated in front of it, so that it acts position by position.
    """
    names = Names(node.name for node in graph.nodes)
    made: dict[str, Node] = {}

    def steps(node: Node, ops: Sequence[Movement], *ins: str) -> tuple[str, ...]:
        """Enter movements one after the other, and return what reads them instead of *ins*."""
        types = [made[i].type for i in ins]
        for op in ops:
            kind = op.infer(types)
            name = names.take(f"{node.name}_step")
            made[name] = Node(name, op, ins, kind, node.layer)
            ins, types = (name,), [kind]
        return ins

    for node in graph.nodes:
        op, ins = node.op, node.inputs
        shapes = [t.shape for t in graph.types(node)]
        if isinstance(op, Movement) and not op.in_order:
            *first, op = one_walk_each(op, shapes, node.type.shape)
            ins = steps(node, first, *ins)
        else:
            pairs = zip(op.ahead(shapes), ins, strict=True)
            ins = tuple(steps(node, ops, one)[0] for ops, one in pairs)
        made[node.name] = replace(node, op=op, inputs=ins)
    return replace(graph, nodes=tuple(made.values()))


def lanes_of(walk: Walk, most: int) -> Iterator[int]:
    """Yield the elements of a word that a unit can move together, ascending, up to *most*."""
    together = _inner(walk)
    yield from (lanes for lanes in range(1, min(together, most) + 1) if together % lanes == 0)


def _inner(walk: Walk) -> int:
    """Return how many elements keep their place beside each other."""
    if isinstance(walk, Runs):
        return math.gcd(*walk.sizes)
    if not isinstance(walk, Order):
        return walk.plane[2]
    return walk.sizes[2] if walk.steps[2] == 1 else 1


def moved(walk: Walk, bits: int, lanes: int) -> Facts:
    """Return the unit of a walk.

    Args:
        walk: over a map, or several.
        bits: of an element.
        lanes: elements of a word, which move together.
    """
    if isinstance(walk, Repeat):
        return _repeated(walk, bits, lanes)
    if isinstance(walk, Rim):
        return _rimmed(walk, bits, lanes)
    if isinstance(walk, Runs):
        return _joined(walk, bits, lanes)
    return _ordered(walk, bits, lanes)


def common(formats: Sequence[Fixed]) -> Fixed:
    """Return the narrowest format that holds the numbers of several of one scale."""
    signed = any(one.signed for one in formats)
    width = max(one.width + (signed and not one.signed) for one in formats)
    return Fixed(width, formats[0].frac, signed)


def extended(fixed: Fixed, to: Fixed, lanes: int, words: int) -> Facts:
    """Return the unit that gives elements a wider format of the same scale.

    Args:
        fixed: of an element that comes.
        to: of an element that leaves.
        lanes: elements of a word.
        words: of a sample.
    """
    params = {
        "Lanes": lanes, "InWidth": fixed.width, "OutWidth": to.width, "Signed": int(fixed.signed),
    }  # fmt: skip
    note = f"elements of {fixed} in {to}"
    return Facts(UnitRef(EXTEND, params), lanes, words, 0, words, note)


def _joined(walk: Runs, bits: int, lanes: int) -> Facts:
    counts = np.array([size // lanes for size in walk.sizes], np.int64)
    params = {
        "Sources": len(counts), "Width": bits * lanes, "MaxCount": int(counts.max()),
    }  # fmt: skip
    words = walk.rounds * int(counts.sum())
    runs = ", ".join(map(str, counts))
    note = f"{count_of(walk.rounds, 'round')} of {runs} words, from each input in its turn"
    return Facts(UnitRef(CONCAT, params, {"Counts": counts}), lanes, words, 0, words, note)


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
    frame = outer * middle * inner
    params = {
        "Width": bits * lanes, "Outer": outer, "Middle": middle, "Inner": inner,
        "OuterStep": steps[0] // lanes, "MiddleStep": steps[1] // lanes,
        "InnerStep": 1 if lanes > 1 else steps[2],
    }  # fmt: skip
    params["RamStyle"] = _ram(params["Width"], 2 * frame)
    of = "a sample" if walk.frames == 1 else f"each of {walk.frames} parts of a sample"
    note, words = f"the words of {of} in another order", walk.frames * frame
    return Facts(UnitRef("hwg_reorder", params), lanes, words, frame + 1, words, note)
