# SPDX-License-Identifier: Apache-2.0
"""Edge sums: tables of one wire each, added up and clipped, as logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwgen.ir.tensor import Codes
from hwgen.logic.builder import Builder
from hwgen.logic.cmvm.solve import matvec
from hwgen.logic.enumeration import table, word
from hwgen.logic.nodes import Shl, Wire

_BITS = 12  # of the longest address


@dataclass(frozen=True)
class EdgeSum:
    """Sum of tables: ``clip(sum_i tables[i, x[i] - first] + bias, lo, hi)``.

    Attributes:
        tables: (wires, entries).
        first: code whose value is entry 0.
        bias: what is added.
        lo, hi: saturation bounds.
        label: of the sum, for a reader.
    """

    tables: Codes
    first: int
    bias: int
    lo: int
    hi: int
    label: str


def edge_sum(b: Builder, wires: Sequence[Wire], edges: EdgeSum) -> Wire:
    """Return the sum of some edges as a wire; *wires* are as many as there are tables.

    Every table starts at zero, so that no term needs a sign; what that takes away is one constant.
    """
    constant = edges.bias
    terms: list[Wire] = []
    for i, (wire, values) in enumerate(zip(wires, edges.tables, strict=True)):
        made, least = _edge(b, wire, values, edges.first, f"{edges.label} of input {i}")
        constant += least
        if made is not None:
            terms.append(made)
    if not terms:
        return b.requant(b.const(constant), 0, edges.lo, edges.hi)
    (total,) = matvec(b, np.ones((len(terms), 1), np.int64), terms, [constant])
    return b.requant(total, 0, edges.lo, edges.hi)


def _edge(b: Builder, wire: Wire, values: Codes, first: int, label: str) -> tuple[Wire | None, int]:
    """Return an edge's table less its least value, None where that is zero, and that value."""
    node = b.nodes[wire]
    inner, shift = (node.a, node.shift) if isinstance(node, Shl) else (wire, 0)
    found = word(b, inner, _BITS)
    assert found is not None, "an address of too many bits"
    own = [int(values[(code << shift) - first]) for code in found.codes]
    least = min(own)
    if max(own) == least:
        return None, least
    return b.table(table([found], [v - least for v in own], label)), least
