# SPDX-License-Identifier: Apache-2.0
"""Words: bit patterns of hardware as forms, and what operators of SystemVerilog make of them.

A word of *width* bits holds its form modulo ``2 ** width``. Sums, shifts and products stay forms;
any other operator becomes a function that is tabulated over everything its operands can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwgen.errors import Unproven
from hwgen.verify.prove.arrays import Arrays, Pattern
from hwgen.verify.prove.forms import Form
from hwgen.verify.prove.space import Space
from hwgen.verify.prove.steps import Ints, Steps
from hwgen.verify.prove.weights import MOST_BITS, applied, polynomial

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
        source: of some bits of a word: that word, and the lowest of them.
        linear: the same value as a sum of single bits, where it has another form for that.
        parts: of words beside each other: those, the first in the lowest bits.
    """

    form: Form
    lo: int
    hi: int
    width: int
    cycle: int | None = None
    pattern: bool = False
    source: tuple[Word, int] | None = None
    linear: Form | None = None
    parts: tuple[Word, ...] = ()


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
        lo, hi = max(lo, low), min(hi, top)
        return Word(form, lo, hi, word.width, word.cycle, parts=word.parts)

    def fits(self, word: Word, signed: bool) -> bool:
        """Tell whether the form is what the bits mean, without wrapping."""
        low = -(1 << (word.width - 1)) if signed else 0
        return low <= word.lo and word.hi < low + (1 << word.width)

    def extend(self, word: Word, width: int, signed: bool) -> Word:
        """Return a word cut off or extended."""
        if width > word.width:
            made = self.exact(word, signed)
            return replace(made, width=width, source=None, linear=None, parts=())
        if width < word.width:
            word = replace(word, source=word.source or (word, 0), linear=None, parts=())
        return replace(word, width=width)

    def slice(self, word: Word, low: int, bits: int) -> Word:
        """Return some bits of a word."""
        if word.source is not None:
            base, at = word.source
            return self.slice(replace(base, cycle=word.cycle), at + low, bits)
        form = self.space.floor(word.form, low)
        lo, hi = word.lo >> low, word.hi >> low
        return Word(form, lo, hi, bits, word.cycle, True, (word, low))

    def bit(self, word: Word, at: int, alone: bool = False) -> Word:
        """Return one bit of a word, such that all bits add up to the word term by term.

        Of a sum of several atoms every bit but the lowest is an atom of its own, and the lowest is
        what is left of the sum. A heap reads each bit once, with its weight: then nothing but the
        sum itself remains, whatever the order in which it was added up.

        Args:
            word: the word.
            at: place of the bit.
            alone: it is not added up: a function is taken of it.
        """
        if word.source is not None:
            base, low = word.source
            return self.bit(replace(base, cycle=word.cycle), low + at, alone)
        if word.width == 1:
            left = word.linear
            return Word(left, 0, 1, 1, word.cycle) if left else self.exact(word, False)
        of, width = word.linear or word.form, word.width
        if not self.space.loose(of):
            return self.exact(self.slice(word, at, 1), False)
        if at or alone:
            return Word(self.space.digit(of, width, at), 0, 1, 1, word.cycle)
        form = word.linear or self.exact(word, False).form
        for i in range(1, width):
            form = form.plus(self.space.digit(of, width, i), -(1 << i))
        return Word(form, 0, 1, 1, word.cycle)

    def added(self, word: Word) -> Form:
        """Return a word as the sum of its bits, as `bit` has them."""
        if word.linear is not None:
            return word.linear
        if not self._heaped(word):
            return self.exact(word, False).form
        return _summed([self.bit(word, i).form for i in range(word.width)])

    def _heaped(self, word: Word) -> bool:
        """Tell whether a word is bits of a heap's sum."""
        if word.source is None:
            return False
        base, _ = word.source
        return self.space.loose(base.linear or base.form)

    def join(self, words: Sequence[Word]) -> Word:
        """Return words beside each other as one, the first in the lowest bits."""
        if len(words) == 1:
            return words[0]
        form, lo, hi, at = Form(), 0, 0, 0
        for n, word in enumerate(words):
            part = word if n == len(words) - 1 else self.exact(word, False)
            form = form.plus(part.form, 1 << at)
            lo, hi, at = lo + (part.lo << at), hi + (part.hi << at), at + word.width
        made = self._made(self.space.gathered(form), lo, hi, at, words)
        made = replace(made, pattern=True, parts=tuple(words))
        if not any(w.linear or self._heaped(w) for w in words):
            return made
        form, at = Form(), 0
        for word in words:
            form, at = form.plus(self.added(word), 1 << at), at + word.width
        return self.summed(made, form)

    def summed(self, word: Word, linear: Form) -> Word:
        """Return a word that is known as a sum of bits, too; by that alone if no bit is left."""
        if not self.space.digits(linear):
            lo, hi = self.space.interval(linear)
            if lo >= 0 and hi >> word.width == 0:
                form = self.space.gathered(linear)
                return Word(form, lo, hi, word.width, word.cycle, True, None, None, word.parts)
        kept, left = self.space.gathered(linear.modulo(word.width)), None
        if self.space.digits(kept):
            kept, left = self.space.gathered(self.space.undone(kept, word.width)), linear
            if self.space.digits(kept):
                return replace(word, linear=linear)
        ends = self.space.interval(kept)
        if ends[0] >> word.width != ends[1] >> word.width:
            left = linear
        return Word(kept, *ends, word.width, word.cycle, True, None, left, word.parts)

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
            made = self._made(form, -1 - a.hi, -1 - a.lo, a.width, (a,))
            return replace(made, pattern=True)
        return self.applied(lambda x: self._arrays.unary(op, x), (a,), 1)

    def shift(self, op: str, a: Word, by: int, signed: bool) -> Word:
        """Return a word shifted by a constant."""
        if op == "left":
            form, lo, hi = a.form.times(1 << by), a.lo << by, a.hi << by
        else:
            a = self.exact(a, signed and op == "arithmetic")
            form, lo, hi = self.space.floor(a.form, by), a.lo >> by, a.hi >> by
        return replace(a, form=form, lo=lo, hi=hi, source=None, linear=None, parts=())

    def mux(self, chosen: Word, a: Word, b: Word) -> Word:
        """Return *a* where a bit is 1, else *b*."""
        return self.applied(self._arrays.mux, (chosen, a, b), a.width)

    def lookup(self, bits: int, size: int, address: Word) -> Word:
        """Return the bit of a constant that an address chooses."""
        if 1 << address.width > size:
            raise Unproven(f"an address of {address.width} bits goes beyond a table of {size}")
        if address.width <= MOST_BITS:
            truths = np.array([bits >> at & 1 for at in range(1 << address.width)])
            made = self.weighed(truths, self.singles(address), 1)
            if made is not None:
                return made[0]
        return self.applied(lambda x: self._arrays.lookup(bits, size, x), (address,), 1)

    def choose(self, a: Word, address: Word) -> Word:
        """Return the bit of a word that an address chooses."""
        return self.applied(self._arrays.choose, (a, address), 1)

    def singles(self, word: Word) -> list[tuple[Word, int]]:
        """Return the bits of a word: of every one a word that holds it, and its place there."""
        if word.parts:
            return [bit for part in word.parts for bit in self.singles(part)]
        return [(word, at) for at in range(word.width)]

    def weighed(
        self, values: Ints, bits: Sequence[tuple[Word, int]], width: int
    ) -> list[Word] | None:
        """Return a function of bits of several sums as words; None where nothing but cases says it.

        A function of bits is a sum of their products, so that those cancel where the bits of a
        count are added; it is noted if it is a quotient, too.

        Args:
            values: of the function, by address.
            bits: of the address.
            width: of the words together.
        """
        bases = [word.source[0].form if word.source else word.form for word, _ in bits]
        same = len({(base.key(), base.const) for base in bases}) == 1
        if same or len({self.space.variable(atom) for base in bases for atom in base.terms}) < 2:
            return None
        ins = [self.bit(word, at) for word, at in bits]
        forms, cycle = [word.form for word in ins], meet(ins)
        known = applied(self.space, values, forms)
        products = [polynomial(self.space, values >> at & 1, forms) for at in range(width)]
        made = [form for form in products if form is not None]
        if len(made) == width:
            if known is not None:
                self.space.note(_summed(made), known)
            return [Word(form, 0, 1, 1, cycle) for form in made]
        if known is None:
            return None
        return [Word(known, int(values.min()), int(values.max()), width, cycle, True)]

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

    def through(self, steps: Steps, word: Word, signed: bool, width: int) -> list[Word]:
        """Return a unit of one input, given as a function of that input, as words."""
        if word.width <= MOST_BITS and not signed:
            points = np.arange(1 << word.width)
            made = self.weighed(steps.at(points), self.singles(word), width)
            if made is not None:
                return made
        inner = self.exact(word, signed)
        form = self.space.through(steps, inner.form)
        return [Word(form, *self.space.interval(form), width, word.cycle, True)]


def _summed(bits: Sequence[Form]) -> Form:
    """Return bits beside each other as a number."""
    total = Form()
    for at, bit in enumerate(bits):
        total = total.plus(bit, 1 << at)
    return total


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
