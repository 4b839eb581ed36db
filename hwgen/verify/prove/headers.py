# SPDX-License-Identifier: Apache-2.0
"""Units whose input is too wide to be tried, held against what their headers say by a solver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hwgen.verify.prove.solver import opened
from hwgen.verify.prove.steps import Steps
from hwgen.verify.prove.syntax import ports


def signed_of(params: Mapping[str, int], name: str) -> int:
    """Return a bound of `hwg_requant`, which has a bit more than the output and a sign."""
    size = 1 << (params["OutWidth"] + 1)
    value = params[name] % size
    return value - size if value >= size >> 1 else value


def requant_is_right(instance: Any, lo: int, hi: int) -> str:
    """Return where `hwg_requant` does not round and clip numbers of an interval; else nothing."""
    terms, walk, inputs, params = opened(instance)
    shift, out_width = params["Shift"], params["OutWidth"]
    wide = max(params["InWidth"], shift + 1, out_width) + 3
    x = terms.extend(inputs["data_i"], wide, bool(params["InSigned"]))
    given = x.within(lo, hi)
    if params["Half"]:
        x = terms.binary("sub", x, terms.const(1 << (shift - 1), wide), True)
    total = terms.half_even(x, shift) if shift else x
    for name, bound, op in (("SatLo", "Lo", "lt"), ("SatHi", "Hi", "gt")):
        if params[name]:
            end = terms.const(signed_of(params, bound) % (1 << wide), wide)
            total = terms.mux(terms.binary(op, total, end, True), end, total)
    made = walk.whole(walk.value(ports(instance)["data_o"]))
    return terms.differ((made, terms.slice(total, 0, out_width)), given=given)


def _numbers(bits: int, count: int, width: int, signed: bool) -> list[int]:
    """Return the words of a long constant, the first in its lowest bits."""
    size = 1 << width
    found = [(bits >> (i * width)) % size for i in range(count)]
    return [v - size if signed and v >= size >> 1 else v for v in found]


def steps_of(params: Mapping[str, int], lo: int, hi: int) -> Steps:
    """Return what the header of `hwg_thresholds` says, within an interval."""
    count = params["N"]
    at = _numbers(params["Thresholds"], count, params["InWidth"], bool(params["InSigned"]))
    values = _numbers(params["Values"], count + 1, params["OutWidth"], False)
    points = np.array(sorted({lo, *(t for t in at if lo < t <= hi)}), np.int64)
    reached = (points[:, None] >= np.array(at, np.int64)).sum(axis=1)
    return Steps.of(points, np.array(values, np.int64)[reached])


def thresholds_are_right(instance: Any, lo: int, hi: int) -> str:
    """Return where `hwg_thresholds` does not give the value of an interval; else nothing."""
    terms, walk, inputs, params = opened(instance)
    count, wide = params["N"], params["InWidth"] + 2
    x = terms.extend(inputs["data_i"], wide, bool(params["InSigned"]))
    at = _numbers(params["Thresholds"], count, params["InWidth"], bool(params["InSigned"]))
    values = _numbers(params["Values"], count + 1, params["OutWidth"], False)
    meant = terms.const(values[0], params["OutWidth"])
    for threshold, value in zip(at, values[1:], strict=True):
        reached = terms.binary("ge", x, terms.const(threshold % (1 << wide), wide), True)
        meant = terms.mux(reached, terms.const(value, params["OutWidth"]), meant)
    made = walk.whole(walk.value(ports(instance)["data_o"]))
    return terms.differ((made, meant), given=x.within(lo, hi))


# Units of which a form can be made without trying every value, and what proves their text.
WIDE: Mapping[str, Callable[[Any, int, int], str]] = {
    "hwg_requant": requant_is_right,
    "hwg_thresholds": thresholds_are_right,
}
