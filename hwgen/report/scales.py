# SPDX-License-Identifier: Apache-2.0
"""Notes on scales that are dear: what an exact one takes, and what its alternatives take.

A normalisation in front of a quantizer of many bits takes a long factor in every channel to be
exact, and a correction wherever float32 rounded off the line. The alternatives are a quantizer of
fewer bits, for which the shortest exact factors are found anew, and a scale outside the core.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hwgen.cost.estimate import layer_luts
from hwgen.design.types import Design
from hwgen.frontends.exact.fewer_bits import fewer_bits, scale_parts, some_channels
from hwgen.ir.graph import Graph, Node
from hwgen.plan.parallel.lower import lower
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.target.family import Family

DEAR_LUT, DEAR_SHARE = 2000, 0.2  # of a scale that is worth a word
FEWER = 12  # bits of the alternative


def dear_scales(graph: Graph, design: Design, family: Family) -> Iterator[str]:
    """Yield a note on every exact scale, such as a normalisation's, that takes much of a design."""
    taken = layer_luts(design, family)
    total = sum(taken.values())
    for node in graph.nodes:
        parts = scale_parts(graph, node)
        lut = sum(taken.get(part.name, 0) for part in parts)
        if not parts or lut < DEAR_LUT or lut < DEAR_SHARE * total:
            continue
        bits = parts[-1].type.fixed.width
        ways = [f"to {bits} bits it takes {lut:,} of {total:,} LUT"]
        share = _share(graph, parts, bits - FEWER, family) if bits > FEWER else None
        if share is not None:
            ways.append(f"behind a quantizer of {FEWER} bits about {round(lut * share):,}")
        ways.append(f"outside the core, with its input as the output, {total - lut:,} LUT are left")
        yield f"layer {node.name}: its exact scale is dear: {'; '.join(ways)}"


def _share(graph: Graph, parts: Sequence[Node], drop: int, family: Family) -> float | None:
    """Return what a scale to *drop* bits fewer takes, as a share; None where that is not found.

    Some channels are realised both ways.
    """
    now = some_channels(graph, parts)
    fewer = fewer_bits(now, drop)
    if fewer is None:
        return None
    before, after = (_price(one, family) for one in (now, fewer))
    return after / before if before else None


def _price(graph: Graph, family: Family) -> float:
    """Return the look-up tables of a scale by itself."""
    prices = Prices.on(family)
    logic = lower(graph, family.adder_operands, tables=prices).logic
    return prices.of(logic, range(len(logic.nodes)))
