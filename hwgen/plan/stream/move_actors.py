# SPDX-License-Identifier: Apache-2.0
"""Actors of the units that move words: see `hwgen.plan.stream.actors` for what actors are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from hwgen.plan.stream.channels import Actor, Channel
from hwgen.units.geometry import Params, padded


class _Count:
    """Count of the words that go through before one of a sequence of equal samples."""

    def __init__(self, through: bytes) -> None:
        self.sums = [0, *accumulate(through)]

    def of(self, k: int) -> int:
        """Return how many of the first *k* words go through."""
        samples, place = divmod(k, len(self.sums) - 1)
        return samples * self.sums[-1] + self.sums[place]


class Grown(Actor):
    """Unit that lets more words leave than come: some go through, others are its own.

    A word goes through in the cycle in which it is taken. A word of its own is there behind the one
    before; the first of a sample waits until the sample comes.

    Args:
        source, out: what it reads and writes.
        through: for every word of a sample that leaves, whether it goes through.
    """

    rule = 9

    def __init__(self, source: Channel, out: Channel, through: bytes) -> None:
        super().__init__((source,), (out,))
        self.through, self.before = through, _Count(through)

    def patterns(self) -> tuple[bytes, ...]:
        """Return which words of a sample go through."""
        return (self.through,)

    def advance(self) -> bool:
        """Offer what can be, and take what has gone through."""
        (source,), (out,), moved = self.ins, self.outs, False
        while True:
            k, place = len(out.shown), len(out.shown) % len(self.through)
            if len(out.taken) < k:
                return moved
            come = self.before.of(k)
            if len(source.taken) < come:  # the last word went through
                source.taken.append(out.taken[-1])
                moved = True
            at = out.taken[-1] + 1 if k else 0
            if self.through[place] or place == 0:
                if come >= len(source.shown):
                    return moved
                at = max(at, source.offered(come))
            out.shown.append(at)
            moved = True


class Cropped(Actor):
    """Unit that leaves words out: they are taken at once, the others go through.

    Args:
        source, out: what it reads and writes.
        through: for every word of a sample that comes, whether it goes through.
    """

    rule = 10

    def __init__(self, source: Channel, out: Channel, through: bytes) -> None:
        super().__init__((source,), (out,))
        self.through, self.before = through, _Count(through)

    def patterns(self) -> tuple[bytes, ...]:
        """Return which words of a sample go through."""
        return (self.through,)

    def advance(self) -> bool:
        """Hand on as many words as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while (k := len(source.taken)) < len(source.shown):
            at = source.offered(k)
            if self.through[k % len(self.through)]:
                index = self.before.of(k)
                if len(out.shown) == index:
                    out.shown.append(at)
                    moved = True
                if len(out.taken) == index:
                    return moved
                at = out.taken[index]
            source.taken.append(at)
            moved = True
        return moved


class Reorder(Actor):
    """Reorder: one half of its memory is filled while the other leaves."""

    rule = 11

    def __init__(self, source: Channel, out: Channel, words: int) -> None:
        super().__init__((source,), (out,))
        self.words = words
        self.pulls: list[int] = []  # cycles in which words were read

    def numbers(self) -> tuple[int, ...]:
        """Return the words of a sample."""
        return (self.words,)

    def advance(self) -> bool:
        """Take and give as many words as possible."""
        moved = True
        before = len(self.ins[0].taken) + len(self.outs[0].shown)
        while moved:
            moved = self._fill() | self._empty()
        return len(self.ins[0].taken) + len(self.outs[0].shown) > before

    def _fill(self) -> bool:
        (source,), moved = self.ins, False
        while (k := len(source.taken)) < len(source.shown):
            at, spent = source.offered(k), (k // self.words - 1) * self.words - 1
            if spent >= 0:  # the last word that left this half before
                if spent >= len(self.pulls):
                    return moved
                at = max(at, self.pulls[spent] + 1)
            source.taken.append(at)
            moved = True
        return moved

    def _empty(self) -> bool:
        (source,), (out,), moved = self.ins, self.outs, False
        while True:
            k = len(self.pulls)
            last = (k // self.words + 1) * self.words - 1  # word that fills the half
            if last >= len(source.taken) or len(out.taken) < k:
                return moved
            at = source.taken[last] + 1
            if k:
                at = max(at, out.taken[k - 1])
            self.pulls.append(at)
            out.shown.append(at + 1)
            moved = True


class Concat(Actor):
    """Concatenation: the words of each source go through in its turn.

    Args:
        ins: the sources.
        out: what it writes.
        counts: words of each source in a round.
    """

    rule = 12

    def __init__(self, ins: Sequence[Channel], out: Channel, counts: Sequence[int]) -> None:
        super().__init__(ins, (out,))
        self.counts = tuple(counts)
        self.turns = [source for source, count in enumerate(counts) for _ in range(count)]
        self.through = 0  # words that have been taken

    def numbers(self) -> tuple[int, ...]:
        """Return the words of each source in a round."""
        return self.counts

    def advance(self) -> bool:
        """Hand on as many words as possible."""
        (out,), moved = self.outs, False
        while True:
            source = self.ins[self.turns[self.through % len(self.turns)]]
            if len(out.shown) == self.through:
                if len(source.taken) == len(source.shown):
                    return moved
                out.shown.append(source.offered(len(source.taken)))
                moved = True
            if len(out.taken) == self.through:
                return moved
            source.taken.append(out.taken[self.through])
            self.through += 1
            moved = True


def repeated(params: Params) -> bytes:
    """Return which words that leave ``hwg_upsample`` go through: the first copy of each."""
    p = params
    return bytes(
        row == 0 and copy == 0
        for _ in range(p["H"])
        for row in range(p["FactorH"])
        for _ in range(p["W"])
        for copy in range(p["FactorW"])
        for _ in range(p["CF"])
    )


def kept(params: Params, out: bool) -> bytes:
    """Return which words of the larger map, with its rim, go through ``hwg_crop`` or ``hwg_pad``.

    Args:
        params: of the unit.
        out: whether the map that comes has the rim.
    """
    p = params
    rows, columns = (p["H"], p["W"]) if out else padded(p)
    return bytes(
        p["Top"] <= y < rows - p["Bottom"] and p["Left"] <= x < columns - p["Right"]
        for y in range(rows)
        for x in range(columns)
        for _ in range(p["CF"])
    )
