# SPDX-License-Identifier: Apache-2.0
"""From logic on whole words to a serial graph: shifts become part of what reads them."""

from __future__ import annotations

from hwgen.logic.builder import Logic
from hwgen.logic.nodes import Add, Add3, Const, In, Requant, Shl, Wire
from hwgen.logic.serial.graph import (
    Fixed,
    Result,
    Round,
    SerialGraph,
    SerialNode,
    Sum,
    Term,
    Word,
)

# What a serial graph can be made of.
KINDS = (In, Const, Shl, Add, Add3, Requant)


def serial_graph(logic: Logic) -> SerialGraph:
    """Return the serial graph of a logic of inputs, sums, shifts and requantizers.

    Digits have no width yet: see `SerialGraph.with_digit`.
    """
    return _Converter(logic).graph()


class _Converter:
    """State of a conversion.

    Attributes:
        at: of every wire of the logic that is no constant: its wire here, and the shift behind it.
    """

    def __init__(self, logic: Logic) -> None:
        self.logic = logic
        self.nodes: list[SerialNode] = []
        self.lo: list[int] = []
        self.hi: list[int] = []
        self.layers: list[str] = []
        self.labels: list[str] = []
        self.at: dict[Wire, tuple[Wire, int]] = {}
        self.fixed: dict[tuple[str, int], Wire] = {}

    def graph(self) -> SerialGraph:
        logic = self.logic
        for wire, node in enumerate(logic.nodes):
            match node:
                case Const():
                    continue
                case Shl(a, shift):
                    base, before = self.at[a]
                    self.at[wire] = base, before + shift
                    self._named(base, wire)
                case In(port, index):
                    self._enter(wire, Word(port, index))
                case Add() | Add3():
                    self._enter(wire, self._sum(node, logic.layers[wire]))
                case Requant():
                    self._requant(wire, node)
                case _:
                    raise AssertionError(f"{node} has no serial form")
        outputs = tuple(
            (name, tuple(self._result(w) for w in wires)) for name, wires in logic.outputs
        )
        return SerialGraph(
            0,
            0,
            tuple(self.nodes),
            tuple(self.lo),
            tuple(self.hi),
            tuple(self.layers),
            tuple(self.labels),
            outputs,
        )

    def _named(self, base: Wire, wire: Wire) -> None:
        label = self.logic.labels[wire] if self.logic.labels else ""
        if label and not self.labels[base] and not isinstance(self.nodes[base], Word):
            self.labels[base] = label

    def _put(self, node: SerialNode, lo: int, hi: int, layer: str) -> Wire:
        self.nodes.append(node)
        self.lo.append(lo)
        self.hi.append(hi)
        self.layers.append(layer)
        self.labels.append("")
        return len(self.nodes) - 1

    def _enter(self, wire: Wire, node: SerialNode) -> None:
        logic = self.logic
        layer = "" if isinstance(node, Word) else logic.layers[wire]
        made = self._put(node, logic.lo[wire], logic.hi[wire], layer)
        self.at[wire] = made, 0
        self._named(made, wire)

    def _sum(self, node: Add | Add3, layer: str) -> Sum:
        terms, constant = [], 0
        for source, shift, sub in node.terms:
            known = self.logic.nodes[source]
            if isinstance(known, Const):
                value = known.value << shift
                constant += -value if sub else value
            else:
                base, before = self.at[source]
                terms.append(Term(base, before + shift, sub))
        if constant:
            key = layer, constant
            if key not in self.fixed:
                self.fixed[key] = self._put(Fixed(constant), constant, constant, layer)
            terms.append(Term(self.fixed[key]))
        return Sum(tuple(terms))

    def _requant(self, wire: Wire, node: Requant) -> None:
        base, before = self.at[node.a]
        shift = node.shift - before
        if shift < 0 or (node.half and shift == 0):
            # Zeros below the number: they are shifted in by an adder with nothing to add.
            lo, hi = self.lo[base] << before, self.hi[base] << before
            base = self._put(Sum((Term(base, before),)), lo, hi, self.logic.layers[wire])
            shift = node.shift
        self._enter(wire, Round(base, shift, node.lo, node.hi, node.half))

    def _result(self, wire: Wire) -> Result:
        node = self.logic.nodes[wire]
        if isinstance(node, Const):
            return Result(-1, node.value)
        return Result(*self.at[wire])
