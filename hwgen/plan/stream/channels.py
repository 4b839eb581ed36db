# SPDX-License-Identifier: Apache-2.0
"""Channels of the word-level simulation, what stands at their ends, and the source and the sink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Channel:
    """Words between two actors.

    Attributes:
        shown: cycle from which each word is offered.
        taken: cycle in which each word is taken.
    """

    shown: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def free(self, index: int) -> int | None:
        """Return the first cycle in which word *index* may be offered: behind the one before it."""
        if index == 0:
            return 0
        return self.taken[index - 1] + 1 if index <= len(self.taken) else None


class Actor:
    """Stage of the simulation; `advance` moves as many words as is known."""

    def __init__(self, ins: Sequence[Channel], outs: Sequence[Channel]) -> None:
        self.ins, self.outs = tuple(ins), tuple(outs)

    def advance(self) -> bool:
        """Move words; tell whether one moved."""
        raise NotImplementedError

    def idle_from(self) -> int | None:
        """Return the cycle in which it would go on by itself if no word came; None if never."""
        return None

    def go_on(self) -> None:
        """Do what it does in that cycle."""
        raise NotImplementedError


class Source(Actor):
    """Source of words, from cycle 0 on.

    Args:
        out: where they go.
        words: how many.
        pace: cycles of a sample and its words, over which they are spread; without a pause if None.
    """

    def __init__(self, out: Channel, words: int, pace: tuple[int, int] | None) -> None:
        super().__init__((), (out,))
        self.words, self.pace = words, pace

    def advance(self) -> bool:
        """Offer the next words."""
        (out,), moved = self.outs, False
        while (k := len(out.shown)) < self.words and (at := out.free(k)) is not None:
            if self.pace is not None:
                cycles, words = self.pace
                at = max(at, -(-k * cycles // words))
            out.shown.append(at)
            moved = True
        return moved


class Sink(Actor):
    """Sink that always takes."""

    def __init__(self, source: Channel) -> None:
        super().__init__((source,), ())

    def advance(self) -> bool:
        """Take what is offered."""
        (source,) = self.ins
        new = source.shown[len(source.taken) :]
        source.taken += new
        return bool(new)
