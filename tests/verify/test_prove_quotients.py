# SPDX-License-Identifier: Apache-2.0
"""Quotients, products and bits of forms, beside integers at every value of their inputs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hwgen.verify.prove.forms import Form, half_even
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.steps import Ints

ENDS = ((0, 1), (0, 1), (0, 1), (-3, 4), (0, 6), (2, 3))


class Values:
    """A space of six inputs, and what its forms are worth at every value of these."""

    def __init__(self) -> None:
        self.space = Space()
        points = np.array(list(itertools.product(*(range(lo, hi + 1) for lo, hi in ENDS))))
        self.inputs = [self.space.input(f"x{i}", *ends) for i, ends in enumerate(ENDS)]
        atoms = [next(iter(form.terms)) for form in self.inputs]
        self.places: dict[int, Ints] = dict(zip(atoms, points.T, strict=True))

    def of(self, form: Form) -> Ints:
        """Return the values of a form, all within its interval."""
        values = self.space.sum(form, self.places)
        lo, hi = self.space.interval(form)
        assert lo <= values.min()
        assert values.max() <= hi
        return values


def drawn(rng: np.random.Generator, forms: list[Form]) -> Form:
    """Return a sum of some of *forms* with factors of both signs, and a constant."""
    total = Form(int(rng.integers(-20, 21)))
    for at in rng.choice(len(forms), size=int(rng.integers(1, 4)), replace=False):
        total = total.plus(forms[at], int(rng.choice([-12, -6, -4, -3, -1, 1, 2, 5, 8, 16])))
    return total


@pytest.mark.parametrize("seed", range(6))
def test_what_is_made_of_forms_is_worth_what_integers_are(seed: int) -> None:
    """Each step may read what steps before it made, as forms of a network do."""
    rng, values = np.random.default_rng(seed), Values()
    space, forms = values.space, list(values.inputs)
    bits = values.inputs[:3]
    for _ in range(40):
        form, shift = drawn(rng, forms[-12:]), int(rng.integers(0, 5))
        worth = values.of(form)
        floored = space.floor(form, shift)
        assert np.array_equal(values.of(floored), worth >> shift)
        if shift:
            rounded = space.rounded(form, shift)
            assert np.array_equal(values.of(rounded), half_even(worth, shift))
        one, other = (bits[at] for at in rng.choice(3, size=2, replace=False))
        both = space.product(one, other)
        assert np.array_equal(values.of(both), values.of(one) * values.of(other))
        left, right = drawn(rng, values.inputs), drawn(rng, values.inputs)
        product = space.product(left, right)
        assert np.array_equal(values.of(product), values.of(left) * values.of(right))
        every = space.monomial(next(iter(bit.terms)) for bit in bits)
        assert np.array_equal(values.of(every), np.prod([values.of(bit) for bit in bits], axis=0))
        forms += [floored, both, every]


@pytest.mark.parametrize("seed", range(3))
def test_bits_of_sums_are_quotients(seed: int) -> None:
    rng, values = np.random.default_rng(seed), Values()
    space = values.space
    for _ in range(10):
        form, width = drawn(rng, values.inputs), int(rng.integers(4, 9))
        worth, form_of_bits = values.of(form), Form()
        places = sorted(rng.choice(width, size=3, replace=False).tolist())
        for place in places:
            bit = space.digit(form, width, place)
            assert np.array_equal(values.of(bit), (worth >> place) & 1)
            form_of_bits = form_of_bits.plus(bit, 1 << place)
        summed, taken = space.summed_up(form_of_bits, width)
        assert taken
        assert not space.digits(summed)
        assert np.array_equal(values.of(summed), values.of(form_of_bits))
