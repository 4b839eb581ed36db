# SPDX-License-Identifier: Apache-2.0
"""Biases without adders: constants in the starts of carries and in what shifts bring in.

An adder's carry can start with a one more, which adds one at the weight of the adder; and the bits
that a shift brings in, which are zeroed anyway, can be ones. Neither takes anything. So a bias is
taken apart into such constants of the adders that its neuron alone uses: a choice among powers of
two and runs of ones whose sum is the bias, found exactly where there is one. The half step of a
rounding is put into the sum in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import (
    Fixed,
    Result,
    Round,
    SerialGraph,
    SerialNode,
    Sum,
    Term,
    renumbered,
)

_MOST = 32  # adders of a neuron whose constants are tried
_WIDEST = 1 << 20  # sums of constants that are tried


@dataclass(frozen=True, slots=True)
class _Option:
    """A constant that costs nothing.

    Attributes:
        value: what it adds to the neuron's sum.
        wire: the adder.
        term: place of the term whose fill it is; -1 for the carry's start.
        local: what it adds to the fill or the start.
    """

    value: int
    wire: Wire
    term: int
    local: int


def absorb(graph: SerialGraph, fills: bool = True) -> SerialGraph:
    """Return a graph of the same values with fewer adders.

    Args:
        graph: with the width of its digits.
        fills: also use what shifts bring in; on parts with small tables that may take more of them.
    """
    return _Absorber(graph, fills).graph()


class _Absorber:
    def __init__(self, graph: SerialGraph, fills: bool) -> None:
        self.old, self.fills = graph, fills
        self.nodes: list[SerialNode] = list(graph.nodes)
        self.moved = [0] * len(self.nodes)  # how much higher a value is now
        self.readers = Counter(wire for node in graph.nodes for wire in node.operands)
        self.readers.update(r.wire for _, results in graph.outputs for r in results if r.wire >= 0)
        self.reader: dict[Wire, Wire] = {
            wire: at for at, node in enumerate(graph.nodes) for wire in node.operands
        }

    def graph(self) -> SerialGraph:
        for wire, node in enumerate(self.old.nodes):
            if isinstance(node, Sum) and not self._inside(wire):
                half = self._half_step(wire)
                if half and self._place(wire, half):
                    reader = self.nodes[self.reader[wire]]
                    assert isinstance(reader, Round)
                    self.nodes[self.reader[wire]] = replace(reader, half=True)
                else:
                    self._place(wire, 0)
        return self._without_idle()

    def _inside(self, wire: Wire) -> bool:
        """Tell whether one other sum is all that reads a sum."""
        alone = self.readers[wire] == 1 and wire in self.reader
        return alone and isinstance(self.nodes[self.reader[wire]], Sum)

    def _half_step(self, wire: Wire) -> int:
        """Return half a step of the rounding that alone reads a sum, where it is not in it yet."""
        if self.readers[wire] != 1 or wire not in self.reader:
            return 0
        node = self.nodes[self.reader[wire]]
        plain = isinstance(node, Round) and not node.half and node.shift > 0
        return 1 << (node.shift - 1) if plain and isinstance(node, Round) else 0

    def _place(self, root: Wire, raised: int) -> bool:
        """Put all constants of a neuron, and *raised* more, where they cost nothing.

        Args:
            root: the neuron's sum.
            raised: what its value shall be higher by.

        Returns:
            whether that can be; if not, nothing has changed.
        """
        cone = self._cone(root)
        total = raised
        for wire, factor in cone.items():
            node = self.nodes[wire]
            assert isinstance(node, Sum)
            total += factor * self._constant(node)
        bare = {wire: self.nodes[wire] for wire in cone}
        for wire, node in bare.items():
            assert isinstance(node, Sum)
            less = replace(node, terms=self._variables(node))
            excess = max(less.carry - (less.ways - 1), 0)  # more ones than the carry holds
            self.nodes[wire] = replace(less, start=less.start - excess)
            total += cone[wire] * excess
        chosen = _choose(total, self._options(cone))
        if chosen is None:
            for wire, node in bare.items():
                self.nodes[wire] = node
            return False
        for option in chosen:
            self._set(option)
        self._lift(cone)
        return True

    def _constant(self, node: Sum) -> int:
        """Return what the constants among the terms of a sum add up to."""
        total = 0
        for term in node.terms:
            known = self.nodes[term.wire]
            if isinstance(known, Fixed):
                value = known.value << term.shift
                total += -value if term.sub else value
        return total

    def _variables(self, node: Sum) -> tuple[Term, ...]:
        return tuple(t for t in node.terms if not isinstance(self.nodes[t.wire], Fixed))

    def _cone(self, root: Wire) -> dict[Wire, int]:
        """Return the sums that nothing but *root* uses, itself first, with their factors in it."""
        cone = {root: 1}
        for wire, factor in (queue := [(root, 1)]):
            node = self.nodes[wire]
            assert isinstance(node, Sum)
            for term in node.terms:
                if self.readers[term.wire] == 1 and isinstance(self.nodes[term.wire], Sum):
                    own = (-factor if term.sub else factor) << term.shift
                    cone[term.wire] = own
                    queue.append((term.wire, own))
        return cone

    def _options(self, cone: Mapping[Wire, int]) -> list[_Option]:
        """Return the constants that cost nothing; fills come late.

        Those of a sum that has one plain term left come last: without them it is a wire.
        """
        starts: list[_Option] = []
        fills: list[_Option] = []
        idle: list[_Option] = []
        for wire, factor in list(cone.items())[:_MOST]:
            node = self.nodes[wire]
            assert isinstance(node, Sum)
            subs = sum(term.sub for term in node.terms)
            into = idle if _is_wire(node) else starts
            into += [_Option(factor, wire, -1, 1)] * max(node.ways - 1 - node.carry, 0)
            into += [_Option(-factor, wire, -1, -1)] * (subs + node.start)
            if not self.fills:
                continue
            for place, term in enumerate(node.terms):
                sign = -factor if term.sub else factor
                runs = _runs(term, self.old.digit_bits)
                fills += [_Option(sign * run, wire, place, run) for run in runs]
        return [*starts, *fills, *idle]

    def _set(self, option: _Option) -> None:
        node = self.nodes[option.wire]
        assert isinstance(node, Sum)
        if option.term < 0:
            self.nodes[option.wire] = replace(node, start=node.start + option.local)
            return
        terms = list(node.terms)
        term = terms[option.term]
        terms[option.term] = replace(term, fill=term.fill + option.local)
        self.nodes[option.wire] = replace(node, terms=tuple(terms))

    def _lift(self, cone: Mapping[Wire, int]) -> None:
        """Note by how much the values of a neuron are higher now."""
        for wire in sorted(cone):  # operands before readers
            node, old = self.nodes[wire], self.old.nodes[wire]
            assert isinstance(node, Sum)
            assert isinstance(old, Sum)
            rise = node.extra - old.extra + self._constant(node) - self._constant(old)
            for term in node.terms:
                up = self.moved[term.wire] << term.shift
                rise += -up if term.sub else up
            self.moved[wire] = rise

    def _without_idle(self) -> SerialGraph:
        """Return the graph without sums that have become a wire."""
        old = self.old
        new: dict[Wire, Wire] = {}
        kept: list[Wire] = []
        alias: dict[Wire, Wire] = {}
        used = {wire for node in self.nodes for wire in node.operands}
        for wire, node in enumerate(self.nodes):
            if isinstance(node, Sum) and _is_wire(node):
                target = node.terms[0].wire
                alias[wire] = alias.get(target, target)
                new[wire] = new[target]
                continue
            if isinstance(node, Fixed) and wire not in used:
                continue
            new[wire] = len(kept)
            kept.append(wire)
        labels = [old.labels[w] for w in kept]
        layers = [old.layers[w] for w in kept]
        for wire, target in alias.items():
            if old.labels[wire] and not labels[new[target]] and layers[new[target]]:
                labels[new[target]] = old.labels[wire]
        outputs = tuple(
            (link, tuple(r if r.wire < 0 else Result(new[r.wire], r.value) for r in results))
            for link, results in old.outputs
        )
        return SerialGraph(
            old.digit_bits,
            old.digits,
            tuple(renumbered(self.nodes[w], new) for w in kept),
            tuple(old.lo[w] + self.moved[w] for w in kept),
            tuple(old.hi[w] + self.moved[w] for w in kept),
            tuple(layers),
            tuple(labels),
            outputs,
        )


def _is_wire(node: Sum) -> bool:
    """Tell whether a sum adds nothing to its only term."""
    return node == Sum((Term(node.terms[0].wire),))


def _runs(term: Term, digit_bits: int) -> list[int]:
    """Return the constants of single lanes in what a shift brings in."""
    lanes = range(min(digit_bits, term.shift))
    return [sum(1 << p for p in range(b, term.shift, digit_bits)) for b in lanes]


def _choose(value: int, options: Sequence[_Option]) -> list[_Option] | None:
    """Return options whose values sum up to *value*, the earliest ones that can; None if none do.

    Reachable sums are the bits of an integer: an option shifts them.
    """
    low = sum(min(option.value, 0) for option in options)
    high = sum(max(option.value, 0) for option in options)
    if not low <= value <= high or high - low > _WIDEST:
        return [] if value == 0 else None
    reached = [1 << -low]  # bit i: the sum i + low
    for option in options:
        sums = reached[-1]
        step = option.value
        reached.append(sums | (sums << step if step > 0 else sums >> -step))
    at = value - low
    if not reached[-1] >> at & 1:
        return None
    chosen = []
    for before, option in zip(reached[-2::-1], reversed(options), strict=True):
        if not before >> at & 1:
            chosen.append(option)
            at -= option.value
    return chosen
