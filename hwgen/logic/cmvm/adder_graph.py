# SPDX-License-Identifier: Apache-2.0
"""A finished adder graph for one matrix: steps with exact intervals, proven to be the matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.logic.carry import Operand, carry_positions
from hwgen.logic.cmvm.problem import CONST, NONE, Solution

Vector = npt.NDArray[Any]
# Operand, left shift, subtracted. Operand i is input i or step ``i - n_in``; -1 - k is constant k.
Part = tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class Step:
    """A sum of two or three shifted operands, the first of them added, with its exact interval."""

    parts: tuple[Part, ...]
    lo: int
    hi: int
    positions: int  # of its carry chain


@dataclass(frozen=True)
class AdderGraph:
    """An adder graph for one matrix.

    Attributes:
        n_in: number of inputs.
        consts: the constants that steps and outputs use.
        steps: in order of evaluation.
        outputs: operand and left shift of every output.
    """

    n_in: int
    consts: tuple[int, ...]
    steps: tuple[Step, ...]
    outputs: tuple[tuple[int, int], ...]

    @property
    def adders(self) -> int:
        """Number of adders."""
        return len(self.steps)

    @property
    def bits(self) -> int:
        """Carry positions over all adders: the look-up tables it takes."""
        return sum(step.positions for step in self.steps)

    @property
    def depth(self) -> int:
        """Adders on the longest path."""
        depth = [0] * self.n_in
        for step in self.steps:
            depth.append(1 + max(depth[i] if i >= 0 else 0 for i, _, _ in step.parts))
        return max((depth[i] for i, _ in self.outputs if i >= 0), default=0)

    def over(self, lo: Sequence[int], hi: Sequence[int]) -> AdderGraph:
        """Return the same steps with the exact intervals that other ones of the inputs give."""
        table = [
            np.array([int(i == k) for i in range(self.n_in + 1)], object) for k in range(self.n_in)
        ]
        one = np.array([0] * self.n_in + [1], object)
        low, high = np.array([*lo, 1], object), np.array([*hi, 1], object)
        steps = []
        for step in self.steps:
            total = one * 0
            for i, shift, sub in step.parts:
                value = table[i] if i >= 0 else one * self.consts[-1 - i]
                total = total + value * (-(1 << shift) if sub else 1 << shift)
            table.append(total)
            ends = np.where(total > 0, low, high), np.where(total > 0, high, low)
            steps.append(replace(step, lo=int(total @ ends[0]), hi=int(total @ ends[1])))
        return replace(self, steps=tuple(steps))

    def matrix(self) -> tuple[Vector, Vector]:
        """Recompute ``(weight, bias)`` from the steps alone, in Python integers."""
        size = self.n_in + 1
        table = [np.array([int(i == k) for i in range(size)], object) for k in range(self.n_in)]
        ones = np.array([0] * self.n_in + [1], object)

        def value(i: int) -> Vector:
            return table[i] if i >= 0 else ones * self.consts[-1 - i]

        for step in self.steps:
            total = ones * 0
            for i, shift, negative in step.parts:
                total = total + value(i) * (-(1 << shift) if negative else 1 << shift)
            table.append(total)
        out = np.array([value(i) * (1 << shift) for i, shift in self.outputs], object)
        out = out.reshape(len(self.outputs), size)
        return out[:, :-1].T, out[:, -1]


class Maker:
    """Maker of adder graphs: collects steps; equal ones become one.

    Args:
        lo, hi: intervals of the inputs.
        peak: a bound on the magnitude of every value.
    """

    def __init__(self, lo: Sequence[int], hi: Sequence[int], peak: int) -> None:
        self.n_in = len(lo)
        dtype: Any = np.int64 if peak < 1 << 58 else object
        self.span = np.array([h - low for low, h in zip(lo, hi, strict=True)], dtype)
        self.middle = np.array([h + low for low, h in zip(lo, hi, strict=True)] + [2], dtype)
        self.forms: list[Vector] = list(
            np.eye(self.n_in, self.n_in + 1, dtype=np.int64).astype(dtype)
        )
        self.bounds = list(zip(lo, hi, strict=True))
        self.steps: list[Step] = []
        self.consts: dict[int, int] = {}
        self.seen: dict[tuple[Part, ...], int] = {}

    def const(self, value: int) -> int:
        """Return the operand for a constant."""
        return -1 - self.consts.setdefault(value, len(self.consts))

    def form(self, i: int) -> Vector:
        """Return coefficients and constant of an operand."""
        if i >= 0:
            return self.forms[i]
        value = np.zeros(self.n_in + 1, self.middle.dtype)
        value[-1] = list(self.consts)[-1 - i]
        return value

    def _range(self, i: int) -> tuple[int, int]:
        if i >= 0:
            return self.bounds[i]
        value = list(self.consts)[-1 - i]
        return value, value

    def add(self, parts: Sequence[Part], arity: int) -> int:
        """Return the operand that sums *parts*; a sum of negative ones alone is turned after it."""
        if all(negative for *_, negative in parts):
            zero = (self.const(0), 0, False)
            if len(parts) < arity:
                return self.add([zero, *parts], arity)
            total = self.add([(i, shift, False) for i, shift, _ in parts], arity)
            return self.add([zero, (total, 0, True)], arity)
        key = tuple(sorted(parts, key=lambda part: (part[2], part[0], part[1])))
        if key not in self.seen:
            form = self.form(key[0][0]) << key[0][1]
            for i, shift, negative in key[1:]:
                term = self.form(i) << shift
                form = form - term if negative else form + term
            middle, radius = int(form @ self.middle), int(abs(form[:-1]) @ self.span)
            lo, hi = (middle - radius) // 2, (middle + radius) // 2
            operands = [Operand(*self._range(i), shift, negative) for i, shift, negative in key]
            self.seen[key] = self.n_in + len(self.steps)
            self.steps.append(Step(key, lo, hi, carry_positions(operands, lo, hi)))
            self.forms.append(form)
            self.bounds.append((lo, hi))
        return self.seen[key]

    def extend(
        self, solution: Solution, inputs: Sequence[tuple[int, int]], arity: int
    ) -> list[tuple[int, int]]:
        """Add a solution's adders on *inputs* (operand, shift); return its rows likewise."""
        made = [(i, shift, False) for i, shift in inputs]

        def part(signal: int, shift: int, sign: int) -> Part:
            if signal == NONE:
                return self.const(0), 0, False
            if signal <= CONST:
                return self.const(solution.constants[CONST - signal]), shift, sign < 0
            at, low, turned = made[signal]
            return at, shift + low, turned != (sign < 0)

        for terms in solution.adders:
            parts = [part(*term) for term in terms]
            low = min(shift for _, shift, _ in parts)
            total = self.add([(i, shift - low, neg) for i, shift, neg in parts], arity)
            made.append((total, low, False))
        rows = []
        for term in solution.results:
            i, shift, negative = part(*term)
            if negative:
                i = self.add([(i, 0, True)], arity)
            rows.append((i, shift))
        return rows

    def plan(self, outputs: Sequence[tuple[int, int]]) -> AdderGraph:
        """Return the plan; steps that no output needs are left out."""
        wanted = {i for i, _ in outputs if i >= 0}
        for number in range(self.n_in + len(self.steps) - 1, self.n_in - 1, -1):
            if number in wanted:
                wanted.update(i for i, *_ in self.steps[number - self.n_in].parts if i >= 0)
        kept = [i for i in range(self.n_in, self.n_in + len(self.steps)) if i in wanted]
        new = {old: self.n_in + at for at, old in enumerate(kept)}
        steps = []
        for old in kept:
            step = self.steps[old - self.n_in]
            parts = tuple((new.get(i, i), shift, negative) for i, shift, negative in step.parts)
            steps.append(Step(parts, step.lo, step.hi, step.positions))
        return AdderGraph(
            self.n_in,
            tuple(self.consts),
            tuple(steps),
            tuple((new.get(i, i), shift) for i, shift in outputs),
        )

    def check(self, outputs: Sequence[tuple[int, int]], weight: Vector, bias: Vector) -> None:
        """Assert that the outputs' forms are the matrix and the bias."""
        for j, (i, shift) in enumerate(outputs):
            form = self.form(i) << shift
            assert np.array_equal(form[:-1], weight[:, j]), "adder graph is not the matrix"
            assert form[-1] == bias[j], "adder graph has a wrong bias"
