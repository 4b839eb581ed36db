# SPDX-License-Identifier: Apache-2.0
"""Hand-written units in a proof: what a unit's text computes, held against what it is for.

A unit of one input is computed from its text at everything its input can be. `hwg_max` and
`hwg_chain` are taken for what their headers say after a solver has found their text equal to it,
`hwg_delay` and `hwg_valid` after it followed their registers through every cycle from any state.
All other units are walked into like a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hwgen.errors import Unproven
from hwgen.verify.prove import headers, solver, wide
from hwgen.verify.prove.arrays import Arrays, Pattern, number
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.steps import MOST, Ints, Steps, tabulated
from hwgen.verify.prove.syntax import integer, parameters, ports
from hwgen.verify.prove.walk import Value, Walk
from hwgen.verify.prove.words import Word, Words, meet

ONE_INPUT = ("hwg_requant", "hwg_thresholds", "hwg_table", "hwg_table_pair", "hwg_constants")
_FULL = 22  # an input of so many bits is computed whole, once for all instances


class Units:
    """Units of one design.

    Attributes:
        kinds: how many instances of each were met.
    """

    def __init__(self, words: Words) -> None:
        self.words = words
        self.kinds: dict[str, int] = {}
        self._functions: dict[object, tuple[int, int, Steps]] = {}
        self._right: set[object] = set()

    def __call__(self, walk: Walk[Word], instance: Any) -> Mapping[str, Value[Word]] | None:
        """Return what leaves a unit; None of what is walked into."""
        name = instance.definition.name
        self.kinds[name] = self.kinds.get(name, 0) + 1
        inputs = {
            c.port.name: c.expression for c in instance.portConnections if c.expression is not None
            and c.port.direction.name == "In"
        }  # fmt: skip

        def read(port: str) -> Word:
            return walk.whole(walk.expression(inputs[port]))

        key = (name, parameters(instance))
        params = {p.name: integer(p.value) for p in instance.body.parameters}
        if name in ONE_INPUT:
            (port,) = inputs
            signed = bool(params.get("InSigned", 0))
            word = self.words.exact(read(port), signed)
            (out,) = (p for p in ports(instance).values() if p.name not in inputs)
            if word.width > _FULL and word.hi - word.lo >= MOST:
                return {out.name: [self._wide(instance, word, out.type.bitWidth)]}
            steps, word = self._function(key, instance, port, word, signed)
            return {out.name: self.words.through(steps, word, signed, out.type.bitWidth)}
        if name == "hwg_max":
            self._check(key, instance, solver.largest_is_right)
            return {"data_o": [self._largest(read("a_i"), read("b_i"), params)]}
        if name == "hwg_chain":
            self._check(key, instance, solver.chain_is_right)
            return {"data_o": self._chain(walk, inputs, params, instance.hierarchicalPath)}
        if name in ("hwg_delay", "hwg_valid"):
            self._check(key, instance, solver.delay_is_right)
            cycles = params["Cycles"] or 0
            given, out = ("data_i", "data_o") if name == "hwg_delay" else ("valid_i", "valid_o")
            later = [
                w if w.cycle is None else replace(w, cycle=w.cycle + cycles)
                for w in walk.expression(inputs[given])
            ]
            if name == "hwg_valid" and read("rst_ni").form.key() != self.reset.key():
                raise Unproven("the reset of the valid bits is not the reset of the design")
            return {out: later}
        return None

    reset: Form = Form()

    def _check(self, key: object, instance: Any, right: Any) -> None:
        if key not in self._right:
            problem = right(instance)
            if problem:
                raise Unproven(f"{instance.definition.name} is not what its header says: {problem}")
            self._right.add(key)

    def _function(
        self, key: object, instance: Any, port: str, word: Word, signed: bool
    ) -> tuple[Steps, Word]:
        """Return a unit as a function of its input, computed from its text."""
        lo, hi = word.lo, word.hi
        if key in self._functions:
            least, most, steps = self._functions[key]
            if least <= lo and hi <= most:
                return steps, word
            lo, hi = min(lo, least), max(hi, most)
        if word.width <= _FULL:
            lo = -(1 << (word.width - 1)) if signed else 0
            hi = lo + (1 << word.width) - 1
        steps = tabulated(reading(instance, port, word.width), lo, hi)
        self._functions[key] = lo, hi, steps
        return steps, word

    def _wide(self, instance: Any, word: Word, bits: int) -> Word:
        """Return a unit of an input with too many values to try, after its text was proven."""
        name, space = instance.definition.name, self.words.space
        key = (name, parameters(instance), word.lo, word.hi)
        right = headers.WIDE.get(name)
        if right is None:
            raise Unproven(f"a function of {word.hi - word.lo + 1} integers is too wide")
        self._check(key, instance, lambda unit: right(unit, word.lo, word.hi))
        params = {p.name: integer(p.value) or 0 for p in instance.body.parameters}
        if name == "hwg_thresholds":
            form = space.through(headers.steps_of(params, word.lo, word.hi), word.form)
        else:
            low, high = (headers.signed_of(params, end) for end in ("Lo", "Hi"))
            bounds = (low if params["SatLo"] else None, high if params["SatHi"] else None)
            half = (1 << params["Shift"] >> 1) * params["Half"]
            form = wide.requantized(space, word.form.plus(Form(-half)), params["Shift"], *bounds)
        return Word(form, *space.interval(form), bits, word.cycle, True)

    def _largest(self, a: Word, b: Word, params: Mapping[str, int | None]) -> Word:
        sign = -1 if params["Least"] else 1
        ins = [
            self.words.exact(word, bool(params[f"{name}Signed"]))
            for name, word in (("A", a), ("B", b))
        ]
        form = self.words.space.largest([word.form.times(sign) for word in ins]).times(sign)
        return self.words.word(form, params["OutWidth"] or 1, meet(ins))

    def _chain(
        self,
        walk: Walk[Word],
        inputs: Mapping[str, Any],
        params: Mapping[str, int | None],
        where: str,
    ) -> Value[Word]:
        """Return the sum of a chain's terms, its carry and its majority.

        The carry and the majority are no more than what they add up to, unless both are 0.
        """
        bits, leave = params["Bits"] or 0, params["Leave"] or 0
        rows = {}
        for name in ("a_i", "b_i", "c_i", "gate_i"):
            words = walk.expression(inputs[name])
            rows[name] = [(word, i) for word in words for i in range(word.width)]
        one = [walk.whole(walk.expression(inputs[p])) for p in ("carry_i", "majority_i")]
        space, all_read = self.words.space, list(one)
        total, lo, hi = Form(), 0, 0
        for word in one:
            bit = self.words.bit(word, 0)
            total, lo, hi = total.plus(bit.form), lo + bit.lo, hi + bit.hi
        for name, digits in zip(("a_i", "b_i", "c_i"), "ABC", strict=True):
            truths = params[digits] or 0
            for i in range(bits):
                truth = (truths >> (4 * i)) & 15
                if truth:
                    used, form = self._term(truth, rows[name][i], rows["gate_i"][i])
                    all_read += used
                    total = total.plus(form, 1 << i)
                    lo, hi = lo + (truth == 15) * (1 << i), hi + (1 << i)
        cycle = meet(all_read)
        total = space.gathered(total)
        least, most = space.interval(total)
        lo, hi = max(lo, least), min(hi, most)
        above = space.within(space.floor(total, bits), lo >> bits, hi >> bits)
        within = total.plus(above, -(1 << bits))
        low = self.words.summed(Word(total, lo, hi, bits, cycle, True), within)
        if leave == 0:
            return [low]
        if leave == 1:
            return [low, Word(above, lo >> bits, hi >> bits, 1, cycle)]
        # Which terms are counted as the majority depends on where they stand, not on their sum.
        majority = space.free(("majority", where))
        carry = above.plus(majority, -1)
        return [low, Word(carry, 0, 1, 1, cycle), Word(majority, 0, 1, 1, cycle)]

    def _term(
        self, truth: int, bit: tuple[Word, int], gate: tuple[Word, int]
    ) -> tuple[list[Word], Form]:
        """Return one term, the digit's bit at ``{gate, bit}``, and what it reads."""
        if truth == 15:
            return [], Form(1)
        if truth in (5, 10):
            read = self.words.bit(*bit)
            return [read], read.form if truth == 10 else Form(1).plus(read.form, -1)
        made = self.words.weighed((truth >> np.arange(4)) & 1, [bit, gate], 1)
        if made is not None:
            return made, made[0].form
        run = lambda x, g: Pattern((truth >> (2 * g.bits + x.bits)) & 1, 1)  # noqa: E731
        both = [self.words.bit(*bit, alone=True), self.words.bit(*gate, alone=True)]
        return both, self.words.applied(run, both, 1).form


def reading(instance: Any, port: str, width: int) -> Any:
    """Return the function of a unit of one input: numbers in, the bits of its output out."""
    inside = ports(instance)
    walk: Walk[Pattern] = Walk(Arrays(), instance)
    (out,) = (name for name in inside if name != port)

    def run(points: Ints) -> Ints:
        walk.forget()
        walk.give(inside[port], [Pattern(points & ((1 << width) - 1), width)])
        found = walk.whole(walk.value(inside[out]))
        return np.broadcast_to(number(found, False), points.shape)

    return run
