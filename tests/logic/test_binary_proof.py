# SPDX-License-Identifier: Apache-2.0
"""A binary neuron is proven equal to its threshold, at all of its inputs, by its structure.

The proof reads the logic alone. It keeps a set of bits with weights and a threshold, and from node
to node shows that the comparison stays the same: of a chain, that what goes in is worth what comes
out; of a table, entry by entry, that it is what the lowest column carries; and at the end, entry by
entry, that the last table compares what is left. No two steps depend on the inputs' number, so that
64 inputs are as easy as 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from hwgen.logic.builder import Builder, Logic
from hwgen.logic.heap.compare import NARROW, WIDE, Fabric, reached
from hwgen.logic.heap.sums import Signal, Term
from hwgen.logic.nodes import Chain, In, PlacedTable, Table
from hwgen.logic.nodes.heap import ABSENT, INVERTED, NOTHING, PLAIN

Literal = tuple[Signal, ...]  # a bit and whether it is inverted, or two of them and a truth
Rng = np.random.Generator


class Unproven(Exception):
    """A step does not keep the comparison."""


def need(ok: bool, what: str) -> None:
    if not ok:
        raise Unproven(what)


class Proof:
    """Comparison that a logic is to compute: the sum of literals, each times a power of two."""

    def __init__(self, logic: Logic, signs: Sequence[int], threshold: int) -> None:
        self.logic = logic
        self.left: dict[object, int] = {}
        self.values = (0, 1)
        self.threshold = threshold + sum(sign < 0 for sign in signs)
        ports = {node.index: w for w, node in enumerate(logic.nodes) if isinstance(node, In)}
        for i, sign in enumerate(signs):
            self.left[(ports[i], 0), sign < 0] = 0

    def turned(self) -> None:
        """State the same of the complements: sum x >= T is not (sum 1 - x >= n - T + 1)."""
        total = sum(1 << column for column in self.left.values())
        self.left = {(bit, not flip): c for (bit, flip), c in self.left.items()}
        self.threshold, self.values = total - self.threshold + 1, self.values[::-1]

    def take(self, literal: object) -> int:
        """Take a literal away and return its column."""
        need(literal in self.left, f"{literal} is not there, or was counted already")
        return self.left.pop(literal)

    def settle(self) -> None:
        """Let lone bits at the bottom go, or up: with an even threshold they decide nothing."""
        while self.left and len(self.lowest()) == 1:
            (literal,), odd = self.lowest(), self.threshold >> self.bottom() & 1
            column = self.left[literal]
            del self.left[literal]
            if odd:
                self.left[literal] = column + 1
                self.threshold += 1 << column
            self.threshold = self.threshold >> (column + 1) << (column + 1)

    def bottom(self) -> int:
        return min(self.left.values())

    def lowest(self) -> list[object]:
        return self.left_at(self.bottom())

    def carried(self, reads: Sequence[object], values: Sequence[int]) -> int:
        """Check that a table is what the lowest column carries, and return the column above.

        Two bits at the bottom may be in it, of which an AND or an OR stands one column above.
        """
        column, odd = self.bottom(), self.threshold >> self.bottom() & 1
        pair = self.lowest() if len(self.lowest()) == 2 < len(reads) else []
        if pair:
            for literal in pair:
                self.take(literal)
            self.threshold, below, column = self.threshold + (odd << column), odd, column + 1
            odd = self.threshold >> column & 1
        need(set(reads) == {*pair, *self.left_at(column)}, "a table reads another column")
        for at, value in enumerate(values):
            bits = {literal: at >> k & 1 for k, literal in enumerate(reads)}
            joined = (sum(bits.pop(literal) for literal in pair) + below) >> 1 if pair else 0
            need(
                value == (sum(bits.values()) + joined + odd) >> 1, "a table is not what is carried"
            )
        for literal in self.left_at(column):
            self.take(literal)
        self.threshold = (self.threshold + (odd << column)) >> (column + 1) << (column + 1)
        return column + 1

    def left_at(self, column: int) -> list[object]:
        """Return the literals of a column."""
        return [literal for literal, own in self.left.items() if own == column]

    def term(self, pick: Signal, truth: int, gate: Signal, column: int | None) -> int:
        """Take a term of a chain and return its column."""
        if truth in (PLAIN, INVERTED):
            return self.take((pick, truth == INVERTED))
        self.settle()
        pair = self.lowest()
        need(len(pair) == 2, "a gated term stands for another number of bits than two")
        flips = {bit: flip for bit, flip in pair}  # type: ignore[misc]
        need(set(flips) == {pick, gate}, "a gated term is not of the lowest column")
        order = [(pick, flips[pick]), (gate, flips[gate])]
        values = [
            truth >> ((at & 1) ^ flips[pick] | ((at >> 1) ^ flips[gate]) << 1) & 1
            for at in range(4)
        ]
        return self.carried(order, values)

    def chain(self, wire: int, node: Chain) -> None:
        start: int | None = None
        for i in range(node.positions):
            *own, gate = node.picks[4 * i : 4 * i + 4]
            gated = (node.ins[gate[0]], gate[1]) if gate[0] >= 0 else (-1, 0)
            for pick, truth in zip(own, node.terms(i), strict=True):
                if truth != ABSENT:
                    bit = node.ins[pick[0]], pick[1]
                    column = self.term(bit, truth, gated, start)
                    start = column - i if start is None else start
                    need(column == start + i, "a chain adds bits of different columns")
        for pick in node.enter:
            if pick != NOTHING:
                column = self.take(((node.ins[pick[0]], pick[1]), False))
                need(column == start, "a bit enters a chain at another column")
        assert start is not None
        for k in range(node.width):
            self.left[(wire, k), False] = start + min(k, node.positions)

    def table(self, wire: int, node: Table) -> None:
        reads: list[object] = []
        flips = 0
        for k, (place, bit) in enumerate(node.picks):
            signal = node.ins[place], bit
            flip = (signal, True) in self.left
            reads.append((signal, flip))
            flips |= flip << k
        values = [node.values[at ^ flips] for at in range(len(node.values))]
        self.settle()
        if isinstance(node, PlacedTable) and self.added(wire, reads, values):
            return
        if isinstance(node, PlacedTable):
            above = self.carried(reads, values)
            for k in range(max(node.values).bit_length()):
                self.left[(wire, k), False] = above + k
            return
        need(set(reads) == set(self.left), "the last table does not read what is left")
        for at, value in enumerate(values):
            total = sum(1 << self.left[r] for k, r in enumerate(reads) if at >> k & 1)
            need(value == self.values[total >= self.threshold], "the last table is wrong")
        self.left.clear()

    def added(self, wire: int, reads: Sequence[object], values: Sequence[int]) -> bool:
        """Check that a table adds some bits of the lowest column; False of another table."""
        column = self.bottom()
        own = self.left_at(column)
        if len(reads) >= len(own) or not set(reads) <= set(own):
            return False
        for at, value in enumerate(values):
            need(value == at.bit_count(), "a table does not add its bits")
        for literal in reads:
            self.take(literal)
        for k in range(len(reads).bit_length()):
            self.left[(wire, k), False] = column + k
        return True

    def run(self) -> None:
        """Go through the logic.

        Raises:
            Unproven: a step does not keep the comparison.
        """
        nodes = list(enumerate(self.logic.nodes))
        first = next((node for _, node in nodes if isinstance(node, Chain)), None)
        if first is None:  # tables alone take bits and their complements alike
            flips = [flip for _, flip in self.left]  # type: ignore[misc]
            turn = sum(flips) > len(flips) // 2
        else:
            bit, truth = (first.ins[first.picks[0][0]], first.picks[0][1]), first.truths[0]
            turn = (bit, truth == INVERTED) not in self.left
        if turn:
            self.turned()
        for wire, node in nodes:
            if isinstance(node, Chain):
                self.chain(wire, node)
            elif isinstance(node, Table):
                self.table(wire, node)
        need(not self.left, "bits are left that nothing has counted")


def neuron(signs: Sequence[int], threshold: int, fabric: Fabric = WIDE) -> Logic:
    b = Builder(3 if fabric.chains else 2)
    ins = [b.input("x", i, 0, 1) for i in range(len(signs))]
    pairs = zip(ins, signs, strict=True)
    terms = [Term(0, (wire, 0), PLAIN if sign > 0 else INVERTED) for wire, sign in pairs]
    low = threshold + sum(sign < 0 for sign in signs)
    return Logic.of(b, [("y", [reached(b, terms, low, (0, 1), fabric=fabric)])])


def drawn(rng: Rng, size: int) -> tuple[list[int], int]:
    signs = rng.choice([-1, 1], size).tolist()
    return signs, int(rng.integers(-size // 3, size // 3)) + (sum(signs) // 2)


@pytest.mark.parametrize("fabric", [WIDE, NARROW])
@pytest.mark.parametrize("size", [8, 16, 37, 64, 200])
def test_a_neuron_is_its_threshold(rng: Rng, size: int, fabric: Fabric) -> None:
    for _ in range(12):
        signs, threshold = drawn(rng, size)
        Proof(neuron(signs, threshold, fabric), signs, threshold).run()


def faults(logic: Logic, rng: Rng, count: int) -> Iterator[Logic]:
    """Yield a logic with one fault each: a term, a bit that enters, an entry of a table."""
    places = [w for w, node in enumerate(logic.nodes) if isinstance(node, Chain | Table)]
    for _ in range(count):
        wire = int(rng.choice(places))
        node = logic.nodes[wire]
        if isinstance(node, Chain):
            at = int(rng.integers(len(node.truths)))
            truths, picks, enter = list(node.truths), list(node.picks), node.enter
            match int(rng.integers(4)):
                case 0:
                    truths[at] ^= 0b1111
                case 1:
                    own = 4 * (at // 3)
                    picks[own] = picks[own + 1]  # counted twice, another one never
                case 2:
                    enter = enter[0], enter[0]
                case _:
                    truths[at] = ABSENT
            changed = replace(node, truths=tuple(truths), picks=tuple(picks), enter=enter)
        else:
            values = list(node.values)
            values[int(rng.integers(len(values)))] ^= 1
            changed = replace(node, values=tuple(values))
        nodes = list(logic.nodes)
        nodes[wire] = changed
        yield replace(logic, nodes=tuple(nodes))


@pytest.mark.parametrize("fabric", [WIDE, NARROW])
def test_every_seeded_fault_is_found(rng: Rng, fabric: Fabric) -> None:
    signs, threshold = drawn(rng, 64)
    logic, missed = neuron(signs, threshold, fabric), 0
    for wrong in faults(logic, rng, 300):
        try:
            Proof(wrong, signs, threshold).run()
        except Unproven:
            continue
        missed += 1
    assert missed == 0


def test_another_threshold_or_sign_is_found(rng: Rng) -> None:
    signs, threshold = drawn(rng, 64)
    logic = neuron(signs, threshold)
    for at in (threshold - 1, threshold + 1):
        with pytest.raises(Unproven):
            Proof(logic, signs, at).run()
    with pytest.raises(Unproven):
        Proof(logic, [-signs[0], *signs[1:]], threshold).run()
