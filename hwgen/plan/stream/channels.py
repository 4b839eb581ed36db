# SPDX-License-Identifier: Apache-2.0
"""Channels of the word-level simulation, what stands at their ends, and the source and the sink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass
class Channel:
    """Words between two actors.

    Attributes:
        shown: cycle from which each word is offered, if the one before it has been taken by then.
        taken: cycle in which each word is taken.
    """

    shown: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def offered(self, index: int) -> int:
        """Return the cycle from which word *index* is offered; those before it have been taken."""
        at = self.shown[index]
        return max(at, self.taken[index - 1] + 1) if index else at


class Actor:
    """Stage of the simulation; `advance` moves as many words as is known.

    Attributes:
        rule: its number in the compiled simulation (`hwgen.plan.stream.native`).
        launched: cycles in which words were launched into it, of a core or a FIFO.
    """

    rule: ClassVar[int]

    def __init__(self, ins: Sequence[Channel], outs: Sequence[Channel]) -> None:
        self.ins, self.outs = tuple(ins), tuple(outs)
        self.launched: list[int] = []

    def advance(self) -> bool:
        """Move words; tell whether one moved."""
        raise NotImplementedError

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers that its rule needs, as the compiled simulation takes them."""
        return ()

    def patterns(self) -> tuple[bytes, ...]:
        """Return the sequences of 0 and 1 that its rule needs, likewise."""
        return ()


class Source(Actor):
    """Source of words, from cycle 0 on.

    Args:
        out: where they go.
        words: how many.
        pace: cycles of a sample and its words, over which they are spread; without a pause if None.
    """

    rule = 0

    def __init__(self, out: Channel, words: int, pace: tuple[int, int] | None) -> None:
        super().__init__((), (out,))
        self.words, self.pace = words, pace or (0, 1)

    def numbers(self) -> tuple[int, ...]:
        """Return its words, and its pace."""
        return self.words, *self.pace

    def advance(self) -> bool:
        """Offer all words."""
        (out,) = self.outs
        if out.shown:
            return False
        cycles, words = self.pace
        out.shown += [-(-k * cycles // words) for k in range(self.words)]
        return True


class Sink(Actor):
    """Sink that always takes."""

    rule = 1

    def __init__(self, source: Channel) -> None:
        super().__init__((source,), ())

    def advance(self) -> bool:
        """Take what is offered."""
        (source,), before = self.ins, len(self.ins[0].taken)
        for k in range(before, len(source.shown)):
            source.taken.append(source.offered(k))
        return len(source.taken) > before
