# SPDX-License-Identifier: Apache-2.0
"""Functions of forms: each becomes a form of atoms again, the same one for equal functions."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence

import numpy as np

from hwgen.errors import Unproven, count_of
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.quotients import Quotients
from hwgen.verify.prove.steps import MOST, STEPS, Ints, Steps, halved

_FEW = 1 << 20  # values of a variable that is added to functions of it


class Space(Quotients):
    """Atoms of one proof, and the functions that make them."""

    def mixed(self, form: Form) -> bool:
        """Tell whether a form is no function of one variable that can be tabulated."""
        variables = {self.variable(atom) for atom in form.terms}
        if len(variables) != 1:
            return len(variables) > 1
        (variable,) = variables
        return self.hi[variable] - self.lo[variable] >= MOST

    def loose(self, form: Form) -> bool:
        """Tell whether bits of a form are to be followed one by one, as parts of a heap."""
        carried = self._carried.intersection(form.terms)
        return self.mixed(form) or not carried <= self._cut

    # Functions of one variable

    def variable(self, atom: int) -> int:
        """Return the variable that an atom is a function of; itself where there is none."""
        if atom in self._cut:
            return atom
        if atom in self._tables:
            return self._tables[atom][0]
        if atom in self._floors:
            if atom not in self._variables:
                self._variables[atom] = self.of(self._floors[atom][0])[0]
            return self._variables[atom]
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
        key = ("sum", whole.key())
        found = self.known(key)
        if found is None:
            found = self.atom(key, *self.interval(whole))
            self._sums[found] = whole
        return found, factor, form.const

    def _steps(self, atom: int, variable: int) -> Steps:
        """Return an atom as a function of its variable."""
        if atom == variable:
            return self._every(variable)
        if atom in self._tables:
            return self._tables[atom][1]
        form, shift = self._floors[atom]
        _, factor, constant = self.of(form)
        lo, hi = self.lo[variable], self.hi[variable]
        if factor and hi - lo >= MOST:
            found = halved(lambda x: (factor * x + constant) >> shift, lo, hi)
            if found is None:
                raise Unproven(f"a function of {hi - lo + 1} integers has too many steps")
            return found
        inner = self.steps(form, variable)
        return Steps.of(inner.starts, inner.values >> shift)

    def _sparse(self, atom: int) -> bool:
        """Tell whether an atom has few steps over its variable, however wide that is."""
        return atom in self._tables or (
            atom in self._floors and self.hi[atom] - self.lo[atom] <= STEPS
        )

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
        if variable in self._sums:
            form = self._of_one_sum(form)
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
        forms = [self._of_one_sum(form) for form in forms]
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
        # One number that holds them all, digit beside digit; a function is one atom in it.
        forms = [self.one(form) for form in forms]
        moving = [form for form in forms if form.terms]
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

    def one(self, form: Form) -> Form:
        """Return a form as one atom where it is a function of a variable of few values."""
        if not form.terms or self.mixed(form):
            return form
        variable, factor, _ = self.of(form)
        return form if factor else self.function(variable, self.steps(form, variable))

    def gathered(self, form: Form) -> Form:
        """Return a form in which functions of one variable are one function."""
        result = form
        while True:
            groups: dict[int, list[int]] = {}
            for atom in result.terms:
                groups.setdefault(self.variable(atom), []).append(atom)
            before = result
            for variable, atoms in groups.items():
                size = self.hi[variable] - self.lo[variable]
                wide = size >= _FEW and variable in atoms
                wide = wide or (size >= MOST and not all(map(self._sparse, atoms)))
                if len(atoms) > 1 and not wide:
                    part = Form(0, {atom: before.terms[atom] for atom in atoms})
                    one = self.function(variable, self.steps(part, variable))
                    result = result.plus(part, -1).plus(one)
            if result is before or result.same(before):
                return result

    def _of_one_sum(self, form: Form) -> Form:
        """Return a form of bits of one sum as a function of that sum; others as they are.

        A quotient has lost what it does not depend on, the multiples of its divisor, so that the
        quotients of one sum look as if they were of several.
        """
        for variable in sorted({self.variable(atom) for atom in form.terms} & self._sums.keys()):
            whole = self._sums[variable]
            if self.hi[variable] - self.lo[variable] < MOST:
                atom = next(iter(whole.terms))
                times = form.terms.get(atom, 0) // whole.terms[atom]
                left = form.plus(whole, -times)
                if not left.terms:
                    return form
                if all(self.variable(one) == variable for one in left.terms):
                    every, rest = self._every(variable), self.steps(left, variable)
                    values = times * every.values + rest.at(every.starts)
                    return self.function(variable, Steps(every.starts, values))
        floors = [atom for atom in form.terms if atom in self._floors]
        if not floors:
            return form
        whole = max((self._floors[a] for a in floors), key=lambda f: (len(f[0].terms), f[1]))[0]
        lo, hi = self.interval(whole)
        if hi - lo >= MOST or not self.mixed(whole):
            return form
        left, parts = form, list[tuple[int, int]]()
        for atom in floors:
            of, shift = self._floors[atom]
            apart, step = whole.plus(of, -1), 1 << shift
            if apart.const % step == 0 and not any(c % step for c in apart.terms.values()):
                factor = form.terms[atom]
                lost = Form(apart.const >> shift, {a: c >> shift for a, c in apart.terms.items()})
                left = left.plus(Form(0, {atom: 1}), -factor).plus(lost, -factor)
                parts.append((shift, factor))
        atom = next(iter(whole.terms))
        times = left.terms.get(atom, 0) // whole.terms[atom]
        left = left.plus(whole, -times)
        if left.terms:
            return form
        variable, factor, constant = self.of(whole)
        points = self._every(variable).starts
        x = factor * points + constant
        values = times * x + sum(c * (x >> shift) for shift, c in parts)
        return self.function(variable, Steps(points, values)).plus(left)

    # Other atoms

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
