# SPDX-License-Identifier: Apache-2.0
"""Sums of single bits as logic: the terms of a heap, their chains, and the word that is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from hwgen.ir.fixed import bits_for
from hwgen.logic.builder import Builder
from hwgen.logic.heap import native, search
from hwgen.logic.heap.problem import NOTHING as NONE
from hwgen.logic.heap.problem import Link, Options, Problem, Solution
from hwgen.logic.nodes import Chain, Const, Gather, Shl, Table, Thresh, Wire
from hwgen.logic.nodes.heap import ABSENT, ALWAYS, NOTHING, ONE, OPERANDS, PLAIN, Pick

Signal: TypeAlias = tuple[Wire, int]  # a bit of a wire
# Tries by effort, and the bits of a heap beyond which they become fewer.
TRIES = (6, 30, 150, 1500)
_BITS = 200


class Term(NamedTuple):
    """Term of a heap, worth ``2**column``.

    Attributes:
        column: its power of two.
        x: the bit; None for a one.
        truth: of the bit and its gate, as a `Chain` has it.
        gate: the other bit, if there is one.
        when: chains in a row before it is there.
    """

    column: int
    x: Signal | None
    truth: int = PLAIN
    gate: Signal | None = None
    when: int = 0


@dataclass(frozen=True)
class Heap:
    """Sum of terms as chains, not built yet.

    Attributes:
        terms: in the order in which the solution numbers them.
        solution: the chains.
        lo, hi: interval of the sum.
    """

    terms: tuple[Term, ...]
    solution: Solution
    lo: int
    hi: int

    @property
    def cost(self) -> int:
        """Look-up tables: of all chains, and of bits that are left inverted or gated."""
        left = (t for t in self.solution.rest if NONE < t < len(self.terms))
        return self.solution.cost + sum(self.terms[t].truth not in (PLAIN, ALWAYS) for t in left)

    @property
    def depth(self) -> int:
        """Chains in a row."""
        return self.solution.depth

    def over(self, made: Mapping[Signal, Signal]) -> Heap:
        """Return the sum of other bits, none of them gated."""
        moved = tuple(t if t.x is None else t._replace(x=made[t.x]) for t in self.terms)
        return replace(self, terms=moved)


def heap_of(terms: Sequence[Term], constant: int, lo: int, hi: int, options: Options) -> Heap:
    """Return the chains of a sum.

    Args:
        terms: what is added.
        constant: and this.
        lo: least value of the sum.
        hi: greatest; the sum is computed modulo the word that holds both.
        options: of the search.
    """
    top = bits_for(lo, hi)
    ones = [Term(c, None, ALWAYS) for c in range(top) if constant >> c & 1]
    kept = tuple(term for term in (*terms, *ones) if term.column < top)
    gates: dict[Signal, int] = {}
    numbers = tuple(NONE if t.gate is None else gates.setdefault(t.gate, len(gates)) for t in kept)
    plain = tuple(t.truth in (PLAIN, ALWAYS) for t in kept)
    columns: list[list[int]] = [[] for _ in range(top)]
    for number, term in enumerate(kept):
        columns[term.column].append(number)
    problem = Problem(tuple(map(tuple, columns)), numbers, plain, tuple(t.when for t in kept))
    return Heap(kept, _solved(problem, options), lo, hi)


@lru_cache(maxsize=1 << 12)
def _solved(problem: Problem, options: Options) -> Solution:
    tries = max(options.tries * _BITS // max(len(problem.gates), _BITS), 2)
    fitting = Options(tries, options.levels, options.seed)
    return native.run(problem, fitting) or search.run(problem, fitting)


def built(b: Builder, heap: Heap) -> Wire:
    """Return the sum of a heap as a wire."""
    solution, top = heap.solution, len(heap.solution.rest)
    bits = [term.x for term in heap.terms]  # of every term the bit that it is now
    for link in solution.chains:
        wire = b.chain(_chain(heap, link, bits, top))
        bits += [(wire, k) for k in range(link.made(top))]
    picks: list[Signal | int] = []
    for term in solution.rest:
        if term == NONE:
            picks.append(0)
        elif term >= len(heap.terms):
            picks.append(_is(bits[term]))
        else:
            picks.append(_left(b, heap.terms[term]))
    places = Places()
    word = tuple(places.of(pick) for pick in picks)
    node = Gather(tuple(places.wires), word, heap.lo < 0)
    return b.gather(node, heap.lo, heap.hi)


def _is(bit: Signal | None) -> Signal:
    assert bit is not None
    return bit


class Places:
    """Operands of a node of single bits, in the order in which they are read first."""

    def __init__(self) -> None:
        self.wires: dict[Wire, int] = {}

    def of(self, bit: Signal | int | None) -> Pick:
        """Return the pick of a bit, of a constant, or of nothing."""
        if bit is None:
            return NOTHING
        if isinstance(bit, int):
            return -1, bit
        return self.wires.setdefault(bit[0], len(self.wires)), bit[1]


def chain_of(
    positions: Sequence[Sequence[Term]], enter: Sequence[Signal | None], leave: int | None = None
) -> Chain:
    """Return a carry chain over some terms.

    Args:
        positions: the terms of each, up to three with one gate among them.
        enter: up to two bits beside the lowest position, None for a one.
        leave: bits above the sum; all that there are by default.
    """
    places = Places()
    picks: list[Pick] = []
    truths: list[int] = []
    for terms in positions:
        gate: Signal | None = None
        for term in terms:
            picks.append(places.of(term.x))
            truths.append(term.truth)
            gate = term.gate or gate
        missing = OPERANDS - len(terms)
        picks += [NOTHING] * missing + [places.of(gate)]
        truths += [ABSENT] * missing
    entering = [ONE if bit is None else places.of(bit) for bit in enter]
    entering += [NOTHING] * (2 - len(entering))
    ends = entering[0], entering[1]
    chain = Chain(tuple(places.wires), tuple(picks), tuple(truths), ends)
    return replace(chain, leave=1 + chain.majorities[-1] if leave is None else leave)


def _chain(heap: Heap, link: Link, bits: Sequence[Signal | None], top: int) -> Chain:
    known = len(heap.terms)

    def term(number: int) -> Term:
        return heap.terms[number] if number < known else Term(0, bits[number])

    positions = [[term(number) for number in terms] for terms in link.positions]
    leave = link.made(top) - len(link.positions)
    return chain_of(positions, [bits[number] for number in link.enter], leave)


def _left(b: Builder, term: Term) -> Signal | int:
    """Return a term that no chain took: a bit as it stands, or a small table of what it reads."""
    if term.x is None:
        return 1
    if term.truth == PLAIN:
        return term.x
    reads = [term.x] if term.gate is None else [term.x, term.gate]
    places = Places()
    picks = tuple(places.of(read) for read in reads)
    values = tuple(term.truth >> at & 1 for at in range(1 << len(reads)))
    return b.table(Table(tuple(places.wires), picks, values, "last term of a sum")), 0


def signal(b: Builder, wire: Wire, bit: int) -> Signal | int:
    """Return where a bit of a wire comes from, or its value where it never changes."""
    node = b.nodes[wire]
    lo, hi = b.range(wire)
    if isinstance(node, Const) or (lo >= 0 and not (lo ^ hi) >> bit):
        return lo >> bit & 1
    if isinstance(node, Shl):
        return 0 if bit < node.shift else signal(b, node.a, bit - node.shift)
    if isinstance(node, Gather) and node.picks[bit][0] < 0:
        return node.picks[bit][1]
    if isinstance(node, Thresh | Table):
        found = {value >> bit & 1 for value in node.values}
        return (wire, bit) if len(found) > 1 else found.pop()
    return wire, bit


def source_of(b: Builder, bit: Signal) -> tuple[Signal, bool]:
    """Return the bit that a step's bit is, or is the complement of, and whether it is that.

    A step of a number of one bit is that bit. The sign of a longer number is left to its step: what
    reads a bit of a number may keep all of it in registers.
    """
    wire, k = bit
    node = b.nodes[wire]
    if not isinstance(node, Thresh) or b.width(node.a) > 1:
        return bit, False
    inner = signal(b, node.a, 0)
    assert not isinstance(inner, int), "a bit that changes is of a bit that does"
    source, inverted = source_of(b, inner)
    rising = node.values[0] >> k & 1 < node.values[1] >> k & 1
    return source, inverted ^ (rising == (b.lo[node.a] < 0))
