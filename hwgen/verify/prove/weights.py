# SPDX-License-Identifier: Apache-2.0
"""Weights: a function of a few bits, known as a quotient of their weighted sum.

A comparison of a sum of many bits never adds them up: tables carry from column to column what
matters, ``(sum of the bits + 1) >> 1``, and the last one tells whether the rest reaches a constant.
What such a table computes of its bits is found here from its truths alone, as

    value = base + factor * ((w[0] * bit[0] + w[1] * bit[1] + ... + add) >> shift),

and a quotient that is compared with a constant is no quotient any more:
``y + (x >> s) >= t`` is ``(y << s) + x >= t << s``. So the whole tree becomes one comparison of
one sum, in which the bits of sums between have cancelled.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.steps import Ints, Steps

MOST_BITS = 6  # of a function that weights are looked for
_WEIGHTS = (1, 2, 4, 8, 16, 32)
_BITS = 8  # that hold a value, less the least one and over what all have in common


@dataclass(frozen=True)
class Way:
    """Weights of a function's bits, as the head of this file has them.

    Attributes:
        weights: of every bit; 0 where it does not matter.
        add, shift: of the quotient.
        factor, base: of the value.
    """

    weights: tuple[int, ...]
    add: int
    shift: int
    factor: int
    base: int


def applied(space: Space, values: Ints, bits: Sequence[Form]) -> Form | None:
    """Return a function of bits as a form; None where it is no quotient that says enough.

    Of the weights that fit, those count in which the bits of sums (`Atoms.digit`) cancel.

    Args:
        space: the atoms.
        values: of the function, by address; the first bit is its lowest.
        bits: each 0 or 1.
    """
    two = int(values.max()) - int(values.min())
    parts = [space.bits_in(bit) for bit in bits]
    best: tuple[int, Way] | None = None
    for way in ways(values.tobytes(), len(bits)):
        left, price = space.summed_up(_weighed(way, parts), way.shift)
        if (best is None or price < best[0]) and not space.bits_in(left.modulo(way.shift)).terms:
            best = price, way
            if price == 0:
                break
    if best is None:
        return None
    _, way = best
    total = _weighed(way, bits).plus(Form(way.add))
    total, _ = space.summed_up(total, way.shift)
    whole = two == way.factor and not space.bits_in(total).terms
    made = reached(space, total, 1 << way.shift) if whole else space.floor(total, way.shift)
    return space.carried(made).times(way.factor).plus(Form(way.base))


def _weighed(way: Way, bits: Sequence[Form]) -> Form:
    total = Form()
    for weight, bit in zip(way.weights, bits, strict=True):
        if weight:
            total = total.plus(bit, weight)
    return total


def polynomial(space: Space, values: Ints, bits: Sequence[Form]) -> Form | None:
    """Return a function of bits as a sum of products of them; None where a bit is a sum itself."""
    at = np.arange(len(values))
    live = [i for i in range(len(bits)) if (values[at | 1 << i] != values[at & ~(1 << i)]).any()]
    at = np.arange(1 << len(live))
    values = values[sum(((at >> i & 1) << bit for i, bit in enumerate(live)), 0 * at)]
    bits = [bits[i] for i in live]
    ends = [(bit.const, tuple(bit.terms.values())) for bit in bits]
    if not all(
        end in ((0, (1,)), (1, (-1,))) and space.is_bit(*bit.terms)
        for end, bit in zip(ends, bits, strict=True)
    ):
        return None
    turned = sum(1 << i for i, (const, _) in enumerate(ends) if const)
    factors = values[np.arange(len(values)) ^ turned].copy()
    for i in range(len(bits)):
        halves = factors.reshape(-1, 2, 1 << i)
        halves[:, 1] -= halves[:, 0]
    atoms = [next(iter(bit.terms)) for bit in bits]
    total = Form()
    for at in np.flatnonzero(factors).tolist():
        some = {atom for i, atom in enumerate(atoms) if at >> i & 1}
        total = total.plus(space.monomial(some), int(factors[at]))
    return total


def reached(space: Space, form: Form, start: int) -> Form:
    """Return 1 where a form is at least a number, else 0."""
    while form.terms:
        factor = math.gcd(*form.terms.values())
        start = -((form.const - start) // factor)
        form = Form(0, {atom: c // factor for atom, c in form.terms.items()})
        ones = [(a, c) for a, c in form.terms.items() if abs(c) == 1 and not space.is_cut(a)]
        held = [(space.is_product(a), a, c) for a, c in ones if space.quotient(a)]
        if all(late for late, *_ in held):
            again = space.restored(form)
            if again is not form:
                form = again
                continue
        if not held:
            break
        _, atom, sign = min(held)
        of, shift = space.quotient(atom) or (Form(), 0)
        rest = form.plus(Form(0, {atom: 1}), -sign).times(1 << shift)
        form = rest.plus(of, sign)
        start = start << shift if sign > 0 else ((start - 1) << shift) + 1
    lo, hi = space.interval(form)
    if start <= lo or start > hi:
        return Form(int(start <= lo))
    return space.through(Steps(np.array([lo, start]), np.array([0, 1])), form)


def compared(space: Space, form: Form) -> Form:
    """Return a form in which quotients of two values are comparisons."""
    for atom, factor in tuple(form.terms.items()):
        made = space.made_of(atom)
        if made.kind == "floor" and space.hi[atom] - space.lo[atom] == 1:
            one = reached(space, made.forms[0], space.hi[atom] << made.shift)
            form = form.plus(Form(0, {atom: 1}), -factor)
            form = form.plus(one.plus(Form(space.lo[atom])), factor)
    return form


@lru_cache(maxsize=4096)
def ways(values: bytes, bits: int) -> tuple[Way, ...]:
    """Return the ways in which a function of bits is a quotient of their sum, small ones first."""
    f = np.frombuffer(values, np.int64)
    at = np.arange(len(f))
    on = (at[:, None] >> np.arange(bits)) & 1
    rises = [f[at | 1 << i] - f[at & ~(1 << i)] for i in range(bits)]
    signs = np.array([1 if (r >= 0).all() else -1 if (r <= 0).all() else 0 for r in rises])
    live = np.array([bool(r.any()) for r in rises])
    if not signs.all() or not live.any():
        return ()
    factor = int(np.gcd.reduce(f - f.min()))
    plain = (f - f.min()) // factor
    if plain.max() >> _BITS:
        return ()
    turned = np.where(signs < 0, 1 - on, on)[:, live]
    found = []
    every = _orders(np.abs([int(r.sum()) for r in rises])[live])
    keys = np.sort((every @ turned.T << _BITS) + plain, axis=1)
    sums, made = keys >> _BITS, keys & ((1 << _BITS) - 1)
    up, along = np.diff(made, axis=1), np.diff(sums, axis=1)
    right = ((up == 0) | ((up > 0) & (along > 0))).all(axis=1)
    for weights, x, y in zip(every[right], sums[right], made[right], strict=True):
        for add, shift in _quotients(x, y):
            full = np.zeros(bits, np.int64)
            full[live] = weights
            turn = int(full[signs < 0].sum())
            signed = tuple(int(w) for w in full * signs)
            found.append(Way(signed, add + turn, shift, factor, int(f.min())))
    return tuple(sorted(found, key=lambda w: (w.shift, sum(map(abs, w.weights)), w.weights)))


def _orders(influence: Ints) -> Ints:
    """Return the weights to try: what changes the function more often weighs no less."""
    count = len(influence)
    every = np.array(list(itertools.product(_WEIGHTS, repeat=count)), np.int64)
    kept = every.min(axis=1) == 1
    for i, j in itertools.permutations(range(count), 2):
        if influence[i] > influence[j]:
            kept &= every[:, i] >= every[:, j]
    found: Ints = every[kept]
    return found


def _quotients(x: Ints, y: Ints) -> list[tuple[int, int]]:
    """Return what is added, and the shift, that make *y* of *x*: the smallest shift, or none."""
    for shift in range(int(x[-1]).bit_length() + 1):
        starts = x[np.flatnonzero(np.diff(y)) + 1]  # where it rises to 1, 2, ...
        adds = [a for a in range(1 << shift) if (((x + a) >> shift) == y).all()]
        if adds:
            # All of them are right where nothing lies between: the least start that is met.
            want = (1 << shift) - int(starts[0])
            return [(want if want in adds else adds[0], shift)]
    return []
