# SPDX-License-Identifier: Apache-2.0
"""Logic graphs: nodes in topological order, each with its exact interval, and their builder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from hwgen.ir.fixed import bits_for
from hwgen.ir.names import element
from hwgen.ir.tensor import TensorType
from hwgen.logic.nodes import (
    Add,
    Add3,
    Chain,
    Const,
    Gather,
    In,
    Max,
    Mul,
    Node,
    Requant,
    Select,
    Shl,
    Table,
    Thresh,
    Wire,
    Wires,
)

Compared: TypeAlias = "Callable[[Builder, Sequence[int], Sequence[int]], Wire | None]"
GRAPHS_ALONE = -1  # haste of those that know nothing of heaps of bits


class Builder:
    """Builder of a logic graph. `layer` tags the nodes that are entered while it is set.

    Attributes:
        arity: operands that one adder of the target takes, 2 or 3; matrix products obey it.
        effort, seed: of the search for matrix products, as `cmvm.solve` takes them.
        haste: 0 for the fewest look-up tables; 1 for heaps of bits level by level; 2 besides for
            tables as they stand, which are not taken apart; `GRAPHS_ALONE` for no heaps.
        alike: whether an adder costs the same whatever its width, as it does digit by digit; else
            the search counts carry positions.
        level: look-up tables that an adder more in a row is worth in a choice between sums; 0 where
            it is worth a share of the sums themselves, by *haste*.
        nodes: the records, topologically ordered.
        lo, hi: exact interval of every node.
        layers: name of the layer that made each node.
        labels: of every node, the element of a layer's output that it is; empty if it is none.
        heaps: whether heaps of bits were priced for any sum, so that another worth of an adder in a
            row may give another choice.
        compares: whether only one step function reads the sums that are entered next.
        compared: of sums, what returns a step function of it that takes less than the sum, or None.
    """

    def __init__(
        self, arity: int = 2, effort: int = 1, seed: int = 1, haste: int = 0, alike: bool = False
    ) -> None:
        self.arity, self.effort, self.seed, self.haste = arity, effort, seed, haste
        self.alike = alike
        self.nodes: list[Node] = []
        self.lo: list[int] = []
        self.hi: list[int] = []
        self.layers: list[str] = []
        self.labels: list[str] = []
        self.layer = ""
        self.level = 0.0
        self.heaps = False
        self.compares = False
        self.compared: dict[Wire, Compared] = {}
        self._seen: dict[Node, Wire] = {}

    def _put(self, node: Node, lo: int | None = None, hi: int | None = None) -> Wire:
        """Enter a node; *lo* and *hi* tighten the interval that its operands give."""
        low, high = node.interval([(self.lo[w], self.hi[w]) for w in node.operands])
        return self._enter(
            node, low if lo is None else max(low, lo), high if hi is None else min(high, hi)
        )

    def _enter(self, node: Node, lo: int, hi: int) -> Wire:
        if lo == hi:
            node = Const(lo)
        wire = self._seen.get(node)
        if wire is None:
            wire = self._seen[node] = len(self.nodes)
            self.nodes.append(node)
            self.lo.append(lo)
            self.hi.append(hi)
            self.layers.append("" if isinstance(node, Const) else self.layer)
            self.labels.append("")
        return wire

    def label(self, name: str, wires: Wires) -> None:
        """Label the output elements of layer *name*; what has a label or no node keeps it."""
        for index in np.ndindex(wires.shape):
            wire = int(wires[index])
            if not self.labels[wire] and not isinstance(self.nodes[wire], In | Const):
                self.labels[wire] = element(name, index)

    def range(self, wire: Wire) -> tuple[int, int]:
        """Return the exact interval of a wire."""
        return self.lo[wire], self.hi[wire]

    def input(self, port: str, index: int, lo: int, hi: int) -> Wire:
        """Return element *index* of input *port*; a constant where its interval is a point."""
        return self._enter(In(port, index), lo, hi)

    def tensor(self, port: str, kind: TensorType) -> Wires:
        """Return a whole input port, row-major: an array of wires of the shape of its type."""
        ends = zip(kind.lo.reshape(-1), kind.hi.reshape(-1), strict=True)
        flat = [self.input(port, i, int(lo), int(hi)) for i, (lo, hi) in enumerate(ends)]
        return np.array(flat, np.int64).reshape(kind.shape)

    def const(self, value: int) -> Wire:
        """Return a constant."""
        return self._enter(Const(value), value, value)

    def shl(self, a: Wire, shift: int) -> Wire:
        """Return ``a << shift``."""
        if shift == 0:
            return a
        inner = self.nodes[a]
        if isinstance(inner, Shl):
            return self.shl(inner.a, inner.shift + shift)
        return self._put(Shl(a, shift))

    def add(
        self,
        a: Wire,
        b: Wire,
        shift_a: int = 0,
        shift_b: int = 0,
        sub: bool = False,
        lo: int | None = None,
        hi: int | None = None,
    ) -> Wire:
        """Return ``(a << shift_a) +- (b << shift_b)``.

        *lo* and *hi* tighten the interval where the caller knows better (correlated operands).
        """
        (a, shift_a), (b, shift_b) = self._unshifted(a, shift_a), self._unshifted(b, shift_b)
        if self._is_zero(b):
            return self.shl(a, shift_a)
        if self._is_zero(a) and not sub:
            return self.shl(b, shift_b)
        common = min(shift_a, shift_b)  # shift afterwards: the adder itself stays narrow
        node = Add(a, b, shift_a - common, shift_b - common, sub)
        return self._narrow(node, common, lo, hi)

    def _narrow(self, node: Node, shift: int, lo: int | None, hi: int | None) -> Wire:
        """Return a node shifted left; *lo* and *hi* tighten the interval of the result."""
        low, high = None if lo is None else lo >> shift, None if hi is None else hi >> shift
        return self.shl(self._put(node, low, high), shift)

    def add3(
        self,
        wires: Sequence[Wire],
        shifts: Sequence[int] = (0, 0, 0),
        subs: Sequence[bool] = (False, False),
        lo: int | None = None,
        hi: int | None = None,
    ) -> Wire:
        """Return the sum of three shifted wires as one adder.

        Terms that are zero leave a smaller one.

        Args:
            wires: three of them; the first is added.
            shifts: of each to the left.
            subs: whether the second and the third are subtracted.
            lo: tightens the interval, as in `add`.
            hi: tightens the interval.
        """
        terms = list(zip(wires, shifts, (False, *subs), strict=True))
        for zero in (2, 1, 0):
            first, second = sorted(terms[:zero] + terms[zero + 1 :], key=lambda term: term[2])
            if self._is_zero(terms[zero][0]) and not first[2]:
                return self.add(first[0], second[0], first[1], second[1], second[2], lo, hi)
        # Added operands first and in order of their wires: equal sums are equal nodes.
        terms = sorted(
            ((*self._unshifted(wire, shift), sub) for wire, shift, sub in terms),
            key=lambda term: (term[2], *term[:2]),
        )
        (a, shift_a, _), (b, shift_b, sub_b), (c, shift_c, sub_c) = terms
        common = min(shift_a, shift_b, shift_c)
        narrow = shift_a - common, shift_b - common, shift_c - common
        return self._narrow(Add3(a, b, c, *narrow, sub_b, sub_c), common, lo, hi)

    def plus(self, wire: Wire, value: int) -> Wire:
        """Return ``wire + value``; where `takes_constant`, without an adder more."""
        if not value:
            return wire
        inner, up = self._unshifted(wire, 0)
        node = self.nodes[inner]
        if isinstance(node, Add) and value % (1 << up) == 0 and self.takes_constant(inner):
            return self.shl(self._joined(inner, node, value >> up), up)
        return self.add(wire, self.const(value))

    def takes_constant(self, wire: Wire) -> bool:
        """Tell whether a wire is a sum that has a constant already, or room for an operand."""
        node = self.nodes[wire]
        if not isinstance(node, Add):
            return False
        return self.arity == 3 or any(isinstance(self.nodes[w], Const) for w in (node.a, node.b))

    def _joined(self, wire: Wire, node: Add, value: int) -> Wire:
        a, b = self.nodes[node.a], self.nodes[node.b]
        if isinstance(a, Const):
            whole = self.const((a.value << node.shift_a) + value)
            return self.add(whole, node.b, 0, node.shift_b, node.sub)
        if isinstance(b, Const):
            term = b.value << node.shift_b
            return self.add(
                node.a, self.const(value - term if node.sub else value + term), node.shift_a
            )
        wires, shifts = (node.a, node.b, self.const(value)), (node.shift_a, node.shift_b, 0)
        low, high = self.lo[wire] + value, self.hi[wire] + value
        return self.add3(wires, shifts, (node.sub, False), low, high)

    def _unshifted(self, wire: Wire, shift: int) -> tuple[Wire, int]:
        inner = self.nodes[wire]
        return (inner.a, shift + inner.shift) if isinstance(inner, Shl) else (wire, shift)

    def neg(self, a: Wire) -> Wire:
        """Return ``-a``."""
        return self.add(self.const(0), a, sub=True)

    def mul(self, a: Wire, b: Wire) -> Wire:
        """Return the product of two variables."""
        return self._put(Mul(a, b))

    def max(self, a: Wire, b: Wire, least: bool = False) -> Wire:
        """Return the larger (or, with *least*, the smaller) of two wires."""
        for high, low in ((a, b), (b, a)):
            if self._above(high, low):
                return low if least else high
        a, b = sorted((a, b))
        return self._put(Max(a, b, least))

    def _above(self, high: Wire, low: Wire) -> bool:
        """Tell whether one wire is never below another, as a sum is of what grows it."""
        if high == low or self.lo[high] >= self.hi[low]:
            return True
        grown, fallen = self.nodes[high], self.nodes[low]
        return (
            isinstance(grown, Add)
            and any(self.lo[w] >= 0 if up else self.hi[w] <= 0 for w, up in _rest(grown, low))
        ) or (
            isinstance(fallen, Add)
            and any(self.hi[w] <= 0 if up else self.lo[w] >= 0 for w, up in _rest(fallen, high))
        )

    def requant(self, a: Wire, shift: int, lo: int, hi: int, half: bool = False) -> Wire:
        """Return ``clip(round_half_even(a / 2**shift), lo, hi)``; a negative *shift* multiplies.

        With *half*, of ``a - 2**(shift - 1)``; *shift* is positive then.
        """
        assert shift > 0 or not half
        if shift < 0:
            return self.requant(self.shl(a, -shift), 0, lo, hi)
        if shift == 0 and lo <= self.lo[a] and self.hi[a] <= hi:
            return a
        low, high = map(Requant(a, shift, lo, hi, half).apply, self.range(a))
        # The bounds are stored as they bind, so that equal functions are equal nodes.
        return self._put(Requant(a, shift, low, high, half))

    def select(self, a: Wire, on_neg: Wire, on_pos: Wire) -> Wire:
        """Return *on_neg* where ``a < 0``, else *on_pos*."""
        if self.lo[a] >= 0 or on_neg == on_pos:
            return on_pos
        if self.hi[a] < 0:
            return on_neg
        return self._put(Select(a, on_neg, on_pos))

    def thresh(self, a: Wire, thresholds: Sequence[int], values: Sequence[int]) -> Wire:
        """Return ``values[n]``, n = number of *thresholds* ``<= a``; unreachable ones go."""
        lo, hi = self.range(a)
        assert len(values) == len(thresholds) + 1
        below = sum(t <= lo for t in thresholds)
        inside = sum(t <= hi for t in thresholds)
        kept, outs = list(thresholds[below:inside]), list(values[below : inside + 1])
        merged_t, merged_v = list[int](), [outs[0]]
        for i, threshold in enumerate(kept):
            if merged_t and merged_t[-1] == threshold:
                merged_v[-1] = outs[i + 1]
            elif outs[i + 1] != merged_v[-1]:
                merged_t.append(threshold)
                merged_v.append(outs[i + 1])
        if merged_t and a in self.compared:
            made = self.compared[a](self, merged_t, merged_v)
            if made is not None:
                return made
        return self._put(Thresh(a, tuple(merged_t), tuple(merged_v)))

    def table(self, node: Table) -> Wire:
        """Return the output of a table."""
        return self._put(node)

    def chain(self, node: Chain) -> Wire:
        """Return the word of a carry chain over single bits."""
        return self._put(node)

    def gather(self, node: Gather, lo: int, hi: int) -> Wire:
        """Return a word of single bits, whose values are known to lie in *lo* to *hi*.

        It is an operand itself where it has all of its bits in order.
        """
        (first, *rest) = node.ins or (-1,)
        same = node.picks == tuple((0, bit) for bit in range(len(node.picks)))
        if same and not rest and first >= 0 and self.range(first) == (lo, hi):
            return first
        return self._put(node, lo, hi)

    def _is_zero(self, wire: Wire) -> bool:
        return self.lo[wire] == 0 == self.hi[wire]

    def width(self, wire: Wire) -> int:
        """Return the bits of a wire: unsigned when its interval has no negative value."""
        return bits_for(self.lo[wire], self.hi[wire])


@dataclass(frozen=True)
class Logic:
    """A finished logic graph.

    Attributes:
        nodes, lo, hi, layers: as in `Builder`.
        outputs: port name to wires of its elements, row-major.
        labels: as in `Builder`; none at all where nobody will read them.
    """

    nodes: tuple[Node, ...]
    lo: tuple[int, ...]
    hi: tuple[int, ...]
    layers: tuple[str, ...]
    outputs: tuple[tuple[str, tuple[Wire, ...]], ...]
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, b: Builder, outputs: Sequence[tuple[str, Sequence[Any]]]) -> Logic:
        """Freeze a builder, keeping only what the outputs need, renumbered in order."""
        wanted = {int(w) for _, wires in outputs for w in wires}
        for wire in range(len(b.nodes) - 1, -1, -1):
            if wire in wanted:
                wanted.update(b.nodes[wire].operands)
        order = sorted(wanted)
        new = {old: i for i, old in enumerate(order)}
        return cls(
            tuple(b.nodes[w].moved(new) for w in order),
            tuple(b.lo[w] for w in order),
            tuple(b.hi[w] for w in order),
            tuple(b.layers[w] for w in order),
            tuple((name, tuple(new[int(w)] for w in wires)) for name, wires in outputs),
            tuple(b.labels[w] for w in order),
        )

    def label(self, wire: Wire) -> str:
        """Return the label of a wire, or ``n`` and its number where it is no layer's output."""
        return (self.labels and self.labels[wire]) or f"n{wire}"

    def width(self, wire: Wire) -> int:
        """Return the bits of a wire."""
        return bits_for(self.lo[wire], self.hi[wire])

    def signed(self, wire: Wire) -> bool:
        """Tell whether a wire is two's complement."""
        return self.lo[wire] < 0


def _rest(node: Add, wire: Wire) -> Iterator[tuple[Wire, bool]]:
    """Yield what a sum has beside a wire, and whether it is added; nothing where it has no such."""
    if node.a == wire and not node.shift_a:
        yield node.b, not node.sub
    if node.b == wire and not node.shift_b and not node.sub:
        yield node.a, True
