# SPDX-License-Identifier: Apache-2.0
"""Price of the functions behind a segment's head, on all channels of a position side by side.

They are lowered to logic and priced node by node, as a parallel design is: no formula of theirs
would know what comparators share, or that a step by channel is a table in one family and a carry
chain in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from hwgen.cost.units import UnitCost
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Node
from hwgen.ir.tensor import TensorType
from hwgen.plan.parallel.lower import lower
from hwgen.plan.parallel.truth_tables import Prices
from hwgen.plan.stream.maps import Map
from hwgen.plan.stream.segments import Segment
from hwgen.plan.stream.words import word_graph

_BUFFER = 20  # tables of the credits and of the control of the buffer behind a pipeline


@dataclass(frozen=True)
class Tail:
    """Functions behind the head of a segment.

    Attributes:
        nodes: in order.
        source: type of what the first one reads.
        bits: of an element of that.
        prices: of logic on the board's family.
    """

    nodes: Sequence[Node]
    source: TensorType
    bits: int
    prices: Prices

    @cached_property
    def rest(self) -> Tail:
        """The functions behind the first one."""
        kind = self.nodes[0].type
        return Tail(self.nodes[1:], kind, kind.fixed.width, self.prices)

    @cached_property
    def tables(self) -> float:
        """Tables of all channels of a position."""
        if not self.nodes:
            return 0.0
        fixed = Fixed(self.bits, self.source.frac, bool(self.source.lo.min() < 0))
        read = Map("x", self.source, fixed, self.source.shape[-1])
        graph = word_graph(Segment(self.nodes[0], tuple(self.nodes[1:])), [read], None, ["x"])
        logic = lower(graph, effort=0).logic
        return self.prices.of(logic, range(len(logic.nodes)))

    def cost(self, lanes: int) -> UnitCost:
        """Return what the functions take on words of some channels, their buffer included."""
        if not self.nodes:
            return UnitCost()
        part = lanes / self.source.shape[-1]
        return UnitCost(lut=part * self.tables + _BUFFER, ff=lanes * self.bits)
