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
from hwgen.logic.serial.free_sums import Option, choose, reachable
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


def absorb(graph: SerialGraph, fills: bool = True) -> SerialGraph:
    """Return a graph of the same values with fewer adders.

    Args:
        graph: with the width of its digits.
        fills: also use what shifts bring in; on parts with small tables that may take more of them.
    """
    return _Absorber(graph, fills).graph()


@dataclass(frozen=True, slots=True)
class _Neuron:
    """Neuron that has a constant of its own.

    Attributes:
        root: its sum.
        raised: half a step of its rounding, if that shall be a part of the sum.
        keep: the constant's term: the adder, and the place among its terms.
        weight: of the constant in the sum.
        values: that the constant can have.
    """

    root: Wire
    raised: int
    keep: tuple[Wire, int]
    weight: int
    values: frozenset[int]


class _Absorber:
    def __init__(self, graph: SerialGraph, fills: bool) -> None:
        self.old, self.fills = graph, fills
        self.nodes: list[SerialNode] = list(graph.nodes)
        self.moved = [0] * len(self.nodes)  # how much higher a value is now
        self.fresh: dict[tuple[str, int], Wire] = {}  # constants that were not there: their wires
        self.readers = Counter(wire for node in graph.nodes for wire in node.operands)
        self.readers.update(r.wire for _, results in graph.outputs for r in results if r.wire >= 0)
        self.reader: dict[Wire, Wire] = {
            wire: at for at, node in enumerate(graph.nodes) for wire in node.operands
        }

    def graph(self) -> SerialGraph:
        left: dict[str, list[_Neuron]] = {}
        for wire, node in enumerate(self.old.nodes):
            if not isinstance(node, Sum) or self._inside(wire):
                continue
            half = self._half_step(wire)
            if half and self._place(wire, half):
                self._round_half(wire)
            elif not self._place(wire, 0):
                found = self._neuron(wire, half) or self._neuron(wire, 0)
                if found is not None:
                    left.setdefault(self.old.layers[found.keep[0]], []).append(found)
        for layer, neurons in left.items():
            self._share(layer, neurons)
        return self._without_idle()

    def _round_half(self, root: Wire) -> None:
        reader = self.nodes[self.reader[root]]
        assert isinstance(reader, Round)
        self.nodes[self.reader[root]] = replace(reader, half=True)

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
        before = {wire: self.nodes[wire] for wire in cone}
        total = raised + self._strip(cone)
        chosen = choose(total, self._options(cone))
        if chosen is None:
            self._restore(before)
            return False
        self._take(cone, chosen)
        return True

    def _take(self, cone: Mapping[Wire, int], chosen: Sequence[Option]) -> None:
        for option in chosen:
            self._set(option)
        self._lift(cone)

    def _restore(self, before: Mapping[Wire, SerialNode]) -> None:
        for wire, node in before.items():
            self.nodes[wire] = node

    def _strip(self, cone: Mapping[Wire, int], keep: tuple[Wire, int] = (-1, -1)) -> int:
        """Take the constants out of a neuron, and return what they add up to.

        The constant term *keep*, a wire and a place among its terms, stays, but does not count.
        """
        total = 0
        for wire, factor in cone.items():
            node = self.nodes[wire]
            assert isinstance(node, Sum)
            total += factor * self._constant(node)
            kept = keep[1] if wire == keep[0] else -1
            less = replace(
                node,
                terms=tuple(
                    term
                    for place, term in enumerate(node.terms)
                    if place == kept or not isinstance(self.nodes[term.wire], Fixed)
                ),
            )
            excess = max(less.carry - (less.ways - 1), 0)  # more ones than the carry holds
            self.nodes[wire] = replace(less, start=less.start - excess)
            total += factor * excess
        return total

    def _neuron(self, root: Wire, raised: int) -> _Neuron | None:
        """Return what values the constant of a neuron can have; free ones make up the rest."""
        cone = self._cone(root)
        terms = [
            (abs(weight), (wire, place), weight)
            for wire, factor in cone.items()
            for place, term in enumerate(self._sum(wire).terms)
            if isinstance(self.nodes[term.wire], Fixed)
            for weight in [(-factor if term.sub else factor) << term.shift]
        ]
        if not terms:
            return None
        _, keep, weight = min(terms)
        before = {wire: self.nodes[wire] for wire in cone}
        total = raised + self._strip(cone, keep)
        options = self._options(cone)
        self._restore(before)
        values = {
            (total - rest) // weight
            for rest in reachable(options)
            if (total - rest) % weight == 0 and total != rest
        }
        return _Neuron(root, raised, keep, weight, frozenset(values)) if values else None

    def _sum(self, wire: Wire) -> Sum:
        node = self.nodes[wire]
        assert isinstance(node, Sum)
        return node

    def _share(self, layer: str, neurons: Sequence[_Neuron]) -> None:
        """Give the neurons of a layer few different constants: the most wanted one first."""
        left = list(neurons)
        while left:
            wanted = Counter(value for neuron in left for value in neuron.values)
            best = max(wanted, key=lambda v: (wanted[v], -abs(v), v))
            for neuron in left:
                if best in neuron.values:
                    self._settle(layer, neuron, best)
            left = [neuron for neuron in left if best not in neuron.values]

    def _settle(self, layer: str, neuron: _Neuron, value: int) -> None:
        """Make the constant of a neuron a value; free ones make up the rest."""
        cone = self._cone(neuron.root)
        total = neuron.raised + self._strip(cone, neuron.keep)
        wire, _ = neuron.keep
        node = self._sum(wire)
        key = layer, value
        if key not in self.fresh:
            self.fresh[key] = len(self.nodes)
            self.nodes.append(Fixed(value))
        terms = tuple(
            replace(term, wire=self.fresh[key])
            if isinstance(self.nodes[term.wire], Fixed)
            else term
            for term in node.terms
        )
        self.nodes[wire] = replace(node, terms=terms)
        chosen = choose(total - neuron.weight * value, self._options(cone))
        assert chosen is not None
        self._take(cone, chosen)
        if neuron.raised:
            self._round_half(neuron.root)

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

    def _options(self, cone: Mapping[Wire, int]) -> list[Option]:
        """Return the constants that cost nothing; fills come late.

        Those of a sum that has one plain term left come last: without them it is a wire.
        """
        starts: list[Option] = []
        fills: list[Option] = []
        idle: list[Option] = []
        for wire, factor in list(cone.items())[:_MOST]:
            node = self.nodes[wire]
            assert isinstance(node, Sum)
            subs = sum(term.sub for term in node.terms)
            into = idle if _is_wire(node) else starts
            into += [Option(factor, wire, -1, 1)] * max(node.ways - 1 - node.carry, 0)
            into += [Option(-factor, wire, -1, -1)] * (subs + node.start)
            if not self.fills:
                continue
            for place, term in enumerate(node.terms):
                sign = -factor if term.sub else factor
                runs = _runs(term, self.old.digit_bits)
                fills += [Option(sign * run, wire, place, run) for run in runs]
        return [*starts, *fills, *idle]

    def _set(self, option: Option) -> None:
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
            for term in self._variables(node):
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
        # Constants of the same layer and value are one, whether they were there or not.
        same = {
            (old.layers[wire], node.value): wire
            for wire, node in enumerate(old.nodes)
            if isinstance(node, Fixed)
        }
        doubles = {wire: same.get(key, wire) for key, wire in self.fresh.items()}
        used |= {doubles[wire] for wire in used if wire in doubles}
        born = {wire: layer for (layer, _), wire in self.fresh.items()}
        order: dict[Wire, None] = {}
        for wire, node in enumerate(self.nodes[: len(old.nodes)]):
            for source in node.operands:
                target = doubles.get(source, source)
                if isinstance(self.nodes[target], Fixed):
                    order.setdefault(target)
            order.setdefault(wire)
        for wire in order:
            node = self.nodes[wire]
            if isinstance(node, Sum) and _is_wire(node):
                target = node.terms[0].wire
                alias[wire] = alias.get(target, target)
                new[wire] = new[target]
                continue
            if isinstance(node, Fixed) and wire not in used:
                continue
            new[wire] = len(kept)
            kept.append(wire)
            new.update({w: new[t] for w, t in doubles.items() if t == wire})
        labels = ["" if w in born else old.labels[w] for w in kept]
        layers = [born.get(w) or old.layers[w] for w in kept]
        ends = [self._ends(w) for w in kept]
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
            tuple(lo for lo, _ in ends),
            tuple(hi for _, hi in ends),
            tuple(layers),
            tuple(labels),
            outputs,
        )

    def _ends(self, wire: Wire) -> tuple[int, int]:
        """Return the interval of a value as it is now."""
        node = self.nodes[wire]
        if isinstance(node, Fixed):
            return node.value, node.value
        rise = self.moved[wire]
        return self.old.lo[wire] + rise, self.old.hi[wire] + rise


def _is_wire(node: Sum) -> bool:
    """Tell whether a sum adds nothing to its only term."""
    return node == Sum((Term(node.terms[0].wire),))


def _runs(term: Term, digit_bits: int) -> list[int]:
    """Return the constants of single lanes in what a shift brings in."""
    lanes = range(min(digit_bits, term.shift))
    return [sum(1 << p for p in range(b, term.shift, digit_bits)) for b in lanes]
