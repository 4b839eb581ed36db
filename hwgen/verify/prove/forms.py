# SPDX-License-Identifier: Apache-2.0
"""Forms: exact integers as sums of coefficients times atoms, and the atoms themselves.

An atom stands for an integer within a known interval: an element of the network's input, a
step function of one variable, a quotient rounded down, a product, or a maximum. Equal functions of
equal variables are one atom, so two computations that are equal by the same steps have equal forms.
A variable is an atom, or a sum of several atoms of which a function is taken.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hwgen.errors import Unproven, count_of
from hwgen.verify.prove.steps import MOST, Ints, Steps

_FEW = 1 << 20  # values of a variable that is added to functions of it


@dataclass(frozen=True, eq=False)
class Form:
    """Sum ``const + coefficient * atom + ...``; no coefficient is 0."""

    const: int = 0
    terms: Mapping[int, int] = field(default_factory=dict)

    def key(self) -> tuple[tuple[int, int], ...]:
        """Return the terms in order: equal for forms that differ by a constant."""
        return tuple(sorted(self.terms.items()))

    def same(self, other: Form) -> bool:
        """Tell whether two forms are the same sum."""
        return self.const == other.const and self.terms == other.terms

    def plus(self, other: Form, times: int = 1) -> Form:
        """Return this form and a multiple of another one, added."""
        small, much = other.terms, dict(self.terms)
        for atom, coefficient in small.items():
            total = much.get(atom, 0) + times * coefficient
            if total:
                much[atom] = total
            else:
                much.pop(atom, None)
        return Form(self.const + times * other.const, much)

    def times(self, factor: int) -> Form:
        """Return a multiple of this form."""
        if factor == 0:
            return Form()
        return Form(self.const * factor, {a: c * factor for a, c in self.terms.items()})


class Space:
    """Atoms of one proof, by number.

    Attributes:
        lo, hi: interval of every atom.
        names: of the atoms that stand for input elements.
    """

    def __init__(self) -> None:
        self.lo: list[int] = []
        self.hi: list[int] = []
        self.names: dict[int, str] = {}
        self._known: dict[object, int] = {}
        self._sums: dict[int, Form] = {}  # variables that are sums
        self._tables: dict[int, tuple[int, Steps]] = {}  # variable and function of an atom
        self._floors: dict[int, tuple[Form, int]] = {}
        self._products: dict[int, tuple[int, int]] = {}
        self._largest: dict[int, tuple[Form, ...]] = {}
        self._cut: set[int] = set()
        self.points = 0  # how many values functions were compared at

    def atom(self, key: object, lo: int, hi: int) -> int:
        """Return the atom of a key, which is new with this interval."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.lo)
            self.lo.append(lo)
            self.hi.append(hi)
        return found

    def input(self, name: str, lo: int, hi: int) -> Form:
        """Return an element of the network's input."""
        atom = self.atom(("input", name), lo, hi)
        self.names[atom] = name
        return Form(lo) if lo == hi else Form(0, {atom: 1})

    def interval(self, form: Form) -> tuple[int, int]:
        """Return the exact interval of a form over independent atoms."""
        lo = hi = form.const
        for atom, factor in form.terms.items():
            ends = factor * self.lo[atom], factor * self.hi[atom]
            lo, hi = lo + min(ends), hi + max(ends)
        return lo, hi

    def cut(self, forms: Iterable[Form]) -> None:
        """Take the atoms of proven forms as variables from now on."""
        for form in forms:
            self._cut.update(form.terms)

    # Functions of one variable

    def variable(self, atom: int) -> int:
        """Return the variable that an atom is a function of; itself where there is none."""
        if atom in self._cut:
            return atom
        if atom in self._tables:
            return self._tables[atom][0]
        if atom in self._floors:
            return self.of(self._floors[atom][0])[0]
        return atom

    def of(self, form: Form) -> tuple[int, int, int]:
        """Return a form as ``factor * variable + constant``; a sum becomes a variable.

        Where all atoms are functions of one variable it is that one, and the factor is 0.
        """
        atoms = list(form.terms)
        if len(atoms) == 1 and self.variable(atoms[0]) == atoms[0]:
            return atoms[0], form.terms[atoms[0]], form.const
        common = {self.variable(atom) for atom in atoms}
        if len(common) == 1:
            return common.pop(), 0, 0
        factor = math.gcd(*form.terms.values())
        if form.terms[min(atoms)] < 0:
            factor = -factor
        whole = Form(0, {a: c // factor for a, c in form.terms.items()})
        found = self.atom(("sum", whole.key()), *self.interval(whole))
        self._sums[found] = whole
        return found, factor, form.const

    def meaning(self, variable: int) -> Form:
        """Return a variable as a form."""
        return self._sums.get(variable, Form(0, {variable: 1}))

    def _steps(self, atom: int, variable: int) -> Steps:
        """Return an atom as a function of its variable."""
        if atom == variable:
            return self._every(variable)
        if atom in self._tables:
            return self._tables[atom][1]
        form, shift = self._floors[atom]
        inner = self.steps(form, variable)
        return Steps.of(inner.starts, inner.values >> shift)

    def _narrow(self, form: Form) -> None:
        """Refuse a form beyond machine words."""
        lo, hi = self.interval(form)
        if max(-lo, hi) >= 1 << 61:
            raise Unproven(f"a function of integers from {lo} to {hi} is too wide")

    def _every(self, variable: int) -> Steps:
        lo, hi = self.lo[variable], self.hi[variable]
        if hi - lo >= MOST:
            raise Unproven(f"a function of {hi - lo + 1} integers is too wide")
        points = np.arange(lo, hi + 1, dtype=np.int64)
        return Steps(points, points)

    def steps(self, form: Form, variable: int) -> Steps:
        """Return a form as a function of a variable."""
        self._narrow(form)
        found, factor, constant = self.of(form)
        assert found == variable
        if factor:
            every = self._every(variable)
            return Steps(every.starts, factor * every.values + constant)
        parts = [(self._steps(atom, variable), c) for atom, c in form.terms.items()]
        if len(parts) == 1:
            part, c = parts[0]
            return Steps(part.starts, form.const + c * part.values)
        starts = np.unique(np.concatenate([part.starts for part, _ in parts]))
        values = np.full(starts.shape, form.const, np.int64)
        for part, c in parts:
            values += c * part.at(starts)
        return Steps.of(starts, values)

    def function(self, variable: int, steps: Steps) -> Form:
        """Return a function of a variable as a form: a constant, linear, or one atom."""
        steps = Steps.of(steps.starts, steps.values)
        values, size = steps.values, self.hi[variable] - self.lo[variable] + 1
        self.points += size
        if len(values) == 1:
            return Form(int(values[0]))
        jumps = np.diff(values)
        if len(values) == size and (jumps == jumps[0]).all():
            slope = int(jumps[0])
            return (
                self.meaning(variable)
                .times(slope)
                .plus(Form(int(values[0]) - slope * self.lo[variable]))
            )
        factor = int(np.gcd.reduce(jumps))
        factor = -factor if jumps[0] < 0 else factor
        least = int(values.min() if factor > 0 else values.max())
        plain = (values - least) // factor
        digest = hashlib.sha256(steps.starts.tobytes() + plain.tobytes()).digest()
        found = self.atom(("table", variable, digest), 0, int(plain.max()))
        self._tables[found] = variable, Steps(steps.starts, plain)
        return Form(least, {found: factor})

    def through(self, steps: Steps, form: Form) -> Form:
        """Return a function of integers, applied to a form whose interval it covers."""
        if not form.terms:
            return Form(int(steps.at(np.array([form.const]))[0]))
        self._narrow(form)
        variable, factor, constant = self.of(form)
        if not factor:
            inner = self.steps(form, variable)
            return self.function(variable, Steps(inner.starts, steps.at(inner.values)))
        lo, hi = self.lo[variable], self.hi[variable]
        if factor > 0:  # the first x with factor * x + constant >= start
            starts = -((constant - steps.starts) // factor)
            values = steps.values
        else:  # pieces in falling order; each begins behind the last x of the one above it
            ends = np.concatenate([steps.starts[1:], [factor * lo + constant + 1]])
            starts = (-(ends[::-1] - 1 - constant) + (-factor - 1)) // -factor
            values = steps.values[::-1]
        starts = np.maximum(starts, lo)
        # Of pieces that begin at one place, all but the last are empty.
        kept = (starts <= hi) & np.concatenate([starts[1:] > starts[:-1], [True]])
        return self.function(variable, Steps.of(starts[kept], values[kept]))

    def joined(self, run: Callable[..., Ints], forms: Sequence[Form]) -> Form:
        """Return a function of several forms, computed at every value they can have together.

        Raises:
            Unproven: there are too many.
        """
        moving = [form for form in forms if form.terms]
        if not moving:
            found = run(*(np.array([form.const]) for form in forms))
            return Form(int(found[0]))
        variables = {self.of(form)[0] for form in moving}
        if len(variables) == 1:
            variable = variables.pop()
            some = [self.steps(form, variable) for form in moving]
            starts = np.unique(np.concatenate([one.starts for one in some]))
            ins = [self.steps(f, variable).at(starts) if f.terms else f.const for f in forms]
            full = [np.broadcast_to(np.asarray(x, np.int64), starts.shape) for x in ins]
            return self.function(variable, Steps(starts, np.asarray(run(*full), np.int64)))
        # One number that holds them all, digit beside digit.
        word, radix, digits = Form(), 1, list[tuple[int, int, int]]()
        known: dict[object, int] = {}
        for form in sorted(moving, key=lambda f: (f.key(), f.const)):
            if (form.key(), form.const) not in known:
                lo, hi = self.interval(form)
                known[form.key(), form.const] = len(digits)
                digits.append((radix, hi - lo + 1, lo))
                word = word.plus(form, radix).plus(Form(lo * radix), -1)
                radix *= hi - lo + 1
        if radix > MOST:
            raise Unproven(
                f"a function of {count_of(len(digits), 'value')} is too wide: {radix} cases"
            )
        points = np.arange(radix, dtype=np.int64)
        full = []
        for form in forms:
            if form.terms:
                place, size, lo = digits[known[form.key(), form.const]]
                full.append(points // place % size + lo)
            else:
                full.append(np.full(radix, form.const, np.int64))
        steps = Steps.of(points, np.asarray(run(*full), np.int64))
        return self.through(steps, word)

    def gathered(self, form: Form) -> Form:
        """Return a form in which functions of one variable are one function."""
        result = form
        while True:
            groups: dict[int, list[int]] = {}
            for atom in result.terms:
                groups.setdefault(self.variable(atom), []).append(atom)
            before = result
            for variable, atoms in groups.items():
                wide = self.hi[variable] - self.lo[variable] >= _FEW
                if len(atoms) > 1 and not (wide and variable in atoms):
                    part = Form(0, {atom: before.terms[atom] for atom in atoms})
                    one = self.function(variable, self.steps(part, variable))
                    result = result.plus(part, -1).plus(one)
            if result is before or result.same(before):
                return result

    # Other atoms

    def floor(self, form: Form, shift: int) -> Form:
        """Return ``form >> shift``, rounded down."""
        step = 1 << shift
        if shift == 0:
            return form
        whole = {a: c >> shift for a, c in form.terms.items() if c % step == 0}
        outside = Form(form.const >> shift, whole)
        rest = Form(form.const % step, {a: c for a, c in form.terms.items() if c % step})
        lo, hi = self.interval(rest)
        if lo >> shift == hi >> shift:
            return outside.plus(Form(lo >> shift))
        # floor((floor(L / 2**a) + S) / 2**b) is floor((L + S * 2**a) / 2**(a + b)).
        inner = [a for a, c in rest.terms.items() if c == 1 and a in self._floors]
        if len(inner) == 1:
            held, before = self._floors[inner[0]]
            others = rest.plus(Form(0, {inner[0]: 1}), -1)
            return outside.plus(self.floor(held.plus(others, 1 << before), shift + before))
        found = self.atom(("floor", rest.key(), rest.const, shift), lo >> shift, hi >> shift)
        self._floors[found] = rest, shift
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
                result = result.plus(Form(0, {found: left * right}))
        return result

    def largest(self, forms: Sequence[Form]) -> Form:
        """Return the maximum of some forms."""
        flat: list[Form] = []
        for form in forms:
            held = self._largest.get(next(iter(form.terms), -1))
            if held is not None and list(form.terms.values()) == [1]:
                flat += [one.plus(Form(form.const)) for one in held]
            else:
                flat.append(form)
        least = max(self.interval(form)[0] for form in flat)
        flat = [form for form in flat if self.interval(form)[1] > least] or [Form(least)]
        known = {(form.key(), form.const): form for form in flat}
        if len(known) == 1 and self.interval(flat[0])[0] >= least:
            return flat[0]
        if all(self.interval(form)[0] < least for form in known.values()):
            known[(), least] = Form(least)
        common = min(form.const for form in known.values())
        order = [known[key].plus(Form(-common)) for key in sorted(known)]
        if len({self.of(form)[0] for form in order if form.terms}) == 1:
            try:
                return self.joined(lambda *x: np.maximum.reduce(x), order).plus(Form(common))
            except Unproven:
                pass
        ends = [self.interval(form) for form in order]
        key = tuple((form.key(), form.const) for form in order)
        found = self.atom(("largest", key), max(e[0] for e in ends), max(e[1] for e in ends))
        self._largest[found] = tuple(order)
        return Form(common, {found: 1})

    def is_cut(self, atom: int) -> bool:
        """Tell whether an atom is proven, and so a variable."""
        return atom in self._cut

    def below(self, atom: int) -> list[int]:
        """Return the atoms that an atom is made of; none where it is made of nothing."""
        if atom in self._tables:
            return list(self.meaning(self._tables[atom][0]).terms)
        if atom in self._floors:
            return list(self._floors[atom][0].terms)
        if atom in self._largest:
            return list({a for form in self._largest[atom] for a in form.terms})
        return list(self._products.get(atom, ()))

    def value(self, atom: int, places: Mapping[int, Ints]) -> Ints:
        """Return the values of an atom, given those of the atoms that it is made of in the end."""
        if atom in places:
            return places[atom]
        if atom in self._tables:
            variable, steps = self._tables[atom]
            return steps.at(self.sum(self.meaning(variable), places))
        if atom in self._floors:
            form, shift = self._floors[atom]
            return self.sum(form, places) >> shift
        if atom in self._largest:
            every = [self.sum(form, places) for form in self._largest[atom]]
            largest: Ints = np.maximum.reduce(every)
            return largest
        one, two = self._products[atom]
        return self.value(one, places) * self.value(two, places)

    def sum(self, form: Form, places: Mapping[int, Ints]) -> Ints:
        """Return the values of a form, as `value` does."""
        total = np.full(next(iter(places.values())).shape, form.const, np.int64)
        for atom, factor in form.terms.items():
            total = total + factor * self.value(atom, places)
        return total
