# SPDX-License-Identifier: Apache-2.0
"""Words: bit patterns of hardware as forms, and what operators of SystemVerilog make of them.

A word of *width* bits holds its form modulo ``2 ** width``. Sums, shifts and products stay forms;
any other operator becomes a function that is tabulated over everything its operands can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hwgen.errors import Unproven
from hwgen.verify.prove.arrays import Arrays, Pattern
from hwgen.verify.prove.forms import Form, Space
from hwgen.verify.prove.steps import Ints, Steps

_SIGNS = {"add": 1, "sub": -1}


@dataclass(frozen=True, eq=False)
class Word:
    """Word of hardware.

    Attributes:
        form: its value, modulo ``2 ** width``.
        lo, hi: interval of the form.
        width: bits.
        cycle: registers between the network's input and it; None of a constant.
        pattern: whether the form is made of the bits, so that a sign says nothing of it.
    """

    form: Form
    lo: int
    hi: int
    width: int
    cycle: int | None = None
    pattern: bool = False


class Words:
    """Operators on words, for one proof.

    Attributes:
        space: the atoms.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self._arrays = Arrays()

    def const(self, value: int, width: int) -> Word:
        """Return a constant, given as its bits."""
        return Word(Form(value), value, value, width)

    def word(self, form: Form, width: int, cycle: int | None) -> Word:
        """Return a form as a word, with its interval."""
        return Word(form, *self.space.interval(form), width, cycle)

    def exact(self, word: Word, signed: bool) -> Word:
        """Return a word whose form is the number that its bits mean."""
        low = -(1 << (word.width - 1)) if signed else 0
        first, last = (word.lo - low) >> word.width, (word.hi - low) >> word.width
        if first == last:
            off = first << word.width
            moved = word.form.plus(Form(off), -1)
            return replace(word, form=moved, lo=word.lo - off, hi=word.hi - off, pattern=False)
        above = self.space.floor(word.form.plus(Form(low), -1), word.width)
        form = self.space.gathered(word.form.plus(above, -(1 << word.width)))
        lo, hi = self.space.interval(form)
        top = low + (1 << word.width) - 1
        return Word(form, max(lo, low), min(hi, top), word.width, word.cycle)

    def fits(self, word: Word, signed: bool) -> bool:
        """Tell whether the form is what the bits mean, without wrapping."""
        low = -(1 << (word.width - 1)) if signed else 0
        return low <= word.lo and word.hi < low + (1 << word.width)

    def extend(self, word: Word, width: int, signed: bool) -> Word:
        """Return a word cut off or extended."""
        if width > word.width:
            word = self.exact(word, signed)
        return replace(word, width=width)

    def slice(self, word: Word, low: int, bits: int) -> Word:
        """Return some bits of a word."""
        form = self.space.floor(word.form, low)
        return Word(form, word.lo >> low, word.hi >> low, bits, word.cycle, True)

    def join(self, words: Sequence[Word]) -> Word:
        """Return words beside each other as one, the first in the lowest bits."""
        if len(words) == 1:
            return words[0]
        form, lo, hi, at = Form(), 0, 0, 0
        for n, word in enumerate(words):
            part = word if n == len(words) - 1 else self.exact(word, False)
            form = form.plus(part.form, 1 << at)
            lo, hi, at = lo + (part.lo << at), hi + (part.hi << at), at + word.width
        return replace(self._made(self.space.gathered(form), lo, hi, at, words), pattern=True)

    def _made(self, form: Form, lo: int, hi: int, width: int, of: Sequence[Word]) -> Word:
        least, most = self.space.interval(form)
        bits = any(word.pattern for word in of)
        return Word(form, max(lo, least), min(hi, most), width, meet(of), bits)

    def binary(self, op: str, a: Word, b: Word, signed: bool) -> Word:
        """Return a binary operator of two words of one width."""
        width = a.width
        if op in _SIGNS:
            sign = _SIGNS[op]
            ends = (b.lo, b.hi) if sign > 0 else (-b.hi, -b.lo)
            form = a.form.plus(b.form, sign)
            return self._made(form, a.lo + ends[0], a.hi + ends[1], width, (a, b))
        if op == "mul":
            pairs = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
            form = self.space.product(a.form, b.form)
            return self._made(form, min(pairs), max(pairs), width, (a, b))
        for one, other in ((a, b), (b, a)):
            if op in ("or", "xor") and not one.form.terms and one.form.const % (1 << width) == 0:
                return replace(other, cycle=meet((a, b)))
        bits = width if op in ("and", "or", "xor") else 1
        return self.applied(lambda x, y: self._arrays.binary(op, x, y, signed), (a, b), bits)

    def unary(self, op: str, a: Word) -> Word:
        """Return a unary operator of a word."""
        if op == "neg":
            return self._made(a.form.times(-1), -a.hi, -a.lo, a.width, (a,))
        if op == "not":  # -1 - a
            form = a.form.times(-1).plus(Form(-1))
            return self._made(form, -1 - a.hi, -1 - a.lo, a.width, (a,))
        return self.applied(lambda x: self._arrays.unary(op, x), (a,), 1)

    def shift(self, op: str, a: Word, by: int, signed: bool) -> Word:
        """Return a word shifted by a constant."""
        if op == "left":
            return replace(a, form=a.form.times(1 << by), lo=a.lo << by, hi=a.hi << by)
        a = self.exact(a, signed and op == "arithmetic")
        return replace(a, form=self.space.floor(a.form, by), lo=a.lo >> by, hi=a.hi >> by)

    def mux(self, chosen: Word, a: Word, b: Word) -> Word:
        """Return *a* where a bit is 1, else *b*."""
        return self.applied(self._arrays.mux, (chosen, a, b), a.width)

    def lookup(self, bits: int, size: int, address: Word) -> Word:
        """Return the bit of a constant that an address chooses."""
        if 1 << address.width > size:
            raise Unproven(f"an address of {address.width} bits goes beyond a table of {size}")
        return self.applied(lambda x: self._arrays.lookup(bits, size, x), (address,), 1)

    def choose(self, a: Word, address: Word) -> Word:
        """Return the bit of a word that an address chooses."""
        return self.applied(self._arrays.choose, (a, address), 1)

    def applied(
        self,
        run: Callable[..., Pattern],
        words: Sequence[Word],
        width: int,
    ) -> Word:
        """Return a function of patterns as a word, computed at everything the words can be."""
        ins = [self.exact(word, False) for word in words]
        widths = [word.width for word in words]

        def values(*arrays: Ints) -> Ints:
            pairs = zip(arrays, widths, strict=True)
            return run(*(Pattern(x, w) for x, w in pairs)).bits

        form = self.space.joined(values, [word.form for word in ins])
        return Word(form, *self.space.interval(form), width, meet(words), True)

    def through(self, steps: Steps, word: Word, signed: bool, width: int) -> Word:
        """Return a unit of one input, given as a function of that input, as a word."""
        inner = self.exact(word, signed)
        form = self.space.through(steps, inner.form)
        return Word(form, *self.space.interval(form), width, word.cycle, True)


def meet(words: Sequence[Word]) -> int | None:
    """Return the cycle of words that are read together.

    Raises:
        Unproven: they are of different cycles.
    """
    cycles = {word.cycle for word in words if word.cycle is not None}
    if len(cycles) > 1:
        told = " and ".join(map(str, sorted(cycles)))
        raise Unproven(f"values of cycles {told} are read together")
    return cycles.pop() if cycles else None
