# SPDX-License-Identifier: Apache-2.0
"""Atoms of a proof: integers within known intervals, of which forms are sums.

An atom stands for an element of the network's input, a step function of one variable, a quotient
rounded down or to even, a product, a maximum, or a bit of a sum. Equal functions of equal
variables are one atom, so two computations that are equal by the same steps have equal forms.
A variable is an atom, or a sum of several atoms of which a function is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hwgen.verify.prove.forms import Form, half_even
from hwgen.verify.prove.steps import NO_STEPS, Ints, Steps

_TRIED = 8  # bits of which products are tried at every value


@dataclass(frozen=True, eq=False)
class Made:
    """Making of an atom.

    Attributes:
        kind: ``table``, ``floor``, ``rounded``, ``bit``, ``largest``, ``product`` or ``input``.
        forms: what it is a function of; of a product two, of a maximum several.
        shift: bits that are dropped; of a bit of a sum, its place.
        steps: of a table.
    """

    kind: str
    forms: tuple[Form, ...]
    shift: int = 0
    steps: Steps = NO_STEPS


class Atoms:
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
        self._rounds: dict[int, tuple[Form, int]] = {}
        self._products: dict[int, tuple[int, int]] = {}
        self._largest: dict[int, tuple[Form, ...]] = {}
        self._cut: set[int] = set()
        self._variables: dict[int, int] = {}  # of floors, until something is cut
        self._digits: dict[int, tuple[Form, int, int]] = {}  # sum, its bits, and which
        self._free: set[int] = set()  # carries of which only the sum of two is known
        self._carried: set[int] = set()  # of a comparison of a heap, by its tables
        self._factors: dict[int, frozenset[int]] = {}  # of products of bits
        self._noted: dict[int, list[tuple[Form, Form]]] = {}  # their sums, in two ways
        self._ends: dict[tuple[tuple[int, int], ...], tuple[int, int]] = {}  # of their sums
        self.points = 0  # how many values functions were compared at

    def atom(self, key: object, lo: int, hi: int) -> int:
        """Return the atom of a key, which is new with this interval."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.lo)
            self.lo.append(lo)
            self.hi.append(hi)
        return found

    def known(self, key: object) -> int | None:
        """Return the atom of a key; None where there is none yet."""
        return self._known.get(key)

    def input(self, name: str, lo: int, hi: int) -> Form:
        """Return an element of the network's input."""
        atom = self.atom(("input", name), lo, hi)
        self.names[atom] = name
        return Form(lo) if lo == hi else Form(0, {atom: 1})

    def digit(self, of: Form, width: int, place: int) -> Form:
        """Return a bit of a sum in a word of so many bits."""
        atom = self.atom(("bit", of.key(), of.const % (1 << width), width, place), 0, 1)
        self._digits[atom] = of, width, place
        return Form(0, {atom: 1})

    def digits(self, form: Form) -> bool:
        """Tell whether a form has bits of sums among its atoms."""
        return not self._digits.keys().isdisjoint(form.terms)

    def free(self, key: object) -> Form:
        """Return a bit of which nothing is known."""
        atom = self.atom(key, 0, 1)
        self._free.add(atom)
        return Form(0, {atom: 1})

    def bits_in(self, form: Form) -> Form:
        """Return the part of a form that is bits of sums, or free bits."""
        held = {a: c for a, c in form.terms.items() if a in self._digits or a in self._free}
        return Form(0, held)

    def is_bit(self, atom: int) -> bool:
        """Tell whether an atom is 0 or 1."""
        return self.lo[atom] == 0 and self.hi[atom] == 1

    def factors(self, atom: int) -> frozenset[int]:
        """Return the bits that a bit is the product of; itself where it is none."""
        return self._factors.get(atom) or frozenset((atom,))

    def within(self, form: Form, lo: int, hi: int) -> Form:
        """Return a form that is known to be within an interval, and note that of its atom."""
        if lo == hi:
            return Form(lo)
        if form.const == 0 and list(form.terms.values()) == [1]:
            (atom,) = form.terms
            self.lo[atom], self.hi[atom] = max(self.lo[atom], lo), min(self.hi[atom], hi)
            if self.lo[atom] == self.hi[atom]:
                return Form(self.lo[atom])
        return form

    def interval(self, form: Form) -> tuple[int, int]:
        """Return the interval of a form: exact, if its atoms are independent but for products."""
        terms = form.terms
        lo = hi = form.const
        groups = self._groups([a for a in terms if a in self._factors])
        apart = {atom for group in groups for atom in group}
        for group in groups:
            least, most = self._tried(tuple((a, terms[a]) for a in group if a in terms))
            lo, hi = lo + least, hi + most
        for atom, factor in terms.items():
            if atom in apart:
                continue
            if factor > 0:
                lo, hi = lo + factor * self.lo[atom], hi + factor * self.hi[atom]
            else:
                lo, hi = lo + factor * self.hi[atom], hi + factor * self.lo[atom]
        return lo, hi

    def _groups(self, products: Sequence[int]) -> list[list[int]]:
        """Return products of bits and those bits, together what shares a bit."""
        groups: list[list[int]] = []
        held: list[frozenset[int]] = []  # bits of a group
        at: dict[int, int] = {}  # group of a bit
        for atom in sorted(products, key=lambda one: -len(self._factors[one])):
            bits = self._factors[atom]
            first = at.get(next(iter(bits)), -1)
            if first >= 0 and bits <= held[first]:
                groups[first].append(atom)
                continue
            found = sorted({at[bit] for bit in bits if bit in at})
            first = len(groups)
            groups.append([atom, *(bit for bit in bits if bit not in at)])
            for other in found:
                groups[first] += groups[other]
                bits |= held[other]
                groups[other] = []
            held.append(bits)
            at.update(dict.fromkeys(bits, first))
        return [group for group in groups if group]

    def _tried(self, terms: tuple[tuple[int, int], ...]) -> tuple[int, int]:
        """Return the interval of a sum of products of the same bits, if those are few."""
        if terms in self._ends:
            return self._ends[terms]
        bits = sorted(frozenset().union(*(self.factors(atom) for atom, _ in terms)))
        if len(bits) > _TRIED:
            ends = [(c * self.lo[a], c * self.hi[a]) for a, c in terms]
            found = sum(min(end) for end in ends), sum(max(end) for end in ends)
        else:
            points, at = np.arange(1 << len(bits)), {bit: i for i, bit in enumerate(bits)}
            total = 0 * points
            for atom, factor in terms:
                mask = sum(1 << at[bit] for bit in self.factors(atom))
                total += factor * ((points & mask) == mask)
            found = int(total.min()), int(total.max())
        self._ends[terms] = found
        return found

    def cut(self, forms: Iterable[Form]) -> None:
        """Take the atoms of proven forms as variables from now on."""
        for form in forms:
            self._cut.update(form.terms)
        self._variables.clear()

    def is_cut(self, atom: int) -> bool:
        """Tell whether an atom is proven, and so a variable."""
        return atom in self._cut

    def meaning(self, variable: int) -> Form:
        """Return a variable as a form."""
        return self._sums.get(variable, Form(0, {variable: 1}))

    def made_of(self, atom: int) -> Made:
        """Return what an atom is made of; of kind ``input`` where it is made of nothing."""
        if atom in self._tables:
            variable, steps = self._tables[atom]
            return Made("table", (self.meaning(variable),), steps=steps)
        for kind, held in (("floor", self._floors), ("rounded", self._rounds)):
            if atom in held:
                form, shift = held[atom]
                return Made(kind, (form,), shift)
        if atom in self._digits:
            form, _, place = self._digits[atom]
            return Made("bit", (form,), place)
        if atom in self._largest:
            return Made("largest", self._largest[atom])
        if atom in self._products:
            return Made("product", tuple(Form(0, {a: 1}) for a in self._products[atom]))
        return Made("input", ())

    def below(self, atom: int) -> set[int]:
        """Return the atoms that an atom is made of; none where it is made of nothing."""
        return {a for form in self.made_of(atom).forms for a in form.terms}

    def value(self, atom: int, places: dict[int, Ints]) -> Ints:
        """Return the values of an atom, given those of the atoms that it is made of in the end.

        They are entered into *places*, too.
        """
        if atom not in places:
            places[atom] = self._value(atom, places)
        return places[atom]

    def _value(self, atom: int, places: dict[int, Ints]) -> Ints:
        made = self.made_of(atom)
        ins = [self.sum(form, places) for form in made.forms]
        match made.kind:
            case "table":
                return made.steps.at(ins[0])
            case "floor":
                return ins[0] >> made.shift
            case "rounded":
                found: Ints = half_even(ins[0], made.shift)
                return found
            case "bit":
                return (ins[0] >> made.shift) & 1
            case "largest":
                largest: Ints = np.maximum.reduce(ins)
                return largest
            case _:
                return ins[0] * ins[1]

    def sum(self, form: Form, places: dict[int, Ints]) -> Ints:
        """Return the values of a form, as `value` does."""
        total = np.full(next(iter(places.values())).shape, form.const, np.int64)
        for atom, factor in form.terms.items():
            total = total + factor * self.value(atom, places)
        return total
