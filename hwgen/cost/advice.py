# SPDX-License-Identifier: Apache-2.0
"""Advice on a design's size: what a vendor's tool may make of it, and layers that are dear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hwgen.cost.estimate import layer_luts
from hwgen.design.types import Design
from hwgen.ir.graph import Graph
from hwgen.logic.nodes import Add, Add3
from hwgen.ops.base import Elementwise
from hwgen.target.family import Family

# Of 20 designs of another generator of adder graphs, placed and routed by AMD's tool (not by us):
# LUT over that generator's own cost, which is carry positions as ours.
ROUTED_OVER_COST = (0.97, 1.13)
ROUTED_DESIGNS = 20
_ADDERS = ("adders", "ternary_adders", "adder_bits")
_DEAR_LUT, _DEAR_SHARE = 2000, 0.2  # of a scale that is worth a word


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


def dear_scales(graph: Graph, design: Design, family: Family) -> Iterator[str]:
    """Yield a note on every exact scale, such as a normalisation's, that takes much of a design."""
    taken = layer_luts(design, family)
    total = sum(taken.values())
    # A function of one number that is made of adders: a factor and a term a channel.
    scales = {
        layer.name
        for pipeline in design.pipelines
        for layer in pipeline.layers
        if any(isinstance(pipeline.logic.nodes[wire], Add | Add3) for wire in layer.wires)
    }
    for node in graph.nodes:
        lut = taken.get(node.name, 0)
        if not isinstance(node.op, Elementwise) or node.name not in scales:
            continue
        if lut >= _DEAR_LUT and lut >= _DEAR_SHARE * total:
            bits = node.type.fixed.width
            fewer = ", 12 bits already far fewer" if bits > 12 else ""
            yield (
                f"layer {node.name}: its exact scale to {bits} bits takes {lut:,} of {total:,} LUT;"
                f" a quantizer of fewer bits behind it takes fewer{fewer}; outside the core, with "
                f"its input as the output, {total - lut:,} LUT are left"
            )
