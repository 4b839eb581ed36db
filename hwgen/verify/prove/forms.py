# SPDX-License-Identifier: Apache-2.0
"""Forms: exact integers as sums of coefficients times atoms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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

    def modulo(self, bits: int) -> Form:
        """Return this form without what a word of so many bits cannot hold."""
        size = 1 << bits
        return Form(self.const % size, {a: c for a, c in self.terms.items() if c % size})

    def times(self, factor: int) -> Form:
        """Return a multiple of this form."""
        if factor == 0:
            return Form()
        return Form(self.const * factor, {a: c * factor for a, c in self.terms.items()})


def half_even(x: Any, shift: int) -> Any:
    """Return integers over ``2 ** shift``, rounded half to even."""
    return (x + (1 << (shift - 1)) - 1 + ((x >> shift) & 1)) >> shift
