# SPDX-License-Identifier: Apache-2.0
"""Actor of pipelines that stand still while a result waits: matrix-vector units, and steps."""

from __future__ import annotations

from collections import deque

from hwgen.plan.stream.channels import Actor, Channel
from hwgen.units.facts import facts, with_defaults
from hwgen.units.geometry import Params, folds


class Matvec(Actor):
    """Matrix-vector unit: a step a cycle; the whole pipeline stands still while a result waits.

    Steps are counted in cycles in which the pipeline moves: a result that is not taken at once
    moves all later cycles by as long as it waits.
    """

    rule = 8

    def __init__(self, source: Channel, out: Channel, unit: str, params: Params) -> None:
        super().__init__((source,), (out,))
        self.turns, self.steps = folds(params)
        self.latency = facts(unit).latency(with_defaults(unit, params))
        self.depthwise = bool(params.get("Depthwise", 0))
        self.move = -1  # number of the last step's cycle, of those in which the pipeline moves
        self.place = 0  # step within a vector
        self.waited = 0  # cycles in which it stood still, for the results that are settled
        self.stood = 0  # the same up to the last step
        self.stops: deque[tuple[int, int]] = deque()  # behind it: moving cycle, cycles it waits for
        self.pending: deque[int] = deque()  # of results: the moving cycle in which they are shown
        self.results = 0

    def numbers(self) -> tuple[int, ...]:
        """Return its turns, the steps of each, its latency, and whether it is depthwise."""
        return self.turns, self.steps, self.latency, int(self.depthwise)

    def advance(self) -> bool:
        """Take as many steps as possible."""
        (source,), (out,), moved = self.ins, self.outs, False
        while True:
            if self.pending and len(out.shown) == len(out.taken) == self._given():
                out.shown.append(self.pending[0] + self.waited)
                moved = True
            if self.pending and len(out.taken) > self._given():
                at, cycles = self.pending.popleft(), out.taken[-1] - out.shown[-1]
                self.waited += cycles
                if cycles:
                    self.stops.append((at, cycles))
                moved = True
                continue
            fresh, steps = self.depthwise or self.place < self.steps, 1
            if fresh:
                if len(source.taken) >= len(source.shown):
                    return moved
                move = self._first(source.offered(len(source.taken)))
            else:  # the vector is there: to the end of this turn at once
                steps = self.steps - self.place % self.steps
                move = self.move + steps
            if self.pending and self.pending[0] <= move:
                return moved  # whether the pipeline stands still is not known yet
            self._step(move)
            if fresh:
                source.taken.append(move + self.stood)
            self.place += steps
            if self.place % self.steps == 0:
                self.pending.append(move + self.latency)
                self.results += 1
            if self.place == self.steps * self.turns:
                self.place = 0
            moved = True

    def _first(self, offered: int) -> int:
        """Return the first moving cycle behind the last step that is not before a cycle."""
        move, stood = max(self.move + 1, offered - self.stood), self.stood
        for at, cycles in self.stops:
            if move < at:
                break
            stood += cycles
            move = max(at, self.move + 1, offered - stood)
        return move

    def _step(self, move: int) -> None:
        """Step in a moving cycle: what stood still up to it is behind us."""
        self.move = move
        while self.stops and self.stops[0][0] <= move:
            self.stood += self.stops.popleft()[1]

    def _given(self) -> int:
        """Return how many results are settled."""
        return self.results - len(self.pending)
