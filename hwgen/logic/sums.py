# SPDX-License-Identifier: Apache-2.0
"""Signals, their exact ranges, and what a sum of them costs. core/sums.h does the same."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hwgen.ir.fixed import bits_for
from hwgen.logic.problem import CONST, DELAY2, DELAY3, NONE, Term

Form = npt.NDArray[Any]


class Record:
    """Where a sum's adders are written down.

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
    form: Form
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
    """

    def __init__(self, columns: int, arity: int, lam: int) -> None:
        self.padded = -(-columns // 16) * 16  # only so that work is counted as the core does it
        self.arity, self.lam = arity, lam
        self.form: list[Form] = []
        self.centre: list[int] = []
        self.radius: list[int] = []
        self.arrival: list[int] = []
        self.work = 0

    def add_signal(self, form: Form, centre: int, arrival: int) -> int:
        """Return the number of a new signal."""
        self.form.append(form)
        self.centre.append(centre)
        self.radius.append(int(abs(form).sum()))
        self.arrival.append(arrival)
        return len(self.form) - 1

    def pop_signal(self) -> None:
        """Forget the newest signal."""
        for values in (self.form, self.centre, self.radius, self.arrival):
            values.pop()

    def range(self, signal: int) -> tuple[int, int]:
        """Return the interval of a signal."""
        return _interval(self.centre[signal], self.radius[signal])

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
        self, terms: Sequence[Term], fixed: bool, bias: int = 0, record: Record | None = None
    ) -> tuple[int, int, int]:
        """Return cost, arrival and sign of a tree of adders: early and narrow terms come first.

        The sign of the result is free unless *fixed*.
        """
        self.work += len(terms) * self.padded + 64
        if not terms:
            return 0, 0, 1
        items = [
            _Item(self.form[sig], self.centre[sig], self.radius[sig], shift, sign,
                  self.arrival[sig], sig, False)
            for sig, shift, sign in terms
        ]  # fmt: skip
        if len(items) == 1 and not bias:
            return self._alone(items[0], fixed, record)
        if bias:
            shift = (bias & -bias).bit_length() - 1
            zero, sign = items[0].form * 0, -1 if bias < 0 else 1
            items.append(_Item(zero, 2 * (abs(bias) >> shift), 0, shift, sign, 0, 0, True))
        queue = sorted(self._key(item, number) for number, item in enumerate(items))
        cost = 0
        while len(queue) > 1:
            k = 3 if self.arity == 3 and len(queue) % 2 else 2
            some = [items[number] for _, _, number in queue[:k]]
            del queue[:k]
            # The sum of the last positive terms stays positive, or the whole would need a negation.
            spare = any(_positive(items[number]) for _, _, number in queue)
            keep = fixed and (not queue or (any(map(_positive, some)) and not spare))
            price, made = self._adder(some, keep, record)
            cost += price
            items.append(made)
            insort(queue, self._key(made, len(items) - 1))
        whole = items[queue[0][2]]
        if record:
            record.result = (whole.id, whole.shift, whole.sign)
        return cost, whole.arrival, whole.sign

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

    def _key(self, item: _Item, number: int) -> tuple[int, int, int]:
        size = bits_for(*_interval(item.centre, item.radius)) + item.shift
        return self.lam * item.arrival // DELAY2 + size, item.shift, number

    def _adder(
        self, some: Sequence[_Item], fixed: bool, record: Record | None
    ) -> tuple[int, _Item]:
        low = min(x.shift for x in some)
        form, centre = some[0].form * 0, 0
        for x in some:
            form = form + x.sign * (x.form << (x.shift - low))
            centre += x.sign * (x.centre << (x.shift - low))
        radius = int(abs(form).sum())
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
        return price, _Item(sign * form, sign * centre, radius, low, sign, when, number, False)

    def _carry(self, ops: Sequence[_Operand], lo: int, hi: int, sign: int) -> int:
        """Return the positions of an adder whose operands' signs are multiplied by *sign*.

        As `carry_positions`, but a constant takes either sign for free, and a sum of subtracted
        operands alone costs a negation more.
        """
        order = sorted((op.shift, not op.constant and op.sign != sign, i)
                       for i, op in enumerate(ops))  # fmt: skip
        (low, low_negative, at), (start, _, other), *_ = order
        top = bits_for(lo, hi)
        if all(negative for _, negative, _ in order):
            return top - low if len(ops) == 2 and self.arity == 3 else 2 * (top - low)
        if low_negative:
            return max(top - low, 0)
        a, b = ops[at], ops[other]
        plain = len(ops) == 2 and not (order[1][1] or a.constant or b.constant)
        if plain and a.lo >= 0:
            reach = bits_for(a.lo, a.hi) + low
            if reach <= start:
                return 0
            if b.lo >= 0 and top > max(reach, bits_for(b.lo, b.hi) + start):
                top -= 1
        return max(top - start, 0)


def _positive(item: _Item) -> bool:
    return item.constant or item.sign > 0


def _interval(centre: int, radius: int) -> tuple[int, int]:
    return (centre - radius) // 2, (centre + radius) // 2


def new_form(values: Sequence[int], wide: bool) -> Form:
    """Return a form of given products."""
    return np.array(values, object if wide else np.int64)
