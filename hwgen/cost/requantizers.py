# SPDX-License-Identifier: Apache-2.0
"""Recorded requantizers: the common ones went through synthesis by themselves.

A mapper trades tables for depth bit by bit, so no short formula follows it closely. But what
saturates at powers of two, as activations do, has few parameters: `requantizers.json` beside this
file holds a count for each, by family, kind, shift, bits of the result and bits dropped above them;
``make bench-estimate RECORD=1`` writes it. Beyond the last recorded bits of the result the line
through the last and the last but three goes on; a bit more that is dropped enters a tree of tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hwgen.logic.nodes import Requant

FILE = Path(__file__).with_name("requantizers.json")
COPIES = 4  # that a count is of
SHIFTS, OUTS = range(1, 11), range(1, 9)


@dataclass(frozen=True)
class Kind:
    """Requantizers that share a table.

    Attributes:
        below, above: it can saturate there.
        zero: and its lower bound is zero.
        held: only registers read it, which its sign, or what is beyond its bounds, resets.
        half: the sum before it has rounded.
        shifts: bits dropped below.
        outs: bits of the result.
        drops: bits of the quotient above those, the sign included.
        small: looked at where tables have four inputs alone; larger ones take as much without it.
    """

    below: bool
    above: bool
    zero: bool
    held: bool
    half: bool
    shifts: range
    outs: range
    drops: range
    small: bool = False

    def bounds(self, out: int) -> tuple[int, int]:
        """Return the bounds of *out* bits."""
        return (0, (1 << out) - 1) if self.zero else (-1 << (out - 1), (1 << (out - 1)) - 1)

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """Yield shift, bits of the result and bits dropped of everything recorded, in order."""
        for shift in self.shifts:
            for out in self.outs:
                for drop in self.drops:
                    yield shift, out, drop


_ONE, _NONE, _SIX = range(1, 2), range(1), range(1, 7)
KINDS = {
    "clip": Kind(True, True, False, False, False, _NONE, OUTS[1:], range(1, 8)),
    "clip_half": Kind(True, True, False, False, True, SHIFTS, OUTS[1:], range(1, 8)),
    "relu_clip": Kind(True, True, True, False, False, _NONE, OUTS, range(2, 9)),
    "relu_clip_half": Kind(True, True, True, False, True, SHIFTS, OUTS, range(2, 9)),
    "relu_half": Kind(True, False, True, False, True, SHIFTS, OUTS, _ONE),
    "relu_half_held": Kind(True, False, True, True, True, SHIFTS, _ONE, _ONE),
    "plain_half": Kind(False, False, False, False, True, SHIFTS, range(2, 3), _NONE),
    "clip_round": Kind(True, True, False, False, False, SHIFTS, OUTS[1:], range(1, 8)),
    "relu_clip_round": Kind(True, True, True, False, False, SHIFTS, OUTS, range(2, 9)),
    "relu_round": Kind(True, False, True, False, False, SHIFTS, OUTS, _ONE),
    "relu_round_held": Kind(True, False, True, True, False, SHIFTS, OUTS, _ONE),
    "plain_round": Kind(False, False, False, False, False, SHIFTS, OUTS[1:], _NONE),
    "relu_clip_held": Kind(True, True, True, True, False, _NONE, OUTS, range(2, 9)),
    "relu_clip_half_held": Kind(True, True, True, True, True, SHIFTS, OUTS, range(2, 9)),
    "relu_clip_round_held": Kind(True, True, True, True, False, SHIFTS, OUTS, range(2, 9)),
    "clip_held": Kind(True, True, False, True, False, _NONE, OUTS[1:], _SIX, True),
    "clip_half_held": Kind(True, True, False, True, True, _SIX, OUTS[1:], _SIX, True),
    "clip_round_held": Kind(True, True, False, True, False, _SIX, OUTS[1:], _SIX, True),
}


def common(
    node: Requant, bounds: tuple[int, int], width: int, out: int, held: bool, k: int
) -> tuple[str, int, int, int] | None:
    """Return kind, shift, bits of the result and bits dropped; None if it is no common one.

    Args:
        node: the requantizer.
        bounds: of its operand's values.
        width: of the operand.
        out: bits of the result.
        held: whether only registers read it.
        k: inputs of a table.
    """
    low, high = map(node.rounded, bounds)
    below, above = low < node.lo, high > node.hi
    unsigned = bounds[0] >= 0
    zero = unsigned or (below and node.lo == 0)
    if node.shift:
        names = {(True, True): "relu_clip", (True, False): "relu", (False, True): "clip"}
        saturates = above if zero else above or below
        name = "plain" if unsigned and not above else names.get((zero, saturates), "plain")
        name += "_half" if node.half else "_round"
    elif not above:
        return None
    else:
        name = "relu_clip" if zero else "clip"
    if held and below and (zero or (above and k < 6)):
        name += "_held"
    lo, hi = KINDS[name].bounds(out)
    if (below and node.lo != lo) or (above and node.hi != hi):
        return None
    return name, node.shift, out, width + unsigned - node.shift - out


def looked_up(family: str, k: int, name: str, shift: int, out: int, drop: int) -> int | None:
    """Return the tables of `COPIES` of a requantizer, or None if nothing near it was recorded.

    Tables have *k* inputs.
    """
    table = _read().get(family, {}).get(name)
    kind = KINDS[name]
    axes = (kind.shifts, kind.outs, kind.drops)
    # Along an axis of a single entry nothing changes; below the first one there is nothing.
    at = [
        axis[0] if len(axis) == 1 else place
        for axis, place in zip(axes, (shift, out, drop), strict=True)
    ]
    if table is None or any(place < axis[0] for axis, place in zip(axes, at, strict=True)):
        return None
    last = [min(place, axis[-1]) for axis, place in zip(axes, at, strict=True)]
    plane, drop_place = table[last[0] - kind.shifts[0]], last[2] - kind.drops[0]
    tables = _along([row[drop_place] for row in plane], at[1] - kind.outs[0])
    # All bits above are equal, or all are zero.
    beyond = at[0] - last[0] + (at[2] - last[2]) * (1 if kind.zero else 2)
    return round(tables + beyond * COPIES / (k - 1))


def _along(known: Sequence[int], place: int) -> float:
    """Return an entry, or where the line through the last and the last but three leads."""
    last, beyond = known[-1], place - len(known) + 1
    return known[place] if beyond <= 0 else max(last, last + (last - known[-4]) / 3 * beyond)


@cache
def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}
    return found
