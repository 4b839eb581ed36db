# SPDX-License-Identifier: Apache-2.0
"""Word-level simulation of a stream design: when each word of each link moves.

Every stage is an actor that knows in which cycle it takes a word and offers one, given the cycles
in which its neighbours offer and take theirs. Such actors do not decide anything by data, so the
times follow from each other without a loop over cycles. A stage that can go no further while words
are left is a deadlock.

The rules of each unit are those of its RTL, and the benches of a build hold latency and interval
against it to the cycle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hwgen.design.flow_core import buffer_of, pipeline_of, unit_of
from hwgen.design.types import Design, Stage

FRAMES = 6  # simulated back to back, of which the first ones fill the pipeline


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


class Core(Actor):
    """Flow core behind credits: a word from each input launches, its result waits in a FIFO."""

    def __init__(self, ins: Sequence[Channel], out: Channel, latency: int, depth: int) -> None:
        super().__init__(ins, (out,))
        self.latency, self.depth = latency, depth
        self.launched: list[int] = []

    def advance(self) -> bool:
        """Launch, and show results."""
        (out,), moved = self.outs, False
        while True:
            k, credit = len(self.launched), 0
            if k >= self.depth:
                if len(out.taken) <= k - self.depth:
                    break
                credit = out.taken[k - self.depth] + 1
            if any(len(one.shown) <= k for one in self.ins):
                break
            at = max(credit, *(one.shown[k] for one in self.ins))
            self.launched.append(at)
            for one in self.ins:
                one.taken.append(at)
            moved = True
        return self._show() or moved

    def _show(self) -> bool:
        (out,), moved = self.outs, False
        while (k := len(out.shown)) < len(self.launched) and (free := out.free(k)) is not None:
            out.shown.append(max(self.launched[k] + self.latency + 1, free))
            moved = True
        return moved


class Fifo(Core):
    """FIFO: a word is there a cycle later; a word that is read makes room for the next cycle."""

    def __init__(self, source: Channel, out: Channel, depth: int) -> None:
        super().__init__((source,), out, 0, depth)


class Fork(Actor):
    """Fork: every sink takes every word once, and then the next one is offered."""

    def advance(self) -> bool:
        """Hand on, and take what everybody took."""
        (source,), moved = self.ins, False
        for out in self.outs:
            while (k := len(out.shown)) < len(source.shown) and k <= len(source.taken):
                out.shown.append(source.shown[k])
                moved = True
        done = min(len(out.taken) for out in self.outs)
        while (k := len(source.taken)) < done:
            source.taken.append(max(out.taken[k] for out in self.outs))
            moved = True
        return moved


def _actor(stage: Stage, ins: Sequence[Channel], outs: Sequence[Channel]) -> Actor:
    unit = unit_of(stage)
    if unit is None:
        pipeline = pipeline_of(stage)
        assert pipeline is not None
        return Core(ins, outs[0], pipeline.latency, buffer_of(stage).params["Depth"])
    if unit.unit == "hwg_fork":
        return Fork(ins, outs)
    raise AssertionError(f"no rule for {unit.unit}")


@dataclass(frozen=True)
class Times:
    """Times of the words of a link.

    Attributes:
        put: cycle in which each was launched into the core that writes it, or pushed into the FIFO.
        taken: cycle in which its reader took it.
    """

    put: list[int]
    taken: list[int]

    @property
    def depth(self) -> int:
        """Least number of places with which no word is put later; a place is free a cycle late."""
        return max(
            (k - bisect_left(self.taken, at) + 1 for k, at in enumerate(self.put)), default=1
        )


@dataclass(frozen=True)
class Run:
    """Result of a simulation.

    Attributes:
        entered: by input link of the network, the cycle in which each word was taken.
        left: by output link, likewise.
        times: of the links behind cores and FIFOs.
    """

    entered: dict[str, list[int]]
    left: dict[str, list[int]]
    times: dict[str, Times]


def run(design: Design, frames: int, paced: bool = False) -> Run:
    """Simulate *frames* samples that follow each other, and sinks that never wait.

    The words of a sample enter without a pause, or, *paced*, spread over the design's interval.

    Raises:
        AssertionError: stages wait for each other for ever.
    """
    ins: dict[str, Channel] = {}
    outs: dict[str, Channel] = {}
    actors: list[Actor] = []
    for link in design.links:
        outs[link.name] = ins[link.name] = Channel()
        if link.depth:
            ins[link.name] = Channel()
    puts: dict[str, Core] = {}
    for port in design.inputs:
        words = design.link(port.link).words
        pace = (design.interval, words) if paced else None
        actors.append(Source(outs[port.link], words * frames, pace))
    for stage in design.stages:
        reads, writes = [ins[x] for x in stage.reads], [outs[x] for x in stage.writes]
        actors.append(_actor(stage, reads, writes))
        if isinstance(actors[-1], Core):
            puts[stage.writes[0]] = actors[-1]
    for link in design.links:
        if link.depth:
            puts[link.name] = Fifo(outs[link.name], ins[link.name], link.depth)
            actors.append(puts[link.name])
    actors += [Sink(ins[port.link]) for port in design.outputs]
    while any([actor.advance() for actor in actors]):
        pass
    left = {port.link: ins[port.link].taken for port in design.outputs}
    stuck = [link for link, taken in left.items() if len(taken) < design.link(link).words * frames]
    assert not stuck, f"the stages wait for each other: too few words reach {', '.join(stuck)}"
    times = {name: Times(actor.launched, ins[name].taken) for name, actor in puts.items()}
    return Run({port.link: outs[port.link].taken for port in design.inputs}, left, times)


def latency(design: Design) -> int:
    """Return the cycles from the first word of a lone sample to the last word of its result."""
    made = run(design, 1)
    first = min(times[0] for times in made.entered.values())
    return max(times[-1] for times in made.left.values()) - first


def pace(design: Design) -> Design:
    """Return the design with its latency, as the simulation has it.

    Raises:
        AssertionError: stages wait for each other, or samples follow slower than the stages say.
    """
    measured = interval(run(design, FRAMES), design)
    assert measured <= design.interval, f"{measured} cycles a sample, not {design.interval}"
    return replace(design, latency=latency(design))


def interval(made: Run, design: Design) -> float:
    """Return the mean cycles between two samples, the first half of the run left out."""
    means = []
    for link, times in made.left.items():
        words = design.link(link).words
        ends = times[words - 1 :: words]
        half = len(ends) // 2
        means.append((ends[-1] - ends[half]) / (len(ends) - 1 - half))
    return max(means)
