# SPDX-License-Identifier: Apache-2.0
"""Signals, their exact ranges, and what a sum of them costs. core/sums.h does the same."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hwgen.ir.fixed import bits_for
from hwgen.logic.cmvm.problem import CONST, DELAY2, DELAY3, NONE, Term

Form = npt.NDArray[Any]
EAGER = 3  # how much more lateness weighs in a hurried tree


class Record:
    """Record of a sum's adders, as they are written down.

    Attributes:
        adders, constants: as in a `Solution`; a result is numbered from *fresh* on.
        result: where the sum is.
    """

    def __init__(self, fresh: int) -> None:
        self.adders: list[tuple[Term, ...]] = []
        self.constants: list[int] = []
        self.next = fresh
        self.result: Term = (NONE, 0, 1)


class _Item(NamedTuple):
    form: Any
    centre: int
    radius: int
    shift: int
    sign: int
    arrival: int
    id: int
    constant: bool


class _Operand(NamedTuple):
    lo: int
    hi: int
    shift: int
    sign: int
    constant: bool


class Sums:
    """The signals so far.

    A signal is ``sum(c[i] * x[i])``. Kept are the products of ``c[i]`` and the width of ``x[i]``'s
    interval, whose absolute sum is the width of the signal's interval, and that interval's doubled
    centre: both are linear.

    Attributes:
        work: operations so far.
        most: a bound on the width of intervals.
    """

    def __init__(self, arity: int, lam: int) -> None:
        self.arity, self.lam = arity, lam
        self.form: list[Form] = []
        self.centre: list[int] = []
        self.radius: list[int] = []
        self.arrival: list[int] = []
        self.work = self.most = 0
        self.behind: list[int] = []  # of the sum traced last: the delay from every term to it

    def add_signal(self, form: Form, centre: int, arrival: int) -> int:
        """Return the number of a new signal."""
        self.form.append(form)
        self.centre.append(centre)
        self.radius.append(int(abs(form).sum()))
        self.arrival.append(arrival)
        return len(self.form) - 1

    def set_signal(self, signal: int, form: Form, centre: int, arrival: int) -> None:
        """Change a signal."""
        self.form[signal], self.centre[signal], self.arrival[signal] = form, centre, arrival
        self.radius[signal] = int(abs(form).sum())

    def turn(self, signal: int) -> None:
        """Negate a signal."""
        self.form[signal], self.centre[signal] = -self.form[signal], -self.centre[signal]

    def adders(self, terms: int) -> int:
        """Return how many adders a sum takes."""
        return terms // 2 if self.arity == 3 else terms - 1

    def range(self, signal: int) -> tuple[int, int]:
        """Return the interval of a signal."""
        return _interval(self.centre[signal], self.radius[signal])

    def fits(self, terms: Sequence[Term]) -> bool:
        """Tell whether a sum may become a signal: the core's words are bounded."""
        return sum(self.radius[signal] << shift for signal, shift, _ in terms) <= self.most

    def total(self, terms: Sequence[Term]) -> tuple[Form, int]:
        """Return form and doubled centre of what *terms* add up to."""
        form = self.form[terms[0][0]] * 0
        centre = 0
        for signal, shift, sign in terms:
            form = form + sign * (self.form[signal] << shift)
            centre += sign * (self.centre[signal] << shift)
        return form, centre

    def pair(self, terms: Sequence[Term]) -> tuple[int, bool, Form, int]:
        """Return an adder's cost in its cheaper orientation, whether it is turned, its result."""
        form, centre = self.total(terms)
        lo, hi = _interval(centre, int(abs(form).sum()))
        ops = [_Operand(*self.range(sig), shift, sign, False) for sig, shift, sign in terms]
        up, down = self._carry(ops, lo, hi, 1), self._carry(ops, -hi, -lo, -1)
        return (down, True, -form, -centre) if down < up else (up, False, form, centre)

    def sum(
        self,
        terms: Sequence[Term],
        fixed: bool,
        bias: int = 0,
        whole: int = 0,
        mode: int = 0,
        record: Record | None = None,
        trace: bool = False,
    ) -> tuple[int, int, int]:
        """Return cost, arrival and sign of a tree of adders: early and narrow terms come first.

        Ranges inside the tree are exact when it is recorded, else as if the terms were independent.

        Args:
            terms: what to add up.
            fixed: the sign of the result matters.
            bias: a constant to add.
            whole: width of the sum's interval; not needed when recorded.
            mode: 1 to end in an adder of two, else an even sum begins with one; 2 to mind
                lateness more; 3 for both.
            record: where to write the adders down.
            trace: set `behind`.
        """
        self.work += len(terms) + 8
        if not terms:
            return 0, 0, 1
        items = [
            _Item(
                self.form[sig] if record else None,
                self.centre[sig],
                self.radius[sig],
                shift,
                sign,
                self.arrival[sig],
                sig,
                False,
            )
            for sig, shift, sign in terms
        ]
        if len(items) == 1 and not bias:
            return self._alone(items[0], fixed, record)
        if bias:
            shift = (bias & -bias).bit_length() - 1
            zero, sign = self.form[0] * 0, -1 if bias < 0 else 1
            items.append(_Item(zero, 2 * (abs(bias) >> shift), 0, shift, sign, 0, 0, True))
        weight = self.lam * (EAGER if mode & 2 else 1)
        queue = sorted(_key(item, number, weight) for number, item in enumerate(items))
        count, cost = len(queue), 0
        above: list[tuple[int, int]] = [(0, 0)] * count  # of items: the sum they go into, its delay
        while len(queue) > 1:
            even = len(queue) % 2 == 0
            two = len(queue) == 2 or (len(queue) == count and even != bool(mode & 1))
            k = 2 if two or self.arity == 2 else 3
            numbers = [number for _, _, number in queue[:k]]
            some = [items[number] for number in numbers]
            del queue[:k]
            # The sum of the last positive terms stays positive, or the whole would need a negation.
            spare = any(_positive(items[number]) for _, _, number in queue)
            keep = fixed and (not queue or (any(map(_positive, some)) and not spare))
            price, made = self._adder(some, keep, record, None if queue else whole)
            cost += price
            delay = made.arrival - max(x.arrival for x in some)
            for number in numbers:
                above[number] = len(items), delay
            above.append((0, 0))
            items.append(made)
            insort(queue, _key(made, len(items) - 1, weight))
        if trace:
            left = [0] * len(items)
            for number in range(len(items) - 2, -1, -1):
                up, delay = above[number]
                left[number] = left[up] + delay
            self.behind = left[: len(terms)]
        last = items[-1]
        if record:
            record.result = (last.id, last.shift, last.sign)
        return cost, last.arrival, last.sign

    def _alone(self, x: _Item, fixed: bool, record: Record | None) -> tuple[int, int, int]:
        if record:
            record.result = (x.id, x.shift, x.sign)
        if not fixed or x.sign > 0:
            return 0, x.arrival, x.sign
        if record:
            record.adders.append(((NONE, 0, 1), (x.id, 0, -1)))
            record.result = (record.next, x.shift, 1)
            record.next += 1
        lo, hi = self.range(x.id)
        return bits_for(-hi, -lo), x.arrival + DELAY2, 1

    def _adder(
        self, some: Sequence[_Item], fixed: bool, record: Record | None, whole: int | None
    ) -> tuple[int, _Item]:
        low = min(x.shift for x in some)
        form: Form | None = None
        centre = sum(x.sign * (x.centre << (x.shift - low)) for x in some)
        radius = sum(x.radius << (x.shift - low) for x in some)
        if record:
            form = self.form[0] * 0
            for x in some:
                form = form + x.sign * (x.form << (x.shift - low))
            radius = int(abs(form).sum())
        elif whole is not None:
            radius = whole >> low
        lo, hi = _interval(centre, radius)
        ops = [
            _Operand(*_interval(x.centre, x.radius), x.shift - low, x.sign, x.constant)
            for x in some
        ]
        price, sign = self._carry(ops, lo, hi, 1), 1
        if not fixed:
            other = self._carry(ops, -hi, -lo, -1)
            if other < price:
                price, sign = other, -1
        delay = DELAY2 if len(some) == 2 else DELAY3
        number = 0
        if record:
            parts = []
            for x in some:
                if x.constant:
                    parts.append((CONST - len(record.constants), x.shift - low, 1))
                    record.constants.append(sign * x.sign * (x.centre // 2))
                else:
                    parts.append((x.id, x.shift - low, sign * x.sign))
            record.adders.append(tuple(parts))
            number = record.next
            record.next += 1
        when = max(x.arrival for x in some) + (delay if price else 0)
        if form is not None:
            form = sign * form
        return price, _Item(form, sign * centre, radius, low, sign, when, number, False)

    def _carry(self, ops: Sequence[_Operand], lo: int, hi: int, sign: int) -> int:
        """Return the positions of an adder whose operands' signs are multiplied by *sign*.

        As `carry_positions`, but a constant takes either sign for free, and a sum of subtracted
        operands alone costs a negation more.
        """
        order = sorted(
            (op.shift, not op.constant and op.sign != sign, i) for i, op in enumerate(ops)
        )
        (low, low_negative, at), (start, _, other), *_ = order
        top = bits_for(lo, hi)
        if all(negative for _, negative, _ in order):
            return top - low if len(ops) == 2 and self.arity == 3 else 2 * (top - low)
        a, b = ops[at], ops[other]
        if len(ops) == 2 and not (a.constant or b.constant):
            reach = bits_for(a.lo, a.hi) + low
            plain = not (low_negative or order[1][1])
            if plain and a.lo >= 0 and reach <= start:
                return 0
            if min(a.lo, b.lo) >= 0 and top > max(reach, bits_for(b.lo, b.hi) + start):
                top -= 1
        return max(top - (low if low_negative else start), 0)


def _key(item: _Item, number: int, weight: int) -> tuple[int, int, int]:
    size = bits_for(*_interval(item.centre, item.radius)) + item.shift
    return weight * item.arrival // DELAY2 + size, item.shift, number


def _positive(item: _Item) -> bool:
    return item.constant or item.sign > 0


def _interval(centre: int, radius: int) -> tuple[int, int]:
    return (centre - radius) // 2, (centre + radius) // 2


def new_form(values: Sequence[int], wide: bool) -> Form:
    """Return a form of given products."""
    return np.array(values, object if wide else np.int64)
