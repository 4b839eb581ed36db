# SPDX-License-Identifier: Apache-2.0
"""Quotients and products of forms, and bits of sums as quotients."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hwgen.verify.prove.atoms import Atoms
from hwgen.verify.prove.forms import Form, half_even


class Quotients(Atoms):
    """Atoms of one proof, and what is rounded, multiplied and taken apart into bits."""

    def floor(self, form: Form, shift: int) -> Form:
        """Return ``form >> shift``, rounded down."""
        if shift and form.terms:  # what all terms have in common is dropped first
            common = math.gcd(*form.terms.values(), 1 << shift)
            less = {a: c // common for a, c in form.terms.items()}
            form, shift = Form(form.const // common, less), shift - common.bit_length() + 1
        step = 1 << shift
        if shift == 0:
            return form
        if not self._factors.keys().isdisjoint(
            form.terms
        ):  # of all together, the interval is exact
            lo, hi = self.interval(form)
            if lo >> shift == hi >> shift:
                return Form(lo >> shift)
        whole = {a: c >> shift for a, c in form.terms.items() if c % step == 0}
        outside = Form(form.const >> shift, whole)
        rest = Form(form.const % step, {a: c for a, c in form.terms.items() if c % step})
        lo, hi = self.interval(rest)
        if lo >> shift == hi >> shift:
            return outside.plus(Form(lo >> shift))
        if len(rest.terms) == 1:
            ((atom, factor),) = rest.terms.items()
            if self.hi[atom] - self.lo[atom] == 1:  # of two values: linear
                first = (rest.const + factor * self.lo[atom]) >> shift
                jump = ((rest.const + factor * self.hi[atom]) >> shift) - first
                made = Form(first - jump * self.lo[atom], {atom: jump} if jump else {})
                return outside.plus(made)
        # floor((floor(L / 2**a) + S) / 2**b) is floor((L + S * 2**a) / 2**(a + b)).
        # -floor(L / 2**a) is floor((2**a - 1 - L) / 2**a).
        inner = [a for a, c in rest.terms.items() if abs(c) == 1 and a in self._floors]
        if len(inner) == 1:
            held, before = self._floors[inner[0]]
            sign = rest.terms[inner[0]]
            others = rest.plus(Form(0, {inner[0]: 1}), -sign)
            held = held if sign > 0 else Form((1 << before) - 1).plus(held, -1)
            return outside.plus(self.floor(held.plus(others, 1 << before), shift + before))
        found = self.atom(("floor", rest.key(), rest.const, shift), lo >> shift, hi >> shift)
        self._floors[found] = rest, shift
        return outside.plus(Form(0, {found: 1}))

    def rounded(self, form: Form, shift: int) -> Form:
        """Return ``form / 2 ** shift``, rounded half to even."""
        even = 2 << shift
        whole = {a: c >> shift for a, c in form.terms.items() if c % even == 0}
        outside = Form(form.const // even * 2, whole)
        rest = Form(form.const % even, {a: c for a, c in form.terms.items() if c % even})
        lo, hi = (half_even(end, shift) for end in self.interval(rest))
        if lo == hi:
            return outside.plus(Form(lo))
        found = self.atom(("rounded", rest.key(), rest.const, shift), lo, hi)
        self._rounds[found] = rest, shift
        return outside.plus(Form(0, {found: 1}))

    def product(self, a: Form, b: Form) -> Form:
        """Return the product of two forms."""
        result = b.times(a.const).plus(Form(0, a.terms), b.const)
        for one, left in a.terms.items():
            for two, right in b.terms.items():
                pair = min(one, two), max(one, two)
                ends = [
                    x * y
                    for x in (self.lo[one], self.hi[one])
                    for y in (self.lo[two], self.hi[two])
                ]
                least = min(ends) if one != two else 0
                found = self.atom(("product", pair), least, max(ends))
                self._products[found] = pair
                if one != two and all(map(self.is_bit, pair)):
                    self._factors[found] = self.factors(one) | self.factors(two)
                result = result.plus(Form(0, {found: left * right}))
        return result

    def monomial(self, atoms: Iterable[int]) -> Form:
        """Return the product of some atoms that are bits."""
        factors = sorted(set().union(*map(self.factors, atoms)))
        found = Form(1)
        for atom in factors:
            found = self.product(found, Form(0, {atom: 1}))
        return found

    def is_product(self, atom: int) -> bool:
        """Tell whether an atom is a product."""
        return atom in self._products

    def note(self, products: Form, other: Form) -> None:
        """Note that a sum of products of bits is another form, too."""
        high = [a for a in products.terms if a in self._factors]
        if high:
            self._noted.setdefault(max(high), []).append((products, other))

    def restored(self, form: Form) -> Form:
        """Return a form with sums of products as `note` has them; itself where there are none."""
        for atom, factor in tuple(form.terms.items()):
            for products, other in self._noted.get(atom, ()):
                times = factor // products.terms[atom]
                left = form.plus(products, -times)
                if abs(times) == 1 and not any(
                    a in left.terms for a in products.terms if a in self._factors
                ):
                    return left.plus(other, times)
        return form

    def undone(self, form: Form, width: int) -> Form:
        """Return a form in which the upper bits of a sum, added up, are a quotient of it.

        Equal to *form* modulo ``2 ** width``; *form* itself where bits would be left.
        """
        made = form.modulo(width)
        while self.digits(made):
            atom = min(made.terms.keys() & self._digits.keys())
            of, bits, least = self._digits[atom]
            factor, upper = made.terms[atom], Form()
            for place in range(least, bits):
                upper = upper.plus(self.digit(of, bits, place), 1 << (place - least))
            left = made.plus(upper, -factor).modulo(width)
            if not upper.terms.keys().isdisjoint(left.terms):
                return form
            whole = self.floor(of, least).plus(self.floor(of, bits), -(1 << (bits - least)))
            made = left.plus(whole, factor).modulo(width)
        return made

    def summed_up(self, form: Form, shift: int) -> tuple[Form, int]:
        """Return an equal form in which bits of sums are quotients, and how many it took.

        Bits stay whose factors are multiples of ``2 ** shift``.
        """
        steps, size = 0, 1 << shift
        while True:
            kept = form.terms.items()
            held = [(self._digits[a][2], a) for a, c in kept if a in self._digits and c % size]
            if not held:
                return form, steps
            least, atom = min(held)
            of, bits, _ = self._digits[atom]
            factor, steps = form.terms[atom], steps + 1
            whole = self.floor(of, least).plus(self.floor(of, bits), -(1 << (bits - least)))
            form = form.plus(whole, factor)
            for place in range(least, bits):
                form = form.plus(self.digit(of, bits, place), -factor << (place - least))

    def carried(self, form: Form) -> Form:
        """Return a form, and note its atom as one that a comparison goes through."""
        if len(form.terms) == 1:
            held = (self._tables, self._floors)
            self._carried.update(a for a in form.terms if any(a in some for some in held))
        return form

    def quotient(self, atom: int) -> tuple[Form, int] | None:
        """Return form and shift of an atom that is ``form >> shift``; None of others."""
        if atom in self._floors:
            return self._floors[atom]
        if atom in self._carried and len(self._tables[atom][1].starts) == 2:
            variable, steps = self._tables[atom]
            of, start = self.meaning(variable), int(steps.starts[1])
            lo, hi = self.lo[variable], self.hi[variable]
        elif atom in self._factors:
            factors = self._factors[atom]
            of, start = Form(0, dict.fromkeys(factors, 1)), len(factors)
            lo, hi = 0, start
        else:
            return None
        shift = (max(hi - start + 1, start - lo) - 1).bit_length()
        return of.plus(Form((1 << shift) - start)), shift
