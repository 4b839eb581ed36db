# SPDX-License-Identifier: Apache-2.0
"""Common parts: sums that several outputs of a matrix product read, found before anything is added.

Two outputs whose weights have much in common can read one number instead of the digits of many
inputs. A part of two columns ``a`` and ``b`` is a column ``p`` of integers, chosen row by row so
that the fewest signed digits are left in all three:

    a = 2**i * p + rest of a,      b = +-2**j * p + rest of b.

It becomes an input of the product, with as many bits as its values need, and a column of its own,
which may have parts in common with others. The heap of an output then has fewer bits. The search
is greedy: it takes the part that saves most, in every column that gains by it, until none saves
anything; chance among parts that are nearly as good gives other results with other seeds.

This is the specification. The compiled core does the same step by step (`hwgen.logic.heap.native`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from hwgen.logic.cmvm.columns import digit_count, signed_digits
from hwgen.logic.cmvm.nodes import Random

_BIT = 50  # hundredths of a look-up table that a bit of a heap takes
_DIGITS = 6  # of a weight of which parts are made
_PER_OUTPUT = 4  # parts at most


@dataclass(frozen=True)
class Columns:
    """Weights of a matrix product, column by column.

    Attributes:
        weights: of every output, by input.
        bits: of every input.
        spans: of every input, how far apart its least and greatest value are.
    """

    weights: tuple[tuple[int, ...], ...]
    bits: tuple[int, ...]
    spans: tuple[int, ...]


@dataclass(frozen=True)
class Draw:
    """Settings of one search.

    Attributes:
        charge: hundredths of a look-up table that a bit of a part takes, beside those it saves.
        noise: percent by which the gain of a part is raised by chance, at most.
        seed: of the chance.
    """

    charge: int
    noise: int
    seed: int


def run(columns: Columns, draw: Draw) -> tuple[tuple[int, ...], ...]:
    """Return the weights of every output, then of every part, by input and then by part."""
    made = _Search(columns, draw)
    made.solve()
    return tuple(map(tuple, made.weights))


def over_inputs(found: Sequence[Sequence[int]], inputs: int) -> tuple[tuple[int, ...], ...]:
    """Return the weights of every part by input, parts that it reads multiplied out.

    Args:
        found: what `run` returns.
        inputs: of the product.
    """
    outputs = len(found) - (len(found[0]) - inputs)
    whole: dict[int, tuple[int, ...]] = {}

    def of(part: int) -> tuple[int, ...]:
        if part not in whole:
            column = found[outputs + part]
            total = list(column[:inputs])
            for other, factor in enumerate(column[inputs:]):
                if factor:
                    total = [t + factor * w for t, w in zip(total, of(other), strict=True)]
            whole[part] = tuple(total)
        return whole[part]

    return tuple(of(part) for part in range(len(found) - outputs))


def heaped(columns: Columns, found: Sequence[Sequence[int]]) -> int:
    """Return the bits in the heaps of all outputs and parts that `run` found.

    A look-up table adds about two of them, whatever they are, so that this tells which of several
    results takes the fewest before any heap is searched.
    """
    bits = list(columns.bits)
    for part in over_inputs(found, len(bits)):
        span = sum(abs(w) * own for w, own in zip(part, columns.spans, strict=True))
        bits.append(span.bit_length())
    return sum(
        digit_count(w) * own for column in found for w, own in zip(column, bits, strict=True) if w
    )


@lru_cache(maxsize=1 << 16)
def common(a: int, b: int, up: int, sign: int) -> tuple[int, int]:
    """Return the digits that a part of two weights saves, and the part; 0 and 0 of none.

    Args:
        a: one weight.
        b: the other.
        up: how far the part is shifted in *b*; if negative, it is in *a*.
        sign: of the part in *b*.
    """
    up_a, up_b = max(-up, 0), max(up, 0)
    all_of = digit_count(a) + digit_count(b)
    found, part = 0, 0
    tried = [(p, 1) for p in _sums(a, up_a)] + [(p, sign) for p in _sums(b, up_b)]
    for value, turned in tried:
        p = value * turned
        rests = digit_count(a - (p << up_a)) + digit_count(b - sign * (p << up_b))
        saved = all_of - rests - digit_count(p)
        if saved > 0 and (saved, -abs(p), p) > (found, -abs(part), part):
            found, part = saved, p
    return found, part


def _sums(weight: int, up: int) -> Iterator[int]:
    """Yield the sums of some of the highest digits of a weight, all multiples of ``2**up``."""
    kept = [(shift - up, sign) for shift, sign in signed_digits(weight) if shift >= up][-_DIGITS:]
    for chosen in range(1, 1 << len(kept)):
        yield sum(sign << shift for k, (shift, sign) in enumerate(kept) if chosen >> k & 1)


@dataclass
class _Search:
    """Columns in the making."""

    columns: Columns
    draw: Draw
    offers: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.weights = [list(column) for column in self.columns.weights]
        self.bits, self.spans = list(self.columns.bits), list(self.columns.spans)
        self.outputs, self.inputs = len(self.weights), len(self.bits)
        most = max((abs(w) for column in self.weights for w in column), default=0)
        self.shifts = most.bit_length()
        self.random = Random(self.draw.seed)

    def solve(self) -> None:
        """Take parts out until none saves anything."""
        self._offer(range(self.outputs))
        while self.offers and len(self.weights) < self.outputs * (1 + _PER_OUTPUT):
            best, chosen = 0, (0, 0)
            for pair, (score, *_) in sorted(self.offers.items()):
                drawn = score * (100 + self.random.below(self.draw.noise + 1))
                if drawn > best:
                    best, chosen = drawn, pair
            changed = self._taken(chosen)
            if changed:
                self._offer(changed)
            else:
                del self.offers[chosen]

    def _offer(self, changed: range | list[int]) -> None:
        """Look anew at the pairs with columns that changed."""
        for a in range(len(self.weights)):
            for b in range(a + 1, len(self.weights)):
                if a in changed or b in changed:
                    self.offers.pop((a, b), None)
                    found = self._best(a, b)
                    if found[0] > 0:
                        self.offers[a, b] = found

    def _best(self, a: int, b: int) -> tuple[int, int, int]:
        """Return what the best part of two columns saves, its shift and its sign."""
        rows = [
            (*both, bits, span)
            for *both, bits, span in zip(
                self.weights[a], self.weights[b], self.bits, self.spans, strict=True
            )
            if all(both)
        ]
        best = 0, 0, 0
        for up in range(-self.shifts, self.shifts + 1):
            for sign in (1, -1):
                saved = span = 0
                for x, y, bits, own in rows:
                    more, part = common(x, y, up, sign)
                    saved += more * bits
                    span += abs(part) * own
                score = _BIT * saved - self.draw.charge * span.bit_length()
                if score > best[0]:
                    best = score, up, sign
        return best

    def _taken(self, pair: tuple[int, int]) -> list[int]:
        """Take the part of a pair out of all columns that gain by it; return those, and its own.

        None are returned, and nothing changes, where fewer than two do.
        """
        (a, b), (_, up, sign) = pair, self.offers[pair]
        part = [
            common(x, y, up, sign)[1] if x and y else 0
            for x, y in zip(self.weights[a], self.weights[b], strict=True)
        ]
        while not any(p & 1 for p in part):
            part = [p >> 1 for p in part]
        span = sum(abs(p) * own for p, own in zip(part, self.spans, strict=True))
        below, found = self._below(part), list[tuple[int, int]]()
        for c, column in enumerate(self.weights):
            factor = 0 if c in below else self._factor(column, part, span.bit_length())
            if factor:
                found.append((c, factor))
        if len(found) < 2:
            return []
        factors = dict(found)
        for c, column in enumerate(self.weights):
            factor = factors.get(c, 0)
            self.weights[c] = [w - factor * p for w, p in zip(column, part, strict=True)] + [factor]
        self.weights.append([*part, 0])
        self.bits.append(span.bit_length())
        self.spans.append(span)
        return [*factors, len(self.weights) - 1]

    def _below(self, part: list[int]) -> set[int]:
        """Return the columns of all parts that a new one reads."""
        found, waiting = set[int](), [part]
        while waiting:
            column = waiting.pop()
            for row in range(self.inputs, len(column)):
                own = self.outputs + row - self.inputs
                if column[row] and own not in found:
                    found.add(own)
                    waiting.append(self.weights[own])
        return found

    def _factor(self, column: list[int], part: list[int], width: int) -> int:
        """Return the multiple of a part that is best taken out of a column; 0 of none."""
        best, chosen = 0, 0
        rows = [(w, p, bits) for w, p, bits in zip(column, part, self.bits, strict=True) if p]
        for shift in range(self.shifts + 1):
            for factor in (1 << shift, -(1 << shift)):
                saved = sum(
                    bits * (digit_count(w) - digit_count(w - factor * p)) for w, p, bits in rows
                )
                if saved - width > best:
                    best, chosen = saved - width, factor
        return chosen
