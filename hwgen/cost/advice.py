# SPDX-License-Identifier: Apache-2.0
"""Advice on a design's size: what a vendor's tool may make of it, by others' routed designs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hwgen.target.family import Family

# Of 20 designs of another generator of adder graphs, placed and routed by AMD's tool (not by us):
# LUT over that generator's own cost, which is carry positions as ours.
ROUTED_OVER_COST = (0.97, 1.13)
ROUTED_DESIGNS = 20
_ADDERS = ("adders", "ternary_adders", "adder_bits")


@dataclass(frozen=True)
class VendorRange:
    """Look-up tables that a vendor's tool may report of an adder network.

    Attributes:
        low, high: bounds.
        positions: carry positions of its adders, from which they come.
        designs: how many routed designs the bounds are those of.
    """

    low: int
    high: int
    positions: int
    designs: int = ROUTED_DESIGNS


def vendor_range(terms: Mapping[str, int], family: Family) -> VendorRange | None:
    """Return what AMD's tool may report; None of other parts, and of more than adders.

    It is never mixed with the model of this package, which was held against Yosys: it is the range
    of others' designs, and says nothing of requantizers, thresholds or tables.
    """
    others = sum(count for name, count in terms.items() if name not in _ADDERS)
    positions = terms.get("adder_bits", 0)
    if family.vendor != "amd" or others or not positions:
        return None
    low, high = (round(positions * times) for times in ROUTED_OVER_COST)
    return VendorRange(low, high, positions)
