# SPDX-License-Identifier: Apache-2.0
"""Equality of forms that were not made by the same steps, by trying every value."""

from __future__ import annotations

import math

import numpy as np

from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.steps import MOST, Ints
from hwgen.verify.prove.weights import compared

_ONCE = 1 << 16  # points at a time


def constant(space: Space, form: Form) -> int | None:
    """Return what a form is equal to everywhere; None where that varies or is not known.

    Groups of atoms that share no variable are tried at every value of what they depend on, as
    far as there are few; proven values are variables here.
    """
    form = space.gathered(compared(space, space.gathered(form)))
    groups: list[tuple[set[int], list[int]]] = []
    for atom in form.terms:
        roots, atoms = _roots(space, atom), [atom]
        if roots is None:
            return None
        for other in [g for g in groups if g[0] & roots]:
            groups.remove(other)
            roots, atoms = roots | other[0], atoms + other[1]
        groups.append((roots, atoms))
    total = form.const
    for roots, atoms in groups:
        size = math.prod(space.hi[root] - space.lo[root] + 1 for root in roots)
        if size > MOST >> 2:
            return None
        part = Form(0, {atom: form.terms[atom] for atom in atoms})
        found: int | None = None
        for first in range(0, size, _ONCE):
            places: dict[int, Ints] = {}
            step, points = 1, np.arange(first, min(first + _ONCE, size), dtype=np.int64)
            for root in sorted(roots):
                count = space.hi[root] - space.lo[root] + 1
                places[root] = points // step % count + space.lo[root]
                step *= count
            space.points += len(points)
            values = space.sum(part, places)
            found = int(values[0]) if found is None else found
            if (values != found).any():
                return None
        total += found or 0
    return total


def _roots(space: Space, atom: int) -> set[int] | None:
    """Return the atoms that an atom is made of in the end; None where those are many."""
    roots, seen, waiting, size = set[int](), {atom}, [atom], 1
    while waiting:
        one = waiting.pop()
        below = [] if space.is_cut(one) else space.below(one)
        if not below:
            roots.add(one)
            size *= space.hi[one] - space.lo[one] + 1
            if size > MOST >> 2:
                return None
        waiting += [other for other in below if other not in seen]
        seen.update(below)
    return roots
